"""Lines that last: after a cut nothing that was entered is undone without a word, and the session is there."""

import time

import pytest
from playwright.sync_api import expect

import netdash as nd
from browser.network import Network
from browser.served import SERVE, Served
from browser.test_evidence import OWN
from browser.visit import Visit, in_words

AGE, ENTERED = nd.Patient(age_years=50), nd.Patient(age_years=55)
LATER = 60_000  # ms within which a line must be up again, also on a machine that is ten times slower
NOT_TAKEN = "Not taken while the connection was lost: "
CASES = b"label;age_years;ki67_percent\nFirst;48;4\nSecond;60;9\n"
# JupyterLab's own next attempt, 10 to 30 s after one that failed: without it only the page's poll brings the line back.
NO_LATE_ATTEMPTS = """() => {
  const later = window.setTimeout;
  window.setTimeout = (what, ms, ...rest) => ms >= 9_000 && ms <= 30_000 ? 0 : later(what, ms, ...rest);
}"""

ENTER_WHAT_IS_OFFERED = """() => {
  const offered = document.querySelector(".netdash-dropped:not([hidden])");
  [...(offered?.querySelectorAll("button") ?? [])].find((one) => one.textContent.startsWith("Enter"))?.click();
}"""


@pytest.fixture(scope="module")
def server():
    """A server of its own, which may say in its log that a line was closed while it wrote, and nothing else."""
    served = Served()
    yield served
    said = served.complaints()
    served.kill()
    assert [line for line in said.splitlines() if not line.endswith(": WebSocketClosedError")] == []


@pytest.fixture
def hurt(browser, server):
    """Return how to visit the server through a network of the test's own."""
    made = []

    def visit(query="age_years=50", through=server, **options):
        made.append(Visit(browser, Network(through), **options))
        made[-1].page.add_init_script(f"({NO_LATE_ATTEMPTS})()")
        # What could not be asked meanwhile; a board that a busy machine did not find, whose page is loaded again.
        made[-1].forgive("ERR_", "WebSocket", "widget model not found")
        return made[-1].open(query)

    yield visit
    for one in made:
        one.server.release()
        one.server.accept()
        one.close()
        one.check()
        one.server.close()


def dropped(visit):
    return visit.page.locator(".netdash-dropped")


def enter_five_years(visit):
    visit.press("age_years", *["ArrowRight"] * 5)


def lines_of(visit):
    """Return how many lines the server has to the kernel of a page; the question goes past the network."""
    answer = visit.context.request.get(f"{visit.server.server.url}api/kernels/{visit.kernel_id()}")
    return answer.json()["connections"]


def wait_until_the_server_notices(visit):
    while lines_of(visit):
        time.sleep(0.1)


def cut_while_entering(visit, enter=enter_five_years):
    """Hold every packet while something is entered, until the server has cut the line."""
    visit.server.hold()
    enter(visit)
    wait_until_the_server_notices(visit)
    visit.server.release()


def expect_not_taken(visit, words, by=LATER):
    expect(dropped(visit).locator("p")).to_have_text(NOT_TAKEN + words, timeout=by)
    expect(dropped(visit)).to_have_attribute("role", "alert")
    expect(visit.board).to_have_attribute("data-netdash-state", "current", timeout=by)


def expect_taken_or_said(visit):
    """Wait for either: which of them, the moment of the cut decides."""
    visit.page.wait_for_function(
        """() => document.querySelector(".netdash-dropped p").textContent.includes("Age 55")
          || /Age 55 years/.test(document.querySelector("[data-section=case]").textContent)""",
        timeout=LATER,
    )
    expect(visit.banner).to_be_hidden(timeout=LATER)
    visit.settle()


def expect_it_works_on(visit, age):
    """The slider that was moved last goes on, there is nothing left to be said, and the line is one line."""
    visit.press("age_years", "ArrowRight")
    visit.expect_case(nd.Patient(age_years=age + 1))
    expect(dropped(visit)).to_be_hidden()
    expect(visit.banner).to_be_hidden()
    assert lines_of(visit) == 1


def test_what_was_entered_in_a_silence_is_said_and_entered_with_one_button(hurt):
    visit = hurt()
    cut_while_entering(visit)
    expect_not_taken(visit, "Age 55")
    visit.expect_case(AGE)
    visit.shoot("not-taken")
    dropped(visit).get_by_role("button", name="Enter it").click()
    visit.expect_case(ENTERED)
    expect(dropped(visit)).to_be_hidden()
    expect_it_works_on(visit, 55)


def test_what_was_entered_in_a_silence_can_be_let_go(hurt):
    visit = hurt()
    cut_while_entering(visit)
    expect_not_taken(visit, "Age 55")
    dropped(visit).get_by_role("button", name="Dismiss").click()
    expect(dropped(visit)).to_be_hidden()
    visit.expect_case(AGE)
    expect_it_works_on(visit, 50)


def test_a_silence_that_ends_in_time_loses_nothing(hurt):
    visit = hurt()
    visit.server.hold()
    enter_five_years(visit)
    expect(visit.board).to_have_attribute("data-netdash-state", "recomputing")
    visit.server.release()
    visit.expect_case(ENTERED)
    expect_it_works_on(visit, 55)


@pytest.mark.parametrize("early", [0, 2, 5])
def test_of_a_line_that_is_reset_every_entry_is_taken_or_said(hurt, early):
    visit = hurt()
    visit.press("age_years", *["ArrowRight"] * early)
    visit.server.reset()
    box = visit.page.get_by_label(
        "Age, years", exact=True
    )  # one entry: of arrow keys each begins where the line left it
    box.fill("55")
    box.press("Enter")
    expect_taken_or_said(visit)
    visit.page.evaluate(ENTER_WHAT_IS_OFFERED)  # in one step: an answer that comes late takes the offer back
    visit.expect_case(ENTERED)
    expect_it_works_on(visit, 55)


def test_a_line_is_back_as_soon_as_the_server_answers_again(hurt):
    visit = hurt()
    visit.server.refuse()
    expect(visit.banner).to_be_visible()
    visit.page.wait_for_timeout(3_000)  # by now JupyterLab waits for a later attempt, which never comes here
    visit.server.accept()
    expect(visit.banner).to_be_hidden(timeout=LATER)
    visit.expect_case(AGE)
    expect_it_works_on(visit, 50)


def test_what_was_entered_while_the_line_was_refused_is_said_in_the_banner_and_after_it(hurt):
    visit = hurt()
    visit.server.refuse()
    expect(visit.banner).to_be_visible()
    enter_five_years(visit)
    expect(visit.banner).to_contain_text("Entered since and not in this picture: Age 55.")
    visit.server.accept()
    expect_taken_or_said(visit)


def test_a_line_that_a_network_forgot_is_replaced(hurt):
    visit = hurt()
    visit.server.forget()
    enter_five_years(visit)
    expect_not_taken(visit, "Age 55")
    dropped(visit).get_by_role("button", name="Enter it").click()
    visit.expect_case(ENTERED)
    expect_it_works_on(visit, 55)


def test_entries_of_every_kind_are_said_and_entered(hurt):
    visit = hurt("")

    def enter(visit):
        box = visit.page.get_by_label("Largest liver metastasis, cm")
        box.fill("4.5")
        box.press("Enter")
        visit.page.get_by_label("Symptoms").select_option("yes")
        enter_five_years(visit)

    cut_while_entering(visit, enter)
    expect_not_taken(visit, "Largest liver metastasis 4.5 cm; Symptoms yes; Age 5")
    dropped(visit).get_by_role("button", name="Enter them").click()
    visit.expect_case(nd.Patient(age_years=5, largest_lesion_cm=4.5, symptomatic=True))
    expect(dropped(visit)).to_be_hidden()


PANCREAS = nd.Patient(primary_site="pancreas")
EITHER = PANCREAS.replace(primary_site="pancreas|duodenum")


def further_words(visit):
    return visit.page.get_by_label("Primary site: also possible")


def test_a_further_word_that_was_not_taken_is_said_and_entered(hurt):
    visit = hurt(PANCREAS.to_query())
    cut_while_entering(visit, lambda visit: further_words(visit).select_option("or duodenum"))
    expect_not_taken(visit, "Primary site or duodenum")
    dropped(visit).get_by_role("button", name="Enter it").click()
    visit.expect_case(EITHER)
    expect(dropped(visit)).to_be_hidden()


def test_a_further_word_that_was_taken_is_not_taken_back_although_its_answer_was_lost(hurt):
    visit = hurt(PANCREAS.to_query())
    kernel = visit.kernel()
    kernel.suspend()
    try:
        further_words(visit).select_option("or duodenum")
        time.sleep(1)  # until the server has handed it on
        visit.server.forget()
    finally:
        kernel.resume()
    expect(visit.case).to_have_text(in_words(EITHER), timeout=LATER)
    expect(visit.banner).to_be_hidden(timeout=LATER)
    expect(dropped(visit)).to_be_hidden()
    further_words(visit).select_option("without duodenum")
    visit.expect_case(PANCREAS)


def test_what_was_not_taken_of_one_case_is_never_offered_for_another(hurt):
    visit = hurt()
    cut_while_entering(visit)
    expect_not_taken(visit, "Age 55")
    visit.page.get_by_label("Symptoms").select_option("yes")
    visit.expect_case(AGE.replace(symptomatic=True))
    expect(dropped(visit)).to_be_visible()  # the same case, with one field more
    visit.open_example("On the bounds: age 55, liver 50 %")
    expect(dropped(visit)).to_be_hidden()


def test_an_offer_ends_when_its_control_is_moved(hurt):
    visit = hurt()
    cut_while_entering(visit)
    expect_not_taken(visit, "Age 55")
    box = visit.page.get_by_label("Age, years")
    box.fill("57")
    box.press("Enter")
    visit.expect_case(nd.Patient(age_years=57))
    expect(dropped(visit)).to_be_hidden()


def test_a_case_that_was_chosen_in_a_silence_is_said_and_opened(hurt):
    visit = hurt()
    name = "On the bounds: age 55, liver 50 %"
    cut_while_entering(visit, lambda visit: visit.page.get_by_label("Case").select_option(label=name))
    expect_not_taken(visit, f"Case {name}")
    visit.expect_case(AGE)
    dropped(visit).get_by_role("button", name="Enter it").click()
    expect(visit.case).to_contain_text(name)
    visit.settle()


def test_a_file_that_was_opened_in_a_silence_is_said(hurt):
    visit = hurt()
    cut_while_entering(visit, lambda visit: open_file(visit, "Load cases…", CASES))
    expect_not_taken(visit, "the file own.csv (open it again if it is not there)")
    expect(dropped(visit).get_by_role("button", name="Enter")).to_be_hidden()
    open_file(visit, "Load cases…", CASES)
    expect(visit.case).to_contain_text("2 prepared cases")


def open_file(visit, button, content):
    with visit.page.expect_file_chooser() as chooser:
        visit.page.get_by_role("button", name=button, exact=True).click()
    chooser.value.set_files({"name": "own.csv", "mimeType": "text/csv", "buffer": content})


def turn_to(visit, page):
    visit.page.locator(f"[data-select='page:{page}']").click()
    expect(visit.board).to_have_attribute("data-view", page)


def test_a_minute_without_a_network_costs_nothing_that_lives_in_the_session(hurt):
    visit = hurt()
    turn_to(visit, "evidence")
    open_file(visit, "Load own series…", OWN.read_bytes())
    own = visit.page.get_by_role("button", name="Pool Our center 2024 (local)")
    expect(own).to_be_visible()
    turn_to(visit, "teaching")
    for name in ("milan_review", "milan_2007", "milan_2019"):
        visit.page.locator(f"[data-select='say:{name}:met']").click()
        expect(visit.page.locator(f"[data-select='say:{name}:met']")).to_have_attribute("aria-pressed", "true")
    visit.page.get_by_role("button", name="Answer").click()
    score = visit.page.get_by_text("This sitting: 2 of 3 verdicts right")
    expect(score).to_be_visible()
    turn_to(visit, "board")
    open_file(visit, "Load cases…", CASES)
    expect(visit.case).to_contain_text("2 prepared cases")
    visit.page.get_by_role("button", name="Compare with this").click()
    expect(visit.page.get_by_role("button", name="Stop comparing")).to_be_visible()
    kernel_id = visit.kernel_id()
    visit.server.refuse()
    visit.page.wait_for_timeout(60_000)
    visit.server.accept()
    expect(visit.banner).to_be_hidden(timeout=LATER)
    assert visit.kernel_id() == kernel_id
    visit.press("age_years", "ArrowRight")
    visit.settle()
    expect(visit.case).to_contain_text("Age 51 years")
    expect(visit.page.get_by_role("button", name="Stop comparing")).to_be_visible()
    visit.page.get_by_label("Case").select_option(label="2. Second")
    expect(visit.case).to_contain_text("Age 60 years")
    turn_to(visit, "teaching")
    expect(score).to_be_visible()
    turn_to(visit, "evidence")
    expect(own).to_be_visible()


def test_a_page_that_is_loaded_again_says_what_was_dropped_and_enters_it(browser, hurt):
    first = Served()
    visit = hurt(through=first)
    first.kill()
    expect(visit.banner).to_be_visible()
    enter_five_years(visit)
    expect(visit.banner).to_contain_text("Entered since and not in this picture: Age 55.")
    visit.shoot("lost-and-entered")
    second = Served()
    visit.server.lead_to(second)
    visit.banner.get_by_role("button", name="Reload this case").click()
    expect_not_taken(visit, "Age 55")
    visit.expect_case(AGE)
    visit.page.reload()  # as often as one likes
    expect_not_taken(visit, "Age 55")
    dropped(visit).get_by_role("button", name="Enter it").click()
    visit.expect_case(ENTERED)
    visit.page.wait_for_function("() => history.state === null")
    visit.page.reload()
    visit.expect_case(ENTERED)
    expect(dropped(visit)).to_be_hidden()
    visit.forgive("404", "Cannot send", "Could not send")
    visit.page.goto("about:blank")
    second.kill()


def test_where_no_case_is_kept_none_is_carried_over(browser, hurt):
    first = Served((*SERVE, "--no-case-in-address"))
    visit = hurt(through=first)
    visit.page.wait_for_function("() => location.hash === ''")
    first.kill()
    expect(visit.banner).to_be_visible()
    enter_five_years(visit)
    expect(visit.banner).to_contain_text("Entered since and not in this picture: Age 55.")
    expect(visit.banner).to_contain_text("note the inputs")
    visit.page.wait_for_timeout(1_000)
    assert visit.page.evaluate("history.state") is None
    visit.forgive("404", "Cannot send", "Could not send")
    visit.page.goto("about:blank")


def test_a_kernel_that_stalls_while_the_line_is_cut_is_waited_for(hurt):
    visit = hurt()
    kernel = visit.kernel()
    kernel.suspend()
    try:
        enter_five_years(visit)
        visit.server.reset()
        expect(visit.banner).to_be_visible(timeout=LATER)
    finally:
        kernel.resume()
    expect_taken_or_said(visit)
