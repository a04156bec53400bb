"""From chips, questions and anchors to tensors: what is taken, and what is refused with which words."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from transformers import AutoProcessor

from fusar_core.errors import BadAnchors, BadImage
from fusar_core.model.processing import anchor_tensors, as_rgb, conversation


def test_the_chat_template_says_what_qwens_own_says(processor):
    text = processor.apply_chat_template(conversation("How many?"), add_generation_prompt=True)
    assert text == (
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
        "<|im_start|>user\n<|vision_start|><|image_pad|><|vision_end|>How many?<|im_end|>\n<|im_start|>assistant\n"
    )
    taught = processor.apply_chat_template(conversation("How many?", "3"))
    assert taught == text + "3<|im_end|>\n"


def test_images_questions_and_anchors_become_tensors(processor, chip_image, anchors):
    text = [processor.apply_chat_template(conversation("Where?"), add_generation_prompt=True)] * 2
    batch = processor(
        images=[chip_image(504), Image.fromarray(chip_image(112))],
        text=text,
        anchors=[anchors(7), None],
        padding=True,
        return_tensors="pt",
    )
    assert batch["image_grid_thw"].tolist() == [[1, 36, 36], [1, 8, 8]]
    assert batch["pixel_values"].shape == (36 * 36 + 8 * 8, 3 * 2 * 14 * 14)
    assert (batch["mm_token_type_ids"] == 1).sum(1).tolist() == [324, 16]
    assert batch["anchor_features"].shape == (2, 7, 64)
    assert batch["anchor_counts"].tolist() == [7, 0]
    assert torch.equal(batch["anchor_positions"][0], torch.from_numpy(anchors(7).positions))


def test_encoding_apart_gives_what_the_processor_gives_at_once(processor, chip_image):
    """The engine encodes images and questions apart; the tokens must be those of the usual way."""
    text = processor.apply_chat_template(conversation("Where are ships?"), add_generation_prompt=True)
    whole = processor(images=chip_image(504), text=text, return_tensors="pt")
    pictures = processor.encode_images([chip_image(504)])
    words = processor.encode_prompts(["Where are ships?"], pictures["image_grid_thw"])
    for name in ("input_ids", "attention_mask", "mm_token_type_ids"):
        assert torch.equal(words[name], whole[name]), name
    assert torch.equal(pictures["pixel_values"], whole["pixel_values"])


def test_prompts_are_padded_on_the_left(processor):
    words = processor.encode_prompts(["?", "A longer question?"], torch.tensor([[1, 8, 8], [1, 8, 8]]))
    assert words["attention_mask"][:, -1].tolist() == [1, 1]
    assert words["attention_mask"][0, 0] == 0


def test_a_grey_chip_is_shown_in_all_three_channels(processor, chip_image):
    grey = chip_image(112)
    values = processor.encode_images([grey])["pixel_values"]
    colour = processor.encode_images([np.stack([grey] * 3, axis=-1)])["pixel_values"]
    assert torch.equal(values, colour)


def test_a_processor_survives_saving(processor, tmp_path, chip_image):
    processor.save_pretrained(tmp_path)
    again = AutoProcessor.from_pretrained(tmp_path)
    assert again.chat_template == processor.chat_template
    values, again_values = (p.encode_images([chip_image(100)])["pixel_values"] for p in (processor, again))
    assert torch.equal(values, again_values)


def test_the_processor_of_a_stock_directory_loads_without_torchvision(stock, chip_image):
    """Published directories name the torchvision image processor and a video processor that needs it."""
    from fusar_core.model.processing import FusarGPTProcessor

    processor = FusarGPTProcessor.from_pretrained(stock)
    grid = processor.encode_images([chip_image(448)])["image_grid_thw"]
    assert grid.tolist() == [[1, 32, 32]]
    assert processor.encode_prompts(["?"], grid)["mm_token_type_ids"].sum() == 256


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (np.zeros((112, 112), np.float32), "float32"),
        (np.zeros((112, 112), np.uint16), "uint16"),
        (np.zeros((112, 112, 4), np.uint8), r"\(112, 112, 4\)"),
        (np.zeros((3, 112, 112), np.uint8), r"\(3, 112, 112\)"),
        (np.zeros(112, np.uint8), r"\(112,\)"),
        (np.zeros((0, 112), np.uint8), "empty"),
        (np.zeros((2, 500), np.uint8), "500 × 2"),
        (Image.new("RGBA", (112, 112)), "RGBA"),
        (Image.new("I;16", (112, 112)), "I;16"),
    ],
)
def test_images_of_the_wrong_mode_or_size_are_refused(processor, image, words):
    with pytest.raises(BadImage, match=words):
        processor.encode_images([image])


def given_anchors(features, positions):
    return [SimpleNamespace(features=np.asarray(features), positions=np.asarray(positions))]


@pytest.mark.parametrize(
    ("features", "positions", "words"),
    [
        (np.full((2, 64), np.nan), np.zeros((2, 2)), "NaN"),
        (np.zeros((2, 64)), [[0.1, np.inf], [0, 0]], "NaN or infinite"),
        (np.zeros((2, 63)), np.zeros((2, 2)), r"\(2, 63\).*\(S, 64\)"),
        (np.zeros(64), np.zeros((1, 2)), r"\(64,\)"),
        (np.zeros((2, 64)), np.zeros((3, 2)), r"\(3, 2\) came with 2"),
        (np.zeros((2, 64)), [[0.1, 1.2], [0, 0]], "from 0 to 1.2"),
        (np.zeros((2, 64)), [[-0.5, 1.0], [0, 0]], "from -0.5 to 1"),
    ],
)
def test_anchors_that_cannot_be_are_refused(features, positions, words):
    with pytest.raises(BadAnchors, match=words):
        anchor_tensors(given_anchors(features, positions))


@given(st.lists(st.one_of(st.none(), st.integers(0, 30)), min_size=1, max_size=6))
def test_anchors_are_padded_to_the_longest(counts):
    rng = np.random.default_rng(0)
    given_ones = [
        None if n is None else SimpleNamespace(features=rng.normal(size=(n, 64)), positions=rng.random((n, 2)))
        for n in counts
    ]
    tensors = anchor_tensors(given_ones)
    assert tensors["anchor_counts"].tolist() == [n or 0 for n in counts]
    assert tensors["anchor_features"].shape == (len(counts), max(n or 0 for n in counts), 64)
    for i, one in enumerate(given_ones):
        if one is not None:
            kept = tensors["anchor_features"][i, : counts[i]].numpy()
            np.testing.assert_array_equal(kept, one.features.astype(np.float32))


def test_rgb_images_are_left_as_they_are():
    image = Image.new("RGB", (40, 60), (1, 2, 3))
    assert np.array_equal(np.asarray(as_rgb(image)), np.asarray(image))
