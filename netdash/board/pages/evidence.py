"""The evidence's page: pools from which series can be left out, and every table of the evidence to be searched."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, ClassVar

import ipywidgets
import pandas as pd
import traitlets

from netdash import evidence, outcome_rows
from netdash.assessment import Assessment
from netdash.board import views
from netdash.board.pages.page import Drawn, Page, choose, offer_file
from netdash.board.state import READINGS, State, outcomes_shown
from netdash.board.tables import TABLES
from netdash.figures.export import as_csv, titled
from netdash.figures.forest import caption, forest, forest_table, side_by_side
from netdash.figures.harms import REPORTED, harms_beside_benefits, harms_table
from netdash.figures.intervals import influence
from netdash.figures.medians import medians
from netdash.pooling import FEWEST_STUDIES, Pooled
from netdash.sensitivity import leave_one_out
from netdash.synthesis import outcome_effects, pool_by_therapy, rows_to_pool

POOLING, HARMS = "pooling", "harms"
EVERY = "every therapy"
MINE = "left out by you"
INFLUENCE_NEEDS = FEWEST_STUDIES + 1
"""So many pooled series it takes to leave one out: with fewer, what is left would not be pooled."""


class Evidence(Page):
    """Pools with and without some of their series, own series beside them, and the tables."""

    name: ClassVar = "evidence"
    title: ClassVar = "Evidence"
    about_the_case: ClassVar = False

    def __init__(self, state: State) -> None:
        super().__init__(state)
        browsing = self.browsing = state.browsing
        self.traits = [browsing]
        shows = {
            "Pooled series": POOLING,
            "Harms beside benefits": HARMS,
            **{table.title: name for name, table in TABLES.items()},
        }
        therapies = {EVERY: ""} | {row.label: row.therapy for row in evidence.therapies().itertuples()}
        self.show = choose(
            browsing, "show", list(shows.items()), "Show", "Pools, harms beside benefits, or one of the tables"
        )
        self.therapy = choose(browsing, "therapy", list(therapies.items()), "Therapy", "Only series of this therapy")
        self.outcome = choose(state, "outcome", list(outcomes_shown()), "Endpoint", "One endpoint at one time")
        self.reading = choose(state, "reading", READINGS, "Reading", "What the review prints, or corrected")
        self.words = ipywidgets.Text(
            description="Find", placeholder="words", tooltip="Only rows that hold each of these words"
        )
        traitlets.link((browsing, "words"), (self.words, "value"))
        self.upload = offer_file("Own series", "A CSV file; it stays in memory", browsing.take)
        self.toolbar = [self.show, self.therapy, self.outcome, self.reading, self.words, self.upload]
        self.parts = {"browse-words": self.words}
        browsing.observe(self._offer, "show")
        self._offer()

    def _offer(self, _: traitlets.Bunch | None = None) -> None:
        """Offer those of the controls that have a say in what is shown."""
        show = self.browsing.show
        pooling, drawn, table = show == POOLING, show in (POOLING, HARMS), TABLES.get(show)
        wanted = {
            self.therapy: drawn or "therapy" in _columns(show),
            self.outcome: pooling,
            self.reading: drawn or (table is not None and "{}" in table.function),
            self.words: table is not None,
            self.upload: pooling,
        }
        for control, offered in wanted.items():
            control.layout.display = None if offered else "none"

    def press(self, word: str, what: str) -> None:
        """Take a series out of its pool or put it back, all of them back, or forget the own ones."""
        if word == "pool" and what in self._movable():
            self.browsing.toggle(what)
        elif (word, what) == ("do", "pool-all"):
            self.browsing.toggled = []
        elif (word, what) == ("do", "forget"):
            self.browsing.take(b"")

    def _movable(self) -> set[str]:
        rows = self._rows()
        return set(rows.loc[rows["poolable"] | rows["local"], "outcome_id"])

    def _rows(self) -> pd.DataFrame:
        return _rows(self.state.reading, self.browsing.own)

    def _of_therapy(self, rows: pd.DataFrame) -> pd.DataFrame:
        return rows[rows["therapy"] == self.browsing.therapy] if self.browsing.therapy else rows

    def draw(self, assessment: Assessment) -> Drawn:
        """Return the pools, harms beside benefits, or one of the tables."""
        if self.browsing.show in TABLES:
            return self._table()
        return self._harms() if self.browsing.show == HARMS else self._pools()

    def _therapy(self) -> str:
        """Return the therapy asked for, where what is shown has one."""
        return self.browsing.therapy if "therapy" in _columns(self.browsing.show) else ""

    def _table(self) -> Drawn:
        browsing, table = self.browsing, TABLES[self.browsing.show]
        rows = table.rows(self.state.reading, browsing.therapy, browsing.words).to_dict("records")
        html = views.render(
            "table",
            table=table,
            rows=[(row[table.key], row.get("discrepancies", ""), table.cells(row)) for row in rows],
            carry="discrepancies" in _columns(browsing.show),
            all=len(table.rows(self.state.reading)),
            therapy=browsing.therapy
            and "therapy" in _columns(browsing.show)
            and evidence.therapy_name(browsing.therapy),
            words=browsing.words,
            source=views.shown_source(self.state),
            python=self.python(),
        )
        return Drawn({"evidence": html}, says=f"{table.title}: {len(rows)} rows")

    def _harms(self) -> Drawn:
        therapy, nothing = self.browsing.therapy, ""
        figures: dict[str, Any] = {}
        meta = {"text": "", "caption": ""}
        rest: list[dict[str, Any]] = []
        if evidence.is_comparator(therapy):
            nothing = f"{evidence.therapy_name(therapy)} is a comparison arm, no therapy. Choose another above."
        else:
            figures["harms"] = harms_beside_benefits.plain(self._rows(), therapy or None, _claims(self.state.reading))
            meta = figures["harms"]["layout"]["meta"]
            table = self._of_therapy(harms_table(self._rows(), claims=_claims(self.state.reading)))
            rest = outcome_rows.records(table[~table["left_out"].isin(["", REPORTED])])
        html = views.render(
            "harms",
            nothing=nothing,
            therapy=therapy,
            left_out=rest,
            therapy_name=evidence.therapy_name,
            source=views.shown_source(self.state),
            python=self.python(),
            **meta,
        )
        return Drawn({"evidence": html}, figures, says=nothing or meta["text"])

    def _pools(self) -> Drawn:
        statistic, endpoint, horizon = outcomes_shown()[self.state.outcome]
        rows, therapy = self._of_therapy(self._rows()), self.browsing.therapy
        if endpoint not in set(rows["endpoint"]):
            who = evidence.therapy_name(therapy) if therapy else EVERY.capitalize()
            return self._drawn({}, nothing=f"{who}: no series has this endpoint, {self.state.reading}.")
        if statistic == "median":
            return self._drawn(
                {"all": medians.plain(rows, endpoint=endpoint)},
                refused="Medians are printed without a variance: they are shown beside each other and not pooled.",
            )
        return self._forests(rows, endpoint, horizon)

    def _forests(self, rows: pd.DataFrame, endpoint: str, horizon: float) -> Drawn:
        chosen = selected(rows, self.browsing.toggled)
        figures: dict[str, Any] = {}
        fits: dict[str, Mapping[str, Pooled]] = {}
        pools: dict[str, Mapping[str, str]] = {}
        refused = ""
        for name, series in (("all", rows), ("selected", chosen)):
            try:
                fits[name] = pool_by_therapy(series, endpoint, horizon)
            except (ValueError, RuntimeError) as error:
                fits[name], refused = {}, f"Not pooled: {error}."
            rates = rows_to_pool(series, endpoint, horizon).groupby("therapy")["value"].agg(list)
            pools[name] = {therapy: _pooled(fit, rates[therapy]) for therapy, fit in fits[name].items()}
            figures[name] = forest.plain(series, fits[name], endpoint=endpoint, horizon_months=horizon, left_out=False)
        table = forest_table(chosen, endpoint=endpoint, horizon_months=horizon)
        pooled = rows_to_pool(chosen, endpoint, horizon)
        if len(fits["selected"]) == 1 and len(pooled) >= INFLUENCE_NEEDS and pooled["therapy"].nunique() == 1:
            names = table.set_index("outcome_id").loc[pooled["outcome_id"], "label"]
            what = str(figures["selected"]["layout"]["title"]["text"])
            without = leave_one_out(outcome_effects(pooled)).set_axis(names, axis="index")
            figures["influence"] = influence.plain(without, *fits["selected"].values(), what=what)
        return self._drawn(figures, pools=pools, table=table, below=caption(table, fits["selected"]), refused=refused)

    def _drawn(
        self,
        figures: Mapping[str, Any],
        *,
        pools: Mapping[str, Mapping[str, str]] | None = None,
        table: pd.DataFrame | None = None,
        below: str = "",
        nothing: str = "",
        refused: str = "",
    ) -> Drawn:
        browsing, pools = self.browsing, pools or {}
        says = {name: dict(figure["layout"]["meta"])["text"] for name, figure in figures.items()}
        series = [] if table is None else table[table["same_axis"] | table["local"]].to_dict("records")
        html = views.render(
            "pools",
            says=says,
            nothing=nothing,
            refused=refused,
            series=series,
            movable=self._movable(),
            below=below,
            pools=[
                (evidence.therapy_name(name), [pools[which].get(name, "not pooled") for which in ("all", "selected")])
                for name in dict.fromkeys([*pools.get("all", {}), *pools.get("selected", {})])
            ],
            therapy=browsing.therapy,
            own=bool(browsing.own),
            toggled=browsing.toggled,
            not_taken=browsing.refused,
            source=views.shown_source(self.state),
            python=self.python(),
        )
        return Drawn({"evidence": html}, figures, says=nothing or refused or says.get("selected", says.get("all", "")))

    def csv(self) -> tuple[str, bytes]:
        """Return the rows of the table, or of the pools with the reason for what is left out."""
        browsing, state = self.browsing, self.state
        if browsing.show in TABLES:
            rows = TABLES[browsing.show].rows(state.reading, browsing.therapy, browsing.words)
            return titled(f"{browsing.show} {browsing.therapy} {state.reading}", "csv"), _csv(rows)
        if browsing.show == HARMS:
            table = self._of_therapy(harms_table(self._rows(), claims=_claims(self.state.reading)))
            return titled(f"harms beside benefits {browsing.therapy} {state.reading}", "csv"), _csv(table)
        rows = self._of_therapy(selected(self._rows(), browsing.toggled))
        table = views.outcome_table(rows, state.outcome)
        name = titled(f"{browsing.therapy} {state.outcome} {state.reading}", "csv")
        return name, _csv(table[table["same_axis"]])

    def python(self) -> str:
        """Return the lines that give the same in a notebook."""
        browsing, reading = self.browsing, f"reading={self.state.reading!r}"
        if browsing.show in TABLES:
            return _python_of_table(TABLES[browsing.show].function.format(reading), browsing)
        statistic, endpoint, horizon = outcomes_shown()[self.state.outcome]
        own = ", extra='own_series.csv'" if browsing.own else ""
        lines = ["import netdash as nd", "", f"rows = nd.outcomes({reading}{own})"]
        if browsing.show == HARMS:
            one = f", therapy={browsing.therapy!r}" if browsing.therapy else ""
            call = f"nd.harms_beside_benefits(rows{one}, claims=nd.claims({reading}))"
            arm = evidence.is_comparator(browsing.therapy)
            return "\n".join([*lines, "rows  # a comparison arm: nothing is drawn" if arm else call, ""])
        if browsing.therapy:
            lines.append(f"rows = rows[rows['therapy'] == {browsing.therapy!r}]")
        if endpoint not in set(self._of_therapy(self._rows())["endpoint"]):
            return "\n".join([*lines, f"rows[rows['endpoint'] == {endpoint!r}]  # none: nothing is drawn", ""])
        if statistic == "median":
            return "\n".join([*lines, f"nd.medians(rows, endpoint={endpoint!r})", ""])
        at = f"endpoint={endpoint!r}, horizon_months={horizon:g}"
        if browsing.toggled:
            lines += [
                f"turned = rows['outcome_id'].isin({browsing.toggled!r})",
                "rows['poolable'] = rows['poolable'] ^ (turned & (rows['poolable'] | rows['local']))",
                f"rows.loc[turned & ~rows['poolable'], 'why_not_poolable'] = {MINE!r}",
            ]
        lines.append(f"pooled = nd.pool_by_therapy(rows, {at})")
        return "\n".join([*lines, f"nd.forest(rows, pooled, {at}, left_out=False)", ""])


def _pooled(fit: Pooled, rates: list[float]) -> str:
    """Return a pooled rate with its intervals in words; of two series their rates."""
    if fit.k < FEWEST_STUDIES:
        return side_by_side(rates)
    on = fit.transformed()
    rate, low, high, least, most = (100 * end for end in (on.estimate, on.ci_lb, on.ci_ub, on.pi_lb, on.pi_ub))
    return (
        f"{rate:.0f} % ({low:.0f} to {high:.0f}), prediction {least:.0f} to {most:.0f} %; k = {fit.k}, "
        f"tau² {fit.tau2:.2f}, I² {fit.i2:.0f} %"
    )


def _python_of_table(call: str, browsing: Any) -> str:
    lines = ["import netdash as nd", "", f"rows = nd.{call}"]
    if browsing.therapy and "therapy" in _columns(browsing.show):
        lines.append(f"rows = rows[rows['therapy'] == {browsing.therapy!r}]")
    if browsing.words.split():
        lines += [
            "text = [' '.join(map(str, row)).replace('_', ' ').lower() for row in rows.to_numpy()]",
            f"rows = rows[[all(word in line for word in {browsing.words.lower().split()!r}) for line in text]]",
        ]
    return "\n".join([*lines, "rows", ""])


def _csv(rows: pd.DataFrame) -> bytes:
    return as_csv(rows)


def _columns(show: str) -> list[str]:
    return [str(name) for name in TABLES[show].rows("corrected")] if show in TABLES else []


@functools.lru_cache(maxsize=4)
def _rows(reading: Any, own: bytes) -> pd.DataFrame:
    return evidence.outcomes(reading, extra=own or None)


def _claims(reading: Any) -> pd.DataFrame:
    return evidence.claims(reading)


def selected(rows: pd.DataFrame, toggled: list[str]) -> pd.DataFrame:
    """Return rows with some of the published ones out of the pools, and some of the own ones in them."""
    turned = rows["outcome_id"].isin(toggled) & (rows["poolable"] | rows["local"])
    poolable = rows["poolable"] ^ turned
    why = rows["why_not_poolable"].mask(turned & ~poolable, MINE).mask(turned & poolable, "")
    return rows.assign(poolable=poolable, why_not_poolable=why)
