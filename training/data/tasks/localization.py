"""Localization in training: what the image leaves open."""

from __future__ import annotations

from collections.abc import Sequence

from training.data.ceiling import best_cells
from training.data.tasks.base import TrainedTask
from training.data.triplets import Triplet


class TrainedLocalization(TrainedTask):
    def ceiling(self, triplet: Triplet, label: str, box: Sequence[float] | None) -> float:
        return best_cells(triplet, label)
