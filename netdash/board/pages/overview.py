"""The page Board: verdicts, findings and outcomes on one screen."""

from __future__ import annotations

from typing import ClassVar

from netdash.assessment import Assessment, assess
from netdash.board import inputs, views
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
        self.reading = choose(state, "reading", READINGS, "Figures", "What the review prints, or corrected")
        self.era = choose(state, "era", ERAS, "Era", "Outcomes of the review, published later, or both")
        self.toolbar = [self.outcome, self.reading, self.era]

    def draw(self, assessment: Assessment) -> Drawn:
        """Return verdicts, findings and plot."""
        state = self.state
        plot, figure = views.plot(state, assessment)
        selected = assessment[state.selected]
        return Drawn(
            sections={
                "verdicts": inputs.start(state) + views.verdicts(state, assessment),
                "findings": views.compared(state) + views.findings(state, assessment),
                "forest": plot,
            },
            figures={"forest": figure} if figure else {},
            says=f"{selected.rule_set.title}: {selected.headline}",
        )

    def commands(self) -> Commands:
        """Return what pins the case, presents, and steps through the prepared cases."""
        return {
            "do:pin": lambda _: self._pin(),
            "do:present": lambda _: self._present(),
            "do:leave": lambda _: self.state.set_trait("presenting", False),
            "do:next": lambda _: self._step(1),
            "do:previous": lambda _: self._step(-1),
        }

    def _pin(self) -> None:
        self.state.pinned = None if self.state.pinned else self.state.patient

    def _present(self) -> None:
        with self.state.hold_trait_notifications():
            self.state.page, self.state.presenting = self.name, not self.state.presenting

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
