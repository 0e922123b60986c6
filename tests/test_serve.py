"""The server: what it says, what it gives away, what it lets in, and that it leaves nothing behind."""

import gzip
import json
import re
import runpy
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from types import ModuleType, SimpleNamespace
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import nbformat
import psutil
import pytest
import websocket
from browser.served import NO_POOL, POOL, SERVE, Served, holds, serve_notebook
from conftest import ROOT
from wire import V1, Wire, ask, cookies_of, kernel_of, message, open_page, pack_v1, raw

import netdash as nd
from netdash.board.frame import PLOTLY
from netdash.serve import serve
from netdash.server.configuration import EXTENSIONS
from netdash.server.kernels import REFILL_SECONDS
from netdash.server.settings import ServeError
from netdash.server.voila_app import CACHE_SECONDS, SCRIPTS

PATIENT = nd.Patient(age_years=48, ki67_percent=4)
FOREIGN = "http://elsewhere.example"


@pytest.fixture(scope="module")
def server():
    served = Served()
    yield served
    served.stop()


@pytest.fixture(scope="module")
def bothered():
    """A server that is asked for what it does not have; what it says of it is looked at."""
    served = Served()
    yield served
    served.kill()


def open_session(server, query=""):
    """Open the page without a browser; return the identifier of its kernel."""
    return open_page(server, query).kernel_id


# What it says.


def test_it_prints_a_real_address_and_the_board_is_there(server):
    assert re.fullmatch(r"netdash is served at http://127\.0\.0\.1:[1-9]\d*/\n", server.line)
    page = ask(server)
    assert page.status == 200
    assert "<title>netdash</title>" in page.text


def test_it_listens_on_this_machine_only(server):
    open_session(server)
    ours = [psutil.Process(server.process.pid), *server.family()]
    listening = [c.laddr.ip for p in ours for c in p.net_connections("inet") if c.status == psutil.CONN_LISTEN]
    assert set(listening) == {"127.0.0.1"}


def run(*options):
    command = [sys.executable, "-m", "netdash", "serve", "--no-browser", *options]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=180)


def test_a_busy_port_is_one_plain_sentence():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run("--port", str(port))
    assert ended.returncode != 0
    assert ended.stdout == ""
    assert ended.stderr == (
        f"Error: netdash cannot listen on 127.0.0.1:{port} (Address already in use): choose another with --port.\n"
    )


def test_a_host_that_is_none_of_ours_is_one_plain_sentence():
    ended = run("--port", "0", "--host", "192.0.2.1", "--public-host", "board.example")
    assert ended.returncode != 0
    assert re.fullmatch(r"Error: netdash cannot listen on 192\.0\.2\.1:0 \(.+\): .+\.\n", ended.stderr)


def serve_after(statement):
    """Return the command that serves the board after a statement of Python."""
    return sys.executable, "-c", f"{statement}; from netdash.cli import main; main()", *SERVE[3:]


def test_visitors_who_come_at_once_do_not_wait_until_the_page_of_another_has_loaded():
    served = Served((*serve_after("from netdash.server import kernels; kernels.REFILL_SECONDS = 3600"), "--pool", "1"))
    visits = [Wire(served, "age_years=50") for _ in range(4)]
    assert len({visit.kernel_id for visit in visits}) == 4
    for visit in visits:
        visit.close()
    served.stop()


def test_visitors_whose_requests_are_read_at_once_do_not_wait_either():
    """Then the next visitor comes before the task that starts a kernel for the pool has begun to wait for one."""
    served = Served(serve_after("from netdash.server import kernels; kernels.REFILL_SECONDS = 3600"))
    served.rest()
    process, place = psutil.Process(served.process.pid), urlsplit(served.url).netloc
    lines = [HTTPConnection(place, timeout=600) for _ in range(4)]
    process.suspend()
    for line in lines:
        line.request("GET", "/")
    process.resume()
    pages = [line.getresponse().read().decode() for line in lines]
    assert len({kernel_of(page) for page in pages}) == len(pages)
    for line in lines:
        line.close()
    served.stop()


@pytest.fixture
def folder_too_long(tmp_path):
    """A folder for temporary files in which no socket of a session can have a path."""
    folder = tmp_path / ("x" * 100)
    folder.mkdir()
    return folder


@pytest.mark.skipif(sys.platform == "win32", reason="there a session has ports, not paths")
def test_a_folder_whose_name_is_too_long_for_sockets_is_one_plain_sentence(folder_too_long, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(folder_too_long))
    ended = run("--port", "0")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert re.fullmatch(
        rf"Error: The folder for temporary files, {folder_too_long}, has a name that is too long for the sockets of a "
        r"session, by \d+ characters; set TMPDIR to a folder with a shorter name\.\n",
        ended.stderr,
    )
    assert list(folder_too_long.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="there a session has ports, not paths")
def test_where_every_kernel_dies_at_once_a_visitor_is_told_and_no_kernel_is_started_for_ever(folder_too_long):
    """The check of the folder is left out, so that kernels are started where they cannot live."""
    unchecked = "import netdash.server.voila_app as app; app.check_room_for_sockets = lambda folder: None"
    served = Served((*serve_after(unchecked), "--pool", "1"), TMPDIR=str(folder_too_long))
    page = ask(served)
    assert page.status == 503
    assert "No board can be opened on this server now: a kernel could not be started" in page.text
    tried = served.complaints().count("ERROR")
    time.sleep(2 * REFILL_SECONDS)  # the pool tries one more
    assert 1 <= tried <= 5
    assert served.complaints().count("ERROR") <= tried + 1
    served.kill()


def test_a_missing_notebook_is_one_plain_sentence(tmp_path):
    missing = tmp_path / "missing.ipynb"
    with pytest.raises(ServeError, match=re.escape(f"The notebook {missing} is missing; install netdash again.")):
        serve(notebook=missing)


@pytest.mark.parametrize("package", ["voila", "ipywidgets", "anywidget", "plotly"])
def test_a_missing_package_is_one_plain_sentence(package):
    code = f"import sys; sys.modules[{package!r}] = None; from netdash.cli import main; main(['serve', '--port', '0'])"
    command = [sys.executable, "-c", code]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=180)
    assert ended.returncode != 0
    assert ended.stderr == f"Error: The package {package} is missing; install it with: pip install {package}.\n"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("sys.modules['jupyterhub'] = None", "The package jupyterhub is missing; install the version of the Hub: .*"),
        ("sys.modules['jupyterhub'] = sys", "hub: netdash was not started by a Hub; see .*"),
        (
            "sys.modules['jupyterhub'] = sys; os.environ['JUPYTERHUB_SERVICE_PREFIX'] = '/services/board/'",
            "base_url: given '/', but the Hub leads to /services/board/; set NETDASH_BASE_URL=/services/board/.",
        ),
    ],
)
def test_the_login_of_a_hub_needs_a_hub(code, said):
    command = f"import os, sys; {code}; from netdash.cli import main; main(['serve', '--hub', '--port', '0'])"
    ended = subprocess.run([sys.executable, "-c", command], check=False, capture_output=True, text=True, timeout=180)
    assert ended.returncode == 1
    assert re.fullmatch(rf"Error: {said}\n", ended.stderr)


@pytest.mark.parametrize("pkce", [False, True], ids=["JupyterHub 5", "JupyterHub 6"])
def test_the_login_of_a_hub_is_asked_for_as_its_version_takes_it(monkeypatch, pkce):
    auth = ModuleType("jupyterhub.services.auth")
    auth.HubOAuth = auth.HubOAuthCallbackHandler = type("Part", (), {})
    for name, module in (("jupyterhub", ModuleType("jupyterhub")), ("jupyterhub.services.auth", auth)):
        monkeypatch.setitem(sys.modules, name, module)
    kept = {}
    hub = SimpleNamespace(
        login_url="/hub/api/oauth2/authorize?client_id=netdash",
        set_state_cookie=lambda handler, next_url, **more: kept.update(more, next_url=next_url) or "a-state",
    )
    if pkce:
        hub.pkce_enabled, hub.generate_pkce_code_challenge = True, lambda: ("verifier", "challenge", "S256")
    handler = SimpleNamespace(request=SimpleNamespace(path="/services/netdash/"))
    identity = runpy.run_path(str(ROOT / "netdash" / "server" / "hub.py"))["HubIdentity"]
    address = identity.login_elsewhere(SimpleNamespace(hub=hub), handler)
    asked = dict(parse_qsl(urlsplit(address).query))
    assert asked.pop("state") == "a-state"
    more = {"code_challenge": "challenge", "code_challenge_method": "S256"} if pkce else {}
    assert asked == {"client_id": "netdash"} | more
    assert kept == {"next_url": "/services/netdash/"} | ({"code_verifier": "verifier"} if pkce else {})


# What it gives away.


def test_boards_that_wait_are_counted_once_they_have_run_the_notebook(tmp_path):
    go = tmp_path / "go"
    lines = ["import time", "from pathlib import Path", f"while not Path({str(go)!r}).exists():", "    time.sleep(0.1)"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("\n".join(lines))])
    nbformat.write(notebook, tmp_path / "slow.ipynb")
    served = Served(serve_notebook(tmp_path / "slow.ipynb"))
    while len(served.kernels()) < POOL:
        time.sleep(0.1)
    assert served.waiting_boards() == 0
    go.touch()
    served.rest()
    assert served.waiting_boards() == POOL
    served.kill_kernel(served.waiting_kernel())
    while served.waiting_boards() != POOL - 1:  # until the server has noticed
        time.sleep(0.1)
    served.stop()


def test_a_server_without_a_pool_counts_no_boards_that_wait():
    served = Served(**NO_POOL)
    assert served.waiting_boards() == 0
    served.stop()


def test_an_operator_sees_counts_and_audit_lines_and_can_drain_the_server():
    options = {"NETDASH_AUDIT": "yes", "NETDASH_USER_HEADER": "X-Forwarded-User", "NETDASH_PUBLIC_HOST": "localhost"}
    served = Served(**options)
    assert json.loads(ask(served, "/readyz").text) == {"ready": True}
    page = open_page(served, "age_years=61.37125", **{"X-Forwarded-User": "ward 7"})
    line = page.connect()
    counts = ask(served, "/metrics").text
    assert "netdash_sessions 1.0" in counts
    assert "netdash_start_seconds_count 1.0" in counts
    assert "61.37125" not in counts
    assert "ward 7" not in counts
    served.process.send_signal(signal.SIGUSR1)
    while (answer := ask(served, "/readyz")).status == 200:
        time.sleep(0.1)
    assert json.loads(answer.text) == {"ready": False, "reason": "no new boards are taken"}
    refused = ask(served)
    assert refused.status == 503
    assert "This server takes no new boards" in refused.text
    assert "places are taken" not in refused.text
    assert 'netdash_refused_total{reason="draining"} 1.0' in ask(served, "/metrics").text
    assert served.knows(page.kernel_id)  # an open board goes on
    line.close()
    page.say_goodbye()
    assert served.process.wait(timeout=120) == 0
    events = [json.loads(line) for line in served.complaints().splitlines()]
    assert [(event["audit"], event["user"]) for event in events] == [("opened", "ward 7"), ("closed", "ward 7")]
    assert "61.37125" not in served.complaints()
    assert page.kernel_id not in served.complaints()
    served.close()


@pytest.mark.parametrize("how", ["terminated", "drained for too long"])
def test_a_server_that_ends_says_which_boards_it_closed(how):
    served = Served(NETDASH_AUDIT="yes", NETDASH_DRAIN_MINUTES="0.02", **NO_POOL)
    line = open_page(served).connect()
    served.process.send_signal(signal.SIGTERM if how == "terminated" else signal.SIGUSR1)
    assert served.process.wait(timeout=120) == 0
    opened, closed = (json.loads(line) for line in served.complaints().splitlines())
    assert (opened["audit"], closed["audit"]) == ("opened", "closed")
    assert opened["session"] == closed["session"]
    line.close()
    served.close()


def test_the_page_forbids_what_it_does_not_need(server):
    headers = ask(server).headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["connect-src"] == "'self'"
    assert "unsafe" not in policy["script-src"]
    assert not any("http" in sources or "*" in sources for sources in policy.values())
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "no-store" in headers["Cache-Control"]


def test_the_page_asks_for_files_of_its_own_server_only(server):
    found = re.findall(r'(?:src|href)="([^"]*)"', ask(server).text)
    assert found
    assert [address for address in found if not (address.startswith("/voila/") or address == "data:,")] == []
    for address in found:
        if address.startswith("/"):
            assert ask(server, address).status == 200


def test_a_browser_need_not_ask_again_for_a_file(server):
    for address in re.findall(r'(?:src|href)="(/[^"]*)"', ask(server).text):
        assert int(re.search(r"max-age=(\d+)", ask(server, address).headers["Cache-Control"])[1]) >= CACHE_SECONDS
    extensions = re.findall(r'"load": ?"(?:./)?(static/[^"]*)", ?"name": ?"([^"]*)"', ask(server).text)
    assert {name for _, name in extensions} == set(EXTENSIONS)
    for file, name in extensions:
        assert "immutable" in ask(server, f"/voila/labextensions/{name}/{file}").headers["Cache-Control"]


def test_files_are_sent_compressed_to_who_takes_it_with_an_etag_and_a_length_of_their_own(server):
    address = "/voila/templates/netdash/static/page.js"
    plain = ask(server, address)
    assert plain.headers["Content-Encoding"] is None
    for accepted in ("br;q=1, gzip", "gzip;q=0.5"):
        packed = raw(server, address, **{"Accept-Encoding": accepted})
        assert packed.headers["Content-Encoding"] == "gzip"
        assert int(packed.headers["Content-Length"]) == len(packed.body) < len(plain.text)
        assert gzip.decompress(packed.body).decode() == plain.text
        assert packed.headers["ETag"] != plain.headers["ETag"]
    for headers in (plain.headers, packed.headers):
        assert "Accept-Encoding" in headers["Vary"]
        assert headers["Content-Type"] == plain.headers["Content-Type"]
    seen = {"Accept-Encoding": "gzip", "If-None-Match": packed.headers["ETag"]}
    assert raw(server, address, **seen).status == 304
    assert raw(server, address, **seen | {"If-None-Match": '"another"'}).status == 200
    for refused in ("identity", "gzip;q=0", "gzip; q=0.0, br"):
        assert raw(server, address, **{"Accept-Encoding": refused}).body.decode() == plain.text
    part = raw(server, address, **{"Accept-Encoding": "gzip", "Range": "bytes=10-19"})
    assert (part.status, part.body.decode()) == (206, plain.text[10:20])
    length = ask(server, address, "HEAD", **{"Accept-Encoding": "gzip"}).headers["Content-Length"]
    assert int(length) == len(packed.body)


def test_the_page_and_its_joined_scripts_are_sent_compressed(server):
    packed = raw(server, "/", **{"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    text = gzip.decompress(packed.body).decode()
    assert kernel_of(text)
    (scripts,) = set(re.findall(r'"(/voila/static/page\.\w+\.js)"', text))
    plain, packed = ask(server, scripts), raw(server, scripts, **{"Accept-Encoding": "gzip"})
    assert gzip.decompress(packed.body).decode() == plain.text
    assert "immutable" in packed.headers["Cache-Control"]
    assert len(packed.body) < len(plain.text) / 3


def test_neither_source_nor_traceback_reaches_the_page(tmp_path):
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [
        nbformat.v4.new_code_cell("patient_name = 'in the source'\n'in the output'"),
        nbformat.v4.new_code_cell("raise ValueError('in the error')"),
    ]
    nbformat.write(notebook, tmp_path / "broken.ipynb")
    served = Served(serve_notebook(tmp_path / "broken.ipynb"))
    page = ask(served).text
    served.kill()
    assert "data-netdash-error" in page
    assert "in the output" in page
    for secret in ("in the source", "patient_name", "in the error", "ValueError", "Traceback", str(tmp_path)):
        assert secret not in page


def test_the_boards_source_is_not_in_its_page(server):
    page = ask(server).text
    assert "import" not in page
    assert str(ROOT) not in page


@pytest.mark.parametrize(
    "path",
    [
        "/pyproject.toml",
        "/../pyproject.toml",
        "/..%2fpyproject.toml",
        "/tumor_board.ipynb",
        "/voila/files/tumor_board.ipynb",
        "/voila/files/../pyproject.toml",
        "/voila/files/..%2fpyproject.toml",
        "/voila/files//etc/passwd",
        "/voila/static/../app.py",
        "/voila/static/..%2fapp.py",
        f"/{SCRIPTS}/../../app.py",
        f"/{SCRIPTS}/..%2f..%2fapp.py",
        f"/{SCRIPTS}/%2fetc/passwd",
        "/voila/templates/netdash/index.html.j2",
        "/voila/templates/netdash/static/..%2findex.html.j2",
        "/voila/templates/netdash/static/../../../../frame.py",
        "/voila/labextensions/..%2f..%2f..%2f..%2fpyvenv.cfg",
        "/voila/tree",
        "/voila/render/tumor_board.ipynb",
        "/api/kernels",
        "/api/contents/tumor_board.ipynb",
        "/api/sessions",
        "/api/terminals",
        "/lab",
        "/%00",
    ],
)
def test_no_file_and_no_list_can_be_had(bothered, path):
    answer = ask(bothered, path)
    if answer.status == 302:
        assert answer.headers["Location"].startswith("/voila/files/")
        answer = ask(bothered, answer.headers["Location"])
    assert answer.status >= 400
    assert len(answer.text) < 1000
    assert "Traceback" not in answer.text
    assert str(ROOT) not in answer.text


@pytest.mark.parametrize("path", ["/", "/logout", "/nothing", "/%00", "/voila/templates/x"])
def test_what_is_logged_is_short_and_holds_no_case(bothered, path):
    ask(bothered, f"{path}?{PATIENT.to_query()}")
    assert "age_years" not in bothered.complaints()
    assert "Traceback" not in bothered.complaints()
    assert "logger" not in bothered.complaints()  # nothing goes wrong in the logging itself


def test_neither_template_nor_theme_can_be_chosen_by_a_visitor(server):
    assert 'data-netdash="page"' in ask(server, "/?template=lab").text
    assert 'data-netdash="page"' in ask(server, "/?theme=dark").text


def test_the_vendored_plotly_is_the_one_that_plotly_speaks_to():
    from plotly.offline import get_plotlyjs_version

    head = PLOTLY.read_text(encoding="utf-8")[:300]
    assert f"plotly.js (cartesian - minified) v{get_plotlyjs_version()}" in head
    assert "MIT license" in head
    assert (PLOTLY.parent / "plotly-cartesian.LICENSE.txt").is_file()


# What it lets in.


@pytest.mark.parametrize("protocol", ["", V1])
@pytest.mark.parametrize("channel", ["shell", "control"])
def test_a_visitor_cannot_run_code(server, tmp_path, channel, protocol):
    target = tmp_path / "ran"
    code = f"open({str(target)!r}, 'w')"
    line = open_page(server).connect(subprotocols=[protocol] if protocol else None)

    def send(text, channel):
        line.send_binary(pack_v1(text, channel)) if protocol else line.send(text)

    send(message("execute_request", channel, code=code, silent=False), channel)
    evaluate = {"expression": code, "context": "repl"}
    send(message("debug_request", channel, type="request", command="evaluate", arguments=evaluate), channel)
    send(message("complete_request", channel, code=f"{code}.", cursor_pos=len(code) + 1), channel)
    send(message("kernel_info_request", channel), channel)
    kinds = []
    while (
        "kernel_info_reply" not in kinds
    ):  # the kernel answers in order: had it taken the others, it would have run them
        kinds.append(kind_of(line.recv()))
    line.close()
    assert not target.exists()
    assert {"execute_reply", "debug_reply", "complete_reply"}.isdisjoint(kinds)


def kind_of(received):
    text = received if isinstance(received, str) else received.decode("latin-1")
    return re.search(r'"msg_type": ?"(\w+)"', text)[1]


def test_another_site_can_neither_listen_nor_end_a_session(server):
    page = open_page(server)
    with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
        page.connect(origin=FOREIGN)
    assert page.ask("POST", "voila/api/shutdown/{}", Origin=FOREIGN).status >= 400
    assert page.ask("DELETE", Origin=FOREIGN).status >= 400
    assert page.ask().status == 200
    assert page.ask("POST", "voila/api/shutdown/{}", Origin=server.url.rstrip("/")).status == 204
    assert page.ask().status == 404


def test_every_page_has_a_kernel_of_its_own(server):
    assert len({open_session(server, PATIENT.to_query()) for _ in range(3)}) == 3


@pytest.mark.skipif(
    not hasattr(psutil.Process, "memory_maps"), reason="the system does not tell what a process has loaded"
)
def test_a_kernel_loads_neither_debugger_nor_arrow(server):
    loaded = " ".join(part.path for part in server.kernel(open_session(server)).memory_maps())
    assert "pandas" in loaded  # it has run the notebook
    assert "debugpy" not in loaded
    assert "pyarrow" not in loaded


UNUSED = [
    *("charset_normalizer", "dask", "debugpy", "frictionless", "jedi", "jsonschema", "matplotlib", "nbformat"),
    *("numpy.f2py", "numpy.polynomial", "numpy.testing", "plotly", "polars", "prompt_toolkit", "pyarrow", "requests"),
    *("psutil", "scipy"),
]


def test_a_kernel_loads_nothing_that_the_board_does_not_use(tmp_path):
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [
        nbformat.v4.new_code_cell("from netdash.board import Board; board = Board()"),
        nbformat.v4.new_code_cell(
            "import sys\n"
            "loaded = {name for name, made in sys.modules.items() if made and type(made).__name__ != '_LazyModule'}\n"
            f"' '.join(['unused:', *sorted(loaded & set({UNUSED})), 'used:', *sorted(loaded & {{'pandas'}})])"
        ),
        nbformat.v4.new_code_cell("import numpy; numpy.testing.assert_equal.__name__"),
    ]
    nbformat.write(notebook, tmp_path / "modules.ipynb")
    served = Served(serve_notebook(tmp_path / "modules.ipynb"))
    page = ask(served).text
    served.kill()
    (said,) = re.findall(r"unused: [\w. :]*", page)
    assert said == "unused: used: pandas"
    assert "assert_equal" in page  # it is there for who wants it


def test_no_kernel_is_told_of_a_visitors_case(server):
    for _ in range(2):  # the second visitor's kernel is started while the first is there
        kernel = server.kernel(open_session(server, "age_years=61.37125"))
        assert not holds(kernel, "61.37125")


@pytest.mark.parametrize("pool", ["0", "2"])
def test_the_query_of_an_old_link_does_not_reach_voila(tmp_path, pool):
    """Voila would put it into the environment of a kernel, and keep it for ever."""
    kept = tmp_path / "kept"
    code = (
        "import voila.handler\n"
        "class Kept:\n"
        f"    send_updates = staticmethod(lambda message: open({str(kept)!r}, 'w').write(str(message)))\n"
        "voila.handler.RequestInfoSocketHandler = Kept\n"
        f"from netdash.cli import main; main(['serve', '--no-browser', '--port', '0', '--pool', {pool!r}])"
    )
    served = Served((sys.executable, "-c", code))
    if pool != "0":
        served.rest()
    kernel = served.kernel(open_session(served, "age_years=61.37125&template=lab"))
    told = holds(kernel, "61.37125")
    served.kill()
    assert not told
    if pool != "0":  # a kernel of the pool, for a link that asks for another template too
        assert "QUERY_STRING" in kept.read_text()
        assert "age_years" not in kept.read_text()


# A list of prepared cases.

CASES = "label,age_years,ki67_percent\nTuesday-Q7,61,13.5\n"


@pytest.mark.parametrize("how", ["option", "environment"])
def test_prepared_cases_reach_every_visitor_as_they_are_when_he_comes_and_are_written_nowhere(tmp_path, how):
    file = tmp_path / "tuesday.csv"
    file.write_text(CASES)
    served = Served((*SERVE, "--cases", str(file))) if how == "option" else Served(NETDASH_CASES=str(file))
    waiting = served.waiting_kernel()
    for place in range(2):
        file.write_text(CASES + "Tuesday-Q8,62,\n" * place)
        page = ask(served).text
        assert "Tuesday-Q" not in page
        assert str(tmp_path) not in page
        wire = Wire(served)
        shown = wire.content()
        assert f"{place + 1} prepared case" in shown["sections"]["case"]
        assert "Tuesday-Q" not in shown["query"]
        wire.close()
    for kernel in served.kernels():
        assert holds(kernel, f"NETDASH_CASES={file}")
        assert "Tuesday-Q" not in " ".join([*kernel.cmdline(), *kernel.environ().values()])
    written = [path for path in Path(served.scratch.name).rglob("*") if path.is_file()]
    assert [path for path in written if b"Tuesday-Q" in path.read_bytes()] == []
    assert served.complaints() == ""
    assert waiting
    served.kill()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("label,age_years\nTuesday-Q7,480\n", r"row 2, column age_years: expected a number from 0 to 120 years; .*"),
        ("label,name\nTuesday-Q7,Smith\n", r"the heading, column 2: expected label or a field of a patient.*"),
        (None, "there is no such file"),
    ],
)
def test_faulty_cases_are_one_plain_sentence_with_nothing_of_them(tmp_path, content, said):
    file = tmp_path / "tuesday.csv"
    if content:
        file.write_text(content)
    ended = run("--port", "0", "--cases", str(file))
    assert (ended.returncode, ended.stdout) == (1, "")
    assert re.fullmatch(
        rf"Error: {re.escape(str(file))}: {said}\. nd\.cases\(.*\) says what is given there\.\n", ended.stderr
    )
    for secret in ("Q7", "480", "Smith"):
        assert secret not in ended.stderr


# Who is let in.

TOKEN = "a long secret word"


@pytest.fixture(scope="module")
def guarded():
    """A server that asks for a token, under a path of its own, and has room for two."""
    served = Served((*SERVE, "--base-url", "/board/", "--max-sessions", "2"), NETDASH_TOKEN=TOKEN)
    yield served
    served.stop()


def log_in(server, token=TOKEN):
    """Return the answer to the form with the token."""
    return ask(server, "/board/login?next=%2Fboard%2F", "POST", body=urlencode({"token": token}), **FORM)


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def test_without_the_token_nothing_of_the_board_can_be_had(guarded):
    answer = ask(guarded, f"/board/?{PATIENT.to_query()}")
    assert answer.status == 302
    assert answer.headers["Location"] == f"/board/login?next=%2Fboard%2F#{PATIENT.to_query()}"
    page = open_page(guarded, path="/board/", Cookie=cookies_of(log_in(guarded)))
    path = f"/board/api/kernels/{page.kernel_id}"
    for cookies in ("", cookies_of(log_in(guarded)), page.cookies.split("; ")[-1]):  # of the token, and of the visit
        assert ask(guarded, path, Cookie=cookies).status == 403
        assert ask(guarded, path, "DELETE", Cookie=cookies).status == 403
        assert ask(guarded, f"/board/voila/api/shutdown/{page.kernel_id}", "POST", Cookie=cookies).status == 403
        with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
            websocket.create_connection(f"ws://{urlsplit(guarded.url).netloc}{path}/channels", cookie=cookies)
    assert page.ask("POST", "board/voila/api/shutdown/{}").status == 204


def test_the_token_opens_the_board_until_the_browser_is_closed(guarded):
    form = ask(guarded, "/board/login")
    assert 'name="token"' in form.text
    assert "token" not in log_in(guarded).headers["Location"]
    assert "expires" not in log_in(guarded).headers["Set-Cookie"].lower()
    assert "HttpOnly" in log_in(guarded).headers["Set-Cookie"]


def wrong_tokens(server):
    return float(re.search(r"netdash_wrong_tokens_total (\d\S*)", ask(server, "/board/metrics").text)[1])


@pytest.mark.parametrize("given", ["", "wrong", TOKEN[:-1], TOKEN + "x", "\u00e9"])
def test_a_wrong_token_is_refused_said_and_counted(guarded, given):
    counted = wrong_tokens(guarded)
    answer = log_in(guarded, given)
    assert answer.status == 401
    assert "That is not the token" in answer.text
    assert wrong_tokens(guarded) == counted + bool(given)
    assert "Set-Cookie" not in answer.headers


def test_a_token_in_the_address_does_not_stay_there(guarded):
    answer = ask(guarded, f"/board/?{urlencode({'token': TOKEN})}&{PATIENT.to_query()}")
    assert (answer.status, answer.headers["Location"]) == (302, f"/board/#{PATIENT.to_query()}")
    assert cookies_of(answer)


@pytest.mark.parametrize(
    "following", ["http://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "/x"]
)
def test_the_form_leads_nowhere_else(guarded, following):
    answer = ask(
        guarded, f"/board/login?{urlencode({'next': following})}", "POST", body=f"token={quote(TOKEN)}", **FORM
    )
    assert answer.headers["Location"] == "/board/"


def test_beyond_the_limit_a_visitor_is_told_politely_and_a_place_that_is_free_is_given(guarded):
    inside = {"Cookie": cookies_of(log_in(guarded))}
    first, second = (open_page(guarded, path="/board/", **inside) for _ in range(2))
    refused = ask(guarded, f"/board/?{PATIENT.to_query()}", **inside)
    assert (refused.status, refused.headers["Retry-After"]) == (503, "30")
    assert "2 boards are open" in refused.text
    assert health(guarded) == {"status": "ok", "sessions": 2, "limit": 2, "accepting": False}
    assert first.ask("POST", "board/voila/api/shutdown/{}").status == 204
    third = open_page(guarded, path="/board/", **inside)
    for page in (second, third):
        page.ask("POST", "board/voila/api/shutdown/{}")
    assert health(guarded)["sessions"] == 0


def test_visitors_who_come_at_once_do_not_exceed_the_limit(guarded):
    inside = {"Cookie": cookies_of(log_in(guarded))}
    with ThreadPoolExecutor(6) as crowd:
        answers = list(crowd.map(lambda _: ask(guarded, "/board/", **inside), range(6)))
    assert sorted(answer.status for answer in answers) == [200, 200, 503, 503, 503, 503]
    for answer in answers:
        if answer.status == 200:
            path = f"/board/voila/api/shutdown/{kernel_of(answer.text)}"
            assert ask(guarded, path, "POST", Cookie=f"{inside['Cookie']}; {cookies_of(answer)}").status == 204


def health(server):
    return json.loads(ask(server, "/board/healthz").text)


@pytest.mark.parametrize("host", ["elsewhere.example", "192.0.2.1", "localhost.elsewhere.example", "a b"])
def test_another_name_for_this_machine_is_refused(bothered, host):
    assert ask(bothered, "/", Host=host).status in (400, 403)


def test_the_name_of_a_proxy_is_taken_when_it_is_given():
    served = Served(NETDASH_PUBLIC_HOST="board.example other.example", **NO_POOL)
    assert [ask(served, "/", Host=name).status for name in ("board.example", "other.example")] == [200, 200]
    assert ask(served, "/", Host="elsewhere.example").status == 403
    served.kill()


def test_a_proxy_is_believed_that_the_visitor_came_by_https_and_nobody_else_is(guarded):
    https = {**FORM, "X-Forwarded-Proto": "https"}
    form = urlencode({"token": TOKEN})
    assert "Secure" not in ask(guarded, "/board/login", "POST", body=form, **https).headers["Set-Cookie"]
    served = Served(NETDASH_PUBLIC_HOST="localhost", NETDASH_TOKEN=TOKEN, **NO_POOL)
    assert "Secure" in ask(served, "/login", "POST", body=form, **https).headers["Set-Cookie"]
    behind_two = {**FORM, "X-Forwarded-Proto": "https,http"}  # as that of JupyterHub behind another one
    assert "Secure" in ask(served, "/login", "POST", body=form, **behind_two).headers["Set-Cookie"]
    assert "Secure" not in ask(served, "/login", "POST", body=form, **FORM).headers["Set-Cookie"]
    served.kill()


def test_a_worker_signs_its_sessions_and_takes_the_cookies_of_the_others():
    served, other = (Served(NETDASH_WORKER=name, NETDASH_TOKEN=TOKEN, **NO_POOL) for name in ("a1", "b"))
    stranger = Served(NETDASH_TOKEN="another secret word", **NO_POOL)
    form, host = urlencode({"token": TOKEN}), {"Host": "localhost"}
    given = cookies_of(ask(served, "/login", "POST", body=form, **FORM, **host))
    assert kernel_of(ask(served, "/", Cookie=given, **host).text).startswith("a1_")
    assert kernel_of(ask(other, "/", Cookie=given, **host).text).startswith("b_")
    assert ask(stranger, "/", Cookie=given, **host).status == 302
    for one in (served, other, stranger):
        one.kill()


@pytest.mark.parametrize("worker", ["a_b", "a/b", "ninechars", "é"])
def test_a_name_of_a_worker_that_is_none_is_one_plain_sentence(worker):
    ended = run("--worker", worker)
    assert ended.returncode == 1
    assert ended.stderr == f"Error: worker: given {worker!r}, expected up to 8 letters and digits.\n"


@pytest.mark.parametrize("base_url", ["board", "/board", "//", "/a b/", "http://x/"])
def test_a_base_url_that_is_none_is_one_plain_sentence(base_url):
    ended = run("--base-url", base_url)
    assert ended.returncode == 1
    assert re.fullmatch(r"Error: base_url: given '.*', expected a path such as /netdash/\.\n", ended.stderr)


def test_listening_beyond_this_machine_without_a_token_is_said():
    served = Served((*SERVE, "--host", "0.0.0.0"), NETDASH_PUBLIC_HOST="board.example", **NO_POOL)
    ask(served, "/healthz")
    assert "Warning: netdash listens on 0.0.0.0, beyond this machine, without a token" in served.complaints()
    served.kill()
    served = Served((*SERVE, "--host", "0.0.0.0"), NETDASH_TOKEN=TOKEN, **NO_POOL)
    ask(served, "/healthz")
    assert served.complaints() == ""
    served.kill()
