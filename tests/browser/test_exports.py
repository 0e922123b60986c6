"""Pictures leave the page as files made by the browser, named for what they show and when."""

import pytest


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
        assert content.read(100).lstrip().startswith(start)
