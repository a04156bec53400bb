"""`fusar anchors`: the spatio-temporal anchors of a scene, as a file and as a picture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from fusar_core.commands.options import crs_option, extent_option, progress_bar, say, scene_argument, year_option
from fusar_core.domain.anchors import Anchors
from fusar_core.domain.schema import NODES_PER_SIDE
from fusar_core.interpretation.parameters import parse_extent
from fusar_core.prior.aef import EmbeddingSource, open_source
from fusar_core.prior.anchors import AnchorSampler
from fusar_core.prior.files import write_anchors
from fusar_core.results.claim import claim
from fusar_core.scenes.scene import SarScene


@click.command()
@scene_argument
@click.option(
    "--source", default="mosaic", show_default=True, help="mosaic[:URL], earth-engine[:PROJECT], or a raster."
)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Result file, .npz.")
@click.option("--grid", default=NODES_PER_SIDE, show_default=True, help="Nodes along a side; 1 for the centre only.")
@extent_option
@click.option("--band", help="Band by number, name or polarisation, for the preview.")
@year_option
@crs_option
@click.option("--preview", type=click.Path(path_type=Path), help="Also draw the anchors over the image, as PNG.")
@click.option("--json", "as_json", is_flag=True, help="Summary as JSON on stdout.")
def command(
    scene: str,
    source: str,
    out: Path,
    grid: int,
    extent: str | None,
    band: str | None,
    year: int | None,
    crs: str | None,
    preview: Path | None,
    as_json: bool,
) -> None:
    """Sample AlphaEarth embeddings on a regular grid over SCENE, aligned to its pixels.

    \b
    SOURCE is one of
      mosaic                  the public mosaic, anonymously over the network
      mosaic:URL or FOLDER    a copy of it
      earth-engine:PROJECT    Google Earth Engine, with your own credentials
      FILE or FOLDER          rasters of 64 bands; also a URL of one
    What comes over the network is kept in a cache (see `fusar cache`).
    """
    claim([out, preview], [scene, source])
    with SarScene.open(scene, band=band, year=year, crs=crs) as opened:
        window = opened.extent_window(*parse_extent(extent)) if extent else opened.extent
        embeddings = open_source(source)
        try:
            sampler = AnchorSampler(embeddings, opened.acquisition.year, grid)
            with progress_bar("chunks of embeddings") as embeddings.on_progress:
                anchors = sampler.for_chip(opened.grid, window)
        finally:
            embeddings.close()
        write_anchors(anchors, out)
        if preview:
            from fusar_core.results.picture.anchors import draw_preview

            image, _ = opened.quicklook(window)
            draw_preview(anchors, image, preview, opened.name)
        summary = _summary(opened, anchors, embeddings, sampler, out, preview)
    say(json.dumps(summary, indent=2) if as_json else _text(summary))


def _summary(
    scene: SarScene, anchors: Anchors, source: EmbeddingSource, sampler: AnchorSampler, out: Path, preview: Path | None
) -> dict[str, Any]:
    return {
        "scene": str(scene.path),
        "source": source.name,
        "attribution": source.attribution,
        "year_requested": anchors.year_requested,
        "year_used": anchors.year_used,
        "anchors": len(anchors),
        "valid_fraction": round(anchors.valid_fraction, 4),
        "warnings": [*scene.warnings, *sampler.warnings],
        "files": {"anchors": str(out)} | ({"preview": str(preview)} if preview else {}),
    }


def _text(summary: dict[str, Any]) -> str:
    lines = [
        f"scene     {Path(summary['scene']).name}",
        f"source    {summary['source']}, {summary['year_used']}",
        f"anchors   {summary['anchors']} ({summary['valid_fraction']:.0%} of the nodes on the image hold data)",
    ]
    lines += [f"warning   {warning}" for warning in summary["warnings"]]
    lines += [f"{name:<9} {path}" for name, path in summary["files"].items()]
    if summary["attribution"] and summary["anchors"]:
        lines.append(f"credit    {summary['attribution']}")
    return "\n".join(lines)
