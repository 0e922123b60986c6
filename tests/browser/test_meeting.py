"""What a meeting does with the board: presents, compares, asks for sources."""

from playwright.sync_api import expect

from netdash.board.state import examples

BOUNDS = "On the bounds: age 55, liver 50 %"
LARGE = 22


def expect_large(page, selector):
    """Wait until all of it is at least that large; a picture is drawn anew in between."""
    page.wait_for_function(
        """([selector, least]) => {
          const shown = [...document.querySelectorAll(selector)].filter(n => n.offsetHeight || n.getBBox);
          return shown.length && shown.every(n => parseFloat(getComputedStyle(n).fontSize) >= least);
        }""",
        arg=[selector, LARGE],
    )


def test_present_shows_case_verdicts_and_picture_in_large_type_and_leaving_restores_everything(visit):
    visit.open()
    visit.open_example(BOUNDS)
    before = visit.verdicts()
    visit.page.locator("body").press("p")
    expect(visit.board).to_have_attribute("data-view", "present")
    expect(visit.page.locator(".nd-controls")).to_be_hidden()
    expect(visit.page.locator("[data-section=findings]")).to_be_hidden()
    for selector in (".nd-row", ".nd-verdict", ".nd-case", "[data-figure] .ytick text", "[data-figure] .y2tick text"):
        expect_large(visit.page, selector)
    visit.settle()
    visit.shoot("present-1920x1080")
    visit.page.keyboard.press("Escape")
    expect(visit.board).to_have_attribute("data-view", "board")
    expect(visit.page.locator(".nd-controls")).to_be_visible()
    assert visit.verdicts() == before


def test_arrow_keys_step_through_the_prepared_cases_while_presenting(visit):
    names = list(examples())
    visit.open()
    visit.page.locator("body").press("p")
    expect(visit.board).to_have_attribute("data-view", "present")
    for name in (*names, names[0]):
        visit.page.keyboard.press("ArrowRight")
        expect(visit.case).to_contain_text(name)
    visit.page.keyboard.press("ArrowLeft")
    expect(visit.case).to_contain_text(names[-1])


def test_the_letter_p_typed_into_a_box_presents_nothing(visit):
    visit.open()
    visit.page.get_by_label("Age, years").press("p")
    visit.settle()
    expect(visit.board).to_have_attribute("data-view", "board")


def test_a_pinned_case_is_compared_with_in_words_and_marks(visit):
    visit.open()
    visit.open_example(BOUNDS)
    visit.page.get_by_role("button", name="Pin as A").click()
    expect(visit.page.get_by_role("button", name="Unpin A")).to_be_visible()
    visit.press("age_years", "ArrowLeft")
    findings = visit.page.locator("[data-section=findings]")
    expect(findings).to_contain_text("Age: 55 years → 54 years")
    expect(findings).to_contain_text("Misses 1 of 5: Age → Meets all 5")
    expect(visit.page.locator("[data-section=verdicts]")).to_contain_text("A: not met →")
    visit.page.get_by_role("button", name="Unpin A").click()
    expect(findings).not_to_contain_text("Since A")


def test_a_click_on_a_series_shows_its_source_and_its_error(visit):
    visit.open()
    point = visit.plot.locator(".xy2 .scatterlayer path.point").nth(8)  # Kianmanesh
    box = point.bounding_box()
    visit.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    shown = visit.page.get_by_role("region", name="Source")
    expect(shown).to_contain_text("Kianmanesh 2008")
    expect(shown).to_contain_text("B1-15 (confirmed)")
    shown.get_by_role("button", name="Close").click()
    expect(shown).to_have_count(0)


def test_the_plot_and_the_reading_are_chosen(visit):
    visit.open()
    visit.page.get_by_label("Plot", exact=True).select_option(label="Median overall survival")
    expect(visit.page.locator(".nd-says")).to_contain_text("not reached in 2")
    visit.page.get_by_label("Plot", exact=True).select_option(label="5-year overall survival")
    visit.page.get_by_label("Figures", exact=True).select_option(label="as printed")
    names = "document.querySelector('[data-figure=forest]').layout.yaxis.ticktext"
    visit.page.wait_for_function(f"() => {names}.includes('Kianmanesh 2008, n = 23 †')")


def test_strips_under_the_sliders_lie_where_the_bounds_are(visit):
    visit.open()
    visit.open_example(BOUNDS)
    strip = visit.page.locator("[data-section=strip-age_years] .nd-strip")
    expect(strip).to_have_attribute(
        "aria-label",
        "Milan, as the review quotes it along Age: met from 0 to under 55 years; not met from 55 to 120 years",
    )
    met = strip.locator(".nd-part-met").bounding_box()
    whole = strip.bounding_box()
    assert abs(met["width"] / whole["width"] - 55 / 120) < 0.01
