"""How sessions and the server end, and that nothing of them is left."""

import asyncio
import ctypes
import http.client
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import psutil
import pytest
from browser.served import Served, serve_notebook
from conftest import ROOT
from jupyter_server.services.kernels.kernelmanager import ServerKernelManager
from wire import Wire, open_page

import netdash as nd
from netdash.server.heap import trim_memory
from netdash.server.kernels import Kernels

PATIENT = nd.Patient(age_years=48, ki67_percent=4)


@pytest.fixture(scope="module")
def server():
    served = Served()
    yield served
    served.stop()


@pytest.fixture
def own_server():
    """A server for one test, which ends it."""
    served = Served()
    yield served
    if served.process.poll() is None:
        served.kill()


def open_session(server, query=""):
    """Open the page without a browser; return the identifier of its kernel."""
    return open_page(server, query).kernel_id


# Sessions that end.


def test_a_session_survives_a_minute_without_a_network_and_ends_within_two(server):
    left, roaming = open_page(server), open_page(server)
    lines = [page.connect() for page in (left, roaming)]
    time.sleep(4)
    for line in lines:
        line.sock.close()  # without a word, as a browser that is killed
    time.sleep(60)
    roaming.connect().close()
    assert server.kernel(roaming.kernel_id).is_running()
    server.kernel(left.kernel_id).wait(timeout=600)
    roaming.say_goodbye()


# What it leaves behind.


def test_a_page_that_says_goodbye_leaves_no_socket_open(own_server):
    process = psutil.Process(own_server.process.pid)
    own_server.rest()
    before = process.num_fds()
    for _ in range(3):
        page = Wire(own_server)
        page.content()
        goodbye = http.client.HTTPConnection(urlsplit(own_server.url).netloc, timeout=600)
        goodbye.request("POST", f"/voila/api/shutdown/{page.kernel_id}", headers={"Cookie": page.cookies})
        time.sleep(0.02)
        page.socket.close(timeout=0)  # while its kernel is being ended, as a browser does it
        assert goodbye.getresponse().status == 204
        goodbye.close()
        own_server.rest()
    end = time.monotonic() + 10
    while process.num_fds() > before and time.monotonic() < end:
        time.sleep(0.1)
    assert process.num_fds() <= before


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT], ids=["terminated", "interrupted"])
def test_it_ends_with_all_of_its_processes_and_without_a_word(own_server, how):
    open_session(own_server)
    assert own_server.kernels()
    own_server.stop(how)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT], ids=["terminated", "interrupted"])
def test_it_ends_as_well_while_it_still_starts(own_server, how):
    own_server.stop(how)


def test_it_ends_as_well_while_pages_say_goodbye(own_server):
    pages = [open_page(own_server) for _ in range(5)]
    lines = [page.connect() for page in pages]
    with ThreadPoolExecutor(len(pages)) as threads:
        ends = [threads.submit(page.say_goodbye) for page in pages]
        time.sleep(0.05)
        own_server.stop()
    for line, end in zip(lines, ends, strict=True):
        end.exception()  # it was answered, or the server was gone before
        line.close()


def test_it_ends_even_if_a_kernel_hangs(own_server):
    own_server.kernel(open_session(own_server)).suspend()
    own_server.stop()


def test_kernels_end_by_themselves_when_the_server_is_killed(own_server):
    open_session(own_server)
    family = own_server.family()
    own_server.process.kill()
    own_server.process.wait()
    _, alive = psutil.wait_procs(family, timeout=600)
    own_server.close()
    for process in alive:
        process.kill()
    assert alive == []


def test_a_session_without_activity_is_ended(tmp_path):
    served = Served(serve_notebook(ROOT / "dashboards" / "tumor_board.ipynb", idle_minutes=0.01, pool=0))
    kernel = served.kernel(open_session(served))
    kernel.wait(timeout=600)
    served.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system's library gives memory back in its own way")
def test_memory_that_is_free_goes_back_to_the_system():
    """Also where a little that is still in use lies above it, as after a session has ended."""
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "malloc_trim"):
        pytest.skip("this C library has no malloc_trim")
    libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    blocks = [libc.malloc(10_000) for _ in range(5_000)]
    for block in blocks:
        ctypes.memset(block, 1, 10_000)
    for block in blocks[:-1]:
        libc.free(block)
    held = psutil.Process().memory_info().rss
    trim_memory()
    assert held - psutil.Process().memory_info().rss > 30e6
    libc.free(blocks[-1])


BLOCKS = """
import ctypes, sys
from netdash.server.heap import keep_heap_small

class Heap(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in "arena ordblks smblks hblks hblkhd usmblks fsmblks".split()]
    _fields_ += [(name, ctypes.c_size_t) for name in "uordblks fordblks keepcost".split()]

libc = ctypes.CDLL(None)
libc.malloc.restype, libc.free.argtypes, libc.mallinfo2.restype = ctypes.c_void_p, [ctypes.c_void_p], Heap
if "small" in sys.argv:
    keep_heap_small()
libc.free(libc.malloc(2_000_000))
before = libc.mallinfo2().hblks
libc.malloc(2_000_000)
print(libc.mallinfo2().hblks - before)
"""


@pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "mallinfo2"),
    reason="this C library does not tell of its heap",
)
@pytest.mark.parametrize(("how", "from_the_system"), [("small", "1"), ("as it is", "0")])
def test_a_large_block_comes_from_the_system_also_when_one_was_freed_before(how, from_the_system):
    found = subprocess.run([sys.executable, "-c", BLOCKS, how], capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout.strip() == from_the_system


def test_a_kernel_whose_end_failed_does_not_keep_the_server_from_ending():
    kernels = Kernels()
    kernels._pending_kernels["ended"] = None  # jupyter_client leaves it there when two ends meet
    asyncio.run(kernels.shutdown_all())
    kernels.context.destroy()


def test_a_session_that_has_done_nothing_yet_is_looked_at_without_an_error():
    kernels = Kernels(cull_idle_timeout=60)
    kernels._kernels["new"] = ServerKernelManager()
    asyncio.run(kernels.cull_kernel_if_idle("new"))
    assert "new" in kernels
