"""FUSAR-GPT as a transformers model: where and when the prior acts, positions, loading, saving, the 7B shapes."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForImageTextToText,
    AutoProcessor,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
)

from fusar_core.errors import BadCheckpoint
from fusar_core.model.configuration import FusarGPTConfig
from fusar_core.model.lora import lora_config, lora_targets
from fusar_core.model.modeling import FusarGPTForConditionalGeneration, FusarGPTModel
from fusar_core.model.processing import conversation


def inputs(processor, images, questions, anchors=None):
    """A left-padded batch ready for the model."""
    text = [processor.apply_chat_template(conversation(q), add_generation_prompt=True) for q in questions]
    return processor(images=images, text=text, anchors=anchors, padding=True, padding_side="left", return_tensors="pt")


@pytest.fixture(scope="module")
def batch(processor, chip_image, anchors):
    return inputs(processor, [chip_image(112)], ["How many ships?"], [anchors(9)])


@pytest.mark.parametrize("shape", [(504, 504), (448, 448), (448, 504)])
def test_identity_at_zero_init_is_exact(tiny, stock, processor, chip_image, anchors, shape):
    """Anchors through an untrained identity TLM change no bit of the stock model's logits."""
    ours = FusarGPTForConditionalGeneration.from_pretrained(stock, prior_init="identity").eval()
    theirs = Qwen2_5_VLForConditionalGeneration.from_pretrained(stock).eval()
    image = chip_image(504)[: shape[0], : shape[1]]
    data = inputs(processor, [image], ["Where?"], [anchors(30)])
    plain = {k: v for k, v in data.items() if not k.startswith("anchor")}
    with torch.no_grad():
        assert torch.equal(ours(**data).logits, theirs(**plain).logits)


@pytest.mark.parametrize("size", [504, 448])
def test_tokens_come_in_raster_order(model, processor, size):
    """504 px gives 18 × 18 tokens, no multiple of the attention window's 4: the window order must not leak out."""
    side = size // 28
    cells = [(0, 0), (1, side - 1), (side - 2, 5), (side // 2, 1)]
    images = [np.zeros((size, size), np.uint8) for _ in range(5)]
    for image, (row, column) in zip(images[1:], cells, strict=True):
        image[row * 28 : row * 28 + 28, column * 28 : column * 28 + 28] = 255
    with torch.no_grad():
        quiet, *lit = model.model.encode_images(**processor.encode_images(images)).pooler_output
    for tokens, (row, column) in zip(lit, cells, strict=True):
        assert (tokens - quiet).norm(dim=1).argmax().item() == row * side + column


def test_an_anchor_touches_the_tokens_around_it(tiny, processor, chip_image):
    """An anchor at y = 0.9, x = 0.2 of 504 × 448 px: near tokens change as eq. 11 says, far ones not at all."""
    model = tiny.model(prior_sigma=0.5)
    data = processor.encode_images([chip_image(504)[:, :448]])
    feature, position = torch.ones(1, 64), torch.tensor([[0.9, 0.2]])
    with torch.no_grad():
        raw = model.model.encode_images(**data).pooler_output[0]
        out = model.model.get_image_features(
            **data, anchor_features=feature[None], anchor_positions=position[None]
        ).pooler_output[0]
        expected = model.model.tlm(raw, feature, position, (36, 32))
    assert torch.equal(out, expected)
    touched = (out != raw).any(1).reshape(18, 16)
    rows, columns = (torch.arange(n) * 2 + 0.5 for n in (18, 16))  # centres of the tokens, in patches
    distance = torch.hypot((rows - 0.9 * 35)[:, None], (columns - 0.2 * 31)[None])
    assert touched[distance < 1.5].all()
    assert not touched[distance > 9].any()


@pytest.mark.parametrize(
    "options",
    [{}, {"num_beams": 3}, {"do_sample": True, "num_return_sequences": 3}, {"prefill_chunk_size": 10}],
    ids=["greedy", "beams", "samples", "chunked prefill"],
)
def test_generate_brings_the_prior_in_exactly_once(model, batch, options):
    calls = []
    hook = model.model.tlm.register_forward_hook(lambda module, args, out: calls.append(len(args[0])))
    try:
        out = model.generate(**batch, max_new_tokens=6, min_new_tokens=6, **options)
    finally:
        hook.remove()
    assert calls == [1]
    assert out.shape[1] == batch["input_ids"].shape[1] + 6


def test_generate_says_what_forward_says_step_by_step(model, batch):
    """Greedy with the cache equals taking the arg max of whole forward passes: the prior is in the prefill."""
    answer = model.generate(**batch, max_new_tokens=5, min_new_tokens=5, do_sample=False)[0]
    start = batch["input_ids"].shape[1]
    extra = {k: v for k, v in batch.items() if k not in ("input_ids", "attention_mask", "mm_token_type_ids")}
    with torch.no_grad():
        logits = model(input_ids=answer[None], **extra).logits[0]
    assert torch.equal(logits[start - 1 : -1].argmax(-1), answer[start:])


def test_the_prior_changes_the_answer(model, batch):
    bare = {k: v for k, v in batch.items() if not k.startswith("anchor")}
    with torch.no_grad():
        assert (model(**batch).logits - model(**bare).logits).abs().max() > 0.01


def test_an_image_without_a_prior_in_a_batch_is_left_alone(model, processor, chip_image, anchors):
    data = inputs(processor, [chip_image(112), chip_image(112, 1)], ["a", "b"], [anchors(4), None])
    assert data["anchor_counts"].tolist() == [4, 0]
    vision = {k: data[k] for k in ("pixel_values", "image_grid_thw")}
    prior = {k: v for k, v in data.items() if k.startswith("anchor")}
    with torch.no_grad():
        raw = model.model.encode_images(**vision).pooler_output
        out = model.model.get_image_features(**vision, **prior).pooler_output
    assert not torch.equal(raw[0], out[0])
    assert torch.equal(raw[1], out[1])


@pytest.mark.parametrize("given", [True, False], ids=["token types given", "token types left out"])
@pytest.mark.parametrize("through", ["forward", "generate"])
def test_positions_stay_three_dimensional(model, batch, given, through):
    """Since 5.3 the library takes one-dimensional positions without a word when mm_token_type_ids are left out."""
    data = dict(batch) if given else {k: v for k, v in batch.items() if k != "mm_token_type_ids"}
    seen = []
    rotary = model.model.language_model.rotary_emb
    hook = rotary.register_forward_pre_hook(
        lambda module, args, kwargs: seen.append(kwargs.get("position_ids", args[-1])), with_kwargs=True
    )
    try:
        with torch.no_grad():
            model(**data) if through == "forward" else model.generate(**data, max_new_tokens=2, min_new_tokens=2)
    finally:
        hook.remove()
    start = int((batch["input_ids"][0] == model.config.image_token_id).nonzero()[0])
    time, row, column = seen[0][:, 0, start : start + 16]
    assert time.tolist() == [start] * 16
    assert row.tolist() == [start + i // 4 for i in range(16)]
    assert column.tolist() == [start + i % 4 for i in range(16)]
    after = seen[0][:, 0, start + 16].tolist()
    assert after == [start + 4] * 3
    if through == "generate":  # the next token goes on from there, not from the number of tokens
        last = seen[0][:, 0, -1]
        assert seen[1][:, 0, -1].tolist() == (last + 1).tolist()


def test_left_padding_changes_nothing(model, processor, chip_image, anchors):
    images = [chip_image(112, i) for i in range(2)]
    questions = ["Ships?", "How many aircraft are parked here, and where?"]
    together = inputs(processor, images, questions, [anchors(5), anchors(40, 1)])
    both = model.generate(**together, max_new_tokens=6, min_new_tokens=6, do_sample=False)[:, -6:]
    for i in range(2):
        alone = inputs(processor, [images[i]], [questions[i]], [anchors((5, 40)[i], i)])
        one = model.generate(**alone, max_new_tokens=6, min_new_tokens=6, do_sample=False)[:, -6:]
        assert torch.equal(both[i], one[0])


def test_training_reaches_the_prior_and_checkpointing_changes_no_gradient(tiny, batch):
    gradients = []
    for checkpointing in (False, True):
        model = tiny.model().train()
        if checkpointing:
            model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        model(**batch, labels=batch["input_ids"]).loss.backward()
        gradients.append({n: p.grad for n, p in model.named_parameters()})
    assert all(g is not None for g in gradients[0].values())
    assert gradients[0]["model.tlm.field.weight"].abs().sum() > 0
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradients[1][name], gradient, rtol=1e-4, atol=1e-6, msg=name)


def test_sdpa_and_eager_attention_agree(tiny, batch):
    model = tiny.model()
    with torch.no_grad():
        sdpa = model(**batch).logits
        model.set_attn_implementation("eager")
        eager = model(**batch).logits
    torch.testing.assert_close(sdpa, eager, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("fusion", ["tlm", "sum", "concat", "none"])
def test_save_and_load_keep_every_bit(tiny, tmp_path, batch, fusion):
    model = tiny.model(fusion=fusion, prior_sigma=1.5, prior_grid="merged", classes=["ship"])
    model.save_pretrained(tmp_path)
    assert not list(tmp_path.glob("*.bin"))
    again = AutoModelForImageTextToText.from_pretrained(tmp_path).eval()
    assert type(again) is FusarGPTForConditionalGeneration
    assert again.config.prior_sigma == 1.5
    assert again.config.classes == ["ship"]
    for (name, a), b in zip(model.state_dict().items(), again.state_dict().values(), strict=True):
        assert torch.equal(a, b), name
    with torch.no_grad():
        assert torch.equal(model(**batch).logits, again(**batch).logits)


@pytest.mark.parametrize("kind", ["checkpoint", "stock"])
def test_rope_survives_saving(kind, request):
    """A small head needs a small base: with Qwen's 10⁶ left and right would look alike."""
    model = FusarGPTForConditionalGeneration.from_pretrained(request.getfixturevalue(kind))
    assert model.config.text_config.rope_parameters["mrope_section"] == [2, 2, 2]
    turns = model.model.language_model.rotary_emb.inv_freq
    torch.testing.assert_close(turns, 4.0 ** -(torch.arange(6) / 6))


def test_auto_classes_know_ours(checkpoint):
    assert type(AutoConfig.from_pretrained(checkpoint)) is FusarGPTConfig
    base, info = AutoModel.from_pretrained(checkpoint, output_loading_info=True)
    assert type(base) is FusarGPTModel
    assert not info["missing_keys"]
    assert type(AutoProcessor.from_pretrained(checkpoint)).__name__ == "FusarGPTProcessor"


def test_a_stock_directory_lacks_the_tlm_and_nothing_else(stock):
    published = json.loads((stock / "model.safetensors.index.json").read_text())["weight_map"]
    assert {k.split(".")[0] for k in published} == {"visual", "model", "lm_head"}  # the older names
    assert not any("language_model" in k for k in published)
    model, info = FusarGPTForConditionalGeneration.from_pretrained(stock, output_loading_info=True)
    assert info["missing_keys"] == {
        f"model.tlm.{layer}.{p}" for layer in ("hidden", "field") for p in ("weight", "bias")
    }
    assert not info["unexpected_keys"]
    assert not info["mismatched_keys"]
    theirs = Qwen2_5_VLForConditionalGeneration.from_pretrained(stock).state_dict()
    ours = model.state_dict()
    assert all(torch.equal(ours[k], v) for k, v in theirs.items())
    # fresh, initialised as TLM is, not as the library initialises linear layers (std 0.02)
    assert model.model.tlm.hidden.weight.std().item() == pytest.approx(64**-0.5 / 3**0.5, rel=0.1)
    assert model.config.model_type == "fusar_gpt"


def test_another_architecture_is_refused(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    with pytest.raises(BadCheckpoint, match="'llama'"):
        FusarGPTForConditionalGeneration.from_pretrained(tmp_path)


def test_anchors_must_be_as_many_as_images(model, batch):
    wrong = {**batch, "anchor_features": torch.zeros(2, 3, 64), "anchor_positions": torch.zeros(2, 3, 2)}
    with pytest.raises(ValueError, match="anchors of 2 images"):
        model(**wrong)


CONFIG_7B = {
    "vision_config": {
        "depth": 32,
        "hidden_size": 1280,
        "intermediate_size": 3420,
        "num_heads": 16,
        "out_hidden_size": 3584,
    },
    "text_config": {
        "vocab_size": 152064,
        "hidden_size": 3584,
        "intermediate_size": 18944,
        "num_hidden_layers": 28,
        "num_attention_heads": 28,
        "num_key_value_heads": 4,
        "rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [16, 24, 24]},
    },
}


def test_the_7b_configuration_on_the_meta_device():
    """Counts of the published Qwen2.5-VL-7B-Instruct (8,292,166,656 parameters in 729 tensors) plus the TLM's."""
    with torch.device("meta"):
        ours = FusarGPTForConditionalGeneration(FusarGPTConfig(**CONFIG_7B))
        theirs = Qwen2_5_VLForConditionalGeneration(Qwen2_5_VLConfig(**CONFIG_7B))
    tlm = sum(p.numel() for p in ours.model.tlm.parameters())
    assert tlm == 103_699_456
    assert sum(p.numel() for p in theirs.parameters()) == 8_292_166_656
    assert sum(p.numel() for p in ours.parameters()) == 8_292_166_656 + tlm
    keys = set(ours.state_dict())
    assert len(theirs.state_dict()) == 729
    assert keys - set(theirs.state_dict()) == {
        "model.tlm.hidden.weight",
        "model.tlm.hidden.bias",
        "model.tlm.field.weight",
        "model.tlm.field.bias",
    }
    assert set(theirs.state_dict()) <= keys
    assert ours.model.tlm.field.weight.shape == (7168, 14336)


def lora_modules(peft_model):
    return {n.removeprefix("base_model.model.") for n, m in peft_model.named_modules() if hasattr(m, "lora_A")}


@pytest.mark.parametrize("vision", [False, True])
def test_lora_takes_the_language_model_and_the_vit_only_when_asked(tiny, vision):
    from peft import get_peft_model

    wrapped = lora_modules(get_peft_model(tiny.model(), lora_config(vision=vision)))
    language = {n for n in wrapped if ".language_model.layers." in n}
    assert len(language) == 2 * 7
    assert wrapped - language == ({n for n in wrapped if ".visual." in n} if vision else set())
    linear_vit = 2 * 5 + 2  # two blocks of qkv, proj, gate, up, down, and the merger's two
    assert len(wrapped - language) == (linear_vit if vision else 0)


def test_all_linear_of_peft_never_takes_the_prior_branch(tiny):
    from peft import LoraConfig, get_peft_model

    everything = lora_modules(get_peft_model(tiny.model(), LoraConfig(target_modules="all-linear")))
    assert everything
    assert not any(".tlm" in n for n in everything)
    excluded = LoraConfig(target_modules="all-linear", exclude_modules=r".*visual.*")
    assert lora_modules(get_peft_model(tiny.model(), excluded)) == lora_modules(
        get_peft_model(tiny.model(), LoraConfig(target_modules=lora_targets()))
    )


def test_stage_one_trains_lora_and_tlm(tiny, batch):
    from peft import get_peft_model

    model = get_peft_model(tiny.model(), lora_config(train_prior=True))
    trained = {n for n, p in model.named_parameters() if p.requires_grad}
    assert all("lora_" in n or ".tlm.modules_to_save." in n for n in trained)
    assert sum(".tlm." in n for n in trained) == 4
    model(**batch, labels=batch["input_ids"]).loss.backward()
    tlm = [p for n, p in model.named_parameters() if ".tlm.modules_to_save." in n]
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in tlm)
