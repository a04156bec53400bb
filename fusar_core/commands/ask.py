"""`fusar ask`: a question about a scene in words."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from fusar_core.commands.engine_options import engine_arguments, engine_options
from fusar_core.commands.options import (
    band_option,
    crs_option,
    extent_option,
    prior_option,
    say,
    scene_argument,
    year_option,
)
from fusar_core.domain.answers import Answer
from fusar_core.engines.base import Engine
from fusar_core.interpretation.inquiry import ask, inquiry_of, speaker
from fusar_core.interpretation.result import OF_THE_WHOLE, SceneAnswer, chip_name
from fusar_core.interpretation.run import Ready, Run, opened
from fusar_core.interpretation.scope import Watch


@click.command()
@scene_argument
@click.argument("question")
@extent_option
@engine_options("fusar")
@band_option
@year_option
@crs_option
@prior_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a chip on stdout, as they come.")
def command(question: str, as_json: bool, **options: Any) -> None:
    """Ask QUESTION about SCENE, or an extent of it, in words.

    \b
    What is larger than a chip is asked chip by chip; each answer comes with the
    scene pixel of the chip's top-left corner.
    """
    run = Run.from_parameters(options | {"engine_options": engine_arguments(options["engine"], options)})
    streams = not as_json and sys.stdout.isatty()
    with opened(run, Watch(on_text=_show if streams else None)) as ready:
        single, answers = _is_single(ready), list[Answer]()
        for answer in ask(ready.scene, ready.engine, question, ready.scope, ready.watch):
            answers.append(answer)
            of_scene = answer.parse_status in OF_THE_WHOLE
            if as_json:
                say(json.dumps(_as_json(answer, question, ready.engine)))
            elif streams and single and not of_scene:
                say("")
            else:
                words = answer.value if answer.value is not None else f"({answer.parse_status}) {answer.raw_text}"
                say(words if single or of_scene else f"{chip_name(answer.chip.window)}  {words}")
        for warning in inquiry_of(ready.scene, ready.engine, ready.scope, answers, question).warnings:
            say(f"warning   {warning}", err=True)


def _is_single(ready: Ready) -> bool:
    """Whether what is asked about fits into one chip."""
    size, _ = ready.engine.tiling(ready.scene.grid.pixel_size_m)
    return max(ready.extent.height, ready.extent.width) <= size


def _as_json(answer: Answer, question: str, engine: Engine) -> dict[str, Any]:
    name, model, demonstration = speaker(engine, [answer])
    return {
        "chip": SceneAnswer.of_chip(answer).chip,
        "question": question,
        "answer": answer.value,
        "score": answer.score,
        "parse_status": answer.parse_status,
        "raw_text": answer.raw_text,
        "engine": name,
        "model": model,
        "demonstration": demonstration,
    }


def _show(text: str) -> None:
    say(text, nl=False)
