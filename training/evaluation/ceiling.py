"""What a perfect reader of the images who knows no prior could reach on exactly the cases of an evaluation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from fusar_core.scoring.measures import Row
from training.data.tasks import trained
from training.data.triplets import Triplet


def ceiling(triplets: Sequence[Triplet], rows: Sequence[Row]) -> dict[str, float]:
    """Best expected accuracy, on exactly these cases, of a perfect reader of the image who knows no prior: by task, and
    by task and class (`count ship`). Empty where the triplets do not say what their images leave open."""
    found: dict[str, list[float]] = defaultdict(list)
    for row, best in zip(rows, best_without_prior(triplets, rows), strict=True):
        if best is not None:
            found[row["task"]].append(best)
            found[f"{row['task']} {row['class']}"].append(best)
    return {name: round(float(np.mean(values)), 4) for name, values in found.items()}


def best_without_prior(triplets: Sequence[Triplet], rows: Sequence[Row]) -> list[float | None]:
    """For each case the probability that a perfect reader of the image who knows no prior is right; None for tasks
    without a ceiling, and everywhere where the triplets do not say what their images leave open."""
    known = {t.id: t for t in triplets}
    if not any(t.facts.get("hypotheses") or t.facts.get("independent") for t in triplets):
        return [None] * len(rows)
    return [trained(row["task"]).ceiling(known[row["id"]], row["class"], row.get("box")) for row in rows]
