"""Two bands, the real and the imaginary part of a complex image, read as one."""

from __future__ import annotations

from typing import Any

import numpy as np
from rasterio.enums import Resampling

from fusar_core.domain.tiling import Window
from fusar_core.scenes.raster.layer import Layer, Valid, Values


class PairLayer(Layer):
    """A layer of complex pixels i + jq. Both bands have the same size; a pixel is valid where both are."""

    def __init__(self, in_phase: Layer, quadrature: Layer) -> None:
        super().__init__(in_phase.dataset, in_phase.index, in_phase.name, in_phase._lock)
        self.in_phase, self.quadrature = in_phase, quadrature
        self.dtype = np.dtype(np.complex64)
        self.scale, self.offset = 1.0, 0.0

    @property
    def datasets(self) -> list[Any]:
        return [*self.in_phase.datasets, *self.quadrature.datasets]

    def _declared(
        self, window: Window, shape: tuple[int, int] | None = None, resampling: Any = Resampling.nearest
    ) -> tuple[Values, Valid | None]:
        real, first = self.in_phase._declared(window, shape, resampling)
        imaginary, second = self.quadrature._declared(window, shape, resampling)
        values = np.empty(real.shape, np.complex64)
        values.real, values.imag = real, imaginary
        known = [declared for declared in (first, second) if declared is not None]
        return values, np.logical_and.reduce(known) if known else None
