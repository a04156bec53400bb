"""`fusar export`: results in another format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from fusar_core.commands.options import overwrite_option, say
from fusar_core.domain.schema import renamed
from fusar_core.results.claim import claim
from fusar_core.results.columns import shortened
from fusar_core.results.tables import FeatureTable
from fusar_core.results.vector_io import format_of, not_taken_along, read_layers, write_layers


@click.command()
@click.argument("results", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@overwrite_option
def command(results: Path, out: Path, overwrite: bool) -> None:
    """Convert RESULTS (a GeoPackage of `fusar interpret`) to OUT: .shp, .geojson, .csv or .gpkg.

    \b
    The detections go to OUT; the other layers lie beside it as NAME_grid_cells
    and NAME_answers. Fields and rows that you have added come along.
    """
    form = format_of(out)
    claim([out], [results], overwrite=overwrite)
    tables = read_layers(results)
    for name, path in write_layers(tables, out, overwrite=overwrite).items():
        say(f"{name:<11} {path}")
    for note in _notes(results, tables, form):
        say(note)


def _notes(results: Path, tables: Sequence[FeatureTable], form: str) -> Iterator[str]:
    """What is not in the export as it was in the results, and what a reader of the results should know: of the formats,
    a GeoPackage alone has room for that."""
    if tables and (told := tables[0].metadata.get("warnings")):
        yield f"warning     {told}"
    for left in not_taken_along(results):
        yield f"left out    {left}"
    for table in tables if form == "shp" else ():
        for name, short in renamed(table.layer).items():
            yield f"renamed     {name} is {short} in {table.layer.name}"
        for name, n in shortened(table).items():
            yield f"shortened   {n} texts of {name} in {table.layer.name}"
