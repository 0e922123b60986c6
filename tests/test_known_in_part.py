"""A patient known in part: the law of verdicts, every bound of every rule, and what is said."""

import functools
import math
from urllib.parse import quote

import pandas as pd
import pytest
from conftest import values
from hypothesis import given, settings
from hypothesis import strategies as st

import netdash as nd
from netdash import ranges, rule_tables
from netdash.board import Board
from netdash.case_report import report
from netdash.fields import Choice, Count, Number, in_part
from netdash.intervals import Interval
from netdash.judgement import judge
from netdash.patient import FIELDS, Patient
from netdash.rules import Bound, OneOf, Verdict

MET, NOT_MET, UNKNOWN = Verdict
CRITERIA = [criterion for found in rule_tables.load().values() for criterion in found.criteria]
IDS = [criterion.criterion_id for criterion in CRITERIA]

CANDIDATE = Patient(
    age_years=48, ki67_percent=4, liver_involvement_percent=35, extrahepatic_disease="none", primary_site="pancreas",
    primary_status="resected", differentiation="well", stable_months=8, serious_comorbidity=False,
    liver_unresectable=True,
)  # fmt: skip


def exactly(value):
    """Values that lie in what is known of a field, with the field's own type."""
    name, known = value
    field = FIELDS[name]
    if isinstance(known, frozenset):
        return st.sampled_from(field.ordered(known))
    if not isinstance(known, Interval):
        return st.just(known)
    if isinstance(field, Count):
        return st.integers(int(known.low), int(known.high))
    return st.floats(known.low, known.high, exclude_min=known.low_open, exclude_max=known.high_open)


@st.composite
def parts(draw, name):
    """What can be known of one field, exactly or in part, as a patient keeps it; None when no value is left."""
    field = FIELDS[name]
    if isinstance(field, Choice) and draw(st.booleans()):
        return field.check(draw(st.sets(st.sampled_from(field.choices), min_size=1)))
    if not isinstance(field, Number) or draw(st.booleans()):
        return draw(values(field))
    low, high = sorted((round(draw(values(field)), 3), round(draw(values(field)), 3)))
    try:
        return field.check(Interval(low, high, draw(st.booleans()), draw(st.booleans())))
    except ValueError:
        return float(low) if not isinstance(field, Count) else low


@st.composite
def known_and_exact(draw):
    """A patient known in part, and a patient with exact values that lies within it and is possible."""
    names = draw(st.sets(st.sampled_from(list(FIELDS)), max_size=len(FIELDS)))
    names |= draw(st.sets(st.sampled_from(["ki67_percent", "differentiation", "grade_reported", "age_years"])))
    names.discard("primary_portal_drained")
    known = {name: draw(parts(name)) for name in sorted(names)}
    exact = {name: draw(exactly(item)) for name, item in zip(known, known.items(), strict=True)}
    # What is not entered can be anything; the grades must not contradict each other.
    for name in ("ki67_percent", "differentiation"):
        exact.setdefault(name, draw(values(FIELDS[name])))
    index = Patient(ki67_percent=exact["ki67_percent"], differentiation=exact["differentiation"]).grade
    reported = known.get("grade_reported")
    if reported is not None and index not in (reported if isinstance(reported, frozenset) else {reported}):
        known.pop("grade_reported")
    exact["grade_reported"] = index
    return Patient(**known), Patient(**exact)


@settings(max_examples=1000 if settings().max_examples > 100 else 100)
@given(known_and_exact())
def test_what_is_decided_of_a_patient_known_in_part_holds_for_every_patient_within_it(pair):
    known, exact = pair
    for rough, fine in zip(nd.assess(known).judgements, nd.assess(exact).judgements, strict=True):
        if rough.verdict is not UNKNOWN:
            assert fine.verdict is rough.verdict, rough.rule_set.name
        for finding, sharp in zip(rough.findings, fine.findings, strict=True):
            if finding.result is not UNKNOWN:
                assert sharp.result is finding.result, finding.criterion.criterion_id


def around(bound, field):
    """Values just below, at and just above a bound, and the limits of the field."""
    step = 1.0 if isinstance(field, Count) or field.completed else 0.5
    found = {field.minimum, bound - step, bound, bound + step, field.maximum}
    return sorted(value for value in found if field.minimum <= value <= field.maximum)


def intervals_around(bound, field):
    marks = around(bound, field)
    for low in marks:
        for high in (mark for mark in marks if mark >= low):
            for low_open, high_open in [(False, False), *([(True, False), (False, True), (True, True)] * (low < high))]:
                yield Interval(float(low), float(high), low_open, high_open)


@functools.cache
def sample(interval, name):
    """Values of an interval, so close to its ends and to whole numbers that no bound lies between them."""
    field = FIELDS[name]
    if isinstance(field, Count):
        return [value for value in range(int(interval.low), int(interval.high) + 1) if value in interval][:5000]
    marks = {interval.low, interval.high, (interval.low + interval.high) / 2}
    marks |= {float(n) / 4 for n in range(math.floor(interval.low * 4), math.ceil(interval.high * 4) + 1)}
    near = {mark + tiny for mark in marks for tiny in (-1e-6, 0, 1e-6)}
    return [value for value in near if value in interval and field.minimum <= value <= field.maximum]


@functools.cache
def with_one(name, value):
    """A patient of whom one value is known; many criteria ask for the same ones."""
    return Patient(**{name: value})


@pytest.mark.parametrize("criterion", [c for c in CRITERIA if isinstance(c, Bound)], ids=lambda c: c.criterion_id)
def test_a_range_at_a_bound_is_decided_exactly_when_all_its_values_agree(criterion):
    field = criterion.quantity

    @functools.cache
    def answer(value):
        return criterion.judge(with_one(field.name, value))

    for interval in intervals_around(criterion.bound, field):
        try:
            patient = Patient(**{field.name: interval})
        except ValueError:
            continue  # a whole number between two neighbors
        kept = getattr(patient, field.name)
        exact = sample(kept, field.name) if isinstance(kept, Interval) else [kept]
        answers = {answer(value) for value in exact}
        assert criterion.judge(patient) is (answers.pop() if len(answers) == 1 else UNKNOWN), (field.name, interval)


@pytest.mark.parametrize(
    "criterion",
    [c for c in CRITERIA if isinstance(c, OneOf) and isinstance(c.quantity, Choice) and c.quantity.name != "grade"],
    ids=lambda c: c.criterion_id,
)
def test_a_set_of_words_is_decided_exactly_when_all_of_them_agree(criterion):
    words = criterion.quantity.choices
    for first in words:
        for second in words:
            answers = {criterion.judge(Patient(**{criterion.quantity.name: word})) for word in (first, second)}
            patient = Patient(**{criterion.quantity.name: {first, second}})
            assert criterion.judge(patient) is (answers.pop() if len(answers) == 1 else UNKNOWN)


GRADES = ("G1", "G2", "G3", "NEC")
INDICES = [0.0, 2.99, 3.0, 3.01, 10.0, 19.99, 20.0, 20.01, 100.0]


def test_the_grades_left_are_those_of_all_patients_that_are_possible():
    reported = [frozenset(g for n, g in enumerate(GRADES) if mask >> n & 1) for mask in range(1, 16)]
    for low in INDICES:
        for high in (index for index in INDICES if index >= low):
            for words in ({"well"}, {"poor"}, {"well", "poor"}):
                single = {
                    Patient(ki67_percent=index, differentiation=word).grade
                    for index in INDICES
                    if low <= index <= high
                    for word in words
                }
                for grades in reported:
                    patient = Patient(
                        ki67_percent=Interval(low, high), differentiation=words, grade_reported=set(grades)
                    )
                    assert patient.grades == ((single & grades) or (single | grades))
                    assert patient.grade == (next(iter(patient.grades)) if len(patient.grades) == 1 else None)


def test_a_grade_alone_is_judged():
    assert Patient(grade_reported="G2").grade == "G2"
    assert Patient(grade_reported="G2").grades == {"G2"}
    assert Patient(grade_reported="G1|G2").grade is None
    assert judge(rule_tables.get("radiant3_population"), Patient(grade_reported="G1|G2")).findings[0].result is MET
    assert Patient(ki67_percent=">20").grades == {"G3", "NEC"}
    assert nd.assess(Patient(ki67_percent=">20"))["milan_2007"].verdict is NOT_MET
    assert Patient(ki67_percent=">20", grade_reported="G3|NEC", differentiation="well").grade == "G3"


def test_a_reported_grade_at_odds_with_the_others_leaves_both_and_is_said():
    patient = CANDIDATE.replace(grade_reported="G3")
    assert patient.grade is None
    assert patient.grades == {"G2", "G3"}
    assert nd.assess(patient).conflicts == (
        "Reported grade G3 and Ki-67 4 %: a Ki-67 of at most 20 % is no grade 3; a count of mitoses, which is no input "
        "here, can give a higher grade",
    )
    assert nd.assess(patient)["milan_2007"].headline == "Open, 1 of 7: grade G2 or G3 (asked: G1 or G2)"


MITOSES = "; a count of mitoses, which is no input here, can give a higher grade"


@pytest.mark.parametrize(
    ("index", "reported", "said"),
    [
        ("3-30", "G3", f"Reported grade G3 and Ki-67 3 to 30 %: the grade assumes Ki-67 over 20 to 30 %{MITOSES}"),
        ("20-30", "G3", f"Reported grade G3 and Ki-67 20 to 30 %: the grade assumes Ki-67 over 20 to 30 %{MITOSES}"),
        ("1-10", "G2", f"Reported grade G2 and Ki-67 1 to 10 %: the grade assumes Ki-67 3 to 10 %{MITOSES}"),
        ("3-30", "NEC", "Reported grade NEC and Ki-67 3 to 30 %: the grade assumes Ki-67 over 20 to 30 %"),
        ("3-30", "G2", ""),  # WHO gives G2 at most 20 %
        ("3-30", "G2|G3", ""),
        ("20-30", "G2", ""),  # 20 % is G2
        ("20-30", "G2|G3", ""),
        ("3-20", "G3", ""),  # at odds, which is said
        (">20", "G3", ""),
        ("25", "G3", ""),
        ("3-30", None, ""),
    ],
)
def test_a_reported_grade_that_assumes_the_higher_part_of_a_range_says_so_and_changes_no_verdict(index, reported, said):
    assessment = nd.assess(CANDIDATE.replace(ki67_percent=index, grade_reported=reported, differentiation=None))
    assert assessment.assumed == ((said,) if said else ())
    sentence = f"Assumed: {said}."
    assert (sentence in str(assessment)) == (sentence in report(assessment.patient)) == bool(said)
    html = str(Board(assessment.patient).frame.content["sections"]["case"])
    assert ("Assumed:" in html) == bool(said)
    # A criterion on Ki-67 itself is judged by all of the range.
    without = nd.assess(assessment.patient.replace(grade_reported=None))
    assert assessment["milan_review"].verdict == without["milan_review"].verdict


def test_the_drainage_of_several_sites_is_what_all_of_them_settle():
    assert Patient(primary_site="pancreas|colon").primary_portal_drained is True
    assert Patient(primary_site="pancreas|lung").primary_portal_drained is None
    assert Patient(primary_site="pancreas|stomach").primary_portal_drained is None
    assert Patient(primary_site="stomach_distal|colon").primary_portal_drained is True


def test_a_part_of_the_stomach_is_a_stomach():
    for site in ("stomach", "stomach_distal", "stomach_proximal"):
        found = nd.assess(CANDIDATE.replace(primary_site=site))["milan_2023"].findings
        assert next(f.result for f in found if f.criterion.criterion_id == "milan_2023-site") is MET
    series = nd.studies().query("study_id == 'gomez_2007'")
    assert nd.differing(Patient(primary_site="stomach_distal"), series) == {}
    assert nd.differing(Patient(primary_site="lung|colon"), series) == {}
    assert nd.differing(Patient(primary_site="lung|other"), series) != {}


def test_a_primary_that_was_not_found_leaves_other_sites_open():
    for rule_set in ("prrt_label", "sunitinib_population", "milan_2023"):
        assert nd.assess(CANDIDATE.replace(primary_site="unknown_primary"))[rule_set].verdict is UNKNOWN
    assert nd.assess(CANDIDATE.replace(primary_site="unknown_primary|lung"))["sunitinib_population"].verdict is UNKNOWN
    series = nd.studies().query("study_id == 'gomez_2007'")
    assert nd.differing(Patient(primary_site="unknown_primary"), series) == {}


def test_the_trial_that_took_unknown_primaries_is_met_by_one():
    found = nd.assess(Patient(primary_site="unknown_primary"))["clarinet_population"].findings
    assert next(f.result for f in found if f.criterion.criterion_id == "clarinet_population-site") is MET


@given(st.sampled_from(list(FIELDS)).flatmap(lambda name: st.tuples(st.just(name), parts(name))))
def test_what_is_known_in_part_round_trips(item):
    name, known = item
    patient = Patient(**{name: known})
    assert getattr(patient, name) == known
    assert Patient.from_dict(patient.to_dict()) == Patient.from_query(patient.to_query()) == patient
    assert eval(repr(patient)) == patient
    assert hash(eval(repr(patient))) == hash(patient)
    text = patient.to_dict()[name]
    assert isinstance(text, str) if in_part(known) else text == known


@pytest.mark.parametrize("text", ["3-200", "<300", ">=-5", "3..101"])
def test_a_written_range_with_an_end_out_of_the_limits_is_refused_by_box_link_and_list(text):
    with pytest.raises(ValueError, match=r"ki67_percent \(Ki-67\) was given"):
        FIELDS["ki67_percent"].parse_entry(text)
    with pytest.raises(ValueError, match=r"ki67_percent \(Ki-67\) was given"):
        Patient.from_query(f"ki67_percent={quote(text)}")
    with pytest.raises(ValueError, match="column ki67_percent"):
        nd.cases(f"label,ki67_percent\nA,{text}\n".encode())
    assert Patient.from_query("ki67_percent=>=90").ki67_percent == Interval(90, 100)


def test_text_of_the_form_is_taken_by_a_patient():
    assert Patient(ki67_percent="8") == Patient(ki67_percent=8.0)
    assert Patient(ki67_percent="8").to_dict() == {"ki67_percent": 8.0}
    assert Patient(ki67_percent="3-20") == Patient(ki67_percent=nd.Interval(3, 20))
    assert Patient(ki67_percent=pd.Interval(3, 20, closed="both")) == Patient(ki67_percent="3–20 %")
    assert Patient(age_years="90+").age_years == Interval(90, 120)
    assert Patient(ki67_percent="<3").to_query() == "ki67_percent=%3C3"
    assert Patient.from_query("?age_years=90+&ki67_percent=<3") == Patient(age_years=">=90", ki67_percent="<3")
    assert Patient(lesion_count=">3") == Patient(lesion_count=Interval(4, 999))
    assert Patient(lesion_count=">3 <5") == Patient(lesion_count=4)
    assert Patient(primary_site=["pancreas"]) == Patient(primary_site="pancreas")
    assert Patient(primary_site="duodenum|pancreas").to_dict() == {"primary_site": "pancreas|duodenum"}
    assert Patient(bilobar={True, False}) == Patient()


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("ki67_percent", "20-3", "the range starts at 20 and ends at 3, which is less"),
        ("ki67_percent", ">100", "no value in it is allowed"),
        ("ki67_percent", Interval(101, 110), "no value in it is allowed"),
        ("lesion_count", "<1", "no value in it is allowed"),
        ("lesion_count", ">3 <4", "no value in it is allowed"),
        ("age_years", "8 %", "or a range such as 3-20, <3 or >=10"),
        ("primary_site", "pancreas|kidney", "expected one of pancreas"),
        ("primary_site", set(), "expected one of pancreas"),
        ("bilobar", "yes|no", "expected True"),
    ],
)
def test_a_range_without_an_allowed_value_is_refused_in_words(name, value, why):
    with pytest.raises(ValueError, match=name) as refusal:
        Patient(**{name: value})
    assert why in str(refusal.value)
    if isinstance(value, str):
        with pytest.raises(ValueError, match=name) as refusal:
            FIELDS[name].parse(value)
        assert why in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("ki67_percent", "3-20", "3 to 20 %"),
        ("ki67_percent", "<3", "under 3 %"),
        ("ki67_percent", "<=3", "at most 3 %"),
        ("ki67_percent", ">20", "over 20 %"),
        ("ki67_percent", ">=10", "at least 10 %"),
        ("ki67_percent", ">3 <=20", "over 3 to 20 %"),
        ("ki67_percent", ">=3 <20", "3 to under 20 %"),
        ("ki67_percent", "0-100", "0 to 100 %"),
        ("age_years", "90+", "at least 90 years"),
        ("age_years", "<1", "under 1 year"),
        ("primary_site", "duodenum|pancreas", "pancreas or duodenum"),
        ("extrahepatic_disease", "none|limited_stable|extensive", "none or limited, stable or extensive"),
    ],
)
def test_what_is_known_in_part_is_shown_in_words(name, text, words):
    assert FIELDS[name].show(FIELDS[name].parse(text)) == words


@pytest.mark.parametrize(
    ("sites", "says"),
    [
        ("unknown_primary", "unknown primary"),
        ("unknown_primary|other", "unknown primary or other"),
        ("lung|unknown_primary", "lung or unknown primary"),
        ("lung|other", "primary lung or other"),
    ],
)
def test_a_site_names_the_primary_once(sites, says):
    field = FIELDS["primary_site"]
    assert field.phrase(field.parse(sites)) == says


def test_a_headline_says_what_is_known_and_what_is_asked():
    found = nd.assess(CANDIDATE.replace(ki67_percent="3-20"))["milan_review"]
    assert found.headline == "Open, 1 of 5: Ki-67 3 to 20 % (asked: under 10 %)"
    found = nd.assess(CANDIDATE.replace(ki67_percent="3-20", age_years=None))["milan_review"]
    assert found.headline == "Open, 2 of 5: age not entered; Ki-67 3 to 20 % (asked: under 10 %)"
    found = nd.assess(CANDIDATE.replace(ki67_percent="12-20"))["milan_review"]
    assert found.headline == "Misses 1 of 5: Ki-67 12 to 20 % (asked: under 10 %)"
    found = nd.assess(CANDIDATE.replace(ki67_percent="15-30"))["milan_2007"]
    assert found.headline == "Open, 1 of 7: grade G2 or G3 (asked: G1 or G2)"
    assert [field.name for field in found.needs] == ["ki67_percent"]
    found = nd.assess(CANDIDATE.replace(ki67_percent="15-30", differentiation=None))["milan_2007"]
    assert found.headline == ("Open, 1 of 7: Ki-67 15 to 30 % (asked: grade G1 or G2) and differentiation not entered")
    found = nd.assess(CANDIDATE.replace(primary_site="pancreas|lung"))["milan_2007"]
    assert [field.name for field in found.needs] == ["primary_site"]
    found = nd.assess(CANDIDATE.replace(ki67_percent="5-15", differentiation="poor"))["milan_2023"]
    assert found.headline == "Open, 1 of 7: Ki-67 5 to 15 % (asked: under 10 %)"


def test_a_caution_known_in_part_is_open_with_what_is_known():
    found = nd.assess(Patient(resectable_percent=95, extrahepatic_disease="none|extensive"))["resection_review"]
    assert "extrahepatic disease none or extensive (asked: none or limited, stable)" in found.cautions
    assert "Cautions open: extrahepatic disease none or extensive (asked: none or limited, stable)" in found.sentence
    assert found.n_cautions == 0


def test_margins_are_ranges():
    patient = CANDIDATE.replace(ki67_percent="3-20", liver_involvement_percent="60-80", age_years="40-50")
    findings = {f.criterion.criterion_id: f for f in nd.assess(patient)["milan_review"].findings}
    assert findings["milan_review-ki67"].distance == "10 points outside to 7 points inside"
    assert findings["milan_review-liver"].distance == "10 to 30 points outside"
    assert findings["milan_review-age"].distance == "5 to 15 years inside"
    frame = nd.assess(patient).findings.loc["milan_review-ki67"]
    assert (frame["margin_low"], frame["margin_high"]) == (-10, 7)
    assert math.isnan(frame["margin"])
    assert frame["observed"] == Interval(3, 20)
    exact = nd.assess(CANDIDATE).findings.loc["milan_review-ki67"]
    assert exact["margin"] == exact["margin_low"] == exact["margin_high"] == 6


def test_flips_say_what_would_decide():
    flips = nd.assess(CANDIDATE.replace(ki67_percent="3-20")).flips("milan_review")
    row = flips.set_index("field").loc["ki67_percent"]
    assert row["may_change"] == "known in part"
    assert row["needed"] == 9
    assert row["change"] == ("Ki-67 3 to 20 % (asked: under 10 %): decided once Ki-67 is known to be under 10 % or not")
    flips = nd.assess(CANDIDATE.replace(ki67_percent="12-20")).flips("milan_review")
    assert flips.set_index("field").loc["ki67_percent", "change"] == "Ki-67 12 to 20 % (asked: under 10 %): can change"
    flips = nd.assess(CANDIDATE.replace(ki67_percent=">9.5 <=20")).flips("milan_review")
    assert 9.5 < flips.set_index("field").loc["ki67_percent", "needed"] < 10
    flips = nd.assess(CANDIDATE.replace(primary_site="lung|pancreas")).flips("sunitinib_population")
    assert flips.set_index("field").loc["primary_site", "needed"] == "pancreas"


@settings(max_examples=60)
@given(known_and_exact())
def test_each_value_that_is_needed_is_possible_and_meets_the_criterion(pair):
    patient, _ = pair
    assessment = nd.assess(patient)
    for judgement in assessment.judgements:
        for finding in judgement.findings:
            changes = {row["field"]: row["needed"] for row in assessment.changes(judgement, finding)}
            if changes and None not in changes.values():
                assert finding.criterion.judge(patient.replace(**changes)) is MET


def test_what_to_narrow_is_listed_with_what_is_known():
    rows = nd.assess(CANDIDATE.replace(ki67_percent="3-20", serious_comorbidity=None)).next_inputs().set_index("field")
    assert rows.loc["ki67_percent", "known"] == "3 to 20 %"
    assert rows.loc["serious_comorbidity", "known"] == "not entered"
    assert rows.loc["ki67_percent", "settles"] >= 1


def test_comparison_text_and_report_say_what_is_known():
    patient = CANDIDATE.replace(ki67_percent="3-20", primary_site="pancreas|duodenum")
    table = nd.compare(patient, "transplantation")
    assert table.loc["Ki-67", "this_patient"] == "3 to 20 %"
    assert "Ki-67 3 to 20 %" in str(nd.assess(patient))
    assert "primary pancreas or duodenum" in str(nd.assess(patient)).lower()
    assert "Ki-67 3 to 20 %" in report(patient)


def test_ages_count_in_completed_years():
    assert nd.assess(Patient(age_years=55.4))["milan_2007"].findings[5].result is MET
    assert Patient(age_years=55.4).age_years == 55.4
    finding = next(f for f in nd.assess(Patient(age_years=55.4))["milan_2007"].findings if f.margin is not None)
    assert finding.distance == "at the bound, which is included"
    assert "completed years" in FIELDS["age_years"].help


def test_the_place_of_a_patient_on_an_axis_is_a_stretch():
    (place,) = ranges.places(Patient(ki67_percent=">3 <=20"), "ki67_percent")
    assert place == {"low": 3, "high": 20, "low_included": False, "high_included": True, "text": "over 3 to 20 %"}
    (place,) = ranges.places(Patient(age_years="54.5-55.5"), "age_years")
    assert (place["low"], place["high"]) == (54, 55)
    found = ranges.places(Patient(extrahepatic_disease="none|extensive"), "extrahepatic_disease")
    assert [(row["low"], row["text"]) for row in found] == [(0, "none"), (3, "extensive")]
    assert ranges.places(Patient(), "ki67_percent") == []


def test_the_strip_and_the_map_draw_the_stretch_that_is_possible():
    patient = CANDIDATE.replace(ki67_percent="3-20")
    band, *ends = nd.verdict_strip(patient, "ki67_percent").layout.shapes
    assert (band.type, band.x0, band.x1) == ("rect", 3, 20)
    assert [line.x0 for line in ends] == [3, 20]
    here = [trace for trace in nd.eligibility_map(patient).data if trace.name == "this patient"]
    assert [(list(trace.x), list(trace.y)) for trace in here] == [([48, 48, 48, 48, 48], [3, 3, 20, 20, 3])]
    assert "3 to 20 %" in here[0].hovertemplate


@pytest.mark.parametrize(
    "entered",
    [
        {"differentiation": "well", "grade_reported": "NEC"},
        {"ki67_percent": 10, "grade_reported": "G1|G3"},
        {"ki67_percent": 30, "grade_reported": "G1"},
    ],
)
def test_of_a_grade_at_odds_the_reported_grade_is_asked_and_no_input_that_leaves_it_open(entered):
    assessment = nd.assess(Patient(**entered))
    criterion = next(f.criterion for f in assessment["milan_2019"].findings if f.criterion.quantity.name == "grade")
    assert criterion.judge(assessment.patient) == "unknown"
    assert [field.name for field in criterion.needs(assessment.patient)] == ["grade_reported"]
    assert "not entered" not in assessment["milan_2019"].open[0]


def test_a_value_that_is_not_possible_is_not_said_to_be_decided_once_it_is_known():
    at_odds = nd.assess(Patient(ki67_percent="16-54", grade_reported="G1")).flips("milan_2019").set_index("field")
    assert at_odds.loc["ki67_percent", "may_change"] == "changeable"
    assert "decided once" not in at_odds.loc["ki67_percent", "change"]
    partly = nd.assess(Patient(primary_site="liver|unknown_primary")).flips("milan_2023").set_index("field")
    assert partly.loc["primary_site", "may_change"] == "known in part"
