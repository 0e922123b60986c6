"""Pictures leave the page as files made by the browser, named for what they show and when."""

from pathlib import Path

from playwright.sync_api import expect
from test_figures import all_figures

import netdash as nd
from netdash.outcome_tables.criteria_words import NO_COMPARISON, NOT_SELECTED
from netdash.synthesis import outcome_effects, rows_to_pool


def test_the_buttons_beside_the_title_save_the_picture_and_its_numbers(visits):
    visit = visits(color_scheme="dark").open()
    buttons = (
        visit.page.locator("[data-section=forest]").get_by_role("group", name="Save picture").get_by_role("button")
    )
    expect(buttons).to_have_text(["SVG", "PNG", "CSV"])
    files = {}
    for suffix in ("svg", "png", "csv"):
        with visit.page.expect_download() as download:
            buttons.get_by_text(suffix.upper()).click()
        name = download.value.suggested_filename
        assert name.startswith("netdash-5-year-overall-survival-20" if suffix != "csv" else "netdash-5-year-overall")
        assert name.endswith(f".{suffix}")
        files[suffix] = Path(download.value.path()).read_bytes()
    assert files["png"].startswith(b"\x89PNG")
    assert b"t2-letreut-os60" in files["csv"]
    picture = files["svg"].decode()
    for words in ("5-year overall survival", NOT_SELECTED, NO_COMPARISON, "0 of 7 met, 7 open", "2 series, not pooled"):
        assert words in picture, words
    # A file is on white, whatever the colors of the page.
    assert (
        visit.plot.locator(".annotation text").first.evaluate("n => getComputedStyle(n).fill") == "rgb(242, 242, 242)"
    )
    assert "rgb(242, 242, 242)" not in picture
    assert "rgb(26, 26, 26)" in picture


def test_the_picture_follows_the_colors_of_the_page_without_the_kernel(visit):
    visit.open()
    words = visit.plot.locator(".annotation text").first
    revision = visit.page.locator(".netdash-frame").get_attribute("data-revision")
    expect(words).to_have_css("fill", "rgb(26, 26, 26)")
    visit.page.evaluate("document.body.dataset.jpThemeLight = 'false'")  # as JupyterLab says that its theme is dark
    expect(words).to_have_css("fill", "rgb(242, 242, 242)")
    visit.page.evaluate("document.body.dataset.jpThemeLight = 'true'")
    expect(words).to_have_css("fill", "rgb(26, 26, 26)")
    visit.page.emulate_media(color_scheme="dark")
    expect(words).to_have_css("fill", "rgb(242, 242, 242)")
    assert visit.page.locator(".netdash-frame").get_attribute("data-revision") == revision


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
