"""Every picture but the forest: what it draws, its sentence, and what it refuses."""

import json
import re
from datetime import date
from itertools import permutations

import pandas as pd
import pytest
from conftest import ROOT, patients
from hypothesis import given, settings
from hypothesis import strategies as st

import netdash as nd
from netdash import rule_tables
from netdash.evidence import therapy_name
from netdash.figures import maps, theme
from netdash.figures.bars import attrition_dict
from netdash.figures.contrasts import contrast_dict
from netdash.figures.export import as_csv, file_name
from netdash.figures.forest import forest_dict
from netdash.figures.harms import harms_dict
from netdash.figures.icons import icon_dict
from netdash.figures.intervals import refit_dict
from netdash.figures.later import later_dict
from netdash.figures.maps import map_dict
from netdash.figures.medians import medians_dict
from netdash.figures.strips import strip_dict
from netdash.outcome_tables import (
    contrast_table,
    cumulative_table,
    forest_table,
    harms_table,
    influence_table,
    later_table,
    medians_table,
)
from netdash.outcome_tables.forest import SMALLEST
from netdash.outcome_tables.harms import NOT_FOUND, REPORTED
from netdash.pooling import FEWEST_STUDIES
from netdash.ranges import numbers
from netdash.synthesis import outcome_effects, rows_to_pool

CASE = nd.Patient(
    age_years=48, ki67_percent=4, liver_involvement_percent=35, primary_site="pancreas", extrahepatic_disease="none"
)


@pytest.fixture(scope="module")
def outcomes():
    return nd.outcomes()


@pytest.fixture(scope="module")
def effects(outcomes):
    return outcome_effects(rows_to_pool(outcomes[outcomes["therapy"] == "resection"], "overall_survival", 60))


FIGURES = "forest medians map strip icons attrition influence cumulative contrasts harms hazards later".split()


def figures_and_arguments(outcomes, effects):
    """Every public figure with what it is called with."""
    pooled, rates = nd.pool(effects), nd.pool_by_therapy(outcomes)
    table = pd.DataFrame(
        {
            "criterion": ["Age", "Ki-67"],
            "n_before": [10, 8],
            "n_remaining": [8, 5],
            "n_excluded_alone": [2, 4],
            "n_unknown": [0, 1],
        }
    )
    return {
        "forest": (nd.forest, (outcomes, rates)),
        "medians": (nd.medians, (outcomes,)),
        "map": (nd.eligibility_map, (CASE, "age_years", "liver_involvement_percent", ["milan_review", "milan_2019"])),
        "strip": (nd.verdict_strip, (CASE, "age_years")),
        "icons": (nd.icon_array, (52, 45, 60)),
        "attrition": (nd.attrition_bars, (table,)),
        "influence": (nd.influence, (nd.leave_one_out(effects), pooled)),
        "cumulative": (nd.cumulative_forest, (nd.cumulative(effects), pooled)),
        "contrasts": (nd.contrast_forest, (nd.contrasts(outcomes),)),
        "harms": (nd.harms_beside_benefits, (outcomes,)),
        "hazards": (nd.hazard_ratios, (nd.later_outcomes(),)),
        "later": (nd.published_later, (nd.later_outcomes(),)),
    }


DICTS = {
    "forest": lambda *given: forest_dict(forest_table(*given)),
    "medians": lambda *given: medians_dict(medians_table(*given)),
    "map": map_dict,
    "strip": strip_dict,
    "icons": icon_dict,
    "attrition": attrition_dict,
    "influence": lambda *given: refit_dict(influence_table(*given)),
    "cumulative": lambda *given: refit_dict(cumulative_table(*given)),
    "contrasts": lambda *given: contrast_dict(contrast_table(*given)),
    "harms": lambda *given: harms_dict(harms_table(*given)),
    "hazards": lambda *given: later_dict(later_table(*given)),
    "later": lambda *given: later_dict(later_table(*given, statistic="median")),
}
"""By name of a figure: what makes its plain dictionary, with the arguments of the figure."""


def all_figures(outcomes, effects):
    return {name: figure(*given) for name, (figure, given) in figures_and_arguments(outcomes, effects).items()}


def test_each_has_a_sentence_one_theme_and_plain_lists(outcomes, effects):
    drawn = all_figures(outcomes, effects)
    assert list(drawn) == FIGURES
    for name, figure in drawn.items():
        assert figure.layout.meta["text"].endswith("."), name
        assert figure.layout.font.family == theme.layout()["font"]["family"], name
        assert figure.layout.paper_bgcolor == "white", name
        assert "sendChartToCloud" in figure.layout.modebar.remove, name
        assert "bdata" not in figure.to_json(), name
        assert json.loads(figure.to_json())["data"], name


def test_the_projector_asks_for_larger_type(outcomes):
    assert nd.forest(outcomes, font_px=22).layout.font.size == 22
    assert nd.eligibility_map(CASE, font_px=22).layout.font.size == 22


# --- Pooled rows of the forest


def test_the_forest_draws_diamond_and_prediction_interval(outcomes):
    pooled = nd.pool_by_therapy(outcomes)
    figure = nd.forest(outcomes, pooled)
    diamonds = [trace for trace in figure.data if trace.name == "pooled"]
    assert len(diamonds) == sum(fit.k >= FEWEST_STUDIES for fit in pooled.values()) == 1
    natural = pooled["resection"].transformed()
    assert diamonds[0].x[:3] == pytest.approx([100 * natural.ci_lb, 100 * natural.estimate, 100 * natural.ci_ub])
    dotted = [trace for trace in figure.data if trace.name == "prediction interval"]
    assert list(dotted[0].x) == pytest.approx([100 * natural.pi_lb, 100 * natural.pi_ub])
    caption = figure.layout.meta["caption"]
    assert "Resection: k = 12" in caption
    assert "REML, knha" in caption
    assert "Two series are not pooled: Transplantation and No resection." in caption


def test_two_series_stand_side_by_side_and_are_not_pooled(outcomes):
    rows = outcomes[outcomes["therapy"].isin(["transplantation", "no_resection"])]
    pooled = nd.pool_by_therapy(rows)
    figure = nd.forest(rows, pooled)
    assert {fit.k for fit in pooled.values()} == {2}
    assert {trace.name for trace in figure.data} == {"names", "interval", "series"}
    said = [note.text for note in figure.layout.annotations]
    assert "49 and 52 %, 2 series, not pooled" in said
    assert "29 and 52 %, 2 series, not pooled" in said
    assert "weight" not in str(figure.layout.yaxis2.ticktext)
    for word in ("Diamond", "prediction", "k = 2", "How pooled", "NaN", "nan"):
        assert word not in figure.to_json(), word


def test_an_interval_that_was_widened_is_drawn_wide_and_named(outcomes):
    rows = outcomes[outcomes["outcome_id"].isin(["t1-chen-resection-os60", "t1-yao-resection-os60"])]
    alike = pd.concat([rows.assign(outcome_id=rows["outcome_id"] + str(copy), cohort="") for copy in range(2)])
    alike = alike.assign(value=70.0, n=20, year=range(2001, 2005))
    figure = nd.forest(alike, nd.pool_by_therapy(alike))
    assert any("knha, widened to normal" in note.text.replace("<br>", " ") for note in figure.layout.annotations)
    assert "knha, widened to normal" in figure.layout.meta["caption"]
    (diamond,) = (trace for trace in figure.data if trace.name == "pooled")
    assert diamond.x[2] - diamond.x[0] > 15


def test_no_bound_is_rounded_to_all_or_none(outcomes):
    row = outcomes[outcomes["outcome_id"] == "t1-chen-resection-os60"]
    right = nd.forest(row.assign(value=99.7, n=2000)).layout.yaxis2.ticktext[1]
    assert right == "99.7 % (99 to >99)"


def test_one_estimate_serves_rows_of_one_therapy(outcomes, effects):
    alone = nd.forest(outcomes[outcomes["therapy"] == "resection"], nd.pool(effects))
    assert [trace.name for trace in alone.data].count("pooled") == 1
    with pytest.raises(ValueError, match="expected rows of one therapy"):
        nd.forest(outcomes, nd.pool(effects))


def test_squares_grow_with_weight(outcomes):
    figure = nd.forest(outcomes, nd.pool_by_therapy(outcomes))
    points = [trace for trace in figure.data if trace.name == "series"]
    size = {name: size for trace in points for name, size in zip(trace.customdata, trace.marker.size, strict=True)}
    assert size["t1-mayo-resection-os60"] > size["t1-chen-resection-os60"]
    beside = dict(zip(points[0].customdata, figure.layout.yaxis2.ticktext[1:], strict=False))
    assert "weight" in beside["t1-mayo-resection-os60"]
    quiet = nd.forest(outcomes, nd.pool_by_therapy(outcomes), weights=False)
    assert not any("weight" in text for text in quiet.layout.yaxis2.ticktext)


def test_a_square_has_the_area_of_its_precision_over_the_whole_picture(outcomes):
    def sizes(figure):
        (trace,) = (trace for trace in figure.data if trace.name == "series")
        return dict(zip(trace.customdata, trace.marker.size, strict=True))

    whole = nd.forest(outcomes, nd.pool_by_therapy(outcomes))
    found = sizes(whole)
    assert found == sizes(nd.forest(outcomes))  # pooled or not
    rows = outcomes.set_index("outcome_id").loc[list(found)]
    precision = rows["n"].astype(float) * rows["value"] / 100 * (1 - rows["value"] / 100)
    side = (precision / precision.max()) ** 0.5
    for name, size in found.items():
        assert size == pytest.approx(14.3 * max(side[name], SMALLEST), abs=0.06)
    assert "the area is the precision, but the smallest are drawn larger" in whole.layout.meta["caption"]
    large = outcomes[outcomes["outcome_id"].isin(["t1-mayo-resection-os60", "t1-glazer-resection-os60"])]
    assert "larger" not in nd.forest(large).layout.meta["caption"]


def test_the_axis_closes_the_plot_and_no_line_runs_through_the_words_below(outcomes):
    figure = nd.forest(outcomes, nd.pool_by_therapy(outcomes))
    heights = dict(zip(figure.layout.yaxis.ticktext, figure.layout.yaxis.tickvals, strict=True))
    low, high = figure.layout.yaxis.range
    axis = low + figure.layout.xaxis.position * (high - low)
    (series,) = (trace for trace in figure.data if trace.name == "series")
    assert heights["<b>How pooled</b>"] < axis < min(series.y)
    assert figure.layout.xaxis.showgrid is False
    assert all(min(shape.y0, shape.y1) >= axis - 1e-9 for shape in figure.layout.shapes)
    assert figure.layout.template.layout.annotationdefaults.bgcolor == "white"


def test_comparison_arms_stand_in_a_panel_of_their_own(outcomes):
    figure = nd.forest(outcomes)
    names = dict(zip(figure.layout.yaxis.ticktext, figure.layout.yaxis.tickvals, strict=True))
    between = next(y for text, y in names.items() if "Comparison arms" in text)
    assert names["<b>No resection</b>"] < between < names["<b>Transplantation</b>"]
    upright = [shape for shape in figure.layout.shapes if shape.x0 == shape.x1]
    assert not any(min(line.y0, line.y1) < between < max(line.y0, line.y1) for line in upright)


def test_columns_have_heads_and_the_prediction_interval_can_be_left_out(outcomes):
    pooled = nd.pool_by_therapy(outcomes)
    figure = nd.forest(outcomes, pooled)
    assert "Series, patients" in figure.layout.yaxis.ticktext[0]
    assert "% (95 % interval), weight" in figure.layout.yaxis2.ticktext[0]
    assert "prediction interval" in {trace.name for trace in figure.data}
    compact = nd.forest(outcomes, pooled, compact=True)
    assert "Series, patients" not in compact.layout.yaxis.ticktext[0]
    assert len([shape for shape in compact.layout.shapes if shape.y0 == shape.y1]) == 2  # the floors of two panels
    assert compact.layout.height < figure.layout.height
    without = nd.forest(outcomes, pooled, prediction=False)
    assert "prediction interval" not in {trace.name for trace in without.data}
    assert not any("prediction" in text for text in without.layout.yaxis.ticktext)
    few = outcomes[
        outcomes["outcome_id"].isin(["t1-chen-resection-os60", "t1-yao-resection-os60", "t1-gomez-resection-os60"])
    ]
    assert "<i>Pooled, k = 3, unsettled</i>" in nd.forest(few, nd.pool_by_therapy(few)).layout.yaxis.ticktext


def test_weights_stand_beside_their_series_in_whatever_order_these_were_pooled(outcomes, effects):
    rows = outcomes[outcomes["therapy"] == "resection"]
    wanted = nd.forest(rows, nd.pool(effects))
    assert nd.forest(rows, nd.pool(effects[::-1])).layout.yaxis2 == wanted.layout.yaxis2
    beside = dict(zip(wanted.data[2].customdata, wanted.layout.yaxis2.ticktext[1:], strict=False))
    weights = dict(zip(effects.index, nd.pool(effects).weights, strict=True))
    assert len(weights) == 12
    assert all(beside[name].endswith(f"weight {weight:.0f} %") for name, weight in weights.items())


def test_an_estimate_of_other_figures_is_refused(outcomes, effects):
    # As many rows, but printed: the diamond would not be theirs.
    pooled = nd.pool_by_therapy(outcomes)
    assert pooled["resection"].k == nd.pool_by_therapy(nd.outcomes(reading="printed"))["resection"].k
    with pytest.raises(ValueError, match=r"pooled\['resection'\]: given 12 studies .* with the same figures"):
        nd.forest(nd.outcomes(reading="printed"), pooled)
    with pytest.raises(ValueError, match="given 12 studies of measure GEN"):
        nd.forest(outcomes, {"resection": nd.pool(effects[["yi", "vi"]])})


def test_only_what_is_in_the_picture_is_said_of_it(outcomes):
    figure = nd.forest(outcomes[outcomes["therapy"] == "transplantation"], nd.pool_by_therapy(outcomes))
    assert "not pooled: Transplantation." in figure.layout.meta["caption"]
    assert "k = 12" not in figure.to_json()


def test_a_series_that_is_only_marked_is_left_out_with_that_as_its_reason(outcomes):
    marked = outcomes.copy()
    marked.loc[marked["outcome_id"] == "t1-gomez-resection-os60", "poolable"] = False
    figure = nd.forest(marked, nd.pool_by_therapy(marked))
    assert "11 series" in nd.forest(marked[marked["therapy"] == "resection"]).layout.meta["text"]
    assert any("marked as not poolable" in note.text for note in figure.layout.annotations)
    left_out = harms_table(marked).frame().set_index("id")["left_out"]
    assert left_out["t1-gomez-resection-os60"] == "marked as not poolable"


def test_a_table_that_was_written_and_read_again_gives_the_same_pictures(outcomes, tmp_path):
    outcomes.to_csv(tmp_path / "outcomes.csv", index=False)
    again = pd.read_csv(tmp_path / "outcomes.csv")
    for figure in (nd.forest, nd.medians, nd.harms_beside_benefits):
        assert figure(again).to_json() == figure(outcomes).to_json()
    assert nd.contrasts(again)["discrepancies"].tolist() == nd.contrasts(outcomes)["discrepancies"].tolist()


@pytest.mark.parametrize("figure", [nd.forest, nd.medians, nd.harms_beside_benefits])
def test_a_picture_of_the_printed_figures_says_so(figure, tmp_path):
    printed, corrected = figure(nd.outcomes("printed")), figure(nd.outcomes())
    assert "as printed" in printed.layout.title.text
    assert "as printed" in printed.layout.meta["text"]
    assert "as-printed" in nd.save(printed, tmp_path, "csv").name
    assert "printed" not in corrected.layout.title.text + nd.save(corrected, tmp_path, "csv").name


def test_an_estimate_of_other_rows_is_refused(outcomes, effects):
    with pytest.raises(ValueError, match=r"pooled\['resection'\]: given 11 studies .* expected the 12 rows drawn"):
        nd.forest(outcomes, {"resection": nd.pool(effects.iloc[1:])})


def test_series_touched_by_a_discrepancy_are_marked(outcomes):
    names = nd.forest(outcomes).layout.yaxis.ticktext
    assert "Kianmanesh 2008, n = 19 † ‡ ◦" in names
    assert "Scigliano 2009, n = 41 † ‡" in names
    assert "Chen 1998, n = 15 † ◦" in names
    assert "Ahmed 2009, n = 50 ◦" in names


def test_a_percent_that_is_no_count_of_its_patients_is_marked(outcomes):
    """15 of 18 are 83 %, 16 of 18 are 89 %: 86 % of 18 is no count, so it is actuarial."""
    figure = nd.forest(outcomes)
    assert "Gomez 2007, n = 18 ‡ ◦" in figure.layout.yaxis.ticktext
    assert "‡ no count of these n gives this percent" in figure.layout.meta["caption"]
    (series,) = (trace for trace in figure.data if trace.name == "series")
    hover = dict(zip(series.customdata, series.text, strict=True))
    assert "‡ no count of this n" in hover["t1-gomez-resection-os60"]
    assert "‡" not in hover["t1-ahmed-resection-os60"]
    table = forest_table(outcomes).frame().set_index("outcome_id")["no_count"]
    assert table["t1-gomez-resection-os60"]
    assert not table["t1-ahmed-resection-os60"]
    alone = nd.forest(outcomes[outcomes["outcome_id"] == "t1-ahmed-resection-os60"])
    assert "‡" not in alone.to_json()


def test_how_a_diamond_was_made_stands_under_the_plot(outcomes):
    pooled = nd.pool_by_therapy(outcomes)
    below = [note.text.replace("<br>", " ") for note in nd.forest(outcomes, pooled).layout.annotations]
    assert "k = 12, tau² 0.066 (0.00 to 0.45), I² 46 % (0 to 85), REML, knha." in below
    quiet = [note.text for note in nd.forest(outcomes, pooled, left_out=False).layout.annotations]
    assert quiet == ["49 and 52 %, 2 series, not pooled", "29 and 52 %, 2 series, not pooled"]
    narrow = nd.forest(outcomes, pooled, font_px=24).layout.annotations
    assert max(len(line) for note in narrow for line in note.text.split("<br>")) <= 46


def test_the_pointer_names_the_discrepancies_of_a_series(outcomes):
    figure = nd.forest(outcomes)
    points = [trace for trace in figure.data if trace.name == "series"]
    hover = {name: text for trace in points for name, text in zip(trace.customdata, trace.text, strict=True)}
    wanted = outcomes.set_index("outcome_id")["discrepancies"]
    assert all(("† " + wanted[name] in text) == bool(wanted[name]) for name, text in hover.items())
    assert any("† B2-13" in (note.hovertext or "") for note in figure.layout.annotations)


# --- Medians


def test_medians_have_no_interval_and_not_reached_is_drawn_as_such(outcomes):
    figure = nd.medians(outcomes)
    assert all(trace.error_x.array is None for trace in figure.data)
    (points,) = (trace for trace in figure.data if trace.name == "series")
    symbol = dict(zip(points.customdata, points.marker.symbol, strict=True))
    assert symbol["t1-chen-resection-osmedian"] == "arrow-right-open"
    assert "not reached" in figure.layout.yaxis2.ticktext


def test_means_and_longest_follow_ups_are_no_medians(outcomes):
    table = medians_table(outcomes).frame().set_index("outcome_id")["left_out"]
    assert table["t4-dong-osmedian"] == "a mean, not a median"
    assert table["t1-osborne-resection-osmedian"] == "a mean, not a median"
    assert "t3-seifert-osmedian" not in table.index
    text = medians_table(outcomes).sentence()
    assert "not reached in 2" in text
    assert "not pooled" in text


@pytest.mark.parametrize("reading", ["corrected", "printed"])
def test_a_median_under_a_name_that_is_in_doubt_is_left_out_with_the_reason(reading):
    rows = nd.outcomes(reading)
    progression = medians_table(rows, endpoint="progression_free_survival").frame().set_index("outcome_id")["left_out"]
    for technique in ("hae", "hace"):
        assert "suspected to be by tumor" in progression[f"t4-gupta-{technique}-pfsmedian"]
    survival = medians_table(rows).frame().set_index("outcome_id")["left_out"]
    assert survival["t1-yao-ablation-osmedian"] == "printed as ablation; the paper's title says chemoembolization"
    assert survival["t1-yao-resection-osmedian"] == ""
    shown = {name for name, why in progression.items() if not why}
    drawn = drawn_ids(nd.medians(rows, endpoint="progression_free_survival"), "series")
    assert shown == set(drawn)
    assert "t3-karabulut-pfsmedian" in shown


def test_a_mean_that_the_source_does_not_have_is_no_figure_and_says_so(outcomes):
    table = medians_table(outcomes, endpoint="progression_free_survival").frame().set_index("outcome_id")
    assert pd.isna(table.at["t4-ho-pfsmedian", "value"])
    assert table.at["t4-ho-pfsmedian", "left_out"] == "the abstract gives two means, by tumor, and none for all"
    texts = [note.text for note in nd.medians(outcomes, endpoint="progression_free_survival").layout.annotations]
    assert not any("18 months" in text for text in texts)


def test_both_sides_of_the_comparison_of_osborne_stand_beside_each_other(outcomes):
    table = medians_table(outcomes).frame()
    means = table[(table["study_id"] == "osborne_2006") & (table["statistic"] == "mean") & table["value"].notna()]
    assert dict(zip(means["therapy"], means["value"], strict=True)) == {
        "resection": 50,
        "cytoreduction": 32,
        "embolization": 24,
    }


def test_a_figure_of_the_text_that_its_source_does_not_have_is_not_drawn(outcomes):
    left_out = harms_table(outcomes).frame().set_index("id")["left_out"]
    assert left_out["c-deb-symptoms"] == NOT_FOUND
    figure = nd.harms_beside_benefits(outcomes, "embolization")
    assert "c-deb-symptoms" not in drawn_ids(figure, "benefits")
    assert "c-deb-symptoms" not in drawn_ids(figure, "benefits in words")
    printed = nd.harms_beside_benefits(nd.outcomes("printed"), "embolization")
    assert "c-deb-symptoms" in drawn_ids(printed, "benefits")


def test_medians_of_another_endpoint(outcomes):
    assert (
        nd.medians(outcomes, endpoint="progression_free_survival").layout.title.text
        == "Median progression free survival"
    )
    with pytest.raises(ValueError, match="expected one of"):
        nd.medians(outcomes, endpoint="happiness")


# --- Map and strip


def test_the_edges_of_the_map_lie_at_the_bounds():
    figure = nd.eligibility_map(CASE, "age_years", "liver_involvement_percent", "milan_review")
    heat = figure.data[0]
    assert list(heat.x) == [0, 55, 120]
    assert list(heat.y) == [0, 50, 100]
    assert [list(row) for row in heat.z] == [[2, 0], [0, 0]]
    assert "under 55 years" in figure.layout.meta["text"]


def test_the_patient_is_marked_when_both_inputs_are_known():
    assert nd.eligibility_map(CASE).data[-1].x == (48,)
    assert len(nd.eligibility_map(CASE.replace(age_years=None)).data) == 1


def test_several_rule_sets_are_outlined_over_each_other():
    figure = nd.eligibility_map(CASE, "age_years", "ki67_percent", ["milan_review", "milan_2023", "prrt_label"])
    names = [trace.name for trace in figure.data if trace.type == "scatter" and trace.mode == "lines"]
    assert names[0] == "Milan, as the review quotes it"
    assert "met nowhere" in names[2]
    assert figure.data[3].x == (None,)  # no point, yet a place in the legend
    with pytest.raises(ValueError, match="given 8, expected at most 7 lines that can be told apart"):
        nd.eligibility_map(CASE, rule_set=["milan_review"] * 8)
    with pytest.raises(ValueError, match="rule_set: given none"):
        nd.eligibility_map(CASE, rule_set=[])
    assert len(set(maps.DASHES)) == len(maps.DASHES)
    edges = {value for value in figure.data[1].x if value is not None}
    assert edges == {0, 55}


def test_a_map_of_nothing_says_so():
    assert "met nowhere" in nd.eligibility_map(CASE.replace(primary_site="lung")).layout.meta["text"]


def test_the_strip_is_exact_and_says_each_side():
    text = nd.verdict_strip(CASE, "age_years", ["milan_review", "milan_2019"]).layout.meta["text"]
    assert "is met from 0 to under 55 years" in text
    figure = nd.verdict_strip(CASE, "age_years", ["milan_review"])
    met = next(trace for trace in figure.data if trace.name == "met")
    assert (met.base, met.x) == ((0.0,), (55.0,))
    assert met.text == ("met",)


def test_a_strip_of_one_name_of_none_and_of_no_patient():
    one = nd.verdict_strip(CASE, "age_years", "milan_review")
    assert one == nd.verdict_strip(CASE, "age_years", ["milan_review"])
    with pytest.raises(ValueError, match="there is none to draw along 'age_years'"):
        nd.verdict_strip(CASE, "age_years", [])
    for draw in (nd.verdict_strip, nd.eligibility_map):
        with pytest.raises(TypeError, match="patient: given dict, expected a Patient"):
            draw({"age_years": 48}, "age_years")


def test_the_strip_of_an_ordered_choice_has_one_place_for_each_word():
    figure = nd.verdict_strip(CASE, "extrahepatic_disease", ["milan_review"])
    assert list(figure.layout.xaxis.ticktext) == ["none", "limited, stable", "limited, progressing", "extensive"]


@pytest.mark.parametrize("known", [{}, {"age_years": 40}, {"age_years": 70, "ki67_percent": 20}])
def test_the_sentence_of_a_map_says_what_is_drawn_whatever_is_known_of_the_patient(known):
    case = nd.Patient(primary_site="pancreas", extrahepatic_disease="none", liver_involvement_percent=30, **known)
    figure = nd.eligibility_map(case)
    met = nd.drawn(figure).query("name == 'met'")
    assert met[["low", "high"]].to_numpy().tolist() == [[0, 55]]
    said = "met with age from 0 to under 55 years and Ki-67 from 0 to under 10 %; elsewhere missed."
    assert figure.layout.meta["text"].endswith(said)
    open_site = nd.eligibility_map(case.replace(primary_site=None)).layout.meta["text"]
    assert open_site.endswith("met nowhere over age and Ki-67 (missed or open).")


@settings(max_examples=40)
@given(patients(), st.sampled_from(list(rule_tables.load())), st.sampled_from(list(permutations(numbers(), 2))))
def test_a_map_that_is_met_somewhere_says_so_and_one_that_is_not_does_not(patient, rule_set, axes):
    figure = nd.eligibility_map(patient, *axes, rule_set)
    met = "met" in set(nd.drawn(figure).query("trace == 'map'")["name"])
    assert ("met nowhere" in figure.layout.meta["text"]) is not met
    assert ("met with" in figure.layout.meta["text"]) is met


def test_a_strip_tells_what_is_open_from_what_is_missed():
    def text(case):
        return nd.verdict_strip(case, "age_years", ["milan_review"]).layout.meta["text"]

    case = nd.Patient(primary_site="pancreas", extrahepatic_disease="none", liver_involvement_percent=30)
    assert text(case).endswith("is met nowhere, open from 0 to under 55 years.")
    assert text(case.replace(ki67_percent=20)).endswith("is met nowhere.")


# --- Icons, attrition, influence, contrasts


def test_one_hundred_people_are_counted():
    figure = nd.icon_array(52.4, 45, 60)
    assert [len(trace.x) for trace in figure.data] == [45, 7, 8, 40]
    assert len({trace.marker.symbol for trace in figure.data}) == 4  # told apart without color
    assert figure.data[1].name == "7 more at the rate itself"
    assert [trace.name.split()[0] for trace in nd.icon_array(0, 0, 0).data] == ["0", "0", "0", "100"]
    assert "52 of 100" in figure.layout.title.text
    assert "not a forecast" in figure.layout.meta["text"]


@pytest.mark.parametrize(
    ("given", "shown"), [((99.6, 98, 99.9), (99, 98, 99)), ((0.4, 0, 3), (1, 0, 3)), ((100, 97, 100), (100, 97, 100))]
)
def test_all_of_them_and_nobody_are_shown_only_where_it_is_so(given, shown):
    percent, low, high = shown
    assert (
        f"about {percent} of 100 patients; the 95 % confidence interval reaches from {low} to {high}"
        in (nd.icon_array(*given).layout.meta["text"])
    )


def test_one_hundred_people_of_a_pool_say_which_interval_they_show(effects):
    fit = nd.pool(effects)
    mean = nd.icon_array(fit, what="Resection, alive at five years")
    center = nd.icon_array(fit, what="Resection, alive at five years", interval="prediction")
    assert mean.layout.title.text == "Resection, alive at five years: 74 of 100 (69 to 79)"
    assert center.layout.title.text == "Resection, alive at five years: 74 of 100 (61 to 84)"
    assert mean.layout.title.subtitle.text == "95 % confidence interval: of the mean of these series"
    assert center.layout.title.subtitle.text == "95 % prediction interval: of the rate of a further center"
    assert "the 95 % prediction interval reaches from 61 to 84" in center.layout.meta["text"]


def test_an_interval_that_says_nothing_is_not_drawn(effects):
    with pytest.raises(ValueError, match="given one from 0 to 99 of 100 people; these series cannot tell"):
        nd.icon_array(43, 0.3, 99.5)
    two = nd.pool(effects[:2])
    with pytest.raises(ValueError, match="given 2 series, which have no prediction interval"):
        nd.icon_array(two, interval="prediction")
    with pytest.raises(ValueError, match="interval: given 'credible', expected one of confidence, prediction"):
        nd.icon_array(52, 45, 60, interval="credible")
    with pytest.raises(ValueError, match="given a fit of measure GEN, expected one of rates"):
        nd.icon_array(nd.pool(effects[["yi", "vi"]]))


@pytest.mark.parametrize(
    "given",
    [(0.74, 0.68, 0.79), (50, 60, 70), (101, 90, 102), (50, 40, 45), (-1, -2, 3), ("50", 40, 60), (float("nan"), 1, 2)],
)
def test_a_rate_outside_its_interval_is_refused(given):
    with pytest.raises(ValueError, match="expected 0 <= low <= percent <= high <= 100"):
        nd.icon_array(*given)


def test_large_type_has_room_in_every_picture(outcomes, effects):
    for name, (figure, arguments) in figures_and_arguments(outcomes, effects).items():
        small, large = figure(*arguments).layout.height, figure(*arguments, font_px=24).layout.height
        assert (small is None and large is None) or large >= 1.6 * small, name  # those without fill what there is


def test_each_bar_of_an_attrition_has_its_figure_beside_it():
    table = pd.DataFrame(
        {"criterion": ["<b>Age</b>", "b"], "n_before": [9, 5], "n_remaining": [5, 0], "n_excluded_alone": [4, 0]}
    )
    figure = nd.attrition_bars(table)
    assert [list(trace.text) for trace in figure.data] == [["9", "5", "0"], ["", "4", "0"]]
    assert {trace.textposition for trace in figure.data} == {"outside"}
    assert figure.data[0].y[1] == "&lt;b&gt;Age&lt;/b&gt;"
    with pytest.raises(ValueError, match=r"given no n_before, .*expected what nd\.attrition returns"):
        nd.attrition_bars(table[["criterion"]])


def test_an_attrition_says_what_excludes_most_and_keeps_its_order():
    def said(*alone):
        remaining = [9 - sum(alone[: place + 1]) for place in range(3)]
        table = {"criterion": list("abc"), "n_before": [9, *remaining[:-1]], "n_remaining": remaining}
        return nd.attrition_bars(pd.DataFrame(table).assign(n_excluded_alone=alone)).layout.meta["text"]

    assert said(1, 4, 0) == "Of 9 patients 4 meet all 3 criteria. b excludes most, 4, whatever the others say."
    assert "a and c exclude most, 2, whatever" in said(2, 0, 2)
    assert "No criterion excludes anybody" in said(0, 0, 0)
    table = nd.attrition(pd.DataFrame({"age_years": [40, 60, 70], "ki67_percent": [4, 20, 3]}), "milan_review")
    with pytest.raises(ValueError, match="expected all rows of nd.attrition in their order"):
        nd.attrition_bars(table.sort_values("n_remaining"))


def test_an_attrition_of_several_rule_sets_is_one_picture_that_says_what_is_not_in_the_data():
    table = nd.attrition(pd.DataFrame({"age_years": [40, 60, None]}), ["milan_review", "milan_2007"])
    figure = nd.attrition_bars(table)
    sets, names = figure.data[0].y
    assert list(dict.fromkeys(sets)) == ["milan_review", "milan_2007"]
    assert len(set(names)) == len(names)
    assert [name.strip("\u200b") for name in names if name.endswith("\u200b")] == [
        *("All patients", *table.criterion[table.rule_set == "milan_2007"])
    ]
    assert figure.data[0].x[0] == 3
    text = figure.layout.meta["text"]
    assert "milan_review: Of 3 patients 0 meet all 5 criteria. Of 2 it cannot be told" in text
    one = nd.attrition(pd.DataFrame({"age_years": [40, 60]}), "milan_review")
    assert "Extrahepatic disease" in nd.attrition_bars(one).layout.meta["text"]
    assert "are not in the data" in nd.attrition_bars(one).layout.meta["text"]


def test_an_empty_attrition_is_refused():
    with pytest.raises(ValueError, match=r"expected what nd\.attrition returns"):
        nd.attrition_bars(pd.DataFrame(columns=["criterion", "n_before", "n_remaining", "n_excluded_alone"]))


def test_influence_names_the_series_that_changes_most(effects):
    pooled, rest = nd.pool(effects), nd.leave_one_out(effects)
    text = nd.influence(rest, pooled).layout.meta["text"]
    assert text == "Pooled 74 % over 12 series; without Sarmiento 2003, 76 % and I² 0 % instead of 46 %."
    with pytest.raises(ValueError, match="expected nd.leave_one_out of the same rates"):
        nd.influence(rest.iloc[1:], pooled)
    others = effects.assign(yi=effects["yi"] + 1)
    alike = (nd.leave_one_out(others), nd.leave_one_out(effects, "DL"), nd.leave_one_out(effects, test="z"))
    for table in (*alike, rest.drop(columns="shift")):
        with pytest.raises(ValueError, match="of other rates, or pooled otherwise"):
            nd.influence(table, pooled)


def test_most_is_most_on_the_axis_that_is_drawn():
    counts = {"xi": [40, 102, 112, 137, 111, 105], "ni": [40, 113, 112, 176, 134, 134]}
    effects = nd.effect_sizes("PLO", **counts).set_axis(list("ABCDEF"))
    figure = nd.influence(nd.leave_one_out(effects), nd.pool(effects))
    far = max(figure.data[0].x, key=lambda x: abs(x - figure.layout.shapes[0].x0))
    assert f"without B, {far:.0f} % and I² " in figure.layout.meta["text"]


def test_the_series_that_makes_the_heterogeneity_is_named_apart_from_the_one_that_changes_the_rate():
    effects = nd.effect_sizes("PLO", xi=[60, 7, 52, 48, 12], ni=[100, 10, 100, 100, 12]).set_axis(list("ABCDE"))
    rest = nd.leave_one_out(effects)
    rest.loc["A", "i2"] = 1.0  # as if another series than the one with the largest shift made the heterogeneity
    text = nd.influence(rest, nd.pool(effects)).layout.meta["text"]
    assert "which changes it most" in text
    assert "; without A, I² 1 % instead of" in text
    alike = nd.effect_sizes("PLO", xi=[60, 59, 61, 58], ni=[100] * 4).set_axis(list("ABCD"))
    text = nd.influence(nd.leave_one_out(alike), nd.pool(alike)).layout.meta["text"]
    assert "I²" not in text
    assert "which changes it most" in text


def test_the_influence_picture_is_about_its_estimates_and_has_the_heterogeneity(effects):
    figure = nd.influence(nd.leave_one_out(effects), nd.pool(effects))
    low, high = figure.layout.xaxis.range
    assert (low, high) == (65, 80)
    assert "without Sarmiento 2003" in figure.layout.yaxis.ticktext
    beside = dict(zip(figure.layout.yaxis.ticktext, figure.layout.yaxis2.ticktext, strict=True))
    assert beside["without Sarmiento 2003"] == "75.6 % (72.4 to 78.5), tau² 0.00, I² 0 %"
    assert figure.data[0].marker.line.color == theme.INK


def test_the_cumulative_plot_ends_with_all_of_them(outcomes, effects):
    years = outcomes.set_index("outcome_id")["year"].loc[effects.index]
    pooled, added = nd.pool(effects), nd.cumulative(effects, years)
    figure = nd.cumulative_forest(added, pooled)
    points = figure.data[0]
    assert points.x[-1] == pytest.approx(100 * pooled.transformed().estimate)
    assert points.x[-1] == pytest.approx(figure.layout.shapes[0].x0)
    names = dict(zip(figure.layout.yaxis.tickvals, figure.layout.yaxis.ticktext, strict=True))
    assert [names[y].partition("k = ")[2] for y in points.y] == [str(k) for k in range(FEWEST_STUDIES, pooled.k + 1)]
    (two,) = figure.layout.annotations  # the first two are not pooled
    assert (two.text, names[two.y][-5:]) == ("2 series, not pooled", "k = 2")
    assert names[1] == f"+ {added.index[-1]}, k = {pooled.k}" == "+ Mayo 2011, k = 12"
    assert "over the first 3 series" in figure.layout.meta["text"]
    with pytest.raises(ValueError, match="given 10 rows and 12 studies of PLO; expected nd.cumulative of the same"):
        nd.cumulative_forest(added.iloc[1:], pooled)
    with pytest.raises(ValueError, match="in its order"):
        nd.cumulative_forest(added[::-1], pooled)
    with pytest.raises(ValueError, match="of other rates, or pooled otherwise"):
        nd.cumulative_forest(added, nd.pool(effects, method="DL"))


def test_figures_stand_beside_their_intervals_and_the_title_says_of_what(effects):
    pooled, rest = nd.pool(effects), nd.leave_one_out(effects)
    figure = nd.influence(rest, pooled, what="Resection: 5-year overall survival")
    assert figure.layout.yaxis2.ticktext[0] == "74.1 % (68.5 to 79.1), tau² 0.07, I² 50 %"
    assert file_name(figure, "svg", date(2026, 1, 2)) == (
        "netdash-resection-5-year-overall-survival-each-series-left-out-in-turn-2026-01-02.svg"
    )
    assert "I² 46 % (0 to 85), REML, knha" in figure.layout.meta["caption"]
    with pytest.raises(ValueError, match=r"expected nd\.leave_one_out\(effects\) and nd\.pool\(effects\)"):
        nd.influence(None, None)


def test_where_two_series_are_left_no_picture_pools_them(effects):
    pooled = nd.pool(effects[:3])
    left_out = nd.influence(nd.leave_one_out(effects[:3]), pooled)
    assert left_out.data[0].x == ()
    assert [note.text for note in left_out.layout.annotations] == ["2 series, not pooled"] * 3
    assert left_out.layout.meta["text"].endswith("over 3 series; without one of them two are left, not pooled.")
    first = nd.cumulative_forest(nd.cumulative(effects[:2]), nd.pool(effects[:2]))
    assert first.data[0].x == ()
    assert not first.layout.shapes
    assert first.layout.meta["text"] == "2 series, not pooled."


def test_series_of_one_name_keep_their_rows(effects):
    assert "without same, 76 % and I² 0 % instead of 46 %" in (
        influence_table(nd.leave_one_out(effects).set_axis(["same"] * len(effects)), nd.pool(effects)).sentence
    )
    left_out = nd.leave_one_out(effects).set_axis(["Touzios 2005"] * len(effects))
    assert len(set(nd.influence(left_out, nd.pool(effects)).data[0].y)) == len(effects)


def test_contrasts_are_labeled_as_observational(outcomes):
    figure = nd.contrast_forest(nd.contrasts(outcomes))
    assert "observational, confounded" in figure.layout.title.text
    assert figure.layout.xaxis.type == "log"
    assert nd.contrast_forest(nd.contrasts(outcomes, "RD")).layout.xaxis.type == "linear"
    table = nd.contrasts(outcomes)
    apart = table.assign(horizon_months=range(len(table)))
    for mixed in (pd.concat([table, nd.contrasts(outcomes, "RD")]), apart, table[table["left_out"] != ""]):
        with pytest.raises(ValueError, match="expected rows of one measure, endpoint and horizon"):
            nd.contrast_forest(mixed)
    with pytest.raises(ValueError, match=r"given no measure, .*; expected what nd\.contrasts returns"):
        nd.contrast_forest(outcomes)


def test_a_contrast_names_its_event_and_its_counts(outcomes):
    table = nd.contrasts(outcomes)
    figure = nd.contrast_forest(table)
    assert figure.layout.meta["text"].startswith("Risk ratio of being alive at 5 years in 3 studies; observational")
    assert figure.layout.yaxis2.ticktext[1] == "2.52 (1.24 to 5.12)<br>73 % of 15 v 29 % of 23"
    assert figure.data[0].marker.symbol == "square-open"  # the interval is ours
    deaths = nd.contrast_forest(table.assign(endpoint="mortality"))
    assert deaths.layout.title.text == "Risk ratio of mortality at 5 years<br>observational, confounded"


def test_a_comparison_that_is_left_out_stands_below_with_its_reason(outcomes):
    table = nd.contrasts(outcomes)
    figure = nd.contrast_forest(table)
    notes = [note.text.replace("<br>", " ") for note in figure.layout.annotations]
    assert "67 % v 70 %, overall survival at 5 years: its two sample sizes contradict another row of the table" in notes
    assert any(note.startswith("92.6 % v 18.5 %, overall survival at 4 years: its two sample sizes") for note in notes)
    assert notes[0] == "Right of 1: more alive in the first arm"
    assert len(notes) - 1 == (table["left_out"] != "").sum() == 6
    assert "Coppa 2001 †<br>Resection v transplantation" in figure.layout.yaxis.ticktext
    assert figure.layout.meta["text"].endswith("Left out, each with its reason: 6 comparisons.")
    assert "† a known discrepancy" in figure.layout.meta["caption"]
    assert len(figure.data[0].x) == 3  # nothing is drawn for them
    bad = table.assign(value=float("nan"), left_out=table["left_out"].str.replace("its two", "<i>its two"))
    notes = [note.text.replace("<br>", " ") for note in nd.contrast_forest(bad).layout.annotations]
    assert any(note.startswith("? v 70 %, overall survival at 5 years: &lt;i&gt;its two") for note in notes)
    alone = nd.contrast_forest(table[table["study_id"] == "ahmed_2009"])
    assert [note.text for note in alone.layout.annotations] == ["Right of 1: more alive in the first arm"]
    assert "left out" not in alone.layout.meta["text"].casefold()
    assert "†" not in alone.layout.meta["caption"]


def test_an_interval_that_is_cut_ends_in_an_arrow(outcomes):
    def arrows(table):
        return {trace.marker.symbol: list(trace.y) for trace in nd.contrast_forest(table).data[2:]}

    table = nd.contrasts(outcomes)
    assert arrows(table) == arrows(nd.contrasts(outcomes, "RD")) == {}
    table = table[table["left_out"] == ""]
    wide = table.assign(ci_lb=[0.001, 1.2, 2.0], ci_ub=[5, 500, 3])
    rows = nd.contrast_forest(wide).data[0].y
    assert arrows(wide) == {"triangle-left": [rows[0]], "triangle-right": [rows[1]]}
    low, high = nd.contrast_forest(wide).layout.xaxis.range
    assert [10**low, 10**high] == pytest.approx([0.1 / 1.15, 10 * 1.15])
    assert "(1.20 to 500.00)" in nd.contrast_forest(wide).layout.yaxis2.ticktext[2]  # in whole beside it
    assert list(nd.contrast_forest(wide).layout.xaxis.tickvals) == [0.125, 0.25, 0.5, 1, 2, 4, 8]
    far = nd.contrast_forest(wide.assign(estimate=[0.01, 300, 2.5]))
    assert list(far.layout.xaxis.tickvals) == [0.01, 0.1, 1, 10, 100]
    beyond = wide.assign(estimate=[1, 40, 2.5])
    assert 10 ** nd.contrast_forest(beyond).layout.xaxis.range[1] > 40


def test_the_squares_of_two_arms_have_the_area_of_their_precision(outcomes):
    table = nd.contrasts(outcomes)
    figure = nd.contrast_forest(table)
    precision = 1 / table.loc[table["left_out"] == "", "vi"]
    sizes = figure.data[0].marker.size
    assert max(sizes) == sizes[precision.to_numpy().argmax()] > 2 * min(sizes)
    assert figure.data[0].marker.opacity == 1
    events = nd.contrast_forest(table.assign(endpoint="mortality")).layout.annotations[0].text
    assert events == "Right of 1: more with mortality in the first arm"
    difference = nd.contrast_forest(nd.contrasts(outcomes, "RD"))
    assert difference.layout.annotations[0].text == "Right of 0: more alive in the first arm"
    assert list(difference.layout.xaxis.tickvals) == [0, 0.25, 0.5]


def test_a_median_that_was_not_reached_stands_in_a_lane_and_at_no_time(outcomes):
    figure = nd.medians(outcomes)
    (trace,) = (trace for trace in figure.data if trace.name == "series")
    lane = {x for x, symbol in zip(trace.x, trace.marker.symbol, strict=True) if symbol == "arrow-right-open"}
    names = dict(zip(figure.layout.xaxis.ticktext, figure.layout.xaxis.tickvals, strict=True))
    assert lane == {names["not reached"]}
    assert names["180 months"] < 216 < names["not reached"] < figure.layout.xaxis.range[1]
    reached = nd.medians(outcomes[outcomes["therapy"] == "ablation"])
    assert "not reached" not in reached.layout.xaxis.ticktext
    assert list(reached.layout.xaxis.tickvals) == [0, 24, 48, 72]


# --- Exports


def test_a_page_needs_no_network_and_has_no_button_that_uploads(outcomes, tmp_path):
    path = nd.save(nd.forest(outcomes), tmp_path)
    page = path.read_text(encoding="utf-8")
    assert path.name == f"netdash-5-year-overall-survival-{date.today().isoformat()}.html"
    assert "Not a medical device" in page
    assert '"showSendToCloud": false' in page
    assert "ignore censoring" in page
    assert not re.findall(r"""<(?:script|link|img)[^>]+(?:src|href)=["']https?:""", page)


def test_what_is_drawn_is_a_table(outcomes, effects, tmp_path):
    table = nd.drawn(nd.forest(outcomes, nd.pool_by_therapy(outcomes)))
    series = table[table["trace"] == "series"]
    assert "Chen 1998, n = 15 † ◦" in set(series["name"])
    intervals = table[table["trace"] == "interval"]
    assert (intervals["low"] <= intervals["high"]).all()
    assert intervals["x"].isna().all()  # the length of a box is no figure
    for therapy, fit in nd.pool_by_therapy(outcomes).items():
        on_scale, here = fit.transformed(), table[table["group"] == therapy_name(therapy)].set_index("trace")
        if fit.k < FEWEST_STUDIES:
            assert set(here.index) == {"series", "interval"}
            continue
        found = [*here.loc["pooled", ["x", "low", "high"]], *here.loc["prediction interval", ["low", "high"]]]
        wanted = [getattr(on_scale, name) for name in ("estimate", "ci_lb", "ci_ub", "pi_lb", "pi_ub")]
        assert [value / 100 for value in found] == pytest.approx(wanted)
    words = nd.drawn(nd.harms_beside_benefits(outcomes))
    assert words[words["trace"].str.endswith("in words")]["x"].isna().all()  # no figure is not 0 %
    for name, figure in all_figures(outcomes, effects).items():
        assert len(nd.drawn(figure)), name
    assert len(pd.read_csv(nd.save(nd.medians(outcomes), tmp_path, "csv"))) == len(nd.drawn(nd.medians(outcomes)))


def test_a_file_of_the_same_name_is_kept(outcomes, tmp_path):
    first, second = (
        nd.save(nd.eligibility_map(CASE, y=y), tmp_path, "csv") for y in ("ki67_percent", "largest_lesion_cm")
    )
    assert second.name == first.name.replace(".csv", "-2.csv")
    assert first.read_text() != second.read_text()


def test_a_median_that_was_not_reached_has_no_figure_in_the_table(outcomes):
    table = nd.drawn(nd.medians(outcomes))
    missing = table[table["x"].isna()]
    assert len(missing) == 2
    assert missing["text"].str.contains("median not reached").all()
    assert table["x"].max() == 216  # not where the arrow stands


def test_the_parts_of_a_map_are_a_table():
    table = nd.drawn(nd.eligibility_map(CASE, "age_years", "liver_involvement_percent"))
    met = table[table["name"] == "met"]
    assert met[["low", "high", "text"]].to_numpy().tolist() == [
        [0, 55, "Age, years: 0 to 55; Liver involvement, %: 0 to 50"]
    ]
    assert (table["trace"] == "map").sum() == 4


def test_names_that_others_wrote_are_text_everywhere(outcomes, tmp_path):
    bad = '<b>x</b> & <img src="x" onerror="alert(1)">'
    row = outcomes[outcomes["outcome_id"] == "t1-gomez-resection-os60"]
    row = row.assign(author=bad, arm=bad, locator=bad, discrepancies=bad)
    shut = row.assign(outcome_id="shut", poolable=False, why_not_poolable=bad)
    median = row.assign(statistic="median", unit="months", horizon_months=float("nan"))
    rows = pd.concat([row, shut, median, row.assign(endpoint="mortality", outcome_id="m")])
    effects = nd.effect_sizes("PLO", xi=[3, 4, 5, 6], ni=[9, 9, 9, 9]).set_axis([bad] * 4)
    drawn = {
        "forest": nd.forest(rows),
        "medians": nd.medians(rows),
        "harms": nd.harms_beside_benefits(rows, "resection"),
        "influence": nd.influence(nd.leave_one_out(effects), nd.pool(effects), what=bad),
        "cumulative": nd.cumulative_forest(nd.cumulative(effects), nd.pool(effects)),
        "icons": nd.icon_array(5, 4, 6, what=bad),
        "contrasts": nd.contrast_forest(nd.contrasts(outcomes).assign(label=bad)),
    }
    for name, figure in drawn.items():
        said = json.loads(figure.to_json())
        said["layout"].pop("meta")  # plain text, never read as HTML
        assert "<img" not in json.dumps(said), name
        assert "&lt;img" in json.dumps(said), name
    assert bad.replace("<b>x</b>", "<b>x</b>") in nd.drawn(drawn["influence"])["name"].iloc[0]
    assert "<img" not in nd.save(drawn["icons"], tmp_path).read_text(encoding="utf-8").split("<p>")[1]


def test_long_names_are_broken_and_large_numbers_written_out(outcomes):
    row = outcomes[outcomes["outcome_id"] == "t1-gomez-resection-os60"]
    row = row.assign(author="A center with a name of very many words in it, University of Somewhere", n=2_000_000)
    name = nd.forest(row).layout.yaxis.ticktext[2]
    assert name.count("<br>") == 1
    assert name.endswith("n = 2,000,000 ◦")


def test_words_that_are_no_verdict_and_no_therapy_are_refused(outcomes):
    with pytest.raises(ValueError, match=r"verdicts\['resection'\]: given 'yes', expected one of met"):
        nd.forest(outcomes, verdicts={"resection": "yes"})
    with pytest.raises(ValueError, match="'surgery' is no therapy; expected one of resection"):
        nd.forest(outcomes.assign(therapy="surgery"))
    with pytest.raises(ValueError, match="horizon_months: given '60', expected a number of months"):
        nd.forest(outcomes, horizon_months="60")


def test_the_page_has_the_type_of_the_figure(outcomes, tmp_path):
    page = nd.save(nd.medians(outcomes, font_px=24), tmp_path).read_text(encoding="utf-8")
    assert "body { font: 24px" in page


def test_another_format_is_refused(outcomes, tmp_path):
    with pytest.raises(ValueError, match="given 'pdf', expected 'html' or 'csv'"):
        nd.save(nd.forest(outcomes), tmp_path, "pdf")


# --- Harms beside benefits


def drawn_ids(figure, side):
    (trace,) = (trace for trace in figure.data if trace.name == side)
    return list(dict.fromkeys(trace.customdata))


def said_in(figure, side):
    (trace,) = (trace for trace in figure.data if trace.name == f"{side} in words")
    return list(trace.text[1:])


def test_harms_and_benefits_stand_on_the_same_axis_in_panels_of_their_own(outcomes):
    figure = nd.harms_beside_benefits(outcomes, "resection")
    assert figure.layout.xaxis.range == figure.layout.xaxis2.range
    assert figure.layout.yaxis.range == figure.layout.yaxis2.range
    assert figure.layout.xaxis.domain[1] < figure.layout.xaxis2.domain[0]
    assert drawn_ids(figure, "harms") == ["c-saxena-mortality", "c-saxena-morbidity"]
    assert "t1-mayo-resection-os60" in drawn_ids(figure, "benefits")
    assert said_in(figure, "harms") == ["reported, no figure"] * 2


def test_each_point_is_a_row_of_its_table_and_has_a_source(outcomes):
    table = harms_table(outcomes).frame().query("left_out == ''").set_index("id")
    figure = nd.harms_beside_benefits(outcomes)
    for side in ("harm", "benefit"):
        (trace,) = (trace for trace in figure.data if trace.name == f"{side}s")
        points = [(x, row) for x, row in zip(trace.x, trace.customdata, strict=True) if x is not None]
        assert [row for _, row in points] == [
            name for name, row in table[table["side"] == side].iterrows() for _ in {row["low"], row["high"]}
        ]
        assert all(x in (table.at[row, "low"], table.at[row, "high"]) for x, row in points)
        assert all(trace.error_x.array is None for trace in figure.data)
    assert all(nd.source(row).id == row for row in table.index)


def test_a_series_with_its_number_is_filled_and_a_figure_of_the_text_hollow(outcomes):
    figure = nd.harms_beside_benefits(outcomes, "resection")
    (trace,) = (trace for trace in figure.data if trace.name == "benefits")
    symbol = dict(zip(trace.customdata, trace.marker.symbol, strict=True))
    assert symbol["t1-mayo-resection-os60"] == "circle"
    assert symbol["c-resection-symptoms-intro"] == "triangle-right-open"
    assert "Mayo 2011, n = 339 †" in figure.layout.yaxis.ticktext
    assert "symptom response more than 90 %" in figure.layout.yaxis2.ticktext


def test_a_side_without_a_figure_says_so(outcomes):
    for therapy in harms_table(outcomes).frame()["therapy"].unique():
        figure = nd.harms_beside_benefits(outcomes, therapy)
        for side in ("harm", "benefit"):
            silent = f"no {side} figure in the tables" in said_in(figure, f"{side}s")
            assert silent == (not drawn_ids(figure, f"{side}s")), (therapy, side)
            assert silent == (f"no {side} figure in the tables" in figure.layout.meta["text"])
    targeted = nd.harms_beside_benefits(outcomes, "targeted")
    assert said_in(targeted, "harms") == ["no harm figure in the tables", *["reported, no figure"] * 5]


def test_survival_of_the_text_is_drawn_only_where_the_tables_have_none(outcomes):
    left_out = harms_table(outcomes).frame().set_index("id")["left_out"]
    assert left_out["c-mayo-resection-os60"] == "the tables of series have the 5-year survival of this therapy"
    assert left_out["c-taner-os60"] == ""
    assert left_out["c-captem-os24"] == "at 2 years, not at 5 years"
    assert left_out["t1-mayo-resection-osmedian"] == "in months, not in percent"
    assert "same 15 patients" in left_out["t1-chen2-resection-os60"]
    assert left_out["t1-karabulut-resection-os60"] != REPORTED


def test_a_printed_range_has_both_its_ends(outcomes):
    figure = nd.harms_beside_benefits(outcomes, "chemotherapy")
    (trace,) = (trace for trace in figure.data if trace.name == "benefits")
    assert trace.x[:3] == (25, 78, None)
    assert "response 25 to 78 %" in figure.layout.yaxis2.ticktext


def test_harms_say_inside_the_picture_that_rows_do_not_compare(outcomes):
    assert nd.harms_beside_benefits(outcomes).layout.title.subtitle.text == (
        "Different patients in each row: no comparison"
    )


def test_harms_of_all_therapies_have_one_line_for_each_harm_and_benefit(outcomes):
    table = harms_table(outcomes)
    figure = nd.harms_beside_benefits(outcomes)
    assert figure.layout.height < 900
    left, right = (
        dict(zip(axis.tickvals, axis.ticktext, strict=True)) for axis in (figure.layout.yaxis, figure.layout.yaxis2)
    )
    assert [right[y] for y, name in left.items() if name == "5-year survival"] == [
        topic.figure + (f", {len(topic.rows)} rows" if len(topic.rows) > 1 else "")
        for therapy in table.therapies
        for topic in table.topics(therapy, "benefit")
        if topic.topic == "5-year survival"
    ]
    notes = {left[note.y]: note.text for note in figure.layout.annotations}
    assert notes["<b>Cytoreduction</b>"] == "no harm figure in the tables"
    assert notes["<b>Radioembolization</b>"] == "no benefit figure in the tables"
    # The topics of a therapy hold each of its rows once.
    shown = [
        row
        for name in table.therapies
        for side in ("harm", "benefit")
        for topic in table.topics(name, side)
        for row in (*topic.rows, *topic.silent)
    ]
    assert sorted(row.id for row in shown) == sorted(row.id for row in table.rows if row.is_words or not row.left_out)


def test_harms_in_one_sentence(outcomes):
    text = harms_table(outcomes, "resection").sentence
    assert text == nd.harms_beside_benefits(outcomes, "resection").layout.meta["text"]
    assert "mortality 0 % (median of series) in 1 row, morbidity 23 % in 1 row, 2 rows reported without" in text
    assert "5-year survival 61 to 94 % in 12 rows, symptom response more than 90 % in 2 rows" in text
    assert text.endswith("nothing is pooled.")
    assert "no harm figure in the tables for Cytoreduction" in harms_table(outcomes).sentence


def test_harms_are_of_one_reading_and_do_not_change_with_what_was_left_out(outcomes):
    printed = nd.outcomes("printed")
    assert harms_table(printed, "embolization").sentence == (
        harms_table(printed, "embolization", nd.claims("printed")).sentence
    )
    assert "toxicity 54 %" in harms_table(outcomes, "embolization").sentence
    assert "54 %" not in harms_table(printed).sentence
    assert (
        harms_table(outcomes[outcomes["poolable"]], "embolization").sentence
        == harms_table(outcomes, "embolization").sentence
    )


def test_harms_at_different_times_say_when(tmp_path):
    path = tmp_path / "own.csv"
    header, first, *_ = (ROOT / "data/local_series.csv").read_text().splitlines()
    early, late = (first.replace("overall_survival,rate,60,80", f"mortality,rate,{at}") for at in ("1,4", "60,40"))
    path.write_text(f"{header}\n{early}\n{late}\n")
    figure = nd.harms_beside_benefits(nd.outcomes(extra=path), "resection")
    said = [text.replace("<br>", " ") for text in figure.layout.yaxis2.ticktext]
    assert "mortality at 1 month 4 %" in said
    assert "mortality at 5 years 40 %" in said
    assert "in 3 rows at different times" in figure.layout.meta["text"]


def test_own_harms_are_drawn_beside_the_published_ones(tmp_path):
    path = tmp_path / "own.csv"
    header, first, *_ = (ROOT / "data/local_series.csv").read_text().splitlines()
    path.write_text(f"{header}\n{first.replace('overall_survival,rate,60,80', 'mortality,rate,3,4')}\n")
    figure = nd.harms_beside_benefits(nd.outcomes(extra=path), "resection")
    assert len(drawn_ids(figure, "harms")) == 3
    assert "Our center 2024 (local), n = 25" in figure.layout.yaxis.ticktext


def test_a_therapy_there_is_not_is_refused_with_those_there_are(outcomes):
    with pytest.raises(ValueError, match="given 'surgery', expected one of resection, cytoreduction"):
        nd.harms_beside_benefits(outcomes, "surgery")


def test_both_ways_to_draw_give_the_same_picture(outcomes, effects):
    for name, (figure, arguments) in figures_and_arguments(outcomes, effects).items():
        assert json.loads(figure(*arguments).to_json()) == json.loads(json.dumps(DICTS[name](*arguments))), name


@pytest.mark.parametrize("text", ["=HYPERLINK(1)", "+cmd|' /C calc'!A0", "-1+2", "@SUM(1)", "\tx", "\rx"])
def test_no_cell_of_a_csv_is_a_formula_to_a_spreadsheet(text):
    made = as_csv(pd.DataFrame({"author": [text, "Chen 1998"], "value": [-1.5, 2]}))
    assert f"'{text}".encode() in made
    assert b"\nChen 1998" in made
    assert b"-1.5" in made
    assert b"'-1.5" not in made
