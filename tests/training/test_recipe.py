"""Recipes: typed, inherited, and those that come with the project say what the method says."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from training.errors import BadRecipe
from training.stages.recipe import RECIPES, Recipe, read_preset, read_recipe


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(text)
    return path


def test_values_become_their_settings_type(tmp_path: Path) -> None:
    path = written(tmp_path, "a", "learning_rate: 1e-4\nepochs: 3\ntasks: [count]\naugment: true\nconversations: 2\n")
    recipe = read_recipe(path, {"weight_decay": 1})
    assert recipe.learning_rate == 1e-4  # YAML itself reads text
    assert isinstance(recipe.epochs, float)
    assert isinstance(recipe.weight_decay, float)
    assert recipe.tasks == ("count",)
    assert recipe.augment is True


@pytest.mark.parametrize(
    "line",
    ["batch: 1.5", "batch: many", "augment: 1", "batch: true", "tasks: count", "learning_rate: fast", "name: 3"],
)
def test_values_of_another_type_are_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(BadRecipe, match=line.split(":")[0]):
        read_recipe(written(tmp_path, "a", line))


@pytest.mark.parametrize(
    "line",
    [
        "trainable: some", "fusion: product", "prior: mean", "schedule: step", "dtype: float16", "stage: 3", "batch: 0",
        "conversations: -1", "prior_dropout: 1.5", "tasks: [paint]", "{fusion: none, trainable: lora+prior}",
        "{augment: true, conversations: 0}", "{dense_weight: 0.5, deepspeed: ds_zero2.json}",
        "learning_rate: 0", "learning_rate: -1", "learning_rate: .nan", "epochs: -1", "epochs: .inf", "log_steps: 0",
        "lora_rank: 0", "lora_dropout: 1", "keep: 0", "warmup: -1", "base_dtype: auto", "attention: flash",
        "deepspeed: nope.json", "task_weights: {detct: 3}", "task_weights: {detect: much}",
        "prior_options: {prior_sgima: 9}", "prior_options: {fusion: sum}",
    ],
)  # fmt: skip
def test_impossible_settings_are_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(BadRecipe):
        read_recipe(written(tmp_path, "a", line))


def test_the_error_says_value_and_what_would_do(tmp_path: Path) -> None:
    with pytest.raises(BadRecipe, match="log_steps: 0") as caught:
        read_recipe(written(tmp_path, "a", "log_steps: 0"))
    assert caught.value.hint == "Give 1 or more."


def test_unknown_settings_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadRecipe, match="lerning_rate"):
        read_recipe(written(tmp_path, "a", "lerning_rate: 1"))


def test_a_recipe_says_only_what_differs_from_its_parent(tmp_path: Path) -> None:
    written(tmp_path, "grand", "batch: 8\nseed: 1\nname: grand\n")
    written(tmp_path, "parent", "parent: grand\nseed: 2\n")
    recipe = read_recipe(written(tmp_path, "child", "parent: parent\nname: child\n"), {"clip": 2.0})
    assert (recipe.name, recipe.batch, recipe.seed, recipe.clip) == ("child", 8, 2, 2.0)


def test_a_recipe_elsewhere_may_have_a_parent_of_the_project(tmp_path: Path) -> None:
    mine = read_recipe(written(tmp_path, "mine", "parent: fusar-gpt-7b-stage1\nseed: 7\n"))
    assert mine == replace(read_recipe(Path("fusar-gpt-7b-stage1")), seed=7)


@pytest.mark.parametrize("text", ["parent: a", "parent: nobody", "- a list", "a: [", "stages: [nano-base]"])
def test_what_is_no_recipe_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadRecipe):
        read_recipe(written(tmp_path, "a", text))


def test_a_preset_is_its_stages_with_its_own_settings_in_each(tmp_path: Path) -> None:
    written(tmp_path, "one", "name: one\nseed: 1\n")
    written(tmp_path, "two", "name: two\nstage: 2\n")
    stages = read_preset(written(tmp_path, "both", "stages: [one, two]\nseed: 5\n"), {"batch": 3})
    assert [(r.name, r.stage, r.seed, r.batch) for r in stages] == [("one", 1, 5, 3), ("two", 2, 5, 3)]
    assert read_preset(tmp_path / "one.yaml") == [read_recipe(tmp_path / "one.yaml")]
    for text in ("stages: []", "stages: one", "stages: [3]", "stages: [nobody]"):
        with pytest.raises(BadRecipe):
            read_preset(written(tmp_path, "wrong", text))


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.yaml")), ids=lambda p: p.stem)
def test_every_recipe_of_the_project_can_be_read(path: Path) -> None:
    for recipe in read_preset(path):
        assert not recipe.deepspeed or (RECIPES / recipe.deepspeed).is_file()


PAPER: dict[str, Any] = {
    "fusion": "tlm", "lora_rank": 8, "lora_alpha": 32, "lora_dropout": 0.05, "lora_vision": False, "batch": 1,
    "accumulation": 4, "chips_a_step": 16, "schedule": "linear", "warmup": 0.05, "weight_decay": 0.0, "beta1": 0.9,
    "beta2": 0.999, "clip": 1.0, "dtype": "bfloat16", "max_length": 2048, "image_size": 504, "seed": 42,
    "deepspeed": "ds_zero2.json", "gradient_checkpointing": True, "augment": False, "prior": "as-is",
    "prior_dropout": 0.0, "skip_stage_one": False,
}  # fmt: skip


def settings(recipe: Recipe) -> dict[str, Any]:
    return {name: getattr(recipe, name) for name in PAPER}


def test_the_papers_two_stages() -> None:
    one, two = read_preset(Path("fusar-gpt-7b"))
    assert settings(one) == settings(two) == PAPER
    assert (one.stage, one.trainable, one.epochs, one.learning_rate, one.tasks) == (
        1, "lora+prior", 30, 1e-4, ("describe",),
    )  # fmt: skip
    assert (two.stage, two.trainable, two.epochs, two.learning_rate) == (2, "lora", 5, 1e-5)
    assert set(two.tasks) == {"detect", "count", "locate", "classify"}


def test_tlm_only_differs_in_what_learns_in_stage_one() -> None:
    one, two = read_preset(Path("fusar-gpt-7b-tlm-only"))
    theirs, second = read_preset(Path("fusar-gpt-7b"))
    assert one == replace(theirs, name=one.name, trainable="prior")
    assert two == second


def test_ms_swift_like_differs_in_the_optimizer() -> None:
    for ours, theirs in zip(read_preset(Path("ms-swift-like")), read_preset(Path("fusar-gpt-7b")), strict=True):
        assert ours == replace(theirs, schedule="cosine", weight_decay=0.1, beta2=0.95)


def test_deepspeed_is_zero_two_with_the_librarys_own_optimizer() -> None:
    content = json.loads((RECIPES / "ds_zero2.json").read_text())
    assert content["zero_optimization"]["stage"] == 2
    assert "optimizer" not in content
    assert "scheduler" not in content
