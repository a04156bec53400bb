"""`fusar classify`: the class of the target in a box."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import click

from fusar_core.commands.engine_options import engine_arguments, engine_options
from fusar_core.commands.options import band_option, crs_option, prior_option, say, scene_argument, year_option
from fusar_core.domain.schema import NOTHING
from fusar_core.interpretation.inquiry import classify_box, inquiry_of
from fusar_core.interpretation.parameters import parse_extent
from fusar_core.interpretation.result import Inquiry
from fusar_core.interpretation.run import Run, opened


@click.command()
@scene_argument
@click.option("--box", required=True, help="The target: xmin,ymin,xmax,ymax in map units, or with ,EPSG:n appended.")
@click.option("--classes", default="", help="Classes to choose from, comma-separated; default: all the model knows.")
@engine_options("fusar")
@band_option
@year_option
@crs_option
@prior_option
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON on stdout.")
def command(box: str, as_json: bool, **options: Any) -> None:
    """Say to which class the target in a box of SCENE belongs."""
    run = Run.from_parameters(options | {"engine_options": engine_arguments(options["engine"], options)})
    with opened(run) as ready:
        window = ready.scene.extent_window(*parse_extent(box))
        answer = classify_box(ready.scene, ready.engine, window, ready.scope)
        told = inquiry_of(ready.scene, ready.engine, replace(ready.scope, extent=window), [answer])
    if as_json:
        say(json.dumps(_as_json(told)))
        return
    for warning in told.warnings:
        say(f"warning   {warning}", err=True)
    if answer.parse_status == NOTHING:
        say("nothing there: the box is like its surroundings")
    elif answer.value is None:
        say(f"no class ({answer.parse_status.replace('_', ' ')}): {answer.raw_text}")
    else:
        say(answer.value if answer.score is None else f"{answer.value}  {answer.score:.2f}")


def _as_json(told: Inquiry) -> dict[str, Any]:
    [answer] = told.answers
    return {
        "class": answer.value,
        "score": answer.score,
        "parse_status": answer.parse_status,
        "raw_text": answer.raw_text,
        "prompt": answer.prompt,
        "model": told.model,
        "demonstration": told.demonstration,
        "warnings": list(told.warnings),
    }
