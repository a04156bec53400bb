"""From a scene to targets, counts and grid answers: on seams, in parts, broken off and resumed."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scenes import SHIP, plant, sea, ships_scene, write
from scipy import ndimage

from fusar_core.domain.answers import Answer, Detection, Request
from fusar_core.domain.cells import cells_of
from fusar_core.domain.tiling import Window
from fusar_core.engines.base import NO_HOOKS, Answers, Engine, EngineInfo, Hooks
from fusar_core.engines.cfar import CfarEngine
from fusar_core.errors import BadOption, SceneEmpty, UnknownClass, UnknownTask, UnsupportedTask
from fusar_core.interpretation.chip_run import CHIPS_AHEAD
from fusar_core.interpretation.interpret import interpret
from fusar_core.interpretation.result import Interpretation
from fusar_core.interpretation.scope import Scope, Watch
from fusar_core.scenes.scene import SarScene

CENTRES = [(120.0, 90.0), (504.0, 300.0), (700.0, 504.0), (850.0, 640.0)]


class Threshold(Engine):
    """A complete engine in a few lines: whatever is as bright as a planted ship, with small chips so that scenes have
    seams. `own` makes it answer counts and grids itself, as a language model does."""

    info = EngineInfo(
        "threshold",
        "as bright as a planted ship",
        tasks=frozenset({"detect", "count", "locate"}),
        classes=frozenset({"ship"}),
        takes_prior=True,
    )
    model = "1"

    def __init__(self, size: int = 300, overlap: int = 60, own: bool = False) -> None:
        self.size, self.overlap = size, overlap
        self.derived = frozenset() if own else frozenset({"count", "locate"})
        self.asked: list[tuple[int, tuple[str, ...]]] = []

    def tiling(self, pixel_size_m: tuple[float, float] | None) -> tuple[int, int]:
        return self.size, self.overlap

    def answer(self, requests: Iterable[Request], hooks: Hooks = NO_HOOKS) -> Answers:
        for request in requests:
            chip = request.chip
            self.asked.append((chip.where.index, tuple(request.tasks)))
            bright, _ = ndimage.label(chip.valid & (chip.values > 0.8 * SHIP), np.ones((3, 3)))
            found = [
                Detection("ship", 0.9, ((c.start, r.start), (c.stop, r.start), (c.stop, r.stop), (c.start, r.stop)))
                for r, c in ndimage.find_objects(bright)
            ]
            for task in request.tasks:
                value = {
                    "detect": found,
                    "count": len(found),
                    "locate": cells_of([d.centre for d in found], self.size, self.size),
                }[task]
                yield Answer(chip.where, task, "ship", value, raw_text="words")


def centres(result: Interpretation) -> list[tuple[float, float]]:
    return sorted(t.detection.centre for t in result.targets)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[SarScene]:
    with SarScene.open(ships_scene(tmp_path / "scene.tif", CENTRES)) as opened:
        yield opened


@pytest.mark.parametrize("overlap", [0, 20, 60, 150])
def test_every_ship_once_whatever_the_overlap(scene: SarScene, overlap: int) -> None:
    result = interpret(scene, Threshold(), Scope(chip_overlap=overlap))
    assert centres(result) == sorted(CENTRES)
    assert result.counts() == {"ship": 4}


@pytest.mark.parametrize("x", range(225, 316, 9))
def test_a_ship_anywhere_around_a_seam_is_one_ship(tmp_path: Path, x: int) -> None:
    with SarScene.open(ships_scene(tmp_path / "s.tif", [(x, 150)], (300, 700))) as scene:
        assert centres(interpret(scene, Threshold())) == [(x, 150)]


def test_cfar_finds_the_planted_ships_and_nothing_else(scene: SarScene) -> None:
    found = centres(interpret(scene, CfarEngine()))
    assert len(found) == 4
    for (x, y), (px, py) in zip(found, sorted(CENTRES), strict=True):
        assert abs(x - px) < 3
        assert abs(y - py) < 3


def test_counts_of_the_chips_add_up_to_the_scenes(scene: SarScene) -> None:
    result = interpret(scene, Threshold())
    counts = [a for a in result.answers if a.task == "count"]
    assert [a.value for a in counts if a.chip == "scene"] == [4]
    assert sum(a.value for a in counts if a.chip != "scene") == 4
    assert {a.parse_status for a in counts} == {"derived"}


def test_grid_answer_of_the_scene_is_row_major_from_the_top_left(scene: SarScene) -> None:
    result = interpret(scene, Threshold())
    [answer] = [a for a in result.answers if a.task == "locate" and a.chip == "scene"]
    # 900 × 700: cells are 300 wide and 233.3 high.
    assert answer.value == {1, 5, 9}


def test_an_extent_is_a_scene_of_its_own(scene: SarScene) -> None:
    result = interpret(scene, Threshold(), Scope(extent=Window(200, 400, 400, 400)))
    assert centres(result) == [(504, 300), (700, 504)]
    [answer] = [a for a in result.answers if a.task == "locate" and a.chip == "scene"]
    assert answer.value == {1, 9}


@pytest.mark.parametrize("beside", [-12, 12])
def test_what_lies_just_outside_a_small_extent_is_not_in_it(scene: SarScene, beside: int) -> None:
    x, y = 120, 90  # a ship of 20 × 4 px: its centre lies inside the extent, or 12 px outside
    right = x + beside
    result = interpret(scene, Threshold(), Scope(extent=Window(y - 50, right - 100, 100, 100)))
    assert centres(result) == ([(x, y)] if beside > 0 else [])


def test_an_engine_with_answers_of_its_own_is_asked_over_a_partition(scene: SarScene) -> None:
    engine = Threshold(own=True)
    result = interpret(scene, engine)
    own = [a for a in result.answers if a.chip != "scene"]
    assert {a.raw_text for a in own} == {"words"}
    assert {tasks for _, tasks in engine.asked} == {("detect",), ("count", "locate")}
    assert sum(a.value for a in own if a.task == "count") >= 4  # it cannot see that a ship is cut in two


def test_an_extent_of_one_chip_takes_one_look_for_all_tasks(scene: SarScene) -> None:
    engine = Threshold(own=True)
    interpret(scene, engine, Scope(extent=Window(40, 60, 250, 250)))
    assert engine.asked == [(0, ("detect", "count", "locate"))]


def test_only_what_was_asked_comes_back(scene: SarScene) -> None:
    counted = interpret(scene, Threshold(), Scope(tasks=("count",)))
    assert {a.task for a in counted.answers} == {"count"}
    assert interpret(scene, Threshold(), Scope(tasks=("detect",))).answers == []


def test_nodata_is_not_sea(tmp_path: Path) -> None:
    image = sea(600, 1600)
    plant(image, 300, 300)
    image[:, 600:] = 0
    with SarScene.open(write(tmp_path / "s.tif", image.astype(np.uint16), nodata=0)) as scene:
        engine = Threshold()
        result = interpret(scene, engine)
        seen = {a.chip for a in result.answers if a.task == "count"} - {"scene"}
        assert seen == {"x0y0", "x504y0", "x0y504", "x504y504"}
        assert max(i for i, _ in engine.asked) < result.chips, "chips without data were shown to the engine"
        assert result.counts() == {"ship": 1}


def test_progress_and_targets_arrive_chip_by_chip(scene: SarScene) -> None:
    progress: list[tuple[int, int]] = []
    arrived: list[int] = []
    result = interpret(
        scene,
        Threshold(),
        watch=Watch(
            on_progress=lambda done, total: progress.append((done, total)),
            on_targets=lambda part: arrived.append(len(part.targets)),
        ),
    )
    assert progress == [(i + 1, result.chips) for i in range(result.chips)]
    assert sum(arrived) >= 4


def test_a_cancelled_run_keeps_what_it_found_and_is_taken_up_where_it_stopped(scene: SarScene, tmp_path: Path) -> None:
    journal = tmp_path / "j"
    unbroken, first, second = Threshold(), Threshold(), Threshold()
    whole = interpret(scene, unbroken)
    done: list[int] = []
    watch = Watch(cancelled=lambda: len(done) > 2, on_progress=lambda n, _: done.append(n))
    part = interpret(scene, first, journal=journal, watch=watch)
    assert not part.complete
    assert 0 < part.read < part.chips == whole.chips
    assert [t.detection for t in part.targets] == [t.detection for t in whole.targets][: len(part.targets)]
    assert part.settings == whole.settings
    assert part.answers == [], "of a scene that was not read to its end nothing is derived"
    resumed = interpret(scene, second, journal=journal, resume=True)
    again = {i for i, _ in first.asked} & {i for i, _ in second.asked}
    assert len(again) <= 1 + CHIPS_AHEAD, "finished chips are not asked again"
    assert {i for i, _ in second.asked} == set(range(part.read, part.chips))
    assert (resumed.targets, resumed.answers, resumed.complete) == (whole.targets, whole.answers, True)


def test_a_finished_journal_needs_no_engine_at_all(scene: SarScene, tmp_path: Path) -> None:
    first = interpret(scene, Threshold(), journal=tmp_path / "j")
    engine = Threshold()
    again = interpret(scene, engine, journal=tmp_path / "j", resume=True)
    assert engine.asked == []
    assert again.targets == first.targets
    assert again.answers == first.answers


def test_nothing_reads_the_scene_any_more_when_a_run_was_broken_off(scene: SarScene) -> None:
    """Ctrl-C closes the scene next: a thread that still read from it would end the process with a segmentation fault,
    while the traceback keeps generators alive."""

    def stop(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as held:
        interpret(scene, Threshold(), watch=Watch(on_progress=stop))
    assert held.tb is not None
    assert [t.name for t in threading.enumerate() if t.name == "fusar-reader"] == []


def test_an_error_of_the_engine_keeps_what_was_finished(scene: SarScene, tmp_path: Path) -> None:
    class Breaks(Threshold):
        def answer(self, requests: Iterable[Request], hooks: Hooks = NO_HOOKS) -> Answers:
            for n, answer in enumerate(super().answer(requests)):
                if n == 3:
                    raise RuntimeError("out of memory")
                yield answer

    with pytest.raises(RuntimeError, match="out of memory"):
        interpret(scene, Breaks(), journal=tmp_path / "j")
    engine = Threshold()
    interpret(scene, engine, journal=tmp_path / "j", resume=True)
    assert min(i for i, _ in engine.asked) == 3


def test_flagged_targets_are_listed_but_not_counted(scene: SarScene) -> None:
    class Doubts(Threshold):
        def answer(self, requests: Iterable[Request], hooks: Hooks = NO_HOOKS) -> Answers:
            for answer in super().answer(requests):
                if answer.task == "detect":
                    value = [replace(d, flags=("azimuth_ambiguity",)) for d in answer.value]
                    yield replace(answer, value=value)

    result = interpret(scene, Doubts())
    assert len(result.targets) == 4
    assert result.counts() == {"ship": 0}
    assert result.flagged() == {"azimuth_ambiguity": 4}


def test_what_makes_no_sense_is_refused(scene: SarScene) -> None:
    with pytest.raises(UnknownTask, match="'dance'"):
        interpret(scene, Threshold(), Scope(tasks=("dance",)))
    with pytest.raises(UnknownClass, match="'tank'"):
        interpret(scene, Threshold(), Scope(classes=("tank",)))
    with pytest.raises(BadOption, match="overlap"):
        interpret(scene, Threshold(), Scope(chip_overlap=300))
    with pytest.raises(BadOption, match="Nothing to do"):
        interpret(scene, Threshold(), Scope(tasks=()))
    engine = Threshold()
    engine.tasks = frozenset({"detect"})
    with pytest.raises(UnsupportedTask, match="It can do: detect"):
        interpret(scene, engine, Scope(tasks=("count",)))


def test_a_scene_without_any_data_is_an_error(tmp_path: Path) -> None:
    write(tmp_path / "s.tif", np.zeros((300, 300), np.uint16), nodata=0)
    with SarScene.open(tmp_path / "s.tif") as scene, pytest.raises(SceneEmpty):
        interpret(scene, Threshold())
