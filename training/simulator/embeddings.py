"""An AlphaEarth-like field for a simulated scene, drawn from the statistics of real vectors.

v = normalise(m + k·(m_c − m) + place + within + noise): m_c is the mean of the pixel's land cover, m that of all, and k
is `prior_information`: with 0 the vectors say nothing about the cover. What moves (ships, aircraft) leaves no trace in
a year's mean; what stands there all year (piers, platforms, tanks) looks built.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from fusar_core.aef.quantisation import BANDS, decode, encode
from fusar_core.aef.source import YEARS, Progress
from fusar_core.grid import Grid
from fusar_core.spacetime import SpatioTemporalBox
from training.simulator.ground import BUILT, smooth

STATISTICS = Path(__file__).with_name("aef_statistics.npz")
DETAIL_PX = 12.0
"""Correlation length of the variation inside a class, in pixels of the scene."""


class EmbeddingField:
    """The vectors of one scene as an `EmbeddingSource`: anchors are sampled from it as from any other.

    cover: (H, W) uint8 land cover. structure: (H, W) bool, what stands there all year. prior_information: 0 … 1.
    """

    attribution = "Simulated from statistics of AlphaEarth vectors."
    on_progress: Progress | None = None

    def __init__(
        self,
        grid: Grid,
        cover: npt.NDArray[np.uint8],
        structure: npt.NDArray[np.bool_],
        rng: np.random.Generator,
        prior_information: float = 1.0,
    ) -> None:
        self.name = f"simulated:{prior_information:g}"
        self._grid = grid
        with np.load(STATISTICS) as known:
            means, place, within, noise = (known[k] for k in ("means", "place", "within", "noise"))
        middle = means.mean(0)
        self._means = middle + prior_information * (means - middle) + rng.standard_normal(len(place)) @ place
        self._cover = np.where(structure, BUILT, cover)
        side = max(grid.height, grid.width)
        self._detail = np.stack([smooth(rng, side, DETAIL_PX) for _ in range(4)])
        self._spread = within[:4]
        self._rest, self._noise = within[4:], float(noise)
        self._seed = int(rng.integers(2**62))

    def year_used(self, year: int) -> int:
        return min(max(year, YEARS.start), YEARS.stop - 1)

    def covers(self, box: SpatioTemporalBox) -> bool:
        return True

    def at(self, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
        """(S, 64) float32 unit vectors at scene pixels (x, y); the same point has the same vector, whoever asks."""
        height, width = self._cover.shape
        column = np.clip(x.astype(int), 0, width - 1)
        row = np.clip(y.astype(int), 0, height - 1)
        vectors = self._means[self._cover[row, column]] + self._detail[:, row, column].T @ self._spread
        rng = np.random.default_rng(self._seed)
        scatter = (
            rng.standard_normal((997, BANDS)) * self._noise + rng.standard_normal((997, len(self._rest))) @ self._rest
        )
        vectors = vectors + scatter[(row * 7919 + column * 104729) % 997]
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return quantised(vectors)

    def sample(
        self, lon: npt.NDArray[np.float64], lat: npt.NDArray[np.float64], year: int, resolution_m: float = 0.0
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
        x, y = self._grid.from_lonlat(lon, lat)
        return self.at(x, y), np.ones(len(lon), bool)

    def close(self) -> None:
        """Nothing to let go of."""


def quantised(vectors: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """What is left of unit vectors (S, 64) after the 8-bit encoding of the public data set, again of unit length."""
    decoded = decode(encode(vectors))
    return np.asarray(decoded / np.linalg.norm(decoded, axis=1, keepdims=True), np.float32)


def widened(mask: npt.NDArray[np.bool_], pixels: float) -> npt.NDArray[np.bool_]:
    """The mask and what lies within so many pixels of it."""
    return np.asarray(ndimage.distance_transform_edt(~mask) <= pixels) if mask.any() else mask
