"""Frames that lie about themselves: their line is closed, the server and the neighbor do not notice.

Sent to the real server, which may take 4 GB of addresses here and no more: what such a frame made it do once would
otherwise take the machine's memory.
"""

import contextlib
import json
import random
import struct
import time
from functools import partial

import psutil
import pytest
import websocket
from browser.served import SERVE, Served
from hypothesis import given, settings
from hypothesis import strategies as st
from wire import V1, Wire, line_to, message, open_page, pack_v1, packed

import netdash as nd
from netdash.server.frames import LARGEST_MESSAGE, MOST_PARTS, Allowance, fault_of
from netdash.server.voila_app import MOST_LINES

OLD = None
PROTOCOLS = {"old": OLD, "v1": V1}
GB = 2**30
LIMITED = ("/bin/sh", "-c", 'ulimit -v 4000000; exec "$@"', "sh", *SERVE)
CASE = nd.Patient(age_years=48, ki67_percent=4)
UPDATE = message("comm_msg", comm_id="none", data={"method": "update", "state": {}, "buffer_paths": []})
SOUND = {"old": packed(UPDATE, b"buffer"), "v1": pack_v1(UPDATE)}
FORMATS = {"old": (4, "big"), "v1": (8, "little")}


def table(protocol, count, *offsets, rest=b"x" * 100):
    """Return a frame with such a table, whatever it claims."""
    width, order = FORMATS[protocol]
    return b"".join((n % 2 ** (8 * width)).to_bytes(width, order) for n in (count, *offsets)) + rest


def crafted(protocol):
    """Return frames whose table is not that of a message, by what is wrong with them."""
    width, _ = FORMATS[protocol]
    largest = 2 ** (8 * width) - 1
    begin = width * 8  # of a table of seven numbers
    made = partial(table, protocol)
    return {
        "nothing": b"",
        "one byte": b"\xff",
        "all ones": b"\xff" * width,
        "largest count": made(largest // 2),
        "largest count and much behind it": made(largest // 2, rest=b"\xff" * 100_000),
        "a count that is negative": made(-1, 5, 6, 7),
        "a million numbers": made(1_000_000, 1, 2, 3),
        "one number too many": made(MOST_PARTS + 1, *range(width * (MOST_PARTS + 2), width * (MOST_PARTS + 2) + 65)),
        "no numbers": made(0),
        "a table that is cut": made(7, begin, rest=b""),
        "offsets that fall": made(7, begin, begin + 50, begin + 40, begin + 60, begin + 61, begin + 62, begin + 63),
        "an offset beyond the end": made(7, begin, *range(begin + 1, begin + 6), largest // 2),
        "an end beyond the end": made(7, begin, *range(begin + 1, begin + 6), begin + 101),
        "offsets into the table": made(7, 0, 0, 0, 0, 0, 0, 0),
        "offsets that are all the largest": made(7, *[largest] * 7),
        "half a sound frame": SOUND[protocol][: width + 1],
        "the frame of the other protocol": SOUND["old" if protocol == "v1" else "v1"],
    }


CRAFTED = [(protocol, name) for protocol in PROTOCOLS for name in crafted(protocol)]


def damaged(protocol, chance):
    """Return a frame made by chance: anything, or a sound one with changed bytes."""
    if chance.random() < 0.3:
        return chance.randbytes(chance.choice([1, 3, 4, 7, 8, 9, 40, 1000, 100_000]))
    frame = bytearray(SOUND[protocol])
    for _ in range(chance.randint(1, 6)):
        frame[chance.randrange(min(len(frame), 80))] = chance.choice([0, 1, 7, 0x7F, 0xFF, chance.randrange(256)])
    return bytes(frame[: chance.choice([len(frame), chance.randrange(len(frame))])])


@pytest.fixture(scope="module")
def server():
    served = Served(LIMITED)
    yield served
    complaints = served.complaints()
    served.kill()
    assert "Traceback" not in complaints
    assert "MemoryError" not in complaints
    assert len(complaints) < 20_000


@pytest.fixture(scope="module")
def neighbor(server):
    wire = Wire(server, CASE.to_query())
    yield wire
    wire.close()


@pytest.fixture
def send(server, neighbor):
    """Return how to send a frame through a line of its own; the neighbor is answered then, and memory is as before."""
    page, process = open_page(server), psutil.Process(server.process.pid)
    before = process.memory_info().rss

    def send(protocol, frame, opcode=websocket.ABNF.OPCODE_BINARY):
        line = until_it_is_let_in(page, subprotocols=[PROTOCOLS[protocol]] if PROTOCOLS[protocol] else None)
        line.send(frame, opcode)
        neighbor.update(neighbor.controls["age_years"], value=61)
        assert "age_years=61" in neighbor.content()["query"]
        return line

    yield send
    assert process.memory_info().rss < before + 100e6
    page.say_goodbye()


def close_code(line):
    """Return the code with which the server closes a line, which may say other things before."""
    while True:
        opcode, data = line.recv_data()
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            return struct.unpack("!H", data[:2])[0]


@pytest.mark.parametrize(("protocol", "name"), CRAFTED)
def test_a_frame_that_lies_about_itself_ends_its_line_and_reaches_nobody(send, protocol, name):
    line = send(protocol, crafted(protocol)[name])
    assert close_code(line) == 1003
    line.shutdown()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_frames_made_by_chance_reach_nobody(send, protocol):
    chance = random.Random(19)
    for _ in range(40):
        send(protocol, damaged(protocol, chance)).shutdown()


@pytest.mark.parametrize("text", ["", "{}", "x" * 1000, UPDATE])
def test_text_is_no_message_of_the_newer_protocol(send, text):
    line = send("v1", text, websocket.ABNF.OPCODE_TEXT)
    assert close_code(line) == 1003
    line.shutdown()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_message_that_is_too_large_ends_its_line(server, neighbor, protocol):
    page = open_page(server)
    line = page.connect(subprotocols=[PROTOCOLS[protocol]] if PROTOCOLS[protocol] else None)
    with contextlib.suppress(OSError):  # the line is cut before all of it was sent
        line.send_binary(b"\0" * (LARGEST_MESSAGE + 1))
        assert close_code(line) == 1009
    with pytest.raises((OSError, websocket.WebSocketException)):
        close_code(line)
    line.shutdown()
    neighbor.content()
    page.say_goodbye()


def test_what_the_server_says_of_it_is_one_line_and_names_no_kernel(server, send):
    said = "A page sent a message that is refused"
    before = server.complaints().count(said)
    for count in range(10):
        send("v1", (2**63 + count).to_bytes(8, "little")).shutdown()
    assert server.complaints().count(said) >= 1
    assert server.complaints().count(said) - before <= 1
    assert "kernels/" not in server.complaints()


# Messages that are sound, and too many.

STUFFED = 5_900_000


def to_the_board(wire, content):
    return message("comm_msg", comm_id=wire.channel, data={"method": "custom", "content": content})


def ask_and_never_read(line, wire):
    for n in range(3000):
        line.send(to_the_board(wire, {"type": "sync", "revision": -1}))
        time.sleep(0.002)  # the kernel answers one by one
        if n % 50 == 0:
            line.pong()


def stuff(line, wire):
    for _ in range(50):
        line.send(to_the_board(wire, "x" * STUFFED))


@pytest.fixture
def greedy(server, neighbor):
    """Return a session of its own, a second line to it, and what tells how much memory the server took since."""
    wire, process = Wire(server, CASE.to_query()), psutil.Process(server.process.pid)
    line = line_to(server, wire.kernel_id, cookie=wire.cookies)
    time.sleep(1)  # until the kernel is connected
    before = process.memory_info().rss
    yield wire, line, lambda: process.memory_info().rss - before
    line.shutdown()
    wire.close()
    neighbor.content()


def test_a_page_that_does_not_read_what_it_asked_for_is_cut(greedy):
    wire, line, taken = greedy
    with pytest.raises((OSError, websocket.WebSocketException)):  # a line that is cut says so in more than one way
        ask_and_never_read(line, wire)
    assert taken() < 100e6


def test_what_a_kernel_does_not_take_does_not_pile_up(server, greedy):
    wire, line, taken = greedy
    kernel = server.kernel(wire.kernel_id)
    kernel.suspend()
    try:
        with pytest.raises((OSError, websocket.WebSocketException)):
            stuff(line, wire)
        assert taken() < 100e6
    finally:
        kernel.resume()


def test_a_session_has_few_lines(server):
    page = open_page(server)
    lines = [page.connect() for _ in range(MOST_LINES)]
    with pytest.raises(websocket.WebSocketBadStatusException, match="429"):
        page.connect()
    lines.pop().close()
    lines.append(until_it_is_let_in(page))
    for line in lines:
        line.close()
    page.say_goodbye()


def until_it_is_let_in(page, **how):
    """Connect as soon as the server has noticed that earlier lines of the session are closed."""
    while True:
        with contextlib.suppress(websocket.WebSocketBadStatusException):
            return page.connect(**how)


def test_an_allowance_is_for_two_files_and_grows_again():
    allowance = Allowance()
    assert [allowance.take(STUFFED) for _ in range(3)] == [True, True, False]
    allowance.at -= 3
    assert [allowance.take(STUFFED) for _ in range(2)] == [True, False]


# The check itself.


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_sound_frames_are_taken(protocol):
    assert fault_of(SOUND[protocol], PROTOCOLS[protocol]) == ""


@pytest.mark.parametrize(("protocol", "name"), CRAFTED)
def test_frames_that_are_not_are_refused_in_words(protocol, name):
    assert fault_of(crafted(protocol)[name], PROTOCOLS[protocol])


@settings(max_examples=500, deadline=None)
@given(frame=st.binary(max_size=800), protocol=st.sampled_from(list(PROTOCOLS)))
def test_what_is_taken_has_a_small_table_whose_parts_lie_within_the_frame(frame, protocol):
    if fault_of(frame, PROTOCOLS[protocol]):
        return
    width, order = FORMATS[protocol]
    count = int.from_bytes(frame[:width], order)
    offsets = [int.from_bytes(frame[width * i : width * (i + 1)], order) for i in range(1, count + 1)]
    assert count <= MOST_PARTS
    assert offsets[0] == width * (count + 1)
    assert offsets == sorted(offsets)
    assert offsets[-1] <= len(frame)


@settings(max_examples=200, deadline=None)
@given(
    content=st.dictionaries(st.text(max_size=10), st.text(max_size=50), max_size=5),
    buffers=st.lists(st.binary(max_size=50), max_size=5),
)
def test_every_message_that_jupyter_writes_is_taken(content, buffers):
    from jupyter_server.services.kernels.connection.base import serialize_binary_message, serialize_msg_to_ws_v1

    whole = {"header": {}, "parent_header": {}, "metadata": {}, "content": content}
    parts = [json.dumps(part).encode() for part in whole.values()]
    assert fault_of(serialize_msg_to_ws_v1([*parts, *buffers], "shell"), V1) == ""
    assert fault_of(serialize_binary_message({**whole, "buffers": buffers}), OLD) == ""
