"""Images as the language model sees them: visual tokens, and those tokens with the prior brought in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from fusar_core.model.modeling import per_image
from fusar_core.model.processing import anchor_tensors


def cut_up(processor: Any, pictures: Sequence[Any]) -> tuple[list[Tensor], Tensor]:
    """The patches (P, values) of each picture, and image_grid_thw (N, 3) of all. Raises BadImage."""
    data = processor.encode_images(pictures)
    grids = data["image_grid_thw"]
    return list(torch.split(data["pixel_values"], grids.prod(-1).tolist())), grids


def encode(core: Any, patches: Sequence[Tensor], grids: Tensor) -> list[Tensor]:
    """Visual tokens (T, C) of each picture without its prior, in one batch."""
    device = core.device
    return list(core.model.encode_images(torch.cat(list(patches)).to(device), grids.to(device)).pooler_output)


def modulate(core: Any, tokens: Sequence[Tensor], anchors: Sequence[Any | None], grids: Tensor) -> list[Tensor]:
    """The tokens of each picture with its prior (None: it has none), under the adapter that is active.

    Raises BadAnchors.
    """
    prior = anchor_tensors(anchors, core.config.prior_dim)
    shapes = [(h, w) for _, h, w in grids.tolist()]
    parts = per_image(len(shapes), prior["anchor_features"], prior["anchor_positions"], prior["anchor_counts"])
    return list(core.model.tlm(tokens, *parts, shapes))
