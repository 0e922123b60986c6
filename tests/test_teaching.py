"""The page to learn on, without a browser: what is asked, answered, scored, and what it does not take."""

import io
import re

import pandas as pd
import pytest
from conftest import at_most
from hypothesis import given
from hypothesis import strategies as st
from test_board import press, run, section
from test_explore import saved

import netdash as nd
from netdash import evidence, outcome_rows, teaching
from netdash.board import Board
from netdash.rules import Verdict

WORDS = [verdict.value for verdict in Verdict]


@pytest.fixture
def board():
    return Board(pages=["teaching", "board"])


def html(board):
    return section(board, "teaching")


def verdicts_of(case):
    assessment = nd.assess(case.patient)
    return {found.name: assessment[found.name].verdict.value for found in case.rule_sets}


def answer(board, verdicts):
    for rule_set, verdict in verdicts.items():
        press(board, f"say:{rule_set}:{verdict}")
    press(board, "teaching:answer")


def pressed(board):
    return re.findall(r'data-select="say:(\w+):(\w+)" aria-pressed="true"', html(board))


@pytest.mark.parametrize("case", teaching.cases().values(), ids=list(teaching.cases()))
def test_each_case_asks_and_says_nothing_of_the_answer_before_it_is_given(board, case):
    board.state.teaching.case = case.case_id
    shown = html(board)
    for word in ("Right", "A common mistake", "What decides", 'class="nd-met"', "Show the Python"):
        assert word not in shown
    answer(board, verdicts_of(case))
    shown = html(board)
    assert shown.count("✓ Right") == len(case.rule_sets)
    for judgement in (found.judgement for found in board.state.teaching.score.feedback[0].answers):
        assert judgement.headline in shown
        for text in judgement.side_notes:
            assert text in shown
        for finding in judgement.deciding:
            assert f'data-select="source:{finding.criterion.criterion_id}"' in shown
    for place in filter(None, case.discrepancies.split("; ")):
        assert f'data-select="source:{place}"' in shown


def test_the_verdicts_are_those_that_the_data_expect():
    for row in outcome_rows.records(evidence.teaching_cases()):
        expected = dict(zip(row["rule_sets"].split(";"), row["expected"].split(";"), strict=True))
        assert verdicts_of(teaching.get(row["case_id"])) == expected, row["case_id"]


@pytest.mark.parametrize("case", teaching.cases().values(), ids=list(teaching.cases()))
def test_no_case_teaches_with_inputs_at_odds(case):
    assert nd.assess(case.patient).conflicts == ()


def test_unresectable_disease_in_a_fit_patient_is_no_miss_of_the_radiolabeled_analogs():
    found = nd.assess(teaching.get("label-or-trial").patient)
    assert found["prrt_review"].headline == "Fits 3 of 3"
    assert found["prrt_label"].headline == "Meets 8 of 8"
    assert "primary pancreas (studied: small intestine, appendix)" in found["netter1_population"].headline


def test_a_list_that_does_not_ask_is_taught_as_silent():
    found = nd.assess(teaching.get("limited-spread").patient)["milan_2019"]
    assert found.headline == "Meets 6 of 6; silent on extrahepatic disease (limited, stable)"
    assert "silence" in teaching.get("limited-spread").mistake


def test_a_wrong_answer_is_called_wrong_and_the_reason_stands_beside_it(board):
    answer(board, dict.fromkeys(verdicts_of(teaching.get("age-55")), "met"))
    shown = html(board)
    assert shown.count("✗ Wrong") == 1
    assert "you answered met" in shown
    assert "Misses 1 of 5: age 55 years (asked: under 55 years)" in shown
    assert "55 years, at the bound" in shown
    assert board.frame.content["announce"] == "Exactly 55: 2 of 3 right"


def test_nothing_is_answered_before_every_verdict_is_chosen(board):
    (first, *rest) = verdicts_of(teaching.get("age-55")).items()
    press(board, f"say:{first[0]}:{first[1]}")
    press(board, "teaching:answer")
    assert board.state.teaching.score.asked == 0
    assert f"{len(rest)} left" in html(board)
    assert pressed(board) == [first]


def test_a_case_counts_once_and_as_answered_first(board):
    case = teaching.get("age-55")
    answer(board, dict.fromkeys(verdicts_of(case), "met"))
    answer(board, verdicts_of(case))
    assert (board.state.teaching.score.right, board.state.teaching.score.asked) == (2, 3)
    press(board, "teaching:next")
    press(board, "teaching:previous")
    assert pressed(board) == [(name, "met") for name in verdicts_of(case)]
    press(board, "teaching:restart")
    assert "Nothing is answered yet" in html(board)
    assert pressed(board) == []


def test_the_cases_form_a_ring(board):
    names = list(teaching.cases())
    press(board, "teaching:previous")
    assert board.state.teaching.case == names[-1]
    press(board, "teaching:next")
    assert board.state.teaching.case == names[0]


def test_what_was_chosen_is_of_one_case_only(board):
    press(board, "say:milan_review:met")
    press(board, "teaching:next")
    assert pressed(board) == []


@pytest.mark.parametrize(
    "key",
    ["say:", "say:milan_review", "say:milan_review:yes", "say:no_such:met", "say:<b>:met", "teaching:", "teaching:x"],
)
def test_a_page_can_send_anything_and_nothing_comes_of_it(board, key):
    before = html(board)
    press(board, key)
    assert html(board) == before


def test_a_case_is_opened_on_the_board(board):
    press(board, "teaching:open")
    assert board.state.page == "board"
    assert board.state.patient == teaching.get("age-55").patient
    assert "Case" in section(board, "case")


def test_alone_the_page_offers_no_board():
    board = Board(pages=["teaching"])
    assert "teaching:open" not in html(board)
    press(board, "teaching:open")
    assert board.state.page == "teaching"


@at_most(25)
@given(st.data())
def test_the_score_is_how_often_the_rules_say_the_same(data):
    board, right, asked = Board(pages=["teaching"]), 0, 0
    for name in data.draw(st.lists(st.sampled_from(list(teaching.cases())), max_size=4, unique=True)):
        board.state.teaching.case = name
        wanted = verdicts_of(teaching.get(name))
        said = {rule_set: data.draw(st.sampled_from(WORDS)) for rule_set in wanted}
        answer(board, said)
        right += sum(said[rule_set] == wanted[rule_set] for rule_set in wanted)
        asked += len(wanted)
    assert (board.state.teaching.score.right, board.state.teaching.score.asked) == (right, asked)
    if asked:
        assert f"{right} of {asked} verdicts right" in html(board)


def test_the_answers_leave_as_a_table(board):
    case = teaching.get("age-55")
    answer(board, dict.fromkeys(verdicts_of(case), "met"))
    rows = pd.read_csv(io.BytesIO(saved(board, "do:csv")[2]))
    assert rows["given"].tolist() == ["met"] * 3
    assert rows["verdict"].tolist() == list(verdicts_of(case).values())


def test_the_python_gives_the_same_words(board):
    answer(board, dict.fromkeys(verdicts_of(teaching.get("age-55")), "met"))
    python = re.search(r"<pre>(.*?)</pre>", html(board).rsplit("Show the Python", 1)[1], re.DOTALL)[1]
    said, _ = run(python.replace("&#39;", "'"))
    assert said == str(board.state.teaching.score.feedback[0])


def test_a_population_is_taught_in_its_own_words(board):
    name = "promid_population"
    case = next(case for case in teaching.cases().values() if name in {found.name for found in case.rule_sets})
    board.state.teaching.case = case.case_id
    answer(board, verdicts_of(case))
    asked = next(part for part in html(board).split("<fieldset")[1:] if f"say:{name}:" in part)
    assert "<summary>Whom it studied</summary>" in asked
    assert "What it asks for" not in asked
    assert '<th scope="col">Studied</th>' in asked
