"""What follows from the inputs: the possible WHO grades, and whether the portal vein drains the primary."""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping

from netdash.intervals import Interval

# WHO 2019 classification of gastroenteropancreatic neuroendocrine neoplasms: the limits of the Ki-67 index in percent.
# They define the derived input "grade"; they are not a criterion of a therapy. netdash does not ask the mitotic count.
G2_FROM_KI67_PERCENT = 3.0
G2_TO_KI67_PERCENT = 20.0
KI67_BY_GRADE: Mapping[str, Interval] = {
    "G1": Interval(None, G2_FROM_KI67_PERCENT, high_open=True),
    "G2": Interval(G2_FROM_KI67_PERCENT, G2_TO_KI67_PERCENT),
    "G3": Interval(G2_TO_KI67_PERCENT, None, low_open=True),
}
"""The Ki-67 of each grade of a well differentiated tumor."""
GRADES = (*KI67_BY_GRADE, "NEC")
DIFFERENTIATIONS = ("well", "poor")

PORTAL_DRAINED_BY_SITE = {
    "pancreas": True,
    "stomach_distal": True,
    "duodenum": True,
    "small_intestine": True,
    "appendix": True,
    "colon": True,
    "lung": False,
}
"""Whether the portal vein drains a primary, by site. A site that is absent here settles nothing."""


def possible(known: object, every: Collection[str]) -> Collection[str]:
    """Return the possible words of a choice, of which `known` is a word, a set of words or None."""
    if known is None:
        return every
    return known if isinstance(known, frozenset) else (str(known),)


def grades_of(index: object, differentiation: object) -> frozenset[str]:
    """Return the possible grades by Ki-67 and differentiation alone, each a value, a part of one or None."""
    left = set()
    words = possible(differentiation, DIFFERENTIATIONS)
    if "well" in words:
        left = {grade for grade, limits in KI67_BY_GRADE.items() if _lies(index, limits)}
    return frozenset(left | {"NEC"} if "poor" in words else left)


def _lies(index: object, limits: Interval) -> bool:
    if isinstance(index, Interval):
        return index.meet(limits) is not None
    return index is None or index in limits


def drained_by(site: object) -> bool | None:
    """Return whether the portal vein drains the primary, where every possible site says the same; else None."""
    settled = {PORTAL_DRAINED_BY_SITE.get(word) for word in possible(site, ("",))}
    return settled.pop() if len(settled) == 1 else None


@functools.lru_cache(maxsize=512)
def inputs_that_decide(
    differentiation: object, index: object, reported: object, allowed: Collection[object]
) -> tuple[str, ...]:
    """Return the inputs that are not known exactly and whose value decides whether the grade is an allowed one."""
    words = sorted(possible(differentiation, DIFFERENTIATIONS))
    # One value of Ki-67 for each grade that it can give stands for all of them.
    parts = sorted(grades_of(index, "well"))
    left = {
        (word, part): grade
        for word in words
        for part in parts
        if (grade := "NEC" if word == "poor" else part) in possible(reported, GRADES)
    }
    found = {place: grade in allowed for place, grade in left.items()}
    by_word = any(len({found[w, p] for w in words if (w, p) in found}) > 1 for p in parts)
    by_index = any(len({found[w, p] for p in parts if (w, p) in found}) > 1 for w in words)
    both = not (by_word or by_index) and len(set(found.values())) > 1
    return ("differentiation",) * (by_word or both) + ("ki67_percent",) * (by_index or both)
