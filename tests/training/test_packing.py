"""Packing: every answer has the loss that it has alone, by the chat template and the model's own positions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional

from fusar_core.model.processing import conversation
from training.errors import SampleTooLong
from training.stages.packing import IGNORED, Packer
from training.stages.samples import Samples
from training.stages.start import starting_model

ARGUMENTS = (
    "input_ids", "attention_mask", "position_ids", "pixel_values", "image_grid_thw",
    "anchor_features", "anchor_positions", "anchor_counts",
)  # fmt: skip


@pytest.fixture(scope="module")
def model(base: Path, nano: Callable[..., Any]) -> tuple[Any, Any]:
    """Model and processor; weights large enough that a wrong mask or position shows."""
    made, processor = starting_model(base, nano(fusion="tlm"))
    with torch.no_grad():
        for parameter in made.parameters():
            if parameter.ndim > 1:
                parameter.mul_(4)
    return made.eval(), processor


@pytest.fixture
def samples(chips: Path, triplets: list[Any], nano: Callable[..., Any]) -> Samples:
    return Samples(triplets, chips.parent, nano(prior_dropout=0.5), ("plane", "ship"))


def losses_alone(model: Any, processor: Any, sample: Any) -> list[torch.Tensor]:
    """Token losses of each answer and the token that ends it, each conversation in a pass of its own."""
    found = []
    for talk in sample.conversations:
        text = processor.apply_chat_template(conversation(talk.question, talk.answer))
        inputs = processor(images=[sample.image], text=[text], anchors=[sample.prior], return_tensors="pt")
        logits = model(**inputs).logits[0]
        ids, end = inputs["input_ids"][0], processor.tokenizer.eos_token_id
        answer = torch.tensor([*processor.tokenizer(talk.answer)["input_ids"], end])
        last = int((ids == end).nonzero().max()) + 1
        assert ids[last - len(answer) : last].tolist() == answer.tolist()
        found.append(functional.cross_entropy(logits[last - len(answer) - 1 : last - 1], answer, reduction="none"))
    return found


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("additive", [True, False])
def test_losses_are_those_of_each_conversation_alone(
    model: tuple[Any, Any], samples: Samples, packed: bool, additive: bool
) -> None:
    made, processor = model
    made.set_attn_implementation("eager" if additive else "sdpa")
    chosen = [samples[i] for i in range(6)]
    if not packed:
        chosen = [type(s)(s.id, s.image, s.prior, s.conversations[:1], s.boxes, s.cover) for s in chosen]
    assert {s.prior is None for s in chosen} == {True, False}
    with torch.no_grad():
        batch = Packer(processor, 512, packed, additive)(chosen)
        labels = batch["labels"][:, 1:]
        answered = labels != IGNORED
        logits = made(**{k: batch[k] for k in ARGUMENTS}).logits[:, :-1]
        together = functional.cross_entropy(logits[answered], labels[answered], reduction="none")
        alone = [loss for sample in chosen for loss in losses_alone(made, processor, sample)]
    talks = batch["talks"][:, 1:][answered]
    assert talks.unique().tolist() == list(range(len(alone)))
    for number, expected in enumerate(alone):
        torch.testing.assert_close(together[talks == number], expected, rtol=1e-4, atol=1e-4)


def test_tasks_and_conversations_are_marked_where_the_answers_are(model: tuple[Any, Any], samples: Samples) -> None:
    batch = Packer(model[1], 512, True)([samples[0], samples[1]])
    answered = batch["labels"] != IGNORED
    assert torch.equal(answered, batch["tasks"] >= 0)
    assert torch.equal(answered, batch["talks"] >= 0)
    assert torch.equal(batch["input_ids"][answered], batch["labels"][answered])
    per_talk = [batch["tasks"][batch["talks"] == n].unique() for n in range(int(batch["talks"].max()) + 1)]
    assert all(len(tasks) == 1 for tasks in per_talk)


def test_a_sample_over_the_limit_is_an_error_never_cut(model: tuple[Any, Any], samples: Samples) -> None:
    processor, sample = model[1], samples[0]
    roomy = Packer(processor, 512, True)
    longest = max(roomy.length(talk, roomy.visual_tokens(84)) for talk in sample.conversations)
    Packer(processor, longest, True)([sample])
    with pytest.raises(SampleTooLong, match=f"{longest} tokens; the limit is {longest - 1}"):
        Packer(processor, longest - 1, True)([sample])


def test_length_is_that_of_the_sequence(model: tuple[Any, Any], samples: Samples) -> None:
    packer, sample = Packer(model[1], 512, False), samples[0]
    for talk in sample.conversations:
        one = type(sample)(sample.id, sample.image, sample.prior, (talk,), (), ())
        assert packer([one])["input_ids"].shape[1] == packer.length(talk, packer.visual_tokens(84))
