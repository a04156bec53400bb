"""How well a perfect reader of the images of a set who knows no prior can do; see `training.data.ceiling`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from fusar_core.tasks import TASKS, base
from training.data.tasks import trained
from training.data.triplets import Box, Triplet


def ceilings(triplets: Iterable[Triplet], classes: Sequence[str] = ("plane", "ship")) -> dict[str, float]:
    """Best expected accuracy: `count` and `locate` (Acc@100) over chips × classes, `classify` over targets; and each
    class alone, as `count ship`."""
    found: dict[str, list[float]] = defaultdict(list)
    for triplet in triplets:
        for name, task in TASKS.items():
            asked: list[tuple[str, Box | None]] = [(c, None) for c in classes] if task.per_class else []
            asked += [(t.label, t.bbox) for t in triplet.targets] if task.about == base.BOX else []
            for label, box in asked:
                if (best := trained(name).ceiling(triplet, label, box)) is not None:
                    found[name].append(best)
                    found[f"{name} {label}"].append(best)
    return {name: float(np.mean(values)) for name, values in found.items()}
