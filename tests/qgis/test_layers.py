"""Result layers: the fields of the engine's schema, features from its GeoJSON, style and metadata."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from conftest import ROOT
from qgis.core import QgsCoordinateReferenceSystem, QgsFeature, QgsProject, QgsVectorLayer

from fusar_qgis import compat, layers, schema

POLYGON = {"type": "Polygon", "coordinates": [[[0, 0], [2, 0], [2, 1], [0, 1], [0, 0]]]}


def test_fields_are_those_of_the_engine() -> None:
    """The plugin cannot import the engine: it carries the engine's own file, which needs the standard library alone."""
    theirs = ROOT / "fusar_core" / "domain" / "schema.py"
    assert Path(schema.__file__).read_bytes() == theirs.read_bytes()
    imported = {line.split()[1] for line in theirs.read_text().splitlines() if line.startswith(("from ", "import "))}
    assert {name.split(".")[0] for name in imported} <= sys.stdlib_module_names


@pytest.mark.parametrize("layer", layers.SCHEMA)
def test_shapefile_names_fit_and_differ(qgis_app: object, layer: str) -> None:
    names = layers.fields(layer, short=True).names()
    assert max(map(len, names)) <= 10
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("layer", layers.SCHEMA)
def test_every_layer_takes_its_features_and_has_a_style(qgis_app: object, layer: str) -> None:
    made = layers.memory_layer(layer, "title", QgsCoordinateReferenceSystem("EPSG:4326"))
    geometry = {"type": "Point", "coordinates": [1.5, 2.5]} if layer == "anchors" else POLYGON
    values = {"text": "ü", "real": 0.25, "integer": 7, "boolean": True}
    properties = {f.name: values[f.type] for f in layers.SCHEMA[layer].fields} | {"unknown": "of a newer engine"}
    items = [{"geometry": geometry, "properties": properties}, {"geometry": geometry, "properties": {}}]
    fine, _ = made.dataProvider().addFeatures(layers.features_of(layer, {"features": items}))
    assert fine
    full, empty = made.getFeatures()
    assert {n: full[n] for n in full.fields().names()} == {k: v for k, v in properties.items() if k != "unknown"}
    assert all(not v or (hasattr(v, "isNull") and v.isNull()) for v in empty.attributes())
    assert (layers.RESOURCES / f"{layer}.qml").is_file()
    if layer == "detections":
        review = made.fields().indexFromName("review")
        assert made.editorWidgetSetup(review).type() == "ValueMap"
        assert "unreviewed" in json.dumps(made.editorWidgetSetup(review).config())
        assert made.attributeAlias(made.fields().indexFromName("length_m"))


def test_the_crs_of_the_engine_is_understood(qgis_app: object) -> None:
    utm = QgsCoordinateReferenceSystem("EPSG:32629")
    wkt = utm.toWkt(QgsCoordinateReferenceSystem.WktVariant.WKT2_2019)
    assert layers.crs_of({"authid": "EPSG:32629", "wkt": wkt}) == utm
    assert layers.crs_of({"authid": None, "wkt": wkt}) == utm
    assert layers.crs_of({"authid": "NOBODY:1", "wkt": wkt}) == utm
    assert not layers.crs_of(None).isValid()


def test_a_crs_without_authority_is_told_as_wkt(qgis_app: object) -> None:
    assert layers.engine_crs(QgsCoordinateReferenceSystem("EPSG:3395")) == "EPSG:3395"
    assert layers.engine_crs(QgsCoordinateReferenceSystem()) is None
    own = QgsCoordinateReferenceSystem.fromProj("+proj=tmerc +lon_0=-8.5 +k=0.9996 +x_0=500000 +datum=WGS84")
    told = layers.engine_crs(own)
    assert told is not None
    assert "PROJCRS" in told


@pytest.mark.parametrize("text", ["ü" * 300, "x" * 254, "海" * 85, "", "🚢" * 70])
def test_texts_of_a_shapefile_are_cut_between_letters(qgis_app: object, text: str) -> None:
    feature = QgsFeature(layers.fields("answers"))
    feature["answer"] = text
    cut = layers.shortened(feature)["answer"]
    assert text.startswith(cut)
    assert len(cut.encode()) <= 254
    assert len(cut.encode()) > 250 or cut == text


def test_provenance_stands_in_the_metadata(qgis_app: object) -> None:
    made = QgsVectorLayer("Polygon", "m", "memory")
    details = {"scene": "/d/Häfen.tif", "attribution": "Produced by Google.", "warnings": ""}
    layers.Provenance("Title", details).write(made)
    metadata = made.metadata()
    assert metadata.title() == "Title"
    assert metadata.abstract() == "scene: /d/Häfen.tif\nattribution: Produced by Google."
    assert metadata.rights() == ["Produced by Google."]


def test_kinds_of_fields_are_those_of_this_qgis(qgis_app: object) -> None:
    assert compat.field("n", "real").isNumeric()
    assert not compat.field("n", "text").isNumeric()
    assert layers.is_text(compat.field("n", "text"))
    with pytest.raises(KeyError):
        compat.field("n", "date")
    QgsProject.instance().clear()
