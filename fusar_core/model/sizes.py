"""The shapes of Qwen2.5-VL-7B, and how much there is to compute in a forward pass: for benchmarks and estimates."""

from __future__ import annotations

from typing import Any

import torch

from fusar_core.model.configuration import FusarGPTConfig
from fusar_core.model.modeling import FusarGPTForConditionalGeneration

LANGUAGE_7B = {"hidden_size": 3584, "intermediate_size": 18944, "num_attention_heads": 28, "num_key_value_heads": 4}
VISION_7B = {"hidden_size": 1280, "intermediate_size": 3420, "num_heads": 16, "out_hidden_size": 3584}
LAYERS_7B, BLOCKS_7B, FULL_BLOCKS_7B = 28, 32, [7, 15, 23, 31]


def config_7b(layers: int = LAYERS_7B, blocks: int = BLOCKS_7B, **options: Any) -> FusarGPTConfig:
    """The configuration of FUSAR-GPT on Qwen2.5-VL-7B, or one with fewer layers of the same widths.

    layers, blocks: of the language model and of the visual encoder. options: of FusarGPTConfig.
    """
    rope = {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [16, 24, 24]}
    text = {**LANGUAGE_7B, "vocab_size": 152064, "num_hidden_layers": layers, "rope_parameters": rope}
    full = [b for b in FULL_BLOCKS_7B if b < blocks] or [blocks - 1]
    vision = {**VISION_7B, "depth": blocks, "fullatt_block_indexes": full}
    return FusarGPTConfig(text_config=text, vision_config=vision, **options)


def meta_model(config: FusarGPTConfig) -> FusarGPTForConditionalGeneration:
    """A model of shapes alone, without memory."""
    with torch.device("meta"):
        return FusarGPTForConditionalGeneration(config)


def flop_count(
    config: FusarGPTConfig, patches: int, text_tokens: int, anchors: int, head_tokens: int = 1
) -> dict[str, float]:
    """Floating-point operations of one forward pass: every matrix product, attention included, softmax and norms not.

    patches: along one side of a square image. head_tokens: how many tokens the language head is asked for.
    """
    model = meta_model(config).model
    vision, text = config.vision_config, config.text_config
    squares, tokens = patches**2, (patches // vision.spatial_merge_size) ** 2
    length = tokens + text_tokens
    merger = sum(p.numel() for p in model.visual.merger.mlp.parameters() if p.ndim == 2)
    body = sum(p.numel() for p in model.visual.parameters() if p.ndim > 1) - merger
    window = (vision.window_size // vision.patch_size) ** 2
    spans = [squares if b in vision.fullatt_block_indexes else window for b in range(vision.depth)]
    vit = 2 * body * squares + 2 * merger * tokens + sum(4 * squares * s * vision.hidden_size for s in spans)
    layers = sum(p.numel() for p in model.language_model.layers.parameters() if p.ndim == 2)
    llm = 2 * layers * length + text.num_hidden_layers * 4 * length**2 * text.hidden_size
    llm += 2 * text.vocab_size * text.hidden_size * head_tokens
    mlp = sum(p.numel() for p in model.tlm.parameters() if p.ndim == 2)
    fusion = 2 * mlp * anchors + 2 * tokens * anchors * model.tlm.field.weight.shape[0] if mlp else 0
    return {"vit": float(vit), "llm": float(llm), "tlm": float(fusion)}
