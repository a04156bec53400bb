"""The dry run at 7B: parameters that the paper's stages train, memory and operations that follow from shapes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner
from torch.utils.flop_counter import FlopCounterMode

from fusar_core.model.sizes import config_7b, meta_model
from training.runs.estimate import PAPER, Stage, estimate, layer_bytes, main, step_flop
from training.stages.recipe import Recipe, read_recipe
from training.stages.start import adapted

BASE, TLM, LORA = 8_292_166_656, 103_699_456, 20_185_088
"""Parameters of Qwen2.5-VL-7B, of TLM, and of LoRA (rank 8) on the linear layers of its language model."""


def found(name: str, gpus: int = 4, **settings: Any) -> dict[str, Any]:
    recipe = read_recipe(Path(name), settings)
    return estimate(recipe, PAPER[recipe.stage], gpus, "A100-80", 0.35)


@pytest.mark.parametrize(
    ("name", "learning", "prior"),
    [
        ("fusar-gpt-7b-stage1", LORA + TLM, TLM),
        ("fusar-gpt-7b-stage2", LORA, 0),
        ("fusar-gpt-7b-tlm-only-stage1", TLM, TLM),
    ],
)
def test_what_learns_at_7b(name: str, learning: int, prior: int) -> None:
    numbers = found(name)["parameters"]
    assert numbers == {"learning": learning, "learning_prior": prior, "all": BASE + 2 * TLM + LORA}


def test_memory_follows_from_bytes_a_parameter() -> None:
    four, eight = found("fusar-gpt-7b-stage1")["memory_gb"]["limit"], found("fusar-gpt-7b-stage1", 8)["memory_gb"]
    assert four["weights"] == pytest.approx((BASE + 2 * TLM + LORA) * 2 / 1e9, abs=0.01)
    assert four["optimizer"] == pytest.approx((LORA + TLM) * 12 / 4 / 1e9, abs=0.01)
    assert eight["limit"]["optimizer"] == pytest.approx(four["optimizer"] / 2, abs=0.01)
    assert four["total_recomputed"] < four["total_kept"] < 80
    parts = ("weights", "gradients", "optimizer", "activations_kept")
    assert four["total_kept"] == pytest.approx(sum(four[p] for p in parts), abs=0.03)


def test_without_deepspeed_what_learns_is_in_fp32() -> None:
    alone = found("fusar-gpt-7b-stage2", 1, deepspeed="")
    sizes = alone["memory_gb"]["typical"]
    assert sizes["weights"] == pytest.approx(((BASE + 2 * TLM) * 2 + LORA * 4) / 1e9, abs=0.01)
    assert sizes["optimizer"] == pytest.approx(LORA * 8 / 1e9, abs=0.01)
    assert alone["accumulation"] == 16  # steps stay those of the recipe


def test_activations_grow_with_the_sequence_and_with_what_learns() -> None:
    recipe = read_recipe(Path("fusar-gpt-7b-stage1"))
    short, twice = layer_bytes(recipe, 256), layer_bytes(recipe, 512)
    assert twice == pytest.approx(2 * short, rel=0.05)
    assert layer_bytes(replace(recipe, trainable="all"), 256) != short
    # A layer keeps at least what enters its two norms, its attention and its MLP.
    assert short > 256 * 2 * (4 * 3584 + 3 * 18944)


def test_operations_are_those_that_torch_counts() -> None:
    """Forward and backward pass of two layers of 7B widths with LoRA, on shapes."""
    config, length = config_7b(2, 1, fusion="none"), 400
    recipe = Recipe(trainable="lora", fusion="none", prior="none", image_size=280)
    with torch.device("meta"):
        model = adapted(meta_model(config), recipe).get_base_model()
    model.model.language_model.config._attn_implementation = "eager"
    inputs = torch.empty(1, length, 3584, device="meta")
    positions = torch.arange(length, device="meta").expand(3, 1, length)
    with FlopCounterMode(display=False) as counter:
        out = model.model.language_model(
            inputs_embeds=inputs, position_ids=positions, attention_mask={"full_attention": None}, use_cache=False
        )
        model.lm_head(out.last_hidden_state[:, -200:]).sum().backward()
    stage = Stage(1, 100, 200, "")  # and 100 visual tokens at 280 px
    assert counter.get_total_flops() == pytest.approx(step_flop(config, recipe, stage)["llm"], rel=0.05)


def test_recomputing_costs_a_forward_pass() -> None:
    recipe, config = read_recipe(Path("fusar-gpt-7b-stage1")), config_7b()
    again = step_flop(config, recipe, PAPER[1])
    kept = step_flop(config, replace(recipe, gradient_checkpointing=False), PAPER[1])
    assert again["llm"] == pytest.approx(1.5 * kept["llm"])
    assert again["vit"] == kept["vit"]  # frozen: nothing of it is needed twice


def test_time_follows_from_steps() -> None:
    stage = found("fusar-gpt-7b-stage1")
    assert stage["steps"] == 10_000 * 30 / 16
    seconds = 10_000 * 30 * sum(stage["tflop_a_sample"].values()) / (4 * 312 * 0.35)
    assert stage["hours"] == pytest.approx(seconds / 3600, abs=0.1)


def test_the_command() -> None:
    done = CliRunner().invoke(main, ["fusar-gpt-7b-tlm-only", "--gpus", "8", "--samples", "100", "--samples", "50"])
    assert done.exit_code == 0, done.output
    assert "Nothing was run" in done.output
    assert "103,699,456 of" in done.output
    assert "100 samples, as asked" in done.output
    as_json = CliRunner().invoke(main, ["ms-swift-like", "--json"])
    assert [s["recipe"] for s in json.loads(as_json.output)] == ["fusar-gpt-7b-stage1", "fusar-gpt-7b-stage2"]


@pytest.mark.parametrize("words", [["--gpus", "0"], ["--mfu", "2"], ["--samples", "5"], ["nobody"]])
def test_what_cannot_be_estimated(words: list[str]) -> None:
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 1
    assert "[BAD_" in done.output
