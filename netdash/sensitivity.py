"""How a pooled estimate depends on its studies: leave-one-out, cumulative and subgroup fits, as in metafor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from netdash.effects import numbers
from netdash.pooling import FIT_COLUMNS, MODEL_COLUMNS, Method, Pooled, Test, checked, fit, pool

if TYPE_CHECKING:
    import pandas as pd


def leave_one_out(effects: pd.DataFrame, method: Method = "REML", test: Test = "knha") -> pd.DataFrame:
    """Pool again without each study in turn (metafor's ``leave1out``).

    Parameters
    ----------
    effects, method, test
        As for :func:`pool`; three studies or more.

    Returns
    -------
    DataFrame
        One row per study left out, named by the column label of `effects` (author and year) or by its index:
        estimate, se, ci_lb, ci_ub, pi_lb, pi_ub, tau2, i2, h2, qe, qep, k, caution, widened, measure, method, test, on
        the scale of the measure (:func:`natural` converts them); shift, the estimate minus the estimate of all
        studies; and rstudent, the distance of the study left out from the estimate without it, in standard errors
        (metafor's ``rstudent``).

    Raises
    ------
    ValueError
        As for :func:`pool`, and with fewer than three studies.

    Examples
    --------
    >>> import netdash as nd
    >>> table = nd.outcomes(therapy="resection")
    >>> rows = table[table["poolable"] & table["horizon_months"].eq(60) & table["endpoint"].eq("overall_survival")]
    >>> fits = nd.leave_one_out(nd.outcome_effects(rows))
    >>> fits.shape[0] == len(rows), fits["shift"].idxmax()
    (True, 'Sarmiento 2003')
    """
    yi, vi, measure = checked(effects, method, test, least=3)
    kept = ~np.eye(yi.size, dtype=bool)
    table = _table((fit(yi[rest], vi[rest], measure, method, test) for rest in kept), _names(effects))
    normal = [1 / (1 / (vi[rest] + tau2)).sum() for rest, tau2 in zip(kept, table["tau2"], strict=True)]
    # Like metafor: the factor of Knapp and Hartung's variance is that of the study left out, too.
    spread = (vi + table["tau2"] + normal) * table["se"] ** 2 / normal
    return table.assign(
        shift=table["estimate"] - fit(yi, vi, measure, method, test).estimate,
        rstudent=(yi - table["estimate"]) / spread**0.5,
    )


def _names(effects: pd.DataFrame) -> Any:
    return effects["label"].tolist() if "label" in effects else effects.index


def cumulative(
    effects: pd.DataFrame, order: ArrayLike | None = None, method: Method = "REML", test: Test = "knha"
) -> pd.DataFrame:
    """Pool the first two studies, the first three, and so on (metafor's ``cumul``).

    Parameters
    ----------
    effects, method, test
        As for :func:`pool`.
    order : array_like of shape (k,), optional
        Numbers to sort the studies by, such as years; the sort is stable. A series needs the index of `effects`.

    Returns
    -------
    DataFrame
        One row per study from the second on, named by the study added last; the columns of :func:`leave_one_out`
        without shift and rstudent.

    Raises
    ------
    ValueError
        As for :func:`pool`, and when `order` is not a number for each study.

    Examples
    --------
    >>> import netdash as nd
    >>> counts = {"xi": [12, 30, 41], "ni": [20, 50, 60]}
    >>> effects = nd.effect_sizes("PLO", **counts)
    >>> nd.cumulative(effects, order=[2009, 2001, 2005])["k"].tolist()
    [2, 3]
    """
    _require_same_index("order", order, effects)
    if order is not None:
        keys = numbers("order", order)
        if keys.size != len(effects) or np.isnan(keys).any():
            raise ValueError(f"order: given {keys.tolist()}, expected a number for each of {len(effects)} studies")
        effects = effects.iloc[np.argsort(keys, kind="stable")]
    yi, vi, measure = checked(effects, method, test)
    fits = (fit(yi[:k], vi[:k], measure, method, test) for k in range(2, yi.size + 1))
    return _table(fits, _names(effects)[1:])


def subgroups(
    effects: pd.DataFrame, groups: Sequence[Any] | pd.Series[Any], method: Method = "REML", test: Test = "knha"
) -> pd.DataFrame:
    """Pool each group by itself, with its own tau2 (metafor's ``rma`` with ``subset``).

    Parameters
    ----------
    effects, method, test
        As for :func:`pool`.
    groups : sequence of length k
        The group of each study, such as its therapy. A series needs the index of `effects`.

    Returns
    -------
    DataFrame
        One row per group in order of appearance, the columns of :func:`cumulative`. A group of one study has no
        numbers; its caution says why. There is no test between groups.

    Raises
    ------
    ValueError
        As for :func:`pool`, and when there is not one group for each study.

    Examples
    --------
    >>> import netdash as nd
    >>> counts = {"xi": [12, 30, 41], "ni": [20, 50, 60]}
    >>> effects = nd.effect_sizes("PLO", **counts)
    >>> nd.subgroups(effects, ["surgery", "surgery", "ablation"])["k"].to_dict()
    {'surgery': 2, 'ablation': 1}
    """
    import pandas as pd

    _require_same_index("groups", groups, effects)
    names: list[Any] = (
        list(groups) if pd.api.types.is_list_like(groups) and not isinstance(groups, Mapping) else [groups]
    )
    if len(names) != len(effects) or pd.isna(names).any():
        raise ValueError(f"groups: given {names}, expected one for each of {len(effects)} studies")
    members = {name: effects[[other == name for other in names]] for name in dict.fromkeys(names)}
    fits = [pool(rows, method, test) if len(rows) > 1 else None for rows in members.values()]
    return _table(fits, list(members))


def _require_same_index(name: str, given: Any, effects: pd.DataFrame) -> None:
    """Refuse a series with another index, because its rows would belong to other studies."""
    import pandas as pd

    if isinstance(given, pd.Series) and not given.index.equals(effects.index):
        raise ValueError(
            f"{name}: given a series with another index than the effects, expected the same; take both from one table "
            "or give a list"
        )


def _table(fits: Iterable[Pooled | None], index: Any) -> pd.DataFrame:
    import pandas as pd

    single = {
        "k": 1,
        "caution": "A single study is quoted, not pooled.",
        "widened": False,
        "measure": "",
        "method": "",
        "test": "",
    }
    rows = [asdict(fit) if fit else single for fit in fits]
    return pd.DataFrame(rows, index=index, columns=[*FIT_COLUMNS, "k", "caution", "widened", *MODEL_COLUMNS])
