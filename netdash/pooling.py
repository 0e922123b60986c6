"""Random-effects pooling, with the names that metafor uses; docs/pooling_agreement.md compares the results."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from netdash.distributions import chi_squared_above, t_quantile
from netdash.effects import SCALES, Z_95, Numbers, natural, numbers, raise_for_rows
from netdash.wording import html_table

if TYPE_CHECKING:
    import pandas as pd

Method = Literal["REML", "DL", "PM"]
Test = Literal["knha", "z"]

CAUTION_BELOW = 5
"""A pooled estimate of fewer studies than this has a caution."""

FEWEST_STUDIES = 3
"""Below this number of studies there is no prediction interval, and pictures show no pooled estimate."""

MAX_ITERATIONS = 1000
PRECISION = 1e-10
"""The search for tau2 ends at a step under this share of tau2 plus the smallest sampling variance."""
EQUAL_TOLERANCE = 1e-8
"""Relative difference below which two sums of the same numbers in another order count as equal."""
LIKELIER_BY = sys.float_info.epsilon**0.25
"""tau2 = 0 replaces the estimate when its log likelihood is higher by more than this; metafor uses the same value."""

MODEL_COLUMNS = ("measure", "method", "test")
"""Columns that name the model in a table of fits."""
_BOUNDS = ("estimate", "ci_lb", "ci_ub", "pi_lb", "pi_ub")
FIT_COLUMNS = ("estimate", "se", "ci_lb", "ci_ub", "pi_lb", "pi_ub", "tau2", "i2", "h2", "qe", "qep")
"""Columns with the numbers of a fit in a table of fits."""


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
        95 % prediction interval for the true effect of a further study like these. NaN for fewer than three studies,
        because two cannot show how much studies differ.
    tau2, i2, h2 : float
        Variance between studies; its share of the total variance in percent; total over sampling variance.
    qe, qep : float
        Cochran's Q and the p value of the test that all studies share one effect.
    k, method, test, measure
        Number of studies, estimator of tau2, test, measure.
    weights : tuple of float
        Each study's weight in percent.
    caution : str
        A warning to show with the result; empty when there is none.
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
        """Return the weights in percent of the pooled studies, in the order given here.

        Parameters
        ----------
        measure : str
            The measure of the effects, such as "PLO".
        yi, vi : array_like of shape (k,)
            Effects and sampling variances, in any order.

        Returns
        -------
        ndarray of shape (k,)

        Raises
        ------
        ValueError
            When they are not the studies that were pooled.
        """
        y, w = np.asarray(yi, float), 1 / (np.asarray(vi, float) + self.tau2)
        weights: Numbers = 100 * w / w.sum()
        close = functools.partial(np.allclose, rtol=EQUAL_TOLERANCE, atol=EQUAL_TOLERANCE)
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
        return html_table(self._lines().items())

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
        yi, vi and measure, one row per study, as :func:`effect_sizes` returns them. Without a column measure, the
        measure is "GEN": effects on any scale.
    method : {"REML", "DL", "PM"}
        Estimator of the variance between studies: restricted likelihood, DerSimonian-Laird, Paule-Mandel.
    test : {"knha", "z"}
        Knapp and Hartung's standard error with t on k - 1 degrees of freedom, or the normal distribution.

    Returns
    -------
    Pooled
        It has a caution when there are fewer than five studies.

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
    """Return yi, vi and the measure of a table of effects; raise a ValueError when :func:`pool` cannot use it."""
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
    raise_for_rows("yi", yi, ~np.isfinite(yi), "a number; leave out a study without an effect")
    raise_for_rows("vi", vi, ~(np.isfinite(vi) & (vi > 0)), "a variance above 0; leave out a study without one")
    measures = effects["measure"].unique().tolist() if "measure" in effects else ["GEN"]
    if len(measures) > 1 or measures[0] not in SCALES:
        raise ValueError(
            f"measure: given {', '.join(map(str, measures))}; expected one of {', '.join(SCALES)}, pool each apart"
        )
    return yi, vi, measures[0]


def fit(yi: Numbers, vi: Numbers, measure: str, method: str, test: str) -> Pooled:
    """Return the random-effects fit of numbers that :func:`checked` returned."""
    k, y = yi.size, yi - yi.mean()
    tau2 = _TAU2[method](y, vi)
    w = 1 / (vi + tau2)
    estimate = w @ yi / w.sum()
    se_z = se = 1 / np.sqrt(w.sum())
    crit = Z_95
    if test == "knha":
        se, crit = se_z * np.sqrt(w @ (yi - estimate) ** 2 / (k - 1)), t_quantile(0.975, k - 1)
    half, reach = crit * se, crit * np.sqrt(se**2 + tau2) if k >= FEWEST_STUDIES else np.nan
    fixed = _projection(1 / vi)
    qe, typical = max(0.0, y @ fixed @ y), (k - 1) / np.trace(fixed)
    found = [estimate, se, estimate - half, estimate + half, estimate - reach, estimate + reach, tau2]
    found += [100 * tau2 / (tau2 + typical), 1 + tau2 / typical, qe, chi_squared_above(qe, k - 1)]
    numbers: dict[str, Any] = {name: float(value) for name, value in zip(FIT_COLUMNS, found, strict=True)}
    weights = tuple((100 * w / w.sum()).tolist())
    caution = _caution(k, narrow=bool(half < Z_95 * se_z))
    return Pooled(**numbers, k=k, method=method, test=test, measure=measure, weights=weights, caution=caution)


def _caution(k: int, *, narrow: bool) -> str:
    intervals = "both intervals are" if k >= FEWEST_STUDIES else "the interval are"
    few = (
        f"Only {k} studies: with fewer than {CAUTION_BELOW}, tau² and {intervals} unsettled."
        if k < CAUTION_BELOW
        else ""
    )
    odd = "Knapp and Hartung's interval is narrower here than the normal one: compare test='z'." if narrow else ""
    return " ".join(filter(None, (few, odd)))


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


_TAU2: dict[str, Callable[[Numbers, Numbers], float]] = {
    "REML": _reml,
    "DL": _dersimonian_laird,
    "PM": _paule_mandel,
}
_NOT_CONVERGED = "{} did not converge: look for a study whose variance is out of all proportion, or use method='DL'"
