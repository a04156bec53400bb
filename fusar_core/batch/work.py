"""One scene of a batch: interpreted in a process of its own kind, from a journal where one was left, its result and a
record of it in place at the end."""

from __future__ import annotations

import json
import os
import time
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from fusar_core.batch.listing import Listed
from fusar_core.engines import open_engine
from fusar_core.engines.base import Engine
from fusar_core.errors import FusarError, ResumeMismatch, SceneEmpty, unforeseen
from fusar_core.files import atomic_path
from fusar_core.interpretation.interpret import Interpretation, interpret
from fusar_core.interpretation.journal_file import holding
from fusar_core.prior.opening import open_prior
from fusar_core.results.claim import claim
from fusar_core.results.features import feature_tables
from fusar_core.results.vector_io import write_layers
from fusar_core.scenes.scene import SarScene
from fusar_core.scenes.water import WaterMask
from fusar_core.tasks import COUNT, DETECT, TASKS

STATE = ".fusar"
"""Folder inside the output folder with records of finished scenes and journals of others."""
DONE, EMPTY, FAILED = "done", "empty", "failed"
INTERNAL = "INTERNAL"
"""Code of an error that is a bug of this program, or of a library."""

REMOTE_READING = {
    "GDAL_HTTP_MAX_RETRY": "4",
    "GDAL_HTTP_RETRY_DELAY": "1",
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",  # else GDAL asks for whole folders
}


@dataclass(frozen=True)
class Settings:
    """How every scene of a batch is interpreted; see `fusar_core.interpretation.interpret.interpret`.

    engine_options: of `open_engine`, as pairs; what they hold that is secret shows itself to nobody. water, prior: as
    on the command line. year, band: for scenes for which the list does not say. overwrite: whether results in which an
    analyst has worked may be replaced.
    """

    engine: str = "cfar"
    engine_options: tuple[tuple[str, Any], ...] = ()
    tasks: tuple[str, ...] = TASKS
    classes: tuple[str, ...] = ("ship",)
    band: str | None = None
    year: int | None = None
    prior: str | None = None
    water: str | None = None
    chip_overlap: int | None = None
    overwrite: bool = False

    def as_dict(self) -> dict[str, Any]:
        """What decides about the results, for JSON: keys, how a server is reached, and what may be replaced do not."""
        decides = ("model", "coordinates", "dtype", "quantization")
        options = {k: str(v) for k, v in self.engine_options if k in decides}
        told = {k: v for k, v in asdict(self).items() if k != "overwrite"}
        return json.loads(json.dumps(told | {"engine_options": options}))  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Record:
    """What became of a scene.

    name: of its result, without suffix. files: size and time of change, by which a changed scene is known. status:
    `done`, `empty` (no valid pixel) or `failed`. footprint: ring of (lon, lat). counts: class → targets.
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
    counts: dict[str, int] = field(default_factory=dict)
    chips: int = 0
    seconds: float = 0.0
    warnings: list[str] = field(default_factory=list)


def result_path(out: Path, name: str) -> Path:
    return out / f"{name}.gpkg"


def record_path(out: Path, name: str) -> Path:
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


def interpret_listed(listed: Listed, name: str, out: str, settings: Settings) -> Record:
    """Interprets one scene of a batch; what goes wrong is told in the record, never raised.

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
    if listed.path.startswith("/vsi"):
        for variable, value in REMOTE_READING.items():
            os.environ.setdefault(variable, value)
    try:
        return _interpret(listed, name, folder, settings, seen, seconds)
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
    listed: Listed, name: str, out: Path, settings: Settings, seen: dict[str, Any], seconds: Callable[[], float]
) -> Record:
    """seen: takes what is known of the scene as soon as it is, should the rest fail. seconds: since the start."""
    engine = _engine(settings.engine, settings.engine_options)
    journal = out / STATE / f"{name}.partial"
    claim([result_path(out, name)], [listed.path, settings.water, settings.prior], overwrite=settings.overwrite)
    band = listed.band or settings.band
    with ExitStack() as stack:
        stack.enter_context(holding(journal))
        scene = stack.enter_context(SarScene.open(listed.path, band=band, year=listed.year or settings.year))
        seen |= {"footprint": _footprint(scene), "acquired": scene.acquisition.acquired or ""}
        seen |= {"engine": engine.name, "model": engine.model}
        water = stack.enter_context(WaterMask.open(settings.water, scene.grid)) if settings.water else None
        prior = stack.enter_context(open_prior(scene, settings.prior))

        def run(resume: bool) -> Interpretation:
            return interpret(
                scene,
                engine,
                tasks=settings.tasks,
                classes=settings.classes,
                chip_overlap=settings.chip_overlap,
                water=water,
                prior=prior,
                journal=journal,
                resume=resume,
            )

        try:
            result = run(resume=True)
        except ResumeMismatch:  # the scene, or the model, has changed since
            result = run(resume=False)
        write_layers(feature_tables(result), result_path(out, name), overwrite=settings.overwrite)
        record = Record(
            **seen,
            status=DONE,
            aef_year=result.aef_year,
            counts=counts(result, engine),
            chips=result.chips,
            seconds=seconds(),
            warnings=list(result.warnings),
        )
    _keep(record, out)
    journal.unlink(missing_ok=True)
    return record


def counts(result: Interpretation, engine: Engine) -> dict[str, int]:
    """Targets of each class: of the merged detections, or the sum of the model's own counts where it gave no boxes."""
    if DETECT in result.tasks or COUNT in engine.derived:
        return result.counts()
    own = [a for a in result.answers if a.task == COUNT and isinstance(a.value, int)]
    return {c: sum(a.value for a in own if a.label == c) for c in result.classes if COUNT in result.tasks}


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


Work = Callable[[Listed, str, str, Settings], Record]
