"""`netdash serve` in a process of its own, as `make dashboard` starts it."""

import contextlib
import hashlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

import psutil

SERVE = (sys.executable, "-m", "netdash", "serve", "--no-browser", "--port", "0")
PATIENCE = 180  # seconds until a server that says nothing is given up
POOL = 2  # kernels that a server keeps ready by default
NO_POOL = {"NETDASH_POOL": "0"}  # for tests that open one board or none: it takes a second less


def serve_notebook(path, **options):
    """Return the command that serves another notebook, as a program that imports netdash does."""
    words = ", ".join(f"{name}={value!r}" for name, value in {"port": 0, "open_browser": False, **options}.items())
    start = f"serve(notebook=Path({str(path)!r}), {words})"
    return (sys.executable, "-c", f"from pathlib import Path; from netdash.serve import serve; {start}")


def name_of(process):
    """Return the name of a kernel, which stands in its command line."""
    return re.search(r"kernel-([0-9a-f]{32})\.json", " ".join(process.cmdline()))[1]


def name_for(kernel_id):
    """Return the name of the kernel with an identifier; the name does not tell the identifier."""
    return hashlib.sha256(kernel_id.encode()).hexdigest()[:32]


def holds(process, text):
    """Whether the memory of a process holds a text, in what it may write to; its environment is there too."""
    folder = Path(f"/proc/{process.pid}")
    with (folder / "maps").open() as maps, (folder / "mem").open("rb", 0) as memory:
        for line in maps:
            ends, rights, *_ = line.split()
            if not rights.startswith("rw"):
                continue
            start, end = (int(value, 16) for value in ends.split("-"))
            memory.seek(start)
            if text.encode() in memory.read(end - start):
                return True
    return False


def _is_kernel(process):
    try:
        return "ipykernel_launcher" in " ".join(process.cmdline())
    except psutil.Error:  # it ended meanwhile
        return False


class Served:
    """A server, its address once it has printed it, and its processes."""

    def __init__(self, command=SERVE, **variables):
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed with the server
        self._killed = set()
        self.scratch = tempfile.TemporaryDirectory(prefix="nd", ignore_cleanup_errors=True)
        env = os.environ | {"TMPDIR": self.scratch.name} | variables
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self._errors, text=True, env=env)
        watchdog = threading.Timer(PATIENCE, self.process.kill)
        watchdog.start()
        self.line = self.process.stdout.readline()
        watchdog.cancel()
        found = re.search(r"http://\S+", self.line)
        assert found, f"the server said {self.line!r} and complained {self.complaints()!r}"
        self.url = found[0]

    def complaints(self):
        """Return what the server has written to its standard error so far, but for kernels that were killed here."""
        self._errors.seek(0)
        return "".join(line for line in self._errors if not any(killed in line for killed in self._killed))

    def family(self):
        """Return the processes that the server has started."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def kernels(self):
        return [child for child in self.family() if _is_kernel(child)]

    def warm_parent(self):
        """Return the process that sessions are forked from."""
        (found,) = (child for child in self.family() if "netdash.server.warm" in child.cmdline())
        return found

    def waiting_kernel(self):
        """Return the kernel that is kept for the first visitor, once there is one."""
        while not (found := self.kernels()):
            time.sleep(0.05)
        return found[0]

    def knows(self, kernel_id):
        """Whether a kernel still runs."""
        return any(name_of(child) == name_for(kernel_id) for child in self.kernels())

    def waiting_boards(self):
        """Return how many kernels have run the notebook and wait for their visitors, as the server counts them."""
        page = self.url.partition("?")[0]
        with urllib.request.urlopen(page + "metrics", timeout=PATIENCE) as answer:
            return float(re.search(r"^netdash_waiting_boards (\S+)$", answer.read().decode(), re.MULTILINE)[1])

    def rest(self):
        """Wait until there are kernels for the next visitors and no others."""
        end = time.monotonic() + PATIENCE
        while (found := (len(self.kernels()), self.waiting_boards())) != (POOL, POOL):
            assert time.monotonic() < end, found
            time.sleep(0.1)

    def kernel(self, kernel_id):
        return next(child for child in self.kernels() if name_of(child) == name_for(kernel_id))

    def kill_kernel(self, process, how=signal.SIGKILL):
        """Kill a kernel, which the server may complain of."""
        self._killed.add(name_of(process)[:8])
        process.send_signal(how)

    def stop(self, how=signal.SIGTERM):
        """Stop as a service manager or a person does; every process ends, and nothing stays or is said about it."""
        family = self.family()
        self.process.send_signal(how)
        code = self.process.wait(timeout=600)
        rest = self.process.stdout.read()
        _, alive = psutil.wait_procs(family, timeout=600)
        complaints, left = self.complaints(), list(Path(self.scratch.name).iterdir())
        self.close()
        assert code == 0, f"exit code {code}; {complaints}"
        assert alive == []
        assert left == []
        assert rest == ""
        assert complaints == "", complaints

    def kill(self):
        """End the server and all of its processes at once, as a power cut does."""
        family = self.family()
        self.process.kill()
        self.process.wait()
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):  # some end themselves when the server is gone
                process.kill()
        self.close()

    def close(self):
        self.process.stdout.close()
        self._errors.close()
        self.scratch.cleanup()
