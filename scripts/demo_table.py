"""Prints what the demo found in the sample scene beside what was planted there.

Usage: demo_table.py SUMMARY.json TRUTH.geojson (the `--json` summary of `fusar interpret`; the sample's truth).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pyogrio
import shapely
from pyproj import Transformer
from shapely.geometry import shape

REACH_M = 30.0  # a detection belongs to a planted object when their outlines come this close
SMALL_M = 45.0
ROWS = {
    "ships at sea": lambda p: p["kind"] == "ship" and p["where"] != "quay" and p["length_m"] >= SMALL_M,
    "boats under 45 m at sea": lambda p: p["kind"] == "ship" and p["where"] != "quay" and p["length_m"] < SMALL_M,
    "ships and boats at quays": lambda p: p["kind"] == "ship" and p["where"] == "quay",
    "ghosts of bright targets": lambda p: p["kind"] == "ghost",
    "platform, islet, buoys": lambda p: p["kind"] == "not_ship",
}


def main(summary: dict[str, Any], truth: list[dict[str, Any]]) -> None:
    meta, _, wkb, fields = pyogrio.raw.read(summary["files"]["detections"], layer="detections")
    outlines = shapely.from_wkb(wkb)
    flagged = [bool(flags) for flags in fields[list(meta["fields"]).index("flags")]]
    to_map = Transformer.from_crs("OGC:CRS84", meta["crs"], always_xy=True).transform
    planted = [shapely.transform(shape(f["geometry"]), to_map, interleaved=False) for f in truth]
    owners = []
    for outline in outlines:
        distances = [outline.distance(p) for p in planted]
        nearest = min(range(len(planted)), key=distances.__getitem__)
        owners.append(nearest if distances[nearest] <= REACH_M else None)

    print(f"scene   {Path(summary['scene']).name} (simulated), {summary['acquired']}")
    print(f"engine  {summary['engine']}, {summary['seconds']:.1f} s")
    print(
        "answer  " + ", ".join(f"{n} {label}{'' if n == 1 else 's'}" for label, n in summary["counts"].items()), end=""
    )
    print("".join(f"; {n} flagged as {flag.replace('_', ' ')}" for flag, n in summary["flagged"].items()))
    print(f"\n{'':<26}{'planted':>8}{'counted':>9}{'flagged':>9}")
    for name, belongs in ROWS.items():
        members = {i for i, f in enumerate(truth) if belongs(f["properties"])}
        counted = {o for o, doubt in zip(owners, flagged, strict=True) if o in members and not doubt}
        doubted = {o for o, doubt in zip(owners, flagged, strict=True) if o in members and doubt} - counted
        print(f"{name:<26}{len(members):>8}{len(counted):>9}{len(doubted):>9}")
    elsewhere = [doubt for o, doubt in zip(owners, flagged, strict=True) if o is None]
    print(f"{'nothing planted there':<26}{'':>8}{elsewhere.count(False):>9}{elsewhere.count(True):>9}")


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text()), json.loads(Path(sys.argv[2]).read_text())["features"])
