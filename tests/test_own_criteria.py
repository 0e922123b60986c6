"""A hospital's own criteria: taken whole or refused whole, marked local everywhere, judged like the published ones."""

import json

import pandas as pd
import pytest
from click.testing import CliRunner
from cohorts import arrow

import netdash as nd
from netdash import own_criteria, rule_tables
from netdash.board import Board
from netdash.board.address import split_mark
from netdash.case_report import report
from netdash.cli import main
from netdash.csv_checks import RefusedFile
from netdash.rules import Bound, Verdict

TEMPLATE = own_criteria.template().read_text(encoding="utf-8")
HEAD = "rule_set,therapy,title,kind,role,group,alternative,field,operator,value,source,locator"
GOOD = "ours,prrt,Our PRRT,list,required,,,age_years,<=,70,Our protocol,Page 1"


def lines(*rows, head=HEAD):
    return "\n".join([head, *rows, ""]).encode()


def changed(**cells):
    row = dict(zip(HEAD.split(","), GOOD.split(","), strict=True)) | cells
    return lines(",".join(row.values()))


WRONG = {
    "no text": (b"\xff\xfe\x00", "is not UTF-8"),
    "empty": (b"", "column rule_set"),
    "heading alone": (lines(), "holds no criterion"),
    "a column missing": (lines(GOOD.replace(",Page 1", ""), head=HEAD.replace(",locator", "")), "no column locator"),
    "a column unknown": (lines(GOOD + ",x", head=HEAD + ",colour"), "given 'colour', expected one of rule_set"),
    "a column twice": (lines(GOOD + ",x", head=HEAD + ",field"), "'field' again"),
    "a cell too few": (lines(GOOD.rpartition(",")[0]), "11 cells"),
    "a quotation mark open": (lines(GOOD.replace("Our PRRT", '"Our PRRT')), "cannot be read as CSV"),
    "an unknown therapy": (changed(therapy="surgery"), "given 'surgery', expected one of resection"),
    "a comparator": (changed(therapy="no_resection"), "column therapy"),
    "an unknown kind": (changed(kind="rule"), "expected one of list, statement, label, population"),
    "an unknown role": (changed(role="must"), "role is 'must'"),
    "an unknown field": (changed(field="shoe_size"), "no field of a patient"),
    "an unknown operator": (changed(operator="=<"), "operator is '=<'"),
    "no number": (changed(value="old"), "a number from 0 to 120 years"),
    "a bound outside the limits": (changed(value="121"), "a number from 0 to 120 years"),
    "a word that is none": (changed(field="differentiation", operator="is", value="good"), "one of well, poor"),
    "a number with is": (changed(operator="is"), "is a number; use <, <=, >= or >"),
    "a choice with a bound": (changed(field="differentiation", value="well"), "is no number; use 'is' or 'one of'"),
    "a word twice": (changed(field="primary_site", operator="one of", value="lung|colon|lung"), "each word once"),
    "two therapies of a rule set": (
        lines(GOOD, GOOD.replace(",prrt,", ",resection,").replace("age_years,<=,70", "ecog,<=,1")),
        "column therapy: given 'resection', expected 'prrt' as in line 2",
    ),
    "two titles of a rule set": (
        lines(GOOD, GOOD.replace("Our PRRT", "Ours").replace("age_years,<=,70", "ecog,<=,1")),
        "column title: given 'Ours', expected 'Our PRRT' as in line 2",
    ),
    "no source": (changed(source=""), "column source: given nothing"),
    "no place": (changed(locator=""), "column locator: given nothing"),
    "a name that is taken": (changed(rule_set="milan_2007"), "no published rule set"),
    "the name of a field": (changed(rule_set="age_years"), "no field has"),
    "a name with capitals": (changed(rule_set="Our Set"), "small letters"),
    "the role of a scope": (changed(role="scope"), "required, caution, favors or prognostic"),
    "nothing that decides": (changed(role="caution"), "no required criterion"),
    "a contradiction": (lines(GOOD, GOOD.replace("<=,70", ">,75")), "contradict each other"),
    "a repetition": (lines(GOOD, GOOD), "repeat one requirement"),
    "a group torn apart": (
        lines(
            GOOD.replace("required,,", "required,either,a"),
            GOOD.replace("age_years,<=,70", "ecog,<=,1"),
            GOOD.replace("required,,", "required,either,b").replace("age_years,<=,70", "pregnant,is,no"),
        ),
        "put them together",
    ),
    "another label": (lines(GOOD + ",Not too old", head=HEAD + ",label"), "'Age', the label of the field"),
    "the id of a published criterion": (
        lines(GOOD + ",milan_review-age", head=HEAD + ",criterion_id"),
        "an id that no published criterion has",
    ),
    "an id twice": (
        lines(GOOD + ",a", GOOD.replace("70", "71") + ",a", head=HEAD + ",criterion_id"),
        "given the criterion_id of line 2",
    ),
    "a cell of two lines": (changed(title='"Our\nPRRT"'), "one line of at most"),
    "too many rows": (lines(*[GOOD] * 501), "given 501 criteria, expected at most 500"),
    "too large": (b"x" * 200_001, "more than 200,000 bytes"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_file_is_refused_whole_and_in_words(what, tmp_path):
    content, says = WRONG[what]
    path = tmp_path / "ours.csv"
    path.write_bytes(content)
    for given in (content, path, str(path)):
        with pytest.raises(RefusedFile) as refused:
            own_criteria.read(given)
        assert says in str(refused.value)
        assert "no criterion was taken" in str(refused.value)
        assert "criteria.csv" not in str(refused.value)
    linted = CliRunner().invoke(main, ["lint", str(path)])
    assert linted.exit_code == 1
    assert says in linted.output
    with pytest.raises(ValueError, match="no criterion was taken"):
        nd.assess(nd.Patient(), criteria=content)
    board = Board()
    board.state.take_criteria(content, "ours.csv")
    assert board.state.own is None
    assert says in board.state.refusals.get("criteria", "") or content == b""  # an empty upload forgets


def test_the_template_is_taken_and_says_that_it_is_made_up():
    printed = CliRunner().invoke(main, ["lint", "--template"])
    assert printed.output == TEMPLATE
    (found,) = own_criteria.read(TEMPLATE.encode()).rule_sets
    assert "made up" in found.title
    assert found.basis == "local"


def test_lint_counts_one_rule_set_and_two(tmp_path):
    path = tmp_path / "ours.csv"
    for content, said in ((lines(GOOD), ": 1 rule set. "), (lines(GOOD, "b" + GOOD), ": 2 rule sets. ")):
        path.write_bytes(content)
        assert said in CliRunner().invoke(main, ["lint", str(path)]).output


def test_the_source_of_an_own_criterion_is_its_file_row_and_basis(tmp_path):
    path = tmp_path / "ours.csv"
    path.write_bytes(lines(GOOD, GOOD.replace("age_years,<=,70", "ecog,<=,1")))
    digest = own_criteria.read(path).digest
    board = Board(criteria=path)
    assert "Published criteria and your own" in board.frame.content["sections"]["verdicts"]
    assert "and your own" not in Board().frame.content["sections"]["verdicts"]
    for name, row in (("ours-1", "line 2"), ("ours-2", "line 3"), ("ours", "line 2, line 3")):
        found = str(nd.source(name, criteria=path))
        assert f"ours.csv, SHA-256 {digest} (local: " in found
        assert f"Place: {row}; Our protocol, Page 1" in found
        press(board, "ours")
        press(board, f"source:{name}")
        assert found == str(board.state.source and nd.source(name, board.state.own))
        shown = board.frame.content["sections"]["source"]
        assert f"{row}; Our protocol, Page 1" in shown
        assert "local: a file of this hospital" in shown
    press(board, "do:forget-criteria")
    assert board.state.source == ""
    with pytest.raises(ValueError, match="is no id"):
        nd.source("ours-1")


def test_lint_says_each_rule_as_a_sentence_with_the_verdicts_at_its_bound(tmp_path):
    path = tmp_path / "ours.csv"
    path.write_text(TEMPLATE, encoding="utf-8")
    said = CliRunner().invoke(main, ["lint", str(path)]).output
    assert "Age must be at most 65 years. 64 years met, 65 years met, 66 years missed." in said
    assert "Ki-67 must be under 10 %. 9 % met, 10 % missed, 11 % missed." in said
    assert "One of 2 alternatives is enough:" in said
    assert "(caution, does not decide)" in said


def test_the_command_needs_a_file_or_the_template():
    assert CliRunner().invoke(main, ["lint"]).exit_code == 2


def test_a_file_needs_few_columns_and_takes_semicolons():
    head = "rule_set;therapy;field;operator;value;source;locator"
    content = "\n".join(
        [head, "our_list;prrt;ecog;<=;1;Our protocol;Page 2", "our_list;;ki67_percent;<;20;Our protocol;Page 3"]
    )
    (found,) = own_criteria.read(content.encode()).rule_sets
    assert (found.title, found.kind, found.therapy, len(found.clauses)) == ("Our list", "list", "prrt", 2)
    assert [c.criterion_id for c in found.criteria] == ["our_list-1", "our_list-2"]


def test_the_columns_of_the_shipped_criteria_are_taken():
    row = nd.criteria().query("criterion_id == 'milan_review-age'").iloc[0]
    row = row.drop("discrepancies").to_dict() | {
        "rule_set": "ours",
        "criterion_id": "ours-age",
        "therapy": "transplantation",
    }
    (found,) = own_criteria.read(pd.DataFrame([row]).to_csv(index=False).encode()).rule_sets
    assert found.criteria[0].requirement == rule_tables.get("milan_review").criteria[0].requirement


@pytest.mark.parametrize(("age", "verdict"), [(69, "met"), (70, "met"), (71, "not_met"), (None, "unknown")])
def test_own_criteria_are_judged_beside_the_published_ones(age, verdict):
    patient = nd.Patient(age_years=age)
    assessment = nd.assess(patient, criteria=lines(GOOD))
    assert assessment["ours"].verdict == verdict
    row = assessment.verdicts.set_index("rule_set").loc["ours"]
    assert (row["basis"], row["therapy"]) == ("local", "prrt")
    alone = nd.assess(patient)
    published = assessment.verdicts[assessment.verdicts["basis"] != "local"].drop(columns="basis")
    assert published.reset_index(drop=True).equals(alone.verdicts)
    assert list(nd.assess(patient, ["ours"], criteria=lines(GOOD)).verdicts["rule_set"]) == ["ours"]


def test_they_stand_with_their_therapy_and_are_marked_local_everywhere():
    assessment = nd.assess(nd.Patient(age_years=80), criteria=lines(GOOD))
    therapies = [j.rule_set.therapy for j in assessment.judgements]
    assert len(list(dict.fromkeys(therapies))) == len(
        [t for i, t in enumerate(therapies) if therapies[i - 1 : i] != [t]]
    )
    for text in (str(assessment), assessment._repr_html_()):
        assert "Our PRRT (local)" in text
        assert "Own criteria, marked local: own criteria, SHA-256 " in text
    assert (assessment.findings.query("rule_set == 'ours'")["source"] == "Our protocol (local)").all()
    assert "ours" in nd.compare(nd.Patient(), "prrt", criteria=lines(GOOD))
    assert "3 of" not in str(nd.tallies(assessment)["prrt"])
    assert "Our PRRT" in nd.tallies(assessment)["prrt"].missed


def test_the_report_and_the_command_name_file_and_hash(tmp_path):
    path = tmp_path / "ours.csv"
    path.write_bytes(lines(GOOD))
    digest = own_criteria.read(path).digest
    page = report(nd.Patient(age_years=50), criteria=path)
    assert f"ours.csv, SHA-256 {digest}" in page
    assert "<h2>Published criteria and your own " in page
    command = ["assess", "--criteria", str(path), "--age-years", "71", "--therapy", "prrt"]
    assert (
        "Our PRRT (local): Misses 1 of 1: age 71 years (asked: at most 70 years)"
        in CliRunner().invoke(main, command).output
    )
    found = json.loads(CliRunner().invoke(main, [*command, "--json"]).output)
    assert found["criteria"] == {"file": "ours.csv", "sha256": digest}
    page = tmp_path / "case.html"
    assert CliRunner().invoke(main, ["report", "--criteria", str(path), str(page)]).exit_code == 0
    assert digest in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("command", [["assess"], ["report", "never.html"]])
def test_a_command_refuses_a_wrong_file_in_words(command, tmp_path):
    path = tmp_path / "ours.csv"
    path.write_bytes(changed(field="shoe_size"))
    result = CliRunner().invoke(main, [*command, "--criteria", str(path)])
    assert result.exit_code == 2
    assert "no field of a patient" in result.output


def test_every_engine_judges_a_cohort_by_them():
    patients = [nd.Patient(age_years=age) for age in (None, 0, 69, 70, 71, 120)]
    table = nd.assess_cohort(arrow(patients), ["ours", "prrt_label"], criteria=lines(GOOD))
    assert table["ours"].to_pylist() == [nd.assess(p, criteria=lines(GOOD))["ours"].verdict.value for p in patients]
    for frame in (arrow(patients).to_pandas(), _polars(patients), _duckdb(patients)):
        judged = nd.assess_cohort(frame, ["ours"], criteria=lines(GOOD))
        assert _column(judged) == table["ours"].to_pylist()
    counts = nd.attrition(arrow(patients), "ours", criteria=lines(GOOD))
    assert counts["n_met"].tolist() == [table["ours"].to_pylist().count("met")]


def _polars(patients):
    import polars

    return polars.from_arrow(arrow(patients))


def _duckdb(patients):
    duckdb = pytest.importorskip("duckdb")
    return duckdb.from_arrow(arrow(patients))


def _column(judged):
    found = judged["ours"]
    return [row[0] for row in found.fetchall()] if hasattr(found, "fetchall") else list(found)


def press(board, key):
    board.frame._receive(None, {"type": "select", "key": key}, None)


def test_the_board_shows_own_criteria_with_name_and_hash_and_forgets_them():
    board = Board(nd.Patient(age_years=71), criteria=lines(GOOD))
    own = board.state.own
    assert board.state.query == f"age_years=71&criteria=own+criteria~{own.digest}"
    press(board, "ours")
    assert board.state.selected == "ours"
    for page in ("explore", "evidence", "teaching", "board"):
        press(board, f"page:{page}")
    press(board, "do:forget-criteria")
    assert board.state.own is None
    assert board.state.selected == "milan_review"


def test_a_link_made_with_other_criteria_says_so():
    board = Board(criteria=lines(GOOD))
    board.state.open_query("#age_years=50&criteria=ours.csv~0123456789ab")
    assert board.state.patient.age_years == 50
    assert "ours.csv~0123456789ab" in board.state.refusals["criteria"]
    board.state.open_query(f"age_years=51&criteria={board.state.own.mark}")
    assert board.state.patient.age_years == 51
    assert "criteria" not in board.state.refusals
    other = Board()
    other.state.open_query("?criteria=ours.csv~0123456789ab&age_years=50")
    assert "here there are none" in other.state.refusals["criteria"]


@pytest.mark.parametrize(
    ("query", "rest", "mark"),
    [("#a=1&criteria=x~1&b=2", "a=1&b=2", "x~1"), ("?a=1", "a=1", ""), ("", "", ""), ("criteria=", "", "")],
)
def test_the_mark_is_taken_off_an_address(query, rest, mark):
    assert split_mark(query) == (rest, mark)


def test_the_server_gives_the_file_to_its_kernels_and_refuses_a_wrong_one(tmp_path, monkeypatch):
    from netdash.serve import check_criteria, pass_to_kernels
    from netdash.server.settings import ServeError

    path = tmp_path / "ours.csv"
    path.write_bytes(lines(GOOD))
    monkeypatch.setenv("NETDASH_CRITERIA", "")
    pass_to_kernels("criteria", path, check_criteria)
    assert "ours" in Board().state.book
    path.write_bytes(changed(therapy="surgery"))
    with pytest.raises(ServeError, match="given 'surgery'"):
        pass_to_kernels("criteria", path, check_criteria)
    pass_to_kernels("criteria", None, check_criteria)
    assert "ours" not in Board().state.book


def test_each_bound_of_an_own_rule_is_exact():
    (found,) = own_criteria.read(TEMPLATE.encode()).rule_sets
    for criterion in (c for c in found.criteria if isinstance(c, Bound)):
        below, above = (criterion.judge(nd.Patient(**{criterion.quantity.name: criterion.bound + d})) for d in (-1, 1))
        assert (below, above) == (Verdict.MET, Verdict.NOT_MET)
