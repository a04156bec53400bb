"""Fixtures of a tiny FUSAR-GPT: see model_makers.py."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import model_makers as makers
import numpy as np
import pytest
from model_makers import tiny_model, tiny_options, tiny_processor, tiny_tokenizer

from fusar_core.domain.chips import Chip
from fusar_core.domain.radiometry import Kind, Radiometry
from fusar_core.domain.tiling import ChipWindow, Window
from fusar_core.model.modeling import FusarGPTForConditionalGeneration
from fusar_core.model.processing import FusarGPTProcessor


@pytest.fixture(scope="session")
def tiny() -> SimpleNamespace:
    """The makers above, for tests of other files."""
    return SimpleNamespace(
        lessons=makers.LESSONS,
        boxes=makers.BOXES,
        tokenizer=tiny_tokenizer,
        processor=tiny_processor,
        options=tiny_options,
        model=tiny_model,
    )


@pytest.fixture(scope="session")
def model() -> FusarGPTForConditionalGeneration:
    return tiny_model()


@pytest.fixture(scope="session")
def processor() -> FusarGPTProcessor:
    return tiny_processor()


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory) -> Path:
    """A FUSAR-GPT directory on disk."""
    path = tmp_path_factory.mktemp("checkpoint")
    tiny_model().save_pretrained(path)
    tiny_processor().save_pretrained(path)
    return path


@pytest.fixture(scope="session")
def taught(tmp_path_factory) -> Path:
    """A tiny model that has learnt LESSONS by heart, for 112 px chips: its answers depend on the prior alone."""
    path = tmp_path_factory.mktemp("taught")
    makers.make_taught(path)
    return path


@pytest.fixture(scope="session")
def stock(tmp_path_factory) -> Path:
    """A directory as Qwen2.5-VL is published: flat config.json, older key names in shards, torchvision's processor."""
    path = tmp_path_factory.mktemp("stock")
    makers.make_stock(path)
    return path


@pytest.fixture(scope="session")
def anchors():
    return makers.random_anchors


@pytest.fixture(scope="session")
def make_chip(chip_image):
    """A chip as an engine gets it, from an 8-bit image of the given size."""

    def make(size: int = 112, seed: int = 0, prior=None, image: np.ndarray | None = None) -> Chip:
        image = chip_image(size, seed) if image is None else image
        window = Window(0, 1000 * seed, *image.shape)
        radiometry = Radiometry(Kind.UINT8, "made", False, None, "passed through")
        where = ChipWindow(seed, window, window)
        return Chip(where, image, np.ones(image.shape, bool), radiometry, (10.0, 10.0), anchors=prior)

    return make


@pytest.fixture(scope="session")
def chip_image():
    """Speckle with some bright targets: (size, size) uint8."""
    return makers.chip_image
