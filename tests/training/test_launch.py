"""What a recipe leaves to the device is decided by what the device has, and kept with the run."""

from __future__ import annotations

import pytest

from training.runs import launch
from training.runs.launch import on_device
from training.stages.recipe import Recipe


@pytest.mark.parametrize(("has", "dtype"), [(True, "bfloat16"), (False, "float32")])
def test_auto_is_what_the_device_computes_with(monkeypatch: pytest.MonkeyPatch, has: bool, dtype: str) -> None:
    monkeypatch.setattr(launch, "has_bfloat16", lambda device: has)
    assert on_device(Recipe(dtype="auto")).dtype == dtype


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_what_the_recipe_says_stays(monkeypatch: pytest.MonkeyPatch, dtype: str) -> None:
    monkeypatch.setattr(launch, "has_bfloat16", lambda device: dtype == "float32")
    recipe = Recipe(dtype=dtype)
    assert on_device(recipe) is recipe
