"""The kernel of a served board: ipykernel's own, without what a visitor has no use for."""

from __future__ import annotations

import logging
import sys
from importlib.util import LazyLoader, find_spec, module_from_spec
from typing import Any

from ipykernel.ipkernel import IPythonKernel

UNUSED = ("charset_normalizer", "debugpy", "pyarrow")
"""What numpy, ipykernel and pandas import only when it is installed; together 20 MB of each session."""
LATER = ("numpy.f2py", "numpy.polynomial", "numpy.testing")
"""What scipy.special imports because it is there and nobody here uses; 3 MB."""


def load_later(name: str) -> None:
    """Import a module of a package not now but when something of it is used."""
    spec = find_spec(name)
    if name in sys.modules or spec is None or spec.loader is None:
        return
    spec.loader = LazyLoader(spec.loader)
    sys.modules[name] = module = module_from_spec(spec)
    spec.loader.exec_module(module)
    package, _, word = name.rpartition(".")
    setattr(sys.modules[package], word, module)


class Kernel(IPythonKernel):
    """A kernel in which optional packages count as not installed, and others are not loaded until they are used."""

    def __new__(cls, **options: Any) -> Kernel:
        """Return a kernel; it would import its debugger here."""
        # None is Python's word for a module that cannot be imported.
        sys.modules.update(dict.fromkeys(UNUSED))  # type: ignore[arg-type]
        logging.disable()  # what a kernel logs, tracebacks among it, would go to the page
        made: Kernel = super().__new__(cls, **options)
        return made

    def __init__(self, **options: Any) -> None:
        # It looks at every module there is, and so would load them.
        super().__init__(**options)  # type: ignore[no-untyped-call]
        for name in LATER:
            load_later(name)
