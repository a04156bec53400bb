"""Spatio-temporal anchors of one chip: AlphaEarth vectors at places on it (paper eq. 3)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fusar_core.domain.grid import FloatArray
from fusar_core.domain.schema import EMBEDDING_BANDS as BANDS
from fusar_core.errors import BadAnchors

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Anchors:
    """The valid anchors of one chip.

    features: float32 (S, 64), unit length. positions: float32 (S, 2), (y, x) in 0…1. lon, lat: float64 (S,) degrees WGS
    84, NaN when a file does not say. valid_fraction: of the nodes on the chip, those with data; with 0 there are no
    anchors, and the chip goes without prior. year_requested, year_used: None when a file does not say. source,
    attribution: where the vectors come from, and the sentence its licence wants beside results.

    Raises BadAnchors when shapes do not agree or values are not finite or out of range.
    """

    features: Floats
    positions: Floats
    lon: FloatArray
    lat: FloatArray
    valid_fraction: float = 1.0
    year_requested: int | None = None
    year_used: int | None = None
    source: str = ""
    attribution: str = ""

    def __post_init__(self) -> None:
        s = len(self.features)
        shapes = (self.features.shape, self.positions.shape, self.lon.shape, self.lat.shape)
        if shapes != ((s, BANDS), (s, 2), (s,), (s,)):
            raise BadAnchors(
                f"Anchors do not fit together: features, positions, lon, lat of shapes {shapes}.",
                f"Expected: (S, {BANDS}), (S, 2), (S,), (S,).",
            )
        if not np.isfinite(self.features).all():
            raise BadAnchors("Features of the anchors are NaN or infinite.", "Leave out masked nodes.")
        if not ((self.positions >= 0) & (self.positions <= 1)).all():
            raise BadAnchors(
                "Positions of the anchors are not all within 0…1.", "They are (y, x) relative to the chip."
            )

    def __len__(self) -> int:
        return len(self.features)
