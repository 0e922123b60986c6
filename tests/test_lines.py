"""What the kernel tells a page whose line broke and came up again."""

import pytest

from netdash.board import Board


@pytest.fixture
def frame(monkeypatch):
    """Return the frame of a board; what it sends is in `sent`."""
    frame = Board().frame
    frame.sent = []
    monkeypatch.setattr(frame.channel, "send", lambda content, buffers=None: frame.sent.append(content))
    return frame


def test_a_page_is_told_which_inputs_the_kernel_has(frame):
    frame.controls["age_years"].value = 55
    frame._receive(None, {"type": "inputs", "number": 3}, None)
    assert frame.sent == [{"type": "inputs", "number": 3, "inputs": frame.snapshot()}]
    assert frame.sent[0]["inputs"]["age_years"] == 55
    assert frame.sent[0]["inputs"] == frame.content["inputs"]


def test_the_choice_of_a_case_is_among_the_inputs(frame):
    assert frame.snapshot()["prepared"] == 0


@pytest.mark.parametrize(
    "message", [{"type": "inputs"}, {"type": "inputs", "number": "1"}, {"type": "inputs", "number": None}]
)
def test_a_question_without_a_number_is_ignored(frame, message):
    frame._receive(None, message, None)
    assert frame.sent == []
