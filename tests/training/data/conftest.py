"""Small generated chips for the tests of training data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from labelled_chips import FACTS, PLANE, SHIPS, SIZE, some_anchors
from PIL import Image

from fusar_core.prior.files import write_anchors
from training.data.instructions import instructions
from training.data.triplets import Triplet

settings.register_profile("fusar", deadline=None)
settings.load_profile("fusar")


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Triplet]:
    """Makes a sound triplet with its files under tmp_path; fields can be given."""

    def made(name: str = "a", **fields: Any) -> Triplet:
        image, anchors = tmp_path / "images" / f"{name}.png", tmp_path / "anchors" / f"{name}.npz"
        image.parent.mkdir(exist_ok=True)
        anchors.parent.mkdir(exist_ok=True)
        seed = sum(map(ord, name))
        pixels = np.random.default_rng(seed).integers(0, 256, (SIZE[1], SIZE[0]), np.uint8)
        Image.fromarray(pixels).save(image)
        write_anchors(some_anchors(seed=seed), anchors)
        known: dict[str, Any] = {
            "id": name,
            "size": SIZE,
            "image": f"images/{name}.png",
            "anchors": f"anchors/{name}.npz",
            "targets": (*SHIPS, PLANE),
            "facts": FACTS,
            "place": name,
            **fields,
        }
        if "conversations" not in known:
            chip = (known["targets"], known["size"], known["facts"])
            known["conversations"] = instructions(chip, np.random.default_rng(0))
        return Triplet(**known)

    return made
