"""Triplets from SAR scenes and vector labels: chips by the engine's own reading, tiling and stretch, with anchors."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fusar_core.domain.schema import NODES_PER_SIDE
from fusar_core.domain.tiling import ChipWindow, tile
from fusar_core.errors import BadExtent
from fusar_core.prior.anchors import AnchorSampler
from fusar_core.prior.opening import open_prior
from fusar_core.prior.spacetime import SpatioTemporalBox
from fusar_core.scenes.scene import SarScene
from training.data.builders.cutting import covered, keep_fact, targets_on
from training.data.builders.folder import BuildReport, Folder, unique
from training.data.builders.options import BuildOptions
from training.data.builders.vector_labels import SceneLabels, VectorLabels, labels_on
from training.data.triplets import Triplet
from training.errors import BadLabels


@dataclass(frozen=True)
class SceneOptions:
    """How scenes are read. band, year: as `SarScene.open` takes them. prior: where anchors come from, as `--prior` of
    the command; nodes: along a side of their grid."""

    band: str | None = None
    year: int | None = None
    prior: str | None = None
    nodes: int = NODES_PER_SIDE


def build_from_scenes(
    scenes: Sequence[Path],
    labels: VectorLabels,
    out: Path,
    options: BuildOptions,
    reading: SceneOptions = SceneOptions(),
    on_progress: Callable[[int], None] | None = None,
) -> BuildReport:
    """Cuts scenes into chips and writes their triplets to the folder `out`.

    A target belongs to every chip that holds its centre. Where chips overlap, as the last of a row may without being
    asked to, `facts["keep"]` is the part [x1, y1, x2, y2] of a chip that no other one owns. on_progress(done) is called
    after each scene.

    Raises BadLabels when labels lie on no scene, and what scenes, the prior and writing raise.
    """
    folder = Folder(out, options, scenes)
    met = 0

    def triplets() -> Iterator[Triplet]:
        nonlocal met
        for done, (path, name) in enumerate(zip(scenes, unique(p.stem for p in scenes), strict=True), 1):
            with (
                SarScene.open(path, band=reading.band, year=reading.year) as scene,
                open_prior(scene.grid, scene.acquisition.year, reading.prior) as prior,
            ):
                there = labels_on(labels, scene.grid, options.naming)
                met += len(there.targets) + len(there.ignored)
                sampler = replace(prior.sampler, n=reading.nodes) if prior.sampler else None
                yield from _chips(folder, scene, name, there, sampler)
                warnings = [*scene.warnings, *filter(None, (prior.why_not,)), *(sampler.warnings if sampler else ())]
                folder.report.warnings += [f"{scene.name}: {w}" for w in warnings]
            if on_progress:
                on_progress(done)
        if len(labels.names) and not met:
            wanted = ", ".join(options.naming.classes)
            raise BadLabels(
                f"None of the {len(labels.names)} features of {labels.path} is a {wanted} on a scene.",
                "Check its place, and name its classes by --rename or --label.",
            )

    return folder.close(triplets())


def _chips(
    folder: Folder,
    scene: SarScene,
    name: str,
    labels: SceneLabels,
    sampler: AnchorSampler | None,
) -> Iterator[Triplet]:
    """The triplets of one scene."""
    options = folder.options
    used: set[int] = set()
    where = tile(scene.extent, options.chip_size, options.overlap)
    anchors = sampler.for_chips(scene.grid, (w.window for w in where)) if sampler else None
    for window in where:
        prior = next(anchors) if anchors else None
        if covered(window.window, labels.ignored) > options.ignored:
            folder.report.left_out["ignored ground"] += 1
            continue
        chip = scene.chip(window)
        seen = window.window.intersection(scene.extent)
        if seen is None or chip.valid.sum() < max(1.0, options.valid * seen.height * seen.width):
            folder.report.left_out["no data"] += 1
            continue
        targets = targets_on(window.window, labels.targets, options.visible)
        triplet = Triplet(
            id=f"{name}_r{window.window.row}_c{window.window.col}",
            size=(options.chip_size, options.chip_size),
            conversations=(),
            targets=tuple(targets.values()),
            footprint=_footprint(scene, window),
            place=name,
            gsd_m=round(math.sqrt(math.prod(chip.pixel_size_m)), 4) if chip.pixel_size_m else None,
            year=scene.acquisition.year,
            facts=keep_fact(window),
        )
        if whole := folder.add(triplet, np.ascontiguousarray(chip.image), prior):
            used |= targets.keys()
            yield whole
    folder.report.unused += len(labels.targets) - len(used)


def _footprint(scene: SarScene, where: ChipWindow) -> tuple[float, float, float, float] | None:
    if not scene.grid.is_georeferenced:
        return None
    try:
        box = SpatioTemporalBox.of_window(scene.grid, where.window, scene.acquisition.year or 0)
    except BadExtent:
        return None
    west, south, east, north = (round(v, 7) for v in (box.lon_min, box.lat_min, box.lon_max, box.lat_max))
    return west, south, east, north
