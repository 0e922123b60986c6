"""What stands around the inputs as HTML: usual entries, stops, heads of groups, questions, first steps."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
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
    entered = state.patient.entered
    offering = [field.name for field in fields if field.entries or field.choices]
    return {f"offer-{name}": _offer(name, entered.get(name)) for name in offering}


@functools.lru_cache(maxsize=64)
def _offer(name: str, known: Known | None) -> str:
    field = FIELDS[name]
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
        f"group-{slug(group)}": _head(
            group,
            entered=sum(field.name in entered for field in fields),
            of=len(fields),
            asked=sum(field.name in asked for field in fields),
            opened=group in opened,
        )
        for group, fields in groups.items()
    }


@functools.lru_cache(maxsize=64)
def _head(group: str, **numbers: int) -> str:
    return views.render("group", group=group, **numbers)


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
    return _ask(tuple(_questions(state, places, rows)))


@dataclass(frozen=True)
class _Question:
    """What a question under "Ask next" is drawn from: an input, what was entered, and how many rule sets ask it."""

    name: str
    known: Known | None
    text: str
    refused: str
    asked_by: int
    settles: int

    @property
    def field(self) -> Field:
        """The field of the input."""
        return FIELDS[self.name]

    @property
    def number(self) -> bool:
        """Whether the answer is a number."""
        return isinstance(self.field, Number)

    @property
    def values(self) -> list[tuple[str, str, bool]]:
        """Text, words, and whether it is possible, of each value."""
        return _buttons(self.field, self.known)

    @property
    def buttons(self) -> list[tuple[str, str, bool]]:
        """The values, where they are few enough for buttons."""
        return self.values if len(self.values) <= MOST_BUTTONS else []

    @property
    def words(self) -> list[tuple[str, str, bool]]:
        """The values, where they need a list."""
        return self.values if len(self.values) > MOST_BUTTONS else []


@functools.lru_cache(maxsize=64)
def _ask(questions: tuple[_Question, ...]) -> str:
    return views.render("ask", questions=questions)


def _is_answered(state: State, field: Field) -> bool:
    return field.open_word != "" and state.patient.entered.get(field.name) == field.open_word


def _questions(state: State, names: Iterable[str], rows: Mapping[str, Any]) -> Iterator[_Question]:
    refused = views.refused(state)
    for name in names:
        field, known = FIELDS[name], state.patient.entered.get(name)
        yield _Question(
            name=name,
            known=known,
            text=state.refused.get(name, "" if known is None else field.text(known)),
            refused=_rendered(refused.get(f"refused-{name}", "")),
            asked_by=rows[name]["asked_by"] if name in rows else 0,
            settles=rows[name]["settles"] if name in rows else 0,
        )


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
