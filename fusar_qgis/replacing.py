"""Whether what lies in the place of an output may be replaced, by the engine's rules and with its codes: QGIS writes
the outputs of algorithms itself, and asks nobody."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from pathlib import Path

from qgis.core import QgsVectorLayer

from . import schema
from .engine.errors import EngineError
from .translation import tr

TABLE = re.compile(r"^ogr:dbname='(?P<file>[^']+)'\s+table=\"(?P<table>[^\"]+)\"")
"""An output that is one table of a database, as Processing writes it."""
SHAPEFILE = (".shp", ".shx", ".dbf", ".prj", ".cpg")
STYLES = "layer_styles"

_SQLITE = b"SQLite format 3\0"
_SYSTEM = ("gpkg_", "rtree_", "sqlite_", "ogr_", "trigger_")
_DAMAGE = (sqlite3.DatabaseError, UnicodeDecodeError)
_NO_FIELDS = frozenset({"fid", "geom", "geometry", "ogc_fid"})
_CENTRE = frozenset({"x", "y", "wkt"})


def claim(outputs: Sequence[tuple[str, str]], inputs: Iterable[Path], *, overwrite: bool) -> None:
    """Raises what stands against writing the outputs of an algorithm; asked before its work.

    outputs: place (a path, or a table as TABLE has it) and name of the result layer that goes there; places in memory
    are passed over. inputs: files that are read. overwrite: whether an analyst's work, and a file that is no result,
    may go; layers of others never may.

    Raises EngineError: OUTPUT_IS_INPUT, OUTPUT_FOREIGN, OUTPUT_REVIEWED, OUTPUT_IN_USE.
    """
    read, taken = list(inputs), []
    for place, name in outputs:
        table = TABLE.match(place)
        path = Path(table["file"] if table else place)
        if not table and path.suffix.lower() not in (".gpkg", ".shp", ".geojson", ".json", ".csv"):
            continue
        for other in read:
            if _same_file(path, other):
                raise EngineError(
                    "OUTPUT_IS_INPUT",
                    tr("{path} is to be written, and {other} is read.").format(path=path, other=other),
                    tr("Choose another name."),
                )
        if not table and any(_same_file(path, other) for other in taken):
            raise EngineError(
                "OUTPUT_IS_INPUT",
                tr("{path} is to be written twice.").format(path=path),
                tr("Give each output a file of its own."),
            )
        taken.append(path)
        check_replaceable(path, name, overwrite=overwrite, table=table["table"] if table else "")


def check_replaceable(path: Path, name: str, *, overwrite: bool = False, table: str = "") -> None:
    """Raises what stands against replacing a file with a result layer; nothing where nothing lies there.

    table: the only one that is replaced; all of the file when empty. Raises EngineError.
    """
    layer = next(one for one in (*schema.LAYERS, schema.ANCHORS) if one.name == name)
    if not path.exists():
        _check_parts(path, overwrite)
    elif path.suffix.lower() != ".gpkg":
        _check_plain(path, layer, overwrite)
    elif path.stat().st_size:
        if _is_database(path):
            _raise_if_open(path)
            _check_geopackage(path, layer, overwrite, table)
        elif not overwrite:
            raise _foreign(tr("{path} is no GeoPackage.").format(path=path), may=True)


def _foreign(message: str, *, may: bool) -> EngineError:
    hint = tr("Choose another name, or tick “Replace what an analyst has worked on” (OVERWRITE).")
    return EngineError("OUTPUT_FOREIGN", message, hint if may else tr("Choose another name."))


def _same_file(a: Path, b: Path) -> bool:
    with suppress(OSError, ValueError):
        return os.path.samefile(a, b)
    return os.path.normcase(os.path.realpath(a)) == os.path.normcase(os.path.realpath(b))


def _check_parts(path: Path, overwrite: bool) -> None:
    """A shapefile must not replace files that are no shapefile's yet."""
    if path.suffix.lower() != ".shp" or overwrite:
        return
    for part in (path.with_suffix(suffix) for suffix in SHAPEFILE[1:]):
        if part.exists():
            raise _foreign(
                tr("{part} is there, and {name} would replace it.").format(part=part, name=path.name), may=True
            )


def _is_database(path: Path) -> bool:
    with open(path, "rb") as file:
        return file.read(len(_SQLITE)) == _SQLITE


def _raise_if_open(path: Path) -> None:
    """Raises OUTPUT_IN_USE when a program is writing in a GeoPackage, or may be: QGIS edits in WAL mode."""
    try:
        with closing(sqlite3.connect(path, timeout=0.2, isolation_level=None)) as database:
            if database.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
                database.execute("PRAGMA journal_mode=DELETE")
            database.execute("BEGIN EXCLUSIVE")
            database.execute("ROLLBACK")
    except sqlite3.OperationalError as cause:
        if "locked" in str(cause) or "busy" in str(cause):
            raise EngineError(
                "OUTPUT_IN_USE",
                tr("{path} is open, perhaps for editing.").format(path=path),
                tr("Save and end the editing, or choose another name."),
            ) from cause
    except _DAMAGE:
        return  # the next look at it says so


def _check_geopackage(path: Path, layer: schema.Layer, overwrite: bool, table: str) -> None:
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            database.text_factory = lambda raw: raw.decode("utf-8", "replace")
            names = [r[0] for r in database.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")]
            names = [n for n in names if not n.lower().startswith(_SYSTEM) and n != STYLES]
            if table:
                names = [n for n in names if n.lower() == table.lower()]
            alone = table or len(names) == 1  # QGIS calls a layer after its file
            ours = [n for n in names if (alone or n == layer.name) and _is_of(layer, _columns(database, n))]
            if others := [n for n in names if n not in ours]:
                shown = ", ".join(f"“{n}”" for n in others[:5])
                raise _foreign(
                    tr("{path} holds what is not replaced: {names}.").format(path=path, names=shown), may=False
                )
            if not overwrite:
                _raise_if_worked_on(path, _work_in(database, ours, layer, styles=not table))
    except _DAMAGE as cause:
        if not overwrite:
            raise _foreign(
                tr("{path} is damaged, and nobody knows what is in it: {cause}.").format(path=path, cause=cause),
                may=True,
            ) from cause


def _columns(database: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in database.execute(f"PRAGMA table_info({_quoted(table)})")]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _is_of(layer: schema.Layer, names: Sequence[str]) -> bool:
    found = {name.lower() for name in names}
    return sum(f.name.lower() in found or f.short.lower() in found for f in layer.fields) >= 0.5 * len(layer.fields)


def _work_in(database: sqlite3.Connection, tables: list[str], layer: schema.Layer, *, styles: bool) -> list[str]:
    """What an analyst has done in tables of a result layer, in words."""
    said = []
    for name in tables:
        names, table = _columns(database, name), _quoted(name)
        said += _own_fields(layer, [n for n in names if n.lower() not in _NO_FIELDS], short=False, centre=False)
        if "review" in names:
            seen = "review IS NOT NULL AND review NOT IN ('', ?)"
            n = _count(database, table, seen, schema.UNREVIEWED)
            said += _reviews(n, name)
        if "review" in names and "engine" in names:
            said += _drawn(_count(database, table, "engine IS NULL OR engine = ''"))
    kept = database.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (STYLES,)).fetchone() if styles else None
    if kept and _count(database, STYLES, "1"):
        said.append(tr("styles"))
    return said


def _count(database: sqlite3.Connection, table: str, where: str, *values: str) -> int:
    """Rows of a table, whose name is quoted or ours."""
    return database.execute(f"SELECT count(*) FROM {table} WHERE {where}", values).fetchone()[0]  # nosec B608


def _own_fields(layer: schema.Layer, names: Sequence[str], *, short: bool, centre: bool) -> list[str]:
    known = {(f.short if short else f.name).lower() for f in layer.fields} | (_CENTRE if centre else set())
    extra = [n for n in names if n.lower() not in known]
    return [tr("fields of its own ({fields})").format(fields=", ".join(extra[:5]))] if extra else []


def _reviews(n: int, name: str) -> list[str]:
    return [tr("{n} reviewed features in “{name}”").format(n=n, name=name)] if n else []


def _drawn(n: int) -> list[str]:
    return [tr("{n} features that no engine found").format(n=n)] if n else []


def _raise_if_worked_on(path: Path, work: list[str]) -> None:
    if work:
        raise EngineError(
            "OUTPUT_REVIEWED",
            tr("{path} holds an analyst's work: {work}.").format(path=path, work="; ".join(work)),
            tr("Choose another name, or tick “Replace what an analyst has worked on” (OVERWRITE)."),
        )


def _check_plain(path: Path, layer: schema.Layer, overwrite: bool) -> None:
    """A shapefile, GeoJSON or CSV: one layer in a file."""
    if overwrite or not path.stat().st_size:
        return
    there = QgsVectorLayer(str(path), path.stem, "ogr")
    if not there.isValid():
        raise _foreign(tr("{path} cannot be read, and nobody knows what it is.").format(path=path), may=True)
    names = there.fields().names()
    suffix = path.suffix.lower()
    if suffix in (".geojson", ".json") and not there.featureCount():
        return  # an empty layer has no fields there
    if not _is_of(layer, names):
        raise _foreign(tr("{path} is no result of this program.").format(path=path), may=True)
    work = _own_fields(
        layer, [n for n in names if n.lower() not in _NO_FIELDS], short=suffix == ".shp", centre=suffix == ".csv"
    )
    if "review" in names:
        told = [feature["review"] for feature in there.getFeatures()]
        seen = [r for r in told if isinstance(r, str) and r not in ("", schema.UNREVIEWED)]
        work += _reviews(len(seen), path.stem)
    if "review" in names and "engine" in names:
        engines = [feature["engine"] for feature in there.getFeatures()]
        work += _drawn(sum(not (isinstance(engine, str) and engine) for engine in engines))
    _raise_if_worked_on(path, work)
