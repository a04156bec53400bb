"""`fusar interpret`: from a scene to vector layers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from fusar_core.commands.engine_options import chosen_engine, engine_options
from fusar_core.commands.options import (
    band_option,
    overwrite_option,
    parse_extent,
    prior_option,
    progress_bar,
    say,
    words,
    year_option,
)
from fusar_core.domain.tiling import Window
from fusar_core.errors import OutputUnwritable
from fusar_core.interpretation.interpret import Interpretation, interpret
from fusar_core.interpretation.journal_file import holding
from fusar_core.prior.opening import open_prior
from fusar_core.results.claim import claim
from fusar_core.results.features import feature_tables
from fusar_core.results.reviews import with_reviews_of
from fusar_core.results.vector_io import format_of, write_layers
from fusar_core.scenes.scene import SarScene
from fusar_core.scenes.water import WaterMask
from fusar_core.tasks import TASKS


@click.command()
@click.argument("scene", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Result file: .gpkg, .shp or .geojson.")
@click.option("--format", "form", type=click.Choice(["gpkg", "shp", "geojson"]), help="Default: by the file's name.")
@engine_options("cfar")
@click.option("--tasks", default=",".join(TASKS), show_default=True, help="Comma-separated; also: describe.")
@click.option("--classes", default="ship", show_default=True, help="Classes of targets, comma-separated.")
@click.option("--extent", help="Only here: xmin,ymin,xmax,ymax in map units of the scene, or with ,EPSG:n appended.")
@band_option
@year_option
@click.option("--chip-overlap", type=int, help="Overlap of neighbouring chips in pixels; default: the engine's.")
@click.option("--water-mask", type=click.Path(path_type=Path), help="Vector or raster: targets only where water is.")
@prior_option
@click.option("--map", "map_path", type=click.Path(path_type=Path), help="Also draw a map, as PNG.")
@click.option("--resume", is_flag=True, help="Take up a run of the same scene and options that was broken off.")
@overwrite_option
@click.option("--keep-reviews", is_flag=True, help="Take reviews and own fields over from OUT, where targets overlap.")
@click.option("--json", "as_json", is_flag=True, help="Summary as JSON on stdout.")
def command(
    scene: Path,
    out: Path,
    form: str | None,
    engine: str,
    tasks: str,
    classes: str,
    extent: str | None,
    band: str | None,
    year: int | None,
    chip_overlap: int | None,
    water_mask: Path | None,
    prior: str | None,
    map_path: Path | None,
    resume: bool,
    overwrite: bool,
    keep_reviews: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Find, count and locate targets in SCENE; write them as vector layers.

    \b
    Writes the layers detections, grid_cells and answers. A run that is broken
    off leaves OUT as it was and a journal beside it; --resume takes it up.
    """
    format_of(out, form)
    claim([out, map_path], [scene, water_mask, prior, options.get("model")], overwrite=overwrite or keep_reviews)
    if keep_reviews:
        with_reviews_of(out, [])  # they can be read
    machine = chosen_engine(engine, options)
    journal = out.with_name(out.name + ".partial")
    with holding(journal), SarScene.open(scene, band=band, year=year) as opened:
        window = opened.extent_window(*parse_extent(extent)) if extent else None
        with (
            _water(water_mask, opened) as water,
            open_prior(opened, prior) as sampler,
            progress_bar(opened.name) as on_progress,
        ):
            result = interpret(
                opened,
                machine,
                tasks=words(tasks),
                classes=words(classes),
                extent=window,
                chip_overlap=chip_overlap,
                water=water,
                prior=sampler,
                journal=journal,
                resume=resume,
                on_progress=on_progress,
            )
        tables, notes = feature_tables(result), list[str]()
        if keep_reviews:
            tables, notes = with_reviews_of(out, tables)
        written = write_layers(tables, out, overwrite=overwrite or keep_reviews)
        files = {name: str(path) for name, path in written.items()}
        journal.unlink(missing_ok=True)
        if map_path:
            _draw(result, window, map_path, out)
            files["map"] = str(map_path)
    summary = _summary(result, files)
    summary["warnings"] += notes
    say(json.dumps(summary, indent=2) if as_json else _text(summary))


@contextmanager
def _water(path: Path | None, scene: SarScene) -> Iterator[WaterMask | None]:
    if path is None:
        yield None
    else:
        with WaterMask.open(path, scene.grid) as mask:
            yield mask


def _draw(result: Interpretation, window: Window | None, path: Path, out: Path) -> None:
    from fusar_core.results.picture.scene_map import draw_map

    try:
        draw_map(result, path, window)
    except OutputUnwritable as error:
        raise type(error)(f"{error.message} The result itself is whole, in {out}.", error.hint) from error


def _summary(result: Interpretation, files: dict[str, str]) -> dict[str, Any]:
    scene = result.scene
    return {
        "scene": str(scene.path),
        "acquired": scene.acquisition.acquired or "",
        "engine": result.engine,
        "model": result.model,
        "tasks": list(result.tasks),
        "counts": result.counts(),
        "flagged": result.flagged(),
        "cells": {
            a.label: sorted(a.value) for a in result.answers if a.task == "locate" and a.chip == "scene" and a.value
        },
        "prior": _prior(result),
        "chips": result.chips,
        "seconds": round(result.seconds, 3),
        "warnings": list(result.warnings),
        "files": files,
    }


def _prior(result: Interpretation) -> dict[str, Any] | None:
    prior = result.prior
    if prior is None:
        return None
    return {
        "source": prior.source.name,
        "year_requested": prior.year,
        "year_used": prior.year_used,
        "attribution": prior.source.attribution,
    }


def _text(summary: dict[str, Any]) -> str:
    lines = [f"scene     {Path(summary['scene']).name}" + (f" ({summary['acquired']})" if summary["acquired"] else "")]
    lines.append(f"engine    {summary['engine']}, {summary['chips']} chips in {summary['seconds']:.1f} s")
    if summary["prior"]:
        lines.append(f"prior     {summary['prior']['source']}, {summary['prior']['year_used']}")
    for label, count in summary["counts"].items():
        cells = summary["cells"].get(label)
        lines.append(f"{label:<9} {count}" + (f" in grid cells {', '.join(map(str, cells))}" if cells else ""))
    for flag, count in summary["flagged"].items():
        lines.append(f"flagged   {count} {flag.replace('_', ' ')} (listed, not counted)")
    lines += [f"warning   {w}" for w in summary["warnings"]]
    lines += [f"{name:<9} {path}" for name, path in _distinct(summary["files"])]
    return "\n".join(lines)


def _distinct(files: dict[str, str]) -> list[tuple[str, str]]:
    """File names once each: a GeoPackage holds all layers."""
    by_path: dict[str, list[str]] = {}
    for name, path in files.items():
        by_path.setdefault(path, []).append(name)
    return [("wrote" if len(names) > 1 else names[0], path) for path, names in by_path.items()]
