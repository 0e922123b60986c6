"""The checks of every request before a handler sees it, and the headers of every answer.

The handlers come from several libraries, and each checks something else. The checks here hold for all of them, and for
paths that nobody serves.
"""

from __future__ import annotations

import ipaddress
import logging
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from http.client import responses
from typing import Any
from urllib.parse import unquote

from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPHeaders, HTTPServerRequest
from tornado.iostream import IOStream
from tornado.netutil import is_valid_ip
from tornado.routing import Router
from tornado.web import Application, OutputTransform, RequestHandler

from netdash.server.sessions import Sessions

METHODS = {"GET", "HEAD", "POST", "DELETE"}
HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?")
KERNEL_PATHS = ("api/kernels/", "voila/api/shutdown/")
"""Paths below the base URL that are followed by the identifier of a kernel."""
LIMIT = "Netdash-Limit"
"""The header that tells the page of a session which limit ended it."""
RETRY_SECONDS = "60"
HEADER_SECONDS = 15
"""Seconds within which a client must send the whole head of a request, and the next request on the same connection."""
BODY_SECONDS = 15

log = logging.getLogger("netdash")


@dataclass(frozen=True)
class Hosts:
    """The host names that requests may have.

    Another site can let a name of its own point to this machine (DNS rebinding). The browser then lets that site read
    what is served here. Such a request carries the site's name in its Host header.

    Parameters
    ----------
    names
        Names and addresses besides those of this machine for itself.
    anyone
        Whether every name is allowed: when a token is asked for, and no public host is set.
    """

    names: Collection[str] = ()
    anyone: bool = False

    def allow(self, host: str) -> bool:
        """Whether a Host header names this server."""
        found = HOST.fullmatch(host.lower())
        if not found:
            return False
        name = found["name"].strip("[]")
        return self.anyone or name == "localhost" or name in self.names or _is_loopback(name)


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


class Refused(RequestHandler):
    """The handler of a refused request; the answer is its status alone."""

    SUPPORTED_METHODS = (*RequestHandler.SUPPORTED_METHODS, "TRACE", "CONNECT")

    def initialize(self, status: int, limit: str = "") -> None:
        """Keep the status to answer with, and the limit that ended the session."""
        self.status, self.limit = status, limit

    def prepare(self) -> None:
        """Answer a request of any method."""
        self.set_status(self.status)
        self.set_header("Content-Type", "text/plain")
        if self.limit:
            self.set_header(LIMIT, self.limit)
        self.finish(f"{self.status} {responses[self.status]}\n")


@dataclass
class Gate(Router):
    """Passes a request to the application if its host, method, path and kernel are allowed."""

    application: Application
    hosts: Hosts
    base_url: str
    sessions: Sessions
    behind_proxy: bool = False
    _kernel: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        """Compile the pattern of paths with a kernel."""
        self._kernel = re.compile(rf"{re.escape(self.base_url)}(?:{'|'.join(KERNEL_PATHS)})(?P<rest>.*)", re.DOTALL)

    def find_handler(self, request: HTTPServerRequest, **_: Any) -> Any:
        """Return the handler of a request."""
        if self.behind_proxy:
            believe_proxy(request)
        status = self._fault(request)
        if status:
            return self.application.get_handler_delegate(request, Refused, {"status": status})
        if limit := self._limit(request):
            return self.application.get_handler_delegate(request, Refused, {"status": 404, "limit": limit})
        return self.application.find_handler(request)

    def _limit(self, request: HTTPServerRequest) -> str:
        """Return the limit that ended the session which a request is about, if it comes from its visitor."""
        found = self._kernel.fullmatch(request.path)
        return self.sessions.reached(unquote(found["rest"]).split("/")[0], request.cookies) if found else ""

    def _fault(self, request: HTTPServerRequest) -> int:
        """Return the status with which a request is refused; 0 when it is allowed."""
        if not self.hosts.allow(request.host):
            return 403
        if request.method not in METHODS:
            return 405
        try:
            path = unquote(request.path, errors="strict")
        except UnicodeDecodeError:  # tornado refuses it too, in a handler whose page for errors would fail
            return 400
        if ".." in re.split(r"[/\\]", path):
            return 404
        found = self._kernel.fullmatch(request.path)
        return self._fault_of_kernel(request, unquote(found["rest"]).split("/")[0]) if found else 0

    def _fault_of_kernel(self, request: HTTPServerRequest, kernel_id: str) -> int:
        if request.method == "HEAD":
            return 405
        if self.sessions.belongs(kernel_id, request.cookies):
            self.sessions.note(kernel_id)
            return 0
        return 403 if kernel_id in self.sessions.kernels else 0  # the handler answers 404 for an unknown kernel


def believe_proxy(request: HTTPServerRequest) -> None:
    """Take the visitor's address and the protocol from the proxy's two headers.

    The address is the last one, which the proxy wrote. The protocol is https when any of several proxies was asked by
    https, such as one before that of JupyterHub; a visitor who writes that himself makes his own cookies stricter.

    tornado also believes X-Real-Ip and X-Scheme. A proxy that does not set these passes on what the visitor wrote
    there. A visitor could then guess tokens under any number of addresses.
    """
    addresses, schemes = (_entries(request.headers, f"X-Forwarded-{name}") for name in ("For", "Proto"))
    if is_valid_ip(addresses[-1]):
        request.remote_ip = addresses[-1]
    request.protocol = next((known for known in ("https", "http") if known in schemes), request.protocol)


def _entries(headers: HTTPHeaders, name: str) -> list[str]:
    return [entry.strip() for entry in headers.get(name, "").split(",")]


class CommonHeaders(OutputTransform):
    """Headers of every answer, those of static files and of errors included."""

    headers: Mapping[str, str] = {}

    def transform_first_chunk(
        self, status_code: int, headers: HTTPHeaders, chunk: bytes, finishing: bool
    ) -> tuple[int, HTTPHeaders, bytes]:
        """Add the headers, and remove the one that tells tornado's version."""
        for name, value in self.headers.items():
            if name not in headers:
                headers[name] = value
        if status_code == 429:
            headers["Retry-After"] = RETRY_SECONDS
        headers.pop("Server", None)
        return status_code, headers, chunk


class Listener(HTTPServer):
    """tornado's server with a limit on connections.

    Half of the file descriptors of the process are for connections without a websocket. The other half is for
    websockets and kernels.
    """

    most: int = 512
    open: int = 0

    def handle_stream(self, stream: IOStream, address: tuple[Any, ...]) -> None:
        """Serve a connection, unless too many are open."""
        if self.open >= self.most:
            log.error("%d connections are open at once: further ones are closed.", self.most)
            return stream.close()
        self.open += 1
        return super().handle_stream(stream, address)

    def on_close(self, server_conn: object) -> None:
        """Count a connection that was closed."""
        self.open -= 1
        super().on_close(server_conn)
