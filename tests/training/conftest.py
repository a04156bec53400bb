"""Twelve tiny chips with their truth and anchors, and a tiny untrained FUSAR-GPT with the tokenizer of fusar-nano."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

CHIP = 84
"""Pixels along a side: 3 × 3 visual tokens."""
KINDS = ("open_sea", "harbour", "airfield")


def _chip(number: int, folder: Path) -> Any:
    from fusar_core.domain.anchors import Anchors
    from fusar_core.prior.files import write_anchors
    from training.data.instructions import instructions
    from training.data.triplets import Target, Triplet

    rng = np.random.default_rng(number)
    image = rng.gamma(4, 8, (CHIP, CHIP))
    targets = []
    for label in rng.choice(["ship", "plane"], rng.integers(0, 4)):
        (x, y), (width, height) = rng.integers(2, CHIP - 16, 2), rng.integers(6, 14, 2)
        image[y : y + height, x : x + width] = 230
        targets.append(Target(str(label), (float(x), float(y), float(x + width), float(y + height))))
    Image.fromarray(image.clip(0, 255).astype(np.uint8)).save(folder / "images" / f"{number}.png")
    features = rng.normal(size=(9, 64)).astype(np.float32)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    nowhere = np.full(9, np.nan)
    anchors = Anchors(features, rng.random((9, 2)).astype(np.float32), nowhere, nowhere)
    write_anchors(anchors, folder / "anchors" / f"{number}.npz")
    cover = [str(c) for c in rng.choice(["water", "built", "trees"], 9)]
    bare = Triplet(
        id=f"chip-{number}",
        size=(CHIP, CHIP),
        conversations=(),
        image=f"images/{number}.png",
        anchors=f"anchors/{number}.npz",
        targets=tuple(targets),
        place=f"place-{number // 2}",
        gsd_m=5.0,
        facts={"kind": KINDS[number % 3], "cover_by_cell": cover},
    )
    return replace(bare, conversations=instructions(bare, rng))


@pytest.fixture(scope="session")
def chips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of twelve triplets, two a place."""
    from training.data.triplets import write_triplets

    folder = tmp_path_factory.mktemp("chips")
    (folder / "images").mkdir()
    (folder / "anchors").mkdir()
    write_triplets((_chip(number, folder) for number in range(12)), folder / "chips.jsonl")
    return folder / "chips.jsonl"


@pytest.fixture(scope="session")
def triplets(chips: Path) -> list[Any]:
    from training.data.triplets import read_triplets

    return list(read_triplets(chips))


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory, triplets: list[Any]) -> Path:
    """An untrained model directory without a prior branch."""
    import torch

    from training.runs.nano import configuration, make_model, make_tokenizer

    torch.set_num_threads(1)
    said = [text for t in triplets for talk in t.conversations for text in (talk.question, talk.answer)]
    whole = configuration(make_tokenizer(said))
    text = {
        **whole.text_config.to_dict(),
        "hidden_size": 48,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "rope_parameters": {"rope_type": "default", "rope_theta": 4.0, "mrope_section": [2, 2, 2]},
        "layer_types": None,
    }
    vision = {"depth": 2, "hidden_size": 32, "intermediate_size": 48, "num_heads": 2, "out_hidden_size": 48}
    vision = {**whole.vision_config.to_dict(), **vision, "fullatt_block_indexes": [0, 1]}
    folder = tmp_path_factory.mktemp("base")
    make_model(folder, said, text_config=text, vision_config=vision, fusion="none", chip_size=CHIP)
    return folder


@pytest.fixture(scope="session")
def recipe() -> Callable[..., Any]:
    """Makes a recipe for the tiny model: fp32, a few large steps, everything logged."""
    from training.stages.recipe import Recipe

    def make(**settings: Any) -> Recipe:
        small: dict[str, Any] = {
            "name": "tiny",
            "dtype": "float32",
            "image_size": CHIP,
            "max_length": 512,
            "batch": 4,
            "accumulation": 1,
            "steps": 4,
            "warmup": 0.0,
            "learning_rate": 1e-2,
            "log_steps": 1,
            "prior_options": {"prior_hidden_dim": 16},
            "lora_dropout": 0.0,
        }
        return Recipe(**{**small, **settings})

    return make


NANO: dict[str, Any] = {
    "stage": 0,
    "trainable": "all",
    "conversations": 4,
    "augment": True,
    "box_step": 2,
    "task_balance": True,
    "prior_dropout": 0.3,
    "attention": "eager",
    "learning_rate": 1e-3,
}
"""Settings of the way fusar-nano is trained: everything learns, packed, turned, one loss a task."""


@pytest.fixture(scope="session")
def nano(recipe: Callable[..., Any]) -> Callable[..., Any]:
    """Makes a recipe like those of fusar-nano."""
    return lambda **settings: recipe(**{**NANO, **settings})


@pytest.fixture(scope="session")
def stage_one(tmp_path_factory: pytest.TempPathFactory, base: Path, chips: Path, recipe: Callable[..., Any]) -> Path:
    """The run folder of a stage 1 (LoRA and TLM), merged as well."""
    from training.stages.train import train

    out = tmp_path_factory.mktemp("stage1")
    train(recipe(stage=1, tasks=("describe",)), base, chips, out, merge=True)
    return out
