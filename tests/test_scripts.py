"""The page's script: its own tests, its parts put together, and where the files of others come from."""

import hashlib
import json
import os
import re
import shutil
import subprocess

import pytest
from conftest import ROOT
from plotly.offline import get_plotlyjs_version

from netdash.board.frame import MODULES, STATIC, script

FOLDER = STATIC / "frame"
SOURCES = {path.stem: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.js")}
UNITS = sorted((ROOT / "tests" / "js").glob("*.test.js"))
LICENSES = {"MIT"}


@pytest.fixture(scope="module")
def node():
    """Node with the packages of package.json; where there is none the tests are skipped, but not in CI."""
    found = shutil.which("node")
    if not found or not (ROOT / "node_modules" / "jsdom").is_dir():
        reason = "the page's script is tested with node and the packages of package.json: make node"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_the_script_passes_its_own_tests(node, path):
    run = subprocess.run([node, "--test", str(path)], capture_output=True, text=True, cwd=ROOT, check=False)
    assert run.returncode == 0, run.stdout


def test_the_script_is_all_modules_of_its_folder_each_after_those_it_imports():
    assert sorted(MODULES) == sorted(SOURCES)
    for place, name in enumerate(MODULES):
        imported = set(re.findall(r'^import [^@]*? from "\./(\w+)\.js";$', SOURCES[name], re.MULTILINE))
        assert imported <= set(MODULES[:place]), name


def test_the_modules_put_together_are_one_module_with_each_name_once(node, tmp_path):
    whole = script()
    assert not re.search(r"^(import\b|export (?!default))", whole, re.MULTILINE)
    assert len(re.findall(r"^export default", whole, re.MULTILINE)) == 1
    path = tmp_path / "frame.mjs"
    path.write_text(whole, encoding="utf-8")
    checked = subprocess.run([node, "--check", path], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


def test_only_comments_and_imports_are_left_out_of_what_is_sent():
    whole, comment = script(), re.compile(r" *(//|/\*\*|\*)")
    for text in SOURCES.values():
        code = re.sub(r"^import [^@;]*;$", "", text, flags=re.MULTILINE)
        lines = [line for line in code.splitlines() if not comment.match(line)]
        assert [line for line in lines if line not in whole and line.removeprefix("export ") not in whole] == []


def test_private_names_of_others_stand_in_one_module():
    private = re.compile(r"\._[a-z]\w*|\"_[a-z]\w*\"|noUi-|lm-suppress|widget-upload|draglayer")
    found = {name for name, text in SOURCES.items() if private.search(text)}
    assert found == {"upstream"}


def test_the_files_of_others_are_those_that_vendor_json_names():
    for entry in json.loads((ROOT / "vendor.json").read_text()):
        assert entry["license"] in LICENSES
        for name, file in entry["files"].items():
            found = hashlib.sha256((ROOT / entry["folder"] / name).read_bytes()).hexdigest()
            assert found == file["sha256"], f"{name} is not that of vendor.json: make vendor"


def test_plotly_js_is_of_one_version_everywhere():
    (entry,) = json.loads((ROOT / "vendor.json").read_text())
    assert entry["version"] == get_plotlyjs_version(), "plotly has another plotly.js: make vendor"
    assert f'PLOTLY_VERSION = "{entry["version"]}"' in SOURCES["plotly"]


def test_the_packages_of_the_checks_are_pinned_exactly():
    packages = json.loads((ROOT / "package.json").read_text())
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in packages["devDependencies"].values())
    assert "dependencies" not in packages
