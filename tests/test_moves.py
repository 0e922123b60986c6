"""What is kept of one case for the next, of a judgement and of a drawing, is what would be made anew."""

import functools

from hypothesis import given, settings
from hypothesis import strategies as st
from test_known_in_part import CANDIDATE, parts
from test_own_criteria import TEMPLATE

from netdash import evidence, own_criteria
from netdash.assessment import assess, assess_again
from netdash.board import Board, criteria_views, inputs, notebook, strips, views
from netdash.board.state import State
from netdash.comparison import differing
from netdash.judgement import Judgement
from netdash.patient import FIELDS, Patient

OWN = own_criteria.read(TEMPLATE.encode())
OTHER = own_criteria.read(TEMPLATE.replace("<=,65,", "<=,60,").encode())
MOVES = st.sampled_from(list(FIELDS)).flatmap(lambda name: st.tuples(st.just(name), st.none() | parts(name)))


def choices(state):
    """What a visitor can choose beside the inputs."""
    names = st.sampled_from(list(state.book))
    return {
        "selected": names,
        "unfolded": st.sampled_from(["", "lists", "findings"]),
        "presenting": st.booleans(),
        "pinned": st.sampled_from([None, CANDIDATE]),
        "own": st.sampled_from([None, OWN, OTHER]),
    }


SLIDERS = [field for field in FIELDS.values() if field.group == inputs.SLIDER_GROUP]
CACHES = [criteria_views._drawn, strips._strip, strips._depends_on, inputs._offer, inputs._head, inputs._ask]


def drawn(state):
    """Return the HTML that is kept from one drawing to the next: verdicts, and what stands around the inputs."""
    assessment, chosen = assess(state.patient, criteria=state.own), state.book[state.selected]
    return {
        "verdicts": criteria_views.verdicts(state, assessment),
        **{f"strip-{field.name}": strips.strip(state.patient, field.name, chosen) for field in SLIDERS},
        **inputs.offers(state, SLIDERS),
        **inputs.heads(state, {"Patient": SLIDERS, "All": list(FIELDS.values())}, ["All"]),
        "ask": inputs.questions(state, assessment),
    }


def kept_and_anew(state):
    """Return the HTML as the board shows it, and as it is drawn from nothing."""
    kept = drawn(state)
    for cache in CACHES:
        cache.cache_clear()
    return kept, drawn(state)


@settings(max_examples=min(30, settings().max_examples))
@given(st.lists(MOVES, min_size=2, max_size=8), st.data())
def test_a_board_that_moved_shows_what_a_board_made_there_shows(moves, data):
    state = State(patient=CANDIDATE)
    for name, value in moves:
        state.patient = state.patient.replace(**{name: value})
        kept, anew = kept_and_anew(state)
        assert kept == anew
        chosen = data.draw(st.sampled_from(sorted(choices(state))))
        setattr(state, chosen, data.draw(choices(state)[chosen]))
        kept, anew = kept_and_anew(state)
        assert kept == anew


def test_values_that_follow_each_other_are_not_taken_for_one_another():
    for name, values in (("age_years", (54, 55, 56, 57)), ("ki67_percent", (20, 21, "21-30", 22, None))):
        for value in values:
            kept, anew = kept_and_anew(State(patient=CANDIDATE.replace(**{name: value})))
            assert kept == anew


def test_a_file_of_own_criteria_is_not_taken_for_another_one_with_the_same_names():
    state, shown = State(patient=CANDIDATE.replace(age_years=70)), {}
    for own in (OWN, OTHER, None):
        state.own = own
        shown[own.digest if own else ""], anew = kept_and_anew(state)
        assert shown[own.digest if own else ""] == anew
    assert len({html["verdicts"] for html in shown.values()}) == 3


KEPT = {}


def holds_for(state):
    """Whether every therapy of a state looks like any earlier one that is called equal."""
    assessment = assess(state.patient)
    for found in (assessment.published, assessment.studied):
        for therapy in criteria_views._therapies(state, found, {}, {}):
            html = criteria_views._drawn.__wrapped__(therapy)
            assert KEPT.setdefault(therapy, html) == html


STRIPS = {}


@settings(max_examples=min(100, settings().max_examples))
@given(st.lists(MOVES, min_size=1, max_size=4), st.sampled_from(list(State().book)), st.sampled_from(SLIDERS))
def test_strips_that_are_called_equal_look_the_same(moves, rule_set, field):
    for patient in (CANDIDATE.replace(**dict(moves)), Patient().replace(**dict(moves))):
        found = State().book[rule_set]
        told = tuple(getattr(patient, name) for name in strips._depends_on(field.name, found))
        asked = strips._Asked(patient, found, field.name, told)
        html = strips._strip.__wrapped__(asked)
        assert STRIPS.setdefault(asked, html) == html


@settings(max_examples=min(200, 2 * settings().max_examples))
@given(st.lists(MOVES, min_size=1, max_size=4), st.sampled_from([CANDIDATE, Patient()]))
def test_therapies_that_are_called_equal_look_the_same(moves, patient):
    holds_for(State(patient=patient.replace(**dict(moves))))


def test_an_input_that_lacks_is_not_taken_for_another():
    for missing in (["ki67_percent"], ["differentiation"], ["ki67_percent", "differentiation"], ["grade_reported"]):
        holds_for(State(patient=CANDIDATE.replace(**dict.fromkeys(missing))))


JUDGED = ["rule_set", "patient", "findings"] + [
    name for name, kind in vars(Judgement).items() if isinstance(kind, property | functools.cached_property)
]


def judged(assessment):
    """Return all that is known of each judgement; what is cached is then cached."""
    found = {name: {what: getattr(judgement, what) for what in JUDGED} for name, judgement in assessment.items()}
    return assessment.patient, assessment.own, found, str(assessment)


@settings(max_examples=min(50, settings().max_examples))
@given(
    st.lists(st.tuples(MOVES, st.sampled_from([None, None, OWN, OTHER])), min_size=2, max_size=8),
    st.sampled_from([CANDIDATE, Patient()]),
)
def test_a_case_that_moved_is_judged_as_one_that_was_entered_so(moves, patient):
    kept = assess(patient)
    for (name, value), own in moves:
        patient = patient.replace(**{name: value})
        kept = assess_again(kept, patient, own)
        assert judged(kept) == judged(assess(patient, criteria=own))


def test_each_step_along_a_slider_is_judged_as_from_nothing():
    for name in ("age_years", "ki67_percent", "liver_involvement_percent"):
        patient = CANDIDATE.replace(primary_site="pancreas", extrahepatic_disease="none", differentiation=None)
        kept = assess(patient)
        for value in (*range(1, 100, 3), 54.9, 55, "50-60", None):
            patient = patient.replace(**{name: value})
            kept = assess_again(kept, patient)
            assert judged(kept) == judged(assess(patient))


def test_a_rule_set_is_judged_anew_where_only_the_lists_beside_it_ask_the_input():
    """What a list is silent on depends on inputs that it does not ask."""
    compared = set()
    for name in FIELDS:
        patient = CANDIDATE.replace(**{name: None})
        before, kept = assess(patient), assess_again(assess(patient), CANDIDATE)
        for rule_set, judgement in kept.items():
            if name not in judgement.rule_set.inputs and judgement.side_notes != before[rule_set].side_notes:
                compared.add(rule_set)
    assert compared


def test_only_what_asks_the_moved_input_is_judged_anew():
    before = assess(CANDIDATE)
    words = {name: judgement.sentence for name, judgement in before.items()}
    kept = assess_again(before, CANDIDATE.replace(age_years=41))
    again = {name for name, judgement in kept.items() if "headline" not in vars(judgement)}
    assert again >= {name for name, judgement in kept.items() if "age_years" in judgement.rule_set.inputs}
    assert 0 < len(again) < len(words) / 2


@settings(max_examples=min(100, settings().max_examples))
@given(st.lists(MOVES, min_size=1, max_size=4), st.sampled_from([CANDIDATE, Patient()]))
def test_series_differ_by_two_inputs_only(moves, patient):
    moved = patient.replace(**dict(moves))
    kept = views.series_that_differ(moved.primary_site, moved.differentiation)
    assert dict(kept) == differing(moved, evidence.studies())


WALK = [
    *[("age_years", value) for value in (54, 54.9, 55, "50-60", None, 70)],
    *[("ki67_percent", value) for value in (2.9, 3, 20, "3-21", None)],
    *[("primary_site", value) for value in ("pancreas|duodenum", "lung", None)],
    *[("selected", "rfa_review"), ("own", OWN), ("own", OTHER), ("age_years", 62), ("own", None)],
    *[("refused", {"age_years": "old"}), ("ki67_percent", 5), ("age_years", 62), ("selected", "milan_review")],
]


def shown(board):
    """Return what a page shows of a board: the picture, the values of the controls, and how these look."""
    picture = {name: value for name, value in board.frame.content.items() if name not in ("revision", "computed_at")}
    # The time and undo stand with the case; a question keeps the place that it had before.
    picture["sections"] = {name: html for name, html in picture["sections"].items() if name not in ("case", "ask")}
    looks = [
        [getattr(one, name, None) for name in ("_dom_classes", "value", "options")]
        + [len(getattr(one, "children", ()))]
        for one in notebook.widgets_of(board.controls.widget)
    ]
    return picture, board.frame.snapshot(), looks


def show_anew(controls):
    """Show the case in every control, whatever they show."""
    controls._unfolded = None
    for control in controls._controls.values():
        for part in (control, getattr(control, "box", None), getattr(control, "more", None)):
            if part:
                part._shown = None
    controls.show()


def test_a_board_that_moved_looks_like_a_board_that_was_made_so():
    moved = Board(CANDIDATE)
    for name, value in WALK:
        if name in FIELDS:
            moved.state.enter(name, value)
        else:
            setattr(moved.state, name, value)
        made = Board(moved.state.patient)
        with made.state.hold_trait_notifications():
            for trait in ("own", "selected", "refused"):
                setattr(made.state, trait, getattr(moved.state, trait))
        show_anew(made.controls)
        assert shown(moved) == shown(made)
        made.close()
    moved.close()


def test_a_widget_that_a_page_changed_shows_the_case_again_when_the_case_stays():
    board = Board(CANDIDATE.replace(age_years=48))
    slider, box = board.controls.parts["age_years"], board.controls.parts["age_years-box"]
    for text, expected in (("48.0", "48"), ("old", "old"), ("48.00", "48"), ("49", "49"), (" 49 ", "49")):
        box.set_state({"value": text})
        assert box.value == expected
        assert slider.value == float(board.patient.age_years)
    board.close()
