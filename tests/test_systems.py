"""Library, board and server load where Python lacks what only Linux or POSIX has.

A simulation: neither macOS nor Windows was tried.
"""

import re
import subprocess
import sys

import pytest
from conftest import ROOT

SIMULATION = """
import importlib, os, pkgutil, signal, sys
# Other packages look after themselves: they are loaded before anything is hidden.
import anywidget, click, ipykernel.kernelapp, ipywidgets, jupyter_client, jupyter_server.serverapp, pandas
import narwhals, openpyxl, plotly.graph_objects, prometheus_client, pyarrow.parquet, setproctitle, voila.app, zmq

HIDDEN = {"fcntl", "resource", "pwd", "grp", "termios", "pty", "tty", "syslog", "posix"}
class Hidden:
    def find_spec(self, name, *_):
        if name in HIDDEN:
            raise ImportError(f"{name} does not exist on this system")
sys.meta_path.insert(0, Hidden())
for name in HIDDEN:
    sys.modules.pop(name, None)
for name in ("fork", "pidfd_open", "sched_getaffinity", "getuid", "geteuid", "setsid", "killpg", "getpgid", "sysconf"):
    vars(os).pop(name, None)
for name in ("SIGKILL", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGCHLD", "pthread_sigmask"):
    vars(signal).pop(name, None)
sys.platform = SYSTEM

import netdash as nd
for found in pkgutil.walk_packages(nd.__path__, "netdash."):
    if "share" not in found.name and not found.name.endswith(("__main__", ".hub")):  # hub needs jupyterhub
        importlib.import_module(found.name)
for name in nd.__all__:
    getattr(nd, name)
from netdash.board import Board
from netdash.server import machine, provisioner
machine.forbid_core_dumps() if SYSTEM == "win32" else None
machine.raise_descriptors() if SYSTEM == "win32" else None
print(nd.assess(nd.Patient(age_years=57))["milan_review"].verdict, provisioner.can_fork(), len(Board().children) > 0)
"""


@pytest.mark.parametrize("system", ["win32", "darwin"])
def test_every_module_loads_without_what_only_linux_has(system, tmp_path):
    code = SIMULATION.replace("SYSTEM", repr(system))
    if system == "darwin":  # macOS has these modules, but not what only Linux has
        code = re.sub(r"HIDDEN = {.*}", "HIDDEN = set()", code).replace('"fork", ', "")
        code = re.sub(r'\("SIGKILL".*\)', "()", code)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["not_met", "False", "True"]


def test_every_text_that_netdash_reads_or_writes_names_its_encoding():
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--preview", "--select", "PLW1514", "netdash"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout
