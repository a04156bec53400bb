"""What the tests of training data take for a chip."""

from __future__ import annotations

import numpy as np

from fusar_core.domain.anchors import Anchors
from training.data.triplets import Target

SIZE = (60, 48)
SHIPS = (Target("ship", (2, 3, 12, 9), "tanker", 120.0), Target("ship", (40.4, 30.2, 50.6, 34.9)))
PLANE = Target("plane", (25, 20, 33, 27))
FACTS = {"kind": "harbour", "cover_by_cell": ["water", "water", "built"] * 3, "cover_share": {"water": 0.67}}


def some_anchors(count: int = 9, seed: int = 1) -> Anchors:
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(count, 64)).astype(np.float32)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    return Anchors(features, rng.random((count, 2)).astype(np.float32), rng.random(count), rng.random(count))
