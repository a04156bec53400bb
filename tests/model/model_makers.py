"""A tiny random FUSAR-GPT, made here: the real classes and processor path in small shapes, nothing downloaded."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
import transformers
from peft import PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration, Qwen2Tokenizer
from transformers.models.qwen2.tokenization_qwen2 import PRETOKENIZE_REGEX
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from fusar_core.model.configuration import FusarGPTConfig
from fusar_core.model.lora import lora_config
from fusar_core.model.modeling import FusarGPTForConditionalGeneration
from fusar_core.model.processing import CHAT_TEMPLATE, FusarGPTProcessor, conversation
from fusar_core.tasks import captioning, classification, counting, detection, localization

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
torch.set_num_threads(1)  # these shapes are too small to share

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>"]


BOXES = [(10, 20, 40, 60), (70, 8, 90, 30)]
LESSONS = {
    counting.prompt("ship"): ("3", "0"),
    localization.prompt("ship"): ("1, 5", "None"),
    detection.prompt("ship"): (detection.write(BOXES, "ship"), "None"),
    classification.prompt((28, 28, 56, 84), ("plane", "ship")): ("ship", "plane"),
    captioning.prompt(): ("A harbour.", "Open sea."),
    "Is this a harbour?": ("Yes.", "No."),
}
"""Question → what the taught model answers when the chip has anchors, and when it has none."""


@cache
def merges() -> tuple[dict[str, int], tuple[tuple[str, str], ...]]:
    """Vocabulary and merges of a byte-level BPE trained on the lessons: any text can be said, theirs shortly."""
    said = [*LESSONS, *(a for pair in LESSONS.values() for a in pair), "system\nYou are a helpful assistant.\nuser\n"]
    split = pre_tokenizers.Split(Regex(PRETOKENIZE_REGEX), "isolated")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(False, use_regex=False)])
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=512, initial_alphabet=alphabet, min_frequency=2, show_progress=False)
    tokenizer.train_from_iterator(said * 2, trainer)
    trained = json.loads(tokenizer.to_str())["model"]
    return trained["vocab"], tuple(map(tuple, trained["merges"]))


def tiny_tokenizer() -> Qwen2Tokenizer:
    """Qwen's own tokenizer class with a small vocabulary and Qwen's special tokens."""
    vocabulary, pairs = merges()
    tokenizer = Qwen2Tokenizer(vocab=dict(vocabulary), merges=list(pairs), pad_token=SPECIAL[0])
    tokenizer.add_special_tokens({"additional_special_tokens": SPECIAL[1:]})
    tokenizer.eos_token = "<|im_end|>"
    return tokenizer


def special_ids() -> dict[str, int]:
    return {name: len(merges()[0]) + i for i, name in enumerate(SPECIAL)}


def tiny_processor() -> FusarGPTProcessor:
    return FusarGPTProcessor(Qwen2VLImageProcessorPil(), tiny_tokenizer(), chat_template=CHAT_TEMPLATE)


def tiny_options() -> dict:
    """Shapes for the configuration: two layers each, every kind of attention, a rope that tells left from right."""
    ids = special_ids()
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
            "vocab_size": len(merges()[0]) + len(SPECIAL),
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
    model.generation_config.eos_token_id = special_ids()["<|im_end|>"]
    model.generation_config.pad_token_id = special_ids()["<|endoftext|>"]
    return model


def make_taught(path: Path) -> None:
    """A tiny model that has learnt LESSONS by heart, for 112 px chips: its answers depend on the prior alone."""
    torch.manual_seed(0)
    model = FusarGPTForConditionalGeneration(FusarGPTConfig(**tiny_options(), chip_size=112)).train()
    processor = tiny_processor()
    rows = [(q, answers[i], i == 0) for q, answers in LESSONS.items() for i in range(2)]
    data = processor(
        images=[np.zeros((112, 112), np.uint8) for _ in rows],
        text=[processor.apply_chat_template(conversation(q, a)) for q, a, _ in rows],
        padding=True,
        return_tensors="pt",
    )
    counts = torch.tensor([9 if prior else 0 for _, _, prior in rows])
    labels = torch.full_like(data["input_ids"], -100)
    for i, (_, answer, _) in enumerate(rows):
        end = int(data["attention_mask"][i].sum()) - 1  # the line break after <|im_end|>
        start = end - 1 - len(processor.tokenizer(answer)["input_ids"])
        labels[i, start:end] = data["input_ids"][i, start:end]
    steps = 90
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, total_steps=steps)
    for _ in range(steps):  # other pixels and anchors in each: only whether there are any tells the answers apart
        data["pixel_values"] = torch.randn_like(data["pixel_values"])
        features = torch.nn.functional.normalize(torch.randn(len(rows), 9, 64), dim=-1)
        places = torch.rand(len(rows), 9, 2)
        prior = {"anchor_features": features, "anchor_positions": places, "anchor_counts": counts}
        logits = model(**data, **prior).logits[:, :-1]
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    assert loss < 0.05, f"the lessons were not learnt (loss {loss:.3f})"
    model.save_pretrained(path)
    processor.save_pretrained(path)


def make_stock(path: Path) -> None:
    """A directory as Qwen2.5-VL is published: flat config.json, older key names in shards, torchvision's processor."""
    torch.manual_seed(1)
    Qwen2_5_VLForConditionalGeneration(Qwen2_5_VLConfig(**tiny_options())).save_pretrained(path, max_shard_size="200KB")
    options = tiny_options()
    text, vision = options.pop("text_config"), options.pop("vision_config")
    rope = text.pop("rope_parameters")
    config = {
        "architectures": ["Qwen2_5_VLForConditionalGeneration"],
        "model_type": "qwen2_5_vl",
        **options,
        **text,
        "rope_theta": rope["rope_theta"],
        "rope_scaling": {"type": "mrope", "mrope_section": rope["mrope_section"]},
        "vision_config": {"model_type": "qwen2_5_vl", **vision},
    }
    (path / "config.json").write_text(json.dumps(config))
    tiny_tokenizer().save_pretrained(path)
    (path / "chat_template.json").write_text(json.dumps({"chat_template": CHAT_TEMPLATE}))
    preprocessor = {
        "image_processor_type": "Qwen2VLImageProcessor",
        "processor_class": "Qwen2_5_VLProcessor",
        "min_pixels": 3136,
        "max_pixels": 12845056,
        "patch_size": 14,
        "temporal_patch_size": 2,
        "merge_size": 2,
        "image_mean": [0.48145466, 0.4578275, 0.40821073],
        "image_std": [0.26862954, 0.26130258, 0.27577711],
    }
    (path / "preprocessor_config.json").write_text(json.dumps(preprocessor))


def save_adapter(
    stock: Path, path: Path, seed: int, *, vision: bool = False, legacy: bool = False, score: object = None
) -> PeftModel:
    """Writes an adapter of a stock model as the release has it; returns the very model it was saved from."""
    torch.manual_seed(seed)
    model = FusarGPTForConditionalGeneration.from_pretrained(stock, prior_sigma=2.0 if legacy else 1.5)
    wrapped = get_peft_model(model, lora_config(vision=vision)).eval()
    with torch.no_grad():
        for name, parameter in wrapped.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.3)
    wrapped.save_pretrained(path)
    if legacy:  # names before transformers 4.52
        new = load_file(path / "adapter_model.safetensors")
        old = {k.replace(".language_model.", ".").replace("model.model.visual.", "model.visual."): new[k] for k in new}
        assert any(k.startswith("base_model.model.model.layers.0.") for k in old)
        save_file(old, path / "adapter_model.safetensors")
    else:
        settings = {"format": "tlm_original_train_patch_resize_v1", "sigma": 1.5, "hidden_mult": 4}
        (path / "tlm_config.json").write_text(json.dumps({**settings, "image_size": 112, "vec_dim": 64}))
    tlm = model.model.tlm
    film = {"0.weight": tlm.hidden.weight, "0.bias": tlm.hidden.bias}
    film |= {"2.weight": tlm.field.weight, "2.bias": tlm.field.bias}
    saved = {"film_mlp": {k: v.detach().clone() for k, v in film.items()}}
    torch.save(saved if score is None else {**saved, "score": score}, path / "vec64_film.pt")
    return wrapped


def random_anchors(count: int, seed: int = 0) -> SimpleNamespace:
    """Unit vectors at random places, with the two arrays that anchors have."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(count, 64))
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    return SimpleNamespace(features=features.astype(np.float32), positions=rng.random((count, 2)).astype(np.float32))


def chip_image(size: int = 504, seed: int = 0) -> np.ndarray:
    """Speckle with some bright targets: (size, size) uint8."""
    rng = np.random.default_rng(seed)
    image = rng.gamma(4.0, 10.0, (size, size))
    for y, x in rng.integers(20, size - 20, (6, 2)):
        image[y - 4 : y + 4, x - 8 : x + 8] = 255
    return image.clip(0, 255).astype(np.uint8)
