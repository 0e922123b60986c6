"""An upgrade as docs/deploy.md says it: install.sh, then one worker after the other, while boards are open."""

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
from pathlib import Path

import pytest
from conftest import ROOT
from test_deploy import install, wheels_of
from wire import Wire, free_ports, open_page

DEPLOY = ROOT / "docs" / "deploy"
UNIT = (DEPLOY / "netdash@.service").read_text(encoding="utf-8")
PATIENCE = 180  # seconds
# A release that stands for netdash; its command runs the netdash of the tests, and says in its environment what it is.
COMMAND = f"""
import os, sys
def main():
    os.environ["STANDS_FOR"] = "{{version}}"
    os.execv({sys.executable!r}, [{sys.executable!r}, "-m", "netdash", *sys.argv[1:]])
"""


class Worker:
    """One worker as its unit says, which is started again whenever it ends, as systemd does."""

    def __init__(self, name, port, into, tmp):
        self.name, self.into, self.tmp, self.url = name, into, tmp, f"http://127.0.0.1:{port}/"
        unit = UNIT.replace("887%i", str(port)).replace("%i", name)
        self.words = re.search("^ExecStart=/opt/netdash/current/bin/netdash (.*)$", unit, re.MULTILINE)[1].split()
        self.variables = dict(re.findall("^Environment=(NETDASH_[A-Z_]+)=(.*)$", unit, re.MULTILINE))
        self.process, self._ended = None, False
        self.scratch = tempfile.TemporaryDirectory(prefix="nd", ignore_cleanup_errors=True)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        with (self.tmp / f"log-{self.name}").open("w") as log:
            while not self._ended:
                command = [self.into / "current" / "bin" / "netdash", *self.words]
                env = os.environ | {"TMPDIR": self.scratch.name} | self.variables | {"NETDASH_POOL": "1"}
                self.process = subprocess.Popen(command, stdout=log, stderr=log, env=env)
                (self.tmp / f"pid-{self.name}").write_text(str(self.process.pid))
                self.process.wait()

    def is_ready(self):
        try:
            with urllib.request.urlopen(f"{self.url}readyz", timeout=PATIENCE) as answer:
                return answer.status == 200
        except OSError:  # it starts, it ends, or it takes no new boards
            return False

    def until(self, ready):
        """Wait until the worker could open a board, or could not."""
        end = time.monotonic() + PATIENCE
        while self.is_ready() is not ready:
            assert time.monotonic() < end, (self.tmp / f"log-{self.name}").read_text()
            time.sleep(0.05)

    @property
    def release(self):
        """The version that the running server says it stands for."""
        said = Path(f"/proc/{self.process.pid}/environ").read_text()
        return re.search(r"\0STANDS_FOR=([^\0]*)\0", said)[1]

    def stop(self):
        self._ended = True
        self.process.send_signal(signal.SIGTERM)
        self._thread.join()
        self.scratch.cleanup()


def rolling(workers, tmp):
    """Start the command of the document, with a systemctl that reloads a worker as its unit says."""
    text = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"`(for n in 1 2; do systemctl reload .*; done)`", text)
    ports = {worker.name: worker.url.split(":")[2].strip("/") for worker in workers}
    assert "127.0.0.1:887$n" in command
    command = command.replace(":887$n", ":$(eval echo \\$PORT_$n)").replace("sleep 5", "sleep 1")
    reload = re.search("^ExecReload=(.*)$", UNIT, re.MULTILINE)[1]
    (tmp / "bin").mkdir()
    systemctl = tmp / "bin" / "systemctl"
    systemctl.write_text(
        f'#!/bin/sh\n[ "$1" = reload ] || exit 9\nMAINPID=$(cat {tmp}/pid-${{2#netdash@}})\n{reload}\n'
    )
    systemctl.chmod(0o755)
    env = os.environ | {"PATH": f"{tmp}/bin:{os.environ['PATH']}"} | {f"PORT_{n}": port for n, port in ports.items()}
    return subprocess.Popen(["sh", "-ec", command], env=env)


@pytest.fixture
def site(tmp_path):
    into = tmp_path / "opt"
    old, new = (wheels_of(version, tmp_path / version, COMMAND) for version in ("1.0", "2.0"))
    assert install(old / "install.sh", into).returncode == 0
    workers = [Worker(name, port, into, tmp_path) for name, port in zip("12", free_ports(2), strict=True)]
    try:
        for worker in workers:
            worker.until(ready=True)
        yield workers, new, into
    finally:
        for worker in workers:
            worker.stop()


def test_workers_are_upgraded_one_after_the_other_and_no_open_case_is_lost(site, tmp_path):
    workers, new, into = site
    first, second = workers
    boards = [Wire(worker, "age_years=57") for worker in workers]
    assert install(new / "install.sh", into).returncode == 0
    upgrade = rolling(workers, tmp_path)
    try:
        for worker, other, board in ((first, second, boards[0]), (second, first, boards[1])):
            worker.until(ready=False)
            with pytest.raises(urllib.error.HTTPError, match="503"):
                urllib.request.urlopen(worker.url, timeout=PATIENCE)
            for one in boards:  # each open board goes on, also that of the worker that takes no new ones
                one.custom({"type": "select", "key": f"enter:age_years={58 if one is board else 57}"})
                assert f"age_years={58 if one is board else 57}" in one.content()["query"]
            assert worker.release == "1.0"
            assert upgrade.poll() is None
            newcomer = open_page(other)  # who finds a place there
            assert newcomer.kernel_id.startswith(f"{other.name}_")
            newcomer.say_goodbye()
            board.close()
            worker.until(ready=True)
            assert worker.release == "2.0"
            boards.remove(board)
    finally:
        upgrade.wait(timeout=PATIENCE) if not boards else upgrade.kill()
    assert upgrade.returncode == 0
