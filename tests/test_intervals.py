"""A number that is known in part: its text form, its values, and what two of them share."""

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import netdash as nd
from netdash import intervals
from netdash.intervals import Interval, interval_of, read

ENDS = st.one_of(st.none(), st.sampled_from([0.0, 3.0, 9.5, 10.0, 20.0, 100.0]), st.floats(0, 100, allow_nan=False))
VALUES = st.one_of(st.sampled_from([0.0, 3.0, 9.5, 10.0, 20.0, 100.0]), st.floats(-5, 105))


@st.composite
def some(draw: st.DrawFn) -> Interval:
    low, high = draw(ENDS), draw(ENDS)
    if low is not None and high is not None and low > high:
        low, high = high, low
    one = low is not None and low == high
    return Interval(low, high, draw(st.booleans()) and not one, draw(st.booleans()) and not one)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("8", 8.0),
        ("4,5", 4.5),
        (" 8 % ", 8.0),
        ("+8", 8.0),
        ("-8", -8.0),
        (".5", 0.5),
        ("1e1", 10.0),
        ("3-20", Interval(3, 20)),
        ("3 – 20 %", Interval(3, 20)),
        ("3..20", Interval(3, 20)),
        ("3 %-20 %", Interval(3, 20)),
        ("2,5-7.5", Interval(2.5, 7.5)),
        ("8-8", Interval(8, 8)),
        ("<3", Interval(None, 3, high_open=True)),
        ("< 3%", Interval(None, 3, high_open=True)),
        ("<=3", Interval(None, 3)),
        ("≤3", Interval(None, 3)),
        (">20", Interval(20, None, low_open=True)),
        (">=10", Interval(10, None)),
        ("≥ 10", Interval(10, None)),
        ("90+", Interval(90, None)),
        ("90 %+", Interval(90, None)),
        ("90+ %", Interval(90, None)),
        (">3 <=20", Interval(3, 20, low_open=True)),
        (">=3 <20 %", Interval(3, 20, high_open=True)),
        (">3<20", Interval(3, 20, low_open=True, high_open=True)),
    ],
)
def test_a_number_or_a_range_is_read_from_its_text(text, value):
    assert read(text, "%") == value


@pytest.mark.parametrize(
    "text", ["", "G2", "~5", "3-", "-", "<", "3-20-30", ">3 >5", "<20 >3", "8 cm", "nan", "inf", "٣", "3 20", "%"]
)
def test_any_other_text_is_no_number_and_no_range(text):
    assert read(text, "%") is None


def test_a_unit_is_read_in_the_singular_and_plural_and_in_any_case():
    assert read("1 year", "years") == 1.0
    assert read("55 Years", "years") == 55.0
    assert read("90+ years", "years") == read("90 years+", "years") == Interval(90, None)
    assert read("55 years", "") is None


@pytest.mark.parametrize(
    ("text", "why"),
    [("20-3", "the range starts at 20 and ends at 3, which is less"), (">3 <3", "leaves out its only value")],
)
def test_a_range_without_a_value_is_refused_in_words(text, why):
    with pytest.raises(ValueError, match=why):
        read(text)


@pytest.mark.parametrize("end", ["3", True, math.nan, [3]])
def test_an_end_that_is_no_number_is_refused(end):
    with pytest.raises(TypeError, match="expected a number, or None for no end"):
        nd.Interval(end, None)


def test_an_end_that_does_not_exist_is_not_open():
    assert Interval(None, 3, low_open=True) == Interval(-math.inf, 3) == Interval(None, 3)
    assert hash(Interval(3, math.inf, high_open=True)) == hash(Interval(3))
    assert repr(Interval(3)) == "Interval(low=3.0, high=None, low_open=False, high_open=False)"


@given(some())
def test_the_text_of_an_interval_gives_the_same_interval(interval):
    text = str(interval)
    if interval == Interval():
        assert text == ""
    elif interval.only is not None:
        assert read(text) == interval.only
    else:
        assert read(text) == interval


@given(some(), some(), VALUES)
def test_a_value_lies_in_what_two_intervals_share_when_it_lies_in_both(a, b, value):
    shared = a.meet(b)
    assert shared == b.meet(a)
    assert (value in a and value in b) == (shared is not None and value in shared)


@given(some(), st.integers(-5, 105))
def test_the_whole_numbers_of_an_interval_are_those_that_lie_in_it(interval, number):
    whole = interval.whole()
    assert (number in interval) == (whole is not None and number in whole)
    assert whole is None or not (whole.low_open or whole.high_open)


@given(some(), st.floats(0, 100))
def test_the_completed_years_of_every_value_are_possible(interval, value):
    if value in interval:
        assert math.floor(value) in interval.completed()


def test_completed_years_leave_out_a_year_that_is_not_reached():
    assert Interval(54.5, 56, high_open=True).completed() == Interval(54, 55)
    assert Interval(54.5, 56).completed() == Interval(54, 56)
    assert Interval(90, None).completed() == Interval(90, None)
    assert Interval(None, 40, low_open=True).completed() == Interval(None, 40)


def test_a_value_that_is_no_number_lies_in_no_interval():
    assert "3" not in Interval(0, 10)
    assert float("nan") not in Interval(0, 10)  # noqa: PLW0177 - not a number is refused on purpose
    assert 10**6 in Interval(3)


@given(some(), VALUES, st.sampled_from([1.0, -1.0]))
def test_a_shifted_interval_has_the_shifted_values(interval, value, factor):
    value = round(value, 2)
    shifted = Interval(
        interval.low and round(interval.low, 2), interval.high and round(interval.high, 2), False, False
    ).map(factor, 10)
    inside = value in Interval(interval.low and round(interval.low, 2), interval.high and round(interval.high, 2))
    assert (round(factor * value + 10, 10) in shifted) == inside


def test_an_interval_of_pandas_is_taken():
    assert interval_of(pd.Interval(3, 20, closed="both")) == Interval(3, 20)
    assert interval_of(pd.Interval(3, 20, closed="left")) == Interval(3, 20, high_open=True)
    assert interval_of(pd.Interval(3, 20)) == Interval(3, 20, low_open=True)
    assert interval_of(pd.Interval(20, math.inf, closed="neither")) == Interval(20, None, low_open=True)
    assert interval_of(pd.Interval(pd.Timestamp(0), pd.Timestamp(1))) is None
    assert interval_of(Interval(3)) == Interval(3)
    assert interval_of("3-20") is None
    assert intervals.plain(4.0) == "4"
