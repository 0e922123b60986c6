"""Voila as netdash serves it: which of its handlers are served, how it starts, listens and stops."""

from __future__ import annotations

import gc
import logging
import shutil
import signal
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from jupyter_server.base.handlers import FileFindHandler, JupyterHandler
from jupyter_server.services.kernels.handlers import KernelHandler
from jupyter_server.utils import url_path_join
from jupyterlab_server.themes_handler import ThemesHandler
from tornado.ioloop import IOLoop, PeriodicCallback
from tornado.netutil import bind_sockets
from tornado.web import HTTPError
from voila import __version__ as voila_version
from voila.app import Voila
from voila.request_info_handler import RequestInfoSocketHandler
from voila.shutdown_kernel_handler import VoilaShutdownKernelHandler
from voila.static_file_handler import AllowListFileHandler, MultiStaticFileHandler, TemplateStaticFileHandler
from voila.tornado.handler import TornadoVoilaHandler
from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler

from netdash.files import PLOTLY
from netdash.server.compression import CompressedPages, Compressing, compressed
from netdash.server.frames import LARGEST_MESSAGE, NOT_ACCEPTED, fault_of
from netdash.server.gate import BODY_SECONDS, HEADER_SECONDS, CommonHeaders, Gate, Hosts, Listener
from netdash.server.handlers import Health, PageHandler, Ready
from netdash.server.login import Login, Logout
from netdash.server.machine import check_room_for_sockets
from netdash.server.operations import Metrics
from netdash.server.redact import RedactingFilter
from netdash.server.scripts import PageScripts, ScriptsHandler, joined
from netdash.server.sessions import WATCH_MILLISECONDS, Sessions
from netdash.server.settings import ServeError

log = logging.getLogger("netdash")
MOST_LINES = 5
"""Websockets of one session. A page has one, and for some seconds those that a network failure has cut unnoticed."""
MOST_UNSENT = 8_000_000
"""Bytes that may wait for a page to read them."""
LARGEST_BODY = 100_000
"""Bytes of a request's body. What a page sends goes through its websocket."""
SCRIPTS = f"voila/static/{voila_version}"
"""Path of Voila's scripts below the base URL, with the version: the names of the files are the same in each."""
CACHE_SECONDS = 365 * 24 * 3600


class KernelSocket(VoilaKernelWebsocketHandler):  # type: ignore[misc]
    """The websocket between a page and its kernel. It takes and holds no more than a page needs."""

    lines: ClassVar[Counter[str]] = Counter()
    unsent = 0

    async def get(self, kernel_id: str) -> None:
        """Serve a websocket until it is closed. A session may have few, because each takes file descriptors."""
        if self.lines[kernel_id] >= MOST_LINES:
            raise HTTPError(429)
        self.lines[kernel_id] += 1
        try:
            await super().get(kernel_id)
        finally:
            self.lines[kernel_id] -= 1
            if not self.lines[kernel_id]:
                del self.lines[kernel_id]

    async def open(self, kernel_id: str) -> None:
        """Connect. Send each message at once: by default TCP waits up to 40 ms until the last one is confirmed."""
        self.set_nodelay(True)
        await super().open(kernel_id)

    def on_message(self, frame: str | bytes) -> None:
        """Hand on a message; close the websocket if the frame is malformed."""
        fault = fault_of(frame, self.selected_subprotocol)
        if not self.settings["netdash_sessions"].may_send(self.kernel_id, len(frame)):
            fault = "too much within a short time"
        if not fault:
            try:
                super().on_message(frame)
            except Exception as error:  # jupyter_server fails on some frames; only this websocket is closed
                fault = type(error).__name__
        if fault:
            log.error("A page sent a message that is refused (%s): its connection was closed.", fault)
            self.close(NOT_ACCEPTED, "not a message")

    def write_message(self, message: Any, binary: bool = False) -> Any:
        """Send a message; close the websocket if the page does not read what it asked for."""
        if self.ws_connection is None or self.ws_connection.is_closing():
            return None
        if self.unsent > MOST_UNSENT:
            log.error("A page does not read its messages: its connection was closed.")
            return self.close(NOT_ACCEPTED, "not read")
        sent = super().write_message(message, binary)
        if sent is not None:
            size = len(message)
            self.unsent += size
            sent.add_done_callback(lambda done: self._was_sent(size, done))
        return sent

    def _was_sent(self, size: int, sent: Any) -> None:
        self.unsent -= size
        if not sent.cancelled():
            sent.exception()  # fetched, so that asyncio does not log that the websocket was closed meanwhile


class VoilaFiles(Compressing, MultiStaticFileHandler):  # type: ignore[misc]
    """Scripts of Voila."""


class CachedStatic(VoilaFiles):
    """Static files that a browser may cache, because each version has its own address."""

    def get_cache_time(self, *_: object) -> int:
        """Return how many seconds a browser may cache the file."""
        return CACHE_SECONDS


class TemplateFiles(Compressing, TemplateStaticFileHandler):  # type: ignore[misc]
    """Files of netdash's template."""


class ExtensionFiles(Compressing, FileFindHandler):
    """Scripts of the browser extensions."""


KERNEL_ID = r"(?P<kernel_id>\w+-\w+-\w+-\w+-\w+)"

ROUTES: dict[tuple[str, type], type | None] = {
    (f"api/kernels/{KERNEL_ID}", KernelHandler): KernelHandler,
    (f"api/kernels/{KERNEL_ID}/channels", VoilaKernelWebsocketHandler): KernelSocket,
    ("voila/templates/(.*)", TemplateStaticFileHandler): TemplateFiles,
    ("voila/static/(.*)", MultiStaticFileHandler): VoilaFiles,
    ("voila/api/shutdown/(.*)", VoilaShutdownKernelHandler): VoilaShutdownKernelHandler,
    ("login", Login): Login,
    ("logout", Logout): Logout,
    ("voila/labextensions/(.*)", FileFindHandler): ExtensionFiles,
    ("(.*)", TornadoVoilaHandler): PageHandler,
    ("voila/files/(.*)", AllowListFileHandler): None,
    ("voila/api/themes/(.*)", ThemesHandler): None,
    (f"voila/query/{KERNEL_ID}", RequestInfoSocketHandler): None,
}
"""The routes of Voila, by pattern below the base URL and handler: the handler that netdash serves there, or None."""


def routes_served(routes: Iterable[tuple[Any, ...]], base_url: str) -> list[tuple[Any, ...]]:
    """Return the routes that netdash serves, out of those of Voila.

    Raises
    ------
    ServeError
        If Voila has a route that is not in ROUTES: nobody has checked what it gives away.
    """
    served = []
    for pattern, kind, *options in routes:
        route = pattern.removeprefix(base_url).removeprefix("/")  # Voila omits the base URL for login and logout
        if (route, kind) not in ROUTES:
            raise ServeError(
                f"Voila {voila_version} serves {pattern} by {getattr(kind, '__qualname__', kind)}, which this version "
                "of netdash does not know; install the versions of constraints.txt, or see docs/develop/upstream.md."
            )
        handler = ROUTES[route, kind]
        if kind is TemplateStaticFileHandler:
            route = route.replace("(.*)", r"(\w+/static/[\w./-]+)")  # it raises on any other path
        if handler:
            served.append((url_path_join(base_url, route), _without_xsrf(handler), *options))
    return served


def _without_xsrf(handler: type) -> type:
    """Return a handler that sets no cookie for forms. jupyter_server's error pages would, and nobody checks it here."""
    return type(handler.__name__, (handler,), {"xsrf_token": b""}) if issubclass(handler, JupyterHandler) else handler


class Server(Voila):  # type: ignore[misc]
    """Voila, which binds its port before it starts a kernel, and prints its address once it listens."""

    port: int
    announce: Callable[[str], None]
    max_sessions: int
    behind_proxy: bool
    hosts: Hosts
    most_connections: int
    user_header: str
    drain_seconds: float

    def init_settings(self) -> dict[str, Any]:
        """Return tornado's settings; raise ServeError if no session could start, or an option was not taken."""
        check_room_for_sockets(self.connection_dir)
        settings: dict[str, Any] = super().init_settings()
        for name, value in self.config.Kernels.items():
            if getattr(self.kernel_manager, name, None) != value:
                raise ServeError(
                    f"Voila {voila_version} does not take the option {name}, which this version of netdash sets; "
                    "install the versions of constraints.txt, or see docs/develop/upstream.md."
                )
        folders = {"static": self.static_paths, "labextensions": self.labextensions_path}
        self._scripts = PageScripts(joined(folders))
        compressed(PLOTLY)  # kept: so that the first visitor does not wait for it
        return settings | {
            "jinja2_env": settings["voila_jinja2_env"],  # netdash's templates for errors and the login form
            "netdash_folder": self.connection_dir,
            "netdash_scripts": url_path_join(self.server_url, "voila/static", self._scripts.name),
            "netdash_user_header": self.user_header if self.behind_proxy else "",
            "netdash_sessions": Sessions(self.kernel_manager, self.max_sessions),
            "websocket_max_message_size": LARGEST_MESSAGE,
        }

    def init_handlers(self) -> list[Any]:
        """Return the routes that are served: netdash's own, and those of Voila that the page needs."""
        self.app.add_transform(CommonHeaders)
        self.app.add_transform(CompressedPages)
        PeriodicCallback(self.app.settings["netdash_sessions"].watch, WATCH_MILLISECONDS).start()
        return [
            (url_path_join(self.server_url, "/healthz"), Health),
            (url_path_join(self.server_url, "/readyz"), Ready),
            (url_path_join(self.server_url, "/metrics"), Metrics),
            (self.app.settings["netdash_scripts"], ScriptsHandler, {"scripts": self._scripts}),
            (url_path_join(self.server_url, SCRIPTS, "(.*)"), CachedStatic, {"paths": self.static_paths}),
            *((url_path_join(self.server_url, path), handler) for path, handler in self.identity_provider.callbacks),
            *routes_served(super().init_handlers(), self.server_url),
        ]

    def start(self) -> None:
        """Serve until stopped; raise OSError before a kernel is started if the port cannot be had."""
        self._sockets = bind_sockets(self.port, address=self.ip)
        self.port = self._sockets[0].getsockname()[1]
        self._loop: Any = IOLoop.current()
        for which in (signal.SIGTERM, signal.SIGINT):  # treat Ctrl-C like a termination
            signal.signal(which, lambda *_: self._loop.asyncio_loop.call_soon_threadsafe(self._loop.stop))
        if hasattr(signal, "SIGUSR1"):  # not on Windows
            signal.signal(signal.SIGUSR1, lambda *_: self._loop.asyncio_loop.call_soon_threadsafe(self._drain))
        logging.captureWarnings(True)  # what a page sends can make libraries warn
        redacting = RedactingFilter()
        for logger in self._loggers():
            logger.setLevel(logging.ERROR)
            logger.addFilter(redacting)
        # Voila would keep a record of each page request for ever. Its kernels ask for it; those of netdash do not.
        RequestInfoSocketHandler.send_updates = staticmethod(lambda message: None)
        try:
            super().start()
        except ServeError:
            shutil.rmtree(self.connection_dir)
            raise

    def _drain(self) -> None:
        """Take no new boards; end when the last one was closed, or after some time."""
        sessions: Sessions = self.app.settings["netdash_sessions"]
        if sessions.draining:
            return
        sessions.draining = True
        end = self._loop.time() + self.drain_seconds

        def look() -> None:
            if not len(sessions) or self._loop.time() >= end:
                self._loop.stop()

        self._draining = PeriodicCallback(look, WATCH_MILLISECONDS)
        self._draining.start()

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
        """Accept requests, print the address and serve until a signal comes."""
        gate = Gate(self.app, self.hosts, self.server_url, self.app.settings["netdash_sessions"], self.behind_proxy)
        server = Listener(
            gate,
            max_body_size=LARGEST_BODY,
            idle_connection_timeout=HEADER_SECONDS,
            body_timeout=BODY_SECONDS,
        )
        server.most = self.most_connections
        server.add_sockets(self._sockets)
        gc.freeze()  # exclude start-up objects from later garbage collections; they live as long as the server
        self.announce(self.connection_url)
        try:
            self._loop.start()
        finally:
            self.stop()

    def stop(self) -> None:
        """Kill the kernels in the event loop that started them, before Voila removes the folder of their sockets."""
        for logger in self._loggers():
            logger.setLevel(logging.CRITICAL)  # we are killing the kernels ourselves; do not log that they died
        self._loop.run_sync(self.kernel_manager.shutdown_all)
        self.app.settings["netdash_sessions"].forget_all()
        super().stop()
