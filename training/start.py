"""The model a stage starts from, with what the recipe trains set to learn; and what a finished stage leaves behind."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import torch

from fusar_core.model.checkpoint import ANY_TASK, MANIFEST, attention_for, read_manifest
from fusar_core.model.configuration import FusarGPTConfig
from fusar_core.model.lora import lora_config
from fusar_core.model.modeling import FusarGPTForConditionalGeneration
from fusar_core.model.processing import FusarGPTProcessor
from training.errors import BadRecipe, MissingStageOne
from training.recipe import Recipe

ADAPTER = "adapter"


def starting_model(start: Path, recipe: Recipe, device: str = "cpu") -> tuple[Any, FusarGPTProcessor]:
    """Model and processor of a stage, in fp32, ready to be trained.

    start: a base (stage 1), or what stage 1 left (stage 2). Raises MissingStageOne, BadRecipe, BadCheckpoint.
    """
    manifest = read_manifest(start)
    continued = bool(manifest.adapters)
    if recipe.stage == 2 and recipe.trainable != "all" and not continued and not recipe.skip_stage_one:
        raise MissingStageOne(
            f"{start} holds no adapter: stage 2 continues from what stage 1 left.",
            "Give the folder `model` of a stage-1 run, or say skip_stage_one: true in the recipe.",
        )
    model = _base(manifest.base, recipe, manifest.prior if continued else None, device)
    processor = FusarGPTProcessor.from_pretrained(manifest.base, local_files_only=True)
    if recipe.trainable == "all":
        if continued:
            raise BadRecipe(f"{start} holds an adapter; trainable: all starts from a base.", "Give a merged model.")
        return model, processor
    prior = "prior" in recipe.trainable
    if continued:
        model = _continued(model, manifest.adapters[ANY_TASK], recipe)
    elif recipe.trainable == "prior":
        model.requires_grad_(False)
        model.model.tlm.requires_grad_(True)
    else:
        from peft import get_peft_model

        options = {"vision": recipe.lora_vision, "train_prior": prior}
        model = get_peft_model(model, lora_config(recipe.lora_rank, recipe.lora_alpha, recipe.lora_dropout, **options))
    return model, processor


def _base(base: Path, recipe: Recipe, prior: dict[str, Any] | None, device: str) -> Any:
    """The weights of a base with the recipe's fusion; its prior branch is fresh where the base has none."""
    found = FusarGPTConfig.from_pretrained(base, local_files_only=True)
    stock = json.loads((base / "config.json").read_text())["model_type"] != FusarGPTConfig.model_type
    options = prior if prior is not None else {"fusion": recipe.fusion, **recipe.prior_options}
    if options.get("fusion") != recipe.fusion:
        raise BadRecipe(
            f"Stage 1 was trained with fusion '{options.get('fusion')}', the recipe says '{recipe.fusion}'."
        )
    config = FusarGPTConfig.from_pretrained(base, local_files_only=True, **options)
    torch.manual_seed(recipe.seed)
    model, info = FusarGPTForConditionalGeneration.from_pretrained(
        base,
        config=config,
        dtype=torch.float32,
        attn_implementation=recipe.attention or attention_for(device, getattr(torch, recipe.dtype)),
        use_safetensors=True,
        local_files_only=True,
        output_loading_info=True,
    )
    fresh = stock or found.fusion != recipe.fusion
    lacking = {n for n in info["missing_keys"] if not (fresh and n.startswith("model.tlm."))}
    if lacking:
        raise BadRecipe(f"{base} lacks {len(lacking)} tensors, e.g. {min(lacking)}.", "The base is incomplete.")
    model.config.use_cache = False
    return model


def _continued(model: Any, adapter: Path, recipe: Recipe) -> Any:
    from peft import PeftModel

    model = PeftModel.from_pretrained(model, adapter, is_trainable=True)
    for name, parameter in model.named_parameters():
        if "modules_to_save" in name and ".tlm." in name:
            parameter.requires_grad_("prior" in recipe.trainable)
    return model


def trainable_parameters(model: Any) -> dict[str, int]:
    """How many parameters learn, in all and in the prior branch, and how many there are."""
    learning = {n: p.numel() for n, p in model.named_parameters() if p.requires_grad}
    return {
        "learning": sum(learning.values()),
        "learning_prior": sum(v for n, v in learning.items() if ".tlm." in n),
        "all": sum(p.numel() for p in model.parameters()),
    }


def save_model(model: Any, processor: Any, start: Path, out: Path, config: FusarGPTConfig, merge: bool) -> None:
    """What a stage leaves: `out` as a model directory, or an adapter with a manifest that names its base.

    merge: the adapter is put into the weights, for models small enough to be saved whole.
    """
    out.mkdir(parents=True, exist_ok=True)
    if not hasattr(model, "peft_config"):
        model.save_pretrained(out)
        processor.save_pretrained(out)
        return
    model.save_pretrained(out / ADAPTER)
    base = read_manifest(start).base
    prior = {k: getattr(config, k) for k in PRIOR_FIELDS}
    manifest = {
        "format": 1,
        "base": os.path.abspath(base),
        "adapters": {ANY_TASK: ADAPTER},
        "prompts": {},
        "prior": prior,
    }
    (out / MANIFEST).write_text(json.dumps(manifest, indent=1))
    if merge:
        whole = model.merge_and_unload()
        whole.save_pretrained(out.parent / "merged")
        processor.save_pretrained(out.parent / "merged")


PRIOR_FIELDS = (
    "fusion", "prior_dim", "prior_hidden_dim", "prior_sigma", "prior_eps", "prior_grid", "prior_init", "chip_size",
    "classes", "gsd_m",
)  # fmt: skip
"""Of FusarGPTConfig, what a base does not know and its adapter needs."""
