"""Build the site: python docs/site/build.py [OUT]. No other host is asked; a warning of Sphinx is an error.

The pages of the checkout keep their places, so that a link between them holds here and there. Beside them stand
pages made from the notebook, the code and the data. docs/develop/site.md says why Sphinx, and how to add a page.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import pictures
import reference
from sphinx.cmd.build import build_main

from netdash.files import PLOTLY

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
COPIED = (
    "docs",
    "data",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "CODE_OF_CONDUCT.md",
    "LICENSE",
    "CITATION.cff",
)
"""What the site shows or offers for download."""


def main(out: str = str(ROOT / "build" / "site")) -> int:
    """Build the site into a folder and return Sphinx's exit code."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source"
        assemble(source)
        options = ["-b", "html", "-W", "--keep-going", "--quiet", "-E", "-d", f"{folder}/doctrees"]
        return int(build_main([*options, str(source), out]))


def assemble(source: Path) -> None:
    """Write every page of the site into a folder."""
    source.mkdir()
    for name in COPIED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, source / name)
    shutil.copytree(ROOT / "dashboards", source / "dashboards")
    shutil.rmtree(source / "docs" / "site")
    (source / "docs" / "develop" / "upstream-report.md").unlink()  # a weakness that its project has not published
    shutil.copytree(HERE / "static", source / "_static")
    shutil.copy(PLOTLY, source / "_static")
    shutil.copy(HERE / "conf.py", source)
    made = {
        "index.md": (ROOT / "README.md").read_text(encoding="utf-8")
        + (HERE / "contents.md").read_text(encoding="utf-8"),
        "tutorial.md": pictures.tutorial(ROOT / "dashboards" / "tour.ipynb"),
        "gallery.md": pictures.gallery(),
        **reference.pages(),
    }
    for name, text in made.items():
        (source / name).parent.mkdir(exist_ok=True)
        (source / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
