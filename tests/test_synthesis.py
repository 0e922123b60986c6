"""Series pooled by therapy, and two arms of one study compared."""

import pandas as pd
import pytest

import netdash as nd
from netdash.synthesis import outcome_effects, rows_to_pool

REVERSED = "its two sample sizes contradict another row of the table"


@pytest.fixture(scope="module")
def outcomes():
    return nd.outcomes()


def test_each_therapy_is_pooled_from_its_own_rows(outcomes):
    found = nd.pool_by_therapy(outcomes)
    assert {name: fit.k for name, fit in found.items()} == {"resection": 12, "transplantation": 2, "no_resection": 2}
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
    counts = nd.effect_sizes("PLO", xi=[0.49 * 150, 0.52 * 213], ni=[150, 213])  # not rounded
    assert outcome_effects(rows)["yi"].tolist() == pytest.approx(counts["yi"].tolist())
    assert nd.pool_by_therapy(outcomes)["transplantation"].estimate == pytest.approx(nd.pool(counts).estimate)


def compared(table):
    return table[table["left_out"] == ""]


def test_two_arm_studies_are_compared_and_called_observational(outcomes):
    table = compared(nd.contrasts(outcomes))
    assert table["study_id"].tolist() == ["chen_1998", "ahmed_2009", "mayo_2011_iat"]
    assert set(table["control"]) == {"no_resection", "intra_arterial"}
    assert table["caution"].str.startswith("observational").all()
    chen = table.iloc[0]
    assert (chen["ai"], chen["n1i"], chen["ci"], chen["n2i"]) == (pytest.approx(10.95), 15, pytest.approx(6.67), 23)
    assert chen["estimate"] == pytest.approx(0.73 / 0.29)
    assert chen["ci_lb"] < chen["estimate"] < chen["ci_ub"]


def test_a_risk_difference_is_a_difference_of_proportions(outcomes):
    assert nd.contrasts(outcomes, "RD").iloc[0]["estimate"] == pytest.approx(0.73 - 0.29)


def test_a_difference_between_all_and_none_is_one_and_its_interval_ends_there(outcomes):
    arms = own(outcomes, therapy=["resection", "no_resection"], n=[15, 23], value=[100.0, 0.0])
    row = nd.contrasts(arms, "RD").iloc[0]
    assert row["estimate"] == 1
    assert [row["ci_lb"], row["ci_ub"]] == pytest.approx([0.7509, 1], abs=1e-4)
    figure = nd.contrast_forest(nd.contrasts(arms, "RD"))
    assert "Newcombe" in figure.layout.meta["caption"]
    assert "½" not in figure.to_json()
    ratio = nd.contrast_forest(nd.contrasts(arms, "RR"))
    assert ratio.layout.yaxis2.ticktext[1].endswith("100 % of 15 v 0 % of 23, ½ added")
    assert "½ was added to each cell of a study with an empty one" in ratio.layout.meta["caption"]


@pytest.mark.parametrize("reading", ["corrected", "printed"])
def test_a_comparison_that_cannot_be_computed_says_why_and_gives_no_estimate(reading):
    table = nd.contrasts(nd.outcomes(reading))
    shut = table[table["left_out"] != ""]
    found = shut.set_index(["study_id", "treated", "control", "endpoint"])["left_out"].to_dict()
    second = "embolization" if reading == "corrected" else "ablation"
    misnamed = {
        "corrected": "printed for another treatment and number of patients",
        "printed": "printed as ablation; the paper compares with embolization",
    }[reading]
    assert found == {
        ("grazi_2000", "resection", "no_resection", "overall_survival"): REVERSED,
        ("coppa_2001", "resection", "transplantation", "overall_survival"): REVERSED,
        ("coppa_2001", "resection", "transplantation", "unclear"): (
            "a percentage in a column of months: what it measures is not said"
        ),
        ("yao_2001", "resection", "ablation", "overall_survival"): (
            "printed as ablation; the paper's title says chemoembolization"
        ),
        ("osborne_2006", "resection", second, "overall_survival"): misnamed,
        ("osborne_2006", "cytoreduction", second, "overall_survival"): misnamed,
    }
    counts_and_estimates = ["ai", "n1i", "ci", "n2i", "yi", "vi", "estimate", "ci_lb", "ci_ub"]
    assert shut[counts_and_estimates].isna().all(axis=None)
    assert not compared(table)[counts_and_estimates].isna().any(axis=None)


def test_a_comparison_carries_its_discrepancies(outcomes):
    carried = nd.contrasts(outcomes).set_index(["study_id", "endpoint"])["discrepancies"]
    assert carried["coppa_2001", "overall_survival"] == "B2-13"
    assert carried["coppa_2001", "unclear"] == "B2-13; B2-14"
    assert carried["mayo_2011_iat", "overall_survival"] == "B2-18; B2-20; B2-33"
    assert carried["chen_1998", "overall_survival"] == "B2-33"
    assert carried["ahmed_2009", "overall_survival"] == ""


def own(outcomes, **columns):
    """Return rows of a center's own study, one for each therapy."""
    rows = outcomes[outcomes["outcome_id"] == "t1-chen-resection-os60"].sample(len(columns["therapy"]), replace=True)
    return rows.assign(study_id="own", author="Ours", table=None, local=True, locator="own.csv", cohort="", **columns)


def test_own_arms_are_compared_when_they_may_be_pooled(outcomes):
    rows = own(outcomes, therapy=["transplantation", "no_resection"], n=[20, 40], value=[75.0, 50.0])
    found = nd.contrasts(rows).iloc[0]
    assert (found["treated"], found["control"], found["left_out"]) == ("transplantation", "no_resection", "")
    assert found["estimate"] == pytest.approx(1.5)
    unstated = nd.contrasts(rows.assign(year=pd.array([None, None], "Int64"))).iloc[0]
    assert (unstated["label"], unstated["estimate"]) == ("Ours", pytest.approx(1.5))
    shut = nd.contrasts(rows.assign(poolable=False)).iloc[0]
    assert shut["left_out"] == "marked as not poolable"
    missing = nd.contrasts(rows.assign(n=pd.array([20, None], "Int64"))).iloc[0]
    assert missing["left_out"] == "no percent or no number of patients"
    assert pd.isna(missing["n1i"])


def test_two_treatments_apart_from_resection_and_two_resections_are_not_set_against_each_other(outcomes):
    for pair in (["transplantation", "ablation"], ["resection", "cytoreduction"], ["no_resection", "no_treatment"]):
        assert nd.contrasts(own(outcomes, therapy=pair, n=[20, 40], value=[75.0, 50.0])).empty
    unheard = own(outcomes, therapy=["unheard of", "no_resection"], n=[20, 40], value=[75.0, 50.0])
    assert nd.contrasts(unheard)["treated"].tolist() == ["unheard of"]
    years = own(outcomes, therapy=["resection", "no_resection"], n=[20, 40], value=[75.0, 50.0], year=[2001, 2002])
    assert nd.contrasts(years).empty


def test_a_measure_without_two_arms_is_refused(outcomes):
    with pytest.raises(ValueError, match="given 'PLO', expected one of RR, OR, RD"):
        nd.contrasts(outcomes, "PLO")
