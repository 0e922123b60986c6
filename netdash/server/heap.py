"""The heap of the server's process, and of its sessions."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Callable

M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8  # malloc.h
LARGE_BLOCK = 128 * 1024
"""Bytes of a block of memory that is taken from the system, and given back when it is free: glibc's first value."""


def keep_heap_small() -> None:
    """Let glibc give each large block of memory back when it is free, and have one heap for all threads.

    By itself it raises what it calls large with each block that is freed. What a page takes for a moment then lies in
    the heap, between small blocks that live longer, and the heap grows (docs/performance.md). Called before what a
    server loads, which else lies between them.
    """
    if set_option := _of_glibc("mallopt"):
        set_option(M_MMAP_THRESHOLD, LARGE_BLOCK)
        set_option(M_ARENA_MAX, 1)


def trim_memory() -> None:
    """Return free heap memory to the operating system. glibc keeps it as long as a later block is still in use."""
    gc.collect()  # a session leaves reference cycles, which hold its buffers until a full collection
    if trim := _of_glibc("malloc_trim"):
        trim(0)


def _of_glibc(name: str) -> Callable[..., int] | None:
    """Return a function of the C library; None where it has none of this name, as musl."""
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
