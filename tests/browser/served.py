"""`netdash serve` in a process of its own, as `make dashboard` starts it."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import psutil

SERVE = (sys.executable, "-m", "netdash", "serve", "--no-browser", "--port", "0")
PATIENCE = 60  # seconds until a server that says nothing is given up


def serve_notebook(path, **options):
    """Return the command that serves another notebook, as a program that imports netdash does."""
    words = ", ".join(f"{name}={value!r}" for name, value in {"port": 0, "open_browser": False, **options}.items())
    start = f"serve(notebook=Path({str(path)!r}), {words})"
    return (sys.executable, "-c", f"from pathlib import Path; from netdash.serve import serve; {start}")


def kernel_id_of(process):
    return re.search(r"kernel-([0-9a-f-]{36})\.json", " ".join(process.cmdline()))[1]


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

    def waiting_kernel(self):
        """Return the kernel that is kept for the first visitor, once there is one."""
        while not (found := self.kernels()):
            time.sleep(0.05)
        return found[0]

    def knows(self, kernel_id):
        """Return what the server says of a kernel; None when it does not know it, or knows that it is dead."""
        try:
            with urllib.request.urlopen(f"{self.url}api/kernels/{kernel_id}") as answer:
                return json.load(answer)
        except urllib.error.HTTPError:
            return None

    def has_run(self, kernel_id):
        """Whether a kernel has run the notebook: it is idle and has been so for a while."""
        state = self.knows(kernel_id)
        if not state or state["execution_state"] != "idle":
            return False
        return (datetime.now(UTC) - datetime.fromisoformat(state["last_activity"])).total_seconds() > 1

    def kernel(self, kernel_id):
        return next(child for child in self.kernels() if kernel_id in " ".join(child.cmdline()))

    def kill_kernel(self, process):
        """Kill a kernel, which the server may complain of."""
        self._killed.add(kernel_id_of(process))
        process.kill()

    def stop(self, how=signal.SIGTERM):
        """Stop as a service manager or a person does; every process ends, and nothing stays or is said about it."""
        family = self.family()
        self.process.send_signal(how)
        code = self.process.wait(timeout=30)
        rest = self.process.stdout.read()
        _, alive = psutil.wait_procs(family, timeout=10)
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
            process.kill()
        self.close()

    def close(self):
        self.process.stdout.close()
        self._errors.close()
        self.scratch.cleanup()
