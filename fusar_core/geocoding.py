"""Geocoding of products that carry ground control points or rational polynomials (RPC) instead of a geotransform.

The result is a virtual raster (GDAL's VRT, as XML) that GDAL warps while it is read. Its grid is the affine one that
fits the image best, rotated like the image, so that pixels keep their size and statistics (nearest neighbour) and
lines and columns stay those of the radar; what an affine grid cannot follow, the warp corrects: a thin plate spline
through all control points, or the RPC model.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import numpy.typing as npt
import pyproj
from affine import Affine
from rasterio.control import GroundControlPoint
from rasterio.transform import GCPTransformer, RPCTransformer

from fusar_core.errors import SceneUnreadable

Points = npt.NDArray[np.float64]

MOST_POINTS = 1000
"""Control points used at most: the spline costs their number cubed to fit, and theirs times pixels to apply."""
LARGEST_ERROR_PX = 0.125
"""Of GDAL's linear approximation of the warp along a line."""
EDGE_POINTS = 65


@dataclass(frozen=True)
class Geocoded:
    """A virtual raster and how it came about.

    xml: for rasterio.open. method: in words. affine_residual_m: at the control points, of the affine grid alone
    (median, largest): what the warp corrects. heading_deg: direction of increasing lines on the ground, clockwise from
    north.
    """

    xml: str
    method: str
    affine_residual_m: tuple[float, float]
    heading_deg: float


def working_crs(lon: float, lat: float) -> pyproj.CRS:
    """UTM zone of a place, WGS 84; polar stereographic (UPS) beyond 84° north and 80° south."""
    if lat >= 84:
        return pyproj.CRS.from_epsg(5041)
    if lat <= -80:
        return pyproj.CRS.from_epsg(5042)
    zone = int(((lon + 180) % 360) // 6) + 1
    return pyproj.CRS.from_epsg((32600 if lat >= 0 else 32700) + zone)


def control_points(dataset: Any) -> tuple[Points, Points, pyproj.CRS] | None:
    """Control points of a raster in a metric CRS: pixels (N, 2) as (x, y), map (N, 2), CRS. None when they do not
    define a place (fewer than three, or along a line).

    Longitudes are unwrapped first, so that points on both sides of the antimeridian stay neighbours. Heights are not
    used.
    """
    points, crs = dataset.gcps
    unique = list({(p.col, p.row): p for p in points}.values())
    step = -(-len(unique) // MOST_POINTS)
    unique = unique[::step]
    if len(unique) < 3:
        return None
    pixels = np.array([(p.col, p.row) for p in unique], float)
    places = np.array([(p.x, p.y) for p in unique], float)
    source = pyproj.CRS.from_wkt(crs.to_wkt()) if crs else pyproj.CRS.from_epsg(4326)
    if source.is_geographic:
        places[:, 0] = np.unwrap(places[:, 0] - places[0, 0], period=360) + places[0, 0]
        target = working_crs(*places.mean(axis=0))
        to_map = pyproj.Transformer.from_crs(source, target, always_xy=True)
        places = np.stack(to_map.transform(places[:, 0], places[:, 1]), axis=1)
        source = target
    spread = np.linalg.svd(pixels - pixels.mean(axis=0), compute_uv=False)
    if not np.isfinite(places).all() or spread[1] < 1e-6 * max(spread[0], 1):
        return None
    return pixels, places, source


def geocode_by_points(dataset: Any, path: str) -> Geocoded | None:
    """The raster at `path` warped by a thin plate spline through its control points; None when they are too few."""
    found = control_points(dataset)
    if found is None:
        return None
    pixels, places, crs = found
    points = [GroundControlPoint(row=y, col=x, x=e, y=n) for (x, y), (e, n) in zip(pixels, places, strict=True)]
    with GCPTransformer(points, tps=True) as spline:

        def to_map(x: Points, y: Points) -> Points:
            return np.stack(spline.xy(y, x, offset="ul"), axis=1)

        listed = "".join(
            f'<GCP Id="" Pixel="{x!r}" Line="{y!r}" X="{e!r}" Y="{n!r}"/>'
            for (x, y), (e, n) in zip(pixels.tolist(), places.tolist(), strict=True)
        )
        transformer = (
            "<SrcTPSTransformer><TPSTransformer><Reversed>0</Reversed>"
            f"<GCPList Projection={quoteattr(crs.to_wkt())}>{listed}</GCPList></TPSTransformer></SrcTPSTransformer>"
        )
        method = f"thin plate spline through {len(pixels)} control points"
        return _geocoded(dataset, path, crs, pixels, places, to_map, transformer, method)


def geocode_by_rpc(dataset: Any, path: str) -> Geocoded:
    """The raster at `path` warped by its rational polynomials at sea level, or at the height nearest to it for which
    they were made.

    Raises SceneUnreadable when the polynomials place no part of the raster.
    """
    rpc = dataset.rpcs
    height = min(max(0.0, rpc.height_off - rpc.height_scale), rpc.height_off + rpc.height_scale)
    crs = working_crs(rpc.long_off, rpc.lat_off)
    project = pyproj.Transformer.from_crs("OGC:CRS84", crs, always_xy=True)
    with RPCTransformer(rpc, RPC_HEIGHT=height) as model:

        def to_map(x: Points, y: Points) -> Points:
            return np.stack(project.transform(*model.xy(y, x, offset="ul")), axis=1)

        grid = np.meshgrid(np.linspace(0, dataset.width, 9), np.linspace(0, dataset.height, 9))
        pixels = np.stack([g.ravel() for g in grid], axis=1)
        places = to_map(pixels[:, 0], pixels[:, 1])
        finite = np.isfinite(places).all(axis=1)
        if finite.sum() < 3:
            raise SceneUnreadable(f"The rational polynomials (RPC) of {path} place it nowhere.")
        listed = "".join(f"<MDI key={quoteattr(k)}>{escape(str(v))}</MDI>" for k, v in rpc.to_gdal().items())
        transformer = (
            f"<SrcRPCTransformer><RPCTransformer><Reversed>0</Reversed><HeightOffset>{height!r}</HeightOffset>"
            f"<HeightScale>1</HeightScale><PixErrThreshold>0.1</PixErrThreshold><Metadata>{listed}</Metadata>"
            "</RPCTransformer></SrcRPCTransformer><ReprojectTransformer><ReprojectionTransformer>"
            f"<SourceSRS>{escape(pyproj.CRS.from_epsg(4326).to_wkt())}</SourceSRS>"
            f"<TargetSRS>{escape(crs.to_wkt())}</TargetSRS></ReprojectionTransformer></ReprojectTransformer>"
        )
        method = f"rational polynomials (RPC) at {height:.0f} m above the ellipsoid"
        return _geocoded(dataset, path, crs, pixels[finite], places[finite], to_map, transformer, method)


def fit_affine(pixels: Points, places: Points) -> Affine:
    """The affine transform that fits pixel (x, y) → map best, in least squares."""
    design = np.column_stack([pixels, np.ones(len(pixels))])
    coefficients, *_ = np.linalg.lstsq(design, places, rcond=None)
    return Affine(*coefficients[:, 0], *coefficients[:, 1])


def _geocoded(
    dataset: Any,
    path: str,
    crs: pyproj.CRS,
    pixels: Points,
    places: Points,
    to_map: Callable[[Points, Points], Points],
    transformer: str,
    method: str,
) -> Geocoded:
    affine = fit_affine(pixels, places)
    residuals = np.hypot(*(_apply(affine, pixels) - places).T)
    outline = to_map(*_outline(dataset.width, dataset.height))
    outline = _apply(~affine, outline[np.isfinite(outline).all(axis=1)])
    left, top = np.floor(outline.min(axis=0) + 1e-6).astype(int).tolist()
    right, bottom = np.ceil(outline.max(axis=0) - 1e-6).astype(int).tolist()
    grid = affine * Affine.translation(left, top)
    xml = _warped(dataset, path, crs, grid, right - left, bottom - top, transformer)
    x, y = dataset.width / 2, dataset.height / 2
    ahead = _apply(affine, np.array([[x, y - 0.5], [x, y + 0.5]]))
    lon, lat = pyproj.Transformer.from_crs(crs, "OGC:CRS84", always_xy=True).transform(*ahead.T)
    heading = pyproj.Geod(ellps="WGS84").inv(lon[0], lat[0], lon[1], lat[1])[0] % 360
    return Geocoded(xml, method, (float(np.median(residuals)), float(residuals.max())), heading)


def _apply(transform: Affine, points: Points) -> Points:
    a, b, c, d, e, f = transform[:6]
    x, y = points.T
    return np.stack([a * x + b * y + c, d * x + e * y + f], axis=1)


def _outline(width: int, height: int) -> tuple[Points, Points]:
    t = np.linspace(0.0, 1.0, EDGE_POINTS)
    x = np.concatenate([t * width, np.full_like(t, width), t * width, np.zeros_like(t)])
    y = np.concatenate([np.zeros_like(t), t * height, np.full_like(t, height), t * height])
    return x, y


_GDAL_TYPES = {
    "uint8": "Byte",
    "int8": "Int8",
    "uint16": "UInt16",
    "int16": "Int16",
    "uint32": "UInt32",
    "int32": "Int32",
    "float32": "Float32",
    "float64": "Float64",
    "complex_int16": "CInt16",
    "complex64": "CFloat32",
    "complex128": "CFloat64",
}


def _warped(dataset: Any, path: str, crs: pyproj.CRS, grid: Affine, width: int, height: int, transformer: str) -> str:
    """The XML of a warped VRT with all bands of the raster.

    Outside the image it holds the raster's nodata value; without one NaN (real) or 0. A pixel of the image that happens
    to have that value is moved to the next by GDAL's warper, so that it stays valid.
    """
    bands, mapping = [], []
    for index, stored in enumerate(dataset.dtypes, 1):
        kind = _GDAL_TYPES[stored]
        given = dataset.nodatavals[index - 1]
        outside = given if given is not None else math.nan if kind.startswith("Float") else 0
        bands.append(
            f'<VRTRasterBand dataType="{kind}" band="{index}" subClass="VRTWarpedRasterBand">'
            f"<Description>{escape(dataset.descriptions[index - 1] or '')}</Description>"
            f"<NoDataValue>{outside!r}</NoDataValue></VRTRasterBand>"
        )
        source = (
            f"<SrcNoDataReal>{given!r}</SrcNoDataReal><SrcNoDataImag>0</SrcNoDataImag>" if given is not None else ""
        )
        mapping.append(
            f'<BandMapping src="{index}" dst="{index}">{source}<DstNoDataReal>{outside!r}</DstNoDataReal>'
            "<DstNoDataImag>0</DstNoDataImag></BandMapping>"
        )
    working = _GDAL_TYPES[dataset.dtypes[0]]
    return (
        f'<VRTDataset rasterXSize="{width}" rasterYSize="{height}" subClass="VRTWarpedDataset">'
        f"<SRS>{escape(crs.to_wkt())}</SRS><GeoTransform>{_numbers(grid)}</GeoTransform>{''.join(bands)}"
        "<BlockXSize>512</BlockXSize><BlockYSize>512</BlockYSize><GDALWarpOptions>"
        "<WarpMemoryLimit>6.71089e+07</WarpMemoryLimit><ResampleAlg>NearestNeighbour</ResampleAlg>"
        f'<WorkingDataType>{working}</WorkingDataType><Option name="INIT_DEST">NO_DATA</Option>'
        f'<SourceDataset relativeToVRT="0">{escape(path)}</SourceDataset>'
        f"<Transformer><ApproxTransformer><MaxError>{LARGEST_ERROR_PX}</MaxError><BaseTransformer>"
        f"<GenImgProjTransformer>{transformer}<DstGeoTransform>{_numbers(grid)}</DstGeoTransform>"
        f"<DstInvGeoTransform>{_numbers(~grid)}</DstInvGeoTransform></GenImgProjTransformer>"
        "</BaseTransformer></ApproxTransformer></Transformer>"
        f"<BandList>{''.join(mapping)}</BandList></GDALWarpOptions></VRTDataset>"
    )


def _numbers(transform: Affine) -> str:
    return ", ".join(repr(float(v)) for v in transform.to_gdal())
