"""`fusar batch`: an archive of scenes, interpreted side by side."""

from __future__ import annotations

import json
import os
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import click

from fusar_core.batch import BatchResult, RayPool, Settings, find_scenes, run_batch
from fusar_core.batch.work import DONE, EMPTY, FAILED
from fusar_core.commands.engine_options import engine_arguments, engine_options
from fusar_core.commands.options import (
    band_option,
    overwrite_option,
    prior_option,
    progress_bar,
    say,
    words,
    year_option,
)
from fusar_core.engines import MODEL_ENGINES, is_address
from fusar_core.remote.address import KEY_VARIABLE, Secret
from fusar_core.tasks import TASKS

SHOWN = 10
"""Failed scenes that are listed in the summary; all are in the index."""


@click.command()
@click.argument("scenes", nargs=-1, required=True)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder of the results.")
@engine_options("cfar")
@click.option("--tasks", default=",".join(TASKS), show_default=True, help="Comma-separated; also: describe.")
@click.option("--classes", default="ship", show_default=True, help="Classes of targets, comma-separated.")
@band_option
@year_option
@click.option("--chip-overlap", type=int, help="Overlap of neighbouring chips in pixels; default: the engine's.")
@click.option("--water-mask", type=click.Path(path_type=Path), help="Vector or raster: targets only where water is.")
@prior_option
@click.option("--workers", type=int, help="Scenes at once; default: the processors, or 1 for a model on this computer.")
@click.option("--gpus-per-worker", type=float, help="May be a part, e.g. 0.5; default: 1 for a model where there are.")
@click.option("--ray-address", help="A Ray cluster to use, e.g. auto; default: processes on this computer.")
@click.option("--fresh", is_flag=True, help="Begin anew, also with what is finished.")
@overwrite_option
@click.option("--json", "as_json", is_flag=True, help="Summary as JSON on stdout.")
def command(
    scenes: tuple[str, ...],
    out: Path,
    engine: str,
    tasks: str,
    classes: str,
    band: str | None,
    year: int | None,
    chip_overlap: int | None,
    water_mask: Path | None,
    prior: str | None,
    workers: int | None,
    gpus_per_worker: float | None,
    ray_address: str | None,
    fresh: bool,
    overwrite: bool,
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
    arguments = engine_arguments(engine, options)
    for name in ("model", "ca"):
        if name in arguments and (name != "model" or engine in MODEL_ENGINES):
            arguments[name] = str(Path(arguments[name]).absolute())  # other processes work elsewhere
    if is_address(engine):
        arguments["api_key"] = Secret(os.environ.get(KEY_VARIABLE, "").strip())  # other computers do not have it
    settings = Settings(
        engine=engine,
        engine_options=tuple(sorted(arguments.items())),
        tasks=words(tasks),
        classes=words(classes),
        band=band,
        year=year,
        prior=_absolute(prior),
        water=str(water_mask.absolute()) if water_mask else None,
        chip_overlap=chip_overlap,
        overwrite=overwrite,
    )
    found = find_scenes(scenes, leave_out=out)
    pool = RayPool(_workers(workers, engine, ray_address, len(found)), _gpus(gpus_per_worker, engine), ray_address)
    with progress_bar("scenes") as on_progress, redirect_stdout(sys.stderr):  # Ray prints when a process dies
        result = run_batch(found, out, settings, pool, fresh=fresh, on_progress=on_progress)
    say(json.dumps(_summary(result), indent=2) if as_json else _text(result))
    if result.count(FAILED):
        sys.exit(1)


def _absolute(prior: str | None) -> str | None:
    return str(Path(prior).absolute()) if prior and Path(prior).exists() else prior


def _workers(wanted: int | None, engine: str, ray_address: str | None, scenes: int) -> int | None:
    if wanted is not None or ray_address:
        return wanted
    return 1 if engine in MODEL_ENGINES else max(1, min(os.cpu_count() or 1, scenes))


def _gpus(wanted: float | None, engine: str) -> float | None:
    return wanted if wanted is not None or engine in MODEL_ENGINES else 0.0


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
        "seconds": round(result.seconds, 3),
        "index": str(result.index),
    }


def _text(result: BatchResult) -> str:
    skipped = f" ({result.skipped} of them before)" if result.skipped else ""
    lines = [f"scenes    {result.count(DONE)} done{skipped} in {result.seconds:.1f} s"]
    if result.count(EMPTY):
        lines.append(f"empty     {result.count(EMPTY)}")
    lines += [f"{label:<9} {count}" for label, count in result.totals().items()]
    failed = [r for r in result.records if r.status == FAILED]
    lines += [f"failed    {r.scene}: {r.message} [{r.error}]" for r in failed[:SHOWN]]
    if len(failed) > SHOWN:
        lines.append(f"failed    … and {len(failed) - SHOWN} more, see the index")
    lines.append(f"index     {result.index}")
    return "\n".join(lines)
