"""The engine around the detector: answers per task, tiling, errors, and what it reaches on real images."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
from PIL import Image

from fusar_core.domain.answers import Request
from fusar_core.domain.chips import Chip
from fusar_core.domain.radiometry import Kind, Radiometry
from fusar_core.domain.tiling import ChipWindow, Window
from fusar_core.engines import open_engine
from fusar_core.engines.base import Hooks
from fusar_core.engines.cfar import CfarEngine, Settings
from fusar_core.engines.cfar.detector import detect
from fusar_core.errors import Cancelled, UnknownClass, UnsupportedTask
from fusar_core.scoring.clutter import OFFSHORE, bright_fraction, clutter_group
from fusar_core.scoring.detection import match_case, score_detection

GREY = Radiometry(Kind.UINT8, "test", False, None, "test")
DB = Radiometry(Kind.DB, "test", True, (-25.0, 5.0), "test")


def chip_with_ships(index: int = 0, radiometry: Radiometry = GREY) -> Chip:
    """300 × 300 grey sea with a ship in the first and one in the last cell."""
    rng = np.random.default_rng(index)
    power = rng.gamma(4.4, 1 / 4.4, (300, 300)) * 400
    power[40:46, 30:60] = power[240:262, 250:256] = 60_000
    values = np.sqrt(power).clip(0, 255).astype(np.uint8) if radiometry is GREY else 10 * np.log10(power) - 40
    window = Window(600 * index, 0, 300, 300)
    return Chip(ChipWindow(index, window, window), values, np.ones((300, 300), bool), radiometry, None)


def test_it_opens_by_its_name_and_says_what_it_can() -> None:
    engine = open_engine("cfar")
    assert isinstance(engine, CfarEngine)
    assert engine.tasks == {"detect", "count", "locate"}
    assert engine.derived == {"count", "locate"}
    assert engine.classes == {"ship"}


def test_the_model_names_the_settings_that_matter() -> None:
    assert CfarEngine(Settings(seed_rate=1e-5)).model != CfarEngine().model
    assert CfarEngine(Settings(smoothing_m=50.0)).model != CfarEngine().model
    assert CfarEngine(Settings()).model == CfarEngine().model


def test_every_task_is_answered_in_the_order_asked() -> None:
    chips = [chip_with_ships(0), chip_with_ships(1)]
    answers = list(CfarEngine().answer(Request(c, ("count", "detect", "locate"), ("ship",)) for c in chips))
    assert [(a.chip, a.task) for a in answers] == [(c.where, t) for c in chips for t in ("count", "detect", "locate")]
    for count, found, cells in (answers[:3], answers[3:]):
        assert count.value == 2
        assert [d.label for d in found.value] == ["ship", "ship"]
        assert cells.value == {1, 9}
        assert all(a.parse_status == "ok" for a in (count, found, cells))
    first = answers[1].value[0]
    assert first.bbox == pytest.approx((30, 40, 60, 46), abs=2.1)


def test_it_stops_between_chips_when_it_is_asked_to() -> None:
    wanted = iter([False, True])
    stream = CfarEngine().answer(
        (Request(chip_with_ships(i), ("count",), ("ship",)) for i in range(3)), Hooks(lambda: next(wanted))
    )
    assert next(stream).value == 2
    with pytest.raises(Cancelled):
        next(stream)


def test_answers_come_as_chips_are_given() -> None:
    given = []

    def requests():  # type: ignore[no-untyped-def]
        for index in range(5):
            given.append(index)
            yield Request(chip_with_ships(index), ("count",), ("ship",))

    stream = CfarEngine().answer(requests())
    next(stream)
    assert given == [0]
    stream.close()
    assert given == [0]


def test_decibels_are_made_linear_first() -> None:
    (answer,) = CfarEngine().answer([Request(chip_with_ships(0, DB), ("count",), ("ship",))])
    assert answer.value == 2


def test_what_it_cannot_do_is_an_error() -> None:
    with pytest.raises(UnsupportedTask, match="caption"):
        list(CfarEngine().answer([Request(chip_with_ships(), ("caption",), ("ship",))]))
    with pytest.raises(UnknownClass, match="aircraft"):
        list(CfarEngine().answer([Request(chip_with_ships(), ("detect",), ("aircraft",))]))


@pytest.mark.parametrize("pixel_m", [0.25, 1.0, 5.0, 10.0, 30.0, 90.0])
def test_the_overlap_holds_the_longest_ship_and_chips_fit_in_memory(pixel_m: float) -> None:
    side, overlap = CfarEngine().tiling((pixel_m, pixel_m))
    assert overlap < side <= 4032
    assert overlap * pixel_m >= min(600, side / 2 * pixel_m)


def test_chips_of_real_ships(real_data: Path) -> None:
    """Every eighth chip of SSDD: 8-bit, no georeference, several sensors and pixel sizes, one set of settings."""
    folder = real_data / "detection" / "ssdd"
    truth = json.loads((folder / "coco.json").read_text())
    cases, offshore = [], []
    for image in truth["images"][::8]:
        pixels = np.asarray(Image.open(folder / image["file_name"]).convert("L"))
        boxes = [a["bbox"] for a in truth["annotations"] if a["image_id"] == image["id"]]
        boxes = [(x, y, x + w, y + h) for x, y, w, h in boxes]
        found = detect(pixels.astype(np.float32) ** 2, np.ones(pixels.shape, bool), None)
        scores = [d.score for d in found]
        cases.append(match_case(boxes, [d.bbox for d in found], scores, image["width"], image["height"]))
        if clutter_group(bright_fraction(pixels, boxes)) == OFFSHORE:
            offshore.append(cases[-1])
    quarter, half, _ = score_detection(cases).at
    assert quarter.f1.value > 0.75
    assert half.f1.value > 0.65
    assert score_detection(offshore).at[0].f1.value > 0.85


@pytest.mark.parametrize("looks", [1, 2, 3])
def test_a_real_harbour(real_data: Path, looks: int) -> None:
    """Seven ships at anchor in San Pedro bay, at 10 m and averaged to 20 and 30 m; nothing else in open water."""
    with rasterio.open(real_data / "scenes" / "la_long_beach_harbour_S1_VH_20201107_utm11n_10m.tif") as scene:
        image, to_pixel = scene.read(1), ~scene.transform
    truth = json.loads((real_data / "scenes" / "la_long_beach_harbour_truth.geojson").read_text())["features"]
    height, width = (n // looks for n in image.shape)
    cells = image[: height * looks, : width * looks].reshape(height, looks, width, looks)
    valid = (cells > 0).all((1, 3))
    intensity = np.where(valid, np.square(cells.astype(np.float32)).mean((1, 3)), 0).astype(np.float32)
    found = detect(intensity, valid, (10.0 * looks, 10.0 * looks))
    centres = [shapely.Point(d.centre[0] * looks, d.centre[1] * looks) for d in found]

    known, ignored = {}, []
    for feature in truth:
        shape = shapely.geometry.shape(feature["geometry"])
        shape = shapely.transform(shape, lambda xy: np.column_stack(to_pixel @ xy.T))
        if feature["properties"]["kind"] == "ignore":
            ignored.append(shape)
        else:
            known[feature["properties"]["id"]] = shape
    ships = [p for name, p in known.items() if name.startswith("S")]
    assert len(ships) == 7
    assert all(min(c.distance(p) for c in centres) <= 25 for p in ships)
    listed = [*known.values()]
    strays = [c for c in centres if not any(i.contains(c) for i in ignored) and min(c.distance(p) for p in listed) > 25]
    assert len(strays) <= 1
