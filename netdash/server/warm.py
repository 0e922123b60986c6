"""The warm parent: a process that has loaded everything a session needs, and forks one for each visitor.

It has one thread and no socket, and it never sees a case. The server asks through two pipes, one line of JSON for each
request and each answer. A forked session becomes the kernel of one board.

    python -m netdash.server.warm OPTION_OF_THE_KERNEL ...
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import random
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, TypedDict

from ipykernel.kernelapp import IPKernelApp

from netdash.server.kernel import block_packages

SESSION_IMPORTS = (
    *("IPython.core.completerlib", "IPython.core.debugger", "IPython.core.logger", "IPython.core.oinspect"),
    *("IPython.extensions.storemagic", "IPython.utils.wildcard", "faulthandler", "ipykernel.debugger"),
    *("setproctitle", "tornado.platform.asyncio", "zmq.utils.garbage"),
)
"""Modules that a kernel imports when it starts. The parent imports them, so that sessions share their memory."""


class Application(IPKernelApp):
    """ipykernel's application. The warm parent prepares it, and a session adds what needs a socket.

    Sessions write to the memory that they share as soon as they count references to it: ipykernel counts references to
    the names and files of all modules. In the parent, that is done once.
    """

    prepared = False

    def prepare(self, options: Sequence[str]) -> None:
        """Read the options and the configuration, and make the kernel and its shell."""
        super(IPKernelApp, self).initialize([*options])  # type: ignore[no-untyped-call]
        kernel_class: Any = self.kernel_class
        kernel_class.instance(parent=self, log=self.log, profile_dir=self.profile_dir)
        self.prepared = True

    def parse_command_line(self, argv: Any = None) -> None:
        """Read the options; of a session, take its connection file, which stands first."""
        if self.prepared:
            self.connection_file = argv[argv.index("-f") + 1]
        else:
            super().parse_command_line(argv)

    def load_config_file(self, *arguments: Any, **options: Any) -> None:
        """Read the configuration, in the warm parent only."""
        if not self.prepared:
            super().load_config_file(*arguments, **options)  # type: ignore[no-untyped-call]

    def init_code(self) -> None:
        """Run no start-up files."""


class Start(TypedDict):
    """A request for a session: command line and environment of its kernel, and its folder."""

    command: list[str]
    env: dict[str, str]
    cwd: str


def main() -> None:
    """Fork sessions until the server ends; return in a session when its kernel ends."""
    server = os.getppid()
    requests, answers = _take_pipes()
    warm_up(sys.argv[1:])
    _answer(answers, {"ready": os.getpid()})
    while line := requests.readline():
        request = json.loads(line)
        if "end" in request:
            _answer(answers, {"code": _reap(request["end"])})
        elif pid := os.fork():
            _answer(answers, {"pid": pid})
        else:
            _become_session(request, server)
            return


def warm_up(options: Sequence[str]) -> None:
    """Load what a session needs, and build one board, so that its templates and tables are there; make a kernel."""
    block_packages()
    for name in SESSION_IMPORTS:
        importlib.import_module(name)
    from ipywidgets import Widget

    from netdash.board import Board

    Board()
    Widget.close_all()
    Application.instance().prepare(options)  # after the board: the widgets of a process with a kernel need sockets
    gc.collect()
    gc.freeze()  # a collection in a session would write to every page of memory that is shared


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Return the pipes of requests and answers. Nothing else reads standard input or writes standard output."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1):
        os.dup2(nothing, standard)
    os.close(nothing)
    return requests, answers


def _answer(answers: BinaryIO, answer: dict[str, int | None]) -> None:
    answers.write(json.dumps(answer).encode() + b"\n")
    answers.flush()


def _reap(pid: int) -> int | None:
    """Return the exit code of a session that has ended; None when it is the child of a parent before this one."""
    try:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    except ChildProcessError:
        return None


def _become_session(request: Start, server: int) -> None:
    """Run the kernel of a session in this process, which was forked a moment ago."""
    os.setsid()
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    os.chdir(request["cwd"])
    _set_title(request["command"])  # it writes over the first environment
    os.environ.clear()
    os.environ.update(request["env"])
    _renew_random_state()
    _end_with(server)
    Application.launch_instance(request["command"])


def _renew_random_state() -> None:
    """Give the generators of random numbers a state of their own; the forked one is that of every session."""
    random.seed()
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed()


def _end_with(server: int) -> None:
    """End this process when the server ends, however that happens; the warm parent may end before."""
    watched = os.pidfd_open(server)

    def wait() -> None:
        import select

        poll = select.poll()
        poll.register(watched, select.POLLIN)
        poll.poll()
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=wait, name="server watch", daemon=True).start()


def _set_title(command: list[str]) -> None:
    """Show the kernel's command line in place of the warm parent's in lists of processes."""
    import setproctitle

    setproctitle.setproctitle(" ".join([Path(command[0]).name, *command[1:]]))


if __name__ == "__main__":
    main()
