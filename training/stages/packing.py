"""From samples to the model's arguments; several conversations of a chip share one encoding of its image.

Packed, the sequence of a chip is: what comes before the question (system turn, image), then one branch after the other,
a question and its answer. A branch sees what comes before it, and itself; its positions go on after the image. So every
answer has the loss it would have alone (a test says so), for a fraction of the work.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fusar_core.model.processing import anchor_tensors, conversation
from fusar_core.tasks import TASKS
from training.data.triplets import Conversation
from training.errors import SampleTooLong
from training.stages.samples import Sample

IGNORED = -100


@dataclass(frozen=True)
class Words:
    """Token numbers of a conversation without its image: before the question, from the question to the answer's
    start, and the answer with the token that ends it."""

    before: tuple[int, ...]
    question: tuple[int, ...]
    answer: tuple[int, ...]


class Packer:
    """Collates samples. packed: many conversations a chip; one a chip gives plain sequences with a 2-D mask.

    max_length: tokens of a sequence, image included; more is an error, nothing is ever cut off.
    """

    def __init__(self, processor: Any, max_length: int, packed: bool, additive_mask: bool = False) -> None:
        self.processor, self.tokenizer = processor, processor.tokenizer
        self.max_length, self.packed, self.additive_mask = max_length, packed, additive_mask
        self.words = lru_cache(maxsize=50_000)(self._words)

    def __call__(self, samples: Sequence[Sample]) -> dict[str, Any]:
        """The model's arguments, `labels` (B, L) with -100 off the answers, `tasks` (B, L) and `talks` (B, L): number
        of the task, and of the conversation in the batch, of every answer token, -1 elsewhere."""
        pictures = self.processor.encode_images([s.image for s in samples])
        grids = pictures["image_grid_thw"]
        merge = self.processor.image_processor.merge_size
        sides = [(int(h) // merge, int(w) // merge) for _, h, w in grids]
        rows = [self._row(s, *side) for s, side in zip(samples, sides, strict=True)]
        length = max(len(r["ids"]) for r in rows)
        batch = {
            "input_ids": _padded([r["ids"] for r in rows], length, self.tokenizer.pad_token_id),
            "labels": _padded([r["labels"] for r in rows], length, IGNORED),
            "tasks": _padded([r["tasks"] for r in rows], length, -1),
            "talks": _numbered([r["talks"] for r in rows], length),
            "position_ids": torch.stack([_padded_right(r["positions"], length) for r in rows], dim=1),
            "pixel_values": pictures["pixel_values"],
            "image_grid_thw": grids,
            **anchor_tensors([s.prior for s in samples]),
        }
        branches = _padded([r["branches"] for r in rows], length, -1)
        batch["attention_mask"] = self._mask(branches) if self.packed else (branches >= 0).long()
        return batch

    def length(self, talk: Conversation, visual_tokens: int) -> int:
        """Tokens that a conversation takes with the image before it; what max_length limits."""
        words = self.words(talk.question, talk.answer)
        return len(words.before) + visual_tokens + len(words.question) + len(words.answer)

    def visual_tokens(self, size: int) -> int:
        """Tokens of a chip of size × size pixels."""
        grid = self.processor.encode_images([np.zeros((size, size), np.uint8)])["image_grid_thw"]
        return int(grid.prod()) // int(self.processor.image_processor.merge_size) ** 2

    def _row(self, sample: Sample, height: int, width: int) -> dict[str, Any]:
        """One chip's sequence: token numbers, labels, and where each token stands."""
        said = [(list(TASKS).index(c.task), self.words(c.question, c.answer)) for c in sample.conversations]
        before, places = _before(said[0][1].before, self.processor.image_token_id, height, width)
        ids, branches = list(before), [0] * len(before)
        labels, tasks, talks = [IGNORED] * len(before), [-1] * len(before), [-1] * len(before)
        positions = [places]
        start = int(places.max()) + 1
        for number, (task, words) in enumerate(said):
            silent = len(words.question)
            ids += [*words.question, *words.answer]
            labels += [*[IGNORED] * silent, *words.answer]
            tasks += [*[-1] * silent, *[task] * len(words.answer)]
            talks += [*[-1] * silent, *[number] * len(words.answer)]
            long = silent + len(words.answer)
            branches += [number + 1] * long
            positions.append((start + torch.arange(long)).expand(3, long))
            if len(before) + long > self.max_length:
                raise SampleTooLong(
                    f"Triplet {sample.id}: {sample.conversations[number].task} takes {len(before) + long} tokens; the "
                    f"limit is {self.max_length}.",
                    "Raise max_length, or leave the chip out: nothing is cut off.",
                )
        return {
            "ids": ids, "labels": labels, "tasks": tasks, "talks": talks, "branches": branches,
            "positions": torch.cat(positions, dim=1),
        }  # fmt: skip

    def _words(self, question: str, answer: str) -> Words:
        prompt = self.processor.apply_chat_template([conversation(question)], add_generation_prompt=True)[0]
        before, after = prompt.split(self.processor.image_token)
        end = self.tokenizer.eos_token_id
        ids = [self.tokenizer(part, add_special_tokens=False)["input_ids"] for part in (before, after, answer)]
        closing = self.tokenizer.convert_tokens_to_ids("<|vision_end|>")
        assert ids[1][0] == closing  # it belongs to what all conversations share
        return Words((*ids[0], closing), tuple(ids[1][1:]), (*ids[2], end))

    def _mask(self, branches: Tensor) -> dict[str, Tensor]:
        """(B, 1, L, L): who sees whom; padding sees itself, since a row of nothing gives NaN."""
        length = branches.shape[1]
        earlier = torch.ones(length, length, dtype=torch.bool).tril()
        kin = (branches[:, None, :] == 0) | (branches[:, None, :] == branches[:, :, None])
        seen = (kin & earlier)[:, None]
        if self.additive_mask:
            return {"full_attention": torch.zeros(seen.shape).masked_fill(~seen, torch.finfo(torch.float32).min)}
        return {"full_attention": seen}


@lru_cache(maxsize=1000)
def _before(words: tuple[int, ...], image: int, height: int, width: int) -> tuple[tuple[int, ...], Tensor]:
    """Token numbers up to the image's end, and their M-RoPE positions (3, P): time, row, column.

    As Qwen2.5-VL counts: text goes on from the greatest position so far, an image's tokens start there too.
    """
    *opening, closing = words
    first = len(opening)
    text = torch.arange(first).expand(3, first)
    rows = torch.arange(height).repeat_interleave(width)
    columns = torch.arange(width).repeat(height)
    picture = first + torch.stack([torch.zeros_like(rows), rows, columns])
    end = torch.full((3, 1), first + max(height, width))
    return (*opening, *[image] * (height * width), closing), torch.cat([text, picture, end], dim=1)


def _padded(rows: Sequence[Sequence[int]], length: int, value: int) -> Tensor:
    return torch.tensor([[*row, *[value] * (length - len(row))] for row in rows])


def _padded_right(positions: Tensor, length: int) -> Tensor:
    return torch.nn.functional.pad(positions, (0, length - positions.shape[1]))


def _numbered(rows: Sequence[Sequence[int]], length: int) -> Tensor:
    """Conversation numbers within each chip → within the batch."""
    numbers, start = _padded(rows, length, -1), 0
    for row in numbers:
        most = int(row.max())
        row[row >= 0] += start
        start += most + 1
    return numbers
