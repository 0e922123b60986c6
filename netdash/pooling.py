"""Random-effects pooling, with the names that metafor uses; docs/pooling_agreement.md compares the results."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from netdash.distributions import chi_squared_above, t_quantile
from netdash.effects import SCALES, Z_95, Numbers, natural, numbers, raise_for_rows
from netdash.heterogeneity import TAU2, Profile, q_profile, squares, typical_variance
from netdash.refusals import in_short
from netdash.wording import html_table, number_of, percent

if TYPE_CHECKING:
    import pandas as pd

Method = Literal["REML", "DL", "PM"]
Test = Literal["knha", "adhoc", "z"]
TESTS: tuple[Test, ...] = ("knha", "adhoc", "z")

CAUTION_BELOW = 5
"""A pooled estimate of fewer studies than this has a caution."""

FEWEST_STUDIES = 3
"""Below this number of studies there is no prediction interval, and pictures show no pooled estimate."""

EQUAL_TOLERANCE = 1e-8
"""Relative difference below which two sums of the same numbers in another order count as equal."""

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
        proportion = self.measure == "PLO"
        found = [getattr(self, name) for name in _BOUNDS]
        value, *ends = [percent(100 * end, 1) if proportion else f"{end:.2f}" for end in found]
        unit = " %" if proportion else ""
        known = np.isfinite(self.pi_lb)
        prediction = f"95 % prediction interval {ends[2]} to {ends[3]}" if known else "no prediction interval"
        return f"{SCALES[self.measure]} {value}{unit} (95 % confidence interval {ends[0]} to {ends[1]}, {prediction})"


@dataclass(frozen=True, repr=False)
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
    widened : bool
        Whether Knapp and Hartung's interval was narrower than the normal one. Both intervals are then the normal ones
        where these are wider; `se` stays Knapp and Hartung's.
    yi, vi : tuple of float
        The effects and sampling variances that were pooled.

    Examples
    --------
    >>> import netdash as nd
    >>> fit = nd.pool_by_therapy(nd.outcomes())["resection"]
    >>> print(fit)
    Pooled: proportion 74.0 % (95 % confidence interval 68.9 to 78.6, 95 % prediction interval 60.5 to 84.1)
    Heterogeneity: tau² 0.066 (0.00 to 0.45), I² 46 % (0 to 85), Q 20.70 (p = 0.037)
    Model: 12 studies, PLO, REML, knha
    >>> fit.k, fit.method, fit.test
    (12, 'REML', 'knha')
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
    widened: bool = False
    yi: tuple[float, ...] = field(default=(), repr=False)
    vi: tuple[float, ...] = field(default=(), repr=False)

    @property
    def profile(self) -> Profile:
        """95 % Q-profile intervals of tau2 and I2; computed when first asked for."""
        return q_profile(self.yi, self.vi)

    @property
    def tau2_lb(self) -> float:
        """Lower end of the 95 % Q-profile interval of tau2."""
        return self.profile.tau2_lb

    @property
    def tau2_ub(self) -> float:
        """Upper end of the 95 % Q-profile interval of tau2."""
        return self.profile.tau2_ub

    @property
    def i2_lb(self) -> float:
        """Lower end of the 95 % Q-profile interval of I2, in percent."""
        return self.profile.i2_lb

    @property
    def i2_ub(self) -> float:
        """Upper end of the 95 % Q-profile interval of I2, in percent."""
        return self.profile.i2_ub

    @property
    def test_in_words(self) -> str:
        """The test, and whether its interval was widened."""
        return f"{self.test}, widened to normal" if self.widened else self.test

    @property
    def heterogeneity(self) -> str:
        """tau2 and I2 with their 95 % intervals, for a sentence."""
        on = self.profile
        tau2, low, high = (f"{end:.2f}" if end == 0 or end >= 0.1 else f"{end:.2g}" for end in (self.tau2, *on[:2]))
        return f"tau² {tau2} ({low} to {high}), I² {percent(self.i2)} % ({percent(on.i2_lb)} to {percent(on.i2_ub)})"

    def transformed(self) -> Natural:
        """Return estimate and intervals on the natural scale.

        Examples
        --------
        >>> import netdash as nd
        >>> fit = nd.pool_by_therapy(nd.outcomes())["resection"]
        >>> print(fit.transformed())
        proportion 74.0 % (95 % confidence interval 68.9 to 78.6, 95 % prediction interval 60.5 to 84.1)
        """
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

        Examples
        --------
        >>> import netdash as nd
        >>> counts = {"xi": [12, 30, 41], "ni": [20, 50, 60]}
        >>> effects = nd.effect_sizes("PLO", **counts)
        >>> fit = nd.pool(effects)
        >>> fit.weights_of("PLO", effects["yi"], effects["vi"]).round(1).tolist()
        [16.1, 40.3, 43.6]
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

    def __repr__(self) -> str:
        """Return the estimate and the model; the attributes have every digit."""
        return f"Pooled({self.transformed()}; {self._lines()['Model']})"

    def _repr_html_(self) -> str:
        return html_table(self._lines().items())

    def _lines(self) -> dict[str, str]:
        p = "p < 0.001" if self.qep < 0.001 else f"p = {self.qep:.3f}"
        lines = {
            "Pooled": str(self.transformed()),
            "Heterogeneity": f"{self.heterogeneity}, Q {self.qe:.2f} ({p})",
            "Model": f"{self.k} studies, {self.measure}, {self.method}, {self.test_in_words}",
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
    test : {"knha", "adhoc", "z"}
        Knapp and Hartung's standard error with t on k - 1 degrees of freedom; the same, but with a standard error that
        is never under the normal one; or the normal distribution.

    Returns
    -------
    Pooled
        It has a caution when there are fewer than five studies, and when 1/2 was added to the cells of a study. Where
        Knapp and Hartung's interval (``knha``) is narrower than the normal one, the wider of the two is given and
        ``widened`` is true.

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
    Laird N. Control Clin Trials 1986;7:177-188. Paule RC, Mandel J. J Res Natl Bur Stand 1982;87:377-385. The names
    of the tests are metafor's.

    Examples
    --------
    >>> import netdash as nd
    >>> counts = {"xi": [12, 30, 41], "ni": [20, 50, 60]}
    >>> effects = nd.effect_sizes("PLO", **counts)
    >>> print(nd.pool(effects, method="DL"))
    Pooled: proportion 63.7 % (95 % confidence interval 50.4 to 75.3, 95 % prediction interval 50.4 to 75.3)
    Heterogeneity: tau² 0.00 (0.00 to 1.64), I² 0 % (0 to 94), Q 0.97 (p = 0.616)
    Model: 3 studies, PLO, DL, knha
    Caution: Only 3 studies: with fewer than 5, tau² and both intervals are unsettled.
    """
    found = fit(*checked(effects, method, test), method, test)
    halves = int((effects["added"] > 0).sum()) if "added" in effects else 0
    if not halves:
        return found
    return replace(found, caution=" ".join(filter(None, (found.caution, _halves(halves, found.measure)))))


def checked(effects: pd.DataFrame, method: str, test: str, least: int = 2) -> tuple[Numbers, Numbers, str]:
    """Return yi, vi and the measure of a table of effects; raise a ValueError when :func:`pool` cannot use it."""
    for name, given, known in (("method", method, tuple(TAU2)), ("test", test, TESTS)):
        if given not in known:
            raise ValueError(f"{name}: given {given!r}, expected one of {', '.join(known)}")
    columns = [str(name) for name in getattr(effects, "columns", ())]
    if not {"yi", "vi"} <= set(columns):
        rows = "; rows of nd.outcomes() are pooled by nd.pool_outcomes" if "outcome_id" in columns else ""
        given = f"columns {', '.join(columns[:5])}" + ", ..." * (len(columns) > 5) if columns else in_short(effects)
        raise ValueError(
            f"effects: given {given}; expected yi and vi, as nd.effect_sizes makes them of counts and "
            f"nd.outcome_effects of rows of nd.outcomes(){rows}"
        )
    yi, vi = numbers("yi", effects["yi"]), numbers("vi", effects["vi"])
    if yi.size < least:
        studies = number_of(yi.size, "study", "studies")
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
    tau2 = TAU2[method](y, vi)
    w = 1 / (vi + tau2)
    estimate = w @ yi / w.sum()
    se, half, reach, widened = _spread(yi - estimate, w, tau2, test)
    if k < FEWEST_STUDIES:
        reach = np.nan
    qe, typical = squares(y, vi), typical_variance(vi)
    found = [estimate, se, estimate - half, estimate + half, estimate - reach, estimate + reach, tau2]
    found += [100 * tau2 / (tau2 + typical), 1 + tau2 / typical, qe, chi_squared_above(qe, k - 1)]
    numbers: dict[str, Any] = {name: float(value) for name, value in zip(FIT_COLUMNS, found, strict=True)}
    return Pooled(
        **numbers,
        k=k,
        method=method,
        test=test,
        measure=measure,
        weights=tuple((100 * w / w.sum()).tolist()),
        caution=_caution(k, widened=widened),
        widened=widened,
        yi=tuple(yi.tolist()),
        vi=tuple(vi.tolist()),
    )


def _spread(apart: Numbers, w: Numbers, tau2: float, test: str) -> tuple[float, float, float, bool]:
    """Return standard error, half of both intervals, and whether these were widened to the normal ones.

    `apart` are the distances of the effects from the pooled one.
    """
    normal = float(1 / np.sqrt(w.sum()))
    half, reach = (Z_95 * np.sqrt(normal**2 + more) for more in (0, tau2))
    if test == "z":
        return normal, half, reach, False
    df = apart.size - 1
    ratio = float(w @ apart**2 / df)
    se = normal * np.sqrt(max(ratio, 1) if test == "adhoc" else ratio)
    own, far = (t_quantile(0.975, df) * np.sqrt(se**2 + more) for more in (0, tau2))
    if own < half:
        return se, half, max(reach, far), True
    return se, own, far, False


def _halves(number: int, measure: str) -> str:
    """Return the caution on studies with an empty cell."""
    told = f"1/2 was added to the cells of {number_of(number, 'study', 'studies')} with an empty one"
    cure = {
        "PLO": "; near 0 or 100 % fit a binomial-normal model (metafor's rma.glmm), which adds none",
        "RD": ", for the variance alone",
    }
    return f"{told}{cure.get(measure, '')}."


def _caution(k: int, *, widened: bool) -> str:
    intervals = "both intervals are" if k >= FEWEST_STUDIES else "the interval are"
    few = (
        f"Only {k} studies: with fewer than {CAUTION_BELOW}, tau² and {intervals} unsettled."
        if k < CAUTION_BELOW
        else ""
    )
    odd = "Knapp and Hartung's interval is narrower here than the normal one, which is given." if widened else ""
    return " ".join(filter(None, (few, odd)))
