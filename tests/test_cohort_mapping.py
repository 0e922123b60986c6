"""A mapping: proposed from names and values, written, corrected, read and used."""

import datetime

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from cohorts import assessed

import netdash as nd
from netdash import data_tables
from netdash.cohort.accounts import CohortNotice
from netdash.cohort.files import assess_file
from netdash.cohort.mapping import Entry
from netdash.cohort.names import resemblances
from netdash.patient import FIELDS, Patient

pytestmark = pytest.mark.filterwarnings("ignore:Fields read")

SETS = ["milan_review", "milan_2007"]


def verdicts(frame, sets=SETS, **how):
    frames = [
        frame,
        pl.from_pandas(frame),
        pl.from_pandas(frame).lazy(),
        pa.Table.from_pandas(frame, preserve_index=False),
    ]
    found = []
    for one in frames:
        result = nd.assess_cohort(one, sets, **how)
        result = result.collect() if isinstance(result, pl.LazyFrame) else result
        table = result if isinstance(result, pd.DataFrame) else result.to_pandas()
        found.append(table[sets].to_dict("records"))
    assert all(other == found[0] for other in found)
    return found[0]


def test_a_registry_is_judged_by_its_mapping():
    frame = pd.DataFrame(
        {
            "Alter": ["48", "61", "k.A."],
            "Ki67": ["4,5", "2", "99"],
            "Primärtumor": ["Pankreas", "Ileum", "Lunge"],
            "Leberbefall": [0.3, 0.07, 0.55],
        }
    )
    mapping = nd.Mapping(
        (
            Entry("Alter", "age_years", missing=("k.A.",)),
            Entry("Ki67", "ki67_percent", missing=("99",)),
            Entry(
                "Primärtumor",
                "primary_site",
                words={"Pankreas": "pancreas", "Ileum": "small_intestine", "Lunge": "lung"},
            ),
            Entry("Leberbefall", "liver_involvement_percent", unit="fraction"),
        )
    )
    group = [
        Patient(age_years=48, ki67_percent=4.5, primary_site="pancreas", liver_involvement_percent=30),
        Patient(age_years=61, ki67_percent=2, primary_site="small_intestine", liver_involvement_percent=7),
        Patient(primary_site="lung", liver_involvement_percent=55),
    ]
    assert verdicts(frame, mapping=mapping) == assessed(group, SETS)


def test_a_mapping_is_written_and_read_as_it_was(tmp_path):
    mapping = nd.Mapping(
        (
            Entry("largest, mm", "largest_lesion_cm", unit="mm"),
            Entry(
                "site", "primary_site", words={"C17=x": "small_intestine|duodenum", "1": "lung"}, missing=("NA", "9")
            ),
            Entry("hospital", note="not used"),
        )
    )
    mapping.write(tmp_path / "MAP.csv")
    assert nd.Mapping.read(tmp_path / "MAP.csv") == mapping
    assert list(mapping.to_frame()) == ["column", "field", "unit", "factor", "words", "missing", "note"]
    # A spreadsheet in Germany writes semicolons and a decimal comma.
    (tmp_path / "DE.csv").write_text("column;field;factor\nmm;largest_lesion_cm;0,1\n", encoding="utf-8-sig")
    assert nd.Mapping.read(tmp_path / "DE.csv").entries[0].factor == 0.1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("column,field\nx,age\n", "line 2.*'age', which is no field"),
        ("column,field,factor\nx,age_years,ten\n", "factor 'ten' is no number"),
        ("column,field,factor\nx,age_years,0\n", "not above 0"),
        ("column,field,unit\nx,age_years,decades\n", "no known factor"),
        ("column,field,unit\nx,ki67_percent,date of birth at 2020\n", "which is for age_years"),
        ("column,field,words\nx,primary_site,Ileum\n", "have no '='"),
        ("column,field,words\nx,primary_site,Ileum=ileum\n", "expected one of pancreas"),
        ("column,field,words\nx,symptomatic,1=maybe\n", "expected True"),
        ("column,field\nx,age_years\nx,ki67_percent\n", "column x twice"),
        ("column,field\nx,age_years\ny,age_years\n", "field age_years twice"),
        ("name,field\nx,age_years\n", "expected the columns"),
    ],
)
def test_a_mapping_that_makes_no_sense_is_refused(tmp_path, text, said):
    (tmp_path / "MAP.csv").write_text(text)
    with pytest.raises(ValueError, match=said):
        nd.Mapping.read(tmp_path / "MAP.csv")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_a_mapping_that_was_saved_by_a_spreadsheet_is_read(tmp_path, encoding):
    lines = 'column;field;words\nOrt;primary_site;"Dünndarm=small_intestine; Blinddarm=appendix"\n'
    (tmp_path / "MAP.csv").write_bytes(lines.encode(encoding))
    (entry,) = nd.Mapping.read(tmp_path / "MAP.csv").entries
    assert entry.words == {"Dünndarm": "small_intestine", "Blinddarm": "appendix"}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (",primary_site,,", "names no column"),
        ("Ort,primary_site,,2", "primary_site is no number"),
        ("x,ki67_percent,fraction,10", "factor 10 is not that of the unit fraction, 100"),
        ("x,ki67_percent,,,y", "more cells than columns"),
    ],
)
def test_a_line_of_a_mapping_that_loses_something_is_refused_with_its_number(tmp_path, line, said):
    (tmp_path / "MAP.csv").write_text(f"column,field,unit,factor\n{line}\n")
    with pytest.raises(ValueError, match=f"line 2: .*{said}"):
        nd.Mapping.read(tmp_path / "MAP.csv")


def test_a_column_of_the_mapping_that_is_not_there_is_named():
    frame = pd.DataFrame({"age_years": [48]})
    for entry in (Entry("Alter", "age_years"), Entry("age_years", "age_years", unit="date of birth at visit")):
        with pytest.raises(ValueError, match="not there: (Alter|visit)"):
            nd.assess_cohort(frame, mapping=nd.Mapping((entry,)))


@pytest.mark.parametrize(
    ("born", "at", "ages"),
    [
        (["1963-12-31", "1963-12-30T00:00:00Z", "31.12.1963", None, "soon"], "2018-12-30", (54, 55, 54, None, None)),
        (["1963-12-31", "1964-01-01", "1963", None, "x"], "2018-12-31", (55, 54, (54, 55), None, None)),
    ],
)
def test_an_age_is_counted_from_a_date_of_birth(born, at, ages):
    frame = pd.DataFrame({"born": born})
    what = "year" if "1963" in born else "date"
    if what == "year":
        frame = frame.iloc[[2]]
        found = verdicts(frame, mapping=nd.Mapping((Entry("born", "age_years", unit=f"year of birth at {at[:4]}"),)))
        assert found == assessed([Patient()], SETS)  # 54 meets "under 55", 55 does not
        return
    found = verdicts(frame, mapping=nd.Mapping((Entry("born", "age_years", unit=f"date of birth at {at}"),)))
    assert found == assessed([Patient(age_years=age) for age in ages], SETS)


def test_an_age_is_counted_at_the_day_of_a_column_and_from_columns_of_dates():
    born, visits = pd.to_datetime(["1963-12-31", "1964-01-01"]), pd.to_datetime(["2018-12-30", "2019-01-01"])
    frame = pd.DataFrame({"born": born, "visit": visits})
    mapping = nd.Mapping((Entry("born", "age_years", unit="date of birth at visit"),))
    assert verdicts(frame, mapping=mapping) == assessed([Patient(age_years=54), Patient(age_years=55)], SETS)
    years = pd.DataFrame({"born": [1950, 1990]})
    mapping = nd.Mapping((Entry("born", "age_years", unit="year of birth at 2020"),))
    assert verdicts(years, mapping=mapping) == assessed([Patient(age_years=70), Patient(age_years=30)], SETS)
    with pytest.raises(ValueError, match="expected a day such as"):
        nd.assess_cohort(years, mapping=nd.Mapping((Entry("born", "age_years", unit="date of birth at 2020-13-01"),)))


@pytest.mark.parametrize(
    ("born", "at", "ages"),
    [
        (["1969-02-30", "1969-13-01", "1969-04-31", "31.06.1969", "1900-02-29"], "2024-12-31", [None] * 5),
        (["2000-02-29", "29.02.1968", "UNK", " ", "1969-3-1"], "2024-02-28", [23, 55, None, None, None]),
    ],
)
def test_a_day_that_no_calendar_has_gives_no_age(born, at, ages):
    entry = Entry("born", "age_years", unit=f"date of birth at {at}", missing=("UNK",))
    frame = pd.DataFrame({"born": born})
    assert verdicts(frame, mapping=nd.Mapping((entry,))) == assessed([Patient(age_years=age) for age in ages], SETS)
    told = nd.cohort_report(frame, SETS, nd.Mapping((entry,))).set_index("field").loc["age_years"]
    assert told["n_refused"] == (5 if at == "2024-12-31" else 1)


def test_what_is_no_date_of_birth_is_refused_with_what_is_expected(tmp_path):
    mapping = nd.Mapping((Entry("born", "age_years", unit="date of birth at 2024-12-31"),))
    with pytest.warns(CohortNotice, match="31/12/1963 1; expected a day such as 1963-12-31 or 31.12.1963"):
        nd.assess_cohort(pd.DataFrame({"born": ["31/12/1963"]}), SETS, mapping=mapping)
    (tmp_path / "a.csv").write_text("born\n31/12/1963\n")
    done = assess_file(tmp_path / "a.csv", tmp_path / "o.csv", SETS, mapping=mapping)
    assert "expected a day such as" in pd.read_csv(done.rejects)["reason"].item()
    for cells in ([datetime.date(1963, 12, 31)], [True]):
        with pytest.raises(TypeError, match=r"column 'born' \(Age\) holds"):
            nd.assess_cohort(pd.DataFrame({"born": pd.Series(cells, dtype=object)}), SETS, mapping=mapping)


@pytest.mark.parametrize(("born", "at"), [("1969", "2024-06-30"), ("1969-06-30", "2024")])
def test_a_year_alone_leaves_two_ages_whether_of_birth_or_of_the_day(born, at):
    mapping = nd.Mapping((Entry("born", "age_years", unit=f"date of birth at {at}"),))
    age = {"age_years": nd.Interval(54, 55)}
    assert verdicts(pd.DataFrame({"born": [born]}), mapping=mapping) == assessed([Patient(**age)], SETS)
    judged = nd.assess_cohort(pd.DataFrame({"born": [born]}), "milan_review", mapping=mapping, reasons=True)
    assert "Age" in judged["milan_review__open"].item()


@pytest.mark.parametrize(
    "words", ["Ileum=lung; ILEUM=small_intestine", "x y=lung; x=pancreas; X-Y=colon", "a=lung; a=colon"]
)
def test_a_word_with_two_meanings_is_refused(words):
    with pytest.raises(ValueError, match="do not tell them apart; keep one meaning"):
        nd.Mapping.from_rows([{"column": "site", "field": "primary_site", "words": words}])
    nd.Mapping.from_rows([{"column": "site", "field": "primary_site", "words": "Ileum=lung; ILEUM=lung"}])


def test_codes_that_are_numbers_are_words_by_a_mapping():
    frame = pd.DataFrame({"site": [1.0, 2.0, 3.0, None], "sx": [1, 2, 9, 1]})
    mapping = nd.Mapping(
        (
            Entry("site", "primary_site", words={"1": "pancreas", "2": "lung", "x": "colon"}),
            Entry("sx", "symptomatic", words={"1": "yes", "2": "no"}, missing=("9",)),
        )
    )
    sets = ["milan_review", "cytoreduction_review"]
    group = [
        Patient(primary_site="pancreas", symptomatic=True),
        Patient(primary_site="lung", symptomatic=False),
        Patient(),
        Patient(symptomatic=True),
    ]
    assert verdicts(frame, sets, mapping=mapping) == assessed(group, sets)
    assert nd.cohort_report(frame, sets, mapping).set_index("field").n_refused.to_dict() | {"primary_site": 1} == (
        nd.cohort_report(frame, sets, mapping).set_index("field").n_refused.to_dict()
    )


def test_words_of_a_number_are_its_texts():
    frame = pd.DataFrame({"ki": ["low", "high", "5"]})
    mapping = nd.Mapping((Entry("ki", "ki67_percent", words={"low": "<3", "high": ">20"}),))
    table = nd.cohort_report(frame, "milan_review", mapping).set_index("field")
    assert table.loc["ki67_percent", ["n_known", "n_partial", "n_refused"]].tolist() == [3, 2, 0]


# --- Proposals ---------------------------------------------------------------------------------------------------


def test_a_proposal_reads_the_names_and_values_of_a_registry():
    frame = pd.DataFrame(
        {
            "AGE": [48, 61],
            "Ki-67 index": ["4", "unk"],
            "Primary": ["C25.9", "C17.2"],
            "largest_lesion_mm": [12, 30],
            "asymptomatic": ["yes", "no"],
            "Functional": ["No", "Yes"],
            "DOB": ["1963-12-31", "1950-01-01"],
            "hospital": ["A", "B"],
            "stable_days": [200, 10],
            "stable_years": [1, 0],
            "liver_involvement_percent": [0.3, 0.5],
            "severe_liver_function": [1.5, 2.5],
        }
    )
    for one in (frame, pl.from_pandas(frame), pl.from_pandas(frame).lazy()):
        found = {entry.column: entry for entry in nd.propose_mapping(one).entries}
        assert list(found) == list(frame)
        assert {name: entry.field for name, entry in found.items() if entry.field} == {
            "AGE": "age_years",
            "Ki-67 index": "ki67_percent",
            "Primary": "primary_site",
            "largest_lesion_mm": "largest_lesion_cm",
            "asymptomatic": "symptomatic",
            "Functional": "functioning_syndrome",
            "stable_days": "stable_months",
            "liver_involvement_percent": "liver_involvement_percent",
            "severe_liver_function": "severe_liver_dysfunction",
        }
        assert found["Primary"].words == {"C25.9": "pancreas", "C17.2": "small_intestine"}
        assert found["Ki-67 index"].missing == ("unk",)
        assert found["largest_lesion_mm"].factor == 0.1
        assert found["asymptomatic"].words == {"yes": "no", "no": "yes"}
        assert "opposite" in found["asymptomatic"].note
        assert "date of birth at" in found["DOB"].note
        assert "fraction" in found["liver_involvement_percent"].note
        assert "stable_months too" in found["stable_years"].note


def test_a_proposal_says_what_it_does_not_understand_and_guesses_nothing():
    mapping = nd.propose_mapping(pd.DataFrame({"site": ["midgut", "Dünndarm", "C99.9", "C17"], "grade": [1, 2, 3, 1]}))
    (site, _) = mapping.entries
    assert site.words == {"Dünndarm": "small_intestine|duodenum", "C17": "small_intestine|duodenum"}
    cure = "write under words what they mean, or under missing"
    assert site.note in {f"not understood: midgut, C99.9; {cure}", f"not understood: C99.9, midgut; {cure}"}
    assert "site -> primary_site (not understood" in str(mapping)
    assert str(nd.propose_mapping(pd.DataFrame({"x": [1]}))) == "No column looks like a field."
    with pytest.raises(TypeError, match="expected a data frame"):
        nd.propose_mapping([1])


def test_a_proposal_looks_at_numbers_in_the_unit_of_the_field():
    days, largest = nd.propose_mapping(
        pd.DataFrame({"age_days": [17532, 18000], "largest_lesion_mm": [30, 999]})
    ).entries
    assert (days.field, days.unit, days.note) == ("age_years", "days", "")
    assert largest.note == "not understood: 999; write under words what they mean, or under missing"


def test_a_proposal_says_which_numbers_may_mean_unknown():
    (line,) = nd.propose_mapping(pd.DataFrame({"KI67": [3, 99]})).entries
    assert line.note == "check: if 99 means unknown, write it under missing"


def test_every_synonym_means_something():
    table = data_tables.read_table("synonyms")
    for row in table[table.field != ""].itertuples():
        assert row.field in FIELDS, row
        if row.meaning:
            assert set(row.meaning.split("|")) <= set(FIELDS[row.field].choices), row
    assert set(table[table.kind == "word"][table.field == ""].meaning) == {"yes", "no"}


# --- Names -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "field", "how"),
    [
        ("asymptomatic", "symptomatic", "opposite"),
        ("inoperable", "operable", "opposite"),
        ("non_operable", "operable", "opposite"),
        ("liver_resectable", "liver_unresectable", "opposite"),
        ("severe_liver_function", "severe_liver_dysfunction", "opposite"),
        ("not_pregnant", "pregnant", "opposite"),
        ("largest_lesion_mm", "largest_lesion_cm", "unit"),
        ("age_months", "age_years", "unit"),
        ("stable_years", "stable_months", "unit"),
        ("ki67_fraction", "ki67_percent", "unit"),
        ("AGE_YEARS", "age_years", "spelling"),
        ("ki67_percnt", "ki67_percent", "spelling"),
    ],
)
def test_a_name_that_resembles_a_field_is_told_apart(column, field, how):
    (found,) = resemblances([column], FIELDS, frozenset())
    assert (found.field, found.how) == (field, how)
    assert ("rename" in found.cure) == (how == "spelling")
    assert resemblances([column], FIELDS, frozenset({column})) == []


def test_what_is_said_names_fields_read_absent_and_refused():
    frame = pd.DataFrame({"AGE": [48], "primary_site": ["Ileum"], "KI67": [4], "age_days": [1]})
    with pytest.warns(CohortNotice) as said:
        nd.assess_cohort(frame, "milan_review", ignore=["age_days"])
    read, absent, refused = str(said[0].message).splitlines()
    assert read == "Fields read: 1 of 6 that are asked: primary_site."
    assert "age_years, ki67_percent" in absent
    assert "column 'AGE' may be age_years; column 'KI67' may be ki67_percent" in absent
    assert "1 of primary_site (Ileum 1; expected one of pancreas" in refused
    with pytest.raises(ValueError, match="another unit"):
        nd.assess_cohort(frame, "milan_review")


def test_only_fields_that_are_asked_are_read():
    frame = pd.DataFrame({"age_years": [48], "pregnant": [5.5], "asymptomatic": ["yes"], "stable_months": [True]})
    assert nd.assess_cohort(frame, "milan_review").milan_review.tolist() == ["unknown"]
    with pytest.raises(TypeError, match="stable_months"):
        nd.assess_cohort(frame, "milan_2007")


def test_yes_and_no_as_numbers_are_read_with_and_without_a_mapping():
    sets = ["cytoreduction_review", "review_introduction", "retnet_population"]
    group = [Patient(symptomatic=True), Patient(symptomatic=False), Patient(), Patient()]
    frame = pd.DataFrame({"symptomatic": [1.0, 0.0, 2.0, None]})
    assert verdicts(frame, sets) == assessed(group, sets)
    mapping = nd.Mapping((Entry("symptomatic", "symptomatic", words={"1": "no", "2": "yes"}),))
    swapped = [Patient(symptomatic=False), Patient(), Patient(symptomatic=True), Patient()]
    assert verdicts(frame, sets, mapping=mapping) == assessed(swapped, sets)


def test_an_age_is_counted_at_the_year_of_a_column():
    frame = pd.DataFrame({"born": [1950, 1990], "year": [2020, 2021]})
    mapping = nd.Mapping((Entry("born", "age_years", unit="year of birth at year"),))
    assert verdicts(frame, mapping=mapping) == assessed([Patient(age_years=70), Patient(age_years=30)], SETS)


def test_the_limits_of_a_range_are_read_by_name_and_never_proposed_as_the_value():
    limits = {"ki67_percent_low": [3], "ki67_percent_high": [30]}
    frame = pd.DataFrame({**limits, "Ki-67": [4], "Age_Years_Low": [40]})
    mapping = nd.propose_mapping(frame)
    assert {entry.column: entry.field for entry in mapping.entries} == {"Ki-67": "", "Age_Years_Low": ""}
    assert [entry.note for entry in mapping.entries] == [
        "looks like ki67_percent too, for which there is a column",
        "check: nearly age_years_low, a limit of a range; rename the column if it is",
    ]
    known = nd.Patient(ki67_percent="3-30")
    assert verdicts(frame, mapping=mapping) == assessed([known], SETS)
    both = nd.propose_mapping(pd.DataFrame({**limits, "ki67_percent": [4]}))
    assert {entry.column: entry.field for entry in both.entries} == {
        **dict.fromkeys(limits, ""),
        "ki67_percent": "ki67_percent",
    }


def test_a_name_that_is_nearly_a_field_is_proposed_for_checking(tmp_path):
    (entry,) = nd.propose_mapping(pd.DataFrame({"KI67_PERCENT": [4]})).entries
    assert (entry.field, entry.note) == ("ki67_percent", "check: nearly ki67_percent")
    nd.Mapping((entry,)).write(tmp_path / "MAP.csv")
    frame = pd.DataFrame({"KI67_PERCENT": [30]})
    assert nd.assess_cohort(frame, "milan_review", mapping=tmp_path / "MAP.csv").milan_review.tolist() == ["not_met"]
