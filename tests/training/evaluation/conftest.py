"""Four chips of four places, and an engine that says what it is told to."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fusar_core.domain.anchors import Anchors
from fusar_core.domain.answers import Answer, Request
from fusar_core.engines.base import NO_HOOKS, Answers, Engine, EngineInfo, Hooks
from fusar_core.prior.files import write_anchors
from fusar_core.tasks import TASKS, questions
from training.data.triplets import Target, Triplet, write_triplets

SIZE = 90
TARGETS = [
    (("ship", (0, 0, 10, 10), "tanker"), ("ship", (70, 70, 80, 80), "ferry")),
    (("plane", (40, 40, 50, 50), ""),),
    (),
    (("ship", (40, 0, 50, 10), "ferry"),),
]


@pytest.fixture
def data(tmp_path: Path) -> tuple[list[Triplet], Path]:
    """Chip i is 10 · i all over; its anchors point along axis i and lie at longitude i."""
    triplets = []
    for i, targets in enumerate(TARGETS):
        Image.fromarray(np.full((SIZE, SIZE), 10 * i, np.uint8)).save(tmp_path / f"{i}.png")
        features = np.zeros((9, 64), np.float32)
        features[:, i] = 1
        positions = np.random.default_rng(i).random((9, 2), np.float32)
        anchors = Anchors(features, positions, np.full(9, float(i)), np.full(9, 10.0), year_used=2020)
        write_anchors(anchors, tmp_path / f"{i}.npz")
        found = tuple(Target(label, tuple(map(float, box)), kind) for label, box, kind in targets)
        triplet = Triplet(
            str(i), (SIZE, SIZE), (), image=f"{i}.png", anchors=f"{i}.npz", targets=found, place=f"place {i}",
            footprint=(i, 10.0, i + 0.1, 10.1), year=2020, gsd_m=5.0, facts={"kind": "coast"},
        )  # fmt: skip
        triplets.append(triplet)
    write_triplets(triplets, tmp_path / "t.jsonl")
    return triplets, tmp_path


class Scripted(Engine):
    """Answers from a table: (chip, task, class or box) → value; remembers the requests. gives_up: after so many."""

    info = EngineInfo(
        "scripted", "from a table", frozenset(TASKS), frozenset({"ship", "plane"}), takes_prior=True, chip_size=SIZE
    )
    model = "v1"

    def __init__(
        self, said: dict[tuple[int, str, str], Any], derived: Iterable[str] = (), gives_up: int | None = None
    ) -> None:
        self.said, self.derived, self.gives_up = said, frozenset(derived), gives_up
        self.requests: list[Request] = []

    def answer(self, requests: Iterable[Request], hooks: Hooks = NO_HOOKS) -> Answers:
        for request in requests:
            if len(self.requests) == self.gives_up:
                return
            self.requests.append(request)
            for task, label in questions(request.tasks, request.classes):
                index = request.chip.where.index
                value = self.said.get((index, task, str(request.box) if request.box else label))
                status = "ok" if value is not None else "unreadable"
                text = value if isinstance(value, str) else ""
                yield Answer(request.chip.where, task, label, value, 0.5, raw_text=text, parse_status=status)


@pytest.fixture
def scripted() -> type[Scripted]:
    return Scripted
