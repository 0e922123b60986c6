"""The forest: what it draws, what it leaves out, and how it says which criteria are met."""

from types import SimpleNamespace

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import netdash as nd
from netdash.comparison import Tally
from netdash.effects import natural, wilson
from netdash.figures import theme
from netdash.outcome_tables import forest_table

TALLIES = {
    "transplantation": Tally(tuple("abc"), tuple("de"), tuple("fg")),
    "resection": Tally(("a",)),
    "cytoreduction": Tally((), ("a", "b")),
    "mibg": Tally((), (), ("a",)),  # of which the forest has no series
}
CAUTIONED = {
    "transplantation": Tally(("a", "b"), ("c",), cautioned=1, silent=2),
    "resection": Tally(("a", "b"), cautioned=2),
}
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
        SimpleNamespace(low=low, high=low + width, color=trace.marker.color, width=trace.width)
        for trace in figure.data
        if trace.type == "bar"
        for low, width in zip(trace.base, trace.x, strict=True)
    ]


def test_one_endpoint_and_one_horizon_on_the_axis(outcomes):
    table = forest_table(outcomes).frame().query("left_out == ''")
    assert set(table["endpoint"]) == {"overall_survival"}
    assert set(table["horizon_months"]) == {60}
    assert set(table["statistic"]) == {"rate"}
    assert table["poolable"].all()


def test_every_row_is_drawn_or_left_out_with_its_reason(outcomes):
    table = forest_table(outcomes).frame().set_index("outcome_id")
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
    on_axis = forest_table(outcomes).frame().query("same_axis")
    assert set(on_axis["unit"]) == {"percent"}
    texts = " ".join(a.text for a in nd.forest(outcomes).layout.annotations)
    assert "a mean" not in texts


def test_another_horizon_draws_the_other_rows(outcomes):
    table = forest_table(outcomes, horizon_months=36).frame().query("left_out == ''")
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
    assert len(figure.layout.yaxis2.ticktext) == len(points(figure)) + 1  # and the head of the column


@pytest.mark.parametrize("verdicts", [None, TALLIES, VERDICTS])
def test_all_series_are_of_one_ink_and_one_shape_whatever_is_met(outcomes, verdicts):
    """A series that looks better because criteria are met reads as a recommendation."""
    figure = nd.forest(outcomes, nd.pool_by_therapy(outcomes), verdicts)
    drawn, plain = figure.to_plotly_json(), nd.forest(outcomes, nd.pool_by_therapy(outcomes)).to_plotly_json()
    assert drawn["data"] == plain["data"]
    assert {point.color for point in points(figure)} == {box.color for box in boxes(figure)} == {theme.INK}
    assert {point.symbol for point in points(figure)} == {"square"}


def beside(figure):
    """Return what stands in the plot beside the names on the left."""
    place = dict(zip(figure.layout.yaxis.tickvals, figure.layout.yaxis.ticktext, strict=True))
    return {place[note.y]: (note.text, note.font.color) for note in figure.layout.annotations}


def test_a_therapy_says_how_many_of_its_lists_are_met_with_signs_and_words(outcomes):
    said = beside(nd.forest(outcomes, verdicts=TALLIES, left_out=False))
    assert said == {
        "<b>Resection</b>": ("● 1 of 1 met", theme.INK),
        "<b>Cytoreduction</b>": ("✕ 0 of 2 met, 2 missed", theme.INK),
        "<b>Transplantation</b>": ("●✕? 3 of 7 met, 2 missed, 2 open", theme.INK),
    }


def test_the_verdict_of_one_list_can_be_given_in_place_of_a_tally(outcomes):
    said = beside(nd.forest(outcomes, verdicts=VERDICTS, left_out=False))
    assert [text for text, _ in said.values()] == ["● criteria met", "? criteria open", "✕ criteria missed"]
    named = nd.forest(outcomes, None, {"resection": "met"}, criteria={"resection": "a <b>list</b>"})
    assert named.layout.annotations[0].text == "● met: a &lt;b&gt;list&lt;/b&gt;"


@pytest.mark.parametrize("draw", [nd.forest, nd.medians])
def test_the_picture_itself_says_that_it_compares_nothing(outcomes, draw):
    def under(figure):
        lines = figure.layout.title.subtitle.text.split("<br>")
        return [line for line in lines if not line.startswith("95 % intervals: our own")]

    alone, judged = draw(outcomes), draw(outcomes, verdicts=TALLIES)
    assert under(alone) == ["Different patients in each row: no comparison"]
    assert under(judged) == ["Series not selected by these criteria", *under(alone)]
    own = "95 % intervals: our own, ignoring censoring"
    assert (own in alone.layout.title.subtitle.text) == (draw is nd.forest)
    assert draw(outcomes, font_px=22).layout.title.subtitle.font.size == 22
    assert "criteria" not in alone.layout.meta["text"]  # of nobody's
    for text in under(judged):
        assert text in judged.layout.meta["text"]


def figures_beside(figure):
    """Return the text on the right of each line by the text on its left, with plain spaces."""
    right = dict(zip(figure.layout.yaxis2.tickvals, figure.layout.yaxis2.ticktext, strict=True))
    left = zip(figure.layout.yaxis.tickvals, figure.layout.yaxis.ticktext, strict=True)
    return {name.replace("\N{NO-BREAK SPACE}", " "): right.get(at, "") for at, name in left if name}


def test_a_summary_has_one_line_per_therapy_and_the_series_of_the_chosen_one(outcomes):
    pooled, of = nd.pool_by_therapy(outcomes), {"left_out": False, "weights": False}
    figure = nd.forest(outcomes, pooled, TALLIES, series_of="transplantation", **of)
    assert figures_beside(figure) == {
        "<i>12 series, pooled</i>": "74 % (69–79)",
        "Osborne 2006, n 23 †‡◦": "64 % (44–80)",
        "Gedaly 2011, n 150 †": "49 % (41–57)",
        "Le Treut 2013, n 213 †": "52 % (45–59)",
        "Mayo 2011, n 414 †": "30 % (26–35)",
        "2 series, not pooled": "29 and 52 %",
    }
    texts = [note.text for note in figure.layout.annotations]
    assert any("▾ <b>Transplantation</b>  ●✕? 3 of 7 met, 2 missed, 2 open" in text for text in texts)
    assert sum(text.startswith("▸") for text in texts) == 4
    # Two series stay two points, whether their therapy is chosen or not.
    apart = next(trace for trace in figure.data if trace.name == "series, not pooled")
    assert sorted(apart.x) == [29, 52]
    assert apart.marker.symbol == "circle-open"
    assert [trace.name for trace in figure.data].count("pooled") == 1
    assert "prediction interval" not in [trace.name for trace in figure.data]
    # The chosen therapy has the lines that it has in the whole picture; the words of the picture are the same.
    whole = nd.forest(outcomes, pooled, TALLIES, **of)
    chosen = nd.forest(outcomes, pooled, TALLIES, series_of="resection", **of)
    assert len({point.customdata for point in points(chosen)}) == 12 + 1 + 1
    assert [trace.name for trace in chosen.data].count("prediction interval") == 1
    assert chosen.layout.meta == figure.layout.meta == whole.layout.meta
    assert chosen.layout.title.subtitle.text == whole.layout.title.subtitle.text


def test_a_summary_without_pools_shows_points_and_names_their_rates(outcomes):
    three = outcomes[outcomes["therapy"].isin(["resection", "no_resection"])]
    lines = figures_beside(nd.forest(three, series_of="", left_out=False))
    assert lines["12 series, not pooled"].startswith("61, 70, 71")
    assert lines["2 series, not pooled"] == "29 and 52 %"


def test_squares_differ_in_size_and_in_nothing_else(outcomes):
    figure = nd.forest(outcomes, nd.pool_by_therapy(outcomes))
    assert {point.symbol for point in points(figure)} == {"square"}
    assert {point.color for point in points(figure)} == {theme.INK}
    assert len({point.size for point in points(figure)}) > 5


def test_intervals_are_wilsons_and_thin(outcomes):
    figure = nd.forest(outcomes)
    rows = outcomes.set_index("outcome_id").loc[[point.customdata for point in points(figure)]]
    bounds = wilson(rows["value"].to_numpy(float), rows["n"].to_numpy(float))
    assert [box.low for box in boxes(figure)] == pytest.approx(bounds[:, 0].tolist())
    assert [box.high for box in boxes(figure)] == pytest.approx(bounds[:, 1].tolist())
    assert {box.width for box in boxes(figure)} == {0.01}
    assert [point.x for point in points(figure)] == rows["value"].tolist()
    assert "ignore censoring" in figure.layout.meta["caption"]


def test_the_point_that_is_drawn_is_the_point_that_is_pooled(outcomes):
    rows = outcomes[outcomes["outcome_id"].isin(["t1-gomez-resection-os60", "t1-yao-resection-os60"])]
    effects = nd.outcome_effects(rows)
    drawn = {point.customdata: point.x for point in points(nd.forest(rows))}
    for name, yi in effects["yi"].items():
        assert drawn[name] == pytest.approx(100 * natural("PLO", [yi])[0])


def test_intervals_and_pool_can_be_drawn_as_if_only_a_share_was_followed(outcomes):
    pooled = nd.pool_by_therapy(outcomes, followed=0.5)
    figure, whole = nd.forest(outcomes, pooled, followed=0.5), nd.forest(outcomes, nd.pool_by_therapy(outcomes))
    assert all(
        some.high - some.low > every.high - every.low for some, every in zip(boxes(figure), boxes(whole), strict=True)
    )
    said = "as if 50 % of each series were followed to the horizon"
    assert said in figure.layout.title.subtitle.text
    assert said in figure.layout.meta["caption"]
    assert "ignore censoring" not in figure.layout.meta["caption"]
    assert "followed" not in whole.layout.title.subtitle.text
    with pytest.raises(ValueError, match="pool them with"):
        nd.forest(outcomes, pooled)
    mixed = outcomes.assign(share=[0.5, 0.7] * (len(outcomes) // 2) + [0.6] * (len(outcomes) % 2))
    text = nd.forest(mixed, nd.pool_by_therapy(mixed, followed="share"), followed="share").layout.meta["caption"]
    assert "as if 50 to 70 % of each series" in text


def test_what_is_known_of_the_design_stands_with_the_row_and_is_no_score(outcomes):
    figure = nd.forest(outcomes)
    names = figure.layout.yaxis.ticktext
    assert "Touzios 2005, n = 18 ◦" in names
    assert "Elias 2003, n = 47 † ‡" in names  # prospective, single center
    assert (
        "◦ neither design, nor whether patients were consecutive, nor follow-up is known"
        in figure.layout.meta["caption"]
    )
    (series,) = (trace for trace in figure.data if trace.name == "series")
    hover = dict(zip(series.customdata, series.text, strict=True))
    assert "Design not known; consecutive patients not known; follow-up not known" in hover["t1-touzios-resection-os60"]
    assert "patients may also be in Mayo 2011 (suspected)" in hover["t1-chen-resection-os60"]
    own = outcomes[outcomes["outcome_id"] == "t1-touzios-resection-os60"].assign(study_id="own", local=True)
    assert "◦" not in nd.forest(own).to_json()


def test_what_is_left_out_stands_below_unless_told_otherwise(outcomes):
    with_reasons, without = nd.forest(outcomes), nd.forest(outcomes, left_out=False)
    assert "<b>Left out</b>" in with_reasons.layout.yaxis.ticktext
    assert "<b>Left out</b>" not in without.layout.yaxis.ticktext
    assert any("UNOS" in a.text for a in with_reasons.layout.annotations)
    assert not without.layout.annotations


def test_the_sentence_says_what_the_picture_shows(outcomes):
    text = forest_table(outcomes).sentence(TALLIES)
    drawn = forest_table(outcomes).frame().query("left_out == ''")
    assert text.startswith(f"5-year overall survival: {len(drawn)} series, from 29 %")
    assert "Kianmanesh 2008, n = 19" in text
    assert text.endswith(
        "Criteria by therapy. Resection: 1 of 1 met; Cytoreduction: 0 of 2 met, 2 missed; Transplantation: 3 of 7 met, "
        "2 missed, 2 open. Series not selected by these criteria. Different patients in each row: no comparison."
    )
    assert nd.forest(outcomes, verdicts=TALLIES).layout.meta["text"] == text
    table = forest_table(outcomes)
    assert "Criteria by therapy. Resection: missed. Series not" in table.sentence({"resection": "not_met"})
    assert "riteria" not in table.sentence()  # of nobody's


def test_the_caption_counts_what_is_left_out(outcomes):
    table = forest_table(outcomes)
    left_out = table.frame()["left_out"]
    assert f"{(left_out != '').sum()} rows left out" in table.caption
    assert len(table.left_out) == (left_out != "").sum()


def test_an_endpoint_without_rows_is_refused_with_those_there_are(outcomes):
    with pytest.raises(ValueError, match=r"'quality_of_life' is in no row; expected one of disease_free_survival"):
        nd.forest(outcomes, endpoint="quality_of_life")


def test_nothing_to_draw_is_said(outcomes):
    none = outcomes[outcomes["statistic"] == "median"]
    assert "no series can be drawn" in forest_table(none).sentence()
    figure = nd.forest(none)
    assert not points(figure)
    assert "No series can be drawn." in {note.text for note in figure.layout.annotations}


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


def test_a_picture_says_which_of_the_criteria_that_are_met_carry_cautions(outcomes):
    figure = nd.forest(outcomes, verdicts=CAUTIONED)
    notes = [note.text for note in figure.layout.annotations]
    assert notes[notes.index("● 2 of 2 met") + 1] == "2 met with cautions"
    first = notes.index("●✕ 2 of 3 met, 1 missed")
    assert notes[first + 1 : first + 3] == ["1 met with a caution", "2 met but silent on a miss"]
    text = forest_table(outcomes).sentence(CAUTIONED)
    assert "Resection: 2 of 2 met (2 met with cautions)" in text
    assert "2 of 3 met, 1 missed (1 met with a caution, 2 met but silent on a miss)" in text
    heights = [note.y for note in figure.layout.annotations]
    assert len(set(heights)) == len(heights)  # no two notes share a line
    drawn = nd.drawn(figure)
    assert "" not in set(drawn["group"])


def test_a_picture_of_medians_says_the_same(outcomes):
    figure = nd.medians(outcomes, CAUTIONED)
    assert "2 met with cautions" in [note.text for note in figure.layout.annotations]
