"""Student's t and chi-squared for whole degrees of freedom, where both are finite sums.

SciPy has both functions, and tests compare these with it. netdash does not import SciPy, because it would take longer
to load than the rest of the board and 6 MB of memory in every session.
"""

from __future__ import annotations

import math
import operator
from functools import cache
from itertools import accumulate

PRECISION = 1e-15


@cache
def t_quantile(p: float, df: int) -> float:
    """Return the quantile of Student's t.

    Parameters
    ----------
    p : float
        Probability, at least 0.5 and below 1.
    df : int
        Degrees of freedom, 1 or more.

    Notes
    -----
    Newton's method from 0. The distribution function is concave for t > 0, so its steps never overshoot.

    References
    ----------
    Abramowitz M, Stegun IA. Handbook of Mathematical Functions. 1964, section 26.7. R's ``qt``.
    """
    if not (0.5 <= p < 1 and df >= 1):
        raise ValueError(f"given p = {p!r} and df = {df!r}, expected 0.5 <= p < 1 and df of 1 or more")
    peak = math.exp(math.lgamma((df + 1) / 2) - math.lgamma(df / 2)) / math.sqrt(df * math.pi)
    t, step = 0.0, math.inf
    while step > PRECISION * t:
        density = peak * (1 + t**2 / df) ** (-(df + 1) / 2)
        step = (p - 0.5 - _t_between(t, df) / 2) / density
        t += max(step, 0.0)
    return t


def _t_between(t: float, df: int) -> float:
    """Return the probability of a value between -t and t."""
    angle = math.atan(t / math.sqrt(df))
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = df % 2
    ratios = (cosine**2 * (i - 1) / i for i in range(2 + odd, df, 2))
    total = math.fsum(accumulate(ratios, operator.mul, initial=1.0))
    if not odd:
        return sine * total
    return 2 / math.pi * (angle + (sine * cosine * total if df > 1 else 0.0))


def chi_squared_above(q: float, df: int) -> float:
    """Return the probability of a chi-squared value above q.

    Parameters
    ----------
    q : float
        Value, 0 or more.
    df : int
        Degrees of freedom, 1 or more.

    References
    ----------
    Abramowitz M, Stegun IA. Handbook of Mathematical Functions. 1964, section 26.4. R's ``pchisq``, upper tail.
    """
    if not (q >= 0 and df >= 1):
        raise ValueError(f"given q = {q!r} and df = {df!r}, expected q of 0 or more and df of 1 or more")
    half = q / 2
    if half == 0 or math.isinf(half):
        return float(half == 0)
    # Sum exponentials of logarithms: for hundreds of studies the powers and exponentials overflow a float.
    powers = (df / 2 - i for i in range(1, df // 2 + 1))
    total = math.fsum(math.exp(s * math.log(half) - half - math.lgamma(s + 1)) for s in powers)
    return min(1.0, total + (math.erfc(math.sqrt(half)) if df % 2 else 0.0))


@cache
def chi_squared_quantile(p: float, df: int) -> float:
    """Return the quantile of chi-squared, by bisection of :func:`chi_squared_above`.

    Parameters
    ----------
    p : float
        Probability between 0 and 1.
    df : int
        Degrees of freedom, 1 or more.

    References
    ----------
    R's ``qchisq``.
    """
    if not (0 < p < 1 and df >= 1):
        raise ValueError(f"given p = {p!r} and df = {df!r}, expected 0 < p < 1 and df of 1 or more")
    low, high = 0.0, float(df)
    while chi_squared_above(high, df) > 1 - p:
        high *= 2
    while (middle := (low + high) / 2) not in (low, high):
        low, high = (middle, high) if chi_squared_above(middle, df) > 1 - p else (low, middle)
    return high
