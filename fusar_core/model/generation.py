"""Generation with what an answer needs beside its text: a probability for every token, loops cut short, a stop between
tokens, and text as it comes; greedy unless a row asks for something else."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import torch
from torch import Tensor
from transformers import GenerationConfig, StoppingCriteria, StoppingCriteriaList
from transformers.modeling_outputs import BaseModelOutputWithPooling

from fusar_core.domain.reply import Reply
from fusar_core.errors import PromptTooLong

LOOP_TOKENS = 64
LOOP_TIMES = 4
CHECK_EVERY = 16
"""A row whose last LOOP_TIMES periods of at most LOOP_TOKENS tokens are equal is stopped; asked every CHECK_EVERY."""


@dataclass(frozen=True)
class Row:
    """One question of a batch, and how it is to be answered.

    budget: most tokens. temperature: 0 is greedy; else tokens are drawn, from the likeliest that together have the
    probability top_p, by a generator of this seed. cancelled: asked between tokens. on_token: gets each token's id and
    log-probability as it comes. on_end: gets the whole as soon as this row has ended, however long others go on.
    """

    question: str
    budget: int
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    cancelled: Callable[[], bool] = lambda: False
    on_token: Callable[[int, float], None] | None = None
    on_end: Callable[[Reply], None] | None = None


class _Rows(StoppingCriteria):
    """Follows the rows of a batch from token to token, and ends each where it has to end.

    Also the logits processor that draws tokens where a temperature asks for it and notes the log-probability, at
    temperature 1, of the token that is taken; keeps no logits.
    """

    def __init__(self, rows: Sequence[Row], prompt_length: int, tokenizer: Any, ends: set[int]) -> None:
        self.rows, self.prompt_length, self.tokenizer, self.ends = rows, prompt_length, tokenizer, ends
        self.said: list[Reply | None] = [None] * len(rows)
        self.running = dict(enumerate(rows))
        self._ids: list[list[int]] = [[] for _ in rows]
        self._chances: list[list[float]] = [[] for _ in rows]
        self._latest: Tensor | None = None
        self._noise = {i: torch.Generator().manual_seed(r.seed) for i, r in enumerate(rows) if r.temperature > 0}

    def choose(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """Logits (N, V) whose greatest is the token to take, as a logits processor."""
        scores = scores.float()
        chances = scores.log_softmax(-1)
        if not self._noise:
            self._latest = chances.amax(-1)
            return scores
        scores = scores.clone()
        for i, generator in self._noise.items():
            row = self.rows[i]
            scores[i] = _perturbed(scores[i] / row.temperature, row.top_p, generator)
        self._latest = chances.gather(-1, scores.argmax(-1, keepdim=True))[:, 0]
        return scores

    def __call__(self, input_ids: Tensor, scores: Any, **kwargs: Any) -> Tensor:
        said = input_ids[:, self.prompt_length :]
        length = said.shape[1]
        ids, chances = said[:, -1].tolist(), self._latest.tolist()  # type: ignore[union-attr]
        loops = in_circles(said).tolist() if length % CHECK_EVERY == 0 else None
        for i, row in list(self.running.items()):
            if row.cancelled():
                del self.running[i]
                continue
            ended = ids[i] in self.ends
            if not ended:
                self._ids[i].append(ids[i])
                self._chances[i].append(chances[i])
                if row.on_token:
                    row.on_token(ids[i], chances[i])
            looped = bool(loops and loops[i]) and not ended
            if ended or looped or length >= row.budget:
                self._end(i, ended, looped)
        over = [i not in self.running for i in range(len(self.rows))]
        return torch.tensor(over, device=input_ids.device)

    def _end(self, i: int, ended: bool, looped: bool) -> None:
        row = self.running.pop(i)
        said = self.said[i] = _reply(self.tokenizer, self._ids[i], self._chances[i], ended, looped)
        if row.on_end:
            row.on_end(said)


def _perturbed(scores: Tensor, top_p: float, generator: torch.Generator) -> Tensor:
    """Scores (V,) whose greatest is a random draw from softmax(scores), or from its likeliest part: the Gumbel trick,
    which leaves the choice itself to greedy decoding."""
    if top_p < 1:
        ordered, places = scores.softmax(-1).sort(descending=True)
        left_out = ordered.cumsum(-1) - ordered >= top_p
        scores = scores.masked_fill(left_out.gather(-1, places.argsort()), float("-inf"))
    uniform = torch.rand(scores.shape, generator=generator, dtype=torch.float64).clamp_(1e-300, 1 - 1e-16)
    return scores - (-uniform.log()).log().to(scores.device, scores.dtype)


def in_circles(tokens: Tensor) -> Tensor:
    """Which rows of (N, L) token ids end in LOOP_TIMES repetitions of a passage, over at least 3 × CHECK_EVERY."""
    loops = torch.zeros(len(tokens), dtype=torch.bool, device=tokens.device)
    length = tokens.shape[1]
    for period in range(1, min(LOOP_TOKENS, length // LOOP_TIMES) + 1):
        span = max(LOOP_TIMES * period, 3 * CHECK_EVERY)
        if span <= length:
            tail = tokens[:, -span:]
            loops |= (tail[:, period:] == tail[:, :-period]).all(1)
    return loops


def greedy_config(model: Any, tokenizer: Any) -> GenerationConfig:
    """Greedy decoding with the end tokens of the checkpoint, and none of the sampling settings it may come with."""
    ends = model.generation_config.eos_token_id
    ends = ends if isinstance(ends, list) else [ends]
    ends = [e for e in dict.fromkeys([*ends, tokenizer.eos_token_id]) if e is not None]
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else ends[0]
    return GenerationConfig(do_sample=False, num_beams=1, eos_token_id=ends, pad_token_id=pad)


@torch.inference_mode()
def generate_rows(
    model: Any, processor: Any, rows: Sequence[Row], tokens: Sequence[Tensor], grids: Tensor
) -> list[Reply | None]:
    """What is said in each row of one batch, each answered in its own way; None where it was cancelled.

    tokens: per row the visual tokens (T, C) of its image, prior included. grids: (N, 3) image_grid_thw.

    Raises PromptTooLong.
    """
    device = model.device
    prompt = processor.encode_prompts([row.question for row in rows], grids)
    context = model.config.text_config.max_position_embeddings
    lengths = prompt["attention_mask"].sum(1).tolist()
    check_length(max(lengths), context)
    rows = [replace(row, budget=min(row.budget, context - n)) for row, n in zip(rows, lengths, strict=True)]
    length = prompt["input_ids"].shape[1]
    follower = _Rows(rows, length, processor.tokenizer, set(model.generation_config.eos_token_id))
    model.generate(
        **{name: tensor.to(device) for name, tensor in prompt.items()},
        image_grid_thw=grids.to(device),
        mm_encoder_outputs={"image": BaseModelOutputWithPooling(pooler_output=tuple(tokens))},
        max_new_tokens=max(row.budget for row in rows),
        logits_processor=[follower.choose],
        stopping_criteria=StoppingCriteriaList([follower]),
    )
    return follower.said


def check_length(length: int, context: int) -> None:
    """Raises PromptTooLong when image and question, of so many tokens, leave no room for an answer."""
    if length + 1 > context:
        raise PromptTooLong(
            f"The image and the question take {length} tokens; the model's context holds {context}.",
            "Shorten the question.",
        )


class Words:
    """Text from tokens as they come, whole characters only."""

    def __init__(self, tokenizer: Any, on_text: Callable[[str], None]) -> None:
        self._tokenizer, self._on_text = tokenizer, on_text
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def take(self, token: int) -> None:
        """Adds a token. What it completes is passed on; bytes of a character that is not whole yet are held back."""
        self._give(self._decoder.decode(token_bytes(self._tokenizer, token)))

    def end(self) -> None:
        """To be called after the last token: a character that never became whole comes as U+FFFD."""
        self._give(self._decoder.decode(b"", final=True))

    def _give(self, text: str) -> None:
        if text:
            self._on_text(text)


def token_bytes(tokenizer: Any, token: int) -> bytes:
    """The bytes a token stands for in an answer, which may be a part of a character; none for control tokens."""
    added = tokenizer.added_tokens_decoder.get(token)
    if added is not None:
        return b"" if added.special else str(added.content).encode()
    name = tokenizer.convert_ids_to_tokens(token)
    return b"" if name is None else bytes(_byte_values()[letter] for letter in name)


@cache
def _byte_values() -> dict[str, int]:
    """Letter → byte of byte-level BPE: bytes that print stand for themselves, the others for letters from U+0100 on."""
    shown = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [b for b in range(0x100) if b not in shown]
    return {chr(b): b for b in shown} | {chr(0x100 + i): b for i, b in enumerate(hidden)}


def _reply(tokenizer: Any, ids: list[int], log_probabilities: list[float], ended: bool, looped: bool) -> Reply:
    def decode(some: list[int]) -> str:
        return str(tokenizer.decode(some, skip_special_tokens=True, clean_up_tokenization_spaces=False))

    text = decode(ids)
    lengths = [len(decode([token])) for token in ids]
    reach = [sum(lengths[: i + 1]) for i in range(len(ids))]
    if reach and reach[-1] != len(text):  # a character of several tokens
        reach = [min(len(decode(ids[: i + 1])), len(text)) for i in range(len(ids))]
    offsets = [(min(start, max(end - 1, 0)), end) for start, end in zip([0, *reach], reach, strict=False)]
    return Reply(text, ended, looped, offsets, log_probabilities)
