"""One visitor's page, and what it did behind the scenes."""

import html
import json
import re
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import expect

import netdash as nd
from netdash.comparison import differing
from netdash.patient import FIELDS

ARTIFACTS = Path(__file__).parents[2] / "artifacts"
PROJECTOR = (1920, 1080)
TRIES = 4  # of a page that has not started in time


def in_words(patient):
    """Return the case as the head of the page says it, all of it and nothing else, as a pattern."""
    known = [FIELDS[name].capitalized(value) for name, value in patient.entered.items()]
    words = re.escape("; ".join(known)) if known else "Everything is unknown: .*"
    return re.compile(
        rf"(Case|No case yet|no real patient|prepared)\s+{words}\.\s+Computed \d\d:\d\d:\d\d\.", re.DOTALL
    )


def verdicts_of(patient):
    return nd.assess(patient).verdicts.set_index("rule_set")["verdict"].to_dict()


def forest_of(patient, series_of="transplantation"):
    """Return the figure that the library draws for this case, as plain data."""
    verdicts, outcomes = nd.tallies(nd.assess(patient)), nd.outcomes()
    others = differing(patient, nd.studies())
    pooled = nd.pool_by_therapy(outcomes, endpoint="overall_survival", horizon_months=60)
    return json.loads(
        nd.forest(
            outcomes, pooled, verdicts, left_out=False, weights=False, differing=others, series_of=series_of
        ).to_json()
    )


def without_looks(data):
    """Return traces without colors and sizes, which are the page's."""
    looks = ("marker", "line", "fillcolor", "textfont")
    return [{key: value for key, value in trace.items() if key not in looks} for trace in data]


def looks_of(figure):
    """Return color, and whether it is a circle, of the square of each series of patients, by outcome."""
    return {
        outcome: (trace["marker"]["color"], trace["marker"]["symbol"].startswith("circle"))
        for trace in figure["data"]
        if trace.get("name", "").startswith("series")
        for outcome in trace["customdata"]
    }


def notes_of(figure):
    """Return what is written in the plot."""
    return [without_tags(note["text"].replace("<br>", "")) for note in figure["layout"].get("annotations", [])]


def in_hex(color):
    """Return a color that the browser has computed as it is written in a figure."""
    return "#" + "".join(f"{int(part):02X}" for part in re.findall(r"\d+", color)[:3])


def unbroken(text):
    return re.sub(r"\s", "", without_tags(text.replace("<br>", " ")))


def without_tags(text):
    return html.unescape(re.sub(r"<[^>]+>", "", text))


class Visit:
    """A page of its own session.

    Attributes
    ----------
    errors : list of str
        What the page wrote to the console as an error, and scripts that failed.
    requests : list of str
        Every address that the page asked for, websockets included.
    """

    def __init__(self, browser, server, size=PROJECTOR, **context):
        self.server, self.url = server, server.url
        self.errors, self.requests, self.forgiven = [], [], ()
        self.context = browser.new_context(viewport={"width": size[0], "height": size[1]}, **context)
        self.page = self.context.new_page()
        self.page.set_default_timeout(120_000)
        self.page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)
        self.page.on("pageerror", lambda e: self.errors.append(str(e)))
        self.page.on("request", lambda r: self.requests.append(r.url))
        self.page.on("websocket", lambda w: self.requests.append(w.url))

    # What a visitor does.

    def open(self, query=""):
        self.page.goto(f"{self.url}#{query}" if query else self.url)
        return self.started()

    def started(self):
        """Wait until there is a board; press "Try again" when a busy machine needs longer than the page waits."""
        late = self.page.get_by_text("has not started within")
        for _ in range(TRIES):
            self.board.or_(late).first.wait_for(state="attached")
            if not late.count():
                break
            self.page.get_by_role("button", name="Try again").click()
        self.settle()
        return self

    def open_example(self, label):
        self.page.get_by_label("Case").select_option(label=label)
        expect(self.case).to_contain_text(label)
        self.settle()

    def handle(self, name):
        return self.page.locator(f".netdash-control-{name} .noUi-handle")

    def press(self, name, *keys):
        """Press keys on a slider."""
        self.handle(name).focus()
        for key in keys:
            self.page.keyboard.press(key)

    # What the page shows.

    @property
    def board(self):
        return self.page.locator(".netdash-board")

    @property
    def case(self):
        return self.page.locator("[data-section=case]")

    @property
    def plot(self):
        return self.page.locator("[data-figure=forest]")

    @property
    def banner(self):
        return self.page.locator(".netdash-lost")

    def settle(self):
        """Wait until the picture is that of the inputs shown."""
        expect(self.board).to_have_attribute("data-netdash-state", "current", timeout=120_000)
        expect(self.plot.locator(".main-svg").first).to_be_visible()

    def verdicts(self):
        return self.page.eval_on_selector_all(
            "[data-rule-set][data-verdict]",
            "nodes => Object.fromEntries(nodes.map(n => [n.dataset.ruleSet, n.dataset.verdict]))",
        )

    def forest(self):
        """Return what plotly was given, and what it drew of it."""
        text = self.plot.evaluate(
            """plot => JSON.stringify({
              data: plot.data,
              layout: plot.layout,
              names: [...plot.querySelectorAll('.ytick text')].map(n => n.textContent),
              figures: [...plot.querySelectorAll('.y2tick text')].map(n => n.textContent),
              notes: [...plot.querySelectorAll('.annotation')]
                .sort((a, b) => a.dataset.index - b.dataset.index)  // one that changed stands last in the page
                .map(n => n.textContent),
              boxes: [...plot.querySelectorAll('.barlayer .point path')].map(n => getComputedStyle(n).stroke),
              points: [...plot.querySelectorAll('.scatterlayer path.point')].filter(n => n.__data__.data).map(
                n => [n.__data__.data, getComputedStyle(n).stroke, n.getAttribute('d').includes('A')]),
            })"""
        )
        figure = json.loads(text)
        figure["looks"] = {outcome: (in_hex(color), circle) for outcome, color, circle in figure.pop("points")}
        return figure

    def kernel_id(self):
        return json.loads(self.page.locator("#jupyter-config-data").text_content())["kernelId"]

    def kernel(self):
        """Return the process of this visitor's kernel."""
        return self.server.kernel(self.kernel_id())

    def kill_kernel(self, *how):
        self.server.kill_kernel(self.kernel(), *how)

    # What must hold.

    def expect_case(self, patient):
        """The page says that it shows this case, and shows the library's verdicts and figure for it."""
        expect(self.case).to_have_text(in_words(patient), timeout=60_000)
        self.settle()
        shown, right = self.verdicts(), verdicts_of(patient)
        assert shown == right, dict(set(shown.items()) ^ set(right.items()))
        wanted, found = forest_of(patient), self.forest()
        assert without_looks(found["data"]) == without_looks(wanted["data"])
        for axis, drawn in (("yaxis", found["names"]), ("yaxis2", found["figures"])):
            # A narrow page breaks the texts between their words.
            texts = [unbroken(text) for text in wanted["layout"][axis]["ticktext"]]
            assert [unbroken(text) for text in found["layout"][axis]["ticktext"]] == texts
            assert sorted(map(unbroken, drawn)) == sorted(filter(None, texts))
        # Drawn anew or changed in place, it looks as it should.
        looks = looks_of(wanted)
        assert found["looks"] == looks
        assert {in_hex(color) for color in found["boxes"]} <= {color for color, _ in looks.values()}
        assert found["notes"] == notes_of(wanted)

    def forgive(self, *words):
        """Take errors with one of these words for what was provoked, also those that are still to come."""
        self.forgiven += words

    def check(self):
        """Nothing went wrong behind the scenes and nothing left the server's origin."""
        own = urlsplit(self.url).netloc
        foreign = [r for r in self.requests if urlsplit(r).scheme not in ("blob", "data") and urlsplit(r).netloc != own]
        assert foreign == [], foreign
        errors = [error for error in self.errors if not any(word in error for word in self.forgiven)]
        assert errors == [], errors

    def shoot(self, name):
        ARTIFACTS.mkdir(exist_ok=True)
        self.page.screenshot(path=ARTIFACTS / f"{name}.png")

    def leave(self):
        """Close the page as a person does: it may say goodbye to the server."""
        with self.page.expect_event("close"):
            self.page.close(run_before_unload=True)

    def close(self):
        """Leave, and forget everything."""
        if not self.page.is_closed():
            self.leave()
        self.context.close()
