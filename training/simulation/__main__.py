"""python -m training.simulation --out DIR --regions base --chips 1000 [--prior-information 1.0 …]"""

from __future__ import annotations

from pathlib import Path

import click

from training.errors import for_people
from training.simulation.benchmark import make
from training.simulation.regions import REGIONS


@click.command()
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="folder of the benchmark")
@click.option("--regions", "--region", required=True, help=f"one or more of {', '.join(REGIONS)}, with commas")
@click.option("--chips", required=True, type=int)
@click.option("--chip-size", default=168, show_default=True, help="pixels")
@click.option("--seed", default=1, show_default=True)
@click.option(
    "--prior-information",
    "informations",
    multiple=True,
    default=(1.0,),
    show_default=True,
    type=float,
    help="0…1, how much anchors tell about land cover; several make several sets of anchors",
)
@click.option("--workers", default=1, show_default=True, type=click.IntRange(min=1), help="processes")
@click.option("--other-year", is_flag=True, help="anchors of another year too, for --prior wrong-year")
def main(
    out: Path,
    regions: str,
    chips: int,
    chip_size: int,
    seed: int,
    informations: tuple[float, ...],
    workers: int,
    other_year: bool,
) -> None:
    """Simulate a part of the benchmark: SAR chips with truth, and a prior."""
    with for_people():
        named = [r.strip() for r in regions.split(",") if r.strip()]
        for file in make(out, named, chips, chip_size, seed, informations, workers, other_year):
            click.echo(file)


if __name__ == "__main__":
    main()
