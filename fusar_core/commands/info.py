"""`fusar info`: what a scene is."""

from __future__ import annotations

import json
import sys

import click

from fusar_core.commands.options import band_option, crs_option, say, year_option
from fusar_core.errors import SceneUnreadable
from fusar_core.scenes.report import as_text, describe, describe_unopened
from fusar_core.scenes.scene import SarScene


@click.command()
@click.argument("scene")
@band_option
@year_option
@crs_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def command(scene: str, band: str | None, year: int | None, crs: str | None, as_json: bool) -> None:
    """Show what SCENE is: footprint, CRS, pixel size, acquisition, radiometry, and how each is known.

    Of a product whose pixels cannot be read it shows what the metadata say, and ends with the error.
    """
    failed: SceneUnreadable | None = None
    try:
        with SarScene.open(scene, band=band, year=year, crs=crs) as opened:
            report = describe(opened)
    except SceneUnreadable as error:
        known = describe_unopened(scene, error, band, year)
        if known is None:
            raise
        report, failed = known, error
    say(json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False) if as_json else as_text(report))
    if failed is not None:
        say(f"fusar: {failed} [{failed.code}]", err=True)
        sys.exit(failed.exit_status)
