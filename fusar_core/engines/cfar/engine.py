"""The `cfar` engine: the bright-target detector behind the engine protocol."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable

from fusar_core.domain.answers import Answer, Request
from fusar_core.domain.tiling import Window
from fusar_core.engines import require
from fusar_core.engines.base import NO_HOOKS, Answers, Engine, EngineInfo, Hooks
from fusar_core.engines.cfar.settings import LABEL, Settings, scale_for
from fusar_core.errors import Cancelled
from fusar_core.tasks import TASKS

VERSION = "gamma-K 1"
"""To be counted up whenever the same settings give other detections."""
CHIP_SIDE = 2016
"""Four of a model's chips a side: large enough for the overlap to cost little, 16 MB as float32."""


class CfarEngine(Engine):
    """Finds ships without weights: bright targets by a gamma/K threshold (fusar_core.engines.cfar.detector)."""

    info = EngineInfo(
        name="cfar",
        title="bright targets, without weights",
        tasks=frozenset({"detect", "count", "locate"}),
        classes=frozenset({LABEL}),
        derived=frozenset({"count", "locate"}),
    )

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        digest = hashlib.sha256(repr(self.settings).encode()).hexdigest()
        self.model = f"{VERSION}, settings {digest[:6]}"

    def tiling(self, pixel_size_m: tuple[float, float] | None) -> tuple[int, int]:
        """Chip side and overlap: half a background window and the longest target fit into the overlap if they can."""
        scale = scale_for(self.settings, pixel_size_m)
        wanted = round(((scale.background + 0.5) * scale.block + scale.most_length) * max(scale.looks))
        side = CHIP_SIDE if 2.5 * wanted <= CHIP_SIDE else 2 * CHIP_SIDE
        return side, min(wanted, side // 2)

    def answer(self, requests: Iterable[Request], hooks: Hooks = NO_HOOKS) -> Answers:
        """One answer a task and class, in the order asked; the chip is looked at once.

        Raises UnsupportedTask, UnknownClass, Cancelled.
        """
        # Its libraries take a second, which `info` need not wait for.
        from fusar_core.engines.cfar.detector import detect

        for request in requests:
            if hooks.cancelled():
                raise Cancelled("The caller asked to stop.")
            require(self, request.tasks, request.classes)
            chip, started = request.chip, time.monotonic()
            found = detect(chip.intensity, chip.valid, chip.pixel_size_m, self.settings, chip.water)
            seconds = time.monotonic() - started
            height, width = chip.values.shape[:2]
            where = Window(0, 0, height, width)
            for task in request.tasks:
                for label in request.classes:
                    yield Answer(chip.where, task, label, TASKS[task].derive(found, where), seconds=seconds)
                    seconds = 0.0
