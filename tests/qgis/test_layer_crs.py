"""The CRS that a user gives a layer is the one in which the engine sees the scene; a result without a CRS has none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal, osr
from qgis.core import QgsCoordinateReferenceSystem, QgsProject, QgsRasterLayer
from test_provider import run

from fusar_qgis import layers
from fusar_qgis.engine import manager
from fusar_qgis.engine.errors import EngineError
from fusar_qgis.raster_source import corrected_crs, scene_of

gdal.UseExceptions()
pytestmark = pytest.mark.usefixtures("provider")


def sea(path: Path, epsg: int | None) -> Path:
    """Sea with four ships of 200 m, in the coordinates of UTM zone 31 whatever the file says."""
    image = 60 * np.sqrt(np.random.default_rng(1).gamma(4.4, 1 / 4.4, (400, 400)))
    for x, y in ((120, 100), (300, 150), (210, 330), (60, 260)):
        image[y - 2 : y + 2, x - 10 : x + 10] = 1500
    made = gdal.GetDriverByName("GTiff").Create(str(path), 400, 400, 1, gdal.GDT_UInt16)
    made.SetGeoTransform((400_000, 10, 0, 5_700_000, 0, -10))
    if epsg:
        srs = osr.SpatialReference()
        srs.ImportFromEPSG(epsg)
        made.SetProjection(srs.ExportToWkt())
    made.GetRasterBand(1).WriteArray(image.astype("uint16"))
    made.FlushCache()
    return path


def loaded(path: Path, crs: str) -> QgsRasterLayer:
    layer = QgsRasterLayer(str(path), path.stem)
    layer.setCrs(QgsCoordinateReferenceSystem(crs))
    QgsProject.instance().addMapLayer(layer)
    return layer


@pytest.mark.parametrize("epsg", [None, 32632])
def test_a_crs_set_or_corrected_in_qgis_places_the_targets(epsg: int | None, tmp_path: Path) -> None:
    layer = loaded(sea(tmp_path / "s.tif", epsg), "EPSG:32631")
    results, feedback, context = run("interpret_scene", INPUT=layer.id(), DETECTIONS="memory:")
    assert feedback.errors == []
    found = context.takeResultLayer(results["DETECTIONS"])
    assert found.crs().authid() == "EPSG:32631"
    lengths = [f["length_m"] for f in found.getFeatures()]
    assert len(lengths) == 4
    assert lengths == pytest.approx([208] * 4, abs=25)
    assert all(layer.extent().contains(f.geometry().boundingBox()) for f in found.getFeatures())
    said = [note for note in feedback.notes if "the file says" in note]
    assert bool(said) == bool(epsg)
    QgsProject.instance().clear()


def test_an_extent_works_in_a_layer_whose_crs_was_set(tmp_path: Path) -> None:
    layer = loaded(sea(tmp_path / "s.tif", None), "EPSG:32631")
    extent = "400000,404000,5697500,5700000 [EPSG:32631]"
    results, feedback, context = run("interpret_scene", INPUT=layer.id(), EXTENT=extent, DETECTIONS="memory:")
    assert feedback.errors == []
    assert context.takeResultLayer(results["DETECTIONS"]).featureCount() == 2
    QgsProject.instance().clear()


def test_a_scene_without_crs_gives_layers_without_one(tmp_path: Path) -> None:
    path = sea(tmp_path / "s.tif", None)
    outputs = {name: "memory:" for name in ("DETECTIONS", "GRID_CELLS", "ANSWERS")}
    results, feedback, context = run("interpret_scene", INPUT=str(path), **outputs)
    assert feedback.errors == []
    for name in outputs:
        layer = context.takeResultLayer(results[name])
        assert layer.featureCount() > 0
        assert not layer.crs().isValid(), name
    assert not layers.memory_layer("detections", "m", QgsCoordinateReferenceSystem()).crs().isValid()


def test_the_same_crs_goes_with_every_request(tmp_path: Path) -> None:
    """Box tool and Ask run these; the panel's own look at a scene asks by `scene_of`. With a wrong CRS the
    engine refuses each, which it could not if it heard of none."""
    wrong = loaded(sea(tmp_path / "s.tif", None), "EPSG:4326")
    box = "401000,401400,5698800,5699200"
    for name, more in (
        ("classify_box", {"BOX": box, "ENGINE": "cfar"}),
        ("ask_scene", {"QUESTION": "Is there a ship?", "ENGINE": "cfar"}),
        ("sample_anchors", {}),
    ):
        _, feedback, _ = run(name, INPUT=wrong.id(), OUTPUT="memory:", **more)
        assert feedback.error_code == "BAD_CRS", name
    with pytest.raises(EngineError, match="no degrees on the earth"):
        manager.engine().call("scene_info", scene_of(wrong))
    right = loaded(tmp_path / "s.tif", "EPSG:32631")
    assert manager.engine().call("scene_info", scene_of(right))["crs"] == "EPSG:32631"
    QgsProject.instance().clear()


def test_a_crs_that_is_the_files_own_is_not_said_again(tmp_path: Path) -> None:
    layer = QgsRasterLayer(str(sea(tmp_path / "s.tif", 32631)), "s")
    assert not corrected_crs(layer).isValid()
    assert scene_of(layer) == {"scene": str(tmp_path / "s.tif")}


def test_a_crs_in_which_the_scene_cannot_lie_is_one_sentence(tmp_path: Path) -> None:
    layer = loaded(sea(tmp_path / "s.tif", None), "EPSG:4326")
    _, feedback, _ = run("interpret_scene", INPUT=layer.id(), DETECTIONS="memory:")
    assert feedback.error_code == "BAD_CRS"
    assert "no degrees on the earth" in feedback.errors[-1]
    QgsProject.instance().clear()
