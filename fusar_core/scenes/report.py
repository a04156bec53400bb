"""What `fusar info` tells of a scene, as JSON-able values and as text."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from typing import Any

from fusar_core.errors import BadBand, FusarError, SceneEmpty
from fusar_core.scenes.acquisition import Acquisition, read_acquisition, year_unknown
from fusar_core.scenes.raster.bands import polarisations_in
from fusar_core.scenes.raster.names import raster_name
from fusar_core.scenes.raster.parts import scene_files
from fusar_core.scenes.scene import SarScene


def describe(scene: SarScene) -> dict[str, Any]:
    """Everything known of a scene: file, bands, place, time, radiometry, share of valid pixels, warnings.

    footprint: closed ring of [lon, lat] in degrees, unwrapped over the antimeridian; None without georeference.
    radiometry: None, with the reason as a warning, for a scene without any valid pixel or with values that no radar
    measures. nodata: `nan` as a word, since JSON has none.
    """
    unknown = list(filter(None, [year_unknown(scene.acquisition)]))
    try:
        radiometry: dict[str, Any] | None = _radiometry(scene)
    except (SceneEmpty, BadBand) as error:
        radiometry = None
        unknown.append(f"Radiometry unknown: {error}")
    report = {
        "path": str(scene.path),
        "driver": scene.driver,
        "width": scene.grid.width,
        "height": scene.grid.height,
        "dtype": str(scene.dtype),
        "nodata": scene.nodata if scene.nodata is None or math.isfinite(scene.nodata) else str(scene.nodata),
        "bands": [{"index": b.index, "name": b.name, "polarisation": b.polarisation} for b in scene.bands],
        "band": {"label": scene.band.label, "reason": scene.band.reason},
        "crs": scene.grid.crs_name() or None,
        "transform": list(scene.grid.transform[:6]),
        "geocoding": _geocoding(scene),
        "pixel_size_m": _rounded(scene.grid.pixel_size_m, 4),
        "footprint": _footprint(scene),
        "acquisition": _acquisition(scene.acquisition),
        "radiometry": radiometry,
        "valid_fraction": round(scene.valid_fraction, 4),
        "warnings": [*scene.warnings, *unknown],
    }
    return {name: _without_nan(value) for name, value in report.items()}


def describe_unopened(
    given: str | os.PathLike[str], error: FusarError, band: str | None = None, year: int | None = None
) -> dict[str, Any] | None:
    """What metadata say of a product whose pixels cannot be read, and why they cannot; None when they say nothing."""
    try:
        names = scene_files(given, band).files
        path = names[0].path
    except FusarError:
        try:
            names = [raster_name(given)]
            path = names[0].path
        except FusarError:
            return None
    found = read_acquisition(path, {}, year)
    if len(names) > 1 or not found.polarisations:
        stated = tuple(dict.fromkeys(p for n in names for p in polarisations_in(n.shown)))
        where = {"polarisations": "the names of its files"} if stated else {}
        found = replace(found, polarisations=stated or found.polarisations, provenance={**found.provenance, **where})
    if found.sensor is None and found.start is None:
        return None
    return {
        "path": os.fspath(given),
        "acquisition": _acquisition(found),
        "radiometry": None,
        "warnings": [f"No pixel can be read, so size, place and radiometry are unknown: {error.message}"],
        "error": error.as_dict(),
    }


def _without_nan(value: Any) -> Any:
    """The value with None for numbers that JSON does not have."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [_without_nan(v) for v in value]
    if isinstance(value, dict):
        return {k: _without_nan(v) for k, v in value.items()}
    return value


def _rounded(values: tuple[float, ...] | None, digits: int) -> list[float] | None:
    return None if values is None else [round(v, digits) for v in values]


def _footprint(scene: SarScene) -> list[list[float]] | None:
    if not scene.grid.is_georeferenced:
        return None
    return [[round(lon, 6), round(lat, 6)] for lon, lat in scene.grid.footprint(5)]


def _geocoding(scene: SarScene) -> dict[str, Any]:
    if scene.geocoded is None:
        return {"kind": scene.geocoding}
    median, largest = scene.geocoded.affine_residual_m
    return {
        "kind": scene.geocoding,
        "method": scene.geocoded.method,
        "affine_residual_m": {"median": round(median, 2), "max": round(largest, 2)},
    }


def _acquisition(found: Acquisition) -> dict[str, Any]:
    values = {
        "acquired": found.acquired,
        "year": found.year,
        "sensor": found.sensor,
        "band": found.band,
        "polarisations": list(found.polarisations),
        "orbit_pass": found.orbit_pass,
        "heading_deg": None if found.heading_deg is None else round(found.heading_deg, 2),
        "incidence_deg": found.incidence_deg,
        "product": found.product,
    }
    named = {"start": "acquired"}
    provenance = {named.get(k, k): v for k, v in found.provenance.items() if named.get(k, k) in values}
    return {**values, "provenance": provenance}


def _radiometry(scene: SarScene) -> dict[str, Any]:
    found = scene.radiometry
    return {
        "kind": str(found.kind),
        "provenance": found.provenance,
        "calibrated": found.calibrated,
        "window_db": _rounded(found.window_db, 2),
        "window_provenance": found.window_provenance,
    }


def as_text(report: dict[str, Any]) -> str:
    """The report, of an opened scene or an unopened product, as aligned lines for people."""
    opened = "error" not in report
    rows = [
        ("scene", report["path"]),
        *(_raster_rows(report) if opened else ()),
        *_time_rows(report["acquisition"]),
        *_radiometry_rows(report["radiometry"]),
        *([("valid", f"{report['valid_fraction']:.1%} of sampled pixels")] if opened else ()),
        *(("warning", text) for text in report["warnings"]),
    ]
    return "\n".join(f"{name:<13} {text}" for name, text in rows)


def _raster_rows(report: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        ("format", f"{report['driver']}, {report['width']} × {report['height']} px, {report['dtype']}"),
        ("nodata", "none declared" if report["nodata"] is None else str(report["nodata"])),
        ("bands", ", ".join(_band_text(b) for b in report["bands"])),
        ("read", f"{report['band']['label']} ({report['band']['reason']})"),
        *_place_rows(report),
    ]


def _band_text(band: dict[str, Any]) -> str:
    words = [w for w in dict.fromkeys((band["polarisation"], band["name"])) if w]
    return f"{band['index']} {' '.join(words)}".strip()


def _place_rows(report: dict[str, Any]) -> list[tuple[str, str]]:
    geocoding = report["geocoding"]
    rows = [("CRS", report["crs"] or "none")]
    if "method" in geocoding:
        residual = geocoding["affine_residual_m"]
        rows.append(
            (
                "geocoding",
                f"{geocoding['method']} (affine fit: off by {residual['median']}, at most {residual['max']} m)",
            )
        )
    if report["pixel_size_m"]:
        along_row, along_column = report["pixel_size_m"]
        rows.append(("pixel size", f"{along_row:.3f} × {along_column:.3f} m on the ground"))
    if report["footprint"]:
        lons, lats = zip(*report["footprint"], strict=True)
        where = f"longitude {min(lons):.4f} … {max(lons):.4f}, latitude {min(lats):.4f} … {max(lats):.4f}"
        rows.append(("footprint", where))
    return rows


def _time_rows(acquisition: dict[str, Any]) -> list[tuple[str, str]]:
    origin = acquisition["provenance"]
    rows = [("acquired", f"{acquisition['acquired']} ({origin.get('acquired') or origin.get('year')})")]
    if acquisition["acquired"] is None:
        rows = [("acquired", "unknown")]
    if acquisition["polarisations"]:
        rows.append(("polarisation", f"{', '.join(acquisition['polarisations'])} ({origin['polarisations']})"))
    labels = {
        "sensor": "sensor",
        "band": "radar band",
        "product": "product",
        "orbit_pass": "orbit",
        "heading_deg": "heading",
        "incidence_deg": "incidence",
    }
    for key, label in labels.items():
        if acquisition[key] is not None:
            unit = "°" if key.endswith("_deg") else ""
            rows.append((label, f"{acquisition[key]}{unit} ({origin[key]})"))
    return rows


def _radiometry_rows(radiometry: dict[str, Any] | None) -> list[tuple[str, str]]:
    if radiometry is None:
        return [("radiometry", "unknown")]
    calibrated = "calibrated" if radiometry["calibrated"] else "not calibrated"
    window = radiometry["window_db"]
    stretch = f"{window[0]} … {window[1]} dB ({radiometry['window_provenance']})" if window else "none (8-bit)"
    return [
        ("radiometry", f"{radiometry['kind']}, {calibrated} ({radiometry['provenance']})"),
        ("stretch", stretch),
    ]
