"""Fixtures and strategies that more than one test file uses."""

import math
import os
import random
import sys
from pathlib import Path

import pytest
from hypothesis import Phase, is_hypothesis_test, settings
from hypothesis import strategies as st

from netdash.fields import Choice, Count, Number, YesNo
from netdash.patient import FIELDS, Patient

ROOT = Path(__file__).parents[1]

# Files that take longest begin first: with pytest-xdist one worker runs a file as a whole.
LONGEST = (
    "test_session_ends",
    "test_doors",
    "test_serve",
    "test_cohort",
    "test_cohort_engines",
    "test_hostile",
    "test_cuts",
    "test_connection",
    "test_address",
    "test_jupyterlab",
    "test_sight",
)

settings.register_profile("netdash", deadline=None, max_examples=150)
settings.register_profile("fast", deadline=None, max_examples=15)
settings.load_profile(os.environ.get("HYPOTHESIS", "netdash"))


def at_most(examples):
    """Return settings for a test whose examples are slow; the profile "fast" has fewer still."""
    return settings(max_examples=min(examples, settings().max_examples))


BOUNDS = (0, 3, 5, 6, 10, 18, 20, 50, 55, 60, 70, 90, 100)
"""Numbers that criteria name."""


def of_crowds(examples):
    """Return settings for a test of :func:`crowds`: what fails names its row, and nothing is shrunk."""
    return settings(at_most(examples), phases=[phase for phase in Phase if phase is not Phase.shrink])


def values(field):
    """Allowed values of one field, its limits and the usual bounds included."""
    if isinstance(field, YesNo):
        return st.booleans()
    if isinstance(field, Choice):
        return st.sampled_from(field.choices)
    if isinstance(field, Count):
        return st.integers(int(field.minimum), int(field.maximum))
    assert isinstance(field, Number)
    bounds = [float(v) for v in BOUNDS if v <= field.maximum]
    return st.sampled_from(bounds) | st.floats(field.minimum, field.maximum)


def patients():
    """Patients of every kind, with any fields unknown."""
    return st.fixed_dictionaries({}, optional={n: st.none() | values(f) for n, f in FIELDS.items()}).map(
        lambda fields: Patient(**fields)
    )


def crowd(n, seed):
    """Random patients of every kind: from nearly nothing known to nearly everything, numbers on and beside bounds."""
    chance = random.Random(seed)

    def value(field):
        if isinstance(field, YesNo):
            return chance.random() < 0.5
        if isinstance(field, Choice):
            return chance.choice(field.choices)
        if isinstance(field, Count):
            return chance.randint(int(field.minimum), min(int(field.maximum), chance.choice((10, 1000))))
        bound = float(chance.choice([v for v in BOUNDS if v <= field.maximum]))
        beside = math.nextafter(bound, chance.choice((-math.inf, math.inf)))
        number = chance.choice((bound, bound, beside, chance.uniform(field.minimum, field.maximum)))
        return min(max(number, field.minimum), field.maximum)

    def patient(known):
        return Patient(**{name: value(field) for name, field in FIELDS.items() if chance.random() < known})

    return [patient(chance.random()) for _ in range(n)]


def crowds(n):
    """Some patients that Hypothesis draws, and a :func:`crowd`: a frame costs much, its rows hardly anything."""
    return st.builds(
        lambda few, seed: [*few, *crowd(n, seed)],
        st.lists(patients(), min_size=1, max_size=8),
        st.integers(0, 2**32 - 1),
    )


def pytest_collection_modifyitems(items):
    # Playwright's event loop stays in its thread once it has run: tests that run a loop of their own come before.
    items.sort(key=lambda item: (item.path.parent.name == "browser", item.path.stem not in LONGEST))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Leave tests with random examples, costly ones and browser tests out of the coverage, which doubles their time.

    What random examples alone reach is held by no test. The board of a browser test runs in another process.
    pytest-cov's own marker "no_cover" does nothing in a worker of pytest-xdist, where a second measurement goes on.
    """
    tracer = sys.gettrace()
    random_or_costly = is_hypothesis_test(getattr(item, "function", None)) or item.get_closest_marker("untraced")
    if item.path.parent.name == "browser" or random_or_costly:
        sys.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(tracer)


@pytest.fixture(scope="session")
def root():
    return ROOT
