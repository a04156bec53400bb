"""`fusar:sample_anchors`: AlphaEarth embeddings on a grid over a scene, as points."""

from __future__ import annotations

import json
from typing import ClassVar

from qgis.core import QgsProcessingParameterFeatureSink, QgsProcessingParameterNumber, QgsProcessingParameterString

from .. import compat, layers, settings
from ..schema import NODES_PER_SIDE
from ..translation import tr
from .answers import collect
from .base import FusarAlgorithm


class SampleAnchors(FusarAlgorithm):
    """INPUT, SOURCE, GRID, YEAR → OUTPUT: points with A00 … A63."""

    ID = "sample_anchors"
    WRITES: ClassVar = {"OUTPUT": "anchors"}

    def title(self) -> str:
        return tr("Sample AlphaEarth anchors")

    def initAlgorithm(self, configuration=None) -> None:
        self.add_scene()
        self.addParameter(
            QgsProcessingParameterString(
                "SOURCE",
                tr("Embeddings: mosaic, earth-engine:PROJECT or a raster of 64 bands; empty for the default"),
                optional=True,
            )
        )
        self.addParameter(
            QgsProcessingParameterNumber(
                "GRID", tr("Nodes along a side"), defaultValue=NODES_PER_SIDE, minValue=1, maxValue=512
            )
        )
        self.addParameter(QgsProcessingParameterFeatureSink("OUTPUT", tr("Anchors"), compat.SOURCE_POINT))
        self.add_overwrite()
        self.add_summary()

    def prepareAlgorithm(self, parameters, context, feedback) -> bool:
        self.read_scene(parameters, context)
        source = settings.prior_source(self.parameterAsString(parameters, "SOURCE", context))
        self.request["source"] = "mosaic" if source == "none" else source
        self.request["grid"] = self.parameterAsInt(parameters, "GRID", context)
        return True

    def work(self, parameters, context, feedback) -> dict:
        summary, features, crs = collect(self, "sample_anchors", self.scene_request(feedback), feedback)
        sink = self.sink(parameters, "OUTPUT", context, "anchors", crs)
        sink.write(features)
        provenance = layers.Provenance(f"{self.source.name}: AlphaEarth anchors", summary["metadata"])
        if summary["attribution"] and features:
            feedback.pushInfo(summary["attribution"])
        made = sink.close(context, provenance, self.source.name)
        return {"OUTPUT": made, "SUMMARY": json.dumps(summary, ensure_ascii=False)}
