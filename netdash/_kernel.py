"""The kernel of a served board: ipykernel's own, without what a visitor has no use for."""

from __future__ import annotations

import logging
import sys
from typing import Any

from ipykernel.ipkernel import IPythonKernel

UNUSED = ("charset_normalizer", "debugpy", "psutil", "pyarrow")
"""What numpy, ipykernel and pandas import only when it is installed; together 20 MB of each session."""


class Kernel(IPythonKernel):
    """A kernel in which optional packages count as not installed."""

    def __new__(cls, **options: Any) -> Kernel:
        """Return a kernel; it would import its debugger here."""
        # None is Python's word for a module that cannot be imported.
        sys.modules.update(dict.fromkeys(UNUSED))  # type: ignore[arg-type]
        logging.disable()  # what a kernel logs, tracebacks among it, would go to the page
        made: Kernel = super().__new__(cls, **options)
        return made
