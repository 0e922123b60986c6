"""Tables of outcomes: made once for each picture, and everything that is said of a picture comes from them."""

import ast
import dataclasses
import doctest
import inspect
import sys
from collections import Counter
from contextlib import contextmanager

import plotly.graph_objects as go
import pytest
from conftest import ROOT
from test_board import press

import netdash as nd
from netdash.board import Board, views
from netdash.figures import rows
from netdash.figures.forest import forest_dict
from netdash.outcome_tables import forest_table, harms_table, medians_table

FIGURES = ROOT / "netdash" / "figures"
PICTURES = [
    *("attrition_bars", "contrast_forest", "cumulative_forest", "eligibility_map", "forest", "harms_beside_benefits"),
    *("icon_array", "influence", "medians", "verdict_strip"),
]
STATISTICS = {"wilson", "log_odds", "weights_of", "natural", "transformed", "effect_sizes", "pool"}
CASE = nd.Patient(age_years=48, ki67_percent=4, liver_involvement_percent=35, primary_site="pancreas")


@contextmanager
def counted():
    """Count the calls of netdash's functions by name while the block runs."""
    calls = Counter()

    def note(frame, event, _):
        if event == "call" and "netdash" in frame.f_code.co_filename:
            calls[frame.f_code.co_name] += 1

    sys.setprofile(note)
    try:
        yield calls
    finally:
        sys.setprofile(None)


@pytest.fixture
def board():
    views.plot_table.cache_clear()
    views._plot.cache_clear()
    return Board()


# Made once.


def test_a_plot_of_the_board_makes_its_table_once():
    views.plot_table.cache_clear()
    views._plot.cache_clear()
    with counted() as calls:
        Board(CASE)
    assert (calls["forest_table"], calls["read_rows"], calls["wilson"], calls["forest_dict"]) == (1, 1, 1, 1)
    assert calls["check_outcomes"] == 2  # of what is pooled, and of what is drawn


def test_another_case_draws_the_table_that_is_there(board):
    with counted() as calls:
        board.state.patient = CASE.replace(age_years=60)
        board.state.patient = CASE.replace(age_years=30, primary_site="lung")
    assert calls["forest_dict"] == 2
    assert calls["forest_table"] == calls["wilson"] == calls["check_outcomes"] == calls["pool"] == 0


def test_medians_on_the_board_make_their_table_once(board):
    with counted() as calls:
        board.state.outcome = "Median overall survival"
    assert (calls["medians_table"], calls["read_rows"], calls["medians_dict"]) == (1, 1, 1)


def test_the_rows_that_the_board_saves_are_those_of_its_plot(board):
    with counted() as calls:
        board.pages["board"].csv()
    assert calls["forest_table"] == 0


@pytest.mark.parametrize("therapy", ["", "resection"])
def test_the_evidence_page_makes_one_table_for_all_series_and_one_for_the_selected(therapy):
    board = Board(pages=["evidence"])
    board.state.evidence.therapy = "ablation"
    with counted() as calls:
        board.state.evidence.therapy = therapy
    assert (calls["forest_table"], calls["read_rows"], calls["wilson"]) == (1, 1, 1)
    with counted() as calls:
        press(board, "pool:t1-mayo-resection-os60")
    assert (calls["forest_table"], calls["read_rows"], calls["wilson"]) == (2, 2, 2)


def test_the_evidence_page_makes_the_table_of_harms_once():
    board = Board(pages=["evidence"])
    with counted() as calls:
        board.state.evidence.show = "harms"
    assert (calls["harms_table"], calls["read_rows"], calls["harms_dict"]) == (1, 1, 1)


# Everything from one table.


def test_figure_sentence_caption_and_rows_are_of_one_table():
    outcomes, verdicts = nd.outcomes(), {"resection": "met"}
    pooled = nd.pool_by_therapy(outcomes)
    figure, table = nd.forest(outcomes, pooled, verdicts), forest_table(outcomes, pooled)
    assert figure.layout.meta["text"] == table.sentence(verdicts)
    assert figure.layout.meta["caption"] == table.caption
    assert figure.layout.title.text == table.title
    frame = table.frame().set_index("outcome_id")
    (series,) = (trace for trace in figure.data if trace.name == "series")
    assert (
        list(series.customdata) == [row.outcome_id for row in table.drawn] == list(frame.query("left_out == ''").index)
    )
    assert [(row.outcome_id, row.left_out) for row in table.left_out] == list(
        frame.query("left_out != ''")["left_out"].items()
    )
    assert [(row.ci_lb, row.ci_ub) for row in table.drawn] == [
        tuple(frame.loc[row.outcome_id, ["ci_lb", "ci_ub"]]) for row in table.drawn
    ]


def test_a_pooled_rate_says_itself_in_percent():
    outcomes = nd.outcomes()
    pools = forest_table(outcomes, nd.pool_by_therapy(outcomes)).pools
    fit = nd.pool_by_therapy(outcomes)["resection"]
    assert pools["resection"].percent.estimate == pytest.approx(100 * fit.transformed().estimate)
    assert sum(pools["resection"].weights.values()) == pytest.approx(100)
    assert str(pools["transplantation"]) == "49 and 52 %, 2 series, not pooled"


def test_tables_of_no_row_can_be_saved():
    none = nd.outcomes().query("therapy == 'transplantation' and endpoint == 'overall_survival'")
    assert medians_table(none).frame().empty
    assert views.table_rows(medians_table(none), none).columns[-1] == "same_axis"
    assert harms_table(nd.outcomes(), "resection").frame()["side"].isin(["harm", "benefit"]).all()


# Figures draw tables and compute nothing.


@pytest.mark.parametrize("path", sorted(FIGURES.glob("*.py")), ids=lambda path: path.name)
def test_a_figure_computes_no_statistic(path):
    tree = ast.parse(path.read_text())
    called = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    names = {node.id if isinstance(node, ast.Name) else getattr(node, "attr", "") for node in called}
    assert names & STATISTICS == set()


def test_lines_of_pictures_are_dataclasses_that_cannot_change():
    kinds = [rows.Line]
    for kind in kinds:
        kinds += kind.__subclasses__()
    assert len(kinds) > 5
    for kind in kinds:
        assert dataclasses.is_dataclass(kind)
        assert kind.__dataclass_params__.frozen, kind


# Pictures are functions.


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_a_function_that_says_what_it_returns(name):
    function = getattr(nd, name)
    assert inspect.isfunction(function)
    assert inspect.signature(function).return_annotation == "go.Figure"
    assert function.__name__ == name
    assert "plotly.graph_objects.Figure" in function.__doc__


@pytest.mark.parametrize("name", PICTURES)
def test_the_example_of_a_picture_runs(name):
    function = getattr(nd, name)
    (found,) = doctest.DocTestFinder(recurse=False).find(function, name)
    assert found.examples
    assert doctest.DocTestRunner().run(found).failed == 0


def test_a_picture_returns_plotlys_figure_and_the_board_a_dictionary():
    outcomes = nd.outcomes()
    assert isinstance(nd.forest(outcomes), go.Figure)
    assert type(forest_dict(forest_table(outcomes))) is dict
