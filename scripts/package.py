"""Makes dist/fusar_qgis.zip, the plugin as QGIS installs it: the package, metadata, licence, and the engine's wheel.

    .venv/bin/python scripts/package.py [--out dist/fusar_qgis.zip] [--release]

Only files known to git go in. The wheel is pure Python; it is what "Set up engine" installs. The addresses in
metadata.txt come from pyproject.toml; a release is refused while they are placeholders.
"""

from __future__ import annotations

import argparse
import configparser
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from addresses import addresses, fill, placeholders

ROOT = Path(__file__).resolve().parents[1]
NAME = "fusar_qgis"
TOP_FILES = ("metadata.txt", "LICENSE", "README.md", "CHANGELOG.md")
BESIDE_WHEEL = ("constraints.txt", "locks/core.txt", "locks/model.txt")
SHARED = ROOT / "fusar_core" / "domain" / "schema.py"
COPY = ROOT / NAME / "schema.py"
"""The engine's file that the plugin carries; a checkout has a copy, so that the plugin runs from there."""
EPOCH = (2026, 1, 1, 0, 0, 0)
"""Time of every file in the zip: the same sources give the same bytes."""


def tracked(folder: str) -> list[Path]:
    """Files of a folder that git knows, or would add: neither caches nor what .gitignore names."""
    words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", folder]
    listed = subprocess.run(words, cwd=ROOT, capture_output=True, check=True).stdout.decode()
    return sorted(path for name in listed.split("\0") if name and (path := ROOT / name).is_file())


def build_wheel(folder: Path) -> Path:
    """The engine's wheel, built from a copy of the sources: a `build` folder of another day must not get into it."""
    source = folder / "source"
    packed = [*tracked("fusar_core"), *tracked("resources/models")]
    for path in [*packed, *(ROOT / name for name in ("pyproject.toml", "README.md", "LICENSE"))]:
        copy = source / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    words = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--disable-pip-version-check", "-w", str(folder)]
    subprocess.run([*words, str(source)], check=True, env={**os.environ, "SOURCE_DATE_EPOCH": "1767225600"})
    return next(folder.glob("fusar_core-*.whl"))


def guide() -> list[Path]:
    """The user guide and its pictures."""
    pictures = [path for path in tracked("docs/images") if path.name.startswith("guide-")]
    return [ROOT / "docs" / "user-guide.md", *pictures]


def content(path: Path) -> bytes:
    """What goes into the zip for a file: its bytes, and for metadata.txt with the addresses filled in."""
    if path == ROOT / "metadata.txt":
        return fill(path.read_text("utf-8"), addresses()).encode()
    return path.read_bytes()


def package(out: Path) -> Path:
    """Writes the zip. Returns its path."""
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_suffix(".partial")
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
        wheel = build_wheel(Path(folder))
        contents = [(path, path.relative_to(ROOT).as_posix()) for path in tracked(NAME) if path != COPY]
        contents.append((SHARED, COPY.relative_to(ROOT).as_posix()))
        contents += [(ROOT / name, f"{NAME}/{name}") for name in TOP_FILES]
        contents += [(ROOT / name, f"{NAME}/wheels/{Path(name).name}") for name in BESIDE_WHEEL]
        contents += [(path, f"{NAME}/guide/{path.relative_to(ROOT / 'docs').as_posix()}") for path in guide()]
        contents.append((wheel, f"{NAME}/wheels/{wheel.name}"))
        for path, name in sorted(contents, key=lambda c: (c[1] != f"{NAME}/__init__.py", c[1])):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content(path))
    partial.replace(out)
    return out


def version() -> str:
    """The version that metadata.txt says."""
    metadata = configparser.ConfigParser(interpolation=None)
    metadata.read(ROOT / "metadata.txt", "utf-8")
    return metadata["general"]["version"]


def refuse_placeholders() -> None:
    """Ends the program where an address of the project is a placeholder."""
    missing = placeholders(addresses())
    if missing:
        listed = "".join(f"\n  {name}: {address}" for name, address in missing.items())
        sys.exit(
            f"No release: these addresses are placeholders:{listed}\n"
            "Fill in [project.urls] and [project] authors in pyproject.toml, then run this again."
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "dist" / f"{NAME}.zip")
    parser.add_argument("--release", action="store_true", help="refuse while an address is a placeholder")
    chosen = parser.parse_args()
    if chosen.release:
        refuse_placeholders()
    made = package(chosen.out)
    print(f"{made}: FUSAR {version()}, {made.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
