"""A Bayesian random-effects fit for a few series: a normal model with a half-normal prior of tau."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from netdash.effects import Numbers, natural
from netdash.pooling import checked

if TYPE_CHECKING:
    import pandas as pd

POINTS, REACH = 2001, 8
"""Points of the grid of tau, and its end in scales of the prior."""
BISECTIONS = 100


@dataclass(frozen=True)
class PooledBayes:
    """Posterior of a random-effects model, on the natural scale: a proportion from 0 to 1, a ratio or a difference.

    Attributes
    ----------
    median, ci_lb, ci_ub : float
        Median and central 95 % credible interval of the mean effect.
    pi_lb, pi_ub : float
        Central 95 % interval of the true effect of a further study.
    tau : float
        Posterior median of tau, on the scale of the measure.
    k, measure, scale
        Number of studies, measure, scale of the half-normal prior.

    Examples
    --------
    >>> import netdash as nd
    >>> two = nd.effect_sizes("PLO", xi=[12, 30], ni=[20, 50])
    >>> fit = nd.pool_bayes(two)
    >>> fit.k, fit.measure, fit.ci_lb < fit.median < fit.ci_ub
    (2, 'PLO', True)
    """

    median: float
    ci_lb: float
    ci_ub: float
    pi_lb: float
    pi_ub: float
    tau: float
    k: int
    measure: str
    scale: float


def pool_bayes(effects: pd.DataFrame, scale: float = 0.5) -> PooledBayes:
    """Pool two studies or more with a half-normal prior of tau and a flat prior of the mean.

    For notebooks, where so few series leave tau unsettled. The board shows no posterior probability: it would be read
    as that of the patient.

    Parameters
    ----------
    effects : DataFrame
        As for ``nd.pool``.
    scale : float
        Scale of the half-normal prior of tau, on the scale of the measure; 0.5 for log odds and log ratios.

    Returns
    -------
    PooledBayes

    Raises
    ------
    ValueError
        As for ``nd.pool``; when the scale is not above 0.

    Notes
    -----
    The posterior is a mixture of normal distributions over a grid of tau.

    References
    ----------
    Röver C. J Stat Softw 2020;93(6):1-51 (bayesmeta). Friede T, et al. Res Synth Methods 2017;8:79-91.

    Examples
    --------
    >>> import netdash as nd
    >>> two = nd.effect_sizes("PLO", xi=[12, 30], ni=[20, 50])
    >>> narrow, wide = nd.pool_bayes(two), nd.pool_bayes(two, scale=1)
    >>> round(narrow.median, 2), wide.ci_lb < narrow.ci_lb
    (0.6, True)
    """
    if not scale > 0:
        raise ValueError(f"scale: given {scale!r}, expected a number above 0")
    yi, vi, measure = checked(effects, "REML", "knha")
    tau = np.linspace(0, REACH * scale, POINTS)
    w = 1 / (vi + tau[:, None] ** 2)
    total = w.sum(axis=1)
    mean = w @ yi / total
    squares = (w * (yi - mean[:, None]) ** 2).sum(axis=1)
    log = 0.5 * np.log(w).sum(axis=1) - 0.5 * np.log(total) - 0.5 * squares - 0.5 * (tau / scale) ** 2
    weight = np.exp(log - log.max())
    weight[[0, -1]] /= 2  # the trapezoidal rule
    weight /= weight.sum()
    sd_mean, sd_new = np.sqrt(1 / total), np.sqrt(1 / total + tau**2)
    wanted = [(0.5, sd_mean), (0.025, sd_mean), (0.975, sd_mean), (0.025, sd_new), (0.975, sd_new)]
    ends = [_quantile(p, mean, sd, weight) for p, sd in wanted]
    median, ci_lb, ci_ub, pi_lb, pi_ub = natural(measure, ends).tolist()
    middle = float(tau[np.searchsorted(weight.cumsum(), 0.5)])
    return PooledBayes(median, ci_lb, ci_ub, pi_lb, pi_ub, middle, yi.size, measure, scale)


def _quantile(p: float, mean: Numbers, sd: Numbers, weight: Numbers) -> float:
    """Return the quantile of a mixture of normal distributions, by bisection."""
    low, high = float((mean - 40 * sd).min()), float((mean + 40 * sd).max())
    normal = NormalDist()
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        below = weight @ [normal.cdf(z) for z in ((middle - mean) / sd).tolist()]
        low, high = (middle, high) if below < p else (low, middle)
    return low
