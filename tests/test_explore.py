"""The page to explore without a browser: the map, the what-if, and putting the patient where the map was touched."""

import html
import io
import json

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_board import CASE, press, run, section

import netdash as nd
from netdash.board import Board
from netdash.board.board import PAGES
from netdash.board.page_states import ExploreState
from netdash.figures.maps import MOST_LINES
from netdash.ranges import numbers, ordered

NUMBERS = st.sampled_from(numbers())


@pytest.fixture
def board():
    board = Board(CASE)
    press(board, "page:explore")
    return board


def figure(board, name):
    return json.loads(board.frame.content["figures"][name])


def test_every_page_opens_alone_and_the_first_is_open():
    assert list(Board().pages) == list(PAGES)
    for name in PAGES:
        board = Board(CASE, pages=[name])
        assert board.frame.content["view"] == name
        assert "page:" not in section(board, "tools")  # no tab where there is nothing to change to


@pytest.mark.parametrize("pages", [[], ["no_such_page"], ["board", "<script>"]])
def test_a_page_that_is_none_is_refused_with_those_there_are(pages):
    with pytest.raises(ValueError, match="expected some of board, explore"):
        Board(pages=pages)


@pytest.mark.parametrize("key", ["page:", "page:no_such", "page:board:explore"])
def test_a_tab_that_is_none_opens_nothing(board, key):
    press(board, key)
    assert board.state.page == "explore"


def test_the_map_is_the_librarys_for_the_selected_and_the_outlined_rule_sets(board):
    names = ["milan_review", "milan_2007", "milan_2019"]
    wanted = nd.eligibility_map(CASE, "age_years", "liver_involvement_percent", names)
    assert figure(board, "map") == json.loads(wanted.to_json())
    assert wanted.layout.meta["text"] in section(board, "map")


def test_a_rule_set_is_outlined_and_no_longer(board):
    press(board, "outline:milan_2023")
    assert board.state.explore.outlined == ["milan_2007", "milan_2019", "milan_2023"]
    assert any("Milan 2023" in trace.get("name", "") for trace in figure(board, "map")["data"])
    press(board, "outline:milan_2007")
    assert board.state.explore.outlined == ["milan_2019", "milan_2023"]
    press(board, "outline:no_such_set")
    assert board.state.explore.outlined == ["milan_2019", "milan_2023"]


def test_a_map_that_has_no_line_left_for_a_rule_set_says_which(board):
    for name in board.state.book:
        if name not in board.state.explore.outlined:
            press(board, f"outline:{name}")
    rest = [name for name in board.state.book if name != board.state.selected]
    on_it = [board.state.selected, *rest[: MOST_LINES - 1]]
    drawn = nd.eligibility_map(CASE, board.state.explore.x, board.state.explore.y, on_it)
    assert figure(board, "map") == json.loads(drawn.to_json())
    left_out = "; ".join(board.state.book[name].title for name in rest[MOST_LINES - 1 :])
    assert f"The map has lines for 7 rule sets. Not on it: {left_out}." in html.unescape(section(board, "map"))
    assert repr(on_it) in html.unescape(section(board, "outlines"))
    board.state.enter("age_years", 70)
    assert board.frame.content["query"] == board.state.query  # the picture follows


def test_a_rule_set_that_is_pressed_fills_the_map_also_without_the_boards_own_page():
    board = Board(CASE, pages=["explore"])
    press(board, "milan_2023")
    assert board.state.selected == "milan_2023"
    assert '<h2 class="nd-h">' in section(board, "map")
    assert "Milan 2023: met" in section(board, "map")


def test_the_what_if_is_of_all_lists_those_that_depend_on_the_input_first_and_says_who_does_not_ask(board):
    press(board, "outline:milan_2007")
    drawn = [name for trace in figure(board, "whatif")["data"] for name in trace["y"]]
    asking = {found.title for found in board.state.book.values() if "ki67_percent" in found.inputs}
    assert set(drawn) == asking
    assert f"{len(asking)} rule sets ask it" in section(board, "whatif")
    depend = {name for name in asking if drawn.count(name) > 1}
    order = figure(board, "whatif")["layout"]["yaxis"]["categoryarray"][::-1]
    assert depend
    assert set(order[: len(depend)]) == depend
    board.state.explore.along = "lesion_count"
    told = section(board, "whatif").partition("Not asked for by: ")[2].partition(".</p>")[0].split("; ")
    assert [html.unescape(text) for text in told] == [
        found.title for found in board.state.book.values() if "lesion_count" not in found.inputs
    ]


@pytest.mark.parametrize("along", ordered())
def test_every_input_with_an_order_can_be_varied(board, along):
    board.state.explore.along = along
    assert section(board, "whatif")


@settings(max_examples=30, deadline=None)
@given(NUMBERS, NUMBERS)
def test_the_two_inputs_of_a_map_are_never_the_same(x, y):
    exploring = ExploreState()
    exploring.x = x
    exploring.y = y
    assert exploring.y == y
    assert exploring.x != exploring.y


def test_the_patient_is_put_where_the_map_was_touched(board):
    press(board, "put:age_years=61&liver_involvement_percent=20")
    assert board.state.patient == CASE.replace(age_years=61, liver_involvement_percent=20)
    assert board.controls._controls["age_years"].slider.value == 61
    assert board.frame.content["inputs"] == board.frame.snapshot()


@pytest.mark.parametrize(
    "key",
    [
        "put:",
        "put:age_years=900&liver_involvement_percent=20",
        "put:age_years=nan",
        "put:<script>",
        "put:ki67_percent=1",
    ],
)
def test_what_no_map_sends_moves_nobody(board, key):
    press(board, key)
    assert board.state.patient == CASE


def test_pinned_and_selected_stay_when_the_page_is_left(board):
    press(board, "do:pin")
    press(board, "milan_2019")
    press(board, "page:board")
    assert (board.state.pinned, board.state.selected) == (CASE, "milan_2019")
    assert "Milan 2019" in section(board, "findings")


def test_to_present_opens_the_page_of_the_meeting(board):
    press(board, "do:present")
    assert board.frame.content["view"] == "present"
    assert section(board, "verdicts")


def saved(board, key):
    """Return what a button hands to the browser as a file."""
    files = []
    board.frame.channel.send = lambda content, buffers=None: files.append((content, buffers))
    press(board, key)
    ((content, (data,)),) = files
    assert content["type"] == "download"
    return content["name"], content["mime"], data


def test_the_report_of_the_case_is_saved(board):
    name, mime, data = saved(board, "do:report")
    assert name.startswith("netdash-case-")
    assert name.endswith(".html")
    assert mime == "text/html"
    assert b"48 years" in data


def test_what_is_drawn_is_saved_as_a_table(board):
    name, mime, data = saved(board, "do:csv")
    assert name.startswith("netdash-map-age-years-liver-involvement-percent-")
    assert mime == "text/csv"
    assert set(pd.read_csv(io.BytesIO(data))["rule_set"]) == {"milan_review", "milan_2007", "milan_2019"}
    press(board, "page:board")
    name, _, data = saved(board, "do:csv")
    assert name.startswith("netdash-5-year-overall-survival-corrected-")
    table = pd.read_csv(io.BytesIO(data))
    assert {"outcome_id", "value", "n", "ci_lb", "ci_ub", "left_out", "locator"} <= set(table.columns)
    assert table["left_out"].notna().any()


# The Python that is shown.


@pytest.mark.parametrize("along", ["ki67_percent", "extrahepatic_disease", "lesion_count"])
def test_the_python_gives_the_map_and_the_what_if(board, along):
    if along in ordered():
        board.state.explore.along = along
    python = board.pages["explore"].python()
    assert html.escape(python, quote=False) in section(board, "outlines").replace("&#39;", "'")
    drawn, names = run(python)
    assert json.loads(drawn.to_json()) == figure(board, "map")
    if "what_if" in names:
        assert json.loads(names["what_if"].to_json()) == figure(board, "whatif")
    else:
        assert figure(board, "whatif") == {}


def test_the_python_runs_where_no_rule_set_on_the_map_asks_for_what_is_varied(board):
    board.state.explore.outlined = []
    for along in ordered():
        board.state.explore.along = along
        run(board.pages["explore"].python())
