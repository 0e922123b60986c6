"""Distances: how far a value, or each possible value of a range, lies from a bound, in words."""

from __future__ import annotations

from netdash.fields import counted
from netdash.intervals import Interval, plain


def in_words(margin: float | Interval, unit: str, at_bound: str) -> str:
    """Return a signed distance, positive inside, in words; `at_bound` is "included" or "excluded".

    Examples
    --------
    >>> in_words(2.0, "years", "included")
    '2 years inside'
    >>> in_words(Interval(0, 10, low_open=True), "points", "excluded")
    'up to 10 points inside'
    """
    if isinstance(margin, Interval):
        return _of_interval(margin, unit, at_bound)
    return _place(margin, unit) if margin else f"at the bound, which is {at_bound}"


def _of_interval(margin: Interval, unit: str, at_bound: str) -> str:
    """Return the distance of all possible values in words, the nearer end first when both are on one side."""
    least, most = round(margin.least, 10), round(margin.most, 10)
    if not (least or most):
        return f"at the bound, which is {at_bound}"
    if (not least and margin.low_open) or (not most and margin.high_open):
        return f"up to {_place(least or most, unit)}"  # the bound itself is no possible value
    if least <= 0 <= most:
        return " to ".join(_place(end, unit) if end else f"at the bound ({at_bound})" for end in (least, most))
    near, far = sorted((least, most), key=abs)
    return f"{plain(abs(near))} to {_place(far, unit)}"


def _place(margin: float, unit: str) -> str:
    return f"{counted(abs(margin), unit)} {'inside' if margin > 0 else 'outside'}"
