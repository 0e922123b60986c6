"""The site: it builds without a warning, asks no other host, can be read and searched, and draws every picture."""

import re
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import ROOT
from playwright.sync_api import expect

import netdash as nd

KINDS = ("index", "tutorial", "docs/methods", "docs/security", "reference/commands", "reference/registry", "search")
"""A page of each kind: with a picture, with figures, of text and tables, of generated lists, of docstrings."""
BUILD = ROOT / "docs" / "site" / "build.py"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    out = tmp_path_factory.mktemp("site")
    done = subprocess.run([sys.executable, str(BUILD), str(out)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


class Quiet(SimpleHTTPRequestHandler):
    """Hand out files without a line for each."""

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def address(site):
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=site))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture
def read(browser, address):
    """Open pages of the site; what they ask of another host, what is missing, and their errors are collected."""
    context = browser.new_context(base_url=address)
    page = context.new_page()
    page.said = []
    page.on("request", lambda r: page.said.append(r.url) if not r.url.startswith((address, "data:", "blob:")) else None)
    page.on("response", lambda r: page.said.append(f"{r.status} {r.url}") if r.status >= 400 else None)
    page.on("pageerror", lambda error: page.said.append(str(error)))
    yield page
    assert page.said == []
    context.close()


def faults(page):
    return {v["id"]: [node["html"][:120] for node in v["nodes"]] for v in Axe().run(page).response["violations"]}


def test_every_public_name_field_and_table_has_its_place(site):
    text = "".join(path.read_text(encoding="utf-8") for path in (site / "reference").glob("*.html"))
    for name in nd.__all__:
        assert f'id="netdash.{name}"' in text, name
    for field in nd.Patient.fields()["name"]:
        assert f">{field}<" in text, field
    for table in (ROOT / "data").glob("*.csv"):
        assert f"{table.stem}" in text, table
    for command in ("serve", "assess", "cohort", "map", "report", "lint"):
        assert f"netdash {command}" in text


def test_every_page_loads_whole_and_asks_no_other_host(site, read):
    pages = [path.relative_to(site).as_posix() for path in sorted(site.rglob("*.html"))]
    assert len(pages) > 25
    read.set_viewport_size({"width": 390, "height": 844})
    for page in pages:
        read.goto(page)
        assert read.evaluate("document.documentElement.scrollWidth <= innerWidth"), page
        assert read.locator("img").evaluate_all("found => found.filter(i => !i.naturalWidth).length") == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_kind_of_page(read, scheme):
    read.emulate_media(color_scheme=scheme)
    for page in KINDS:
        read.goto(f"{page}.html")
        assert faults(read) == {}, page


def test_every_picture_is_drawn_beside_its_sentence_and_its_numbers(read):
    for page, least in (("gallery.html", 10), ("tutorial.html", 3)):
        read.goto(page)
        figures = read.locator("figure.nd-figure")
        assert figures.count() >= least
        expect(read.locator("figure.nd-figure .main-svg:first-child")).to_have_count(figures.count())
        assert all(figures.locator("figcaption").all_inner_texts())
        assert figures.locator("table").count() >= figures.count()


def test_no_page_shows_the_marks_of_its_source(site):
    for path in site.rglob("*.html"):
        text = re.sub(r"<(pre|script|style|code)\b.*?</\1>", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        assert re.findall(r":(?:func|class|meth|mod):", text) == [], path.name


def test_the_search_finds_a_name_and_a_word_of_a_page(read):
    for word, found in (("eligibility_map", "gallery.html"), ("heterogeneity", "docs/methods.html")):
        read.goto(f"search.html?q={word}")
        expect(read.locator(f"ul.search a[href*='{found}']").first).to_be_visible()
