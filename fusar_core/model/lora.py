"""LoRA on FUSAR-GPT as the paper has it: rank 8, α 32, every linear layer of the language model and nothing else."""

from __future__ import annotations

from typing import Any

LANGUAGE = r"(.*\.)?language_model\.layers\.\d+\.(self_attn|mlp)\.\w+_proj"
VISION = r"(.*\.)?visual\.(blocks\.\d+\.(attn|mlp)\.(qkv|\w*proj)|merger\.mlp\.[02])"


def lora_targets(vision: bool = False) -> str:
    """Regular expression of PEFT's `target_modules`: the language model's linear layers, and the ViT's when asked.

    PEFT's own "all-linear" would take the ViT as well; the prior branch it never takes (`PriorLinear`).
    """
    return f"({LANGUAGE}|{VISION})" if vision else LANGUAGE


def lora_config(
    rank: int = 8, alpha: int = 32, dropout: float = 0.05, *, vision: bool = False, train_prior: bool = False
) -> Any:
    """PEFT's LoraConfig with the paper's values. train_prior: the TLM is trained with the adapter."""
    from peft import LoraConfig

    return LoraConfig(
        r=rank,
        lora_alpha=alpha,
        lora_dropout=dropout,
        target_modules=lora_targets(vision),
        modules_to_save=["tlm"] if train_prior else None,
        task_type="CAUSAL_LM",
    )
