"""A batch from its list to its index: what is finished is left alone, the rest is worked through, a scene that fails
stops no other."""

from __future__ import annotations

import hashlib
import inspect
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fusar_core import errors
from fusar_core.batch.index import INDEX, SCENES, write_index
from fusar_core.batch.listing import Listed
from fusar_core.batch.pool import Pool
from fusar_core.batch.work import DONE, EMPTY, STATE, Record, record_path, result_path, state_of
from fusar_core.engines import check_options, engine_info, open_engine, require
from fusar_core.errors import FusarError, OutputInUse, ResumeMismatch
from fusar_core.files import atomic_path, write_error
from fusar_core.interpretation.result import known_sum
from fusar_core.interpretation.run import Run
from fusar_core.results.claim import claim
from fusar_core.tasks import require_known, scene_tasks

FORMAT = 1
HEADER = "batch.json"
INDEX_EVERY_S = 60.0
"""The index is written anew so often while scenes are worked through."""

FATAL = frozenset(
    e.code
    for e in (
        errors.BadCheckpoint,
        errors.BadServer,
        errors.DiskFull,
        errors.MissingExtra,
        errors.NotEnoughMemory,
        errors.OutputUnwritable,
        errors.SourceDenied,
        errors.UnknownClass,
        errors.UnknownEngine,
        errors.UnknownModel,
        errors.UnknownSource,
        errors.UnknownTask,
        errors.UnsupportedTask,
        errors.WorkerAuth,
        errors.WorkerBusy,
        errors.WorkerTls,
        errors.WorkerUnreachable,
    )
)
"""Errors that are not one scene's but everyone's: the batch stops, to be taken up when they are mended."""
_CLASSES = {e.code: e for _, e in inspect.getmembers(errors, inspect.isclass) if issubclass(e, FusarError)}


@dataclass(frozen=True)
class BatchResult:
    """What became of a batch. records: of every scene; skipped: how many of them were finished before; index: file."""

    records: list[Record]
    skipped: int
    index: Path
    seconds: float

    def count(self, status: str) -> int:
        """How many scenes ended as `status`: done, empty or failed. Those finished before this run are among them."""
        return sum(r.status == status for r in self.records)

    def totals(self) -> dict[str, int | None]:
        """Targets of each class in all scenes of which the number is known; None where that leaves nothing."""
        labels = dict.fromkeys(label for record in self.records for label in record.counts)
        return {name: known_sum(r.counts[name] for r in self.records if name in r.counts) for name in labels}

    def unknown(self) -> dict[str, int]:
        """Class → in how many scenes nobody knows the number of its targets."""
        return dict(Counter(name for record in self.records for name, n in record.counts.items() if n is None))

    def warnings(self) -> dict[str, int]:
        """What readers of the results should know → in how many scenes, the most frequent first."""
        return dict(Counter(words for r in self.records for words in dict.fromkeys(r.warnings)).most_common())


def run_batch(
    scenes: Sequence[Listed],
    out: Path,
    settings: Run,
    pool: Pool,
    *,
    fresh: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> BatchResult:
    """Interprets scenes into OUT: NAME.gpkg each, and index.gpkg.

    Scenes that an earlier run with the same settings finished are left alone, one that was broken off goes on from its
    journal, and failed ones are tried again. fresh: begin anew, whatever is there. on_progress(done, total) is called
    after each scene. When stopped, or by an error that concerns all scenes (FATAL), what is finished stays finished.

    Raises ResumeMismatch when OUT holds results of other settings, UnknownTask, UnsupportedTask, UnknownClass,
    OutputUnwritable, and what opening the engine and the pool may raise.
    """
    started = time.monotonic()
    check_settings(settings)
    out = out.absolute()
    _prepare(out, settings, fresh)
    known = {} if fresh else _records(out)
    names = _names(scenes, {r.scene: r.name for r in known.values()})
    finished = [r for s in scenes if (r := known.get(names[s.path])) and _is_finished(r, s, out)]
    before = {r.scene for r in finished}
    todo = [(s, names[s.path]) for s in scenes if s.path not in before]
    records = {r.scene: r for r in finished}
    index = _Index(out, settings.overwrite)
    trouble: Record | None = None
    if on_progress:
        on_progress(len(records), len(scenes))
    try:
        if todo:
            with pool, closing(pool.map(iter(todo), str(out), settings)) as fresh_records:
                for record in fresh_records:
                    records[record.scene] = record
                    if on_progress:
                        on_progress(len(records), len(scenes))
                    if record.error in FATAL:
                        trouble = record
                        break
                    index.keep(records.values())
    finally:
        index.write(records.values())
    if trouble:
        advice = f"{trouble.hint} Then run the same command again: it goes on where it was.".strip()
        raise _CLASSES[trouble.error](trouble.message, advice)
    return BatchResult([records[s.path] for s in scenes], len(finished), index.path, time.monotonic() - started)


def check_settings(settings: Run) -> None:
    """Finds out before any work what can be found out cheaply.

    Raises UnknownTask, UnsupportedTask, UnknownClass, BadOption, and what opening the engine may raise.
    """
    require_known(settings.tasks, scene_tasks())
    options = dict(settings.engine_options)
    check_options(settings.engine, options)
    if not engine_info(settings.engine).loads_model:  # a model is loaded where it works
        require(open_engine(settings.engine, **options), settings.tasks, settings.classes)


class _Index:
    """Writes the index, while work goes on only now and then."""

    def __init__(self, out: Path, overwrite: bool) -> None:
        self.path, self.overwrite = out / INDEX, overwrite
        self._written = time.monotonic()

    def keep(self, records: Iterable[Record]) -> None:
        if time.monotonic() - self._written > INDEX_EVERY_S:
            with suppress(OutputInUse):  # somebody has it open: there is a next time
                self.write(records)

    def write(self, records: Iterable[Record]) -> None:
        write_index(records, self.path.parent, overwrite=self.overwrite)
        self._written = time.monotonic()


def _prepare(out: Path, settings: Run, fresh: bool) -> None:
    """The output folder with its header, which says by what settings it was filled."""
    state = out / STATE
    try:
        state.mkdir(parents=True, exist_ok=True)
    except OSError as cause:
        raise write_error(out, cause) from cause
    claim([out / INDEX], overwrite=settings.overwrite, layers=[SCENES])
    header = {"format": FORMAT, "settings": settings.decides()}
    path = state / HEADER
    if path.exists() and not fresh:
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            found = None
        if found != header:
            raise ResumeMismatch(
                f"{out} holds results that were made with other options: {_differences(found, header)}.",
                "Choose another folder, repeat the options, or begin anew with --fresh.",
            )
    if fresh:
        for old in [*state.glob("*.json"), *state.glob("*.partial")]:
            old.unlink()
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(header, indent=1) + "\n", encoding="utf-8")


def _differences(found: Any, header: dict[str, Any]) -> str:
    old = found.get("settings") if isinstance(found, dict) else None
    if not isinstance(old, dict):
        return "they are of another version"
    new = header["settings"]
    return ", ".join(k.replace("_", " ") for k in new if new[k] != old.get(k)) or "they are of another version"


def _records(out: Path) -> dict[str, Record]:
    """Name → record of the scenes that earlier runs finished; what cannot be read counts as not finished."""
    records = {}
    for file in (out / STATE).glob("*.json"):
        if file.name == HEADER:
            continue
        try:
            record = Record(**json.loads(file.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            continue
        if record_path(out, record.name) == file:
            records[record.name] = record
    return records


def _is_finished(record: Record, scene: Listed, out: Path) -> bool:
    if record.scene != scene.path or record.files != state_of(scene.path):
        return False
    return record.status == EMPTY or (record.status == DONE and result_path(out, record.name).is_file())


def _names(scenes: Sequence[Listed], known: dict[str, str]) -> dict[str, str]:
    """Scene → name of its result: that of its file; with a digest of its path where that is taken by another."""
    names = {s.path: known[s.path] for s in scenes if s.path in known}
    taken = {name.lower(): path for path, name in known.items()} | {Path(INDEX).stem: "", Path(HEADER).stem: ""}
    for scene in scenes:
        if scene.path in names:
            continue
        name = _stem(scene.path)
        if taken.get(name.lower(), scene.path) != scene.path:
            name = f"{name}-{hashlib.sha256(scene.path.encode()).hexdigest()[:8]}"
        names[scene.path] = name
        taken[name.lower()] = scene.path
    return names


def _stem(path: str) -> str:
    """The name of a scene's file without suffixes, with nothing in it that a file system minds."""
    last = path.partition("?")[0].replace("\\", "/").rstrip("/").rpartition("/")[2]
    if last.lower() == "manifest.safe":
        last = path.replace("\\", "/").rpartition("/")[0].rpartition("/")[2]
    for suffix in (".zip", ".safe", ".tif", ".tiff", ".jp2", ".img", ".vrt"):
        if last.lower().endswith(suffix):
            last = last[: -len(suffix)]
    return re.sub(r"[^\w.+-]", "_", last).strip(".")[:120] or "scene"
