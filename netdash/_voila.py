"""Voila as netdash serves it: its own interpreter, its own kernels, checked requests, a log without cases."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import logging
import os
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ipykernel.kernelspec import RESOURCES, make_ipkernel_cmd
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager, ServerKernelManager
from jupyter_server.utils import url_path_join
from tornado.ioloop import IOLoop, PeriodicCallback
from tornado.netutil import bind_sockets
from traitlets import Unicode, default
from voila import __version__ as voila_version
from voila.app import Voila
from voila.request_info_handler import RequestInfoSocketHandler
from voila.static_file_handler import MultiStaticFileHandler, TemplateStaticFileHandler
from voila.tornado.handler import TornadoVoilaHandler
from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler

from netdash._door import Door, Health
from netdash._frames import LARGEST_MESSAGE, NOT_ACCEPTED, fault_of
from netdash._gate import BODY_SECONDS, HEADER_SECONDS, CommonHeaders, Gate, Hosts, Listener
from netdash._log import Brief, public_name
from netdash._machine import without_secrets
from netdash._sessions import WATCH_MILLISECONDS, Sessions

log = logging.getLogger("netdash")
KERNEL = "python3"
OPTIONS = (
    "--HistoryManager.enabled=False",
    "--log-level=CRITICAL",
    "--IPKernelApp.kernel_class=netdash._kernel.Kernel",
)
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
"""A session computes little and one thing at a time; by default each would have a thread for every processor."""
LARGEST_BODY = 100_000
"""Bytes of a request's body: what a page sends goes through its websocket."""
SCRIPTS = f"voila/static/{voila_version}"
"""Where Voila's scripts are, below the base URL: their own names do not change when they do."""
MOST_SOCKETS = 10_000
YEAR = 365 * 24 * 3600
CHECKOUT = Path(__file__).parents[1]


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
        give_back()

    async def shutdown_all(self, *args: Any, **options: Any) -> None:  # type: ignore[override]
        """End every kernel, those included that are only just being started."""
        await asyncio.gather(*self._pending_kernels.values(), return_exceptions=True)
        await super().shutdown_all(*args, **options)

    async def cull_kernel_if_idle(self, kernel_id: str) -> None:
        """End an idle session; its clock starts when it leaves the pool, which is when this first hears of it."""
        kernel: Any = self.get_kernel(kernel_id)
        if not getattr(kernel, "left_pool", False):
            kernel.left_pool = True
            kernel.last_activity = datetime.now(UTC)
        await super().cull_kernel_if_idle(kernel_id)  # type: ignore[no-untyped-call]

    def connections(self, kernel_id: str) -> int:
        """Return how many pages are connected to a kernel."""
        return int(self._kernel_connections.get(kernel_id, 0))


def give_back() -> None:
    """Give memory that is free back to the system: of its own accord the C library keeps what lies below its top."""
    gc.collect()  # a session leaves cycles, which hold its buffers until Python looks at everything there is
    if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)):  # musl has none
        trim(0)


CASE_VARIABLES = {"QUERY_STRING", "VOILA_REQUEST_URL"}


class Channels(VoilaKernelWebsocketHandler):  # type: ignore[misc]
    """The line between a page and its kernel."""

    async def open(self, kernel_id: str) -> None:
        """Connect; a message is sent at once, not when the page has confirmed the last, which it does after 40 ms."""
        self.set_nodelay(True)
        await super().open(kernel_id)

    def on_message(self, frame: str | bytes) -> None:
        """Hand a message on, if it is one; otherwise close the line."""
        fault = fault_of(frame, self.selected_subprotocol)
        if not fault:
            try:
                super().on_message(frame)
            except Exception as error:  # whatever a frame makes of jupyter_server, it is this line's alone
                fault = type(error).__name__
        if fault:
            log.error("A page sent what is no message (%s): its line was closed.", fault)
            self.close(NOT_ACCEPTED, "not a message")


OURS = {TornadoVoilaHandler: Door, VoilaKernelWebsocketHandler: Channels}


class Scripts(MultiStaticFileHandler):  # type: ignore[misc]
    """Files that a browser need not ask for again: another version has another address."""

    def get_cache_time(self, *_: object) -> int:
        """Return for how many seconds."""
        return YEAR


class Server(Voila):  # type: ignore[misc]
    """Voila, bound to its port before it starts anything, and announced when it listens."""

    port: int
    announce: Callable[[str], None]
    max_sessions: int
    behind_proxy: bool
    hosts: Hosts
    most_connections: int

    def init_handlers(self) -> list[Any]:
        """Return what is served: the page through its door, and of Voila's own handlers those that the page needs."""
        sessions = self.app.settings["netdash_sessions"] = Sessions(self.kernel_manager, self.max_sessions)
        self.app.settings["jinja2_env"] = self.app.settings["voila_jinja2_env"]  # errors look like the rest
        self.app.settings["netdash_folder"] = self.connection_dir
        self.app.settings["websocket_max_message_size"] = LARGEST_MESSAGE
        self.app.transforms.append(CommonHeaders)
        PeriodicCallback(sessions.watch, WATCH_MILLISECONDS).start()
        unused = ("/voila/files/", "/voila/api/themes/", "/voila/query/")
        kept = [one for one in super().init_handlers() if not any(part in one[0] for part in unused)]
        own = [
            (url_path_join(self.server_url, "/healthz"), Health),
            (url_path_join(self.server_url, SCRIPTS, "(.*)"), Scripts, {"paths": self.static_paths}),
        ]
        return [*own, *(self._handler(*one) for one in kept)]

    def _handler(self, pattern: str, kind: type, *rest: Any) -> tuple[Any, ...]:
        """Return one of Voila's handlers as it is served here."""
        if pattern in ("/login", "/logout"):
            pattern = url_path_join(self.server_url, pattern)  # Voila forgets the path it is served under
        if kind is TemplateStaticFileHandler:
            pattern = pattern.replace("(.*)", r"(\w+/static/[\w./-]+)")  # it fails on other paths
        return (pattern, OURS.get(kind, kind), *rest)

    def start(self) -> None:
        """Serve until stopped; a port that cannot be had raises OSError before a kernel is started."""
        self._sockets = bind_sockets(self.port, address=self.ip)
        self.port = self._sockets[0].getsockname()[1]
        self.ioloop = IOLoop.current()
        signal.signal(signal.SIGINT, self._handle_signal_stop)  # an interrupt is as orderly an end as a termination
        logging.captureWarnings(True)  # what a page sends can make libraries warn
        brief = Brief()
        for logger in self._loggers():
            logger.setLevel(logging.ERROR)
            logger.addFilter(brief)
        # Voila keeps each request's query for kernels that wait for it. Ours do not: the page sends the address itself.
        RequestInfoSocketHandler.send_updates = staticmethod(lambda message: None)
        super().start()

    def _loggers(self) -> list[logging.Logger]:
        names = (
            self.log.name,
            log.name,
            "tornado.access",
            "tornado.application",
            "tornado.general",
            "asyncio",
            "py.warnings",
        )
        return [logging.getLogger(name) for name in names]

    def listen(self) -> None:
        """Serve what `start` has set up."""
        gate = Gate(self.app, self.hosts, self.server_url, self.app.settings["netdash_sessions"])
        # A proxy knows whether the visitor came by https, and so whether cookies may leave without it.
        server = Listener(
            gate,
            max_body_size=LARGEST_BODY,
            xheaders=self.behind_proxy,
            idle_connection_timeout=HEADER_SECONDS,
            body_timeout=BODY_SECONDS,
        )
        server.most = self.most_connections
        server.add_sockets(self._sockets)
        gc.freeze()  # what is there now stays: to look through it at each end of a session would take time
        self.announce(self.connection_url)
        try:
            self.ioloop.start()
        finally:
            self.stop()

    def stop(self) -> None:
        """End the kernels in the loop that started them, before Voila removes the folder of their sockets."""
        for logger in self._loggers():
            logger.setLevel(logging.CRITICAL)  # that a kernel died while it ran the notebook is no news now
        self.ioloop.run_sync(self.kernel_manager.shutdown_all)
        super().stop()
