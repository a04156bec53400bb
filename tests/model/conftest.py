"""A tiny random FUSAR-GPT, made here: the real classes and processor path in small shapes, nothing downloaded."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import transformers
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration, Qwen2Tokenizer
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from fusar_core.model.configuration import FusarGPTConfig
from fusar_core.model.modeling import FusarGPTForConditionalGeneration
from fusar_core.model.processing import CHAT_TEMPLATE, FusarGPTProcessor

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
torch.set_num_threads(2)

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>"]


def tiny_tokenizer() -> Qwen2Tokenizer:
    """Qwen's tokenizer without merges: one token a byte, so that any text can be said; 256 + 6 tokens."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in printable]
    letters = [chr(b) for b in printable] + [chr(256 + i) for i in range(len(others))]
    tokenizer = Qwen2Tokenizer(vocab={c: i for i, c in enumerate(letters)}, merges=[], pad_token=SPECIAL[0])
    tokenizer.add_special_tokens({"additional_special_tokens": SPECIAL[1:]})
    tokenizer.eos_token = "<|im_end|>"
    return tokenizer


def tiny_processor() -> FusarGPTProcessor:
    return FusarGPTProcessor(Qwen2VLImageProcessorPil(), tiny_tokenizer(), chat_template=CHAT_TEMPLATE)


def tiny_options() -> dict:
    """Shapes for the configuration: two layers each, every kind of attention, a rope that tells left from right."""
    ids = {name: 256 + i for i, name in enumerate(SPECIAL)}
    return {
        "vision_config": {
            "depth": 2,
            "hidden_size": 32,
            "intermediate_size": 48,
            "num_heads": 2,
            "out_hidden_size": 48,
            "fullatt_block_indexes": [1],
        },
        "text_config": {
            "vocab_size": 262,
            "hidden_size": 48,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "max_position_embeddings": 2048,
            "rope_parameters": {"rope_type": "default", "rope_theta": 4.0, "mrope_section": [2, 2, 2]},
            "bos_token_id": None,
            "eos_token_id": ids["<|im_end|>"],
            "pad_token_id": ids["<|endoftext|>"],
        },
        "image_token_id": ids["<|image_pad|>"],
        "video_token_id": ids["<|image_pad|>"] + 1000,
        "vision_start_token_id": ids["<|vision_start|>"],
        "vision_end_token_id": ids["<|vision_end|>"],
    }


def tiny_model(seed: int = 0, **options) -> FusarGPTForConditionalGeneration:
    """Random weights, larger than a fresh model's so that images and anchors show in the answers."""
    torch.manual_seed(seed)
    model = FusarGPTForConditionalGeneration(FusarGPTConfig(**{**tiny_options(), **options})).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim > 1 and "tlm" not in name:
                parameter.mul_(6)
    model.generation_config.eos_token_id = 258
    model.generation_config.pad_token_id = 256
    return model


@pytest.fixture(scope="session")
def tiny() -> SimpleNamespace:
    """The makers above, for tests of other files."""
    return SimpleNamespace(tokenizer=tiny_tokenizer, processor=tiny_processor, options=tiny_options, model=tiny_model)


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
def stock(tmp_path_factory) -> Path:
    """A directory as Qwen2.5-VL is published: its own classes, its older key names, no TLM."""
    path = tmp_path_factory.mktemp("stock")
    torch.manual_seed(1)
    Qwen2_5_VLForConditionalGeneration(Qwen2_5_VLConfig(**tiny_options())).save_pretrained(path)
    processor = tiny_processor()
    processor.tokenizer.chat_template = CHAT_TEMPLATE
    processor.tokenizer.save_pretrained(path)
    processor.image_processor.save_pretrained(path)
    return path


def random_anchors(count: int, seed: int = 0) -> SimpleNamespace:
    """Unit vectors at random places, with the two arrays that anchors have."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(count, 64))
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    return SimpleNamespace(features=features.astype(np.float32), positions=rng.random((count, 2)).astype(np.float32))


@pytest.fixture(scope="session")
def anchors():
    return random_anchors


@pytest.fixture(scope="session")
def chip_image():
    """Speckle with some bright targets: (size, size) uint8."""

    def make(size: int = 504, seed: int = 0) -> np.ndarray:
        rng = np.random.default_rng(seed)
        image = rng.gamma(4.0, 10.0, (size, size))
        for y, x in rng.integers(20, size - 20, (6, 2)):
            image[y - 4 : y + 4, x - 8 : x + 8] = 255
        return image.clip(0, 255).astype(np.uint8)

    return make
