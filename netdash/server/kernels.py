"""The kernels of the sessions: which interpreter runs them, how they start and end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Mapping
from contextvars import ContextVar
from http import HTTPStatus
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import zmq.asyncio
from ipykernel.kernelspec import RESOURCES, make_ipkernel_cmd
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager, ServerKernelManager
from tornado.web import HTTPError
from traitlets import Dict, Instance, Unicode, default
from voila.utils import ENV_VARIABLE

from netdash.server import provisioner
from netdash.server.heap import LARGE_BLOCK, trim_memory
from netdash.server.machine import without_secrets
from netdash.server.operations import DEATHS
from netdash.server.redact import public_name

KERNEL = "python3"

OPTIONS = (
    "--HistoryManager.enabled=False",
    "--log-level=CRITICAL",
    "--IPKernelApp.kernel_class=netdash.server.kernel.Kernel",
)

SMALL = {
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": str(LARGE_BLOCK),
}
"""Environment of a kernel: one thread, because a session computes little; the heap as `keep_heap_small` sets it."""

MOST_SOCKETS = 10_000
"""Sockets of all kernels together. ZeroMQ's default is enough for about 160 sessions."""

REFILL_SECONDS = 4.0
"""Seconds until the pool starts another kernel, if no visitor comes sooner. At once, it would take a processor from the
page that is loading."""

NEXT_VISITOR: ContextVar[asyncio.Event | None] = ContextVar("NEXT_VISITOR", default=None)
"""Set when a visitor comes after the one whose request this is. The task that refills the pool inherits it, so that it
also sees a visitor who came before it ran; None for the tasks that fill the pool when the server starts."""

CHECKOUT = Path(__file__).parents[2]


class ThisInterpreter(KernelSpecManager):
    """The only kernel specification: the interpreter that serves. Kernels installed on the machine are ignored."""

    def find_kernel_specs(self) -> dict[str, str]:
        """Return the kernel's name and folder."""
        return {KERNEL: RESOURCES}

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Return the command and environment of the kernel: no history on disk, and netdash from this checkout."""
        if kernel_name != KERNEL:
            raise NoSuchKernel(kernel_name)
        command = [*make_ipkernel_cmd(), *OPTIONS]
        env = dict(SMALL)
        if (CHECKOUT / "pyproject.toml").exists():
            env["PYTHONPATH"] = os.pathsep.join(filter(None, [str(CHECKOUT), os.environ.get("PYTHONPATH")]))
        # Interrupt by message: a signal while Python starts would print a traceback on the server's terminal.
        return KernelSpec(
            argv=command,
            display_name="Python 3",
            language="python",
            resource_dir=RESOURCES,
            env=env,
            interrupt_mode="message",
            metadata={"kernel_provisioner": {"provisioner_name": provisioner.NAME}} if provisioner.can_fork() else {},
        )


class Kernel(ServerKernelManager):
    """The manager of one kernel, which kills it instead of asking it to stop.

    A kernel holds nothing worth saving, and a polite shutdown during start-up logs an error.
    """

    # jupyter_server reads this from the manager of one kernel but defines it on the manager of all (its pull request
    # 326). Without it the first error in a session silences the session.
    traceback_replacement_message = "An error occurred."

    async def shutdown_kernel(self, now: bool = False, restart: bool = False) -> None:  # type: ignore[override]
        """Kill the kernel."""
        await super().shutdown_kernel(now=True, restart=restart)


class Kernels(AsyncMappingKernelManager):
    """The kernels of all sessions. Voila derives a class from this one, which adds the pool."""

    worker = Unicode().tag(config=True)
    start_tasks = Instance(set, ())
    """Tasks that start a kernel."""
    next_visitor = Instance(asyncio.Event, allow_none=True)
    """That of the last visitor; None until the first one came."""
    seen_activity = Instance(WeakKeyDictionary, ())
    """For each kernel its last activity, and the time at which it was first seen by a clock that nobody can set."""
    limits = Dict()
    """The limit that a kernel reached, by its identifier, until its session is forgotten."""

    def new_kernel_id(self, **options: Any) -> str:
        """Return an identifier that begins with the worker's name, if there is one."""
        kernel_id: str = super().new_kernel_id(**options)
        return f"{self.worker}_{kernel_id}" if self.worker else kernel_id

    def pre_start_kernel(self, kernel_name: str | None, kwargs: Any) -> tuple[Any, str, str]:
        """Name the connection file by the public name, because every user can read it in the list of processes."""
        manager, name, kernel_id = super().pre_start_kernel(kernel_name, kwargs)
        manager.connection_file = str(Path(self.connection_dir) / f"kernel-{public_name(kernel_id)}.json")
        return manager, name, kernel_id

    @default("context")
    def _roomy_context(self) -> zmq.asyncio.Context:
        """Return a ZeroMQ context with a higher limit of sockets."""
        context = zmq.asyncio.Context()
        context.max_sockets = MOST_SOCKETS
        return context

    def visit(self) -> None:
        """Let the kernels start that wait for the page of an earlier visitor; to be called when a visitor comes."""
        if self.next_visitor:
            self.next_visitor.set()
        self.next_visitor = asyncio.Event()
        NEXT_VISITOR.set(self.next_visitor)

    async def start_kernel(self, **options: Any) -> str:  # type: ignore[override]
        """Start a kernel without the server's secrets; one of the pool after the page of the last visitor has loaded.

        IPython keeps its files in the folder of the server, because the home of a service may be read-only.
        """
        env = without_secrets(options.get("env", {}))
        if (next_visitor := NEXT_VISITOR.get()) and env.get(ENV_VARIABLE.VOILA_PREHEAT) == "True":
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(next_visitor.wait(), REFILL_SECONDS)
        env["IPYTHONDIR"] = str(Path(self.connection_dir) / "ipython")
        task = asyncio.ensure_future(super().start_kernel(**{**options, "env": env}))
        self.start_tasks.add(task)
        task.add_done_callback(self.start_tasks.discard)
        kernel_id: str = await task
        kernel = self.get_kernel(kernel_id)
        self.add_restart_callback(kernel_id, lambda: self._died(kernel_id, kernel), "dead")
        return kernel_id

    def _died(self, kernel_id: str, kernel: Any) -> None:
        """Count a kernel that died by itself, and remember whether it had used up its processor time."""
        DEATHS.inc()
        process = getattr(kernel.provisioner, "process", None)
        if sys.platform != "win32" and process is not None and process.poll() == -signal.SIGXCPU:
            self.limits[kernel_id] = "processor time"

    async def shutdown_kernel(self, kernel_id: str, *args: Any, **options: Any) -> None:  # type: ignore[override]
        """End a kernel, and return the memory of its session to the operating system."""
        await super().shutdown_kernel(kernel_id, *args, **options)  # type: ignore[no-untyped-call]
        trim_memory()

    async def shutdown_all(self, *args: Any, **options: Any) -> None:  # type: ignore[override]
        """End every kernel, after those that are starting have started.

        A page that is left ends its own kernel at the same time. jupyter_client would fail on a kernel that is gone.
        """
        self.visit()
        await asyncio.gather(*self.start_tasks, return_exceptions=True)
        await self._end_listed()
        try:
            await super().shutdown_all(*args, **options)
        except HTTPError as error:
            if error.status_code != HTTPStatus.NOT_FOUND:
                raise
            # jupyter_client never forgets a kernel whose end failed, as one of two ends at the same time does.
            await self._end_listed()
        await asyncio.to_thread(provisioner.Forked.warm_parent.close)

    async def _end_listed(self) -> None:
        """End the kernels that are there, also when one of them has ended meanwhile."""
        ends = [self.shutdown_kernel(kernel_id) for kernel_id in self.list_kernel_ids()]
        await asyncio.gather(*ends, return_exceptions=True)

    async def cull_kernel_if_idle(self, kernel_id: str) -> None:
        """End an idle session; to be called every few seconds.

        jupyter_server notes the time of day of each activity. Here it is only compared with the last one, because the
        time of day can be set. Idle time counts from the moment a kernel leaves the pool; Voila does not call this
        method earlier.
        """
        kernel: Any = self.get_kernel(kernel_id)
        # A kernel without activity has no value there, and reading it would raise TraitError.
        activity = kernel.last_activity if kernel.trait_has_value("last_activity") else None
        now = time.monotonic()
        seen = self.seen_activity.get(kernel)
        if seen is None or seen[0] != activity:
            seen = self.seen_activity[kernel] = activity, now
        state, idle = getattr(kernel, "execution_state", None), now - seen[1] > self.cull_idle_timeout
        if state == "dead" or (idle and state != "busy"):
            await self.shutdown_kernel(kernel_id)

    def waiting_boards(self) -> int:
        """Return how many kernels of the pool have run the notebook and are alive."""
        pools: Mapping[str, list[asyncio.Future[Any]]] = getattr(self, "_pools", {})  # a server without a pool has none
        started = [kernel for pool in pools.values() for kernel in pool if kernel.done() and not kernel.cancelled()]
        waiting = [kernel.result() for kernel in started if not kernel.exception()]
        return sum(kernel["task"].done() and kernel["kernel_id"] in self for kernel in waiting)

    def connections(self, kernel_id: str) -> int:
        """Return how many pages are connected to a kernel."""
        return int(self.kernel_model(kernel_id)["connections"])  # type: ignore[no-untyped-call]
