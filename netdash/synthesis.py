"""Synthesis: the series of each therapy pooled, and two arms of one study compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdash import evidence
from netdash.pooling import Method, Pooled, Test, effect_sizes, events, natural, outcome_effects, pool

if TYPE_CHECKING:
    import pandas as pd

Z_95 = 1.959963984540054
CONFOUNDED = (
    "observational: the arms were chosen, not drawn by lot, so that the difference is not that of the treatment"
)


def rows_to_pool(outcomes: pd.DataFrame, endpoint: str, horizon_months: float) -> pd.DataFrame:
    """Return the rows of one endpoint at one horizon that may be pooled, in the order of the pictures."""
    wanted = (
        outcomes["poolable"].astype(bool)
        & (outcomes["endpoint"] == endpoint)
        & (outcomes["statistic"] == "rate")
        & (outcomes["horizon_months"] == horizon_months)
    )
    return evidence.in_order(outcomes[wanted])


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
        When two rows of one therapy hold the same patients.
    """
    rows = rows_to_pool(outcomes, endpoint, horizon_months)
    groups = rows.groupby("therapy", sort=False)
    return {str(name): pool(outcome_effects(found), method, test) for name, found in groups if len(found) > 1}


def contrasts(outcomes: pd.DataFrame, measure: str = "RR") -> pd.DataFrame:
    """Compare the two arms of the studies that have a treated and a comparison arm with rates at one horizon.

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
        study_id, label, treated, control (therapies), endpoint, horizon_months, ai, n1i, ci, n2i (whole events made of
        percent and n), yi, vi, estimate, ci_lb, ci_ub (95 %, on the natural scale), measure, caution.

    Raises
    ------
    ValueError
        When the measure is none of the three.
    """
    import pandas as pd

    if measure not in ("RR", "OR", "RD"):
        raise ValueError(f"measure: given {measure!r}, expected one of RR, OR, RD")
    comparator = evidence.therapies().set_index("therapy")["comparator"]
    usable = evidence.in_order(outcomes[outcomes["poolable"].astype(bool) & (outcomes["statistic"] == "rate")])
    usable = usable.assign(is_control=usable["therapy"].map(comparator).astype(bool))
    treated, control = usable[~usable["is_control"]], usable[usable["is_control"]]
    on = ["study_id", "endpoint", "horizon_months"]
    pairs = treated.merge(control[[*on, "therapy", "n", "value"]], on=on, suffixes=("", "_control"))
    table = pd.DataFrame(
        {
            "study_id": pairs["study_id"],
            "label": pairs["author"] + " " + pairs["year"].astype(str),
            "treated": pairs["therapy"],
            "control": pairs["therapy_control"],
            "endpoint": pairs["endpoint"],
            "horizon_months": pairs["horizon_months"],
            "ai": events(pairs["value"], pairs["n"]),
            "n1i": pairs["n"].astype(float),
            "ci": events(pairs["value_control"], pairs["n_control"]),
            "n2i": pairs["n_control"].astype(float),
        }
    )
    effects = effect_sizes(measure, ai=table["ai"], n1i=table["n1i"], ci=table["ci"], n2i=table["n2i"])
    half = Z_95 * effects["vi"] ** 0.5
    ends = {"estimate": effects["yi"], "ci_lb": effects["yi"] - half, "ci_ub": effects["yi"] + half}
    scaled = {name: natural(measure, values) for name, values in ends.items()}
    return table.assign(yi=effects["yi"], vi=effects["vi"], **scaled, measure=measure, caution=CONFOUNDED)
