"""From chips, questions and anchors to the tensors FUSAR-GPT takes. Images by Pillow: no torchvision is needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor
from transformers import AutoImageProcessor, AutoProcessor, BatchFeature, ProcessorMixin
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from fusar_core.errors import BadAnchors, BadImage
from fusar_core.model.configuration import FusarGPTConfig

IMAGE_TOKEN = "<|image_pad|>"
MAX_ASPECT = 200
"""The image processor of Qwen2.5-VL refuses images longer than this many times their width."""

CHAT_TEMPLATE = """\
{%- if messages[0]['role'] != 'system' -%}
{{- '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' -}}
{%- endif -%}
{%- for message in messages -%}
{{- '<|im_start|>' + message['role'] + '\\n' -}}
{%- if message['content'] is string -%}
{{- message['content'] -}}
{%- else -%}
{%- for part in message['content'] -%}
{{- '<|vision_start|><|image_pad|><|vision_end|>' if part['type'] == 'image' else part['text'] -}}
{%- endfor -%}
{%- endif -%}
{{- '<|im_end|>\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}
"""
"""Renders what the stock Qwen2.5-VL template renders for one image and text; for models trained from scratch."""


def conversation(question: str, answer: str | None = None) -> list[dict[str, Any]]:
    """One turn in the form of chat templates: the image first, then the question, and the answer when given."""
    user = {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": question}]}
    return [user] if answer is None else [user, {"role": "assistant", "content": [{"type": "text", "text": answer}]}]


def as_rgb(image: Image.Image | npt.NDArray[Any]) -> Image.Image:
    """An 8-bit grey or RGB image, (H, W) or (H, W, 3) uint8 or Pillow's L or RGB, as RGB. Raises BadImage."""
    if not isinstance(image, Image.Image):
        if image.dtype != np.uint8 or image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] != 3):
            raise BadImage(
                f"An image of {image.dtype} with shape {tuple(image.shape)} cannot be shown to the model.",
                "Give (H, W) or (H, W, 3) uint8; SarScene.chip().image is that.",
            )
        if 0 in image.shape:
            raise BadImage(f"An image of {image.shape[1]} × {image.shape[0]} pixels is empty.")
        image = Image.fromarray(image)
    if image.mode not in ("L", "RGB"):
        raise BadImage(f"An image of mode {image.mode} cannot be shown to the model.", "Convert it to L or RGB first.")
    if max(image.size) > MAX_ASPECT * min(image.size):
        raise BadImage(
            f"An image of {image.width} × {image.height} pixels is too long for its width.",
            f"The sides may differ by a factor of {MAX_ASPECT} at most.",
        )
    return image.convert("RGB")


def anchor_arrays(anchors: Any, prior_dim: int = 64) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """`features` (S, prior_dim) and `positions` (S, 2) of anchors as float32, checked. Raises BadAnchors."""
    features, positions = np.asarray(anchors.features), np.asarray(anchors.positions)
    if features.ndim != 2 or features.shape[1] != prior_dim:
        raise BadAnchors(f"Anchors of shape {features.shape} were given; the model takes (S, {prior_dim}).")
    if positions.shape != (len(features), 2):
        raise BadAnchors(
            f"Positions of shape {positions.shape} came with {len(features)} anchors; they need one (y, x) each."
        )
    if not (np.isfinite(features).all() and np.isfinite(positions).all()):
        raise BadAnchors("Some anchors or positions are NaN or infinite.", "Drop masked nodes before using them.")
    if len(positions) and not (positions.min() >= 0 and positions.max() <= 1):
        raise BadAnchors(
            f"Positions reach from {positions.min():g} to {positions.max():g}.",
            "They are (y, x) as fractions of the chip: 0 to 1.",
        )
    return features.astype(np.float32), positions.astype(np.float32)


def anchor_tensors(anchors: Sequence[Any | None], prior_dim: int = 64) -> dict[str, Tensor]:
    """Anchors of several images, None for an image without, padded to the longest: the model's three anchor arguments.

    anchor_features (N, S, 64) and anchor_positions (N, S, 2) float32, anchor_counts (N,) int64.
    """
    arrays = [None if a is None else anchor_arrays(a, prior_dim) for a in anchors]
    counts = [0 if a is None else len(a[0]) for a in arrays]
    features = torch.zeros(len(arrays), max(counts, default=0), prior_dim)
    positions = torch.zeros(len(arrays), max(counts, default=0), 2)
    for i, pair in enumerate(arrays):
        if pair is not None:
            features[i, : counts[i]], positions[i, : counts[i]] = (torch.from_numpy(a) for a in pair)
    return {"anchor_features": features, "anchor_positions": positions, "anchor_counts": torch.tensor(counts)}


class FusarGPTProcessor(ProcessorMixin):
    """Image processor and tokenizer of Qwen2.5-VL without its video part, plus anchors."""

    return_mm_token_type_ids = True  # without them positions silently lose two of their three dimensions

    def __init__(self, image_processor: Any = None, tokenizer: Any = None, chat_template: str | None = None) -> None:
        self.image_token = getattr(tokenizer, "image_token", IMAGE_TOKEN)
        self.image_token_id = tokenizer.convert_tokens_to_ids(self.image_token)
        super().__init__(image_processor, tokenizer, chat_template=chat_template)

    def __call__(
        self, images: Any = None, text: Any = None, anchors: Sequence[Any | None] | None = None, **kwargs: Any
    ) -> BatchFeature:
        """Images, and text with one placeholder an image, as any processor; `anchors`: one or None for each image."""
        if images is not None:
            groups = images if isinstance(images, list | tuple) else [images]
            flat = [one for group in groups for one in (group if isinstance(group, list | tuple) else [group])]
            images = [as_rgb(image) for image in flat]
        batch = super().__call__(images=images, text=text, **kwargs)
        if anchors is not None:
            batch.update(anchor_tensors(anchors))
        return batch

    def encode_images(self, images: Sequence[Any]) -> BatchFeature:
        """pixel_values and image_grid_thw (N, 3) of N images, as tensors. Raises BadImage."""
        return self.image_processor([as_rgb(i) for i in images], return_tensors="pt")

    def encode_prompts(self, questions: Sequence[str], grids: Tensor) -> BatchFeature:
        """input_ids, attention_mask and mm_token_type_ids of one question to each image, padded on the left.

        grids: (N, 3) image_grid_thw of the N images. What looks like a control token in a question is taken as text.
        """
        tokens = (grids.prod(-1) // self.image_processor.merge_size**2).tolist()
        chats = [conversation(self.without_control_tokens(q)) for q in questions]
        prompts = self.apply_chat_template(chats, add_generation_prompt=True)
        texts = [p.replace(self.image_token, self.image_token * n, 1) for p, n in zip(prompts, tokens, strict=True)]
        encoded = self.tokenizer(texts, padding=True, padding_side="left", return_tensors="pt")
        encoded["mm_token_type_ids"] = (encoded["input_ids"] == self.image_token_id).int()
        return encoded

    def without_control_tokens(self, text: str) -> str:
        """The text with what looks like a control token in it pulled apart, so that it is read as text."""
        for token in self.tokenizer.added_tokens_decoder.values():
            if token.special:
                text = text.replace(token.content, token.content[:1] + " " + token.content[1:])
        return text

    def replace_image_token(self, image_inputs: dict[str, Any], image_idx: int, **kwargs: Any) -> str:
        """The placeholder as often as the image has tokens."""
        return self.image_token * int(
            image_inputs["image_grid_thw"][image_idx].prod() // self.image_processor.merge_size**2
        )

    @property
    def model_input_names(self) -> list[str]:
        """Names of all tensors it makes, those of the anchors among them, which transformers would else not know."""
        anchors = ["anchor_features", "anchor_positions", "anchor_counts"]
        return [*super().model_input_names, "mm_token_type_ids", *anchors]


AutoProcessor.register(FusarGPTConfig, FusarGPTProcessor, exist_ok=True)
AutoImageProcessor.register(FusarGPTConfig, image_processor_classes={"pil": Qwen2VLImageProcessorPil}, exist_ok=True)
