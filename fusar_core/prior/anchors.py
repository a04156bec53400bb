"""Spatio-temporal anchors: AlphaEarth vectors on a regular grid over a chip, aligned to its pixels (paper eq. 1–3).

    source = open_source("mosaic")  # or "earth-engine:PROJECT", a raster, a folder of rasters
    anchors = sample_anchors(scene.grid, window, 2020, source)
    write_anchors(anchors, Path("anchors.npz"))

Positions are (y, x) in 0…1: 0 is the chip's outer top or left edge, 1 its outer bottom or right edge.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice

import numpy as np
import numpy.typing as npt

from fusar_core.domain.anchors import Anchors, Floats
from fusar_core.domain.grid import FloatArray, Grid
from fusar_core.domain.schema import NODES_PER_SIDE
from fusar_core.domain.tiling import CHIP_SIZE, Window
from fusar_core.errors import BadCrs, BadExtent, SourceElsewhere, UnknownYear
from fusar_core.prior.aef.source import EmbeddingSource
from fusar_core.prior.spacetime import SpatioTemporalBox

CHIPS_AT_ONCE = 64
"""Chips whose nodes are looked up together by `for_chips`, so that chunks shared by neighbours are read once."""

EDGE_TOLERANCE_PX = 0.01
"""How far beyond the edge a node may fall by rounding in the projection and still count as lying on it."""


def node_positions(grid: Grid, window: Window, lon: npt.ArrayLike, lat: npt.ArrayLike) -> FloatArray:
    """Where nodes fall on a chip (eq. 3): float64 (S, 2), (y, x) with the chip's edges at 0 and 1; NaN or inf where the
    CRS has no answer.

    Each node goes through the raster's CRS and exact geotransform; for a north-up raster in degrees this is the paper's
    linear mapping.
    """
    lon, lat = np.asarray(lon, float), np.asarray(lat, float)
    with np.errstate(invalid="ignore"):
        x, y = grid.from_lonlat(lon, lat)
        turn_x, turn_y = _one_turn(grid)
    if np.hypot(turn_x, turn_y) > 1:
        # A cylindrical raster that runs past 180°: the projection answers one turn of the Earth away.
        for sign in (1, -1):
            there_x, there_y = x + sign * turn_x, y + sign * turn_y
            back_lon, back_lat = grid.to_lonlat(there_x, there_y)
            same = (np.abs((back_lon - lon + 180) % 360 - 180) < 1e-6) & (np.abs(back_lat - lat) < 1e-6)
            better = same & ~_on_chip(window, x, y) & _on_chip(window, there_x, there_y)
            x, y = np.where(better, there_x, x), np.where(better, there_y, y)
    return np.column_stack([(y - window.row) / window.height, (x - window.col) / window.width])


def _one_turn(grid: Grid) -> tuple[float, float]:
    """Pixels (x, y) from 180° W to 180° E; 0 where they are the same place, as in most projections and in degrees."""
    if grid.crs is None or grid.crs.is_geographic:
        return 0.0, 0.0
    x, y = grid.from_lonlat([180.0 - 1e-9, -180.0 + 1e-9], [0.0, 0.0])
    turn = float(x[0] - x[1]), float(y[0] - y[1])
    return turn if np.isfinite(turn).all() else (0.0, 0.0)


def _on_chip(window: Window, x: FloatArray, y: FloatArray) -> npt.NDArray[np.bool_]:
    t = EDGE_TOLERANCE_PX
    with np.errstate(invalid="ignore"):
        inside = (x >= window.col - t) & (x <= window.right + t) & (y >= window.row - t) & (y <= window.bottom + t)
    return np.asarray(inside)


def sample_anchors(
    grid: Grid, window: Window, year: int | None, source: EmbeddingSource, n: int = NODES_PER_SIDE
) -> Anchors:
    """The anchors of one chip. Many chips should share an `AnchorSampler`; its warnings are issued as Python's here."""
    sampler = AnchorSampler(source, year, n)
    anchors = sampler.for_chip(grid, window)
    for message in sampler.warnings:
        warnings.warn(message, stacklevel=2)
    return anchors


@dataclass
class AnchorSampler:
    """Samples the anchors of a scene's chips from one source, in one year.

    n: nodes along a side of the grid over each chip's box of longitudes and latitudes; nodes outside the chip, which
    rotated and projected chips have, are dropped. warnings: what the user should know, each said once. May be used
    from several threads.

    Raises UnknownYear without a year, BadOption for n = 2.
    """

    source: EmbeddingSource
    year: int | None
    n: int = NODES_PER_SIDE
    warnings: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.year is None:
            raise UnknownYear(
                "The year of the scene is not known, and embeddings differ from year to year.", "Give --year."
            )
        SpatioTemporalBox(0, 0, 1, 1, self.year).nodes(self.n, self.n)  # refuses a useless grid at once
        self._checked: Grid | None = None

    @cached_property
    def year_used(self) -> int:
        """The year that is sampled: the nearest that the source has."""
        assert self.year is not None
        used = self.source.year_used(self.year)
        if used != self.year:
            self._warn(f"There are no AlphaEarth embeddings of {self.year}: those of {used} are used.")
        return used

    def for_chip(self, grid: Grid, window: Window) -> Anchors:
        """The anchors of one chip. A chip where the source holds no data gets none (valid_fraction 0), and a warning.

        Raises BadCrs for an image without georeference, SourceElsewhere when the source lies wholly beside the scene,
        and what the source raises.
        """
        return next(self.for_chips(grid, [window]))

    def for_chips(self, grid: Grid, windows: Iterable[Window]) -> Iterator[Anchors]:
        """The anchors of many chips of one raster, in their order; chunks of the source are shared between them."""
        self._check(grid)
        waiting = iter(windows)
        while batch := list(islice(waiting, CHIPS_AT_ONCE)):
            yield from self._sample(grid, batch)

    def _sample(self, grid: Grid, windows: Sequence[Window]) -> Iterator[Anchors]:
        nodes = [self._nodes(grid, window) for window in windows]
        lon, lat = (np.concatenate([chip[i] for chip in nodes]) for i in (0, 1))
        features, valid = self.source.sample(lon, lat, self.year_used, _resolution_m(grid, windows))
        start = 0
        for chip_lon, chip_lat, positions in nodes:
            chip = slice(start, start + len(chip_lon))
            start = chip.stop
            good = valid[chip]
            if not good.any() and self.source.name != "none":
                self._warn("AlphaEarth has no data under some chips (open sea, poles, gaps): they go without prior.")
            yield Anchors(
                features[chip][good],
                positions[good],
                chip_lon[good],
                chip_lat[good],
                float(good.mean()) if len(good) else 0.0,
                self.year,
                self.year_used,
                self.source.name,
                self.source.attribution,
            )

    def _nodes(self, grid: Grid, window: Window) -> tuple[FloatArray, FloatArray, Floats]:
        """Longitudes, latitudes and positions of the nodes that lie on the chip."""
        try:
            lon, lat = SpatioTemporalBox.of_window(grid, window, self.year_used).nodes(self.n, self.n)
        except BadExtent:  # beyond the edge of the projection
            return np.empty(0), np.empty(0), np.empty((0, 2), np.float32)
        positions = node_positions(grid, window, lon, lat)
        y, x = window.row + positions[:, 0] * window.height, window.col + positions[:, 1] * window.width
        inside = _on_chip(window, x, y)
        return lon[inside], lat[inside], np.clip(positions[inside], 0.0, 1.0).astype(np.float32)

    def _check(self, grid: Grid) -> None:
        """That the scene has a place on Earth, and the source reaches there."""
        if grid is self._checked:
            return
        if grid.crs is None:
            raise BadCrs("The image has no georeference, so nobody knows which embeddings belong to it.", "Go without.")
        box = SpatioTemporalBox.of_window(grid, Window(0, 0, grid.height, grid.width), self.year_used)
        if not self.source.covers(box):
            raise SourceElsewhere(
                f"{self.source.name} does not overlap the scene (longitude {box.lon_min:.4f} to {box.lon_max:.4f},"
                f" latitude {box.lat_min:.4f} to {box.lat_max:.4f}): 0 % of it.",
                "Give the embeddings of this place.",
            )
        self._checked = grid

    def _warn(self, message: str) -> None:
        if message not in self.warnings:
            self.warnings.append(message)


def _resolution_m(grid: Grid, windows: Sequence[Window]) -> float:
    """Metres on the ground that a model sees in one pixel of a chip: chips larger than 504 pixels are shrunk to it."""
    size = grid.pixel_size_m
    if size is None:
        return 0.0
    return min(size) * max(1.0, min(min(w.height, w.width) for w in windows) / CHIP_SIZE)
