"""The page Board: verdicts, findings and outcomes on one screen."""

from __future__ import annotations

from typing import ClassVar

from netdash.assessment import Assessment, assess
from netdash.board import criteria_views, inputs, lines, views
from netdash.board.pages.page import Commands, Drawn, Page, choose
from netdash.board.state import ERAS, READINGS, State, outcomes_shown
from netdash.figures.export import as_csv, titled


class Overview(Page):
    """The verdicts of every rule set, the findings of one rule set, and the plot of one endpoint."""

    name: ClassVar = "board"
    title: ClassVar = "Board"

    def __init__(self, state: State) -> None:
        super().__init__(state)
        self.outcome = choose(state, "outcome", list(outcomes_shown()), "Plot", "One endpoint at one time")
        self.reading = choose(state, "reading", READINGS, "Numbers", "What the review prints, or corrected")
        self.era = choose(state, "era", ERAS, "Era", "Outcomes of the review, published later, or both")
        self.toolbar = [self.outcome, self.reading, self.era]

    def draw(self, assessment: Assessment) -> Drawn:
        """Return verdicts, findings and plot."""
        state = self.state
        plot, figure = views.plot(state, assessment)
        selected = assessment[state.selected]
        sections = {"verdicts": inputs.start(state) + criteria_views.verdicts(state, assessment), "forest": plot}
        if state.unfolded == "findings":
            sections["findings"] = criteria_views.findings(state, assessment)
        counts = ", ".join(lines.counts(assessment.published).values())
        return Drawn(
            sections=sections,
            figures={"forest": figure} if figure else {},
            says=f"{selected.rule_set.title}: {selected.sentence}. {counts}.",
        )

    def commands(self) -> Commands:
        """Return what pins the case, presents, opens lines, and steps through therapies and prepared cases."""
        return {
            "line:": self._open_line,
            "do:close-line": lambda _: self.state.set_trait("unfolded", ""),
            "do:why": lambda _: self._show_why(),
            "do:therapy-up": lambda _: self._step_therapy(-1),
            "do:therapy-down": lambda _: self._step_therapy(1),
            "do:pin": lambda _: self._pin(),
            "do:present": lambda _: self._present(),
            "do:leave": lambda _: self._leave(),
            "therapy:": self.state.list_series,
            "do:next": lambda _: self._step(1),
            "do:previous": lambda _: self._step(-1),
        }

    def _pin(self) -> None:
        self.state.pinned = None if self.state.pinned else self.state.patient

    def _present(self) -> None:
        with self.state.hold_trait_notifications():
            self.state.page, self.state.presenting, self.state.unfolded = self.name, not self.state.presenting, ""

    def _open_line(self, first: str) -> None:
        """Open the line whose first rule set is `first`; a browser can send any text."""
        if first in self.state.book:
            self.state.unfold(first, "findings" if self.state.presenting else "lists")

    def _show_why(self) -> None:
        self.state.unfolded = "" if self.state.unfolded else "findings"

    def _leave(self) -> None:
        """Close what is open, or else leave the presentation."""
        if self.state.source or self.state.unfolded:
            with self.state.hold_trait_notifications():
                self.state.source, self.state.unfolded = "", ""
        else:
            self.state.presenting = False

    def _step_therapy(self, by: int) -> None:
        """Choose the next therapy, or the one before, by the first rule set of its lines."""
        state = self.state
        if not state.presenting:
            return
        found = lines.by_therapy(assess(state.patient, criteria=state.own).published)
        here = [one.therapy for one in found].index(state.book[state.selected].therapy)
        one = found[(here + by) % len(found)]
        state.unfold(one.lines[0].judgements[0].rule_set.name, state.unfolded)

    def _step(self, by: int) -> None:
        if self.state.presenting:
            self.state.step(by)

    def csv(self) -> tuple[str, bytes]:
        """Return the rows of the plot, and the rows left out with the reason."""
        state = self.state
        later = views.later_of(state.outcome, assess(state.patient, criteria=state.own))
        if state.era == "later" and later is not None:
            return titled(later.title, "csv"), as_csv(later.frame())
        name = titled(f"{state.outcome} {state.reading}", "csv")
        return name, as_csv(views.plot_rows(state.outcome, state.reading))
