"""The page Explore: where criteria are met over two inputs, and how verdicts change along one input."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import pandas as pd

from netdash.assessment import Assessment
from netdash.board import criteria_views, views
from netdash.board.pages.page import Commands, Drawn, Page, choose
from netdash.board.state import State
from netdash.figures.drawing import in_words
from netdash.figures.export import as_csv, titled
from netdash.figures.maps import MOST_LINES, map_dict
from netdash.figures.strips import strip_dict
from netdash.patient import FIELDS, Patient
from netdash.ranges import numbers, ordered, verdict_grid, verdict_span_rows
from netdash.rules import RuleSet


class Explore(Page):
    """A map over two inputs with outlined rule sets, and a what-if along one input."""

    name: ClassVar = "explore"
    title: ClassVar = "Explore"

    def __init__(self, state: State) -> None:
        super().__init__(state)
        exploring = state.explore
        self.traits = [exploring]
        self.toolbar = [
            choose(exploring, "x", _named(numbers()), "Horizontal", "The input along the bottom of the map"),
            choose(exploring, "y", _named(numbers()), "Vertical", "The input along the side of the map"),
            choose(exploring, "along", _named(ordered()), "What if", "The input that is varied"),
        ]

    def draw(self, assessment: Assessment) -> Drawn:
        """Return the map, the what-if, and the list of rule sets to outline."""
        state, exploring = self.state, self.state.explore
        x, y, along = exploring.x, exploring.y, exploring.along
        names, left_out = self._names()
        over = map_dict(state.patient, x, y, self._chosen(names))
        missing = self._chosen(left_out)
        depend, others = self._asking()
        asking = [*depend, *others]
        what_if = strip_dict(state.patient, along, self._chosen(asking)) if asking else None
        unasked = [rule_set.title for rule_set in state.book.values() if along not in rule_set.inputs]
        selected = assessment[state.selected]
        return Drawn(
            sections={
                "map": views.render(
                    "map", text=in_words(over), x=x, y=y, lines=len(names), left_out=missing, most=MOST_LINES
                ),
                "whatif": views.render(
                    "whatif",
                    text=in_words(what_if) if what_if else "",
                    rows=len(asking),
                    depend=len(depend),
                    along=FIELDS[along],
                    unasked=unasked,
                ),
                "outlines": criteria_views.outlines(state, assessment, self.python()),
            },
            figures={"map": over, "whatif": what_if or {}},
            says=f"{selected.rule_set.title}: {selected.sentence}",
        )

    def csv(self) -> tuple[str, bytes]:
        """Return the cells of the map for each rule set on it."""
        exploring = self.state.explore
        cells = [
            verdict_grid(self.state.patient, exploring.x, exploring.y, self.state.book[name]).assign(rule_set=name)
            for name in self._names()[0]
        ]
        return titled(f"map {exploring.x} {exploring.y}", "csv"), as_csv(pd.concat(cells))

    def python(self) -> str:
        """Return the Python that draws what-if and map in a notebook."""
        exploring = self.state.explore
        lines = views.patient_python(self.state.patient)
        depend, others = self._asking()
        if asking := [*depend, *others]:
            lines += f"what_if = nd.verdict_strip(patient, {exploring.along!r}, {asking!r})\n"
        return f"{lines}nd.eligibility_map(patient, {exploring.x!r}, {exploring.y!r}, {self._names()[0]!r})\n"

    def _asking(self) -> tuple[list[str], list[str]]:
        """Return the rule sets whose verdict depends on the input of the what-if, and the others that ask it."""
        patient, along = self.state.patient, self.state.explore.along
        found: tuple[list[str], list[str]] = [], []
        for name, rule_set in self.state.book.items():
            if along in rule_set.inputs:
                verdicts = {span["verdict"] for span in verdict_span_rows(patient, along, rule_set)}
                found[len(verdicts) == 1].append(name)
        return found

    def _chosen(self, names: Iterable[str]) -> list[RuleSet]:
        return [self.state.book[name] for name in names]

    def _names(self) -> tuple[list[str], list[str]]:
        """Return the rule sets on the map, the selected one first, and those for which no line is left."""
        names = list(dict.fromkeys([self.state.selected, *self.state.explore.outlined]))
        return names[:MOST_LINES], names[MOST_LINES:]

    def commands(self) -> Commands:
        """Return what outlines a rule set, and what moves the patient to a place on the map."""
        return {"outline:": self._outline, "put:": self._put}

    def _outline(self, rule_set: str) -> None:
        if rule_set in self.state.book:
            self.state.explore.outline(rule_set, self.state.book)

    def _put(self, query: str) -> None:
        try:
            place = Patient.from_query(query).entered
        except (ValueError, TypeError):
            return  # a browser can send any text
        wanted = {name: place[name] for name in (self.state.explore.x, self.state.explore.y) if name in place}
        self.state.put(wanted)


def _named(fields: Iterable[str]) -> list[tuple[str, str]]:
    return [(FIELDS[name].label, name) for name in fields]
