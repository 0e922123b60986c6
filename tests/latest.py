"""Print what is installed in another version than constraints.txt says, as `make check-latest` does."""

import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

FOLLOWED = ("voila", "plotly", "ipywidgets", "pandas", "narwhals")


def installed(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def differing():
    """Return (name, pinned, installed) for every package that is installed in another version than the pinned one."""
    lines = (Path(__file__).parents[1] / "constraints.txt").read_text().splitlines()
    rows = [(*line.split("=="), installed(line.partition("==")[0])) for line in lines]
    return [row for row in rows if row[2] not in (None, row[1])]


def main():
    rows = differing()
    names = {re.sub(r"[-_.]+", "-", name).lower() for name, *_ in rows}
    for name, pinned, found in rows:
        print(f"{name}: {found} instead of {pinned}")
    print(f"As pinned: {', '.join(name for name in FOLLOWED if name not in names) or 'none'}")


if __name__ == "__main__":
    main()
