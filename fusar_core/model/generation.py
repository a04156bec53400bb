"""Greedy generation with what an answer needs beside its text: a probability for every token, loops cut short,
a stop between tokens, and text as it comes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import GenerationConfig, StoppingCriteria, StoppingCriteriaList, TextStreamer
from transformers.modeling_outputs import BaseModelOutputWithPooling

from fusar_core.errors import Cancelled, PromptTooLong

LOOP_TOKENS = 64
LOOP_TIMES = 4
CHECK_EVERY = 16
"""A row whose last LOOP_TIMES periods of at most LOOP_TOKENS tokens are equal is stopped; asked every CHECK_EVERY."""


@dataclass(frozen=True)
class Said:
    """What the model said to one prompt.

    text: decoded. offsets: per token the characters (from, to) it gave. log_probabilities: natural, per token.
    ended: by its own end token; looped: stopped in a repetition loop; neither: the budget of tokens was used up.
    """

    text: str
    offsets: list[tuple[int, int]]
    log_probabilities: list[float]
    ended: bool
    looped: bool

    def score(self, span: tuple[int, int]) -> float | None:
        """exp(mean log-probability) of the tokens that say these characters; None when there are none."""
        start, end = span
        chosen = [lp for (a, b), lp in zip(self.offsets, self.log_probabilities, strict=True) if a < end and b > start]
        return math.exp(sum(chosen) / len(chosen)) if chosen else None


class _Probabilities:
    """Logits processor that notes the log-probability of the token that greedy decoding takes; keeps no logits."""

    def __init__(self) -> None:
        self.steps: list[Tensor] = []

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        self.steps.append(scores.float().log_softmax(-1).amax(-1))
        return scores


class _Stop(StoppingCriteria):
    """Ends every row when the caller asks to stop, and a row that goes in circles."""

    def __init__(self, prompt_length: int, cancelled: Callable[[], bool]) -> None:
        self.prompt_length, self.cancelled = prompt_length, cancelled
        self.stopped = False
        self.looped: Tensor | None = None

    def __call__(self, input_ids: Tensor, scores: Any, **kwargs: Any) -> Tensor:
        if self.looped is None:
            self.looped = torch.zeros(len(input_ids), dtype=torch.bool, device=input_ids.device)
        self.stopped = self.stopped or self.cancelled()
        said = input_ids[:, self.prompt_length :]
        if said.shape[1] % CHECK_EVERY == 0:
            self.looped = self.looped | in_circles(said)
        return torch.ones_like(self.looped) if self.stopped else self.looped


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


class _Stream(TextStreamer):
    def __init__(self, tokenizer: Any, on_text: Callable[[str], None]) -> None:
        super().__init__(tokenizer, skip_prompt=True, skip_special_tokens=True)
        self.on_text = on_text

    def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
        if text:
            self.on_text(text)


def greedy_config(model: Any, tokenizer: Any) -> GenerationConfig:
    """Greedy decoding with the end tokens of the checkpoint, and none of the sampling settings it may come with."""
    ends = model.generation_config.eos_token_id
    ends = ends if isinstance(ends, list) else [ends]
    ends = [e for e in dict.fromkeys([*ends, tokenizer.eos_token_id]) if e is not None]
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else ends[0]
    return GenerationConfig(do_sample=False, num_beams=1, eos_token_id=ends, pad_token_id=pad)


@torch.inference_mode()
def generate(
    model: Any,
    processor: Any,
    questions: Sequence[str],
    tokens: Sequence[Tensor],
    grids: Tensor,
    budget: int,
    cancelled: Callable[[], bool] = lambda: False,
    on_text: Callable[[str], None] | None = None,
) -> list[Said]:
    """Answers of at most `budget` tokens to one question about each image, greedily, all in one batch.

    tokens: per question the visual tokens (T, C) of its image, prior included. grids: (N, 3) image_grid_thw. cancelled:
    asked between tokens. on_text: called with pieces of text as they come; for a single question only.

    Raises PromptTooLong, Cancelled.
    """
    device = model.device
    prompt = processor.encode_prompts(questions, grids)
    length = prompt["input_ids"].shape[1]
    context = model.config.text_config.max_position_embeddings
    if length + 1 > context:
        raise PromptTooLong(
            f"The image and the question take {length} tokens; the model's context holds {context}.",
            "Shorten the question.",
        )
    probabilities, stop = _Probabilities(), _Stop(length, cancelled)
    ids = model.generate(
        **{name: tensor.to(device) for name, tensor in prompt.items()},
        image_grid_thw=grids.to(device),
        mm_encoder_outputs={"image": BaseModelOutputWithPooling(pooler_output=tuple(tokens))},
        max_new_tokens=min(budget, context - length),
        logits_processor=[probabilities],
        stopping_criteria=StoppingCriteriaList([stop]),
        streamer=_Stream(processor.tokenizer, on_text) if on_text and len(questions) == 1 else None,
    )[:, length:]
    if stop.stopped:
        raise Cancelled("The model was stopped while it answered.")
    looped = stop.looped.tolist() if stop.looped is not None else [False] * len(questions)
    steps = torch.stack(probabilities.steps, dim=1).tolist()
    ends = set(model.generation_config.eos_token_id)
    return [_said(processor.tokenizer, *row, ends) for row in zip(ids.tolist(), steps, looped, strict=True)]


def _said(tokenizer: Any, ids: list[int], log_probabilities: list[float], looped: bool, ends: set[int]) -> Said:
    count = next((i for i, token in enumerate(ids) if token in ends), len(ids))
    ended = count < len(ids)
    ids = ids[:count]

    def decode(some: list[int]) -> str:
        return str(tokenizer.decode(some, skip_special_tokens=True, clean_up_tokenization_spaces=False))

    text = decode(ids)
    lengths = [len(decode([token])) for token in ids]
    reach = [sum(lengths[: i + 1]) for i in range(count)]
    if reach and reach[-1] != len(text):  # a character of several tokens
        reach = [min(len(decode(ids[: i + 1])), len(text)) for i in range(count)]
    offsets = [(min(start, max(end - 1, 0)), end) for start, end in zip([0, *reach], reach, strict=False)]
    return Said(text, offsets, log_probabilities[:count], ended, looped and not ended)
