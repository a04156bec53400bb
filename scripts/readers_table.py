"""What `fusar info` tells of every product in a folder, as a Markdown table.

    python scripts/readers_table.py FOLDER > table.md

A dash means that nothing says it; what stands after "pixels:" is why they cannot be read.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fusar_core.errors import FusarError, SceneUnreadable
from fusar_core.scenes.report import describe, describe_unopened
from fusar_core.scenes.scene import SarScene

SUFFIXES = (
    ".tif",
    ".tiff",
    ".img",
    ".h5",
    ".nc",
    ".zip",
    ".xml",
    ".d",
    ".ntf",
    ".nitf",
    ".n1",
    ".e1",
    ".e2",
    ".dim",
    ".l-3",
)
COLUMNS = ("product", "sensor", "acquired", "pol.", "pass", "kind of product", "radiometry", "place")


def products(folder: Path) -> Iterator[Path]:
    """Products below a folder: whole folders where they are one, files otherwise."""
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            whole = any((path / n).exists() for n in ("manifest.safe", "product.xml", "summary.txt"))
            if whole or path.suffix in (".SAFE", ".data"):
                yield path
            else:
                yield from products(path)
        elif path.suffix.lower() in SUFFIXES and not path.name.endswith(".aux.xml"):
            yield path


def row(path: Path, root: Path) -> list[str]:
    """The cells of a product."""
    try:
        with SarScene.open(path) as scene:
            report: dict[str, Any] = describe(scene)
    except SceneUnreadable as error:
        report = describe_unopened(path, error) or _nothing(error)
    except FusarError as error:
        report = _nothing(error)
    found = report["acquisition"]
    radiometry = report["radiometry"]
    kind = f"{radiometry['kind']}, {'' if radiometry['calibrated'] else 'not '}calibrated" if radiometry else "unknown"
    cells = [
        str(path.relative_to(root)),
        found["sensor"],
        found["acquired"],
        " ".join(dict.fromkeys(b["polarisation"] for b in report.get("bands", ()) if b["polarisation"]))
        or " ".join(found["polarisations"]),
        found["orbit_pass"],
        found["product"],
        kind if "error" not in report else f"pixels: {report['error']['message']}",
        report.get("geocoding", {}).get("kind"),
    ]
    return [str(c).replace("|", "/").replace(str(root), "…") if c else "—" for c in cells]


def _nothing(error: FusarError) -> dict[str, Any]:
    empty = dict.fromkeys(("sensor", "acquired", "orbit_pass", "product"))
    return {"acquisition": {**empty, "polarisations": []}, "radiometry": None, "error": error.as_dict()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    sys.stdout.write(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}\n")
    for path in products(folder):
        sys.stdout.write(f"| {' | '.join(row(path, folder))} |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
