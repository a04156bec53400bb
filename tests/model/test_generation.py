"""Greedy generation: probabilities of values, loops cut short, end tokens, settings that must not leak in."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import GenerationConfig

from fusar_core.domain.reply import Reply
from fusar_core.model.generation import (
    Row,
    Words,
    generate_rows,
    greedy_config,
    in_circles,
    token_bytes,
)


def test_a_score_is_the_geometric_mean_over_the_tokens_of_the_value():
    chances = [math.log(p) for p in (0.5, 0.1, 0.8, 0.2)]
    said = Reply("no 17", offsets=[(0, 2), (2, 3), (3, 4), (4, 5)], log_probabilities=chances)
    assert said.score((3, 5)) == pytest.approx(0.4)
    assert said.score((0, 2)) == pytest.approx(0.5)
    assert said.score((1, 4)) == pytest.approx((0.5 * 0.1 * 0.8) ** (1 / 3))
    assert said.score((9, 9)) is None


@given(
    st.lists(st.integers(0, 9), max_size=20),
    st.lists(st.integers(0, 9), min_size=1, max_size=30),
    st.integers(4, 8),
)
def test_loops_of_tokens_are_seen(before, passage, times):
    row = before + passage * max(times, -(-48 // len(passage)))
    assert in_circles(torch.tensor([row, list(range(len(row)))])).tolist() == [True, False]


def test_short_repetitions_are_no_loops():
    assert in_circles(torch.tensor([[1, 2] * 20])).tolist() == [False]
    assert in_circles(torch.zeros(3, 0, dtype=torch.long)).tolist() == [False] * 3


@pytest.fixture
def seen(model, processor, chip_image):
    """Visual tokens and grid of one chip."""
    data = processor.encode_images([chip_image(112)])
    with torch.no_grad():
        return model.model.encode_images(**data).pooler_output[0], data["image_grid_thw"]


def stuck(model, token: int):
    """A logits processor's opposite: the head's bias towards one token, as a hook to remove."""

    def push(module, args, out):
        out[..., token] += 1e4
        return out

    return model.lm_head.register_forward_hook(push)


def test_a_row_that_goes_in_circles_is_stopped_early(model, processor, seen):
    model.generation_config = greedy_config(model, processor.tokenizer)
    tokens, grid = seen
    hook = stuck(model, processor.tokenizer.convert_tokens_to_ids("G"))
    try:
        (said,) = generate_rows(model, processor, [Row("?", 400)], [tokens], grid)
    finally:
        hook.remove()
    assert said.looped
    assert not said.ended
    assert said.text == "G" * 48


def test_generation_ends_with_the_end_token_and_does_not_say_it(model, processor, seen):
    model.generation_config = greedy_config(model, processor.tokenizer)
    tokens, grid = seen
    hook = stuck(model, processor.tokenizer.eos_token_id)
    try:
        (said,) = generate_rows(model, processor, [Row("?", 400)], [tokens], grid)
    finally:
        hook.remove()
    assert (said.text, said.ended, said.looped) == ("", True, False)


def test_offsets_follow_the_text_even_where_a_character_takes_several_tokens(model, processor, seen):
    """Three tokens to a Chinese character: each of them belongs to it."""
    model.generation_config = greedy_config(model, processor.tokenizer)
    tokens, grid = seen
    script = [*processor.tokenizer("三艘 ships")["input_ids"], processor.tokenizer.eos_token_id]
    step = iter(script)

    def recite(module, args, out):
        out[:] = 0.0
        out[..., next(step)] = 50.0
        return out

    hook = model.lm_head.register_forward_hook(recite)
    try:
        (said,) = generate_rows(model, processor, [Row("?", 40)], [tokens], grid)
    finally:
        hook.remove()
    assert said.text == "三艘 ships"
    assert len(said.offsets) == len(script) - 1
    assert said.offsets[0] == (0, 1)
    assert said.score((0, 1)) == pytest.approx(1.0)
    for start, end in said.offsets:
        assert 0 <= start < end <= len(said.text)
    assert {i for a, b in said.offsets for i in range(a, b)} == set(range(len(said.text)))


def test_sampling_settings_of_a_checkpoint_do_not_leak_in(tiny, processor):
    """Qwen's own generation_config.json samples and penalises repetition; boxes repeat themselves by nature."""
    model = tiny.model()
    model.generation_config = GenerationConfig(
        do_sample=True, temperature=0.1, repetition_penalty=1.05, top_p=0.001, eos_token_id=[7, 8]
    )
    config = greedy_config(model, processor.tokenizer)
    assert config.do_sample is False
    assert config.repetition_penalty in (None, 1.0)
    assert config.eos_token_id == [7, 8, processor.tokenizer.eos_token_id]


def answered(model, processor, seen, *rows):
    model.generation_config = greedy_config(model, processor.tokenizer)
    tokens, grid = seen
    return generate_rows(model, processor, rows, [tokens] * len(rows), grid.repeat(len(rows), 1))


def test_each_row_keeps_to_its_own_budget_and_ends_when_it_ends(model, processor, seen):
    """Random weights never end by themselves; a short row is handed over while a long one goes on."""
    order, heard = [], []
    rows = [
        Row("?", 12, on_end=lambda said: order.append(("long", len(said.offsets)))),
        Row("?", 3, on_end=lambda said: order.append(("short", len(said.offsets), len(heard)))),
        Row("?", 12, on_token=lambda token, chance: heard.append(token)),
    ]
    long, short, same = answered(model, processor, seen, *rows)
    assert order[0][:2] == ("short", 3)
    assert order[0][2] < 12
    assert order[1] == ("long", 12)
    assert not short.ended
    assert long.text == same.text
    assert long.text.startswith(short.text)
    assert len(heard) == 12


def test_a_row_that_is_cancelled_leaves_the_others_as_they_are(model, processor, seen):
    steps = iter([False] * 3 + [True] * 99)
    gone, kept = answered(model, processor, seen, Row("Why?", 9, cancelled=lambda: next(steps)), Row("?", 9))
    (alone,) = answered(model, processor, seen, Row("?", 9))
    assert gone is None
    assert kept.text == alone.text


def test_draws_depend_on_the_seed_alone(model, processor, seen):
    hot = [Row("?", 8, temperature=1.5, seed=seed) for seed in (1, 2, 1)]
    first, second, again = answered(model, processor, seen, *hot)
    (alone,) = answered(model, processor, seen, hot[1])
    assert first.text == again.text != second.text
    assert alone.text == second.text
    greedy, beside = answered(model, processor, seen, Row("?", 8), hot[0])
    assert (greedy.text, beside.text) == (answered(model, processor, seen, Row("?", 8))[0].text, first.text)


def test_draws_follow_the_probabilities_and_top_p_cuts_the_tail(model, processor, seen):
    """One token drawn 300 times: how often each comes is how likely it is, and the log-probability says so too."""

    def three(module, args, out):
        out[:] = -1e4
        out[..., 40:43] = torch.tensor([0.6, 0.3, 0.1]).log()
        return out

    hook = model.lm_head.register_forward_hook(three)
    try:
        drawn, cut = [], []
        for start in range(0, 300, 100):
            seeds = range(start, start + 100)
            for top_p, found in ((1.0, drawn), (0.8, cut)):
                rows = [
                    Row("?", 1, 1.0, top_p, seed, on_token=lambda t, c, found=found: found.append((t, c)))
                    for seed in seeds
                ]
                answered(model, processor, seen, *rows)
    finally:
        hook.remove()
    shares = [sum(t == token for t, _ in drawn) / 300 for token in (40, 41, 42)]
    assert shares == pytest.approx([0.6, 0.3, 0.1], abs=0.09)
    assert {t for t, _ in cut} == {40, 41}
    assert {t: round(math.exp(c), 4) for t, c in drawn} == {40: 0.6, 41: 0.3, 42: 0.1}


@given(st.text(max_size=40))
def test_tokens_are_bytes_and_words_come_in_whole_characters(processor, text):
    tokenizer, pieces = processor.tokenizer, []
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    assert b"".join(token_bytes(tokenizer, i) for i in ids).decode() == tokenizer.decode(ids)
    words = Words(tokenizer, pieces.append)
    for token in ids:
        words.take(token)
    words.end()
    assert "".join(pieces) == tokenizer.decode(ids)
    assert "�" not in "".join(pieces)
    assert token_bytes(tokenizer, tokenizer.eos_token_id) == b""
    assert token_bytes(tokenizer, 10**6) == b""
