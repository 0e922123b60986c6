"""What a meeting does with the board: presents, compares, asks for sources."""

import pytest
from playwright.sync_api import expect

import netdash as nd
from browser.visit import verdicts_of
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
    expect(visit.page.locator("[data-section=findings]")).to_have_count(0)
    for selector in (".nd-name", ".nd-line:not(.nd-line-unknown) .nd-row", ".nd-case", ".nd-counts"):
        expect_large(visit.page, selector)
    # What is missed says by how much, and opens its findings over the plot.
    expect(visit.page.locator(".nd-chosen")).to_contain_text("Age 55 years (asked: under 55 years)")
    visit.page.keyboard.press("Enter")
    findings = visit.page.locator("[data-section=findings]")
    expect(findings).to_contain_text("Milan, as the review quotes it")
    visit.page.keyboard.press("ArrowDown")
    expect(findings).to_contain_text("radiofrequency ablation")
    visit.page.keyboard.press("Escape")
    expect(findings).to_have_count(0)
    expect(visit.board).to_have_attribute("data-view", "present")
    visit.settle()
    visit.shoot("present-1920x1080")
    visit.page.keyboard.press("Escape")
    expect(visit.board).to_have_attribute("data-view", "board")
    expect(visit.page.locator(".nd-controls")).to_be_visible()
    assert visit.verdicts() == before


TYPED = nd.Patient(age_years=57, ki67_percent=8)


def test_an_arrow_key_does_nothing_without_a_list_of_cases(visit):
    visit.open(TYPED.to_query())
    visit.page.locator("body").press("p")
    expect(visit.board).to_have_attribute("data-view", "present")
    for key in ("ArrowRight", "ArrowLeft", "PageDown", "ArrowRight"):
        visit.page.keyboard.press(key)
    visit.page.keyboard.press("Escape")
    expect(visit.board).to_have_attribute("data-view", "board")
    visit.expect_case(TYPED)
    visit.page.wait_for_timeout(500)
    visit.expect_case(TYPED)


def test_a_typed_case_comes_back_after_a_reset_by_button_and_by_key(visit):
    visit.open(TYPED.to_query())
    undo = visit.page.get_by_role("button", name="Undo")
    expect(undo).to_have_count(0)
    for how in ("button", "key"):
        visit.page.get_by_role("button", name="Reset").click()
        visit.expect_case(nd.Patient())
        notice = visit.page.get_by_role("status").filter(has_text="Undo brings back")
        expect(notice).to_have_text("Reset. Undo brings back: Age 57 years; Ki-67 8 %.")
        visit.shoot("undo")
        undo.click() if how == "button" else visit.page.keyboard.press("u")
        visit.expect_case(TYPED)
        expect(undo).to_have_count(0)
    visit.page.get_by_label("Case", exact=True).select_option(label=BOUNDS)
    visit.expect_case(examples()[BOUNDS])
    visit.page.get_by_label("Age, years").press("u")  # typed into a box, it is a letter
    visit.page.get_by_label("Age, years").fill("55")
    visit.page.get_by_label("Age, years").press("Enter")
    visit.expect_case(examples()[BOUNDS])
    visit.handle("age_years").press("u")  # on a slider, it is none
    visit.expect_case(TYPED)


def test_a_case_typed_in_a_meeting_comes_back_after_a_step(visit):
    visit.open()
    open_list(visit, TUESDAY)
    expect(visit.case).to_contain_text("3 prepared cases")
    visit.page.get_by_label("Case", exact=True).select_option(label="1. Tuesday A: midgut")
    visit.expect_case(nd.cases(TUESDAY)["Tuesday A: midgut"])
    visit.press("age_years", "ArrowRight")
    expect(visit.case).to_contain_text("changed from 1 of 3: Tuesday A: midgut Age 49 years; Ki-67 4 %")
    visit.page.locator("[data-select='do:present']").click()
    expect(visit.board).to_have_attribute("data-view", "present")
    for place in (2, 3):
        visit.page.keyboard.press("ArrowRight")
        expect(visit.case).to_contain_text(f"{place} of 3")
    visit.page.keyboard.press("u")
    expect(visit.case).to_contain_text("changed from 1 of 3: Tuesday A: midgut Age 49 years; Ki-67 4 %")
    visit.settle()
    assert visit.verdicts() == verdicts_of(nd.cases(TUESDAY)["Tuesday A: midgut"].replace(age_years=49))


TUESDAY = b"""label;age_years;ki67_percent;liver_involvement_percent;primary_site
Tuesday A: midgut;48;4;35;small_intestine
Tuesday B, <b>second opinion</b>;55;8.5;50;pancreas
Tuesday C;;70;;colon
"""


def open_list(visit, content):
    with visit.page.expect_file_chooser() as chooser:
        visit.page.get_by_role("button", name="Load cases…", exact=True).click()
    chooser.value.set_files({"name": "tuesday.csv", "mimeType": "text/csv", "buffer": content})


@pytest.mark.parametrize("size", [(1920, 1080), (1024, 768)], ids=["1920", "1024"])
def test_a_list_of_cases_is_opened_presented_and_stepped_through(visits, size):
    visit, cases = visits(size=size), nd.cases(TUESDAY)
    visit.open("age_years=40")
    open_list(visit, TUESDAY.replace(b"48", b"480"))
    expect(visit.page.get_by_role("alert").filter(has_text="row 2, column age_years: given '480'")).to_be_visible()
    visit.expect_case(nd.Patient(age_years=40))
    open_list(visit, TUESDAY)
    expect(visit.case).to_contain_text("3 prepared cases")
    expect(visit.page.get_by_role("alert").filter(has_text="480")).to_have_count(0)
    visit.expect_case(nd.Patient(age_years=40))
    visit.shoot(f"cases-{size[0]}")
    visit.page.locator("[data-select='do:present']").click()
    expect(visit.board).to_have_attribute("data-view", "present")
    for place, (label, patient) in enumerate(cases.items(), start=1):
        visit.page.keyboard.press("ArrowRight")
        expect(visit.case).to_contain_text(f"{place} of 3: {label}")
        visit.expect_case(patient)
        visit.page.wait_for_url(f"**/#{patient.to_query()}")
    visit.page.keyboard.press("ArrowLeft")
    expect(visit.case).to_contain_text("2 of 3")
    visit.expect_case(list(cases.values())[1])
    visit.shoot(f"cases-present-{size[0]}")
    expect(visit.page.get_by_role("button", name="Load cases…")).to_be_hidden()
    visit.page.keyboard.press("Escape")
    expect(visit.board).to_have_attribute("data-view", "board")
    visit.press("age_years", "ArrowRight")
    expect(visit.case).to_contain_text("changed from 2 of 3")
    visit.page.get_by_label("Case", exact=True).select_option(label="3. Tuesday C")
    visit.expect_case(cases["Tuesday C"])
    visit.page.get_by_role("button", name="Close the list").click()
    expect(visit.case).not_to_contain_text("Tuesday C")
    visit.expect_case(cases["Tuesday C"])


def test_the_head_stays_one_line_with_a_list(visit):
    visit.open()
    open_list(visit, TUESDAY)
    expect(visit.case).to_contain_text("3 prepared cases")
    assert visit.page.locator(".nd-head").bounding_box()["height"] < 45


def test_a_file_too_large_to_be_sent_is_refused_and_said_and_the_session_goes_on(visit, tmp_path):
    visit.open()
    (tmp_path / "large.csv").write_bytes(b"label\n" + b"x" * 11_000_000)
    with visit.page.expect_file_chooser() as chooser:
        visit.page.get_by_role("button", name="Load cases…").click()
    chooser.value.set_files(tmp_path / "large.csv")
    expect(visit.page.get_by_role("status").filter(has_text="large.csv was not opened")).to_be_visible()
    open_list(visit, TUESDAY)
    expect(visit.case).to_contain_text("3 prepared cases")


def test_the_letter_p_typed_into_a_box_presents_nothing(visit):
    visit.open()
    visit.page.get_by_label("Age, years").press("p")
    visit.settle()
    expect(visit.board).to_have_attribute("data-view", "board")


def test_a_pinned_case_is_compared_with_in_words_and_marks(visit):
    visit.open()
    visit.open_example(BOUNDS)
    visit.page.get_by_role("button", name="Compare with this").click()
    expect(visit.page.get_by_role("button", name="Stop comparing")).to_be_visible()
    visit.press("age_years", "ArrowLeft")
    findings = visit.case
    expect(findings).to_contain_text("Age: 55 years → 54 years")
    expect(findings).to_contain_text("Misses 1 of 5: age 55 years (asked: under 55 years) → Meets 5 of 5")
    expect(visit.page.locator("[data-section=verdicts]")).to_contain_text("A: missed →")
    visit.page.get_by_role("button", name="Stop comparing").click()
    expect(findings).not_to_contain_text("Since A")


def click(page, node):
    node.hover(force=True)  # it waits until the mark is drawn, and brings it into sight
    box = node.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def test_name_mark_and_number_of_a_series_open_its_source_as_a_card_and_a_therapy_lists_its_series(visit):
    visit.open()
    page, card = visit.page, visit.page.get_by_role("dialog", name="Source")
    texts = visit.plot.locator(".main-svg text")
    series = texts.filter(has_text="Le Treut 2013")
    for node in (
        series,
        texts.filter(has_text="52 % (45–59)"),
        visit.plot.locator(".xy2 .scatterlayer path.point").nth(2),
    ):
        click(page, node)
        expect(card).to_contain_text("Le Treut 2013, Liver transplantation, n = 213")
        expect(card.get_by_role("button", name="Close")).to_be_focused()
        page.keyboard.press("Escape")
        expect(card).to_have_count(0)
    expect(visit.board).to_have_attribute("data-view", "board")
    # Beside the axis, the line of several series stands for their therapy.
    for words, listed in (("2 series, not pooled", "Chen 1998"), ("Resection", "Kianmanesh 2008")):
        click(page, texts.filter(has_text=words).first)
        expect(texts.filter(has_text=listed)).to_be_visible()
    # With the keyboard: from the table of the numbers, where the focus returns.
    page.get_by_text("The numbers as a table").click()
    place = page.get_by_role("row", name="Kianmanesh 2008").get_by_role("button")
    place.focus()
    page.keyboard.press("Enter")
    expect(card).to_contain_text("Kianmanesh 2008")
    card.get_by_text("Known problems").click()
    expect(card).to_contain_text("B1-15 (confirmed)")
    assert card.get_by_role("link").first.get_attribute("href").startswith("https://")
    card.get_by_role("button", name="Close").focus()
    page.keyboard.press("Escape")
    expect(place).to_be_focused()


def test_the_plot_and_the_reading_are_chosen(visit):
    visit.open()
    visit.page.get_by_label("Plot", exact=True).select_option(label="Median overall survival")
    expect(visit.page.locator("[data-section=forest] .nd-says")).to_contain_text("not reached in 2")
    visit.page.get_by_label("Plot", exact=True).select_option(label="5-year overall survival")
    visit.settle()
    visit.page.mouse.move(0, 0)
    visit.page.wait_for_timeout(1_000)  # the plot is drawn at its size before it is pressed
    click(visit.page, visit.plot.locator(".annotation", has_text="Resection").first)
    visit.page.locator(".nd-bar-board").get_by_label("Numbers").select_option(label="as printed")
    layout = "JSON.stringify(document.querySelector('[data-figure=forest]').layout)"
    visit.page.wait_for_function(f"() => {layout}.includes('Kianmanesh 2008, n\\u00a023\\u00a0†')")


def test_strips_under_the_sliders_lie_where_the_bounds_are_and_say_their_own_result(visit):
    visit.open()
    visit.open_example(BOUNDS)
    section = visit.page.locator("[data-section=strip-age_years]")
    strip = section.locator(".nd-strip")
    expect(strip).to_have_attribute(
        "aria-label", "Milan, as the review quotes it, Age: met from 0 to under 55 years; missed from 55 to 120 years"
    )
    met = strip.locator(".nd-part-met").bounding_box()
    whole = strip.bounding_box()
    assert abs(met["width"] / whole["width"] - 55 / 120) < 0.01
    # The age is too high for the list; of the other inputs nothing is.
    expect(section).to_contain_text("asked: under 55 years: missed")
    for name, words in {
        "ki67_percent": "asked: under 10 %: met",
        "liver_involvement_percent": "asked: at most 50 %: met",
        "extrahepatic_disease": "asked: none: met",
    }.items():
        expect(visit.page.locator(f"[data-section=strip-{name}]")).to_contain_text(words)
        track = visit.page.locator(f".netdash-control-{name} .noUi-base").bounding_box()
        strip = visit.page.locator(f"[data-section=strip-{name}] .nd-strip").bounding_box()
        assert abs(track["x"] - strip["x"]) < 12
        assert abs(track["width"] - strip["width"]) < 24
