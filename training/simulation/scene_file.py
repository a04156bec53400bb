"""python -m training.simulation.scene_file --out FOLDER --kind harbour --side 2000 --gsd 5 --seed 7

One simulated scene as georeferenced files, to try the engine or the builders on: see `writing.write_scene`.
"""

from __future__ import annotations

from pathlib import Path

import click

from fusar_core.errors import BadOption
from training.errors import for_people
from training.simulation.canvas import LEVELS_DB
from training.simulation.scene import simulate
from training.simulation.spec import GREATEST_SIDE_PX, KINDS, LEAST_SIDE_PX, SceneSpec
from training.simulation.writing import write_scene


@click.command()
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="folder of the files")
@click.option("--kind", required=True, help=f"one of {', '.join(KINDS)}")
@click.option("--side", default=2000, show_default=True, help=f"pixels, {LEAST_SIDE_PX} to {GREATEST_SIDE_PX}")
@click.option("--gsd", default=10.0, show_default=True, help="metres of a pixel")
@click.option("--seed", default=1, show_default=True)
@click.option("--band", default="C", show_default=True, help=f"one of {', '.join(LEVELS_DB)}")
@click.option("--lon", default=3.0, show_default=True, help="of the centre, degrees")
@click.option("--lat", default=45.0, show_default=True, help="of the centre, degrees")
@click.option("--year", default=2024, show_default=True, help="of acquisition")
@click.option("--border", is_flag=True, help="let the product end within the scene; beyond its edge is no data")
@click.option(
    "--prior-information",
    default=1.0,
    show_default=True,
    type=click.FloatRange(0, 1),
    help="how much the embeddings tell about land cover",
)
def main(
    out: Path,
    kind: str,
    side: int,
    gsd: float,
    seed: int,
    band: str,
    lon: float,
    lat: float,
    year: int,
    border: bool,
    prior_information: float,
) -> None:
    """Simulate one scene: amplitude, truth, land cover and embeddings."""
    with for_people():
        spec = SceneSpec(kind, seed, side_px=side, gsd_m=gsd, band=band, lon=lon, lat=lat, year=year, border=border)
        if out.is_dir() and any(out.iterdir()):
            raise BadOption(f"{out} holds files already.", "Choose another folder.")
        for file in write_scene(simulate(spec), out, prior_information).values():
            click.echo(file)


if __name__ == "__main__":
    main()
