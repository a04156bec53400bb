"""Which scenes are meant: files, folders, globs, tables and lists, on this computer or behind an address."""

from __future__ import annotations

import csv
import glob
import io
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyogrio
import requests

from fusar_core.batch.grouping import Beside, grouped
from fusar_core.errors import BadOption, SceneNotFound, SceneUnreadable
from fusar_core.scenes.raster.parts import vignettes
from fusar_core.scenes.regular import is_special, read_bounded

RASTERS = frozenset({".tif", ".tiff", ".jp2", ".img", ".vrt"})
"""Files that are taken for scenes where a whole folder is given; a file that is named may be any GDAL reads."""
LISTS = frozenset({".txt", ".lst"})
SCHEMES = {"s3": "/vsis3/", "gs": "/vsigs/", "az": "/vsiaz/"}
"""Scheme of an object store → GDAL's prefix."""
MOST_BYTES = 64 * 2**20
"""Of a list."""
LONGEST_S = 600.0
"""That a list may take to come."""


@dataclass(frozen=True)
class Listed:
    """A scene to be interpreted. path: absolute, or one of GDAL's own (`/vsi…`). year, band, crs: where a table
    says.

    beside: files of its product in the same folder that are not interpreted, each with what it is.
    """

    path: str
    year: int | None = None
    band: str | None = None
    crs: str | None = None
    beside: tuple[str, ...] = ()


def find_scenes(arguments: Iterable[str], leave_out: Path | None = None, band: str | None = None) -> list[Listed]:
    """The scenes that the arguments name, each once, in their order. leave_out: a folder that is not looked into.
    band: which polarisation is wanted of scenes whose polarisations are files of their own.

    An argument is a raster or SAFE product; a folder, searched for rasters and products, of which only radar images are
    taken, each scene in one polarisation; a glob; a CSV with a column
    `scene`, and `year`, `band` and `crs` where wanted; a .txt with one scene a line; or the address (https://, s3://,
    gs://, az://) of a raster, of a folder (with / at its end), or of a list. Paths in a list are relative to it.

    Raises SceneNotFound when an argument names nothing, BadOption when a list cannot be read.
    """
    found: dict[str, Listed] = {}
    for argument in arguments:
        listed = list(_expand(argument, leave_out.resolve() if leave_out else None, band))
        if not listed:
            raise SceneNotFound(f"'{argument}' holds no scene.", f"Looked for {', '.join(sorted(RASTERS))} and SAFE.")
        for one in listed:
            found.setdefault(one.path, one)
    return list(found.values())


def _expand(argument: str, leave_out: Path | None, band: str | None) -> Iterator[Listed]:
    if _is_remote(argument):
        yield from _remote(argument, band)
        return
    path = Path(argument).expanduser()
    if path.is_dir() and not _is_product(path):
        found = [i for i in _search(path) if leave_out is None or leave_out not in i.resolve().parents]
        yield from _scenes(found, band)
    elif path.suffix.lower() == ".csv" and path.is_file():
        yield from _table(_read(path), argument, path.parent)
    elif path.suffix.lower() in LISTS and path.is_file():
        yield from _lines(_read(path), path.parent)
    elif path.exists():
        yield from _whole(path)
    elif glob.has_magic(argument):
        found = [Path(name) for name in sorted(glob.glob(str(path), recursive=True))]
        folders = [one for one in found if one.is_dir() and not _is_product(one)]
        yield from _scenes([one for one in found if one not in folders], band)
        for folder in folders:
            yield from _expand(str(folder), leave_out, band)
    else:
        raise SceneNotFound(f"There is no file '{argument}'.", "Check the path.")


def _scenes(found: list[Path], band: str | None) -> Iterator[Listed]:
    """The scenes among the rasters and products of a folder, or of those that a glob names."""
    for scene, beside in grouped(found, band):
        for one in _whole(scene):
            yield Listed(one.path, band=one.band, beside=_in_words(beside))


def _in_words(beside: Beside) -> tuple[str, ...]:
    return tuple(f"{path} ({what})" for path, what in beside)


def _whole(path: Path) -> Iterator[Listed]:
    """A raster or product; the images of a wave product are scenes of their own."""
    try:
        inside = vignettes(path) if path.is_dir() else []
    except SceneUnreadable:
        inside = []
    yield from (Listed(str(image.absolute())) for image in inside) if inside else [Listed(str(path.absolute()))]


def _is_product(folder: Path) -> bool:
    named = folder.suffix.upper() == ".SAFE" or folder.suffix == ".data"
    return named or any((folder / name).is_file() for name in ("manifest.safe", "product.xml"))


def _search(folder: Path) -> Iterator[Path]:
    """Rasters and SAFE products below a folder, in the order of their names; what is hidden is left out."""
    for inside in sorted(folder.iterdir()):
        if inside.name.startswith("."):
            continue
        if inside.is_dir() and not _is_product(inside):
            yield from _search(inside)
        elif is_special(inside):
            continue
        elif inside.is_dir() or inside.suffix.lower() in RASTERS or inside.name.upper().endswith(".SAFE.ZIP"):
            yield inside


# --- lists ------------------------------------------------------------------------------------------------------------


def _read(path: Path) -> str:
    content = read_bounded(path, MOST_BYTES)
    try:
        if content is None:
            raise BadOption(f"The list {path} cannot be read.", f"It is a file of at most {MOST_BYTES >> 20} MB.")
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as cause:
        raise BadOption(f"The list {path} cannot be read: {cause}.", "It is text in UTF-8.") from cause


def _table(text: str, name: str, home: Path | str) -> Iterator[Listed]:
    head = text.partition("\n")[0]
    rows = csv.DictReader(io.StringIO(text), delimiter=";" if ";" in head and "," not in head else ",")
    columns = {(c or "").strip().lower(): c for c in rows.fieldnames or ()}
    if "scene" not in columns:
        raise BadOption(f"The table {name} has no column 'scene'.", f"It has: {', '.join(columns) or 'none'}.")

    def value(row: dict[str, str | None], column: str) -> str:
        return (row.get(columns.get(column, column)) or "").strip()

    for row in rows:
        if scene := value(row, "scene"):
            year = value(row, "year")
            if year and not year.isdecimal():
                raise BadOption(f"The table {name} has the year '{year}' for {scene}.", "Write it as 2024.")
            band, crs = value(row, "band") or None, value(row, "crs") or None
            yield Listed(_placed(scene, home), int(year) if year else None, band, crs)


def _lines(text: str, home: Path | str) -> Iterator[Listed]:
    for line in text.splitlines():
        if (scene := line.strip()) and not scene.startswith("#"):
            yield Listed(_placed(scene, home))


def _placed(scene: str, home: Path | str) -> str:
    """A path from a list, relative to where the list is."""
    if _is_remote(scene):
        return gdal_path(scene)
    if isinstance(home, str):
        return gdal_path(home.rstrip("/") + "/" + scene.lstrip("/"))
    return str((home / Path(scene).expanduser()).absolute())


# --- behind an address ------------------------------------------------------------------------------------------------


def _is_remote(name: str) -> bool:
    return name.startswith("/vsi") or re.match(rf"(https?|{'|'.join(SCHEMES)})://", name) is not None


def gdal_path(address: str) -> str:
    """An address as GDAL opens it: `s3://bucket/key` is `/vsis3/bucket/key`, `https://…` is `/vsicurl/https://…`."""
    scheme, colon, rest = address.partition("://")
    if not colon or address.startswith("/vsi"):
        return address
    return f"/vsicurl/{address}" if scheme.startswith("http") else SCHEMES[scheme] + rest


def _remote(address: str, band: str | None) -> Iterator[Listed]:
    path = address.partition("?")[0]
    suffix = "." + path.rpartition(".")[2].lower()
    if path.endswith("/"):
        names = {Path(name): name for name in _listing(address)}
        for scene, beside in grouped(list(names), band):
            yield Listed(names[scene], beside=_in_words([(names[Path(path)], what) for path, what in beside]))
    elif suffix == ".csv" or suffix in LISTS:
        text, home = _fetch(address), path.rpartition("/")[0]
        yield from _table(text, address, home) if suffix == ".csv" else _lines(text, home)
    else:
        yield Listed(gdal_path(address))


def _listing(address: str) -> Sequence[str]:
    """The rasters below a remote folder."""
    try:
        inside = pyogrio.vsi_listtree(gdal_path(address).rstrip("/"))
    except Exception as cause:  # GDAL's errors are of many classes
        raise SceneNotFound(
            f"{address} cannot be listed: {cause}.", "Check the address and its credentials."
        ) from cause
    return sorted(name for name in inside if "." + name.rpartition(".")[2].lower() in RASTERS)


def _fetch(address: str) -> str:
    if not address.startswith("http"):
        raise BadOption(f"The list {address} cannot be fetched.", "Copy it here first, or name its folder.")
    try:
        with requests.get(address, timeout=(10, 60), stream=True) as response:
            response.raise_for_status()
            content, end = bytearray(), time.monotonic() + LONGEST_S
            for piece in response.iter_content(2**16):
                content += piece
                if len(content) > MOST_BYTES:
                    raise BadOption(f"The list {address} is larger than {MOST_BYTES >> 20} MB.", "Give it in parts.")
                if time.monotonic() > end:
                    raise requests.Timeout(f"not all of it came in {LONGEST_S:.0f} s")
        return bytes(content).decode("utf-8-sig")
    except (requests.RequestException, UnicodeDecodeError) as cause:
        raise SceneNotFound(f"The list {address} cannot be fetched: {cause}.", "Check the address.") from cause
