"""The same board in JupyterLab and Notebook, where no page of ours brings plotly.js: the kernel sends it once."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from types import SimpleNamespace

import nbformat
import psutil
import pytest
from conftest import ROOT
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from nbformat.sign import NotebookNotary
from playwright.sync_api import expect

import netdash as nd
from browser.served import PATIENCE
from browser.visit import ARTIFACTS, Visit, in_words, verdicts_of
from netdash.board.state import examples
from netdash.evidence import DISCLAIMER

BOUNDS = "On the bounds: age 55, liver 50 %"
SETTINGS = {
    # Without the language server: it would read the whole repository.
    "ServerApp": {"open_browser": False, "port": 0, "allow_root": True, "jpserver_extensions": {"jupyter_lsp": False}},
    "IdentityProvider": {"token": ""},  # it listens on this machine only, for one test
    "JupyterNotebookApp": {"expose_app_in_browser": True},
    "LabApp": {
        "expose_app_in_browser": True,
        "check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
        "news_url": None,
        "extension_manager": "readonly",
    },
}
# By program: the page that opens a notebook.
PROGRAMS = {"jupyterlab": "lab/tree", "notebook": "notebooks"}
SLOW = 120_000  # ms for four boards at once in one notebook, on a busy machine
# Another plotly.js in the page, of netdash's own version, which cannot draw.
FOREIGN = "window.Plotly = {version: '4.1.1', react() { throw new Error('not for netdash') }}"
HAS_ITS_KERNEL = """() => {
    const kernel = window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel
    return kernel?.connectionStatus === "connected" && kernel.status === "idle"
}"""
STATIC = "the board as it was when this cell was run"
ALONE = {"board": "forest", "explore": "map", "evidence": "all", "teaching": None}


CASE = nd.Patient(age_years=48, liver_involvement_percent=35)


@pytest.fixture(scope="module")
def executed():
    """A notebook with a board and a picture, executed without a browser: it holds the board's saved state."""
    cells = [
        f"from netdash import Patient\nfrom netdash.board import Board\n\nBoard({CASE!r})",
        "import netdash as nd\n\nnd.forest(nd.outcomes())",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.metadata = nbformat.read(ROOT / "dashboards" / "tumor_board.ipynb", as_version=4).metadata
    return NotebookClient(notebook, timeout=PATIENCE).execute()


@pytest.fixture(params=PROGRAMS)  # a program for each test: JupyterLab opens again what was open before
def lab(request, tmp_path, executed):
    """JupyterLab or Notebook with the board and each of its pages alone, and nothing of the user's own settings."""
    work, config = tmp_path / "work", tmp_path / "CONFIG"
    work.mkdir()
    config.mkdir()
    shutil.copy(ROOT / "dashboards" / "tumor_board.ipynb", work / "board.ipynb")
    cells = [f"from netdash.board import Board\n\nBoard(pages=[{name!r}])" for name in ALONE]
    alone = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    alone.metadata = nbformat.read(work / "board.ipynb", as_version=4).metadata
    nbformat.write(alone, work / "alone.ipynb")
    nbformat.write(executed, work / "executed.ipynb")
    bare = executed.copy()  # as JupyterLab saves it unless it is told to keep the state of widgets
    bare.metadata = {name: found for name, found in executed.metadata.items() if name != "widgets"}
    nbformat.write(bare, work / "bare.ipynb")
    data = tmp_path / "DATA"
    data.mkdir()
    notary = NotebookNotary(data_dir=str(data))
    notary.sign(executed)  # as `jupyter trust` does
    notary.store.close()
    for name in ("jupyter_lab_config", "jupyter_notebook_config"):
        (config / f"{name}.json").write_text(json.dumps(SETTINGS))
    places = {f"JUPYTER_{name}_DIR": str(tmp_path / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    command = [sys.executable, "-m", request.param, f"--ServerApp.root_dir={work}"]
    environ = os.environ | places | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, cwd=work, env=environ, stderr=subprocess.PIPE, text=True)
    watchdog = threading.Timer(PATIENCE, process.kill)
    watchdog.start()
    found = None
    for line in process.stderr:
        if found := re.search(r"http://\S+?/(?=lab|tree)", line):
            break
    watchdog.cancel()
    rest = threading.Thread(target=process.stderr.read, daemon=True)  # else it stops when the pipe is full
    rest.start()
    assert found, f"{request.param} printed no address"
    yield SimpleNamespace(url=found[0], notebooks=found[0] + PROGRAMS[request.param], program=request.param)
    family = psutil.Process(process.pid).children(recursive=True)
    process.terminate()
    process.wait(timeout=120)
    rest.join(timeout=120)
    process.stderr.close()
    for child in family:
        if child.is_running():
            child.kill()


def run_cells(visit):
    """Run all cells of the notebook that is open, once its program has started.

    The program drops without a word what it is asked to run before it has its kernel, which its signs do not tell:
    it says "idle" before. So the program itself is asked.
    """
    page = visit.page
    # On a busy machine it may ask which kernel, although the notebook says so.
    choose = page.get_by_role("dialog").get_by_role("button", name="Select Kernel")
    page.add_locator_handler(choose, lambda button: button.click())
    expect(page.locator(".jp-CodeCell .cm-content").first).to_be_visible(timeout=SLOW)
    page.wait_for_function(HAS_ITS_KERNEL, timeout=SLOW)
    visit.errors.clear()  # Notebook 7.6 starts with an error of its own
    page.evaluate("() => void jupyterapp.commands.execute('notebook:run-all-cells')")


def test_the_board_runs_in_a_notebook(browser, lab):
    visit = Visit(browser, lab)
    page = visit.page
    page.goto(f"{lab.notebooks}/board.ipynb")
    foreign = page.evaluate_handle(FOREIGN)
    run_cells(visit)
    visit.settle()
    visit.expect_case(nd.Patient())
    visit.open_example(BOUNDS)
    visit.press("age_years", "ArrowLeft")
    visit.expect_case(examples()[BOUNDS].replace(age_years=54))
    expect(visit.handle("age_years")).to_have_attribute("aria-label", "Age")
    visit.plot.scroll_into_view_if_needed()
    visit.shoot(lab.program)
    assert page.evaluate("location.search") == ""  # a notebook's address is its own
    assert page.evaluate("foreign => window.Plotly === foreign", foreign)  # and so is its plotly.js
    visit.check()
    visit.context.close()


def test_a_board_that_was_saved_says_so_and_draws_again_once_its_cell_is_run(browser, lab):
    visit = Visit(browser, lab)
    page = visit.page
    page.goto(f"{lab.notebooks}/executed.ipynb")
    expect(visit.banner).to_contain_text("This board was saved with the notebook", timeout=SLOW)
    expect(visit.banner).to_contain_text("Run the cell of this board again")
    expect(visit.banner).not_to_contain_text("server")
    expect(visit.case).to_have_text(in_words(CASE))
    assert visit.verdicts() == verdicts_of(CASE)
    expect(visit.plot).to_contain_text("In words: 5-year overall survival", timeout=SLOW)
    expect(page.get_by_text(STATIC)).to_be_hidden()  # the board is there
    visit.shoot(f"{lab.program}-saved")
    run_cells(visit)
    expect(visit.banner).to_be_hidden(timeout=SLOW)
    visit.expect_case(CASE)
    expect(page.get_by_text(STATIC)).to_be_hidden()
    visit.check()
    page.goto(f"{lab.notebooks}/bare.ipynb")  # neither state nor kernel has the board
    # JupyterLab may open the notebook before it as well, in a tab behind.
    expect(page.get_by_text(STATIC).filter(visible=True)).to_be_visible(timeout=SLOW)
    patient = page.get_by_text("Patient: Age 48 years; Liver involvement 35 %.")
    expect(patient.filter(visible=True)).to_be_visible()
    visit.shoot(f"{lab.program}-bare")
    visit.context.close()


def test_an_exported_notebook_shows_case_verdicts_and_picture_without_a_network(browser, executed, tmp_path):
    path = tmp_path / "exported.html"
    path.write_text(HTMLExporter(embed_images=True).from_notebook_node(executed)[0])
    context = browser.new_context(offline=True, viewport={"width": 1280, "height": 1600})
    page = context.new_page()
    page.goto(path.as_uri())
    expect(page.get_by_text(STATIC)).to_be_visible()
    expect(page.get_by_text("Patient: Age 48 years; Liver involvement 35 %.").first).to_be_visible()
    expect(page.get_by_text("Open, 3 of 5: Ki-67 not entered").first).to_be_visible()
    expect(page.get_by_text(DISCLAIMER).first).to_be_visible()
    expect(page.get_by_text("5-year overall survival: 18 series").first).to_be_visible()
    expect(page.get_by_role("cell", name="Chen 1998, n = 15").first).to_be_visible()
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / "exported.png", full_page=True)
    context.close()


def test_each_page_runs_alone_in_a_narrow_pane(browser, lab):
    visit = Visit(browser, lab, size=(1024, 768))
    page = visit.page
    page.goto(f"{lab.notebooks}/alone.ipynb")
    run_cells(visit)
    for name, figure in ALONE.items():
        board = page.locator(f".netdash-board[data-view={name}]")
        board.wait_for(state="attached", timeout=SLOW)
        board.evaluate("node => node.closest('.jp-Cell').scrollIntoView()")  # what is far out of sight is not drawn
        expect(board).to_have_attribute("data-netdash-state", "current", timeout=SLOW)
        if figure:
            expect(board.locator(f"[data-figure={figure}] .main-svg").first).to_be_visible(timeout=SLOW)
        # Nothing is cut off at the right, once the browser has laid it out.
        page.wait_for_function(
            "node => node.clientWidth > 300 && node.scrollWidth <= node.clientWidth",
            arg=board.element_handle(),
            timeout=SLOW,
        )
        visit.shoot(f"{lab.program}-{name}")
    assert not page.evaluate("'Plotly' in window")  # other widgets load their own
    visit.check()
    visit.context.close()
