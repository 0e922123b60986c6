"""The line of every verdict, over random patients: no sentence that can be read as its opposite."""

import re

import pytest
from conftest import at_most, patients
from hypothesis import given

import netdash as nd
from netdash import rule_tables
from netdash.board import lines
from netdash.judgement import NOTHING_DECIDES
from netdash.rules import QUANTITIES, Verdict
from netdash.wording import RULE_SET_KINDS

FIXED = ("not entered", "not asked:", "Does not fit", NOTHING_DECIDES)
"""Phrases that may hold a negation: they stand for no value of a patient."""
VALUE = re.compile(
    r"\bno(?:ne)? \((?:asked|studied): |\((?:asked|studied): no(?:ne)?(?=[,)]| or )|\(no(?:ne)?\)|: no(?=[,;]|$)"
)
"""The words "no" and "none" where they are a value, or what is asked."""
NEGATION = re.compile(r"\b(?:no|none|not|nor|neither|never|nothing|without|cannot|lacks?)\b|n't\b", re.IGNORECASE)

COLUMNS = (
    *("therapy", "rule_set", "verdict", "n_criteria", "n_met", "n_not_met", "n_unknown", "missed", "unknown"),
    *("cautions", "headline", "kind", "n_cautions", "silent_on", "not_asked"),
)
TOPICS = sorted(QUANTITIES.values(), key=lambda field: len(field.topic), reverse=True)
"""The quantities; one whose topic holds that of another comes first."""
BEGINS = {
    "list": ("Meets ", "Misses ", "Open"),
    "statement": ("Fits ", "Does not fit ", "Open"),
    "label": ("Meets ", "Misses ", "Open"),
    "population": ("Like its patients in ", "Unlike its patients in ", "Open"),
}
"""How the line of each kind begins: met, not met, unknown."""

over_patients = at_most(60)


def without_what_may_be_said(text):
    for phrase in FIXED:
        text = text.replace(phrase, "")
    return VALUE.sub("", text)


def own_words(judgement):
    """The line without what the source asks besides: those words are data, and are looked at on their own."""
    return judgement.headline.split("; not asked: ")[0]


@over_patients
@given(patients())
def test_no_line_holds_a_negation_or_the_word_needs(patient):
    for judgement in nd.assess(patient).judgements:
        assert not NEGATION.search(without_what_may_be_said(own_words(judgement))), judgement.headline
        assert not re.search(r"\bneeds?\b", judgement.headline, re.IGNORECASE), judgement.headline


@pytest.mark.parametrize("found", [f for f in rule_tables.load().values() if f.not_asked], ids=lambda f: f.name)
def test_what_a_source_asks_besides_is_named_without_a_negation(found):
    for condition in found.not_asked.split("; "):
        assert condition
        assert not NEGATION.search(condition), condition
        assert ":" not in condition, condition


def test_conditions_of_which_one_holds_a_comma_are_kept_apart_by_semicolons():
    judgement = nd.assess(nd.Patient())["clarinet_forte_population"]
    assert any("," in condition for condition in judgement.not_asked)
    assert judgement.provisos[-1] == f"not asked: {judgement.rule_set.not_asked}"


def consistent():
    """Patients whose reported grade is not at odds with Ki-67 and differentiation."""
    return patients().map(
        lambda p: p if p.grade_reported is None or p.grade == p.grade_reported else p.replace(grade_reported=None)
    )


@over_patients
@given(patients())
def test_every_miss_names_value_and_bound(patient):
    for judgement in nd.assess(patient).judgements:
        if judgement.verdict is not Verdict.NOT_MET:
            continue
        missed = [c for clause in judgement.clauses(Verdict.NOT_MET) for c in clause.criteria]
        for criterion in (c for c in missed if c.judge(patient) is Verdict.NOT_MET):
            value, asked = criterion.observed(patient), criterion.requirement_text(judgement.kind.joiner)
            assert value is not None
            said = f"{criterion.quantity.show(value)} ({judgement.kind.asked}: {asked})"
            assert said in judgement.headline


@over_patients
@given(patients())
def test_a_miss_counts_what_it_lists(patient):
    for judgement in nd.assess(patient).judgements:
        if judgement.verdict is Verdict.NOT_MET:
            missed, of = map(int, re.search(r"(\d+) of (\d+): ", judgement.headline).groups())
            assert (missed, of) == (len(judgement.clauses(Verdict.NOT_MET)), len(judgement.rule_set.clauses))


@over_patients
@given(consistent())
def test_an_open_line_names_what_is_not_entered_and_nothing_that_is(patient):
    for judgement in nd.assess(patient).judgements:
        if judgement.verdict is Verdict.UNKNOWN and judgement.rule_set.clauses:
            for text in judgement.headline.split(": ", 1)[1].split("; "):
                # Alternatives are joined by "or", what one alternative asks together by "and".
                rest = text
                if text.startswith("unknown primary ("):
                    assert patient.primary_site == "unknown_primary"
                    continue
                for field in TOPICS:
                    if field.topic in rest:
                        assert getattr(patient, field.name) is None
                        rest = rest.replace(field.topic, "")
                assert re.fullmatch(r"[ ,]*(?:(?:or|and)[ ,]*)*not entered", rest)


@over_patients
@given(consistent())
def test_a_caution_says_what_the_patient_has_or_that_it_is_not_entered(patient):
    for judgement in nd.assess(patient).judgements:
        apply, open_ones = judgement.cautions[: judgement.n_cautions], judgement.cautions[judgement.n_cautions :]
        for caution in apply:
            assert not re.search(r"\bnot\b", caution), caution
        for caution in open_ones:
            assert caution.endswith(": not entered"), caution
        shown = [f for f in judgement.findings if f.criterion.role == "caution"]
        assert len(apply) == sum(f.result is Verdict.NOT_MET for f in shown)
        assert len(open_ones) == sum(f.result is Verdict.UNKNOWN for f in shown)


@over_patients
@given(patients())
def test_a_met_line_carries_each_caution(patient):
    for judgement in nd.assess(patient).judgements:
        if judgement.verdict is Verdict.MET:
            for caution in judgement.cautions[: judgement.n_cautions]:
                assert caution in judgement.headline
            for caution in judgement.cautions[judgement.n_cautions :]:
                assert caution.removesuffix(": not entered") in judgement.sentence
            for silent in judgement.silent_on:
                assert silent in judgement.headline


@over_patients
@given(patients())
def test_silent_on_never_names_what_the_rule_set_asks(patient):
    for judgement in nd.assess(patient).judgements:
        criteria = judgement.rule_set.criteria
        asked = {criterion.quantity.topic for criterion in criteria if criterion.role in ("required", "caution")}
        for text in judgement.silent_on:
            topic, value = text.removesuffix(")").split(" (", 1)
            assert topic not in asked
            assert topic in {quantity.topic for quantity in QUANTITIES.values()}
            assert value != "not entered"


@over_patients
@given(patients())
def test_silent_on_names_only_what_another_list_or_label_of_the_therapy_misses(patient):
    assessment = nd.assess(patient)
    for judgement in assessment.judgements:
        missed = {
            criterion.quantity.topic
            for other in assessment.judgements
            if other.rule_set.therapy == judgement.rule_set.therapy and other.rule_set.kind in ("list", "label")
            for clause in other.clauses(Verdict.NOT_MET)
            for criterion in clause.criteria
            if criterion.judge(patient) is Verdict.NOT_MET
        }
        assert {text.split(" (", 1)[0] for text in judgement.silent_on} <= missed


@over_patients
@given(patients())
def test_a_line_begins_as_its_kind_does(patient):
    for judgement in nd.assess(patient).judgements:
        begins = dict(zip(Verdict, BEGINS[judgement.rule_set.kind], strict=True))
        assert judgement.headline.startswith(begins[judgement.verdict])
        if judgement.rule_set.kind in ("statement", "population"):
            assert not judgement.headline.startswith("Meets")


@over_patients
@given(patients())
def test_the_table_of_verdicts_says_the_same(patient):
    assessment = nd.assess(patient)
    table = assessment.verdicts
    assert tuple(table.columns) == COLUMNS
    assert set(table["kind"]) == set(RULE_SET_KINDS)
    for row, judgement in zip(table.itertuples(), assessment.judgements, strict=True):
        assert row.headline == judgement.headline
        assert row.cautions == "; ".join(judgement.cautions)
        assert row.n_cautions == judgement.n_cautions
        assert row.silent_on == "; ".join(judgement.silent_on)
        assert row.not_asked == judgement.rule_set.not_asked


@over_patients
@given(patients())
def test_what_is_read_out_holds_every_line(patient):
    assessment = nd.assess(patient)
    said = str(assessment)
    for judgement in assessment.judgements:
        assert f"{judgement.rule_set.tagged_title}: {judgement.sentence}." in said


@pytest.mark.parametrize(
    ("entered", "rule_set", "line"),
    [
        ({"pregnant": True}, "prrt_label", "Misses 1 of 8: pregnancy yes (asked: no)"),
        ({"disease_progressive": False}, "targeted_review", "Does not fit 1 of 1: progression no (asked: yes)"),
        (
            {"differentiation": "well"},
            "platinum_etoposide_review",
            "Does not fit 1 of 1: differentiation well (asked: poor)",
        ),
        (
            {"operable": True},
            "percutaneous_inoperable_review",
            "Does not fit 1 of 1: patient fit for surgery (asked: unfit for surgery)",
        ),
        (
            {"primary_site": "pancreas"},
            "promid_population",
            "Unlike its patients in 1 of 2: primary pancreas (studied: small intestine, appendix)",
        ),
        ({}, "targeted_review", "Open, 1 of 1: progression not entered"),
        (
            {"disease_progressive": True},
            "targeted_review",
            "Fits 1 of 1; not asked: whether stability of the tumor would be a benefit",
        ),
        ({"drug_resistant": False}, "interferon_review", "Open, 1 of 1: failure of a somatostatin analog not entered"),
        ({"mibg_positive": False}, "mibg_review", "Does not fit 1 of 1: MIBG scan negative (asked: positive)"),
    ],
)
def test_what_was_read_as_its_opposite_reads_rightly(entered, rule_set, line):
    assert nd.assess(nd.Patient(**entered), [rule_set])[rule_set].headline == line


def test_a_caution_is_said_also_where_nothing_decides():
    found = nd.assess(nd.Patient(near_major_vessel=True, oligonodular=True))["rfa_review"]
    assert found.cautions == ("lesion near a major hepatic vessel",)
    said = "Open: the source states nothing that decides. Caution: lesion near a major hepatic vessel"
    assert found.sentence == said


def test_a_rule_set_is_silent_on_what_only_favors_it():
    found = nd.assess(nd.Patient(symptomatic=True, resectable_percent=10))["cytoreduction_review"]
    assert "silent on resectable share (10 %)" in found.headline


def test_a_population_is_silent_on_nothing():
    # What a trial asked besides was not read.
    entered = {"primary_site": "small_intestine", "pregnant": True, "serious_renal_impairment": True}
    assert nd.assess(nd.Patient(**entered))["netter1_population"].silent_on == ()


def test_what_another_list_asks_and_is_not_entered_stands_beside_a_met_line():
    entered = {"bilobar": True, "liver_unresectable": True, "symptomatic": True, "age_years": 40}
    (said,) = nd.assess(nd.Patient(**entered))["review_introduction"].side_notes
    assert said.startswith("Not entered, asked by another list or label: ")
    assert "extrahepatic disease" in said
    assert "age" not in said.split(": ")[1].split(", ")


def test_what_two_alternatives_lack_is_said_once():
    entered = {"differentiation": "well", "primary_site": "pancreas", "primary_status": "resected", "stable_months": 8}
    found = nd.assess(nd.Patient(**entered, liver_unresectable=True, extrahepatic_disease="none"))["milan_2023"]
    assert found.headline == "Open, 1 of 7: Ki-67 not entered"


def test_a_miss_says_how_much_is_still_open():
    assert nd.assess(nd.Patient(differentiation="poor"))["prrt_label"].side_notes == ("Still open: 7 of 8",)


def test_alternatives_that_are_missed_are_told_as_such():
    fit = nd.Patient(liver_unresectable=False, operable=True)
    assert nd.assess(fit)["embolization_review"].headline == (
        "Does not fit 1 of 1: both alternatives missed: liver metastases resectable (asked: unresectable), "
        "patient fit for surgery (asked: unfit for surgery)"
    )
    local = fit.replace(extrahepatic_disease="none")
    assert "all 3 alternatives missed: " in nd.assess(local)["radioembolization_review"].headline
    assert nd.assess(nd.Patient())["embolization_review"].headline == (
        "Open, 1 of 1: resectability of liver metastases or fitness for surgery not entered"
    )


def test_what_an_alternative_asks_together_is_told_from_the_alternatives():
    found = nd.assess(nd.Patient(large_tumor_burden=False, maa_scan_done=True, major_pulmonary_shunt=False))
    assert found["radioembolization_review"].open[1] == (
        "severe liver dysfunction, or vascular involvement and portal vein, not entered"
    )
    told = nd.assess(nd.Patient(vascular_involvement=False))["radioembolization_review"].open
    assert "severe liver dysfunction or portal vein not entered" in told


def test_an_alternative_that_asks_more_than_another_is_not_named_beside_it():
    assert nd.assess(nd.Patient())["milan_2023"].open[0] == "Ki-67 not entered"
    assert nd.assess(nd.Patient())["milan_2019"].open[0] == "differentiation and Ki-67 not entered"


def test_a_ki_67_over_20_is_no_low_grade_whatever_the_differentiation():
    entered = {"ki67_percent": 70, "resectable_percent": 100}
    found = nd.assess(nd.Patient(**entered))
    assert "1 caution: grade G3 or NEC" in found["resection_review"].headline
    assert found["prrt_label"].headline == "Misses 1 of 8: grade G3 or NEC (asked: G1 or G2)"
    assert found["milan_2007"].headline == "Misses 1 of 7: grade G3 or NEC (asked: G1 or G2)"
    assert found.findings.loc["milan_2007-grade", "observed"] == "G3 or NEC"
    assert nd.compare(nd.Patient(**entered), "prrt").loc["WHO grade", "this_patient"] == "G3 or NEC"
    assert nd.assess(nd.Patient(ki67_percent=20))["milan_2007"].open[0] == "differentiation not entered"


def test_a_grade_that_is_open_names_the_inputs_it_comes_from():
    found = nd.assess(nd.Patient(ki67_percent=2, resectable_percent=100))["resection_review"]
    assert "WHO grade (differentiation): not entered" in found.cautions
    assert "WHO grade (differentiation)" in found.side_notes[0]
    found = nd.assess(nd.Patient(resectable_percent=100))["resection_review"]
    assert "WHO grade (differentiation, Ki-67)" in found.side_notes[0]


@pytest.mark.parametrize(
    ("field", "known", "says"),
    [
        ("primary_site", "pancreas|stomach", "primary pancreas or stomach (asked: portal drainage of the primary yes)"),
        ("ki67_percent", "15-30", "Ki-67 15 to 30 % (asked: grade G1 or G2) and differentiation not entered"),
        ("differentiation", "well|poor", "differentiation well or poor (asked: grade G1 or G2) and Ki-67 not entered"),
    ],
)
def test_what_is_derived_from_an_input_known_in_part_is_open_and_names_that_input(field, known, says):
    assessment = nd.assess(nd.Patient(**{field: known}, stable_months=7, liver_unresectable=True))
    assert says in assessment["milan_2007"].open
    assert not re.search(r"[;:] not entered| \(\)", str(assessment))
    told = says.partition(" and ")[0]
    (transplantation,) = (one for one in lines.by_therapy(assessment.published) if one.therapy == "transplantation")
    assert any(told in group.reason for line in transplantation.lines for group in line.groups)


def test_a_derived_input_that_another_list_asks_is_open_when_it_is_known_in_part():
    entered = {"differentiation": "well", "liver_unresectable": True, "extrahepatic_disease": "none"}
    patient = nd.Patient(**entered, primary_status="resected", stable_months=7, primary_site="pancreas|stomach")
    met = nd.assess(patient)["review_option"]
    assert met.verdict == "met"
    assert "portal drainage of the primary (primary pancreas or stomach)" in met.side_notes[-1]
    assert met.side_notes[-1].startswith("Open, asked by another list or label: ")
    assert not any("portal drainage" in text for text in met.unasked)


def test_no_comma_stands_between_words_that_hold_one():
    says = "extrahepatic disease extensive (studied: none or limited, stable or limited, progressing)"
    assert says in nd.assess(nd.Patient(extrahepatic_disease="extensive"))["retnet_population"].missed
    known = nd.Patient(extrahepatic_disease="none|limited_stable|limited_progressing")
    assert "extrahepatic disease none or limited, stable or limited, progressing (asked: none)" in str(nd.assess(known))
