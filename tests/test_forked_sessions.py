"""Sessions forked from a warm parent: fast and light, and as apart from each other as processes of their own."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import psutil
import pytest
from browser.served import Served, holds, name_for, serve_notebook
from wire import Wire, ask, open_page

from netdash.server.kernels import OPTIONS
from netdash.server.provisioner import can_fork

pytestmark = pytest.mark.skipif(
    not can_fork(), reason="sessions are forked on Linux with descriptors of processes only"
)

PATIENCE = 120


def until(holds_true):
    """Wait until something holds, two minutes at most."""
    end = time.monotonic() + PATIENCE
    while not holds_true():
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.fixture(scope="module")
def server():
    served = Served()
    yield served
    served.stop()


def opened(process):
    """Return what the descriptors of a process are."""
    return [str(path.readlink()) for path in Path(f"/proc/{process.pid}/fd").iterdir()]


def kernel_of(wire, server):
    return server.kernel(wire.kernel_id)


def test_a_session_is_a_child_of_the_warm_parent_under_its_own_name_and_in_a_group_of_its_own(server):
    wire = Wire(server)
    session, parent = kernel_of(wire, server), server.warm_parent()
    assert session.ppid() == parent.pid
    assert f"kernel-{name_for(wire.kernel_id)}.json" in " ".join(session.cmdline())
    assert os.getsid(session.pid) == session.pid
    wire.close()


def test_the_warm_parent_has_one_thread_no_socket_and_only_its_pipes(server):
    Wire(server).close()
    parent = server.warm_parent()
    assert parent.num_threads() == 1
    assert parent.net_connections("all") == []
    assert [path for path in opened(parent) if path.startswith("socket:")] == []
    assert len([path for path in opened(parent) if path.startswith("pipe:")]) == 2


def test_a_session_inherits_no_pipe_of_the_warm_parent(server):
    wire = Wire(server)
    session, parent = kernel_of(wire, server), server.warm_parent()

    def pipes(process):
        return {path for path in opened(process) if path.startswith("pipe:")}

    assert pipes(parent)
    assert not pipes(parent) & pipes(session)
    wire.close()


def test_nothing_of_a_session_is_in_the_memory_of_another_or_of_the_parent(server):
    first, second = Wire(server, "age_years=61.37125"), Wire(server)
    until(lambda: "61.37125" in json.dumps(first.content()))
    mine, other = kernel_of(first, server), kernel_of(second, server)
    assert holds(mine, "61.37125")
    assert not holds(other, "61.37125")
    assert not holds(server.warm_parent(), "61.37125")
    third = Wire(server)  # forked after the case was entered
    assert not holds(kernel_of(third, server), "61.37125")
    for wire in (first, second, third):
        wire.close()


def test_each_session_has_its_own_random_numbers_and_variables(tmp_path):
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [
        nbformat.v4.new_code_cell(
            "import os, random, uuid, numpy\n"
            "threads, kernel = os.environ['OPENBLAS_NUM_THREADS'], get_ipython().kernel\n"
            "identity = f'{kernel.ident} {kernel.session.session} {kernel.session.key.decode()}'\n"
            "f'drawn: {random.random()} {numpy.random.random()} {uuid.uuid4()} {identity} {threads}'"
        )
    ]
    nbformat.write(notebook, tmp_path / "random.ipynb")
    served = Served(serve_notebook(tmp_path / "random.ipynb"))
    drawn = [re.search(r"drawn: ([\w. -]+)", ask(served).text)[1].split() for _ in range(3)]
    served.kill()
    for numbers in list(zip(*drawn, strict=True))[:6]:
        assert len(set(numbers)) == 3, numbers
    assert [numbers[6] for numbers in drawn] == ["1", "1", "1"]


def test_a_session_loads_no_module_that_the_warm_parent_has_not_loaded(tmp_path):
    warm = "import sys; from netdash.server.warm import warm_up; warm_up(sys.argv[1:]); print(*sys.modules)"
    env = os.environ | {"IPYTHONDIR": str(tmp_path / "ipython")}
    done = subprocess.run([sys.executable, "-c", warm, *OPTIONS], capture_output=True, text=True, check=True, env=env)
    notebook = nbformat.v4.new_notebook()
    board = "import sys; from netdash.board import Board; Board(); f'loaded: {\" \".join(sys.modules)}.'"
    notebook.cells = [nbformat.v4.new_code_cell(board)]
    nbformat.write(notebook, tmp_path / "modules.ipynb")
    served = Served(serve_notebook(tmp_path / "modules.ipynb"))
    loaded = re.search(r"loaded: ([\w. -]+)", ask(served).text)[1].strip(".").split()
    served.kill()
    assert "netdash.board" in loaded
    assert set(loaded) - set(done.stdout.split()) <= {"runpy"}  # of python -m


WARM_KERNEL = """
import sys, threading, psutil
from netdash.server.warm import Application, warm_up
warm_up(sys.argv[1:])
from netdash.server.kernel import Kernel
kernel = Kernel.instance()
print(kernel.shell.kernel is kernel and kernel.parent is Application.instance(), kernel.session is None)
print(threading.active_count() == 1 and psutil.Process().net_connections("all") == [])
"""


def test_the_warm_parent_makes_the_kernel_and_its_shell_without_session_thread_or_socket(tmp_path):
    env = os.environ | {"IPYTHONDIR": str(tmp_path)}
    command = [sys.executable, "-c", WARM_KERNEL, *OPTIONS]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=env)
    assert done.stdout.split() == ["True", "True", "True"]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSEGV])
def test_a_session_that_crashes_takes_nobody_along_and_leaves_no_zombie(how):
    served = Served()
    first, second = Wire(served), Wire(served)
    crashed = served.kernel(first.kernel_id)
    served._killed.add(name_for(first.kernel_id)[:8])
    crashed.send_signal(how)
    until(lambda: not psutil.pid_exists(crashed.pid))
    assert second.content()["sections"]["case"]
    assert Wire(served).content()["sections"]["case"]
    until(lambda: "netdash_kernel_deaths_total 1.0" in ask(served, "/metrics").text)
    served.kill()


GREEDY = """
import ipywidgets
said, eat, run = ipywidgets.HTML(), ipywidgets.IntSlider(description="eat"), ipywidgets.IntSlider(description="run")
def take(change):
    try:
        bytearray(change["new"] * 2**20)
        said.value = f"{change['new']} MB were given"
    except MemoryError:
        said.value = f"{change['new']} MB were refused"
def work(change):
    while True:
        pass
eat.max = 1000
eat.observe(take, "value")
run.observe(work, "value")
ipywidgets.VBox([said, eat, run])
"""


@pytest.mark.parametrize("alone", [False, True], ids=["forked", "alone"])
def test_a_session_that_takes_too_much_memory_or_processor_time_is_stopped_and_no_other(tmp_path, alone):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(GREEDY)])
    nbformat.write(notebook, tmp_path / "greedy.ipynb")
    command = serve_notebook(tmp_path / "greedy.ipynb", session_mb=500, session_cpu_seconds=4)
    served = Served((*command[:2], f"import os; del os.pidfd_open; {command[2]}") if alone else command)
    wire = Wire.__new__(Wire)
    wire.meet(served)
    neighbor = open_page(served)
    named = {state.get("description"): name for name, state in wire.states().items()}

    def said(got):
        return got["content"].get("data", {}).get("state", {}).get("value") if got["msg_type"] == "comm_msg" else None

    for size, answer in ((10, "10 MB were given"), (900, "900 MB were refused"), (11, "11 MB were given")):
        wire.update(named["eat"], value=size)
        assert wire.receive(lambda got, answer=answer: said(got) == answer or None)
    greedy = served.kernel(wire.kernel_id)
    served._killed.add(name_for(wire.kernel_id)[:8])
    wire.update(named["run"], value=1)
    until(lambda: not greedy.is_running())
    until(lambda: "netdash_kernel_deaths_total 1.0" in ask(served, "/metrics").text)
    assert neighbor.ask().status == 200
    own, strange = (ask(served, f"/api/kernels/{wire.kernel_id}", Cookie=page.cookies) for page in (wire, neighbor))
    assert (own.status, own.headers["Netdash-Limit"]) == (404, "processor time")
    assert (strange.status, strange.headers["Netdash-Limit"]) == (404, None)
    served.kill()


def test_when_the_warm_parent_dies_open_sessions_go_on_and_new_ones_come():
    served = Served()
    wire = Wire(served)
    before = served.warm_parent()
    before.kill()
    assert wire.content()["sections"]["case"]
    later = [Wire(served) for _ in range(3)]  # more than the pool had ready
    assert all(one.content()["sections"]["case"] for one in later)
    assert served.warm_parent().pid != before.pid
    assert wire.content()["sections"]["case"]
    served.stop()


def test_sessions_end_with_a_server_that_is_killed():
    served = Served()
    Wire(served)
    family = served.family()
    assert len(family) > 2
    served.process.kill()
    served.process.wait()
    _, alive = psutil.wait_procs(family, timeout=PATIENCE)
    served.close()
    assert alive == []


def test_sessions_are_started_one_by_one_where_processes_have_no_descriptors():
    code = "import os; del os.pidfd_open; from netdash.cli import main; main(['serve', '--no-browser', '--port', '0'])"
    served = Served((sys.executable, "-c", code))
    wire = Wire(served)
    assert wire.content()["sections"]["case"]
    assert served.kernel(wire.kernel_id).ppid() == served.process.pid
    wire.close()
    served.stop()


def test_a_session_is_started_alone_where_the_warm_parent_cannot_start():
    code = (
        "from netdash.server import provisioner; provisioner.MODULE = 'netdash.absent'\n"
        "from netdash.cli import main; main(['serve', '--no-browser', '--port', '0'])"
    )
    served = Served((sys.executable, "-c", code))
    wire = Wire(served)
    assert wire.content()["sections"]["case"]
    assert served.kernel(wire.kernel_id).ppid() == served.process.pid
    assert "No session can be forked" in served.complaints()
    served.kill()
