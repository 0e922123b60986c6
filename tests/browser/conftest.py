"""Fixtures of the browser tests: one server and one browser for all, one page for each."""

import os
import re
import shutil

import pytest
from playwright.sync_api import Error, expect, sync_playwright

from browser.served import Served
from browser.visit import ARTIFACTS, Visit

SLOW = 60_000  # ms that an expectation waits: playwright's five seconds are too few on a busy machine
expect.set_options(timeout=SLOW)


@pytest.fixture(scope="session")
def server():
    served = Served()
    yield served
    served.stop()


@pytest.fixture(scope="session")
def browser():
    # The first is Chromium without windows: a visit takes it a third less of a processor.
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    executable = next(filter(None, map(shutil.which, names)), None)  # else playwright's own
    with sync_playwright() as playwright:
        try:
            launched = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        except Error as error:
            reason = f"No Chromium was found ({str(error).splitlines()[0]}); install one, or say: make browser"
            if os.environ.get("CI"):
                pytest.fail(reason)
            pytest.skip(reason)
        yield launched
        launched.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Add to the report of a failed test what its pages show; their pictures go to artifacts/."""
    report = yield
    if report.failed and "browser" in item.funcargs:
        pages = [page for context in item.funcargs["browser"].contexts for page in context.pages]
        name = re.sub(r"\W+", "-", item.name)
        for number, page in enumerate(pages):
            try:
                report.sections.append((f"{page.url} says", page.inner_text("body", timeout=SLOW)[:3000]))
                page.screenshot(path=ARTIFACTS / f"failed-{name}-{number}.png", timeout=SLOW)
            except Error as error:
                report.sections.append((f"{page.url} is not seen", str(error)))
    return report


@pytest.fixture
def visits(browser, server):
    """Return how to make visits to the one server; each is checked and left at the end."""
    made = []

    def visit(**options):
        made.append(Visit(browser, server, **options))
        return made[-1]

    yield visit
    for one in made:
        one.close()
    for one in made:
        one.check()


@pytest.fixture
def visit(visits):
    return visits()


@pytest.fixture(scope="session")
def kept(browser, server):
    """A page that stays open from test to test; `shared` is how a test gets it."""
    visit = Visit(browser, server).open()
    yield visit
    visit.close()


@pytest.fixture
def shared(kept):
    """A page that other tests have used before, for tests that begin by opening an example."""
    yield kept
    kept.check()


@pytest.fixture
def fragile(browser):
    """A visit to a server of its own, which may be hurt."""
    served = Served()
    visit = Visit(browser, served)
    yield visit
    visit.context.close()
    if served.process.poll() is None:
        served.stop()
