"""The files of docs/deploy, judged without starting anything; tests/browser/test_nginx.py starts them."""

import inspect
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import yaml
from conftest import ROOT
from packaging.specifiers import SpecifierSet

from netdash.cli import serve
from netdash.serve import serve as serve_board
from netdash.server.gate import Hosts

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
    unit.write_text(UNIT.replace("/opt/netdash/current/bin/netdash", shutil.which("true")))
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


# Containers. make lint-deploy compares these files with the schemas of their formats.

HOST = [{"name": "Host", "value": "netdash.example.org"}]


def manifests(kind):
    found = yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text(encoding="utf-8"))
    return {one["metadata"]["name"]: one["spec"] for one in found if one["kind"] == kind}


def test_containers_have_no_right_and_write_to_one_folder_in_memory():
    pod = manifests("StatefulSet")["netdash"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert not pod["automountServiceAccountToken"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert [mount["mountPath"] for mount in container["volumeMounts"]] == ["/tmp"]
    assert pod["volumes"][0]["emptyDir"]["medium"] == "Memory"
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))["services"]
    for worker in (compose["worker1"], compose["worker2"]):
        assert (worker["read_only"], worker["cap_drop"], worker["ulimits"]["core"]) == (True, ["ALL"], 0)
        assert worker["mem_limit"] == worker["memswap_limit"]  # no swap
    assert re.search(r"^USER \d+:\d+$", (DEPLOY / "Containerfile").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("base", ["/", "/board/"])
def test_the_image_asks_after_its_health_where_the_board_is(base):
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    (command,) = re.findall(r"^    CMD (\[.*\])$", text, re.MULTILINE)
    asked = []

    class Health(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

    with HTTPServer(("127.0.0.1", 0), Health) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        env = {"NETDASH_PORT": str(server.server_port), "NETDASH_BASE_URL": base}
        subprocess.run([sys.executable, *json.loads(command)[1:]], env=env, check=True)
        thread.join()
    assert asked == [f"{base}healthz"]
    assert "NETDASH_BASE_URL=/ " in text  # the default


def test_pods_are_asked_under_the_public_name_and_keep_their_boards_while_they_drain():
    pod = manifests("StatefulSet")["netdash"]["template"]["spec"]
    (container,) = pod["containers"]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        asked = container[probe]["httpGet"]
        assert (asked["path"], asked["httpHeaders"]) == ("/healthz", HOST)
    told = container["lifecycle"]["preStop"]["exec"]["command"][-1]
    assert told == "while kill -USR1 1; do sleep 1; done"  # the first process hears no signal while it still starts
    drained = 60 * inspect.signature(serve_board).parameters["drain_minutes"].default
    assert pod["terminationGracePeriodSeconds"] > drained
    assert not pod["enableServiceLinks"]  # they would set NETDASH_PORT
    assert manifests("PodDisruptionBudget")["netdash"]["maxUnavailable"] == 1
    given = [one for one in container["env"] if one["name"] in ("POD_IP", "NETDASH_PUBLIC_HOST")]
    assert given[0]["valueFrom"] == {"fieldRef": {"fieldPath": "status.podIP"}}  # Prometheus asks under this name
    hosts = Hosts(given[1]["value"].replace("$(POD_IP)", "10.1.2.3").split())
    assert all(map(hosts.allow, ("netdash.example.org", "10.1.2.3:8866")))


def test_the_workers_of_the_containers_are_those_of_the_proxy():
    proxy = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    named = set(re.findall(r"upstream netdash_(\w+) \{ server 127.0.0.1:(\d+); \}", proxy))
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))["services"].values()
    workers = [one["environment"] for one in compose if "environment" in one]
    assert {(one["NETDASH_WORKER"], one["NETDASH_PORT"]) for one in workers} == named
    pods = manifests("StatefulSet")["netdash"]
    numbers = range(pods["ordinals"]["start"], pods["ordinals"]["start"] + pods["replicas"])
    assert {str(number) for number in numbers} == {worker for worker, _ in named}
    for number in numbers:
        service = manifests("Service")[f"netdash-{number}"]
        assert service["selector"] == {"statefulset.kubernetes.io/pod-name": f"netdash-{number}"}
        assert service["publishNotReadyAddresses"]


# Install, upgrade, and the way back.


STAND_IN = "import sys\ndef main(): print('{version}', sys.prefix, flush=True); input()\n"


def wheels_of(version, folder, command=STAND_IN):
    """Make a folder of wheels as make wheels does, with one small package that stands for netdash."""
    folder.mkdir()
    info = f"netdash-{version}.dist-info"
    files = {
        "netdash_stand_in.py": command.format(version=version),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: netdash\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": "[console_scripts]\nnetdash = netdash_stand_in:main\n",
    }
    with zipfile.ZipFile(folder / f"netdash-{version}-py3-none-any.whl", "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)
        wheel.writestr(f"{info}/RECORD", "".join(f"{name},,\n" for name in files))
    (folder / "constraints.txt").write_text(f"netdash=={version}\n")
    shutil.copy(DEPLOY / "install.sh", folder)
    made = sorted(path.name for path in folder.iterdir())
    sums = subprocess.run(["sha256sum", *made], cwd=folder, capture_output=True, text=True, check=True)
    (folder / "SHA256SUMS").write_text(sums.stdout)
    return folder


def install(*words):
    env = os.environ | {"PYTHON": sys.executable}
    return subprocess.run(["sh", *map(str, words)], capture_output=True, text=True, check=False, env=env)


def version_in(folder):
    """Start the command of the release in use; return its version and the process."""
    command = [folder / "current" / "bin" / "netdash"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    return process.stdout.readline().split()[0], process


def test_a_release_is_installed_beside_the_one_before_and_one_command_leads_back(tmp_path):
    old, new, into = wheels_of("1.0", tmp_path / "old"), wheels_of("2.0", tmp_path / "new"), tmp_path / "opt"
    assert install(old / "install.sh", into).returncode == 0
    assert install(old / "install.sh", "--back", into).stderr == f"There is no release before this one in {into}.\n"
    version, running = version_in(into)
    assert version == "1.0"
    assert install(new / "install.sh", into).returncode == 0
    found = [version_in(into)]
    assert running.poll() is None  # a server that runs keeps its release, whose files stay
    for _ in range(2):
        assert install(new / "install.sh", "--back", into).returncode == 0
        found.append(version_in(into))
    assert install(old / "install.sh", into).returncode == 0  # it is there already
    found.append(version_in(into))
    assert [version for version, _ in found] == ["2.0", "1.0", "2.0", "1.0"]
    assert len(list((into / "releases").iterdir())) == 2
    for process in (running, *(process for _, process in found)):
        process.communicate("\n")
        assert process.returncode == 0


def test_no_way_back_leads_to_a_release_that_is_not_there(tmp_path):
    old, new, into = wheels_of("1.0", tmp_path / "old"), wheels_of("2.0", tmp_path / "new"), tmp_path / "opt"
    assert install(old / "install.sh", "--back", into).stderr == f"There is no folder {into}.\n"
    assert not into.exists()
    for folder in (old, new):
        assert install(folder / "install.sh", into).returncode == 0
    used = (into / "current").readlink()
    shutil.rmtree(into / (into / "previous").readlink())
    done = install(new / "install.sh", "--back", into)
    assert done.returncode == 2
    assert re.fullmatch("The release before, .*/releases/1.0-.*, was deleted: nothing was changed.\n", done.stderr)
    assert (into / "current").readlink() == used


@pytest.mark.parametrize("how", ["changed", "added", "sources", "links", "hidden", "removed", "no list"])
def test_wheels_that_are_not_those_of_the_list_are_not_installed(tmp_path, how):
    folder, into = wheels_of("1.0", tmp_path / "wheels"), tmp_path / "opt"
    (wheel,) = folder.glob("*.whl")
    if how == "changed":
        wheel.write_bytes(wheel.read_bytes() + b" ")
    elif how == "added":
        shutil.copy(wheel, folder / "click-99.0-py3-none-any.whl")
    elif how in ("sources", "links", "hidden"):  # pip would look into the first two as well
        name = {"sources": "netdash-99.0.tar.gz", "links": "wheels.html", "hidden": ".netdash-99.0-py3-none-any.whl"}
        (folder / name[how]).write_text("x")
    else:
        (wheel if how == "removed" else folder / "SHA256SUMS").unlink()
    done = install(folder / "install.sh", into)
    assert done.returncode == 2
    assert re.search("nothing was installed|SHA256SUMS is missing", done.stderr)
    assert not (into / "current").exists()
    assert list((into / "releases").iterdir()) == []


def test_the_folder_of_wheels_has_a_list_of_what_is_in_it():
    (rule,) = re.findall(r"^wheels:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert "sha256sum *.whl constraints.txt install.sh > SHA256SUMS" in rule


def test_every_package_that_serving_needs_is_in_the_list_of_licenses():
    make = runpy.run_path(str(ROOT / "docs" / "make_sbom.py"))
    listed = re.findall(r"^\| ([\w.-]+) \| (.+) \|$", make["LICENSES"].read_text(encoding="utf-8"), re.MULTILINE)
    names = {name for name, _ in listed[1:]}
    assert names == set(make["needed"]()) - {"netdash"} | {script["name"] for script in make["vendored"]()}
    assert not [name for name, text in listed if text == "not named"]


def test_what_serving_needs_runs_on_the_oldest_python_that_netdash_names():
    needed = runpy.run_path(str(ROOT / "docs" / "make_sbom.py"))["needed"]().items()
    ranges = {name: SpecifierSet(package.metadata.get("Requires-Python") or "") for name, package in needed}
    assert "3.11.2" in ranges["netdash"]  # of Debian 12
    assert {name: str(range_) for name, range_ in ranges.items() if "3.11.2" not in range_} == {}


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
