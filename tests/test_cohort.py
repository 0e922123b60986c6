import itertools

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from cohorts import INFERRED, KINDS, arrow, assessed, differing, polars_typed, registry
from conftest import crowds, of_crowds, patients
from hypothesis import given, settings
from hypothesis import strategies as st

from netdash import rule_tables
from netdash.assessment import assess
from netdash.cohort import assess_cohort, attrition, invalid_values
from netdash.cohort.expressions import met_missed
from netdash.cohort.mapping import Mapping
from netdash.cohort.reading import read_frame
from netdash.derived import PORTAL_DRAINED_BY_SITE
from netdash.patient import FIELDS, Patient
from netdash.rules import Criterion, Verdict

SETS = list(rule_tables.load())
DERIVED = [
    name
    for name, found in rule_tables.load().items()
    if {c.quantity.name for c in found.criteria} & {"grade", "primary_portal_drained"}
]


def asking(*fields):
    """The rule sets that ask one of some fields: of a frame without other columns, the rest say nothing."""
    return [name for name, found in rule_tables.load().items() if {*fields} & {*found.inputs}]


def to_rows(frame):
    if isinstance(frame, pl.LazyFrame):
        frame = frame.collect()
    if isinstance(frame, pa.Table):
        return frame.to_pylist()
    return frame.to_dicts() if isinstance(frame, pl.DataFrame) else frame.to_dict("records")


def verdicts(frame, **how):
    return [{name: row[name] for name in SETS if name in row} for row in to_rows(assess_cohort(frame, **how))]


def one(rule_sets=None, **columns):
    """The verdicts of a one-row frame in pandas, polars and arrow, which must agree."""
    frames = (pd.DataFrame(columns), pl.DataFrame(columns), pl.LazyFrame(columns), pa.table(columns))
    found = [verdicts(frame, rule_sets=rule_sets) for frame in frames]
    assert all(other == found[0] for other in found)
    return found[0][0]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@of_crowds(4)
@given(crowds(60))
def test_a_cohort_gets_what_each_of_its_patients_gets(kind, group):
    frame = kind(group)
    result = assess_cohort(frame)
    assert type(result) is type(frame)
    found = to_rows(result)
    assert differing(found, assessed(group), group) == []
    assert [row["row"] for row in found] == list(range(len(group)))


@pytest.mark.parametrize("kind", INFERRED, ids=lambda kind: kind.__name__)
@settings(max_examples=6)
@given(st.lists(patients(), min_size=1, max_size=6))
def test_a_frame_of_few_rows_whose_types_its_library_finds_is_read(kind, group):
    # Of few rows many columns are empty, or have no missing cell, or whole numbers alone.
    assert differing(to_rows(assess_cohort(kind(group))), assessed(group), group) == []


@of_crowds(8)
@given(crowds(100))
def test_grade_and_drainage_are_those_of_the_patient(group):
    # Through every criterion that asks for one of them, on a frame with only what settles them.
    asked = ("differentiation", "ki67_percent", "primary_site", "primary_portal_drained")
    known = [Patient(**{name: value for name, value in p.to_dict().items() if name in asked}) for p in group]
    assert differing(verdicts(polars_typed(known), rule_sets=DERIVED), assessed(known, DERIVED), known) == []


@pytest.mark.untraced
def test_every_grade_and_every_site_on_both_sides_of_each_limit():
    indices = (None, 0, 2.999, 3, 20, 20.001, 100)
    group = [
        Patient(ki67_percent=index, differentiation=word, primary_site=site, primary_portal_drained=drained)
        for index in indices
        for word in (None, "well", "poor")
        for site in (None, *FIELDS["primary_site"].choices)
        for drained in (None, True, False)
    ]
    assert {patient.grade for patient in group} == {None, "G1", "G2", "G3", "NEC"}
    assert set(PORTAL_DRAINED_BY_SITE) < set(FIELDS["primary_site"].choices)
    expected = assessed(group, DERIVED)
    for kind in KINDS:
        assert verdicts(kind(group), rule_sets=DERIVED) == expected, kind


def test_every_kind_of_criterion_has_an_expression():
    made = {type(criterion) for found in rule_tables.load().values() for criterion in found.criteria}
    for kind in made:
        assert met_missed.dispatch(kind) is not met_missed.dispatch(Criterion), kind


def test_the_order_is_that_of_the_data_and_other_columns_pass_through_untouched():
    frame = pd.DataFrame({"id": ["00a", "00b"], "age_years": [48, 60], 7: [1, 2]}, index=[5, 3])
    before = frame.copy()
    result = assess_cohort(frame, ["milan_2007", "resection_review"])
    assert list(result) == ["id", "age_years", 7, "resection_review", "milan_2007"]
    assert list(result.index) == [5, 3]
    pd.testing.assert_frame_equal(frame, before)
    pd.testing.assert_frame_equal(result[list(frame)], before)


def test_no_column_and_no_row():
    assert set(one(id=[1]).values()) == {"unknown"}
    for frame in (pd.DataFrame({"age_years": []}), pl.DataFrame({"age_years": []}), arrow([])):
        assert verdicts(frame) == []
        table = attrition(frame, "milan_2007")
        assert (table.drop(columns="criterion") == 0).all(axis=None)


def test_a_rule_set_that_decides_nothing_stays_unknown():
    idle = [name for name, found in rule_tables.load().items() if not found.clauses]
    for name in idle:
        frame = arrow([Patient(differentiation="poor", high_proliferation=True)])
        assert verdicts(frame, rule_sets=[name]) == [{name: "unknown"}]
        assert attrition(frame, name).empty


# --- Values that a patient would refuse --------------------------------------------------------------------------

MILAN = {
    "age_years": 48.0,
    "ki67_percent": 4.0,
    "primary_portal_drained": True,
    "extrahepatic_disease": "none",
    "liver_involvement_percent": 35.0,
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("age_years", value) for value in (-1.0, 120.001, float("nan"), float("inf"), float("-inf"), 1e300)),
        *(("ki67_percent", value) for value in (-0.5, 101.0)),
        *(("extrahepatic_disease", value) for value in ("nil", "no", "nan", "limited/stable", "none|brain")),
    ],
)
def test_a_refused_value_is_unknown_and_never_normal(field, value):
    with pytest.raises(ValueError, match=field):
        Patient(**{field: value})
    assert one("milan_review", **{name: [known] for name, known in MILAN.items()}) == {"milan_review": "met"}
    columns = {name: [value if name == field else known] for name, known in MILAN.items()}
    assert one("milan_review", **columns) == {"milan_review": "unknown"}
    for frame in (pl.DataFrame(columns), pl.LazyFrame(columns), pa.table(columns)):
        counted = invalid_values(frame).set_index("column")
        assert counted.n_invalid.to_dict() == dict.fromkeys(counted.index, 0) | {field: 1}
        assert counted.expected[field] == FIELDS[field].allowed


@of_crowds(8)
@given(crowds(40), st.data())
def test_refused_values_leave_what_the_other_fields_say(group, data):
    taken, frame = list(group), polars_typed(group)
    for i, field in enumerate(f for f in FIELDS.values() if f.kind != "bool"):
        beyond = st.sampled_from([] if field.choices else [field.maximum + 1, field.minimum - 0.5])
        wrong = st.text().filter(str.strip) if field.choices else st.floats() | beyond
        cells = [getattr(patient, field.name) for patient in group]
        for j, cell in enumerate(data.draw(st.lists(wrong, min_size=4, max_size=4))):
            # Beside the refused values of a field some rows have none, some also those of other fields.
            at = (3 * i + j) % len(group)
            cells[at] = cell
            try:
                taken[at] = taken[at].replace(**{field.name: cell})
            except ValueError:
                taken[at] = taken[at].replace(**{field.name: None})
        dtype = pl.String if field.choices else pl.Float64
        frame = frame.with_columns(pl.Series(field.name, cells, dtype=dtype, strict=False))
    assert differing(verdicts(frame), assessed(taken), taken) == []
    known = frame.select(pl.all().is_not_null().sum()).row(0, named=True)
    understood = {name: sum(name in patient.to_dict() for patient in taken) for name in FIELDS}
    refused = invalid_values(frame).set_index("column").n_invalid.to_dict()
    assert refused == {name: known[name] - understood[name] for name in FIELDS}
    assert sum(refused.values()) > 0


def test_a_part_of_a_lesion_is_no_count():
    for values in ([2.5, 2.0, 0.0, 1000.0, None], [2.5, 2.0, 0.0, 1000.0, float("nan")]):
        frame = pd.DataFrame({"lesion_count": values})
        assert invalid_values(frame).n_invalid.tolist() == [3]
    assert invalid_values(pl.DataFrame({"lesion_count": [2.5, 2.0, None]})).n_invalid.tolist() == [1]


def test_not_a_number_is_counted_where_the_engine_tells_it_from_missing():
    cells = [float("nan"), None, 48.0]
    assert invalid_values(pl.DataFrame({"age_years": cells})).n_invalid.tolist() == [1]
    assert invalid_values(pa.table({"age_years": cells})).n_invalid.tolist() == [1]
    assert invalid_values(pd.DataFrame({"age_years": cells})).n_invalid.tolist() == [0]


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int64", "uint64", "float32", "Int64", "int64[pyarrow]"])
def test_whole_and_short_numbers_are_numbers(dtype):
    frame = pd.DataFrame({"stable_months": pd.array([0, 3, 6, 120], dtype=dtype)})
    sets = asking("stable_months")
    expected = assessed([Patient(stable_months=months) for months in (0, 3, 6, 120)], sets)
    assert expected[0] != expected[-1]
    for same in (frame, pl.from_pandas(frame), pa.Table.from_pandas(frame)):
        assert verdicts(same, rule_sets=sets) == expected


@pytest.mark.parametrize("sentinel", [999999999999999999, 2**53 + 1, -(2**62) - 1])
def test_a_whole_number_too_large_for_a_float_is_refused_not_fatal(sentinel):
    columns, sets = {"age_years": [sentinel, 48], "lesion_count": [3, sentinel]}, asking("age_years", "lesion_count")
    for frame in (pd.DataFrame(columns), pl.DataFrame(columns), pl.LazyFrame(columns), pa.table(columns)):
        assert verdicts(frame, rule_sets=sets) == assessed([Patient(lesion_count=3), Patient(age_years=48)], sets)
        assert invalid_values(frame).n_invalid.tolist() == [1, 1]


def test_an_unsigned_number_too_large_for_a_signed_one_is_refused_not_fatal():
    cells = np.array([2**64 - 1, 48], dtype="uint64")
    for frame in (
        pd.DataFrame({"age_years": cells}),
        pl.DataFrame({"age_years": cells}),
        pa.table({"age_years": cells}),
    ):
        sets = asking("age_years")
        assert verdicts(frame, rule_sets=sets) == assessed([Patient(), Patient(age_years=48)], sets)
        assert invalid_values(frame).n_invalid.tolist() == [1]


@pytest.mark.parametrize(
    "words", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())]
)
def test_words_are_words_however_arrow_holds_them(words):
    cells = ["colon", "lung", None, "moon"]
    column = pa.array(cells).dictionary_encode() if pa.types.is_dictionary(words) else pa.array(cells).cast(words)
    frame = pa.table({"primary_site": column})
    sets, group = asking("primary_site"), [Patient(primary_site=site) for site in ("colon", "lung", None, None)]
    assert verdicts(frame, rule_sets=sets) == assessed(group, sets)
    assert invalid_values(frame).n_invalid.tolist() == [1]
    assert assess_cohort(frame).schema.field("primary_site").type == column.type  # what was given is handed back


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA])
def test_every_way_to_say_missing_in_an_object_column(missing):
    columns = {"age_years": [48, 48.5], "sstr_positive": [True, False], "primary_site": ["lung", "colon"]}
    for late in (False, True):
        rows = {name: [*cells, *[missing] * 120][:: -1 if late else 1] for name, cells in columns.items()}
        frame = pd.DataFrame({name: pd.Series(cells, dtype=object) for name, cells in rows.items()})
        group = [Patient(**{n: cells[i] for n, cells in columns.items()}) for i in (0, 1)]
        expected = assessed([*group, Patient()], asking(*columns))
        found = verdicts(frame, rule_sets=asking(*columns))[:: -1 if late else 1]
        assert found == [expected[0], expected[1], *[expected[2]] * 120]


def test_decimals_are_numbers():
    column = pa.array([None, 48, 55], pa.int64()).cast(pa.decimal128(25, 2))
    expected = assessed([Patient(age_years=age) for age in (None, 48, 55)], asking("age_years"))
    table = pa.table({"age_years": column})
    for frame in (table, pl.from_arrow(table), table.to_pandas(), table.to_pandas(types_mapper=pd.ArrowDtype)):
        assert verdicts(frame, rule_sets=asking("age_years")) == expected, type(frame)


def test_a_column_without_a_value_is_unknown_whatever_its_type():
    for cells in ([None, None], [np.nan, np.nan], [pd.NA, pd.NA]):
        frame = pd.DataFrame({"sstr_positive": cells, "primary_site": cells, "age_years": cells, "x": [1, 2]})
        assert {v for row in verdicts(frame) for v in row.values()} == {"unknown"}
        assert invalid_values(frame).n_invalid.tolist() == [0, 0, 0]
    nulls = {"sstr_positive": [None, None], "primary_site": [None, None], "age_years": [None, None], "x": [1, 2]}
    for frame in (pl.DataFrame(nulls), pl.LazyFrame(nulls), pa.table(nulls)):
        assert {v for row in verdicts(frame) for v in row.values()} == {"unknown"}
        assert invalid_values(frame).n_invalid.tolist() == [0, 0, 0]


# --- What is refused before any work -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "cells", "held"),
    [
        ("age_years", [True, False], "booleans"),
        ("ki67_percent", [True, None], "booleans"),
        ("primary_site", [1, 2], "numbers"),
        ("primary_site", [True, None], "booleans"),
    ],
)
def test_a_column_of_the_wrong_type_is_refused_naming_column_type_and_cure(field, cells, held):
    columns = {field: cells}
    for frame in (pd.DataFrame(columns), pl.DataFrame(columns), pl.LazyFrame(columns), pa.table(columns)):
        for call in (assess_cohort, invalid_values, lambda f: attrition(f, "milan_review")):
            with pytest.raises(TypeError) as refusal:
                call(frame)
            words = str(refusal.value)
            assert all(part in words for part in (repr(field), f"holds {held}", FIELDS[field].allowed, "convert"))


@pytest.mark.parametrize(
    ("field", "cells"),
    [
        ("sstr_positive", [True, "no"]),
        ("sstr_positive", [True, 1]),
        ("age_years", [48, "49"]),
        ("age_years", [48, True]),
        ("primary_site", ["lung", 3]),
        ("primary_site", [*(["lung"] * 200), 3]),
    ],
)
def test_a_mixture_is_refused(field, cells):
    with pytest.raises(TypeError, match=field):
        assess_cohort(pd.DataFrame({field: pd.Series(cells, dtype=object)}))


@pytest.mark.parametrize("name", ["age_year", "Age_Years", "age years", "AgeYears", "ki67_percnt", "Primary-Site"])
def test_a_misspelt_field_is_refused_unless_it_is_said_to_be_none(name):
    for frame in (pd.DataFrame({name: [48]}), pl.LazyFrame({name: [48]})):
        with pytest.raises(ValueError, match="nearly") as refusal:
            assess_cohort(frame)
        assert repr(name) in str(refusal.value)
        assert set(verdicts(frame, ignore=[name])[0].values()) == {"unknown"}
    field = {"a": "age_years", "A": "age_years", "k": "ki67_percent", "P": "primary_site"}[name[0]]
    both = pl.DataFrame(
        {name: [99], field: pl.Series([None], dtype=pl.String if field == "primary_site" else pl.Int64)}
    )
    assert set(verdicts(both)[0].values()) == {"unknown"}


def test_common_columns_of_a_registry_are_no_slips():
    names = [
        "id",
        "patient_id",
        "hospital",
        "age",
        "sex",
        "date_of_birth",
        "site",
        "status",
        "grade",
        "notes",
        "percent",
    ]
    names += ["months", "stable", "ki67", "differentiated_by", "primary", "liver", "operation", "year", "resected"]
    assert set(one(**{name: [1] for name in names}).values()) == {"unknown"}


def test_a_column_named_like_a_rule_set_is_refused():
    for name in ("milan_2007", "Milan_2007"):
        frame = pd.DataFrame({name: ["x"], "age_years": [48]})
        with pytest.raises(ValueError, match=r"milan_2007.*rename or drop"):
            assess_cohort(frame)
        assert list(assess_cohort(frame, ["milan_2019"])) == [name, "age_years", "milan_2019"]


def test_what_is_no_frame_and_what_is_no_rule_set():
    for thing in ({"age_years": [48]}, [Patient()], Patient(), None, pd.Series([1]), "registry.csv"):
        with pytest.raises(TypeError, match="expected a data frame of pandas"):
            assess_cohort(thing)
    frame = pd.DataFrame({"age_years": [48]})
    with pytest.raises(ValueError, match="'milano' is no rule set"):
        assess_cohort(frame, ["milano"])
    with pytest.raises(ValueError, match="'milano' is no rule set"):
        attrition(frame, "milano")


# --- Attrition ---------------------------------------------------------------------------------------------------


def attrition_by_hand(group, rule_set):
    found = []
    for patient in group:
        judgement = assess(patient, [rule_set])[rule_set]
        results = {f.criterion.criterion_id: f.result for f in judgement.findings}
        found.append([clause.judge(results) for clause in judgement.rule_set.clauses])
    for i in range(len(rule_tables.get(rule_set).clauses)):
        left = [answers for answers in found if set(answers[:i]) <= {Verdict.MET}]
        met, missed, unknown = (sum(a[i] is v for a in left) for v in (Verdict.MET, Verdict.NOT_MET, Verdict.UNKNOWN))
        alone = [answers[i] for answers in found]
        n_missing = alone.count(Verdict.NOT_MET)
        only = sum(a[i] is Verdict.NOT_MET and a.count(Verdict.NOT_MET) == 1 for a in found)
        yield len(left), met, missed, unknown, met, n_missing, alone.count(Verdict.UNKNOWN), n_missing, only


@settings(max_examples=60)
@given(st.lists(patients(), max_size=15), st.sampled_from(SETS), st.sampled_from(KINDS))
def test_attrition_counts_what_counting_by_hand_gives(group, rule_set, kind):
    table = attrition(kind(group) if group else arrow(group), rule_set)
    assert list(table) == [
        *("criterion", "n_before", "n_met", "n_not_met", "n_unknown", "n_remaining"),
        *("n_excluded_alone", "n_unknown_alone", "n_missing", "n_only_this"),
    ]
    assert table.criterion.tolist() == [clause.label for clause in rule_tables.get(rule_set).clauses]
    assert [tuple(row) for row in table.drop(columns="criterion").to_numpy()] == list(
        attrition_by_hand(group, rule_set)
    )


@pytest.mark.untraced
def test_attrition_ends_with_those_who_meet_the_rule_set():
    table = registry(5000)
    judged = assess_cohort(table).to_pandas()
    for name in SETS:
        counts = attrition(table, name)
        if len(counts):
            assert counts.n_before.iloc[0] == 5000
            assert counts.n_remaining.iloc[-1] == (judged[name] == "met").sum()


# --- Lazy stays lazy ---------------------------------------------------------------------------------------------


def test_nothing_of_a_lazy_frame_is_computed(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("the lazy frame was computed")

    frame = pl.from_arrow(registry(10)).lazy()
    with monkeypatch.context() as patch:
        for name in ("collect", "collect_async", "fetch", "profile", "sink_parquet", "describe", "collect_batches"):
            if hasattr(pl.LazyFrame, name):
                patch.setattr(pl.LazyFrame, name, refuse)
        result = assess_cohort(frame)
        assert isinstance(result, pl.LazyFrame)
        with pytest.raises(AssertionError):
            attrition(frame, "milan_2007")
    assert result.collect().height == 10


def test_the_counts_of_a_lazy_frame_are_computed_once_and_are_one_row(monkeypatch):
    collected = []
    collect = pl.LazyFrame.collect
    monkeypatch.setattr(pl.LazyFrame, "collect", lambda *a, **k: collected.append(collect(*a, **k)) or collected[-1])
    attrition(pl.from_arrow(registry(10)).lazy(), "milan_2007")
    invalid_values(pl.from_arrow(registry(10)).lazy())
    assert [frame.height for frame in collected] == [1, 1]


def test_a_refused_lazy_frame_is_refused_before_it_is_computed():
    def fail(frame):
        raise AssertionError("the lazy frame was computed")

    lazy = pl.LazyFrame({"age_years": [True]}).map_batches(fail, schema={"age_years": pl.Boolean})
    with pytest.raises(TypeError, match="age_years"):
        assess_cohort(lazy)


@pytest.mark.untraced
def test_pairs_of_alternatives_agree_on_every_combination():
    """The one rule set whose clauses join three readings, on every answer to each."""
    names = [n for n in rule_tables.get("radioembolization_review").inputs if FIELDS[n].kind == "bool"][:7]
    group = [
        Patient(**dict(zip(names, v, strict=True))) for v in itertools.product((None, True, False), repeat=len(names))
    ]
    assert verdicts(arrow(group), rule_sets=["radioembolization_review"]) == assessed(
        group, ["radioembolization_review"]
    )


@pytest.mark.parametrize("grades", [g for n in (1, 2, 3) for g in itertools.combinations(("G1", "G2", "G3", "NEC"), n)])
def test_every_set_of_grades_is_judged_row_by_row_as_for_each_patient(grades):
    criterion = rule_tables.condition("grades", "grade", "one of", "|".join(grades))
    indices = [None, 0, 2.9, 3, 20, 20.1, 100]
    group = [Patient(differentiation=d, ki67_percent=i) for d in (None, "well", "poor") for i in indices]
    read = read_frame(polars_typed(group), Mapping(), FIELDS)
    table, where = read.table, met_missed(criterion, read.columns)
    answers = table.select(**{way: e for way, e in where._asdict().items() if e is not None}).to_native().to_dicts()
    for patient, row in zip(group, answers, strict=True):
        verdict = Verdict.MET if row.get("met") else Verdict.NOT_MET if row.get("missed") else Verdict.UNKNOWN
        assert verdict is criterion.judge(patient), (grades, patient)


def test_a_kind_of_criterion_without_an_expression_is_named():
    with pytest.raises(NotImplementedError, match="int has no expression yet: register one"):
        met_missed(1, {})
