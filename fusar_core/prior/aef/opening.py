"""A source of AlphaEarth embeddings by its name. A new kind of source gets its name here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fusar_core.errors import UnknownSource
from fusar_core.prior.aef.source import EmbeddingSource, NoEmbeddings, is_remote

if TYPE_CHECKING:
    from fusar_core.prior.aef.cache import DiskCache


def open_source(spec: str | Path, cache: DiskCache | None = None) -> EmbeddingSource:
    """The source that `spec` names.

    mosaic: the public Zarr mosaic; mosaic:FOLDER-or-URL: a copy of it; earth-engine or earth-engine:PROJECT; none; or
    a raster of 64 bands, a folder of such rasters, or a URL of one. cache: the disk cache for what comes over the
    network; the user's own when None.

    Raises UnknownSource.
    """
    text = str(spec).strip()
    kind, _, rest = text.partition(":")
    if text == "none":
        return NoEmbeddings()
    if kind == "mosaic":
        from fusar_core.prior.aef.mosaic import PUBLIC_MOSAIC, MosaicSource

        return MosaicSource(rest or PUBLIC_MOSAIC, cache)
    if kind == "earth-engine":
        from fusar_core.prior.aef.earth_engine import EarthEngineSource

        return EarthEngineSource(rest or None, cache)
    path = Path(text).expanduser()
    if (path / "zarr.json").is_file():
        from fusar_core.prior.aef.mosaic import MosaicSource

        return MosaicSource(str(path), cache)
    if is_remote(text) or text.startswith("/vsi") or (text and path.exists()):
        from fusar_core.prior.aef.raster import RasterSource

        return RasterSource(text if is_remote(text) else path, cache)
    raise UnknownSource(
        f"'{text}' is no source of embeddings.",
        "Give mosaic, mosaic:FOLDER-or-URL, earth-engine, earth-engine:PROJECT, none, or an existing raster or folder.",
    )
