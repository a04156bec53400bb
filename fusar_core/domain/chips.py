"""A chip: one window of a scene as an engine gets it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from fusar_core.domain.anchors import Anchors
from fusar_core.domain.radiometry import Radiometry
from fusar_core.domain.tiling import ChipWindow, Window


@dataclass(frozen=True, eq=False)
class Chip:
    """One window of a scene as an engine gets it.

    values: (H, W) pixels as stored (any numeric dtype; complex for SLC). valid: (H, W) bool, False on nodata, NaN,
    padding. water: (H, W) bool where targets may lie, None when no mask was given. pixel_size_m: ground metres (along a
    row, along a column), None without georeference. anchors: spatio-temporal prior, None when none was asked for.
    """

    where: ChipWindow
    values: npt.NDArray[Any]
    valid: npt.NDArray[np.bool_]
    radiometry: Radiometry
    pixel_size_m: tuple[float, float] | None
    water: npt.NDArray[np.bool_] | None = None
    anchors: Anchors | None = None

    @cached_property
    def intensity(self) -> npt.NDArray[np.float32]:
        """(H, W) float32 linear power, 0 where not valid; absolute only for calibrated data."""
        return self.radiometry.to_intensity(self.values, self.valid)

    @cached_property
    def image(self) -> npt.NDArray[np.uint8]:
        """(H, W) uint8 with the scene's fixed stretch, 0 where not valid: what a model sees."""
        return self.radiometry.to_uint8(self.values, self.valid)

    def inside(self, extent: Window) -> Chip:
        """The chip with nothing valid outside an extent (scene pixels)."""
        window = self.where.window
        shared = window.intersection(extent)
        valid = np.zeros_like(self.valid)
        if shared is not None:
            rows = slice(shared.row - window.row, shared.bottom - window.row)
            columns = slice(shared.col - window.col, shared.right - window.col)
            valid[rows, columns] = self.valid[rows, columns]
        return replace(self, valid=valid)
