"""What the sidecar's methods do: parameters in, results out, features sent on the way. Thin over the library.

Parameters bear the names of the command line's options. Features travel as GeoJSON in the CRS of the scene, which comes
along as `crs {authid, wkt}` (null without georeference).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyproj

from fusar_core.domain.answers import Answer
from fusar_core.domain.tiling import Window, partition
from fusar_core.engines import is_address, open_engine
from fusar_core.engines.base import Engine, usable
from fusar_core.errors import BadOption, Cancelled, FusarError, SceneEmpty
from fusar_core.installation import report
from fusar_core.interpretation import inquiry
from fusar_core.interpretation.ambiguity import flag_ambiguities
from fusar_core.interpretation.interpret import Interpretation
from fusar_core.interpretation.interpret import interpret as interpret_scene
from fusar_core.interpretation.merging import Target, merge
from fusar_core.prior.anchors import AnchorSampler
from fusar_core.prior.opening import open_prior
from fusar_core.results.features import feature_tables
from fusar_core.results.inquiries import asked, classified_box
from fusar_core.results.schema import FeatureTable
from fusar_core.scenes.report import describe
from fusar_core.scenes.scene import SarScene
from fusar_core.scenes.water import WaterMask
from fusar_core.sidecar.call import Call, raise_if_cancelled, wanted
from fusar_core.tasks import finding, usual_tasks

FEATURES_AT_ONCE = 1000
"""Features in one message: enough to be quick, little enough for the client to stay responsive."""

Bounds = tuple[float, float, float, float]


def doctor(call: Call) -> dict[str, Any]:
    """Versions, extras, devices and caches of this installation."""
    return report()


def scene_info(call: Call) -> dict[str, Any]:
    """What a scene is: place, CRS, time with its provenance, radiometry, warnings. Parameters: scene, band, year."""
    with _scene(call) as scene:
        return describe(scene) | {"crs_definition": crs_definition(scene.grid.crs)}


def engine_info(call: Call) -> dict[str, Any]:
    """What an engine can do; opens it, which for a model takes a while. Parameters: engine, engine_options, secret."""
    with _ENGINES.use(call) as engine:
        return {
            "engine": engine.name,
            "model": engine.model,
            "tasks": sorted(engine.tasks),
            "classes": sorted(engine.classes),
        }


def interpret(call: Call) -> dict[str, Any]:
    """Interprets a scene; provisional detections are sent as chips finish, and the layers when all is merged.

    Parameters: scene, engine, engine_options, secret, tasks, classes, extent, extent_crs, band, year, chip_overlap,
    water_mask, prior. Cancelled half-way, it sends what was found until then, merged and marked `partial`, and then
    fails with CANCELLED.
    """
    tasks, classes = _words(call, "tasks", usual_tasks()), _words(call, "classes", ("ship",))
    overlap = wanted(call.params, "chip_overlap", int)
    found: list[Target] = []
    with (
        _scene(call) as scene,
        _water(call, scene) as water,
        _prior(call, scene) as prior,
        _ENGINES.use(call) as engine,
    ):
        window, prior = _window(call, scene), usable(engine, prior)
        crs = crs_definition(scene.grid.crs)

        def so_far(targets: list[Target], all_tasks: Sequence[str]) -> Interpretation:
            return Interpretation(
                scene,
                window or scene.extent,
                engine.name,
                engine.model,
                tuple(all_tasks),
                classes,
                targets,
                [],
                chips=0,
                seconds=0.0,
                warnings=tuple(scene.warnings),
                prior=prior,
            )

        def on_targets(targets: list[Target]) -> None:
            found.extend(targets)
            owned = [t for t in targets if t.chip.keep.contains(*t.detection.centre)]  # a seam shows them once
            detections = feature_tables(so_far(owned, finding(tasks)))[0]
            call.features(detections.layer.name, geojson(detections), crs=crs, provisional=True, partial=True)

        try:
            result = interpret_scene(
                scene,
                engine,
                tasks=tasks,
                classes=classes,
                extent=window,
                chip_overlap=overlap,
                water=water,
                prior=prior,
                on_progress=lambda done, total: call.progress(done, total, "chips"),
                on_targets=on_targets if finding(tasks) else None,
                cancelled=call.cancelled,
            )
        except Cancelled:
            merged = merge(found, engine.tiling(scene.grid.pixel_size_m)[1] if overlap is None else overlap)
            checked = flag_ambiguities([t.detection for t in merged], scene.grid, scene.acquisition)
            merged = [replace(t, detection=d) for t, d in zip(merged, checked, strict=True)]
            _send(call, feature_tables(so_far(merged, finding(tasks)))[:1], crs, partial=True)
            raise
        tables = feature_tables(result)
        _send(call, tables, crs, partial=False)
        return {
            "scene": scene.name,
            "acquired": scene.acquisition.acquired or "",
            "engine": result.engine,
            "model": result.model,
            "counts": result.counts(),
            "flagged": result.flagged(),
            "cells": {
                a.label: sorted(a.value) for a in result.answers if a.task == "locate" and a.chip == "scene" and a.value
            },
            "aef_year": result.aef_year,
            "attribution": prior.source.attribution if prior else "",
            "chips": result.chips,
            "seconds": round(result.seconds, 3),
            "warnings": list(result.warnings),
            "crs": crs,
            "metadata": tables[0].metadata,
        }


def classify_box(call: Call) -> dict[str, Any]:
    """The class of the target in a box. Parameters: those of `interpret` without tasks, and box, box_crs."""
    bounds = _bounds(call, "box")
    if bounds is None:
        raise BadOption("No box was given to classify.", "Give xmin,ymin,xmax,ymax.")
    classes = _words(call, "classes", ())
    with _scene(call) as scene, _prior(call, scene) as prior, _ENGINES.use(call) as engine:
        window = scene.extent_window(bounds, wanted(call.params, "box_crs", str))
        prior = usable(engine, prior)
        answer = inquiry.classify_box(scene, engine, window, classes, prior)
        return _answered(call, scene, engine, prior, classified_box(scene, engine, window, answer, prior))


def ask(call: Call) -> dict[str, Any]:
    """The answer to a free question, chip by chip over the extent. Parameters: those of `interpret`, and question."""
    question = wanted(call.params, "question", str, "")
    if not question.strip():
        raise BadOption("The question is empty.", 'Ask something, e.g. "Is this a harbour?".')
    with _scene(call) as scene, _prior(call, scene) as prior, _ENGINES.use(call) as engine:
        extent, prior = _window(call, scene) or scene.extent, usable(engine, prior)
        total = len(partition(extent, engine.tiling(scene.grid.pixel_size_m)[0]))
        answers: list[Answer] = []
        for answer in inquiry.ask(scene, engine, question, extent, prior):
            answers.append(answer)
            call.progress(len(answers), total, "chips")
            raise_if_cancelled(call)
        if not answers:
            raise SceneEmpty(
                f"{scene.name} holds no valid pixel in the wanted extent.", "Choose another extent or band."
            )
        return _answered(call, scene, engine, prior, asked(scene, engine, extent, question, answers, prior))


def sample_anchors(call: Call) -> dict[str, Any]:
    """AlphaEarth embeddings on a grid over a scene, as points A00…A63 in longitude and latitude.

    Parameters: scene, source, grid (nodes along a side), extent, extent_crs, band, year.
    """
    from fusar_core.prior.aef import open_source
    from fusar_core.prior.anchors import NODES_PER_SIDE, AnchorSampler

    with _scene(call) as scene:
        window = _window(call, scene) or scene.extent
        source = open_source(wanted(call.params, "source", str, "mosaic"))

        def on_progress(done: int, total: int) -> None:
            raise_if_cancelled(call)
            call.progress(done, total, "chunks of embeddings")

        source.on_progress = on_progress
        try:
            sampler = AnchorSampler(source, scene.acquisition.year, wanted(call.params, "grid", int, NODES_PER_SIDE))
            anchors = sampler.for_chip(scene.grid, window)
        finally:
            source.close()
        raise_if_cancelled(call)
        fixed = {
            "scene": scene.name,
            "source": anchors.source,
            "year_requested": anchors.year_requested,
            "year_used": anchors.year_used,
        }
        features = [
            {
                "type": "Feature",
                "geometry": {"type": "Point", "coordinates": [float(lon), float(lat)]},
                "properties": fixed
                | {"y": float(y), "x": float(x)}
                | {f"A{band:02d}": round(float(v), 6) for band, v in enumerate(vector)},
            }
            for lon, lat, (y, x), vector in zip(
                anchors.lon, anchors.lat, anchors.positions, anchors.features, strict=True
            )
        ]
        crs = crs_definition(pyproj.CRS.from_epsg(4326))
        for start in range(0, max(1, len(features)), FEATURES_AT_ONCE):
            part = features[start : start + FEATURES_AT_ONCE]
            call.features("anchors", part, crs=crs, provisional=False, partial=False)
        return {
            "anchors": len(anchors),
            "valid_fraction": round(anchors.valid_fraction, 4),
            "source": anchors.source,
            "attribution": anchors.attribution,
            "year_requested": anchors.year_requested,
            "year_used": anchors.year_used,
            "warnings": [*scene.warnings, *sampler.warnings],
            "crs": crs,
            "metadata": {"scene": str(scene.path), "source": anchors.source, "attribution": anchors.attribution},
        }


def geojson(table: FeatureTable) -> list[dict[str, Any]]:
    """The features of a table as GeoJSON objects, coordinates in the table's CRS; those without a place left out."""
    features = []
    for polygon, row in zip(table.polygons, table.rows, strict=True):
        ring = [[x, y] for x, y in polygon.exterior.coords]
        if np.isfinite(ring).all():
            geometry = {"type": "Polygon", "coordinates": [ring]}
            features.append({"type": "Feature", "geometry": geometry, "properties": _plain(row)})
    return features


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Values that JSON has: no NaN, no infinity."""
    return {k: None if isinstance(v, float) and not np.isfinite(v) else v for k, v in row.items()}


def crs_definition(crs: pyproj.CRS | None) -> dict[str, str | None] | None:
    """A CRS as the client reads it: authority id where it has one, and WKT."""
    if crs is None:
        return None
    authority = crs.to_authority()
    return {"authid": ":".join(authority) if authority else None, "wkt": crs.to_wkt()}


def _send(call: Call, tables: Sequence[FeatureTable], crs: Any, *, partial: bool) -> None:
    """Sends whole layers, in parts; a layer without features is sent all the same, so that its metadata arrive."""
    for table in tables:
        features = geojson(table)
        for start in range(0, max(1, len(features)), FEATURES_AT_ONCE):
            part = features[start : start + FEATURES_AT_ONCE]
            call.features(table.layer.name, part, crs=crs, provisional=False, partial=partial, metadata=table.metadata)


def _answered(
    call: Call, scene: SarScene, engine: Engine, prior: AnchorSampler | None, table: FeatureTable
) -> dict[str, Any]:
    """Sends the one layer of an inquiry; what the request is answered with."""
    crs = crs_definition(scene.grid.crs)
    _send(call, [table], crs, partial=False)
    tell = getattr(engine, "warnings", None)
    warnings = tell(scene.grid.pixel_size_m) if tell else ()
    return {
        "scene": scene.name,
        "engine": engine.name,
        "model": engine.model,
        "answers": [_plain(row) for row in table.rows],
        "warnings": [*scene.warnings, *(prior.warnings if prior else ()), *warnings],
        "crs": crs,
        "metadata": table.metadata,
    }


def _scene(call: Call) -> SarScene:
    path = wanted(call.params, "scene", str)
    if not path:
        raise BadOption("No scene was given.", "Give the path of a raster.")
    year = wanted(call.params, "year", int)
    return SarScene.open(Path(path), band=wanted(call.params, "band", (str, int)) or None, year=year)


@contextmanager
def _water(call: Call, scene: SarScene) -> Iterator[WaterMask | None]:
    path = wanted(call.params, "water_mask", str)
    with ExitStack() as stack:
        yield stack.enter_context(WaterMask.open(Path(path), scene.grid)) if path else None


@contextmanager
def _prior(call: Call, scene: SarScene) -> Iterator[AnchorSampler | None]:
    """The prior that the request names; its progress is told, and a cancel breaks off its downloads."""
    with open_prior(scene, wanted(call.params, "prior", str)) as prior:
        if prior:

            def on_progress(done: int, total: int) -> None:
                raise_if_cancelled(call)

            prior.source.on_progress = on_progress
        yield prior


def _window(call: Call, scene: SarScene) -> Window | None:
    bounds = _bounds(call, "extent")
    return scene.extent_window(bounds, wanted(call.params, "extent_crs", str)) if bounds else None


def _bounds(call: Call, name: str) -> Bounds | None:
    values = wanted(call.params, name, list)
    if values is None:
        return None
    if len(values) != 4 or not all(isinstance(v, int | float) for v in values):
        raise BadOption(f"'{name}' is {values!r}.", "Expected: [xmin, ymin, xmax, ymax].")
    xmin, ymin, xmax, ymax = (float(v) for v in values)
    return xmin, ymin, xmax, ymax


def _words(call: Call, name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    words = wanted(call.params, name, list, list(default))
    if not all(isinstance(word, str) for word in words):
        raise BadOption(f"'{name}' is {words!r}.", "Expected: a list of words.")
    return tuple(dict.fromkeys(word.strip() for word in words if word.strip()))


class _OpenEngines:
    """Keeps the last engine open between requests, since loading a model takes long, and lends it to one at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._key: tuple[Any, ...] = ()
        self._engine: Engine | None = None

    @contextmanager
    def use(self, call: Call) -> Iterator[Engine]:
        """The engine that a request names, alone, as soon as it is free.

        Raises Cancelled while waiting, and what opening the engine raises.
        """
        name = wanted(call.params, "engine", str, "cfar")
        options = wanted(call.params, "engine_options", dict, {})
        secret = wanted(call.params, "secret", str)
        while not self._lock.acquire(timeout=0.2):
            raise_if_cancelled(call)
        try:
            raise_if_cancelled(call)
            key = (name, repr(sorted(options.items())), secret)
            if self._engine is None or key != self._key:
                self._engine = None  # lets go of the old model before the new one needs the memory
                self._engine = _opened(name, options | ({"api_key": secret} if secret else {}))
                self._key = key
            if hasattr(self._engine, "cancelled"):  # engines that can stop between two words
                self._engine.cancelled = call.cancelled
            try:
                yield self._engine
            except FusarError:
                if is_address(name):  # its server may have another model by now: the next request asks anew
                    self._engine = None
                raise
        finally:
            self._lock.release()


def _opened(name: str, options: dict[str, Any]) -> Engine:
    try:
        return open_engine(name, **options)
    except TypeError as cause:  # options are the client's, so a wrong one is no bug of the engine
        given = ", ".join(sorted(options.keys() - {"api_key"})) or "none"
        raise BadOption(
            f"The engine '{name}' cannot be opened with these options: {given}.",
            "An engine with a model needs its directory (model).",
        ) from cause


_ENGINES = _OpenEngines()
