"""Renews the files that netdash ships of others, as `vendor.json` says: `make vendor`.

plotly.js is taken in the version that the installed plotly has. After a new version run the browser tests.
"""

import hashlib
import json
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path

from plotly.offline import get_plotlyjs_version

ROOT = Path(__file__).parents[1]
VENDOR = ROOT / "vendor.json"
LOADER = ROOT / "netdash" / "board" / "static" / "frame" / "plotly.js"


def fetch(package, version):
    """Return the files of an npm package by name, as npm fetches and checks them."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", f"{package}@{version}", "--silent", "--pack-destination", folder]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        (archive,) = Path(folder).glob("*.tgz")
        with tarfile.open(archive) as tar:
            files = {m.name.removeprefix("package/"): tar.extractfile(m).read() for m in tar.getmembers() if m.isfile()}
    return files


def main():
    entries = json.loads(VENDOR.read_text())
    for entry in entries:
        entry["version"] = get_plotlyjs_version()
        fetched = fetch(entry["package"], entry["version"])
        for name, file in entry["files"].items():
            content = fetched[file["from"]]
            (ROOT / entry["folder"] / name).write_bytes(content)
            file["sha256"] = hashlib.sha256(content).hexdigest()
        line = f'PLOTLY_VERSION = "{entry["version"]}"'
        LOADER.write_text(re.sub(r'PLOTLY_VERSION = ".*?"', line, LOADER.read_text()))
        print(f"{entry['package']} {entry['version']}: {', '.join(entry['files'])}")
    VENDOR.write_text(json.dumps(entries, indent=2) + "\n")


if __name__ == "__main__":
    main()
