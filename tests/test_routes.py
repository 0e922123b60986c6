"""Only routes that somebody has looked at are served; Voila's own list may grow."""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from tornado.web import RequestHandler
from voila.static_file_handler import AllowListFileHandler, MultiStaticFileHandler
from voila.tornado.handler import TornadoVoilaHandler

from netdash.server.handlers import PageHandler
from netdash.server.settings import ServeError
from netdash.server.voila_app import ROUTES, routes_served


class New(RequestHandler):
    """A handler that a later version of Voila might have."""


@pytest.mark.parametrize("base_url", ["/", "/board/"])
def test_a_known_route_is_served_by_its_handler_and_one_with_none_is_not(base_url):
    voila = [(f"{base_url}{pattern}", kind, {"of": pattern}) for pattern, kind in ROUTES]
    served = routes_served(voila, base_url)
    handlers = [handler for handler in ROUTES.values() if handler]
    assert len(served) == len(handlers)
    assert all(issubclass(route[1], handler) for route, handler in zip(served, handlers, strict=True))
    assert all(route[0].startswith(base_url) for route in served)
    page = next(route for route in served if issubclass(route[1], PageHandler))
    assert (page[0], page[2]) == (f"{base_url}(.*)", {"of": "(.*)"})


def test_login_is_served_below_the_base_url_that_voila_leaves_out():
    login = next(route for route in ROUTES if route[0] == "login")
    (served,) = routes_served([("/login", login[1])], "/board/")
    assert served[0] == "/board/login"


@pytest.mark.parametrize(
    ("pattern", "kind"),
    [
        ("/voila/new/(.*)", New),
        ("/voila/new/(.*)", MultiStaticFileHandler),
        ("/voila/static/(.*)", New),
        ("/voila/everything/(.*)", AllowListFileHandler),
        ("/(.+)", TornadoVoilaHandler),
    ],
)
def test_a_route_that_is_not_in_the_list_is_refused_in_one_sentence(pattern, kind):
    with pytest.raises(ServeError) as refused:
        routes_served([(pattern, kind, {})], "/")
    said = (
        f"Voila [0-9.]+ serves {re.escape(pattern)} by {kind.__qualname__}, which this version of netdash does not know"
    )
    assert re.match(said, str(refused.value))


@pytest.fixture
def start_with():
    """Start the server after a change of Voila, as a new version would make it; nothing may stay behind."""
    with tempfile.TemporaryDirectory(prefix="nd") as folder:  # its name is short, as the sockets of a session need it
        yield lambda change: run_with(change, os.environ | {"TMPDIR": folder})
        assert list(Path(folder).iterdir()) == []


def run_with(change, env):
    code = f"import voila.app\n{change}\nfrom netdash.cli import main; main(['serve', '--port', '0', '--no-browser'])"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=False)


def test_the_server_does_not_start_with_a_route_that_it_does_not_know(start_with):
    ended = start_with(
        "from tornado.web import RequestHandler\n"
        "known = voila.app.Voila.init_handlers\n"
        "voila.app.Voila.init_handlers = lambda self: [('/voila/new', RequestHandler), *known(self)]"
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert re.fullmatch(r"Error: Voila [0-9.]+ serves /voila/new by RequestHandler, [^\n]+\n", ended.stderr)


def test_the_server_does_not_start_when_an_option_of_the_kernels_is_not_taken(start_with):
    ended = start_with(
        "import traitlets\n"
        "made = voila.app.voila_kernel_manager_factory\n"
        "def without(*given, **options):\n"
        "    return type('Other', (made(*given, **options),), {'fill_delay': traitlets.Float(1)})\n"
        "voila.app.voila_kernel_manager_factory = without"
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert re.fullmatch(r"Error: Voila [0-9.]+ does not take the option fill_delay, [^\n]+\n", ended.stderr)
