"""The documents say what the data and the code say."""

import importlib
import inspect
import re
import runpy
import shlex
import shutil

import pytest
from click.testing import CliRunner
from conftest import ROOT

import netdash as nd
from netdash import cli, conflicts, evidence, outcome_rows, rule_tables

PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "data" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]


def test_the_criteria_are_written_from_the_data():
    made = runpy.run_path(str(ROOT / "docs" / "make_criteria.py"))["text"]()
    assert (ROOT / "docs" / "criteria.md").read_text(encoding="utf-8") == made, "run: python docs/make_criteria.py"
    for name in nd.rule_sets()["rule_set"]:
        assert f"(`{name}`)" in made


STATEMENTS = {
    "multidisciplinary team": "team",
    "resection considered first": "first-step",
    "individual treatment": "individual",
    "surgery the standard": "standard",
    "recurrence, also with one lobe": "recurrence-rate",
    "repeat resection, risk of the operation": "repeat-resection",
    "limited spread: symptoms, biology, grade": "limited-spread",
    "critical location": "location",
    "differentiation as a predictor": "transplant-differentiation",
    "liver involvement as a predictor": "transplant-involvement",
    "exenteration": "transplant-exenteration-mortality",
    "staged removal of the primary": "transplant-staged",
    "transplantation after all else": "transplant-last",
    "survival like that for hepatocellular carcinoma": "transplant-hcc",
    "aims of radiofrequency ablation": "ablation-aims",
    "no comparison with microwave ablation": "ablation-microwave",
    "sequential embolization": "embolization-sequential",
    "radioembolization: comparison, procedures, repetition": "radioembolization-comparison",
    "octreotide around an operation": "octreotide-surgery",
    "octreotide around an ablation": "octreotide-ablation",
    "octreotide around an embolization": "octreotide-embolization",
    "single agents and doublets": "chemotherapy-doublets",
    "streptozocin the standard": "chemotherapy-streptozocin",
    "analogs, without a condition": "analogs-unconditional",
}
"""Statements of the review that are no criteria, and where each stands."""


def section(heading):
    return (ROOT / "docs" / "criteria.md").read_text(encoding="utf-8").split(f"\n{heading}\n")[1].split("\n## ")[0]


def test_populations_stand_in_a_section_of_their_own_and_nothing_else_does():
    ids = re.findall(r"\(`(\w+)`\)", section("## Whom trials studied"))
    assert ids == [name for name, found in rule_tables.load().items() if found.kind == "population"]


def test_each_rule_set_says_what_its_source_asks_besides():
    page = (ROOT / "docs" / "criteria.md").read_text(encoding="utf-8")
    for found in rule_tables.load().values():
        part = page.split(f"(`{found.name}`)")[1].split("\n##")[0]
        assert ("Not asked: " in part) == bool(found.not_asked)
        assert found.not_asked in part
        assert ("Nothing here decides" in part) == (not found.clauses)


def test_each_pair_at_odds_and_each_remark_stands_on_the_page():
    assert section("## Inputs at odds").count("\n- ") == len(conflicts.load())
    beside = section("## What sources say beside their criteria")
    shown, kept = beside.split("### Not shown")
    for row in outcome_rows.records(evidence.remarks()):
        assert row["text"] in (kept if row["why_not_shown"] else shown)
        assert row["why_not_shown"] in kept


@pytest.mark.parametrize("place", STATEMENTS.values(), ids=list(STATEMENTS))
def test_each_statement_that_is_no_criterion_has_its_place_or_a_line_that_says_why_not(place):
    remarks = {row["remark_id"]: row for row in outcome_rows.records(evidence.remarks())}
    assert remarks[place.removeprefix("")]["text"]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_link_of_a_page_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_table_of_a_page_has_a_head(page):
    blocks = re.findall(r"(?:^\|.*\n)+", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert [block for block in blocks if not re.match(r"\|.*\n\|[-| ]+\|\n", block)] == []


@pytest.mark.parametrize("page", ["README.md", "docs/cohort.md"])
def test_the_python_of_a_page_runs(page):
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)
    exec(code, {})


def test_each_command_of_the_page_on_registries_runs_as_it_stands(tmp_path, monkeypatch):
    page = (ROOT / "docs" / "cohort.md").read_text(encoding="utf-8")
    lines = re.findall(r"(?:^|`)(netdash (?:map|cohort) [^`\n]+\.csv[^`\n]*)", page, re.MULTILINE)
    assert len(lines) >= 4
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    for name in ("data/cases.csv", "patients.csv", "2023.csv", "2024.csv"):
        shutil.copy(ROOT / "data" / "cases.csv", tmp_path / name)
    for line in lines:
        done = CliRunner().invoke(cli.main, shlex.split(line)[1:])
        assert done.exit_code == 0, f"{line}: {done.output}"
        assert "read, " in done.output or "MAP.csv" in done.output


def test_the_recipes_run_and_judge():
    text = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    omop, fhir = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    found: dict[str, object] = {}
    exec(omop, found)
    columns = found["judged"].columns
    rows = [dict(zip(columns, row, strict=True)) for row in found["judged"].fetchall()]
    patients = [
        nd.Patient(age_years="60-61", ki67_percent=4, primary_site="pancreas"),
        nd.Patient(age_years="43-44", ki67_percent="<3", primary_site="small_intestine", liver_involvement_percent=35),
    ]
    wanted = [nd.assess(patient, ["milan_review"]).verdicts.verdict.iloc[0] for patient in patients]
    assert [row["milan_review"] for row in rows] == wanted == ["not_met", "unknown"]
    exec(fhir, found)
    judged = found["judged"]
    assert judged["milan_review__open"].tolist() == ["Extrahepatic disease"]
    assert judged["milan_review"].tolist() == ["unknown"]


def resolves(name):
    """Whether a dotted name of netdash is a module, or an attribute of one; instance attributes are in annotations."""
    found, *rest = importlib.import_module("netdash"), *name.split(".")[1:]
    for part in rest:
        if not hasattr(found, part) and part not in getattr(found, "__annotations__", {}):
            try:
                importlib.import_module(f"{found.__name__}.{part}")
            except (ImportError, AttributeError):
                return False
        found = getattr(found, part, None)
    return True


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_private_name_and_every_file_that_a_page_names_exists(page):
    text = page.read_text(encoding="utf-8")
    for name in re.findall(r"`(netdash(?:\.\w+)+)`", text):
        assert resolves(name), name
    for path in re.findall(r"`((?:netdash|tests|data|docs)/[\w./-]*)`", text):
        assert (ROOT / path).exists(), path


def test_a_name_that_does_not_exist_is_found():
    assert resolves("netdash.judgement.Judgement.headline")
    assert resolves("netdash.findings.Finding.margin")
    assert not resolves("netdash.judgement.Judgement.no_such_name")


def test_the_map_of_the_house_names_every_module():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("## The house")[1].split("\n## ")[0]
    modules = {str(path.relative_to(ROOT / "netdash")) for path in (ROOT / "netdash").rglob("*.py")}
    named = set(re.findall(r"`([\w/]+\.py)`", text))
    initial = {name for name in modules if name.endswith(("__init__.py", "__main__.py"))}
    assert modules - initial == named - {"tests/test_architecture.py"}


def test_at_least_ten_questions_are_answered_on_the_map():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("## Where is it?")[1].split("\n## ")[0]
    answers = [line for line in text.splitlines() if line.startswith("| ") and line.count("`") >= 2]
    assert len(answers) >= 10


def test_the_glossary_has_each_word_once():
    rows = re.findall(r"^\| ([^|]+) \|", (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8"), re.MULTILINE)
    words = [word.strip() for row in rows if row != "word" for word in re.split("[,;]", row)]
    assert len(words) == len(set(words))


def test_words_that_the_glossary_replaces_are_nowhere():
    table = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8").split("## Words that are not used")[1]
    words = [word.strip() for row in re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE)[1:] for word in row.split(",")]
    assert len(words) > 10
    wrong = re.compile(
        rf"(?<!Share )\b({'|'.join([*words, *map(str.capitalize, words)])})s?\b"
    )  # plotly has a button "Share chart..."
    own = [path for kind in ("*.py", "*.html") for path in (ROOT / "netdash").rglob(kind)]
    own += (ROOT / "netdash" / "board" / "static").rglob("*.js")
    texts = {path: path.read_text(encoding="utf-8") for path in [*PAGES, *own] if path.name != "glossary.md"}
    assert {str(path): found[0] for path, text in texts.items() if (found := wrong.search(text))} == {}


def test_every_public_name_that_a_page_uses_exists():
    for page in PAGES:
        for name in re.findall(r"\bnd\.(\w+)", page.read_text(encoding="utf-8")):
            assert name in nd.__all__, f"{page.name}: nd.{name}"


def documented():
    """Every public name that is called, and the public methods of the public classes."""
    for name in nd.__all__:
        thing = getattr(nd, name)
        yield name, thing
        for method, found in vars(thing).items() if inspect.isclass(thing) else ():
            function = getattr(found, "__func__", found)
            if inspect.isfunction(function) and not method.startswith("_"):
                yield f"{name}.{method}", function


@pytest.mark.parametrize(("name", "thing"), [pytest.param(*one, id=one[0]) for one in documented()])
def test_a_public_docstring_says_what_goes_in_and_out_with_an_example_that_runs(name, thing):
    text = inspect.getdoc(thing)
    assert "Examples\n--------\n>>> " in text
    assert "+SKIP" not in text
    if inspect.isfunction(thing) and "." not in name:
        assert "Returns\n-------" in text
        assert "Parameters\n----------" in text or not inspect.signature(thing).parameters


def test_every_make_target_that_a_page_names_exists():
    makefile = (ROOT / "Makefile").read_text()
    for page in PAGES:
        for target in re.findall(r"`?make ([a-z-]+)`", page.read_text(encoding="utf-8")):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"{page.name}: make {target}"
