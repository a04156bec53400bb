"""One description of a run, whoever wants it: a command, a row of a batch, a request of the sidecar's client.

run = Run.from_parameters({"scene": "s.tif", "tasks": "detect,count", "extent": "3.9,51.9,4.1,52.0,EPSG:4326"})
with opened(run) as ready:
    result = ready.interpret()
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fusar_core.domain.tiling import Window
from fusar_core.engines import engine_info, open_engine
from fusar_core.engines.base import Engine
from fusar_core.errors import BadOption, Cancelled
from fusar_core.interpretation.interpret import interpret
from fusar_core.interpretation.parameters import Bounds, bounds_parameter, parameter, words_parameter
from fusar_core.interpretation.result import Interpretation
from fusar_core.interpretation.scope import Scope, Watch
from fusar_core.prior.opening import ScenePrior, open_prior
from fusar_core.remote.secret import Secret
from fusar_core.scenes.scene import SarScene
from fusar_core.scenes.water import WaterMask
from fusar_core.tasks import usual_tasks


@dataclass(frozen=True)
class Run:
    """What is to be done. Everything that decides about a result stands here, under the names of the command line.

    scene: path of a raster or product. engine: name or address; engine_options: of `open_engine`, as pairs; what they
    hold that is secret shows itself to nobody. band, year, crs: of the scene, where the file does not say, or wrongly.
    extent: bounds in `extent_crs`, or in the scene's map units; None for all of it. prior, water: as on the command
    line. chip_overlap: pixels; the engine's own when None. overwrite: whether results in which an analyst has worked
    may be replaced; it decides about no result.
    """

    scene: str = ""
    engine: str = "cfar"
    engine_options: tuple[tuple[str, Any], ...] = ()
    tasks: tuple[str, ...] = usual_tasks()
    classes: tuple[str, ...] = ("ship",)
    band: str | int | None = None
    year: int | None = None
    crs: str | None = None
    extent: Bounds | None = None
    extent_crs: str | None = None
    prior: str | None = None
    water: str | None = None
    chip_overlap: int | None = None
    overwrite: bool = False

    @classmethod
    def from_parameters(cls, params: Mapping[str, Any]) -> Run:
        """The run that named values describe: text, as a command line has it, or lists and numbers, as JSON has them.

        secret: the key of an engine behind an address. Raises BadOption, BadExtent, UnknownEngine.
        """
        engine = parameter(params, "engine", str, cls.engine)
        options = {**parameter(params, "engine_options", dict, {}), **_keys(engine, parameter(params, "secret", str))}
        extent, extent_crs = bounds_parameter(params, "extent") or (None, None)
        return cls(
            scene=str(parameter(params, "scene", (str, Path), "")),
            engine=engine,
            engine_options=tuple(sorted(options.items())),
            tasks=words_parameter(params, "tasks", cls.tasks),
            classes=words_parameter(params, "classes", cls.classes),
            band=parameter(params, "band", (str, int)) or None,
            year=parameter(params, "year", int),
            crs=parameter(params, "crs", str) or None,
            extent=extent,
            extent_crs=extent_crs,
            prior=parameter(params, "prior", str),
            water=str(parameter(params, "water_mask", (str, Path), "")) or None,
            chip_overlap=parameter(params, "chip_overlap", int),
            overwrite=parameter(params, "overwrite", bool, False),
        )

    def inputs(self) -> list[Any]:
        """What is read: paths, names that GDAL reads, addresses; None for what is not given."""
        return [self.scene, self.water, self.prior, dict(self.engine_options).get("model")]

    def decides(self) -> dict[str, Any]:
        """What decides about the results of any scene, for JSON: keys, how a server is reached, what may be replaced do
        not."""
        deciding = {option.name for option in engine_info(self.engine).options if option.decides}
        return {
            "engine": self.engine,
            "engine_options": {k: str(v) for k, v in self.engine_options if k in deciding},
            "tasks": list(self.tasks),
            "classes": list(self.classes),
            "band": self.band,
            "year": self.year,
            **({"crs": self.crs} if self.crs else {}),
            "prior": self.prior,
            "water": self.water,
            "chip_overlap": self.chip_overlap,
        }


def _keys(engine: str, secret: str | None) -> dict[str, Secret]:
    """The key of a request under the name of the engine's own option. Raises BadOption where it takes none."""
    if not secret:
        return {}
    names = [option.name for option in engine_info(engine).options if option.secret]
    if not names:
        raise BadOption(f"The engine '{engine}' takes no key.", "Leave it out.")
    return {names[0]: Secret(secret)}


Lend = Callable[[Run], AbstractContextManager[Engine]]
"""Who has the engine of a run: it is the caller's until the context ends."""


@dataclass(frozen=True)
class Ready:
    """A run whose scene, prior, mask and engine are open."""

    run: Run
    scene: SarScene
    engine: Engine
    scope: Scope
    watch: Watch

    @property
    def extent(self) -> Window:
        """What is asked about, in scene pixels."""
        return self.scope.extent or self.scene.extent

    def interpret(self, journal: Path | None = None, *, resume: bool = False) -> Interpretation:
        """Carries the run out; see `interpret`."""
        return interpret(self.scene, self.engine, self.scope, journal=journal, resume=resume, watch=self.watch)


@contextmanager
def opened(run: Run, watch: Watch = Watch(), lend: Lend | None = None) -> Iterator[Ready]:
    """Opens what a run needs, the engine last; closes it again.

    lend: where the engine comes from; it is opened for this run alone when None.

    Raises BadOption without a scene, what opening scene, mask, prior and engine may raise, and Cancelled.
    """
    if not run.scene:
        raise BadOption("No scene was given.", "Give the path of a raster.")
    with ExitStack() as stack:
        scene = stack.enter_context(SarScene.open(run.scene, band=run.band, year=run.year, crs=run.crs))
        if watch.on_scene:
            watch.on_scene(scene)
        extent = scene.extent_window(run.extent, run.extent_crs) if run.extent else None
        water = stack.enter_context(WaterMask.open(Path(run.water), scene.grid)) if run.water else None
        prior = stack.enter_context(open_prior(scene.grid, scene.acquisition.year, run.prior))
        _stop_downloads(prior, watch)
        engine = stack.enter_context((lend or engine_of)(run))
        notes = (prior.why_not,) if prior.why_not else ()
        scope = Scope(run.tasks, run.classes, extent, run.chip_overlap, water, prior.sampler, notes)
        yield Ready(run, scene, engine, scope, watch)


@contextmanager
def engine_of(run: Run) -> Iterator[Engine]:
    """An engine for this run alone."""
    engine = open_engine(run.engine, **dict(run.engine_options))
    try:
        yield engine
    finally:
        engine.close()


def _stop_downloads(prior: ScenePrior, watch: Watch) -> None:
    """A cancel breaks off the downloads of a prior, too."""
    if prior.sampler:

        def on_progress(done: int, total: int) -> None:
            if watch.cancelled():
                raise Cancelled("Stopped by the user.")

        prior.sampler.source.on_progress = on_progress
