"""What axe-core says of every page."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from netdash.board.board import PAGES

BOUNDS = "On the bounds: age 55, liver 50 %"


def grave(page):
    """Return what axe-core calls serious or critical, with the elements it means."""
    found = Axe().run(page).response["violations"]
    return {
        rule["id"]: [node["html"][:160] for node in rule["nodes"][:3]]
        for rule in found
        if rule["impact"] in ("serious", "critical")
    }


@pytest.mark.parametrize("size", [(1920, 1080), (1024, 768)])
def test_axe_finds_nothing_serious_on_any_page(visits, size):
    visit = visits(size=size)
    visit.open()
    visit.open_example(BOUNDS)
    found = {}
    for name in PAGES:
        if name != "board":
            visit.page.locator(f"[data-select='page:{name}']").click()
        expect(visit.board).to_have_attribute("data-view", name)
        visit.page.wait_for_function("!document.querySelector('[data-netdash-state=recomputing]')")
        found[name] = grave(visit.page)
    assert not any(found.values()), found


def test_axe_finds_nothing_serious_while_presenting(visit):
    visit.open()
    visit.open_example(BOUNDS)
    visit.page.keyboard.press("p")
    expect(visit.board).to_have_attribute("data-view", "present")
    assert grave(visit.page) == {}
