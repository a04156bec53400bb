"""Ships of a real harbour against marks made by eye: found within 250 m, and what stands beside them in open water.

Truth: points of kind ship, uncertain and not_ship (oil islands, a platform), and an area of kind ignore (land,
breakwaters and 300 m around them, inner anchorages) in which detections do not count.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely

from fusar_core import SarScene, Scope, interpret, open_engine
from fusar_core.results.features import feature_tables

NEAR_M = 250.0
FOLDER = Path(os.environ.get("FUSAR_TEST_DATA", Path(__file__).resolve().parents[2] / "shared" / "data")) / "scenes"
NAME = "la_long_beach_harbour"


def run(folder: Path = FOLDER) -> dict[str, Any]:
    """The detector, and fusar-nano where torch is installed."""
    engines = ("cfar", "fusar") if find_spec("torch") else ("cfar",)
    return {name: score(folder, name) for name in engines}


def score(folder: Path, engine: str) -> dict[str, Any]:
    """Counts of ships found, and of detections in open water, without and with the flagged ones."""
    meta, _, geometry, columns = pyogrio.raw.read(folder / f"{NAME}_truth.geojson")
    kind = np.array(dict(zip(meta["fields"], columns, strict=True))["kind"])
    shapes = shapely.from_wkb(geometry)
    points, ignore = shapes[kind != "ignore"], shapely.union_all(shapes[kind == "ignore"])
    with SarScene.open(folder / f"{NAME}_S1_VH_20201107_utm11n_10m.tif") as scene:
        result = interpret(scene, open_engine(engine), Scope(classes=("ship",)))
    detections = feature_tables(result)[0]
    centres = np.array([p.centroid for p in detections.polygons])
    counted = np.array([not row["flags"] for row in detections.rows])
    near = {
        k: sum(bool((shapely.distance(centres, p) <= NEAR_M).any()) for p in shapes[kind == k])
        for k in ("ship", "uncertain", "not_ship")
    }
    open_water = ~shapely.contains(ignore, centres)
    alone = open_water & (np.array([shapely.distance(points, c).min() for c in centres]) > NEAR_M)
    return {
        "found": {k: f"{near[k]} of {(kind == k).sum()}" for k in near},
        "detections": len(centres),
        "flagged": int((~counted).sum()),
        "ships_flagged": sum(
            bool((shapely.distance(centres[~counted], p) <= NEAR_M).any()) for p in shapes[kind == "ship"]
        ),
        "in_open_water": int(open_water.sum()),
        "in_open_water_far_from_any_mark": int((alone & counted).sum()),
        "of_these_scores": sorted(round(detections.rows[i]["score"], 2) for i in np.flatnonzero(alone & counted)),
        "seconds": round(result.seconds, 2),
    }
