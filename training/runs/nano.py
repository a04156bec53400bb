"""Makes the small FUSAR-GPT from nothing: the real architecture in small shapes, and a tokenizer of its own.

Shapes follow what a small model needs: rope frequencies that tell left from right on a few tokens, a vocabulary in
which a number, and a phrase that every prompt repeats, is one token.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import AddedToken, Regex, Tokenizer, models, pre_tokenizers, trainers
from transformers import Qwen2Tokenizer
from transformers.models.qwen2.tokenization_qwen2 import PRETOKENIZE_REGEX
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from fusar_core.model.configuration import FusarGPTConfig
from fusar_core.model.modeling import FusarGPTForConditionalGeneration
from fusar_core.model.processing import CHAT_TEMPLATE, FusarGPTProcessor
from fusar_core.tasks import captioning, classification, counting, detection, localization
from training.data.tasks.question import trained_questions

CHIP_SIZE = 168
CLASSES = ("plane", "ship")
CONTROL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>")
PATCH = 14


def phrases(classes: Sequence[str] = CLASSES, size: int = CHIP_SIZE) -> list[str]:
    """What becomes one token each: the fixed parts of prompts and answers, and every number up to the chip's side."""
    mark = "\x00"
    parts = {"system\nYou are a helpful assistant.", "user\n", "assistant\n", ", ", *map(str, range(10, size + 1))}
    for prompt in (counting.prompt(mark), localization.prompt(mark), detection.prompt(mark)):
        parts.update(prompt.split(mark))
    parts.add(captioning.prompt())
    box = (901.0, 902.0, 903.0, 904.0)
    asked = classification.prompt(box, classes)
    parts.update([asked.split("901")[0], asked.split("904")[1]])
    two = detection.write([box, box], classes[0])
    parts.add(two.split("901")[0])
    for name in classes:
        written = detection.write([box, box], name)
        between = written.split("904")[1].split("901")[0]  # from one box into the next
        parts.update([between, written.split("904")[2], name])
    return sorted(p for p in parts if p)


def make_tokenizer(corpus: Sequence[str], merges: int = 400, size: int = CHIP_SIZE) -> Qwen2Tokenizer:
    """Qwen's tokenizer class over bytes, `merges` merges learnt from a corpus, and the phrases above.

    size: pixels of a chip's side, the greatest number that is one token.

    Any text can be said; what the corpus repeats is said shortly.
    """
    split = pre_tokenizers.Split(Regex(PRETOKENIZE_REGEX), "isolated")
    learner = Tokenizer(models.BPE())
    learner.pre_tokenizer = pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(False, use_regex=False)])
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=len(alphabet) + merges, initial_alphabet=alphabet, min_frequency=2, show_progress=False
    )
    learner.train_from_iterator(corpus, trainer)
    learnt = json.loads(learner.to_str())["model"]
    tokenizer = Qwen2Tokenizer(
        vocab=dict(learnt["vocab"]), merges=[tuple(m) for m in learnt["merges"]], pad_token=CONTROL[0]
    )
    tokenizer.add_special_tokens({"additional_special_tokens": list(CONTROL[1:])})
    tokenizer.add_tokens([AddedToken(p, normalized=False, special=False) for p in phrases(size=size)])
    tokenizer.eos_token = "<|im_end|>"
    return tokenizer


def configuration(tokenizer: Any, **options: Any) -> FusarGPTConfig:
    """About 5.6 million parameters: ViT 160 × 4, language model 256 × 5, TLM 64 → 128 → 512."""
    control = {name: tokenizer.convert_tokens_to_ids(name) for name in CONTROL}
    vision = {
        "depth": 4,
        "hidden_size": 160,
        "intermediate_size": 480,
        "num_heads": 4,
        "patch_size": PATCH,
        "out_hidden_size": 256,
        "fullatt_block_indexes": [0, 1, 2, 3],  # a chip is hardly larger than a window
    }
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": 256,
        "intermediate_size": 704,
        "num_hidden_layers": 5,
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
        "max_position_embeddings": 2048,
        "tie_word_embeddings": True,
        # With Qwen's base of 10⁶ a head of 32 turns by less than 2e-4 rad a token along the width: blind to it.
        "rope_parameters": {"rope_type": "default", "rope_theta": 4.0, "mrope_section": [2, 7, 7]},
        "bos_token_id": None,
        "eos_token_id": control["<|im_end|>"],
        "pad_token_id": control["<|endoftext|>"],
    }
    settings = {
        "vision_config": vision,
        "text_config": text,
        "tie_word_embeddings": True,
        "image_token_id": control["<|image_pad|>"],
        "video_token_id": len(tokenizer) + 1000,
        "vision_start_token_id": control["<|vision_start|>"],
        "vision_end_token_id": control["<|vision_end|>"],
        "fusion": "tlm",
        "prior_hidden_dim": 128,
        "prior_sigma": 1.4,
        "prior_init": "identity",
        "chip_size": CHIP_SIZE,
        "classes": list(CLASSES),
        "tasks": [],  # each stage adds those that it trains
        "demonstration": True,
        "questions": trained_questions(CLASSES),
    }
    return FusarGPTConfig(**{**settings, **options})


def make_model(directory: Path, corpus: Sequence[str], seed: int = 42, **options: Any) -> None:
    """Writes an untrained model directory: weights from `seed`, tokenizer, processor. options: of FusarGPTConfig."""
    tokenizer = make_tokenizer(corpus)
    torch.manual_seed(seed)
    model = FusarGPTForConditionalGeneration(configuration(tokenizer, **options))
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    model.save_pretrained(directory)
    FusarGPTProcessor(Qwen2VLImageProcessorPil(), tokenizer, chat_template=CHAT_TEMPLATE).save_pretrained(directory)
