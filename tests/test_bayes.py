"""A Bayesian fit of a few series against values of R (tests/reference/bayes.R makes them)."""

import pytest

import netdash as nd

REFERENCE = [
    ([0.49 * 150, 0.52 * 213], [150, 213], [0.50653942, 0.36730779, 0.64239720, 0.28354426, 0.72487931]),
    ([0.29 * 23, 0.52 * 310], [23, 310], [0.46070342, 0.22651263, 0.64233804, 0.14173465, 0.75906216]),
    ([3, 9, 14], [10, 20, 18], [0.52694193, 0.30389754, 0.73705459, 0.18997840, 0.83850850]),
]


@pytest.mark.parametrize(("xi", "ni", "expected"), REFERENCE)
def test_the_posterior_is_that_of_integration_over_tau(xi, ni, expected):
    fit = nd.pool_bayes(nd.effect_sizes("PLO", xi=xi, ni=ni))
    assert [fit.median, fit.ci_lb, fit.ci_ub, fit.pi_lb, fit.pi_ub] == pytest.approx(expected, abs=1e-6)
    assert (fit.k, fit.measure, fit.scale) == (len(xi), "PLO", 0.5)
    assert 0 < fit.tau < 1


def test_a_wider_prior_gives_wider_intervals():
    effects = nd.effect_sizes("PLO", xi=[60, 111], ni=[150, 213])
    narrow, wide = nd.pool_bayes(effects, 0.1), nd.pool_bayes(effects, 2)
    assert wide.ci_lb < narrow.ci_lb < narrow.ci_ub < wide.ci_ub
    assert wide.pi_ub - wide.pi_lb > wide.ci_ub - wide.ci_lb


def test_a_prior_without_a_scale_is_refused():
    effects = nd.effect_sizes("PLO", xi=[60, 111], ni=[150, 213])
    with pytest.raises(ValueError, match="scale: given 0, expected a number above 0"):
        nd.pool_bayes(effects, 0)
    with pytest.raises(ValueError, match="expected 2 or more"):
        nd.pool_bayes(effects.iloc[:1])
