"""The files that belong to a raster and tell of its acquisition: beside it, in its product's folder, or in its archive.

They are read as what others made: regular files only, of bounded size.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

from fusar_core.scenes.metadata.ceos import facts_of_leader
from fusar_core.scenes.metadata.facts import facts_of
from fusar_core.scenes.metadata.hdf5 import leaves_of_hdf5
from fusar_core.scenes.metadata.leaves import leaves_of_json, leaves_of_lines, leaves_of_xml
from fusar_core.scenes.metadata.product_names import Facts
from fusar_core.scenes.regular import read_bounded

LARGEST_SIDECAR = 32 * 2**20
"""Bytes; the annotation of a whole Sentinel-1 swath has 2 MB."""
LARGEST_JSON = 8 * 2**20
"""Bytes; a document of empty lists takes thirty times as much when read."""
MOST_BESIDE = 50_000
LEAST_STEM = 6
"""Letters that the name of a sidecar must share with the raster's."""

XML_TAG = "XML:DES"
"""Under which XML inside a raster stands among its tags."""
_DOCUMENTS = (".json", ".xml", ".xemt", ".dim")
_POLARISATIONS = r"(?:(?:HH|HV|VH|VV){1,4}|AHV|DH|DV)"


def find_sidecars(path: Path) -> list[Path]:
    """Files that tell of a raster: beside it under its name, in the folders of its product, or itself.

    A file belongs to the raster when its name, without endings such as `_METADATA.json`, `_summary.xml` or `.meta.xml`
    and without polarisations, is the beginning of the raster's name. path may lie in a zip archive, as if that were a
    folder.
    """
    home = path.parent
    wanted = _stem(path.name)
    found = [f for f in _beside(home) if _belongs(f.name, wanted)]
    found += [f for f in _beside(home) if f.name == "summary.txt" or re.match(r"(?:LED-|LEA_)", f.name)]
    if home.name == "measurement":
        stem = re.sub(r"-cog$", "", path.stem)
        found += [home.parent / "annotation" / f"{stem}.xml", home.parent / "manifest.safe"]
    if home.name == "imagery":
        found.append(home.parent / "metadata" / "product.xml")
    if home.name == "IMAGEDATA":
        found += [f for f in _beside(home.parent) if re.match(r"(?:TSX|TDX|PAZ)1_SAR__.*\.xml$", f.name)]
    if home.suffix == ".data":
        found.append(home.with_suffix(".dim"))
    if path.suffix.lower() in (*_DOCUMENTS, ".safe", ".h5", ".hdf5", ".nc") or path.name == "summary.txt":
        found.append(path / "manifest.safe" if path.is_dir() else path)
    if path.suffix.lower() == ".zip":
        inside = _members(path)
        found += [f for f in inside if f.name == "manifest.safe"][:1]  # it names all polarisations
        found += [f for f in inside if f.parent.name == "annotation"][:1]
    return [f for f in dict.fromkeys(found) if f == path or f.is_file() or _archive_of(f) is not None]


def _belongs(name: str, wanted: str) -> bool:
    lower = name.lower()
    if lower.endswith(".aux.xml") or not lower.endswith((*_DOCUMENTS, ".l")):
        return False
    stem = _stem(name)
    return len(stem) >= LEAST_STEM and (wanted == stem or wanted.startswith((stem + "_", stem + "-", stem + ".")))


def _stem(name: str) -> str:
    stem = re.sub(r"\.(?:tiff?|json|xml|xemt|dim|img|vrt|jp2|dat|ntf|nitf|d|l)$", "", name, flags=re.IGNORECASE)
    stem = re.sub(r"(?:[._-](?:metadata|meta|extended|stac|summary|sicd|v\d))+$", "", stem, flags=re.IGNORECASE)
    return re.sub(rf"[._-]{_POLARISATIONS}(?=[._-]|$)", "", stem, flags=re.IGNORECASE).lower()


def _beside(folder: Path) -> list[Path]:
    """What lies in a folder, or in one of an archive."""
    try:
        if folder.is_dir():
            return sorted(folder.iterdir())[:MOST_BESIDE]
    except OSError:
        return []
    archive = _archive_of(folder)
    return [] if archive is None else [f for f in _members(archive) if f.parent == folder]


def _members(archive: Path) -> list[Path]:
    """The files of an archive, as if it were a folder."""
    try:
        with zipfile.ZipFile(archive) as opened:
            return sorted(archive / name for name in opened.namelist()[:MOST_BESIDE])
    except (OSError, zipfile.BadZipFile, NotImplementedError):
        return []


def _archive_of(path: Path) -> Path | None:
    """The zip archive that a path leads into."""
    for parent in (path, *path.parents):
        try:
            if parent.is_file():
                return parent if parent.suffix.lower() == ".zip" else None
        except OSError:
            return None
    return None


def read_sidecar(path: Path) -> Facts:
    """What a file says; empty Facts when it cannot be read."""
    if path.suffix.lower() in (".h5", ".hdf5", ".nc") and path.is_file():
        return facts_of(leaves_of_hdf5(path))
    try:
        content = _content(path)
        if content is None:
            return Facts()
        if re.match(r"(?:LED-|LEA_)|.*\.L$", path.name):
            return facts_of_leader(content)
        if path.suffix.lower() == ".txt":
            return facts_of(leaves_of_lines(content.decode("utf-8", "replace")))
        if path.suffix.lower() == ".json":
            if len(content) > LARGEST_JSON:
                return Facts()
            return facts_of(leaves_of_json(json.loads(content)))
        return facts_of(leaves_of_xml(content))
    except (OSError, ValueError, RecursionError, ElementTree.ParseError):
        return Facts()


def _content(path: Path) -> bytes | None:
    archive = _archive_of(path)
    if path.is_file() or archive is None:
        return read_bounded(path, LARGEST_SIDECAR)
    try:
        with zipfile.ZipFile(archive) as opened, opened.open(path.relative_to(archive).as_posix()) as file:
            content = file.read(LARGEST_SIDECAR + 1)  # whatever size the archive declares
    except (OSError, KeyError, zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError):
        return None
    return content if len(content) <= LARGEST_SIDECAR else None


def embedded_xml(tags: Mapping[str, str]) -> Facts:
    """What XML inside a raster says (SICD in NITF)."""
    text = tags.get(XML_TAG, "")
    if not text or len(text) > LARGEST_SIDECAR:
        return Facts()
    try:
        return facts_of(leaves_of_xml(text.encode()))
    except (ValueError, ElementTree.ParseError):
        return Facts()


def embedded_json(tags: Mapping[str, str]) -> tuple[str, Facts]:
    """Name of the tag that holds JSON metadata (ICEYE, Capella), and what it says."""
    for tag in ("ICEYE_PROPERTIES", "TIFFTAG_IMAGEDESCRIPTION"):
        text = tags.get(tag, "")
        if text.lstrip().startswith("{") and len(text) <= LARGEST_JSON:
            try:
                return tag, facts_of(leaves_of_json(json.loads(text)))
            except (ValueError, RecursionError):
                continue
    return "", Facts()
