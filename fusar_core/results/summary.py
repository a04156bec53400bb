"""An interpretation in a few lines: what commands print, batches record and the plugin shows."""

from __future__ import annotations

from typing import Any

from fusar_core.domain.schema import WHOLE_EXTENT
from fusar_core.interpretation.result import Interpretation, Provenance, SceneAnswer
from fusar_core.tasks import TASKS


def summary(result: Interpretation) -> dict[str, Any]:
    """The result without its features, as JSON-able values."""
    return {
        "scene": str(result.scene.path),
        "acquired": result.scene.acquisition.acquired or "",
        "engine": result.engine,
        "model": result.model,
        "demonstration": result.demonstration,
        "tasks": list(result.tasks),
        "counts": result.counts(),
        "flagged": result.flagged(),
        "cells": {a.label: sorted(a.value) for a in result.answers if _are_cells_of_all(a) and a.value},
        "prior": prior_summary(result),
        "chips": result.chips,
        "complete": result.complete,
        "seconds": round(result.seconds, 3),
        "warnings": list(result.warnings),
    }


def _are_cells_of_all(answer: SceneAnswer) -> bool:
    return TASKS[answer.task].in_cells and answer.chip == WHOLE_EXTENT


def prior_summary(result: Provenance) -> dict[str, Any] | None:
    """Where the anchors came from that the engine was given; None without."""
    prior = result.prior
    if prior is None:
        return None
    return {
        "source": prior.source.name,
        "year_requested": prior.year,
        "year_used": prior.year_used,
        "attribution": prior.source.attribution,
    }
