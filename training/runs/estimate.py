"""What a training at 7B needs, before a GPU is rented: python -m training.estimate [PRESET] [--gpus 4] [--gpu A100-80].

Counted on shapes alone (the meta device): parameters, the bytes of weights, gradients and optimizer, the activations
that the model's own layers keep, and the operations of a step. Assumed, and said in the output: how many tokens are
said about a chip, how many samples a stage has, and which share of its peak a GPU reaches (MFU).
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import torch
from torch import Tensor, nn
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from fusar_core.errors import BadOption
from fusar_core.model.configuration import FusarGPTConfig
from fusar_core.model.sizes import LAYERS_7B, config_7b, flop_count, meta_model
from training.errors import for_people
from training.stages.recipe import Recipe, read_preset
from training.stages.start import adapted, let_learn, quiet, trainable_parameters
from training.stages.train import chosen

ANCHORS = 324
BF16, FP32 = 2, 4
OPTIMIZER_BYTES = 12
"""Of each learning parameter: AdamW's two moments and a master copy, in fp32."""
BUCKET = 200_000_000
"""Elements that ds_zero2.json lets ZeRO gather and reduce at once."""


@dataclass(frozen=True)
class Gpu:
    """peak: dense bf16 operations a second by its data sheet. memory: bytes."""

    peak: float
    memory: float


GPUS = {
    "A100-40": Gpu(312e12, 40e9),
    "A100-80": Gpu(312e12, 80e9),
    "H100-80": Gpu(989e12, 80e9),
    "RTX4090-24": Gpu(165e12, 24e9),
}


@dataclass(frozen=True)
class Stage:
    """Assumptions about the data of a stage. samples: in one epoch. asked, answered: tokens without the image."""

    samples: int
    asked: int
    answered: int
    words: str


PAPER = {
    1: Stage(10_000, 40, 200, "10,000 images with a description each (paper, 4.1); 200 tokens a description"),
    2: Stage(
        1_802 * 6,
        90,
        40,
        "2,000 images less the 198 of the test (paper, 4.1) with 6 questions each; 40 tokens an answer",
    ),
}


def estimate(recipe: Recipe, stage: Stage, gpus: int, gpu: str, mfu: float) -> dict[str, Any]:
    """Parameters, memory of each GPU in GB, and time of a stage at 7B."""
    config = config_7b(**{"fusion": recipe.fusion, **recipe.prior_options})
    parameters = _parameters(config, recipe)
    tokens = (recipe.image_size // 28) ** 2
    typical = tokens + stage.asked + stage.answered
    flop = step_flop(config, recipe, stage)
    each = math.ceil(recipe.chips_a_step / (gpus * recipe.batch)) if recipe.chips_a_step else recipe.accumulation
    steps = recipe.steps or math.ceil(stage.samples / (each * gpus * recipe.batch)) * recipe.epochs
    seconds = steps * each * recipe.batch * sum(flop.values()) / (GPUS[gpu].peak * mfu)
    return {
        "recipe": recipe.name,
        "parameters": parameters,
        "tokens": {"typical": typical, "limit": recipe.max_length},
        "memory_gb": {
            "typical": memory(config, recipe, parameters, gpus, typical, stage.answered),
            "limit": memory(config, recipe, parameters, gpus, recipe.max_length, recipe.max_length - tokens),
        },
        "tflop_a_sample": {name: round(value / 1e12, 2) for name, value in flop.items()},
        "steps": int(steps),
        "accumulation": each,
        "gradient_checkpointing": recipe.gradient_checkpointing,
        "hours": round(seconds / 3600, 1),
        "checkpoint_gb": round(parameters["learning"] * (BF16 + OPTIMIZER_BYTES) / 1e9, 2),
        "assumed": stage.words,
    }


def _parameters(config: FusarGPTConfig, recipe: Recipe) -> dict[str, int]:
    """How many learn, in all and in the prior branch, and how many there are."""
    model = _learning(meta_model(config), recipe)
    return trainable_parameters(model)


def _learning(model: Any, recipe: Recipe) -> Any:
    """A model of shapes with what the recipe trains, as after stage 1 where it is stage 2."""
    if recipe.trainable == "all":
        return model
    with torch.device("meta"), quiet():
        model = adapted(model, replace(recipe, trainable="lora+prior" if recipe.fusion != "none" else "lora"))
    let_learn(model, recipe)
    return model


def memory(
    config: FusarGPTConfig, recipe: Recipe, parameters: dict[str, int], gpus: int, length: int, answered: int
) -> dict[str, float]:
    """GB that each GPU holds for a sequence of `length` tokens, `answered` of them in the loss."""
    learning, sharded = parameters["learning"], gpus if recipe.deepspeed else 1
    each = BF16 if recipe.deepspeed else FP32  # without DeepSpeed what learns is in fp32, under autocast
    frozen = BF16 if recipe.deepspeed or recipe.base_dtype == "bfloat16" else FP32
    buckets = 2 * min(BUCKET, learning) * BF16 if recipe.deepspeed else 0
    optimizer = OPTIMIZER_BYTES if recipe.deepspeed else OPTIMIZER_BYTES - FP32  # the weights are the master copy
    one = layer_bytes(recipe, length) * recipe.batch
    between = length * config.text_config.hidden_size * BF16 * recipe.batch
    vocabulary = config.text_config.vocab_size * recipe.batch
    # Scores of the answers and their gradient in bf16, and in fp32 with their probabilities.
    head = vocabulary * answered * (2 * BF16 + 3 * FP32)
    kept = {"kept": LAYERS_7B * one + head, "recomputed": LAYERS_7B * between + max(one, head)}
    held = {
        "weights": parameters["all"] * frozen + learning * (each - frozen),
        "gradients": learning * each / sharded + buckets,
        "optimizer": learning * optimizer / sharded,
    }
    whole = sum(held.values())
    found = {**held, **{f"activations_{name}": value for name, value in kept.items()}}
    found |= {f"total_{name}": whole + value for name, value in kept.items()}
    return {name: round(value / 1e9, 2) for name, value in found.items()}


def step_flop(config: FusarGPTConfig, recipe: Recipe, stage: Stage) -> dict[str, float]:
    """Operations of one sample's forward and backward pass.

    The frozen visual encoder runs forward only. Through the frozen layers of the language model a gradient passes
    (as much again), but none of their weights has one (that would be as much a third time); recomputing takes another
    forward pass.
    """
    tokens = stage.asked + stage.answered
    patches = recipe.image_size // config.vision_config.patch_size
    once = flop_count(config, patches, tokens, ANCHORS, head_tokens=stage.answered)
    everything = recipe.trainable == "all"
    again = 1 if recipe.gradient_checkpointing else 0
    sees = everything or recipe.lora_vision
    return {
        "vit": once["vit"] * ((2 + everything + again) if sees else 1),
        "tlm": once["tlm"] * (3 if everything or "prior" in recipe.trainable else 1),
        "llm": once["llm"] * (2 + everything + again),
    }


def layer_bytes(recipe: Recipe, length: int) -> int:
    """Bytes that one layer of the language model keeps for its backward pass, at 7B widths in bf16."""
    return _kept_bytes(2, recipe, length) - _kept_bytes(1, recipe, length)


def _kept_bytes(layers: int, recipe: Recipe, length: int) -> int:
    config = config_7b(layers, 1, fusion="none")
    alone = replace(recipe, fusion="none", trainable="all" if recipe.trainable == "all" else "lora")
    model = _learning(meta_model(config), alone).to(torch.bfloat16).train()
    language = (model.get_base_model() if alone.trainable == "lora" else model).model.language_model
    language.config._attn_implementation = "counted"
    inputs = torch.empty(1, length, config.text_config.hidden_size, device="meta", dtype=torch.bfloat16)
    positions = torch.arange(length, device="meta").expand(3, 1, length)
    weights = {p.untyped_storage()._cdata for p in language.parameters()}
    kept: dict[int, Tensor] = {}

    def keep(tensor: Tensor) -> Tensor:
        if tensor.untyped_storage()._cdata not in weights:
            kept[tensor.untyped_storage()._cdata] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        outputs = language(
            inputs_embeds=inputs.requires_grad_(),
            position_ids=positions,
            attention_mask={"full_attention": None},
            use_cache=False,
        )
        del outputs
    return sum(tensor.untyped_storage().nbytes() for tensor in kept.values())


class _Fused(torch.autograd.Function):
    """What fused attention keeps: its inputs, its output and a number for each row and head; no square matrix."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        out = torch.empty_like(query)
        ctx.save_for_backward(query, key, value, out, query.new_empty(query.shape[:3], dtype=torch.float32))
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        raise NotImplementedError  # shapes alone are asked for


def _counted(
    module: nn.Module, query: Tensor, key: Tensor, value: Tensor, mask: Any, **options: Any
) -> tuple[Tensor, None]:
    return _Fused.apply(query, key, value).transpose(1, 2).contiguous(), None


ALL_ATTENTION_FUNCTIONS.register("counted", _counted)


LABELS = {
    "weights": "weights",
    "gradients": "gradients",
    "optimizer": "optimizer",
    "activations_kept": "activations, all kept",
    "activations_recomputed": "activations, recomputed",
    "total_kept": "total, all kept",
    "total_recomputed": "total, recomputed",
}
"""Recomputed: with gradient_checkpointing."""


def render(found: list[dict[str, Any]], gpus: int, gpu: str, mfu: float) -> str:
    """The estimates as lines for people."""
    lines = [
        f"{gpus} × {gpu}. Nothing was run: sizes are counted on shapes, times follow from an assumed MFU of {mfu}."
    ]
    for stage in found:
        numbers, (usual, most) = stage["parameters"], stage["memory_gb"].values()
        lines += [
            "",
            stage["recipe"],
            f"  learning                {numbers['learning']:,} of {numbers['all']:,} parameters, "
            f"{numbers['learning_prior']:,} of them of the prior branch",
            f"  GB on each GPU           {stage['tokens']['typical']} tokens   {stage['tokens']['limit']} tokens",
        ]
        lines += [f"  {label:<24}{usual[name]:>10.2f}{most[name]:>14.2f}" for name, label in LABELS.items()]
        used = "recomputed" if stage["gradient_checkpointing"] else "kept"
        fits = "fits" if most[f"total_{used}"] * 1e9 < 0.9 * GPUS[gpu].memory else "DOES NOT FIT"
        work = ", ".join(f"{name} {value}" for name, value in stage["tflop_a_sample"].items())
        lines += [
            f"  the recipe              activations {used}: {fits} {GPUS[gpu].memory / 1e9:.0f} GB",
            f"  work                    {work} TFLOP a sample",
            f"  time                    {stage['steps']:,} steps of {stage['accumulation']} × {gpus} samples: "
            f"about {stage['hours']} h",
            f"  a checkpoint            {stage['checkpoint_gb']} GB",
            f"  assumed                 {stage['assumed']}",
        ]
    return "\n".join(
        [
            *lines,
            "",
            "Parameters include the adapter, and in it the prior branch once more (PEFT keeps the original).",
            "Not counted: CUDA's own memory and fragmentation (2 to 4 GB as a rule), loading, communication, saving.",
        ]
    )


@click.command()
@click.argument("preset", default="fusar-gpt-7b")
@click.option("--gpus", default=4, show_default=True)
@click.option("--gpu", type=click.Choice(list(GPUS)), default="A100-80", show_default=True)
@click.option("--mfu", default=0.35, show_default=True, help="share of the peak that is reached")
@click.option("--samples", multiple=True, type=int, help="of each stage, instead of the paper's")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="a setting instead of the recipe's")
@click.option("--json", "as_json", is_flag=True, help="as JSON on stdout")
def main(
    preset: str, gpus: int, gpu: str, mfu: float, samples: tuple[int, ...], settings: tuple[str, ...], as_json: bool
) -> None:
    """Print what training at 7B needs: parameters, memory of each GPU, time."""
    with for_people():
        if gpus < 1 or not 0 < mfu <= 1:
            raise BadOption(f"{gpus} GPUs at a share of {mfu} of their peak.", "Give 1 GPU or more, and 0 < mfu ≤ 1.")
        stages = read_preset(Path(preset), chosen(settings))
        if samples and len(samples) != len(stages):
            raise BadOption(f"--samples was given {len(samples)} times for {len(stages)} stages.", "Give one each.")
        found = []
        for number, recipe in enumerate(stages):
            stage = PAPER[2 if recipe.stage == 2 else 1]
            if samples:
                stage = replace(stage, samples=samples[number], words=f"{samples[number]:,} samples, as asked")
            found.append(estimate(recipe, stage, gpus, gpu, mfu))
    click.echo(json.dumps(found, indent=1) if as_json else render(found, gpus, gpu, mfu))
