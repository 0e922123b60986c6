"""Messages on unknown names: they propose the nearest known names, if any is near."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping

NEAR = 0.75
"""The least similarity of two names by their letters."""
SHORTEST = 3
"""The fewest letters of the beginning of a word by which a name is found."""
MOST_NAMED = 4
"""The most names that a message proposes."""
MOST_LISTED = 15
"""A message lists all names when there are not more than this, or when none is near."""


class UnknownName(ValueError, KeyError):  # noqa: N818 - the name says what happened
    """The error for a name that is not known; as a KeyError it makes ``in`` and ``get`` of a mapping work."""

    def __str__(self) -> str:
        return str(self.args[0])


def nearest(given: str, known: Iterable[str] | Mapping[str, str]) -> list[str]:
    """Return the known names near to a given one, the nearest first; none where nothing is near.

    Parameters
    ----------
    given : str
        The name that is not known.
    known : iterable of str, or mapping of str to str
        The known names; in a mapping each has a text, such as its label, which is compared too.
    """
    texts = known if isinstance(known, Mapping) else dict.fromkeys(known, "")
    asked = _words(given[:200])
    if not asked:
        return []

    def near(is_near: Callable[[list[str], list[str]], bool]) -> list[str]:
        found = {name: (_words(name), _words(text)) for name, text in texts.items()}
        return [name for name, both in found.items() if any(words and is_near(asked, words) for words in both)]

    letters = {"".join(_words(name)): name for name in texts}
    close = [letters[found] for found in difflib.get_close_matches("".join(asked), letters, MOST_NAMED, NEAR)]
    found = near(_same) or near(_initials) or [*close, *near(_begins)]
    return list(dict.fromkeys(found))[:MOST_NAMED]


def _same(asked: list[str], words: list[str]) -> bool:
    return "".join(words) == "".join(asked)


def _initials(asked: list[str], words: list[str]) -> bool:
    """Return whether one word is the initials of a name: "os" of "overall_survival"."""
    return len(asked) == 1 and len(words) > 1 and asked[0] == "".join(word[0] for word in words)


def _begins(asked: list[str], words: list[str]) -> bool:
    """Return whether each word asked for begins a word of a name, or all of them together begin the name."""
    whole = "".join(asked)
    if len(whole) >= SHORTEST and "".join(words).startswith(whole):
        return True
    return all(len(one) >= SHORTEST and any(word.startswith(one) for word in words) for one in asked)


def _words(name: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", re.sub(r"([a-z])([A-Z])", r"\1_\2", name)).encode("ascii", "ignore").decode()
    return re.findall(r"[a-z0-9]+", plain.lower())


def hint(given: object, known: Iterable[str] | Mapping[str, str]) -> str:
    """Return "; did you mean 'a' or 'b'?", or nothing where no known name is near."""
    found = nearest(given, known) if isinstance(given, str) else []
    *most, last = [repr(name) for name in found] or [""]
    return f"; did you mean {', '.join(most)}{' or ' * bool(most)}{last}?" if last else ""


def expected(given: object, known: Iterable[str] | Mapping[str, str]) -> str:
    """Return the end of a message on an unknown name: the nearest names, then all of them where they are few."""
    names, near = list(known), hint(given, known)
    return (
        near
        if near and len(names) > MOST_LISTED
        else f"{near}{' E' if near else '; e'}xpected one of {', '.join(names)}"
    )


def in_short(value: object) -> str:
    """Return in a few words what was given in place of a table: "a Series of 89", "a dict of 5"."""
    size = f" of {len(value)}" if hasattr(value, "__len__") else ""
    name = type(value).__name__
    return f"a{'n' * name.startswith(tuple('AEIOU'))} {name}{size}" if size else f"{value!r}"[:60]


def reloaded(value: object, kind: type) -> str:
    """Return what to do when an object is of a class of the same name that was loaded before; else nothing."""
    same = type(value).__name__ == kind.__name__
    return f"the module of {kind.__name__} was loaded again since: make it anew" if same else ""
