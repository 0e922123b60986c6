"""What stands around the inputs as HTML: usual entries, stops, heads of groups, questions, first steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from netdash.assessment import Assessment
from netdash.board import typed, views
from netdash.board.state import State
from netdash.fields import Choice, Field, Known, Number, Value, YesNo
from netdash.patient import FIELDS

SLIDER_GROUP = "Patient"
"""The group of fields that have a slider and no heading."""
MOST_QUESTIONS = 3
"""The most inputs that are asked under "Ask next"."""
MOST_BUTTONS = 4
"""The most words of a choice that are offered as buttons under "Ask next"."""


def slug(group: str) -> str:
    """Return the name of a group as a part of a name of a section."""
    return group.lower()


def values_of(field: Field) -> tuple[Value, ...]:
    """Return the values of a choice, or yes and no; none of a number."""
    return (True, False) if isinstance(field, YesNo) else field.choices


def offers(state: State, fields: Iterable[Field]) -> dict[str, str]:
    """Return, by section, the usual entries of a number, or the words of a choice at the stops of its slider."""
    return {f"offer-{field.name}": _offer(state, field) for field in fields if field.entries or field.choices}


def _offer(state: State, field: Field) -> str:
    known = state.patient.entered.get(field.name)
    if isinstance(field, Choice):
        stops = [("", field.show(None), known is None), *_buttons(field, known)]
        return views.render("stops", field=field, stops=stops)
    entries = [(text, field.show(value), value == known) for text in field.entries for value in [field.parse(text)]]
    return views.render("entries", field=field, entries=entries)


def _buttons(field: Field, known: Known | None) -> list[tuple[str, str, bool]]:
    """Return text, words and whether it is possible, of each value of a choice, or of yes and no."""
    possible = known if isinstance(known, frozenset) else {known}
    return [(field.text(value), field.show(value), value in possible) for value in values_of(field)]


def heads(state: State, groups: Mapping[str, list[Field]], opened: Iterable[str]) -> dict[str, str]:
    """Return, by section, the head of each group: how many of its fields are entered, and how many the list asks."""
    entered, asked = state.patient.entered, state.book[state.selected].inputs
    return {
        f"group-{slug(group)}": views.render(
            "group",
            group=group,
            entered=sum(field.name in entered for field in fields),
            of=len(fields),
            asked=sum(field.name in asked for field in fields),
            opened=group in opened,
        )
        for group, fields in groups.items()
    }


def matches(field: Field, words: str) -> bool:
    """Return whether a field holds each of these words in its label, its words or its help."""
    held = " ".join([field.label, field.group, field.help, *map(field.show, values_of(field))]).casefold()
    return all(word in held for word in words.casefold().split())


def found(state: State, fields: Iterable[Field]) -> str:
    """Return how many inputs a search finds, and the names of those that have a slider."""
    if not state.inputs.words.strip():
        return ""
    hits = [field for field in fields if matches(field, state.inputs.words)]
    return views.render("found", count=len(hits), labels=[field.label for field in hits if field.group == SLIDER_GROUP])


def questions(state: State, assessment: Assessment) -> str:
    """Return the inputs that would tell most, each with the buttons or the box that answer it."""
    rows = {row["field"]: row for row in assessment.next_input_rows()}
    # The four inputs with a slider stand above. A primary that was not found is an answer, although it decides nothing.
    wanted = [name for name in rows if FIELDS[name].group != SLIDER_GROUP and not _is_answered(state, FIELDS[name])]
    places = state.inputs.place(wanted, MOST_QUESTIONS)
    return views.render("ask", questions=list(_questions(state, places, rows)))


def _is_answered(state: State, field: Field) -> bool:
    return field.open_word != "" and state.patient.entered.get(field.name) == field.open_word


def _questions(state: State, names: Iterable[str], rows: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name in names:
        field, known = FIELDS[name], state.patient.entered.get(name)
        buttons = _buttons(field, known)
        yield {
            "field": field,
            "buttons": buttons if len(buttons) <= MOST_BUTTONS else [],
            "words": buttons if len(buttons) > MOST_BUTTONS else [],
            "text": state.refused.get(name, "" if known is None else field.text(known)),
            "refused": _rendered(views.refused(state).get(f"refused-{name}", "")),
            "number": isinstance(field, Number),
            "asked_by": rows[name]["asked_by"] if name in rows else 0,
            "settles": rows[name]["settles"] if name in rows else 0,
        }


def _rendered(html: str) -> Any:
    """Mark the HTML of a template, so that another template takes it as it is."""
    from markupsafe import Markup

    return Markup(html)  # noqa: S704 - Jinja2 has escaped every value


def start(state: State) -> str:
    """Return what the board is, in three steps, and the cases to open; empty once something is entered."""
    if state.patient.entered:
        return ""
    return views.render("start", cases=state.offered, listed=bool(state.prepared))


def enter(state: State, what: str) -> None:
    """Enter "field=text"; an empty text clears the field, and a refused one stays in its box."""
    name, equals, text = what.partition("=")
    if name not in FIELDS or not equals:
        return
    try:
        state.enter(name, typed.read(FIELDS[name], text))
    except ValueError:
        state.keep_refused(name, text)


def answer(state: State, what: str) -> None:
    """Enter the answer to a question, which keeps its place until the next answer."""
    state.inputs.answered = what.partition("=")[0]
    enter(state, what)


def fold(state: State, group: str, groups: Iterable[str]) -> None:
    """Fold one of the groups, or open it."""
    state.inputs.folded = state.inputs.folded ^ ({group} & set(groups))
