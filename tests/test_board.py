"""The board without a browser: state, controls, views, and what is handed to the page."""

import json
import re
from collections import Counter

import ipywidgets
import plotly.graph_objects as go
import pytest
import traitlets
from conftest import ROOT, patients, values
from hypothesis import given, settings
from hypothesis import strategies as st

import netdash as nd
from netdash import evidence
from netdash.board import Board, views
from netdash.board.inputs import questions
from netdash.board.notebook import widgets_of
from netdash.board.state import State, examples, outcomes_shown
from netdash.board.widgets import Box, Pick, Slider
from netdash.patient import FIELDS, Patient
from netdash.wording import VERDICT_WORDS

CASE = Patient(age_years=48, ki67_percent=4, liver_involvement_percent=35, extrahepatic_disease="none")


@pytest.fixture
def board():
    return Board(CASE)


def section(board, name):
    return board.frame.content["sections"][name]


def shown_verdicts(board):
    return dict(re.findall(r'data-rule-set="(\w+)" data-verdict="(\w+)"', section(board, "verdicts")))


def without_tags(html):
    return " ".join(re.sub(r"<[^>]*>", "", html).split())


def of(board, name):
    return board.controls._controls[name]


def test_nothing_is_known_at_the_start():
    board = Board()
    assert board.state.patient == Patient()
    assert "Everything is unknown" in section(board, "case")
    assert set(shown_verdicts(board).values()) == {"unknown"}
    assert board.frame.content["query"] == ""
    assert set(board.controls.texts.values()) == {"not entered"}


def test_the_four_named_inputs_are_sliders_and_the_rest_are_lists_and_boxes(board):
    sliders = [name for name, control in board.controls._controls.items() if isinstance(control, Slider)]
    assert sliders == ["age_years", "ki67_percent", "liver_involvement_percent", "extrahepatic_disease"]
    assert set(board.controls.labels) == set(sliders)
    assert isinstance(of(board, "primary_site"), Pick)
    assert isinstance(of(board, "stable_months"), Box)


def test_every_input_that_a_rule_asks_for_has_a_control(board):
    asked = {name for found in nd.rule_sets()["rule_set"] for name in nd.assess(CASE)[found].rule_set.inputs}
    assert asked == set(board.controls._controls)


def test_a_control_is_named_and_helped_by_the_fields_own_declaration(board):
    assert "".join(of(board, "stable_months").text.description) == "Duration of stability, months"
    assert "from 0 to 600 months" in of(board, "stable_months").text.tooltip
    assert of(board, "primary_site").list.tooltip == FIELDS["primary_site"].help


def test_the_page_shows_the_librarys_verdicts(board):
    verdicts = nd.assess(CASE).verdicts.set_index("rule_set")["verdict"]
    assert shown_verdicts(board) == verdicts.to_dict()
    kinds = nd.rule_sets().set_index("rule_set")["kind"]
    trials = [name for name in verdicts.index if kinds[name] == "population"]
    # Whom trials studied stands below, in a block of its own that folds.
    criteria, studied = section(board, "verdicts").split("<details", maxsplit=1)
    assert "Whom trials studied" in studied
    assert all(f'data-rule-set="{name}"' in studied for name in trials)
    assert "population" not in criteria


@pytest.mark.parametrize(
    ("name", "new"),
    [
        ("age_years", 60.0),
        ("ki67_percent", 12.0),
        ("liver_involvement_percent", 51.0),
        ("extrahepatic_disease", "extensive"),
    ],
)
def test_moving_a_slider_recomputes_everything(board, name, new):
    before = board.frame.content
    of(board, name).slider.value = new
    after = board.frame.content
    patient = CASE.replace(**{name: new})
    assert board.state.patient == patient
    assert shown_verdicts(board) == nd.assess(patient).verdicts.set_index("rule_set")["verdict"].to_dict()
    assert after["revision"] > before["revision"]
    assert after["query"] == patient.to_query()
    assert after["inputs"][name] == (new if name != "extrahepatic_disease" else 4)
    assert shown_verdicts(board)["milan_review"] == "not_met"


def test_a_field_is_cleared_by_its_button(board):
    for name in board.controls.labels:
        control = of(board, name)
        assert control.clear.tooltip == f"Clear {FIELDS[name].label}"
        control.clear.click()
        assert name not in board.state.patient.to_dict()
        assert "nd-unknown" in control.slider._dom_classes
        assert control.box is None or control.box.text.value == ""
    assert board.state.patient == Patient()
    assert shown_verdicts(board)["milan_review"] == "unknown"


def test_nothing_but_a_value_makes_a_field_known():
    board = Board()
    for name in board.controls.labels:
        of(board, name).clear.click()
        of(board, name).slider.value = of(board, name).slider.value  # a click where the handle rests
        if of(board, name).box:
            of(board, name).box.text.value = "  "
    assert board.state.patient == Patient()
    assert set(shown_verdicts(board).values()) == {"unknown"}


def test_the_first_word_of_a_choice_is_a_move_away_from_not_entered():
    board = Board()
    slider = of(board, "extrahepatic_disease").slider
    field = FIELDS["extrahepatic_disease"]
    assert [name for name, _ in slider.options] == ["not entered", *map(field.show, field.choices)]
    slider.index = 1
    assert board.state.patient.extrahepatic_disease == "none"
    assert "nd-unknown" not in slider._dom_classes
    slider.index = 0
    assert board.state.patient == Patient()
    assert "nd-unknown" in slider._dom_classes


def test_a_handle_that_stands_at_the_start_of_a_range_does_not_look_exact():
    board = Board()
    slider = of(board, "ki67_percent").slider
    for entered, looks in (("3-20", True), (8, False), ("<3", True), (None, False)):
        board.state.enter("ki67_percent", entered)
        assert ("nd-in-part" in slider._dom_classes) is looks


@pytest.mark.parametrize("name", ["age_years", "ki67_percent", "liver_involvement_percent"])
def test_zero_is_typed_or_reached_from_one(name):
    for way in (["box"], [1, 0]):
        board = Board()
        for step in way:
            if step == "box":
                of(board, name).box.text.value = "0"
            else:
                of(board, name).slider.value = step
        assert board.state.patient == Patient(**{name: 0})
        assert of(board, name).box.text.value == "0"
        assert "nd-unknown" not in of(board, name).slider._dom_classes


def test_a_typed_number_moves_the_slider(board):
    age = of(board, "age_years")
    age.box.text.value = "54.9"
    assert board.state.patient.age_years == 54.9
    age.box.text.value = ""
    assert board.state.patient.age_years is None
    assert "nd-unknown" in age.slider._dom_classes


@pytest.mark.parametrize("typed", ["130", "-1", "abc", "nan", "1e999", "48 months", "4,x"])
@pytest.mark.parametrize("known", [True, False])
def test_a_refused_text_stays_in_its_box_with_a_message_under_it(typed, known):
    case = CASE if known else Patient()
    board = Board(case)
    before = shown_verdicts(board)
    of(board, "age_years").box.text.value = typed
    assert board.state.patient == case
    assert of(board, "age_years").box.text.value == typed
    assert of(board, "age_years").slider.value == (48 if known else 0)
    assert shown_verdicts(board) == before
    still = "The case still has 48 years." if known else "It is still not entered."
    words = f"Age: given &#39;{typed}&#39;, expected a number from 0 to 120 years. {still}"
    assert words in section(board, "refused-age_years")
    assert "age_years" not in section(board, "refused-age_years")
    assert 'role="alert"' not in section(board, "case")


@pytest.mark.parametrize("cure", ["good", "same", "blank", "slide", "clear", "reset", "open", "example"])
def test_the_message_goes_with_what_was_refused(board, cure):
    box = of(board, "age_years").box.text
    box.value = "abc"
    of(board, "ki67_percent").box.text.value = "5"
    assert box.value == "abc"  # another field changes nothing about it
    assert "refused-age_years" in board.frame.content["sections"]
    {
        "good": lambda: setattr(box, "value", "50"),
        "same": lambda: setattr(box, "value", "48"),
        "blank": lambda: setattr(box, "value", ""),
        "slide": lambda: setattr(of(board, "age_years").slider, "value", 49),
        "clear": of(board, "age_years").clear.click,
        "reset": board.reset.click,
        "open": lambda: board.state.open(CASE),
        "example": lambda: setattr(board.examples, "value", next(iter(examples()))),
    }[cure]()
    assert "refused-age_years" not in board.frame.content["sections"]
    age = board.state.patient.age_years
    assert box.value == ("" if age is None else f"{age:g}")
    assert board.frame.content["inputs"] == board.frame.snapshot()


def test_refused_texts_of_other_boxes_are_said_there_and_cut_when_they_are_long(board):
    box = of(board, "stable_months").text
    for last in "ab":
        box.value = "x" * 60 + last
        assert box.value.endswith(last)
        assert board.frame.content["inputs"]["stable_months"] == box.value  # the page waits for no other picture
    assert f"Duration of stability: given &#39;{'x' * 40}...&#39;" in section(board, "refused-stable_months")
    box.value = "<img src=x>" * 1000
    assert len(box.value) == 200
    assert "<img" not in section(board, "refused-stable_months")


def test_a_page_that_moves_a_sliders_limits_changes_no_rule(board):
    slider = of(board, "age_years").slider
    slider.max = 10**9
    slider.value = 10**9
    assert board.state.patient == CASE
    assert slider.value == 48
    assert "Age: given &#39;1000000000&#39;" in section(board, "refused-age_years")


def test_a_number_between_whole_ones_is_exact_in_the_box_and_near_on_the_slider(board):
    of(board, "age_years").box.text.value = "54.9"
    assert of(board, "age_years").slider.value == 55
    assert of(board, "age_years").box.text.value == "54.9"
    assert board.state.patient.age_years == 54.9
    assert nd.assess(board.state.patient).findings.at["milan_review-age", "result"] == "met"
    assert board.controls.texts["age_years"] == "54.9 years"


def test_the_box_shows_what_the_picture_was_computed_for(board):
    box = of(board, "age_years").box.text
    box.value = "048.0"
    assert box.value == "48"
    assert board.state.patient == CASE


def test_a_list_gives_its_word_and_unknown(board):
    site = of(board, "primary_site").list
    site.value = "lung"
    assert board.state.patient.primary_site == "lung"
    assert shown_verdicts(board)["milan_review"] == "not_met"
    assert site.options[0][0] == "not entered"
    site.value = "unknown"
    assert board.state.patient.primary_site is None


def test_examples_are_marked_as_no_real_patient(board):
    name, patient = next(iter(examples().items()))
    board.examples.value = name
    assert board.state.patient == patient
    assert "example, no real patient" in section(board, "case")
    of(board, "age_years").slider.value = 70
    assert "example" not in section(board, "case")
    assert board.examples.value == "Open an example"


def test_every_example_is_a_case_the_library_can_judge():
    assert len(examples()) >= 4
    for name, patient in examples().items():
        assert patient.to_dict(), name
        assert len(nd.assess(patient).judgements) == len(nd.rule_sets())


def test_reset_makes_everything_unknown(board):
    board.reset.click()
    assert board.state.patient == Patient()
    assert "nd-unknown" in of(board, "age_years").slider._dom_classes


def test_a_click_on_a_verdict_shows_its_findings(board):
    board.frame._receive(None, {"type": "select", "key": "milan_2019"}, None)
    assert board.state.selected == "milan_2019"
    assert "Milan 2019" in section(board, "findings")
    assert board.frame.content["announce"].startswith("Milan 2019: ")


def test_a_line_opens_to_its_lists_and_a_list_to_its_findings_and_closes():
    board = Board(CASE.replace(age_years=57))
    assert "findings" not in board.frame.content["sections"]
    press(board, "line:milan_review")
    assert (board.state.selected, board.state.unfolded) == ("milan_review", "lists")
    assert "Misses 1 of 5: age 57 years (asked: under 55 years)" in section(board, "verdicts")
    assert "findings" not in board.frame.content["sections"]
    press(board, "milan_2007")
    assert "netdash-slot-findings" in section(board, "verdicts")
    assert "at most 55 years" in section(board, "findings")
    press(board, "do:close-line")
    assert "findings" not in board.frame.content["sections"]
    assert board.state.selected == "milan_2007"  # the strips stay those of the chosen one
    press(board, "line:no_such_set")
    assert board.state.unfolded == ""


def test_presented_keys_choose_a_therapy_open_its_findings_and_close_them_first():
    board = Board(CASE.replace(age_years=57))
    press(board, "do:therapy-down")
    assert board.state.selected == "milan_review"  # not while the board is not presented
    press(board, "do:present")
    press(board, "do:therapy-down")
    assert board.state.book[board.state.selected].therapy == "ablation"
    press(board, "do:therapy-up")
    assert board.state.selected == "milan_review"  # the first of its first line
    press(board, "do:why")
    assert "netdash-slot-findings" not in section(board, "verdicts")  # a card over the plot
    assert 'data-select="milan_2007"' in section(board, "findings")
    press(board, "do:leave")
    assert board.state.presenting
    assert "findings" not in board.frame.content["sections"]
    press(board, "do:leave")
    assert not board.state.presenting


@pytest.mark.parametrize("key", ["", "no_such_set", "<script>", "x" * 200])
def test_a_key_that_is_none_changes_nothing(board, key):
    board.frame._receive(None, {"type": "select", "key": key}, None)
    assert board.state.selected == "milan_review"


def test_the_address_opens_a_case(board):
    board.frame._receive(None, {"type": "address", "query": "age_years=60&ki67_percent=3"}, None)
    assert board.state.patient == Patient(age_years=60, ki67_percent=3)


@pytest.mark.parametrize("query", ["age_years=600", "age=48", "age_years=48&age_years=50", "%ff", "age_years=<script>"])
def test_a_bad_address_is_named_and_never_half_applied(board, query):
    board.frame._receive(None, {"type": "address", "query": f"ki67_percent=9&{query}"}, None)
    assert board.state.patient == CASE
    assert "The address was not taken" in section(board, "case")
    assert "<script>" not in section(board, "case")


def test_an_address_without_end_is_named_too(board):
    before = board.state.patient
    board.frame._receive(None, {"type": "address", "query": "age_years=60&" + "x" * 10_000}, None)
    assert board.state.patient == before
    assert "it has 10,013 characters, expected at most 10,000" in section(board, "case")


def test_findings_show_distance_change_and_source(board):
    press(board, "milan_review")
    of(board, "age_years").slider.value = 55
    html = section(board, "findings")
    assert "under 55 years" in html
    assert "missed, at the bound, which is excluded" in html
    assert "54 years" not in html  # no other age is proposed
    assert "stays as it is" in html
    assert "Review 2014" in html
    assert "15 points inside" in html


def test_secondary_sources_and_later_ones_say_so(board):
    board.frame._receive(None, {"type": "select", "key": "milan_2007"}, None)
    assert "secondary" in section(board, "findings")
    assert "later" in section(board, "verdicts")
    board.frame._receive(None, {"type": "select", "key": "promid_population"}, None)
    assert "not an indication" in section(board, "findings")


def test_cautions_are_shown_and_do_not_decide(board):
    board.frame._receive(None, {"type": "select", "key": "embolization_review"}, None)
    of(board, "liver_unresectable").list.value = True
    of(board, "portal_vein_occluded").list.value = True
    assert shown_verdicts(board)["embolization_review"] == "met"
    assert "portal vein occluded; severe liver dysfunction: not entered" in section(board, "findings")
    assert "fits 1 of 1; 1 caution: portal vein occluded" in without_tags(section(board, "verdicts"))
    assert "do not decide" in section(board, "findings")


def in_the_plot(board):
    """Return what stands beside the names of the therapies, and the text beside the marks below each name."""
    layout = json.loads(board.frame.content["figures"]["forest"])["layout"]
    left = dict(zip(layout["yaxis"]["tickvals"], layout["yaxis"]["ticktext"], strict=True))
    right = dict(zip(layout["yaxis2"]["tickvals"], layout["yaxis2"]["ticktext"], strict=True))
    said = {}
    for note in layout["annotations"]:
        name, _, verdict = note["text"].partition("</b>")
        if "<b>" in name:
            below = note["y"] - 1
            said[name.partition("<b>")[2]] = (verdict.strip(), left[below], right[below])
    return said


def test_the_plot_and_its_sentence_count_all_lists_of_a_therapy():
    patient = CASE.replace(age_years=55, primary_site="pancreas")
    board = Board(patient)
    found = nd.tallies(nd.assess(patient))
    wanted = {evidence.therapy_name(name): f"{tally.signs} {tally}" for name, tally in found.items()}
    said = in_the_plot(board)
    assert said.pop("No resection") == ("", "2 series, not pooled", "29 and 52 %")  # it has no lists
    assert said.pop("Intra-arterial therapy")[0] == ""
    assert {name: verdict for name, (verdict, _, _) in said.items()} == {
        name: text for name, text in wanted.items() if name in said
    }
    assert said["Resection"][1:] == ("<i>12 series, pooled</i>", "74 % (69–79)")
    assert said["Transplantation"][1:] == ("Gedaly 2011, n\N{NO-BREAK SPACE}150\N{NO-BREAK SPACE}†", "49 % (41–57)")
    text = section(board, "forest")
    assert f"Transplantation: {found['transplantation']}" in text
    assert "none of these" not in text
    label = re.search(r'role="figure" aria-label="([^"]*)"', text)[1]
    assert "Series not selected by these criteria. Different patients in each row: no comparison." in label
    assert "Different patients" not in re.sub(r"<[^>]*>", "", text)  # it stands inside the picture
    counted = re.findall(r'data-rule-set="([^"]+)" data-verdict="([^"]+)"', section(board, "verdicts"))
    sets = nd.rule_sets().set_index("rule_set")
    of = [v for name, v in counted if sets.at[name, "therapy"] == "transplantation"]
    assert f"{of.count('met')} of {len(of)} met" in str(found["transplantation"])


def listed(board):
    """Return the therapies whose series the plot lists."""
    notes = json.loads(board.frame.content["figures"]["forest"])["layout"]["annotations"]
    return [note["name"].partition(":")[2] for note in notes if note["text"].startswith("▾")]


@pytest.mark.parametrize("outcome", ["5-year overall survival", "Median overall survival"])
def test_the_plot_has_one_line_per_therapy_and_the_series_of_the_chosen_one(outcome):
    board = Board(CASE)
    board.state.outcome = outcome
    assert listed(board) == ["transplantation"] * (outcome[0] == "5")
    press(board, "therapy:resection")
    assert listed(board) == ["resection"]
    told = section(board, "forest")
    press(board, "therapy:nobody")
    assert listed(board) == ["resection"]
    press(board, "milan_2019")  # its own therapy is listed again
    assert listed(board) == ["transplantation"] * (outcome[0] == "5")
    same = set(nd.rule_sets().query("therapy == 'resection'")["rule_set"])
    for name in same:
        press(board, name)
        assert (listed(board), section(board, "forest")) == (["resection"], told)


def test_a_series_whose_patients_differ_is_named_once():
    board = Board(CASE.replace(primary_site="pancreas"))
    board.state.outcome, board.state.reading = "Median overall survival", "printed"
    told = section(board, "forest").partition("known to differ from this one:")[2].partition("Series of which")[0]
    assert told.count("Yao 2001") == told.count("Ahmed 2009") == 1


def test_what_the_forest_leaves_out_is_listed_with_reason_and_place(board):
    html = section(board, "forest")
    assert "pancreatic tumors, not a liver-resection series" in html
    assert "Table 1, block surgical resection, row Fischer" in html
    assert "ignore censoring" in html


def test_the_honest_line_is_always_there(board):
    assert "Not a medical device" in section(board, "foot")
    assert "does not rank or recommend" in section(board, "foot")


def test_the_selected_rule_set_must_be_one():
    with pytest.raises(ValueError, match="is no rule set"):
        State(selected="no_such_set")


@settings(max_examples=25)
@given(patients())
def test_any_case_is_shown_as_the_library_judges_it(patient):
    board = Board(patient)
    assert shown_verdicts(board) == nd.assess(patient).verdicts.set_index("rule_set")["verdict"].to_dict()
    assert board.frame.content["inputs"] == board.frame.snapshot()
    for name, control in board.controls._controls.items():
        if isinstance(control, Slider):
            assert ("nd-unknown" in control.slider._dom_classes) is (name not in patient.to_dict())


@settings(max_examples=40)
@given(st.data())
def test_controls_and_state_never_part(data):
    board = Board()
    for _ in range(4):
        name = data.draw(st.sampled_from(sorted(board.controls._controls)))
        board.state.enter(name, data.draw(st.none() | values(FIELDS[name])))
        fresh = Board(board.state.patient)
        assert fresh.frame.snapshot() == board.frame.snapshot()
        assert fresh.frame.content["sections"]["verdicts"] == board.frame.content["sections"]["verdicts"]


@settings(max_examples=40)
@given(st.data())
def test_whatever_is_done_the_picture_is_of_the_inputs_shown_and_undo_brings_back_what_was_typed(data):
    board = Board()
    for _ in range(8):
        before, typed = board.state.patient, board.state.shown is None
        name = data.draw(st.sampled_from(list(board.controls.labels)))
        control = of(board, name)
        step = data.draw(st.sampled_from(["type", "slide", "clear", "reset", "example", "address", "undo", "next"]))
        if step == "type" and control.box:
            control.box.text.value = data.draw(st.sampled_from(["", "4,x", "0", "7", "048.0", "<3", "1e9"]))
        elif step == "slide":
            place = "index" if name == "extrahepatic_disease" else "value"
            setattr(control.slider, place, data.draw(st.integers(0, 3)))
        elif step == "clear":
            control.clear.click()
        elif step == "example":
            board.examples.value = data.draw(st.sampled_from(list(examples())))
        elif step == "address":
            board.frame._addressed[0](data.draw(st.sampled_from(["age_years=60", "age=1", "ki67_percent=0"])))
        elif step == "reset":
            board.reset.click()
        elif step in ("undo", "next"):
            press(board, f"do:{step}")
        assert board.frame.content["inputs"] == board.frame.snapshot()
        assert board.frame.content["query"] == board.state.patient.to_query()
        refused = {name for name in board.state.refused if f"refused-{name}" in board.frame.content["sections"]}
        assert refused == set(board.state.refused)
        if step in ("reset", "example", "address") and typed and before.to_dict() and before != board.state.patient:
            press(board, "do:undo")
            assert board.state.patient == before


def test_a_drainage_that_is_entered_is_not_the_one_that_follows_from_the_site(board):
    of(board, "primary_site").list.value = "pancreas"
    of(board, "primary_portal_drained").list.value = True
    assert "primary_portal_drained=true" in board.frame.content["query"]
    of(board, "primary_site").list.value = "lung"
    assert of(board, "primary_portal_drained").list.value is True
    assert board.state.patient.primary_portal_drained is True


# --- What is looked at: plot, reading, pin, present, source, scope, next, Python


def run(python):
    """Run lines as a notebook does; return what the last of them gives, and the names they leave."""
    *lines, last = python.strip().split("\n")
    names = {}
    exec("\n".join(lines), names)
    return eval(last, names), names


def press(board, key):
    board.frame._receive(None, {"type": "select", "key": key}, None)


def forest_of(board):
    return json.loads(board.frame.content["figures"]["forest"])


def test_the_plot_shows_one_endpoint_at_one_time():
    board = Board(CASE)
    assert board.pages["board"].outcome.options[0] == "5-year overall survival"
    for name in board.pages["board"].outcome.options:
        board.pages["board"].outcome.value = name
        assert forest_of(board)["layout"]["title"]["text"].endswith(name)
    with pytest.raises(traitlets.TraitError, match="expected one of 5-year overall survival"):
        board.state.outcome = "happiness"


def names_in(board):
    """Return the names of the rows of the plot, with plain spaces."""
    return [text.replace("\N{NO-BREAK SPACE}", " ") for text in forest_of(board)["layout"]["yaxis"]["ticktext"]]


def test_the_printed_reading_is_one_choice_away(board):
    press(board, "therapy:resection")
    names = names_in(board)
    assert "Kianmanesh 2008, n 19 †‡◦" in names
    board.pages["board"].reading.value = "printed"
    names = names_in(board)
    assert "Kianmanesh 2008, n 23 †‡◦" in names


def test_a_pinned_case_is_compared_with_in_words(board):
    press(board, "do:pin")
    assert board.state.pinned == CASE
    of(board, "primary_site").list.value = "lung"
    assert "Primary site: not entered → lung" in section(board, "case")
    assert "A: open →" in section(board, "verdicts")
    press(board, "do:pin")
    assert board.state.pinned is None
    assert "Since A" not in section(board, "case")


def test_cautions_that_are_not_entered_are_said_wherever_a_met_rule_set_is(board):
    board.state.patient = Patient(liver_unresectable=True)
    press(board, "do:pin")
    press(board, "embolization_review")
    of(board, "primary_site").list.value = "lung"
    board.state.enter("portal_vein_occluded", False)
    says = "Cautions not entered: severe liver dysfunction, biliary anastomosis"
    assert (
        f"Cautions not entered: portal vein, severe liver dysfunction, biliary anastomosis → Fits 1 of 1. {says}"
        in (section(board, "case"))
    )
    assert says in board.frame.content["announce"]
    press(board, "page:explore")
    assert says in section(board, "outlines")
    assert says in board.frame.content["announce"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"mibg_positive": False}, "1 rule set differs in verdict or reason."),
        ({"pregnant": True}, "4 rule sets differ in verdict or reason."),
        ({}, "0 rule sets"),
    ],
)
def test_the_rule_sets_that_differ_are_counted_in_the_right_number(change, says):
    board = Board(nd.Patient(mibg_positive=True))
    press(board, "do:pin")
    board.patient = board.patient.replace(**change)
    assert says in section(board, "case")


def test_present_and_leave_restore_everything(board):
    before = board.frame.content["sections"]["verdicts"]
    press(board, "do:present")
    assert board.frame.content["view"] == "present"
    press(board, "do:leave")
    assert board.frame.content["view"] == "board"
    assert board.frame.content["sections"]["verdicts"] == before


@pytest.mark.parametrize("key", ["do:next", "do:previous"])
@pytest.mark.parametrize("presenting", [True, False])
def test_an_arrow_key_does_nothing_without_a_list_of_cases(board, key, presenting):
    board.state.presenting = presenting
    for opened in (CASE, next(iter(examples().values()))):
        board.state.open(opened)
        press(board, key)
        assert board.state.patient == opened


# --- Undo: a case that was typed is never lost


def undo_of(board):
    """Return what the page says that undo brings back, right after the case was replaced."""
    return re.sub(r"<[^>]+>", "", section(board, "case").partition('<p class="nd-undo">')[2].partition("</p>")[0])


WORDS = "Undo brings back: Age 48 years; Ki-67 4 %; Liver involvement 35 %; Extrahepatic disease none."


@pytest.mark.parametrize(
    ("replace", "said"),
    [
        (lambda board: board.reset.click(), "Reset."),
        (
            lambda board: setattr(board.examples, "value", next(iter(examples()))),
            f"Opened the example {next(iter(examples()))}.",
        ),
        (lambda board: board.frame._addressed[0]("age_years=60"), "Opened the case of the address."),
        (lambda board: board.state.open(Patient(age_years=1)), "Opened another case."),
    ],
)
def test_one_step_of_undo_brings_back_what_was_replaced(board, replace, said):
    assert "do:undo" not in section(board, "case")
    replace(board)
    assert board.state.patient != CASE
    assert undo_of(board) == f"{said.replace('>', '&gt;')} {WORDS} Undo (u)"
    press(board, "do:undo")
    assert board.state.patient == CASE
    assert board.frame.content["query"] == CASE.to_query()


def test_the_notice_is_short_and_goes_with_the_next_change_while_undo_stays(board):
    many = CASE.replace(primary_site="pancreas", differentiation="well", bilobar=True)
    board.state.open(many)
    board.reset.click()
    assert "Bilobar metastases yes; and 2 more. Undo (u)" in undo_of(board)
    of(board, "age_years").slider.value = 70
    assert undo_of(board) == ""
    assert 'data-select="do:undo"' in section(board, "case")
    press(board, "do:undo")
    assert board.state.patient == many
    assert undo_of(board) == "Undone. Undo brings back: Age 70 years. Undo (u)"  # it was typed, too
    press(board, "do:undo")
    assert board.state.patient == Patient(age_years=70)


def test_a_prepared_case_never_takes_the_place_of_a_typed_one(board):
    names = list(examples())
    board.examples.value = names[0]
    board.examples.value = names[1]
    board.reset.click()
    press(board, "do:undo")
    assert board.state.patient == CASE
    press(board, "do:undo")
    assert board.state.patient == CASE  # nothing was lost, nothing comes back
    assert "do:undo" not in section(board, "case")


def test_an_example_that_was_reset_comes_back_as_the_example(board):
    plain = Board()
    name = next(iter(examples()))
    plain.examples.value = name
    plain.reset.click()
    press(plain, "do:undo")
    assert (plain.state.shown or plain.state).label == name
    assert "example, no real patient" in section(plain, "case")


def test_undo_changes_no_case_that_is_not_in_sight(board):
    board.reset.click()
    press(board, "page:evidence")
    press(board, "do:undo")
    assert board.state.patient == Patient()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("t2-letreut-os60", ["52 %", "Le Treut 2013", "Table 2, row Le Treut", "Known problems of this row: 3"]),
        ("milan_review-age", ["Milan, as the review quotes it. Age: asked under 55 years."]),
    ],
)
def test_a_click_shows_the_source_as_a_card_in_words(board, name, words):
    press(board, f"source:{name}")
    card = section(board, "source")
    for text in [*words, "Alagusundaramoorthy"]:
        assert text in card
    assert ('href="https://doi.org/' in card) == bool(nd.source(name).links)
    press(board, "source:")
    assert "source" not in board.frame.content["sections"]


@pytest.mark.parametrize(
    "act",
    [
        lambda board: press(board, "milan_2019"),
        lambda board: press(board, "therapy:resection"),
        lambda board: press(board, "page:evidence"),
        lambda board: board.reset.click(),
        lambda board: board.pages["evidence"].show.set_trait("value", "harms"),
    ],
)
def test_the_card_of_a_source_closes_with_the_next_action(board, act):
    press(board, "source:t2-letreut-os60")
    before = board.frame.content["revision"]
    act(board)
    assert "source" not in board.frame.content["sections"]
    assert board.state.source == ""
    assert board.frame.content["revision"] == before + 1


def test_a_primary_that_was_not_found_is_not_asked_again():
    state = State(patient=nd.Patient(primary_site=frozenset({"pancreas", "duodenum"})))
    state.inputs.place = lambda wanted, most: wanted
    assert 'data-asked="primary_site"' in questions(state, nd.assess(state.patient))
    state.patient = nd.Patient(primary_site="unknown_primary")
    rows = nd.assess(state.patient).next_input_rows()
    assert "primary_site" in [row["field"] for row in rows]
    assert 'data-asked="primary_site"' not in questions(state, nd.assess(state.patient))


def test_a_button_whose_words_change_is_not_also_called_pressed(board):
    press(board, "do:pin")
    tools = section(board, "tools")
    assert "Stop comparing" in tools
    assert "aria-pressed" not in tools


@pytest.mark.parametrize("key", ["source:nothing", "source:<script>", "do:harm", "do:"])
def test_an_unknown_button_does_nothing(board, key):
    before = board.frame.content["sections"]
    press(board, key)
    assert board.frame.content["sections"] == before


def test_what_is_outside_the_scope_is_said_on_the_board(board):
    of(board, "differentiation").list.value = "poor"
    assert "Outside the scope: Poorly differentiated carcinoma" in section(board, "case")
    assert len(shown_verdicts(board)) == len(nd.rule_sets())


def test_what_is_still_open_is_named_and_is_no_order(board):
    first = nd.assess(CASE).next_inputs().iloc[0]
    asked = section(board, "ask").partition(f'data-asked="{first["field"]}"')[2].partition("</legend>")[0]
    assert f"<small>decides {first['settles']}, asked by {first['asked_by']}</small>" in asked
    assert "Ask next" not in section(board, "verdicts")


def test_inputs_at_odds_are_said_with_the_case(board):
    of(board, "stable_months").text.value = "12"
    of(board, "disease_progressive").list.value = True
    said = "Progression yes and stable for 12 months: disease that progresses is not stable."
    assert f"<b>Inputs at odds:</b> {said}" in section(board, "case")


# --- The strip under a slider: one criterion alone


def asked(board, field):
    """Return what stands under a slider, a line for each criterion."""
    lines = re.findall(r'<p class="nd-asked">(.*?)</p>', section(board, f"strip-{field}"))
    return [re.sub(r"<[^>]+>", "", line).strip() for line in lines]


def test_a_strip_is_of_its_own_criterion_and_not_of_the_whole_list(board):
    of(board, "age_years").slider.value = 57
    of(board, "primary_site").list.value = "pancreas"
    assert shown_verdicts(board)["milan_review"] == "not_met"
    assert asked(board, "age_years") == ["✕ asked: under 55 years: missed"]
    assert asked(board, "ki67_percent") == ["● asked: under 10 %: met"]
    assert asked(board, "liver_involvement_percent") == ["● asked: at most 50 %: met"]
    assert asked(board, "extrahepatic_disease") == ["● asked: none: met"]
    html = section(board, "strip-age_years")
    assert "Milan, as the review quotes it, Age: met from 0 to under 55 years; missed from 55 to 120 years" in html
    assert "left:0.000%;width:45.833%" in html
    html = section(board, "strip-extrahepatic_disease")
    assert '<span class="nd-part-met" style="left:12.500%;width:25.000%" title="met: none">' in html
    assert '<span class="nd-part-none" style="left:0.000%;width:12.500%" title="not entered">' in html
    assert "Milan, as the review quotes it" in section(board, "asking")


def test_a_strip_says_what_is_not_entered_and_what_is_not_asked():
    board = Board()
    assert asked(board, "age_years") == ["? asked: under 55 years: open (not entered)"]
    assert asked(board, "extrahepatic_disease") == ["? asked: none: open (not entered)"]
    press(board, "resection_review")
    assert asked(board, "age_years") == ["not asked by Review, 90 % or more resectable"]
    assert "nd-strip" not in section(board, "strip-age_years")


def test_a_criterion_that_decides_nothing_says_so(board):
    press(board, "resection_review")
    found = nd.assess(CASE)["resection_review"].rule_set
    roles = {c.requirement: c.role for c in found.criteria if "extrahepatic_disease" in c.inputs}
    assert roles
    lines = asked(board, "extrahepatic_disease")
    for requirement, role in roles.items():
        note = {"caution": " (caution, does not decide)", "prognostic": " (prognostic, does not decide)"}.get(role, "")
        assert any(line.endswith(f": {requirement}: met{note}") for line in lines), lines


def test_alternatives_and_what_follows_from_the_input_are_told():
    board = Board()
    press(board, "milan_2023")
    open_ = "open (not entered; differentiation not entered; one of 2 alternatives is enough)"
    assert asked(board, "ki67_percent")[0] == f"? asked: grade G1 or G2: {open_}"
    of(board, "ki67_percent").slider.value = 12
    grade, ki67, caution = asked(board, "ki67_percent")
    assert grade == "? asked: grade G1 or G2: open (differentiation not entered; one of 2 alternatives is enough)"
    assert ki67 == "✕ asked: under 10 %: missed (one of 2 alternatives is enough)"
    of(board, "differentiation").list.value = "well"
    grade, ki67, caution = asked(board, "ki67_percent")
    assert grade == "● asked: grade G1 or G2: met (grade G2; one of 2 alternatives is enough)"
    assert ki67 == "✕ asked: under 10 %: missed (one of 2 alternatives is enough; another is met)"
    assert caution == "● asked: grade G1 or G2: met (grade G2; caution, does not decide)"
    of(board, "differentiation").list.value = "poor"
    assert asked(board, "ki67_percent")[0].startswith("✕ asked: grade G1 or G2: missed (grade NEC;")


def test_a_strip_of_a_trial_says_studied_and_that_of_a_label_speaks_for_one_criterion(board):
    press(board, "clarinet_population")
    assert asked(board, "ki67_percent") == ["● studied: under 10 %: met"]
    press(board, "prrt_label")
    assert asked(board, "age_years") == ["● asked: at least 18 years: met"]


@settings(max_examples=40, deadline=None)
@given(patients(), st.sampled_from(sorted(nd.rule_sets()["rule_set"])))
def test_every_strip_says_the_result_of_each_of_its_criteria(patient, rule_set):
    board = Board(patient)
    press(board, rule_set)
    judgement = nd.assess(patient)[rule_set]
    for name in board.controls.labels:
        found = [f for f in judgement.findings if name in f.criterion.inputs]
        lines = asked(board, name)
        assert len(lines) == max(len(found), 1)
        for finding, line in zip(found, lines, strict=bool(found)):
            assert (
                f"{finding.criterion.requirement_text(judgement.kind.joiner)}: {VERDICT_WORDS[finding.result]}" in line
            )
            assert ("does not decide" in line) == (finding.criterion.role != "required")


@pytest.mark.parametrize(
    ("rule_set", "field", "ticks"),
    [
        ("milan_review", "age_years", {"55": "45.833"}),
        ("milan_2019", "age_years", {"60": "50.000"}),
        ("milan_review", "ki67_percent", {"10": "10.000"}),
        ("milan_2019", "ki67_percent", {"3": "3.000", "20": "20.000"}),
        ("milan_review", "extrahepatic_disease", {}),
        ("resection_review", "age_years", {}),
    ],
)
def test_a_bound_has_its_tick_even_where_no_result_changes(board, rule_set, field, ticks):
    of(board, "extrahepatic_disease").slider.value = "extensive"
    press(board, rule_set)
    html = section(board, f"strip-{field}")
    found = re.findall(r'<span style="left:([\d.]+)%">(\d+)</span>', html)
    assert {text: at for at, text in found} == ticks


@pytest.mark.parametrize("outcome", ["5-year overall survival", "Median progression free survival"])
def test_the_python_that_is_shown_gives_the_same(board, outcome):
    board.pages["board"].outcome.value = outcome
    press(board, "milan_2019")
    figure, made = run(views.python(board.state))
    shown = go.Figure(forest_of(board))  # plotly checks it, and leaves out what is empty
    assert made["patient"] == CASE
    assert shown.to_json() == figure.to_json()


def test_series_whose_patients_differ_are_marked_in_picture_and_words(board):
    press(board, "therapy:resection")
    assert "≠" not in section(board, "forest")
    of(board, "primary_site").list.value = "pancreas"
    assert "Ahmed 2009 (midgut only)" in section(board, "forest")
    assert "Ahmed 2009, n 50 ≠◦" in names_in(board)
    of(board, "primary_site").list.value = "small_intestine"
    assert "Ahmed 2009, n 50 ≠◦" not in names_in(board)


@pytest.mark.parametrize("outcome", outcomes_shown())
def test_every_plot_of_every_reading_is_drawn_or_says_why_not_and_its_python_runs(board, outcome):
    for reading in ("corrected", "printed"):
        board.state.outcome, board.state.reading = outcome, reading
        drawn = "forest" in board.frame.content["figures"]
        assert drawn == ('data-figure="forest"' in section(board, "forest"))
        assert drawn or "No row has this endpoint as printed" in section(board, "forest")
        exec(views.python(board.state), {})
        assert board.pages["board"].csv()[1]


def test_what_the_sources_remark_on_every_therapy_stands_on_the_board():
    shown = section(Board(), "verdicts")
    remarks = nd.assess(nd.Patient()).general
    assert any("multidisciplinary team" in text for text in remarks)
    for text in remarks:
        assert text in shown


def test_every_button_of_a_template_has_a_command():
    board, templates = Board(), ROOT / "netdash" / "board" / "templates"
    found = {
        key
        for path in templates.glob("*.html")
        for key in re.findall(r'data-select="([a-z-]+:[a-z-]*)', path.read_text())
    }
    assert {"do:pin", "page:", "source:", "teaching:answer", "outline:"} <= found
    for key in found:
        assert key in board._commands() or f"{key.partition(':')[0]}:" in board._commands(), key


def test_a_case_known_in_part_is_shown_in_its_controls_and_typed_over():
    board = Board(
        nd.Patient(
            age_years="40-60", ki67_percent="3-20", primary_site="pancreas|lung", grade_reported="G1|G2",
            extrahepatic_disease="none|extensive", lesion_count=">3",
        ),
        pages=["board", "explore"],
    )  # fmt: skip
    for page in ("explore", "board"):
        board.state.page = page
    assert of(board, "ki67_percent").box.text.value == "3-20"
    assert board.controls.texts["ki67_percent"] == ["at least 3 %", "at most 20 %"]
    assert board.controls.texts["extrahepatic_disease"] == "none or extensive"
    assert of(board, "primary_site").list.label == "pancreas or lung"
    assert "Ki-67 3 to 20 % (asked: under 10 %)" in section(board, "verdicts")
    press(board, "milan_review")
    assert "decided once known to be under 10 % or not" in section(board, "findings")
    assert asked(board, "ki67_percent") == ["? asked: under 10 %: open (3 to 20 %)"]
    of(board, "ki67_percent").box.text.value = "< 3 %"
    assert board.state.patient.ki67_percent == nd.Interval(0, 3, high_open=True)
    assert of(board, "ki67_percent").box.text.value == "<3"
    of(board, "primary_site").list.value = "lung"
    assert board.state.patient.primary_site == "lung"
    assert "pancreas or lung" not in [label for label, _ in of(board, "primary_site").list.options]
    press(board, "enter:extrahepatic_disease=none")
    assert board.state.patient.extrahepatic_disease == "none"
    of(board, "ki67_percent").slider.value = 30
    assert board.state.patient.ki67_percent == 30
    of(board, "ki67_percent").box.text.value = "20-3"
    assert of(board, "ki67_percent").box.text.value == "20-3"
    assert board.state.patient.ki67_percent == 30


# --- Known in part by hand: two handles, several words, usual entries


def handles(board, name):
    """Return the slider that stands on the track."""
    return of(board, name).track.children[0]


@pytest.mark.parametrize(
    ("typed", "places", "moved", "known"),
    [
        ("3-20", (3, 20), (3, 15), "3-15"),
        ("<3", (0, 3), (1, 3), ">=1 <3"),  # the other end stays as it was entered
        (">20", (20, 100), (20, 60), ">20 <=60"),
        ("2.6-19.5", (3, 20), (3, 10), "2.6-10"),
        ("≥20", (20, 100), (30, 100), ">=30"),
        ("3–20", (3, 20), (20, 20), "20"),  # the handles have met
        ("<3", (0, 3), (3, 3), "3"),
    ],
)
def test_a_range_has_two_handles_that_move_its_ends(typed, places, moved, known):
    board = Board(CASE)
    index = of(board, "ki67_percent")
    assert handles(board, "ki67_percent") is index.slider
    index.box.text.value = typed
    assert handles(board, "ki67_percent") is index.span
    assert index.span.value == places
    index.span.value = moved
    assert FIELDS["ki67_percent"].text(board.state.patient.ki67_percent) == index.box.text.value == known
    assert handles(board, "ki67_percent") is (index.slider if known.isdigit() else index.span)
    index.box.text.value = "8"
    assert handles(board, "ki67_percent") is index.slider
    assert index.slider.value == 8
    assert board.frame.content["inputs"] == board.frame.snapshot()


def test_an_end_of_a_range_is_said_with_its_bound(board):
    said = {
        "<3": ["0 %", "under 3 %"],
        ">20": ["over 20 %", "100 %"],
        "3-9": ["at least 3 %", "at most 9 %"],
        "8": "8 %",
    }
    for typed, words in said.items():
        of(board, "ki67_percent").box.text.value = typed
        assert board.frame.content["valuetexts"]["ki67_percent"] == words
    assert board.frame.content["labels"]["ki67_percent-range"] == "Ki-67"


def test_a_further_word_is_the_one_that_was_picked_when_the_page_has_not_yet_the_new_entries(board):
    site = of(board, "primary_site")
    site.list.value = "pancreas"
    entries = [text for text, _ in site.more.list.options]  # as the page has them for both picks
    for text in ("or duodenum", "or appendix"):
        site.more.list.set_state({"index": entries.index(text)})
    assert board.state.patient.primary_site == {"pancreas", "duodenum", "appendix"}
    site.list.value = "pancreas"
    site.more.list.value = "pancreas"  # the only possible word stays
    assert board.state.patient.primary_site == "pancreas"
    assert site.more.list.value == ""


def test_a_choice_takes_several_words_and_gives_them_back(board):
    site = of(board, "primary_site")
    assert site.widget.children == (site.list,)  # nothing to add to
    site.list.value = "pancreas"
    assert site.more.list in site.widget.children
    assert "or pancreas" not in [text for text, _ in site.more.list.options]
    site.more.list.value = "duodenum"
    assert board.state.patient.primary_site == {"pancreas", "duodenum"}
    assert site.list.label == "pancreas or duodenum"
    assert site.more.list.value == ""
    site.more.list.value = "lung"
    site.more.list.value = "pancreas"  # its entry now says "without pancreas"
    assert board.state.patient.primary_site == {"duodenum", "lung"}
    site.list.value = "colon"
    assert board.state.patient.primary_site == "colon"
    site.list.value = "unknown"
    assert board.state.patient == CASE
    assert site.widget.children == (site.list,)
    press(board, "enter:extrahepatic_disease=limited_stable")
    of(board, "extrahepatic_disease").more.list.value = "limited_progressing"
    assert board.state.patient.extrahepatic_disease == {"limited_stable", "limited_progressing"}
    stops = re.findall(r'aria-pressed="(\w+)"[^>]*>([^<]+)<', section(board, "offer-extrahepatic_disease"))
    assert [words for pressed, words in stops if pressed == "true"] == ["limited, stable", "limited, progressing"]
    assert of(board, "differentiation").more is None  # of two words nothing is known when both are possible
    assert board.frame.content["inputs"] == board.frame.snapshot()


def test_usual_entries_and_stops_enter_what_they_say():
    board = Board()
    for name, texts in {
        "ki67_percent": ["<3", "3-20", ">20"],
        "liver_involvement_percent": ["<25", "25-50", ">50"],
    }.items():
        keys = re.findall(r'data-select="([^"]+)"', section(board, f"offer-{name}"))
        assert [key.replace("&lt;", "<").replace("&gt;", ">") for key in keys] == [
            f"enter:{name}={text}" for text in texts
        ]
        assert "entries, not a standard" in section(board, f"offer-{name}")
        for text in texts:
            press(board, f"enter:{name}={text}")
            assert of(board, name).box.text.value == text
            assert section(board, f"offer-{name}").count('aria-pressed="true"') == 1
    assert "offer-age_years" not in board.frame.content["sections"]
    before = board.state.patient
    for key in ("enter:no_field=1", "enter:ki67_percent", "enter:", "case:example=99", "case:", "fold:None"):
        press(board, key)
        assert board.state.patient == before
    press(board, "enter:ki67_percent=400")
    assert of(board, "ki67_percent").box.text.value == "400"
    press(board, "enter:ki67_percent=")
    assert board.state.patient.ki67_percent is None


# --- Groups, search, Ask next, the first open


def opened(board):
    return [group for group in board.controls.groups if "nd-closed" not in board.controls._boxes[group]._dom_classes]


def test_groups_say_what_is_filled_and_asked_and_fold():
    board = Board()
    # Every control can be reached on an empty case; a group is folded by hand only.
    everything = list(board.controls.groups)
    assert opened(board) == everything
    press(board, "fold:Primary")
    assert opened(board) == [group for group in everything if group != "Primary"]
    assert re.search(r'aria-expanded="false">Primary <small>0 of 5 entered, 2 asked<', section(board, "group-primary"))
    of(board, "primary_site").list.value = "lung"
    assert "Primary" not in opened(board)
    press(board, "fold:Primary")
    assert opened(board) == everything
    assert re.search(r'aria-expanded="true">Primary <small>1 of 5 entered, 2 asked<', section(board, "group-primary"))
    marked = {name for name in board.controls._controls if "nd-asks" in of(board, name).widget._dom_classes}
    asked = nd.assess(CASE)["milan_review"].rule_set.inputs
    assert marked == {name for name in asked if FIELDS[name].group != "Patient"}
    press(board, "resection_review")
    assert "nd-asks" in of(board, "resectable_percent").widget._dom_classes


def test_a_search_shows_the_inputs_that_hold_each_word(board):
    board.controls.search.value = "portal VEIN"
    shown = [name for name in board.controls._controls if "nd-closed" not in of(board, name).widget._dom_classes]
    hits = [name for name in shown if FIELDS[name].group != "Patient"]
    assert hits == ["portal_vein_occluded", "primary_portal_drained"]
    assert opened(board) == ["Liver", "Primary"]
    assert "2 inputs" in section(board, "found")
    board.controls.search.value = "age"
    assert "at the top: Age" in section(board, "found")
    board.controls.search.value = "no such thing"
    assert "No inputs" in section(board, "found")
    assert opened(board) == []
    board.controls.search.value = ""
    assert section(board, "found") == ""
    assert board.state.patient == CASE


def places(board):
    return re.findall(r'data-asked="(\w+)"', section(board, "ask"))


def test_what_is_asked_next_is_answered_in_its_place(board):
    first = places(board)
    rows = nd.assess(CASE).next_inputs()["field"]
    assert first == [name for name in rows if FIELDS[name].group != "Patient"][:3]
    press(board, f"answer:{first[0]}=a lot")
    assert "given &#39;a lot&#39;" in section(board, "ask")
    assert 'value="a lot" aria-invalid="true"' in section(board, "ask")
    assert board.state.patient == CASE
    for name, value in {first[0]: "60", "differentiation": "well"}.items():
        assert name in places(board)
        press(board, f"answer:{name}={value}")
        assert FIELDS[name].text(board.state.patient.entered[name]) == value
        assert name in places(board)  # the answer can be seen and corrected; a second press enters it again
    assert first[0] not in places(board)
    assert places(board).index("differentiation") == first.index("differentiation")
    assert "aria-invalid" not in section(board, "ask")


def test_the_first_open_says_what_this_is_and_offers_the_examples():
    board = Board()
    html = section(board, "verdicts")
    assert html.index("nd-start") < html.index('data-rule-set="')
    assert html.partition("</ol>")[0].count("<li>") == 3
    assert len(shown_verdicts(board)) == len(nd.rule_sets())
    label, patient = list(examples().items())[1]
    assert f">{label}<" in html
    press(board, "case:example=2")
    assert board.state.patient == patient
    assert "nd-start" not in section(board, "verdicts")
    press(board, "do:undo")
    listed = Board(cases={"First": CASE})
    assert '"case:own=1">1. First<' in section(listed, "verdicts")
    press(listed, "case:own=1")
    assert listed.state.opened.own


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("20-3", "the range starts at 20 and ends at 3, which is less"),
        ("3-200", "200 % is out of the limits"),
        (">120", "no value in it is allowed"),
        ("<0", "no value in it is allowed"),
        (">3 <3", "the range from 3 to 3 leaves out its only value"),
        ("3-", ""),
        ("3 to 20", ""),
        ("8 mm", ""),
    ],
)
def test_a_refused_range_stays_in_its_box_with_the_reason(board, typed, why):
    box = of(board, "ki67_percent").box.text
    box.value = typed
    assert box.value == typed
    assert board.state.patient == CASE
    given = typed.replace("<", "&lt;").replace(">", "&gt;")
    said = f"Ki-67: given &#39;{given}&#39;{': ' * bool(why)}{why}, expected a number from 0 to 100 %"
    assert said in section(board, "refused-ki67_percent")


@pytest.mark.parametrize(
    ("name", "typed", "text"),
    [
        ("ki67_percent", "4,5", "4.5"),
        ("ki67_percent", "8 %", "8"),
        ("ki67_percent", "8%", "8"),
        ("ki67_percent", "<3", "<3"),
        ("ki67_percent", "< 3 %", "<3"),
        ("ki67_percent", "3–20", "3-20"),
        ("ki67_percent", "3 - 20 %", "3-20"),
        ("ki67_percent", "2,5-4,5", "2.5-4.5"),
        ("ki67_percent", "≥20", ">=20"),
        ("age_years", "57 years", "57"),
        ("age_years", "90+", ">=90"),
    ],
)
def test_what_is_typed_on_a_ward_is_understood(board, name, typed, text):
    box = of(board, name).box.text
    box.value = typed
    assert box.value == text == FIELDS[name].text(board.state.patient.entered[name])
    assert f"refused-{name}" not in board.frame.content["sections"]


def test_the_findings_show_the_input_known_in_part_that_a_quantity_follows_from():
    board = Board(nd.Patient(primary_site="pancreas|stomach"))
    press(board, "milan_review")
    board.state.unfolded = "findings"
    row = section(board, "findings").partition("Portal drainage of the primary</th>")[2].partition("</tr>")[0]
    assert '<td data-column="This patient">primary pancreas or stomach</td>' in row


def verdict_text(patient):
    return re.sub(r"<[^>]+>", "", str(section(Board(patient), "verdicts")))


WELL = Patient(
    ki67_percent=4, liver_involvement_percent=35, extrahepatic_disease="none", primary_site="small_intestine",
    primary_status="resected", differentiation="well", stable_months=8, bilobar=True, liver_unresectable=True,
    symptomatic=True, serious_comorbidity=False,
)  # fmt: skip


def test_names_of_lists_that_hold_a_comma_are_told_apart():
    shown = verdict_text(WELL.replace(stable_months=None))
    assert "Review, option paragraph: open; Review, conclusion: open; Milan 2023 later: open: not entered" in shown


def test_what_holds_of_several_lists_is_not_read_as_of_the_last():
    shown = verdict_text(WELL)
    both = "Review, conclusion: fits fits 5 of 5; Review, one sentence of the introduction: fits fits 3 of 3"
    assert f"{both}: not asked: how patients are selected" in shown


def test_the_widgets_of_a_board_share_one_layout_and_one_style_for_each_kind_and_boards_share_nothing():
    first, second = Board(), Board()

    def looks(board):
        widgets = widgets_of(*board.children, board.controls, board.pages)
        return {w for w in widgets if isinstance(w, ipywidgets.Layout | ipywidgets.Style)}

    assert not looks(first) & looks(second)
    second.close()
    assert all(look.comm is not None for look in looks(first))
    kinds = Counter(type(look).__name__ for look in looks(first))
    assert kinds.pop("Layout") == 2, "of the frame, and of all others"
    assert set(kinds.values()) == {1}


def test_a_list_above_a_picture_is_compared_with_what_the_picture_was_computed_for(board):
    for page in board.pages.values():
        assert set(page.choosers) <= set(board.frame.controls)
    chooser = board.pages["board"].reading
    assert board.frame.content["inputs"]["board-numbers"] == chooser.index == 0
    chooser.value = "printed"
    assert board.frame.content["inputs"]["board-numbers"] == chooser.index == 1
    press(board, "page:teaching")
    press(board, "teaching:next")
    assert board.frame.content["inputs"] == board.frame.snapshot()
    press(board, "page:explore")
    board.pages["explore"].toolbar[0].index = board.pages["explore"].toolbar[1].index  # the axes are swapped
    assert board.frame.content["inputs"] == board.frame.snapshot()


def test_a_page_that_cannot_be_drawn_says_so_and_shows_nothing_of_the_picture_before(board, monkeypatch):
    def fault(assessment):
        raise ValueError("<no line left>")

    page = board.pages["board"]
    monkeypatch.setattr(page, "draw", fault)
    with pytest.raises(ValueError, match="no line left"):
        board.state.enter("age_years", 70)
    found = board.frame.content
    assert list(found["sections"]) == ["tools", "fault", "foot"]
    assert found["figures"] == {}
    assert found["query"] == board.state.query
    assert found["inputs"] == board.frame.snapshot()
    assert "netdash has a fault in its page Board" in section(board, "fault")
    assert "ValueError: &lt;no line left&gt;" in section(board, "fault")
    monkeypatch.undo()
    board.state.enter("age_years", 48)
    assert board.frame.content["sections"] == {**Board(CASE).frame.content["sections"], "case": section(board, "case")}


def test_who_corrects_the_case_while_it_changes_is_followed_by_the_picture(board):
    def correct(change):
        if change["new"].age_years > 60:
            board.patient = change["new"].replace(age_years=60)

    board.observe(correct, "patient")
    board.state.enter("age_years", 80)
    assert board.patient == board.state.patient == CASE.replace(age_years=60)
    assert board.frame.content["query"] == board.patient.to_query()
    board.patient = CASE.replace(age_years=90)
    assert board.patient == board.state.patient == CASE.replace(age_years=60)
    assert board.frame.content["query"] == board.patient.to_query()
    assert of(board, "age_years").slider.value == 60


def test_the_list_of_cases_shows_the_case_that_is_shown_also_when_its_first_entry_is_chosen():
    board = Board()
    board.examples.set_state({"index": 1})
    shown = board.state.shown
    board.examples.set_state({"index": 0})
    assert board.state.shown == shown
    assert board.frame.content["inputs"] == board.frame.snapshot()
    assert board.examples.label == shown.label
