"""Pictures leave the page as files made by the browser, named for what they show and when."""

import pytest
from test_figures import all_figures

import netdash as nd
from netdash.outcome_tables.criteria_words import NO_COMPARISON, NOT_SELECTED
from netdash.synthesis import outcome_effects, rows_to_pool


@pytest.mark.parametrize(
    ("button", "suffix", "start"), [("Download plot as a PNG", "png", b"\x89PNG"), ("svg", "svg", b"<svg")]
)
def test_the_plot_is_downloaded_by_the_browser(visit, button, suffix, start):
    visit.open()
    visit.plot.hover()
    name = f"[data-title='{button}']" if suffix == "png" else "[data-title*='Download plot']:not([data-title*='PNG'])"
    with visit.page.expect_download() as download:
        visit.page.locator(f".modebar-btn{name}").first.click()
    file = download.value
    assert file.suggested_filename.startswith("netdash-5-year-overall-survival-20")
    assert file.suggested_filename.endswith(f".{suffix}")
    with open(file.path(), "rb") as content:  # noqa: PTH123
        picture = content.read()
    assert picture.lstrip().startswith(start)
    if suffix == "svg":
        for words in (NOT_SELECTED, NO_COMPARISON, "0 of 7 met, 7 open", "2 series, not pooled"):
            assert words in picture.decode(), words


def test_no_picture_offers_to_upload_itself_however_it_is_shown(browser, tmp_path):
    """Plotly's own page with plotly's own settings, as a notebook or ``figure.show()`` would have it."""
    outcomes = nd.outcomes()
    effects = outcome_effects(rows_to_pool(outcomes[outcomes["therapy"] == "resection"], "overall_survival", 60))
    page = browser.new_page()
    for name, figure in all_figures(outcomes, effects).items():
        # One copy of plotly.js serves them all.
        figure.write_html(tmp_path / f"{name}.html", include_plotlyjs="directory")
        page.goto((tmp_path / f"{name}.html").as_uri())
        page.locator(".main-svg").first.wait_for()
        titles = page.locator(".modebar-btn").evaluate_all("all => all.map(it => it.dataset.title)")
        assert "Download plot as a PNG" in titles, name
        assert not [title for title in titles if "Share" in (title or "")], name
    page.close()
