"""The documents say what the data and the code say."""

import re
import runpy

import pytest
from conftest import ROOT

import netdash as nd

PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "data" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]


def test_the_criteria_are_written_from_the_data():
    made = runpy.run_path(str(ROOT / "docs" / "make_criteria.py"))["text"]()
    assert (ROOT / "docs" / "criteria.md").read_text(encoding="utf-8") == made, "run: python docs/make_criteria.py"
    for name in nd.rule_sets()["rule_set"]:
        assert f"(`{name}`)" in made


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_link_of_a_page_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", ["README.md", "docs/cohort.md"])
def test_the_python_of_a_page_runs(page):
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)
    exec(code, {})


def test_every_public_name_that_a_page_uses_exists():
    for page in PAGES:
        for name in re.findall(r"\bnd\.(\w+)", page.read_text(encoding="utf-8")):
            assert name in nd.__all__, f"{page.name}: nd.{name}"


def test_every_make_target_that_a_page_names_exists():
    makefile = (ROOT / "Makefile").read_text()
    for page in PAGES:
        for target in re.findall(r"`?make ([a-z-]+)`", page.read_text(encoding="utf-8")):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"{page.name}: make {target}"
