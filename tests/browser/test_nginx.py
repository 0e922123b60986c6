"""The files of docs/deploy as they stand, but for ports, paths and names: nginx before two workers."""

import getpass
import http.client
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
import websocket
from conftest import ROOT
from oidc import Gate, Provider
from playwright.sync_api import expect
from wire import ask, cookies_of, free_ports, kernel_of

import netdash as nd
from browser.served import Served, holds
from browser.visit import Visit

DEPLOY = ROOT / "docs" / "deploy"
NAME, TOKEN, AGE = "netdash.example.org", "a-long-secret-word", nd.Patient(age_years=50)
LIMITS = {"1": 1, "2": 3}  # boards at once; in turn, the fourth meets the full worker
SOON = 60_000  # ms for what a page says within five seconds, on a machine that is ten times slower
MAIN = """
daemon off;
user {user};
worker_processes 1;
pid {tmp}/nginx.pid;
error_log {tmp}/errors.log info;
events {{}}
http {{
    client_body_temp_path {tmp}/body;
    proxy_temp_path {tmp}/proxy;
    fastcgi_temp_path {tmp}/fastcgi;
    uwsgi_temp_path {tmp}/uwsgi;
    scgi_temp_path {tmp}/scgi;
    include {tmp}/netdash.conf;
}}
"""


def replaced(text, **changes):
    """Return a text with each of its words exchanged, all of which must be in it."""
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, str(new))
    return text


class Site:
    """nginx before two workers.

    Attributes
    ----------
    url : str
        Its address.
    plain : int
        Its port without TLS.
    workers : dict of str to Served
        The workers by their names.
    """

    def __init__(self, nginx, tmp, login=None):
        self.tmp, self.login = tmp, login
        self.plain, self.port, *ports = free_ports(4)
        self.ports, self.url = dict(zip("12", ports, strict=True)), f"https://localhost:{self.port}/"
        make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
        subprocess.run([*make.split(), "-keyout", tmp / "key.pem", "-out", tmp / "certificate.pem"], check=True)
        changes = {
            NAME: "localhost",
            "listen 80": f"listen 127.0.0.1:{self.plain}",
            "listen 443": f"listen 127.0.0.1:{self.port}",
            "127.0.0.1:8871": f"127.0.0.1:{self.ports['1']}",
            "127.0.0.1:8872": f"127.0.0.1:{self.ports['2']}",
            "/etc/netdash/tls": tmp,
            "/var/log/nginx": tmp,
        }
        if login:
            changes["# include /etc/nginx/netdash_login.conf"] = f"include {tmp}/login.conf"
            text = replaced((DEPLOY / "login.conf").read_text(), **{"127.0.0.1:4180": f"127.0.0.1:{login.port}"})
            (tmp / "login.conf").write_text(text)
        (tmp / "netdash.conf").write_text(replaced((DEPLOY / "nginx.conf").read_text(), **changes))
        (tmp / "nginx.conf").write_text(MAIN.format(tmp=tmp, user=getpass.getuser()))
        self.workers = {name: self.start(name) for name in self.ports}
        command = [nginx, "-p", tmp, "-c", tmp / "nginx.conf", "-e", tmp / "errors.log"]
        self.nginx = subprocess.Popen(command)
        while not self._answers():
            time.sleep(0.05)

    def _answers(self):
        assert self.nginx.poll() is None, (self.tmp / "errors.log").read_text()
        with socket.socket() as line:
            return line.connect_ex(("127.0.0.1", self.port)) == 0

    def start(self, name):
        """Start a worker as its unit says."""
        unit = (DEPLOY / "netdash@.service").read_text()
        unit = replaced(
            unit, **{"887%i": self.ports[name], "%i": name, NAME: "localhost", "/opt/netdash/current/bin/": ""}
        )
        command = re.search("^ExecStart=netdash (.*)$", unit, re.MULTILINE)[1].split()
        variables = dict(re.findall("^Environment=(NETDASH_[A-Z_]+)=(.*)$", unit, re.MULTILINE))
        variables |= {"NETDASH_TOKEN": TOKEN, "NETDASH_POOL": "1", "NETDASH_MAX_SESSIONS": str(LIMITS[name])}
        if self.login:
            del variables["NETDASH_TOKEN"]
            variables |= {"NETDASH_AUDIT": "yes", "NETDASH_USER_HEADER": "X-Forwarded-User"}
        return Served((sys.executable, "-m", "netdash", *command), **variables)

    def kill(self, name):
        """End a worker and its kernels at once."""
        self.workers.pop(name).kill()

    def kernel(self, kernel_id):
        return self.workers[kernel_id[0]].kernel(kernel_id)

    def ask(self, path, method="GET", body=None, **headers):
        """Return the answer to a request: status, headers, body."""
        context = ssl.create_default_context(cafile=self.tmp / "certificate.pem")
        line = http.client.HTTPSConnection("localhost", self.port, context=context, timeout=180)
        line.request(method, path, body=body, headers=headers)
        answer = line.getresponse()
        found = answer.status, answer.headers, answer.read()
        line.close()
        return found

    def log(self):
        """Return the access log, a list of words for each request."""
        return [line.split() for line in (self.tmp / "netdash.log").read_text().splitlines()]

    def stop(self):
        self.nginx.terminate()
        self.nginx.wait(timeout=120)
        for worker in list(self.workers):
            self.kill(worker)

    def check(self):
        """No case and no token was written down."""
        for path in self.tmp.rglob("*"):
            if path.is_file() and path.suffix != ".pem":
                written = path.read_text()
                assert "age_years" not in written, path
                assert TOKEN not in written, path


def nginx_here():
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if not nginx:
        reason = "No nginx was found; install one, on Debian: apt-get install nginx-light"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    return nginx


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    site = Site(nginx_here(), tmp_path_factory.mktemp("nginx"))
    yield site
    site.stop()


@pytest.fixture
def site(running):
    yield running
    running.check()


@pytest.fixture
def come(browser, site):
    """Return how to come to the site with a case and the token."""
    made = []

    def visit(patient=AGE):
        made.append(Visit(browser, site, ignore_https_errors=True))
        made[-1].page.goto(f"{site.url}?token={TOKEN}#{patient.to_query()}")
        made[-1].settle()
        return made[-1]

    yield visit
    for one in made:
        one.close()
    for one in made:
        one.check()


def worker_of(visit):
    return visit.kernel_id()[0]


def test_the_board_through_nginx(site, come):
    visit = come()
    visit.expect_case(AGE)
    visit.press("age_years", "ArrowRight")
    visit.expect_case(AGE.replace(age_years=51))
    cookies = {found["name"].partition("-")[0]: found for found in visit.context.cookies()}
    assert set(cookies) == {"username", "netdash"}
    for cookie in cookies.values():
        assert cookie["secure"]
        assert cookie["httpOnly"]
        assert cookie["sameSite"] == "Lax"
    assert any(address.startswith("wss://") for address in visit.requests)
    kernel_id, worker = visit.kernel_id(), worker_of(visit)
    visit.leave()  # the line is in the log when it was cut
    paths = {f"/api/kernels/{worker}_.../channels", f"/api/kernels/{worker}_...", f"/voila/api/shutdown/{worker}_..."}
    while not paths <= {words[3] for words in site.log()}:
        time.sleep(0.1)
    where = {words[7] for words in site.log() if words[3] in paths}
    assert where == {f"127.0.0.1:{site.ports[worker]}"}
    assert kernel_id.partition("_")[2] not in (site.tmp / "netdash.log").read_text()


def test_what_is_text_is_sent_compressed(site):
    path = "/voila/templates/netdash/static/plotly-cartesian.min.js"
    _, _, plain = site.ask(path, Cookie="")
    status, headers, packed = site.ask(path, **{"Accept-Encoding": "gzip"})
    assert status == 200
    assert headers["Content-Encoding"] == "gzip"
    assert len(packed) < len(plain) / 2
    assert "max-age" in headers["Strict-Transport-Security"]


def test_without_tls_there_is_only_the_way_to_it(site):
    line = http.client.HTTPConnection("localhost", site.plain, timeout=120)
    line.request("GET", "/?age_years=50")
    answer = line.getresponse()
    assert (answer.status, answer.headers["Location"]) == (301, "https://localhost/?age_years=50")
    line.close()


def test_a_full_worker_passes_visitors_on_until_all_are_full(site):
    kernels, status = {}, 200
    while status == 200:
        status, headers, words = site.ask(f"/?{AGE.to_query()}", Authorization=f"token {TOKEN}")
        if status == 200:
            kernels[kernel_of(words.decode())] = cookies_of(SimpleNamespace(headers=headers))
        for kernel_id, cookies in kernels.items():  # as a page does that has not connected yet
            assert site.ask(f"/api/kernels/{kernel_id}", Cookie=cookies)[0] == 200
    assert status == 503
    assert b"All places are taken" in words
    assert "Retry-After" in headers
    assert any(" ".join(words[7:]).endswith(" 503, 200") for words in site.log())
    assert {name: sum(k.startswith(f"{name}_") for k in kernels) for name in LIMITS} == LIMITS
    for kernel_id, cookies in kernels.items():
        assert site.ask(f"/voila/api/shutdown/{kernel_id}", "POST", Cookie=cookies)[0] == 204


def test_a_worker_that_dies_costs_its_own_visitors_a_click(site, come):
    visits = {}
    while set(visits) != {"1", "2"}:
        visit = come()
        if visits.setdefault(worker_of(visit), visit) is not visit:
            visit.leave()
    hurt, other = visits["1"], visits["2"]
    site.kill("1")
    expect(hurt.board).to_have_attribute("data-netdash-state", "lost", timeout=SOON)
    expect(hurt.banner).to_contain_text("Connection lost")
    hurt.shoot("worker-lost")
    hurt.banner.get_by_role("button", name="Reload this case").click()
    hurt.page.wait_for_function("""() => document.querySelector('#jupyter-config-data')?.textContent.includes('"2_')""")
    hurt.expect_case(AGE)
    # The worker that comes back takes nobody away from the one where they are now.
    site.workers["1"] = site.start("1")
    for visit in (hurt, other):
        visit.press("age_years", "ArrowRight")
        visit.expect_case(AGE.replace(age_years=51))
        expect(visit.banner).to_be_hidden()
    hurt.forgive("502", "503", "WebSocket")  # what could not be asked of the dead worker
    assert other.kernel_id().startswith("2_")


def test_a_session_is_its_visitors_also_for_those_who_have_the_token(site, come):
    visit = come()
    kernel_id = visit.kernel_id()
    for path, method in (
        ("/api/kernels/{}", "GET"),
        ("/api/kernels/{}/channels", "GET"),
        ("/api/kernels/{}", "DELETE"),
    ):
        status, _, _ = site.ask(path.format(kernel_id), method, Authorization=f"token {TOKEN}")
        assert status == 403
    assert site.ask(f"/voila/api/shutdown/{kernel_id}", "POST", Authorization=f"token {TOKEN}")[0] == 403
    visit.expect_case(AGE)


def test_too_many_pages_are_refused_and_too_many_guesses_while_open_boards_go_on(site, come):
    visit = come()
    pages = [site.ask("/?age_years=50", "HEAD")[:2] for _ in range(40)]
    assert {status for status, _ in pages} == {302, 429}  # what is not refused is asked for the token
    assert all(headers["Retry-After"] for status, headers in pages if status == 429)
    status, _, words = site.ask("/")
    assert status == 429
    assert words.startswith(b"Too many boards were asked for")
    guesses = [site.ask("/login", "POST", f"token=guess{n}")[0] for n in range(10)]
    assert guesses[0] == 401
    assert guesses[-1] == 429
    visit.press("age_years", "ArrowRight")
    visit.expect_case(AGE.replace(age_years=51))


def test_a_case_that_is_typed_as_a_path_is_not_logged(site):
    for path in (
        "/age_years=67",
        "/api/kernels/age_years=67",
        "/voila/static/age_years=67",
        "/voila/api/shutdown/age_years",
    ):
        assert site.ask(path)[0] >= 300
    # That nothing of them was written down is seen at the end of every test.


def test_another_name_is_cut_off(site):
    line = http.client.HTTPConnection("127.0.0.1", site.plain, timeout=120)
    line.request("GET", "/", headers={"Host": "elsewhere.example"})
    with pytest.raises((OSError, http.client.HTTPException)):
        line.getresponse()
    with pytest.raises((OSError, http.client.HTTPException)):
        site.ask("/healthz", Host="elsewhere.example")


def test_guesses_that_do_not_use_the_form_are_refused_after_ten_of_each_worker(site):
    statuses = []
    for n in range(40):
        given = {"Authorization": f"token guess{n}", "X-Forwarded-For": f"192.0.2.{n}"}
        statuses.append(site.ask("/api/kernels/a-b-c-d-e", **given)[0])
    assert 403 in statuses
    assert set(statuses[20:]) == {429}
    assert {site.ask(f"/nothing?token=guess{n}")[0] for n in range(5)} == {429}


def test_that_no_worker_is_left_is_said_in_plain_words(site):
    for worker in list(site.workers):
        site.kill(worker)
    status, headers, words = site.ask("/healthz")
    assert status == 503
    assert headers["Retry-After"] == "30"
    assert words.startswith(b"netdash is not running")


USER = "ward.seven@hospital.example"


def test_who_logs_in_by_name_comes_in_and_the_name_is_in_the_audit_line_only(tmp_path):
    provider = Provider(USER)
    gate = Gate(provider)
    site = Site(nginx_here(), tmp_path, login=gate)
    gate.public = site.url
    files = ("/", "/voila/templates/netdash/static/page.js", "/api/kernels/1_x/channels", "/nothing", "/healthz")
    for path in files:
        status, headers, _ = site.ask(f"{path}?{AGE.to_query()}", Cookie="gate=forged", **{"X-Forwarded-User": "boss"})
        assert (status, headers["Location"]) == (302, "/oauth2/start?rd=/"), path
    assert site.ask("/oauth2/auth")[0] == 404  # for nginx itself only
    cookie, way = follow(site, "/oauth2/start?rd=/")
    assert [urlsplit(step).path for step in way] == ["/authorize", "/oauth2/callback", "/"]
    status, headers, page = site.ask("/", Cookie=cookie, **{"X-Forwarded-User": "boss"})
    assert status == 200
    kernel_id = kernel_of(page.decode())
    cookies = "; ".join([cookie, cookies_of(SimpleNamespace(headers=headers))])
    address = f"wss://localhost:{site.port}/api/kernels/{kernel_id}/channels"
    trusted = {"ca_certs": str(tmp_path / "certificate.pem")}
    websocket.create_connection(address, cookie=cookies, sslopt=trusted, timeout=60).close()
    for known in (cookie, cookies.removeprefix(f"{cookie}; ")):  # the name alone, the session alone
        with pytest.raises(websocket.WebSocketException):
            websocket.create_connection(address, cookie=known, sslopt=trusted, timeout=60)
    worker = site.workers[kernel_id[0]]
    (line,) = map(json.loads, worker.complaints().splitlines())
    assert (line["audit"], line["user"]) == ("opened", USER)
    for process in (site.kernel(kernel_id), worker.warm_parent()):
        assert not holds(process, USER)
    assert USER not in ask(worker, "/metrics", Host="localhost").text
    assert site.ask(f"/voila/api/shutdown/{kernel_id}", "POST", Cookie=cookies)[0] == 204
    while len(lines := worker.complaints().splitlines()) < 2:  # it is written within a second
        time.sleep(0.1)
    assert [json.loads(line)["user"] for line in lines] == [USER, USER]
    site.check()
    assert all(USER not in path.read_text() for path in tmp_path.rglob("*.log"))
    site.stop()
    gate.stop()
    provider.stop()


def follow(site, path):
    """Follow redirects as a browser does; return the cookie of the login and the addresses on the way."""
    cookies, way = {}, []
    while True:
        address = urlsplit(path)
        query = f"?{address.query}" if address.query else ""
        if address.scheme == "http":
            line = http.client.HTTPConnection(address.netloc, timeout=60)
            line.request("GET", f"{address.path}{query}")
            answer = line.getresponse()
            status, headers = answer.status, answer.headers
            line.close()
        else:
            given = "; ".join(f"{name}={value}" for name, value in cookies.items())
            status, headers, _ = site.ask(f"{address.path}{query}", Cookie=given)
            for one in headers.get_all("Set-Cookie") or []:
                name, _, value = one.partition(";")[0].partition("=")
                cookies[name] = value
        if status != 302:
            return f"gate={cookies['gate']}", way
        path = headers["Location"]
        way.append(path)
