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
from playwright.sync_api import expect

import netdash as nd
from browser.served import PATIENCE
from browser.visit import Visit
from netdash.board.state import examples

BOUNDS = "On the bounds: age 55, liver 50 %"
SETTINGS = {
    "ServerApp": {"open_browser": False, "port": 0, "allow_root": True},
    "IdentityProvider": {"token": ""},  # it listens on this machine only, for one test
    "LabApp": {
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
ALONE = {"board": "forest", "explore": "map", "evidence": "all", "teaching": None}


@pytest.fixture(params=PROGRAMS)  # a program for each test: JupyterLab opens again what was open before
def lab(request, tmp_path):
    """JupyterLab or Notebook with the board and each of its pages alone, and nothing of the user's own settings."""
    work, config = tmp_path / "work", tmp_path / "CONFIG"
    work.mkdir()
    config.mkdir()
    shutil.copy(ROOT / "dashboards" / "tumor_board.ipynb", work / "board.ipynb")
    cells = [f"from netdash.board import Board\n\nBoard(pages=[{name!r}])" for name in ALONE]
    alone = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    alone.metadata = nbformat.read(work / "board.ipynb", as_version=4).metadata
    nbformat.write(alone, work / "alone.ipynb")
    for name in ("jupyter_lab_config", "jupyter_notebook_config"):
        (config / f"{name}.json").write_text(json.dumps(SETTINGS))
    places = {f"JUPYTER_{name}_DIR": str(tmp_path / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    command = [sys.executable, "-m", request.param, f"--ServerApp.root_dir={work}"]
    process = subprocess.Popen(
        command, env=os.environ | places | {"PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE, text=True
    )
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


def run_cells(visit, count):
    """Run the cells of the notebook that is open, once its program has started."""
    page = visit.page
    # On a busy machine it may ask which kernel, although the notebook says so.
    choose = page.get_by_role("dialog").get_by_role("button", name="Select Kernel")
    page.add_locator_handler(choose, lambda button: button.click())
    page.locator(".jp-CodeCell .cm-content").first.click(timeout=SLOW)
    expect(page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]")).to_be_attached(timeout=SLOW)
    page.locator(".jp-CodeCell .cm-content").first.click(timeout=SLOW)
    visit.errors.clear()  # Notebook 7.6 starts with an error of its own
    for _ in range(count):
        page.keyboard.press("Shift+Enter")


def test_the_board_runs_in_a_notebook(browser, lab):
    visit = Visit(browser, lab)
    page = visit.page
    page.goto(f"{lab.notebooks}/board.ipynb")
    foreign = page.evaluate_handle(FOREIGN)
    run_cells(visit, 1)
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


def test_each_page_runs_alone_in_a_narrow_pane(browser, lab):
    visit = Visit(browser, lab, size=(1024, 768))
    page = visit.page
    page.goto(f"{lab.notebooks}/alone.ipynb")
    run_cells(visit, len(ALONE))
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
