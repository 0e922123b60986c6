"""A resident answers a teaching case in a real browser, with keys alone."""

from playwright.sync_api import expect


def test_a_case_is_answered_with_the_keyboard_and_opened_on_the_board(visit):
    visit.open()
    visit.page.locator("[data-select='page:teaching']").click()
    expect(visit.board).to_have_attribute("data-view", "teaching")
    answer = visit.page.get_by_role("button", name="Answer")
    expect(answer).to_be_disabled()
    for name in ("milan_review", "milan_2007", "milan_2019"):
        button = visit.page.locator(f"[data-select='say:{name}:met']")
        button.focus()
        visit.page.keyboard.press("Space")
        expect(button).to_have_attribute("aria-pressed", "true")
        expect(button).to_be_focused()
    answer.focus()
    visit.page.keyboard.press("Enter")
    expect(visit.page.get_by_role("heading", name="2 of 3 right")).to_be_visible()
    expect(visit.page.get_by_text("A common mistake")).to_be_visible()
    expect(visit.page.get_by_text("This sitting: 2 of 3 verdicts right")).to_be_visible()
    visit.shoot("teaching")
    visit.page.get_by_role("button", name="Next case").click()
    expect(visit.page.get_by_role("heading", name="Case 2 of")).to_be_visible()
    visit.page.get_by_role("button", name="Open on the board").click()
    expect(visit.board).to_have_attribute("data-view", "board")
    expect(visit.case).to_contain_text("Age 54 years")


def test_every_case_fits_a_small_projector(visit):
    page = visit.open().page
    page.set_viewport_size({"width": 1024, "height": 768})
    page.locator("[data-select='page:teaching']").click()
    chooser = page.get_by_label("Lesson")
    for value in range(chooser.locator("option").count()):
        chooser.select_option(index=value)
        expect(page.get_by_role("heading", name=f"Case {value + 1} of")).to_be_visible()
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
        assert page.locator(".nd-teaching").evaluate("node => node.scrollWidth <= node.clientWidth + 1")
