"""The served board beside other pages, in one run: first picture, key press to picture, a fast drag, memory.

    python tests/benchmarks/page.py [NAME=URL ...]

A page has a plotly figure and a slider that changes it. Loads take turns, each with a cold cache and another page
first, so that other work of the machine slows every page alike. All pages are compared with the first one named. Ratios
are worth keeping, times are not. Another version of the board needs the same case, or a key press crosses no limit
there:

    python tests/benchmarks/page.py "before=http://127.0.0.1:8901/?CASE"

The word CASE stands for the case of the board itself. `--line` loads the pages over a line of 50 ms and
20 Mbit/s instead, then on a processor that is six times slower, as Chromium emulates both (websockets are not slowed),
and presses keys there.
"""

import argparse
import json
import shutil
import statistics
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))
from browser.served import Served

BOARD = "netdash"
CASE = "age_years=54&ki67_percent=4&liver_involvement_percent=35&extrahepatic_disease=none&differentiation=well"
HANDLE = "[role=slider], .noUi-handle, input[type=range]"
MARK = ".js-plotly-plot .main-svg .trace path"
QUIET = 400  # ms without a change after which a picture is finished, whole and not in bits
KEY_REPEAT = 15  # ms between the keys of a drag
DRAG = 20  # keys of a drag, fewer than the moves before it
WATCH = """() => {
  window.seen = {key: 0, at: []};
  const watch = new MutationObserver(() => requestAnimationFrame(() => window.seen.at.push(performance.now())));
  for (const drawn of document.querySelectorAll(".netdash-section, .js-plotly-plot"))
    watch.observe(drawn, {subtree: true, childList: true, characterData: true, attributes: true});
  addEventListener("keydown", () => (window.seen = {key: performance.now(), at: []}), true);
}"""


FIRST_VERDICT = """() => {
  const watch = new MutationObserver(() => {
    if (!document.querySelector("[data-verdict]")) return;
    watch.disconnect();
    requestAnimationFrame(() => setTimeout(() => (window.firstVerdict = performance.now()), 0));  // it is on the screen
  });
  watch.observe(document, {subtree: true, childList: true, attributes: true});
}"""


@dataclass
class Measured:
    """What was measured of one page, in milliseconds."""

    loads: list[float] = field(default_factory=list)
    turns: list[float] = field(default_factory=list)  # key presses back and forth, over the limit of a criterion
    moves: list[float] = field(default_factory=list)  # key presses along the slider
    drags: list[float] = field(default_factory=list)  # from a drag's last key to its last picture

    def __iter__(self):
        for name, at in COLUMNS.values():
            ordered = sorted(getattr(self, name))
            yield ordered[round(at * (len(ordered) - 1))]


COLUMNS = {
    "load": ("loads", 0.5),
    "turn": ("turns", 0.5),
    "turn, 95 %": ("turns", 0.95),
    "move": ("moves", 0.5),
    "move, 95 %": ("moves", 0.95),
    "end of a drag": ("drags", 0.5),
}


def load(browser, url, measured):
    page = browser.new_context(viewport={"width": 1920, "height": 1080}).new_page()
    start = time.perf_counter()
    page.goto(url, wait_until="commit")
    for needed in (MARK, HANDLE):
        page.locator(needed).first.wait_for(state="attached")
    measured.loads.append(1000 * (time.perf_counter() - start))
    return page


SLOWER = {  # what Chromium is told; the latency is that of each request
    "line": (
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 50, "downloadThroughput": 20e6 / 8, "uploadThroughput": 20e6 / 8},
    ),
    "processor": ("Emulation.setCPUThrottlingRate", {"rate": 6}),
}


@dataclass
class Slow:
    """Loads of one page on a slow line or processor: milliseconds, requests, bytes over the line."""

    words: list[float] = field(default_factory=list)  # until the first verdict, on the board
    loads: list[float] = field(default_factory=list)
    moves: list[float] = field(default_factory=list)  # on the slow processor
    requests: int = 0
    sent: int = 0


def load_slowly(browser, url, how, measured, moves):
    """Load a page as `load` does, on a slow line or processor; then press keys on the slow processor."""
    page = browser.new_context(viewport={"width": 1920, "height": 1080}).new_page()
    told = page.context.new_cdp_session(page)
    finished = []
    told.on("Network.loadingFinished", lambda event: finished.append(event["encodedDataLength"]))
    told.send("Network.enable")
    told.send(*SLOWER[how])
    page.add_init_script(f"({FIRST_VERDICT})()")  # a question from outside waits until the page is idle
    start = time.perf_counter()
    page.goto(url, wait_until="commit", timeout=180_000)
    page.locator(MARK).first.wait_for(state="attached", timeout=180_000)
    measured.loads.append(1000 * (time.perf_counter() - start))
    if "?" in url:  # a board
        measured.words.append(page.evaluate("window.firstVerdict"))
    page.locator(HANDLE).first.wait_for(state="attached")
    measured.requests, measured.sent = len(finished), sum(finished)
    if how == "processor":
        page.wait_for_timeout(10_000)  # until all is drawn
        page.evaluate(WATCH)
        page.locator(HANDLE).first.focus()
        measured.moves += [press(page, "ArrowRight") for _ in range(moves)]
    page.close(run_before_unload=True)
    page.context.close()


def slowly(browser, server, pages, loads, moves):
    """Load all pages in turn on a slow line, then on a slow processor and move there; print what was measured."""
    for how in SLOWER:
        found = {name: Slow() for name in pages}
        for turn in range(loads):
            names = list(pages)
            for name in names[turn % len(names) :] + names[: turn % len(names)]:
                ready(server)
                rest()
                load_slowly(browser, pages[name], how, found[name], moves // loads)
        first = next(iter(found.values()))
        for name, one in found.items():
            words = f", first verdict {statistics.median(one.words):,.0f} ms" if one.words else ""
            moved = f", a move {compared(one.moves, first.moves)}" if one.moves else ""
            print(
                f"slow {how}: {name:10} {compared(one.loads, first.loads)}{words}{moved}; "
                f"{one.requests} requests, {one.sent / 1e6:.2f} MB",
                flush=True,
            )


def compared(times, to):
    """Return a median in words, with its ratio to that of the first page."""
    median = statistics.median(times)
    return f"{median:,.0f} ms ({median / statistics.median(to):.2f} x)"


def move(page, measured, moves):
    """Turn back and forth, move along the slider, then drag there and back."""
    page.wait_for_timeout(2000)
    page.evaluate(WATCH)
    page.locator(HANDLE).first.focus()
    measured.turns += [press(page, key) for key in ("ArrowRight", "ArrowLeft") * (moves // 2)]
    measured.moves += [press(page, "ArrowRight") for _ in range(moves)]
    for key in ("ArrowLeft", "ArrowRight") * 3:
        for _ in range(DRAG):
            page.keyboard.press(key)
            page.wait_for_timeout(KEY_REPEAT)
        measured.drags.append(press(page, key))


def press(page, key):
    """Return the milliseconds from the press of a key to the last change of the picture."""
    page.keyboard.press(key)
    page.wait_for_function("() => window.seen.at.length")
    page.wait_for_function(f"() => performance.now() - window.seen.at.at(-1) > {QUIET}")
    return page.evaluate("window.seen.at.at(-1) - window.seen.key")


def ready(server):
    """Wait until the kernel of the next visitor has run the notebook: visitors come one at a time."""
    while not server.waiting_boards():
        time.sleep(0.2)


def rest():
    """Wait until the processors rest, 20 s at most: the server of another board may be starting its next kernel."""
    until = time.monotonic() + 20
    while psutil.cpu_percent(0.5) > 15 and time.monotonic() < until:
        pass


def measure(browser, server, pages, loads, moves):
    """Return what was measured of each page, and the memory of the board's kernel in the end."""
    found = {name: Measured() for name in pages}
    for turn in range(loads):
        names = list(pages)
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            url = pages[name]
            ready(server)
            rest()
            page = load(browser, url, found[name])
            if turn == loads - 1:
                move(page, found[name], moves)
            if turn == loads - 1 and name == BOARD:
                memory = server.kernel(kernel_of(page)).memory_full_info().pss
            page.close(run_before_unload=True)
            page.context.close()
    return found, memory


def kernel_of(page):
    return json.loads(page.locator("#jupyter-config-data").text_content())["kernelId"]


def main():
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("pages", nargs="*", metavar="NAME=URL")
    asked.add_argument("--loads", type=int, default=7)
    asked.add_argument("--moves", type=int, default=30)
    asked.add_argument("--line", action="store_true", help="loads on a slow line and a slow processor only")
    asked.add_argument("--range", action="store_true", help="also the board itself with a Ki-67 known as a range")
    given = asked.parse_args()
    server = Served()
    pages = dict(page.replace("?CASE", f"?{CASE}").split("=", 1) for page in given.pages) | {
        BOARD: f"{server.url}?{CASE}"
    }
    if given.range:
        pages["range"] = pages[BOARD].replace("ki67_percent=4", "ki67_percent=3-8")
    try:
        with sync_playwright() as playwright:
            # The system's Chromium, as the browser tests use it, else playwright's own.
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            if given.line:
                slowly(browser, server, pages, given.loads, given.moves)
                return
            found, memory = measure(browser, server, pages, given.loads, given.moves)
    finally:
        server.kill()
    first = next(iter(found.values()))
    print(f"{'':10}" + "".join(f"{column:>19}" for column in COLUMNS))
    for name, measured in found.items():
        cells = (f"{value:,.0f} ms ({value / to:.2f} x)" for value, to in zip(measured, first, strict=True))
        print(f"{name:10}" + "".join(f"{cell:>19}" for cell in cells))
    print(f"memory of the board's kernel (PSS): {memory / 2**20:.0f} MB")


if __name__ == "__main__":
    main()
