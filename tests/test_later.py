"""Pictures of what was published later: never pooled, arms named, how far it was read, whose patients are alike."""

import pytest

import netdash as nd
from netdash.board import Board
from netdash.outcome_tables import later_table
from netdash.outcome_tables.later import NOT_RANDOMIZED

MIDGUT = nd.Patient(
    differentiation="well",
    ki67_percent=5,
    primary_site="small_intestine",
    sstr_positive=True,
    disease_progressive=True,
    ssa_failed=True,
)


def table(patient=None, **given):
    return later_table(nd.later_outcomes(), nd.assess(patient) if patient else None, **given)


def test_only_randomized_comparisons_are_drawn_and_the_others_say_why_not():
    found = table(endpoint="overall_survival")
    trials = nd.trials().set_index("trial")
    rows = nd.later_outcomes().set_index("outcome_id")
    for row in found.drawn:
        assert trials.loc[rows.loc[row.outcome_id, "trial"], "design"] == "randomized"
    left = {row.outcome_id: row.left_out for row in found.left_out}
    assert set(left.values()) == {NOT_RANDOMIZED}
    assert set(left) >= {"l-bacchetti2013-embolization-hr", "l-tacetae-os-hr", "l-mazzaferro2016-hr"}


def test_the_picture_names_arms_comparators_and_how_far_each_was_read():
    figure = nd.hazard_ratios()
    names = " ".join(figure.layout.yaxis.ticktext)
    for text in ("Cabozantinib v placebo", "Lu-177 edotreotide v everolimus", "Axitinib with octreotide v octreotide"):
        assert text in names
    said = " ".join(figure.layout.yaxis2.ticktext)
    assert "0.276 (0.182 to 0.418)<br>secondary" in said
    assert "0.47 (0.3 to 0.73, level not stated)<br>abstract" in said
    assert figure.layout.xaxis.type == "log"
    assert not any(trace.name == "pooled" for trace in figure.data)


def test_an_interval_of_another_level_says_it():
    (row,) = [r for r in table(endpoint="overall_survival").drawn if r.outcome_id == "l-topicnec-hr"]
    assert row.interval == " (0.79 to 1.37, 90 %)"


def test_the_two_cohorts_of_one_trial_are_told_apart():
    labels = [row.label for row in table().drawn if row.outcome_id.startswith("l-cabinet")]
    assert labels == ["CABINET 2024, outside the pancreas", "CABINET 2024, pancreatic"]


def test_the_trial_whose_patients_are_like_this_one_is_marked():
    found = {row.outcome_id: row for row in table(MIDGUT).drawn}
    assert found["l-netter1-hr"].marks == "like this patient"
    assert found["l-sanetp-hr"].marks == "unlike this patient"
    assert found["l-netter2-hr"].alike == "unlike"
    assert "This patient is like those of" in table(MIDGUT).sentence
    assert all(row.marks == "" for row in table().drawn)


@pytest.mark.parametrize(
    ("involvement", "group"),
    [
        (24, "low"), (25, "moderate"), (50, "moderate"), (50.5, "high"), (None, ""),
    ],
)  # fmt: skip
def test_results_by_liver_burden_follow_the_liver(involvement, group):
    found = table(MIDGUT.replace(liver_involvement_percent=involvement)).drawn
    here = [row.outcome_id for row in found if row.subgroup == "met"]
    assert here == ([f"l-netter1-burden-{group}"] if group else [])


def test_a_median_whose_upper_bound_was_not_reached_says_so():
    (row,) = [r for r in table(statistic="median").drawn if r.outcome_id == "l-netter2-pfs"]
    assert row.interval == " (19.4 to not reached)"


def test_an_endpoint_that_no_row_has_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match="expected one of overall_survival, progression_free_survival"):
        nd.hazard_ratios(endpoint="wait_time")
    with pytest.raises(ValueError, match="given no outcome_id"):
        nd.hazard_ratios(nd.trials())


def test_the_rows_of_a_picture_can_be_saved():
    frame = table(MIDGUT).frame()
    assert list(frame.columns)[-3:] == ["alike", "subgroup_of_patient", "left_out"]
    assert len(frame) == len(table().rows)


def shown(board):
    sections = {}
    board.frame.show = lambda **given: sections.update(given)
    board._draw()
    return sections


@pytest.mark.parametrize("era", ["both", "review", "later"])
def test_the_board_keeps_the_eras_apart(era):
    board = Board(MIDGUT)
    board.state.era = era
    found = shown(board)
    html = found["sections"]["forest"]
    assert ("Published after the review" in html) == (era != "review")
    title = found["figures"]["forest"]["layout"]["title"]["text"]
    assert title.startswith("Published later") == (era == "later")
    _, content = board.pages["board"].csv()
    assert (b"how_read" in content) == (era == "later")


def test_three_clicks_answer_whether_the_patient_was_in_a_trial_and_what_it_found():
    board = Board(MIDGUT)
    for key in ("page:evidence",):
        board.frame._receive(None, {"type": "select", "key": key}, None)
    board.state.evidence.show = "hazards"
    found = shown(board)
    assert set(found["figures"]) == {"hazards-0", "hazards-1"}
    html = found["sections"]["evidence"]
    assert "This patient is like those of" in html
    assert "read in a secondary text" in html
    board.pages["evidence"].csv()
    assert "nd.hazard_ratios(" in board.pages["evidence"].python()
