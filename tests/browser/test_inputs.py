"""Every input moves everything, and the page shows what the library computes."""

import shutil

import pytest
from playwright.sync_api import expect

import netdash as nd
from browser.visit import Visit
from netdash.board.state import examples
from netdash.figures import theme

BOUNDS = "On the bounds: age 55, liver 50 %"
ON_THE_BOUNDS = examples()[BOUNDS]


@pytest.fixture
def board(shared):
    shared.open_example(BOUNDS)
    return shared


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("age_years", "ArrowRight", 56),
        ("age_years", "PageUp", 60),
        ("age_years", "Home", 0),
        ("age_years", "End", 120),
        ("ki67_percent", "ArrowLeft", 7),
        ("ki67_percent", "PageUp", 13),
        ("ki67_percent", "Home", 0),
        ("ki67_percent", "End", 100),
        ("liver_involvement_percent", "ArrowRight", 51),
        ("liver_involvement_percent", "PageDown", 45),
        ("liver_involvement_percent", "Home", 0),
        ("liver_involvement_percent", "End", 100),
        ("extrahepatic_disease", "ArrowRight", "limited_stable"),
        ("extrahepatic_disease", "End", "extensive"),
        ("extrahepatic_disease", "ArrowLeft", None),
        ("extrahepatic_disease", "Home", None),
    ],
)
def test_a_slider_moved_by_keyboard_shows_what_the_library_computes(board, name, key, value):
    board.press(name, key)
    board.expect_case(ON_THE_BOUNDS.replace(**{name: value}))


@pytest.mark.parametrize(
    ("name", "keys", "rule_set", "before", "after"),
    [
        ("age_years", ["ArrowLeft"], "milan_review", "not_met", "met"),
        ("age_years", ["ArrowRight"], "milan_2007", "met", "not_met"),
        ("ki67_percent", ["ArrowRight", "ArrowRight"], "clarinet_population", "unknown", "not_met"),
        ("liver_involvement_percent", ["ArrowLeft"], "review_conclusion", "not_met", "met"),
        ("liver_involvement_percent", ["ArrowRight"], "milan_2007", "met", "not_met"),
        ("extrahepatic_disease", ["ArrowRight"], "review_option", "unknown", "not_met"),
    ],
)
def test_a_step_across_a_bound_changes_the_verdict(board, name, keys, rule_set, before, after):
    row = board.page.locator(f"[data-rule-set={rule_set}][data-verdict]")
    expect(row).to_have_attribute("data-verdict", before)
    board.press(name, *keys)
    expect(row).to_have_attribute("data-verdict", after)


def test_at_55_and_50_percent_the_sets_disagree_as_worded(board):
    shown = board.verdicts()
    assert shown["milan_review"] == "not_met"  # under 55
    assert shown["milan_2007"] == "met"  # up to 55, up to 50 %
    assert shown["milan_2019"] == "not_met"  # under 50 %
    assert shown["milan_2023"] == "unknown"  # asks for neither; whether the metastases are resectable is not entered
    assert shown["review_conclusion"] == "not_met"  # under 50 %


def test_the_forest_counts_the_lists_that_are_met_and_colors_none(board):
    def transplantation():
        figure = board.forest()
        (said,) = (note for note in figure["notes"] if " of 7 met" in note)
        return said, {color for color, _ in figure["looks"].values()}

    before = str(nd.tallies(nd.assess(ON_THE_BOUNDS))["transplantation"])
    assert transplantation() == (f"▾ Transplantation  ●✕? {before}", {theme.INK})
    younger = ON_THE_BOUNDS.replace(age_years=54)
    board.press("age_years", "ArrowLeft")
    row = board.page.locator("[data-rule-set=milan_review][data-verdict]")
    expect(row).to_have_attribute("data-verdict", "met")
    board.settle()
    after = str(nd.tallies(nd.assess(younger))["transplantation"])
    assert after != before
    assert transplantation() == (f"▾ Transplantation  ●✕? {after}", {theme.INK})


def test_a_turn_draws_only_what_the_verdicts_decide(board):
    """Plotly draws axes anew, which takes most of its time, unless it is given the very lists that it has."""
    board.plot.evaluate("plot => plot.querySelectorAll('.ytick').forEach(tick => (tick.before = true))")
    board.press("age_years", "ArrowLeft")
    board.expect_case(ON_THE_BOUNDS.replace(age_years=54))
    assert board.plot.evaluate("plot => [...plot.querySelectorAll('.ytick')].every(tick => tick.before)")


def test_a_slider_dragged_by_the_pointer_shows_what_the_library_computes(board):
    box, track = (
        board.handle("age_years").bounding_box(),
        board.page.locator(".netdash-control-age_years .noUi-base").bounding_box(),
    )
    board.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    board.page.mouse.down()
    board.page.mouse.move(track["x"] + track["width"] * 0.25, box["y"] + box["height"] / 2, steps=25)
    board.page.mouse.up()
    age = float(board.handle("age_years").get_attribute("aria-valuenow"))
    assert age == round(age)
    assert 25 <= age <= 35
    board.expect_case(ON_THE_BOUNDS.replace(age_years=age))
    expect(board.page.get_by_label("Age, years")).to_have_value(f"{age:g}")


@pytest.mark.parametrize(
    ("label", "name", "typed", "value"),
    [
        ("Age, years", "age_years", "54.9", 54.9),
        ("Age, years", "age_years", "1e2", 100),
        ("Liver involvement, %", "liver_involvement_percent", "49.5", 49.5),
        ("Ki-67, %", "ki67_percent", "9.99", 9.99),
        ("Duration of stability, months", "stable_months", "3", 3),
    ],
)
def test_a_typed_number_is_taken_as_it_stands(board, label, name, typed, value):
    board.page.get_by_label(label, exact=True).fill(typed)
    board.page.keyboard.press("Enter")
    board.expect_case(ON_THE_BOUNDS.replace(**{name: value}))


@pytest.mark.parametrize("typed", ["130", "-1", "abc", "4,x"])
def test_a_refused_text_stays_in_its_box_with_the_message_under_it(board, typed):
    box = board.page.get_by_label("Age, years")
    box.fill(typed)
    box.press("Enter")
    alert = board.page.get_by_role("alert")
    expect(alert).to_have_text(
        f"Age: given '{typed}', expected a number from 0 to 120 years. The case still has 55 years."
    )
    expect(box).to_have_value(typed)
    expect(box).to_have_attribute("aria-invalid", "true")
    assert box.evaluate("node => document.getElementById(node.getAttribute('aria-describedby')).textContent") == (
        alert.text_content()
    )
    assert box.evaluate("node => getComputedStyle(node).borderTopColor") == "rgb(179, 38, 30)"
    under, field = alert.bounding_box(), box.bounding_box()
    assert 0 <= under["y"] - (field["y"] + field["height"]) < 12
    board.expect_case(ON_THE_BOUNDS)
    # Another field changes, and this one still says what it was given.
    board.press("ki67_percent", "ArrowLeft")
    board.expect_case(ON_THE_BOUNDS.replace(ki67_percent=7))
    expect(box).to_have_value(typed)
    expect(alert).to_have_count(1)
    board.press("age_years", "ArrowLeft")
    board.expect_case(ON_THE_BOUNDS.replace(age_years=54, ki67_percent=7))
    expect(alert).to_have_count(0)
    expect(box).to_have_value("54")
    assert box.get_attribute("aria-invalid") is None
    assert box.get_attribute("aria-describedby") is None


def test_what_is_entered_last_counts_also_while_the_kernel_is_slow(board):
    kernel = board.kernel()
    kernel.suspend()
    board.press("age_years", "ArrowRight", "ArrowRight")  # the second step waits for the answer to the first
    box = board.page.get_by_label("Age, years", exact=True)
    box.fill("70")
    box.press("Enter")
    kernel.resume()
    board.expect_case(ON_THE_BOUNDS.replace(age_years=70))
    kernel.suspend()
    board.press("ki67_percent", "ArrowRight", "ArrowRight")
    board.page.get_by_role("button", name="3 to 20 %").click()
    kernel.resume()
    board.expect_case(ON_THE_BOUNDS.replace(age_years=70, ki67_percent="3-20"))
    kernel.suspend()
    board.press("age_years", "ArrowRight", "ArrowRight")
    board.page.get_by_role("button", name="Reset").click()
    kernel.resume()
    board.expect_case(nd.Patient())


def test_a_picture_is_not_current_while_a_list_above_it_shows_another_choice(board):
    numbers = board.page.locator(".nd-bar-board").get_by_label("Numbers", exact=True)
    state = "data-netdash-state"
    kernel = board.kernel()
    for choice in ("as printed", "corrected"):
        expect(board.board).to_have_attribute(state, "current", timeout=60_000)
        kernel.suspend()
        numbers.select_option(label=choice)
        expect(board.board).not_to_have_attribute(state, "current", timeout=60_000)
        kernel.resume()
    board.settle()
    expect(board.board).to_have_attribute(state, "current", timeout=60_000)


def test_a_refused_text_of_a_field_in_a_group_is_said_in_sight_and_moves_nothing_but_its_group(board):
    page = board.page
    heads = page.locator("[data-section=case], .nd-verdicts").all()
    before = [one.bounding_box() for one in heads]
    box = page.get_by_label("Duration of stability, months")
    box.fill("half a year")
    box.press("Enter")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Duration of stability: given 'half a year', expected a number from 0 to 600 months.")
    expect(alert).to_be_in_viewport(ratio=0.95)
    expect(box).to_have_value("half a year")
    assert [one.bounding_box() for one in heads] == before
    box.fill("")
    box.press("Enter")
    expect(alert).to_have_count(0)


def test_a_field_is_cleared_by_its_button_and_unknown_until_a_value_is_given(board):
    page = board.page
    page.get_by_role("button", name="Clear Age").click()
    unknown = ON_THE_BOUNDS.replace(age_years=None)
    board.expect_case(unknown)
    expect(page.get_by_label("Age, years")).to_have_value("")
    expect(board.handle("age_years")).to_have_attribute("aria-valuetext", "not entered")
    # Nothing but a move or a number makes it known.
    board.handle("age_years").click()
    board.press("age_years", "Home", "ArrowLeft")
    page.get_by_label("Age, years").click()
    page.get_by_label("Age, years").press("Enter")
    page.get_by_role("button", name="Clear Age").click()
    board.press("ki67_percent", "ArrowLeft")
    board.expect_case(unknown.replace(ki67_percent=7))
    board.press("age_years", "ArrowRight")
    board.expect_case(unknown.replace(age_years=1, ki67_percent=7))
    board.press("age_years", "ArrowLeft")
    board.expect_case(unknown.replace(age_years=0, ki67_percent=7))
    expect(page.get_by_label("Age, years")).to_have_value("0")


def test_no_control_makes_an_empty_case_known_but_a_value(visit):
    visit.open()
    for label in ("Age", "Ki-67", "Liver involvement", "Extrahepatic disease"):
        visit.page.get_by_role("button", name=f"Clear {label}").click()
        visit.page.get_by_role("slider", name=label, exact=True).click()
    assert visit.page.locator(".nd-input input[type=checkbox]").count() == 0
    visit.expect_case(nd.Patient())


@pytest.mark.parametrize("how", ["mouse", "touch", "key"])
def test_none_is_entered_where_it_stands_on_the_slider(visits, how):
    visit = visits(has_touch=how == "touch")
    visit.open()
    track = visit.page.locator(".netdash-control-extrahepatic_disease .noUi-base").bounding_box()
    place = track["x"] + track["width"] / 3, track["y"] + track["height"] / 2
    if how == "key":
        visit.press("extrahepatic_disease", "ArrowRight")
    elif how == "mouse":
        visit.page.mouse.click(*place)
    else:
        visit.page.touchscreen.tap(*place)
    visit.expect_case(nd.Patient(extrahepatic_disease="none"))
    strip = visit.page.locator("[data-section=strip-extrahepatic_disease] .nd-part-met").bounding_box()
    assert strip["x"] < place[0] < strip["x"] + strip["width"]
    visit.page.get_by_role("button", name="Clear Extrahepatic disease").click()
    visit.expect_case(nd.Patient())


def test_every_slider_can_be_made_unknown(board):
    for button in board.page.get_by_role("button", name="Clear ").all():
        button.click()
    names = ("age_years", "ki67_percent", "liver_involvement_percent", "extrahepatic_disease")
    board.expect_case(ON_THE_BOUNDS.replace(**dict.fromkeys(names)))


def test_a_list_offers_unknown_and_the_words_of_the_field(board):
    site = board.page.get_by_label("Primary site", exact=True)
    words = nd.Patient.fields().set_index("name").at["primary_site", "choices"]
    expect(site.locator("option")).to_have_text(["not entered", *(word.replace("_", " ") for word in words)])
    site.select_option(label="lung")
    board.expect_case(ON_THE_BOUNDS.replace(primary_site="lung"))
    site.select_option(label="not entered")
    board.expect_case(ON_THE_BOUNDS.replace(primary_site=None))


def test_every_example_and_the_reset(shared):
    for label, patient in examples().items():
        shared.open_example(label)
        shared.expect_case(patient)
        expect(shared.case).to_contain_text("example, no real patient")
    shared.page.get_by_role("button", name="Reset").click()
    shared.expect_case(nd.Patient())
    expect(shared.case).to_contain_text("No case yet")


def test_an_example_that_was_changed_is_no_longer_called_one(board):
    board.press("age_years", "ArrowLeft")
    board.expect_case(ON_THE_BOUNDS.replace(age_years=54))
    expect(board.case).not_to_contain_text("example, no real patient")
    expect(board.page.get_by_label("Case").locator("option:checked")).to_have_text("Open an example")
    board.open_example(BOUNDS)
    board.expect_case(ON_THE_BOUNDS)


@pytest.mark.parametrize("how", ["click", "Enter", "Space"])
def test_a_verdict_opens_its_findings(visit, how):
    visit.open()
    visit.open_example(BOUNDS)
    row = visit.page.locator("[data-rule-set=milan_2019]")
    row.click() if how == "click" else row.press(how)
    findings = visit.page.locator("[data-section=findings]")
    expect(findings).to_contain_text("Ruzzenente 2019")
    expect(row).to_have_attribute("aria-pressed", "true")
    if how != "click":
        expect(row).to_be_focused()
    wanted = nd.assess(ON_THE_BOUNDS).findings.query("rule_set == 'milan_2019'")
    for criterion, requirement in zip(wanted["criterion"], wanted["requirement"], strict=True):
        head = visit.page.get_by_role("rowheader", name=criterion, exact=True)
        expect(findings.locator("tr").filter(has=head)).to_contain_text(requirement)
    visit.expect_case(ON_THE_BOUNDS)


def test_a_range_is_entered_by_a_usual_entry_of_the_first_open_and_moved_by_both_handles(visit):
    """One value makes it one handle again."""
    visit.open()
    page = visit.page
    start = page.locator(".nd-start")
    expect(start.locator("li")).to_have_count(3)
    expect(start.get_by_role("button")).to_have_text(list(examples()))
    expect(start).to_be_in_viewport(ratio=0.95)
    assert visit.verdicts().keys() == set(nd.rule_sets()["rule_set"])

    entries = page.get_by_role("group", name="Ki-67: entries, not a standard")
    expect(entries.get_by_role("button")).to_have_text(["under 3 %", "3 to 20 %", "over 20 %"])
    entries.get_by_role("button", name="3 to 20 %").click()
    visit.expect_case(nd.Patient(ki67_percent="3-20"))
    expect(start).to_have_count(0)
    expect(entries.get_by_role("button", name="3 to 20 %")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_label("Ki-67, %", exact=True)).to_have_value("3-20")

    lowest, highest = (
        page.get_by_role("slider", name="Ki-67, lowest"),
        page.get_by_role("slider", name="Ki-67, highest"),
    )
    expect(lowest).to_have_attribute("aria-valuetext", "at least 3 %")
    expect(highest).to_have_attribute("aria-valuetext", "at most 20 %")
    expect(page.get_by_role("slider", name="Ki-67", exact=True)).to_have_count(0)
    highest.press("ArrowLeft")
    visit.expect_case(nd.Patient(ki67_percent="3-19"))
    lowest.press("ArrowRight")
    visit.expect_case(nd.Patient(ki67_percent="4-19"))
    expect(page.get_by_label("Ki-67, %", exact=True)).to_have_value("4-19")
    page.get_by_label("Ki-67, %", exact=True).fill("8")
    page.keyboard.press("Enter")
    visit.expect_case(nd.Patient(ki67_percent=8))
    expect(page.get_by_role("slider", name="Ki-67", exact=True)).to_have_count(1)
    expect(lowest).to_have_count(0)


def test_several_words_stops_and_groups_are_reached_and_a_search_shows_what_it_finds(visit):
    visit.open()
    page, known = visit.page, {"primary_site": {"pancreas", "duodenum"}}
    page.get_by_label("Primary site", exact=True).select_option(label="pancreas")
    more = page.locator(".nd-pick", has=page.get_by_label("Primary site", exact=True)).get_by_label(
        "Primary site: also possible"
    )
    more.select_option(label="or duodenum")
    visit.expect_case(nd.Patient(**known))
    expect(page.get_by_label("Primary site", exact=True).locator("option:checked")).to_have_text("pancreas or duodenum")
    more.select_option(label="without pancreas")
    known["primary_site"] = "duodenum"
    visit.expect_case(nd.Patient(**known))

    page.get_by_role("group", name="Extrahepatic disease: stops").get_by_role("button", name="none", exact=True).click()
    known["extrahepatic_disease"] = "none"
    visit.expect_case(nd.Patient(**known))

    search, site = page.get_by_label("Search inputs"), page.get_by_label("Primary site", exact=True)
    search.fill("portal vein")
    expect(site).to_be_hidden()
    expect(page.get_by_label("Portal vein", exact=True)).to_be_visible()
    search.fill("")
    expect(site).to_be_visible()
    head = page.get_by_role("button", name="Primary 1 of 5 entered")
    head.click()
    expect(site).to_be_hidden()
    expect(head).to_have_attribute("aria-expanded", "false")
    head.press("Enter")
    expect(site).to_be_visible()
    visit.expect_case(nd.Patient(**known))


def test_the_board_stands_in_the_chromium_that_has_windows_too(browser, server):
    """The other browser tests use the one without windows where it is installed."""
    with_windows = shutil.which("chromium") or shutil.which("google-chrome")
    if not with_windows:
        pytest.skip("there is only the browser that the other tests use")
    started = browser.browser_type.launch(executable_path=with_windows, args=["--no-sandbox"])
    visit = Visit(started, server).open(ON_THE_BOUNDS.to_query())
    visit.press("age_years", "ArrowRight")
    visit.expect_case(ON_THE_BOUNDS.replace(age_years=56))
    visit.close()
    visit.check()
    started.close()
