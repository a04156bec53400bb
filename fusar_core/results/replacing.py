"""Whether what lies in the place of a result may be replaced: not others' layers, not an analyst's work, nothing that
another program has open."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pyogrio
import pyogrio.errors
import pyogrio.raw

from fusar_core.domain.schema import LAYERS, UNREVIEWED, Layer
from fusar_core.errors import OutputForeign, OutputInUse, OutputReviewed
from fusar_core.scenes.vectors import VECTOR_ERRORS

SQLITE = b"SQLite format 3\0"
STYLES = "layer_styles"
"""Table in which QGIS keeps the styles that a user has given to layers."""
FOLLOWERS = ("-wal", "-journal")
"""Files of SQLite beside a database in which somebody may be writing."""

_SYSTEM = ("gpkg_", "rtree_", "sqlite_", "ogr_", "trigger_")
_DAMAGE = (sqlite3.DatabaseError, UnicodeDecodeError)
"""What SQLite says of a damaged file; its words may quote names that are no text."""
_KEYS = frozenset({"fid", "geom", "geometry", "ogc_fid"})
"""Columns of a table that are no fields."""
_CENTRE = frozenset({"x", "y", "wkt"})
"""Fields of a CSV that are its geometry."""
_ELSEWHERE = "Choose another name."
_WANTED = "Choose another name, or say --overwrite."


def check_replaceable(path: Path, *, overwrite: bool = False, layers: Sequence[Layer] = LAYERS) -> None:
    """Raises what stands against replacing `path` with a result; nothing where nothing lies there.

    overwrite: whether an analyst's work, and a file that is no result of ours, may go. Layers of others in a GeoPackage
    and a file that is open elsewhere never may. layers: those that are ours.

    Raises OutputForeign, OutputReviewed, OutputInUse.
    """
    if not path.exists():
        return
    if path.suffix.lower() != ".gpkg":
        _check_plain(path, layers, overwrite)
    elif path.stat().st_size:
        if _is_database(path):
            raise_if_open(path)
            _check_geopackage(path, layers, overwrite)
        elif not overwrite:
            raise OutputForeign(f"{path} is no GeoPackage.", _WANTED)


def raise_if_open(path: Path) -> None:
    """Raises OutputInUse when another program is writing in a GeoPackage, or may be: QGIS edits in WAL mode.

    What a program that died has left there is brought to its end by SQLite itself.
    """
    try:
        with closing(sqlite3.connect(path, timeout=0.2, isolation_level=None)) as database:
            if database.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
                database.execute("PRAGMA journal_mode=DELETE")
            database.execute("BEGIN EXCLUSIVE")
            database.execute("ROLLBACK")
    except sqlite3.OperationalError as cause:
        if "locked" not in str(cause) and "busy" not in str(cause):
            return  # damaged, or not to be locked where it lies
        raise OutputInUse(
            f"{path} is open in another program, perhaps for editing in QGIS.",
            "Save and end the editing there, or choose another name.",
        ) from cause
    except _DAMAGE:
        return  # the next look at it says so


def _is_database(path: Path) -> bool:
    with open(path, "rb") as file:
        return file.read(len(SQLITE)) == SQLITE


def _check_geopackage(path: Path, layers: Sequence[Layer], overwrite: bool) -> None:
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            database.text_factory = lambda raw: raw.decode("utf-8", "replace")
            ours, others = _sorted_out(database, layers)
            if others:
                shown = ", ".join(f"'{name}'" for name in others[:5])
                raise OutputForeign(f"{path} holds what is not ours: {shown}.", _ELSEWHERE)
            if not overwrite:
                _raise_if_worked_on(path, _work_in(database, ours))
    except _DAMAGE as cause:
        if not overwrite:
            raise OutputForeign(
                f"{path} is damaged, and nobody knows what is in it: {cause}.", "Choose another name, or --overwrite."
            ) from cause


def _sorted_out(database: sqlite3.Connection, layers: Sequence[Layer]) -> tuple[dict[str, Layer], list[str]]:
    """Tables with results of ours → their layer, and the names of all others that hold something."""
    names = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")]
    known = {layer.name: layer for layer in layers}
    ours: dict[str, Layer] = {}
    others = []
    for name in names:
        if name.lower().startswith(_SYSTEM) or name == STYLES:
            continue
        if name in known and is_of(known[name], _column_names(database, name)):
            ours[name] = known[name]
        else:
            others.append(name)
    return ours, others


def _column_names(database: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in database.execute(f"PRAGMA table_info({_quoted(table)})")]


def is_of(layer: Layer, names: Sequence[str]) -> bool:
    """Whether fields of these names are a layer's, of this version or another: most of its fields are among them."""
    return _share(layer, names) >= 0.5


def _share(layer: Layer, names: Sequence[str]) -> float:
    found = {name.lower() for name in names}
    return sum(f.name.lower() in found or f.short.lower() in found for f in layer.fields) / len(layer.fields)


def extra_fields(layer: Layer, names: Sequence[str], *, form: str = "gpkg") -> list[str]:
    """Those of the names that are no field of the layer, as they stand in a format."""
    known = {(f.short if form == "shp" else f.name).lower() for f in layer.fields}
    known |= _CENTRE if form == "csv" else set()
    return [name for name in names if name.lower() not in known]


def _work_in(database: sqlite3.Connection, ours: dict[str, Layer]) -> Iterator[str]:
    """What an analyst has done in our layers, in words."""
    for name, layer in ours.items():
        names = _column_names(database, name)
        table = _quoted(name)
        yield from _fields_in_words(layer, [n for n in names if n.lower() not in _KEYS], "gpkg")
        if "review" in names:
            (n,) = database.execute(
                f"SELECT count(*) FROM {table} WHERE review IS NOT NULL AND review NOT IN ('', ?)", (UNREVIEWED,)
            ).fetchone()
            yield from _reviews_in_words(n, name)
        if "engine" in names:
            (n,) = database.execute(f"SELECT count(*) FROM {table} WHERE engine IS NULL OR engine = ''").fetchone()
            if "review" in names:
                yield from _drawn_in_words(n, name)
    styles = database.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (STYLES,)).fetchone()
    if styles and database.execute(f"SELECT count(*) FROM {STYLES}").fetchone()[0]:
        yield "styles"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _fields_in_words(layer: Layer, names: Sequence[str], form: str) -> Iterator[str]:
    if extra := extra_fields(layer, names, form=form):
        yield f"fields of its own in '{layer.name}' ({', '.join(extra[:5])})"


def _reviews_in_words(n: int, name: str) -> Iterator[str]:
    if n:
        yield f"{n} reviewed features in '{name}'"


def _drawn_in_words(n: int, name: str) -> Iterator[str]:
    if n:
        yield f"{n} features of '{name}' that no engine found"


def _raise_if_worked_on(path: Path, work: Iterator[str]) -> None:
    if found := list(work):
        raise OutputReviewed(f"{path} holds an analyst's work: {'; '.join(found)}.", _WANTED)


def _check_plain(path: Path, layers: Sequence[Layer], overwrite: bool) -> None:
    """A shapefile, GeoJSON or CSV: one layer in a file."""
    if overwrite or not path.stat().st_size:
        return
    try:
        about = pyogrio.read_info(path, force_feature_count=True)
        names = [str(name) for name in about["fields"]]
        if path.suffix.lower() == ".geojson" and not names and not about["features"]:
            return  # an empty layer has no fields there
        layer = max(layers, key=lambda one: _share(one, names))
        if not is_of(layer, names):
            raise OutputForeign(f"{path} is no result of this program.", _WANTED)
        _raise_if_worked_on(path, _work_in_file(path, layer, names))
    except VECTOR_ERRORS as cause:
        raise OutputForeign(f"{path} cannot be read, and nobody knows what it is: {cause}.", _WANTED) from cause


def _work_in_file(path: Path, layer: Layer, names: list[str]) -> Iterator[str]:
    yield from _fields_in_words(layer, names, path.suffix.lower().removeprefix("."))
    if "review" in names:
        yield from _reviews_in_words(sum(_says(v) and v != UNREVIEWED for v in _values(path, "review")), layer.name)
        if "engine" in names:
            yield from _drawn_in_words(sum(not _says(v) for v in _values(path, "engine")), layer.name)


def _values(path: Path, name: str) -> Any:
    """The values of one field of a file with one layer."""
    _, _, _, (values,) = pyogrio.raw.read(path, columns=[name], read_geometry=False)
    return values


def _says(value: Any) -> bool:
    """Whether a field holds something."""
    return value is not None and value == value and value != ""
