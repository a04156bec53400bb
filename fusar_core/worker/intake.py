"""From the bytes of a request to a job: read, checked, and brought to the size that the model takes."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import ValidationError

from fusar_core.engines.dialogue import fitted
from fusar_core.errors import BadAnchors, BadImage, BadOption, UnknownModel, UnsupportedTask
from fusar_core.worker.jobs import About, Job, Prior
from fusar_core.worker.limits import Limits, check_image, from_base64, read_image, read_prior
from fusar_core.worker.schema import (
    DEFAULT_TOKENS,
    UNSUPPORTED,
    AnchorsPart,
    ChatRequest,
    ImagePart,
    TextPart,
)

LISTED = 3
"""Faults of a request that an error names."""


@dataclass(frozen=True)
class ParsedRequest:
    """A request as it was understood.

    digest: of what the answer depends on, by which a repetition is known. choices: how many are wanted; a greedy job
    says the one answer that it has, which then counts for all.
    """

    job: Job
    model: str
    digest: str
    choices: int
    stream: bool
    usage: bool
    logprobs: bool


@dataclass(frozen=True)
class Opened:
    """A request whose parts are known, and nothing of which is decoded yet. pixels: of its image."""

    request: ChatRequest
    task: str
    image: bytes
    pixels: int
    question: str
    anchors: str | None


def open_request(body: bytes, name: str, about: About, limits: Limits) -> Opened:
    """The parts in the body of a chat completion, for the model served under `name`, at little cost.

    Raises BadOption, BadImage, BadAnchors, UnknownModel, UnsupportedTask.
    """
    request = _parse(body)
    task = task_of(request.model, name, about)
    url, question, anchors = _parts(request)
    image = from_base64(url.partition(",")[2], "image", BadImage)
    return Opened(request, task, image, check_image(image, limits), question, anchors)


def understand(body: bytes, name: str, about: About, limits: Limits) -> ParsedRequest:
    """The job in the body of a chat completion. Raises what `open_request` and `decoded` raise."""
    return decoded(open_request(body, name, about, limits), about, limits)


def decoded(opened: Opened, about: About, limits: Limits) -> ParsedRequest:
    """The job of a request: its image decoded and brought to size, its anchors unpacked.

    Raises BadImage, BadAnchors, BadEmbeddings.
    """
    request, task, question, anchors = opened.request, opened.task, opened.question, opened.anchors
    picture = fitted(read_image(opened.image, limits), about.chip_size)
    image = np.asarray(picture)
    prior = None
    if anchors is not None and about.prior:
        prior = read_prior(from_base64(anchors, "data of the anchors", BadAnchors), limits, about.prior_dim)
    temperature = request.temperature or 0.0
    choices = request.n or 1
    base = secrets.randbits(62) if request.seed is None else request.seed
    seeds = tuple((base + i) % 2**63 for i in range(choices)) if temperature > 0 else (0,)
    tokens = request.max_completion_tokens or request.max_tokens or DEFAULT_TOKENS
    job = Job(
        image=image,
        image_key=_digest(str(image.shape).encode(), image.tobytes()),
        prior=prior,
        prior_key="" if prior is None else _prior_key(prior),
        question=question,
        task=task,
        max_tokens=tokens,
        temperature=temperature,
        top_p=request.top_p or 1.0,
        seeds=seeds,
    )
    told = (
        job.image_key,
        job.prior_key,
        question,
        request.model,
        tokens,
        temperature,
        job.top_p,
        choices,
        request.seed,
    )
    return ParsedRequest(
        job=job,
        model=request.model,
        digest=_digest(json.dumps(told).encode()),
        choices=choices,
        stream=bool(request.stream),
        usage=bool(request.stream_options and request.stream_options.include_usage),
        logprobs=bool(request.logprobs),
    )


def model_names(name: str, about: About) -> list[str]:
    """The models that are listed: the whole one, and one for each task with an adapter of its own."""
    return [name, *(f"{name}:{task}" for task in about.adapted)]


def task_of(model: str, name: str, about: About) -> str:
    """Whose adapter is to answer; '' stands for the model as a whole. Raises UnknownModel, UnsupportedTask."""
    if model == name:
        if not about.any_task:
            raise UnsupportedTask(f"'{name}' answers by task.", f"Ask {', '.join(model_names(name, about)[1:])}.")
        return ""
    base, _, task = model.rpartition(":")
    if base == name and task in about.tasks:
        return task if task in about.adapted else ""
    raise UnknownModel(f"There is no model '{model[:80]}' here.", f"There is: {', '.join(model_names(name, about))}.")


def _parse(body: bytes) -> ChatRequest:
    try:
        request = ChatRequest.model_validate_json(body)
    except ValidationError as cause:
        raise BadOption(f"The request is not understood: {_faults(cause)}.", "See /openapi.json.") from None
    for option, harmless in UNSUPPORTED.items():
        value = (request.model_extra or {}).get(option)
        if not any(type(value) is type(same) and value == same for same in harmless):
            raise BadOption(f"This worker does not have the option '{option}'.", "Leave it out.")
    return request


def _faults(error: ValidationError) -> str:
    """What is wrong where, without the values: they may be large, or secret."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    named = [f"{'.'.join(map(str, f['loc'])) or 'body'}: {f['msg']}" for f in faults[:LISTED]]
    more = f" (and {len(faults) - LISTED} more)" if len(faults) > LISTED else ""
    return ("; ".join(named) + more)[:600]


def _parts(request: ChatRequest) -> tuple[str, str, str | None]:
    """Address of the image, question, and the data of the anchors. Raises BadOption, BadImage, BadAnchors."""
    parts: list[Any] = request.messages[0].content
    images = [p.image_url.url for p in parts if isinstance(p, ImagePart)]
    anchors = [p.aef_anchors.data for p in parts if isinstance(p, AnchorsPart)]
    question = "\n".join(p.text for p in parts if isinstance(p, TextPart))
    if len(images) != 1:
        raise BadImage(f"{len(images)} images came with the question.", "Send one.")
    if len(anchors) > 1:
        raise BadAnchors(f"{len(anchors)} parts of anchors came with one image.", "Send one.")
    if not question.strip():
        raise BadOption("The question is empty.", "Write what you want to know as a part of type text.")
    return images[0], question, anchors[0] if anchors else None


def _prior_key(prior: Prior) -> str:
    return _digest(str(prior.features.shape).encode(), prior.features.tobytes(), prior.positions.tobytes())


def _digest(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()
