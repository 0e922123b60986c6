"""Make docs/board.png and docs/board.webp: the served board, and half a minute of it without sound. Run: make recording."""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from browser.served import Served  # noqa: E402 - the server of the browser tests
from browser.visit import Visit  # noqa: E402

CASE = (
    "age_years=55&ki67_percent=8&liver_involvement_percent=50&extrahepatic_disease=none&primary_site=pancreas"
    "&primary_status=resected&differentiation=well&stable_months=6"
)
MOVES = (
    ("age_years", "ArrowLeft", 6),
    ("liver_involvement_percent", "ArrowLeft", 8),
    ("ki67_percent", "ArrowRight", 6),
)
WIDTH = 1280
"""Pixels of the recording; the picture is 1920 wide."""
MOST_BYTES = 3_000_000


def main() -> None:
    """Take the picture and the recording."""
    server = Served()
    try:
        with sync_playwright() as playwright:
            found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
            browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
            visit = Visit(browser, server, size=(1920, 1080)).open(CASE)
            visit.page.screenshot(path=ROOT / "docs" / "board.png")
            _save([frame for move in MOVES for frame in _frames(visit, *move)])
            browser.close()
    finally:
        server.stop()


def _frames(visit: Any, field: str, key: str, times: int) -> list[Image.Image]:
    frames = []
    for _ in range(times):
        visit.press(field, key)
        visit.settle()
        taken = Image.open(io.BytesIO(visit.page.screenshot()))
        frames.append(
            taken.convert("RGB").resize((WIDTH, WIDTH * taken.height // taken.width), Image.Resampling.LANCZOS)
        )
    return frames


def _save(frames: list[Image.Image]) -> None:
    target = ROOT / "docs" / "board.webp"
    first, *rest = frames
    first.save(target, save_all=True, append_images=rest, duration=600, loop=0, quality=60, method=4)
    if (size := target.stat().st_size) > MOST_BYTES:
        raise SystemExit(f"{target.name} has {size:,} bytes, more than {MOST_BYTES:,}: take fewer frames")


if __name__ == "__main__":
    main()
