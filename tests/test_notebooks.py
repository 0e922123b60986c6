"""The notebooks: thin, without stored output, and they run."""

import ast

import nbformat
import pytest
from conftest import ROOT
from nbclient import NotebookClient

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
