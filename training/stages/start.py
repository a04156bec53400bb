"""The model a stage starts from, with what the recipe trains set to learn; and what a finished stage leaves behind."""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import transformers

from fusar_core.model.checkpoint import ANY_TASK, MANIFEST, read_manifest
from fusar_core.model.configuration import FusarGPTConfig
from fusar_core.model.device import attention_for
from fusar_core.model.lora import lora_config, lora_targets
from fusar_core.model.modeling import FusarGPTForConditionalGeneration
from fusar_core.model.processing import FusarGPTProcessor
from fusar_core.model.weights import fingerprint, weight_files
from fusar_core.tasks import TASKS
from training.errors import BadRecipe, MissingStageOne
from training.folders import whole_folder
from training.stages.recipe import OF_STAGE_ONE, PRIOR_OPTIONS, Recipe

ADAPTER = "adapter"


def starting_model(start: Path, recipe: Recipe, device: str = "cpu") -> tuple[Any, FusarGPTProcessor]:
    """Model and processor of a stage, ready to be trained; what learns is in fp32.

    start: a base (stage 1), or what stage 1 left (stage 2). device: where it will be trained; it decides the attention.

    Raises MissingStageOne, BadRecipe, BadCheckpoint.
    """
    manifest = read_manifest(start)
    continued = bool(manifest.adapters)
    if recipe.stage == 2 and recipe.trainable != "all" and not continued and not recipe.skip_stage_one:
        raise MissingStageOne(
            f"{start} holds no adapter: stage 2 continues from what stage 1 left.",
            "Give the folder `model` of a stage-1 run, or say skip_stage_one: true in the recipe.",
        )
    if recipe.trainable == "all" and continued:
        raise BadRecipe(f"{start} holds an adapter; trainable: all starts from a base.", "Give a merged model.")
    if continued:
        _same_adapter(manifest.adapters[ANY_TASK], manifest.prior, recipe)
    with quiet():
        model = _base(manifest.base, recipe, manifest.prior if continued else None, device)
        processor = FusarGPTProcessor.from_pretrained(manifest.base, local_files_only=True)
        model = _continued(model, manifest.adapters[ANY_TASK], recipe) if continued else adapted(model, recipe)
        if recipe.trainable != "all":
            let_learn(model, recipe)
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.data = parameter.data.float()
        if recipe.gradient_checkpointing:
            _recompute(model)
    return model, processor


def adapted(model: Any, recipe: Recipe) -> Any:
    """A base with a fresh adapter as the recipe has it; the base itself where every parameter learns."""
    if recipe.trainable == "all":
        return model
    from peft import get_peft_model

    options = {"vision": recipe.lora_vision, "train_prior": "prior" in recipe.trainable}
    lora = lora_config(recipe.lora_rank, recipe.lora_alpha, recipe.lora_dropout, **options)
    return get_peft_model(model, lora)


def let_learn(model: Any, recipe: Recipe) -> None:
    """Sets which parts of a model with an adapter learn.

    `prior` alone keeps an untrained adapter, which changes nothing, so that what it leaves is as small as what the
    other stages leave and stage 2 can continue it.
    """
    for name, parameter in model.named_parameters():
        if "lora_" in name:
            parameter.requires_grad_("lora" in recipe.trainable)
        elif "modules_to_save" in name and ".tlm." in name:
            parameter.requires_grad_("prior" in recipe.trainable)


def fingerprint_of(start: Path) -> str:
    """What tells a model directory from another: of its base's weights and of its adapters."""
    manifest = read_manifest(start)
    adapters = [path / "adapter_model.safetensors" for path in manifest.adapters.values()]
    return fingerprint([*weight_files(manifest.base), *adapters])


@contextmanager
def quiet() -> Iterator[None]:
    """Without the library's reports: what is missing is checked here, what is deprecated there is not ours."""
    before = transformers.logging.get_verbosity()
    transformers.logging.set_verbosity_error()
    if not sys.stderr.isatty():
        transformers.logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            yield
    finally:
        transformers.logging.set_verbosity(before)


def _recompute(model: Any) -> None:
    """Activations are computed again for the backward pass instead of being kept.

    Inputs need no gradient for that; asking for one, as the library does, would send the backward pass through the
    frozen visual encoder as well.
    """
    whole = model.get_base_model() if hasattr(model, "get_base_model") else model
    if hasattr(whole, "activation_checkpointing_enable"):
        whole.activation_checkpointing_enable({"use_reentrant": False})
    else:  # transformers before 5.22
        whole.gradient_checkpointing_enable({"use_reentrant": False})
    whole.disable_input_require_grads()


def _base(base: Path, recipe: Recipe, prior: dict[str, Any] | None, device: str) -> Any:
    """The weights of a base with the recipe's fusion; its prior branch is fresh where the base has none."""
    found = FusarGPTConfig.from_pretrained(base, local_files_only=True)
    stock = json.loads((base / "config.json").read_text())["model_type"] != FusarGPTConfig.model_type
    options = prior if prior is not None else {"fusion": recipe.fusion, **recipe.prior_options}
    config = FusarGPTConfig.from_pretrained(base, local_files_only=True, **options)
    config.chip_size = recipe.image_size
    fresh = stock or found.fusion != recipe.fusion
    if fresh and prior is None and recipe.fusion != "none" and recipe.trainable == "lora":
        raise BadRecipe(
            f"{base} has no trained prior branch, and LoRA alone would learn.", "Say trainable: lora+prior."
        )
    attention = recipe.attention
    if not attention:  # FlashAttention has no masks of packed conversations
        attention = "sdpa" if recipe.conversations > 1 else attention_for(device, getattr(torch, recipe.dtype))
    torch.manual_seed(recipe.seed)
    model, info = FusarGPTForConditionalGeneration.from_pretrained(
        base,
        config=config,
        dtype=getattr(torch, recipe.base_dtype),
        attn_implementation=attention,
        use_safetensors=True,
        local_files_only=True,
        output_loading_info=True,
    )
    lacking = {n for n in info["missing_keys"] if not (fresh and n.startswith("model.tlm."))}
    if lacking:
        raise BadRecipe(f"{base} lacks {len(lacking)} tensors, e.g. {min(lacking)}.", "The base is incomplete.")
    model.config.use_cache = False
    return model


def _same_adapter(adapter: Path, prior: dict[str, Any], recipe: Recipe) -> None:
    """Raises BadRecipe where a recipe wants another adapter, or another prior branch, than the one it goes on with."""
    found = json.loads((adapter / "adapter_config.json").read_text("utf-8"))
    vision = found["target_modules"] == lora_targets(vision=True)
    then = {**prior, "lora_rank": found["r"], "lora_alpha": found["lora_alpha"], "lora_vision": vision}
    wanted = {**recipe.prior_options, **{name: getattr(recipe, name) for name in OF_STAGE_ONE if name in then}}
    for name, value in wanted.items():
        if then.get(name, value) != value:
            raise BadRecipe(
                f"Stage 1 was trained with {name}: {then[name]}, the recipe says {value}.",
                "Stage 2 goes on with what stage 1 has made: say the same, or train stage 1 again.",
            )


def _continued(model: Any, adapter: Path, recipe: Recipe) -> Any:
    from peft import LoraConfig, PeftModel

    config = LoraConfig.from_pretrained(adapter)
    config.lora_dropout, config.inference_mode = recipe.lora_dropout, False
    return PeftModel.from_pretrained(model, adapter, is_trainable=True, config=config)


def trainable_parameters(model: Any) -> dict[str, int]:
    """How many parameters learn, in all and in the prior branch, and how many there are."""
    learning = {n: p.numel() for n, p in model.named_parameters() if p.requires_grad}
    return {
        "learning": sum(learning.values()),
        "learning_prior": sum(v for n, v in learning.items() if ".tlm." in n),
        "all": sum(p.numel() for p in model.parameters()),
    }


def tasks_learnt(start: Path, shown: Collection[str]) -> list[str]:
    """What a model can be asked that has been shown conversations about these tasks: those, and those of its start."""
    before = read_manifest(start).tasks
    return [task for task in TASKS if task in shown or task in before]


def save_model(model: Any, processor: Any, start: Path, out: Path, config: FusarGPTConfig, merge: bool) -> None:
    """What a stage leaves: `out` as a model directory, or an adapter with a manifest that names its base.

    merge: the adapter is put into the weights, for models small enough to be saved whole.
    """
    with whole_folder(out) as folder:
        model.save_pretrained(folder / ADAPTER if hasattr(model, "peft_config") else folder)
        if not hasattr(model, "peft_config"):
            processor.save_pretrained(folder)
            return
        manifest = {
            "format": 1,
            "base": os.path.abspath(read_manifest(start).base),
            "adapters": {ANY_TASK: ADAPTER},
            "prompts": {},
            "prior": {k: getattr(config, k) for k in PRIOR_FIELDS},
        }
        (folder / MANIFEST).write_text(json.dumps(manifest, indent=1))
    if merge:
        with whole_folder(out.parent / "merged") as folder:
            model.merge_and_unload().save_pretrained(folder)
            processor.save_pretrained(folder)


PRIOR_FIELDS = ("fusion", "chip_size", "tasks", *PRIOR_OPTIONS)
"""Of FusarGPTConfig, what a base does not know and its adapter needs."""
