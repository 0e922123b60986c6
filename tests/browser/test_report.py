"""The report: one page, no network, two sheets of A4."""

import re
from datetime import datetime

import pytest

import netdash as nd
from netdash.board.state import examples
from netdash.case_report import report

PATIENT = examples()["On the bounds: age 55, liver 50 %"]


def test_it_says_everything_and_when():
    page = report(PATIENT, datetime(2026, 1, 2, 3, 4))
    assert "Made 2026-01-02 03:04" in page
    assert f"netdash {nd.__version__}" in page
    assert "Age 55 years; Ki-67 8 %" in page
    for judgement in nd.assess(PATIENT).judgements:
        assert judgement.rule_set.title in page
    assert "Misses 1 of 5: age 55 years (asked: under 55 years)" in page
    assert page.count("Not a medical device") == 2
    assert "Mazzaferro 2007 (secondary)" in page
    tally = nd.tallies(nd.assess(PATIENT))["transplantation"]
    assert f"<b>{nd.forest(nd.outcomes(), verdicts=nd.tallies(nd.assess(PATIENT))).layout.meta['text']}</b>" in page
    assert f"Transplantation: {tally}" in page
    assert f"\\u25cf\\u2715? {tally}" in page  # in the picture
    assert "Series not selected by these criteria\\u003cbr>Different patients in each row: no comparison" in page


def test_what_is_outside_the_scope_is_said_and_text_is_escaped():
    page = report(nd.Patient(differentiation="poor"))
    assert "Outside the scope: Poorly differentiated carcinoma" in page
    assert "Nothing is known" in report(nd.Patient())


def test_the_label_of_the_case_stands_beside_it_and_is_text():
    assert "<h2>Case: Tuesday, second</h2>" in report(PATIENT, label="Tuesday, second")
    assert "<h2>Case: &lt;b&gt;" in report(PATIENT, label="<b>")
    assert "<h2>Case</h2>" in report(PATIENT)


# The texts that a picture lies on, or that lie on it: of the page, not of the picture.
COVERED = """() => {
  const pictures = [...document.querySelectorAll("#plot, #plot .main-svg")].map((node) => node.getBoundingClientRect());
  return [...document.querySelectorAll("h1, h2, p, td")].filter((node) => {
    const box = node.getBoundingClientRect();
    return pictures.some((picture) => box.top < picture.bottom - 1 && picture.top < box.bottom - 1);
  }).map((node) => node.textContent);
}"""


@pytest.mark.parametrize("medium", ["screen", "print"])
@pytest.mark.parametrize("width", [390, 768, 1024, 1366, 1920])
def test_no_text_lies_under_the_picture(browser, tmp_path, width, medium):
    path = tmp_path / "case.html"
    path.write_text(report(PATIENT), encoding="utf-8")
    context = browser.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    page.goto(path.as_uri())
    page.wait_for_selector("#plot .main-svg")
    page.emulate_media(media=medium)
    assert page.evaluate(COVERED) == []
    page.set_viewport_size({"width": 703, "height": 1040})  # a sheet of A4 within its margins
    page.wait_for_timeout(500)
    assert page.evaluate(COVERED) == []
    context.close()


def test_it_asks_no_other_machine_and_prints_on_three_sheets(browser, tmp_path):
    path = tmp_path / "case.html"
    path.write_text(report(PATIENT), encoding="utf-8")
    context = browser.new_context(offline=True)
    page = context.new_page()
    asked, errors = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(path.as_uri())
    page.wait_for_selector("#plot .main-svg")
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    assert errors == []
    sheets = page.pdf(format="A4", prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", sheets)) <= 3
    context.close()
