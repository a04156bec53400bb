"""What goes between the front and the replicas: a job, the tokens that come back, how each choice ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class Prior:
    """Anchors as the model takes them: features float32 (S, 64), positions float32 (S, 2)."""

    features: npt.NDArray[np.float32]
    positions: npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Job:
    """One question about one image, checked.

    image: uint8 (side, side) or (side, side, 3), of the side the model takes. image_key, prior_key: digests; equal ones
    mean equal contents, and what is encoded under them may be used again. task: whose adapter answers; '' where the
    model has none. seeds: one a choice. temperature: 0 is greedy.
    """

    image: npt.NDArray[np.uint8]
    image_key: str
    prior: Prior | None
    prior_key: str
    question: str
    task: str
    max_tokens: int
    temperature: float = 0.0
    top_p: float = 1.0
    seeds: tuple[int, ...] = (0,)


class Token(NamedTuple):
    """A token of a choice. place: in the choice, by which one that is sent again is known. piece: its bytes, which may
    be a part of a character. log_probability: natural."""

    choice: int
    place: int
    piece: bytes
    log_probability: float


class Ending(NamedTuple):
    """The end of one choice. text: all of it. ended: by the model itself; looped: stopped in a repetition loop;
    neither: the tokens were used up."""

    choice: int
    text: str
    ended: bool
    looped: bool


@dataclass(frozen=True)
class Effort:
    """What a job took, sent as its last event.

    prompt_tokens: image and question. batch: rows worked on together. waited_s: in the replica, until the batch began.
    seconds: of the batch. encoded: whether its image had to be encoded for it.
    """

    prompt_tokens: int = 0
    batch: int = 0
    waited_s: float = 0.0
    seconds: float = 0.0
    encoded: bool = False


class Failed(NamedTuple):
    """A job that has no answer: code, message and hint of a FusarError. Its last event."""

    code: str
    message: str
    hint: str


Event: TypeAlias = Token | Ending | Effort | Failed


@dataclass(frozen=True)
class About:
    """What a runtime serves.

    checkpoint: name and fingerprint. chip_size: side in pixels of the images it takes. tasks: that can be asked.
    adapted: those with an adapter of their own. context: tokens of image, question and answer together. prior: whether
    anchors are used. prompts: task → prompt style. demonstration: whether it is there to show how things work.
    questions: the only ones in free words that it was trained for, if any.
    """

    checkpoint: str
    chip_size: int
    tasks: tuple[str, ...]
    classes: tuple[str, ...]
    context: int
    prior: bool
    adapted: tuple[str, ...] = ()
    any_task: bool = True
    gsd_m: tuple[float, ...] | None = None
    prompts: dict[str, str] = field(default_factory=dict)
    prior_dim: int = 64
    warnings: tuple[str, ...] = ()
    demonstration: bool = False
    questions: tuple[str, ...] = ()


@dataclass(frozen=True)
class RuntimeSpec:
    """Which runtime a replica opens, and with what.

    kind: `transformers`, `vllm`, or `module:Class` of one's own. batch_size: rows worked on at once. threads: of a CPU.
    options: what the kind alone understands.
    """

    kind: str = "transformers"
    model: str = ""
    device: str | None = None
    dtype: str | None = None
    quantization: str | None = None
    batch_size: int = 8
    threads: int | None = None
    options: dict[str, Any] = field(default_factory=dict)
