"""`fusar info`: what a scene is."""

from __future__ import annotations

import json
from pathlib import Path

import click

from fusar_core.commands.options import band_option, say, year_option
from fusar_core.scenes.report import as_text, describe
from fusar_core.scenes.scene import SarScene


@click.command()
@click.argument("scene", type=click.Path(path_type=Path))
@band_option
@year_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def command(scene: Path, band: str | None, year: int | None, as_json: bool) -> None:
    """Show what SCENE is: footprint, CRS, pixel size, acquisition, radiometry, and how each is known."""
    with SarScene.open(scene, band=band, year=year) as opened:
        report = describe(opened)
    say(json.dumps(report, indent=2, ensure_ascii=False) if as_json else as_text(report))
