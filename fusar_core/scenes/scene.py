"""A SAR scene: any raster GDAL opens, read window by window, with its place, its time and the meaning of its pixels."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from fusar_core.domain.chips import Chip
from fusar_core.domain.determination import Statement, determine
from fusar_core.domain.extent import window_of_extent
from fusar_core.domain.radiometry import Kind, Radiometry
from fusar_core.domain.tiling import ChipWindow, Window
from fusar_core.errors import SceneEmpty
from fusar_core.scenes.raster.layer import Sample, Valid, Values
from fusar_core.scenes.raster.opening import Source, open_scene_raster
from fusar_core.scenes.water import WaterMask

LEAST_SAID = 0.001
"""Share of the pixels that are left out above which it is said."""
LEAST_ZEROS = 0.05


class SarScene:
    """An open SAR raster. Use as a context manager, or call `close`.

    path: of the file or product folder, or one of GDAL's own names as it was given; name: what to call it. grid: shape,
    transform and CRS of what is read. extent: window of the whole raster. bands: of the raster; band: what is
    interpreted of them. geocoding: `affine`, `gcp`, `rpc` or `none`; geocoded: how, for gcp and rpc. acquisition: when
    and how it was taken. warnings: what the user should know, complete once the radiometry was asked for.
    """

    def __init__(self, source: Source) -> None:
        self.path = source.path
        self.name = source.name
        self.driver = source.driver
        self.grid = source.grid
        self.extent = Window(0, 0, source.grid.height, source.grid.width)
        self.bands = source.bands
        self.band = source.band
        self.geocoding = source.geocoding
        self.geocoded = source.geocoded
        self.acquisition = source.acquisition
        self.warnings = source.warnings
        self._source = source
        self._layers = source.layers

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        band: str | int | None = None,
        year: int | None = None,
        crs: str | None = None,
    ) -> Self:
        """Opens a raster, a product (its folder, manifest or zip archive), or what one of GDAL's own names stands for.

        band: number, name or polarisation, or several joined by `+` for the mean of their powers; see `bands.choose`
        for the default. Of a product of several parts it begins with one of them (`IW2`, `IW2 VH`). year: of
        acquisition, where the file does not say. crs: of the raster's coordinates, where the file does not say or says
        what is wrong.

        Raises SceneNotFound, SceneUnreadable, BadBand, BadCrs, BadOption (impossible year).
        """
        return cls(open_scene_raster(path, band, year, crs))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._source.close()

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(np.float32) if len(self._layers) > 1 else self._layers[0].dtype

    @property
    def nodata(self) -> float | None:
        nodata: float | None = self._layers[0].nodata
        return nodata

    @property
    def block_shape(self) -> tuple[int, int]:
        """Rows and columns of the blocks that are read at once."""
        return self._layers[0].block_shape

    def read(self, window: Window) -> tuple[Values, Valid]:
        """Pixels and which of them are valid, both (H, W); what lies outside the scene is not valid.

        Pixels are as stored; the float32 mean of the powers where several bands are combined. Not valid are nodata,
        NaN, infinity, masked and transparent pixels, and values that no measurement has (`radiometry.possible`).

        Raises SceneUnreadable when the file breaks off.
        """
        if len(self._layers) == 1:
            return self._layers[0].read(window)
        return self._mean_power([layer.read(window) for layer in self._layers])

    def chip(self, where: ChipWindow, water: WaterMask | None = None) -> Chip:
        """One chip as engines get it."""
        values, valid = self.read(where.window)
        size = None
        if self.grid.is_georeferenced:
            middle = where.window.col + where.window.width / 2, where.window.row + where.window.height / 2
            size = self.grid.pixel_size_at(*middle)
            size = size if np.isfinite(size).all() and min(size) > 0 else self.grid.pixel_size_m
        mask = water.read(where.window) if water else None
        return Chip(where, values, valid, self.radiometry, size, mask)

    def has_data(self, window: Window) -> bool:
        """Whether the window may hold data: False only where that is certain without reading."""
        return all(layer.has_data(window) for layer in self._layers)

    def extent_window(self, bounds: tuple[float, float, float, float], crs: str | None = None) -> Window:
        """The pixels inside an extent.

        bounds: xmin, ymin, xmax, ymax in `crs`, or in the map units of the scene. Degrees may run past ±180.

        Raises BadExtent when the extent is malformed or does not meet the scene, BadCrs when the CRS is unknown.
        """
        return window_of_extent(self.grid, bounds, crs)

    def quicklook(self, window: Window | None = None, max_side: int = 1600) -> tuple[npt.NDArray[np.uint8], float]:
        """A small picture of the scene, or of the part inside `window`, with the scene's stretch.

        Returns the image (H, W), 0 where not valid, and how many scene pixels one of its pixels is wide.
        """
        part = (window or self.extent).intersection(self.extent)
        if part is None:
            raise SceneEmpty(f"{self.name} has no pixel in the wanted window.")
        scale = max(1.0, max(part.height, part.width) / max_side)
        shape = max(1, round(part.height / scale)), max(1, round(part.width / scale))
        parts = [layer.read_decimated(part, shape) for layer in self._layers]
        values, valid = parts[0] if len(parts) == 1 else self._mean_power(parts)
        return self.radiometry.to_uint8(values, valid), scale

    def _mean_power(self, parts: list[tuple[Values, Valid]]) -> tuple[Values, Valid]:
        valid = np.logical_and.reduce([v for _, v in parts])
        powers = [r.to_intensity(values, valid) for r, (values, _) in zip(self._radiometries, parts, strict=True)]
        return np.asarray(np.mean(powers, axis=0, dtype=np.float32)), np.asarray(valid)

    @cached_property
    def _samples(self) -> list[Sample]:
        return [layer.sample for layer in self._layers]

    @cached_property
    def _radiometries(self) -> list[Radiometry]:
        """Of each layer."""
        found = []
        for layer, sample, stated, band in zip(
            self._layers, self._samples, self._source.stated, self.band.bands, strict=True
        ):
            self.warnings += [w for w in self._left_out(sample, band.label) if w not in self.warnings]
            if sample.values.size == 0 and sample.impossible_fraction < 1:
                raise SceneEmpty(f"{self.name} holds no valid pixel in {band.label}.", "Choose another scene or band.")
            found.append(
                determine(
                    sample.values,
                    dtype=layer.dtype,
                    polarisation=band.polarisation,
                    stated=stated,
                    scale=layer.scale,
                    offset=layer.offset,
                    impossible=sample.impossible,
                )
            )
        return found

    def _left_out(self, sample: Sample, label: str) -> list[str]:
        """What is said of pixels that the file holds for valid and we do not."""
        said = []
        if sample.impossible_fraction > LEAST_SAID:
            low, high = float(np.min(np.abs(sample.impossible))), float(np.max(np.abs(sample.impossible)))
            if sample.impossible.dtype.kind != "c":
                low, high = float(np.min(sample.impossible)), float(np.max(sample.impossible))
            values = f"the value {low:g}" if low == high else f"values in {low:g} … {high:g}"
            said.append(
                f"{sample.impossible_fraction:.1%} of the pixels of {label} that the file holds for valid have "
                f"{values}, which no radar measures, and are left out."
            )
        if sample.zero_fraction > LEAST_ZEROS:
            said.append(
                f"{sample.zero_fraction:.1%} of the pixels of {label} are zeros scattered among others; they are taken "
                "for fill and left out."
            )
        return said

    @cached_property
    def radiometry(self) -> Radiometry:
        """Meaning of the pixels and the stretch of all chips, from a sample of the scene.

        Raises SceneEmpty when the scene holds no valid pixel, BadBand when its values are none that a radar measures.
        """
        if len(self._layers) == 1:
            return self._radiometries[0]
        powers = [
            r.to_intensity(s.values, np.ones(s.values.shape, bool))
            for r, s in zip(self._radiometries, self._samples, strict=True)
        ]
        common = min(p.size for p in powers)  # the bands' samples lie in the same places
        return determine(
            np.mean([p[:common] for p in powers], axis=0),
            dtype=np.float32,
            polarisation=self.band.polarisation,
            stated=Statement(
                Kind.INTENSITY,
                all(r.calibrated for r in self._radiometries),
                f"mean of the powers of {' and '.join(b.label for b in self.band.bands)}",
            ),
        )

    @property
    def valid_fraction(self) -> float:
        """Share of valid pixels in a sample spread over the scene."""
        return float(min(s.valid_fraction for s in self._samples))

    def fingerprint(self) -> dict[str, Any]:
        """What makes this scene this one, as JSON-able values: files, band and grid."""
        given = [self.path] if isinstance(self.path, Path) else []
        files = dict.fromkeys([*given, *self._source.files])
        part = {"part": self._source.part} if self._source.part else {}
        return {
            **part,
            "name": self.name,
            "files": [[f.name, f.stat().st_size, f.stat().st_mtime_ns] for f in files if f.is_file()],
            "band": [b.index for b in self.band.bands],
            "shape": [self.grid.height, self.grid.width],
            "transform": list(self.grid.transform[:6]),
            "crs": self.grid.crs_name(),
            "geocoding": self.geocoding,
        }
