"""A page that sends what no page of ours would: its session stays right, the others do not notice."""

import contextlib
import json
import re
import struct

import nbformat
import pytest
import websocket
from browser.served import SERVE, Served, serve_notebook
from browser.visit import verdicts_of
from hypothesis import given, settings
from hypothesis import strategies as st
from wire import Wire, ask, message

import netdash as nd

CASE = nd.Patient(age_years=48, ki67_percent=4, liver_involvement_percent=35)
WRONG = [
    *(
        None,
        True,
        -1,
        10**30,
        1e308,
        "55",
        "",
        "<script>alert(1)</script>",
        "\u0000",
        "a" * 100_000,
        [],
        [1],
        {},
        {"a": 1},
    ),
    *(
        [[[[[[[[]]]]]]]],
        {"value": {"value": {}}},
        "__class__",
        "1; import os",
        54.99999999999999,
        -0.0,
        1e-320,
        [None] * 1000,
    ),
]
TRAITS = (
    "value",
    "index",
    "min",
    "max",
    "step",
    "_options_labels",
    "options",
    "description",
    "disabled",
    "_dom_classes",
)
KINDS = [
    *("execute_request", "inspect_request", "complete_request", "history_request", "is_complete_request"),
    *(
        "connect_request",
        "debug_request",
        "input_reply",
        "interrupt_request",
        "usage_request",
        "create_subshell_request",
    ),
    *(
        "delete_subshell_request",
        "list_subshell_request",
        "apply_request",
        "clear_request",
        "abort_request",
        "",
        "no such",
    ),
]
CONTENTS = [
    {},
    {"code": "raise SystemExit", "silent": False},
    {"data": None},
    {"comm_id": 3, "data": []},
    {"restart": True},
]
COMMS = [
    {"target_name": "jupyter.widget", "data": {"state": {"_model_name": "NoSuchModel"}, "buffer_paths": []}},
    {"target_name": "jupyter.widget", "data": {"state": {"_model_module": "os", "_model_name": "system"}}},
    {"target_name": "jupyter.widget.control", "data": {"method": "request_states"}},
    {"target_name": "netdash", "data": {}},
    {"target_name": "../../etc/passwd", "data": {}},
    {"target_name": None, "data": None},
    {"target_name": ["a"], "data": 1},
]
METHODS = [
    *(
        {"method": "update", "state": state}
        for state in ({"_view_name": "x"}, {"layout": "IPY_MODEL_x"}, {"a" * 1000: 1})
    ),
    {"method": "update", "state": {"value": 1}, "buffer_paths": [["value"]]},
    {"method": "update", "state": {"value": 1}, "buffer_paths": "x"},
    {"method": "update"},
    {"method": "backbone"},
    {"method": "request_state"},
    {"method": "no such"},
    {"method": "custom", "content": {"type": "select", "key": "do:report" * 1000}},
    {},
    None,
    [1, 2],
    "update",
]
CUSTOM = [
    *(
        {"type": "select", "key": key}
        for key in ("", "put:age_years=nan", "source:../../x", "do:pin\u0000", None, 5, ["x"])
    ),
    *({"type": "select", "key": key} for key in ("__class__", "page:../x", "outline:x", "pool:x", "say:x", "a" * 201)),
    *({"type": "address", "query": query} for query in ("age_years=1", "", None, "a=" * 20_000, "<script>")),
    *({"type": "sync", "revision": revision} for revision in (None, "x", -1, 10**30, [])),
    *({"type": kind} for kind in ("", None, 3, "eval", "download")),
    *(None, [], "select", 5, {"type": {"type": "select"}}),
]


@pytest.fixture(scope="module")
def server():
    served = Served((*SERVE, "--max-sessions", "200"))
    yield served
    complaints = served.complaints()
    served.kill()
    assert "Traceback" not in complaints
    assert "age_years" not in complaints
    assert "Warning" not in complaints


@pytest.fixture(scope="module")
def neighbor(server):
    wire = Wire(server, CASE.to_query())
    yield wire
    wire.close()


@pytest.fixture
def hostile(server, neighbor):
    wire = Wire(server, CASE.to_query())
    yield wire
    expect_right(wire)
    expect_right(neighbor)
    wire.close()


def expect_right(wire):
    """What the session shows is the library's for the case that it says it shows, and it still follows its slider."""
    for age in (61, 47):
        wire.update(wire.controls["age_years"], value=age)
        shown = wire.content()
        patient = nd.Patient.from_query(shown["query"])
        assert patient.age_years == age
        found = dict(re.findall(r'data-rule-set="(\w+)" data-verdict="(\w+)"', shown["sections"]["verdicts"]))
        assert found == verdicts_of(patient)
        # The inputs are the texts in the boxes, a refused one too: the page compares them and writes none of them.
        assert "<script>alert" not in json.dumps(shown | {"inputs": {}})


def test_every_control_refuses_whatever_is_wrong_for_it(hostile):
    for place, comm_id in enumerate(hostile.controls.values()):
        for wrong in (*WRONG[place % 4 :: 4], float("nan"), float("inf")):
            hostile.update(comm_id, value=wrong, index=wrong)
    nd.Patient.from_query(hostile.content()["query"])  # all of it is allowed


@pytest.mark.parametrize("name", ["age_years", "extrahepatic_disease", "age_years-box", "primary_site", "browse-words"])
def test_no_trait_of_a_control_can_be_moved_against_the_library(hostile, name):
    for trait in TRAITS:
        for wrong in WRONG:
            hostile.update(hostile.controls[name], **{trait: wrong})  # 5 controls, 10 traits, 22 values
    nd.Patient.from_query(hostile.content()["query"])


FILES = [
    b"",
    b"\x00" * 1000,
    b"PK\x03\x04" + bytes(range(256)) * 100,
    "Zürich".encode("utf-16"),
    b"x" * 5_000_000,
    b"," * 1_000_000,
    b"label,age_years\n<script>alert(1)</script>,480\n",
    b"label,<script>alert(1)</script>\nA,1\n",
    b"label\n" + b"".join(b"case %d\n" % n for n in range(50_000)),
    b'label\n"' + b"\n" * 100_000,
    b"label,age_years\n" + b"A,1\n" * 10_000,
    b"label,__class__\nA,x\n",
]


@pytest.mark.parametrize("button", ["Load cases…", "Load own series…"])
def test_a_file_of_any_kind_is_refused_by_its_session_alone(hostile, button):
    for content in FILES:
        hostile.upload(button, content)
    for changed in ({"name": None}, {"size": -1}, {"last_modified": "x"}, {"type": {}}):
        hostile.upload(button, b"label\nA\n", **changed)
    for comm_id, model in hostile.models.items():
        if model.get("_model_name") == "FileUploadModel":
            file = {"name": "x.csv", "type": "text/csv", "size": 1, "last_modified": 0}
            for wrong in (*WRONG, [{**file, "content": 10**11}], [{**file, "content": "label"}], [file]):
                hostile.update(comm_id, value=wrong, accept=wrong, multiple=wrong, error=wrong)
    assert nd.Patient.from_query(hostile.content()["query"]) == CASE


def test_a_list_of_cases_stays_in_its_session_and_its_labels_are_text(hostile, neighbor):
    hostile.upload("Load cases…", b"label,age_years\n<script>alert(1)</script>,61\nB,62\n")
    assert "2 prepared cases" in hostile.content()["sections"]["case"]
    for key in ("do:present", "do:next"):
        hostile.custom({"type": "select", "key": key})
    shown = hostile.content()
    assert "1 of 2: &lt;script&gt;alert(1)&lt;/script&gt;" in shown["sections"]["case"]
    assert shown["query"] == "age_years=61"
    assert "prepared case" not in neighbor.content()["sections"]["case"]
    hostile.upload("Load cases…", b"label,age_years\nA,480\n")
    assert "not taken" in hostile.content()["sections"]["case"]
    assert hostile.content()["query"] == "age_years=61"
    hostile.custom({"type": "select", "key": "do:leave"})


@pytest.mark.parametrize("channel", ["shell", "control", "stdin", "iopub", "", "no such"])
def test_messages_of_every_kind_do_nothing(hostile, channel):
    for kind in KINDS:
        for content in CONTENTS:
            hostile.send(kind, channel, **content)


def test_unknown_comms_and_methods_do_nothing(hostile):
    for content in COMMS:
        hostile.send("comm_open", comm_id="x", **content)
        hostile.send("comm_msg", comm_id="x", data=content["data"])
        hostile.send("comm_close", comm_id="x")
    for data in METHODS:
        for comm_id in ("no such", None, 5, hostile.channel, hostile.controls["age_years"]):
            hostile.send("comm_msg", comm_id=comm_id, data=data)


def test_what_the_page_says_in_its_own_words_is_taken_only_when_it_is_known(hostile):
    for content in CUSTOM:
        hostile.custom(content)
    for comm_id in list(hostile.models)[:50]:
        hostile.custom({"type": "select", "key": "x"}, comm_id)


def test_what_is_shown_cannot_be_written_by_a_page(hostile):
    for state in (
        {"content": {}},
        {"content": {"sections": {"case": "<b>forged</b>"}}},
        {"controls": {}},
        {"channel": "x"},
    ):
        for comm_id in hostile.models:
            hostile.update(comm_id, **state)
        # After each round: of too many answers at once a socket drops those that it has no room for.
        assert "forged" not in json.dumps(hostile.content())


# What a page would have to change to write words of its own onto the page: widgets, views, buttons, new widgets.
FORGED = [
    {"value": "<h1>FORGED</h1>"},
    {"_view_module": "evil", "_view_name": "FORGED"},
    {"_model_module": "evil"},
    {"children": []},
    {"description": "FORGED", "disabled": True, "tooltip": "FORGED"},
    {"_dom_classes": ["FORGED"], "layout": "IPY_MODEL_FORGED"},
    {"_esm": "FORGED", "_css": "FORGED"},
    {"content": "FORGED", "width": "FORGED"},
]
TEXTS = ("HTMLModel", "HTMLMathModel", "LabelModel")
# The kernel sets and takes these marks itself: what a search found, which group is open, which value is known.
MARKS = {"nd-closed", "nd-asks", "nd-unknown", "nd-in-part", "nd-ranged"}


def unmarked(model):
    """Return a widget's state without the marks that the kernel itself sets."""
    classes = [name for name in model.get("_dom_classes", []) if name not in MARKS]
    return {**model, "_dom_classes": classes} if model else model


def changed(before, after):
    """Return what differs between two states of all widgets, except the values of controls."""
    found = {}
    for comm_id in before.keys() | after.keys():
        old, new = unmarked(before.get(comm_id, {})), unmarked(after.get(comm_id, {}))
        allowed = set() if old.get("_model_name") in TEXTS else {"value", "index"}
        names = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)} - allowed
        if names - {"content"}:  # what the frame shows is what the kernel computed last
            found[comm_id] = names
    return found


def test_a_page_changes_values_of_controls_and_nothing_else(hostile):
    before = hostile.states()
    assert any(model["_model_name"] in TEXTS for model in before.values())
    for state in FORGED:
        for comm_id in hostile.models:
            hostile.update(comm_id, **state)
        hostile.content()  # of too many answers at once a socket drops those that it has no room for
    assert changed(before, hostile.states()) == {}


def test_a_page_makes_no_widget_and_closes_none(hostile):
    before = hostile.states()
    model = next(model for model in before.values() if model["_model_name"] == "HTMLModel")
    state = {name: value for name, value in model.items() if name.startswith("_") and not name.startswith("_dom")}
    for number, comm_id in enumerate(("new", *hostile.models)):
        for target in ("jupyter.widget", "jupyter.widget.control", "none"):
            data = {"state": state, "buffer_paths": []}
            hostile.send("comm_open", comm_id=comm_id, target_name=target, target_module="os", data=data)
        hostile.send("comm_close", comm_id=comm_id, data={})
        if number % 10 == 0:  # of too many answers at once a socket drops those that it has no room for
            hostile.content()
    hostile.content()
    assert changed(before, hostile.states()) == {}


def test_a_notebook_of_ones_own_keeps_its_sliders_and_its_texts_keep_their_words(tmp_path):
    notebook = nbformat.v4.new_notebook()
    code = "import ipywidgets as w; text = w.HTML('said'); slider = w.IntSlider(5); w.VBox([slider, text])"
    notebook.cells = [nbformat.v4.new_code_cell(code)]
    nbformat.write(notebook, tmp_path / "own.ipynb")
    served = Served(serve_notebook(tmp_path / "own.ipynb"))
    wire = Wire.__new__(Wire)
    wire.meet(served)
    ids = {model["_model_name"]: comm_id for comm_id, model in wire.states().items()}
    wire.update(ids["IntSliderModel"], value=7, max=10**9)
    wire.update(ids["HTMLModel"], value="FORGED")
    states = wire.states()
    assert (states[ids["IntSliderModel"]]["value"], states[ids["IntSliderModel"]]["max"]) == (7, 100)
    assert states[ids["HTMLModel"]]["value"] == "said"
    wire.close()
    served.stop()


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "{",
        "null",
        "[]",
        "5",
        '"text"',
        "{}",
        '{"header": {}}',
        '{"header": 5, "channel": "shell"}',
        "\u0000" * 1000,
        "[" * 5000,
    ],
)
def test_text_that_is_no_message_ends_no_other_session(server, neighbor, raw):
    wire = Wire(server, CASE.to_query())
    wire.socket.send(raw)
    with contextlib.suppress(OSError, websocket.WebSocketException):  # the line may be cut by now
        wire.socket.send_binary(raw.encode())
        wire.socket.send_binary(struct.pack("!II", 2**31 - 1, 2**31 - 1))
    expect_right(neighbor)
    wire.close()


def test_what_is_too_large_ends_the_line_and_not_the_server(server, neighbor):
    wire = Wire(server, CASE.to_query())
    with contextlib.suppress(OSError, websocket.WebSocketException):  # a line that is cut says so in more than one way
        wire.socket.send("x" * 50_000_000)
        wire.content()
    expect_right(neighbor)
    wire.close()


def test_a_flood_does_not_reach_the_neighbor(server, neighbor):
    flooding = Wire(server, CASE.to_query())
    flood = [
        message("comm_msg", comm_id=flooding.channel, data={"method": "custom", "content": {"type": "sync"}})
    ] * 500
    with contextlib.suppress(OSError, websocket.WebSocketException):  # its own line may be cut
        for text in flood:
            flooding.socket.send(text)
        for age in range(500):
            flooding.update(flooding.controls["age_years"], value=age % 120)
    expect_right(neighbor)
    flooding.close()


@settings(max_examples=60, deadline=None)
@given(
    query=st.text(max_size=300),
    path=st.sampled_from(
        ["/", "/login", "/healthz", "/voila/static/", "/voila/templates/netdash/static/", "/api/kernels/"]
    ),
)
def test_no_path_and_no_query_makes_the_server_fail(server, query, path):
    answer = ask(server, f"{path}?next={''.join(f'%{byte:02x}' for byte in query.encode())}")
    assert answer.status < 500
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    "header", ["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Scheme", "Forwarded", "Referer"]
)
def test_no_header_is_believed(server, header):
    answer = ask(server, "/healthz", **{header: "elsewhere.example"})
    assert answer.status == 200
    assert "elsewhere" not in str(answer.headers) + answer.text


@pytest.mark.parametrize(
    "path", ["/?x=%0d%0aSet-Cookie:%20evil=1", "/?token=x&x=%0d%0aSet-Cookie:%20evil=1", "/%0d%0aSet-Cookie:evil"]
)
def test_no_header_can_be_smuggled_in(server, path):
    assert "evil" not in str(ask(server, path).headers.get_all("Set-Cookie"))
