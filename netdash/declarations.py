"""How a field of a patient is declared: one function for each kind of input, used in the body of ``Patient``."""

from __future__ import annotations

import dataclasses
from typing import Any

from netdash.fields import Choice, Count, Field, Number, YesNo


def _field(kind: type[Field], label: str, group: str, help: str, **more: Any) -> Any:  # noqa: A002
    return dataclasses.field(default=None, metadata={"field": kind(label=label, group=group, help=help, **more)})


def number(label: str, group: str, help: str, unit: str, most: float, **more: Any) -> Any:  # noqa: A002
    """Declare a number from 0 to `most`, with a unit; a slider moves it by 1 unless `step` says otherwise."""
    more = {"step": 1, "change": "changeable", **more}
    return _field(Number, label, group, help, unit=unit, minimum=0, maximum=most, **more)


def count(label: str, group: str, help: str, least: int, most: int, **more: Any) -> Any:  # noqa: A002
    """Declare a whole number from `least` to `most`."""
    return _field(Count, label, group, help, minimum=least, maximum=most, step=1, **more)


def choice(label: str, group: str, help: str, *choices: str, **more: Any) -> Any:  # noqa: A002
    """Declare one of several words."""
    return _field(Choice, label, group, help, choices=choices, **more)


def yes_no(label: str, group: str, help: str, **more: Any) -> Any:  # noqa: A002
    """Declare an input that is yes or no."""
    return _field(YesNo, label, group, help, **more)


def earlier(treatment: str, help: str) -> Any:  # noqa: A002
    """Declare whether an earlier treatment was given."""
    return yes_no(f"Earlier {treatment}", "Treatment", help)
