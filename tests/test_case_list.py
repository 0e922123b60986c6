"""A list of prepared cases: taken whole, or refused whole with row, column, value and what is allowed."""

import csv
import io

import pytest
from conftest import ROOT, patients
from hypothesis import given
from hypothesis import strategies as st

import netdash as nd
from netdash.patient import FIELDS
from netdash.prepared_cases import LARGEST_BYTES, LONGEST_LABEL, MOST_CASES, CaseListError

TEMPLATE = ROOT / "data" / "cases.csv"
LIST = "label,age_years,ki67_percent,symptomatic,primary_site\nFirst,48,4.5,yes,pancreas\nSecond,,,,\n"


def refused(content):
    with pytest.raises(CaseListError) as error:
        nd.cases(content if isinstance(content, bytes) else content.encode())
    return error.value


def written(cases, delimiter=",", bom=False):
    """Return a list of cases as a spreadsheet writes it."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(["label", *FIELDS])
    for label, patient in cases.items():
        values = patient.entered
        writer.writerow([label, *(FIELDS[name].text(values[name]) if name in values else "" for name in FIELDS)])
    return text.getvalue().encode("utf-8-sig" if bom else "utf-8")


def test_a_list_is_patients_by_label_in_its_order_and_empty_is_unknown():
    found = nd.cases(LIST.encode())
    first = nd.Patient(age_years=48, ki67_percent=4.5, symptomatic=True, primary_site="pancreas")
    assert list(found.items()) == [("First", first), ("Second", nd.Patient())]


def test_without_a_file_it_is_the_made_up_examples_whose_file_is_the_template(tmp_path):
    assert nd.cases() == nd.cases(TEMPLATE) == nd.cases(str(TEMPLATE)) == nd.cases(TEMPLATE.read_bytes())
    heading = TEMPLATE.read_text(encoding="utf-8").splitlines()[0].split(",")
    assert heading == ["label", *FIELDS]


labels = st.text(min_size=1, max_size=LONGEST_LABEL).map(str.strip).filter(lambda text: text and text.isprintable())


@given(st.dictionaries(labels, patients(), min_size=1, max_size=5), st.sampled_from(",;"), st.booleans())
def test_patients_that_are_written_down_are_read_back(cases, delimiter, bom):
    assert list(nd.cases(written(cases, delimiter, bom)).items()) == list(cases.items())


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: f"{LIST}{text}".encode()))
def test_whatever_is_given_is_taken_whole_or_refused_with_a_reason(content):
    try:
        found = nd.cases(content)
    except CaseListError:
        return
    assert found
    assert all(isinstance(patient, nd.Patient) for patient in found.values())


@pytest.mark.parametrize(
    ("content", "label"),
    [
        (b"\xef\xbb\xbf" + LIST.encode(), "First"),
        (LIST.replace("\n", "\r\n").encode(), "First"),
        (LIST.replace(",", ";").encode(), "First"),
        (LIST.replace("First", '"First; of, two ""halves"""').encode(), 'First; of, two "halves"'),
        (LIST.replace("First", "  Zürich\u00a0").encode(), "Zürich"),
        (f"{LIST},,,,\n\n".encode(), "First"),
        (LIST.replace("yes", "TRUE").encode(), "First"),
        (LIST.replace("label,age_years", "label, age_years ").encode(), "First"),
    ],
    ids=["mark", "windows", "semicolons", "quotes", "blanks", "empty rows", "capitals", "heading"],
)
def test_what_spreadsheets_write_is_read(content, label):
    assert nd.cases(content)[label].age_years == 48
    assert len(nd.cases(content)) == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ((",48,", ",480,"), "row 2, column age_years: given '480', expected a number from 0 to 120 years; empty if"),
        ((",48,", ",48 months,"), "row 2, column age_years: given '48 months', expected a number"),
        ((",48,", ",60-50,"), "row 2, column age_years: given '60-50', expected a number"),
        ((",48,", ",nan,"), "row 2, column age_years: given 'nan', expected a number"),
        ((",yes,", ",1,"), "row 2, column symptomatic: given '1', expected yes or no; empty if it is unknown"),
        ((",yes,", ",unknown,"), "row 2, column symptomatic: given 'unknown', expected yes or no; empty if"),
        (("pancreas", "Pancreas"), "row 2, column primary_site: given 'Pancreas', expected one of pancreas, stomach"),
        (("4.5", "4,5"), "row 2: given 6 cells, expected 5, one per column of the heading; a decimal is written with"),
        ((",48,", ","), "row 2: given 4 cells, expected 5"),
        (("Second", "First"), "row 3, column label: given 'First' again, expected another name"),
        (("Second,,,,", ",50,,,"), "row 3, column label: given nothing, expected a short name"),
        (("Second", "x" * 81), "row 3, column label: given 'xxx"),
        (("Second", '"two\nlines"'), "row 3, column label: given 'two\\nlines', expected one line"),
        (("Second", "a\u202eb"), "row 3, column label"),
        (("age_years", "agee_years"), "the heading, column 2: given 'agee_years', expected label or a field of a "),
        (("ki67_percent", "age_years"), "the heading, column 3: given 'age_years' again, expected each column once"),
        (("label", "lable"), "such as 'label'; names, dates of birth and record numbers do not belong in this list; "),
        (("symptomatic", ""), "the heading, column 4: given '', expected label or a field"),
        (("label,", ""), "the heading: given no column label, expected one"),
        (("First", '"First" Case'), "line 2 cannot be read as CSV"),
        (("Second", '"Second'), "cannot be read as CSV"),
    ],
)
def test_what_is_wrong_is_named_with_row_column_value_and_what_is_allowed(change, said):
    assert LIST.replace(*change) != LIST
    assert said in str(refused(LIST.replace(*change)))


@pytest.mark.parametrize("column", ["name", "date_of_birth", "mrn", "patient_id", "zip"])
def test_a_column_that_is_no_field_is_refused_and_identifiers_are_said_not_to_belong(column):
    error = refused(f"label,{column}\nA,secret\n")
    assert f"given {column!r}" in error.why
    assert "do not belong in this list" in error.why
    assert "secret" not in error.why


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no column label"),
        (b"\n\n", "no column label"),
        (b"label\n", "holds no cases; start from data/cases.csv"),
        (b"label;age_years\r\n;\r\n", "holds no cases"),
        ("label\nZürich\n".encode("latin-1"), "byte 7 is not UTF-8; save the file as CSV in UTF-8"),
        ("label\nA\n".encode("utf-16"), "not UTF-8"),
        (b"\x00\x01" * 50, "the heading, column 1"),
        (b"PK\x03\x04\x14\x00\x06\x00", "the heading, column 1"),
        (b"label\n" + b"x" * LARGEST_BYTES, "given more than 1,000,000 bytes, expected a list of at most 500 cases"),
        (b"label\n" + b"".join(b"%d\n" % n for n in range(MOST_CASES + 1)), "given 501 cases, expected at most 500"),
        (b"label,age_years\n" + b"".join(b"%d,x\n" % n for n in range(400)), "(and 395 more)"),
    ],
)
def test_a_wrong_file_is_refused_whole(content, said):
    assert said in str(refused(content))


def test_as_many_cases_as_are_allowed_are_taken():
    assert len(nd.cases(b"label\n" + b"".join(b"%d\n" % n for n in range(MOST_CASES)))) == MOST_CASES


def test_a_file_is_named_in_what_is_said_of_it(tmp_path):
    (tmp_path / "tuesday.csv").write_text("label,age_year\nA,1\n")
    with pytest.raises(ValueError, match=r"tuesday\.csv: the heading, column 2: given 'age_year', .* 'age_years'"):
        nd.cases(tmp_path / "tuesday.csv")
    with pytest.raises(ValueError, match=r"no_such\.csv: there is no such file"):
        nd.cases("no_such.csv")
    with pytest.raises(ValueError, match="cannot be read"):
        nd.cases(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"," * (LARGEST_BYTES - 1),
        b",".join(b"%d" % n for n in range(140_000)),
        b"label\n" + b"\n" * (LARGEST_BYTES - 6),
        b"x" * 130_000 + b"\n",
        b"label" + b",x" * 400_000,
    ],
    ids=["commas", "columns", "lines", "name", "one column again"],
)
def test_a_file_made_to_be_slow_is_refused_as_well(content):
    refused(content)


@pytest.mark.parametrize(
    "content",
    [
        LIST.replace("48", "480"),
        LIST.replace("Second", "First"),
        LIST.replace("First", "Mrs 480 " * 20),
        LIST.replace("pancreas", "Smith"),
        "\n".join(LIST.splitlines()[1:]),
    ],
)
def test_what_is_wrong_can_be_said_without_anything_that_stands_in_the_file(content):
    error = refused(content)
    assert error.discreet != error.why
    for secret in ("480", "First", "Smith", "4.5"):
        assert secret not in error.discreet
