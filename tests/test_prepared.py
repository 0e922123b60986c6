"""Prepared cases on the board, without a browser: a list opened, stepped through, changed, closed, refused."""

from html import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_board import CASE, of, press, section, shown_verdicts
from test_evidence_page import upload
from test_explore import saved

import netdash as nd
from netdash.board import Board
from netdash.board.state import examples

A, B, C = nd.Patient(age_years=50), nd.Patient(ki67_percent=12, differentiation="well"), nd.Patient()
LIST = {"First": A, "Second": B, "Third": C}
FILE = b"label,age_years,ki67_percent,differentiation\nFirst,50,,\nSecond,,12,well\nThird,,,\n"


@pytest.fixture
def board():
    return Board(CASE, cases=LIST)


def offered(board):
    return [name for name, _ in board.examples.options]


def choose(board, name):
    board.examples.value = dict(board.examples.options)[name]


@pytest.mark.parametrize("cases", [LIST, FILE], ids=["patients", "file"])
def test_a_list_stands_before_the_examples_which_say_that_they_are_made_up(cases):
    names = offered(Board(cases=cases))
    assert names == ["Open a case", "1. First", "2. Second", "3. Third", *(f"Example: {name}" for name in examples())]
    assert offered(Board()) == ["Open an example", *examples()]


def test_a_path_is_read_as_the_library_does(tmp_path):
    (tmp_path / "tuesday.csv").write_bytes(FILE)
    assert Board(cases=tmp_path / "tuesday.csv").state.prepared == LIST
    with pytest.raises(ValueError, match=r"no_such\.csv: there is no such file"):
        Board(cases="no_such.csv")


def test_a_list_changes_no_case_until_one_is_opened(board):
    assert board.state.patient == CASE
    assert "3 prepared cases" in section(board, "case")
    choose(board, "2. Second")
    assert board.state.patient == B
    assert "<b>2 of 3: Second</b>" in section(board, "case")
    assert "no real patient" not in section(board, "case")
    assert shown_verdicts(board) == nd.assess(B).verdicts.set_index("rule_set")["verdict"].to_dict()


def test_an_example_beside_a_list_still_says_what_it_is(board):
    name = next(iter(examples()))
    choose(board, f"Example: {name}")
    assert "example, no real patient" in section(board, "case")
    press(board, "do:present")
    assert f"<b>{name}</b>" in section(board, "case").replace("&gt;", ">")  # no place: no key steps through examples


def test_a_case_with_the_name_of_an_example_is_none():
    name = next(iter(examples()))
    board = Board(cases={name: A})
    choose(board, f"1. {name}")
    assert board.state.patient == A
    assert "no real patient" not in section(board, "case")
    choose(board, f"Example: {name}")
    assert board.state.patient == examples()[name]
    assert "no real patient" in section(board, "case")


def test_arrow_keys_step_through_the_list_in_a_ring(board):
    press(board, "do:next")
    assert board.state.patient == CASE  # not presenting
    press(board, "do:present")
    for key, label in (("next", "1 of 3: First"), ("next", "2 of 3: Second"), ("next", "3 of 3: Third")):
        press(board, f"do:{key}")
        assert f"<b>{label}</b>" in section(board, "case")
    press(board, "do:next")
    assert board.state.patient == A
    press(board, "do:previous")
    assert board.state.patient == C
    press(board, "do:leave")
    assert board.frame.content["view"] == "board"
    assert board.state.patient == C


def test_a_changed_case_says_what_it_was_and_stepping_goes_on_from_its_place(board):
    choose(board, "2. Second")
    of(board, "age_years").slider.value = 61
    assert "<b>Case</b>" in section(board, "case")
    assert "changed from 2 of 3: Second" in section(board, "case")
    assert board.examples.label == "Open a case"
    of(board, "age_years").clear.click()
    assert "<b>2 of 3: Second</b>" in section(board, "case")
    of(board, "age_years").slider.value = 62
    press(board, "do:present")
    press(board, "do:next")
    assert board.state.patient == C


def test_a_case_entered_or_an_example_opened_in_between_loses_no_place(board):
    choose(board, "1. First")
    board.reset.click()
    assert "No case yet" in section(board, "case")
    assert "changed from" not in section(board, "case")
    choose(board, f"Example: {next(iter(examples()))}")
    of(board, "age_years").slider.value = 61
    assert "changed from" not in section(board, "case")
    press(board, "do:present")
    press(board, "do:next")
    assert board.state.patient == B


def test_a_pinned_case_stays_pinned_while_stepping(board):
    press(board, "do:pin")
    choose(board, "2. Second")
    assert board.state.pinned == CASE
    assert "Since A" in section(board, "case")


def test_a_changed_case_of_a_list_comes_back_with_its_place(board):
    choose(board, "1. First")
    of(board, "ki67_percent").box.text.value = "7"
    changed = board.state.patient
    press(board, "do:present")
    press(board, "do:next")
    assert board.state.patient == B
    assert "Opened 2 of 3: Second. Undo brings back: Age 50 years; Ki-67 7 %." in section(board, "case")
    press(board, "do:next")
    assert "Undo brings back: Age" not in section(board, "case").partition('<p class="nd-undo">')[2]
    press(board, "do:undo")
    assert board.state.patient == changed
    assert "changed from 1 of 3: First" in section(board, "case")
    press(board, "do:next")
    assert board.state.patient == B


def test_a_typed_case_is_brought_back_after_steps_and_stepping_begins_anew(board):
    press(board, "do:present")
    for _ in range(4):
        press(board, "do:previous")
    press(board, "do:undo")
    assert board.state.patient == CASE
    assert "changed from" not in section(board, "case")
    press(board, "do:next")
    assert board.state.patient == A


def test_a_case_that_was_only_looked_at_is_no_undo_of_a_step():
    board = Board(cases=LIST)
    press(board, "do:present")
    press(board, "do:next")
    press(board, "do:next")
    assert "do:undo" not in section(board, "case")


def test_undo_after_the_list_was_closed_names_no_case_of_it(board):
    choose(board, "1. First")
    of(board, "ki67_percent").box.text.value = "7"
    board.reset.click()
    press(board, "do:forget-cases")
    press(board, "do:undo")
    assert board.state.patient == A.replace(ki67_percent=7)
    assert "First" not in section(board, "case")


def test_a_label_never_goes_into_the_address_or_what_is_said_or_the_name_of_a_file():
    board = Board(cases={"Tuesday-Q7": B})
    choose(board, "1. Tuesday-Q7")
    assert board.frame.content["query"] == B.to_query()
    assert "Q7" not in board.frame.content["announce"]
    name, _, page = saved(board, "do:report")
    assert "Q7" not in name
    assert b"<h2>Case: Tuesday-Q7</h2>" in page  # the paper on the table says whose it is
    of(board, "age_years").slider.value = 61
    assert b"<h2>Case: Tuesday-Q7, changed since it was opened</h2>" in saved(board, "do:report")[2]
    board.examples.value = (example := next(iter(examples())))
    assert f"<h2>Case: {escape(example)} (example, no real patient)</h2>".encode() in saved(board, "do:report")[2]
    of(board, "age_years").slider.value = 62
    assert b"<h2>Case</h2>" in saved(board, "do:report")[2]


def test_a_file_is_opened_on_the_board_and_the_list_is_closed(board):
    plain = Board(CASE)
    upload(plain, FILE)
    assert plain.state.prepared == LIST
    assert plain.state.patient == CASE
    assert plain.upload.value == ()
    choose(plain, "3. Third")
    press(plain, "do:forget-cases")
    assert plain.state.prepared == {}
    assert offered(plain) == offered(Board())
    assert "Third" not in section(plain, "case")
    assert plain.state.patient == C


def test_a_board_without_a_case_opens_the_first_of_a_list():
    plain = Board()
    upload(plain, b"label,age_years\nFirst,480\n")
    assert plain.state.shown is None
    upload(plain, b"label,age_years\nFirst,48\nSecond,61\n")
    assert plain.state.patient == nd.Patient(age_years=48)
    assert "1 of 2: First" in section(plain, "case")


def test_another_list_takes_the_place_of_the_first(board):
    choose(board, "3. Third")
    upload(board, b"label,age_years\nThird,61\n")
    assert offered(board)[1] == "1. Third"
    assert board.state.patient == C
    assert "changed from" not in section(board, "case")
    press(board, "do:present")
    press(board, "do:next")
    assert board.state.patient == nd.Patient(age_years=61)


def test_an_example_that_is_shown_is_still_one_when_a_list_is_opened():
    board = Board()
    board.examples.value = next(iter(examples()))
    upload(board, FILE)
    assert "example, no real patient" in section(board, "case")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"label,age_years\nA,480\n", "row 2, column age_years: given &#39;480&#39;, expected a number from 0 to 120"),
        (b"label,name\nA,Smith\n", "do not belong in this list"),
        (b"label,<script>alert(1)</script>\nA,1\n", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        (b"label,age_years\n<img src=x onerror=alert(1)>,x\n", "column age_years"),
        (b"label,age_years\nA,<b>\n", "&lt;b&gt;"),
        (b"\xff\xfe", "not UTF-8"),
        (b"x" * 2_000_000, "given more than 1,000,000 bytes"),
        (b"label\n" + b"".join(b"%d\n" % n for n in range(5000)), "given 5,000 cases, expected at most 500"),
        (b"", "no column label"),
    ],
)
def test_a_faulty_file_changes_nothing_and_says_why(board, content, said):
    choose(board, "2. Second")
    before = {**board.frame.content["sections"], "case": ""}
    upload(board, content)
    assert board.state.prepared == LIST
    assert "The list of cases was not taken: " in section(board, "case")
    assert said in section(board, "case")
    assert "<script>" not in section(board, "case")
    assert "<b>2 of 3: Second</b>" in section(board, "case")
    assert {**board.frame.content["sections"], "case": ""} == before
    upload(board, FILE)
    assert "not taken" not in section(board, "case")


def test_a_label_is_text(board):
    upload(board, b"label\n<script>alert(1)</script>\n")
    choose(board, "1. <script>alert(1)</script>")
    assert "<script>" not in section(board, "case")
    assert "&lt;script&gt;" in section(board, "case")


@pytest.mark.parametrize("content", ["text", None, 10**12, [1, 2], {"a": 1}])
def test_what_a_page_sends_as_a_file_and_is_none_is_not_taken(board, content):
    sent = {"name": "x.csv", "type": "text/csv", "size": 1, "last_modified": 0}
    board.upload.set_state({"value": [{**sent, "content": memoryview(FILE.replace(b"First", b"Sent"))}]})
    assert list(board.state.prepared) == ["Sent", "Second", "Third"]  # this is how a page sends a file
    board.state.take_cases(LIST)
    board.upload.set_state({"value": [{**sent, "content": content}]})
    assert board.upload.value == ()
    assert board.state.prepared == LIST
    assert "not taken" not in section(board, "case")


def test_a_page_changes_neither_what_can_be_chosen_nor_the_button(board):
    before = board.examples.get_state(), board.upload.get_state()
    board.examples.set_state({"_options_labels": ["x"], "description": "x", "disabled": True})
    board.upload.set_state({"accept": "*", "multiple": True, "description": "x", "error": "x"})
    assert (board.examples.get_state(), board.upload.get_state()) == before


def test_a_file_to_start_from_is_handed_out_and_is_a_list(board):
    assert 'data-select="do:cases-template"' in section(Board(), "case")
    name, mime, content = saved(board, "do:cases-template")
    assert (name, mime) == ("netdash-cases.csv", "text/csv")
    assert nd.cases(content) == examples()


# What whoever serves the board has named.


@pytest.fixture
def served(tmp_path, monkeypatch):
    file = tmp_path / "tuesday.csv"
    file.write_bytes(FILE)
    monkeypatch.setenv("NETDASH_CASES", str(file))
    return file


def arrive(board, query=""):
    board.frame._receive(None, {"type": "address", "query": query}, None)


def test_the_list_that_the_environment_names_is_offered(served):
    assert Board().state.prepared == LIST
    assert Board(cases={"Other": A}).state.prepared == {"Other": A}


def test_each_visitor_gets_the_list_as_it_is_when_he_comes(served):
    board = Board()  # a kernel that waits
    served.write_bytes(b"label,age_years\nLast minute,61\n")
    arrive(board, "age_years=40")
    assert board.state.patient == nd.Patient(age_years=40)
    assert offered(board)[1] == "1. Last minute"
    assert len(board.state.prepared) == 1


def test_a_list_that_became_faulty_or_is_gone_is_not_shown_as_it_was_and_its_place_is_not_told(served):
    board = Board()
    served.write_bytes(b"label,age_years\nA,480\n")
    arrive(board)
    assert board.state.prepared == {}
    assert "The list of cases was not taken: row 2, column age_years" in section(board, "case")
    served.unlink()
    board = Board()
    assert board.state.prepared == {}
    assert "The list of cases was not taken: there is no such file" in section(board, "case")
    assert str(served.parent) not in section(board, "case")


def test_a_list_of_ones_own_is_left_alone_by_the_address():
    board = Board(cases=LIST)
    arrive(board)
    assert board.state.prepared == LIST


@settings(max_examples=30)
@given(
    st.lists(
        st.sampled_from(
            ["do:next", "do:previous", "do:present", "do:leave", "do:pin", "do:undo", "reset", "slide", "pick"]
        ),
        max_size=12,
    )
)
def test_whatever_is_done_the_words_and_the_list_say_the_case_that_is_shown(steps):
    board = Board(cases=LIST)
    for step in steps:
        if step == "reset":
            board.reset.click()
        elif step == "slide":
            of(board, "age_years").slider.value += 1
        elif step == "pick":
            choose(board, "2. Second")
        else:
            press(board, step)
        shown = [label for label in LIST if f"of 3: {label}</b>" in section(board, "case")]
        assert [LIST[label] for label in shown] == [board.state.patient] * len(shown)
        assert board.examples.label == (f"{list(LIST).index(shown[0]) + 1}. {shown[0]}" if shown else "Open a case")
        assert board.frame.content["query"] == board.state.patient.to_query()
