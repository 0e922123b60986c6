"""Who may import whom, what importing costs, and what is public."""

import ast
import functools
import importlib
import inspect
import json
import subprocess
import sys

import pytest
from conftest import ROOT

import netdash as nd

PACKAGE = ROOT / "netdash"

# A module may import only what stands here:
# data -> evidence -> rules -> assessment -> outcome tables -> figures -> board -> dashboards.
MAY_IMPORT = {
    "csv_checks": {"wording"},
    "distributions": set(),
    "effects": set(),
    "files": set(),
    "intervals": set(),
    "server": {"board", "files", "server"},
    "wording": {"refusals"},
    "distances": {"fields", "intervals"},
    "fields": {"data_tables", "intervals", "refusals", "wording"},
    "own_series": {"csv_checks"},
    "bayes": {"effects", "pooling"},
    "heterogeneity": {"distributions", "effects"},
    "pooling": {"distributions", "effects", "heterogeneity", "refusals", "wording"},
    "data_tables": {"files"},
    "evidence": {"data_tables", "filters", "own_series", "wording"},
    "derived": {"intervals"},
    "declarations": {"derived", "fields", "intervals"},
    "patient": {"declarations", "derived", "fields", "links", "refusals"},
    "sensitivity": {"effects", "pooling"},
    "outcome_rows": {"data_tables", "evidence", "filters", "refusals", "wording"},
    "outcome_tables": {
        "assessment",
        "comparison",
        "data_tables",
        "effects",
        "evidence",
        "outcome_rows",
        "outcome_tables",
        "pooling",
        "refusals",
        "rule_tables",
        "rules",
        "wording",
    },
    "prepared_cases": {"csv_checks", "fields", "files", "patient", "refusals"},
    "provenance": {"evidence", "own_criteria", "refusals", "wording"},
    "rules": {"derived", "fields", "intervals", "patient", "wording"},
    "rule_tables": {"evidence", "fields", "rules", "wording"},
    "own_criteria": {"csv_checks", "evidence", "files", "rule_tables", "rules", "wording"},
    "serve": {"csv_checks", "files", "own_criteria", "prepared_cases", "server"},
    "synthesis": {"effects", "evidence", "outcome_rows", "pooling", "refusals"},
    "cohort": {
        "cohort",
        "data_tables",
        "derived",
        "fields",
        "files",
        "intervals",
        "own_criteria",
        "patient",
        "refusals",
        "rules",
        "wording",
    },
    "conflicts": {"derived", "evidence", "intervals", "outcome_rows", "patient", "rule_tables", "rules", "wording"},
    "findings": {"distances", "fields", "intervals", "patient", "rules", "wording"},
    "judgement": {"fields", "findings", "patient", "rule_tables", "rules", "wording"},
    "remarks": {"evidence", "outcome_rows", "patient", "rule_tables", "rules"},
    "assessment": {
        "",
        "conflicts",
        "data_tables",
        "evidence",
        "findings",
        "flips",
        "judgement",
        "judgement_rows",
        "own_criteria",
        "patient",
        "refusals",
        "remarks",
        "rule_tables",
        "rules",
        "tables",
        "wording",
    },
    "ranges": {"derived", "fields", "intervals", "judgement", "patient", "refusals", "rule_tables", "rules"},
    "teaching": {"evidence", "findings", "judgement", "outcome_rows", "patient", "rule_tables", "rules", "wording"},
    "comparison": {
        "assessment",
        "derived",
        "evidence",
        "findings",
        "judgement",
        "own_criteria",
        "patient",
        "rule_tables",
        "rules",
        "wording",
    },
    "figures": {
        "assessment",
        "evidence",
        "fields",
        "figures",
        "filters",
        "outcome_rows",
        "outcome_tables",
        "patient",
        "pooling",
        "ranges",
        "rule_tables",
        "rules",
        "wording",
    },
    "board": {
        "",
        "assessment",
        "board",
        "case_report",
        "comparison",
        "csv_checks",
        "data_tables",
        "evidence",
        "fields",
        "figures",
        "files",
        "findings",
        "flips",
        "intervals",
        "judgement",
        "outcome_tables",
        "own_criteria",
        "patient",
        "pooling",
        "prepared_cases",
        "provenance",
        "ranges",
        "remarks",
        "rule_tables",
        "rules",
        "sensitivity",
        "synthesis",
        "teaching",
        "wording",
    },
    "cli": {
        "assessment",
        "case_report",
        "cohort",
        "fields",
        "figures",
        "own_criteria",
        "patient",
        "rule_tables",
        "serve",
        "server",
        "wording",
    },
    "__main__": {"cli"},
    "": {
        "assessment",
        "bayes",
        "board",
        "case_report",
        "cohort",
        "comparison",
        "effects",
        "evidence",
        "figures",
        "installed",
        "intervals",
        "judgement",
        "patient",
        "pooling",
        "prepared_cases",
        "provenance",
        "refusals",
        "searches",
        "sensitivity",
        "synthesis",
    },
    "case_report": {
        "",
        "assessment",
        "comparison",
        "data_tables",
        "evidence",
        "figures",
        "files",
        "outcome_tables",
        "own_criteria",
        "patient",
        "synthesis",
        "wording",
    },
    "filters": {"refusals", "tables"},
    "flips": {"fields", "findings", "judgement", "patient", "rules"},
    "installed": {"", "data_tables"},
    "judgement_rows": {"evidence", "fields", "findings", "intervals", "judgement", "patient", "rules", "wording"},
    "links": set(),
    "refusals": set(),
    "tables": {"refusals"},
    "searches": {"evidence", "patient"},
}

PUBLIC = {
    "Assessment",
    "Board",
    "Interval",
    "Judgement",
    "Mapping",
    "Patient",
    "Pooled",
    "PooledBayes",
    "Source",
    "Tally",
    "assess",
    "assess_cohort",
    "attrition",
    "attrition_bars",
    "cases",
    "claims",
    "cohort_report",
    "compare",
    "contrast_forest",
    "contrasts",
    "corrections",
    "criteria",
    "cumulative",
    "cumulative_forest",
    "differing",
    "discrepancies",
    "drawn",
    "effect_sizes",
    "eligibility_map",
    "forest",
    "harms_beside_benefits",
    "hazard_ratios",
    "icon_array",
    "influence",
    "later_outcomes",
    "leave_one_out",
    "medians",
    "outcome_effects",
    "outcomes",
    "pool",
    "pool_bayes",
    "pool_by_therapy",
    "pool_outcomes",
    "propose_mapping",
    "published_later",
    "references",
    "report",
    "rule_sets",
    "save",
    "search",
    "source",
    "sources",
    "standing",
    "studies",
    "subgroups",
    "tallies",
    "teaching_cases",
    "therapies",
    "trials",
    "verdict_counts",
    "verdict_strip",
    "versions",
}


def room(path):
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return "" if parts == ("__init__",) else parts[0]


def imported(path):
    """Rooms of netdash that a file imports, at the top or inside a function."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            top, _, rest = name.partition(".")
            if top == "netdash":
                found.add(rest.split(".")[0] if (PACKAGE / rest.split(".")[0]).exists() or rest else "")
    rooms = {room(p) for p in PACKAGE.rglob("*.py")}
    return {name if name in rooms else "" for name in found}


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_module_imports_only_those_it_may(path):
    assert imported(path) <= MAY_IMPORT[room(path)]


def test_the_table_permits_nothing_that_no_module_uses():
    used = {name: set() for name in MAY_IMPORT}
    for path in PACKAGE.rglob("*.py"):
        used[room(path)] |= imported(path)
    assert used == MAY_IMPORT


def test_the_table_names_every_room_and_has_no_cycle():
    assert set(MAY_IMPORT) == {room(path) for path in PACKAGE.rglob("*.py")}
    done = set()
    left = {name: allowed - {name, ""} for name, allowed in MAY_IMPORT.items() if name}
    while left:
        free = {name for name, allowed in left.items() if allowed <= done}
        assert free, f"cycle among {left}"
        done |= free
        left = {name: allowed for name, allowed in left.items() if name not in free}


MOST_LINES_OF_A_MODULE, MOST_LINES_OF_A_FUNCTION = 400, 40


def code_lines(function):
    """Lines of a function's body that hold code: no docstring, comment or blank line."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return len({node.lineno for statement in body for node in ast.walk(statement) if hasattr(node, "lineno")})


def lines_of_examples(tree):
    """Lines of the examples in docstrings, which are no lines of the module to read through."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docstrings = [ast.get_docstring(node) or "" for node in ast.walk(tree) if isinstance(node, documented)]
    return sum(text.count("\n", text.find("\n\nExamples\n")) for text in docstrings if "\n\nExamples\n" in text)


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_modules_and_functions_stay_short(path):
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert len(text.splitlines()) - lines_of_examples(tree) <= MOST_LINES_OF_A_MODULE, "look for the second noun"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert code_lines(node) <= MOST_LINES_OF_A_FUNCTION, f"{node.name}: look for the second thing that it does"


def public_methods():
    """Public functions and properties of every class of netdash; netdash.server.hub needs jupyterhub."""
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        if name in {"netdash.__main__", "netdash.server.hub"}:
            continue
        module = importlib.import_module(name)
        for kind in vars(module).values():
            if inspect.isclass(kind) and kind.__module__ == name and not kind.__name__.startswith("_"):
                yield from ((kind, what) for what in vars(kind) if not what.startswith("_"))


def test_every_public_method_has_a_docstring_or_overrides_one_that_has():
    methods = [(kind, what, inspect.getattr_static(kind, what)) for kind, what in public_methods()]
    asked = [m for m in methods if inspect.isroutine(m[2]) or isinstance(m[2], property | functools.cached_property)]
    assert len(asked) > 300
    assert [
        f"{kind.__module__}.{kind.__name__}.{what}" for kind, what, found in asked if not inspect.getdoc(found)
    ] == []


def test_thresholds_stay_in_the_data():
    for name in (
        "rules.py",
        "assessment.py",
        *(str(p.relative_to(PACKAGE)) for p in (PACKAGE / "board").rglob("*.py")),
    ):
        tree = ast.parse((PACKAGE / name).read_text())
        compared = [n for n in ast.walk(tree) if isinstance(n, ast.Compare)]
        numbers = {c.value for n in compared for c in ast.walk(n) if isinstance(c, ast.Constant)}
        assert not {n for n in numbers if isinstance(n, int | float) and n not in (0, 1, True, False)}, name


def run(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_importing_reads_no_file_and_loads_nothing_heavy():
    found = run(
        "import json, sys\n"
        "opened = []\n"
        "sys.addaudithook(lambda event, a: opened.append(str(a[0])) if event == 'open' else None)\n"
        "import netdash\n"
        "read = [p for p in opened if 'netdash' in p and not p.endswith(('.py', '.pyc')) and '__pycache__' not in p]\n"
        "print(json.dumps({'read': read, 'modules': list(sys.modules)}))"
    )
    assert [p for p in found["read"] if "/data/" in p or "dashboards" in p] == []
    heavy = {"ipywidgets", "plotly", "scipy", "pandas", "voila", "anywidget", "jinja2", "narwhals", "click"}
    assert heavy.isdisjoint(found["modules"])


def test_the_library_needs_no_widget():
    found = run(
        "import json, sys, netdash as nd\n"
        "nd.assess(nd.Patient(age_years=48)).verdicts; nd.outcomes()\n"
        "print(json.dumps(list(sys.modules)))"
    )
    assert {"ipywidgets", "plotly", "scipy", "voila", "anywidget", "jinja2"}.isdisjoint(found)


def test_the_board_draws_without_plotlys_classes():
    """They cost each session 18 MB, and the page does not need them."""
    found = run(
        "import json, sys\n"
        "from netdash.board import Board\n"
        "board = Board()\n"
        "for page in board.pages: board.state.page = page\n"
        "print(json.dumps([name for name in sys.modules if name.partition('.')[0] in ('plotly', 'narwhals')]))"
    )
    assert found == []


def test_importing_changes_nothing_global():
    found = run(
        "import json, warnings, pandas as pd\n"
        "before = (list(warnings.filters), pd.get_option('display.max_rows'))\n"
        "import netdash as nd\n"
        "for name in nd.__all__: getattr(nd, name)\n"
        "print(json.dumps(before == (list(warnings.filters), pd.get_option('display.max_rows'))))"
    )
    assert found is True


def test_the_public_names_are_exactly_the_contracts():
    assert set(nd.__all__) == PUBLIC
    assert list(nd.__all__) == sorted(nd.__all__)
    for name in nd.__all__:
        assert getattr(nd, name).__doc__, name
    with pytest.raises(AttributeError):
        nd.nothing_of_the_kind  # noqa: B018


def test_type_checkers_see_the_same_names():
    tree = ast.parse((PACKAGE / "__init__.py").read_text())
    guarded = next(n for n in tree.body if isinstance(n, ast.If))
    aliases = [alias for node in guarded.body for alias in node.names]
    assert {alias.asname for alias in aliases} == {alias.name for alias in aliases} == PUBLIC  # "as" exports them
