"""Effect sizes and pooling, in metafor's terms."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Z_95 = 1.959963984540054
"""The 97.5th percentile of the standard normal distribution."""


def wilson(percent: ArrayLike, n: ArrayLike) -> NDArray[np.float64]:
    """Return the 95 % Wilson score interval of rates.

    Parameters
    ----------
    percent : array_like of shape (k,)
        Observed rates in percent.
    n : array_like of shape (k,)
        Sample sizes.

    Returns
    -------
    ndarray of shape (k, 2)
        Lower and upper bounds in percent. They ignore censoring: an actuarial rate is taken as if every patient
        had been followed to the horizon.

    Raises
    ------
    ValueError
        When a rate is outside 0-100, a sample size is under 1, or either is missing.

    References
    ----------
    Wilson EB. J Am Stat Assoc 1927;22:209-212. The same as R's ``prop.test(correct=FALSE)``.
    """
    p, size = np.broadcast_arrays(np.asarray(percent, float) / 100, np.asarray(n, float))
    _refuse("percent", percent, ~((p >= 0) & (p <= 1)), "a rate from 0 to 100 percent")
    _refuse("n", n, ~(size >= 1), "a number of patients of 1 or more")
    z2 = Z_95**2
    center = (p + z2 / (2 * size)) / (1 + z2 / size)
    half = Z_95 / (1 + z2 / size) * np.sqrt(p * (1 - p) / size + z2 / (4 * size**2))
    bounds: NDArray[np.float64] = 100 * np.clip(np.column_stack([center - half, center + half]), 0, 1)
    return bounds


def _refuse(name: str, given: Any, wrong: NDArray[np.bool_], expected: str) -> None:
    if wrong.any():
        where = np.flatnonzero(wrong)
        values = np.broadcast_to(np.asarray(given, float), wrong.shape)[where]
        raise ValueError(f"{name}: given {values.tolist()} in rows {where.tolist()}, expected {expected}")
