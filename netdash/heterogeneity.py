"""The variance between studies: its estimators, and intervals of tau2 and I2 by the Q-profile method."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from netdash.distributions import chi_squared_quantile
from netdash.effects import Numbers

MAX_ITERATIONS = 1000
PRECISION = 1e-10
"""The search for tau2 ends at a step under this share of tau2 plus the smallest sampling variance."""
LIKELIER_BY = sys.float_info.epsilon**0.25
"""tau2 = 0 replaces the estimate when its log likelihood is higher by more than this; metafor uses the same value."""
_NOT_CONVERGED = "{} did not converge: look for a study whose variance is out of all proportion, or use method='DL'"


class Profile(NamedTuple):
    """95 % intervals of the variance between studies and of its share of the total variance in percent."""

    tau2_lb: float
    tau2_ub: float
    i2_lb: float
    i2_ub: float


@functools.lru_cache(maxsize=256)
def q_profile(yi: tuple[float, ...], vi: tuple[float, ...]) -> Profile:
    """Return the Q-profile intervals of tau2 and I2. Cached, because several pictures show the same fit.

    Parameters
    ----------
    yi, vi : tuple of float
        Effects and sampling variances of two studies or more.

    Returns
    -------
    Profile
        Both ends are 0 where even tau2 = 0 makes the studies differ less than 97.5 % of samples would.

    Notes
    -----
    The weighted sum of squares Q(tau2) about its own mean falls with tau2. The ends of the interval are the values at
    which it equals the 97.5th and the 2.5th percentile of chi-squared on k - 1 degrees of freedom. metafor ends its
    search at tau2 = 100; this one has no upper end.

    References
    ----------
    Viechtbauer W. Stat Med 2007;26:37-52.
    """
    y, v = np.array(yi), np.array(vi)
    y -= y.mean()
    ends = [_where(lambda tau2: squares(y, v + tau2), chi_squared_quantile(p, y.size - 1)) for p in (0.975, 0.025)]
    typical = typical_variance(v)
    return Profile(*ends, *(100 * tau2 / (tau2 + typical) for tau2 in ends))


def squares(y: Numbers, variance: Numbers) -> float:
    """Return the weighted sum of squares about the weighted mean."""
    w = 1 / variance
    return float(w @ (y - w @ y / w.sum()) ** 2)


def typical_variance(v: Numbers) -> float:
    """Return Higgins and Thompson's typical sampling variance."""
    w = 1 / v
    return float((v.size - 1) / (w.sum() - w @ w / w.sum()))


def _where(q: Callable[[float], float], wanted: float) -> float:
    """Return where the falling function q has a value, 0 where it is below the value from the start."""
    if q(0.0) <= wanted:
        return 0.0
    high = 1.0
    while q(high) > wanted:
        high *= 2
    low = 0.0
    while (middle := (low + high) / 2) not in (low, high):
        low, high = (middle, high) if q(middle) > wanted else (low, middle)
    return high


def _projection(w: Numbers) -> Numbers:
    """Return the matrix P with y'Py = the weighted sum of squares about the weighted mean."""
    p: Numbers = np.diag(w) - np.outer(w, w / w.sum())
    return p


def _dersimonian_laird(y: Numbers, vi: Numbers) -> float:
    p = _projection(1 / vi)
    return max(0.0, float((y @ p @ y - (y.size - 1)) / np.trace(p)))


def _paule_mandel(y: Numbers, vi: Numbers) -> float:
    """Return the Paule-Mandel estimate: the tau2 at which y'Py is k - 1.

    y'Py falls with tau2 and is convex. Newton's steps from 0 therefore never overshoot.
    """
    tau2 = 0.0
    for _ in range(MAX_ITERATIONS):
        py = _projection(1 / (vi + tau2)) @ y
        excess = y @ py - (y.size - 1)
        if excess <= 0 or excess / (py @ py) <= PRECISION * (tau2 + vi.min()):
            return tau2
        tau2 += float(excess / (py @ py))
    raise RuntimeError(_NOT_CONVERGED.format("PM"))


def _reml(y: Numbers, vi: Numbers) -> float:
    """Return the REML estimate by Fisher scoring, with shorter steps when full steps do not converge."""
    for share in (1, 0.5, 0.1):
        tau2 = _fisher_scoring(y, vi, share)
        if tau2 is not None:
            return 0.0 if _likelihood(y, vi) - _likelihood(y, vi + tau2) > LIKELIER_BY else tau2
    raise RuntimeError(_NOT_CONVERGED.format("REML"))


def _fisher_scoring(y: Numbers, vi: Numbers, share: float) -> float | None:
    tau2 = max(0.0, float(y @ y / (y.size - 1) - vi.mean()))
    for _ in range(MAX_ITERATIONS):
        p = _projection(1 / (vi + tau2))
        py = p @ y
        score, information = float(py @ py - np.trace(p)), float(np.vdot(p, p))
        if abs(score) < 0.1 * information * (tau2 + vi.min()):  # near the maximum, Newton's method converges faster
            information = max(0.1 * information, 2 * float(py @ p @ py) - information)
        step = share * score / information
        if tau2 == 0 and step < 0:
            return 0.0
        while tau2 + step < 0:
            step /= 2
        tau2 += step
        small = PRECISION * (tau2 + vi.min())
        if abs(step) <= small:
            return tau2 if tau2 > small else 0.0
    return None


def _likelihood(y: Numbers, variance: Numbers) -> float:
    """Return the restricted log likelihood up to a constant."""
    w = 1 / variance
    return -0.5 * float(np.log(variance).sum() + np.log(w.sum()) + y @ _projection(w) @ y)


TAU2: dict[str, Callable[[Numbers, Numbers], float]] = {
    "REML": _reml,
    "DL": _dersimonian_laird,
    "PM": _paule_mandel,
}
"""By name: estimators of tau2."""
