"""Write what serving needs as a CycloneDX file, and licenses.md. Run: make sbom."""

import argparse
import json
import subprocess
import sys
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LICENSES = ROOT / "docs" / "licenses.md"
HEAD = """# Licenses

What `netdash serve` needs, with the license that each package names. Made by `make sbom`, which also writes
`build/netdash.cdx.json` (CycloneDX) with the versions; a test compares the names.

| package | license |
|---|---|
"""
CLASSIFIER = "License :: OSI Approved :: "


def needed() -> dict[str, Distribution]:
    """Return the installed packages that serving needs, netdash included, by their normalized names."""
    found: dict[str, Distribution] = {}
    waiting, seen = [("netdash", "")], set()
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        found[name] = distribution(name)
        for requirement in map(Requirement, found[name].requires or []):
            if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                waiting += [(canonicalize_name(requirement.name), one) for one in ("", *requirement.extras)]
    return found


def license_of(package: Distribution) -> str:
    """Return the license that a package's metadata name: the expression, else the classifiers, else the first line."""
    metadata = package.metadata
    if "License-Expression" in metadata:
        return metadata["License-Expression"]
    named = [text.removeprefix(CLASSIFIER) for text in metadata.get_all("Classifier") or [] if CLASSIFIER in text]
    return ", ".join(named) or (metadata["License"] or "not named").splitlines()[0]


def vendored() -> list[dict[str, Any]]:
    """Return the scripts that netdash carries, as CycloneDX components."""
    return [
        {
            "type": "library",
            "bom-ref": f"{script['package']}@{script['version']}",
            "name": script["package"],
            "version": script["version"],
            "purl": f"pkg:npm/{script['package']}@{script['version']}",
            "description": script["why"],
            "licenses": [{"license": {"id": script["license"]}}],
        }
        for script in json.loads((ROOT / "vendor.json").read_text(encoding="utf-8"))
    ]


def licenses() -> str:
    """Return the text of licenses.md."""
    rows = [(name, license_of(package)) for name, package in needed().items() if name != "netdash"]
    rows += [(script["name"], script["licenses"][0]["license"]["id"]) for script in vendored()]
    return HEAD + "".join(f"| {name} | {text} |\n" for name, text in sorted(rows))


def main() -> None:
    """Write both files."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("interpreter", help="of an environment with what serving needs and nothing else")
    asked.add_argument("file", type=Path, help="the CycloneDX file to write")
    given = asked.parse_args()
    command = [Path(sys.executable).with_name("cyclonedx-py"), "environment", given.interpreter]
    options = ["--pyproject", ROOT / "pyproject.toml", "--of", "JSON", "--output-reproducible"]
    done = subprocess.run([*command, *options], check=True, capture_output=True, text=True)  # noqa: S603
    made = json.loads(done.stdout)
    made["components"] += vendored()
    given.file.write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")
    LICENSES.write_text(licenses(), encoding="utf-8")


if __name__ == "__main__":
    main()
