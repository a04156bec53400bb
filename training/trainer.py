"""transformers' Trainer with our loss, our samples, and checkpoints that are whole or not there.

Loss on answer tokens only. With `task_balance` it is the mean over tasks of the mean over conversations of the mean
over tokens: otherwise the many tokens of boxes drown the one token of a count.
"""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import Trainer, TrainerCallback, TrainingArguments

from fusar_core.tasks import ALL_TASKS
from training.dense import DenseHead
from training.errors import LossNotFinite
from training.folders import explained, move_whole
from training.packing import IGNORED
from training.recipe import Recipe

CLOCK = "clock.json"
SEEING = ("pixel_values", "image_grid_thw", "anchor_features", "anchor_positions", "anchor_counts")
NOT_FOR_THE_MODEL = ("labels", "tasks", "talks", "dense")


class FusarTrainer(Trainer):
    """Trains a FUSAR-GPT by a recipe.

    dense: the auxiliary head, trained along and thrown away. waited_s: seconds spent waiting for data. seconds(): of
    training in all. Both include what was before a resume.
    """

    def __init__(self, *args: Any, recipe: Recipe, dense: DenseHead | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.model_accepts_loss_kwargs = False  # our loss is a mean already: accumulation has to divide it
        self.recipe, self.dense = recipe, dense
        self.waited_s = self._earlier_s = 0.0
        self._began = time.perf_counter()
        self._tokens: list[Tensor] = []
        if dense is not None:
            dense.to(self.args.device)
            core(self.model).model.tlm.register_forward_hook(self._remember)

    def train(self, *args: Any, **kwargs: Any) -> Any:
        self._began = time.perf_counter()
        return super().train(*args, **kwargs)

    def seconds(self) -> float:
        return self._earlier_s + time.perf_counter() - self._began

    def _remember(self, module: nn.Module, inputs: Any, tokens: Any) -> None:
        self._tokens = list(tokens)

    def get_batch_samples(self, *args: Any, **kwargs: Any) -> Any:
        if self.state.global_step >= self.state.max_steps:  # resumed after its last step: there is nothing left to do
            self.control.should_training_stop = True
            return [], None
        if self.dense is not None:
            self.dense.zero_grad()  # the library does so for the model alone
        started = time.perf_counter()
        got = super().get_batch_samples(*args, **kwargs)
        self.waited_s += time.perf_counter() - started
        return got

    def training_step(self, *args: Any, **kwargs: Any) -> Tensor:
        loss: Tensor = super().training_step(*args, **kwargs)
        if not torch.isfinite(loss):
            raise LossNotFinite(
                f"The loss is {loss.item()} at step {self.state.global_step + 1}.",
                "Look at the data around this step; lower learning_rate, or use dtype float32. Checkpoints are kept.",
            )
        return loss

    def compute_loss(
        self, model: nn.Module, inputs: dict[str, Any], return_outputs: bool = False, **kwargs: Any
    ) -> Any:
        given = {k: v for k, v in inputs.items() if k not in NOT_FOR_THE_MODEL}
        if self.dense is not None and self.state.global_step < self.recipe.dense_steps:
            seeing = {k: given[k] for k in SEEING if k in given}
            with self.accelerator.autocast():
                core(model).model.get_image_features(**seeing)
            return self._dense(inputs)
        if self.recipe.conversations <= 1:  # scores are made from just before the first answer on
            answered = (inputs["labels"] != IGNORED).any(0).nonzero()
            given["logits_to_keep"] = kept = inputs["labels"].shape[1] - int(answered[0]) + 1
            inputs = {**inputs, **{name: inputs[name][:, -kept:] for name in ("labels", "tasks", "talks")}}
        outputs = model(**given, use_cache=False)
        loss = self._said(outputs.logits, inputs)
        if self.dense is not None:
            loss = loss + self.recipe.dense_weight * self._dense(inputs)
        return (loss, outputs) if return_outputs else loss

    def _dense(self, inputs: dict[str, Any]) -> Tensor:
        assert self.dense is not None
        tokens = torch.cat(self._tokens)
        return self.dense.loss(tokens, inputs["dense"].to(tokens.device))

    def _said(self, logits: Tensor, inputs: dict[str, Any]) -> Tensor:
        labels = inputs["labels"][:, 1:]
        answered = labels != IGNORED
        losses = functional.cross_entropy(logits[:, :-1][answered].float(), labels[answered], reduction="none")
        if not self.recipe.task_balance:
            return losses.mean()
        tasks, talks = inputs["tasks"][:, 1:][answered], inputs["talks"][:, 1:][answered]
        by_talk, task_of = mean_by(losses, talks), _first(tasks, talks)
        by_task = mean_by(by_talk, task_of)
        weights = torch.tensor(
            [self.recipe.task_weights.get(ALL_TASKS[t], 1.0) for t in task_of.unique().tolist()], device=losses.device
        )
        return (by_task * weights).sum() / weights.sum()

    def create_optimizer(self, model: Any = None) -> Any:
        optimizer = super().create_optimizer(model)
        if self.dense is not None:
            optimizer.add_param_group({"params": list(self.dense.parameters()), "weight_decay": 0.0})
        return optimizer

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        """Writes beside the place of a checkpoint and moves it there: what has its name is whole.

        Raises DiskFull, OutputUnwritable, LossNotFinite; earlier checkpoints then stay as they are.
        """
        name, place = f"checkpoint-{self.state.global_step}", Path(self.args.output_dir)
        partial, first = place / ".partial", self.args.should_save
        self._check_weights()
        if first:
            shutil.rmtree(partial, ignore_errors=True)
        self.accelerator.wait_for_everyone()
        limit, self.args.save_total_limit = self.args.save_total_limit, None
        self._into = partial
        try:
            with explained(place / name, partial):
                super()._save_checkpoint(model, trial)
                if first:
                    if self.dense is not None:
                        torch.save(self.dense.state_dict(), partial / name / "dense.pt")
                    clock = {"waited_s": self.waited_s, "seconds": self.seconds()}
                    (partial / name / CLOCK).write_text(json.dumps(clock))
        finally:
            self._into, self.args.save_total_limit = None, limit
        self.accelerator.wait_for_everyone()  # every process has written its part
        if first:
            with explained(place / name, partial):
                move_whole(partial / name, place / name)
            shutil.rmtree(partial, ignore_errors=True)
            for old in checkpoints(place)[:-limit] if limit else ():
                shutil.rmtree(old, ignore_errors=True)

    def _check_weights(self) -> None:
        """A finite loss may have had gradients that are not: no checkpoint is made of what they left."""
        if not all(p.isfinite().all() for p in self.model.parameters() if p.requires_grad):
            raise LossNotFinite(
                f"Weights are no longer finite at step {self.state.global_step}.",
                "Lower learning_rate, or use dtype float32; earlier checkpoints are kept.",
            )

    _into: Path | None = None

    def _get_output_dir(self, trial: Any) -> str:
        return str(self._into) if self._into is not None else super()._get_output_dir(trial)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        super()._load_from_checkpoint(resume_from_checkpoint, model)
        if self.dense is not None:
            saved = Path(resume_from_checkpoint) / "dense.pt"
            self.dense.load_state_dict(torch.load(saved, weights_only=True))

    def go_on_from(self, checkpoint: Path) -> None:
        """Starts the clocks where they stood."""
        if (checkpoint / CLOCK).exists():
            clock = json.loads((checkpoint / CLOCK).read_text())
            self.waited_s, self._earlier_s = clock["waited_s"], clock["seconds"]


class EpochOfSamples(TrainerCallback):
    """Tells the samples which epoch it is: what they show follows from it."""

    def __init__(self, samples: Any) -> None:
        self.samples = samples

    def on_epoch_begin(self, args: TrainingArguments, state: Any, control: Any, **kwargs: Any) -> None:
        self.samples.epoch = int(state.epoch or 0)


def checkpoints(directory: Path) -> list[Path]:
    """Whole checkpoints of a run, oldest first."""
    found = [p for p in directory.glob("checkpoint-*") if p.name.removeprefix("checkpoint-").isdigit()]
    return sorted(found, key=lambda p: int(p.name.removeprefix("checkpoint-")))


def core(model: Any) -> Any:
    """The FusarGPTForConditionalGeneration, whether adapters wrap it or not."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def mean_by(values: Tensor, groups: Tensor) -> Tensor:
    """Mean of the values (N,) of each group number that occurs, in ascending order of the numbers."""
    _, where = groups.unique(return_inverse=True)
    sums = torch.zeros(int(where.max()) + 1, dtype=values.dtype, device=values.device).index_add(0, where, values)
    return sums / torch.bincount(where)


def _first(values: Tensor, groups: Tensor) -> Tensor:
    """The value that a group's members share, by ascending group number."""
    numbers, where = groups.unique(return_inverse=True)
    return torch.empty(len(numbers), dtype=values.dtype, device=values.device).scatter(0, where, values)


def wait_share(trainer: FusarTrainer) -> float:
    """Part of the time that the device waited for data."""
    return trainer.waited_s / max(trainer.seconds(), 1e-9)
