"""transformers' Trainer with our loss, our samples, and checkpoints that are whole or not there.

Loss on answer tokens only. With `task_balance` it is the mean over tasks of the mean over conversations of the mean
over tokens: otherwise the many tokens of boxes drown the one token of a count. Detection is the exception: the mean is
over all its tokens, so that each box weighs the same.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import Trainer, TrainerCallback, TrainingArguments

from fusar_core.tasks import TASKS
from training.errors import LossNotFinite
from training.folders import explained, move_whole
from training.stages.coordinates import CoordinateLoss
from training.stages.dense import DenseHeads
from training.stages.packing import IGNORED
from training.stages.recipe import Recipe
from training.stages.run_log import PART

CLOCK = "clock.json"
SEEING = ("pixel_values", "image_grid_thw", "anchor_features", "anchor_positions", "anchor_counts")
NOT_FOR_THE_MODEL = ("labels", "tasks", "talks", "dense", "order", "corners")


class FusarTrainer(Trainer):
    """Trains a FUSAR-GPT by a recipe.

    dense: the auxiliary heads, trained along and thrown away. coordinates: the loss on numbers of boxes, cross-entropy
    without one. waited_s: seconds spent waiting for data. seconds(): of
    training in all. Both include what was before a resume.
    """

    def __init__(
        self,
        *args: Any,
        recipe: Recipe,
        dense: DenseHeads | None = None,
        coordinates: CoordinateLoss | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.model_accepts_loss_kwargs = False  # our loss is a mean already: accumulation has to divide it
        self.recipe, self.dense, self.coordinates = recipe, dense, coordinates
        self.waited_s = self._earlier_s = 0.0
        self._began = time.perf_counter()
        self._tokens: list[Tensor] = []
        self._deeper: Tensor | None = None
        self._parts: dict[str, list[Tensor]] = {}
        if coordinates is not None:
            coordinates.to(self.args.device)
        if dense is not None:
            dense.to(self.args.device)
            core(self.model).model.tlm.register_forward_hook(self._remember)
            if recipe.dense_layer:
                layer = core(self.model).model.language_model.layers[recipe.dense_layer - 1]
                layer.register_forward_hook(self._remember_deeper)

    def train(self, *args: Any, **kwargs: Any) -> Any:
        """As the library's; starts the clock of `seconds`."""
        self._began = time.perf_counter()
        return super().train(*args, **kwargs)

    def seconds(self) -> float:
        """Seconds of training until now, with those before a resume."""
        return self._earlier_s + time.perf_counter() - self._began

    def _remember(self, module: nn.Module, inputs: Any, tokens: Any) -> None:
        self._tokens = list(tokens)

    def _remember_deeper(self, module: nn.Module, inputs: Any, states: Any) -> None:
        self._deeper = states[0] if isinstance(states, tuple) else states

    def log(self, logs: dict[str, float], *args: Any, **kwargs: Any) -> None:
        """Adds the mean of each part of the loss since the last line."""
        if "loss" in logs:
            logs = {**logs, **{name: float(torch.stack(values).mean()) for name, values in self._parts.items()}}
            self._parts = {}
        super().log(logs, *args, **kwargs)

    def _part(self, name: str, loss: Tensor) -> None:
        self._parts.setdefault(PART + name, []).append(loss.detach())

    def get_batch_samples(self, *args: Any, **kwargs: Any) -> Any:
        """The next batches of a step; time spent waiting is added to `waited_s`. Empty once all steps are done."""
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
        """As the library's. Raises LossNotFinite, before the optimizer could write it into the weights."""
        loss: Tensor = super().training_step(*args, **kwargs)
        if self._dense_alone():  # the model is not called through what would average its gradients
            average_gradients(self.model.parameters())
        if not torch.isfinite(loss):
            raise LossNotFinite(
                f"The loss is {loss.item()} at step {self.state.global_step + 1}.",
                "Look at the data around this step. A lower learning_rate or dtype float32 need a new --out.",
            )
        return loss

    def compute_loss(
        self, model: nn.Module, inputs: dict[str, Any], return_outputs: bool = False, **kwargs: Any
    ) -> Any:
        """The loss on answers, with the auxiliary heads' weighed in; those alone during the first `dense_steps`."""
        given = {k: v for k, v in inputs.items() if k not in NOT_FOR_THE_MODEL}
        if self._dense_alone():
            seeing = {k: given[k] for k in SEEING if k in given}
            with self.accelerator.autocast():
                core(self.model).model.get_image_features(**seeing)
            return self._dense(inputs, deeper=False)
        if self.recipe.conversations <= 1:  # scores are made from just before the first answer on
            answered = (inputs["labels"] != IGNORED).any(0).nonzero()
            given["logits_to_keep"] = kept = inputs["labels"].shape[1] - int(answered[0]) + 1
            inputs = {**inputs, **{name: inputs[name][:, -kept:] for name in ("labels", "tasks", "talks")}}
        outputs = model(**given, use_cache=False)
        loss = self._word_loss(outputs.logits, inputs)
        if self.dense is not None:
            loss = loss + self.recipe.dense_weight * self._dense(inputs)
        return (loss, outputs) if return_outputs else loss

    def _dense_alone(self) -> bool:
        return self.dense is not None and self.state.global_step < self.recipe.dense_steps

    def _dense(self, inputs: dict[str, Any], deeper: bool = True) -> Tensor:
        assert self.dense is not None
        tokens = torch.cat(self._tokens)
        targets = inputs["dense"].to(tokens.device)
        loss = self.dense.fused.loss(tokens, targets)
        self._part("dense", loss)
        if deeper and self.dense.deeper is not None:
            assert self._deeper is not None
            visual = self._deeper[inputs["input_ids"] == core(self.model).config.image_token_id]
            again = self.dense.deeper.loss(visual, targets)
            self._part("dense_deeper", again)
            order = self.dense.order_loss(visual, inputs["order"].to(tokens.device))
            self._part("order", order)
            loss = loss + again + order
            if self.dense.corners is not None:
                assert self.coordinates is not None
                words = core(self.model).get_input_embeddings().weight[self.coordinates.tokens]
                corners = inputs["corners"].to(tokens.device)
                where = self.dense.corners_loss(visual, corners, words, self.coordinates)
                self._part("corners", where)
                loss = loss + where
        return loss

    def _word_loss(self, logits: Tensor, inputs: dict[str, Any]) -> Tensor:
        labels = inputs["labels"][:, 1:]
        answered = labels != IGNORED
        scores, labels = logits[:, :-1][answered].float(), labels[answered]
        tasks, talks = inputs["tasks"][:, 1:][answered], inputs["talks"][:, 1:][answered]
        losses = functional.cross_entropy(scores, labels, reduction="none")
        names, boxes = tuple(TASKS), [number for number, task in enumerate(TASKS.values()) if task.finds]
        of_boxes = torch.isin(tasks, torch.tensor(boxes, device=tasks.device))
        if self.coordinates is not None:
            losses = self.coordinates(scores, labels, losses, of_boxes)
        if not self.recipe.task_balance:
            return losses.mean()
        talks = torch.where(of_boxes, -1, talks)  # boxes of a crowd weigh as much as one that is alone
        by_talk, task_of = mean_by(losses, talks), _first(tasks, talks)
        by_task = mean_by(by_talk, task_of)
        for task, loss in zip(task_of.unique().tolist(), by_task, strict=True):
            self._part(names[task], loss)
        weights = torch.tensor(
            [self.recipe.task_weights.get(names[t], 1.0) for t in task_of.unique().tolist()], device=losses.device
        )
        return (by_task * weights).sum() / weights.sum()

    def create_optimizer(self, model: Any = None) -> Any:
        """The library's optimizer with the auxiliary heads as a group of their own, without weight decay."""
        optimizer = super().create_optimizer(model)
        if self.dense is not None:
            optimizer.add_param_group({"params": list(self.dense.parameters()), "weight_decay": 0.0})
            optimizer.register_step_pre_hook(self._share_dense)
        return optimizer

    def _share_dense(self, *_: Any) -> None:
        """What wraps the model does not know the auxiliary heads."""
        if self.dense is not None:
            average_gradients(self.dense.parameters())

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
                "A lower learning_rate or dtype float32 need a new --out; earlier checkpoints are kept.",
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
        """Sets it from the trainer's state, which a resume has restored: the samples are those of that epoch."""
        self.samples.epoch = int(state.epoch or 0)


def checkpoints(directory: Path) -> list[Path]:
    """Whole checkpoints of a run, oldest first."""
    found = [p for p in directory.glob("checkpoint-*") if p.name.removeprefix("checkpoint-").isdigit()]
    return sorted(found, key=lambda p: int(p.name.removeprefix("checkpoint-")))


def core(model: Any) -> Any:
    """The FusarGPTForConditionalGeneration, whether adapters wrap it or not."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def average_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Averages gradients over the processes; a parameter that has one in some of them counts as 0 in the others."""
    together = torch.distributed.get_world_size() if torch.distributed.is_initialized() else 1
    learning = [p for p in parameters if p.requires_grad]
    if together == 1 or not learning:
        return
    having = torch.tensor([float(p.grad is not None) for p in learning], device=learning[0].device)
    torch.distributed.all_reduce(having)
    for parameter, number in zip(learning, having.tolist(), strict=True):
        if number:
            gradient = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
            torch.distributed.all_reduce(gradient)
            parameter.grad = gradient / together


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
