"""One scene of a batch: interpreted in a process of its own kind, from a journal where one was left, its result and a
record of it in place at the end."""

from __future__ import annotations

import json
import os
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from fusar_core.batch.listing import Listed
from fusar_core.engines import open_engine
from fusar_core.engines.base import Engine
from fusar_core.errors import FusarError, ResumeMismatch, SceneEmpty, unforeseen
from fusar_core.files import atomic_path
from fusar_core.interpretation.journal_file import holding
from fusar_core.interpretation.run import Run, opened
from fusar_core.interpretation.scope import Watch
from fusar_core.results.claim import claim
from fusar_core.results.features import feature_tables
from fusar_core.results.vector_io import write_layers
from fusar_core.scenes.scene import SarScene

STATE = ".fusar"
"""Folder inside the output folder with records of finished scenes and journals of others."""
DONE, EMPTY, FAILED = "done", "empty", "failed"
LEFT_OUT = "Left out:"
"""How the warning about a file begins that lies beside a scene and was not read."""
INTERNAL = "INTERNAL"
"""Code of an error that is a bug of this program, or of a library."""

REMOTE_READING = {
    "GDAL_HTTP_MAX_RETRY": "4",
    "GDAL_HTTP_RETRY_DELAY": "1",
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",  # else GDAL asks for whole folders
}


@dataclass(frozen=True)
class Record:
    """What became of a scene.

    name: of its result, without suffix. files: size and time of change, by which a changed scene is known. status:
    `done`, `empty` (no valid pixel) or `failed`. footprint: ring of (lon, lat). counts: class → targets, None where
    nobody knows; empty where nothing was counted.
    """

    scene: str
    name: str
    status: str
    files: list[int] = field(default_factory=list)
    error: str = ""
    message: str = ""
    hint: str = ""
    footprint: list[list[float]] = field(default_factory=list)
    acquired: str = ""
    engine: str = ""
    model: str = ""
    aef_year: int | None = None
    counts: dict[str, int | None] = field(default_factory=dict)
    chips: int = 0
    seconds: float = 0.0
    warnings: list[str] = field(default_factory=list)


def result_path(out: Path, name: str) -> Path:
    """Where the GeoPackage of a scene lies in the folder of a batch; name: without suffix."""
    return out / f"{name}.gpkg"


def record_path(out: Path, name: str) -> Path:
    """Where the JSON record of a scene lies. It is written after the result: where it says done, that is there."""
    return out / STATE / f"{name}.json"


def state_of(path: str) -> list[int]:
    """Size and time of change of a scene's file; empty where there is no single one to ask."""
    file = Path(path)
    file = file / "manifest.safe" if file.is_dir() else file
    try:
        about = file.stat()
    except (OSError, ValueError):
        return []
    return [about.st_size, about.st_mtime_ns]


@contextmanager
def _environment(wanted: dict[str, str]) -> Iterator[None]:
    """Environment variables that are set for one scene, where the user has not: the next scene is another's."""
    added = {variable: value for variable, value in wanted.items() if variable not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for variable in added:
            os.environ.pop(variable, None)


def interpret_listed(listed: Listed, name: str, out: str, settings: Run) -> Record:
    """Interprets one scene of a batch; what goes wrong is told in the record, never raised.

    settings: how every scene of the batch is interpreted.

    A journal that another process left half-way is taken up. The result is in place before the record, the record
    before the journal goes: whenever the process dies, nothing is lost that was finished.
    """
    started = time.monotonic()

    def seconds() -> float:
        return round(time.monotonic() - started, 3)

    def failed(status: str, code: str, message: str, hint: str) -> Record:
        return Record(**seen, status=status, error=code, message=message, hint=hint, seconds=seconds())

    folder = Path(out)
    seen: dict[str, Any] = {"scene": listed.path, "name": name, "files": state_of(listed.path)}
    try:
        with _environment(REMOTE_READING if listed.path.startswith("/vsi") else {}):
            return _interpret(_run_of(listed, settings), listed, name, folder, seen, seconds)
    except SceneEmpty as error:
        record = failed(EMPTY, error.code, error.message, error.hint)
        _keep(record, folder)
        return record
    except FusarError as error:
        return failed(FAILED, error.code, error.message, error.hint)
    except Exception as error:
        traceback.print_exc()
        said = unforeseen(error)
        return failed(FAILED, said.code, said.message, said.hint)


def _interpret(
    run: Run, listed: Listed, name: str, out: Path, seen: dict[str, Any], seconds: Callable[[], float]
) -> Record:
    """seen: takes what is known of the scene as soon as it is, should the rest fail. seconds: since the start."""
    journal = out / STATE / f"{name}.partial"
    claim([result_path(out, name)], run.inputs(), overwrite=run.overwrite)

    def on_scene(scene: SarScene) -> None:
        seen.update({"footprint": _footprint(scene), "acquired": scene.acquisition.acquired or ""})

    with holding(journal), opened(run, Watch(on_scene=on_scene), _kept_engine) as ready:
        seen |= {"engine": ready.engine.name, "model": ready.engine.model}
        try:
            result = ready.interpret(journal, resume=True)
        except ResumeMismatch:  # the scene, or the model, has changed since
            result = ready.interpret(journal)
        write_layers(feature_tables(result), result_path(out, name), overwrite=run.overwrite)
        record = Record(
            **seen,
            status=DONE,
            aef_year=result.aef_year,
            counts=result.counts(),
            chips=result.chips,
            seconds=seconds(),
            warnings=[*result.warnings, *(f"{LEFT_OUT} {words}." for words in listed.beside)],
        )
    _keep(record, out)
    journal.unlink(missing_ok=True)
    return record


def _run_of(listed: Listed, settings: Run) -> Run:
    """How one scene of the batch is interpreted: what its row says goes before what the batch says."""
    return replace(
        settings,
        scene=listed.path,
        band=listed.band or settings.band,
        year=listed.year or settings.year,
        crs=listed.crs or settings.crs,
    )


def _keep(record: Record, out: Path) -> None:
    with atomic_path(record_path(out, record.name)) as temporary:
        temporary.write_text(json.dumps(asdict(record), ensure_ascii=False) + "\n", encoding="utf-8")


def _footprint(scene: SarScene) -> list[list[float]]:
    if not scene.grid.is_georeferenced:
        return []
    return [[round(lon, 7), round(lat, 7)] for lon, lat in scene.grid.footprint()]


@lru_cache(maxsize=1)
def _engine(name: str, options: tuple[tuple[str, Any], ...]) -> Engine:
    """The engine of this process: a model is loaded once for all its scenes."""
    return open_engine(name, **dict(options))


@contextmanager
def _kept_engine(run: Run) -> Iterator[Engine]:
    yield _engine(run.engine, run.engine_options)


Work = Callable[[Listed, str, str, Run], Record]
