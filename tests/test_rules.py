import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdash import rule_tables, rules
from netdash.patient import FIELDS, Patient
from netdash.rules import Verdict, all_of, any_of

MET, NOT_MET, UNKNOWN = Verdict.MET, Verdict.NOT_MET, Verdict.UNKNOWN
ROW = {
    "criterion_id": "x-age",
    "rule_set": "x",
    "label": "Age",
    "role": "required",
    "group": "",
    "alternative": "",
    "field": "age_years",
    "operator": "<",
    "value": "55",
    "source": "review",
    "locator": "Somewhere",
    "note": "",
}
SET = {
    "rule_set": "x",
    "therapy": "t",
    "title": "X",
    "basis": "review",
    "source": "s",
    "locator": "l",
    "note": "",
    "kind": "list",
}


def build(*rows):
    return rule_tables.build([SET], [labelled({**ROW, **row}) for row in rows])["x"]


def labelled(row):
    """The row with the label of its field, unless another label is what is tried."""
    field = rules.QUANTITIES.get(row["field"])
    return {**row, "label": field.label} if field and row["label"] == ROW["label"] else row


def criterion(**row):
    return build(row).criteria[0]


@pytest.mark.parametrize(
    ("verdicts", "conjunction", "disjunction"),
    [
        ([MET, MET], MET, MET),
        ([MET, UNKNOWN], UNKNOWN, MET),
        ([MET, NOT_MET], NOT_MET, MET),
        ([UNKNOWN, UNKNOWN], UNKNOWN, UNKNOWN),
        ([UNKNOWN, NOT_MET], NOT_MET, UNKNOWN),
        ([NOT_MET, NOT_MET], NOT_MET, NOT_MET),
    ],
)
def test_the_logic_is_kleenes(verdicts, conjunction, disjunction):
    for order in (verdicts, verdicts[::-1]):
        assert all_of(order) is conjunction
        assert any_of(order) is disjunction


@pytest.mark.parametrize(
    ("operator", "below", "at", "above", "words"),
    [
        ("<", MET, NOT_MET, NOT_MET, "under 55 years"),
        ("<=", MET, MET, NOT_MET, "at most 55 years"),
        (">=", NOT_MET, MET, MET, "at least 55 years"),
        (">", NOT_MET, NOT_MET, MET, "over 55 years"),
    ],
)
def test_a_bound_is_exact_on_both_sides_and_says_so(operator, below, at, above, words):
    rule = criterion(operator=operator)
    found = [rule.judge(Patient(age_years=age)) for age in (54.999999, 55, 56)]
    # An age counts in completed years.
    assert rule.judge(Patient(age_years=55.999999)) is at
    assert found == [below, at, above]
    assert rule.judge(Patient()) is UNKNOWN
    assert rule.requirement == words


@pytest.mark.parametrize(("operator", "sign"), [("<", 1), ("<=", 1), (">=", -1), (">", -1)])
def test_the_margin_is_positive_inside(operator, sign):
    rule = criterion(field="ki67_percent", operator=operator)
    assert rule.margin(48) == 7 * sign
    assert rule.margin(54.5) == 0.5 * sign
    assert rule.margin(55) == 0


def test_words_are_compared_as_words():
    rule = criterion(field="primary_site", operator="one of", value="pancreas|lung")
    assert [rule.judge(Patient(primary_site=s)) for s in ("pancreas", "colon", None)] == [MET, NOT_MET, UNKNOWN]
    assert rule.requirement == "pancreas or lung"
    assert rule.margin("pancreas") is None


def test_a_no_is_asked_for_as_a_no():
    rule = criterion(field="portal_vein_occluded", operator="is", value="no")
    assert [rule.judge(Patient(portal_vein_occluded=b)) for b in (False, True, None)] == [MET, NOT_MET, UNKNOWN]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"source": ""}, "source is empty"),
        ({"label": ""}, "label is empty"),
        ({"label": "Not old"}, "a label names the quantity"),
        ({"locator": ""}, "locator is empty"),
        ({"field": "age"}, "no field of a patient"),
        ({"operator": "=<"}, "operator is '=<'"),
        ({"operator": "is"}, "is a number; use <"),
        ({"value": "121"}, "0 to 120 years"),
        ({"value": "fifty"}, "'fifty'"),
        ({"role": "must"}, "role is 'must'"),
        ({"field": "primary_site", "operator": "one of", "value": "pancreas|brain"}, "'brain'"),
        ({"field": "primary_site", "value": "3"}, "no number; use 'is'"),
    ],
)
def test_a_row_that_makes_no_sense_is_refused_naming_row_and_cure(row, says):
    with pytest.raises(ValueError, match="x-age") as refusal:
        build(row)
    assert says in str(refusal.value)


def test_contradictions_duplicates_and_orphans_are_refused():
    with pytest.raises(ValueError, match="contradict"):
        build({}, {"criterion_id": "x-old", "operator": ">", "value": "60"})
    with pytest.raises(ValueError, match="repeat one requirement"):
        build({}, {"criterion_id": "x-age-again"})
    with pytest.raises(ValueError, match="repeats"):
        build({}, {"operator": "<=", "value": "60"})
    with pytest.raises(ValueError, match="rule_sets.csv lacks"):
        build({}, {"criterion_id": "y-age", "rule_set": "y"})
    with pytest.raises(ValueError, match="no row"):
        rule_tables.build([SET, {**SET, "rule_set": "z"}], [ROW])
    with pytest.raises(ValueError, match="rule_sets.csv repeats"):
        rule_tables.build([SET, SET], [ROW])
    with pytest.raises(ValueError, match="other rows separate"):
        build(
            {"group": "g", "alternative": "a"},
            {"criterion_id": "x-ki67", "field": "ki67_percent", "value": "10"},
            {"criterion_id": "x-liver", "field": "liver_involvement_percent", "group": "g", "alternative": "b"},
        )


def test_alternatives_of_a_group_are_joined_by_or_and_the_members_of_one_by_and():
    rule_set = build(
        {"criterion_id": "x-a", "field": "severe_liver_dysfunction", "operator": "is", "value": "no"}
        | {"group": "g", "alternative": "a"},
        {"criterion_id": "x-b1", "field": "vascular_involvement", "operator": "is", "value": "no"}
        | {"group": "g", "alternative": "b"},
        {"criterion_id": "x-b2", "field": "portal_vein_occluded", "operator": "is", "value": "no"}
        | {"group": "g", "alternative": "b"},
    )
    (clause,) = rule_set.clauses

    def judge(a, b1, b2):
        return clause.judge({"x-a": a, "x-b1": b1, "x-b2": b2})

    assert judge(MET, NOT_MET, UNKNOWN) is MET
    assert judge(NOT_MET, MET, MET) is MET
    assert judge(NOT_MET, MET, NOT_MET) is NOT_MET
    assert judge(NOT_MET, MET, UNKNOWN) is UNKNOWN


def test_an_unknown_rule_set_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match="milan_review"):
        rule_tables.get("milano")


ALL = [c for rule_set in rule_tables.load().values() for c in rule_set.criteria]


@given(st.data())
def test_the_cure_of_a_criterion_cures_it(data):
    from conftest import patients

    rule, patient = data.draw(st.sampled_from(ALL)), data.draw(patients())
    cured = patient.replace(**rule.change_to_meet(patient))
    assert rule.judge(cured) is MET
    if rule.judge(patient) is MET:
        assert cured == patient


@pytest.mark.parametrize("rule", ALL, ids=lambda c: c.criterion_id)
def test_every_criterion_of_the_data_can_be_met_and_missed_and_names_its_inputs(rule):
    assert rule.inputs
    assert set(rule.inputs) <= set(FIELDS)
    assert rule.judge(Patient()) is UNKNOWN
    assert rule.needs(Patient())
    if rule.quantity is rules.GRADE:
        missed = [Patient(differentiation="poor")]
    else:
        field = rule.quantity
        extremes = field.choices or ((True, False) if field.kind == "bool" else (field.minimum, field.maximum))
        missed = [Patient(**{field.name: value}) for value in extremes]
    assert NOT_MET in {rule.judge(patient) for patient in missed}
    assert rule.judge(Patient(**rule.change_to_meet(Patient()))) is MET


def test_a_criterion_can_change_its_result_only_along_its_own_input():
    for rule_set in rule_tables.load().values():
        for criterion in rule_set.criteria:
            for field in FIELDS:
                if field not in criterion.inputs:
                    assert criterion.breaks(field) == (), (criterion.criterion_id, field)


def test_the_value_nearest_to_a_bound_is_the_own_one_where_it_holds():
    strict, loose = (rule_tables.condition("age", "age_years", operator, "55") for operator in ("<", "<="))
    assert (strict.nearest(48), loose.nearest(48)) == (48, 48)
    assert (strict.nearest(60), loose.nearest(60)) == (54, 55)
    site = criterion(field="primary_site", operator="one of", value="pancreas|lung")
    assert [site.nearest(value) for value in ("lung", "colon", None)] == ["lung", "pancreas", "pancreas"]


@pytest.mark.parametrize(
    ("operator", "field", "bound", "inside"),
    [("<", "largest_lesion_cm", "5", 4.9), (">", "largest_lesion_cm", "5", 5.1), ("<", "lesion_count", "5", 4)],
)
def test_the_value_nearest_to_a_strict_bound_is_one_slider_step_inside_it(operator, field, bound, inside):
    assert criterion(field=field, operator=operator, value=bound).nearest(None) == inside


@pytest.mark.parametrize(
    ("grades", "known", "change"),
    [
        ("G1", {"differentiation": "well", "ki67_percent": 10}, {"ki67_percent": 2}),
        ("G2", {"differentiation": "well", "ki67_percent": 50}, {"ki67_percent": 20}),
        ("G3", {"differentiation": "well", "ki67_percent": 10}, {"ki67_percent": 100}),
        ("G3", {}, {"differentiation": "well", "ki67_percent": 100}),
        ("NEC", {"differentiation": "well", "ki67_percent": 10}, {"differentiation": "poor"}),
        ("G1|G2|G3", {"ki67_percent": 10}, {"differentiation": "well"}),
    ],
)
def test_the_smallest_change_of_a_grade_is_known_for_each_grade(grades, known, change):
    rule = criterion(field="grade", operator="one of", value=grades)
    assert rule.change_to_meet(Patient(**known)) == change
