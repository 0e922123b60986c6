"""Pooling, in metafor's terms; docs/pooling_agreement.md says how far both agree."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from netdash.distributions import chi_squared_above, t_quantile
from netdash.effects import SCALES, Z_95, Numbers, natural, numbers, refuse

if TYPE_CHECKING:
    import pandas as pd

Method = Literal["REML", "DL", "PM"]
Test = Literal["knha", "z"]

FEW = 5
"""With fewer studies than this a pooled estimate carries a caution."""

LEAST = 3
"""With fewer studies than this there is no prediction interval, and pictures show no pooled estimate."""

MAX_ITERATIONS = 1000
PRECISION = 1e-10  # iterations end at a step smaller than this share of tau2 plus the smallest sampling variance
SAME = 1e-8  # how far the sums of the same figures in another order may lie apart
LOCAL_MAXIMUM = sys.float_info.epsilon**0.25  # by how much tau2 = 0 must be likelier to be taken instead, as in metafor

MODEL = ("measure", "method", "test")
"""How a table of fits says what they are."""
_BOUNDS = ("estimate", "ci_lb", "ci_ub", "pi_lb", "pi_ub")
NUMBERS = ("estimate", "se", "ci_lb", "ci_ub", "pi_lb", "pi_ub", "tau2", "i2", "h2", "qe", "qep")


@dataclass(frozen=True)
class Natural:
    """A pooled estimate on its natural scale: proportion from 0 to 1, ratio, or difference of proportions."""

    estimate: float
    ci_lb: float
    ci_ub: float
    pi_lb: float
    pi_ub: float
    measure: str

    def __str__(self) -> str:
        factor, digits, unit = (100, 1, " %") if self.measure == "PLO" else (1, 2, "")
        value, *ends = [f"{factor * getattr(self, name):.{digits}f}" for name in _BOUNDS]
        known = np.isfinite(self.pi_lb)
        prediction = f"95 % prediction interval {ends[2]} to {ends[3]}" if known else "no prediction interval"
        return f"{SCALES[self.measure]} {value}{unit} (95 % confidence interval {ends[0]} to {ends[1]}, {prediction})"


@dataclass(frozen=True)
class Pooled:
    """A random-effects fit, on the scale of its measure.

    Attributes
    ----------
    estimate, se, ci_lb, ci_ub : float
        Pooled effect (log odds for PLO, log ratio for RR and OR), its standard error and 95 % confidence interval.
    pi_lb, pi_ub : float
        95 % prediction interval: where the true effect of a further study like these is expected. NaN for fewer than
        three studies: two cannot tell how far studies lie apart.
    tau2, i2, h2 : float
        Variance between studies; its share of all variance, in percent; all variance over the sampling variance.
    qe, qep : float
        Cochran's Q and the p value of the test that all studies share one effect.
    k, method, test, measure
        Number of studies, and how they were pooled.
    weights : tuple of float
        Each study's weight in percent.
    caution : str
        What to say beside the result; empty when there is nothing.
    """

    estimate: float
    se: float
    ci_lb: float
    ci_ub: float
    pi_lb: float
    pi_ub: float
    tau2: float
    i2: float
    h2: float
    qe: float
    qep: float
    k: int
    method: str
    test: str
    measure: str
    weights: tuple[float, ...]
    caution: str = ""

    def transformed(self) -> Natural:
        """Return estimate and intervals on the natural scale."""
        values = natural(self.measure, [getattr(self, name) for name in _BOUNDS]).tolist()
        bounds: dict[str, Any] = dict(zip(_BOUNDS, values, strict=True))
        return Natural(**bounds, measure=self.measure)

    def weights_of(self, measure: str, yi: ArrayLike, vi: ArrayLike) -> Numbers:
        """Return the weights in percent of the studies that were pooled, in the order they are given in now.

        Parameters
        ----------
        measure : str
            What their effects are, such as "PLO".
        yi, vi : array_like of shape (k,)
            Effects and sampling variances, in any order.

        Returns
        -------
        ndarray of shape (k,)

        Raises
        ------
        ValueError
            When they are not those that were pooled.
        """
        y, w = np.asarray(yi, float), 1 / (np.asarray(vi, float) + self.tau2)
        weights: Numbers = 100 * w / w.sum()
        close = functools.partial(np.allclose, rtol=SAME, atol=SAME)
        same = measure == self.measure and y.size == self.k and close(np.sort(weights), np.sort(self.weights))
        if not same or not close(weights @ y / 100, self.estimate):
            raise ValueError(
                f"given {y.size} studies of measure {measure}, expected the {self.k} of {self.measure} that were "
                "pooled, with the same figures"
            )
        return weights

    def __str__(self) -> str:
        return "\n".join(f"{name}: {words}" for name, words in self._lines().items())

    def _repr_html_(self) -> str:
        rows = "".join(f"<tr><th>{name}</th><td>{words}</td></tr>" for name, words in self._lines().items())
        return f"<table>{rows}</table>"

    def _lines(self) -> dict[str, str]:
        p = "p < 0.001" if self.qep < 0.001 else f"p = {self.qep:.3f}"
        lines = {
            "Pooled": str(self.transformed()),
            "Heterogeneity": f"tau² {self.tau2:.4g}, I² {self.i2:.0f} %, Q {self.qe:.2f} ({p})",
            "Model": f"{self.k} studies, {self.measure}, {self.method}, {self.test}",
        }
        return lines | ({"Caution": self.caution} if self.caution else {})


def pool(effects: pd.DataFrame, method: Method = "REML", test: Test = "knha") -> Pooled:
    """Pool effect sizes by a random-effects model, as metafor's ``rma`` and ``predict`` do.

    Parameters
    ----------
    effects : DataFrame
        yi, vi and measure, one row per study, as :func:`effect_sizes` makes them. Without a measure the effects are
        taken as they are ("GEN").
    method : {"REML", "DL", "PM"}
        Estimator of the variance between studies: restricted likelihood, DerSimonian-Laird, Paule-Mandel.
    test : {"knha", "z"}
        Knapp and Hartung's standard error with t on k - 1 degrees of freedom, or the normal distribution.

    Returns
    -------
    Pooled
        With fewer than five studies it carries a caution.

    Raises
    ------
    ValueError
        When method or test is not known, there are fewer than two studies, an effect is missing or infinite, a
        variance is not above 0, or measures are mixed.
    RuntimeError
        When the search for tau2 does not converge.

    References
    ----------
    Viechtbauer W. J Stat Softw 2010;36(3):1-48. Knapp G, Hartung J. Stat Med 2003;22:2693-2710. DerSimonian R,
    Laird N. Control Clin Trials 1986;7:177-188. Paule RC, Mandel J. J Res Natl Bur Stand 1982;87:377-385.
    """
    return fit(*checked(effects, method, test), method, test)


def checked(effects: pd.DataFrame, method: str, test: str, least: int = 2) -> tuple[Numbers, Numbers, str]:
    """Return yi, vi and the measure of a table of effects; raise ValueError when it is none, or of too few studies."""
    for name, given, known in (("method", method, tuple(_TAU2)), ("test", test, ("knha", "z"))):
        if given not in known:
            raise ValueError(f"{name}: given {given!r}, expected one of {', '.join(known)}")
    columns = [str(name) for name in getattr(effects, "columns", ())]
    if not {"yi", "vi"} <= set(columns):
        given = f"columns {', '.join(columns)}" if columns else f"{effects!r}"
        raise ValueError(
            f"effects: given {given}; expected yi and vi, as nd.effect_sizes makes them of counts and "
            "nd.outcome_effects of rows of nd.outcomes()"
        )
    yi, vi = numbers("yi", effects["yi"]), numbers("vi", effects["vi"])
    if yi.size < least:
        studies = "1 study" if yi.size == 1 else f"{yi.size} studies"
        raise ValueError(f"effects: given {studies}, expected {least} or more; quote each study as it stands")
    refuse("yi", yi, ~np.isfinite(yi), "a number; leave out a study without an effect")
    refuse("vi", vi, ~(np.isfinite(vi) & (vi > 0)), "a variance above 0; leave out a study without one")
    measures = effects["measure"].unique().tolist() if "measure" in effects else ["GEN"]
    if len(measures) > 1 or measures[0] not in SCALES:
        raise ValueError(
            f"measure: given {', '.join(map(str, measures))}; expected one of {', '.join(SCALES)}, pool each apart"
        )
    return yi, vi, measures[0]


def fit(yi: Numbers, vi: Numbers, measure: str, method: str, test: str) -> Pooled:
    """Return the random-effects fit of checked numbers."""
    k, y = yi.size, yi - yi.mean()
    tau2 = _TAU2[method](y, vi)
    w = 1 / (vi + tau2)
    estimate = w @ yi / w.sum()
    se_z = se = 1 / np.sqrt(w.sum())
    crit = Z_95
    if test == "knha":
        se, crit = se_z * np.sqrt(w @ (yi - estimate) ** 2 / (k - 1)), t_quantile(0.975, k - 1)
    half, reach = crit * se, crit * np.sqrt(se**2 + tau2) if k >= LEAST else np.nan
    fixed = _projection(1 / vi)
    qe, typical = max(0.0, y @ fixed @ y), (k - 1) / np.trace(fixed)
    found = [estimate, se, estimate - half, estimate + half, estimate - reach, estimate + reach, tau2]
    found += [100 * tau2 / (tau2 + typical), 1 + tau2 / typical, qe, chi_squared_above(qe, k - 1)]
    numbers: dict[str, Any] = {name: float(value) for name, value in zip(NUMBERS, found, strict=True)}
    weights = tuple((100 * w / w.sum()).tolist())
    caution = _caution(k, narrow=bool(half < Z_95 * se_z))
    return Pooled(**numbers, k=k, method=method, test=test, measure=measure, weights=weights, caution=caution)


def _caution(k: int, *, narrow: bool) -> str:
    intervals = "both intervals are" if k >= LEAST else "the interval are"
    few = f"Only {k} studies: with fewer than {FEW}, tau² and {intervals} unsettled." if k < FEW else ""
    odd = "Knapp and Hartung's interval is narrower here than the normal one: compare test='z'." if narrow else ""
    return " ".join(filter(None, (few, odd)))


def _projection(w: Numbers) -> Numbers:
    """Return P, for which y'Py is the weighted sum of squares about the weighted mean."""
    p: Numbers = np.diag(w) - np.outer(w, w / w.sum())
    return p


def _dersimonian_laird(y: Numbers, vi: Numbers) -> float:
    p = _projection(1 / vi)
    return max(0.0, float((y @ p @ y - (y.size - 1)) / np.trace(p)))


def _paule_mandel(y: Numbers, vi: Numbers) -> float:
    """Raise tau2 from 0 until y'Py is k - 1; y'Py falls and is convex, so that Newton's steps never overshoot."""
    tau2 = 0.0
    for _ in range(MAX_ITERATIONS):
        py = _projection(1 / (vi + tau2)) @ y
        excess = y @ py - (y.size - 1)
        if excess <= 0 or excess / (py @ py) <= PRECISION * (tau2 + vi.min()):
            return tau2
        tau2 += float(excess / (py @ py))
    raise RuntimeError(_NOT_CONVERGED.format("PM"))


def _reml(y: Numbers, vi: Numbers) -> float:
    """Fisher scoring; with shorter steps where full ones run in circles."""
    for share in (1, 0.5, 0.1):
        tau2 = _fisher_scoring(y, vi, share)
        if tau2 is not None:
            return 0.0 if _likelihood(y, vi) - _likelihood(y, vi + tau2) > LOCAL_MAXIMUM else tau2
    raise RuntimeError(_NOT_CONVERGED.format("REML"))


def _fisher_scoring(y: Numbers, vi: Numbers, share: float) -> float | None:
    tau2 = max(0.0, float(y @ y / (y.size - 1) - vi.mean()))
    for _ in range(MAX_ITERATIONS):
        p = _projection(1 / (vi + tau2))
        py = p @ y
        score, information = float(py @ py - np.trace(p)), float(np.vdot(p, p))
        if abs(score) < 0.1 * information * (tau2 + vi.min()):  # close: Newton ends in a few steps
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


_TAU2: dict[str, Callable[[Numbers, Numbers], float]] = {
    "REML": _reml,
    "DL": _dersimonian_laird,
    "PM": _paule_mandel,
}
_NOT_CONVERGED = "{} did not converge: look for a study whose variance is out of all proportion, or use method='DL'"
