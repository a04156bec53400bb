"""The part of a scene that a form means: what the map shows, the selected polygons, or all of it."""

from __future__ import annotations

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCsException,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsReferencedRectangle,
    QgsVectorLayer,
)

from ..translation import tr
from .scene_form import SELECTION, VIEW, SceneForm


class Refused(Exception):
    """The user has to change something first; the text says what."""


def part_of_form(iface, form: SceneForm, layer: QgsRasterLayer) -> QgsReferencedRectangle | None:
    """The part of a scene that the form means; None for the whole. Raises Refused where there is none."""
    canvas = iface.mapCanvas()
    map_crs = canvas.mapSettings().destinationCrs()
    if form.where == VIEW:
        part, crs, what = canvas.extent(), map_crs, tr("The map")
        advice = tr("Zoom to the layer, or choose Whole scene.")
    elif form.where == SELECTION:
        part, crs = _selected(iface)
        what, advice = tr("The selection"), tr("Select polygons on the scene, or choose Whole scene.")
    else:
        return None
    scene = in_crs(layer.extent(), layer.crs(), crs)
    if not part.intersects(scene):
        raise Refused(
            tr("{what} does not meet “{layer}”. {advice}").format(what=what, layer=layer.name(), advice=advice)
        )
    return QgsReferencedRectangle(part.intersect(scene), crs)


def _selected(iface) -> tuple[QgsRectangle, QgsCoordinateReferenceSystem]:
    vector = iface.activeLayer()
    if not isinstance(vector, QgsVectorLayer):
        vector = next(
            (
                v
                for v in QgsProject.instance().mapLayers().values()
                if isinstance(v, QgsVectorLayer) and v.selectedFeatureCount()
            ),
            None,
        )
    if vector is None or not vector.selectedFeatureCount():
        raise Refused(tr("No polygon is selected: select one in a vector layer, or choose Whole scene."))
    return vector.boundingBoxOfSelected(), vector.crs()


def in_crs(box: QgsRectangle, source, target) -> QgsRectangle:
    """A box in another CRS; as it is where one of them is not known, empty where it cannot be said."""
    if not source.isValid() or not target.isValid() or source == target:
        return box
    try:
        return QgsCoordinateTransform(source, target, QgsProject.instance()).transformBoundingBox(box)
    except QgsCsException:
        return QgsRectangle()
