"""The notebooks: thin, without stored output, and they run."""

import ast
import contextlib
import copy
import html
import pickle
import sys

import nbformat
import pandas as pd
import plotly.io as pio
import pytest
from conftest import ROOT
from ipywidgets.widgets.widget import _instances
from nbclient import NotebookClient

import netdash as nd
from netdash.evidence import DISCLAIMER

NOTEBOOKS = sorted((ROOT / "dashboards").rglob("*.ipynb"))
MOST_LINES = 15  # of one cell: a patient takes a line for each field


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.name)
def notebook(request):
    return nbformat.read(request.param, as_version=4)


def code_of(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_the_tour_has_ten_cells():
    tour = nbformat.read(ROOT / "dashboards" / "tour.ipynb", as_version=4)
    assert len(code_of(tour)) == 10


def test_the_tour_counts_every_list_of_a_therapy_beside_its_outcomes():
    tour, names = nbformat.read(ROOT / "dashboards" / "tour.ipynb", as_version=4), {"display": lambda *shown: None}
    for cell in code_of(tour)[:6]:
        exec(cell.source, names)
    tally = nd.tallies(names["assessment"])["transplantation"]
    assert len(tally.missed) < tally.of
    assert str(tally) in names["forest"].layout.meta["text"]


def test_the_board_is_one_cell_of_two_lines():
    board = nbformat.read(ROOT / "dashboards" / "tumor_board.ipynb", as_version=4)
    (cell,) = board.cells
    assert [line for line in cell.source.splitlines() if line] == ["from netdash.board import Board", "Board()"]


def test_it_is_a_valid_notebook_for_any_python_3(notebook):
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert "version" not in notebook.metadata.language_info  # else every machine that saves it changes the file


def test_it_stores_no_output(notebook):
    for cell in code_of(notebook):
        assert cell.outputs == []
        assert cell.execution_count is None


def test_it_is_thin(notebook):
    sources = [cell.source for cell in code_of(notebook)]
    assert max(len(source.splitlines()) for source in sources) <= MOST_LINES
    logic = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef, ast.For, ast.While, ast.If, ast.Try)
    for source in sources:
        assert [node for node in ast.walk(ast.parse(source)) if isinstance(node, (*logic, ast.comprehension))] == []


def test_it_runs(notebook, tmp_path):
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": tmp_path}}).execute()
    outputs = [output for cell in code_of(notebook) for output in cell.outputs]
    said = [output for output in outputs if output.output_type in ("error", "stream")]
    assert [output for output in said if "CohortNotice" not in output.get("text", "")] == []  # it says what was read
    assert all(cell.outputs for cell in code_of(notebook))
    shown = {kind for output in outputs for kind in output.get("data", {})}
    assert {"application/vnd.jupyter.widget-view+json", "application/vnd.plotly.v1+json"} & shown
    for output in outputs:  # what nbconvert and GitHub show in place of a picture
        if "application/vnd.plotly.v1+json" in output.get("data", {}):
            said = output["data"]["application/vnd.plotly.v1+json"]["layout"]["meta"]["text"]
            assert html.escape(said) in output["data"]["text/html"]
            assert "<table" in output["data"]["text/html"]


CASE = nd.Patient(age_years=55, ki67_percent=8)


def test_a_board_is_shown_as_text_and_as_plain_html():
    board = nd.Board(CASE)
    bundle = board._repr_mimebundle_()
    assert bundle["text/plain"] == "Board: Age 55 years; Ki-67 8 %. Run the cell to use it."
    assert "Patient: Age 55 years; Ki-67 8 %." in bundle["text/html"]
    for judgement in nd.assess(CASE).judgements:
        assert html.escape(judgement.headline) in bundle["text/html"]
    assert DISCLAIMER in bundle["text/html"]
    assert "<script" not in bundle["text/html"]
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"] == board.model_id
    assert repr(board) == "Board(Patient(age_years=55.0, ki67_percent=8.0))"
    assert len(repr(nd.Board(pages="explore"))) < 50


def test_a_served_board_is_shown_without_its_plain_html(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.publish_display_data", lambda bundle: shown.append(set(bundle)))
    monkeypatch.delitem(sys.modules, "netdash.server.kernel", raising=False)  # the doctests import every module
    board, view = nd.Board(), {"text/plain", "application/vnd.jupyter.widget-view+json"}
    board._ipython_display_()
    assert shown == [{"text/plain", "text/html"}, view]
    shown.clear()
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5.13")
    board._ipython_display_()
    assert shown == [view]
    shown.clear()
    board.close()
    board._ipython_display_()
    assert shown == [{"text/plain"}]


def test_closing_a_board_closes_every_widget_of_it():
    others = set(_instances)
    board = nd.Board(CASE)
    assert len(set(_instances) - others) > 100
    board.close()
    assert set(_instances) == others
    board.close()


def test_the_case_of_a_board_can_be_read_set_and_observed():
    board, seen = nd.Board(CASE), []
    board.observe(lambda change: seen.append(change.new), "patient")
    board.state.enter("age_years", 54)
    assert board.patient == CASE.replace(age_years=54) == seen[-1]
    board.patient = nd.Patient()
    assert board.state.patient == nd.Patient()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"age_years": 55}, r"a case is Board\(nd.Patient\(age_years=...\)\)"),
        ({"patients": CASE}, "'patients' is no argument of Board; expected patient, pages"),
        ({"patient": {"age_years": 55}}, r"given dict, expected a Patient; use nd.Patient.from_dict"),
        ({"cases": {"a": {}}}, r"'a' is no Patient; use nd.Patient.from_dict"),
        ({"cases": 5}, "given int, expected a mapping of labels to patients, or a CSV file"),
    ],
)
def test_a_board_refuses_in_words_what_it_cannot_be_made_of(given, words):
    with pytest.raises(TypeError, match=words):
        nd.Board(**given)


def test_a_picture_says_what_it_shows_where_plotly_is_not_loaded():
    figure = nd.forest(nd.outcomes())
    assert repr(figure).startswith("Picture: 5-year overall survival. ")
    assert len(repr(figure)) < 300
    first = "<td>series</td><td>73</td><td>47.72</td><td>88.9</td>"  # in one row, although point and line are two marks
    assert figure.as_html().count("Chen 1998, n = 15") == 1
    assert first in figure.as_html()
    contrasts = repr(nd.contrast_forest(nd.contrasts(nd.outcomes())))
    assert contrasts.startswith("Picture: Risk ratio of being alive at 5 years observational, confounded. ")
    long = nd.medians(pd.concat([nd.outcomes()] * 3))
    assert f"{len(nd.drawn(long)) - 60} more rows: nd.drawn(figure)" in long.as_html()
    again = pickle.loads(pickle.dumps(figure))
    assert again == figure == copy.deepcopy(figure)
    assert type(again) is type(figure)
    with renderers("notebook"):
        assert "<script" in figure._repr_mimebundle_()["text/html"]


@contextlib.contextmanager
def renderers(name):
    before = pio.renderers.default
    pio.renderers.default = name
    yield
    pio.renderers.default = before


def test_a_picture_is_saved_under_the_name_that_is_given(tmp_path, monkeypatch):
    figure = nd.medians(nd.outcomes())
    assert nd.save(figure, tmp_path / "a.html") == tmp_path / "a.html"
    assert nd.save(figure, str(tmp_path / "a.html")) == tmp_path / "a.html"  # written anew
    assert len(pd.read_csv(nd.save(figure, tmp_path / "a.csv"))) == len(nd.drawn(figure))
    monkeypatch.chdir(tmp_path)
    assert nd.save(figure).name.startswith("netdash-")
    assert nd.save(figure, folder=tmp_path, suffix="csv").suffix == ".csv"


@pytest.mark.parametrize(
    ("path", "error", "words"),
    [
        (
            "x.png",
            ValueError,
            "expected a name that ends in .html or .csv; the buttons above the plot make SVG and PNG",
        ),
        ("nowhere/x.html", FileNotFoundError, "there is no such folder"),
        ("nowhere", FileNotFoundError, "or name a file that ends in .html"),
    ],
)
def test_a_picture_that_cannot_be_saved_is_refused_in_words(tmp_path, path, error, words):
    with pytest.raises(error, match=words):
        nd.save(nd.medians(nd.outcomes()), tmp_path / path)
