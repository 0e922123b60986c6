"""What is installed, from where, and that every way of installing finds the same files."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions

import pytest
import yaml
from conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
WHERE = "import json, netdash.files as f; print(json.dumps([str(f.folder('data')), str(f.folder('dashboards'))]))"


def requirement(text):
    return re.match(r"[A-Za-z0-9_.-]+", text)[0].lower().replace("_", "-")


def test_the_conda_environment_and_the_project_ask_for_the_same():
    listed = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    conda = {d for d in listed if isinstance(d, str)}
    extras = PROJECT["optional-dependencies"]
    named = {"jupyterlab", "ipywidgets", "plotly", "pandas", "voila", "pytest"}
    pytest_line = next(d for d in extras["test"] if requirement(d) == "pytest")
    wanted = {*PROJECT["dependencies"], *extras["lab"], pytest_line, f"python{PROJECT['requires-python']}", "pip"}
    assert conda == wanted
    assert named <= {requirement(d) for d in conda}
    (pip,) = (d["pip"] for d in listed if isinstance(d, dict))
    assert any(line.startswith("--editable .[") for line in pip), "the project itself is installed"
    assert "--constraint constraints.txt" in pip


def imported_packages():
    """Yield the file and the top-level name of every import of netdash that is not Python's own."""
    for path in (ROOT / "netdash").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) else []
            for top in {name.partition(".")[0] for name in names} - sys.stdlib_module_names - {"netdash"}:
                yield path.name, top


def test_every_imported_package_is_declared():
    distributions, extras = packages_distributions(), PROJECT["optional-dependencies"]
    declared = {requirement(d) for d in (*PROJECT["dependencies"], *extras["cohort"], *extras["excel"])}
    declared |= {"jupyterhub"}  # of server/hub.py alone: a Hub has it, and netdash takes the Hub's version
    undeclared = [
        f"{file} imports {top}, and pyproject.toml does not declare {' or '.join(distributions.get(top, [top]))}"
        for file, top in imported_packages()
        if declared.isdisjoint(map(requirement, distributions.get(top, [top])))
    ]
    assert undeclared == []


def test_every_declared_package_is_imported():
    distributions = packages_distributions()
    imported = {requirement(name) for _, top in imported_packages() for name in distributions.get(top, [top])}
    assert {requirement(d) for d in PROJECT["dependencies"]} - imported == set()


def test_every_package_that_netdash_extends_has_an_upper_bound():
    text = (ROOT / "docs" / "develop" / "upstream.md").read_text(encoding="utf-8")
    extended = {requirement(name) for name in re.findall(r"^## (\S+)$", text, re.MULTILINE)}
    bounded = {requirement(d) for d in PROJECT["dependencies"] if ",<" in d}
    assert extended
    assert extended - bounded == set()


def test_the_files_that_a_visitor_hands_in_are_checked_without_frictionless():
    code = (
        "import pathlib, sys\n"
        "import netdash as nd\n"
        f"data = pathlib.Path({str(ROOT / 'data')!r})\n"
        "own = nd.outcomes(extra=(data / 'local_series.csv').read_bytes())\n"
        "cases = nd.cases((data / 'cases.csv').read_bytes())\n"
        "print(own.local.any(), len(cases) > 0, 'frictionless' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True", "False"]


def test_what_serving_looks_for_is_declared():
    looked_for = re.search(r"for package in \(([^)]*)\)", (ROOT / "netdash" / "serve.py").read_text())[1]
    assert set(re.findall(r'"([^"]+)"', looked_for)) <= {requirement(d) for d in PROJECT["dependencies"]}


def test_every_dependency_is_pinned_by_a_plain_line():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+==[A-Za-z0-9.+!]+", line) for line in lines)
    pinned = {requirement(line) for line in lines}
    asked = [*PROJECT["dependencies"], *(d for e in PROJECT["optional-dependencies"].values() for d in e)]
    assert {requirement(d) for d in asked} <= pinned


def test_the_version_is_said_once():
    import netdash

    listed = subprocess.run(
        [sys.executable, "-c", "import importlib.metadata as m; print(m.version('netdash'))"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert listed.stdout.strip() == netdash.__version__
    assert f"## {netdash.__version__}" in (ROOT / "CHANGELOG.md").read_text()
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == netdash.__version__
    assert json.loads((ROOT / ".zenodo.json").read_text(encoding="utf-8"))["version"] == netdash.__version__
    recipe = yaml.safe_load((ROOT / "conda" / "recipe.yaml").read_text(encoding="utf-8"))
    assert recipe["context"]["version"] == netdash.__version__
    run = {line.replace(" ", "") for line in recipe["requirements"]["run"]}
    assert set(PROJECT["dependencies"]) <= run


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(out.glob("*.whl"))


def test_the_wheel_carries_data_notebook_and_page(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    carried = {f"netdash/{p.relative_to(ROOT)}" for top in ("data", "dashboards") for p in (ROOT / top).glob("*.*")}
    assert carried - names == set()
    files = (p for p in (ROOT / "netdash").rglob("*") if p.is_file() and p.suffix != ".pyc")
    assert {str(p.relative_to(ROOT)) for p in files} - names == set()
    assert not {n for n in names if n.startswith(("tests/", "docs/"))}


def test_a_wheel_finds_its_own_data(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'site')!r})\n"
        "import netdash as nd\n"
        "print(nd.__file__, len(nd.rule_sets()), nd.assess(nd.Patient(age_years=55))['milan_review'].verdict)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path, env=dict(os.environ)
    )
    place, _, said = done.stdout.strip().rsplit(" ", 2)
    assert place.startswith(str(tmp_path / "site"))
    assert said == "not_met"


def test_the_examples_of_every_docstring_run_from_the_wheel(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--doctest-modules", "site/netdash"]
    command.append("--ignore=site/netdash/server/hub.py")  # it needs jupyterhub
    env = os.environ | {"PYTHONPATH": str(tmp_path / "site"), "PYTEST_ADDOPTS": ""}
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=env, check=False)
    assert re.search(r"^\d\d+ passed", done.stdout, re.MULTILINE), done.stdout
    assert "failed" not in done.stdout


USERS_SCRIPT = """\
import netdash as nd

patient = nd.Patient(age_years=57, ki67_percent="3-20", primary_site={"pancreas", "duodenum"})
assessment: nd.Assessment = nd.assess(patient, "milan_review")
judgement: nd.Judgement = assessment["milan_review"]
headline: str = judgement.headline
names: list[str] = list(assessment)
counted: dict[str, nd.Tally] = nd.tallies(assessment)
outcomes = nd.outcomes(therapy="resection", endpoint="overall_survival")
pools: dict[str, nd.Pooled] = nd.pool_by_therapy(outcomes)
page: str = nd.report(patient)
found = nd.search("Milan")
versions: dict[str, str] = nd.versions()
board = nd.Board(patient, pages="explore")
nd.save(nd.forest(outcomes, pools, assessment), "forest.html")
nd.save(nd.medians(outcomes, assessment, therapy="resection"), "medians.csv")
"""
MISTAKE = "nd.nothing_of_the_kind\n"
WITHOUT_PYRIGHT = "pyright is tried where it is installed: npm install --no-save pyright"


@pytest.fixture
def users_script(wheel, tmp_path):
    """A folder with the installed wheel, and a user's script that ends with a mistake."""
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    (tmp_path / "user.py").write_text(USERS_SCRIPT + MISTAKE)
    return tmp_path


def test_mypy_finds_the_mistake_in_a_users_script_and_nothing_else(users_script):
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--follow-imports=silent",
        "--ignore-missing-imports",
        "user.py",
    ]
    env = os.environ | {"MYPYPATH": str(users_script / "site"), "PYTHONPATH": ""}
    done = subprocess.run(command, capture_output=True, text=True, cwd=users_script, env=env, check=False)
    assert "nothing_of_the_kind" in done.stdout, done.stdout + done.stderr
    assert "Found 1 error in 1 file" in done.stdout, done.stdout


def test_pyright_finds_the_mistake_in_a_users_script_and_nothing_else(users_script):
    pyright = shutil.which("pyright", path=os.pathsep.join([str(ROOT / "node_modules" / ".bin"), os.environ["PATH"]]))
    if not pyright:
        pytest.skip(WITHOUT_PYRIGHT)
    settings = {"extraPaths": ["site"], "include": ["user.py"]}
    (users_script / "pyrightconfig.json").write_text(json.dumps(settings))
    command = [pyright, "--outputjson", "--pythonpath", sys.executable]
    done = subprocess.run(command, capture_output=True, text=True, cwd=users_script, check=False)
    found = [d for d in json.loads(done.stdout)["generalDiagnostics"] if d["severity"] == "error"]
    assert [MISTAKE.split(".")[1].strip() in d["message"] for d in found] == [True], found
