"""`fusar classify`: the class of the target in a box."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from fusar_core.commands.engine_options import chosen_engine, engine_options
from fusar_core.commands.options import band_option, parse_extent, prior_option, say, words, year_option
from fusar_core.interpretation.inquiry import classify_box
from fusar_core.interpretation.interpret import engine_warnings
from fusar_core.prior.opening import open_prior
from fusar_core.scenes.scene import SarScene


@click.command()
@click.argument("scene", type=click.Path(path_type=Path))
@click.option("--box", required=True, help="The target: xmin,ymin,xmax,ymax in map units, or with ,EPSG:n appended.")
@click.option("--classes", default="", help="Classes to choose from, comma-separated; default: all the model knows.")
@engine_options("fusar")
@band_option
@year_option
@prior_option
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON on stdout.")
def command(
    scene: Path,
    box: str,
    classes: str,
    engine: str,
    band: str | None,
    year: int | None,
    prior: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Say to which class the target in a box of SCENE belongs."""
    machine = chosen_engine(engine, options)
    with SarScene.open(scene, band=band, year=year) as opened, open_prior(opened, prior) as sampler:
        window = opened.extent_window(*parse_extent(box))
        answer = classify_box(opened, machine, window, words(classes), sampler)
        warnings = engine_warnings(machine, opened)
    about = {"model": machine.model, "warnings": warnings}
    if as_json:
        said = {"class": answer.value, "score": answer.score, "parse_status": answer.parse_status}
        say(json.dumps({**said, "raw_text": answer.raw_text, "prompt": answer.prompt, **about}))
        return
    for warning in warnings:
        say(f"warning   {warning}", err=True)
    if answer.value is None:
        say(f"no class ({answer.parse_status.replace('_', ' ')}): {answer.raw_text}")
    else:
        say(f"{answer.value}  {answer.score:.2f}")
