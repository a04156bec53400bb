"""Which of the many rasters in an HDF5 product are radar images: NISAR (RSLC, GSLC, GCOV), ICEYE SLC."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

HDF5 = (".h5", ".hdf5", ".he5")
_NISAR = re.compile(r"/(?P<set>(?:swaths|grids)/frequency(?P<frequency>[AB]))/(?P<pol>[HV]{2}|[HV]{4})$")
_HALVES = re.compile(r"//s_[iq]$")


@dataclass(frozen=True)
class Images:
    """names: of the radar images, as GDAL opens them. what: they are, in words. others: left out."""

    names: list[str]
    what: str = ""
    others: tuple[str, ...] = ()


def radar_images(subdatasets: Sequence[str]) -> Images:
    """The images of the first frequency of a NISAR product, or the halves of an ICEYE SLC; none of other containers.

    Of covariances (GCOV) only the diagonal is an image. Grids are opened by the driver that knows where they lie.
    """
    if len(found := [name for name in subdatasets if _HALVES.search(name)]) == 2:
        return Images(found)
    matches = [(name, m) for name in subdatasets if (m := _NISAR.search(name)) is not None]
    diagonal = [(name, m) for name, m in matches if covariance_polarisation(m["pol"]) != m["pol"] or len(m["pol"]) == 2]
    if not diagonal:
        return Images([])
    first = min(m["frequency"] for _, m in diagonal)
    chosen = [name for name, m in diagonal if m["frequency"] == first]
    others = sorted({f"frequency {m['frequency']}" for _, m in diagonal if m["frequency"] != first})
    others += ["covariances between polarisations"] if len(diagonal) < len(matches) else []
    gridded = [re.sub(r"^HDF5:", "NETCDF:", n) if "/grids/" in n else n for n in chosen]
    return Images(gridded, f"frequency {first}", tuple(others))


def covariance_polarisation(name: str) -> str:
    """HHHH, the power of HH → HH; any other name as it is."""
    return name[:2] if re.fullmatch(r"([HV]{2})\1", name) else name
