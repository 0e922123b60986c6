"""Files as registries write them: each is judged, or refused in one sentence that tells the cure, by both doors."""

import gzip
import json
import sys

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

import netdash as nd
from netdash.cli import main
from netdash.cohort.accounts import CohortNotice
from netdash.cohort.files import assess_file, read_whole

SET = "milan_review"
HEAD = "id,age_years,ki67_percent,primary_site,extrahepatic_disease,liver_involvement_percent"


def command(*arguments):
    return CliRunner().invoke(main, ["cohort", *map(str, arguments), "--rule-sets", SET])


def both(folder, name, content, encoding="utf-8", **how):
    """The verdicts of a file by the command's door and of its cells by the library's, which must agree."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    done = assess_file(path, folder / "out.parquet", SET, **how)
    found = pq.read_table(done.target)[SET].to_pylist()
    mapping = how.get("mapping")
    library = nd.assess_cohort(read_whole(path).to_pandas(), SET, mapping=mapping, ignore=how.get("ignore", ()))
    assert library[SET].tolist() == found
    return done, found


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", f"{HEAD}\n1,48,4,pancreas,none,30\n", ""),
        ("a.csv", f"{HEAD}\n1,48,4,pancreas,none,30\n".replace(",", ";"), "semicolons"),
        ("a.csv", f"{HEAD}\n1,48,4,pancreas,none,30\n".replace(",", "\t"), "tabs"),
        ("a.tsv", f"{HEAD}\n1,48,4,pancreas,none,30\n".replace(",", "\t"), "tabs"),
        ("a.txt", f"#x\ty\n#a\n{HEAD}\n1,48,4,pancreas,none,30\n".replace(",", "\t"), "2 lines that begin with #"),
        (
            "a.csv",
            f"NET registry\n{HEAD}\n1,48,4,pancreas,none,30\n",
            "1 line above the header left out: 'NET registry'",
        ),
        ("a.csv", f"{HEAD},,\n1,48,4,pancreas,none,30,,\n", "2 columns without a name left out"),
        ("a.csv", f"{HEAD}\nMüller,48,4,pancreas,none,30\n".encode("latin-1"), "read as cp1252"),
        ("a.csv", f"{HEAD}\n1,48,4,pancreas,none,30\n".encode("utf-16"), "read as utf-16"),
        ("a.csv", f"{HEAD}\n1,48,4,pancreas,none,30\n".encode("utf-16-le"), "read as utf-16-le"),
        ("a.csv.gz", gzip.compress(f"{HEAD}\n1,48,4,pancreas,none,30\n".encode()), ""),
        ("a.csv", f"{HEAD}\n1,48,4.0 %,Pancreas, None ,30\n", ""),
    ],
)
def test_a_file_of_any_usual_form_is_read_and_what_is_found_is_said(tmp_path, name, content, said):
    done, found = both(tmp_path, name, content)
    assert found == ["met"]
    assert said in "\n".join(done.found)
    assert bool(said) == bool(done.found)
    assert "Values refused: none." in str(done)


@pytest.mark.parametrize("first", ["sep=;", "SEP=;", "sep=;;;;;;"])
def test_the_line_in_which_excel_names_the_delimiter_is_no_header(tmp_path, first):
    done, found = both(tmp_path, "a.csv", f"{first}\r\n{HEAD}\r\n1,48,4,pancreas,none,30\r\n".replace(",", ";"))
    assert (found, done.n_judged) == (["met"], 1)


def test_lines_that_end_with_a_carriage_return_alone_are_refused_with_the_cure(tmp_path):
    (tmp_path / "a.csv").write_bytes(f"{HEAD}\r1,48,4,pancreas,none,30\r".encode())
    done = command(tmp_path / "a.csv", tmp_path / "o.csv")
    assert (done.exit_code, "save the file as 'CSV UTF-8'" in done.output, "a.csv" in done.output) == (2, True, True)


def test_a_missing_text_of_a_field_that_there_is_not_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text(f"{HEAD}\n1,99,4,pancreas,none,30\n")
    done = command(tmp_path / "a.csv", tmp_path / "o.csv", "--missing", "ki67=99")
    assert (done.exit_code, "'ki67' is no field" in done.output) == (2, True)
    done = command(tmp_path / "a.csv", tmp_path / "o.csv", "--missing", "=99", "--missing", "a b=c")
    assert done.exit_code == 0


def test_blanks_and_missing_identifiers_repeat_no_patient(tmp_path):
    rows = [f"{name},48,4,pancreas,none,30" for name in ("P1", " P1", "", "", " ", "P2")]
    (tmp_path / "a.csv").write_text("\n".join([HEAD, *rows, ""]))
    done = assess_file(tmp_path / "a.csv", tmp_path / "o.csv", SET, id="id")
    assert done.account.n_repeated == 1


def test_delimiter_and_encoding_can_be_said(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("age_years|name\n48|Ü\n".encode("cp850"))
    done = command(path, tmp_path / "o.csv", "--delimiter", "|", "--encoding", "cp850")
    assert done.exit_code == 0, done.output
    assert "Ü" in (tmp_path / "o.csv").read_text(encoding="utf-8")
    refused = command(path, tmp_path / "o.csv", "--encoding", "klingon")
    assert (refused.exit_code, "is not known to Python" in refused.output) == (2, True)


def test_a_damaged_gzip_and_an_unknown_ending_are_refused_in_words(tmp_path):
    (tmp_path / "a.csv.gz").write_bytes(b"age_years\n48\n")
    (tmp_path / "a.dta").write_bytes(b"x")
    assert "compressed with gzip" in command(tmp_path / "a.csv.gz", tmp_path / "o.csv").output
    assert "pandas.read_stata" in command(tmp_path / "a.dta", tmp_path / "o.csv").output


def test_percentages_of_excel_are_percentages(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(HEAD.split(","))
    sheet.append([1, 48, 0.04, "pancreas", "none", 0.3])
    sheet.append([True, None, "<3", pd.Timestamp("2024-01-31").to_pydatetime(), "none", 0.55])
    for cell in (*sheet["C"], *sheet["F"]):
        cell.number_format = "0%"
    book.save(tmp_path / "a.xlsx")
    done = assess_file(tmp_path / "a.xlsx", tmp_path / "o.csv", SET)
    found = pd.read_csv(done.target)
    assert found[SET].tolist() == ["met", "not_met"]
    assert found["liver_involvement_percent"].tolist() == ["30%", "55%"]
    assert done.n_refused == 1


def test_several_files_are_judged_as_one(tmp_path):
    for name, age in (("a.csv", "48"), ("b.csv", "x")):
        (tmp_path / name).write_text(f"{HEAD}\n1,{age},4,pancreas,none,30\n")
    done = command(tmp_path / "a.csv", tmp_path / "b.csv", tmp_path / "o.csv", "--id", "id")
    assert done.exit_code == 1, done.output
    assert "2 rows read, 2 judged" in done.output
    assert "1 row with the identifier of an earlier row" in done.output
    rejects = pd.read_csv(tmp_path / "o.csv.rejects.csv")
    assert rejects[["row", "id", "column", "value", "file"]].values.tolist() == [[1, 1, "age_years", "x", "b.csv"]]
    (tmp_path / "c.csv").write_text("age_years,ki67\n1,2\n")
    assert (
        "differ in extrahepatic_disease" in command(tmp_path / "a.csv", tmp_path / "c.csv", tmp_path / "o.csv").output
    )
    pq.write_table(pa.table({"age_years": [1.0]}), tmp_path / "d.parquet")
    pq.write_table(pa.table({"age_years": ["1"]}), tmp_path / "e.parquet")
    both_types = command(tmp_path / "d.parquet", tmp_path / "e.parquet", tmp_path / "o.csv")
    assert "types of columns" in both_types.output
    assert "there is no column 'nr'" in command(tmp_path / "a.csv", tmp_path / "o.csv", "--id", "nr").output


def test_one_file_through_three_doors_gives_one_answer(tmp_path):
    rows = ["48,4,pancreas,none,30", "70,4,Pancreas,none,30", "49,4,Ileum,none,30", "80,30,ileum,extensive,80"]
    rows += ["50,3, colon,none,20", "51,2,colon,none,20"]
    text = "\n".join([HEAD, *(f"{i},{row}" for i, row in enumerate(rows, 1))])
    done, found = both(tmp_path, "a.csv", text, attrition=True)
    assert found == ["met", "not_met", "unknown", "not_met", "met", "met"]
    frame = pd.read_csv(tmp_path / "a.csv")
    with pytest.warns(CohortNotice, match="2 of primary_site"):
        assert nd.assess_cohort(frame, SET)[SET].tolist() == found
    pd.testing.assert_frame_equal(done.attrition[SET], nd.attrition(frame, SET))
    assert nd.attrition(frame, SET).n_missing.tolist()[0] == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("PATIENT_ID,AGE\nP1,48\n", "column 'AGE' may be age_years"),
        ("id,AGE_YEARS\n1,48\n", "nearly 'age_years'"),
        ("id,age_days,primary_site\n1,17532,pancreas\n", "another unit"),
        ("id,age_years,age_years\n1,48,49\n", "columns twice: age_years"),
        ("id,oligonodular,largest_lesion_mm\n1,yes,12\n", "another unit (mm): convert it"),
    ],
)
def test_what_cannot_be_judged_is_refused_with_the_cure(tmp_path, text, said):
    (tmp_path / "a.csv").write_text(text)
    done = command(tmp_path / "a.csv", tmp_path / "o.csv")
    assert done.exit_code == 2
    assert said in done.output
    assert not (tmp_path / "o.csv").exists()


def test_traps_are_said(tmp_path):
    text = f"{HEAD}\n1,99,0.15,pancreas,none,0.65\n2,50,0.02,colon,none,0.10\n"
    done, _ = both(tmp_path, "a.csv", text)
    assert "Every value of ki67_percent is at most 1" in str(done)
    assert "age_years is 99 in 1 row" in str(done)
    with pytest.warns(CohortNotice, match="liver_involvement_percent is at most 1"):
        nd.assess_cohort(pd.read_csv(tmp_path / "a.csv"), SET)
    with pytest.warns(CohortNotice) as told:
        nd.assess_cohort(pd.DataFrame({"ki67_percent": [0.0, 1.0], "age_years": [4, 5]}), SET)
    assert "at most 1" not in str(told[0].message)


def test_percentages_of_one_batch_are_no_fractions_when_those_of_another_are_not(tmp_path):
    rows = [f"{i},48,{ki67},pancreas,none,30" for i, ki67 in enumerate([30, 0.5, 0.6, 0.7])]
    (tmp_path / "a.csv").write_text("\n".join([HEAD, *rows, ""]))
    for size in (1, 2, 100):
        done = assess_file(tmp_path / "a.csv", tmp_path / "o.csv", SET, batch_rows=size)
        assert "are they fractions" not in str(done)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"oligonodular": [True]}, "There is oligonodular; choose rule sets that ask one"),
        ({"AGE": [48], "KI67": [4]}, "column 'AGE' may be age_years"),
        ({"x": [1]}, "No column is a field that is asked: every verdict is unknown"),
    ],
)
def test_a_table_without_a_field_that_is_asked_is_never_unknown_without_the_cure(tmp_path, columns, said):
    frame = pd.DataFrame(columns)
    with pytest.warns(CohortNotice) as told:
        nd.assess_cohort(frame, SET)
    assert said in str(told[0].message)
    frame.to_csv(tmp_path / "a.csv", index=False)
    done = command(tmp_path / "a.csv", tmp_path / "o.csv")
    assert done.exit_code == 2
    for cure in ("choose rule sets that ask one", "may be age_years", "write a mapping"):
        assert (cure in done.output.lower()) >= (cure in str(told[0].message).lower())


def test_a_mapping_that_names_no_field_says_where_to_write_one(tmp_path):
    (tmp_path / "a.csv").write_text("YEAR_OF_BIRTH\n1963\n")
    (tmp_path / "MAP.csv").write_text("column,field\nYEAR_OF_BIRTH,\n")
    done = command(tmp_path / "a.csv", tmp_path / "o.csv", "--map", tmp_path / "MAP.csv")
    assert (done.exit_code, "write one under 'field'" in done.output) == (2, True)


def test_names_of_several_levels_are_refused_and_an_index_is_said():
    for names in ([("a", "age_years")], [("age_years", "")]):
        with pytest.raises(TypeError, match="a MultiIndex"):
            nd.assess_cohort(pd.DataFrame([[48]], columns=pd.MultiIndex.from_tuples(names)), SET)
    with pytest.warns(CohortNotice, match="age_years is the index of the frame"):
        nd.assess_cohort(pd.DataFrame({"age_years": [48], "ki67_percent": [4]}).set_index("age_years"), SET)


def test_limits_in_two_columns_may_be_text_and_what_is_no_number_is_refused(tmp_path):
    text = "id,age_years_low,age_years_high,ki67_percent\n1,40,50,4\n2,NA,54,4\n3,x,60,4\n4,,,4\n5,60,,4\n"
    done, found = both(tmp_path, "a.csv", text)
    assert (found, done.n_refused) == (["unknown", "unknown", "unknown", "unknown", "not_met"], 2)
    assert pd.read_csv(done.rejects)["value"].tolist() == ["NA/54", "x/60"]
    done = assess_file(tmp_path / "a.csv", tmp_path / "o.csv", SET, missing=["age_years=NA"], reasons=True)
    assert done.n_refused == 1
    opened = pd.read_csv(done.target)[f"{SET}__open"]
    assert opened.str.contains("Age").tolist() == [False, False, True, True, False]


def test_lower_and_upper_limits_stand_in_two_columns():
    columns = {
        "age_years": [48] * 5,
        "ki67_percent_low": [None, 3, 3, 20, None],
        "ki67_percent_high": [3, 9, 20, 3, None],
    }
    frame = pd.DataFrame(columns)
    table = nd.cohort_report(frame, SET).set_index("field")
    names = ["column", "n_known", "n_partial", "n_refused", "n_unknown"]
    assert table.loc["ki67_percent", names].tolist() == ["ki67_percent_low, ki67_percent_high", 3, 3, 1, 1]
    judged = nd.assess_cohort(frame, SET, reasons=True)
    assert judged[f"{SET}__open"].str.contains("Ki-67").tolist() == [False, False, True, True, True]


def test_every_output_has_the_stamp_and_the_same_stamp_gives_the_same_verdicts(tmp_path):
    (tmp_path / "a.csv").write_text(f"{HEAD}\n1,48,4,pancreas,none,30\n")
    stamps, outputs = [], []
    for name in ("o.csv", "p.csv", "q.parquet"):
        assess_file(tmp_path / "a.csv", tmp_path / name, SET, missing=["age_years=99"])
        outputs.append((tmp_path / name).read_bytes())
        beside = tmp_path / f"{name}.json"
        text = beside.read_text() if beside.exists() else pq.read_metadata(tmp_path / name).metadata[b"netdash"]
        stamps.append({key: value for key, value in json.loads(text).items() if key != "date"})
    assert stamps[0] == stamps[1] == stamps[2]
    assert outputs[0] == outputs[1]
    assert stamps[0]["netdash"] == nd.__version__
    assert len(stamps[0]["rules"]) == len(stamps[0]["source"]["a.csv"]) == 64
    assert stamps[0]["options"]["mapping"][0]["missing"] == ["99"]
    frame = nd.assess_cohort(pd.DataFrame({"age_years": [48]}), SET, strict=True)
    assert frame.attrs["netdash"]["rule_sets"] == [SET]
    assert frame.attrs["netdash"]["options"]["strict"] is True


def test_verdicts_are_counted():
    judged = nd.assess_cohort(pd.DataFrame({"age_years": [48, 60, None]}), [SET, "milan_2007"])
    assert nd.verdict_counts(judged).values.tolist() == [[SET, 3, 0, 1, 2], ["milan_2007", 3, 0, 1, 2]]
    assert nd.verdict_counts(judged, SET)["rule_set"].tolist() == [SET]
    with pytest.raises(ValueError, match="no column is named like a rule set"):
        nd.verdict_counts(pd.DataFrame({"x": [1]}))


def test_reasons_name_what_is_missed_and_what_is_open():
    frame = pd.DataFrame({"age_years": [48, 60], "ki67_percent": [4, 30], "primary_site": ["colon", None]})
    judged = nd.assess_cohort(frame, SET, reasons=True)
    assert judged[f"{SET}__missed"].tolist() == ["", "Age; Ki-67"]
    assert judged[f"{SET}__open"].tolist()[0] == "Extrahepatic disease; Liver involvement"
    assert judged[SET].tolist() == ["unknown", "not_met"]


def test_the_command_proposes_a_mapping_that_is_then_used(tmp_path):
    (tmp_path / "a.csv").write_text("nr,age,ki67,site\n1,48,NA,C25.9\n2,60,4,Ileum\n")
    runner = CliRunner()
    done = runner.invoke(main, ["map", str(tmp_path / "a.csv"), "--to", str(tmp_path / "MAP.csv")])
    assert done.exit_code == 0, done.output
    assert "age -> age_years" in done.output
    again = runner.invoke(main, ["map", str(tmp_path / "a.csv"), "--to", str(tmp_path / "MAP.csv")])
    assert (again.exit_code, "is there already" in again.output) == (2, True)
    wrong = runner.invoke(main, ["map", str(tmp_path / "MAP.csv.x")])
    assert wrong.exit_code == 2
    judged = command(tmp_path / "a.csv", tmp_path / "o.csv", "--map", tmp_path / "MAP.csv", "--attrition", "--reasons")
    assert judged.exit_code == 0, judged.output
    assert "Of 2 patients 0 meet all 5 criteria. Of " in judged.output
    assert "are not in the data" in judged.output
    table = pd.read_csv(tmp_path / "o.csv.attrition.csv")
    assert table["rule_set"].unique().tolist() == [SET]
    assert pd.read_csv(tmp_path / "o.csv")[SET].tolist() == ["unknown", "not_met"]


def test_a_grade_at_odds_with_ki67_is_said():
    frame = pd.DataFrame({"grade_reported": ["G1", "2", "G2|G3", "g3", None], "ki67_percent": [4, 4, 4, 25, 4]})
    with pytest.warns(CohortNotice, match="at odds with Ki-67 or differentiation in 1 row:"):
        nd.assess_cohort(frame, "milan_2007")
    mapping = nd.propose_mapping(frame)
    assert mapping.of_field("grade_reported").words == {"2": "G2"}


@pytest.mark.parametrize(("strict", "done"), [(False, "so unknown"), (True, "so their rows are left out")])
def test_both_doors_say_what_was_done_with_refused_values(tmp_path, strict, done):
    (tmp_path / "a.csv").write_text(f"{HEAD}\n1,48,4,moon,none,30\n2,48,4,colon,none,30\n")
    with pytest.warns(CohortNotice, match=f"Values refused, {done}: 1 of primary_site"):
        nd.assess_cohort(pd.read_csv(tmp_path / "a.csv"), SET, strict=strict)
    told = command(tmp_path / "a.csv", tmp_path / "o.csv", *["--strict"] * strict)
    assert f"Values refused, {done}: 1 of primary_site" in told.output


def test_own_criteria_judge_a_file_and_are_in_its_stamp(tmp_path):
    from netdash import own_criteria

    (tmp_path / "a.csv").write_text(f"{HEAD}\n1,48,4,pancreas,none,30\n")
    own = own_criteria.read(own_criteria.template())
    done = assess_file(tmp_path / "a.csv", tmp_path / "o.csv", criteria=own_criteria.template(), reasons=True)
    names = [found.name for found in own.rule_sets]
    assert set(names) <= set(pd.read_csv(done.target).columns)
    assert json.loads((tmp_path / "o.csv.json").read_text())["options"]["criteria"] == own.digest
    counted = nd.verdict_counts(pd.read_csv(done.target), names, criteria=own)
    assert counted["rule_set"].tolist() == names
    told = CliRunner().invoke(
        main,
        ["cohort", str(tmp_path / "a.csv"), str(tmp_path / "p.csv"), "--criteria", str(own_criteria.template())],
    )
    assert told.exit_code == 0, told.output
    assert names[0] in told.output


def test_columns_of_the_same_name_are_refused_by_both_doors(tmp_path):
    frame = pd.DataFrame([[48, 49]], columns=["age_years", "age_years"])
    with pytest.raises(ValueError, match="columns of the same name"):
        nd.assess_cohort(frame, SET)


def test_a_column_without_any_value_and_one_limit_alone():
    frame = pd.DataFrame({"age_years": [None, None], "ki67_percent_low": [20.5, None]})
    judged = nd.assess_cohort(frame, SET, reasons=True)
    assert judged[SET].tolist() == ["not_met", "unknown"]
    assert judged[f"{SET}__missed"].tolist() == ["Ki-67", ""]
    with pytest.raises(TypeError, match="ki67_percent_high"):
        nd.assess_cohort(pd.DataFrame({"ki67_percent_high": [True]}), SET)


def test_a_file_whose_fields_have_no_value_is_judged(tmp_path):
    done, found = both(tmp_path, "a.csv", "id,age_years\n1,\n2,\n")
    assert (found, done.rejects) == (["unknown", "unknown"], None)


def test_a_file_whose_rows_have_no_usual_width_has_no_title(tmp_path):
    done, _ = both(tmp_path, "a.csv", "age_years,x\n48,1,2\n50,1,2\n")
    assert (done.n_judged, done.n_rejected, done.found) == (0, 2, ())


def test_excel_without_openpyxl_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "a.xlsx").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    assert "install netdash[excel]" in command(tmp_path / "a.xlsx", tmp_path / "o.csv").output
