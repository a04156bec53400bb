"""How many tokens a sample takes: image, question and answer in the chat template, for the length limit of training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fusar_core.errors import BadCheckpoint
from training.data.checks import Length
from training.data.triplets import Conversation, Triplet

TOKEN_PX = 28
"""Side of the pixels behind one visual token: a patch of 14, merged 2 × 2."""


def image_tokens(side: int, token_px: int = TOKEN_PX) -> int:
    """Visual tokens of a chip that the model sees with `side` pixels."""
    return round(side / token_px) ** 2


def length_with(tokenizer: Any, chip_size: int, token_px: int = TOKEN_PX) -> Length:
    """The length of samples by a tokenizer, for `check_file`.

    tokenizer: a Hugging Face tokenizer, with a chat template of its own or without. chip_size: side of the image as the
    model sees it.
    """
    from fusar_core.model.processing import CHAT_TEMPLATE, conversation

    template = getattr(tokenizer, "chat_template", None) or CHAT_TEMPLATE
    fixed = image_tokens(chip_size, token_px) - 1  # the template holds one token in place of the image

    def length(_: Triplet, talk: Conversation) -> int:
        said = conversation(talk.question, talk.answer)
        text = tokenizer.apply_chat_template(said, chat_template=template, tokenize=False)
        return fixed + len(tokenizer(text, add_special_tokens=False)["input_ids"])

    return length


def length_of_model(model: Path, chip_size: int) -> Length:
    """The length of samples by the tokenizer of a model directory. Raises BadCheckpoint when it has none."""
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(model)
    except (OSError, ValueError) as cause:
        raise BadCheckpoint(f"{model} has no tokenizer: {cause}", "Give the directory of a model.") from cause
    return length_with(tokenizer, chip_size)
