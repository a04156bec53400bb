"""The length of a sample is the one the model's own processor makes of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("transformers")
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from fusar_core.errors import BadCheckpoint
from fusar_core.model.processing import CHAT_TEMPLATE, FusarGPTProcessor, conversation
from training.data.lengths import length_of_model, length_with
from training.data.triplets import Conversation, Triplet
from training.runs.nano import make_tokenizer

TALK = Conversation("count", "How many ships are there in this SAR image?", "12 ships, of which 3 are moored.", "ship")


@pytest.mark.parametrize("size", [168, 504])
def test_image_and_words_as_the_processor_counts_them(size: int) -> None:
    tokenizer = make_tokenizer(["a harbour with ships", "open sea"])
    processor = FusarGPTProcessor(Qwen2VLImageProcessorPil(), tokenizer, chat_template=CHAT_TEMPLATE)
    text = processor.apply_chat_template(conversation(TALK.question, TALK.answer))
    whole = processor(images=np.zeros((size, size), np.uint8), text=text, return_tensors="pt")
    triplet = Triplet("a", (size, size), (TALK,), image="a.png")
    assert length_with(tokenizer, size)(triplet, TALK) == whole["input_ids"].shape[1]


def test_a_directory_without_tokenizer(tmp_path: Path) -> None:
    with pytest.raises(BadCheckpoint, match="has no tokenizer"):
        length_of_model(tmp_path, 504)
