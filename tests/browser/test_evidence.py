"""The evidence's page in a real browser: series pressed, own series uploaded, tables searched."""

import re

import pytest
from conftest import ROOT
from playwright.sync_api import expect

import netdash as nd

OWN = ROOT / "data" / "local_series.csv"


@pytest.fixture
def evidence(visit):
    visit.open()
    visit.page.locator("[data-select='page:evidence']").click()
    expect(visit.board).to_have_attribute("data-view", "evidence")
    visit.page.get_by_label("Therapy", exact=True).select_option(label="Resection")
    expect(visit.page.locator("[data-figure=influence] .main-svg").first).to_be_visible()
    return visit


def ids(visit, name):
    return visit.page.locator(f"[data-figure={name}]").evaluate(
        "plot => plot.data.find(trace => trace.name === 'series').customdata"
    )


def place_of_the_first_series(page):
    """Return where the first series is drawn, once it has stayed there for a second: the page may still be laid out."""
    return page.evaluate(
        """async () => {
          const where = () => {
            const plot = document.querySelector("[data-figure=all]");
            const {left, top} = plot.getBoundingClientRect(), {xaxis, yaxis} = plot._fullLayout;
            const trace = plot.data.find(trace => trace.name === 'series');
            return [left + xaxis._offset + xaxis.d2p(trace.x[0]), top + yaxis._offset + yaxis.d2p(trace.y[0])];
          };
          let place;
          for (let same = 0; same < 10; ) {
            await new Promise(resolve => setTimeout(resolve, 100));
            const now = where();
            same = String(now) === String(place) ? same + 1 : 0;
            place = now;
          }
          return place;
        }"""
    )


def test_a_click_on_a_series_leaves_it_out_of_the_selected_picture_only(evidence):
    before = ids(evidence, "all")
    evidence.page.mouse.click(*place_of_the_first_series(evidence.page))
    expect(evidence.page.get_by_role("cell", name="left out by you")).to_be_visible()
    assert ids(evidence, "all") == before
    assert ids(evidence, "selected") == before[1:]
    evidence.shoot("evidence")
    evidence.page.get_by_role("button", name="Put all back").click()
    expect(evidence.page.get_by_role("cell", name="left out by you")).to_have_count(0)
    expect(evidence.page.locator("[data-figure=selected]")).to_have_count(0)  # it would be the same picture twice


def test_a_series_is_left_out_with_the_keyboard_and_the_focus_stays(evidence):
    box = evidence.page.get_by_role("button", name="Pool Mayo 2011").first
    box.focus()
    evidence.page.keyboard.press("Space")
    expect(box).to_have_attribute("aria-pressed", "false")
    expect(box).to_be_focused()


def test_own_series_are_uploaded_checked_and_drawn(evidence, tmp_path):
    def upload(file):
        with evidence.page.expect_file_chooser() as chooser:
            evidence.page.get_by_role("button", name="Load own series…").click()
        chooser.value.set_files(file)

    wrong = tmp_path / "own.csv"
    wrong.write_text(OWN.read_text().replace(",80,percent", ",180,percent"))
    upload(wrong)
    expect(evidence.page.get_by_role("alert").filter(has_text="180")).to_be_visible()
    upload(OWN)
    expect(evidence.page.get_by_role("button", name="Pool Our center 2024 (local)")).to_be_visible()
    expect(evidence.page.get_by_role("alert").filter(has_text="180")).to_have_count(0)
    assert "x-1" in ids(evidence, "all")


def test_harms_stand_beside_benefits_and_each_has_its_source(evidence):
    evidence.page.get_by_label("Show", exact=True).select_option(label="Harms beside benefits")
    plot = evidence.page.locator("[data-figure=harms]")
    expect(plot.locator(".main-svg").first).to_be_visible()
    evidence.shoot("harms")
    evidence.page.get_by_label("Therapy", exact=True).select_option(label="Transplantation")
    wanted = nd.harms_beside_benefits(nd.outcomes(), "transplantation")
    # What a picture is called changes with it.
    expect(plot).to_have_attribute("aria-label", wanted.layout.meta["text"])
    harm = next(trace for trace in wanted.data if trace.name == "harms")
    place = plot.evaluate(
        """plot => {
          const {left, top} = plot.getBoundingClientRect(), {xaxis, yaxis} = plot._fullLayout;
          const trace = plot.data.find(trace => trace.name === 'harms');
          return [left + xaxis._offset + xaxis.d2p(trace.x[0]), top + yaxis._offset + yaxis.d2p(trace.y[0])];
        }"""
    )
    evidence.page.mouse.click(*place)
    expect(evidence.page.get_by_role("dialog", name="Source")).to_contain_text(nd.source(harm.customdata[0]).locator)


def test_every_row_has_room_for_its_name(evidence):
    evidence.page.get_by_label("Therapy", exact=True).select_option(label="every therapy")
    expect(evidence.page.locator("[data-figure=all] .ytick")).not_to_have_count(0)
    overlap = """plot => {
      const tops = [...plot.querySelectorAll('.ytick text')].map(n => n.getBoundingClientRect());
      tops.sort((a, b) => a.top - b.top);
      return tops.slice(1).some((box, i) => box.top < tops[i].bottom - 2);
    }"""
    # The rows get their height a moment after their names are there.
    evidence.page.wait_for_function(f"() => !({overlap})(document.querySelector('[data-figure=all]'))")


def test_a_table_is_searched_while_typing_and_a_place_shows_its_source(evidence):
    evidence.page.get_by_label("Show").select_option(label="Discrepancies")
    rows = evidence.page.locator(".nd-cells tbody tr")
    expect(rows).to_have_count(len(nd.discrepancies()))
    evidence.page.get_by_label("Find").press_sequentially("placebo arms")
    expect(rows).to_have_count(1)
    rows.get_by_role("button").click()
    expect(evidence.page.get_by_role("dialog", name="Source")).to_contain_text("B1-01")
    evidence.page.get_by_label("Find").fill("no such words")
    expect(evidence.page.get_by_text("No row is left")).to_be_visible()


def test_the_case_is_still_there_when_the_page_is_left(visit):
    case = nd.Patient(age_years=48, ki67_percent=4)
    visit.open(case.to_query())
    visit.page.locator("[data-select='page:evidence']").click()
    expect(visit.board).to_have_attribute("data-view", "evidence")
    visit.page.locator("[data-select='page:board']").click()
    visit.expect_case(case)


def test_three_clicks_find_every_later_outcome_with_how_far_it_was_read_at_1366_by_768(visits):
    visit = visits(size=(1366, 768))
    visit.open()
    # At this height an empty board shows one line for each therapy, and folds whom trials studied.
    block, name = visit.page.locator(".nd-trials"), "netter2_population"
    if block.get_attribute("open") is None:
        block.locator("summary").click()
    block.locator(".nd-line", has=visit.page.locator(f"[data-rule-set={name}]")).locator(".nd-fold").click()
    block.locator(f".nd-one .nd-fold[data-select={name}]").click()
    result = visit.page.locator(".nd-trial li", has_text="0.276 (0.182 to 0.418)")
    result.scroll_into_view_if_needed()
    expect(result).to_be_in_viewport()
    expect(result).to_contain_text("secondary")
    visit.shoot("trial-1366")
    visit.page.locator("summary", has_text="Not included: criteria").click()
    expect(visit.page.get_by_text("Endocrine Abstracts 2021;80:P1")).to_be_visible()
    visit.page.locator("[data-select='page:evidence']").click()
    expect(visit.board).to_have_attribute("data-view", "evidence")
    visit.page.get_by_label("Show", exact=True).select_option(label="Published later")
    ids = nd.later_outcomes()["outcome_id"].tolist()
    for name in ids:
        row = visit.page.locator("tr", has=visit.page.locator(f"[data-select='source:{name}']"))
        expect(row.locator("td", has_text=re.compile("^(full text|abstract|secondary)$"))).to_have_count(1)
    row.scroll_into_view_if_needed()
    read = row.locator("td", has_text=re.compile("^(full text|abstract|secondary)$"))
    expect(read).to_be_in_viewport(ratio=0.9)
    visit.shoot("later-1366")
