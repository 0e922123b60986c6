"""The resident's page in a real browser: the point on the map is the patient of the sliders."""

import re

import nbformat
import pytest
from conftest import ROOT
from playwright.sync_api import expect

from browser.served import Served, serve_notebook
from browser.visit import Visit
from netdash.board.state import examples

BOUNDS = "On the bounds: age 55, liver 50 %"


def explore(visit):
    visit.open()
    visit.open_example(BOUNDS)
    visit.page.get_by_role("button", name="Explore", exact=True).click()
    expect(visit.board).to_have_attribute("data-view", "explore")
    expect(visit.page.locator("[data-figure=map] .main-svg").first).to_be_visible()


def place(visit, age, liver):
    """Return where on the screen an age and a liver involvement stand on the map."""
    return visit.page.locator("[data-figure=map]").evaluate(
        """(plot, [x, y]) => {
          const {left, top} = plot.getBoundingClientRect(), {xaxis, yaxis} = plot._fullLayout;
          return [left + xaxis._offset + xaxis.d2p(x), top + yaxis._offset + yaxis.d2p(y)];
        }""",
        [age, liver],
    )


@pytest.mark.parametrize("size", [(1920, 1080), (1024, 768)])
def test_dragging_the_patient_moves_the_sliders_and_the_last_place_wins(visits, size):
    visit = visits(size=size)
    explore(visit)
    mouse = visit.page.mouse
    mouse.move(*place(visit, 55, 50))
    mouse.down()
    mouse.move(*place(visit, 90, 90), steps=15)
    visit.page.wait_for_timeout(600)  # the case in words may take a line less now, and the map stand elsewhere
    mouse.move(*place(visit, 40, 30), steps=15)
    mouse.up()
    expect(visit.handle("age_years")).to_have_attribute("aria-valuenow", "40.0")
    expect(visit.handle("liver_involvement_percent")).to_have_attribute("aria-valuenow", "30.0")
    visit.page.get_by_role("button", name="Board", exact=True).click()
    visit.expect_case(examples()[BOUNDS].replace(age_years=40, liver_involvement_percent=30))


def test_a_click_on_the_map_places_a_patient_of_whom_nothing_was_known(visit):
    visit.open()
    visit.page.get_by_role("button", name="Explore", exact=True).click()
    expect(visit.page.locator("[data-figure=map] .main-svg").first).to_be_visible()
    visit.page.mouse.click(*place(visit, 48, 35))
    expect(visit.case).to_contain_text("Age 48 years; Liver involvement 35 %")


def test_a_rule_set_is_outlined_with_the_keyboard_and_the_focus_stays(visit):
    explore(visit)
    box = visit.page.get_by_role("button", name="Outline Milan 2023")
    box.focus()
    visit.page.keyboard.press("Enter")
    expect(box).to_have_attribute("aria-pressed", "true")
    expect(box).to_be_focused()
    expect(visit.page.locator("[data-figure=map] .legendtext", has_text="Milan 2023")).to_be_visible()


def test_map_and_what_if_follow_their_lists(visit):
    explore(visit)
    visit.page.get_by_label("Horizontal").select_option(label="Ki-67")
    expect(visit.page.locator("[data-figure=map] .xtitle")).to_have_text(re.compile("Ki-67"))
    visit.page.get_by_label("What if").select_option(label="Age")
    expect(visit.page.locator("[data-figure=whatif] .gtitle")).to_have_text("Age: 55 years")
    visit.shoot("explore")


def test_the_link_is_copied_and_opens_the_same_case(visit, visits):
    visit.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visit.open()
    visit.open_example(BOUNDS)
    visit.page.get_by_role("button", name="Copy link").click()
    expect(visit.page.locator(".netdash-notice")).to_have_text("The link to this case was copied.")
    link = visit.page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(visit.url)
    visits().open(link.partition("#")[2]).expect_case(examples()[BOUNDS])


def test_the_report_is_saved_from_the_board(visit, tmp_path):
    visit.open()
    visit.open_example(BOUNDS)
    with visit.page.expect_download() as download:
        visit.page.get_by_role("button", name="Report").click()
    assert re.fullmatch(r"netdash-case-[\d-]{10}\.html", download.value.suggested_filename)
    download.value.save_as(tmp_path / "case.html")
    assert "55 years" in (tmp_path / "case.html").read_text()


FAULTY = """
from netdash.board import Board
from netdash.board.pages import explore

drawn = explore.Explore.draw

def draw(page, assessment):
    if page.state.patient.age_years == 56:
        raise ValueError("a fault of a test")
    return drawn(page, assessment)

explore.Explore.draw = draw
Board()
"""


def test_a_page_with_a_fault_shows_no_picture_of_before_and_the_others_go_on(browser, tmp_path):
    path = tmp_path / "faulty.ipynb"
    cells = [nbformat.v4.new_code_cell(FAULTY)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata = nbformat.read(ROOT / "dashboards" / "tumor_board.ipynb", as_version=4).metadata
    nbformat.write(notebook, path)
    server = Served(serve_notebook(path))
    visit = Visit(browser, server, size=(1280, 720))
    explore(visit)
    visit.press("age_years", "ArrowRight")
    expect(visit.page.get_by_role("alert").filter(has_text="This page could not be drawn")).to_be_visible()
    expect(visit.page.locator("[data-figure=map]")).to_have_count(0)
    expect(visit.board).to_have_attribute("data-netdash-state", "current")  # of the inputs that are shown
    visit.shoot("fault")
    visit.page.get_by_role("button", name="Board", exact=True).click()
    visit.expect_case(examples()[BOUNDS].replace(age_years=56))
    visit.page.get_by_role("button", name="Explore", exact=True).click()
    expect(visit.page.get_by_role("alert").filter(has_text="This page could not be drawn")).to_be_visible()
    visit.press("age_years", "ArrowRight")
    expect(visit.page.locator("[data-figure=map] .main-svg").first).to_be_visible()
    expect(visit.page.get_by_text("could not be drawn")).to_have_count(0)
    visit.close()
    server.stop()
