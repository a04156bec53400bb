"""How single answers (fusar_core.interpretation.inquiry) become features of the published layers."""

from __future__ import annotations

from collections.abc import Sequence

from fusar_core.domain.answers import Answer, Detection
from fusar_core.domain.tiling import Window
from fusar_core.engines.base import Engine, usable
from fusar_core.interpretation.interpret import Interpretation, SceneAnswer, chip_name
from fusar_core.interpretation.merging import Target
from fusar_core.prior.anchors import AnchorSampler
from fusar_core.results.features import feature_tables
from fusar_core.results.schema import FeatureTable
from fusar_core.scenes.scene import SarScene
from fusar_core.tasks import ASK, CLASSIFY, COUNT, DETECT


def classified_box(
    scene: SarScene, engine: Engine, box: Window, answer: Answer, prior: AnchorSampler | None = None
) -> FeatureTable:
    """The detections layer with one feature, the box. box: scene pixels.

    A class that could not be read from the answer is empty, with its parse_status.
    """
    corners = ((box.col, box.row), (box.right, box.row), (box.right, box.bottom), (box.col, box.bottom))
    detection = Detection(answer.value or "", answer.score or 0.0, corners)
    target = Target(detection, answer.chip, answer.prompt, answer.raw_text, answer.parse_status)
    table = feature_tables(_result(scene, engine, box, [target], [], prior))[0]
    table.rows[0].update({"task": CLASSIFY, "score": answer.score})
    return table


def asked(
    scene: SarScene,
    engine: Engine,
    extent: Window,
    question: str,
    answers: Sequence[Answer],
    prior: AnchorSampler | None = None,
) -> FeatureTable:
    """The answers layer with one feature a chip. extent: scene pixels."""
    told = [
        SceneAnswer(
            a.chip.keep, chip_name(a.chip.window), COUNT, "", None, a.score, a.prompt, a.raw_text, a.parse_status
        )
        for a in answers
    ]
    table = feature_tables(_result(scene, engine, extent, [], told, prior))[2]
    for row, answer in zip(table.rows, answers, strict=True):
        row.update({"task": ASK, "question": question.strip(), "answer": answer.value or ""})
    return table


def _result(
    scene: SarScene,
    engine: Engine,
    extent: Window,
    targets: list[Target],
    answers: list[SceneAnswer],
    prior: AnchorSampler | None,
) -> Interpretation:
    about = engine.name, engine.model, (DETECT,), ()
    settings = engine.report(scene.grid.pixel_size_m).provenance
    warnings = tuple(scene.warnings)
    return Interpretation(
        scene, extent, *about, targets, answers, 1, 0.0, warnings, usable(engine, prior), settings=settings
    )
