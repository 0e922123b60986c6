"""What is known in part means in a frame what it means for one patient."""

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from cohorts import LIMITED, assessed, differing, limits
from conftest import at_most, values
from hypothesis import given
from hypothesis import strategies as st

import netdash as nd
from netdash import rule_tables
from netdash.cohort import Mapping, assess_cohort, cohort_report
from netdash.cohort.reading import read_frame
from netdash.fields import Choice, Number, YesNo
from netdash.patient import FIELDS, Patient

pytestmark = pytest.mark.filterwarnings("ignore:Fields read")

SETS = [name for name, found in rule_tables.load().items() if found.clauses]


def texts(field):
    """Texts that say a value of a field exactly or in part, and some that say none."""
    if isinstance(field, YesNo):
        return st.sampled_from(["yes", "no", "true", "FALSE", "perhaps"])
    if isinstance(field, Choice):
        words = st.lists(st.sampled_from(field.choices), min_size=1, max_size=3)
        return words.map("|".join) | st.sampled_from(["x", f"{field.choices[0]}|x", f"{field.choices[0]}|"])
    ends = values(field).map(lambda number: f"{number:g}") | st.sampled_from(["2.5", "130", "1000", "1e1", "7,5", ".5"])
    unit = st.sampled_from(["", f" {field.unit}", field.unit.removesuffix("s").upper()])
    one = st.sampled_from(["{}", "<{}", "<= {}", "≤{}", ">{}", ">={}", "≥ {}", "{}+", "{} +", "-{}", "~{}", "{}-"])
    forms = st.builds(lambda form, end, unit: form.format(end + unit), one, ends, unit)
    two = st.sampled_from(["{}-{}", "{} – {}", "{}..{}", ">{} <={}", ">= {}<{}", "{} {}", "{}--{}"])
    return forms | st.builds(lambda form, a, b, unit: form.format(a + unit, b + unit), two, ends, ends, unit)


def understood(row):
    known = {}
    for name, text in row.items():
        try:
            known[name] = FIELDS[name].parse(text)
        except ValueError:
            continue
    return Patient(**known)


def verdicts(frame):
    result = assess_cohort(frame, SETS)
    result = result.collect() if isinstance(result, pl.LazyFrame) else result
    table = result if isinstance(result, pd.DataFrame) else result.to_pandas()
    return table[SETS].to_dict("records")


ASKED = list(dict.fromkeys(name for name in FIELDS for found in rule_tables.load().values() if name in found.inputs))


# The expressions of a frame take most of the time: few frames with many rows find as much as many with few.
@at_most(8)
@given(st.data())
def test_a_text_in_a_frame_means_what_it_means_for_a_patient(data):
    names = data.draw(st.lists(st.sampled_from(ASKED), min_size=6, max_size=10, unique=True))
    rows = data.draw(
        st.lists(st.fixed_dictionaries({name: texts(FIELDS[name]) for name in names}), min_size=20, max_size=40)
    )
    group = [understood(row) for row in rows]
    wanted = assessed(group, SETS)
    for frame in (pd.DataFrame(rows), pl.DataFrame(rows), pl.LazyFrame(rows), pa.Table.from_pylist(rows)):
        assert differing(verdicts(frame), wanted, group) == [], type(frame)


def test_a_range_of_counts_that_is_written_with_dots_is_no_thousand():
    frame = pl.DataFrame({"lesion_count": ["1..100", "1,000", "2..1,000"]})
    table = cohort_report(frame).set_index("field").loc["lesion_count", ["n_partial", "n_refused"]]
    assert table.tolist() == [1, 2]
    assert Patient(lesion_count="1..100") == Patient(lesion_count="1-100")


@at_most(60)
@given(st.data())
def test_a_number_is_refused_where_a_patient_refuses_it(data):
    field = data.draw(st.sampled_from([FIELDS[name] for name in ASKED if isinstance(FIELDS[name], Number)]))
    given_texts = data.draw(st.lists(texts(field), min_size=6, max_size=24))
    known = [field.name in understood({field.name: text}).entered for text in given_texts]
    table = cohort_report(pl.DataFrame({field.name: given_texts})).set_index("field")
    if field.name in table.index:
        assert table.n_known[field.name] == sum(known)
        assert table.n_refused[field.name] == len(known) - sum(known)


@pytest.mark.untraced
def test_lower_and_upper_limits_in_two_columns_are_an_interval():
    frame, wanted = limits()
    for one in (frame, frame.lazy(), frame.to_pandas(), frame.to_arrow()):
        result = assess_cohort(one, LIMITED)
        result = result.collect() if isinstance(result, pl.LazyFrame) else result
        table = result if isinstance(result, pd.DataFrame) else result.to_pandas()
        assert table[LIMITED].to_dict("records") == wanted


@pytest.mark.parametrize("low", ["Ki67_percent_low", "ki67_percent_lo", "ki67 percent low", "ki67_prcent_low"])
@pytest.mark.parametrize("high", ["ki67_percent_high", "Ki67_Percent_High", "ki67_percent_hihg"])
def test_a_misspelt_limit_is_refused_unless_it_is_said_to_be_none(low, high):
    frame = pl.DataFrame({low: [3], high: [8]})
    slips = [name for name in (low, high) if name != "ki67_percent_high"]
    with pytest.raises(ValueError, match="limit of a range") as refusal:
        assess_cohort(frame)
    for name in slips:
        end = "low" if name == low else "high"
        assert f"column {name!r} is nearly 'ki67_percent_{end}', a limit of a range" in str(refusal.value)
    known = Patient() if len(slips) == 2 else Patient(ki67_percent="<=8")
    judged = assess_cohort(frame, ignore=slips).row(0, named=True)
    assert {name: judged[name] for name in SETS} == nd.assess(known, SETS).verdicts.set_index(
        "rule_set"
    ).verdict.to_dict()
    # A field that is there in one column has no limits that could be misspelt.
    assert set(assess_cohort(pl.DataFrame({slips[0]: [3], "ki67_percent": [4]}), SETS).columns) >= set(SETS)


def test_no_word_is_among_none():
    read = read_frame(pl.LazyFrame({"primary_site": ["pancreas"]}), Mapping(), ["primary_site"])
    assert read.columns["primary_site"].among([]) is None
