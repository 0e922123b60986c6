"""Effect sizes and pooling, in metafor's terms; docs/pooling_agreement.md says how far both agree."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    import pandas as pd

Numbers = NDArray[np.float64]
Method = Literal["REML", "DL", "PM"]
Test = Literal["knha", "z"]

Z_95 = 1.959963984540054
"""The 97.5th percentile of the standard normal distribution."""

FEW = 5
"""With fewer studies than this a pooled estimate carries a caution."""

MAX_ITERATIONS = 1000
PRECISION = 1e-10  # iterations end at a step smaller than this share of tau2 plus the smallest sampling variance
LOCAL_MAXIMUM = np.finfo(float).eps ** 0.25  # by how much tau2 = 0 must be likelier to be taken instead, as in metafor

_COUNTS = {"PLO": ("xi", "ni")} | dict.fromkeys(("RR", "OR", "RD"), ("ai", "n1i", "ci", "n2i"))
_SCALES = {"PLO": "proportion", "RR": "risk ratio", "OR": "odds ratio", "RD": "risk difference", "GEN": "effect"}
_BOUNDS = ("estimate", "ci_lb", "ci_ub", "pi_lb", "pi_ub")
_NUMBERS = ("estimate", "se", "ci_lb", "ci_ub", "pi_lb", "pi_ub", "tau2", "i2", "h2", "qe", "qep")


def wilson(percent: ArrayLike, n: ArrayLike) -> Numbers:
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
    p, size = _rates(percent, n)
    z2 = Z_95**2
    center = (p + z2 / (2 * size)) / (1 + z2 / size)
    half = Z_95 / (1 + z2 / size) * np.sqrt(p * (1 - p) / size + z2 / (4 * size**2))
    bounds: Numbers = 100 * np.clip(np.column_stack([center - half, center + half]), 0, 1)
    return bounds


def events(percent: ArrayLike, n: ArrayLike) -> Numbers:
    """Return the whole number of patients nearest to a rate in percent; half a patient goes to the even number.

    Of an actuarial rate it is the count that would give it had nobody been censored. Arguments and errors are those
    of :func:`wilson`.
    """
    p, size = _rates(percent, n)
    counts: Numbers = np.rint(p * size)
    return counts


def _rates(percent: ArrayLike, n: ArrayLike) -> tuple[Numbers, Numbers]:
    p, size = np.broadcast_arrays(np.asarray(percent, float) / 100, np.asarray(n, float))
    _refuse("percent", percent, ~((p >= 0) & (p <= 1)), "a rate from 0 to 100 percent")
    _refuse("n", n, ~((size >= 1) & np.isfinite(size)), "a number of patients of 1 or more")
    return p, size


def _refuse(name: str, given: Any, wrong: NDArray[np.bool_], expected: str) -> None:
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
        PLO: events and patients. :func:`events` makes counts of rates in percent.
    ai, n1i, ci, n2i : array_like of shape (k,)
        RR, OR, RD: events and patients of the first arm, then of the second.

    Returns
    -------
    DataFrame
        yi, vi, measure; one row per study, with the index of what was given. 1/2 is added to every cell of a study
        with an empty one, and to no other (``add=1/2, to="only0"``).

    Raises
    ------
    ValueError
        When the measure is not known, its counts are not given or differ in length or index, or a count is missing,
        negative or larger than its number of patients.

    References
    ----------
    Viechtbauer W. J Stat Softw 2010;36(3):1-48.
    """
    import pandas as pd

    given = {"xi": xi, "ni": ni, "ai": ai, "n1i": n1i, "ci": ci, "n2i": n2i}
    counts = _counts(measure, {name: values for name, values in given.items() if values is not None})
    indexes = [values.index for values in given.values() if isinstance(values, pd.Series)]
    if any(not index.equals(indexes[0]) for index in indexes):
        raise ValueError(f"{measure}: given series with different indexes, expected one; take them from one table")
    yi, vi = _effects(measure, counts)
    return pd.DataFrame({"yi": yi, "vi": vi, "measure": measure}, index=indexes[0] if indexes else None)


def _counts(measure: str, given: dict[str, Any]) -> list[Numbers]:
    if measure not in _COUNTS:
        raise ValueError(f"measure: given {measure!r}, expected one of {', '.join(_COUNTS)}")
    names = _COUNTS[measure]
    if set(given) != set(names):
        raise ValueError(
            f"{measure}: given {', '.join(given) or 'no counts'}; expected {', '.join(names)} and no other"
        )
    counts = [_numbers(name, given[name]) for name in names]
    if len({values.size for values in counts}) > 1:
        sizes = ", ".join(f"{values.size} {name}" for name, values in zip(names, counts, strict=True))
        raise ValueError(f"{measure}: given {sizes}; expected one of each per study")
    for x, n, x_name, n_name in zip(counts[::2], counts[1::2], names[::2], names[1::2], strict=True):
        _refuse(n_name, n, ~((n >= 1) & np.isfinite(n)), "a number of patients of 1 or more; leave out a study without")
        _refuse(x_name, x, ~((x >= 0) & (x <= n)), f"a number of events from 0 to {n_name}; leave out a study without")
    return counts


def _numbers(name: str, values: Any) -> Numbers:
    import pandas as pd

    try:
        series = values if isinstance(values, pd.Series) else pd.Series(values)
        return series.to_numpy(float, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: given {values!r}, expected one number per study") from error


def _effects(measure: str, counts: Sequence[Numbers]) -> tuple[Numbers, Numbers]:
    arms = zip(counts[::2], counts[1::2], strict=True)
    cells = np.array([cell for events, patients in arms for cell in (events, patients - events)])
    cells += 0.5 * (cells == 0).any(axis=0)
    if measure == "PLO":
        a, b = cells
        return np.log(a / b), 1 / a + 1 / b
    a, b, c, d = cells
    n1, n2 = a + b, c + d
    if measure == "OR":
        return np.log(a / b) - np.log(c / d), 1 / a + 1 / b + 1 / c + 1 / d
    if measure == "RR":
        return np.log(a / n1) - np.log(c / n2), 1 / a - 1 / n1 + 1 / c - 1 / n2
    return a / n1 - c / n2, a * b / n1**3 + c * d / n2**3


def natural(measure: str, values: ArrayLike) -> Numbers:
    """Return values on a measure's own scale as proportions from 0 to 1 (PLO), ratios (RR, OR) or as they are.

    Raises
    ------
    ValueError
        When the measure is not known.
    """
    if measure not in _SCALES:
        raise ValueError(f"measure: given {measure!r}, expected one of {', '.join(_SCALES)}")
    x = np.asarray(values, float)
    with np.errstate(over="ignore"):  # a ratio past the largest number is infinite
        scaled: Numbers = (1 + np.tanh(x / 2)) / 2 if measure == "PLO" else np.exp(x) if measure in ("RR", "OR") else x
    return scaled


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
        return (
            f"{_SCALES[self.measure]} {value}{unit} (95 % confidence interval {ends[0]} to {ends[1]}, "
            f"95 % prediction interval {ends[2]} to {ends[3]})"
        )


@dataclass(frozen=True)
class Pooled:
    """A random-effects fit, on the scale of its measure.

    Attributes
    ----------
    estimate, se, ci_lb, ci_ub : float
        Pooled effect (log odds for PLO, log ratio for RR and OR), its standard error and 95 % confidence interval.
    pi_lb, pi_ub : float
        95 % prediction interval: where the true effect of a further study like these is expected.
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

    def __str__(self) -> str:
        return "\n".join(f"{name}: {words}" for name, words in self._lines().items())

    def _repr_html_(self) -> str:
        rows = "".join(f"<tr><th>{name}</th><td>{words}</td></tr>" for name, words in self._lines().items())
        return f"<table>{rows}</table>"

    def _lines(self) -> dict[str, str]:
        p = "p < 0.001" if self.qep < 0.001 else f"p = {self.qep:.3f}"
        lines = {
            "Pooled": str(self.transformed()),
            "Heterogeneity": f"tau2 {self.tau2:.4g}, I2 {self.i2:.0f} %, Q {self.qe:.2f} ({p})",
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
    return _fit(*_checked(effects, method, test), method, test)


def _checked(effects: pd.DataFrame, method: str, test: str, least: int = 2) -> tuple[Numbers, Numbers, str]:
    for name, given, known in (("method", method, tuple(_TAU2)), ("test", test, ("knha", "z"))):
        if given not in known:
            raise ValueError(f"{name}: given {given!r}, expected one of {', '.join(known)}")
    if not {"yi", "vi"} <= set(effects):
        raise ValueError(f"effects: given columns {', '.join(map(str, effects))}; expected yi and vi, see effect_sizes")
    yi, vi = _numbers("yi", effects["yi"]), _numbers("vi", effects["vi"])
    if yi.size < least:
        raise ValueError(f"effects: given {yi.size} studies, expected {least} or more; quote each study as it stands")
    _refuse("yi", yi, ~np.isfinite(yi), "a number; leave out a study without an effect")
    _refuse("vi", vi, ~(np.isfinite(vi) & (vi > 0)), "a variance above 0; leave out a study without one")
    measures = effects["measure"].unique().tolist() if "measure" in effects else ["GEN"]
    if len(measures) > 1 or measures[0] not in _SCALES:
        raise ValueError(
            f"measure: given {', '.join(map(str, measures))}; expected one of {', '.join(_SCALES)}, pool each apart"
        )
    return yi, vi, measures[0]


def _fit(yi: Numbers, vi: Numbers, measure: str, method: str, test: str) -> Pooled:
    from scipy.special import chdtrc, stdtrit

    k, y = yi.size, yi - yi.mean()
    tau2 = _TAU2[method](y, vi)
    w = 1 / (vi + tau2)
    estimate = w @ yi / w.sum()
    se_z = se = 1 / np.sqrt(w.sum())
    crit = Z_95
    if test == "knha":
        se, crit = se_z * np.sqrt(w @ (yi - estimate) ** 2 / (k - 1)), stdtrit(k - 1, 0.975)
    half, reach = crit * se, crit * np.sqrt(se**2 + tau2)
    fixed = _projection(1 / vi)
    qe, typical = max(0.0, y @ fixed @ y), (k - 1) / np.trace(fixed)
    found = [estimate, se, estimate - half, estimate + half, estimate - reach, estimate + reach, tau2]
    found += [100 * tau2 / (tau2 + typical), 1 + tau2 / typical, qe, chdtrc(k - 1, qe)]
    numbers: dict[str, Any] = {name: float(value) for name, value in zip(_NUMBERS, found, strict=True)}
    weights = tuple((100 * w / w.sum()).tolist())
    caution = _caution(k, narrow=bool(half < Z_95 * se_z))
    return Pooled(**numbers, k=k, method=method, test=test, measure=measure, weights=weights, caution=caution)


def _caution(k: int, *, narrow: bool) -> str:
    few = f"Only {k} studies: with fewer than {FEW}, tau2 and both intervals are unsettled." if k < FEW else ""
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


def leave_one_out(effects: pd.DataFrame, method: Method = "REML", test: Test = "knha") -> pd.DataFrame:
    """Pool again without each study in turn; arguments and errors as of :func:`pool`, with three studies or more.

    Returns
    -------
    DataFrame
        One row per study left out, with the index of `effects`: estimate, se, ci_lb, ci_ub, pi_lb, pi_ub, tau2, i2,
        h2, qe, qep, k, caution, on the scale of the measure (:func:`natural` takes them back).
    """
    yi, vi, measure = _checked(effects, method, test, least=3)
    kept = ~np.eye(yi.size, dtype=bool)
    return _table((_fit(yi[rest], vi[rest], measure, method, test) for rest in kept), effects.index)


def cumulative(
    effects: pd.DataFrame, order: ArrayLike | None = None, method: Method = "REML", test: Test = "knha"
) -> pd.DataFrame:
    """Pool the first two studies, the first three, and so on; arguments and errors are those of :func:`pool`.

    Parameters
    ----------
    order : array_like of shape (k,), optional
        Numbers to sort by first, such as years; equal ones stay in the order given.

    Returns
    -------
    DataFrame
        One row per study from the second on, the columns of :func:`leave_one_out`.
    """
    if order is not None:
        keys = _numbers("order", order)
        if keys.size != len(effects) or np.isnan(keys).any():
            raise ValueError(f"order: given {keys.tolist()}, expected a number for each of {len(effects)} studies")
        effects = effects.iloc[np.argsort(keys, kind="stable")]
    yi, vi, measure = _checked(effects, method, test)
    fits = (_fit(yi[:k], vi[:k], measure, method, test) for k in range(2, yi.size + 1))
    return _table(fits, effects.index[1:])


def by_group(
    effects: pd.DataFrame, groups: Sequence[Any] | pd.Series[Any], method: Method = "REML", test: Test = "knha"
) -> pd.DataFrame:
    """Pool each group by itself, with its own tau2; arguments and errors are those of :func:`pool`.

    Parameters
    ----------
    groups : sequence of length k
        The group of each study, such as its therapy.

    Returns
    -------
    DataFrame
        One row per group in order of appearance, the columns of :func:`leave_one_out`. A group of one study has no
        numbers; its caution says why.
    """
    names = list(groups)
    if len(names) != len(effects):
        raise ValueError(f"groups: given {len(names)}, expected one for each of {len(effects)} studies")
    members = {name: effects[[other == name for other in names]] for name in dict.fromkeys(names)}
    fits = [pool(rows, method, test) if len(rows) > 1 else None for rows in members.values()]
    return _table(fits, list(members))


def _table(fits: Iterable[Pooled | None], index: Any) -> pd.DataFrame:
    import pandas as pd

    single = {"k": 1, "caution": "A single study is quoted, not pooled."}
    rows = [asdict(fit) if fit else single for fit in fits]
    return pd.DataFrame(rows, index=index, columns=[*_NUMBERS, "k", "caution"])


def why_not_pooled(outcomes: pd.DataFrame) -> pd.Series[str]:
    """Return why outcomes cannot be pooled together, for each row.

    Parameters
    ----------
    outcomes : DataFrame
        Rows of the outcome tables: outcome_id, n, endpoint, statistic, horizon_months, value (percent), cohort (""
        when no other row has these patients), poolable, why_not_poolable.

    Returns
    -------
    Series of str
        The reason, by outcome_id; "" where there is none. The commonest endpoint and horizon set the rule.
    """
    rows = outcomes.set_index("outcome_id")
    marked = rows["why_not_poolable"].fillna("").replace("", "marked as not poolable")
    reasons = marked.where(~rows["poolable"].astype(bool), "")

    def exclude(wrong: Any, reason: Any) -> None:
        nonlocal reasons
        reasons = reasons.mask(reasons.eq("") & wrong, reason)

    exclude(rows.index.duplicated(), "given more than once")
    exclude(rows["statistic"].ne("rate"), "a " + rows["statistic"] + " without a variance")
    exclude(rows[["n", "value", "horizon_months"]].isna().any(axis=1), "no sample size, figure or horizon")
    for word, values in (("endpoint", rows["endpoint"]), ("horizon", rows["horizon_months"].map("{:g} months".format))):
        for rule in values[reasons.eq("")].mode()[:1]:
            exclude(values.ne(rule), f"another {word} than {rule}")
    cohort = rows["cohort"].fillna("").where(reasons.eq(""), "")
    exclude(cohort.ne("") & cohort.duplicated(keep=False), "patients of " + cohort + " are in more than one row")
    return reasons


def outcome_effects(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return the log odds of rates that may be pooled together.

    Parameters
    ----------
    outcomes : DataFrame
        As for :func:`why_not_pooled`.

    Returns
    -------
    DataFrame
        yi, vi, measure ("PLO"), xi (:func:`events`), ni; one row per outcome, indexed by outcome_id.

    Raises
    ------
    ValueError
        When there are fewer than two rows, or :func:`why_not_pooled` finds a reason.
    """
    import pandas as pd

    if len(outcomes) < 2:
        raise ValueError(f"outcomes: given {len(outcomes)} rows, expected 2 or more; quote a single study as it stands")
    reasons = why_not_pooled(outcomes)
    if reasons.any():
        found = "; ".join(f"{row}: {reason}" for row, reason in reasons[reasons.ne("")].items())
        raise ValueError(f"outcomes: given rows that cannot be pooled together, leave them out ({found})")
    rows = outcomes.set_index("outcome_id")
    xi = pd.Series(events(rows["value"], rows["n"]), index=rows.index)
    return effect_sizes("PLO", xi=xi, ni=rows["n"]).assign(xi=xi, ni=rows["n"])


def pool_outcomes(outcomes: pd.DataFrame, method: Method = "REML", test: Test = "knha") -> Pooled:
    """Pool rates of one endpoint at one horizon, one row per cohort; refuses what :func:`outcome_effects` refuses."""
    pooled = pool(outcome_effects(outcomes), method, test)
    therapies = list(dict.fromkeys(outcomes["therapy"]))
    mixed = f"Therapies pooled into one estimate: {', '.join(therapies)}." if len(therapies) > 1 else ""
    return replace(pooled, caution=" ".join(filter(None, (pooled.caution, mixed))))
