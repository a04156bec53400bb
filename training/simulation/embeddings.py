"""An AlphaEarth-like field over a simulated scene, drawn from the statistics of real vectors.

    field = EmbeddingField(scene.grid, scene.cover, scene.structure, seed=7, prior_information=1.0)
    field.at(x, y)  # (S, 64) unit vectors; field.sample(lon, lat, year) as any other source of embeddings

v = normalise(m + k·(m_c − m) + place + within + noise). m_c: mean of the pixel's land cover, m: mean of all covers,
k: `prior_information`. With k = 0 no part depends on the cover. What moves (ships, aircraft) leaves no trace in a
year's embedding; what stands there all year (piers, platforms, tanks) looks built.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from fusar_core.domain.grid import Grid
from fusar_core.domain.schema import EMBEDDING_BANDS as BANDS
from fusar_core.prior.aef.quantisation import decode, encode
from fusar_core.prior.aef.source import YEARS, Progress
from fusar_core.prior.spacetime import SpatioTemporalBox
from training.simulation.canvas import BUILT, COVERS
from training.simulation.derive_statistics import STATISTICS

PIXEL_M = 10.0
"""Of the embeddings: a vector is about the covers within so many metres."""
DETAIL_M = 120.0
"""Correlation length of the variation within a cover."""
SLOPE = 0.3
"""Of the place's shift, the share that changes from one side of a scene to the other."""

Vectors = npt.NDArray[np.float32]
Degrees = npt.NDArray[np.float64]


@lru_cache(maxsize=1)
def statistics() -> dict[str, Vectors]:
    """What `derive_statistics` keeps."""
    with np.load(STATISTICS, allow_pickle=False) as known:
        return {name: known[name] for name in known.files}


class EmbeddingField:
    """The vectors of one scene as an `EmbeddingSource`: anchors are sampled from it as from any other.

    cover: (H, W) uint8 land cover. structure: (H, W) bool, what stands there all year. seed: of everything but the
    cover: two fields of one seed differ by what the cover tells alone. prior_information: 0 … 1. years_off: 0 is the
    scene's own year. In another, what varies within a cover is drawn anew, while place and covers stay as they are: as
    far as two years of an unchanged place can differ, since no statistics of the change from year to year were at hand.
    """

    attribution = "Simulated from statistics of AlphaEarth vectors."
    on_progress: Progress | None = None

    def __init__(
        self,
        grid: Grid,
        cover: npt.NDArray[np.uint8],
        structure: npt.NDArray[np.bool_],
        seed: int,
        prior_information: float = 1.0,
        years_off: int = 0,
    ) -> None:
        self.name = f"simulated:{prior_information:g}"
        self._grid, self._k = grid, np.float32(prior_information)
        self._cover = np.where(structure, np.uint8(BUILT), cover)
        self._gsd_m = abs(float(grid.transform.a))
        known, rng = statistics(), np.random.default_rng((seed, 64))
        middle = known["means"].mean(0)
        shift, slope_x, slope_y = rng.standard_normal((3, len(known["place"])), np.float32) @ known["place"]
        own = rng.standard_normal((len(COVERS), len(known["own"])), np.float32) @ known["own"]
        self._means = middle + shift + self._k * (known["means"] - middle + own)
        self._slope = SLOPE * np.stack([slope_x, slope_y])
        self._within = self._k * known["within"] + (1 - self._k) * known["pooled"]
        self._noise = self._k * known["noise"] + (1 - self._k) * known["pooled_noise"]
        if years_off:
            rng = np.random.default_rng((seed, 64, years_off % len(YEARS)))
        side_m = max(grid.height, grid.width) * self._gsd_m
        knots = max(4, math.ceil(side_m / DETAIL_M) + 2)
        self._detail = rng.standard_normal((knots, knots, self._within.shape[1]), np.float32)
        self._detail_step = side_m / self._gsd_m / (knots - 1)
        self._grain = rng.standard_normal((1021, BANDS), np.float32)

    def year_used(self, year: int) -> int:
        """The wanted year, brought within `YEARS`."""
        return min(max(year, YEARS.start), YEARS.stop - 1)

    def covers(self, box: SpatioTemporalBox) -> bool:
        """Always: it is only asked about its own scene."""
        return True

    def at(self, x: Degrees, y: Degrees) -> Vectors:
        """(S, 64) float32 unit vectors at scene pixels (x, y), as 8 bits keep them; always the same at a point."""
        height, width = self._cover.shape
        reach = PIXEL_M / 2 / self._gsd_m
        shares = np.zeros((len(x), len(COVERS)), np.float32)
        for dx in (-reach, 0.0, reach):
            for dy in (-reach, 0.0, reach):
                column = np.clip(x + dx, 0, width - 1).astype(int)
                row = np.clip(y + dy, 0, height - 1).astype(int)
                shares[np.arange(len(x)), self._cover[row, column]] += np.float32(1 / 9)
        if not self._k:  # nothing may depend on the cover, not even by rounding
            shares[:] = np.eye(len(COVERS), dtype=np.float32)[0]
        scores = _bilinear(self._detail, x / self._detail_step, y / self._detail_step)
        varied = np.zeros((len(x), BANDS), np.float32)
        for c in np.flatnonzero(shares.any(0)):
            varied += shares[:, c : c + 1] * (scores @ self._within[c])
        step = max(PIXEL_M / self._gsd_m, 1.0)
        cell = np.floor(x / step).astype(int) * 7919 + np.floor(y / step).astype(int) * 104729
        across = np.stack([x / width - 0.5, y / height - 0.5], axis=1).astype(np.float32)
        vectors = shares @ self._means + across @ self._slope + varied
        vectors += (shares @ self._noise)[:, None] * self._grain[cell % len(self._grain)]
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return quantised(vectors)

    def sample(
        self, lon: Degrees, lat: Degrees, year: int, resolution_m: float = 0.0
    ) -> tuple[Vectors, npt.NDArray[np.bool_]]:
        """As any source; points outside of the scene take the cover of its edge, and every point is valid."""
        x, y = self._grid.from_lonlat(lon, lat)
        return self.at(x, y), np.ones(len(lon), bool)

    def close(self) -> None:
        """Nothing to let go of."""


def _bilinear(knots: Vectors, x: Degrees, y: Degrees) -> Vectors:
    """(S, F) between knots (rows, columns, F), of variance 1 everywhere."""
    rows, columns = knots.shape[:2]
    x, y = np.clip(x, 0, columns - 1.001), np.clip(y, 0, rows - 1.001)
    column, row = x.astype(int), y.astype(int)
    east, south = (x - column)[:, None].astype(np.float32), (y - row)[:, None].astype(np.float32)
    weights = ((1 - south) * (1 - east), (1 - south) * east, south * (1 - east), south * east)
    corners = ((row, column), (row, column + 1), (row + 1, column), (row + 1, column + 1))
    total = sum(w * knots[at] for w, at in zip(weights, corners, strict=True))
    return np.asarray(total / np.sqrt(sum(w**2 for w in weights)), np.float32)


def quantised(vectors: Vectors) -> Vectors:
    """What is left of unit vectors (S, 64) after the 8-bit encoding of the public data set, again of unit length."""
    decoded = decode(encode(vectors))
    return np.asarray(decoded / np.linalg.norm(decoded, axis=1, keepdims=True), np.float32)
