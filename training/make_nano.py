"""Makes fusar-nano from nothing: python -m training.make_nano --work DIR [--out resources/models/fusar-nano].

Simulated chips of disjoint places and conditions, an untrained model and its tokenizer, stage 0 (a base, no prior),
then every parameter with the prior (what is shipped; FULL), or with `--paper-stages` LoRA + TLM, then LoRA. Steps that
are done are skipped and training goes on from its last checkpoint: repeat the line after a break. `--share 0.001` goes
through all of it in two minutes, with so much of the chips.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import click
import numpy as np

from fusar_core.model.configuration import FusarGPTConfig
from fusar_core.tasks import SCENE_TASKS
from training.data.instructions import instructions
from training.data.triplets import read_triplets
from training.nano import CHIP_SIZE, make_model
from training.recipe import Recipe, read_recipe
from training.train import train

INFORMATIVE = "1.0"
USELESS = "0.0"
"""Values of the simulator's `prior_information`: anchors that tell the land cover, and anchors that tell nothing."""


@dataclass(frozen=True)
class Part:
    """One part of the benchmark: its regions of places and conditions, how many chips, and its seed."""

    regions: str
    chips: int
    seed: int
    priors: tuple[str, ...] = (INFORMATIVE,)
    other_year: bool = False


PARTS = {
    "base": Part("base", 24_000, 1),
    "tune": Part("tune", 16_000, 2, (INFORMATIVE, USELESS)),
    "more": Part("tune", 32_000, 2),
    "seas": Part("tune,seas", 16_000, 4),
    "shores": Part("tune,seas,shores", 24_000, 5),
    "test": Part("test", 1_040, 3, (INFORMATIVE, USELESS), other_year=True),
}
"""Stage 0 sees other places and other conditions than stages 1 and 2; the test set's are nobody else's. `more`: the
chips of `tune` and as many others of its region, for the model that is shipped; `seas`: half of them from a region of
waters alone; `shores`: a third each from those two and from one of whole coasts, cities and ports."""

LEAST_CHIPS = 32

FULL = {"full": "tune", "longer": "more", "seas": "seas", "shores": "shores"}
"""Stages in which every parameter learns, and the part of the benchmark that each sees."""


def simulate(part: str, work: Path, share: float = 1.0) -> Path:
    """The folder of a part, made where it is not there yet. share: of its chips."""
    wanted, folder = PARTS[part], work / part
    chips = max(LEAST_CHIPS, round(wanted.chips * share))
    line = [sys.executable, "-m", "training.simulation", "--out", str(folder), "--chips", str(chips)]
    line += ["--chip-size", str(CHIP_SIZE), "--seed", str(wanted.seed), "--regions", wanted.regions]
    for prior in wanted.priors:
        line += ["--prior-information", prior]
    if wanted.other_year:
        line.append("--other-year")
    line += ["--workers", str(os.cpu_count() or 1)]
    subprocess.run(line, check=True)
    return folder


def triplets_of(folder: Path, prior: str = INFORMATIVE) -> Path:
    """The file of triplets of a part whose anchors tell that much."""
    return folder / f"triplets_{prior}.jsonl"


def corpus(data: Path, chips: int = 1000) -> list[str]:
    """What is said about the first chips: the tokenizer learns its merges from it."""
    rng = np.random.default_rng(0)
    said: list[str] = []
    for _, triplet in zip(range(chips), read_triplets(data), strict=False):
        for talk in instructions(triplet, rng):
            said.append(talk.answer)
            if talk.task not in SCENE_TASKS:  # the prompts of the others are phrases anyway
                said.append(talk.question)
    return said


def nano_recipe(name: str, share: float = 1.0) -> Recipe:
    """A recipe of nano for so much of its chips."""
    recipe = read_recipe(Path(name))
    return replace(recipe, dense_steps=math.floor(recipe.dense_steps * share))


def base_model(work: Path, share: float = 1.0) -> Path:
    """The base that stage 0 makes, trained where it is not there yet."""
    data = triplets_of(simulate("base", work, share))
    untrained, run = work / "untrained", work / "stage0"
    if not (untrained / "tokenizer.json").exists():
        make_model(untrained, corpus(data), fusion="none", gsd_m=_pixel_sizes(data))
    if not (run / "run.json").exists():
        train(nano_recipe("nano-base", share), untrained, data, run, resume=True)
    return run / "model"


def _pixel_sizes(data: Path) -> list[float]:
    sizes = [t.gsd_m for t in read_triplets(data) if t.gsd_m]
    return [min(sizes), max(sizes)]


share_option = click.option(
    "--share",
    default=1.0,
    show_default=True,
    type=click.FloatRange(0, 1, min_open=True),
    help="of the chips and steps: 0.001 is a dry run",
)


@click.command()
@click.option("--work", required=True, type=click.Path(path_type=Path), help="folder for data and runs")
@click.option("--out", type=click.Path(path_type=Path), help="where the finished model goes")
@click.option("--paper-stages", is_flag=True, help="LoRA + TLM, then LoRA, instead of every parameter")
@share_option
def main(work: Path, out: Path | None, paper_stages: bool, share: float) -> None:
    """Make fusar-nano from nothing."""
    base = base_model(work, share)
    if paper_stages:
        data = triplets_of(simulate("tune", work, share))
        for stage, start in (("stage1", base), ("stage2", work / "stage1" / "model")):
            if not (work / stage / "run.json").exists():
                recipe = nano_recipe(f"nano-{stage}", share)
                train(recipe, start, data, work / stage, resume=True, merge=stage == "stage2")
        model = work / "stage2" / "merged"
    else:
        model = base
        for name, part in FULL.items():
            if not (work / name / "run.json").exists():
                chips = triplets_of(simulate(part, work, share))
                train(nano_recipe(f"nano-{name}", share), model, chips, work / name, resume=True)
            model = work / name / "model"
    if out is not None:
        export(model, out)
    click.echo(out or model)


def export(model: Path, out: Path) -> None:
    """The model in bf16, half as large; what is read into fp32 again gives the numbers that bf16 has."""
    import torch

    from fusar_core.model.modeling import FusarGPTForConditionalGeneration
    from fusar_core.model.processing import FusarGPTProcessor

    config = FusarGPTConfig.from_pretrained(model)
    whole = FusarGPTForConditionalGeneration.from_pretrained(model, config=config, dtype=torch.bfloat16)
    whole.save_pretrained(out)
    FusarGPTProcessor.from_pretrained(model).save_pretrained(out)


if __name__ == "__main__":
    main()
