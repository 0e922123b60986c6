"""Synthesis: the series of each therapy pooled, and two arms of one study compared."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from netdash import evidence, outcome_rows
from netdash.effects import Z_95, effect_sizes, events_from_percent, natural
from netdash.pooling import Method, Pooled, Test, pool

if TYPE_CHECKING:
    import pandas as pd

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

    Returns
    -------
    dict of str to Pooled
        By therapy, in fixed order; on the log-odds scale (PLO). A therapy with a single series is not in it: one
        series is quoted, not pooled.

    Raises
    ------
    ValueError
        When no row has that endpoint, the horizon is no number, or two rows of one therapy hold the same patients.
    """
    outcome_rows.check_outcomes(outcomes, *_NEEDED, endpoint=endpoint)
    outcome_rows.check_months(horizon_months)
    groups = _rows_to_pool(outcomes, endpoint, horizon_months).groupby("therapy", sort=False)
    return {str(name): pool(_effects(found), method, test) for name, found in groups if len(found) > 1}


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
        n1i, ci, n2i (whole events made of percent and n), yi, vi, estimate, ci_lb, ci_ub (95 %, on the natural scale),
        measure, caution, discrepancies, left_out. Where ``left_out`` holds a reason, no count and no estimate is given.

    Raises
    ------
    ValueError
        When the measure is none of the three.

    Notes
    -----
    Resection is compared with any other treatment, and every treatment with the comparators of ``nd.therapies()``.
    Both arms are in one row of a table of the review, or are a center's own.
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
    rows = outcomes.set_index("outcome_id")
    marked = rows["why_not_poolable"].astype(object).fillna("").replace("", outcome_rows.MARKED_NOT_POOLABLE)
    reasons = marked.where(~rows["poolable"].astype(bool), "")

    def exclude(wrong: Any, reason: Any) -> None:
        nonlocal reasons
        reasons = reasons.mask(reasons.eq("") & wrong, reason)

    exclude(rows.index.duplicated(), "given more than once")
    exclude(rows[["endpoint", "statistic"]].isna().any(axis=1), "neither endpoint nor statistic may be missing")
    exclude(rows["statistic"].ne("rate"), "a " + rows["statistic"].fillna("") + " without a variance")
    if "unit" in rows:
        exclude(rows["unit"].ne("percent"), "in " + rows["unit"].fillna("no unit") + ", not in percent")
    exclude(rows[["n", "value", "horizon_months"]].isna().any(axis=1), "no sample size, figure or horizon")
    for word, values in (("endpoint", rows["endpoint"]), ("horizon", rows["horizon_months"].map("{:g} months".format))):
        for rule in values[reasons.eq("")].mode()[:1]:
            exclude(values.ne(rule), f"another {word} than {rule}")
    cohort = rows["cohort"].astype(object).fillna("").astype(str).str.strip().where(reasons.eq(""), "")
    again = cohort.str.casefold().duplicated(keep=False)
    exclude(cohort.ne("") & again, "patients of " + cohort + " are in more than one row")
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
        yi, vi, measure ("PLO"), xi (:func:`events_from_percent`), ni; one row per outcome, indexed by outcome_id.

    Raises
    ------
    ValueError
        When there are fewer than two rows, or :func:`why_not_pooled` finds a reason.
    """
    outcome_rows.check_outcomes(outcomes, *_NEEDED)
    return _effects(outcomes)


def _effects(outcomes: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    if len(outcomes) < 2:
        given = "1 row" if len(outcomes) else "no rows"
        raise ValueError(f"outcomes: given {given}, expected 2 or more; quote a single study as it stands")
    reasons = _why_not_pooled(outcomes)
    if reasons.any():
        found = "; ".join(f"{row}: {reason}" for row, reason in reasons[reasons.ne("")].items())
        raise ValueError(f"outcomes: given rows that cannot be pooled together, leave them out ({found})")
    rows = outcomes.set_index("outcome_id")
    xi = pd.Series(events_from_percent(rows["value"], rows["n"]), index=rows.index)
    return effect_sizes("PLO", xi=xi, ni=rows["n"]).assign(xi=xi, ni=rows["n"])


def pool_outcomes(outcomes: pd.DataFrame, method: Method = "REML", test: Test = "knha") -> Pooled:
    """Pool rates of one endpoint at one horizon, one row per cohort; refuses what :func:`outcome_effects` refuses."""
    pooled = pool(outcome_effects(outcomes), method, test)
    therapies = list(dict.fromkeys(outcomes["therapy"]))
    mixed = f"Therapies pooled into one estimate: {', '.join(therapies)}." if len(therapies) > 1 else ""
    return replace(pooled, caution=" ".join(filter(None, (pooled.caution, mixed))))
