"""What the board keeps of one drawing for the next is what would be drawn anew."""

from hypothesis import given, settings
from hypothesis import strategies as st
from test_known_in_part import CANDIDATE, parts
from test_own_criteria import TEMPLATE

from netdash import own_criteria
from netdash.assessment import assess
from netdash.board import criteria_views, inputs, strips
from netdash.board.state import State
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
