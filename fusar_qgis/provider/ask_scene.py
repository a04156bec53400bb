"""`fusar:ask_scene`: a free question about a scene, answered in words."""

from __future__ import annotations

import json
from typing import ClassVar

from qgis.core import QgsProcessingParameterFeatureSink, QgsProcessingParameterString

from .. import compat, layers
from ..translation import tr
from .answers import collect
from .base import FusarAlgorithm


class AskScene(FusarAlgorithm):
    """INPUT, QUESTION, EXTENT → OUTPUT: a rectangle with the answer for each chip of the extent."""

    ID = "ask_scene"
    WRITES: ClassVar = {"OUTPUT": "answers"}
    NEEDS_WORDS = True

    def title(self) -> str:
        return tr("Ask about scene")

    def initAlgorithm(self, configuration=None) -> None:
        self.add_scene()
        self.addParameter(QgsProcessingParameterString("QUESTION", tr("Question"), multiLine=True))
        self.add_engine()
        self.add_prior()
        self.addParameter(QgsProcessingParameterFeatureSink("OUTPUT", tr("Answers"), compat.SOURCE_POLYGON))
        self.add_overwrite()
        self.add_summary()

    def prepareAlgorithm(self, parameters, context, feedback) -> bool:
        self.read_scene(parameters, context)
        self.read_engine(parameters, context)
        self.request["question"] = self.parameterAsString(parameters, "QUESTION", context)
        return True

    def work(self, parameters, context, feedback) -> dict:
        summary, features, crs = collect(self, "ask", self.scene_request(feedback), feedback)
        sink = self.sink(parameters, "OUTPUT", context, "answers", crs)
        sink.write(features)
        provenance = layers.Provenance(f"{summary['scene']}: answers", summary["metadata"])
        made = sink.close(context, provenance, self.source.name)
        return {"OUTPUT": made, "SUMMARY": json.dumps(summary, ensure_ascii=False)}
