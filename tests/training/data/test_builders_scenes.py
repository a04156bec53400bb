"""Scenes and vector labels become chips with footprints, anchors and true conversations."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pyproj
import pytest
import shapely
from aef_world import encoded, random_vectors, write_raster
from affine import Affine
from scenes import UTM, plant, sea, ships_scene, write

from fusar_core.errors import SourceElsewhere
from fusar_core.scenes.scene import SarScene
from training.data.builders.options import BuildOptions, Naming
from training.data.builders.scenes import SceneOptions, build_from_scenes
from training.data.builders.vector_labels import labels_on, read_labels
from training.data.loading import load_anchors, load_image
from training.data.splits import assert_disjoint
from training.data.triplets import Triplet, read_triplets
from training.data.validation import check_file
from training.errors import BadLabels, LeakingSplit

SHIPS = [(60.0, 50.0), (130.0, 90.0), (250.0, 170.0)]
"""Centres (x, y) in pixels; 20 × 4 pixels each, lying along the row."""
NAMING = Naming(("ship",))


def to_map(x: float, y: float, transform: Affine = UTM["transform"]) -> tuple[float, float]:
    return transform.c + x * transform.a, transform.f + y * transform.e


def outline(x: float, y: float) -> shapely.Polygon:
    return shapely.Polygon([to_map(x + dx, y + dy) for dx, dy in ((-10, -2), (10, -2), (10, 2), (-10, 2))])


def vector_file(path: Path, shapes: list[Any], crs: str | None = "EPSG:32631", **fields: Any) -> Path:
    """A vector file of the shapes with the given fields (by default all are ships)."""
    fields = fields or {"class": ["ship"] * len(shapes)}
    kind = shapes[0].geom_type if len({s.geom_type for s in shapes}) == 1 else "Unknown"
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="'crs' was not provided")
        _write(path, shapes, kind, crs, fields)
    return path


def _write(path: Path, shapes: list[Any], kind: str, crs: str | None, fields: dict[str, Any]) -> None:
    pyogrio.raw.write(
        path,
        shapely.to_wkb(np.array(shapes)),
        [np.array(v, object if isinstance(v[0], str) else float) for v in fields.values()],
        list(fields),
        geometry_type=kind,
        crs=crs,
    )


def build(tmp_path: Path, scene: Path, labels: Path, out: str = "out", **changed: Any) -> tuple[Any, list[Triplet]]:
    reading = changed.pop("reading", SceneOptions())
    naming = changed.pop("naming", NAMING)
    options = BuildOptions(naming, **{"chip_size": 100, **changed})
    report = build_from_scenes([scene], read_labels(labels, "class"), tmp_path / out, options, reading)
    return report, list(read_triplets(report.path))


def test_chips_have_their_targets_ground_and_truth(tmp_path: Path) -> None:
    scene = ships_scene(tmp_path / "s.tif", SHIPS, (200, 300))
    report, triplets = build(tmp_path, scene, vector_file(tmp_path / "l.gpkg", [outline(*p) for p in SHIPS]))
    assert (report.triplets, report.targets, report.unused) == (6, {"ship": 3}, 0)
    by_id = {t.id: t for t in triplets}
    assert set(by_id) == {f"s_r{r}_c{c}" for r in (0, 100) for c in (0, 100, 200)}
    second = by_id["s_r0_c100"]
    assert second.targets[0].bbox == pytest.approx((20, 88, 40, 92), abs=1e-4)
    assert second.targets[0].length_m == pytest.approx(200, rel=0.002)
    assert second.gsd_m == pytest.approx(10, rel=0.002)
    assert (second.year, second.place, second.classes) == (2024, "s", ("ship",))
    lon, lat = pyproj.Transformer.from_crs("EPSG:32631", "EPSG:4326", always_xy=True).transform(*to_map(150, 50))
    assert second.footprint is not None
    assert second.footprint[0] < lon < second.footprint[2]
    assert second.footprint[1] < lat < second.footprint[3]
    assert second.facts == {}  # chips side by side own all they show
    assert [t.answer for t in second.conversations if t.task == "count"] == ["1"]
    assert [t.answer for t in by_id["s_r0_c200"].conversations if t.task == "count"] == ["0"]
    assert load_image(second, tmp_path / "out")[90, 30] == load_image(second, tmp_path / "out").max()
    assert check_file(report.path, chip_size=100).defects == []
    with pytest.raises(LeakingSplit):
        assert_disjoint([by_id["s_r0_c0"]], [second])


@pytest.mark.parametrize("name", ["l.gpkg", "l.shp", "l.geojson"])
def test_any_vector_format_and_crs(tmp_path: Path, name: str) -> None:
    scene = ships_scene(tmp_path / "s.tif", SHIPS, (200, 300))
    to_degrees = pyproj.Transformer.from_crs("EPSG:32631", "EPSG:4326", always_xy=True)
    shapes = [shapely.transform(outline(*p), lambda xy: np.column_stack(to_degrees.transform(*xy.T))) for p in SHIPS]
    _, triplets = build(tmp_path, scene, vector_file(tmp_path / name, shapes, "EPSG:4326"))
    boxes = {t.id: [g.bbox for g in t.targets] for t in triplets}
    assert boxes["s_r0_c0"][0] == pytest.approx((50, 48, 70, 52), abs=1e-3)
    assert boxes["s_r100_c200"][0] == pytest.approx((40, 68, 60, 72), abs=1e-3)


def test_points_with_a_size_in_metres(tmp_path: Path) -> None:
    scene = ships_scene(tmp_path / "s.tif", SHIPS, (200, 300))
    points = [shapely.Point(to_map(*p)) for p in SHIPS]
    path = vector_file(tmp_path / "l.gpkg", points, length=[200.0, np.nan, 100.0], **{"class": ["ship"] * 3})
    with SarScene.open(scene) as opened:
        found = labels_on(read_labels(path, "class", size_field="length", size_m=50.0), opened.grid, NAMING).targets
    assert [t.length_m for t in found] == [200.0, 50.0, 100.0]
    assert found[0].bbox == pytest.approx((50, 40, 70, 60), abs=0.05)
    assert found[1].bbox == pytest.approx((127.5, 87.5, 132.5, 92.5), abs=0.05)
    with SarScene.open(scene) as opened, pytest.raises(BadLabels, match=r"Feature 1 .* is a point of no size"):
        labels_on(read_labels(path, "class"), opened.grid, NAMING)


def test_each_point_of_a_multipoint_is_a_target_of_its_feature(tmp_path: Path) -> None:
    scene = ships_scene(tmp_path / "s.tif", SHIPS, (200, 300))
    one, two, three = (to_map(*p) for p in SHIPS)
    shapes = [shapely.MultiPoint([one]), shapely.MultiPoint([two, three])]
    names = ["ship", "ferry"]
    path = vector_file(tmp_path / "l.gpkg", shapes, length=[200.0, 100.0], **{"class": names})
    naming = Naming(("ship",), {"ferry": "ship"})
    with SarScene.open(scene) as opened:
        found = labels_on(read_labels(path, "class", size_field="length"), opened.grid, naming).targets
    assert [(t.kind, t.length_m) for t in found] == [("", 200.0), ("ferry", 100.0), ("ferry", 100.0)]
    assert found[0].bbox == pytest.approx((50, 40, 70, 60), abs=0.05)
    assert found[2].bbox == pytest.approx((245, 165, 255, 175), abs=0.05)
    unsized = vector_file(tmp_path / "m.gpkg", shapes, length=[200.0, np.nan], **{"class": names})
    with SarScene.open(scene) as opened, pytest.raises(BadLabels, match=r"Feature 2 .* is a point of no size"):
        labels_on(read_labels(unsized, "class", size_field="length"), opened.grid, naming)


def test_a_multipolygon_is_one_target(tmp_path: Path) -> None:
    scene = ships_scene(tmp_path / "s.tif", SHIPS, (200, 300))
    path = vector_file(tmp_path / "l.gpkg", [shapely.MultiPolygon([outline(60, 50), outline(90, 50)])])
    with SarScene.open(scene) as opened:
        (target,) = labels_on(read_labels(path, "class"), opened.grid, NAMING).targets
    assert target.bbox == pytest.approx((50, 48, 100, 52), abs=1e-3)


def test_lines_are_targets_too(tmp_path: Path) -> None:
    scene = ships_scene(tmp_path / "s.tif", SHIPS, (200, 300))
    lines = [shapely.LineString([to_map(50, 50), to_map(70, 50)]), shapely.LineString([to_map(90, 90), to_map(99, 81)])]
    with SarScene.open(scene) as opened:
        path = vector_file(tmp_path / "l.gpkg", lines)
        flat, slanting = labels_on(read_labels(path, name="ship"), opened.grid, NAMING).targets
    assert flat.bbox == pytest.approx((49.5, 49.5, 70.5, 50.5), abs=1e-3)
    assert slanting.length_m == pytest.approx(10 * (np.hypot(9, 9) + 1), rel=0.01)


def test_chips_that_overlap_know_which_part_is_theirs(tmp_path: Path) -> None:
    scene = ships_scene(tmp_path / "s.tif", SHIPS, (200, 300))
    labels = vector_file(tmp_path / "l.gpkg", [outline(*p) for p in SHIPS])
    report, triplets = build(tmp_path, scene, labels, overlap=50)
    assert report.triplets == 15
    assert sum(
        (t.facts["keep"][2] - t.facts["keep"][0]) * (t.facts["keep"][3] - t.facts["keep"][1]) for t in triplets
    ) == (200 * 300)  # keep areas partition the scene
    owners = [
        t.id
        for t in triplets
        for g in t.targets
        if t.facts["keep"][0] <= (g.bbox[0] + g.bbox[2]) / 2 < t.facts["keep"][2]
        and t.facts["keep"][1] <= (g.bbox[1] + g.bbox[3]) / 2 < t.facts["keep"][3]
    ]
    assert len(owners) == 3


def test_anchors_of_the_place_when_a_prior_is_given(tmp_path: Path) -> None:
    scene = ships_scene(tmp_path / "s.tif", SHIPS, (200, 300))
    labels = vector_file(tmp_path / "l.gpkg", [outline(*p) for p in SHIPS])
    pixels = np.empty((64, 40, 40), np.int8)
    west, east = encoded(random_vectors(2))
    pixels[:, :, :20], pixels[:, :, 20:] = west[:, None, None], east[:, None, None]
    aef = write_raster(tmp_path / "aef.tif", pixels, Affine(100, 0, 399_000, 0, -100, 5_701_000), UTM["crs"])
    report, triplets = build(tmp_path, scene, labels, reading=SceneOptions(prior=str(aef), nodes=6))
    by_id = {t.id: load_anchors(t, tmp_path / "out") for t in triplets}
    assert report.warnings == [] or "embeddings" in report.warnings[0]
    first, last = by_id["s_r0_c0"], by_id["s_r0_c200"]
    assert first is not None
    assert last is not None
    assert 16 <= len(first) <= 36
    assert not np.allclose(first.features[0], last.features[0], atol=0.05)  # the border lies at column 100
    far = write_raster(tmp_path / "far.tif", pixels, Affine(100, 0, 699_000, 0, -100, 4_701_000), UTM["crs"])
    with pytest.raises(SourceElsewhere):
        build(tmp_path, scene, labels, "far", reading=SceneOptions(prior=str(far)))


def test_ignored_ground_nodata_and_other_classes(tmp_path: Path) -> None:
    image = sea(200, 300)
    for x, y in SHIPS:
        plant(image, x, y)
    image[:, :100] = 0
    scene = write(tmp_path / "s.tif", image.astype(np.uint16), nodata=0)
    shapes = [outline(*p) for p in SHIPS] + [
        shapely.Polygon([to_map(*p) for p in ((210, 0), (290, 0), (290, 60), (210, 60))])
    ]
    labels = vector_file(tmp_path / "l.gpkg", shapes, **{"class": ["ship", "ship", "crane", "land"]})
    report, triplets = build(tmp_path, scene, labels, naming=Naming(("ship",), ignore=frozenset({"land"})))
    assert report.left_out == {"no data": 2, "ignored ground": 1}
    assert {t.id for t in triplets} == {"s_r0_c100", "s_r100_c100", "s_r100_c200"}
    assert report.targets == {"ship": 1}
    assert report.unused == 1  # the ship where there is no data
    report, _ = build(
        tmp_path, scene, labels, "some", naming=Naming(("ship",), ignore=frozenset({"land"})), ignored=0.5
    )
    assert report.triplets == 4


def test_scenes_and_labels_without_georeference(tmp_path: Path) -> None:
    image = sea(200, 300)
    scene = write(tmp_path / "s.tif", image.astype(np.uint16), crs=None, transform=Affine.identity())
    shape = shapely.box(50, -52, 70, -48)
    path = vector_file(tmp_path / "l.gpkg", [shape], None)
    report, triplets = build(tmp_path, scene, path)
    assert [t.targets[0].bbox for t in triplets if t.targets] == [pytest.approx((50, 48, 70, 52))]
    assert triplets[0].footprint is triplets[0].gsd_m is None
    placed = ships_scene(tmp_path / "p.tif", SHIPS, (200, 300))
    with pytest.raises(BadLabels, match="no coordinate reference system"):
        build(tmp_path, placed, path, "x")
    with pytest.raises(BadLabels, match="The scene has none"):
        build(tmp_path, scene, vector_file(tmp_path / "m.gpkg", [outline(*SHIPS[0])]), "y")
    assert report.triplets == 6


@pytest.mark.parametrize(
    ("fields", "options", "words"),
    [
        ({"kind": ["ship"]}, {}, "has no field 'class'.*It has: kind"),
        ({"class": ["ship"]}, {"size_field": "length"}, "has no field 'length'"),
        ({"class": ["ship"]}, {"class_field": None}, "Nobody says what the features"),
        ({"class": [""]}, {}, "Feature 1 .* has no 'class'"),
        ({"class": ["ship"]}, {"layer": "none"}, "cannot be read"),
    ],
)
def test_malformed_labels_are_named(tmp_path: Path, fields: Any, options: Any, words: str) -> None:
    path = vector_file(tmp_path / "l.gpkg", [outline(*SHIPS[0])], **fields)
    with pytest.raises(BadLabels, match=words):
        read_labels(path, **{"class_field": "class", **options})


def test_labels_that_are_none_or_elsewhere(tmp_path: Path) -> None:
    with pytest.raises(BadLabels, match="There is no file"):
        read_labels(tmp_path / "nowhere.gpkg", "class")
    (tmp_path / "junk.gpkg").write_bytes(b"junk")
    with pytest.raises(BadLabels, match="cannot be read"):
        read_labels(tmp_path / "junk.gpkg", "class")
    scene = ships_scene(tmp_path / "s.tif", SHIPS, (200, 300))
    away = vector_file(tmp_path / "l.gpkg", [outline(9e4, 9e4)])
    with pytest.raises(BadLabels, match="None of the 1 features"):
        build(tmp_path, scene, away)
    assert not (tmp_path / "out/triplets.jsonl").exists()
