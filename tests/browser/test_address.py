"""The address holds the case."""

import pytest
from playwright.sync_api import expect

import netdash as nd

CASE = nd.Patient(age_years=48, ki67_percent=4, liver_involvement_percent=35, primary_site="pancreas")


def expect_address(visit, patient):
    visit.page.wait_for_function("query => location.search.slice(1) === query", arg=patient.to_query())


def test_a_link_opens_its_case_and_the_address_follows_every_move(visit):
    visit.open(CASE.to_query())
    visit.expect_case(CASE)
    visit.press("age_years", "ArrowRight")
    moved = CASE.replace(age_years=49)
    visit.expect_case(moved)
    expect_address(visit, moved)
    visit.page.reload()
    visit.settle()
    visit.expect_case(moved)


def test_reset_empties_the_address(visit):
    visit.open(CASE.to_query())
    visit.page.get_by_role("button", name="Reset").click()
    visit.expect_case(nd.Patient())
    expect_address(visit, nd.Patient())


def test_a_link_is_never_first_shown_as_another_case(visit):
    # The kernel ran before the address was known: what it drew then must not flash by.
    visit.page.add_init_script(
        """addEventListener("DOMContentLoaded", () => {
          window.seen = new Set();
          new MutationObserver(() => {
            const text = document.querySelector("[data-section=case]")?.textContent;
            if (text) window.seen.add(text.replace(/Computed.*/s, "").trim());
          }).observe(document.body, {childList: true, subtree: true, characterData: true});
        });"""
    )
    visit.open(CASE.to_query())
    visit.expect_case(CASE)
    seen = visit.page.evaluate("[...window.seen]")
    assert [text for text in seen if "Everything is unknown" in text] == []


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("name=Smith", "name"),
        ("age_years=600", "age_years"),
        ("age_years=", "age_years"),
        ("age_years=40&age_years=50", "age_years"),
        ("age_years=%3Cscript%3Ewindow.hit=1%3C/script%3E", "age_years"),
        ("%3Cimg%20src=x%20onerror=window.hit=1%3E=1", "img"),
    ],
)
def test_a_bad_address_is_named_and_neither_executed_nor_half_applied(visit, query, named):
    visit.open(f"ki67_percent=4&{query}")
    alert = visit.page.get_by_role("alert")
    expect(alert).to_contain_text("The address was not taken")
    expect(alert).to_contain_text(named)
    visit.expect_case(nd.Patient())
    assert visit.page.evaluate("window.hit") is None
    assert visit.page.locator("img[src=x]").count() == 0


def test_two_tabs_are_two_cases(visits):
    first, second = visits().open("age_years=40"), visits().open("age_years=70")
    assert first.kernel_id() != second.kernel_id()
    first.press("age_years", "ArrowRight")
    first.expect_case(nd.Patient(age_years=41))
    second.expect_case(nd.Patient(age_years=70))
    second.press("age_years", "ArrowLeft")
    second.expect_case(nd.Patient(age_years=69))
    first.expect_case(nd.Patient(age_years=41))
