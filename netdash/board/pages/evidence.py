"""The evidence page: pools from which series can be left out, harms beside benefits, and tables to search."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, ClassVar

import ipywidgets
import pandas as pd
import traitlets

from netdash import evidence
from netdash.assessment import Assessment, assess
from netdash.board import views
from netdash.board.making import make
from netdash.board.pages.page import Commands, Drawn, Page, choose, offer_file
from netdash.board.state import READINGS, State, outcomes_shown
from netdash.board.tables import TABLES
from netdash.board.widgets import mark
from netdash.figures.drawing import FigureDict, in_words
from netdash.figures.export import as_csv, titled
from netdash.figures.forest import forest_dict
from netdash.figures.harms import harms_dict
from netdash.figures.intervals import refit_dict
from netdash.figures.later import later_dict
from netdash.figures.medians import medians_dict
from netdash.outcome_tables import (
    ForestTable,
    HarmsTable,
    LaterTable,
    PooledRate,
    RefitTable,
    forest_table,
    harms_table,
    influence_table,
    later_table,
    medians_table,
)
from netdash.pooling import FEWEST_STUDIES
from netdash.sensitivity import leave_one_out
from netdash.synthesis import outcome_effects, pool_by_therapy, rows_to_pool
from netdash.wording import number_of

POOLING, HARMS, HAZARDS = "pooling", "harms", "hazards"
HAZARD_ENDPOINTS = ("progression_free_survival", "overall_survival")
"""The endpoints whose hazard ratios are drawn."""
EVERY_THERAPY = "every therapy"
LEFT_OUT_BY_VISITOR = "left out by you"
FOLLOWED = {"all patients": 1.0, "three in four": 0.75, "half": 0.5, "one in four": 0.25}
"""Shares of patients to try: sources state none."""
INFLUENCE_NEEDS = FEWEST_STUDIES + 1
"""Number of pooled series from which one can be left out: with fewer, the rest would not be pooled."""


class Evidence(Page):
    """Pools with and without some of their series, own series, harms beside benefits, and the tables."""

    name: ClassVar = "evidence"
    title: ClassVar = "Evidence"
    about_the_case: ClassVar = False

    def __init__(self, state: State) -> None:
        super().__init__(state)
        choices = self.choices = state.evidence
        self.traits = [choices]
        shows = {
            "Pooled series": POOLING,
            "Harms beside benefits": HARMS,
            "Hazard ratios": HAZARDS,
            **{table.title: name for name, table in TABLES.items()},
        }
        therapies = {EVERY_THERAPY: ""} | {row.label: row.therapy for row in evidence.therapies().itertuples()}
        self.show = choose(
            choices, "show", list(shows.items()), "Show", "Pools, harms beside benefits, or one of the tables"
        )
        self.therapy = choose(choices, "therapy", list(therapies.items()), "Therapy", "Only series of this therapy")
        self.outcome = choose(state, "outcome", list(outcomes_shown()), "Endpoint", "One endpoint at one time")
        self.reading = choose(state, "reading", READINGS, "Numbers", "What the review prints, or corrected")
        tip = "Only rows that hold each of these words"
        self.words = make(ipywidgets.Text, description="Find", placeholder="words", tooltip=tip)
        traitlets.link((choices, "words"), (self.words, "value"))
        self.followed = choose(
            choices,
            "followed",
            list(FOLLOWED.items()),
            "Followed",
            "As if only this share of each series had been followed: no source states it",
        )
        self.upload = offer_file("Load own series…", "A CSV file; it stays in memory", choices.take)
        self.toolbar = [self.show, self.therapy, self.outcome, self.reading, self.followed, self.words, self.upload]
        self.parts = {"browse-words": self.words}
        choices.observe(self._offer, "show")
        self._offer()

    def _offer(self, _: traitlets.Bunch | None = None) -> None:
        """Show the controls that change what is on the page, and hide the others."""
        show = self.choices.show
        pooling, drawn, table = show == POOLING, show in (POOLING, HARMS), TABLES.get(show)
        wanted = {
            self.therapy: drawn or "therapy" in _columns(show),
            self.outcome: pooling,
            self.followed: pooling,
            self.reading: drawn or (table is not None and "{}" in table.function),
            self.words: table is not None,
            self.upload: pooling,
        }
        for control, offered in wanted.items():
            mark(control, "nd-closed", not offered)

    def commands(self) -> Commands:
        """Return what takes a series out of its pool or puts it back, puts all back, and drops the own series."""
        return {
            "pool:": self._toggle,
            "do:pool-all": lambda _: self.choices.set_trait("toggled", []),
            "do:forget": lambda _: self.choices.take(b""),
        }

    def _toggle(self, outcome: str) -> None:
        if outcome in self._movable():
            self.choices.toggle(outcome)

    def _movable(self) -> set[str]:
        rows = self._rows()
        return set(rows.loc[rows["poolable"] | rows["local"], "outcome_id"])

    def _rows(self) -> pd.DataFrame:
        return _rows(self.state.reading, self.choices.own)

    def _of_therapy(self, rows: pd.DataFrame) -> pd.DataFrame:
        return rows[rows["therapy"] == self.choices.therapy] if self.choices.therapy else rows

    def draw(self, assessment: Assessment) -> Drawn:
        """Return the pools, harms beside benefits, or one of the tables."""
        if self.choices.show in TABLES:
            return self._table()
        if self.choices.show == HAZARDS:
            return self._hazards(assessment)
        return self._harms() if self.choices.show == HARMS else self._pools()

    def _hazards(self, assessment: Assessment) -> Drawn:
        tables = {f"hazards-{place}": table for place, table in enumerate(_hazard_tables(assessment))}
        html = views.render(
            "evidence_hazards",
            tables=tables,
            caption=LaterTable.caption,
            python=self.python(),
        )
        figures = {name: later_dict(table) for name, table in tables.items()}
        return Drawn({"evidence": html}, figures, says=" ".join(table.sentence for table in tables.values()))

    def _table(self) -> Drawn:
        choices, table = self.choices, TABLES[self.choices.show]
        rows = table.rows(self.state.reading, choices.therapy, choices.words).to_dict("records")
        html = views.render(
            "evidence_table",
            table=table,
            rows=[(row[table.key], row.get("discrepancies", ""), table.cells(row)) for row in rows],
            carry="discrepancies" in _columns(choices.show),
            all=len(table.rows(self.state.reading)),
            therapy=choices.therapy and "therapy" in _columns(choices.show) and evidence.therapy_name(choices.therapy),
            words=choices.words,
            python=self.python(),
        )
        return Drawn({"evidence": html}, says=f"{table.title}: {number_of(len(rows), 'row')}")

    def _harms(self) -> Drawn:
        therapy, table = self.choices.therapy, self._harms_table()
        nothing = ""
        if table is None:
            nothing = f"{evidence.therapy_name(therapy)} is a comparison arm, no therapy. Choose another above."
        html = views.render(
            "evidence_harms",
            nothing=nothing,
            table=table,
            therapies=table.therapies if table else (),
            left_out=table.left_out if table else (),
            text=table.sentence if table else "",
            caption=table.caption if table else "",
            therapy_name=evidence.therapy_name,
            python=self.python(),
        )
        figures = {"harms": harms_dict(table)} if table else {}
        return Drawn({"evidence": html}, figures, says=nothing or (table.sentence if table else ""))

    def _harms_table(self) -> HarmsTable | None:
        """Return harms beside benefits of the chosen therapy; None for a comparison arm."""
        therapy = self.choices.therapy
        if evidence.is_comparator(therapy):
            return None
        return harms_table(self._rows(), therapy or None, _claims(self.state.reading))

    def _pools(self) -> Drawn:
        statistic, endpoint, horizon = outcomes_shown()[self.state.outcome]
        rows, therapy = self._of_therapy(self._rows()), self.choices.therapy
        if endpoint not in set(rows["endpoint"]):
            who = evidence.therapy_name(therapy) if therapy else EVERY_THERAPY.capitalize()
            return self._drawn({}, nothing=f"{who}: no series has this endpoint, {self.state.reading}.")
        if statistic == "median":
            return self._drawn(
                {"all": medians_dict(medians_table(rows, endpoint=endpoint))},
                refused="Medians are printed without a variance: they are shown beside each other and not pooled.",
            )
        return self._forests(rows, endpoint, horizon)

    def _forests(self, rows: pd.DataFrame, endpoint: str, horizon: float) -> Drawn:
        """Return the forests of all series and of the selected ones; one table serves both where they are the same."""
        followed = self.choices.followed
        everything, refused = _table_and_refusal(rows, endpoint, horizon, followed)
        chosen = everything
        if self.choices.toggled:
            chosen, refused_chosen = _table_and_refusal(
                selected(rows, self.choices.toggled), endpoint, horizon, followed
            )
            refused = refused_chosen or refused
        drawn = _forest(everything)
        figures = {"all": drawn, "selected": drawn if chosen is everything else _forest(chosen)}
        if without := _influence(chosen, followed):
            figures["influence"] = refit_dict(without, what=chosen.title)
        return self._drawn(figures, tables=(everything, chosen), refused=refused)

    def _drawn(
        self,
        figures: Mapping[str, FigureDict],
        *,
        tables: tuple[ForestTable, ForestTable] | None = None,
        nothing: str = "",
        refused: str = "",
    ) -> Drawn:
        choices = self.choices
        says = {name: in_words(figure) for name, figure in figures.items()}
        html = views.render(
            "evidence_pools",
            says=says,
            nothing=nothing,
            refused=refused,
            series=[row for row in tables[1].rows if row.same_axis or row.local] if tables else [],
            movable=self._movable(),
            below=tables[1].caption if tables else "",
            pools=_pools_in_words(*(tables if choices.toggled else tables[:1])) if tables else [],
            weights={name: share for pool in tables[1].pools.values() for name, share in pool.weights.items()}
            if tables
            else {},
            title=tables[1].title if tables else self.state.outcome,
            therapy=choices.therapy,
            own=bool(choices.own),
            toggled=choices.toggled,
            not_taken=choices.refused,
            python=self.python(),
        )
        return Drawn({"evidence": html}, figures, says=nothing or refused or says.get("selected", says.get("all", "")))

    def csv(self) -> tuple[str, bytes]:
        """Return the rows of the table, or the rows of the pools with the reason why a row is left out."""
        choices, state = self.choices, self.state
        if choices.show in TABLES:
            rows = TABLES[choices.show].rows(state.reading, choices.therapy, choices.words)
            return titled(f"{choices.show} {choices.therapy} {state.reading}", "csv"), as_csv(rows)
        if choices.show == HAZARDS:
            own = assess(state.patient)
            found = pd.concat([table.frame() for table in _hazard_tables(own)], ignore_index=True)
            return titled("hazard ratios", "csv"), as_csv(found)
        if choices.show == HARMS:
            table = self._harms_table() or HarmsTable((), (), "")
            return titled(f"harms beside benefits {choices.therapy} {state.reading}", "csv"), as_csv(table.frame())
        rows = self._of_therapy(selected(self._rows(), choices.toggled))
        name = titled(f"{choices.therapy} {state.outcome} {state.reading}", "csv")
        return name, as_csv(views.table_rows(views.outcome_table(rows, state.outcome), rows))

    def python(self) -> str:
        """Return Python that shows the same in a notebook."""
        choices, reading = self.choices, f"reading={self.state.reading!r}"
        if choices.show in TABLES:
            return _python_of_table(TABLES[choices.show].function.format(reading), choices)
        if choices.show == HAZARDS:
            draw = "\n".join(f"nd.hazard_ratios(assessment=assessment, endpoint={name!r})" for name in HAZARD_ENDPOINTS)
            return f"{views.patient_python(self.state.patient)}assessment = nd.assess(patient)\n{draw}\n"
        statistic, endpoint, horizon = outcomes_shown()[self.state.outcome]
        own = ", extra='own_series.csv'" if choices.own else ""
        lines = ["import netdash as nd", "", f"rows = nd.outcomes({reading}{own})"]
        if choices.show == HARMS:
            one = f", therapy={choices.therapy!r}" if choices.therapy else ""
            call = f"nd.harms_beside_benefits(rows{one}, claims=nd.claims({reading}))"
            arm = evidence.is_comparator(choices.therapy)
            return "\n".join([*lines, "rows  # a comparison arm: nothing is drawn" if arm else call, ""])
        if choices.therapy:
            lines.append(f"rows = rows[rows['therapy'] == {choices.therapy!r}]")
        if endpoint not in set(self._of_therapy(self._rows())["endpoint"]):
            return "\n".join([*lines, f"rows[rows['endpoint'] == {endpoint!r}]  # none: nothing is drawn", ""])
        if statistic == "median":
            return "\n".join([*lines, f"nd.medians(rows, endpoint={endpoint!r})", ""])
        at = f"endpoint={endpoint!r}, horizon_months={horizon:g}"
        at += f", followed={choices.followed:g}" * (choices.followed != 1)
        if choices.toggled:
            lines += [
                f"turned = rows['outcome_id'].isin({choices.toggled!r})",
                "rows['poolable'] = rows['poolable'] ^ (turned & (rows['poolable'] | rows['local']))",
                f"rows.loc[turned & ~rows['poolable'], 'why_not_poolable'] = {LEFT_OUT_BY_VISITOR!r}",
            ]
        lines.append(f"pooled = nd.pool_by_therapy(rows, {at})")
        return "\n".join([*lines, f"nd.forest(rows, pooled, {at}, left_out=False, weights=False)", ""])


def _table_and_refusal(rows: pd.DataFrame, endpoint: str, horizon: float, followed: float) -> tuple[ForestTable, str]:
    """Return the table of some series, and why they are not pooled; empty when they are."""
    pooled, refused = {}, ""
    try:
        pooled = pool_by_therapy(rows, endpoint, horizon, followed=followed)
    except (ValueError, RuntimeError) as error:
        refused = f"Not pooled: {error}."
    table = forest_table(rows, pooled, endpoint=endpoint, horizon_months=horizon, followed=followed)
    return table, refused


def _forest(table: ForestTable) -> FigureDict:
    """Return the picture of a table; the weights are in the table of the series, where they leave the axis its room."""
    return forest_dict(table, left_out=False, weights=False)


def _influence(table: ForestTable, followed: float) -> RefitTable | None:
    """Return the fits without each series in turn; None unless enough series of one therapy are pooled."""
    rows = rows_to_pool(table.outcomes, table.endpoint, table.horizon_months)
    if len(table.pools) != 1 or len(rows) < INFLUENCE_NEEDS or rows["therapy"].nunique() != 1:
        return None
    without = leave_one_out(outcome_effects(rows, followed))
    (pool,) = table.pools.values()
    return influence_table(without, pool.fit)


def _pools_in_words(*tables: ForestTable) -> list[tuple[str, list[str]]]:
    """Return the pooled rate of each therapy in each table, such as over all series and over the selected ones."""
    therapies = dict.fromkeys(name for table in tables for name in table.pools)
    return [
        (evidence.therapy_name(name), [_pool_in_words(table.pools.get(name)) for table in tables]) for name in therapies
    ]


def _pool_in_words(pool: PooledRate | None) -> str:
    if pool is None:
        return "not pooled"
    if not pool.is_drawn:
        return pool.side_by_side
    return f"{pool.rate}, {pool.fit.k} series; prediction interval {pool.prediction}"


def _python_of_table(call: str, choices: Any) -> str:
    lines = ["import netdash as nd", "", f"rows = nd.{call}"]
    if choices.therapy and "therapy" in _columns(choices.show):
        lines.append(f"rows = rows[rows['therapy'] == {choices.therapy!r}]")
    if choices.words.split():
        lines += [
            "text = [' '.join(map(str, row)).replace('_', ' ').lower() for row in rows.to_numpy()]",
            f"rows = rows.loc[[all(word in line for word in {choices.words.lower().split()!r}) for line in text]]",
        ]
    return "\n".join([*lines, "rows", ""])


def _columns(show: str) -> list[str]:
    return [str(name) for name in TABLES[show].rows("corrected")] if show in TABLES else []


@functools.lru_cache(maxsize=4)
def _rows(reading: Any, own: bytes) -> pd.DataFrame:
    return evidence.outcomes(reading, extra=own or None)


def _claims(reading: Any) -> pd.DataFrame:
    return evidence.claims(reading)


def _hazard_tables(assessment: Assessment) -> list[LaterTable]:
    rows = evidence.later_outcomes()
    return [later_table(rows, assessment, endpoint=name) for name in HAZARD_ENDPOINTS]


def selected(rows: pd.DataFrame, toggled: list[str]) -> pd.DataFrame:
    """Return rows after the visitor's choice: toggled published series are not poolable, toggled own series are."""
    turned = rows["outcome_id"].isin(toggled) & (rows["poolable"] | rows["local"])
    poolable = rows["poolable"] ^ turned
    why = rows["why_not_poolable"].mask(turned & ~poolable, LEFT_OUT_BY_VISITOR).mask(turned & poolable, "")
    return rows.assign(poolable=poolable, why_not_poolable=why)
