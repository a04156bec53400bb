"""python -m training.simulator --out DIR --region base --chips 1000 [--prior-information 1.0 …]"""

from __future__ import annotations

from pathlib import Path

import click

from fusar_core.errors import FusarError
from training.nano import CHIP_SIZE
from training.simulator.benchmark import REGIONS, make


@click.command()
@click.option("--out", required=True, type=click.Path(path_type=Path), help="folder of the part")
@click.option("--region", required=True, help=f"one of: {', '.join(REGIONS)}")
@click.option("--chips", required=True, type=click.IntRange(min=1))
@click.option("--chip-size", default=CHIP_SIZE, show_default=True, type=click.IntRange(min=56))
@click.option("--seed", default=1, show_default=True)
@click.option(
    "--prior-information",
    "informations",
    multiple=True,
    default=(1.0,),
    show_default=True,
    type=click.FloatRange(0, 1),
    help="how much anchors tell about land cover; several make several sets of anchors",
)
def main(out: Path, region: str, chips: int, chip_size: int, seed: int, informations: tuple[float, ...]) -> None:
    """Simulate a part of the benchmark."""
    try:
        for file in make(out, region, chips, chip_size, seed, informations):
            click.echo(file)
    except FusarError as error:
        raise click.ClickException(f"{error} [{error.code}]") from error


if __name__ == "__main__":
    main()
