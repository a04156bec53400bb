"""`fusar:classify_box`: the class of the target in a box."""

from __future__ import annotations

import json
from typing import ClassVar

from qgis.core import QgsProcessingParameterExtent, QgsProcessingParameterFeatureSink, QgsProcessingParameterString

from .. import compat, layers
from ..translation import tr
from .answers import collect
from .base import FusarAlgorithm


class ClassifyBox(FusarAlgorithm):
    """INPUT, BOX → OUTPUT: the box with its class, score and the engine's own words."""

    ID = "classify_box"
    ICON = "box"
    WRITES: ClassVar = {"OUTPUT": "detections"}
    NEEDS_WORDS = True

    def title(self) -> str:
        return tr("Classify box")

    def initAlgorithm(self, configuration=None) -> None:
        self.add_scene(extent=False)
        self.addParameter(QgsProcessingParameterExtent("BOX", tr("Box around the target")))
        self.addParameter(
            QgsProcessingParameterString(
                "CLASSES", tr("Classes to choose from, comma-separated; empty for all"), optional=True
            )
        )
        self.add_engine()
        self.add_prior()
        self.addParameter(QgsProcessingParameterFeatureSink("OUTPUT", tr("Classified box"), compat.SOURCE_POLYGON))
        self.add_overwrite()
        self.add_summary()

    def prepareAlgorithm(self, parameters, context, feedback) -> bool:
        self.read_scene(parameters, context, extent="BOX")
        self.read_engine(parameters, context)
        classes = self.parameterAsString(parameters, "CLASSES", context).split(",")
        self.request["classes"] = [c.strip() for c in classes if c.strip()]
        return True

    def work(self, parameters, context, feedback) -> dict:
        summary, features, crs = collect(self, "classify_box", self.scene_request(feedback, "box"), feedback)
        sink = self.sink(parameters, "OUTPUT", context, "detections", crs)
        for feature in features:  # the user drew the box: its sides say nothing of a target
            for name in ("length_m", "width_m", "area_m2"):
                feature[name] = None
        sink.write(features)
        provenance = layers.Provenance(f"{summary['scene']}: classified box", summary["metadata"])
        made = sink.close(context, provenance, self.source.name, tr("classified boxes"))
        return {"OUTPUT": made, "SUMMARY": json.dumps(summary, ensure_ascii=False)}
