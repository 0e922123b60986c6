"""The page Teaching: a made-up case, rule sets to judge it by, and feedback on the answers."""

from __future__ import annotations

from typing import ClassVar

import pandas as pd

from netdash import evidence, teaching
from netdash.assessment import Assessment
from netdash.board import views
from netdash.board.pages.page import Commands, Drawn, Page, choose
from netdash.board.state import State
from netdash.figures.export import as_csv, titled
from netdash.judgement import judge


class Teaching(Page):
    """One teaching case at a time; only the first answer counts, and the score ends with the session."""

    name: ClassVar = "teaching"
    title: ClassVar = "Teaching"
    about_the_case: ClassVar = False

    def __init__(self, state: State) -> None:
        super().__init__(state)
        self.traits = [state.teaching]
        cases = [(f"{n}. {case.title}", case.case_id) for n, case in enumerate(teaching.cases().values(), 1)]
        self.toolbar = [choose(state.teaching, "case", cases, "Lesson", "Made-up cases; none is a person")]

    def commands(self) -> Commands:
        """Return what chooses a verdict, answers, steps, starts over, and opens the case on the board."""
        teaching_state = self.state.teaching
        return {
            "say:": self._choose,
            "teaching:answer": lambda _: teaching_state.answer(),
            "teaching:next": lambda _: teaching_state.step(1),
            "teaching:previous": lambda _: teaching_state.step(-1),
            "teaching:restart": lambda _: teaching_state.restart(),
            "teaching:open": lambda _: self._open(),
        }

    def _choose(self, answer: str) -> None:
        rule_set, _, verdict = answer.partition(":")
        self.state.teaching.choose(rule_set, verdict)

    def _open(self) -> None:
        with self.state.hold_trait_notifications():
            self.state.open(teaching.get(self.state.teaching.case).patient)
            self.state.turn_to("board")

    def draw(self, assessment: Assessment) -> Drawn:
        """Return the case with its question, and the feedback when it is answered."""
        teaching_state, case = self.state.teaching, teaching.get(self.state.teaching.case)
        feedback = teaching_state.score.of(case.case_id)
        asked = [judge(rule_set, case.patient) for rule_set in case.rule_sets]
        html = views.render(
            "teaching",
            case=case,
            number=list(teaching.cases()).index(case.case_id) + 1,
            of=len(teaching.cases()),
            known=views.known(case.patient),
            asked=asked,
            chosen=teaching_state.chosen,
            feedback=feedback,
            score=teaching_state.score,
            board="board" in self.state.pages,
            source_name=evidence.source_name,
            python=_python(feedback) if feedback else "",
        )
        result = f"{feedback.right} of {len(feedback.answers)} right" if feedback else case.question
        return Drawn({"teaching": html}, says=f"{case.title}: {result}")

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
            for feedback in self.state.teaching.score.feedback
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
