"""`fusar ask`: a question about a scene in words."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from fusar_core.commands.engine_options import chosen_engine, engine_options
from fusar_core.commands.options import band_option, parse_extent, prior_option, say, year_option
from fusar_core.interpretation.inquiry import ask
from fusar_core.interpretation.interpret import engine_warnings
from fusar_core.prior.opening import open_prior
from fusar_core.scenes.scene import SarScene


@click.command()
@click.argument("scene", type=click.Path(path_type=Path))
@click.argument("question")
@click.option("--extent", help="Only here: xmin,ymin,xmax,ymax in map units of the scene, or with ,EPSG:n appended.")
@engine_options("fusar")
@band_option
@year_option
@prior_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a chip on stdout, as they come.")
def command(
    scene: Path,
    question: str,
    extent: str | None,
    engine: str,
    band: str | None,
    year: int | None,
    prior: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Ask QUESTION about SCENE, or an extent of it, in words.

    \b
    What is larger than a chip is asked chip by chip; each answer comes with the
    scene pixel of the chip's top-left corner.
    """
    with SarScene.open(scene, band=band, year=year) as opened, open_prior(opened, prior) as sampler:
        window = opened.extent_window(*parse_extent(extent)) if extent else opened.extent
        streams = not as_json and sys.stdout.isatty()
        machine = chosen_engine(engine, options, **({"on_text": _show} if streams else {}))
        size, _ = machine.tiling(opened.grid.pixel_size_m)
        single = window.height <= size and window.width <= size
        for answer in ask(opened, machine, question, window, sampler):
            place = answer.chip.window
            if as_json:
                said = {"answer": answer.value, "score": answer.score, "parse_status": answer.parse_status}
                where = {"chip": f"x{place.col}y{place.row}", "question": question}
                say(json.dumps({**where, **said, "raw_text": answer.raw_text, "model": machine.model}))
            elif streams and single:
                say("")
            else:
                words = answer.value if answer.value is not None else f"({answer.parse_status}) {answer.raw_text}"
                say(words if single else f"x{place.col}y{place.row}  {words}")
        for warning in engine_warnings(machine, opened):
            say(f"warning   {warning}", err=True)


def _show(text: str) -> None:
    say(text, nl=False)
