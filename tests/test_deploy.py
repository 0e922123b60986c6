"""The files of docs/deploy, judged without starting anything; tests/browser/test_nginx.py starts them."""

import os
import re
import shutil
import subprocess

import pytest
from conftest import ROOT

from netdash.cli import serve

DEPLOY = ROOT / "docs" / "deploy"
VARIABLES = {parameter.envvar for parameter in serve.params if parameter.envvar}
UNIT = (DEPLOY / "netdash@.service").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", [ROOT / "docs" / "deploy.md", *sorted(DEPLOY.iterdir())], ids=lambda p: p.name)
def test_every_variable_that_is_named_is_one_of_the_server(path):
    assert set(re.findall(r"NETDASH_[A-Z_]+", path.read_text(encoding="utf-8"))) <= VARIABLES


def test_every_file_is_named_in_the_document():
    text = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    assert [path.name for path in DEPLOY.iterdir() if f"(deploy/{path.name})" not in text] == []


def test_systemd_takes_the_unit(tmp_path):
    analyze = shutil.which("systemd-analyze")
    if not analyze:
        reason = "No systemd-analyze was found; on Debian: apt-get install systemd"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    unit = tmp_path / "netdash@.service"
    unit.write_text(UNIT.replace("/opt/netdash/bin/netdash", shutil.which("true")))
    done = subprocess.run([analyze, "verify", unit], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_memory_and_tasks_are_enough_for_the_sessions_and_bounded():
    limits = dict(re.findall(r"^(MemoryMax|TasksMax|Environment=NETDASH_\w+)=(\d+)", UNIT, re.MULTILINE))
    kernels = sum(int(limits[f"Environment=NETDASH_{name}"]) for name in ("MAX_SESSIONS", "POOL"))
    assert kernels * 80 + 200 < int(limits["MemoryMax"]) * 1024
    assert kernels * 20 + 20 < int(limits["TasksMax"])  # threads


@pytest.mark.parametrize("path", sorted(DEPLOY.glob("*.py")), ids=lambda p: p.name)
def test_the_configurations_are_python(path):
    compile(path.read_text(encoding="utf-8"), path, "exec")


def test_the_script_is_shell():
    assert subprocess.run(["/bin/sh", "-n", DEPLOY / "install.sh"], check=False).returncode == 0


def test_every_promise_names_attacks_that_exist():
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    promises = [row for row in text.splitlines() if row.startswith("| ") and "the attack that tests it" not in row]
    assert len(promises) > 15
    written = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    for promise in promises:
        named = re.findall(r"`(test_\w+)`", promise)
        assert named, promise
        assert [name for name in named if f"def {name}(" not in written] == []


def test_the_report_for_jupyter_server_holds_no_exploit():
    text = (ROOT / "docs" / "develop" / "upstream-report.md").read_text(encoding="utf-8")
    assert "```" not in text
    assert not re.search(r"\\x|ff ?ff|send", text)
