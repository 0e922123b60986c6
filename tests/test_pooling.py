"""Effect sizes, pooling, refusals; the numbers are metafor's (tests/reference/metafor.R makes them)."""

import dataclasses
import json
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st

import netdash as nd
from netdash import heterogeneity, pooling
from netdash.effects import can_be_count, effect_sizes, events_from_percent, log_odds, natural, newcombe, wilson
from netdash.pooling import pool
from netdash.sensitivity import cumulative, leave_one_out, subgroups
from netdash.synthesis import outcome_effects, pool_outcomes, rows_to_pool, why_not_pooled

REFERENCE = ROOT / "tests" / "reference"
CLOSE = 1e-6
COUNTS = {"PLO": ("xi", "ni")} | dict.fromkeys(("RR", "OR", "RD"), ("ai", "n1i", "ci", "n2i"))
NUMBERS = ["estimate", "se", "ci_lb", "ci_ub", "pi_lb", "pi_ub", "tau2", "i2", "h2", "qe", "qep"]
BOUNDS = ["estimate", "ci_lb", "ci_ub", "pi_lb", "pi_ub"]
PREDICTED = ["pi_lb", "pi_ub"]


def stored(name):
    return pd.read_csv(REFERENCE / f"{name}.csv", keep_default_na=False, na_values=[""])


CASES, FITS = stored("cases"), stored("fits")
GRID = list(FITS[["dataset", "measure"]].drop_duplicates().itertuples(index=False, name=None))


def effects_of(dataset, measure):
    rows = CASES[CASES["dataset"] == dataset]
    if measure == "GEN":
        return rows[["yi", "vi"]].reset_index(drop=True)
    return effect_sizes(measure, **{name: rows[name].to_numpy() for name in COUNTS[measure]})


def widest(fit, normal):
    """Return the row with the wider confidence interval, of one by Knapp and Hartung and the normal one."""
    narrow = fit["test"] == "knha" and fit["ci_ub"] - fit["ci_lb"] < normal["ci_ub"] - normal["ci_lb"]
    return normal if narrow else fit


def close(found, expected):
    """Equal to 1e-6, of the number itself once it is larger than 1; two infinities are equal, and two missing ones."""
    return np.allclose(np.asarray(found, float), np.asarray(expected, float), rtol=CLOSE, atol=CLOSE, equal_nan=True)


# Agreement ----------------------------------------------------------------------------------------------------------


def test_the_grid_does_not_shrink():
    assert len(FITS) >= 60
    assert len(FITS) == len(FITS[["dataset", "measure", "method", "test"]].drop_duplicates())
    for measure in ("PLO", "RR", "OR", "RD", "GEN"):
        for method in ("REML", "DL", "PM"):
            for test in ("knha", "adhoc", "z"):
                here = FITS.query("measure == @measure and method == @method and test == @test")
                assert len(here) >= 9, (measure, method, test)
    reml = FITS[FITS["method"] == "REML"]
    assert (reml["tau2"] == 0).sum() >= 10
    assert (FITS["k"] == 2).sum() >= 10
    assert (FITS["i2"] > 99).sum() >= 10
    assert (reml["default_note"] == "did not converge").sum() >= 4
    assert (reml["default_note"] == "set to 0").sum() >= 2
    counts = CASES.dropna(subset="ni")
    assert (counts["xi"] == 0).any()
    assert (counts["xi"] == counts["ni"]).any()
    assert (counts["ni"].min(), counts["ni"].max()) == (1, 2_000_000)
    assert stored("leave1out").groupby(["dataset", "measure", "method", "test"]).ngroups >= 5


def test_the_reference_is_the_metafor_named():
    assert dict(stored("made_with").itertuples(index=False, name=None))["metafor"] == "3.8-1"


@pytest.mark.parametrize(("dataset", "measure"), GRID)
def test_effect_sizes_are_metafors(dataset, measure):
    expected = stored("effects").query("dataset == @dataset and measure == @measure")
    found = effects_of(dataset, measure)
    assert close(found["yi"], expected["yi"])
    assert np.allclose(found["vi"].to_numpy(), expected["vi"].to_numpy(), rtol=CLOSE, atol=0)


@pytest.mark.parametrize(("dataset", "measure"), GRID)
def test_fits_are_metafors(dataset, measure):
    effects = effects_of(dataset, measure).assign(measure=measure)
    rows = FITS.query("dataset == @dataset and measure == @measure").to_dict("records")
    normal = {row["method"]: row for row in rows if row["test"] == "z"}
    for expected in rows:
        fit = pool(effects, method=expected["method"], test=expected["test"])
        scaled = fit.transformed()
        # metafor predicts from two studies; netdash does not.
        two = expected["k"] < pooling.FEWEST_STUDIES
        # metafor gives Knapp and Hartung's interval however narrow it is; netdash gives the wider of the two.
        wider = widest(expected, normal[expected["method"]])
        assert fit.widened == (wider is not expected)
        intervals = set(PREDICTED if two or fit.widened else ())
        assert close([fit.ci_lb, fit.ci_ub], [wider["ci_lb"], wider["ci_ub"]])
        if fit.widened and not two:
            assert close(fit.pi_ub, max(expected["pi_ub"], normal[expected["method"]]["pi_ub"]))
        for name in set(NUMBERS) - {"ci_lb", "ci_ub"} - intervals:
            assert close(getattr(fit, name), expected[name]), (name, expected["method"], expected["test"])
        for name in set(BOUNDS) - intervals:
            assert close(getattr(scaled, name), wider[f"natural_{name}"]), (name, expected["method"])
        assert close(fit.weights[0], expected["weight_1"])
        assert fit.k == expected["k"]


MANY = list(stored("leave1out")[["dataset", "measure", "method", "test"]].drop_duplicates().itertuples(index=False))
COMPARED = ["estimate", "se", "ci_lb", "ci_ub", "tau2", "i2", "h2", "qe", "qep"]


def widened(table):
    """Return a table of metafor's fits with the normal interval where Knapp and Hartung's is narrower."""
    narrow = (table["test"] == "knha") & (table["ci_ub"] - table["ci_lb"] < table["normal_ub"] - table["normal_lb"])
    return table.assign(**{end: table[end].mask(narrow, table[f"normal_{end[3:]}"]) for end in ("ci_lb", "ci_ub")})


@pytest.mark.parametrize(("dataset", "measure", "method", "test"), MANY)
@pytest.mark.parametrize(("name", "function"), [("leave1out", leave_one_out), ("cumul", cumulative)])
def test_many_fits_are_metafors(name, function, dataset, measure, method, test):
    wanted = "dataset == @dataset and measure == @measure and method == @method and test == @test"
    expected = stored(name).query(wanted)
    found = function(effects_of(dataset, measure), method=method, test=test)
    if name == "leave1out":
        assert close(found["rstudent"], expected["rstudent"])
    assert close(found[COMPARED], widened(expected)[COMPARED])
    assert found["caution"].ne("").sum() >= found["k"].lt(pooling.CAUTION_BELOW).sum()


@pytest.mark.parametrize("measure", ["RR", "OR"])
def test_subgroups_are_metafors(measure):
    expected = stored("subgroups").query("measure == @measure").set_index("group")
    groups = {int(study): name for name, studies in expected["studies"].items() for study in studies.split()}
    (method,), (test,) = expected["method"].unique(), expected["test"].unique()
    found = subgroups(effects_of("arms_bcg", measure), [groups[study] for study in sorted(groups)], method, test)
    assert found.index.tolist() == expected.index.tolist() == ["random", "alternate", "systematic"]
    assert found["k"].tolist() == expected["k"].tolist()
    assert close(found[COMPARED], widened(expected)[COMPARED])
    many = found["k"] >= pooling.FEWEST_STUDIES
    assert close(found.loc[many, PREDICTED], expected.loc[many, PREDICTED])
    assert found.loc[~many, PREDICTED].isna().all(axis=None)


def test_a_published_value_outside_the_reference():
    """The BCG trials: log risk ratio -0.7145, tau2 0.3132, I2 92.2 % (Viechtbauer, J Stat Softw 2010)."""
    fit = pool(effects_of("arms_bcg", "RR"), method="REML", test="z")
    assert fit.estimate == pytest.approx(-0.7145, abs=5e-5)
    assert fit.tau2 == pytest.approx(0.3132, abs=5e-5)
    assert fit.i2 == pytest.approx(92.22, abs=5e-3)
    assert fit.qe == pytest.approx(152.233, abs=5e-4)


def test_intervals_of_rates_are_those_of_prop_test():
    table = stored("wilson")
    assert len(table) >= 10
    assert close(wilson(table["percent"], table["n"]), table[["lb", "ub"]])


def test_the_page_on_agreement_tells_the_size_of_the_grid():
    page = (ROOT / "docs" / "pooling_agreement.md").read_text(encoding="utf-8")
    assert f"{len(FITS)} fits" in page
    assert f"{len(CASES.groupby('dataset'))} data sets" in page


# What must hold for any studies ---------------------------------------------------------------------------------------

METHODS = st.sampled_from(["REML", "DL", "PM"])
TESTS = st.sampled_from(["knha", "adhoc", "z"])


@st.composite
def arms(draw, least=2, most=10):
    n = draw(st.lists(st.integers(1, 400), min_size=least, max_size=most))
    return [draw(st.integers(0, size)) for size in n], n


@given(arms(), METHODS, TESTS, st.randoms())
def test_the_order_of_studies_does_not_matter(counts, method, test, random):
    effects = effect_sizes("PLO", xi=counts[0], ni=counts[1])
    order = list(range(len(effects)))
    random.shuffle(order)
    one, other = pool(effects, method, test), pool(effects.iloc[order], method, test)
    assert close([getattr(one, name) for name in NUMBERS], [getattr(other, name) for name in NUMBERS])
    assert close(np.array(one.weights)[order], other.weights)
    found = one.weights_of("PLO", effects["yi"].iloc[order], effects["vi"].iloc[order])
    assert close(found, np.array(one.weights)[order])


@given(arms(), METHODS, TESTS, st.data())
def test_other_studies_than_those_pooled_have_no_weights(counts, method, test, data):
    fit = pool(effect_sizes("PLO", xi=counts[0], ni=counts[1]), method, test)
    yi, vi = effect_sizes("PLO", xi=counts[0], ni=counts[1])[["yi", "vi"]].to_numpy().T
    one = np.arange(len(yi)) == data.draw(st.integers(0, len(yi) - 1))
    for measure, y, v in (("RR", yi, vi), ("PLO", yi[1:], vi[1:]), ("PLO", yi + one, vi), ("PLO", yi, vi * (1 + one))):
        with pytest.raises(ValueError, match=rf"expected the {fit.k} of PLO that were pooled"):
            fit.weights_of(measure, y, v)


@given(arms(), METHODS, TESTS, st.sampled_from([1e-6, 0.01, 3.0, 1e4]))
def test_another_unit_changes_only_the_unit(counts, method, test, unit):
    effects = effect_sizes("PLO", xi=counts[0], ni=counts[1])[["yi", "vi"]]
    one = pool(effects, method, test)
    other = pool(pd.DataFrame({"yi": effects["yi"] * unit, "vi": effects["vi"] * unit**2}), method, test)
    assert close([getattr(one, name) * unit for name in BOUNDS], [getattr(other, name) for name in BOUNDS])
    assert close(one.tau2, other.tau2 / unit**2)
    assert close([one.i2, one.qe, one.qep], [other.i2, other.qe, other.qep])


@pytest.mark.parametrize("method", ["REML", "DL", "PM"])
def test_effects_far_from_zero_differ_as_much_as_effects_near_it(method):
    near, far = pool(SIX, method), pool(SIX.assign(yi=SIX["yi"] + 1e6, measure="GEN"), method)
    assert far.estimate == pytest.approx(near.estimate + 1e6)
    assert close([near.tau2, near.i2, near.qe], [far.tau2, far.i2, far.qe])


@pytest.mark.parametrize("unit", [1e-3, 1, 1e3])
@pytest.mark.parametrize(
    ("yi", "vi"),
    [([0, 0.1, 0.3], [1, 2, 3]), ([1.6, 0.7, -2.6], [2.6, 3.4, 6.6]), ([-0.2, 1.2, -1.3], [0.4, 1.5, 2.4])],
)
def test_studies_that_differ_by_chance_alone_have_no_variance_between_them_in_any_unit(yi, vi, unit):
    assert pool(pd.DataFrame({"yi": yi, "vi": vi}) * [unit, unit**2]).tau2 == 0


@given(st.floats(-5, 5), st.floats(-5, 5), st.floats(0.1, 9), st.floats(0.1, 9))
def test_the_restricted_likelihood_of_two_studies_is_that_of_their_difference(y1, y2, v1, v2):
    total = v1 + v2
    likelihood = heterogeneity._likelihood(np.array([y1, y2]), np.array([v1, v2]))
    assert likelihood == pytest.approx(-0.5 * (np.log(total) + (y1 - y2) ** 2 / total))


@given(st.integers(2, 12), st.integers(1, 60), st.integers(1, 60), METHODS, TESTS)
def test_equal_studies_do_not_differ(k, x, more, method, test):
    fit = pool(effect_sizes("PLO", xi=[x] * k, ni=[x + more] * k), method, test)
    assert (fit.tau2, fit.i2) == (0, 0)
    assert fit.qe == pytest.approx(0, abs=1e-9)
    assert fit.transformed().estimate == pytest.approx(x / (x + more))
    assert close(fit.weights, [100 / k] * k)


@given(arms(), METHODS, TESTS)
def test_intervals_hold_the_estimate_and_the_prediction_is_wider(counts, method, test):
    fit = pool(effect_sizes("PLO", xi=counts[0], ni=counts[1]), method, test)
    assert fit.ci_lb <= fit.estimate <= fit.ci_ub
    predicted = fit.k >= pooling.FEWEST_STUDIES
    assert (fit.pi_lb <= fit.ci_lb and fit.ci_ub <= fit.pi_ub) == predicted
    assert np.isnan([fit.pi_lb, fit.pi_ub]).all() == (not predicted)
    assert 0 <= fit.i2 < 100
    assert 0 <= fit.qep <= 1
    assert sum(fit.weights) == pytest.approx(100)


def test_two_studies_have_no_prediction_interval_in_numbers_or_words():
    two = pool(effect_sizes("PLO", xi=[29, 52], ni=[100, 100]))
    assert np.isnan([two.pi_lb, two.pi_ub, two.transformed().pi_lb, two.transformed().pi_ub]).all()
    assert str(two.transformed()).endswith(", no prediction interval)")
    assert "nan" not in str(two) + two._repr_html_()
    three = effect_sizes("PLO", xi=[29, 52, 40], ni=[100, 100, 100])
    assert np.isfinite(pool(three).pi_lb)
    assert leave_one_out(three)[PREDICTED].isna().all(axis=None)
    assert cumulative(three)["pi_lb"].isna().tolist() == [True, False]


@given(st.data(), st.sampled_from(["RR", "OR", "RD"]))
def test_swapping_the_arms_turns_the_sign(data, measure):
    a, n1 = data.draw(arms(3, 3))
    c, n2 = data.draw(arms(3, 3))
    one = effect_sizes(measure, ai=a, n1i=n1, ci=c, n2i=n2)
    other = effect_sizes(measure, ai=c, n1i=n2, ci=a, n2i=n1)
    assert close(one["yi"], -other["yi"])
    assert close(one["vi"], other["vi"])


@given(arms())
def test_log_odds_of_rates_are_the_effects_of_their_counts(counts):
    percent, n = 100 * np.array(counts[0]) / np.array(counts[1]), counts[1]
    effects = effect_sizes("PLO", xi=events_from_percent(percent, n), ni=n)
    assert np.array_equal(log_odds(percent, n), effects[["yi", "vi"]].to_numpy().T)


@given(st.floats(0, 100), st.integers(1, 10_000))
def test_the_interval_of_a_rate_holds_it_and_narrows_with_patients(percent, n):
    low, high = wilson([percent], [n])[0]
    assert 0 <= low <= percent + 1e-9
    assert percent - 1e-9 <= high <= 100
    narrower = wilson([percent], [2 * n])[0]
    assert narrower[1] - narrower[0] < high - low


@given(st.integers(1, 5000), st.data())
def test_counts_come_back_from_their_percentages(n, data):
    x = data.draw(st.integers(0, n))
    assert events_from_percent([100 * x / n], [n]) == pytest.approx([x])
    for digits in (0, 1, 2):
        assert can_be_count(round(100 * x / n, digits), n)


@pytest.mark.parametrize(
    ("percent", "n", "possible"), [(86, 18, False), (83, 18, True), (94, 19, False), (77.4, 172, False)]
)
def test_a_percent_that_no_count_gives_is_found(percent, n, possible):
    assert can_be_count(percent, n) == possible


def test_newcombes_interval_is_the_published_one():
    """Newcombe 1998, Table II, method 10."""
    arms = [(56, 70, 48, 80), (9, 10, 3, 10), (10, 10, 0, 20), (10, 10, 0, 10)]
    published = [(0.0524, 0.3339), (0.1705, 0.8090), (0.6791, 1.0), (0.6075, 1.0)]
    for (a, n1, c, n2), expected in zip(arms, published, strict=True):
        found = newcombe([100 * a / n1], [n1], [100 * c / n2], [n2])[0]
        assert found == pytest.approx(expected, abs=5e-5)


@given(st.floats(0, 100), st.integers(1, 500), st.floats(0, 100), st.integers(1, 500))
def test_the_interval_of_a_difference_lies_within_its_range(one, n, other, m):
    low, high = newcombe([one], [n], [other], [m])[0]
    assert -1 - 1e-9 <= low <= (one - other) / 100 + 1e-9
    assert (one - other) / 100 - 1e-9 <= high <= 1 + 1e-9


# Effect sizes -------------------------------------------------------------------------------------------------------


def test_a_half_is_added_only_to_studies_with_an_empty_cell():
    effects = effect_sizes("PLO", xi=[0, 5, 10], ni=[10, 10, 10])
    assert effects["yi"].tolist() == pytest.approx([np.log(0.5 / 10.5), 0, np.log(10.5 / 0.5)])
    assert effects["vi"].tolist() == pytest.approx([1 / 0.5 + 1 / 10.5, 0.4, 1 / 0.5 + 1 / 10.5])
    assert effects["measure"].tolist() == ["PLO"] * 3


@pytest.mark.parametrize(
    ("measure", "counts", "says"),
    [
        (
            "PLO",
            {"xi": [0, 1, 0, 2, 0], "ni": [10, 20, 15, 30, 8]},
            "cells of 3 studies with an empty one; near 0 or 100 %",
        ),
        ("PLO", {"xi": [9, 12, 5, 30], "ni": [10, 12, 10, 40]}, "cells of 1 study with an empty one; near 0 or 100 %"),
        ("RR", {"ai": [0, 3], "n1i": [9, 9], "ci": [1, 2], "n2i": [9, 9]}, "cells of 1 study with an empty one."),
        ("RD", {"ai": [0, 3], "n1i": [9, 9], "ci": [1, 2], "n2i": [9, 9]}, "empty one, for the variance alone."),
        ("PLO", {"xi": [1, 5], "ni": [10, 10]}, ""),
    ],
)
def test_what_was_added_to_empty_cells_is_said_with_the_pool(measure, counts, says):
    effects = effect_sizes(measure, **counts)
    fit = pool(effects)
    assert says in fit.caution
    assert ("1/2 was added" in str(fit)) == bool(says) == effects["added"].gt(0).any()
    bare = pool(effects[["yi", "vi", "measure"]])
    assert (bare.estimate, bare.ci_ub, "1/2" in bare.caution) == (fit.estimate, fit.ci_ub, False)


def test_a_risk_difference_has_no_added_half():
    effects = effect_sizes("RD", ai=[15, 0], n1i=[15, 10], ci=[0, 0], n2i=[23, 12])
    assert effects["yi"].tolist() == [1, 0]
    assert effects["vi"].gt(0).all()  # in the variance, because a study with variance 0 could not be weighted


def test_small_proportions_keep_their_digits():
    assert natural("PLO", [-45.0])[0] == pytest.approx(np.exp(-45.0), rel=1e-12, abs=0)


def test_the_names_of_studies_are_kept():
    table = pd.DataFrame({"xi": [4, 7], "ni": pd.array([10, 12], "Int64")}, index=["Chen 1998", "Yao 2001"])
    assert effect_sizes("PLO", xi=table["xi"], ni=table["ni"]).index.tolist() == ["Chen 1998", "Yao 2001"]
    with pytest.raises(ValueError, match="different indexes, expected one"):
        effect_sizes("PLO", xi=table["xi"], ni=table["ni"].iloc[::-1])


def test_events_are_percent_times_patients():
    assert events_from_percent([73, 29, 50, 0, 100], [15, 23, 5, 7, 7]) == pytest.approx([10.95, 6.67, 2.5, 0, 7])
    with pytest.raises(ValueError, match=r"percent: given \[120.0\] in rows \[1\], expected a rate from 0 to 100"):
        events_from_percent([20, 120], [10, 10])
    with pytest.raises(ValueError, match=r"n: given \[0.0\] in rows \[0\]"):
        events_from_percent([20], [0])


@pytest.mark.parametrize(
    ("measure", "counts", "message"),
    [
        ("SMD", {"xi": [1], "ni": [2]}, "measure: given 'SMD', expected one of PLO, RR, OR, RD"),
        ("PLO", {"xi": [1]}, "PLO: given xi; expected xi, ni and no other"),
        ("PLO", {}, "PLO: given no counts; expected xi, ni"),
        ("RR", {"xi": [1], "ni": [2]}, "RR: given xi, ni; expected ai, n1i, ci, n2i and no other"),
        ("PLO", {"xi": [1, 2], "ni": [5]}, "PLO: given 2 xi, 1 ni; expected one of each per study"),
        (
            "PLO",
            {"xi": [1, 6], "ni": [5, 5]},
            r"xi: given \[6.0\] in rows \[1\], expected a number of events from 0 to ni",
        ),
        ("PLO", {"xi": [-1], "ni": [5]}, r"xi: given \[-1.0\] in rows \[0\]"),
        ("PLO", {"xi": [np.nan], "ni": [5]}, r"xi: given \[nan\] in rows \[0\]"),
        ("PLO", {"xi": [0], "ni": [0]}, r"ni: given \[0.0\] in rows \[0\], expected a number of patients of 1 or more"),
        ("PLO", {"xi": [1], "ni": [np.inf]}, r"ni: given \[inf\]"),
        ("PLO", {"xi": [1], "ni": pd.Series([pd.NA], dtype="Int64")}, r"ni: given \[nan\]"),
        ("PLO", {"xi": ["many"], "ni": [5]}, r"xi: given \['many'\], expected one number per study"),
        ("OR", {"ai": [1], "n1i": [5], "ci": [9], "n2i": [5]}, r"ci: given \[9.0\] in rows \[0\].* from 0 to n2i"),
    ],
)
def test_impossible_counts_are_refused(measure, counts, message):
    with pytest.raises(ValueError, match=message):
        effect_sizes(measure, **counts)


# Pooling ------------------------------------------------------------------------------------------------------------

SIX = effect_sizes("PLO", xi=[4, 11, 20, 9, 31, 14], ni=[10, 15, 50, 16, 38, 23])


def changed(**columns):
    return SIX.assign(**columns)


@pytest.mark.parametrize(
    ("effects", "message"),
    [
        (SIX.iloc[:1], "effects: given 1 study, expected 2 or more"),
        (SIX.iloc[:0], "effects: given 0 studies, expected 2 or more"),
        (SIX[["yi"]], "effects: given columns yi; expected yi and vi"),
        (SIX[["yi", "measure"]], "effects: given columns yi, measure; expected yi and vi"),
        (changed(yi="many"), "yi: given .*, expected one number per study"),
        (changed(vi="many"), "vi: given .*, expected one number per study"),
        (changed(yi=[np.nan, 1, 1, 1, 1, 1]), r"yi: given \[nan\] in rows \[0\], expected a number"),
        (changed(yi=[1, 1, np.inf, 1, 1, 1]), r"yi: given \[inf\] in rows \[2\]"),
        (changed(vi=[1, 0, 1, 1, 1, 1]), r"vi: given \[0.0\] in rows \[1\], expected a variance above 0"),
        (changed(vi=[1, 1, 1, 1, 1, np.nan]), r"vi: given \[nan\] in rows \[5\]"),
        (changed(measure=["PLO", "RR"] * 3), "measure: given PLO, RR; expected one of"),
        (changed(measure="SMD"), "measure: given SMD; expected one of PLO, RR, OR, RD, GEN, pool each apart"),
    ],
)
def test_effects_that_cannot_be_pooled_are_refused(effects, message):
    with pytest.raises(ValueError, match=message):
        pool(effects)


def test_unknown_methods_are_refused():
    with pytest.raises(ValueError, match="method: given 'reml', expected one of REML, DL, PM"):
        pool(SIX, method="reml")
    with pytest.raises(ValueError, match="test: given 't', expected one of knha, adhoc, z"):
        pool(SIX, test="t")


@pytest.mark.parametrize("method", ["REML", "PM"])
def test_a_search_that_does_not_end_says_what_to_do(monkeypatch, method):
    monkeypatch.setattr(heterogeneity, "MAX_ITERATIONS", 1)
    with pytest.raises(RuntimeError, match=f"{method} did not converge: look for a study .* or use method='DL'"):
        pool(effects_of("rates_scattered", "PLO"), method=method)


def test_few_studies_are_pooled_with_a_caution():
    for k, intervals in ((2, "the interval"), (3, "both intervals"), (4, "both intervals")):
        few = f"Only {k} studies: with fewer than 5, tau² and {intervals} are unsettled."
        assert pool(SIX.iloc[:k], test="z").caution == few
    assert pool(SIX.iloc[:5], test="z").caution == ""


def test_an_interval_that_agreement_by_chance_makes_narrow_is_named():
    alike = effects_of("rates_alike", "PLO")
    narrower = "Knapp and Hartung's interval is narrower here than the normal one, which is given."
    assert pool(alike).caution == narrower
    assert pool(alike.iloc[:3]).caution.endswith(f" unsettled. {narrower}")
    assert pool(alike, test="z").caution == ""


AGREEING = [
    ([7, 14, 21], [10, 20, 30], (57.3, 80.2), (41.0, 88.7)),
    ([70, 71, 69, 70, 70], [100] * 5, (65.8, 73.9), (64.0, 75.4)),
    ([0, 1, 0, 2, 0], [10, 20, 15, 30, 8], (2.2, 12.8), (1.5, 18.0)),
    ([10, 12, 5, 30], [10, 12, 5, 30], (85.7, 99.0), (71.2, 99.6)),
]


@pytest.mark.parametrize(("xi", "ni", "wider", "adhoc"), AGREEING)
def test_series_that_agree_by_chance_do_not_make_the_interval_collapse(xi, ni, wider, adhoc):
    effects = effect_sizes("PLO", xi=xi, ni=ni)
    fit = pool(effects)
    scaled, normal = fit.transformed(), pool(effects, test="z")
    assert [round(100 * end, 1) for end in (scaled.ci_lb, scaled.ci_ub)] == list(wider)
    assert close([fit.ci_lb, fit.ci_ub], [normal.ci_lb, normal.ci_ub])
    assert fit.pi_lb <= fit.ci_lb < fit.ci_ub <= fit.pi_ub
    assert (fit.widened, normal.widened) == (True, False)
    assert "narrower here than the normal one, which is given" in fit.caution
    assert "knha, widened to normal" in str(fit)
    modified = pool(effects, test="adhoc").transformed()
    assert [round(100 * end, 1) for end in (modified.ci_lb, modified.ci_ub)] == list(adhoc)


def test_the_interval_is_widened_only_where_it_would_be_narrower():
    fit = pool(effects_of("arms_bcg", "RR"))
    assert not fit.widened
    assert "widened" not in str(fit)
    table = leave_one_out(effects_of("rates_alike", "PLO"))
    assert table["widened"].all()


@given(arms(), METHODS)
def test_an_interval_by_knapp_and_hartung_is_never_narrower_than_the_normal_one(counts, method):
    effects = effect_sizes("PLO", xi=counts[0], ni=counts[1])
    own, adhoc, normal = (pool(effects, method, test) for test in ("knha", "adhoc", "z"))
    widths = [fit.ci_ub - fit.ci_lb for fit in (normal, own, adhoc)]
    assert widths[0] <= widths[1] * (1 + 1e-9)
    assert widths[1] <= widths[2] * (1 + 1e-9)


# Heterogeneity ------------------------------------------------------------------------------------------------------

PROFILE = ["tau2_lb", "tau2_ub", "i2_lb", "i2_ub"]


def test_q_profile_intervals_are_metafors():
    compared = 0
    for (dataset, measure), table in FITS.groupby(["dataset", "measure"]):
        fit = pool(effects_of(dataset, measure).assign(measure=measure))
        expected = table[PROFILE].drop_duplicates().to_numpy(float)
        scale = min(fit.vi)
        for row in expected:
            compared += 1
            found = np.array([getattr(fit, name) for name in PROFILE])
            assert np.allclose(found / [scale, scale, 1, 1], row / [scale, scale, 1, 1], rtol=1e-6, atol=1e-6)
    assert compared > 50


def test_the_interval_of_tau2_and_i2_is_said_with_them():
    fit = pool(effects_of("rates_resection", "PLO"))
    assert [round(end, 4) for end in (fit.tau2_lb, fit.tau2_ub)] == [0, 0.4003]
    assert [round(end, 1) for end in (fit.i2_lb, fit.i2_ub)] == [0, 83.1]
    assert "tau² 0.058 (0.00 to 0.40), I² 42 % (0 to 83)" in str(fit)
    two = pool(effect_sizes("PLO", xi=[74, 111], ni=[150, 213]))
    assert round(two.tau2_ub, 4) == 6.2758
    assert "I² 0 % (0 to >99)" in str(two)
    assert "0.3 to 99.5" in str(pool(effect_sizes("PLO", xi=[7, 161], ni=[23, 310])))


@given(arms())
def test_the_profile_interval_holds_paule_and_mandels_estimate_or_is_null(counts):
    fit = pool(effect_sizes("PLO", xi=counts[0], ni=counts[1]), "PM")
    assert fit.tau2_lb <= fit.tau2 <= fit.tau2_ub or (fit.tau2_lb, fit.tau2_ub, fit.tau2) == (0, 0, 0)
    assert 0 <= fit.i2_lb <= fit.i2_ub < 100 + 1e-9


def test_a_fit_looks_for_its_profile_only_when_asked():
    heterogeneity.q_profile.cache_clear()
    fit = pool(effects_of("rates_resection", "PLO"))
    assert heterogeneity.q_profile.cache_info().currsize == 0
    assert (fit.tau2_lb, fit.i2_lb) == (0, 0)
    assert heterogeneity.q_profile.cache_info().currsize == 1


def test_a_fit_is_frozen_and_says_itself():
    fit = pool(SIX)
    with pytest.raises(dataclasses.FrozenInstanceError):
        fit.estimate = 0
    scaled = fit.transformed()
    text = str(fit)
    assert f"proportion {100 * scaled.estimate:.1f} % (95 % confidence interval {100 * scaled.ci_lb:.1f} to" in text
    assert "6 studies, PLO, REML, knha" in text
    assert f"I² {fit.i2:.0f} % (" in text
    assert fit._repr_html_().count("<tr><th>Pooled</th>") == 1
    assert "Caution: Only 3" in str(pool(SIX.iloc[:3]))
    assert type(fit.estimate) is float


def test_the_natural_scale():
    assert natural("PLO", [0.0, 800, -800]).tolist() == [0.5, 1, 0]
    assert natural("RR", [0, 1000]).tolist() == [1, np.inf]
    assert natural("RD", [-0.2]).tolist() == [-0.2]
    with pytest.raises(ValueError, match="measure: given 'SMD'"):
        natural("SMD", [0])
    assert str(pool(effects_of("arms_bcg", "RR")).transformed()).startswith("risk ratio 0.49 (95 %")


def test_nothing_warns():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for dataset, measure in GRID:
            pool(effects_of(dataset, measure).assign(measure=measure)).transformed()


def test_importing_is_light_and_pooling_loads_no_statistics_package():
    code = (
        "import json, sys\n"
        "import netdash.pooling\n"
        "first = sorted({'scipy', 'pandas', 'plotly'} & set(sys.modules))\n"
        "netdash.pooling.pool(netdash.effects.effect_sizes('PLO', xi=[3, 5], ni=[9, 9]))\n"
        "print(json.dumps([first, sorted({'scipy', 'plotly'} & set(sys.modules))]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert json.loads(done.stdout) == [[], []]


# Many fits ----------------------------------------------------------------------------------------------------------


def test_leaving_one_out_keeps_the_names_and_needs_three():
    named = SIX.set_axis(list("abcdef"))
    table = leave_one_out(named, method="DL", test="z")
    assert table.index.tolist() == list("abcdef")
    assert table["k"].tolist() == [5] * 6
    assert table.loc["c", "estimate"] == pytest.approx(pool(named.drop("c"), "DL", "z").estimate)
    with pytest.raises(ValueError, match="given 2 studies, expected 3 or more"):
        leave_one_out(SIX.iloc[:2])


def test_studies_are_added_in_the_order_of_years():
    named = SIX.set_axis(list("abcdef"))
    table = cumulative(named, [2011, 2003, 2003, 1998, 2007, 2001])
    assert table.index.tolist() == ["f", "b", "c", "e", "a"]
    assert table["k"].tolist() == [2, 3, 4, 5, 6]
    assert table["estimate"].iloc[-1] == pytest.approx(pool(named).estimate)
    assert table["caution"].iloc[0].startswith("Only 2 studies")
    with pytest.raises(ValueError, match="expected a number for each of 6 studies"):
        cumulative(named, [2001, 2002])
    with pytest.raises(ValueError, match="expected a number for each of 6 studies"):
        cumulative(named, [2001, 2002, np.nan, 2003, 2004, 2005])


def test_groups_are_pooled_apart_and_a_single_study_is_not():
    groups = ["resection", "ablation", "resection", "resection", "ablation", "prrt"]
    table = subgroups(SIX, groups)
    assert table.index.tolist() == ["resection", "ablation", "prrt"]
    assert table["k"].tolist() == [3, 2, 1]
    assert table.loc["ablation", "estimate"] == pytest.approx(pool(SIX.iloc[[1, 4]]).estimate)
    assert np.isnan(table.loc["prrt", "estimate"])
    assert table.loc["prrt", "caution"] == "A single study is quoted, not pooled."
    with pytest.raises(ValueError, match=r"groups: given \['a', 'b'\], expected one for each of 6 studies"):
        subgroups(SIX, ["a", "b"])


# Outcomes -----------------------------------------------------------------------------------------------------------


def rows(*changes):
    """Three rates that can be pooled, the last ones changed."""
    base = {
        "therapy": "resection", "n": 20, "endpoint": "overall_survival", "statistic": "rate", "horizon_months": 60.0,
        "value": 70.0, "unit": "percent", "cohort": "", "poolable": True, "why_not_poolable": "",
    }  # fmt: skip
    filled = [{}] * (3 - len(changes)) + list(changes)
    return pd.DataFrame([{"outcome_id": f"row{i}"} | base | change for i, change in enumerate(filled, start=1)])


def test_rates_of_one_endpoint_and_horizon_are_pooled():
    table = rows({"value": 50.0}, {"value": 73.0, "n": 15})
    effects = outcome_effects(table)
    assert effects.index.tolist() == ["row1", "row2", "row3"]
    assert effects["xi"].tolist() == [14, 10, 10.95]
    same = effect_sizes("PLO", xi=[14, 10, 10.95], ni=[20, 20, 15])
    assert pool_outcomes(table, test="z").estimate == pytest.approx(pool(same, test="z").estimate)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"endpoint": "disease_free_survival"}, "row3: another endpoint than overall_survival"),
        ({"horizon_months": 48.0}, "row3: another horizon than 60 months"),
        ({"statistic": "median"}, "row3: a median without a variance"),
        ({"statistic": "mean", "horizon_months": np.nan}, "row3: a mean without a variance"),
        ({"horizon_months": np.nan}, "row3: no sample size, figure or horizon"),
        ({"n": None}, "row3: no sample size, figure or horizon"),
        ({"value": np.nan}, "row3: no sample size, figure or horizon"),
        ({"statistic": None}, "row3: neither endpoint nor statistic may be missing"),
        ({"endpoint": None}, "row3: neither endpoint nor statistic may be missing"),
        ({"unit": "months"}, "row3: in months, not in percent"),
        ({"poolable": "no"}, "poolable: given 'no' in 1 row, expected True or False in each"),
        ({"poolable": np.nan}, "poolable: given nan in 1 row, expected True or False in each"),
        ({"poolable": False, "why_not_poolable": "in another registry"}, r"\(row3: in another registry\)"),
        ({"poolable": False}, "row3: marked as not poolable"),
        (
            {"outcome_id": "row1"},
            r"\(row1: given more than once; row1: given more than once\)|row1: given more than once",
        ),
    ],
)
def test_outcomes_that_do_not_belong_together_are_refused(change, reason):
    with pytest.raises(ValueError, match=reason):
        pool_outcomes(rows(change))


def test_the_patients_of_a_cohort_enter_once():
    table = rows({"cohort": "unos"}, {"cohort": "unos"})
    with pytest.raises(ValueError, match="row2: patients of unos are in more than one row; row3: patients of unos"):
        pool_outcomes(table)
    table.loc[2, ["poolable", "why_not_poolable"]] = [False, "repeats row2"]
    assert why_not_pooled(table).tolist() == ["", "", "repeats row2"]


def test_a_cohort_is_the_same_however_it_is_written_and_none_is_none():
    with pytest.raises(ValueError, match="row2: patients of UNOS are in more than one row; row3: patients of unos"):
        pool_outcomes(rows({"cohort": "UNOS"}, {"cohort": "unos "}))
    assert pool_outcomes(rows().assign(cohort=np.nan)).k == 3


def test_a_table_that_is_not_of_outcomes_is_refused():
    with pytest.raises(ValueError, match=r"given no cohort; expected a table like nd\.outcomes\(\)"):
        pool_outcomes(rows().drop(columns="cohort"))
    for function in (nd.pool_by_therapy, nd.contrasts, nd.forest, nd.medians, nd.harms_beside_benefits):
        with pytest.raises(ValueError, match=r"given no poolable, .*; expected a table like nd\.outcomes\(\)"):
            function(SIX)
    with pytest.raises(ValueError, match=r"as nd\.effect_sizes makes them of counts and nd\.outcome_effects of rows"):
        nd.pool(nd.outcomes())
    with pytest.raises(ValueError, match="given None; expected yi and vi"):
        nd.pool(None)


def test_a_pool_of_nothing_says_what_there_is():
    with pytest.raises(ValueError, match="endpoint 'happiness' is in no row; expected one of disease_free_survival"):
        nd.pool_by_therapy(nd.outcomes(), "happiness")
    with pytest.raises(ValueError, match="is in no row; the table has no rows"):
        nd.pool_by_therapy(nd.outcomes().head(0))
    with pytest.raises(ValueError, match="horizon_months: given '60', expected a number of months"):
        nd.pool_by_therapy(nd.outcomes(), horizon_months="60")


def test_a_series_of_other_rows_neither_sorts_nor_groups():
    years, backwards = pd.Series(range(6)), pd.Series(range(6), index=range(5, -1, -1))
    assert cumulative(SIX, years).index.tolist() == SIX.index[1:].tolist()
    with pytest.raises(ValueError, match="order: given a series with another index than the effects"):
        cumulative(SIX, backwards)
    with pytest.raises(ValueError, match="groups: given a series with another index than the effects"):
        subgroups(SIX, backwards)


@pytest.mark.parametrize("groups", [["a", "a", "a", "b", "b", None], ["a"] * 5 + [pd.NA], 5, "abcdef"])
def test_a_study_without_a_group_is_refused(groups):
    with pytest.raises(ValueError, match="expected one for each of 6 studies"):
        subgroups(SIX, groups)


def test_fewer_than_two_outcomes_are_refused():
    with pytest.raises(ValueError, match="outcomes: given 1 row, expected 2 or more"):
        pool_outcomes(rows().iloc[:1])
    with pytest.raises(ValueError, match="outcomes: given no rows, expected 2 or more"):
        pool_outcomes(rows().iloc[:0])


@pytest.mark.parametrize("followed", [0.7, [0.7, 0.7, 0.7], "share"])
def test_patients_not_followed_widen_the_series_and_leave_the_effects(followed):
    table = rows({"value": 50.0}, {"value": 73.0, "n": 15}).assign(share=0.7)
    all_of_them, some = outcome_effects(table), outcome_effects(table, followed=followed)
    assert close(some["yi"], all_of_them["yi"])
    assert close(some["vi"], all_of_them["vi"] / 0.7)
    assert close(pool_outcomes(table, followed=followed).estimate, pool(some).estimate)
    assert close(wilson([70], [20], 0.5), wilson([70], [10]))


@pytest.mark.parametrize(
    ("followed", "message"),
    [
        (0, r"followed: given \[0.0, 0.0, 0.0\] in rows \[0, 1, 2\], expected a share above 0 and up to 1"),
        (70, "followed: given"),
        ([0.5], "followed: given 1 shares, expected one for each of 3 rows"),
        ("share", "followed: given 'share', expected a share, a list of shares or a column"),
        (pd.Series([0.5] * 3, index=[2, 1, 0]), "followed: given a series with another index than the rows"),
        ([0.5, 0.5, np.nan], r"followed: given \[nan\] in rows \[2\]"),
    ],
)
def test_a_share_that_nobody_can_have_followed_is_refused(followed, message):
    with pytest.raises(ValueError, match=message):
        outcome_effects(rows(), followed=followed)


def test_refits_are_named_by_author_and_year():
    outcomes = nd.outcomes()
    effects = outcome_effects(rows_to_pool(outcomes[outcomes["therapy"] == "resection"], "overall_survival", 60))
    left_out, added = leave_one_out(effects), cumulative(effects)
    assert left_out.index[0] == "Chen 1998"
    assert "Sarmiento 2003" in added.index
    assert left_out["rstudent"].abs().idxmax() == "Sarmiento 2003"
    assert left_out.loc["Sarmiento 2003", ["tau2", "i2"]].tolist() == [0, 0]


@pytest.mark.parametrize("value", [0.0, 100.0])
def test_a_rate_of_all_or_none_is_not_pooled_and_says_why(value):
    message = r"rates of 0 or 100 % \(row3\), whose log odds would be those of an added half .* binomial-normal model"
    table = rows({"value": value}).assign(author="A", year=2000)
    for function in (outcome_effects, pool_outcomes, nd.pool_by_therapy):
        with pytest.raises(ValueError, match=message):
            function(table)


def test_therapies_in_one_estimate_are_named():
    assert pool_outcomes(rows({"therapy": "ablation"})).caution.endswith(
        "Therapies pooled into one estimate: resection, ablation."
    )


def test_every_row_of_the_review_can_be_pooled_or_says_why_not():
    outcomes = nd.outcomes()
    reasons = why_not_pooled(outcomes)
    assert reasons.index.tolist() == outcomes["outcome_id"].tolist()
    kept = outcomes[reasons.eq("").to_numpy()]
    assert kept[["endpoint", "statistic", "horizon_months"]].drop_duplicates().shape[0] == 1
    assert outcome_effects(kept)["vi"].gt(0).all()


def test_what_would_lose_its_names_or_is_no_number_is_refused():
    with pytest.raises(ValueError, match="xi: given {'A': 5, 'B': 9}, expected one number per study, as a list"):
        effect_sizes("PLO", xi={"A": 5, "B": 9}, ni={"B": 20, "A": 10})
    three = effect_sizes("PLO", xi=[10, 50, 90], ni=[100] * 3).set_axis(list("abc"))
    with pytest.raises(ValueError, match="order: given {'b': 1990"):
        cumulative(three, {"b": 1990, "a": 2000, "c": 2010})
    days = pd.to_datetime(pd.Series(["2001", None, "1999"], index=three.index))
    with pytest.raises(ValueError, match="order: given .*, expected one number per study"):
        cumulative(three, days)
    with pytest.raises(ValueError, match="groups: given "):
        subgroups(three, {"b": "x", "a": "x", "c": "y"})


def test_tables_of_fits_say_what_they_are_and_by_how_much_the_estimate_shifts():
    effects = effect_sizes("PLO", xi=[10, 50, 90], ni=[100] * 3)
    left_out, all_of_them = leave_one_out(effects, "PM", "z"), pool(effects, "PM", "z")
    for table in (left_out, cumulative(effects, None, "PM", "z")):
        assert table[["measure", "method", "test"]].drop_duplicates().to_numpy().tolist() == [["PLO", "PM", "z"]]
    assert close(left_out["estimate"] - left_out["shift"], [all_of_them.estimate] * 3)


def test_a_fit_is_read_out_in_these_words():
    fit = pool(effects_of("arms_bcg", "RR"))
    lines = str(fit).split("\n")
    assert lines[0] == f"Pooled: {fit.transformed()}"
    assert "95 % prediction interval 0." in lines[0]
    assert lines[1] == "Heterogeneity: tau² 0.31 (0.12 to 1.11), I² 92 % (82 to 98), Q 152.23 (p < 0.001)"
    assert lines[2] == "Model: 13 studies, RR, REML, knha"
    assert repr(fit) == f"Pooled({fit.transformed()}; 13 studies, RR, REML, knha)"
    assert len(lines) == 3  # nothing to be cautious of
    assert fit._repr_html_().count("<tr>") == 3
    alike = pool(SIX.iloc[:3])
    assert f"(p = {alike.qep:.3f})" in str(alike)
    assert f"<tr><th>Caution</th><td>{alike.caution}</td></tr>" in alike._repr_html_()


def test_weights_of_studies_that_are_nearly_those_pooled_are_refused():
    fit = pool(SIX)
    yi, vi = SIX["yi"].to_numpy(), SIX["vi"].to_numpy()
    assert close(fit.weights_of("PLO", list(yi), list(vi)), fit.weights)
    for y, v in ((yi + 1e-6, vi), (yi, vi * np.linspace(1, 1 + 1e-5, vi.size))):
        with pytest.raises(ValueError, match="with the same figures"):
            fit.weights_of("PLO", y, v)
