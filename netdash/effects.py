"""Effect sizes of single rates and of two arms, with the names that metafor uses."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    import pandas as pd

Numbers = NDArray[np.float64]

Z_95 = 1.959963984540054
"""The 97.5th percentile of the standard normal distribution."""

SCALES = {"PLO": "proportion", "RR": "risk ratio", "OR": "odds ratio", "RD": "risk difference", "GEN": "effect"}
"""The measures, each with its name on the natural scale."""

_COUNTS = {"PLO": ("xi", "ni")} | dict.fromkeys(("RR", "OR", "RD"), ("ai", "n1i", "ci", "n2i"))


def wilson(percent: ArrayLike, n: ArrayLike, followed: ArrayLike = 1.0) -> Numbers:
    """Return the 95 % Wilson score interval of rates.

    Parameters
    ----------
    percent : array_like of shape (k,)
        Observed rates in percent.
    n : array_like of shape (k,)
        Sample sizes.
    followed : array_like, optional
        Share of the patients who were followed to the horizon, one for all rates or one for each; n is multiplied
        by it.

    Returns
    -------
    ndarray of shape (k, 2)
        Lower and upper bounds in percent. With a share of 1 they ignore censoring: an actuarial rate is treated as if
        every patient had been followed to the horizon.

    Raises
    ------
    ValueError
        When a rate is outside 0-100, a sample size is under 1, a share is not above 0 and up to 1, or one is missing.

    References
    ----------
    Wilson EB. J Am Stat Assoc 1927;22:209-212. The same as R's ``prop.test(correct=FALSE)``.
    """
    p, size = _rates(percent, n)
    size = size * _shares(followed)
    z2 = Z_95**2
    center = (p + z2 / (2 * size)) / (1 + z2 / size)
    half = Z_95 / (1 + z2 / size) * np.sqrt(p * (1 - p) / size + z2 / (4 * size**2))
    bounds: Numbers = 100 * np.clip(np.column_stack([center - half, center + half]), 0, 1)
    return bounds


def newcombe(percent: ArrayLike, n: ArrayLike, percent_control: ArrayLike, n_control: ArrayLike) -> Numbers:
    """Return Newcombe's 95 % interval of a difference of two rates, made of the Wilson intervals of both.

    Parameters
    ----------
    percent, n, percent_control, n_control : array_like of shape (k,)
        Rates in percent and sample sizes of the first arm, then of the second.

    Returns
    -------
    ndarray of shape (k, 2)
        Lower and upper bounds as proportions, within -1 and 1. Errors are those of :func:`wilson`.

    References
    ----------
    Newcombe RG. Stat Med 1998;17:873-890, method 10. R's ``DescTools::BinomDiffCI(method="score")``.
    """
    one, other = np.asarray(percent, float) / 100, np.asarray(percent_control, float) / 100
    (low, high), (low_control, high_control) = wilson(percent, n).T / 100, wilson(percent_control, n_control).T / 100
    below = np.hypot(one - low, high_control - other)
    above = np.hypot(high - one, other - low_control)
    return np.column_stack([one - other - below, one - other + above])


def events_from_percent(percent: ArrayLike, n: ArrayLike) -> Numbers:
    """Return the events of rates in percent: percent times n, which is no whole number for most actuarial rates.

    Arguments and errors are those of :func:`wilson`.
    """
    p, size = _rates(percent, n)
    events: Numbers = p * size
    return events


def can_be_count(percent: float, n: float) -> bool:
    """Return whether a whole number of events among n patients gives a percent, as exact as it is printed.

    Where none does, the rate is no count: it is actuarial, or n is another than printed.

    References
    ----------
    Brown NJL, Heathers JAJ. Soc Psychol Personal Sci 2017;8:363-369 (the GRIM test, of means).
    """
    _, _, decimals = f"{percent:g}".partition(".")
    half = 0.5 * 10.0 ** -len(decimals) + 1e-9
    return math.floor((percent + half) * n / 100) >= math.ceil((percent - half) * n / 100)


def log_odds(percent: ArrayLike, n: ArrayLike, followed: ArrayLike = 1.0) -> tuple[Numbers, Numbers]:
    """Return log odds and sampling variances (PLO) of rates in percent, through :func:`events_from_percent`.

    The variances are divided by the share of patients who were followed (the effective sample size of Cutler and
    Ederer, J Chronic Dis 1958;8:699-712). Arguments and errors are those of :func:`wilson`.
    """
    with np.errstate(over="ignore"):  # the variance of a rate next to 0 can be larger than the largest float
        yi, vi = _effects("PLO", (events_from_percent(percent, n), np.asarray(n, float)))
        return yi, vi / _shares(followed)


def _shares(followed: ArrayLike) -> Numbers:
    shares = np.asarray(followed, float)
    raise_for_rows("followed", shares, ~np.atleast_1d((shares > 0) & (shares <= 1)), "a share above 0 and up to 1")
    return shares


def _rates(percent: ArrayLike, n: ArrayLike) -> tuple[Numbers, Numbers]:
    p, size = np.broadcast_arrays(np.asarray(percent, float) / 100, np.asarray(n, float))
    raise_for_rows("percent", percent, ~((p >= 0) & (p <= 1)), "a rate from 0 to 100 percent")
    raise_for_rows("n", n, ~((size >= 1) & np.isfinite(size)), "a number of patients of 1 or more")
    return p, size


def raise_for_rows(name: str, given: Any, wrong: NDArray[np.bool_], expected: str) -> None:
    """Raise a ValueError that names the wrong rows, their values and what is expected; nothing if none is wrong."""
    if wrong.any():
        where = np.flatnonzero(wrong)
        values = np.broadcast_to(np.asarray(given, float), wrong.shape)[where]
        raise ValueError(f"{name}: given {values.tolist()} in rows {where.tolist()}, expected {expected}")


def effect_sizes(
    measure: str,
    *,
    xi: ArrayLike | None = None,
    ni: ArrayLike | None = None,
    ai: ArrayLike | None = None,
    n1i: ArrayLike | None = None,
    ci: ArrayLike | None = None,
    n2i: ArrayLike | None = None,
) -> pd.DataFrame:
    """Return effect sizes and their sampling variances, as metafor's ``escalc`` does by default.

    Parameters
    ----------
    measure : {"PLO", "RR", "OR", "RD"}
        Log odds of a proportion, log risk ratio, log odds ratio, risk difference.
    xi, ni : array_like of shape (k,)
        PLO: events and patients. :func:`events_from_percent` makes events of rates in percent; these need not be whole.
    ai, n1i, ci, n2i : array_like of shape (k,)
        RR, OR, RD: events and patients of the first arm, then of the second.

    Returns
    -------
    DataFrame
        yi, vi, measure, added; one row per study, with the index of the given series. In a study with an empty cell,
        1/2 is added to every cell (metafor's ``add=1/2, to="only0"``), and `added` is 0.5, otherwise 0. A risk
        difference has none: there 1/2 is added for its variance only, which would be 0 otherwise (metafor's
        ``addyi=FALSE``).

    Raises
    ------
    ValueError
        When the measure is not known, its counts are not given or differ in length or index, or a count is missing,
        negative or larger than its number of patients.

    References
    ----------
    Viechtbauer W. J Stat Softw 2010;36(3):1-48.

    Examples
    --------
    >>> import netdash as nd
    >>> effects = nd.effect_sizes("RR", ai=[12], n1i=[20], ci=[8], n2i=[25])
    >>> effects[["yi", "vi", "measure"]].round(3)
          yi     vi measure
    0  0.629  0.118      RR
    """
    import pandas as pd

    given = {"xi": xi, "ni": ni, "ai": ai, "n1i": n1i, "ci": ci, "n2i": n2i}
    counts = _counts(measure, {name: values for name, values in given.items() if values is not None})
    indexes = [values.index for values in given.values() if isinstance(values, pd.Series)]
    if any(not index.equals(indexes[0]) for index in indexes):
        raise ValueError(f"{measure}: given series with different indexes, expected one; take them from one table")
    yi, vi = _effects(measure, counts)
    columns = {"yi": yi, "vi": vi, "measure": measure, "added": 0.5 * _has_empty(_cells(counts))}
    return pd.DataFrame(columns, index=indexes[0] if indexes else None)


def _counts(measure: str, given: dict[str, Any]) -> list[Numbers]:
    if measure not in tuple(_COUNTS):
        raise ValueError(f"measure: given {measure!r}, expected one of {', '.join(_COUNTS)}")
    names = _COUNTS[measure]
    if set(given) != set(names):
        raise ValueError(
            f"{measure}: given {', '.join(given) or 'no counts'}; expected {', '.join(names)} and no other"
        )
    counts = [numbers(name, given[name]) for name in names]
    if len({values.size for values in counts}) > 1:
        sizes = ", ".join(f"{values.size} {name}" for name, values in zip(names, counts, strict=True))
        raise ValueError(f"{measure}: given {sizes}; expected one of each per study")
    for x, n, x_name, n_name in zip(counts[::2], counts[1::2], names[::2], names[1::2], strict=True):
        raise_for_rows(
            n_name, n, ~((n >= 1) & np.isfinite(n)), "a number of patients of 1 or more; leave out a study without"
        )
        raise_for_rows(
            x_name, x, ~((x >= 0) & (x <= n)), f"a number of events from 0 to {n_name}; leave out a study without"
        )
    return counts


def numbers(name: str, values: Any) -> Numbers:
    """Return values as floats with NaN for missing ones; raise a ValueError when they are not numbers."""
    import pandas as pd

    try:
        series = values if isinstance(values, pd.Series) else pd.Series(values)
        # pandas would drop the keys of a mapping, and turn a date into nanoseconds (NaT into a huge number).
        if isinstance(values, Mapping) or series.dtype.kind in "mM":
            raise TypeError
        return series.to_numpy(float, na_value=np.nan)
    except (TypeError, ValueError) as error:
        given = values.tolist() if isinstance(values, pd.Series) else values
        raise ValueError(f"{name}: given {given!r}, expected one number per study, as a list or a series") from error


def _cells(counts: Sequence[Numbers]) -> Numbers:
    """Return events and patients without one, of each arm."""
    arms = zip(counts[::2], counts[1::2], strict=True)
    return np.array([cell for events, patients in arms for cell in (events, patients - events)])


def _has_empty(cells: Numbers) -> NDArray[np.bool_]:
    """Return which studies have a cell without a patient."""
    empty: NDArray[np.bool_] = (cells == 0).any(axis=0)
    return empty


def _effects(measure: str, counts: Sequence[Numbers]) -> tuple[Numbers, Numbers]:
    given = _cells(counts)
    cells = given + 0.5 * _has_empty(given)
    if measure == "PLO":
        a, b = cells
        return np.log(a / b), 1 / a + 1 / b
    a, b, c, d = cells
    n1, n2 = a + b, c + d
    if measure == "OR":
        return np.log(a / b) - np.log(c / d), 1 / a + 1 / b + 1 / c + 1 / d
    if measure == "RR":
        return np.log(a / n1) - np.log(c / n2), 1 / a - 1 / n1 + 1 / c - 1 / n2
    treated, control = given[0] / given[:2].sum(axis=0), given[2] / given[2:].sum(axis=0)
    return treated - control, a * b / n1**3 + c * d / n2**3


def natural(measure: str, values: ArrayLike) -> Numbers:
    """Return values of a measure on its natural scale: proportions from 0 to 1 (PLO), ratios (RR, OR) or unchanged.

    Raises
    ------
    ValueError
        When the measure is not known.
    """
    if measure not in SCALES:
        raise ValueError(f"measure: given {measure!r}, expected one of {', '.join(SCALES)}")
    x = np.asarray(values, float)
    if measure == "PLO":
        odds = np.exp(-np.abs(x))  # of the rarer of the two: no digit of a small proportion is lost
        proportions: Numbers = np.where(x < 0, odds, 1.0) / (1 + odds)
        return proportions
    with np.errstate(over="ignore"):  # a ratio over the largest float becomes infinite
        return np.exp(x) if measure in ("RR", "OR") else x
