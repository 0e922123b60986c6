"""Voila as netdash serves it: its own interpreter, its own kernels, checked requests, a log without cases."""

from __future__ import annotations

import gc
import logging
import signal
from collections import Counter
from collections.abc import Callable
from typing import Any, ClassVar

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from tornado.ioloop import IOLoop, PeriodicCallback
from tornado.netutil import bind_sockets
from tornado.web import HTTPError
from voila import __version__ as voila_version
from voila.app import Voila
from voila.request_info_handler import RequestInfoSocketHandler
from voila.static_file_handler import MultiStaticFileHandler, TemplateStaticFileHandler
from voila.tornado.handler import TornadoVoilaHandler
from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler

from netdash.server.frames import LARGEST_MESSAGE, NOT_ACCEPTED, fault_of
from netdash.server.gate import BODY_SECONDS, HEADER_SECONDS, CommonHeaders, Gate, Hosts, Listener
from netdash.server.handlers import Door, Health
from netdash.server.redact import Brief
from netdash.server.sessions import WATCH_MILLISECONDS, Sessions

log = logging.getLogger("netdash")
MOST_LINES = 5
"""Lines of one session: a page has one, and for some seconds those that a network has cut unnoticed."""
MOST_UNSENT = 8_000_000
"""Bytes that wait for a page to read them, before one more message."""
LARGEST_BODY = 100_000
"""Bytes of a request's body: what a page sends goes through its websocket."""
SCRIPTS = f"voila/static/{voila_version}"
"""Where Voila's scripts are, below the base URL: their own names do not change when they do."""
YEAR = 365 * 24 * 3600


class Channels(VoilaKernelWebsocketHandler):  # type: ignore[misc]
    """The line between a page and its kernel, which neither takes nor holds more than a page of ours needs."""

    lines: ClassVar[Counter[str]] = Counter()
    unsent = 0

    async def get(self, kernel_id: str) -> None:
        """Serve a line until it is closed; a session has few of them, for each takes descriptors of the server."""
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
        """Connect; a message is sent at once, not when the page has confirmed the last, which it does after 40 ms."""
        self.set_nodelay(True)
        await super().open(kernel_id)

    def on_message(self, frame: str | bytes) -> None:
        """Hand a message on, if it is one; otherwise close the line."""
        fault = fault_of(frame, self.selected_subprotocol)
        if not self.settings["netdash_sessions"].may_send(self.kernel_id, len(frame)):
            fault = "too much within a short time"
        if not fault:
            try:
                super().on_message(frame)
            except Exception as error:  # whatever a frame makes of jupyter_server, it is this line's alone
                fault = type(error).__name__
        if fault:
            log.error("A page sent what is no message (%s): its line was closed.", fault)
            self.close(NOT_ACCEPTED, "not a message")

    def write_message(self, message: Any, binary: bool = False) -> Any:
        """Send a message; the line of a page that asks for much and does not read it is closed."""
        if self.ws_connection is None or self.ws_connection.is_closing():
            return None
        if self.unsent > MOST_UNSENT:
            log.error("A page does not read what it asked for: its line was closed.")
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
            sent.exception()  # that the line was closed meanwhile is no news


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
        kind = OURS.get(kind, kind)
        if issubclass(kind, JupyterHandler):
            # Error pages of jupyter_server set a cookie for forms that nobody checks here.
            kind = type(kind.__name__, (kind,), {"xsrf_token": b""})
        return (pattern, kind, *rest)

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
        gate = Gate(self.app, self.hosts, self.server_url, self.app.settings["netdash_sessions"], self.behind_proxy)
        server = Listener(
            gate,
            max_body_size=LARGEST_BODY,
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
