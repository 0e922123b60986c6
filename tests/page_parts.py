"""Renews the list of the parts of scripts that the page needs, `parts.txt` of the template: `make vendor`."""

import re
import shutil
import sys
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parent))
from browser.served import Served

from netdash.server.scripts import PARTS

PART = re.compile(r"/voila/(?:(static)/[\d.]+|(labextensions))/(.+\.js)")
KEPT = ("remoteEntry", "voila.js")
"""What Voila loads by itself, or is joined last."""
DRAWN = ".netdash-frame .js-plotly-plot .main-svg"


def parts_of(address):
    """Return the name of the part at an address, in a list; an empty list for everything else."""
    found = PART.fullmatch(urlsplit(address).path)
    if not found or any(found[3].rpartition("/")[2].startswith(kept) for kept in KEPT):
        return []
    return [f"{found[1] or found[2]}/{found[3]}"]


def main():
    PARTS.write_text("")
    server, asked = Served(), []
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            page = browser.new_page()
            page.on("request", lambda request: asked.extend(parts_of(request.url)))
            page.goto(server.url)
            page.locator(DRAWN).first.wait_for(state="attached", timeout=120_000)
            page.wait_for_load_state("networkidle")
    finally:
        server.kill()
    PARTS.write_text("\n".join(dict.fromkeys(asked)) + "\n")
    print(f"{PARTS.name}: {len(set(asked))} parts")


if __name__ == "__main__":
    main()
