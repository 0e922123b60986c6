"""Student's t and chi-squared against SciPy and against values of R."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import chdtrc, chdtri, stdtr, stdtrit

from netdash.distributions import chi_squared_above, chi_squared_quantile, t_quantile

DEGREES = [*range(1, 61), 99, 100, 500, 999, 1000, 5000, 100_000]


@pytest.mark.parametrize("df", DEGREES)
def test_a_quantile_of_t_is_scipys(df):
    for p in (0.6, 0.9, 0.95, 0.975, 0.995):
        assert t_quantile(p, df) == pytest.approx(stdtrit(df, p), rel=1e-11)
    assert t_quantile(0.5, df) == 0


@given(st.floats(0.5, 0.9999), st.integers(1, 3000))
def test_the_quantile_has_its_probability(p, df):
    assert stdtr(df, t_quantile(p, df)) == pytest.approx(p, abs=1e-13)


@pytest.mark.parametrize("df", DEGREES)
def test_an_upper_tail_of_chi_squared_is_scipys(df):
    for q in (0, 1e-300, 1e-9, 0.01, 0.5, 1, 5, 20, 100, df / 2, df, 1.3 * df, 2 * df):
        assert chi_squared_above(q, df) == pytest.approx(chdtrc(df, q), rel=1e-9, abs=1e-300)


@pytest.mark.parametrize("df", DEGREES)
def test_a_quantile_of_chi_squared_is_scipys(df):
    # A quantile sums df / 2 terms at each of some fifty steps; the tail above is compared at all degrees.
    for p in (0.001, 0.025, 0.5, 0.975, 0.999) if df < DEGREES[-1] else (0.975,):
        assert chi_squared_quantile(p, df) == pytest.approx(chdtri(df, 1 - p), rel=1e-9)


@pytest.mark.parametrize(("p", "df"), [(0, 3), (1, 3), (0.5, 0)])
def test_a_quantile_of_chi_squared_that_there_is_not_is_refused(p, df):
    with pytest.raises(ValueError, match="expected 0 < p < 1 and df of 1 or more"):
        chi_squared_quantile(p, df)


@given(st.floats(0, 1e6), st.integers(1, 3000))
def test_an_upper_tail_is_a_probability(q, df):
    assert 0 <= chi_squared_above(q, df) <= 1
    assert chi_squared_above(q, df) == pytest.approx(chdtrc(df, q), rel=1e-9, abs=1e-300)


def test_the_ends_of_chi_squared():
    assert (chi_squared_above(0.0, 3), chi_squared_above(math.inf, 3), chi_squared_above(1e5, 3)) == (1, 0, 0)


def test_values_of_r():
    # R 4.2.2: print(qt(0.975, c(1, 2, 12)), digits = 16); print(pchisq(20, c(12, 1), lower.tail = FALSE), digits = 16)
    quantiles = [12.706204736174694, 4.302652729749462, 2.178812829667228]
    tails = [0.06708596287903179, 7.744216431044086e-06]
    assert [t_quantile(0.975, df) for df in (1, 2, 12)] == pytest.approx(quantiles, rel=1e-14)
    assert [chi_squared_above(20, df) for df in (12, 1)] == pytest.approx(tails, rel=1e-13)


@pytest.mark.parametrize(("p", "df"), [(0.4, 3), (1.0, 3), (math.nan, 3), (0.975, 0)])
def test_a_quantile_that_is_not_there_is_refused(p, df):
    with pytest.raises(ValueError, match=r"expected 0\.5 <= p < 1 and df of 1 or more"):
        t_quantile(p, df)


@pytest.mark.parametrize(("q", "df"), [(-1.0, 3), (math.nan, 3), (1.0, 0)])
def test_a_tail_that_is_not_there_is_refused(q, df):
    with pytest.raises(ValueError, match="expected q of 0 or more and df of 1 or more"):
        chi_squared_above(q, df)
