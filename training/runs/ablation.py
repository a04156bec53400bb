"""The paper's ablation on the simulated benchmark: python -m training.ablation --work DIR [--jobs 2].

Every run trains from the same base (see `base_of`) on the same chips in the same order with the same number of steps;
what differs is the fusion, whether stage 1 precedes, and what the anchors say. Runs are processes of their own; those
that are finished are skipped, so the line can be repeated after a break. Needs an hour or two on two cores.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from fusar_core.files import atomic_path
from fusar_core.model.weights import fingerprint, weight_files
from training.errors import RunExists, StageFailed, for_people
from training.evaluation import paper
from training.runs.make_nano import INFORMATIVE, USELESS, base_model, share_option, simulate, triplets_of
from training.stages.recipe import read_recipe
from training.stages.train import BY_MACHINE, require_same, settings_of

SEEDS = (1, 2, 3)
BASE = Path(__file__).parents[2] / "resources" / "bases" / "nano"
"""The base that comes with the repository: stage 0 of `make nano`, in bf16."""
STEPS = 150
"""Of one stage, 16 chips each. A run without stage 1 gets those of both."""
CONTROLS = ("shuffled", "zero", "mean", "none", "wrong-year")
"""What the finished `tlm` is also asked with at test time."""


@dataclass(frozen=True)
class Arm:
    """One line of the table.

    fusion: how the prior is brought in. stage_one: whether descriptions precede. prior: `as-is` or `shuffled` anchors
    in training. information: which anchors it is trained and tested with. full: every parameter learns. controls: what
    the finished model is also asked with.
    """

    name: str
    fusion: str = "tlm"
    stage_one: bool = True
    prior: str = "as-is"
    information: str = INFORMATIVE
    full: bool = False
    controls: tuple[str, ...] = ()

    def stages(self, steps: int = STEPS) -> Iterator[tuple[str, dict[str, Any]]]:
        """Recipe and settings of each stage."""
        common: dict[str, Any] = {"fusion": self.fusion, "prior": "none" if self.fusion == "none" else self.prior}
        learning = "lora" if self.fusion == "none" else "lora+prior"
        if self.full:
            yield "nano-full", {**common, "steps": 2 * steps, "prior_dropout": 0.0, "dense_steps": 0}
        elif self.stage_one:
            yield "nano-stage1", {**common, "trainable": learning, "steps": steps}
            yield "nano-stage2", {**common, "steps": steps}
        else:
            alone = {"trainable": learning, "skip_stage_one": True, "steps": 2 * steps}
            yield "nano-stage2", {**common, **alone}


ARMS = (
    Arm("none", "none"),
    Arm("sum", "sum"),
    Arm("concat", "concat", controls=("none",)),
    Arm("tlm", controls=CONTROLS),
    Arm("none-stage2", "none", stage_one=False),
    Arm("sum-stage2", "sum", stage_one=False),
    Arm("concat-stage2", "concat", stage_one=False, controls=("none",)),
    Arm("tlm-stage2", stage_one=False, controls=("none",)),
    Arm("tlm-shuffled", prior="shuffled"),
    Arm("tlm-useless", information=USELESS),
    Arm("none-full", "none", full=True),
    Arm("tlm-full", full=True),
)


def base_of(work: Path, share: float = 1.0, anew: bool = False) -> Path:
    """The model that every run starts from: BASE, or, anew, what stage 0 makes in `work`.

    Raises RunExists when the runs that lie there started from another one.
    """
    base = base_model(work, share) if anew or not BASE.exists() else BASE
    same_base(base, work / "ablation" / "base.json")
    return base


def same_base(base: Path, note: Path) -> None:
    """Notes which weights the runs of a folder start from. Raises RunExists when others are noted there."""
    weights = {"weights": fingerprint(weight_files(base))}
    if note.exists():
        if json.loads(note.read_text("utf-8")) != weights:
            raise RunExists(
                f"The runs in {note.parent} started from another base than {base}.",
                "Runs are compared only where all start from the same: take another --work, or remove that folder.",
            )
        return
    note.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(note) as temporary:
        temporary.write_text(json.dumps(weights), "utf-8")


def run(arm: Arm, seed: int, base: Path, work: Path, threads: int, steps: int = STEPS) -> Path:
    """Trains and evaluates one arm with one seed, unless it is done; returns the folder of its results.

    Raises ChangedRecipe where it was done with other settings or data, StageFailed.
    """
    folder = work / "ablation" / f"{arm.name}-{seed}"
    log = folder / "log.txt"
    folder.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "TOKENIZERS_PARALLELISM": "false"}

    def call(module: str, *words: str) -> None:
        with open(log, "a", encoding="utf-8") as out:
            done = subprocess.run([sys.executable, "-m", module, *words], stdout=out, stderr=out, env=environment)
        if done.returncode:
            raise StageFailed(
                f"{module} of {folder.name} failed with exit code {done.returncode}.",
                f"The end of {log} says why; repeat the line to go on from there.",
            )

    data = triplets_of(work / "tune", arm.information)
    model = base
    for number, (recipe, settings) in enumerate(arm.stages(steps), 1):
        stage, settings = folder / f"{number}", {**settings, "seed": seed}
        if (stage / "run.json").exists():
            require_same(stage, settings_of(read_recipe(Path(recipe), settings), model, data), BY_MACHINE)
        else:
            words = [recipe, "--model", str(model), "--data", str(data), "--out", str(stage), "--keep", "--merge"]
            for name, value in settings.items():
                words += ["--set", f"{name}={json.dumps(value)}"]
            call("training.train", *words)
        model = stage / "model"
        whole = model if arm.full else stage / "merged"
    test = triplets_of(work / "test", arm.information)
    for control in ("as-is", *arm.controls):
        results = folder / control
        if not (results / "results.json").exists():
            tasks = paper.ABLATED if control == "as-is" else paper.TESTED
            words = ["--engine", str(whole), "--data", str(test), "--tasks", ",".join(tasks)]
            call("training.evaluate", *words, "--prior", control, "--out", str(results))
    return folder


@click.command()
@click.option("--work", required=True, type=click.Path(path_type=Path), help="folder of data and runs")
@click.option("--jobs", default=2, show_default=True, help="runs at the same time")
@click.option("--threads", default=1, show_default=True, help="of each run")
@click.option("--arms", default=",".join(a.name for a in ARMS), show_default=True)
@click.option("--seeds", default=",".join(map(str, SEEDS)), show_default=True)
@click.option("--new-base", is_flag=True, help="make the base from nothing, instead of the one that comes along")
@share_option
def main(work: Path, jobs: int, threads: int, arms: str, seeds: str, new_base: bool, share: float) -> None:
    """Run the ablation."""
    chosen = [a for name in arms.split(",") for a in ARMS if a.name == name]
    with for_people():
        base = base_of(work, share, new_base)
        simulate("tune", work, share)
        simulate("test", work, share)
        steps = max(2, round(STEPS * share))
        todo = [(arm, int(seed)) for seed in seeds.split(",") for arm in chosen]
        with ThreadPoolExecutor(jobs) as pool:
            done = pool.map(lambda one: run(*one, base, work, threads, steps), todo)
            for folder in tqdm(done, total=len(todo), desc="runs", disable=not sys.stderr.isatty()):
                click.echo(folder)
