"""Trains the stages of a preset: python -m training.run PRESET --start MODEL --data TRIPLETS.jsonl --out RUN.

PRESET: a YAML file with `stages`, or the name of one in training/recipes. The run folder gets a folder a stage (stage1,
stage2), each as `training.train` leaves it; each stage starts from the model of the one before. With --resume finished
stages are kept. The data of every stage is looked through before the first begins.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import click

from training.errors import BadRecipe, RunExists, for_people
from training.runs.launch import first_process
from training.stages.checking import checked, packer_for
from training.stages.recipe import OF_STAGE_ONE, Recipe, read_preset
from training.stages.train import check_step, chosen, require_same, settings_of, train, with_options


def run(
    stages: list[Recipe],
    start: Path,
    data: list[Path],
    out: Path,
    *,
    resume: bool = False,
    merge: bool = False,
    check: str = "quick",
    keep: bool = False,
) -> Path:
    """Trains stage after stage and returns the folder of the last one's model.

    data: a file of triplets for each stage, or one for all. Other arguments, and errors, are those of
    `training.stages.train.train`.
    """
    if len(data) not in (1, len(stages)):
        raise BadRecipe(f"There are {len(data)} files of triplets for {len(stages)} stages.", "Give one, or one each.")
    _check_stages(stages)
    files = data * len(stages) if len(data) == 1 else data
    folders = [out / f"stage{recipe.stage}" for recipe in stages]
    if not resume and (done := [f for f in folders if (f / "run.json").exists()]):
        raise RunExists(f"{done[-1]} holds a finished run.", "Go on with --resume, or use a new --out.")
    for recipe, file in zip(stages, files, strict=True):
        check_step(recipe)
        if check != "none" and first_process():
            packer, classes = packer_for(start, recipe)
            checked(file, recipe, packer, classes, check)
    for recipe, file, folder in zip(stages, files, folders, strict=True):
        if (folder / "run.json").exists():
            require_same(folder, settings_of(recipe, start, file))
        else:
            last = recipe is stages[-1]
            train(recipe, start, file, folder, resume=resume, keep=keep, merge=merge and last, check="none")
        start = folder / "model"
    return start


def _check_stages(stages: list[Recipe]) -> None:
    """Raises BadRecipe where a stage cannot go on from the one before, or would take its folder."""
    for before, after in pairwise(stages):
        if after.stage <= before.stage:
            raise BadRecipe(
                f"Stage {after.stage} ('{after.name}') would follow stage {before.stage} ('{before.name}').",
                "Give the stages of a preset rising numbers: each has a folder of its own.",
            )
        for name in OF_STAGE_ONE if before.trainable != "all" else ():
            one, two = getattr(before, name), getattr(after, name)
            if one != two:
                raise BadRecipe(
                    f"'{before.name}' says {name}: {one}, '{after.name}' says {two}.",
                    "A stage goes on with the adapter of the one before: say the same in both.",
                )


@click.command()
@click.argument("preset")
@click.option("--start", "--model", required=True, type=click.Path(path_type=Path), help="model to start from")
@click.option(
    "--data",
    required=True,
    multiple=True,
    type=click.Path(path_type=Path, exists=True),
    help="triplets (JSONL), for all stages or, given several times, for one after the other",
)
@with_options
def main(
    preset: str, start: Path, data: tuple[Path, ...], out: Path, settings: tuple[str, ...], **options: Any
) -> None:
    """Train the stages of a preset of FUSAR-GPT."""
    with for_people():
        model = run(read_preset(Path(preset), chosen(settings)), start, list(data), out, **options)
    if first_process():
        click.echo(model)
