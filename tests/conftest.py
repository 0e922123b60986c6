"""Fixtures and strategies that more than one test file uses."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import is_hypothesis_test, settings
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


def values(field):
    """Allowed values of one field, its limits and the usual bounds included."""
    if isinstance(field, YesNo):
        return st.booleans()
    if isinstance(field, Choice):
        return st.sampled_from(field.choices)
    if isinstance(field, Count):
        return st.integers(int(field.minimum), int(field.maximum))
    assert isinstance(field, Number)
    bounds = [v for v in (0, 3, 5, 6, 10, 18, 20, 50, 55, 60, 70, 90, 100) if v <= field.maximum]
    return st.sampled_from([float(v) for v in bounds]) | st.floats(field.minimum, field.maximum)


def patients():
    """Patients of every kind, with any fields unknown."""
    return st.fixed_dictionaries({}, optional={n: st.none() | values(f) for n, f in FIELDS.items()}).map(
        lambda fields: Patient(**fields)
    )


def pytest_collection_modifyitems(items):
    # Playwright's event loop stays in its thread once it has run: tests that run a loop of their own come before.
    items.sort(key=lambda item: (item.path.parent.name == "browser", item.path.stem not in LONGEST))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Leave tests with random examples and browser tests out of the coverage, which doubles the time of a test.

    What random examples alone reach is held by no test. The board of a browser test runs in another process.
    pytest-cov's own marker "no_cover" does nothing in a worker of pytest-xdist, where a second measurement goes on.
    """
    tracer = sys.gettrace()
    if item.path.parent.name == "browser" or is_hypothesis_test(getattr(item, "function", None)):
        sys.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(tracer)


@pytest.fixture(scope="session")
def root():
    return ROOT
