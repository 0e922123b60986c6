"""netdash as a service of a real JupyterHub, with docs/deploy/jupyterhub_config.py; make hub installs both."""

import http.cookiejar
import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlencode

import psutil
import pytest
import websocket
from conftest import ROOT
from wire import free_ports, kernel_of

MISSING = "there is no JupyterHub with its proxy here: make hub"
PROXY = shutil.which("configurable-http-proxy", path=f"{ROOT}/build/hub/node_modules/.bin:{os.environ['PATH']}")
PATIENCE = 180
USER, PASSWORD = "ward-seven", "a-long-password"
HUB = """
c.JupyterHub.bind_url = "http://127.0.0.1:{public}"
c.JupyterHub.hub_port = {hub}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api}"
c.ConfigurableHTTPProxy.command = [{proxy!r}]
c.JupyterHub.db_url = "sqlite:///:memory:"
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = {password!r}
c.Authenticator.allow_all = True
"""


class Browser:
    """Cookies, and pages that are fetched with them; redirects are followed."""

    def __init__(self, base):
        self.base, self.jar = base, http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))

    def ask(self, path, **form):
        """Return status, address in the end, and text."""
        data = urlencode(form).encode() if form else None
        try:
            answer = self._opener.open(f"{self.base}{path}", data, timeout=PATIENCE)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            return answer.status, answer.url.removeprefix(self.base), answer.read().decode()

    def cookies(self):
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.jar)


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    if not (PROXY and find_spec("jupyterhub")):
        pytest.fail(MISSING) if os.environ.get("CI") else pytest.skip(MISSING)
    tmp = tmp_path_factory.mktemp("hub")
    public, inner, api, port = free_ports(4)
    own = (ROOT / "docs" / "deploy" / "jupyterhub_config.py").read_text(encoding="utf-8")
    command = f'["{sys.executable}", "-m", "netdash", "serve"]'
    for old, new in (
        ('["/opt/netdash/current/bin/netdash", "serve"]', command),
        ("127.0.0.1:8866", f"127.0.0.1:{port}"),
        ('"NETDASH_BASE_URL"', f'"NETDASH_PORT": "{port}", "NETDASH_BASE_URL"'),
        ("hub.example.org", "localhost"),
    ):
        assert old in own
        own = own.replace(old, new)
    config = HUB.format(public=public, hub=inner, api=api, proxy=PROXY, password=PASSWORD)
    (tmp / "config.py").write_text(own + config)
    log = (tmp / "log").open("w")
    start = [sys.executable, "-m", "jupyterhub", "-f", tmp / "config.py"]
    process = subprocess.Popen(start, cwd=tmp, stdout=log, stderr=log)
    visitor = Browser(f"http://127.0.0.1:{public}")
    end = time.monotonic() + PATIENCE
    while not ready(visitor):
        assert process.poll() is None, (tmp / "log").read_text()
        assert time.monotonic() < end, (tmp / "log").read_text()
        time.sleep(0.5)
    visitor.log = tmp / "log"
    visitor.service = next(
        one for one in psutil.Process(process.pid).children() if "netdash" in " ".join(one.cmdline())
    )
    yield visitor
    family = psutil.Process(process.pid).children(recursive=True)
    process.terminate()
    process.wait(timeout=PATIENCE)
    for one in psutil.wait_procs(family, timeout=60)[1]:
        one.kill()
    log.close()


def ready(visitor):
    try:
        return visitor.ask("/services/netdash/healthz")[0] == 200
    except OSError:
        return False


def test_the_users_of_the_hub_come_in_by_its_login_and_the_name_is_in_the_audit_line_only(hub):
    visitor = Browser(hub.base)
    status, where, text = visitor.ask("/services/netdash/")
    assert (status, where.partition("?")[0]) == (200, "/hub/login")  # not the board
    assert "kernelId" not in text
    for path in ("api/kernels/x-x-x-x-x", "api/kernels/x-x-x-x-x/channels"):
        assert visitor.ask(f"/services/netdash/{path}")[0] in (403, 404)
    for form in ({"token": ""}, {"token": "x"}):  # netdash's own form lets nobody in
        Browser(hub.base).ask("/services/netdash/login", **form)
        stranger = Browser(hub.base)
        stranger.ask("/services/netdash/login", **form)
        assert "kernelId" not in stranger.ask("/services/netdash/")[2]
    (xsrf,) = set(re.findall(r'name="_xsrf" value="([^"]+)"', text))
    status, where, page = visitor.ask(where, username=USER, password=PASSWORD, _xsrf=xsrf)
    assert (status, where) == (200, "/services/netdash/")
    kernel_id = kernel_of(page)
    address = f"{hub.base}/services/netdash/api/kernels/{kernel_id}/channels".replace("http", "ws", 1)
    websocket.create_connection(address, cookie=visitor.cookies(), timeout=60).close()
    with pytest.raises(websocket.WebSocketBadStatusException):
        websocket.create_connection(address, timeout=60)
    written = hub.log.read_text()
    (line,) = [json.loads(line) for line in written.splitlines() if '"audit"' in line]
    assert (line["audit"], line["user"]) == ("opened", USER)
    assert kernel_id not in written
    for kernel in (one for one in hub.service.children(recursive=True) if "ipykernel" in " ".join(one.cmdline())):
        said = Path(f"/proc/{kernel.pid}/environ").read_bytes()
        assert USER.encode() not in said
        assert b"TOKEN" not in said
    assert "kernelId" in visitor.ask("/services/netdash/")[2]
    given = next(cookie for cookie in visitor.jar if cookie.name == "service-netdash")
    assert given.discard  # it ends with the browser
    assert given.has_nonstandard_attr("HttpOnly")
    assert given.get_nonstandard_attr("SameSite") == "Lax"
    status, _, text = visitor.ask("/services/netdash/logout")
    assert status == 200
    assert 'href="/hub/logout"' in text  # netdash does not end that login
    assert "service-netdash" not in {cookie.name for cookie in visitor.jar}
