"""`fusar export`: results in another format."""

from __future__ import annotations

from pathlib import Path

import click

from fusar_core.results.vector_io import format_of, read_layers, write_layers


@click.command()
@click.argument("results", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
def command(results: Path, out: Path) -> None:
    """Convert RESULTS (a GeoPackage of `fusar interpret`) to OUT: .shp, .geojson, .csv or .gpkg.

    The detections go to OUT; the other layers lie beside it as NAME_grid_cells and NAME_answers.
    """
    format_of(out)
    for name, path in write_layers(read_layers(results), out).items():
        click.echo(f"{name:<11} {path}")
