"""What the algorithms share: their scene, how they ask the engine, and where results go."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputLayerDefinition,
    QgsProcessingOutputString,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterExtent,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
    QgsRectangle,
)
from qgis.PyQt.QtGui import QIcon

from .. import compat, layers, replacing, schema, settings
from ..engine import manager
from ..engine.errors import EngineError
from ..engine.words import in_words_of_qgis
from ..raster_source import LayerRaster
from ..translation import tr

FOLDER = Path(__file__).parents[1]


class FusarAlgorithm(QgsProcessingAlgorithm):
    """Base of the algorithms. Parameters and layers are read in `prepareAlgorithm` (main thread), the work is done in
    `processAlgorithm` (any thread)."""

    ID = ""
    ICON = "fusar"
    WRITES: ClassVar[dict[str, str]] = {}
    """Output → the result layer that goes there."""
    NEEDS_WORDS = False
    """Whether it asks what a detector cannot answer."""

    def __init__(self) -> None:
        super().__init__()
        self.source: LayerRaster | None = None
        self.extent: QgsRectangle | None = None
        self.extent_crs = QgsCoordinateReferenceSystem()
        self.request: dict = {}
        self.in_words: dict | EngineError | None = None

    def name(self) -> str:
        return self.ID

    def displayName(self) -> str:
        return self.title()

    def title(self) -> str:
        """Name in the toolbox, in the user's language."""
        raise NotImplementedError

    def createInstance(self):
        return type(self)()

    def icon(self) -> QIcon:
        return QIcon(str(FOLDER / "icons" / f"{self.ICON}.svg"))

    def shortHelpString(self) -> str:
        try:
            page = (FOLDER / "help" / f"{self.ID}.html").read_text("utf-8")
            return " ".join(page.split())  # QGIS makes a new line of every line end
        except OSError:
            return ""

    # -- parameters ------------------------------------------------------------------------------------------------

    def add_scene(self, *, extent: bool = True, year: bool = True) -> None:
        """INPUT, and where wanted EXTENT and YEAR; BAND among the advanced."""
        self.addParameter(QgsProcessingParameterRasterLayer("INPUT", tr("Radar scene")))
        if extent:
            self.addParameter(
                QgsProcessingParameterExtent("EXTENT", tr("Only in this extent"), optional=True),
            )
        if year:
            parameter = QgsProcessingParameterNumber(
                "YEAR",
                tr("Year of the scene, where the file does not say"),
                optional=True,
                minValue=schema.FIRST_YEAR,
                maxValue=schema.LAST_YEAR,
            )
            self.addParameter(parameter)
        self.add_advanced(
            QgsProcessingParameterString("BAND", tr("Band by number, name or polarisation, e.g. VH"), optional=True)
        )

    def add_engine(self) -> None:
        """ENGINE: empty for the default of the settings, or one that has words (`NEEDS_WORDS`); ENGINE_OPTIONS."""
        self.addParameter(
            QgsProcessingParameterString(
                "ENGINE", tr("Engine: cfar, fusar, worker or its address; empty for the default"), optional=True
            )
        )
        self.add_advanced(
            QgsProcessingParameterString(
                "ENGINE_OPTIONS", tr("Options of the engine, e.g. device=cuda; batch_size=4"), optional=True
            )
        )

    def add_prior(self) -> None:
        """PRIOR: empty for the source of the settings."""
        title = tr("AlphaEarth embeddings: none, mosaic, earth-engine:PROJECT or a file; empty for the default")
        self.addParameter(QgsProcessingParameterString("PRIOR", title, optional=True))

    def add_advanced(self, parameter) -> None:
        """A parameter that the dialog folds away."""
        parameter.setFlags(parameter.flags() | compat.ADVANCED)
        self.addParameter(parameter)

    def add_overwrite(self) -> None:
        """OVERWRITE: whether results in which an analyst has worked may be replaced."""
        title = tr("Replace what an analyst has worked on")
        self.add_advanced(QgsProcessingParameterBoolean("OVERWRITE", title, False, optional=True))

    def add_summary(self) -> None:
        """SUMMARY: what the engine says of the run, as JSON."""
        self.addOutput(QgsProcessingOutputString("SUMMARY", tr("Summary as JSON")))

    # -- main thread -----------------------------------------------------------------------------------------------

    def read_scene(self, parameters: dict, context: QgsProcessingContext, extent: str = "EXTENT") -> None:
        """Reads INPUT, the extent, YEAR and BAND into `self`."""
        layer = self.parameterAsRasterLayer(parameters, "INPUT", context)
        if layer is None or not layer.isValid():
            raise QgsProcessingException(self.invalidRasterError(parameters, "INPUT"))
        self.source = LayerRaster(layer, context.transformContext())
        if self.parameterDefinition(extent) is not None and parameters.get(extent) not in (None, ""):
            self.extent = self.parameterAsExtent(parameters, extent, context)
            crs = self.parameterAsExtentCrs(parameters, extent, context)
            self.extent_crs = crs if crs.isValid() else self.source.crs
            if self.extent.isNull() or self.extent.isEmpty():
                raise QgsProcessingException(tr("The extent is empty. Give xmin,xmax,ymin,ymax."))
        band = self.parameterAsString(parameters, "BAND", context).strip()
        if band:
            self.request["band"] = int(band) if band.isdecimal() else band
        if self.parameterDefinition("YEAR") is not None and parameters.get("YEAR") not in (None, ""):
            self.request["year"] = self.parameterAsInt(parameters, "YEAR", context)

    def read_engine(self, parameters: dict, context: QgsProcessingContext) -> None:
        """Reads ENGINE and ENGINE_OPTIONS into the request, with its key from the auth manager."""
        name = self.parameterAsString(parameters, "ENGINE", context).strip()
        try:
            options = settings.engine_options(self.parameterAsString(parameters, "ENGINE_OPTIONS", context))
            self.request |= settings.engine_request(name, options)
        except EngineError as error:
            raise QgsProcessingException(str(error)) from error
        if not name and self.NEEDS_WORDS:
            try:
                self.in_words = settings.engine_request(settings.speaker(), options)
            except EngineError as error:  # perhaps the default has words itself
                self.in_words = error
        prior = settings.prior_source(self.parameterAsString(parameters, "PRIOR", context))
        if prior != "none":
            self.request["prior"] = prior

    # -- any thread ------------------------------------------------------------------------------------------------

    def processAlgorithm(self, parameters, context, feedback) -> dict:
        """Does the work; an error of the engine becomes QGIS's, its code goes to a feedback that wants it."""
        try:
            self._claim(parameters, context)
            return self.work(parameters, context, feedback)
        except EngineError as error:
            message = str(error)
            if hasattr(feedback, "error_code"):
                feedback.error_code = error.code
        except QgsProcessingException as error:
            message = str(error)
        # QGIS never frees the traceback of what is raised here, nor what its frames hold: a context with layers that
        # outlives QGIS crashes it. So this is raised anew, and holds nothing.
        del parameters, context, feedback
        raise QgsProcessingException(message)

    def _claim(self, parameters: dict, context: QgsProcessingContext) -> None:
        """Looks at all that will be written before any work is done. Raises EngineError."""
        outputs = [(destination_of(parameters.get(name)), layer) for name, layer in self.WRITES.items()]
        overwrite = self.parameterAsBoolean(parameters, "OVERWRITE", context)
        replacing.claim([(place, layer) for place, layer in outputs if place], self.inputs(), overwrite=overwrite)

    def inputs(self) -> list[Path]:
        """Files that are read: none of them is an output."""
        return [self.source.file] if self.source is not None and self.source.file else []

    def work(self, parameters: dict, context: QgsProcessingContext, feedback: QgsProcessingFeedback) -> dict:
        """What the algorithm does, in any thread. Raises EngineError, QgsProcessingException."""
        raise NotImplementedError

    def scene_request(self, feedback: QgsProcessingFeedback, extent: str = "extent") -> dict:
        """The request with the path of the scene and the extent; exports the scene where it is no file."""
        self._choose_words()
        if self.source.doubt:
            warn(feedback, self.source.doubt)
        request = {**self.request, **self.source.request(self.extent, self.extent_crs, feedback)}
        if self.extent is not None:
            box = self.extent
            request[extent] = [box.xMinimum(), box.yMinimum(), box.xMaximum(), box.yMaximum()]
            same = not self.source.crs.isValid() or self.extent_crs == self.source.crs
            # A scene placed by ground control points has another CRS inside the engine: name it always but without any.
            if self.extent_crs.isValid() and not (same and not self.source.crs.isValid()):
                request[f"{extent}_crs"] = layers.engine_crs(self.extent_crs)
        return request

    def _choose_words(self) -> None:
        """Takes an engine that has words in place of a default that only finds targets; which those are, the engine's
        process says, and it may take a while to start."""
        if self.in_words is None:
            return
        manager.start()
        if manager.finds_only(self.request["engine"]):
            if isinstance(self.in_words, EngineError):
                raise self.in_words
            self.request |= self.in_words

    def ask_engine(
        self,
        method: str,
        request: dict,
        feedback: QgsProcessingFeedback,
        on_features: Callable[[str, dict], None] | None = None,
    ) -> dict:
        """Sends a request and waits; progress and log go to the feedback. Raises EngineError."""

        def notified(kind: str, params: dict) -> None:
            if kind == "progress" and params.get("total"):
                done, total = params["done"], params["total"]
                feedback.setProgress(100.0 * done / total)
                feedback.setProgressText(
                    tr("{done} of {total} {what}").format(done=done, total=total, what=params.get("message", ""))
                )
                if hasattr(feedback, "report_chips"):
                    feedback.report_chips(done, total)
            elif kind == "features" and on_features:
                on_features(params["layer"], params)
            elif kind == "log":
                said = in_words_of_qgis(params.get("message", ""))
                feedback.pushInfo(said)
                if hasattr(feedback, "report_trouble"):
                    feedback.report_trouble(said)

        result = manager.engine().call(method, request, notified, feedback.isCanceled)
        for warning in result.get("warnings", []):
            warn(feedback, in_words_of_qgis(warning))
        return result

    def sink(self, parameters: dict, name: str, context, layer: str, crs: QgsCoordinateReferenceSystem) -> Sink:
        """The sink of an output, with the fields of a result layer."""
        short = destination_of(parameters.get(name)).lower().endswith(".shp")
        # This parameter alone: the layer behind INPUT may be gone by now, and converting its pointer would crash.
        only = {name: parameters[name]} if name in parameters else {}
        before = context.defaultEncoding()
        context.setDefaultEncoding("UTF-8")  # else a shapefile is in that of the computer, and nothing says so
        made, destination = self.parameterAsSink(
            only, name, context, layers.fields(layer, short=short), layers.wkb_type(layer), crs
        )
        context.setDefaultEncoding(before)
        if made is None and not self.parameterDefinition(name).flags() & compat.OPTIONAL:
            raise QgsProcessingException(self.invalidSinkError(only, name))
        in_memory = context.temporaryLayerStore().mapLayer(destination) if made is not None else None
        if in_memory is not None and not crs.isValid():
            layers.without_crs(in_memory)
        return Sink(made, destination, layer, short, self.parameterDefinition(name).description())


class Sink:
    """An output being written. made: None for an output nobody wants."""

    def __init__(self, made, destination: str, layer: str, short: bool, title: str) -> None:
        self.made, self.destination, self.layer, self._short, self._title = made, destination, layer, short, title

    def write(self, features: list[QgsFeature]) -> None:
        """Writes features. Raises QgsProcessingException when the disk is full or the folder read-only."""
        if self.made is None or not features:
            return
        written = layers.add_to_sink(self.made, features, short=self._short)
        if written < len(features):
            raise QgsProcessingException(
                f"Only {written} of {len(features)} features could be written to {self.destination}: check the free "
                f"space and whether you may write there. {self.made.lastError()}"
            )

    def close(
        self, context: QgsProcessingContext, provenance: layers.Provenance, scene: str, called: str = ""
    ) -> str | None:
        """Finishes the output and has it styled and named when it is loaded; returns its id, None where nobody wants
        it.

        scene: whose name the layer bears, before what it is `called`.
        """
        if self.made is None:
            return None
        self.made.finalize() if hasattr(self.made, "finalize") else self.made.flushBuffer()
        self.made = None
        if self._short:
            write_cpg(Path(self.destination))
        name = f"{scene}: {called or layers.title_of(self.layer)}"
        layers.style_on_load(context, self.destination, self.layer, provenance, (self._title, name))
        return self.destination


def write_cpg(shapefile: Path) -> None:
    """Says beside a shapefile that its texts are UTF-8, where its driver has not."""
    cpg = shapefile.with_suffix(".cpg")
    if shapefile.exists() and not cpg.exists():
        cpg.write_text("UTF-8", encoding="ascii")


def destination_of(value) -> str:
    """The place an output was asked for, as text."""
    if isinstance(value, QgsProcessingOutputLayerDefinition):
        return str(value.sink.staticValue() or "")
    return str(value or "")


def warn(feedback: QgsProcessingFeedback, text: str) -> None:
    """A warning in the log of the run; as such where QGIS has a place for it."""
    (feedback.pushWarning if hasattr(feedback, "pushWarning") else feedback.pushInfo)(text)
