"""The address holds the case, behind "#": no request, log, proxy or history of a server ever has it."""

import pytest
from playwright.sync_api import expect

import netdash as nd
from browser.network import Network
from browser.served import SERVE, Served
from browser.visit import Visit

CASE = nd.Patient(age_years=48, ki67_percent=4, liver_involvement_percent=35, primary_site="pancreas")


def expect_address(visit, patient):
    visit.page.wait_for_function(
        "query => location.hash.slice(1) === query && !location.search", arg=patient.to_query()
    )


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


@pytest.mark.parametrize(
    "link", ["?utm_source=a%20b&fbclid=c&{case}", "?utm_source=a%20b&fbclid=c#{case}", "#{case}&utm_id="]
)
def test_what_mail_programs_and_messengers_add_to_a_link_is_no_part_of_the_case(visit, link):
    visit.page.goto(visit.url + link.format(case=CASE.to_query()))
    visit.expect_case(CASE)
    expect_address(visit, CASE)


@pytest.fixture
def watched(browser, server):
    """A visit through a network that keeps all that the browser sends."""
    network = Network(server)
    visit = Visit(browser, network)
    yield visit
    visit.close()
    visit.check()
    network.close()


def use(visit):
    """Move a slider, turn the pages, copy the link, press a button and load the page again."""
    visit.press("age_years", "ArrowRight")
    visit.expect_case(CASE.replace(age_years=49))
    visit.page.get_by_role("button", name="Copy link").click()
    for name in ("Explore", "Evidence", "Board"):
        visit.page.get_by_role("button", name=name, exact=True).click()
    visit.settle()
    expect_address(visit, CASE.replace(age_years=49))
    visit.page.reload()
    visit.expect_case(CASE.replace(age_years=49))


def times_sent(visit, *words):
    """Return how often any of the words was sent, in the address of a request or anywhere else in it."""
    return sum(bytes(visit.server.sent).count(word.encode()) for word in words)


def test_no_request_holds_the_case_of_a_link_nor_of_a_board_that_is_used(watched):
    watched.open(CASE.to_query())
    watched.expect_case(CASE)
    use(watched)
    assert times_sent(watched, "GET /") > 5
    assert times_sent(watched, *CASE.to_dict(), "Referer", "pancreas") == 0


def test_an_old_link_is_rewritten_before_anything_else_is_asked_for(watched):
    watched.page.goto(f"{watched.url}?{CASE.to_query()}")
    watched.started()
    watched.expect_case(CASE)
    expect_address(watched, CASE)
    use(watched)
    assert times_sent(watched, "age_years") == 1, "the link itself"
    assert times_sent(watched, "Referer") == 0
    entries = watched.page.evaluate("navigation.entries().map(entry => entry.url)")
    assert entries == [f"{watched.url}#{CASE.replace(age_years=49).to_query()}"]


@pytest.mark.parametrize("link", ["?{case}", "?token={token}&{case}", "#{case}", "?token={token}#{case}"])
def test_a_token_that_is_asked_for_or_given_sends_the_case_no_second_time(browser, link):
    token = "a-long-secret-word"
    served = Served((*SERVE, "--base-url", "/some/board/"), NETDASH_TOKEN=token)
    network = Network(served)
    visit = Visit(browser, network)
    visit.page.goto(network.url + link.format(case=CASE.to_query(), token=token))
    if "token" not in link:
        visit.page.get_by_label("Token").fill(token)
        visit.page.get_by_role("button", name="Open the board").click()
    visit.started()
    visit.expect_case(CASE)
    expect_address(visit, CASE)
    assert times_sent(visit, "age_years") == ("#" not in link), "an old link alone, and once"
    visit.close()
    visit.check()
    network.close()
    served.stop()


def test_the_copied_link_opens_the_case(visits):
    first = visits(permissions=["clipboard-read", "clipboard-write"]).open(CASE.to_query())
    first.page.get_by_role("button", name="Copy link").click()
    expect(first.page.locator(".netdash-notice")).to_have_text("The link to this case was copied.")
    link = first.page.evaluate("navigator.clipboard.readText()")
    assert link == f"{first.url}#{CASE.to_query()}"
    second = visits()
    second.page.goto(link)
    second.started()
    second.expect_case(CASE)


def test_another_link_in_the_same_tab_opens_its_case_and_back_opens_the_first(visit):
    visit.open("age_years=40")
    first, other = nd.Patient(age_years=40), nd.Patient(age_years=70)
    visit.page.goto(f"{visit.url}#{other.to_query()}")
    visit.expect_case(other)
    visit.page.go_back()
    visit.expect_case(first)
    visit.page.go_forward()
    visit.expect_case(other)


def test_back_from_another_page_opens_the_case_that_was_left(visit):
    visit.open("age_years=40")
    visit.press("age_years", "ArrowRight")
    expect_address(visit, nd.Patient(age_years=41))
    visit.page.goto("about:blank")
    visit.page.go_back()
    visit.expect_case(nd.Patient(age_years=41))


def test_two_tabs_are_two_cases(visits):
    first, second = visits().open("age_years=40"), visits().open("age_years=70")
    assert first.kernel_id() != second.kernel_id()
    first.press("age_years", "ArrowRight")
    first.expect_case(nd.Patient(age_years=41))
    second.expect_case(nd.Patient(age_years=70))
    second.press("age_years", "ArrowLeft")
    second.expect_case(nd.Patient(age_years=69))
    first.expect_case(nd.Patient(age_years=41))
