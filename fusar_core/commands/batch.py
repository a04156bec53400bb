"""`fusar batch`: an archive of scenes, interpreted side by side."""

from __future__ import annotations

import json
import os
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import click

from fusar_core.batch import BatchResult, RayPool, find_scenes, run_batch
from fusar_core.batch.work import DONE, EMPTY, FAILED, LEFT_OUT
from fusar_core.commands.engine_options import engine_arguments, engine_options
from fusar_core.commands.options import overwrite_option, progress_bar, run_options, say
from fusar_core.engines import engine_info
from fusar_core.interpretation.run import Run
from fusar_core.remote.secret import Secret

SHOWN = 10
"""Failed scenes that are listed in the summary; all are in the index."""


@click.command()
@click.argument("scenes", nargs=-1, required=True)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder of the results.")
@engine_options("cfar")
@run_options
@click.option("--workers", type=int, help="Scenes at once; default: the processors, or 1 for a model on this computer.")
@click.option("--gpus-per-worker", type=float, help="May be a part, e.g. 0.5; default: 1 for a model where there are.")
@click.option("--ray-address", help="A Ray cluster to use, e.g. auto; default: processes on this computer.")
@click.option("--fresh", is_flag=True, help="Begin anew, also with what is finished.")
@overwrite_option
@click.option("--json", "as_json", is_flag=True, help="Summary as JSON on stdout.")
def command(
    scenes: tuple[str, ...],
    out: Path,
    workers: int | None,
    gpus_per_worker: float | None,
    ray_address: str | None,
    fresh: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Interpret many SCENES: one GeoPackage each in OUT, and index.gpkg.

    \b
    SCENES are rasters, SAFE products, folders, globs in quotes, CSV tables
    with a column scene, lists (.txt), or addresses of any of these
    (https://, s3://, gs://, az://). Run the same command again to go on
    after it was stopped: finished scenes are left alone.
    """
    engine = options["engine"]
    arguments = _portable(engine, engine_arguments(engine, options))
    settings = Run.from_parameters(options | {"engine_options": arguments} | _absolute(options))
    found = find_scenes(scenes, leave_out=out, band=options["band"])
    pool = RayPool(_workers(workers, engine, ray_address, len(found)), _gpus(gpus_per_worker, engine), ray_address)
    with progress_bar("scenes") as on_progress, redirect_stdout(sys.stderr):  # Ray prints when a process dies
        result = run_batch(found, out, settings, pool, fresh=fresh, on_progress=on_progress)
    beside = [words for scene in found for words in scene.beside]
    say(json.dumps({**_summary(result), "left_out": beside}, indent=2) if as_json else _text(result, beside))
    if result.count(FAILED):
        sys.exit(1)


def _portable(engine: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments of an engine for other processes, which work elsewhere: paths from the root, and the keys in this
    computer's environment."""
    found = dict(arguments)
    for option in engine_info(engine).options:
        if option.type is Path and option.name in found:
            found[option.name] = str(Path(found[option.name]).absolute())
        if option.secret:
            found[option.name] = Secret(os.environ.get(option.variable, "").strip())
    return found


def _absolute(options: dict[str, Any]) -> dict[str, Any]:
    """Files that are named relative to where the command was called."""
    water, prior = options["water_mask"], options["prior"]
    return {
        "water_mask": water.absolute() if water else None,
        "prior": str(Path(prior).absolute()) if prior and Path(prior).exists() else prior,
    }


def _workers(wanted: int | None, engine: str, ray_address: str | None, scenes: int) -> int | None:
    if wanted is not None or ray_address:
        return wanted
    return 1 if engine_info(engine).loads_model else max(1, min(os.cpu_count() or 1, scenes))


def _gpus(wanted: float | None, engine: str) -> float | None:
    return wanted if wanted is not None or engine_info(engine).loads_model else 0.0


def _summary(result: BatchResult) -> dict[str, Any]:
    return {
        "scenes": len(result.records),
        "done": result.count(DONE),
        "empty": result.count(EMPTY),
        "failed": [
            {"scene": r.scene, "code": r.error, "message": r.message} for r in result.records if r.status == FAILED
        ],
        "skipped": result.skipped,
        "counts": result.totals(),
        "unknown": result.unknown(),
        "warnings": result.warnings(),
        "seconds": round(result.seconds, 3),
        "index": str(result.index),
    }


def _counted(label: str, count: int | None, unknown: int) -> str:
    beside = f" (unknown in {unknown} scene{'s' * (unknown > 1)})" if unknown else ""
    return f"{label:<9} {'unknown' if count is None else count}{beside}"


def _text(result: BatchResult, beside: list[str]) -> str:
    skipped = f" ({result.skipped} of them before)" if result.skipped else ""
    lines = [f"scenes    {result.count(DONE)} done{skipped} in {result.seconds:.1f} s"]
    if result.count(EMPTY):
        lines.append(f"empty     {result.count(EMPTY)}")
    lines += [_counted(label, count, result.unknown().get(label, 0)) for label, count in result.totals().items()]
    warnings = [(words, n) for words, n in result.warnings().items() if not words.startswith(LEFT_OUT)]
    lines += [f"warning   {words}" + (f" ({n} scenes)" if n > 1 else "") for words, n in warnings[:SHOWN]]
    if len(warnings) > SHOWN:
        lines.append(f"warning   … and {len(warnings) - SHOWN} more, see the index")
    lines += [f"left out  {words}" for words in beside[:SHOWN]]
    if len(beside) > SHOWN:
        lines.append(f"left out  … and {len(beside) - SHOWN} more")
    failed = [r for r in result.records if r.status == FAILED]
    lines += [f"failed    {r.scene}: {r.message} [{r.error}]" for r in failed[:SHOWN]]
    if len(failed) > SHOWN:
        lines.append(f"failed    … and {len(failed) - SHOWN} more, see the index")
    lines.append(f"index     {result.index}")
    return "\n".join(lines)
