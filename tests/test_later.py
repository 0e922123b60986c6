"""Pictures of what was published later: never pooled, arms named, how far it was read, whose patients are alike."""

import html
import re

import plotly.graph_objects as go
import pytest
from conftest import ROOT

import netdash as nd
from netdash import data_tables
from netdash.board import Board, views
from netdash.board.state import outcomes_shown
from netdash.outcome_tables import later_table
from netdash.outcome_tables.later import NOT_OF_A_TRIAL

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


def test_only_comparisons_of_the_arms_of_a_trial_are_drawn_and_the_others_say_why_not():
    found = table(endpoint="overall_survival")
    trials = nd.trials().set_index("trial")
    rows = nd.later_outcomes().set_index("outcome_id")
    for row in found.drawn:
        assert "; " in trials.loc[rows.loc[row.outcome_id, "trial"], "arms"]
    left = {row.outcome_id: row.left_out for row in found.left_out}
    assert set(left.values()) == {NOT_OF_A_TRIAL}
    assert set(left) >= {"l-bacchetti2013-embolization-hr", "l-tacetae-os-hr", "l-mazzaferro2016-hr"}


def test_randomized_stands_only_beside_the_trials_of_which_it_was_read():
    found = {row.outcome_id for row in table().drawn if "randomized" in row.read}
    assert found == {"l-clarinet-hr", "l-e2211-pfs-hr"}
    assert "Randomized: said where it was read" in table().caption
    said = " ".join(nd.hazard_ratios().layout.yaxis2.ticktext)
    assert "abstract; randomized" in said
    assert all(row.read == row.how_read for row in table(statistic="median").drawn)


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


def test_a_trial_is_like_this_patient_only_with_the_cautions_that_apply_or_are_open():
    patient = nd.Patient(
        **{"age_years": 50, "ki67_percent": 15, "differentiation": "well", "primary_site": "pancreas"},
        **{"sstr_positive": True, "months_since_diagnosis": 4, "progressed_on_treatment": False},
        **{"prior_prrt": False, "prior_liver_directed": False},
    )
    for earlier, said in ((None, ", cautions open"), (True, ", with cautions"), (False, "")):
        found = table(patient.replace(prior_systemic_treatment=earlier))
        (row,) = [row for row in found.drawn if row.outcome_id == "l-netter2-hr"]
        assert row.marks == f"like this patient{said}"
        assert f"NETTER-2 2024{said}" in found.sentence


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
    with pytest.raises(ValueError, match="given no row of hazard_ratio, expected rows of"):
        nd.hazard_ratios(nd.later_outcomes().iloc[:0])


def test_the_trials_of_which_it_was_read_that_they_are_randomized_can_be_drawn_alone():
    rows, trials = nd.later_outcomes(), nd.trials()
    randomized = rows[rows["trial"].isin(trials.loc[trials["design"] == "randomized", "trial"])]
    names = " ".join(nd.hazard_ratios(randomized).layout.yaxis.ticktext)
    assert ("CLARINET 2014" in names, "E2211 2023" in names, "NETTER-2" in names) == (True, True, False)


def test_the_rows_of_a_picture_can_be_saved():
    frame = table(MIDGUT).frame()
    assert list(frame.columns)[-3:] == ["alike", "subgroup_of_patient", "left_out"]
    assert len(frame) == len(table().rows)


def run(python):
    """Run lines as a notebook does; return what the last of them gives, and the names they leave."""
    *lines, last = python.strip().split("\n")
    names = {}
    exec("\n".join(lines), names)
    return eval(last, names), names


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


@pytest.mark.parametrize("outcome", outcomes_shown())
def test_the_python_of_every_plot_of_every_era_gives_the_picture_that_is_shown(outcome):
    board = Board(MIDGUT)
    for era in ("later", "both"):
        board.state.outcome, board.state.era = outcome, era
        figures, (drawn, names) = shown(board)["figures"], run(views.python(board.state))
        if "forest" not in figures:
            assert drawn is None
            continue
        assert drawn.to_json() == go.Figure(figures["forest"]).to_json()
        assert ("later" in names) == (era == "both" and views.later_of(outcome, names["assessment"]) is not None)


@pytest.mark.parametrize(
    ("rule_set", "says"),
    [
        ("netter2_population", ["hazard ratio 0.276 (0.182 to 0.418)", "secondary", "n = 226", "Report of the paper"]),
        ("compete_population", ["overall survival, hazard ratio 0.78 (0.53 to 1.15, level not stated)", "secondary"]),
        ("cabinet_population", ["median 13.8 months", "abstract", "outside the pancreas"]),
        ("clarinet_population", ["rate at 24 months 65.1 % (54 to 74.1", "abstract; randomized"]),
        ("netter3_population", ["What it found: no result where it was read."]),
    ],
)
def test_one_click_says_whether_the_patient_was_in_a_trial_and_what_it_found(rule_set, says):
    board = Board(MIDGUT)
    board.frame._receive(None, {"type": "select", "key": rule_set}, None)
    text = shown(board)["sections"]["findings"]
    plain = html.unescape(re.sub(r"<[^>]+>", "", text))
    for words in says:
        assert words in plain


def test_what_is_not_included_is_a_fold_of_the_board_with_the_words_of_the_page():
    board = Board()
    board.frame._receive(None, {"type": "select", "key": "milan_2007"}, None)
    text = html.unescape(shown(board)["sections"]["findings"])
    page = (ROOT / "docs" / "not_included.md").read_text(encoding="utf-8").replace("`", "")
    rows = data_tables.read_table("not_included").to_dict("records")
    assert page.count("\n| ") == len(rows) + 1
    for row in rows:
        assert f"| {row['criteria']} | {row['found']} | {row['where']} |" in page
        assert f"<b>{row['criteria']}</b>: {row['found']}. <small>{row['where']}</small>" in text


def test_three_clicks_answer_whether_the_patient_was_in_a_trial_and_what_it_found():
    board = Board(MIDGUT)
    for key in ("page:evidence",):
        board.frame._receive(None, {"type": "select", "key": key}, None)
    board.state.evidence.show = "hazards"
    found = shown(board)
    assert set(found["figures"]) == {"hazards-0", "hazards-1"}
    said = found["sections"]["evidence"]
    assert "This patient is like those of" in said
    assert "read in a secondary text" in said
    board.pages["evidence"].csv()
    assert "nd.hazard_ratios(" in board.pages["evidence"].python()
