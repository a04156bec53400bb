"""FUSAR-GPT as transformers classes: Qwen2.5-VL with the prior brought in after the visual encoder's merger.

Where: in `get_image_features`, on `pooler_output`, the merged tokens in raster order. (`last_hidden_state`, and what
the merger itself returns, are in the order of the attention windows.) `generate()` calls it once, before prefill.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn
from transformers import (
    AutoModel,
    AutoModelForImageTextToText,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2_5_VLModel,
)
from transformers.conversion_mapping import register_checkpoint_conversion_mapping
from transformers.core_model_loading import WeightRenaming
from transformers.utils import can_return_tuple

from fusar_core.model.configuration import FusarGPTConfig
from fusar_core.model.fusion import build_fusion
from fusar_core.model.prior import PriorLinear


class FusarGPTModel(Qwen2_5_VLModel):
    """Visual encoder, fusion with the prior (`tlm`), and language model without its head.

    The prior of a batch of N images: anchor_features (N, S, 64), anchor_positions (N, S, 2) as (y, x) in [0, 1],
    anchor_counts (N,) int: how many of the S rows are real; 0 for an image without a prior. All three None: no prior.
    """

    config_class = FusarGPTConfig

    def __init__(self, config: FusarGPTConfig) -> None:
        super().__init__(config)
        self.tlm = build_fusion(config.fusion, **config.fusion_options())
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, PriorLinear):
            module.reset_parameters()
        else:
            super()._init_weights(module)

    def encode_images(self, pixel_values: Tensor, image_grid_thw: Tensor) -> Any:
        """The visual encoder alone; `pooler_output` of the result: per image its tokens (T, C) without the prior."""
        return super().get_image_features(pixel_values, image_grid_thw, return_dict=True)

    @can_return_tuple
    def get_image_features(
        self,
        pixel_values: Tensor,
        image_grid_thw: Tensor | None = None,
        anchor_features: Tensor | None = None,
        anchor_positions: Tensor | None = None,
        anchor_counts: Tensor | None = None,
        **kwargs: Any,
    ) -> Any:
        """The tokens of each image with its prior brought in, as `pooler_output` of the visual encoder's result."""
        kwargs["return_dict"] = True
        encoded = super().get_image_features(pixel_values, image_grid_thw, **kwargs)
        grids = [(h, w) for _, h, w in image_grid_thw.tolist()] if image_grid_thw is not None else []
        features, positions = per_image(len(grids), anchor_features, anchor_positions, anchor_counts)
        encoded.pooler_output = tuple(self.tlm(encoded.pooler_output, features, positions, grids))
        return encoded

    @can_return_tuple
    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        pixel_values: Tensor | None = None,
        image_grid_thw: Tensor | None = None,
        mm_token_type_ids: Tensor | None = None,
        mm_encoder_outputs: dict[str, Any] | None = None,
        anchor_features: Tensor | None = None,
        anchor_positions: Tensor | None = None,
        anchor_counts: Tensor | None = None,
        **kwargs: Any,
    ) -> Any:
        """As Qwen2.5-VL's, with the prior of the class. Images are encoded, unless `mm_encoder_outputs` brings them."""
        if pixel_values is not None and (mm_encoder_outputs or {}).get("image") is None:
            encoded = self.get_image_features(
                pixel_values, image_grid_thw, anchor_features, anchor_positions, anchor_counts, return_dict=True
            )
            mm_encoder_outputs, pixel_values = {**(mm_encoder_outputs or {}), "image": encoded}, None
        if mm_token_type_ids is None:
            mm_token_type_ids = self.token_types(input_ids, image_grid_thw)
        return super().forward(
            input_ids=input_ids,
            attention_mask=attention_mask,
            pixel_values=pixel_values,
            image_grid_thw=image_grid_thw,
            mm_token_type_ids=mm_token_type_ids,
            mm_encoder_outputs=mm_encoder_outputs,
            return_dict=True,
            **kwargs,
        )

    def token_types(self, input_ids: Tensor | None, image_grid_thw: Tensor | None) -> Tensor | None:
        """1 where a token is an image's, else 0: without it the library falls back to one-dimensional positions."""
        if input_ids is None or image_grid_thw is None:
            return None
        return (input_ids == self.config.image_token_id).int()


class FusarGPTForConditionalGeneration(Qwen2_5_VLForConditionalGeneration):
    """FUSAR-GPT with its language head: `forward` for training, `generate` for answers.

    `from_pretrained` takes FUSAR-GPT directories, and Qwen2.5-VL ones, whose prior branch then starts fresh.
    """

    config_class = FusarGPTConfig

    def __init__(self, config: FusarGPTConfig) -> None:
        super(Qwen2_5_VLForConditionalGeneration, self).__init__(config)  # its own would first build the stock model
        self.model = FusarGPTModel(config)
        self.lm_head = nn.Linear(config.text_config.hidden_size, config.text_config.vocab_size, bias=False)
        self.post_init()

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        position_ids: Tensor | None = None,
        past_key_values: Any = None,
        inputs_embeds: Tensor | None = None,
        labels: Tensor | None = None,
        use_cache: bool | None = None,
        pixel_values: Tensor | None = None,
        image_grid_thw: Tensor | None = None,
        mm_token_type_ids: Tensor | None = None,
        logits_to_keep: int | Tensor = 0,
        mm_encoder_outputs: dict[str, Any] | None = None,
        anchor_features: Tensor | None = None,
        anchor_positions: Tensor | None = None,
        anchor_counts: Tensor | None = None,
        **kwargs: Any,
    ) -> Any:
        """As Qwen2.5-VL, with the prior of `FusarGPTModel`. Every argument is named: `generate` checks them by name."""
        return super().forward(
            input_ids=input_ids,
            attention_mask=attention_mask,
            position_ids=position_ids,
            past_key_values=past_key_values,
            inputs_embeds=inputs_embeds,
            labels=labels,
            use_cache=use_cache,
            pixel_values=pixel_values,
            image_grid_thw=image_grid_thw,
            mm_token_type_ids=mm_token_type_ids,
            logits_to_keep=logits_to_keep,
            mm_encoder_outputs=mm_encoder_outputs,
            anchor_features=anchor_features,
            anchor_positions=anchor_positions,
            anchor_counts=anchor_counts,
            **kwargs,
        )

    def save_pretrained(
        self, save_directory: Any, *args: Any, save_original_format: bool = False, **kwargs: Any
    ) -> None:
        """As transformers, but under the names the modules have: what we save loads without translation anywhere."""
        super().save_pretrained(save_directory, *args, save_original_format=save_original_format, **kwargs)

    def _prepare_position_ids_for_generation(self, inputs_tensor: Tensor, model_kwargs: dict[str, Any]) -> Tensor:
        if model_kwargs.get("mm_token_type_ids") is None:
            input_ids = model_kwargs.get("input_ids")
            input_ids = inputs_tensor if input_ids is None else input_ids
            types = self.model.token_types(input_ids, model_kwargs.get("image_grid_thw"))
            model_kwargs = {**model_kwargs, "mm_token_type_ids": types}
        return super()._prepare_position_ids_for_generation(inputs_tensor, model_kwargs)


def per_image(
    images: int, features: Tensor | None, positions: Tensor | None, counts: Tensor | None
) -> tuple[Sequence[Tensor | None], Sequence[Tensor | None]]:
    """Padded anchors (N, S, 64) and (N, S, 2) of N images as one tensor each per image, or None without a prior.

    Raises ValueError when N is another number of images.
    """
    if features is None or positions is None:
        return [None] * images, [None] * images
    if not len(features) == len(positions) == images:
        raise ValueError(f"anchors of {len(features)} images ({len(positions)} of positions) came with {images} images")
    rows = [features.shape[1]] * images if counts is None else counts.tolist()
    return [f[:n] for f, n in zip(features, rows, strict=True)], [p[:n] for p, n in zip(positions, rows, strict=True)]


def _register() -> None:
    """Makes the Auto classes, and the loader's translation of older Qwen2.5-VL key names, know our classes.

    The library looks the translation up by class name; without it a stock checkpoint would load without a word and
    leave random weights.
    """
    AutoModel.register(FusarGPTConfig, FusarGPTModel, exist_ok=True)
    AutoModelForImageTextToText.register(FusarGPTConfig, FusarGPTForConditionalGeneration, exist_ok=True)
    language = r"^model(?!\.(language_model|visual|tlm))"
    translations = {
        FusarGPTForConditionalGeneration: [
            WeightRenaming(r"^visual", "model.visual"),
            WeightRenaming(language, "model.language_model"),
        ],
        FusarGPTModel: [WeightRenaming(language, "language_model")],
    }
    for cls, translation in translations.items():
        register_checkpoint_conversion_mapping(cls.__name__, translation, overwrite=True)


_register()
