"""Training of fusar-nano beside the same model in transformers' plain Trainer, on the same batches.

The plain side has nothing to do but compute: its batches are finished tensors, made before. Ours reads chips and
anchors, turns them, makes conversations, packs them, and balances the loss over tasks. Sides take turns; the least time
counts, per step, of the training process alone (processor time on a CPU). `in_process`: the chips are read by that very
process; else by a worker beside it, as on a machine that has a core to spare.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from PIL import Image
from torch.utils.data import Dataset
from transformers import Trainer, TrainerCallback

from fusar_core.domain.anchors import Anchors
from fusar_core.prior.files import write_anchors
from training.data.instructions import instructions
from training.data.triplets import Target, Triplet
from training.runs.launch import on_device
from training.runs.nano import CHIP_SIZE, CLASSES, make_model
from training.stages.packing import Packer
from training.stages.recipe import Recipe, read_recipe
from training.stages.samples import Samples
from training.stages.start import starting_model
from training.stages.train import arguments
from training.stages.trainer import FusarTrainer, core

WARM_UP = 2
"""Steps that are not timed."""
NOT_THE_MODELS = ("tasks", "talks")


def run(steps: int = 12, turns: int = 3) -> dict[str, Any]:
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    if not torch.cuda.is_available():
        torch.set_num_threads(1)
    result: dict[str, Any] = {
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU, one thread"
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = {"steps": steps + WARM_UP, "log_steps": 1000, "save_steps": 0}
        whole = on_device(read_recipe(Path("nano-full"), settings))
        # All in one epoch: workers start with each, which on such a short one would be most of what they do.
        triplets = [_chip(number, folder) for number in range(whole.batch * whole.steps)]
        said = [text for t in triplets for talk in t.conversations for text in (talk.question, talk.answer)]
        make_model(folder / "model", said)
        for kind, recipe in {"packed": whole, "unpacked": replace(whole, conversations=1, attention="")}.items():
            result[kind] = _beside_plain(recipe, triplets, folder, turns)
    return result


def _beside_plain(recipe: Recipe, triplets: list[Triplet], folder: Path, turns: int) -> dict[str, Any]:
    sides: dict[str, Callable[[], tuple[float, float]]] = {
        "plain": lambda: _plain(recipe, triplets, folder),
        "ours": lambda: _ours(replace(recipe, workers=1), triplets, folder),
        "ours_in_process": lambda: _ours(recipe, triplets, folder),
    }
    times: dict[str, list[float]] = {name: [] for name in sides}
    waits: dict[str, float] = {}
    for _ in range(turns):
        for name, side in sides.items():
            seconds, waits[name] = side()
            times[name].append(seconds)
    plain = min(times["plain"])
    return {
        "chips_a_step": recipe.batch,
        **{f"{name}_s_a_step": round(min(seconds), 3) for name, seconds in times.items()},
        "spread_percent": round(100 * (max(times["plain"]) / plain - 1), 1),
        "overhead_percent": round(100 * (min(times["ours"]) / plain - 1), 1),
        "overhead_percent_in_process": round(100 * (min(times["ours_in_process"]) / plain - 1), 1),
        "wait_share": round(waits["ours"], 4),
        "wait_share_in_process": round(waits["ours_in_process"], 4),
    }


def _ours(recipe: Recipe, triplets: list[Triplet], folder: Path) -> tuple[float, float]:
    """Seconds of the process a step, and the part of the time that it waited for data."""
    trainer = _trainer(recipe, triplets, folder)
    trainer.add_callback(clock := _Clock(trainer))
    trainer.train()
    return clock.seconds(), clock.wait_share()


def _plain(recipe: Recipe, triplets: list[Triplet], folder: Path) -> tuple[float, float]:
    made = _trainer(recipe, triplets, folder)
    batches = [{k: v for k, v in b.items() if k not in NOT_THE_MODELS} for b in made.get_train_dataloader()]
    model, _ = starting_model(folder / "model", recipe)
    options = arguments(replace(recipe, batch=1), folder / "run")
    options.train_sampling_strategy = "sequential"
    data = _Finished(batches)
    trainer = Trainer(model=model, args=options, train_dataset=data, data_collator=lambda rows: rows[0])
    trainer.add_callback(clock := _Clock(trainer))
    trainer.train()
    return clock.seconds(), 0.0


def _trainer(recipe: Recipe, triplets: list[Triplet], folder: Path) -> FusarTrainer:
    model, processor = starting_model(folder / "model", recipe)
    attention = core(model).model.language_model.config._attn_implementation
    packer = Packer(processor, recipe.max_length, recipe.conversations > 1, additive_mask=attention == "eager")
    samples = Samples(triplets, folder, recipe, CLASSES)
    options = arguments(recipe, folder / "run")
    return FusarTrainer(model=model, args=options, train_dataset=samples, data_collator=packer, recipe=recipe)


class _Finished(Dataset):  # type: ignore[type-arg]
    def __init__(self, batches: list[dict[str, Any]]) -> None:
        self.batches = batches

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self.batches[index]


class _Clock(TrainerCallback):
    """Seconds a step after the first ones, of this process where it computes itself; how long it waited for data."""

    def __init__(self, trainer: Any) -> None:
        self.trainer, self.steps = trainer, 0
        self.began = self.ended = (0.0, 0.0, 0.0)

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        wall = time.perf_counter()
        work = wall if torch.cuda.is_available() else time.process_time()
        self.ended = (work, wall, getattr(self.trainer, "waited_s", 0.0))
        self.steps = state.global_step - WARM_UP
        if self.steps == 0:
            self.began = self.ended

    def seconds(self) -> float:
        return (self.ended[0] - self.began[0]) / self.steps

    def wait_share(self) -> float:
        return (self.ended[2] - self.began[2]) / (self.ended[1] - self.began[1])


def _chip(number: int, folder: Path) -> Triplet:
    """Speckle with up to five bright ships, and anchors."""
    rng = np.random.default_rng(number)
    image, targets = rng.gamma(4, 8, (CHIP_SIZE, CHIP_SIZE)), []
    for _ in range(rng.integers(0, 6)):
        (x, y), (width, height) = rng.integers(5, CHIP_SIZE - 20, 2), rng.integers(6, 14, 2)
        image[y : y + height, x : x + width] = 220
        targets.append(Target("ship", (float(x), float(y), float(x + width), float(y + height))))
    Image.fromarray(image.clip(0, 255).astype(np.uint8)).save(folder / f"{number}.png")
    features = rng.normal(size=(324, 64)).astype(np.float32)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    line = (np.arange(18) + 0.5) / 18
    nodes = np.stack(np.meshgrid(line, line, indexing="ij"), -1).reshape(-1, 2).astype(np.float32)
    nowhere = np.full(324, np.nan)
    write_anchors(Anchors(features, nodes, nowhere, nowhere), folder / f"{number}.npz")
    chip = Triplet(
        id=str(number),
        size=(CHIP_SIZE, CHIP_SIZE),
        conversations=(),
        image=f"{number}.png",
        anchors=f"{number}.npz",
        targets=tuple(targets),
        place=str(number),
        facts={"kind": "open_sea", "cover_by_cell": ["water"] * 9},
    )
    return replace(chip, conversations=instructions(chip, rng))
