import csv
import itertools
import json
import subprocess
import sys

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from cohorts import SCHEMA, arrow, assessed, differing, registry
from conftest import at_most, crowds, of_crowds
from hypothesis import given
from hypothesis import strategies as st

from netdash import rule_tables
from netdash.cohort import attrition, sources
from netdash.cohort.accounts import deciding
from netdash.cohort.dialects import Dialect
from netdash.cohort.files import assess_file
from netdash.patient import FIELDS, Patient

SETS = list(rule_tables.load())


@pytest.fixture(params=["csv", "parquet"])
def suffix(request):
    return request.param


def write(table, path):
    (pacsv.write_csv if path.suffix == ".csv" else pq.write_table)(table, path)
    return path


def read(path):
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pylist()
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def verdicts(path):
    return [{name: row[name] for name in SETS if name in row} for row in read(path)]


def run(folder, text, target="out.csv", **how):
    """Judge a CSV file of this text; return the run, the rows of the target and those of the rejects."""
    source = folder / "patients.csv"
    source.write_bytes(text if isinstance(text, bytes) else text.encode())
    done = assess_file(source, folder / target, **how)
    return done, read(done.target), read(done.rejects) if done.rejects else []


# --- Verdicts ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kinds", itertools.product((".csv", ".parquet"), repeat=2), ids=" to ".join)
@of_crowds(2)
@given(group=crowds(30))
def test_a_file_gives_what_assess_gives(tmp_path_factory, group, kinds):
    folder = tmp_path_factory.mktemp("files")
    source = write(arrow(group), folder / f"in{kinds[0]}")
    done = assess_file(source, folder / f"out{kinds[1]}", batch_rows=20)
    assert (done.n_rows, done.n_judged, done.n_rejected, done.rejects) == (len(group), len(group), 0, None)
    assert differing(verdicts(done.target), assessed(group), group) == []


def test_the_columns_of_the_source_pass_through(tmp_path, suffix):
    table = registry(50).append_column("hospital", pa.array(['St. "A", ward 1\nleft', "", None, "007", "ä"] * 10))
    source = write(table, tmp_path / f"in.{suffix}")
    done = assess_file(source, tmp_path / "out.parquet", ["milan_2007"])
    found = pq.read_table(done.target)
    assert found.column_names == [*table.column_names, "milan_2007"]
    # CSV has one way to write both an empty text and none.
    if suffix == "parquet":
        assert found.drop_columns("milan_2007").to_pylist() == table.to_pylist()
        return
    assert [{name: text for name, text in row.items() if name != "milan_2007"} for row in found.to_pylist()] == read(
        source
    )


@pytest.mark.untraced
def test_batches_change_nothing(tmp_path, monkeypatch, suffix):
    source = write(registry(3000), tmp_path / f"in.{suffix}")
    some = SETS[5:7]
    whole = assess_file(source, tmp_path / "whole.csv", some, attrition=True)
    # Small blocks, as Arrow reads them from the CSV, and small batches, as Parquet is read.
    monkeypatch.setattr(sources, "BLOCK_BYTES", 80_000)
    shares = []
    parts = assess_file(source, tmp_path / "parts.csv", some, attrition=True, batch_rows=277, progress=shares.append)
    assert parts.target.read_bytes() == whole.target.read_bytes()
    assert len(shares) > 9
    assert shares == sorted(shares)
    assert (shares[0] < 0.2, shares[-1]) == (True, 1.0)
    assert list(parts.attrition) == list(whole.attrition) == some
    for name in some:
        pd.testing.assert_frame_equal(parts.attrition[name], whole.attrition[name])
        pd.testing.assert_frame_equal(parts.attrition[name], attrition(registry(3000), name))


def test_attrition_is_counted_only_when_asked_for_and_of_the_sets_asked_for(tmp_path):
    source = write(registry(30), tmp_path / "in.parquet")
    assert assess_file(source, tmp_path / "out.csv", ["milan_2007"]).attrition == {}
    done = assess_file(source, tmp_path / "out.csv", ["milan_2007"], attrition=True)
    assert list(done.attrition) == ["milan_2007"]


def test_text_is_read_as_a_patient_reads_it(tmp_path):
    text = "id,age_years,sstr_positive,primary_site\n1, 48.0 ,YES,lung\n2,+5e1,No, colon\n3,.5,true,\n4,,FALSE,other\n"
    done, found, _ = run(tmp_path, text)
    assert done.rejects is None
    assert [(r["age_years"], r["sstr_positive"], r["primary_site"]) for r in found] == [
        *[(" 48.0 ", "YES", "lung"), ("+5e1", "No", " colon")],
        *[(".5", "true", ""), ("", "FALSE", "other")],
    ]
    group = [
        Patient(age_years=48, sstr_positive=True, primary_site="lung"),
        Patient(age_years=50, sstr_positive=False, primary_site="colon"),
        Patient(age_years=0.5, sstr_positive=True),
        Patient(sstr_positive=False, primary_site="other"),
    ]
    assert verdicts(done.target) == assessed(group)


WORDS = ("nan", "inf", "-inf", "NaN", "1e400", "0x10", "1_0", "٣", "yes ", "Yes", "1", "0", "-0", "true", "T")
NUMERALS = st.from_regex(r"[+-]?[0-9]{0,3}\.?[0-9]{0,3}([eE][+-]?[0-9]{1,2})?", fullmatch=True)


@at_most(20)
@given(st.data())
def test_what_a_patient_reads_is_read_and_what_is_refused_is_listed(tmp_path_factory, data):
    asked = [name for name in FIELDS if any(name in deciding(found) for found in rule_tables.load().values())]
    others = st.lists(st.sampled_from(list(FIELDS)), min_size=2, max_size=2, unique=True)
    fields = [one := data.draw(st.sampled_from(asked)), *data.draw(others.filter(lambda names: one not in names))]
    choices = [word for name in fields for word in FIELDS[name].choices]
    text = st.sampled_from([*WORDS, *choices]) | NUMERALS | st.text(st.characters(exclude_categories=["Cs"]))
    rows = data.draw(st.lists(st.tuples(text, text, text), min_size=1, max_size=20))
    folder = tmp_path_factory.mktemp("texts")
    with (folder / "in.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([["id", *fields], *([i, *row] for i, row in enumerate(rows))])
    done = assess_file(folder / "in.csv", folder / "out.parquet", id="id")
    refused = {(int(row["id"]), row["column"]): row["value"] for row in read(done.rejects)} if done.rejects else {}
    assert done.n_judged == len(rows)
    for i, row in enumerate(rows):
        for name, given_text in zip(fields, row, strict=True):
            try:
                FIELDS[name].parse(given_text)
            except ValueError:
                continue
            assert (i, name) not in refused
    # Arrow keeps a carriage return inside quotes, and so does the reader of the rejects.
    assert all(rows[i][fields.index(name)] == value for (i, name), value in refused.items())
    assert all(value.strip(" \t\r\n\xa0") for value in refused.values())


def test_texts_for_missing_are_the_callers_to_name(tmp_path):
    text = "id,age_years,sstr_positive\n1,NA,yes\n2,48,NA\n3,,no\n4,99,no\n"
    done, _, refused = run(tmp_path, text)
    assert (done.n_judged, done.n_refused) == (4, 2)
    assert [(row["row"], row["column"], row["value"]) for row in refused] == [
        *[("1", "age_years", "NA"), ("2", "sstr_positive", "NA")],
    ]
    assert "age_years is 99 in 1 row" in str(done)
    done, _, refused = run(tmp_path, text, missing=["", "NA", "age_years=99"])
    assert (done.n_judged, refused, done.rejects) == (4, [], None)
    assert "is 99" not in str(done)
    assert verdicts(done.target)[3] == assessed([Patient(sstr_positive=False)])[0]


def test_texts_for_missing_hold_in_parquet_too(tmp_path):
    table = pa.table({"age_years": [48.0, 99.0], "primary_site": ["NA", "Unknown"]})
    source = write(table, tmp_path / "in.parquet")
    done = assess_file(source, tmp_path / "out.parquet", missing=["NA", "Unknown", "age_years=99"])
    assert done.rejects is None
    assert verdicts(done.target) == assessed([Patient(age_years=48), Patient()])


# --- Rejects -----------------------------------------------------------------------------------------------------


def test_a_refused_value_is_unknown_and_listed_with_the_reason_and_strict_leaves_its_row_out(tmp_path):
    text = "id,age_years,extrahepatic_disease\na,48,none\nb,300,none\nc,abc,nil\n\nd,60,extensive\n"
    done, found, refused = run(tmp_path, text, id="id")
    assert (done.n_rows, done.n_judged, done.n_rejected, done.n_refused) == (4, 4, 0, 3)
    assert done.rejects == tmp_path / "out.csv.rejects.csv"
    assert verdicts(done.target) == assessed(
        [
            Patient(age_years=48, extrahepatic_disease="none"),
            Patient(extrahepatic_disease="none"),
            Patient(),
            Patient(age_years=60, extrahepatic_disease="extensive"),
        ]
    )
    assert [(r["row"], r["id"], r["column"], r["value"]) for r in refused] == [
        *[("2", "b", "age_years", "300"), ("3", "c", "age_years", "abc"), ("3", "c", "extrahepatic_disease", "nil")],
    ]
    strict, found, again = run(tmp_path, text, id="id", strict=True, attrition=True)
    assert (strict.n_rows, strict.n_judged, strict.n_rejected) == (4, 2, 2)
    assert ([row["id"] for row in found], again) == (["a", "d"], refused)
    first = strict.attrition["milan_review"].iloc[0]
    assert (first.criterion, first.n_before, first.n_not_met, first.n_remaining) == ("no refused value", 4, 2, 2)
    for row in refused:
        with pytest.raises(ValueError, match=row["column"]) as refusal:
            FIELDS[row["column"]].parse(row["value"])
        assert row["reason"] == str(refusal.value)
    said = str(done)
    assert said.startswith(f"4 rows read, 4 judged: {done.target}\nFields read: 2 of ")
    assert "2 of age_years (300 1, abc 1; expected a number from 0 to 120 years)" in said
    assert said.endswith(f"Refused values: 3; rows left out: 0; listed in {done.rejects}")


def test_values_of_a_parquet_file_are_refused_too(tmp_path):
    table = pa.table(
        {
            "age_years": [48.0, float("nan"), -1.0, None],
            "ki67_percent": [3, 2, -1, 1000],
            "primary_site": ["lung", "lung", "lung", "brain"],
        }
    )
    done = assess_file(write(table, tmp_path / "in.parquet"), tmp_path / "out.parquet", batch_rows=2)
    assert (done.n_judged, done.n_refused) == (4, 5)
    assert [(r["row"], r["column"], r["value"]) for r in read(done.rejects)] == [
        *[("2", "age_years", "nan"), ("3", "age_years", "-1.0"), ("3", "ki67_percent", "-1")],
        *[("4", "ki67_percent", "1000"), ("4", "primary_site", "brain")],
    ]


def test_a_ragged_row_is_rejected_as_a_whole(tmp_path):
    text = "id,age_years\n1,48\n2\n3,50,yes\n\n4,51\n5,a\n6,52\n"
    done, found, refused = run(tmp_path, text)
    assert [row["id"] for row in found] == ["1", "4", "5", "6"]
    assert [(r["row"], r["column"], r["value"]) for r in refused] == [
        *[("2", "", "2"), ("3", "", "3,50,yes"), ("5", "age_years", "a")],
    ]
    assert "1 cell, expected 2" in refused[0]["reason"]
    assert (done.n_rows, done.n_judged, done.n_rejected, done.n_refused) == (6, 4, 2, 1)


def test_row_numbers_hold_across_blocks_and_batches(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "BLOCK_BYTES", 3000)
    lines, expected, judged = [], {}, []
    for i in range(1, 3001):
        if i % 7 == 0 or 1000 <= i < 1400:  # some blocks hold nothing else
            lines.append(f"{i}")
            expected[i] = ""
        elif i % 11 == 0:
            lines.append(f"{i},{200 + i}")
            expected[i] = "age_years"
            judged.append(str(i))
        else:
            lines.append(f"{i},{i % 100}")
            judged.append(str(i))
    done, found, refused = run(tmp_path, "id,age_years\n" + "\n".join(lines), batch_rows=50)
    assert [row["id"] for row in found] == judged
    assert {int(row["row"]): row["column"] for row in refused} == expected
    assert all(row["value"].split(",")[0] == row["row"] for row in refused if not row["column"])
    assert (done.n_rows, done.n_rejected + done.n_refused) == (3000, len(expected))


def test_an_open_quote_does_not_swallow_the_rows_behind_it(tmp_path):
    text = 'id,age_years,note\n1,48,"two\nlines, of text"\n2,49,"open\n3,50,x\n4,51,y\n'
    _, found, refused = run(tmp_path, text)
    assert [row["id"] for row in found] == ["1"]
    assert [(row["row"], row["column"]) for row in refused] == [("2", "note")]
    assert "quote not closed" in refused[0]["reason"]


def test_a_cell_that_is_not_utf8_is_listed_and_its_row_is_judged(tmp_path, monkeypatch):
    for block in (4 * 2**20, 64):
        monkeypatch.setattr(sources, "BLOCK_BYTES", block)
        lines = ["id,age_years,hospital", *(f"{i},48,Köln" for i in range(40))]
        text = "\n".join(lines).encode().replace("7,48,Köln".encode(), "7,48,Köln".encode("latin-1"))
        text += "\nD\xfcsseldorf\n41,\xfc,x\n".encode("latin-1")
        _, found, refused = run(tmp_path, text)
        assert [row["id"] for row in found] == [*map(str, range(40)), "41"]
        assert {row["hospital"] for row in found} == {"Köln", "K\N{REPLACEMENT CHARACTER}ln", "x"}
        assert [(row["row"], row["column"]) for row in refused] == [
            *[
                ("8", "hospital"),
                ("18", "hospital"),
                ("28", "hospital"),
                ("38", "hospital"),
                ("41", ""),
                ("42", "age_years"),
            ],
        ]
        assert "not utf-8" in refused[0]["reason"]


def test_a_byte_order_mark_and_windows_line_ends_are_no_obstacle(tmp_path):
    done, found, _ = run(tmp_path, b"\xef\xbb\xbfage_years,id\r\n48,1\r\n,2\r\n")
    assert (done.n_judged, list(found[0])[:2]) == (2, ["age_years", "id"])


def test_one_column_alone_has_an_empty_line_for_unknown(tmp_path):
    done, found, refused = run(tmp_path, "age_years\n48\n\nabc\n70\n")
    assert [row["age_years"] for row in found] == ["48", "", "abc", "70"]
    assert [row["row"] for row in refused] == ["3"]
    assert done.n_rows == 4


def test_rejects_of_an_earlier_run_do_not_stay(tmp_path):
    done, _, _ = run(tmp_path, "age_years\n300\n")
    assert done.rejects.exists()
    run(tmp_path, "age_years\n30\n")
    assert not done.rejects.exists()


def test_no_row_at_all(tmp_path, suffix):
    for text in ("id,age_years", "id,age_years\n", "id,age_years\n\n"):
        done, found, refused = run(tmp_path, text, target=f"out.{suffix}", attrition=True)
        assert (done.n_rows, found, refused) == (0, [], [])
        assert done.attrition["milan_2007"].n_before.tolist() == [0] * 7
    source = write(SCHEMA.empty_table(), tmp_path / "in.parquet")
    assert assess_file(source, tmp_path / f"out.{suffix}").n_rows == 0


def test_all_rows_rejected(tmp_path, suffix):
    done, found, refused = run(tmp_path, "id,age_years\n1,300\n2,x\n3\n", target=f"out.{suffix}", strict=True)
    assert (done.n_judged, done.n_rejected, found, len(refused)) == (0, 3, [], 3)
    assert done.target.exists()


# --- Refused as a whole ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no header"),
        ("\n\n", "no header"),
        ("id,name\n1,x\n", "no column is a field"),
        ("id,pregnant\n1,no\n", "no column is asked by the rule sets that were chosen; the file has pregnant. Choose"),
        ("age_years,id,id\n1,2,3\n", "columns twice: id"),
        ("Age_Years,ki67_percent\n48,4\n", "nearly 'age_years'"),
        ("age_years,milan_2007\n48,x\n", "named like rule sets: milan_2007"),
        (b"age_years,H\xf6he,\xc3\xa4\n48,x,y\n", "no header that can be read"),
    ],
)
def test_a_csv_file_that_cannot_be_meant_is_refused_and_leaves_nothing(tmp_path, text, says):
    with pytest.raises(ValueError, match=says):
        run(tmp_path, text, rule_sets=["milan_2007"] if "pregnant" in str(text) else None)
    assert [path.name for path in tmp_path.iterdir()] == ["patients.csv"]


def test_a_file_without_a_field_is_told_what_its_columns_may_be_whatever_is_asked(tmp_path):
    with pytest.raises(ValueError, match="'WHO_GRADE' may be grade_reported.*netdash map FILE"):
        run(tmp_path, "id,WHO_GRADE\n1,2\n", rule_sets=["milan_review"])


def test_a_column_of_the_wrong_type_in_parquet_is_refused_and_leaves_nothing(tmp_path):
    for cells in ([True, False], [[1], [2]]):
        source = write(pa.table({"age_years": cells}), tmp_path / "in.parquet")
        with pytest.raises(TypeError, match="age_years"):
            assess_file(source, tmp_path / "out.parquet")
        assert [path.name for path in tmp_path.iterdir()] == ["in.parquet"]


def test_what_is_no_parquet_file_and_what_csv_cannot_hold(tmp_path):
    (tmp_path / "bad.parquet").write_text("age_years\n48\n")
    with pytest.raises(ValueError, match=r"bad\.parquet cannot be read"):
        assess_file(tmp_path / "bad.parquet", tmp_path / "out.csv")
    nested = write(pa.table({"age_years": [48.0], "visits": [[1, 2]]}), tmp_path / "in.parquet")
    with pytest.raises(ValueError, match=r"out\.csv cannot be"):
        assess_file(nested, tmp_path / "out.csv")
    assert assess_file(nested, tmp_path / "out.parquet").n_judged == 1
    assert not (tmp_path / "out.csv").exists()


def test_categories_of_a_parquet_file_are_words(tmp_path, suffix):
    words = pa.array(["pancreas", "lung", None]).dictionary_encode()
    source = write(pa.table({"primary_site": words, "age_years": [48.0, 48.0, 48.0]}), tmp_path / "in.parquet")
    done = assess_file(source, tmp_path / f"out.{suffix}", ["sunitinib_population"])
    assert [row["sunitinib_population"] for row in read(done.target)] == ["unknown", "not_met", "unknown"]


def test_paths_that_cannot_be_meant_are_refused(tmp_path):
    source = write(registry(3), tmp_path / "in.csv")
    for target, says in (
        ("out.xlsx", "'.xlsx', expected .csv or .parquet; name it so"),
        ("in.csv", "is the source too"),
        ("no/o.csv", "no folder"),
    ):
        with pytest.raises(ValueError, match=says):
            assess_file(source, tmp_path / target)
    with pytest.raises(ValueError, match="is no file"):
        assess_file(tmp_path / "absent.csv", tmp_path / "out.csv")
    with pytest.raises(ValueError, match="'milano' is no rule set"):
        assess_file(source, tmp_path / "out.csv", ["milano"])
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_an_interrupted_run_leaves_the_earlier_target_as_it_was(tmp_path):
    source = write(registry(100), tmp_path / "in.csv")
    target = tmp_path / "out.csv"
    target.write_text("earlier")

    def interrupt(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        assess_file(source, target, progress=interrupt)
    assert target.read_text() == "earlier"
    assert {path.name for path in tmp_path.iterdir()} == {"in.csv", "out.csv"}


def test_a_row_longer_than_a_block_is_said_to_be(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "BLOCK_BYTES", 1000)
    with pytest.raises(ValueError, match=r"patients\.csv cannot be read"):
        run(tmp_path, "age_years,note\n48," + "x" * 5000 + "\n")
    assert [path.name for path in tmp_path.iterdir()] == ["patients.csv"]


# --- Memory ------------------------------------------------------------------------------------------------------

PEAK = """
import json, resource, sys
from netdash.cohort.files import assess_file
seen = []
peak = lambda share: seen.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
assess_file(sys.argv[1], sys.argv[2], ["milan_2007"], batch_rows=4000, progress=peak)
print(json.dumps([seen[len(seen) // 4], seen[-1]]))
"""


def test_memory_does_not_grow_with_the_file(tmp_path, suffix):
    table = registry(20_000)
    source = tmp_path / f"in.{suffix}"
    writer = pacsv.CSVWriter if suffix == "csv" else pq.ParquetWriter
    with writer(source, table.schema) as file:
        for _ in range(8):
            file.write_table(table)
    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(source), str(tmp_path / "out.parquet")],
        capture_output=True,
        text=True,
        check=True,
    )
    quarter, end = json.loads(done.stdout)
    # 160,000 rows take about 100 MB as a table; kilobytes on Linux, bytes on macOS.
    assert end - quarter < (30 * 2**10 if sys.platform == "linux" else 30 * 2**20)


@pytest.mark.parametrize("size", [-1, 1, 2, 3, 7, 1000])
def test_bytes_that_are_not_utf8_are_replaced_however_they_are_read(tmp_path, size):
    path = tmp_path / "registry.csv"
    path.write_bytes("größe,€\n".encode() + b"a\xffb,\xe2\x82\n")
    found = b""
    plain = Dialect("utf-8", ",", ("größe", "€"), 0, has_rows=True)
    with sources.Utf8(path, plain) as text:
        assert text.readable()
        while part := text.read(size):
            assert size < 0 or len(part) <= size
            found += part
        assert text.damaged
    assert found.decode() == "größe,€\na\ufffdb,\ufffd\n"
    path.write_text("sound", encoding="utf-8")
    with sources.Utf8(path, plain) as text:
        assert text.read(-1) == b"sound"
        assert not text.damaged
