"""`fusar interpret`: from a scene to vector layers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from fusar_core.commands.engine_options import engine_arguments, engine_options
from fusar_core.commands.options import extent_option, overwrite_option, progress_bar, run_options, say, scene_argument
from fusar_core.commands.stopping import Stop
from fusar_core.domain.tiling import Window
from fusar_core.errors import OutputUnwritable
from fusar_core.interpretation.journal_file import holding
from fusar_core.interpretation.result import Interpretation
from fusar_core.interpretation.run import Run, opened
from fusar_core.interpretation.scope import Watch
from fusar_core.results.claim import claim
from fusar_core.results.features import feature_tables
from fusar_core.results.reviews import check_taken_over, with_reviews_of
from fusar_core.results.summary import summary
from fusar_core.results.vector_io import format_of, write_layers


@click.command()
@scene_argument
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Result file: .gpkg, .shp or .geojson.")
@click.option("--format", "form", type=click.Choice(["gpkg", "shp", "geojson"]), help="Default: by the file's name.")
@engine_options("cfar")
@extent_option
@run_options
@click.option("--map", "map_path", type=click.Path(path_type=Path), help="Also draw a map, as PNG.")
@click.option("--resume", is_flag=True, help="Take up a run of the same scene and options that was broken off.")
@overwrite_option
@click.option("--keep-reviews", is_flag=True, help="Take reviews and own fields over from OUT, where targets overlap.")
@click.option("--json", "as_json", is_flag=True, help="Summary as JSON on stdout.")
def command(
    out: Path,
    form: str | None,
    map_path: Path | None,
    resume: bool,
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
    run = Run.from_parameters(options | {"engine_options": engine_arguments(options["engine"], options)})
    replace = run.overwrite or keep_reviews
    claim([out, map_path], run.inputs(), overwrite=replace)
    if keep_reviews:
        with_reviews_of(out, [])  # they can be read
        if not run.overwrite:
            check_taken_over(out)
    journal, stop = out.with_name(out.name + ".partial"), Stop()
    with (
        holding(journal),
        progress_bar(Path(run.scene).name) as on_progress,
        opened(run, Watch(on_progress=on_progress, cancelled=stop.asked)) as ready,
    ):
        with stop.by_signal():
            result = ready.interpret(journal, resume=resume)
        if not result.complete:
            raise KeyboardInterrupt
        tables, notes = feature_tables(result), list[str]()
        if keep_reviews:
            tables, notes = with_reviews_of(out, tables)
        files = {name: str(path) for name, path in write_layers(tables, out, overwrite=replace).items()}
        journal.unlink(missing_ok=True)
        if map_path:
            _draw(result, ready.scope.extent, map_path, out)
            files["map"] = str(map_path)
    told = summary(result) | {"files": files}
    told["warnings"] += notes
    say(json.dumps(told, indent=2) if as_json else _text(told))


def _draw(result: Interpretation, window: Window | None, path: Path, out: Path) -> None:
    from fusar_core.results.picture.scene_map import draw_map

    try:
        draw_map(result, path, window)
    except OutputUnwritable as error:
        raise type(error)(f"{error.message} The result itself is whole, in {out}.", error.hint) from error


def _text(summary: dict[str, Any]) -> str:
    lines = [f"scene     {Path(summary['scene']).name}" + (f" ({summary['acquired']})" if summary["acquired"] else "")]
    lines.append(f"engine    {summary['engine']}, {summary['chips']} chips in {summary['seconds']:.1f} s")
    if summary["prior"]:
        lines.append(f"prior     {summary['prior']['source']}, {summary['prior']['year_used']}")
    for label, known in summary["counts"].items():
        count = "unknown" if known is None else known
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
