"""Sources by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fusar_core.errors import UnknownSource
from fusar_core.prior.aef import open_source
from fusar_core.prior.aef.cache import DiskCache
from fusar_core.prior.aef.earth_engine import EarthEngineSource
from fusar_core.prior.aef.mosaic import PUBLIC_MOSAIC, MosaicSource
from fusar_core.prior.aef.raster import RasterSource
from fusar_core.prior.aef.source import nearest_year


def test_the_public_mosaic_is_the_default_one_and_opening_needs_no_network(cache: DiskCache) -> None:
    source = open_source("mosaic", cache)
    assert isinstance(source, MosaicSource)
    assert source.name == f"mosaic {PUBLIC_MOSAIC}"


def test_sources_open_by_name(mosaic: Path, tmp_path: Path, cache: DiskCache) -> None:
    assert isinstance(open_source(f"mosaic:{mosaic}"), MosaicSource)
    assert isinstance(open_source(mosaic), MosaicSource)
    assert isinstance(open_source("mosaic:https://example.org/copy", cache), MosaicSource)
    assert isinstance(open_source("earth-engine", cache), EarthEngineSource)
    assert isinstance(open_source("earth-engine:my-project", cache), EarthEngineSource)
    assert isinstance(open_source(tmp_path), RasterSource)
    assert isinstance(open_source("https://example.org/aef.tif", cache), RasterSource)


def test_none_knows_nothing() -> None:
    features, valid = open_source("none").sample(np.zeros(3), np.zeros(3), 2020)
    assert features.shape == (3, 64)
    assert not valid.any()


@pytest.mark.parametrize("spec", ["alphaearth", "no/such/file.tif", "", "mosaic:no/such/folder"])
def test_what_is_no_source_is_refused(spec: str) -> None:
    with pytest.raises(UnknownSource):
        open_source(spec)


def test_the_nearest_year_is_taken_and_the_earlier_of_two() -> None:
    assert nearest_year(1999) == 2017
    assert nearest_year(2026) == 2025
    assert nearest_year(2020, [2019, 2021]) == 2019
