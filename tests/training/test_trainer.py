"""The loss, and checkpoints that are whole or not there."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

import training.stages.trainer
from fusar_core.errors import DiskFull, FusarError
from fusar_core.tasks import COUNT, DESCRIBE, DETECT, TASKS
from training.errors import LossNotFinite
from training.stages.packing import IGNORED
from training.stages.train import train
from training.stages.trainer import FusarTrainer, checkpoints, mean_by

Recipes = Callable[..., Any]
REPOSITORY = Path(__file__).parents[2]


def loss_of(token_losses: list[tuple[str, int, float]], **settings: Any) -> float:
    """The trainer's loss of answer tokens given as (task, conversation, loss).

    Logits are made so that each token has its loss: two words, of which the wrong one is likelier by log(e^loss − 1).
    """
    from training.stages.recipe import Recipe

    count = len(token_losses)
    logits, labels = torch.zeros(1, count + 1, 2), torch.full((1, count + 1), IGNORED)
    tasks, talks = torch.full((1, count + 1), -1), torch.full((1, count + 1), -1)
    for i, (task, talk, loss) in enumerate(token_losses):
        logits[0, i, 1] = torch.tensor(loss).expm1().log()
        labels[0, i + 1], tasks[0, i + 1], talks[0, i + 1] = 0, list(TASKS).index(task), talk
    trainer = SimpleNamespace(recipe=Recipe(**settings), coordinates=None, _part=lambda name, loss: None)
    inputs = {"labels": labels, "tasks": tasks, "talks": talks}
    return FusarTrainer._word_loss(trainer, logits, inputs).item()  # type: ignore[arg-type]


SAID = [
    (COUNT, 0, 1.0),
    (DETECT, 1, 2.0), (DETECT, 1, 4.0), (DETECT, 1, 6.0),
    (COUNT, 2, 3.0),
    (DETECT, 3, 8.0),
    (DESCRIBE, 4, 1.0), (DESCRIBE, 4, 2.0),
]  # fmt: skip


def test_without_balance_every_token_weighs_the_same() -> None:
    assert loss_of(SAID) == pytest.approx((1 + 2 + 4 + 6 + 3 + 8 + 1 + 2) / 8)


def test_with_balance_every_task_weighs_the_same() -> None:
    # count: (1 + 3) / 2; detect: the mean of its tokens, so that each box of a crowd weighs as much as a single one;
    # describe: 1.5
    assert loss_of(SAID, task_balance=True) == pytest.approx((2 + 5 + 1.5) / 3)


def test_tasks_can_weigh_more_or_less() -> None:
    weights = {DESCRIBE: 0.5, DETECT: 2.0}
    assert loss_of(SAID, task_balance=True, task_weights=weights) == pytest.approx((2 + 2 * 5 + 0.5 * 1.5) / 3.5)


def test_mean_by_group() -> None:
    means = mean_by(torch.tensor([1.0, 2.0, 3.0, 9.0]), torch.tensor([7, 2, 7, 5]))
    assert means.tolist() == [2.0, 9.0, 2.0]  # of 2, 5 and 7


@pytest.mark.parametrize("settings", [{"learning_rate": 1e30}, {"learning_rate": 1e39, "save_steps": 1, "steps": 1}])
def test_a_loss_or_weights_that_are_no_numbers_end_the_run(
    tmp_path: Path, base: Path, chips: Path, nano: Recipes, settings: dict[str, Any]
) -> None:
    with pytest.raises(LossNotFinite, match="step"):
        train(nano(**{"steps": 6, **settings}), base, chips, tmp_path)
    assert not (tmp_path / "model").exists()
    assert not checkpoints(tmp_path)


def test_a_checkpoint_that_fails_half_way_leaves_the_one_before(
    tmp_path: Path, base: Path, chips: Path, nano: Recipes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the first checkpoint no file may become larger than 200 KiB, as on a disk that is about to be full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    saved = training.stages.trainer.move_whole

    def then_limit(written: Path, place: Path) -> None:
        saved(written, place)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200 * 1024, before[1]))

    monkeypatch.setattr(training.stages.trainer, "move_whole", then_limit)
    try:
        with pytest.raises(FusarError) as caught:
            train(nano(steps=4, save_steps=1), base, chips, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert caught.value.code == DiskFull.code
    assert [p.name for p in checkpoints(tmp_path)] == ["checkpoint-1"]
    assert not (tmp_path / ".partial").exists()
    monkeypatch.undo()
    done = train(nano(steps=4, save_steps=1), base, chips, tmp_path, resume=True)
    assert done["steps"] == 4


KILLED_WHILE_SAVING = """
import sys
from pathlib import Path
import training.stages.trainer
from training.stages.recipe import Recipe
from training.stages.train import train
import json, os, signal

real = training.stages.trainer.move_whole
def killed(written, place):
    if place.name == "checkpoint-2":
        os.kill(os.getpid(), signal.SIGKILL)
    real(written, place)
training.stages.trainer.move_whole = killed
settings, base, data, out = sys.argv[1:]
train(Recipe(**json.loads(settings)), Path(base), Path(data), Path(out))
"""


def test_a_process_killed_while_saving_leaves_no_half_checkpoint(
    tmp_path: Path, base: Path, chips: Path, nano: Recipes
) -> None:
    recipe = nano(steps=3, save_steps=1)
    words = [json.dumps(recipe.as_dict()), str(base), str(chips), str(tmp_path / "killed")]
    done = subprocess.run(
        [sys.executable, "-c", KILLED_WHILE_SAVING, *words], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert list((tmp_path / "killed" / ".partial" / "checkpoint-2").iterdir())  # so far it had come
    assert [p.name for p in checkpoints(tmp_path / "killed")] == ["checkpoint-1"]
    resumed = train(recipe, base, chips, tmp_path / "killed", resume=True)
    assert resumed["loss"] == train(recipe, base, chips, tmp_path / "whole")["loss"]
    assert not (tmp_path / "killed" / ".partial").exists()


def test_only_the_newest_checkpoints_stay(tmp_path: Path, base: Path, chips: Path, nano: Recipes) -> None:
    train(nano(steps=5, save_steps=1, keep=3), base, chips, tmp_path)
    assert [p.name for p in checkpoints(tmp_path)] == [f"checkpoint-{n}" for n in (3, 4, 5)]


def test_scores_are_made_for_the_answers_alone(
    base: Path, chips: Path, triplets: list[Any], recipe: Recipes, tmp_path: Path
) -> None:
    """The loss of single conversations is that of all scores, whichever are made."""
    from training.stages.packing import Packer
    from training.stages.samples import Samples
    from training.stages.start import starting_model
    from training.stages.train import arguments

    one = recipe(conversations=1)
    model, processor = starting_model(base, one)
    trainer = FusarTrainer(model=model, args=arguments(one, tmp_path), recipe=one)
    samples = Samples(triplets, chips.parent, one, ("plane", "ship"))
    batch = Packer(processor, 512, False)([samples[i] for i in range(5)])
    loss, outputs = trainer.compute_loss(model.eval(), batch, return_outputs=True)
    assert outputs.logits.shape[1] < batch["labels"].shape[1]
    given = {k: v for k, v in batch.items() if k not in ("labels", "tasks", "talks")}
    assert loss.item() == pytest.approx(trainer._word_loss(model(**given).logits, batch).item(), rel=1e-5)
