"""No picture is ever taken for that of other inputs: fast hands, dead kernels, servers and networks that are gone."""

import json
import re
import signal
import time
import urllib.request

import psutil
import pytest
from conftest import ROOT
from playwright.sync_api import expect

import netdash as nd
from browser.served import SERVE, Served, name_for, name_of, serve_notebook
from browser.visit import Visit, forest_of, in_words, unbroken, verdicts_of

AGE = nd.Patient(age_years=50)
SOON = 60_000  # ms for what a page says within five seconds, on a machine that is ten times slower


def expect_lost(visit):
    expect(visit.board).to_have_attribute("data-netdash-state", "lost", timeout=SOON)
    expect(visit.banner).to_be_visible()
    expect(visit.banner).to_contain_text("Connection lost")


def test_the_page_is_light_on_the_line(visit):
    sizes = []
    line = visit.page.context.new_cdp_session(visit.page)
    line.send("Network.enable")
    line.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    visit.open(AGE.to_query())
    visit.page.wait_for_load_state("networkidle")
    asked = [address for address in visit.requests if address.startswith("http")]
    parts = [address for address in asked if re.search(r"/voila/(static|labextensions)/", address)]
    alone = [address for address in parts if not re.search(r"/(page|remoteEntry)\.\w+\.js$", address)]
    assert alone == [], "say: make vendor"
    assert not any("MathJax" in address for address in asked)
    assert len(asked) <= 45
    assert len(sizes) >= len(set(asked)) - 1
    assert sum(sizes) <= 2_000_000


def test_the_last_of_many_fast_key_presses_wins(visit):
    visit.open(AGE.to_query())
    visit.press("age_years", *["ArrowRight"] * 40, *["ArrowLeft"] * 61)
    expect(visit.handle("age_years")).to_have_attribute("aria-valuenow", re.compile(r"^29(\.0)?$"))
    visit.expect_case(AGE.replace(age_years=29))


def test_every_picture_on_the_way_is_all_of_one_case(visit):
    visit.open(
        "ki67_percent=4&liver_involvement_percent=35&extrahepatic_disease=none&primary_site=pancreas&age_years=50"
    )
    # What stands on the page, frame by frame.
    visit.page.evaluate(
        """() => {
          window.frames_seen = [];
          const look = () => {
            const plot = document.querySelector("[data-figure=forest]");
            const rows = [...document.querySelectorAll("[data-rule-set]")];
            const now = JSON.stringify({
              age: document.querySelector("[data-section=case]").textContent.match(/Age (\\d+)/)[1],
              verdicts: Object.fromEntries(rows.map(n => [n.dataset.ruleSet, n.dataset.verdict])),
              names: plot.layout.yaxis.ticktext,
              notes: plot.layout.annotations.map((note) => note.text),
            });
            if (window.frames_seen.at(-1) !== now) window.frames_seen.push(now);
            requestAnimationFrame(look);
          };
          look();
        }"""
    )
    visit.press("age_years", *["ArrowRight"] * 12)
    base = nd.Patient(
        ki67_percent=4, liver_involvement_percent=35, extrahepatic_disease="none", primary_site="pancreas"
    )
    visit.expect_case(base.replace(age_years=62))
    seen = visit.page.evaluate("window.frames_seen.map(JSON.parse)")
    assert len(seen) > 2
    for one in seen:
        patient = base.replace(age_years=float(one["age"]))
        figure = forest_of(patient)
        assert one["verdicts"] == verdicts_of(patient)
        assert list(map(unbroken, one["names"])) == list(map(unbroken, figure["layout"]["yaxis"]["ticktext"]))
        assert list(map(unbroken, one["notes"])) == [unbroken(note["text"]) for note in figure["layout"]["annotations"]]


def test_a_session_that_used_up_its_processor_time_says_so(visit):
    visit.open("age_years=55")
    visit.kill_kernel(signal.SIGXCPU)  # as the system ends it at its limit
    expect(visit.banner).to_contain_text("The session has ended: it reached its limit of processor time.")
    expect(visit.banner.get_by_role("button", name="Reload this case")).to_be_visible()
    visit.forgive("404")  # the question about the ended kernel


def test_a_killed_kernel_is_said_and_one_click_restores_the_case(visit):
    visit.open("age_years=55&ki67_percent=8")
    dead = visit.kernel_id()
    visit.kill_kernel()
    expect_lost(visit)
    for section in visit.page.locator(".netdash-section").all():
        assert "grayscale" in section.evaluate("node => getComputedStyle(node).filter")
    expect(visit.page.get_by_role("alert").filter(has_text="Connection lost")).to_be_visible()
    expect(visit.banner).to_contain_text("The session has ended. It may have reached its limit of memory")
    visit.shoot("connection-lost")
    visit.banner.get_by_role("button", name="Reload this case").click()
    visit.page.wait_for_function(
        f"() => !document.querySelector('#jupyter-config-data')?.textContent.includes('{dead}')"
    )
    visit.expect_case(nd.Patient(age_years=55, ki67_percent=8))
    expect(visit.banner).to_be_hidden()
    visit.press("age_years", "ArrowLeft")
    visit.expect_case(nd.Patient(age_years=54, ki67_percent=8))
    visit.forgive("404")  # the question about the dead kernel


# The first page of a tab asks for a widget that does not exist.
LOSE_THE_BOARD = """() => addEventListener("DOMContentLoaded", () => {
  const lost = Number(sessionStorage.getItem("lost") ?? 0);
  sessionStorage.setItem("lost", lost + 1);
  const output = document.querySelector("script[type='application/vnd.voila.cell-output+json']");
  if (!lost) output.textContent = output.textContent.replace(/[0-9a-f]{32}/, "none");
})"""


def test_a_page_whose_board_is_not_found_is_loaded_again(visit):
    """On a busy machine a page was seen that did not find its board."""
    visit.page.add_init_script(f"({LOSE_THE_BOARD})()")
    visit.forgive("widget model not found")
    visit.page.goto(f"{visit.url}#{AGE.to_query()}")
    visit.expect_case(AGE)
    assert visit.page.evaluate("sessionStorage.getItem('lost')") == "2"


def test_a_kernel_that_died_while_it_waited_is_replaced_before_anyone_notices(fragile):
    server = fragile.server
    waiting = server.waiting_kernel()
    dead = name_of(waiting)
    server.rest()
    server.kill_kernel(waiting)
    fragile.open(AGE.to_query())
    assert name_for(fragile.kernel_id()) != dead
    fragile.expect_case(AGE)
    server.kill()  # it may have complained about the dead kernel


def test_a_session_that_does_not_start_is_said_and_can_be_tried_again(fragile):
    kernel = fragile.server.waiting_kernel()
    kernel.suspend()
    fragile.page.clock.install()
    fragile.page.goto(f"{fragile.url}#{AGE.to_query()}", wait_until="commit")
    expect(fragile.page.get_by_role("status")).to_contain_text("Starting netdash")
    fragile.page.wait_for_function("() => 'voila_finish' in window")  # page.js has run: its clock ticks
    fragile.page.clock.fast_forward(31_000)
    expect(fragile.page.get_by_role("alert")).to_contain_text("has not started within 30 seconds")
    kernel.resume()
    fragile.page.get_by_role("button", name="Try again").click()
    fragile.started()
    fragile.expect_case(AGE)


def test_what_is_moved_after_the_kernel_died_is_never_taken_for_computed(visit):
    visit.open(AGE.to_query())
    visit.kill_kernel()
    expect_lost(visit)
    broken = []
    visit.page.on("pageerror", lambda error: broken.append(str(error)))
    visit.page.locator("[data-select='page:explore']").click()
    visit.press("age_years", "ArrowRight")
    visit.handle("age_years").and_(visit.page.locator("[aria-valuenow='51.0']")).wait_for()
    expect(visit.board).to_have_attribute("data-netdash-state", "lost")
    expect(visit.case).to_have_text(in_words(AGE))
    assert broken == []  # no script of the page stopped
    visit.banner.get_by_role("button").click()
    visit.expect_case(AGE)  # the case of the picture
    expect(visit.handle("age_years")).to_have_attribute("aria-valuenow", "50.0")
    visit.forgive("404", "Cannot send")  # the question about the dead kernel, and what it was sent


def test_a_stalled_kernel_is_said_and_its_late_picture_is_taken(visit):
    visit.open(AGE.to_query())
    kernel = visit.kernel()
    kernel.suspend()
    try:
        visit.press("age_years", "ArrowRight")
        expect(visit.board).to_have_attribute("data-netdash-state", "recomputing")
        expect(visit.page.locator(".netdash-recomputing")).to_be_visible()
        expect_lost(visit)
    finally:
        kernel.resume()
    visit.expect_case(AGE.replace(age_years=51))
    expect(visit.banner).to_be_hidden()


def test_a_picture_that_cannot_be_drawn_is_said_until_one_can(visit):
    visit.open(AGE.to_query())
    visit.forgive("broken")
    visit.page.evaluate("""() => {
        const [library] = Object.values(window.netdashPlotly), react = library.react;
        window.mend = () => (library.react = react);
        library.react = () => { throw new Error("broken"); };
    }""")
    visit.press("age_years", *["ArrowRight"] * 10)
    expect(visit.board).to_have_attribute("data-netdash-state", "lost")
    expect(visit.banner).to_contain_text("This picture could not be drawn")
    visit.page.evaluate("void mend()")
    visit.press("age_years", *["ArrowLeft"] * 10)
    visit.expect_case(AGE)


def test_another_plotly_in_the_page_is_not_drawn_with(visit):
    visit.open(AGE.to_query())
    visit.page.evaluate("window.Plotly = {version: '4.1.1', react() { throw new Error('not for netdash'); }}")
    visit.press("age_years", *["ArrowRight"] * 10)
    visit.expect_case(AGE.replace(age_years=60))


def test_a_session_ended_by_the_server_is_said(visit):
    visit.open(AGE.to_query())
    assert visit.context.request.post(f"{visit.url}voila/api/shutdown/{visit.kernel_id()}").status == 204
    expect_lost(visit)
    visit.forgive("404")  # the question about the ended kernel


def test_a_server_that_is_gone_is_said(fragile):
    fragile.open(AGE.to_query())
    fragile.server.kill()
    expect_lost(fragile)


def test_a_server_that_swallows_everything_is_said(fragile):
    fragile.open(AGE.to_query())
    server = psutil.Process(fragile.server.process.pid)
    server.suspend()
    try:
        expect_lost(fragile)
    finally:
        server.resume()
    fragile.settle()
    fragile.press("age_years", "ArrowRight")
    fragile.expect_case(AGE.replace(age_years=51))


def test_a_network_that_is_gone_is_said_and_its_return_is_noticed(visit):
    visit.open(AGE.to_query())
    visit.context.set_offline(True)
    expect_lost(visit)
    visit.context.set_offline(False)
    visit.settle()
    visit.press("age_years", "ArrowRight")
    visit.expect_case(AGE.replace(age_years=51))
    visit.forgive("ERR_INTERNET_DISCONNECTED", "WebSocket")  # what could not be asked meanwhile


@pytest.mark.parametrize("how", ["closed", "left"])
def test_a_page_that_is_closed_frees_its_kernel(visits, how):
    visit = visits().open()
    kernel = visit.kernel()
    visit.leave() if how == "closed" else visit.page.goto("about:blank")
    kernel.wait(timeout=120)
    assert not kernel.is_running()


@pytest.fixture
def own(browser):
    """Return how to visit a server of one's own, started with options."""
    made = []

    def visit(**options):
        server = Served(serve_notebook(ROOT / "dashboards" / "tumor_board.ipynb", **options))
        made.append((server, Visit(browser, server)))
        return made[-1][1]

    yield visit
    for server, page in made:
        page.close()
        server.kill()


def test_a_session_ended_for_want_of_use_says_so_and_is_reopened_with_a_click(own):
    visit = own(idle_minutes=0.1)
    visit.open("age_years=55&ki67_percent=8")
    expect(visit.banner).to_contain_text("This session was ended after 0.1 minutes without use", timeout=120_000)
    visit.banner.get_by_role("button", name="Reopen this case").click()
    visit.expect_case(nd.Patient(age_years=55, ki67_percent=8))
    expect(visit.banner).to_be_hidden()


def test_a_server_can_keep_cases_out_of_addresses(own):
    visit = own(case_in_address=False)
    visit.open("age_years=55")
    visit.expect_case(nd.Patient(age_years=55))
    visit.page.wait_for_function("() => location.hash === ''")
    visit.press("age_years", "ArrowLeft")
    visit.expect_case(nd.Patient(age_years=54))
    visit.page.wait_for_timeout(600)
    assert visit.page.url == visit.url
    visit.page.get_by_role("button", name="Copy link").click()
    expect(visit.page.locator(".netdash-notice")).to_have_text("This server keeps no case in addresses.")
    visit.kill_kernel()
    expect(visit.banner).to_contain_text("note the inputs", timeout=SOON)
    visit.banner.get_by_role("button", name="Open an empty board").click()
    expect(visit.case).to_contain_text("Everything is unknown")


def test_the_board_under_a_path_and_a_token(browser):
    server = Served((*SERVE, "--base-url", "/some/board/"), NETDASH_TOKEN="a long secret word")
    visit = Visit(browser, server)
    visit.page.goto(f"{server.url}#{AGE.to_query()}")
    visit.page.get_by_label("Token").fill("wrong")
    visit.page.get_by_role("button", name="Open the board").click()
    expect(visit.page.get_by_role("alert")).to_contain_text("That is not the token")
    visit.page.get_by_label("Token").fill("a long secret word")
    visit.page.get_by_role("button", name="Open the board").click()
    visit.expect_case(AGE)
    visit.press("age_years", "ArrowRight")
    visit.expect_case(AGE.replace(age_years=51))
    visit.shoot("log-out")
    visit.page.locator("[data-section=foot]").get_by_role("link", name="Log out").click()
    expect(visit.page.get_by_text("You are logged out")).to_be_visible()
    visit.page.get_by_role("link", name="Open the board").click()
    expect(visit.page.get_by_label("Token")).to_be_visible()
    visit.forgive("401", "403")  # the page that is left asks once more about its session, which is over
    visit.check()
    visit.close()
    server.stop()


def test_a_browser_without_the_cookie_is_told_what_is_missing(visit):
    visit.page.route("**/api/kernels/*", lambda route: route.fulfill(status=403))  # as if its cookies were refused
    visit.page.route_web_socket("**/channels*", lambda line: None)
    visit.page.goto(visit.url)
    expect(visit.page.get_by_role("alert")).to_contain_text("this browser keeps no cookies for this site", timeout=SOON)
    visit.forgive("403")


def test_a_full_house_is_said_on_a_page_of_its_own(own):
    visit = own(max_sessions=1)
    visit.open()
    second = visit.context.new_page()
    second.goto(f"{visit.url}#{AGE.to_query()}")
    expect(second.get_by_text("All places are taken: 1 boards are open")).to_be_visible()
    visit.leave()
    while not json.load(urllib.request.urlopen(f"{visit.url}healthz"))["accepting"]:
        time.sleep(0.1)
    second.get_by_role("link", name="Try again").click()
    expect(second.locator(".netdash-board")).to_be_visible(timeout=SOON)
    expect(second.locator("[data-section=case]")).to_have_text(in_words(AGE))


def test_a_kernel_that_dies_while_it_runs_the_notebook_is_replaced(fragile):
    kernel = fragile.server.waiting_kernel()
    kernel.suspend()
    fragile.page.goto(f"{fragile.url}#{AGE.to_query()}", wait_until="commit")
    fragile.page.wait_for_timeout(1000)
    fragile.server.kill_kernel(kernel)
    fragile.expect_case(AGE)
    fragile.server.kill()
