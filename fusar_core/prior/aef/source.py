"""What a source of AlphaEarth embeddings is, and the years there are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from fusar_core.domain.schema import EMBEDDING_BANDS as BANDS
from fusar_core.prior.aef.quantisation import Mask, Vectors

if TYPE_CHECKING:
    from fusar_core.prior.spacetime import SpatioTemporalBox

ATTRIBUTION = "The AlphaEarth Foundations Satellite Embedding dataset is produced by Google and Google DeepMind."
"""The sentence that the licence (CC-BY 4.0) wants beside everything made with the embeddings, word for word."""

YEARS = range(2017, 2026)
"""Years for which AlphaEarth embeddings exist."""

Degrees = npt.NDArray[np.float64]
Progress = Callable[[int, int], None]


class EmbeddingSource(Protocol):
    """Where vectors come from. Opening is cheap: nothing is read before the first `sample`.

    name: for provenance. attribution: what must stand beside results. on_progress(done, total): called while chunks are
    fetched, from any thread.
    """

    name: str
    attribution: str
    on_progress: Progress | None

    def year_used(self, year: int) -> int:
        """The year that is sampled when `year` is wanted: the nearest there is. May read the source's metadata."""
        ...

    def covers(self, box: SpatioTemporalBox) -> bool:
        """Whether the source reaches into the box at all, data or not."""
        ...

    def sample(self, lon: Degrees, lat: Degrees, year: int, resolution_m: float = 0.0) -> tuple[Vectors, Mask]:
        """Vectors of the pixels that hold the points, in the year that `year_used` gives.

        lon, lat: float64 (S,), degrees WGS 84. resolution_m: size on the ground of what one pixel of the scene shows;
        a source with overviews may then use one that is no coarser. Returns features float32 (S, 64) of unit length,
        zero where not valid, and valid bool (S,). May be called from several threads.

        Raises SourceUnavailable, SourceDenied, BadEmbeddings.
        """
        ...

    def close(self) -> None:
        """Lets go of files and connections."""
        ...


class NoEmbeddings:
    """The source that knows nothing: every chip goes without prior."""

    name = "none"
    attribution = ""
    on_progress: Progress | None = None

    def year_used(self, year: int) -> int:
        """The wanted year itself, which nothing contradicts."""
        return year

    def covers(self, box: SpatioTemporalBox) -> bool:
        """Always, so that no scene is refused for lying elsewhere."""
        return True

    def sample(self, lon: Degrees, lat: Degrees, year: int, resolution_m: float = 0.0) -> tuple[Vectors, Mask]:
        """Zeros (S, 64) float32, and False for each point."""
        return np.zeros((len(lon), BANDS), np.float32), np.zeros(len(lon), bool)

    def close(self) -> None:
        """Nothing to let go of."""
        pass


def nearest_year(year: int, years: Iterable[int] = YEARS) -> int:
    """The year of `years` nearest to the wanted one; the earlier of two equally near."""
    return min(years, key=lambda y: (abs(y - year), y))


def is_remote(location: str) -> bool:
    """Whether the location is read over the network: a URL, or a network path of GDAL's."""
    return "://" in location or location.startswith(("/vsicurl/", "/vsis3/", "/vsigs/", "/vsiaz/"))
