"""The kernels of the sessions: which interpreter runs them, how they start, end and are counted."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import sys
import time
from pathlib import Path
from typing import Any

from ipykernel.kernelspec import RESOURCES, make_ipkernel_cmd
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager, ServerKernelManager
from traitlets import Unicode, default

from netdash.server.machine import without_secrets
from netdash.server.redact import public_name

KERNEL = "python3"

OPTIONS = (
    "--HistoryManager.enabled=False",
    "--log-level=CRITICAL",
    "--IPKernelApp.kernel_class=netdash.server.kernel.Kernel",
)

ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
"""A session computes little and one thing at a time; by default each would have a thread for every processor."""

MOST_SOCKETS = 10_000

CHECKOUT = Path(__file__).parents[2]


class ThisInterpreter(KernelSpecManager):
    """The one kernel there is: the interpreter that serves, whatever kernels the machine has installed."""

    def find_kernel_specs(self) -> dict[str, str]:
        """Return the kernel's name and folder."""
        return {KERNEL: RESOURCES}

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Return how the kernel is started: without a history on disk, importing netdash from where it was served."""
        if kernel_name != KERNEL:
            raise NoSuchKernel(kernel_name)
        command = [*make_ipkernel_cmd(), *OPTIONS]
        env = dict(ONE_THREAD)
        if (CHECKOUT / "pyproject.toml").exists():
            env["PYTHONPATH"] = os.pathsep.join(filter(None, [str(CHECKOUT), os.environ.get("PYTHONPATH")]))
        # A signal while Python still starts would be answered with a traceback on the server's terminal.
        return KernelSpec(
            argv=command,
            display_name="Python 3",
            language="python",
            resource_dir=RESOURCES,
            env=env,
            interrupt_mode="message",
        )


class Kernel(ServerKernelManager):
    """A kernel that is ended at once: it keeps nothing, and asked to end while it runs the notebook it complains."""

    # In place of a traceback. jupyter_server looks for it here, and without it the first error silences the session.
    traceback_replacement_message = "An error occurred."

    async def shutdown_kernel(self, now: bool = False, restart: bool = False) -> None:  # type: ignore[override]
        """End the kernel without asking it."""
        await super().shutdown_kernel(now=True, restart=restart)


class Kernels(AsyncMappingKernelManager):
    """The kernels of the sessions, and of the pool that Voila puts on top of this class."""

    worker = Unicode().tag(config=True)

    def new_kernel_id(self, **options: Any) -> str:
        """Return an identifier that begins with the worker's name, if it has one."""
        kernel_id: str = super().new_kernel_id(**options)
        return f"{self.worker}_{kernel_id}" if self.worker else kernel_id

    def pre_start_kernel(self, kernel_name: str | None, kwargs: Any) -> tuple[Any, str, str]:
        """Name the connection file, which stands in the command line of the kernel, so that it does not tell the id."""
        manager, name, kernel_id = super().pre_start_kernel(kernel_name, kwargs)
        manager.connection_file = str(Path(self.connection_dir) / f"kernel-{public_name(kernel_id)}.json")
        return manager, name, kernel_id

    @default("context")
    def _roomy_context(self) -> Any:
        """Return where the sockets are; of its own accord it has room for those of 160 sessions."""
        context = self._context_default()
        context.max_sockets = MOST_SOCKETS
        return context

    async def start_kernel(self, **options: Any) -> str:  # type: ignore[override]
        """Start a kernel without the server's secrets, and without the address of a visitor.

        Voila gives that to the *next* visitor's kernel. The kernels' IPython keeps its files in the folder of the
        server, because the home of a service may be read-only.
        """
        given = without_secrets(options.get("env", {}))
        env = {name: value for name, value in given.items() if name not in CASE_VARIABLES}
        env["IPYTHONDIR"] = str(Path(self.connection_dir) / "ipython")
        kernel_id: str = await super().start_kernel(**{**options, "env": env})
        return kernel_id

    async def shutdown_kernel(self, kernel_id: str, *args: Any, **options: Any) -> None:  # type: ignore[override]
        """End a kernel, and the sockets that jupyter_server keeps for the return of a page that closed meanwhile."""
        await super().shutdown_kernel(kernel_id, *args, **options)  # type: ignore[no-untyped-call]
        for stream in self._kernel_buffers.pop(kernel_id, {}).get("channels", {}).values():
            stream.close()
        trim_memory()

    async def shutdown_all(self, *args: Any, **options: Any) -> None:  # type: ignore[override]
        """End every kernel, those included that are only just being started."""
        await asyncio.gather(*self._pending_kernels.values(), return_exceptions=True)
        await super().shutdown_all(*args, **options)

    async def cull_kernel_if_idle(self, kernel_id: str) -> None:
        """End an idle session, by a clock that nobody sets; to be called every few seconds.

        jupyter_server writes down the time of day of each activity. Here that is only compared with what it was before.
        The clock starts when a kernel leaves the pool, which is when this first hears of it.
        """
        kernel: Any = self.get_kernel(kernel_id)
        activity = getattr(kernel, "last_activity", None)
        if activity != getattr(kernel, "seen_activity", False):
            kernel.seen_activity, kernel.active_at = activity, time.monotonic()
        idle = time.monotonic() - kernel.active_at > self.cull_idle_timeout
        state = getattr(kernel, "execution_state", None)
        if state == "dead" or (idle and state != "busy"):
            await self.shutdown_kernel(kernel_id)

    def connections(self, kernel_id: str) -> int:
        """Return how many pages are connected to a kernel."""
        return int(self._kernel_connections.get(kernel_id, 0))


def trim_memory() -> None:
    """Give memory that is free back to the system: of its own accord the C library keeps what lies below its top."""
    gc.collect()  # a session leaves cycles, which hold its buffers until Python looks at everything there is
    if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)):  # musl has none
        trim(0)


CASE_VARIABLES = {"QUERY_STRING", "VOILA_REQUEST_URL"}
