"""Sessions forked from the warm parent, as processes of jupyter_client: its provisioner of kernels.

The kernel specification names the provisioner (see :mod:`netdash.server.kernels`). A forked session is not a child of
the server: the server holds a descriptor of the process (pidfd), which cannot mean another process later.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import select
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from netdash.server.settings import OPTIONS

log = logging.getLogger("netdash")
NAME = "netdash-forked"
"""The name of the provisioner in the metadata of this package and in the kernel specification."""
STARTS = 2
"""How often a session's start is tried: a warm parent that has died is replaced once."""
MODULE = "netdash.server.warm"
LAST_SECONDS = 5.0
"""Seconds that the warm parent has to end after its pipe is closed."""


def can_fork() -> bool:
    """Whether this machine can fork sessions: Linux, with descriptors of processes."""
    if sys.platform != "linux" or not hasattr(os, "pidfd_open"):
        return False
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError:  # a kernel before 5.3, or a sandbox that forbids it
        return False
    return True


class WarmParent:
    """The warm parent, seen from the server; it is started when the first session is asked for, and when it died.

    Its methods wait for the other process: the server calls them in threads. So no event loop owns the pipes, and a
    canceled start leaves them in step.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._requests: BinaryIO
        self._answers: BinaryIO
        self._turn = threading.Lock()

    def fork(self, command: list[str], env: dict[str, str], cwd: str) -> ForkedSession:
        """Return a new session that runs a kernel's command.

        Raises
        ------
        OSError
            When the warm parent cannot be started, or died twice.
        """
        request = {"command": command, "env": env, "cwd": cwd}
        with self._turn:
            for _ in range(STARTS):
                if answer := self._ask(request):
                    return ForkedSession(answer["pid"])
        raise OSError("the process that sessions are forked from has ended")

    def reap(self, session: ForkedSession) -> None:
        """Take the exit code of a session that has ended from the warm parent, so that no zombie stays."""
        with self._turn:
            if self._process is not None:  # otherwise it died, and the system has adopted its sessions
                session.code = self._ask({"end": session.pid}).get("code") or session.code

    def close(self) -> None:
        """End the warm parent."""
        with self._turn:
            self._end()

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to a request; nothing when the warm parent has ended."""
        if self._process is None:
            self._start(request["command"], request["env"])
        try:
            self._requests.write(json.dumps(request).encode() + b"\n")
            self._requests.flush()
            line = self._answers.readline()
        except BrokenPipeError:
            line = b""
        if not line:
            self._end()
            return {}
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _start(self, kernel: list[str], env: dict[str, str]) -> None:
        """Start the warm parent with the options and variables of a session's kernel, but without the prepared cases.

        It sees no case. The options stand behind the connection file.
        """
        env = {name: value for name, value in env.items() if name != OPTIONS["cases"].variable}
        command, pipe = (sys.executable, "-m", MODULE, *kernel[kernel.index("-f") + 2 :]), subprocess.PIPE
        process: Any = subprocess.Popen(command, env=env, start_new_session=True, stdin=pipe, stdout=pipe)  # noqa: S603 - this Python
        self._process, self._requests, self._answers = process, process.stdin, process.stdout
        if not self._answers.readline():
            self._end()
            raise OSError("the process that sessions are forked from could not be started")

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(BrokenPipeError):
            self._requests.close()
        self._answers.close()
        try:
            process.wait(LAST_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class ForkedSession:
    """A forked session, with the part of :class:`subprocess.Popen` that jupyter_client uses."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._descriptor = os.pidfd_open(
            pid
        )  # the parent has not reaped it, so the number is not that of another process
        self.running = True
        """Whether the process was running when it was last looked at."""
        self.code = 1
        """The exit code; 1 until the parent, which alone knows it, has told it."""

    def poll(self) -> int | None:
        """Return None while the process runs, else its exit code as far as it is known."""
        if self.running:
            waiting = select.poll()
            waiting.register(self._descriptor, select.POLLIN)
            if waiting.poll(0):
                os.close(self._descriptor)
                self.running = False
        return None if self.running else self.code

    def wait(self) -> int | None:
        """Return what `poll` says; jupyter_client calls it when the process has ended."""
        return self.poll()

    def send_signal(self, signum: int) -> None:
        """Send a signal, unless the process has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._descriptor, signum)

    def kill(self) -> None:
        """Kill the process."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask the process to end."""
        self.send_signal(signal.SIGTERM)


class Forked(LocalProvisioner):
    """The provisioner of forked sessions. Everything but the start is that of local kernels."""

    warm_parent: ClassVar[WarmParent] = WarmParent()
    process: Any = None  # a ForkedSession, or a process of its own

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Fork a session that runs a kernel's command; start it as a process of its own where none can be forked."""
        cwd = str(kwargs.get("cwd") or Path.cwd())
        try:
            self.process = await asyncio.to_thread(self.warm_parent.fork, cmd, dict(kwargs["env"]), cwd)
        except OSError as error:
            log.error("No session can be forked (%s): one is started alone.", error)
            return await super().launch_kernel(cmd, **kwargs)
        # Without a group: a session starts no process, and its descriptor cannot mean another process.
        self.pid, self.pgid, self.cwd = self.process.pid, None, cwd
        return self.connection_info

    async def poll(self) -> int | None:
        """Return None while the session runs; when it has ended, let the warm parent reap it."""
        session = self.process
        running = isinstance(session, ForkedSession) and session.running
        code = await super().poll()
        if running and code is not None:
            await asyncio.to_thread(self.warm_parent.reap, session)
            return int(session.code)
        return code
