"""Synthesis: the series of each therapy pooled, and two arms of one study compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from netdash import evidence, outcome_rows
from netdash.effects import Z_95, effect_sizes, events_from_percent, log_odds, natural, newcombe
from netdash.pooling import Method, Pooled, Test, pool
from netdash.refusals import UnknownName, expected

if TYPE_CHECKING:
    import pandas as pd

Followed = float | str | Sequence[float]
"""Share of the patients who were followed: one for all rows, a column, or one for each row."""

CONFOUNDED = "observational: patients were not randomized, so the difference may have other causes than the treatment"
"""The caution beside every comparison of two arms."""

_NEEDED = (
    *("outcome_id", "therapy", "n", "endpoint", "statistic", "horizon_months", "value", "cohort"),
    "why_not_poolable",
)


def rows_to_pool(outcomes: pd.DataFrame, endpoint: str, horizon_months: float) -> pd.DataFrame:
    """Return the rows of one endpoint at one horizon that may be pooled, in the order of the pictures."""
    outcome_rows.check_outcomes(outcomes, *_NEEDED)
    return _rows_to_pool(outcomes, endpoint, horizon_months)


def _rows_to_pool(outcomes: pd.DataFrame, endpoint: str, horizon_months: float) -> pd.DataFrame:
    wanted = (
        outcomes["poolable"].astype(bool)
        & (outcomes["endpoint"] == endpoint)
        & (outcomes["statistic"] == "rate")
        & (outcomes["horizon_months"] == horizon_months)
    )
    return outcome_rows.in_order(outcomes[wanted])


def pool_by_therapy(
    outcomes: pd.DataFrame,
    endpoint: str = "overall_survival",
    horizon_months: float = 60,
    *,
    method: Method = "REML",
    test: Test = "knha",
    followed: Followed = 1.0,
) -> dict[str, Pooled]:
    """Pool the series of each therapy at one endpoint and horizon.

    Parameters
    ----------
    outcomes : DataFrame
        Rows of ``nd.outcomes()``.
    endpoint, horizon_months
        What is pooled; nothing else enters.
    method, test
        As for ``nd.pool``.
    followed
        As for ``nd.outcome_effects``.

    Returns
    -------
    dict of str to Pooled
        By therapy, in fixed order; on the log-odds scale (PLO). A therapy with a single series is not in it: one
        series is quoted, not pooled.

    Raises
    ------
    ValueError
        When no row has that endpoint, the horizon is no number, two rows of one therapy hold the same patients, or a
        rate is 0 or 100 %.

    Examples
    --------
    >>> import netdash as nd
    >>> pools = nd.pool_by_therapy(nd.outcomes())
    >>> list(pools)[:2], pools["resection"].k
    (['resection', 'transplantation'], 12)
    """
    outcome_rows.check_outcomes(outcomes, *_NEEDED, endpoint=endpoint)
    outcome_rows.check_months(horizon_months)
    outcomes = outcomes.assign(followed=outcome_rows.shares_followed(outcomes, followed))
    groups = _rows_to_pool(outcomes, endpoint, horizon_months).groupby("therapy", sort=False)
    pools = {str(name): pool(_effects(found, "followed"), method, test) for name, found in groups if len(found) > 1}
    return Pools(pools)


class Pools(dict[str, Pooled]):
    """Pools by therapy. A therapy without one is refused in words."""

    def __missing__(self, therapy: object) -> Pooled:
        why = "fewer than two of its series may be pooled, or it is no therapy"
        raise UnknownName(f"there is no pool of {therapy!r}: {why}{expected(therapy, list(self))}")


def contrasts(outcomes: pd.DataFrame, measure: str = "RR") -> pd.DataFrame:
    """Compare two arms of one study by their rates of one endpoint at one horizon.

    Parameters
    ----------
    outcomes : DataFrame
        Rows of ``nd.outcomes()``.
    measure : {"RR", "OR", "RD"}
        Risk ratio, odds ratio, or difference in proportions, of the treated arm against the other. The event is the
        one counted by the rate, such as being alive.

    Returns
    -------
    DataFrame
        study_id, label, treated, control (therapies), endpoint, horizon_months, value, value_control (percent), ai,
        n1i, ci, n2i (percent times n, not rounded), yi, vi, estimate, ci_lb, ci_ub (95 %, on the natural scale;
        Newcombe's for RD), measure, caution, discrepancies, left_out. Where ``left_out`` holds a reason, no count and
        no estimate is given.

    Raises
    ------
    ValueError
        When the measure is none of the three.

    Notes
    -----
    Resection is compared with any other treatment, and every treatment with the comparators of ``nd.therapies()``.
    Both arms are in one row of a table of the review, or are a center's own.

    Examples
    --------
    >>> import netdash as nd
    >>> table = nd.contrasts(nd.outcomes(), "RR")
    >>> table.loc[table["left_out"] == "", ["label", "treated", "control", "estimate"]].round(2).head(2)
            label    treated       control  estimate
    0   Chen 1998  resection  no_resection      2.52
    6  Ahmed 2009  resection  no_resection      1.50
    """
    if measure not in ("RR", "OR", "RD"):
        raise ValueError(f"measure: given {measure!r}, expected one of RR, OR, RD")
    outcome_rows.check_outcomes(outcomes, *_NEEDED, "study_id", "author", "year", "table", "locator", "discrepancies")
    pairs = _pairs(outcomes)
    columns = {"treated": "therapy", "control": "therapy_control"}
    for name in ("endpoint", "horizon_months", "value", "value_control", "discrepancies", "left_out"):
        columns[name] = name
    table = pairs[["study_id"]].assign(
        label=pairs["author"] + (" " + pairs["year"].astype(str)).where(pairs["year"].notna(), ""),
        **{name: pairs[column] for name, column in columns.items()},
        measure=measure,
        caution=CONFOUNDED,
    )
    computed = pairs[pairs["left_out"].eq("")]
    counts = computed[[]].assign(
        ai=events_from_percent(computed["value"], computed["n"]),
        n1i=computed["n"].astype(float),
        ci=events_from_percent(computed["value_control"], computed["n_control"]),
        n2i=computed["n_control"].astype(float),
    )
    effects = effect_sizes(measure, ai=counts["ai"], n1i=counts["n1i"], ci=counts["ci"], n2i=counts["n2i"])
    if measure == "RD":
        low, high = newcombe(computed["value"], computed["n"], computed["value_control"], computed["n_control"]).T
        scaled = {"estimate": effects["yi"], "ci_lb": low, "ci_ub": high}
    else:
        half = Z_95 * effects["vi"] ** 0.5
        ends = {"estimate": effects["yi"], "ci_lb": effects["yi"] - half, "ci_ub": effects["yi"] + half}
        scaled = {name: natural(measure, values) for name, values in ends.items()}
    return table.join(counts.assign(yi=effects["yi"], vi=effects["vi"], **scaled))


def _pairs(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return the rates of two arms side by side, those of the second with ``_control``, and why a pair is left out."""
    rows = outcome_rows.in_order(outcomes[outcomes["statistic"] == "rate"])
    rows = rows.assign(**{name: rows[name].astype(object).fillna("") for name in ("discrepancies", "why_not_poolable")})
    known = evidence.therapies().set_index("therapy")
    # A study can have several rows in a table. Only arms of the same row are compared.
    rows = rows.assign(
        row=rows["locator"].where(rows["table"].notna(), ""),
        comparator=rows["therapy"].isin(known.index[known["comparator"]]),
        surgery=rows["therapy"].isin(known.index[known["surgery"]]),
    )
    one = ["study_id", "author", "year", "row", "endpoint", "horizon_months"]
    pairs = rows.merge(rows, on=one, suffixes=("", "_control"))
    against = pairs["comparator_control"] | (pairs["surgery"] & ~pairs["surgery_control"])
    pairs = pairs[~pairs["comparator"] & against].reset_index(drop=True)
    reasons = pairs["why_not_poolable"].mask(pairs["poolable"], pairs["why_not_poolable_control"])
    usable = pairs["poolable"] & pairs["poolable_control"]
    missing = pairs[["value", "n", "value_control", "n_control"]].isna().any(axis=1)
    left_out = reasons.replace("", outcome_rows.MARKED_NOT_POOLABLE).mask(usable, "")
    touched = [
        "; ".join(dict.fromkeys(filter(None, f"{treated}; {control}".split("; "))))
        for treated, control in zip(pairs["discrepancies"], pairs["discrepancies_control"], strict=True)
    ]
    return pairs.assign(
        left_out=left_out.mask(usable & missing, "no percent or no number of patients"), discrepancies=touched
    )


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
    outcome_rows.check_outcomes(outcomes, *_NEEDED)
    return _why_not_pooled(outcomes)


def _why_not_pooled(outcomes: pd.DataFrame) -> pd.Series[str]:
    import pandas as pd

    # Plain rows: the same in expressions of pandas takes twenty times as long, and a forest waits for it.
    rows = outcome_rows.records(outcomes, [name for name in (*_NEEDED, "poolable", "unit") if name in outcomes])
    names = [row["outcome_id"] for row in rows]
    reasons = [_why_not_alone(row) for row in rows]
    for place, name in enumerate(names):
        if not reasons[place] and name in names[:place]:
            reasons[place] = "given more than once"
    for word, column, text in (("endpoint", "endpoint", _text), ("horizon", "horizon_months", _months)):
        values = [text(row[column]) for row in rows]
        counted = Counter(value for value, reason in zip(values, reasons, strict=True) if not reason)
        # Rows with the commonest value are kept; of several commonest values, those with the least.
        rule = min(counted, key=lambda value: (-counted[value], value), default="")
        for place, value in enumerate(values):
            reasons[place] = reasons[place] or (f"another {word} than {rule}" if value != rule else "")
    cohorts = ["" if reason else _text(row["cohort"]).strip() for row, reason in zip(rows, reasons, strict=True)]
    times = Counter(cohort.casefold() for cohort in cohorts if cohort)
    for place, cohort in enumerate(cohorts):
        if times[cohort.casefold()] > 1:
            reasons[place] = f"patients of {cohort} are in more than one row"
    return pd.Series(reasons, index=pd.Index(names, name="outcome_id"), dtype=outcomes["outcome_id"].dtype)


def _why_not_alone(row: Mapping[str, Any]) -> str:
    """Return why a row can be in no pool; empty where nothing in the row itself speaks against it."""
    if not row["poolable"]:
        return _text(row["why_not_poolable"]) or outcome_rows.MARKED_NOT_POOLABLE
    endpoint, statistic = _text(row["endpoint"]), _text(row["statistic"])
    if not endpoint or not statistic:
        return "neither endpoint nor statistic may be missing"
    if statistic != "rate":
        return f"a {statistic} without a variance"
    if "unit" in row and _text(row["unit"]) != "percent":
        return f"in {_text(row['unit']) or 'no unit'}, not in percent"
    missing = any(outcome_rows.number(row[name]) is None for name in ("n", "value", "horizon_months"))
    return "no sample size, figure or horizon" if missing else ""


def _text(cell: Any) -> str:
    return cell if isinstance(cell, str) else ""


def _months(horizon: Any) -> str:
    return f"{horizon:g} months" if outcome_rows.number(horizon) is not None else ""


def outcome_effects(outcomes: pd.DataFrame, followed: Followed = 1.0) -> pd.DataFrame:
    """Return the log odds of rates that may be pooled together.

    Parameters
    ----------
    outcomes : DataFrame
        As for :func:`why_not_pooled`.
    followed : float, str or sequence of float
        Share of the patients who were followed to the horizon: one for all rows, a column of `outcomes`, or one for
        each row. Effects stay as they are; variances are divided by it.

    Returns
    -------
    DataFrame
        yi, vi, measure ("PLO"), xi (percent times n, not rounded), ni, label (author and year, where `outcomes` has
        both); one row per outcome, indexed by outcome_id.

    Raises
    ------
    ValueError
        When there are fewer than two rows, :func:`why_not_pooled` finds a reason, a rate is 0 or 100 % (log odds would
        need an added half), or a share is not above 0 and at most 1.

    Examples
    --------
    >>> import netdash as nd
    >>> table = nd.outcomes(therapy="transplantation")
    >>> rows = table[table["poolable"] & table["horizon_months"].eq(60) & table["endpoint"].eq("overall_survival")]
    >>> list(nd.outcome_effects(rows))
    ['yi', 'vi', 'measure', 'xi', 'ni', 'label']
    """
    outcome_rows.check_outcomes(outcomes, *_NEEDED)
    return _effects(outcomes, followed)


def _effects(outcomes: pd.DataFrame, followed: Followed) -> pd.DataFrame:
    import pandas as pd

    if len(outcomes) < 2:
        given = "1 row" if len(outcomes) else "no rows"
        raise ValueError(f"outcomes: given {given}, expected 2 or more; quote a single study as it stands")
    reasons = _why_not_pooled(outcomes)
    if reasons.any():
        found = "; ".join(f"{row}: {reason}" for row, reason in reasons[reasons.ne("")].items())
        raise ValueError(f"outcomes: given rows that cannot be pooled together, leave them out ({found})")
    value, n = outcomes["value"].to_numpy(float), outcomes["n"].to_numpy(float)
    ends = outcomes.loc[(value == 0) | (value == 100), "outcome_id"].tolist()
    if ends:
        raise ValueError(
            f"outcomes: given rates of 0 or 100 % ({', '.join(ends)}), whose log odds would be those of an added half "
            "and whose weight would hardly depend on n; leave them out, or fit a binomial-normal model (metafor's "
            "rma.glmm)"
        )
    yi, vi = log_odds(value, n, outcome_rows.shares_followed(outcomes, followed))
    index = pd.Index(outcomes["outcome_id"])
    xi, ni = events_from_percent(value, n), outcomes["n"].to_numpy()
    effects = pd.DataFrame({"yi": yi, "vi": vi, "measure": "PLO", "xi": xi, "ni": ni}, index=index)
    if not {"author", "year"} <= set(outcomes):
        return effects
    names = outcome_rows.records(outcomes, [name for name in ("author", "year", "local") if name in outcomes])
    return effects.assign(label=[outcome_rows.label(row) for row in names])


def pool_outcomes(
    outcomes: pd.DataFrame, method: Method = "REML", test: Test = "knha", followed: Followed = 1.0
) -> Pooled:
    """Pool rates of one endpoint at one horizon, one row per cohort.

    Parameters
    ----------
    outcomes, followed
        As for :func:`outcome_effects`.
    method, test
        As for :func:`pool`.

    Returns
    -------
    Pooled
        On the log-odds scale (PLO). When rows of several therapies are pooled, the caution names these.

    Raises
    ------
    ValueError
        As :func:`outcome_effects` and :func:`pool`.

    Examples
    --------
    >>> import netdash as nd
    >>> table = nd.outcomes(therapy="resection")
    >>> rows = table[table["poolable"] & table["horizon_months"].eq(60) & table["endpoint"].eq("overall_survival")]
    >>> print(nd.pool_outcomes(rows).transformed())
    proportion 74.0 % (95 % confidence interval 68.9 to 78.6, 95 % prediction interval 60.5 to 84.1)
    """
    pooled = pool(outcome_effects(outcomes, followed), method, test)
    therapies = list(dict.fromkeys(outcomes["therapy"]))
    mixed = f"Therapies pooled into one estimate: {', '.join(therapies)}." if len(therapies) > 1 else ""
    return replace(pooled, caution=" ".join(filter(None, (pooled.caution, mixed))))
