"""Series pooled by therapy, and two arms of one study compared."""

import pytest

import netdash as nd
from netdash.synthesis import outcome_effects, rows_to_pool


@pytest.fixture(scope="module")
def outcomes():
    return nd.outcomes()


def test_each_therapy_is_pooled_from_its_own_rows(outcomes):
    found = nd.pool_by_therapy(outcomes)
    assert {name: fit.k for name, fit in found.items()} == {"resection": 13, "transplantation": 2, "no_resection": 2}
    assert list(found) == ["resection", "transplantation", "no_resection"]
    assert found["transplantation"].caution
    assert not found["resection"].caution


def test_a_single_series_is_not_pooled(outcomes):
    assert "cytoreduction" not in nd.pool_by_therapy(outcomes)
    assert nd.pool_by_therapy(outcomes, horizon_months=48) == {}


def test_only_one_endpoint_and_horizon_enters(outcomes):
    rows = rows_to_pool(outcomes, "overall_survival", 60)
    assert set(rows["horizon_months"]) == {60}
    assert set(rows["statistic"]) == {"rate"}
    assert not {"t1-musunuru-resection-os36", "t1-fischer-resection-os60", "t1-mayo2-resection-os60"} & set(
        rows["outcome_id"]
    )


def test_the_registries_and_the_339_enter_once(outcomes):
    rows = rows_to_pool(outcomes, "overall_survival", 60)
    cohorts = rows.loc[rows["cohort"] != "", ["cohort", "therapy"]]
    assert not cohorts.duplicated().any()
    assert "mayo_international_339" in set(cohorts["cohort"])


def test_the_pool_is_the_one_of_the_same_counts(outcomes):
    rows = rows_to_pool(outcomes[outcomes["therapy"] == "transplantation"], "overall_survival", 60)
    counts = nd.effect_sizes("PLO", xi=[74, 111], ni=[150, 213])  # 49 % of 150, 52 % of 213
    assert outcome_effects(rows)["yi"].tolist() == pytest.approx(counts["yi"].tolist())
    assert nd.pool_by_therapy(outcomes)["transplantation"].estimate == pytest.approx(nd.pool(counts).estimate)


def test_two_arm_studies_are_compared_and_called_observational(outcomes):
    table = nd.contrasts(outcomes)
    assert table["study_id"].tolist() == ["chen_1998", "ahmed_2009", "mayo_2011_iat"]
    assert set(table["control"]) == {"no_resection", "intra_arterial"}
    assert table["caution"].str.startswith("observational").all()
    chen = table.iloc[0]
    assert (chen["ai"], chen["n1i"], chen["ci"], chen["n2i"]) == (11, 15, 7, 23)
    assert chen["estimate"] == pytest.approx((11 / 15) / (7 / 23))
    assert chen["ci_lb"] < chen["estimate"] < chen["ci_ub"]


def test_a_risk_difference_is_a_difference_of_proportions(outcomes):
    assert nd.contrasts(outcomes, "RD").iloc[0]["estimate"] == pytest.approx(11 / 15 - 7 / 23)


def test_a_comparison_whose_numbers_are_swapped_is_left_out(outcomes):
    assert not {"grazi_2000", "coppa_2001", "yao_2001"} & set(nd.contrasts(outcomes)["study_id"])


def test_a_measure_without_two_arms_is_refused(outcomes):
    with pytest.raises(ValueError, match="given 'PLO', expected one of RR, OR, RD"):
        nd.contrasts(outcomes, "PLO")
