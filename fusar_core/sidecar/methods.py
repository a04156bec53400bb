"""What the sidecar's methods do: parameters in, results out, features sent on the way. Thin over the library.

Parameters bear the names of the command line's options. Features travel as GeoJSON in the CRS of the scene, which comes
along as `crs {authid, wkt}` (null without georeference).
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import Any

import pyproj

from fusar_core.domain.answers import Answer
from fusar_core.domain.tiling import partition
from fusar_core.errors import BadOption, SceneEmpty
from fusar_core.installation import report
from fusar_core.interpretation import inquiry
from fusar_core.interpretation.parameters import bounds_parameter, parameter, words_parameter
from fusar_core.interpretation.result import Inquiry, Interpretation
from fusar_core.interpretation.run import Run, opened
from fusar_core.interpretation.scope import Watch
from fusar_core.results.features import detections_table, feature_tables
from fusar_core.results.inquiries import asked, classified_box
from fusar_core.results.summary import summary
from fusar_core.results.tables import FeatureTable
from fusar_core.scenes.report import describe
from fusar_core.scenes.scene import SarScene
from fusar_core.sidecar.call import Call, raise_if_cancelled
from fusar_core.sidecar.engines import OpenEngines
from fusar_core.sidecar.layers import FEATURES_AT_ONCE, crs_definition, geojson, json_row, send_table
from fusar_core.tasks import finding

_ENGINES = OpenEngines()


def doctor(call: Call) -> dict[str, Any]:
    """Versions, extras, devices and caches of this installation."""
    return report()


def scene_info(call: Call) -> dict[str, Any]:
    """What a scene is: place, time with its provenance, radiometry, warnings. Parameters: scene, band, year, crs."""
    with _scene(call) as scene:
        return describe(scene) | {"crs_definition": crs_definition(scene.grid.crs)}


def engine_info(call: Call) -> dict[str, Any]:
    """What an engine can do; opens it, which for a model takes a while. Parameters: engine, engine_options, secret."""
    with _ENGINES.lend(Run.from_parameters(call.params), call) as engine:
        return {
            "engine": engine.name,
            "model": engine.model,
            "demonstration": engine.demonstration,
            "tasks": sorted(engine.tasks),
            "classes": sorted(engine.classes),
        }


def interpret(call: Call) -> dict[str, Any]:
    """Interprets a scene; provisional detections are sent as chips finish, and the layers when all is merged.

    Parameters: those of `Run.from_parameters`. Cancelled half-way, it sends the layers of what was found until then,
    marked `partial`, and then fails with CANCELLED.
    """
    run = Run.from_parameters(call.params)
    watch = Watch(
        on_progress=lambda done, total: call.progress(done, total, "chips"),
        on_targets=(lambda part: _send_provisional(call, part)) if finding(run.tasks) else None,
        cancelled=call.cancelled,
    )
    with opened(run, watch, lambda run: _ENGINES.lend(run, call)) as ready:
        result = ready.interpret()
        tables = feature_tables(result)
        crs = crs_definition(ready.scene.grid.crs)
        for table in tables:
            send_table(call, table, crs, partial=not result.complete)
    if not result.complete:
        raise_if_cancelled(call)
    return summary(result) | {
        "scene": result.scene.name,
        "aef_year": result.aef_year,
        "attribution": result.prior.source.attribution if result.prior else "",
        "crs": crs,
        "metadata": tables[0].metadata,
    }


def _send_provisional(call: Call, part: Interpretation) -> None:
    """The targets of a chip, not yet merged; those that another chip owns are left out: a seam shows them once."""
    owned = [t for t in part.targets if t.chip.keep.contains(*t.detection.centre)]
    features = geojson(detections_table(replace(part, targets=owned)))
    crs = crs_definition(part.scene.grid.crs)
    call.features("detections", features, crs=crs, provisional=True, partial=True)


def classify_box(call: Call) -> dict[str, Any]:
    """The class of the target in a box. Parameters: those of `interpret` without tasks, and box, box_crs."""
    box = bounds_parameter(call.params, "box")
    if box is None:
        raise BadOption("No box was given to classify.", "Give xmin,ymin,xmax,ymax.")
    run = replace(Run.from_parameters(call.params), classes=words_parameter(call.params, "classes", ()))
    with opened(run, Watch(cancelled=call.cancelled), lambda run: _ENGINES.lend(run, call)) as ready:
        window = ready.scene.extent_window(*box)
        answer = inquiry.classify_box(ready.scene, ready.engine, window, ready.scope, ready.watch)
        told = inquiry.inquiry_of(ready.scene, ready.engine, replace(ready.scope, extent=window), [answer])
        return _answered(call, told, classified_box(told))


def ask(call: Call) -> dict[str, Any]:
    """The answer to a free question, chip by chip over the extent. Parameters: those of `interpret`, and question."""
    question = parameter(call.params, "question", str, "")
    if not question.strip():
        raise BadOption("The question is empty.", 'Ask something, e.g. "Is this a harbour?".')
    run = Run.from_parameters(call.params)
    with opened(run, Watch(cancelled=call.cancelled), lambda run: _ENGINES.lend(run, call)) as ready:
        scene, engine = ready.scene, ready.engine
        total = len(partition(ready.extent, engine.tiling(scene.grid.pixel_size_m)[0]))
        answers: list[Answer] = []
        with closing(inquiry.ask(scene, engine, question, ready.scope, ready.watch)) as stream:
            for answer in stream:
                answers.append(answer)
                call.progress(len(answers), total, "chips")
                raise_if_cancelled(call)
        if not answers:
            raise SceneEmpty(
                f"{scene.name} holds no valid pixel in the wanted extent.", "Choose another extent or band."
            )
        told = inquiry.inquiry_of(scene, engine, ready.scope, answers, question)
        return _answered(call, told, asked(told))


def sample_anchors(call: Call) -> dict[str, Any]:
    """AlphaEarth embeddings on a grid over a scene, as points A00…A63 in longitude and latitude.

    Parameters: scene, source, grid (nodes along a side), extent, extent_crs, band, year, crs.
    """
    from fusar_core.domain.schema import NODES_PER_SIDE
    from fusar_core.prior.aef import open_source
    from fusar_core.prior.anchors import AnchorSampler

    with _scene(call) as scene:
        extent = bounds_parameter(call.params, "extent")
        window = scene.extent_window(*extent) if extent else scene.extent
        source = open_source(parameter(call.params, "source", str, "mosaic"))

        def on_progress(done: int, total: int) -> None:
            raise_if_cancelled(call)
            call.progress(done, total, "chunks of embeddings")

        source.on_progress = on_progress
        try:
            sampler = AnchorSampler(source, scene.acquisition.year, parameter(call.params, "grid", int, NODES_PER_SIDE))
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


def _answered(call: Call, told: Inquiry, table: FeatureTable) -> dict[str, Any]:
    """Sends the one layer of an inquiry; what the request is answered with."""
    crs = crs_definition(told.scene.grid.crs)
    send_table(call, table, crs, partial=False)
    return {
        "scene": told.scene.name,
        "engine": told.engine,
        "model": told.model,
        "demonstration": told.demonstration,
        "answers": [json_row(row) for row in table.rows],
        "warnings": list(told.warnings),
        "crs": crs,
        "metadata": table.metadata,
    }


def _scene(call: Call) -> SarScene:
    run = Run.from_parameters(call.params)
    if not run.scene:
        raise BadOption("No scene was given.", "Give the path of a raster.")
    return SarScene.open(run.scene, band=run.band, year=run.year, crs=run.crs)
