"""Identifiers of patients: how many rows repeat one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


class Identifiers:
    """Counts repeated identifiers; eight bytes of memory per row."""

    def __init__(self) -> None:
        self._hashes: list[np.ndarray[Any, Any]] = []

    def add(self, texts: pa.Array) -> None:
        """Add the identifiers of some rows; missing ones are not counted, blanks around one do not matter."""
        import pandas as pd
        import pyarrow.compute as pc

        trimmed = pc.utf8_trim_whitespace(texts.drop_null())
        known = trimmed.filter(pc.not_equal(trimmed, "")).to_numpy(zero_copy_only=False)
        self._hashes.append(pd.util.hash_array(known, categorize=False))

    @property
    def n_repeated(self) -> int:
        """The number of rows whose identifier stands in an earlier row."""
        import numpy as np

        if not self._hashes:
            return 0
        hashes = np.concatenate(self._hashes)
        return len(hashes) - len(np.unique(hashes))
