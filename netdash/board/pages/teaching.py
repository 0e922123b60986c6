"""The page to learn on: a made-up case, rule sets to be judged, and what the rules say to the answers."""

from __future__ import annotations

from typing import ClassVar

import pandas as pd

from netdash import evidence, teaching
from netdash.assessment import Assessment
from netdash.board import views
from netdash.board.pages.page import Drawn, Page, choose
from netdash.board.state import State
from netdash.figures.export import as_csv, titled
from netdash.judgement import judge


class Teaching(Page):
    """Teaching cases, one at a time; answered once, and the score is of this sitting only."""

    name: ClassVar = "teaching"
    title: ClassVar = "Teaching"
    about_the_case: ClassVar = False

    def __init__(self, state: State) -> None:
        super().__init__(state)
        self.learning = state.learning
        self.traits = [self.learning]
        cases = [(f"{n}. {case.title}", case.case_id) for n, case in enumerate(teaching.cases().values(), 1)]
        self.toolbar = [choose(self.learning, "case", cases, "Lesson", "Made-up cases; none is a person")]

    def press(self, word: str, what: str) -> None:
        """Take an answer, answer, go on, begin anew, or open the case on the board."""
        learning = self.learning
        if word == "say":
            rule_set, _, verdict = what.partition(":")
            learning.say(rule_set, verdict)
        elif word == "teach":
            acts = {
                "answer": learning.answer,
                "next": lambda: learning.step(1),
                "previous": lambda: learning.step(-1),
                "anew": learning.begin_anew,
                "open": self._open,
            }
            acts.get(what, lambda: None)()

    def _open(self) -> None:
        with self.state.hold_trait_notifications():
            self.state.open(teaching.get(self.learning.case).patient)
            self.state.turn_to("board")

    def draw(self, assessment: Assessment) -> Drawn:
        """Return the case and its question, and once it is answered what the rules say."""
        learning, case = self.learning, teaching.get(self.learning.case)
        feedback = learning.score.of(case.case_id)
        asked = [judge(rule_set, case.patient) for rule_set in case.rule_sets]
        html = views.render(
            "teaching",
            case=case,
            number=list(teaching.cases()).index(case.case_id) + 1,
            of=len(teaching.cases()),
            known=views.known(case.patient),
            asked=asked,
            chosen=learning.chosen,
            feedback=feedback,
            score=learning.score,
            board="board" in self.state.pages,
            source_name=evidence.source_name,
            source=views.shown_source(self.state),
            python=_python(feedback) if feedback else "",
        )
        said = f"{feedback.right} of {len(feedback.answers)} right" if feedback else case.question
        return Drawn({"teaching": html}, says=f"{case.title}: {said}")

    def csv(self) -> tuple[str, bytes]:
        """Return the answers of this sitting."""
        rows = [
            {
                "case_id": feedback.case.case_id,
                "teaches": feedback.case.teaches,
                "rule_set": answer.judgement.rule_set.name,
                "given": answer.given.value,
                "verdict": answer.judgement.verdict.value,
            }
            for feedback in self.learning.score.feedback
            for answer in feedback.answers
        ]
        columns = ["case_id", "teaches", "rule_set", "given", "verdict"]
        return titled("teaching", "csv"), as_csv(pd.DataFrame(rows, columns=columns))


def _python(feedback: teaching.Feedback) -> str:
    given = {answer.judgement.rule_set.name: answer.given.value for answer in feedback.answers}
    return (
        "from netdash import teaching\n\n"
        f"case = teaching.get({feedback.case.case_id!r})\nfeedback = case.answer({given!r})\nstr(feedback)\n"
    )
