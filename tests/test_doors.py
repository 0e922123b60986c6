"""Attacks on the doors of the server: other people's sessions, names, guesses at the token, places, files on a disk."""

import contextlib
import errno
import itertools
import json
import logging
import os
import re
import resource
import signal
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
import websocket
from browser.served import NO_POOL, SERVE, Served, holds, name_for
from test_serve import FORM, run
from wire import Wire, ask, cookies_of, kernel_of, line_to, open_page

import netdash as nd
from netdash.server.machine import without_secrets
from netdash.server.redact import RedactingFilter, public_name, redact
from netdash.server.sessions import MOST_COOKIES, Visit

CASE = nd.Patient(age_years=48, ki67_percent=13.37)
TOKEN = "a long secret word"
ELSEWHERE = ["elsewhere.example", "192.0.2.1", "%2Fetc%2Fpasswd", "%2Fetc%2Fnope", "localhost.elsewhere.example", "a b"]
PATHS = ["/", "/healthz", "/nothing", "/login", "/logout", "/voila/templates/netdash/static/page.js", "/voila/static/x"]


@pytest.fixture(scope="module")
def server():
    served = Served((*SERVE, "--max-sessions", "100"))
    yield served
    served.stop()


@pytest.fixture
def victim(server):
    wire = Wire(server, CASE.to_query())
    yield wire
    wire.close()


# Whose session it is.


def test_whoever_knows_the_identifier_alone_gets_no_line_and_ends_nothing(server, victim):
    another = open_page(server)
    wrong = victim.cookies.partition("=")[0] + "=" + "x" * 43
    for cookies in ("", another.cookies, wrong, victim.cookies[:-1], f"{another.cookies}; {wrong}"):
        with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
            line_to(server, victim.kernel_id, cookie=cookies)
        for method, path in (("GET", "api/kernels/"), ("DELETE", "api/kernels/"), ("POST", "voila/api/shutdown/")):
            assert ask(server, f"/{path}{victim.kernel_id}", method, Cookie=cookies).status == 403
        written_otherwise = f"/voila/api/shutdown/%{ord(victim.kernel_id[0]):x}{victim.kernel_id[1:]}"
        assert ask(server, written_otherwise, "POST", Cookie=cookies).status == 403
    assert victim.content()["query"] == CASE.to_query()
    another.say_goodbye()


def test_a_kernel_that_is_kept_ready_belongs_to_nobody(server):
    page = open_page(server)
    for name in (name_for(page.kernel_id), page.kernel_id[:8]):
        assert ask(server, f"/api/kernels/{name}", Cookie=page.cookies).status == 404
    page.say_goodbye()


def readable_by_all(process):
    """Return what every user of the machine can read of a process and of the sockets there are."""
    return " ".join([*process.cmdline(), process.name(), Path("/proc/net/unix").read_text()])


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_identifier_stands_in_no_command_line_socket_or_file_name(server, victim):
    for process in (psutil.Process(server.process.pid), *server.family()):
        assert victim.kernel_id not in readable_by_all(process)
    for path in Path(server.scratch.name).rglob("*"):
        assert victim.kernel_id not in str(path)
    assert server.kernel(victim.kernel_id)
    assert victim.kernel_id not in server.complaints()


def test_tabs_that_load_at_once_do_not_take_each_others_cookies(server):
    with ThreadPoolExecutor(4) as browser:
        pages = list(browser.map(lambda _: open_page(server), range(4)))
    jar = "; ".join(page.cookies for page in pages)
    for page in pages:
        line_to(server, page.kernel_id, cookie=jar).close()
        page.say_goodbye()


def test_the_cookie_of_a_visit_is_for_this_server_alone_and_for_no_script(server):
    (given,) = ask(server).headers.get_all("Set-Cookie")
    assert "HttpOnly" in given
    assert "SameSite=Lax" in given
    assert "expires" not in given.lower()
    served = Served((*SERVE, "--base-url", "/board/"), NETDASH_PUBLIC_HOST="localhost", **NO_POOL)
    (given,) = ask(served, "/board/", **{"X-Forwarded-Proto": "https"}).headers.get_all("Set-Cookie")
    assert "Secure" in given
    assert "Path=/board/" in given
    served.kill()


def test_a_browser_that_holds_too_many_cookies_is_told_which_to_forget(server):
    page = open_page(server)
    old = [Visit.new() for _ in range(MOST_COOKIES)]
    jar = "; ".join([page.cookies, *(f"{name}={secret}" for name, secret in old)])
    answer = ask(server, Cookie=jar)
    forgotten = {given.partition("=")[0] for given in answer.headers.get_all("Set-Cookie") if '=""' in given}
    assert forgotten == {name for name, _ in old}
    assert page.ask().status == 200
    page.say_goodbye()


def test_a_kernel_is_told_no_secret(tmp_path):
    secrets = {
        "NETDASH_TOKEN": TOKEN,
        "JUPYTERHUB_API_TOKEN": "hub",
        "JPY_API_TOKEN": "hub",
        "AWS_SECRET_ACCESS_KEY": "k",
    }
    served = Served(**secrets)
    open_page(served, Authorization=f"token {TOKEN}")
    told = {
        process.pid: [name for name in secrets if holds(process, f"{name}={secrets[name]}")]
        for process in served.family()
    }
    hold_the_token = [process.pid for process in served.family() if holds(process, TOKEN)]
    assert len(told) > 1
    served.kill()
    assert [names for names in told.values() if names] == []
    assert hold_the_token == []


def test_what_is_called_a_secret_is_one():
    assert without_secrets({"PATH": "a", "MY_TOKEN": "b", "password": "c", "API_KEY": "d", "LANG": "e"}) == {
        "PATH": "a",
        "LANG": "e",
    }


def test_a_token_in_the_command_line_is_warned_of():
    served = Served((*SERVE, "--token", TOKEN), **NO_POOL)
    ask(served, "/healthz")
    assert "every user of this machine can read it" in served.complaints()
    served.kill()


# Names.


@pytest.mark.parametrize("path", PATHS)
def test_no_path_answers_under_another_name(server, path):
    for host in ELSEWHERE:
        answer = ask(server, path, Host=host)
        assert answer.status in (400, 403)
        assert len(answer.text) < 100


def test_no_answer_tells_whether_a_file_exists(server):
    said = {
        ask(server, Host=name).text for name in ("%2Fetc%2Fpasswd", "%2Fetc%2Fnope", "%2Froot%2F.bashrc", "%2Fnope")
    }
    assert len(said) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_another_name_is_refused_wherever_it_listens_once_its_name_is_given(host):
    served = Served((*SERVE, "--host", host), NETDASH_PUBLIC_HOST="board.example Other.example", **NO_POOL)
    for name in ("board.example", "BOARD.example:443", "other.example", "localhost:8866", "127.0.0.1", "[::1]"):
        assert ask(served, "/healthz", Host=name).status == 200
    for path in PATHS:
        for name in ELSEWHERE:
            assert ask(served, path, Host=name).status in (400, 403)
    page = open_page(served, Host="board.example")
    with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
        page.connect(host="elsewhere.example", origin="http://elsewhere.example")
    page.connect(host="board.example", origin="http://board.example").close()
    served.kill()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_beyond_this_machine_it_does_not_listen_for_everybody(host):
    ended = run("--port", "0", "--host", host)
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert re.fullmatch(rf"Error: host: given {re.escape(host)}, .* set NETDASH_TOKEN, or .*\.\n", ended.stderr)


@pytest.mark.parametrize("path", [f"{one}{two}" for one in PATHS[:3] for two in ("", "?x=1")])
@pytest.mark.parametrize("method", ["HEAD", "PUT", "PATCH", "OPTIONS", "TRACE", "NOSUCH", "POST", "DELETE"])
def test_no_method_makes_the_server_fail_or_begins_a_session(server, method, path):
    before = json.loads(ask(server, "/healthz").text)["sessions"]
    answer = ask(server, path, method)
    assert answer.status < 500
    if method == "HEAD" and path.startswith(("/?", "/healthz")):
        assert answer.status == 200
    assert json.loads(ask(server, "/healthz").text)["sessions"] == before


@pytest.mark.parametrize(
    "path",
    [
        "/voila/templates/lab/static/../../x",
        "/voila/templates/../../x/static/y",
        "/voila/templates/lab/static/%2e%2e/x",
        "/voila/templates/lab/static/..\\x",
        "/voila/templates/lab/static//etc/passwd",
        "/voila/static/..%2f..",
        "/voila/templates/x/static/",
    ],
)
def test_a_path_that_leads_elsewhere_is_not_found(server, path):
    assert ask(server, path).status == 404


def test_a_path_that_is_no_text_is_refused_and_nothing_is_said_about_it(server):
    before = server.complaints()
    for path in ("/%ff", "/%FF%fe?x=%ff", "/voila/static/%ff", "/api/kernels/%ff", "/%ff/.."):
        assert ask(server, path).status == 400, path
    assert server.complaints() == before


@pytest.mark.parametrize("path", [*PATHS, "/voila/templates/lab/static/../x"])
def test_every_answer_carries_the_headers_that_protect(server, path):
    headers = ask(server, path).headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "Server" not in headers


# Guesses at the token.


@pytest.fixture
def guarded():
    served = Served(NETDASH_TOKEN=TOKEN, **NO_POOL)
    yield served
    served.kill()


def test_a_token_that_is_no_text_is_refused_and_nothing_is_said_about_it(guarded):
    before = guarded.complaints()
    assert [ask(guarded, path).status for path in ("/?token=%ff", "/login?token=%ff")] == [400, 400]
    assert guarded.complaints() == before


def guess(how, token):
    """Return path, method, body and headers of a request that gives a token."""
    return {
        "form": ("/login", "POST", f"token={token}", FORM),
        "header": ("/api/kernels/a-b-c-d-e", "GET", None, {"Authorization": f"token {token}"}),
        "bearer": ("/", "GET", None, {"Authorization": f"Bearer {token}"}),
        "query": (f"/?token={token}", "GET", None, {}),
        "query elsewhere": (f"/nothing?token={token}", "GET", None, {}),
        "logout": (f"/logout?token={token}", "GET", None, {}),
    }[how]


@pytest.mark.parametrize("how", ["form", "header", "bearer", "query", "query elsewhere", "logout"])
def test_guesses_are_limited_however_they_are_made(guarded, how):
    given = ask(guarded, "/login", "POST", "token=a+long+secret+word", **FORM)
    inside = {"Cookie": cookies_of(given)}

    def answer(token):
        path, method, body, headers = guess(how, token)
        return ask(guarded, path, method, body, **headers)

    statuses = [answer(f"guess{n}").status for n in range(15)]
    assert 429 not in statuses[:10]
    assert set(statuses[10:]) == {429}
    right = answer("a%20long%20secret%20word" if "query" in how or how == "logout" else TOKEN)
    assert right.status == 429  # else it would tell which guess was right
    assert int(right.headers["Retry-After"]) > 0
    for other in ("form", "header", "query"):
        path, method, body, headers = guess(other, "guess")
        assert ask(guarded, path, method, body, **headers).status == 429
    assert ask(guarded, **inside).status == 200  # whoever is in stays in
    assert guarded.complaints().count("10 wrong tokens within a minute from 127.0.0.1") == 1
    assert "guess" not in guarded.complaints()


@pytest.mark.parametrize("name", ["X-Real-Ip", "X-Forwarded-For", "Forwarded", "X-Client-Ip"])
def test_a_visitor_does_not_choose_the_address_that_his_guesses_are_counted_for(name):
    served = Served(NETDASH_TOKEN=TOKEN, NETDASH_PUBLIC_HOST="localhost", **NO_POOL)
    statuses = []
    for n in range(15):
        sent = {name: f"198.51.100.{n}"}
        sent["X-Forwarded-For"] = ", ".join(filter(None, [sent.get("X-Forwarded-For"), "192.0.2.1"]))  # the proxy's
        statuses.append(ask(served, "/nothing", Authorization=f"token guess{n}", **sent).status)
    assert set(statuses[10:]) == {429}
    other = {"X-Forwarded-For": "192.0.2.2"}
    assert (
        ask(served, "/nothing", Authorization=f"token {TOKEN}", **other).status == 404
    )  # another visitor of the proxy
    served.kill()


@pytest.mark.parametrize("token", ["x", "praxis1", "fifteen letters"])
def test_a_token_that_can_be_guessed_is_refused_in_words(token):
    ended = run("--port", "0", "--token", token)
    assert ended.returncode == 1
    assert f"Error: token: given one of {len(token)} characters, expected at least 16" in ended.stderr
    assert f"{token!r}" not in ended.stderr


def test_a_wrong_token_does_not_stay_in_the_address(guarded):
    answer = ask(guarded, f"/?token=bad&{CASE.to_query()}")
    assert (answer.status, answer.headers["Location"]) == (302, f"/#{CASE.to_query()}")
    assert "bad" not in ask(guarded, answer.headers["Location"]).headers["Location"]


def test_an_address_with_a_token_leads_to_no_other_site(server, guarded):
    for served, start in itertools.product((server, guarded), ("//", "///", "/\\", "/\\/", "//user@")):
        answer = ask(served, f"{start}elsewhere.example/?token=x&{CASE.to_query()}")
        assert answer.status == 302
        assert re.match(r"/[^/\\]", answer.headers["Location"])


def test_logging_out_ends_the_cookie_and_the_sessions_of_the_browser(guarded):
    given = cookies_of(ask(guarded, "/login", "POST", "token=a+long+secret+word", **FORM))
    page, another = (open_page(guarded, Cookie=given) for _ in range(2))
    kernel = guarded.kernel(page.kernel_id)
    for elsewhere in ("cross-site", "same-site"):
        assert ask(guarded, "/logout", Cookie=page.cookies, **{"Sec-Fetch-Site": elsewhere}).status == 403
    answer = ask(guarded, "/logout", Cookie=page.cookies)
    assert answer.status == 200
    assert "You are logged out" in answer.text
    assert {cookie.partition("=")[0] for cookie in page.cookies.split("; ")} <= {
        cookie.partition("=")[0] for cookie in answer.headers.get_all("Set-Cookie") if '=""' in cookie
    }
    kernel.wait(timeout=120)
    assert ask(guarded, Cookie=given).status == 302  # also when the browser kept it
    assert guarded.kernel(another.kernel_id).is_running()  # that of another browser with the same token
    assert guarded.complaints() == ""


@pytest.mark.parametrize("path", [*PATHS[2:5], "/api/kernels/a-b-c-d-e", "/voila/labextensions/x", "/voila/static/x"])
def test_only_the_page_and_the_token_give_a_cookie(server, path):
    for method in ("GET", "POST", "DELETE"):
        assert ask(server, path, method).headers.get_all("Set-Cookie") is None


def test_without_a_token_nobody_needs_a_cookie_of_one(server):
    assert "username" not in str(ask(server).headers.get_all("Set-Cookie"))
    assert ask(server, "/logout").status == 200


# Places.


def state_of(server):
    return json.loads(ask(server, "/healthz").text)


def within(seconds, condition):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.2)


def test_a_page_that_never_connects_gives_its_place_back():
    served = Served((*SERVE, "--max-sessions", "3"))
    for _ in range(3):
        open_page(served)
    assert not state_of(served)["accepting"]
    within(120, lambda: state_of(served)["sessions"] == 0)
    served.stop()


def test_a_page_that_still_loads_and_says_so_keeps_its_place():
    served = Served()
    page = open_page(served)
    for _ in range(9):
        time.sleep(2)
        assert page.ask().status == 200
    page.connect().close()
    served.stop()


HALF_OPEN = 600
FEW_DESCRIPTORS = ("/bin/sh", "-c", 'ulimit -n 1024; exec "$@"', "sh", *SERVE)


def test_connections_that_stay_half_open_end_and_fill_no_log():
    served = Served(FEW_DESCRIPTORS)
    visitor = Wire(served, CASE.to_query())
    address = urlsplit(served.url)
    lines = []
    for _ in range(HALF_OPEN):
        lines.append(socket.create_connection((address.hostname, address.port), timeout=180))
        with contextlib.suppress(OSError):  # closed at once when there are too many
            lines[-1].sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
    assert visitor.content()["query"] == CASE.to_query()  # who is in notices nothing
    within(60, lambda: psutil.Process(served.process.pid).num_fds() < HALF_OPEN / 2)
    assert ask(served, "/healthz").status == 200
    assert len(served.complaints().splitlines()) <= 1
    for line in lines:
        line.close()
    served.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="reads the limits of another process")
def test_descriptors_are_raised_as_far_as_they_may_be():
    served = Served(("/bin/sh", "-c", 'ulimit -S -n 300; exec "$@"', "sh", *SERVE), **NO_POOL)
    soft, hard = resource.prlimit(served.process.pid, resource.RLIMIT_NOFILE)
    assert soft == min(hard, 65_536)
    served.kill()


def test_the_log_says_the_same_once_a_minute_and_names_no_kernel():
    kernel_id = "a1_8bd3eabe-f8fc-459b-9552-940ce0815a8b"
    assert redact(f"GET /api/kernels/{kernel_id}/channels?session_id=x failed") == (
        f"GET /api/kernels/[kernel {public_name(kernel_id)[:8]}]/channels?... failed"
    )
    redacting = RedactingFilter()
    records = [logging.makeLogRecord({"msg": "Too many open files", "levelno": 40}) for _ in range(1000)]
    assert sum(map(redacting.filter, records)) == 1
    various = [logging.makeLogRecord({"msg": f"line {n}", "levelno": 40}) for n in range(1000)]
    assert sum(map(redacting.filter, various)) < 100


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("Task was destroyed\ntask: <Task age_years=48>", "Task was destroyed"),
        ("GET /?name='Smith'&x=\xa048\x8548 failed", "GET /?... failed"),
        ('Request(uri="/?age_years=48", method="GET")', 'Request(uri="/?... method="GET")'),
    ],
)
def test_a_line_of_the_log_is_one_line_without_the_query(message, line):
    record = logging.makeLogRecord({"msg": message, "levelno": 40})
    RedactingFilter().filter(record)
    assert record.getMessage() == line


# Serves with jupyter_server's time of day an hour later once a file is there; looks for idle sessions each second.
CLOCK = """
import datetime, pathlib, sys
import jupyter_server.services.kernels.kernelmanager as kernels
import netdash.server.configuration as serving
from netdash.serve import serve

moved, now, configuration = pathlib.Path(sys.argv[1]), kernels.utcnow, serving.configuration

def often(*asked):
    found = configuration(*asked)
    found.Kernels.cull_interval = 1
    return found

kernels.utcnow = lambda: now() + datetime.timedelta(hours=moved.exists())
serving.configuration = often
serve(port=0, open_browser=False, idle_minutes=5)
"""


def test_a_clock_that_is_set_ends_no_session(tmp_path):
    moved = tmp_path / "moved"
    served = Served((sys.executable, "-c", CLOCK, str(moved)))
    wire = Wire(served, CASE.to_query())
    time.sleep(3)  # it is known by now when the session was used
    moved.touch()
    time.sleep(5)
    assert served.knows(wire.kernel_id)
    assert wire.content()["query"] == CASE.to_query()
    served.kill()


# Nothing on a disk.


@pytest.mark.skipif(sys.platform != "linux", reason="reads the limits of another process")
def test_a_kernel_that_crashes_writes_no_core(tmp_path):
    served = Served(("/bin/sh", "-c", 'ulimit -c unlimited; cd "$0"; exec "$@"', str(tmp_path), *SERVE))
    wire = Wire(served, CASE.to_query())
    for process in (psutil.Process(served.process.pid), *served.kernels()):
        # 1 and not 0, with which Linux would still hand the core to a program that collects them.
        assert resource.prlimit(process.pid, resource.RLIMIT_CORE) == (1, 1)
    kernel = served.kernel(wire.kernel_id)
    folders = {tmp_path, Path(kernel.cwd())}
    before = {path for folder in folders for path in folder.glob("core*")}
    kernel.send_signal(signal.SIGSEGV)
    kernel.wait(timeout=120)
    assert {path for folder in folders for path in folder.glob("core*")} == before
    served.kill()


def test_a_home_that_cannot_be_written_to_is_not_needed(tmp_path):
    home = tmp_path / "home"
    home.touch()  # a file: nobody can write below it, not even root
    served = Served(HOME=str(home))
    for _ in range(3):
        wire = Wire(served, CASE.to_query())
        assert wire.content()["query"] == CASE.to_query()
        wire.close()
    assert state_of(served)["status"] == "ok"
    served.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="sets the limits of another process")
@pytest.mark.parametrize("pool", ["0", "1"])
def test_no_room_for_temporary_files_is_a_plain_sentence_and_passes(pool):
    served = Served((*SERVE, "--pool", pool))
    wire, pid = Wire(served, CASE.to_query()), served.process.pid
    limits = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, limits[1]))  # as on a disk that is full
    answer = ask(served, "/healthz")
    assert answer.status == 503
    assert json.loads(answer.text)["status"] == "not ready"
    assert os.strerror(errno.EFBIG) in json.loads(answer.text)["reason"]
    pages = [ask(served) for _ in range(3)]
    assert {page.status for page in pages} <= {200, 503}  # a kernel kept ready can still be given out
    assert pages[-1].status == 503
    assert "No board can be opened on this server now: temporary files cannot be written" in pages[-1].text
    assert served.scratch.name not in pages[-1].text
    assert wire.content()["query"] == CASE.to_query()
    resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)
    assert ask(served, "/healthz").status == 200
    assert kernel_of(ask(served).text)
    within(120, lambda: len(served.kernels()) >= 2 + int(pool))
    assert "Traceback" not in served.complaints()
    served.kill()
