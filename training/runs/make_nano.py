"""Makes fusar-nano from nothing: python -m training.make_nano --work DIR [--out resources/models/fusar-nano].

Simulated chips of disjoint places and conditions, an untrained model and its tokenizer, stage 0 (a base, no prior),
then every parameter with the prior (what is shipped), or with `--paper-stages` LoRA + TLM, then LoRA. Steps that are
done are skipped and training goes on from its last checkpoint: repeat the line after a break. Without a GPU each stage
is trained by several processes of one thread. `--share 0.001` goes through all of it in two minutes, with so much of
the chips.
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
import torch

from fusar_core.model.configuration import FusarGPTConfig
from fusar_core.tasks import scene_tasks
from training.data.instructions import instructions
from training.data.triplets import read_triplets
from training.errors import StageFailed, for_people
from training.runs.nano import CHIP_SIZE, make_model
from training.stages.recipe import read_recipe
from training.stages.train import BY_MACHINE, require_same, settings_of

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
    "coasts": Part("tune,seas,tune,shores", 48_000, 5),
    "test": Part("test", 1_040, 3, (INFORMATIVE, USELESS), other_year=True),
}
"""Stage 0 sees other places and other conditions than stages 1 and 2; the test set's are nobody else's. `coasts`, for
the model that is shipped: half as `tune`, a quarter waters alone, a quarter whole coasts, cities and ports."""

LEAST_CHIPS = 32


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
    _run(f"The simulation of '{part}'", line)
    return folder


def _run(what: str, line: list[str], **variables: str) -> None:
    """Runs a process with further environment variables. Raises StageFailed."""
    code = subprocess.run(line, env={**os.environ, **variables}).returncode
    if code:
        raise StageFailed(
            f"{what} failed with exit code {code}.", "What it said stands above; repeat the line to go on from there."
        )


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
            if talk.task not in scene_tasks():  # the prompts of the others are phrases anyway
                said.append(talk.question)
    return said


def default_processes() -> int:
    """On a GPU one; else two or four where there are as many cores: a small model's steps hardly gain by threads."""
    return 1 if torch.cuda.is_available() else max(p for p in (1, 2, 4) if p <= (os.cpu_count() or 1))


def trained(
    name: str, start: Path, data: Path, run: Path, share: float = 1.0, processes: int | None = None, merge: bool = False
) -> Path:
    """The run folder of a recipe, trained by so many processes where it is not finished; it goes on where it was.

    Raises ChangedRecipe where it was begun with another recipe or other data, e.g. another share; StageFailed.
    """
    recipe = read_recipe(Path(name))
    steps = math.floor(recipe.dense_steps * share)
    if (run / "run.json").exists():
        require_same(run, settings_of(replace(recipe, dense_steps=steps), start, data), BY_MACHINE)
        return run
    processes = processes or default_processes()
    settings = {"batch": recipe.batch // processes, "dense_steps": steps}
    line = [sys.executable, "-m"]
    if processes > 1:
        line += ["torch.distributed.run", "--standalone", "--nproc_per_node", str(processes), "-m"]
    line += ["training.train", name, "--model", str(start), "--data", str(data), "--out", str(run), "--resume"]
    line += [word for k, v in settings.items() for word in ("--set", f"{k}={v}")]
    line += ["--merge"] if merge else []
    threads = max(1, (os.cpu_count() or 1) // processes)
    _run(f"The training of {name}", line, OMP_NUM_THREADS=os.environ.get("OMP_NUM_THREADS", str(threads)))
    return run


def base_model(work: Path, share: float = 1.0, processes: int | None = None) -> Path:
    """The base that stage 0 makes, trained where it is not there yet."""
    data = triplets_of(simulate("base", work, share))
    untrained = work / "untrained"
    if not (untrained / "tokenizer.json").exists():
        make_model(untrained, corpus(data), fusion="none", gsd_m=_pixel_sizes(data))
    return trained("nano-base", untrained, data, work / "stage0", share, processes) / "model"


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
@click.option("--processes", type=click.Choice(["1", "2", "4"]), help="that train together  [default: by the cores]")
@share_option
def main(work: Path, out: Path | None, paper_stages: bool, processes: str | None, share: float) -> None:
    """Make fusar-nano from nothing."""
    with for_people():
        together = int(processes) if processes else None
        base = base_model(work, share, together)
        if paper_stages:
            data = triplets_of(simulate("tune", work, share))
            first = trained("nano-stage1", base, data, work / "stage1", share, together)
            second = trained("nano-stage2", first / "model", data, work / "stage2", share, together, merge=True)
            model = second / "merged"
        else:
            data = triplets_of(simulate("coasts", work, share))
            model = trained("fusar-nano", base, data, work / "fusar-nano", share, together) / "model"
        if out is not None:
            export(model, out)
    click.echo(out or model)


def export(model: Path, out: Path) -> None:
    """The model in bf16, half as large; what is read into fp32 again gives the numbers that bf16 has."""
    from fusar_core.model.modeling import FusarGPTForConditionalGeneration
    from fusar_core.model.processing import FusarGPTProcessor

    config = FusarGPTConfig.from_pretrained(model)
    whole = FusarGPTForConditionalGeneration.from_pretrained(model, config=config, dtype=torch.bfloat16)
    whole.save_pretrained(out)
    (out / "model.safetensors").chmod(0o644)  # written for its owner alone, but it is to be given away
    FusarGPTProcessor.from_pretrained(model).save_pretrained(out)
