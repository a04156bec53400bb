"""What is asked of a scene, and who watches while it is answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fusar_core.domain.tiling import Window
from fusar_core.engines.base import never
from fusar_core.prior.anchors import AnchorSampler
from fusar_core.scenes.scene import SarScene
from fusar_core.scenes.water import WaterMask
from fusar_core.tasks import usual_tasks

if TYPE_CHECKING:
    from fusar_core.interpretation.result import Interpretation


@dataclass(frozen=True)
class Scope:
    """What is asked of a scene.

    extent: scene pixels, e.g. of `scene.extent_window`; the whole scene when None. chip_overlap: pixels; what the
    engine thinks best when None. water: where targets may lie. sampler: gives every chip its spatio-temporal anchors
    where the engine can use them. notes: what was found out on opening these that belongs among the warnings.
    """

    tasks: tuple[str, ...] = usual_tasks()
    classes: tuple[str, ...] = ("ship",)
    extent: Window | None = None
    chip_overlap: int | None = None
    water: WaterMask | None = None
    sampler: AnchorSampler | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Watch:
    """Who follows a run.

    on_scene(scene): once it is open. on_progress(done, total): after each chip. on_targets(part): after each chip that
    holds targets, with these, not yet merged, as a part of the interpretation. on_text(words): of an answer that is
    being said, where one question alone is asked. cancelled: asked before each chip, and by engines between words.
    """

    on_scene: Callable[[SarScene], None] | None = None
    on_progress: Callable[[int, int], None] | None = None
    on_targets: Callable[[Interpretation], None] | None = None
    on_text: Callable[[str], None] | None = None
    cancelled: Callable[[], bool] = never
