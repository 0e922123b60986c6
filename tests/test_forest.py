"""The forest: what it draws, what it leaves out, and how it says which criteria are met."""

from types import SimpleNamespace

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import netdash as nd
from netdash.effects import wilson
from netdash.figures import theme
from netdash.figures.forest import caption, forest_table, forest_text

VERDICTS = {"resection": "met", "transplantation": "not_met", "cytoreduction": "unknown"}


@pytest.fixture(scope="module")
def outcomes():
    return nd.outcomes()


def points(figure):
    """Return the squares, of all therapies, one by one."""
    return [
        SimpleNamespace(customdata=name, x=x, y=y, size=size, color=trace.marker.color, symbol=trace.marker.symbol)
        for trace in figure.data
        if trace.name == "series"
        for name, x, y, size in zip(trace.customdata, trace.x, trace.y, trace.marker.size, strict=True)
    ]


def boxes(figure):
    """Return the boxes, of all therapies, one by one."""
    return [
        SimpleNamespace(low=low, high=low + width, color=trace.marker.color, line=trace.marker.line.color)
        for trace in figure.data
        if trace.type == "bar"
        for low, width in zip(trace.base, trace.x, strict=True)
    ]


def test_one_endpoint_and_one_horizon_on_the_axis(outcomes):
    table = forest_table(outcomes).query("left_out == ''")
    assert set(table["endpoint"]) == {"overall_survival"}
    assert set(table["horizon_months"]) == {60}
    assert set(table["statistic"]) == {"rate"}
    assert table["poolable"].all()


def test_every_row_is_drawn_or_left_out_with_its_reason(outcomes):
    table = forest_table(outcomes).set_index("outcome_id")
    assert set(table.index) == set(outcomes["outcome_id"])
    left_out = table["left_out"]
    assert left_out["t1-musunuru-resection-os36"] == "at 3 years, not at 5 years"
    assert left_out["t1-grazi2-resection-os48"] == "at 4 years, not at 5 years"
    assert left_out["t2-letreut-dfs60"] == "another endpoint: disease free survival"
    assert left_out["t4-dong-osmedian"] == "a mean, not a rate"
    assert left_out["t3-karabulut-osmedian"] == "a median, not a rate"
    assert "pancreatic" in left_out["t1-fischer-resection-os60"]
    assert left_out["t4-paprottka-os"] == "at no stated time, not at 5 years"


def test_means_and_medians_never_stand_on_the_axis_of_rates(outcomes):
    on_axis = forest_table(outcomes).query("same_axis")
    assert set(on_axis["unit"]) == {"percent"}
    texts = " ".join(a.text for a in nd.forest(outcomes).layout.annotations)
    assert "a mean" not in texts


def test_another_horizon_draws_the_other_rows(outcomes):
    table = forest_table(outcomes, horizon_months=36).query("left_out == ''")
    assert table["outcome_id"].tolist() == ["t1-musunuru-resection-os36"]
    assert nd.forest(outcomes, horizon_months=36).layout.title.text == "Resection: 3-year overall survival"


def test_therapies_stand_in_fixed_order_whatever_the_order_of_the_rows(outcomes):
    shuffled = outcomes.sample(frac=1, random_state=1)
    assert nd.forest(shuffled).to_json() == nd.forest(outcomes).to_json()
    names = [t for t in nd.forest(outcomes).layout.yaxis.ticktext if t.startswith("<b>")]
    assert names[:3] == ["<b>Resection</b>", "<b>Cytoreduction</b>", "<b>Transplantation</b>"]
    assert names.index("<b>No resection</b>") > names.index("<b>Transplantation</b>")


def test_the_scale_is_natural_and_whole(outcomes):
    figure = nd.forest(outcomes)
    assert list(figure.layout.xaxis.range) == [0, 100]
    assert list(figure.layout.yaxis.range) == list(figure.layout.yaxis2.range)
    assert len(figure.layout.yaxis2.ticktext) == len(points(figure))


def test_met_is_in_color_with_word_and_shape_and_the_others_are_gray(outcomes):
    figure = nd.forest(outcomes, verdicts=VERDICTS)
    table = forest_table(outcomes).set_index("outcome_id")
    for point, box in zip(points(figure), boxes(figure), strict=True):
        verdict = VERDICTS.get(table.at[point.customdata, "therapy"], "")
        assert point.color == box.line == (theme.BLUE if verdict == "met" else theme.GRAY)
        assert point.symbol == theme.LOOKS[verdict].symbol
    place = dict(zip(figure.layout.yaxis.ticktext, figure.layout.yaxis.tickvals, strict=True))
    said = {note.y: (note.text, note.font.color) for note in figure.layout.annotations}
    assert said[place["<b>Resection</b>"]] == ("■ criteria met", theme.BLUE)
    assert said[place["<b>Transplantation</b>"]] == ("○ criteria not met", theme.GRAY)
    assert said[place["<b>Cytoreduction</b>"]] == ("◇ cannot tell", theme.GRAY)
    named = nd.forest(outcomes, None, {"resection": "met"}, criteria={"resection": "a <b>list</b>"})
    assert named.layout.annotations[0].text == "■ met: a &lt;b&gt;list&lt;/b&gt;"
    assert place["<b>No resection</b>"] not in said


def test_where_no_verdict_was_asked_for_squares_are_as_large_as_their_weight(outcomes):
    figure = nd.forest(outcomes, nd.pool_by_therapy(outcomes))
    assert {point.symbol for point in points(figure)} == {"square"}
    assert {point.color for point in points(figure)} == {theme.INK}
    assert len({point.size for point in points(figure)}) > 5


def test_intervals_are_wilsons_and_hollow(outcomes):
    figure = nd.forest(outcomes)
    rows = outcomes.set_index("outcome_id").loc[[point.customdata for point in points(figure)]]
    bounds = wilson(rows["value"].to_numpy(float), rows["n"].to_numpy(float))
    assert [box.low for box in boxes(figure)] == pytest.approx(bounds[:, 0].tolist())
    assert [box.high for box in boxes(figure)] == pytest.approx(bounds[:, 1].tolist())
    assert {box.color for box in boxes(figure)} == {"rgba(255,255,255,0)"}
    assert [point.x for point in points(figure)] == rows["value"].tolist()
    assert "ignore censoring" in figure.layout.meta["caption"]


def test_what_is_left_out_stands_below_unless_told_otherwise(outcomes):
    with_reasons, without = nd.forest(outcomes), nd.forest(outcomes, left_out=False)
    assert "<b>Left out</b>" in with_reasons.layout.yaxis.ticktext
    assert "<b>Left out</b>" not in without.layout.yaxis.ticktext
    assert any("UNOS" in a.text for a in with_reasons.layout.annotations)
    assert not without.layout.annotations


def test_the_sentence_says_what_the_picture_shows(outcomes):
    text = forest_text(outcomes, VERDICTS)
    drawn = forest_table(outcomes).query("left_out == ''")
    assert text.startswith(f"5-year overall survival: {len(drawn)} series, from 29 %")
    assert "Kianmanesh 2008, n = 19" in text
    assert "criteria met for Resection;" in text
    assert "do not compare therapies" in text
    assert nd.forest(outcomes, verdicts=VERDICTS).layout.meta["text"] == text
    assert "criteria met for none of these" in forest_text(outcomes, {"resection": "not_met"})
    assert "criteria" not in forest_text(outcomes)  # of nobody's


def test_the_caption_counts_what_is_left_out(outcomes):
    table = forest_table(outcomes)
    assert f"{(table['left_out'] != '').sum()} rows left out" in caption(table)


def test_an_endpoint_without_rows_is_refused_with_those_there_are(outcomes):
    with pytest.raises(ValueError, match=r"'quality_of_life' is in no row; expected one of disease_free_survival"):
        nd.forest(outcomes, endpoint="quality_of_life")


def test_nothing_to_draw_is_said(outcomes):
    none = outcomes[outcomes["statistic"] == "median"]
    assert "no series can be drawn" in forest_text(none)
    assert not points(nd.forest(none))


def test_figures_hold_plain_lists(outcomes):
    assert "bdata" not in nd.forest(outcomes).to_json()


@given(st.lists(st.tuples(st.floats(0, 100), st.integers(1, 500)), min_size=1, max_size=12))
def test_any_rates_are_drawn_as_they_are(rows):
    made = pd.DataFrame(
        [
            {
                "outcome_id": f"x{i}", "author": "A", "year": 2000 + i, "therapy": "resection", "arm": "arm",
                "endpoint": "overall_survival", "statistic": "rate", "horizon_months": 60.0, "value": value, "n": n,
                "poolable": True, "why_not_poolable": "", "locator": "here", "unit": "percent",
            }
            for i, (value, n) in enumerate(rows)
        ]
    )  # fmt: skip
    figure = nd.forest(made)
    assert sorted(point.x for point in points(figure)) == sorted(value for value, _ in rows)
    for box, point in zip(boxes(figure), points(figure), strict=True):
        assert -1e-9 <= box.low <= point.x + 1e-9
        assert point.x - 1e-9 <= box.high <= 100 + 1e-9
