"""What a recipe leaves to the device is decided by what the device has, and kept with the run."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from training import launch
from training.launch import computes_bfloat16, on_device
from training.recipe import Recipe


@pytest.mark.parametrize(("has", "dtype"), [(True, "bfloat16"), (False, "float32")])
def test_auto_is_what_the_device_computes_with(monkeypatch: pytest.MonkeyPatch, has: bool, dtype: str) -> None:
    monkeypatch.setattr(launch, "computes_bfloat16", lambda: has)
    assert on_device(Recipe(dtype="auto")).dtype == dtype


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_what_the_recipe_says_stays(monkeypatch: pytest.MonkeyPatch, dtype: str) -> None:
    monkeypatch.setattr(launch, "computes_bfloat16", lambda: dtype == "float32")
    recipe = Recipe(dtype=dtype)
    assert on_device(recipe) is recipe


def test_a_torch_without_onednn_computes_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: Any) -> bool:
        raise RuntimeError("no such operator")

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", missing)
    assert not computes_bfloat16()
