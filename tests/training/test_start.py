"""Where a stage starts and what it leaves: which parts learn, what stage 2 continues, what a merged model says."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from fusar_core.errors import BadCheckpoint
from fusar_core.model.checkpoint import load_checkpoint, read_manifest
from training.errors import BadRecipe, MissingStageOne
from training.stages.packing import Packer
from training.stages.samples import Samples
from training.stages.start import fingerprint_of, starting_model, tasks_learnt, trainable_parameters
from training.stages.train import train
from training.stages.trainer import core

Recipes = Callable[..., Any]


def learning(model: Any) -> set[str]:
    """Parts that learn: lora, tlm, other."""
    names = [n for n, p in model.named_parameters() if p.requires_grad]
    return {"lora" if "lora_" in n else "tlm" if ".tlm." in n else "other" for n in names}


@pytest.mark.parametrize(
    ("trainable", "parts"),
    [("lora+prior", {"lora", "tlm"}), ("prior", {"tlm"}), ("all", {"lora", "tlm", "other"} - {"lora"})],
)
def test_what_learns_from_a_base(base: Path, recipe: Recipes, trainable: str, parts: set[str]) -> None:
    model, _ = starting_model(base, recipe(trainable=trainable))
    assert learning(model) == parts
    numbers = trainable_parameters(model)
    assert numbers["learning"] == sum(p.numel() for p in model.parameters() if p.requires_grad)
    assert numbers["learning_prior"] == sum(p.numel() for p in core(model).model.tlm.parameters() if p.requires_grad)


def test_lora_lies_on_the_language_model_alone_unless_asked(base: Path, recipe: Recipes) -> None:
    model, _ = starting_model(base, recipe())
    assert not any("lora_" in n and "visual" in n for n, _ in model.named_parameters())
    wide, _ = starting_model(base, recipe(lora_vision=True))
    assert any("lora_" in n and "visual" in n for n, _ in wide.named_parameters())


def test_stage_two_lets_lora_learn_on_and_freezes_the_prior(stage_one: Path, recipe: Recipes) -> None:
    model, _ = starting_model(stage_one / "model", recipe(stage=2, trainable="lora"))
    assert learning(model) == {"lora"}
    saved = load_file(stage_one / "model" / "adapter" / "adapter_model.safetensors")
    now = {n.replace(".default", ""): p for n, p in model.named_parameters()}
    for name, tensor in saved.items():
        name = name.replace(".tlm.", ".tlm.modules_to_save.") if ".tlm." in name else name
        assert torch.equal(now[name], tensor)


def test_stage_two_without_stage_one_is_an_error(base: Path, recipe: Recipes) -> None:
    with pytest.raises(MissingStageOne, match="no adapter"):
        starting_model(base, recipe(stage=2, trainable="lora"))
    model, _ = starting_model(base, recipe(stage=2, skip_stage_one=True))
    assert learning(model) == {"lora", "tlm"}


def test_a_prior_branch_that_nobody_trained_is_not_frozen(base: Path, recipe: Recipes) -> None:
    with pytest.raises(BadRecipe, match="no trained prior branch"):
        starting_model(base, recipe(stage=2, trainable="lora", skip_stage_one=True))
    starting_model(base, recipe(stage=2, trainable="lora", fusion="none", prior="none", skip_stage_one=True))


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"fusion": "sum"}, "fusion: tlm, the recipe says sum"),
        ({"lora_rank": 64}, "lora_rank: 8, the recipe says 64"),
        ({"lora_vision": True}, "lora_vision: False, the recipe says True"),
        ({"prior_options": {"prior_sigma": 9.0}}, "prior_sigma: .*, the recipe says 9.0"),
    ],
)
def test_stage_two_goes_on_with_the_adapter_of_stage_one(
    stage_one: Path, recipe: Recipes, setting: dict[str, Any], words: str
) -> None:
    starting_model(stage_one / "model", recipe(stage=2, trainable="lora"))
    with pytest.raises(BadRecipe, match=words):
        starting_model(stage_one / "model", recipe(stage=2, trainable="lora", **setting))


def test_dropout_is_that_of_the_stage(stage_one: Path, recipe: Recipes) -> None:
    model, _ = starting_model(stage_one / "model", recipe(stage=2, trainable="lora", lora_dropout=0.2))
    rates = {m.p for n, m in model.named_modules() if "lora_dropout" in n and isinstance(m, torch.nn.Dropout)}
    assert rates == {0.2}


def test_an_adapter_is_no_base(stage_one: Path, recipe: Recipes) -> None:
    with pytest.raises(BadRecipe, match="merged"):
        starting_model(stage_one / "model", recipe(stage=2, trainable="all"))


def test_a_start_that_is_no_model(tmp_path: Path, base: Path, recipe: Recipes) -> None:
    with pytest.raises(BadCheckpoint):
        starting_model(tmp_path / "nowhere", recipe())
    shutil.copytree(base, tmp_path / "lame")
    config = json.loads((base / "config.json").read_text())
    config["text_config"]["num_hidden_layers"] += 1
    config["text_config"].pop("layer_types", None)
    (tmp_path / "lame" / "config.json").write_text(json.dumps(config))
    with pytest.raises(BadRecipe, match="lacks"):
        starting_model(tmp_path / "lame", recipe())


def test_fingerprints_tell_starts_apart(base: Path, stage_one: Path) -> None:
    prints = {fingerprint_of(p) for p in (base, stage_one / "model", stage_one / "merged")}
    assert len(prints) == 3
    assert fingerprint_of(base) in prints


def logits(directory: Path, triplets: list[Any], chips: Path, recipe: Any) -> torch.Tensor:
    loaded = load_checkpoint(directory, dtype=torch.float32)
    if loaded.manifest.adapters:
        loaded.use("describe")
    samples = Samples(triplets, chips.parent, recipe, ("plane", "ship"))
    batch = Packer(loaded.processor, 512, False)([samples[i] for i in range(4)])
    given = {k: v for k, v in batch.items() if k not in ("labels", "tasks", "talks")}
    with torch.no_grad():
        return loaded.model(**given).logits


def test_the_merged_model_says_what_the_adapter_says(
    stage_one: Path, base: Path, triplets: list[Any], chips: Path, recipe: Recipes
) -> None:
    one = recipe(conversations=1)
    adapter, merged, before = (
        logits(p, triplets, chips, one) for p in (stage_one / "model", stage_one / "merged", base)
    )
    torch.testing.assert_close(adapter, merged, rtol=1e-4, atol=1e-4)
    assert (adapter - before).abs().max() > 0.1  # it has learnt something


def test_the_model_left_knows_its_chips(stage_one: Path) -> None:
    for directory in (stage_one / "model", stage_one / "merged"):
        config = load_checkpoint(directory).config
        assert (config.chip_size, list(config.gsd_m), list(config.classes)) == (84, [5.0, 5.0], ["plane", "ship"])


def test_the_model_left_knows_its_tasks(base: Path, stage_one: Path, tmp_path: Path) -> None:
    """Those that it was shown, and those of its start; of an untrained model there are none."""
    said = json.loads((base / "config.json").read_text())["tasks"]
    assert (said, tasks_learnt(base, {"count"})) == ([], ["count"])
    for directory in (stage_one / "model", stage_one / "merged"):
        assert read_manifest(directory).tasks == ("describe",)
        assert tasks_learnt(directory, {"ask"}) == ["describe", "ask"]
    (tmp_path / "config.json").write_text("{}")  # as version 0.1 left it, and as a stock Qwen2.5-VL is
    assert tasks_learnt(tmp_path, ()) == ["detect", "count", "locate", "describe", "classify", "ask"]


def test_prior_alone_leaves_what_stage_two_can_continue(
    tmp_path: Path, base: Path, chips: Path, recipe: Recipes
) -> None:
    train(recipe(trainable="prior", tasks=("describe",)), base, chips, tmp_path / "one")
    one = load_file(tmp_path / "one" / "model" / "adapter" / "adapter_model.safetensors")
    assert all((tensor == 0).all() for name, tensor in one.items() if "lora_B" in name)
    train(recipe(stage=2, trainable="lora"), tmp_path / "one" / "model", chips, tmp_path / "two")
    two = load_file(tmp_path / "two" / "model" / "adapter" / "adapter_model.safetensors")
    assert {n for n in two if not torch.equal(one[n], two[n])} == {n for n in two if "lora_" in n}


def gradients(base: Path, triplets: list[Any], chips: Path, recipe: Any, lean: list[bool]) -> dict[str, torch.Tensor]:
    """Of everything that learns; lean: whether the visual encoder's output was part of a graph, appended."""
    model, processor = starting_model(base, recipe)
    model.train()
    core(model).model.visual.register_forward_hook(lambda *a: lean.append(not a[2].pooler_output.requires_grad))
    samples = Samples(triplets, chips.parent, recipe, ("plane", "ship"))
    batch = Packer(processor, 512, False)([samples[0], samples[1]])
    labels = batch.pop("labels")
    given = {k: v for k, v in batch.items() if k not in ("tasks", "talks")}
    found = model(**given, use_cache=False).logits[:, :-1]
    torch.nn.functional.cross_entropy(found.flatten(0, 1), labels[:, 1:].flatten()).backward()
    return {n: p.grad for n, p in model.named_parameters() if p.requires_grad}


def test_recomputed_activations_give_the_same_gradients(
    base: Path, triplets: list[Any], chips: Path, recipe: Recipes
) -> None:
    lean: list[bool] = []
    kept = gradients(base, triplets, chips, recipe(conversations=1), lean)
    again = gradients(base, triplets, chips, recipe(conversations=1, gradient_checkpointing=True), lean)
    assert lean == [True, True]  # nothing goes backwards through the frozen visual encoder
    assert kept.keys() == again.keys()
    for name, gradient in kept.items():
        torch.testing.assert_close(again[name], gradient)
    assert any(g.abs().max() > 0 for g in again.values())


def test_a_base_in_bf16_still_learns_in_fp32(base: Path, recipe: Recipes) -> None:
    model, _ = starting_model(base, recipe(base_dtype="bfloat16"))
    assert {p.dtype for p in model.parameters() if p.requires_grad} == {torch.float32}
    assert {p.dtype for n, p in model.named_parameters() if "base_layer" in n} == {torch.bfloat16}
