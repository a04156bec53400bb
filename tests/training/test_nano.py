"""fusar-nano's tokenizer and shapes."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fusar_core.tasks import captioning, classification, counting, detection, localization
from training.runs.nano import CHIP_SIZE, CLASSES, CONTROL, configuration, make_tokenizer

TOKENIZER = make_tokenizer(["A harbour with three ships. Water covers most of it.", "Yes.", "No."] * 3)


def tokens(text: str) -> list[int]:
    return TOKENIZER(text, add_special_tokens=False)["input_ids"]


@settings(deadline=None, max_examples=200)
@given(st.text())
@example("\U0002f800")  # a compatibility ideograph: its composed form is another character
@example("e\u0301")
def test_any_text_can_be_said_and_read_again(text: str) -> None:
    """Up to the normal form C, to which the tokenizer brings every text, as Qwen's does."""
    if not any(name in text for name in CONTROL):
        assert TOKENIZER.decode(tokens(text)) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize("number", [0, 1, 9, 10, 42, 99, 100, 123, CHIP_SIZE])
def test_a_number_is_one_token_wherever_it_stands(number: int) -> None:
    (alone,) = tokens(str(number))
    box = (number, number, number, number)
    assert tokens(counting.write(number)) == [alone]
    assert tokens(detection.write([box, box], "ship")).count(alone) == 8
    assert tokens(f"{number}, {number}").count(alone) == 2
    assert tokens(classification.prompt(box, CLASSES)).count(alone) == 4


def test_numbers_differ() -> None:
    assert len({tuple(tokens(str(n))) for n in range(CHIP_SIZE + 1)}) == CHIP_SIZE + 1


@pytest.mark.parametrize("label", CLASSES)
def test_prompts_are_short(label: str) -> None:
    for prompt in (counting.prompt(label), localization.prompt(label), detection.prompt(label)):
        assert len(tokens(prompt)) <= 3
    assert len(tokens(captioning.prompt())) == 1


def test_control_tokens_are_where_the_configuration_says() -> None:
    config = configuration(TOKENIZER)
    assert TOKENIZER.convert_ids_to_tokens(config.image_token_id) == "<|image_pad|>"
    assert TOKENIZER.eos_token == "<|im_end|>"
    assert config.text_config.eos_token_id == TOKENIZER.eos_token_id
    assert max(TOKENIZER.get_vocab().values()) < config.text_config.vocab_size


def test_left_and_right_can_be_told_apart() -> None:
    """The width axis turns 0.2 to 0.8 rad a token at its fastest, and no axis goes once around a chip."""
    text = configuration(TOKENIZER).text_config
    head = text.hidden_size // text.num_attention_heads
    rope = text.rope_parameters
    frequencies = [rope["rope_theta"] ** (-2 * i / head) for i in range(head // 2)]
    time, rows, _ = rope["mrope_section"]
    width = frequencies[time + rows :]
    assert 0.2 <= max(width) <= 0.8
    assert max(width) * CHIP_SIZE / 28 < 2 * 3.1416
