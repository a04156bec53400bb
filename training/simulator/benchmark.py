"""The open benchmark: simulated scenes cut into chips, written as triplets.

Parts (`base`, `tune`, `test`) share neither ground nor the distribution of conditions: each has its own UTM zones, and
within them scenes lie far apart. A scene is made, cut and written at once; a broken-off run goes on after the last one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tqdm import tqdm

from fusar_core.anchors import AnchorSampler
from fusar_core.anchors_file import write_anchors
from fusar_core.files import atomic_path
from fusar_core.tiling import Window
from training.data.triplets import Target, Triplet
from training.data.truth import clip
from training.errors import BadRecipe
from training.simulator.imaging import STRETCHES
from training.simulator.scene import DARK, KINDS, SHIP_SHARE, Scene, SceneSpec, facts_of, simulate

TARGETS = ("ship", "plane")
CHIPS_ALONG = 2
"""Chips along a side of a scene."""
SPACING_DEG = 0.25
"""Between the centres of scenes: at least 14 km at the latitudes used, four times the widest scene."""
LATITUDES = (20.0, 50.0)
FINE_GSD_M = (1.5, 2.0, 3.0, 4.0, 5.0)
COARSE_GSD_M = (3.0, 5.0, 8.0, 10.0, 10.0, 15.0, 20.0)
MOST_TARGETS = 10
"""In a chip: more than a small model can be asked to count."""
LEAST_VISIBLE = 0.5
"""Of a target's box, for it to count in a chip that cuts it."""


@dataclass(frozen=True)
class Region:
    """Places and conditions of one part: UTM zones, backscatter of the sea, and looks (log-uniform)."""

    number: int
    zones: tuple[int, ...]
    wind_db: tuple[float, float]
    looks: tuple[float, float]


REGIONS = {
    "base": Region(1, (10, 14, 18, 22), (-24.0, -13.0), (1.0, 10.0)),
    "tune": Region(2, (31, 34, 37, 40), (-22.5, -14.0), (1.3, 8.0)),
    "test": Region(3, (50, 52, 54, 56), (-22.0, -14.5), (1.5, 7.0)),
}


def spec_of(region: str, seed: int, number: int, chip_px: int) -> SceneSpec:
    """The scene of that number; two numbers of a region never share ground."""
    where = REGIONS[region]
    rng = np.random.default_rng((seed, where.number, number))
    kind = str(rng.choice(list(KINDS), p=np.array(list(KINDS.values())) / sum(KINDS.values())))
    columns = round(4 / SPACING_DEG)  # keeps to the middle 4° of a zone
    zone, cell = where.zones[number % len(where.zones)], number // len(where.zones)
    lat = LATITUDES[0] + SPACING_DEG * (cell // columns)
    if lat > LATITUDES[1]:
        raise BadRecipe(f"Region '{region}' has no room for a scene number {number}.", "Make fewer chips.")
    return SceneSpec(
        kind=kind,
        seed=int(rng.integers(2**31)),
        side_px=CHIPS_ALONG * chip_px,
        gsd_m=float(rng.choice(FINE_GSD_M if kind == "airfield" else COARSE_GSD_M)),
        wind_db=float(rng.uniform(*where.wind_db)),
        looks=float(np.exp(rng.uniform(*np.log(where.looks)))),
        resolution_px=float(rng.uniform(0.55, 1.0)),
        stretch=str(rng.choice(list(STRETCHES), p=list(STRETCHES.values()))),
        lon=(zone - 1) * 6 - 180 + 1 + SPACING_DEG * (cell % columns + 0.5),
        lat=lat,
        year=int(rng.integers(2017, 2026)),
    )


def make(out: Path, region: str, chips: int, chip_px: int, seed: int, informations: Sequence[float]) -> list[Path]:
    """Writes images/, anchors_P/ and triplets_P.jsonl for each P of `prior_information`; returns the JSONL files.

    The scenes, and so the images, are the same for every P. Raises BadRecipe for an unknown region or another benchmark
    in the folder.
    """
    if region not in REGIONS:
        raise BadRecipe(f"There is no region '{region}'.", f"Regions: {', '.join(REGIONS)}.")
    out.mkdir(parents=True, exist_ok=True)
    asked = {"region": region, "chip_px": chip_px, "seed": seed, "informations": [float(p) for p in informations]}
    _same_as_before(out / "benchmark.json", asked)
    files = [out / f"triplets_{p:.1f}.jsonl" for p in informations]
    journal = out / "scenes.jsonl"
    rows = [json.loads(line) for line in journal.read_text("utf-8").splitlines()] if journal.exists() else []
    lines = [line for made in rows for line in made]
    with open(journal, "a", encoding="utf-8") as log, tqdm(total=chips, initial=len(lines), desc=region) as bar:
        while len(lines) < chips:
            scene = simulate(spec_of(region, seed, len(rows), chip_px))
            made = [t.to_json() for t in _cut(scene, f"{region}-{len(rows):05d}", out, chip_px, informations)]
            rows.append(made)
            lines += made
            log.write(json.dumps(made) + "\n")
            log.flush()
            bar.update(len(made))
    lines = lines[:chips]
    for p, file in zip(informations, files, strict=True):
        with atomic_path(file) as temporary:
            temporary.write_text("".join(line.replace("anchors_P/", f"anchors_{p:.1f}/") + "\n" for line in lines))
    return files


def _same_as_before(path: Path, asked: dict[str, Any]) -> None:
    if path.exists() and (before := json.loads(path.read_text("utf-8"))) != asked:
        raise BadRecipe(f"{path.parent} holds another benchmark: {before}, not {asked}.", "Use another folder.")
    path.write_text(json.dumps(asked), "utf-8")


def _cut(scene: Scene, name: str, out: Path, chip_px: int, informations: Sequence[float]) -> Iterator[Triplet]:
    """The chips of a scene, written; anchors under anchors_P/ with P still to be put in. Crowded ones are left out."""
    corners = [(row * chip_px, column * chip_px) for row in range(CHIPS_ALONG) for column in range(CHIPS_ALONG)]
    cut = {f"{name}-{i}": Window(*corner, chip_px, chip_px) for i, corner in enumerate(corners)}
    cut = {chip: window for chip, window in cut.items() if len(_targets(scene, window)) <= MOST_TARGETS}
    for p in informations:
        sampler = AnchorSampler(scene.prior(p), scene.spec.year)
        folder = out / f"anchors_{p:.1f}"
        folder.mkdir(exist_ok=True)
        for chip, anchors in zip(cut, sampler.for_chips(scene.grid, cut.values()), strict=True):
            write_anchors(anchors, folder / f"{chip}.npz")
    (out / "images").mkdir(exist_ok=True)
    for chip, window in cut.items():
        rows, columns = slice(window.row, window.bottom), slice(window.col, window.right)
        Image.fromarray(scene.image[rows, columns]).save(out / "images" / f"{chip}.png", compress_level=1)
        yield Triplet(
            id=chip,
            size=(chip_px, chip_px),
            conversations=(),
            image=f"images/{chip}.png",
            anchors=f"anchors_P/{chip}.npz",
            targets=tuple(_targets(scene, window)),
            footprint=_footprint(scene, window),
            place=name,
            gsd_m=scene.spec.gsd_m,
            year=scene.spec.year,
            source="simulator",
            facts={**facts_of(scene, rows, columns), **_alternatives(scene, window)},
        )


def _targets(scene: Scene, window: Window, labels: Sequence[str] = TARGETS) -> list[Target]:
    """The bodies of these labels in a window, boxes cut to it; what lies in it by less than half is another chip's."""
    found = []
    for body in scene.bodies:
        if body.label not in labels:
            continue
        x1, y1, x2, y2 = body.box
        box = (x1 - window.col, y1 - window.row, x2 - window.col, y2 - window.row)
        seen = clip(box, (window.width, window.height))
        if seen is None:
            continue
        share = (seen[2] - seen[0]) * (seen[3] - seen[1]) / ((x2 - x1) * (y2 - y1))
        if share >= LEAST_VISIBLE:
            found.append(Target(body.label, tuple(round(v, 1) for v in seen), length_m=body.length_m))  # type: ignore[arg-type]
    return found


def _alternatives(scene: Scene, window: Window) -> dict[str, Any]:
    """What the image leaves open, for `ceiling`: `hypotheses`, or `independent` points."""
    if not scene.alternatives:
        return {"ambiguous": False}
    boxes = [list(t.bbox) for t in _targets(scene, window, (*TARGETS, "building", "platform"))]
    if scene.alternatives == "points":
        return {"ambiguous": True, "independent": [{"bbox": b, "p_ship": SHIP_SHARE} for b in boxes]}
    names = {"water": {"ships": boxes}, "apron": {"planes": boxes}, "bare": {}}
    return {"ambiguous": True, "hypotheses": [{"p": p, **names[what]} for what, p in DARK.items()]}


def _footprint(scene: Scene, window: Window) -> tuple[float, float, float, float]:
    x = [window.col, window.right, window.right, window.col]
    y = [window.row, window.row, window.bottom, window.bottom]
    lon, lat = scene.grid.to_lonlat(x, y)
    return tuple(round(float(v), 6) for v in (lon.min(), lat.min(), lon.max(), lat.max()))  # type: ignore[return-value]
