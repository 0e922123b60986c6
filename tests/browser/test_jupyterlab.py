"""The same board in JupyterLab, where no page of ours brings plotly.js: the kernel sends it once."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from types import SimpleNamespace

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


@pytest.fixture
def lab(tmp_path):
    """JupyterLab with a notebook that has the board's one cell, and nothing of the user's own settings."""
    work, config = tmp_path / "work", tmp_path / "CONFIG"
    work.mkdir()
    config.mkdir()
    shutil.copy(ROOT / "dashboards" / "tumor_board.ipynb", work / "board.ipynb")
    (config / "jupyter_lab_config.json").write_text(json.dumps(SETTINGS))
    places = {f"JUPYTER_{name}_DIR": str(tmp_path / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={work}"]
    process = subprocess.Popen(
        command, env=os.environ | places | {"PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE, text=True
    )
    watchdog = threading.Timer(PATIENCE, process.kill)
    watchdog.start()
    found = None
    for line in process.stderr:
        if found := re.search(r"http://\S+?/(?=lab)", line):
            break
    watchdog.cancel()
    rest = threading.Thread(target=process.stderr.read, daemon=True)  # else it stops when the pipe is full
    rest.start()
    assert found, "JupyterLab printed no address"
    yield SimpleNamespace(url=found[0])
    family = psutil.Process(process.pid).children(recursive=True)
    process.terminate()
    process.wait(timeout=30)
    rest.join(timeout=10)
    process.stderr.close()
    for child in family:
        if child.is_running():
            child.kill()


def test_the_board_runs_in_jupyterlab(browser, lab):
    visit = Visit(browser, lab)
    page = visit.page
    page.goto(f"{lab.url}lab/tree/board.ipynb")
    page.locator(".jp-CodeCell .cm-content").first.click(timeout=60_000)
    expect(page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]")).to_be_attached(timeout=60_000)
    page.keyboard.press("Shift+Enter")
    visit.settle()
    visit.expect_case(nd.Patient())
    visit.open_example(BOUNDS)
    visit.press("age_years", "ArrowLeft")
    visit.expect_case(examples()[BOUNDS].replace(age_years=54))
    expect(visit.handle("age_years")).to_have_attribute("aria-label", "Age")
    visit.plot.scroll_into_view_if_needed()
    visit.shoot("jupyterlab")
    assert page.evaluate("location.search") == ""  # a notebook's address is its own
    visit.check()
    visit.context.close()
