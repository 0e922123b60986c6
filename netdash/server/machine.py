"""The server and its operating system: core dumps, file descriptors, environment, temporary files."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import zmq

from netdash.server.settings import ServeError

if sys.platform != "win32":
    import resource

MOST_DESCRIPTORS = 65_536
PROBE = b"\0" * 4096
"""Content of the file that tests whether there is room for a connection file."""
SOCKET = f"kernel-{'0' * 32}-ipc-99"
"""The longest name of a socket of a session: its public name, and the number of the socket."""
SECRET = re.compile(r"TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY", re.IGNORECASE)


def forbid_core_dumps() -> None:
    """Forbid core dumps of this process and its kernels, because their memory holds cases.

    The limit is one byte. With it Linux writes no file, and gives no core to a program that collects them, such as
    apport. With a limit of 0 it would give it to that program (fs/coredump.c).
    """
    if sys.platform != "win32":
        _, hard = resource.getrlimit(resource.RLIMIT_CORE)
        limit = hard if hard == 0 else 1
        resource.setrlimit(resource.RLIMIT_CORE, (limit, limit))


def limit_session(megabytes: int, seconds: int) -> None:
    """Limit the memory that this process may ask for, and the seconds of a processor that it may use; 0 = no limit.

    Linux counts for RLIMIT_DATA what a process may write to and shares with nobody, used or not: of a board that has
    just been opened 230 MB, of which it uses 40 MB.
    """
    if sys.platform != "win32":
        for which, limit in ((resource.RLIMIT_DATA, megabytes * 2**20), (resource.RLIMIT_CPU, seconds)):
            _, hard = resource.getrlimit(which)
            if limit and (hard == resource.RLIM_INFINITY or limit < hard):
                resource.setrlimit(which, (limit, hard))


def raise_descriptors() -> int:
    """Raise the limit of file descriptors to the allowed maximum, and return the limit."""
    if sys.platform == "win32":
        return MOST_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MOST_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_DESCRIPTORS if soft == resource.RLIM_INFINITY else soft


def without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without the variables whose names suggest a secret."""
    return {name: value for name, value in environment.items() if not SECRET.search(name)}


def trouble_with(folder: str | Path) -> str:
    """Return why no temporary file can be written to a folder; empty when one can."""
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(PROBE)
            probe.flush()
    except OSError as error:
        return f"temporary files cannot be written ({error.strerror or type(error).__name__})"
    return ""


def check_room_for_sockets(folder: str | Path) -> None:
    """Refuse a folder for temporary files whose name is so long that a session could not open its sockets in it.

    Raises
    ------
    ServeError
        If a path would be longer than the system allows for the address of a socket.
    """
    too_long = len(os.fsencode(Path(folder) / SOCKET)) - zmq.IPC_PATH_MAX_LEN
    if too_long > 0 and os.name != "nt":  # there a session has ports
        raise ServeError(
            f"The folder for temporary files, {Path(folder).parent}, has a name that is too long for the sockets of a "
            f"session, by {too_long} characters; set TMPDIR to a folder with a shorter name."
        )
