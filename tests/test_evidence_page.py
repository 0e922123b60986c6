"""The evidence's page without a browser: pools with series left out, own series, and the tables."""

import io
import json
import re
from datetime import UTC, datetime
from html import unescape

import pandas as pd
import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from test_board import press, run, section
from test_explore import saved

import netdash as nd
from netdash import evidence
from netdash.board import Board
from netdash.board.page_states import LONGEST_WORDS
from netdash.board.pages.evidence import LEFT_OUT_BY_VISITOR, selected
from netdash.board.state import outcomes_shown
from netdash.board.tables import TABLES
from netdash.outcome_tables import harms_table
from netdash.outcome_tables.harms import REPORTED

OWN = (ROOT / "data" / "local_series.csv").read_bytes()
THERAPIES = [row.therapy for row in evidence.therapies().itertuples() if not row.comparator]
MAYO = "t1-mayo-resection-os60"


@pytest.fixture
def board():
    board = Board(pages=["evidence"])
    board.state.evidence.therapy = "resection"
    return board


@pytest.fixture
def page(board):
    return board.pages["evidence"]


def html(board):
    return section(board, "evidence")


def figure(board, name):
    return json.loads(board.frame.content["figures"][name])


def drawing(wanted):
    """Return what a figure of the library draws."""
    return json.loads(wanted.to_json())


def poolable(board):
    return re.findall(r'data-select="pool:([\w-]+)" aria-pressed="true"', html(board))


def resections():
    rows = nd.outcomes()
    return rows[rows["therapy"] == "resection"]


def upload(page, content):
    page.upload.value = (
        {
            "name": "own.csv",
            "type": "text/csv",
            "size": len(content),
            "content": memoryview(content),
            "last_modified": datetime.now(UTC),
        },
    )


# Pools.


def test_all_and_the_selected_series_are_drawn_as_the_library_draws_them(board):
    rows = resections()
    wanted = nd.forest(rows, nd.pool_by_therapy(rows), left_out=False, weights=False)
    for name in ("all", "selected"):
        assert figure(board, name) == drawing(wanted)


def test_a_number_of_patients_that_is_not_printed_is_an_empty_cell(board):
    assert "<td>None</td>" not in html(board)
    assert "<td></td>" in html(board)


def test_a_series_that_is_pressed_leaves_the_selected_pool_and_comes_back(board):
    (first, *rest) = poolable(board)
    before = figure(board, "all")
    press(board, f"pool:{first}")
    left = selected(resections(), [first])
    assert figure(board, "selected") == drawing(
        nd.forest(left, nd.pool_by_therapy(left), left_out=False, weights=False)
    )
    assert figure(board, "all") == before
    assert poolable(board) == rest
    assert LEFT_OUT_BY_VISITOR in html(board)
    press(board, f"pool:{first}")
    assert figure(board, "selected") == before


def test_all_series_are_put_back_at_once(board):
    for name in poolable(board)[:3]:
        press(board, f"pool:{name}")
    press(board, "do:pool-all")
    assert figure(board, "selected") == figure(board, "all")


@pytest.mark.parametrize("key", ["pool:", "pool:no-such", "pool:<script>", "pool:t1-chen-surgical-os60"])
def test_what_is_not_pooled_cannot_be_left_out(board, key):
    before = html(board)
    press(board, key)
    assert html(board) == before


def test_with_one_series_left_nothing_is_pooled(board):
    for name in poolable(board)[1:]:
        press(board, f"pool:{name}")
    assert [trace for trace in figure(board, "selected")["data"] if trace["name"] == "pooled"] == []
    assert "not pooled" in html(board)
    assert "takes four pooled series" in html(board)


def test_two_series_are_shown_and_not_pooled(board):
    board.state.evidence.therapy = ""
    page = html(board)
    assert "49 and 52 %, 2 series, not pooled" in page
    assert "29 and 52 %, 2 series, not pooled" in page
    assert "k = 2" not in page
    assert "nan" not in re.sub(r"<[^>]*>", " ", page).split()
    for name in ("all", "selected"):
        assert [trace["name"] for trace in figure(board, name)["data"]].count("pooled") == 1
    board.state.evidence.therapy = "resection"
    for name in poolable(board)[3:]:
        press(board, f"pool:{name}")
    assert "influence" not in board.frame.content["figures"]  # without one of three, two are left
    assert "takes four pooled series" in html(board)
    press(board, f"pool:{poolable(board)[0]}")
    assert "2 series, not pooled" in html(board)
    assert [trace["name"] for trace in figure(board, "selected")["data"]].count("pooled") == 0


def test_leave_one_out_is_that_of_the_selected_series(board):
    assert len(figure(board, "influence")["data"][0]["x"]) == len(poolable(board))
    press(board, f"pool:{poolable(board)[0]}")
    assert len(figure(board, "influence")["data"][0]["x"]) == len(poolable(board))


def test_medians_are_shown_and_not_pooled(board):
    board.state.evidence.therapy = ""
    board.state.outcome = "Median overall survival"
    assert figure(board, "all") == drawing(nd.medians(nd.outcomes(), endpoint="overall_survival"))
    assert "without a variance" in html(board)
    assert set(board.frame.content["figures"]) == {"all"}


def test_a_therapy_without_the_endpoint_says_so(board):
    board.state.evidence.therapy = "prrt"
    assert "PRRT: no series has this endpoint, corrected." in html(board)
    assert board.frame.content["figures"] == {}


@pytest.mark.parametrize("outcome", outcomes_shown())
@pytest.mark.parametrize("reading", ["corrected", "printed"])
def test_every_endpoint_of_every_therapy_can_be_looked_at(board, outcome, reading):
    board.state.outcome, board.state.reading = outcome, reading
    for therapy in ["", *nd.outcomes()["therapy"].unique()]:
        board.state.evidence.therapy = therapy
        assert html(board)
        run(board.pages["evidence"].python())
        assert board.pages["evidence"].csv()[1]


# Harms beside benefits.


@pytest.mark.parametrize("reading", ["corrected", "printed"])
@pytest.mark.parametrize("therapy", ["", *THERAPIES])
def test_harms_are_drawn_as_the_library_draws_them_and_every_row_is_there(board, page, therapy, reading):
    board.state.reading = reading
    board.state.evidence.show, board.state.evidence.therapy = "harms", therapy
    rows = nd.outcomes(reading)
    assert figure(board, "harms") == drawing(nd.harms_beside_benefits(rows, therapy or None))
    assert drawing(run(page.python())[0]) == figure(board, "harms")
    table = harms_table(rows, therapy or None).frame()
    not_drawn = table[~table["left_out"].isin(["", REPORTED])]
    assert f"{len(not_drawn)} more row{'s' * (len(not_drawn) != 1)} of" in html(board)
    for name in not_drawn["id"]:
        assert f'data-select="source:{name}"' in html(board)
    _, _, data = saved(board, "do:csv")
    assert len(pd.read_csv(io.BytesIO(data))) == len(table)


def test_of_a_comparison_arm_no_harms_are_drawn_and_it_says_so(board, page):
    board.state.evidence.show, board.state.evidence.therapy = "harms", "no_resection"
    assert "is a comparison arm" in html(board)
    assert board.frame.content["figures"] == {}
    run(page.python())
    assert pd.read_csv(io.BytesIO(saved(board, "do:csv")[2])).empty


# Own series.


def test_own_series_are_drawn_and_pooled_only_when_asked(board, page):
    pooled = len(poolable(board))
    upload(page, OWN)
    assert "Our center 2024 (local)" in html(board)
    assert len(poolable(board)) == pooled
    press(board, "pool:x-1")
    assert len(poolable(board)) == pooled + 1
    assert "k = 13" in html(board)
    press(board, "do:forget")
    assert "Our center" not in html(board)
    assert board.state.evidence.toggled == []


def test_an_own_series_without_a_year_has_none_when_it_is_left_out_in_turn(board, page):
    upload(page, OWN.replace(b",2024,", b",,"))
    press(board, "pool:x-1")
    names = figure(board, "influence")["layout"]["yaxis"]["ticktext"]
    assert "without Our center (local)" in names
    assert not any("NA" in name for name in names)


@pytest.mark.parametrize(
    "content", [b"", b"not,a,table\n1,2,3\n", OWN.replace(b"80", b"180"), b"\xff\xfe", b"x" * 2_000_001]
)
def test_own_series_with_anything_wrong_are_refused_whole_and_the_reason_stands_there(board, page, content):
    upload(page, OWN)
    upload(page, content)
    if not content:
        assert board.state.evidence.own == b""
    else:
        assert board.state.evidence.own == OWN
        assert 'role="alert">Own series: own series: ' in html(board)


def test_a_script_in_own_series_is_text(board, page):
    upload(page, OWN.replace(b"Our center", b"<script>alert(1)</script>"))
    assert "<script>" not in html(board)
    assert "&lt;script&gt;" in html(board)


# Tables.


@pytest.mark.parametrize("name", TABLES)
def test_every_row_of_every_table_is_there_and_each_has_its_source(board, name):
    board.state.evidence.therapy = ""
    board.state.evidence.show = name
    keys = list(map(str, TABLES[name].rows("corrected")[TABLES[name].key]))
    found = re.findall(r'class="nd-link" data-select="source:([^"]+)">(?!B\d)', html(board))
    assert [key for key in keys if key not in found and name != "discrepancies"] == []
    assert html(board).count("<tr>") == len(keys) + 1
    press(board, f"source:{keys[0]}")
    assert nd.source(keys[0]).locator in unescape(board.frame.content["sections"]["source"])


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(list(TABLES)), st.lists(st.sampled_from(["mayo", "survival", "Table", "2011", "x"]), max_size=3))
def test_a_row_is_shown_exactly_if_it_holds_each_word(name, words):
    table = TABLES[name]
    shown = set(table.rows("corrected", words=" ".join(words))[table.key].astype(str))
    for row in table.rows("corrected").to_dict("records"):
        text = " ".join(map(str, row.values())).replace("_", " ").lower()
        assert (str(row[table.key]) in shown) == all(word.lower() in text for word in words)


def test_a_table_is_held_to_the_therapy_and_says_how_many_rows_are_left(board):
    board.state.evidence.show = "outcomes"
    of = len(resections())
    assert f"{of} of {len(nd.outcomes())} rows; Resection only" in html(board)


def test_where_no_row_is_left_the_page_says_why(board):
    board.state.evidence.show = "references"
    board.state.evidence.words = "no such words"
    assert "No row is left: none holds “no such words”" in html(board)


def test_the_printed_reading_of_a_table_is_the_librarys(board):
    board.state.evidence.show = "claims"
    corrected = html(board)
    board.state.reading = "printed"
    assert html(board) != corrected


def test_words_without_end_are_cut(board):
    board.state.evidence.words = "a" * 10_000
    assert len(board.state.evidence.words) == LONGEST_WORDS


def test_only_controls_that_have_a_say_are_offered(board, page):
    def offered():
        return [control.description for control in page.toolbar if "nd-closed" not in control._dom_classes]

    assert offered() == ["Show", "Therapy", "Endpoint", "Numbers", "Followed", "Load own series…"]
    board.state.evidence.show = "harms"
    assert offered() == ["Show", "Therapy", "Numbers"]
    board.state.evidence.show = "references"
    assert offered() == ["Show", "Find"]
    board.state.evidence.show = "claims"
    assert offered() == ["Show", "Therapy", "Numbers", "Find"]


# What leaves the page.


@pytest.mark.parametrize("name", ["pooling", *TABLES])
def test_the_table_that_is_saved_is_the_one_on_screen(board, name):
    board.state.evidence.show = name
    file, mime, data = saved(board, "do:csv")
    assert file.startswith("netdash-")
    assert mime == "text/csv"
    rows = pd.read_csv(io.BytesIO(data))
    wanted = TABLES[name].rows("corrected", "resection") if name in TABLES else None
    if wanted is None:
        assert set(rows["endpoint"]) == {"overall_survival"}
        assert rows["left_out"].notna().any()
    else:
        assert len(rows) == len(wanted)


@pytest.mark.parametrize("words", ["", "mayo 2011", 'it\'s "quoted"'])
@pytest.mark.parametrize("name", TABLES)
def test_the_python_of_a_table_gives_its_rows(board, page, name, words):
    board.state.evidence.show, board.state.evidence.words = name, words
    rows, _ = run(page.python())
    assert rows.equals(TABLES[name].rows("corrected", "resection", words))


def test_the_python_of_the_pools_gives_the_selected_picture(board, page):
    press(board, f"pool:{poolable(board)[0]}")
    drawn, _ = run(page.python())
    assert drawing(drawn) == figure(board, "selected")
    board.state.outcome, board.state.evidence.therapy = "Median overall survival", ""
    drawn, _ = run(page.python())
    assert drawing(drawn) == figure(board, "all")


def test_a_share_that_was_followed_widens_every_interval_and_stands_in_both_pictures(board, page):
    whole = figure(board, "all")
    page.followed.label = "half"
    assert board.state.evidence.followed == 0.5
    rows = resections()
    half = drawing(nd.forest(rows, nd.pool_by_therapy(rows, followed=0.5), followed=0.5, left_out=False, weights=False))
    assert figure(board, "all") == half != whole
    assert "as if 50 % of each series were followed" in half["layout"]["title"]["subtitle"]["text"]
    effects = nd.outcome_effects(rows[rows["poolable"] & rows["horizon_months"].eq(60)], followed=0.5)
    assert f"I² {nd.pool(effects).i2:.0f} %" in html(board)
    assert drawing(run(page.python())[0]) == half
    page.show.label = "Harms beside benefits"
    assert "nd-closed" in page.followed._dom_classes
