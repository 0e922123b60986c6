"""What is in sight, what it is called, and what the page asks of the network."""

import re
from itertools import pairwise

import pytest
from playwright.sync_api import expect

import netdash as nd
from netdash.board.state import examples, outcomes_shown
from netdash.outcome_tables.criteria_words import NO_COMPARISON, NOT_SELECTED

BOUNDS = "On the bounds: age 55, liver 50 %"
SLIDERS = {
    "age_years": "Age",
    "ki67_percent": "Ki-67",
    "liver_involvement_percent": "Liver",
    "extrahepatic_disease": "Extrahepatic",
}

# Whether a person sees all of an element: inside the window, cut off by no box around it, covered by nothing.
IN_SIGHT = """node => {
  const box = node.getBoundingClientRect();
  let [left, top, right, bottom] = [0, 0, innerWidth, innerHeight];
  for (let at = node.parentElement; at; at = at.parentElement) {
    if (getComputedStyle(at).overflow === "visible") continue;
    const edge = at.getBoundingClientRect();
    [left, top] = [Math.max(left, edge.left), Math.max(top, edge.top)];
    [right, bottom] = [Math.min(right, edge.right), Math.min(bottom, edge.bottom)];
  }
  const inside = box.width > 0 && box.height > 0
    && box.left >= left - 1 && box.top >= top - 1 && box.right <= right + 1 && box.bottom <= bottom + 1;
  const hit = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
  return inside && (node.contains(hit) || hit?.contains(node));
}"""


def out_of_sight(locators):
    return [str(one) for one in locators if not one.evaluate(IN_SIGHT)]


# What is wrong with the texts and the controls of the page: cut off, over each other, out of reach.
FAULTS = """() => {
  const board = document.querySelector(".netdash-board");
  const quiet = ".nd-strip, .nd-ticks, .nd-hidden, .nd-skip, .nd-bar-board label, .netdash-live, .netdash-notice";
  const skip = `[data-figure], ${quiet}, option, style, script`;
  const leave = (node) => node.closest(skip) || node.matches("details:not([open])"); // its text is in no sight
  const seen = (node) => node.checkVisibility({ visibilityProperty: true }) && !leave(node);
  const nodes = [...board.querySelectorAll("*")].filter(seen);
  const name = (node) => `${node.nodeName}.${node.className}: ${node.textContent.trim().slice(0, 50)}`;
  const written = (node) => [...node.childNodes].filter((child) => child.nodeType === 3 && child.data.trim());
  const faults = [];
  for (const node of nodes) {
    const { overflowX, textOverflow } = getComputedStyle(node);
    const cut = overflowX === "hidden" && node.clientWidth && node.scrollWidth > node.clientWidth + 1;
    const ends = textOverflow === "ellipsis" && node.nodeName !== "SELECT";
    if (written(node).length && (cut || ends)) faults.push(`cut ${name(node)}`);
    // A number that is cut in its box is another number: "12.5-17" of "12.5-17.5".
    const narrow = node.nodeName === "INPUT" && node.value && node.scrollWidth > node.clientWidth;
    if (narrow) faults.push(`cut ${node.value}`);
  }
  const clip = (node, box) => {
    let [left, top, right, bottom] = [box.left, box.top, box.right, box.bottom];
    for (let at = node; at && at !== document.body; at = at.parentElement) {
      if (getComputedStyle(at).overflow === "visible") continue;
      const edge = at.getBoundingClientRect();
      [left, top] = [Math.max(left, edge.left), Math.max(top, edge.top)];
      [right, bottom] = [Math.min(right, edge.right), Math.min(bottom, edge.bottom)];
    }
    return { left, top, right, bottom, node };
  };
  const card = board.querySelector(".netdash-sections > :is([data-section=findings], [data-section=source])");
  const large = (box) => box.right - box.left > 3 && box.bottom - box.top > 3;
  const texts = nodes.flatMap((node) => written(node).flatMap((child) => {
    const range = document.createRange();
    range.selectNodeContents(child);
    return [...range.getClientRects()].map((box) => clip(node, box)).filter(large);
  })).concat(nodes.filter((node) => node.matches("select")).flatMap((node) =>
    [...node.getClientRects()].map((box) => clip(node, box)).filter(large)
  )).filter(({ node }) => !card || card.contains(node) || !node.closest("[data-section=forest]"));
  for (const [i, one] of texts.entries()) for (const other of texts.slice(i + 1)) {
    const wide = Math.min(one.right, other.right) - Math.max(one.left, other.left);
    const high = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
    const least = Math.min(one.bottom - one.top, other.bottom - other.top);
    if (wide > 2 && high > Math.max(3, 0.35 * least)) faults.push(`over ${name(one.node)} | ${name(other.node)}`);
  }
  const controls = "button, select, input:not([type=file]), summary, [role=button]";
  for (const node of nodes.filter((one) => one.matches(controls))) {
    if (card && node.closest("[data-section=forest]")) continue;
    node.scrollIntoView({ block: "center", inline: "nearest" });
    const [box] = node.getClientRects();
    const hit = box && document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
    if (!hit || !(node.contains(hit) || hit.contains(node))) faults.push(`out of reach ${name(node)}`);
  }
  for (const pane of board.querySelectorAll("*")) if (pane.scrollTop) pane.scrollTop = 0;
  if (document.scrollingElement.scrollWidth > innerWidth + 1) faults.push("the page scrolls sideways");
  // At most four sizes of type, none under 12 px, and two weights; a picture has no size of its own.
  const said = (node) => node.checkVisibility({ visibilityProperty: true }) && written(node).length;
  const styles = [...board.querySelectorAll("*")].filter(said).map((node) => [node, getComputedStyle(node)]);
  const sizes = new Set(styles.filter(([node]) => !node.closest("svg")).map(([, style]) => style.fontSize));
  if (sizes.size > 4) faults.push(`sizes ${[...sizes]}`);
  for (const [node, style] of styles) {
    if (parseFloat(style.fontSize) < 12) faults.push(`small ${style.fontSize} ${name(node)}`);
    if (!["400", "700"].includes(style.fontWeight)) faults.push(`weight ${style.fontWeight} ${name(node)}`);
  }
  return faults;
}"""
# Whether each picture has been drawn for the room that it has now, and then its texts that leave it.
DRAWN = """() => [...document.querySelectorAll("[data-figure]")].every((figure) => {
  const drawn = figure.querySelector(".main-svg");
  return !drawn || Math.abs(drawn.clientWidth - figure.clientWidth) <= 1;
})"""
CUT_IN_PICTURES = """() => [...document.querySelectorAll("[data-figure] .main-svg text")].filter((node) => {
  const [box, frame] = [node, node.closest("[data-figure]")].map((at) => at.getBoundingClientRect());
  return box.width && node.checkVisibility() && (box.left < frame.left - 1 || box.right > frame.right + 1);
}).map((node) => `cut ${node.textContent}`)"""
SIZES = [
    *((390, 844), (768, 1024), (1024, 768), (1280, 720), (1366, 768), (1536, 864), (1600, 900), (1920, 1080)),
    *((2560, 1440), (3840, 1080)),
    *((853, 480), (640, 360), (1280, 600), (960, 540)),  # 1280x720 and 1920x1080 at 150 and 200 %
]
PANES = (300, 450, 600, 750, 900, 1050, 1200, 1366)
"""Widths of a board in a pane of a notebook."""


def test_at_every_size_no_text_is_cut_or_over_another_and_every_control_is_in_reach(visit):
    visit.open()
    visit.open_example(BOUNDS)
    page = visit.page
    page.get_by_label("Ki-67, %", exact=True).fill("12.5-17.5")  # the longest that a box has to show
    page.keyboard.press("Enter")
    expect(visit.case).to_contain_text("Ki-67 12.5 to 17.5 %")
    page.evaluate("document.activeElement.blur()")  # keys are the board's again
    found = {}
    for view in ("board", "findings", "present", "card", "explore", "evidence", "teaching"):
        if view in ("findings", "card"):
            page.evaluate("document.querySelector('[data-rule-set=milan_2007]').click()")
            expect(page.locator("[data-section=findings]")).to_contain_text("Mazzaferro 2007")
        elif view == "present":
            page.keyboard.press("Escape")
            expect(page.locator("[data-section=findings]")).to_have_count(0)
            page.evaluate("document.querySelector('[data-select=\"do:present\"]').click()")
        elif view != "board":
            if view == "explore":
                page.evaluate("document.querySelector('[data-select=\"do:present\"]').click()")
                expect(visit.board).to_have_attribute("data-view", "board")
            page.evaluate(f"document.querySelector('[data-select=\"page:{view}\"]').click()")
        wanted = {"findings": "board", "card": "present"}.get(view, view)
        expect(visit.board).to_have_attribute("data-view", wanted)
        for size in SIZES:
            page.set_viewport_size({"width": size[0], "height": size[1]})
            page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
            if faults := page.evaluate(FAULTS):
                found[view, size] = faults
        page.set_viewport_size({"width": 1920, "height": 1080})
        plotted = page.get_by_label("Plot", exact=True)
        if view == "board":  # the widest words of what is chosen above the plot
            shown = plotted.evaluate("list => list.value")
            plotted.select_option(label=max(outcomes_shown(), key=len))
            visit.settle()
        for width in PANES if view == "board" else ():
            page.evaluate("width => { document.querySelector('.netdash-board').style.width = width; }", f"{width}px")
            page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
            page.wait_for_function(DRAWN)
            if faults := page.evaluate(FAULTS) + page.evaluate(CUT_IN_PICTURES):
                found[view, width] = faults
        page.evaluate("document.querySelector('.netdash-board').style.width = ''")
        if view == "board":
            plotted.select_option(value=shown)
            visit.settle()
    assert found == {}, "\n".join(f"{where}: {one}" for where, faults in found.items() for one in faults)


def test_inputs_and_forest_are_in_sight_and_every_verdict_can_be_read_whole(visit):
    page = visit.open().page
    visit.open_example(BOUNDS)
    parts = [visit.handle(name) for name in SLIDERS]
    parts += [visit.plot, page.locator(".nd-save").first, page.locator(".nd-foot")]
    assert len(visit.verdicts()) == len(nd.rule_sets())
    assert out_of_sight(parts) == []
    size = page.evaluate("[document.scrollingElement.scrollWidth, document.scrollingElement.scrollHeight]")
    assert size == [1920, 1080]
    visit.shoot("board-1920x1080")


def test_the_picture_says_in_sight_when_it_was_computed_and_for_which_case(shared):
    shared.open_example(BOUNDS)
    assert out_of_sight([shared.case.locator(".nd-stamp"), shared.case.locator(".nd-case")]) == []


@pytest.mark.parametrize("size", [(1366, 768), (1024, 768)])
def test_smaller_screens_keep_inputs_and_verdicts_in_sight(visits, size):
    visit = visits(size=size).open()
    visit.open_example(BOUNDS)
    assert out_of_sight([visit.handle(name) for name in SLIDERS]) == []
    # What is not entered may be a caution: it is said beside a verdict that is met, however little room there is.
    expect(visit.page.locator(".nd-side", has_text="Cautions not entered").first).to_be_visible()
    visit.shoot(f"board-{size[0]}x{size[1]}")


@pytest.mark.parametrize("size", [(1920, 1080), (1024, 768)])
def test_the_names_and_figures_beside_the_plot_are_whole(visits, size):
    visit = visits(size=size).open()
    width, ends = visit.plot.evaluate(
        """plot => {
          const { left, width } = plot.getBoundingClientRect();
          const texts = [...plot.querySelectorAll(".ytick text, .y2tick text")];
          const boxes = texts.map((text) => text.getBoundingClientRect());
          return [width, boxes.flatMap((box) => [box.left - left, box.right - left])];
        }"""
    )
    assert ends
    assert min(ends) >= 0
    assert max(ends) <= width


@pytest.mark.parametrize("size", [(3840, 1080), (1920, 1080), (1366, 768), (1024, 768), (390, 844)])
@pytest.mark.parametrize("view", ["board", "present"])
def test_what_the_picture_says_of_itself_is_whole_and_over_nothing(visits, size, view):
    visit = visits(size=size).open()
    visit.open_example(BOUNDS)
    if view == "present":
        visit.page.keyboard.press("p")
        expect(visit.board).to_have_attribute("data-view", "present")
        visit.settle()
    visit.page.wait_for_timeout(500)
    found = visit.plot.evaluate(
        """plot => {
          const all = (css) => [...plot.querySelectorAll(css)].map((text) => text.getBoundingClientRect());
          const { left, right, top, width } = plot.getBoundingClientRect();
          const [under] = all(".gtitle");
          const rows = all(".ytick text, .y2tick text, .annotation, .barlayer path");
          const { yaxis, xaxis, _size } = plot._fullLayout;
          return {
            words: plot.querySelector(".gtitle").textContent,
            type: parseFloat(getComputedStyle(plot.querySelector(".gtitle")).fontSize),
            asked: parseFloat(getComputedStyle(plot).fontSize),
            inside: under.left >= left && under.right <= right && under.top >= top,
            apart: under.bottom <= Math.min(...rows.map((row) => row.top)) + 1,
            ends: Math.max(...all(".annotation").map((note) => note.right)) - right,
            axis: xaxis._length / width,
            row: Math.abs(yaxis.d2p(1) - yaxis.d2p(2)),
          };
        }"""
    )
    assert found["words"] == NOT_SELECTED + NO_COMPARISON + "95 % intervals: our own, ignoring censoring"
    assert found["type"] == pytest.approx(found["asked"], abs=0.1)
    assert found["inside"]
    assert found["apart"]
    assert found["ends"] <= 0
    assert found["axis"] >= 0.5
    assert found["row"] >= 1.3 * found["type"]


FIRST_SIGHT = """
function look() {
  const verdict = document.querySelector("[data-rule-set]");
  if (verdict) window.firstSight = { plots: document.querySelectorAll(".main-svg").length };
  else requestAnimationFrame(look);
}
look();
"""


def test_the_verdicts_are_shown_before_any_picture(visit):
    visit.page.add_init_script(FIRST_SIGHT)
    visit.open()
    assert visit.page.evaluate("window.firstSight") == {"plots": 0}


def test_the_board_starts_with_nothing_known(visit):
    visit.open()
    visit.expect_case(nd.Patient())
    assert set(visit.verdicts().values()) == {"unknown"}
    for name in SLIDERS:
        expect(visit.handle(name)).to_have_attribute("aria-valuetext", "not entered")


def test_sliders_are_named_and_say_their_value(shared):
    labels = nd.Patient.fields().set_index("name")["label"]
    shared.open_example(BOUNDS)
    said = {
        "age_years": "55 years",
        "ki67_percent": "8 %",
        "liver_involvement_percent": "50 %",
        "extrahepatic_disease": "none",
    }
    for name, word in SLIDERS.items():
        assert word in labels[name]
        handle = shared.page.get_by_role("slider", name=labels[name], exact=True)
        expect(handle).to_have_attribute("aria-valuetext", said[name])
    shared.press("age_years", "ArrowRight")
    expect(shared.handle("age_years")).to_have_attribute("aria-valuetext", "56 years")


def test_the_first_stop_of_the_tab_key_skips_to_the_verdicts(visit):
    page = visit.open().page
    visit.open_example(BOUNDS)
    verdict = page.locator(".nd-verdicts :focus")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Skip to the verdicts")).to_be_focused()
    assert out_of_sight([page.locator(".nd-skip")]) == []
    page.keyboard.press("Enter")
    expect(verdict).to_have_count(1)
    chosen = verdict.inner_text()
    page.keyboard.press("ArrowDown")
    expect(verdict).not_to_have_text(chosen)
    page.keyboard.press("Tab")  # all verdicts are one stop
    expect(verdict).to_have_count(0)


MOST_STOPS = 30
STOP = """() => {
  const node = document.activeElement;
  const head = node.matches(".nd-unfold") ? node.firstChild.textContent.trim() : "";
  return [Boolean(node.closest(".nd-verdicts")), node.checkVisibility() && node !== document.body, head];
}"""


def stops_to_the_verdicts(page):
    """Press Tab until a verdict has the focus; return the number of stops, and the groups among them."""
    page.locator(".nd-skip").focus()  # the first stop
    groups = []
    for count in range(2, 100):
        page.keyboard.press("Tab")
        verdict, seen, group = page.evaluate(STOP)
        assert seen
        groups += [group] if group else []
        if verdict:
            return count, groups
    return None, groups


def test_the_first_verdict_is_near_for_the_tab_key_and_every_input_is_reached_from_its_group(visit):
    page = visit.open().page
    count, groups = stops_to_the_verdicts(page)
    assert count <= MOST_STOPS
    visit.open_example(BOUNDS)
    count, groups = stops_to_the_verdicts(page)
    assert count <= MOST_STOPS
    assert len(groups) == 5
    reached = set()
    for group in groups:
        page.locator(f".nd-unfold:has-text('{group}')").focus()
        page.keyboard.press("ArrowDown")
        while page.evaluate("document.activeElement.matches('.nd-group *')"):
            reached.add(page.evaluate("document.activeElement.labels[0]?.textContent"))  # none: a list of further words
            page.keyboard.press("Tab")
    wanted = page.eval_on_selector_all(".nd-group .widget-label", "nodes => nodes.map((node) => node.textContent)")
    assert reached >= set(filter(None, wanted))
    # A row of buttons is one stop, and the arrow keys lead along it.
    page.locator("[data-select='page:board']").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("[data-select='page:explore']")).to_be_focused()
    # What a search finds is reached with the Tab key alone.
    page.get_by_label("Search inputs").fill("portal vein")
    expect(page.get_by_label("Primary site", exact=True)).to_be_hidden()
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.labels?.[0]?.textContent") == "Portal vein":
            break
    expect(page.get_by_label("Portal vein", exact=True)).to_be_focused()


def test_every_input_has_an_accessible_name(shared):
    roles = ("button", "checkbox", "combobox", "slider", "textbox")
    inputs = [one for role in roles for one in shared.page.get_by_role(role).all()]
    assert len(inputs) > 40
    # The browser's own tree of what is read aloud: '- textbox "Age, years": ...'
    unnamed = [one for one in inputs if not re.match(r"""- '?\w+ ".+\"""", one.aria_snapshot())]
    assert unnamed == []


def test_what_stands_apart_for_the_eye_is_heard_apart(shared):
    shared.open_example(BOUNDS)
    counts = shared.page.locator(".nd-counts").aria_snapshot()
    assert re.search(r"met , \d+ missed , \d+ open", counts), counts
    heading = shared.page.get_by_role("heading", name="Published criteria").aria_snapshot()
    assert "Published criteria : in the order" in heading
    # The words in a picture are heard in the sentence that names it, not in the order of its drawing.
    assert "img" not in shared.plot.aria_snapshot()


def test_a_change_is_spoken_to_who_cannot_see_it(shared):
    shared.open_example(BOUNDS)
    live = shared.page.locator("[aria-live=polite].netdash-live")
    headline = nd.assess(examples()[BOUNDS])["milan_review"].headline
    expect(live).to_contain_text(headline)
    shared.press("age_years", "ArrowLeft")
    expect(live).to_contain_text("Meets 5 of 5")


def test_nothing_uploads_the_picture(shared):
    shared.plot.hover()
    expect(shared.page.locator(".modebar-btn")).to_have_count(0)
    words = shared.page.content().lower()
    assert [
        word for word in ("share chart", "send to cloud", "chart studio", "edit in", "plot.ly") if word in words
    ] == []
    links = shared.page.eval_on_selector_all("a[href], form", "nodes => nodes.map(n => n.href ?? n.action)")
    assert [link for link in links if not link.startswith(shared.url)] == []


def test_the_page_may_ask_its_own_server_only_and_needs_no_eval(visit):
    # What the page really asked for, and what its console says, every test here checks at its end.
    policy = visit.page.goto(visit.url).header_value("content-security-policy")
    assert "default-src 'none'" in policy
    assert "unsafe-eval" not in policy
    assert "unsafe-inline" not in policy.partition("script-src")[2].partition(";")[0]
    visit.settle()
    assert visit.page.evaluate("fetch('http://localhost:9/').then(() => 'sent', () => 'refused')") == "refused"
    assert [error for error in visit.errors if "Content Security Policy" in error]
    visit.errors.clear()
    visit.requests = [address for address in visit.requests if address != "http://localhost:9/"]


def test_what_the_plot_leaves_out_stands_below_it_with_reason_and_place(shared):
    section = shared.page.locator("[data-section=forest]")
    expect(section).to_contain_text("same registry (UNOS) as Gedaly")
    expect(section).to_contain_text("ignore censoring")


@pytest.mark.parametrize("size", [(1920, 1080), (1366, 768), (1024, 768)])
def test_presented_every_verdict_can_be_read_whole_and_no_name_lies_on_another(visits, size):
    visit = visits(size=size)
    visit.open()
    visit.open_example(BOUNDS)
    visit.page.keyboard.press("p")
    expect(visit.board).to_have_attribute("data-view", "present")
    visit.settle()
    visit.page.wait_for_function(
        """least => {
          const names = [...document.querySelectorAll("[data-figure=forest] .ytick text")];
          return names.length && names.every(n => parseFloat(getComputedStyle(n).fontSize) >= least);
        }""",
        arg=0.84 * max(13, min(0.0204 * size[1], 0.01147 * size[0])) - 0.1,
    )
    visit.page.wait_for_timeout(500)
    boxes = visit.plot.evaluate(
        """plot => [...plot.querySelectorAll(".ytick text")].map((text) => text.getBoundingClientRect())
          .filter((box) => box.height).map((box) => [box.top, box.height])"""
    )
    assert all(above[0] + 0.8 * above[1] <= below[0] for above, below in pairwise(sorted(boxes)))
    visit.shoot(f"present-{size[0]}x{size[1]}")


FOLDED = """() => {
  const pane = document.querySelector("[data-section=verdicts]");
  return [pane.dataset.folded, pane.querySelector(".nd-trials").open];
}"""


@pytest.mark.parametrize("height", [900, 1080, 1400])
def test_what_is_folded_after_other_cases_is_what_a_new_page_folds(visits, height):
    """The verdicts of an example and of no case differ in height by far more than what one move changes."""
    moved, fresh = visits(size=(1920, height)), visits(size=(1920, height)).open()
    wanted = fresh.page.evaluate(FOLDED)
    moved.open("primary_site=pancreas")
    for _ in range(2):
        moved.open_example("Pancreas, much unknown")
        moved.press("ki67_percent", "ArrowRight", "ArrowRight")
    moved.page.get_by_role("button", name="Reset").click()
    moved.expect_case(nd.Patient())
    moved.page.wait_for_function(f"(wanted) => JSON.stringify(({FOLDED})()) === JSON.stringify(wanted)", arg=wanted)
