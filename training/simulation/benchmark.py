"""The open benchmark: simulated scenes, cut into chips and written as triplets.

A scene is made, cut and written at once; a broken-off run goes on after the last one. Nothing depends on the number of
workers: each scene has its own stream of random draws.
"""

from __future__ import annotations

import io
import json
import multiprocessing
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import count, islice
from pathlib import Path
from typing import Any

from PIL import Image
from tqdm import tqdm

from fusar_core.files import atomic_path, write_error
from fusar_core.prior.aef.source import YEARS
from fusar_core.prior.anchors import AnchorSampler
from fusar_core.prior.files import write_anchors
from training.data.triplets import OTHER_YEAR, Triplet
from training.errors import BadRecipe
from training.simulation.chips import triplet_of, windows
from training.simulation.embeddings import EmbeddingField
from training.simulation.regions import REGIONS, spec_of
from training.simulation.scene import SimulatedScene, simulate
from training.simulation.spec import GREATEST_SIDE_PX, LEAST_SIDE_PX

CHIPS_ALONG = 2
"""Chips along a side of a scene."""
OTHER_YEAR_END = "_other_year"
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def make(
    out: Path,
    regions: Sequence[str],
    chips: int,
    chip_px: int = 168,
    seed: int = 1,
    informations: Sequence[float] = (1.0,),
    workers: int = 1,
    other_year: bool = False,
) -> list[Path]:
    """Writes images/, anchors_P/ and triplets_P.jsonl for each P of `prior_information`; returns the JSONL files.

    other_year: writes anchors_P_other_year/ as well, which the facts of the triplets name.

    Images and truth are the same for every P. Regions take turns, scene by scene (`scene_of`). More chips than before,
    in the same folder, are added to those that are there.

    Raises BadRecipe for an unknown region, impossible sizes, or another benchmark in the folder; OutputUnwritable.
    """
    _check(regions, chips, chip_px, informations)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as cause:
        raise write_error(out, cause) from cause
    asked = {
        "regions": list(regions),
        "chip_px": chip_px,
        "seed": seed,
        "informations": [float(p) for p in informations],
    }
    if other_year:
        asked["other_year"] = True
    _same_as_before(out / "benchmark.json", asked)
    ends = ("", OTHER_YEAR_END) if other_year else ("",)
    for name in ("images", *(f"anchors_{p:.1f}{end}" for p in informations for end in ends)):
        (out / name).mkdir(exist_ok=True)
    journal = out / "scenes.jsonl"
    lines, done = _written(journal)
    scene_lines = partial(_scene, out, tuple(regions), seed, chip_px, tuple(informations), other_year)
    missing = -(-(chips - len(lines)) // CHIPS_ALONG**2)
    with open(journal, "a", encoding="utf-8") as log, tqdm(total=chips, initial=len(lines), desc="chips") as bar:
        for made in _mapped(scene_lines, islice(count(done), max(missing, 0)), workers):
            log.write(json.dumps(made) + "\n")
            log.flush()
            lines += made
            bar.update(len(made))
    return [_triplets(out, lines[:chips], p) for p in informations]


def _check(regions: Sequence[str], chips: int, chip_px: int, informations: Sequence[float]) -> None:
    """Raises BadRecipe for what cannot be made."""
    if unknown := [r for r in regions if r not in REGIONS]:
        raise BadRecipe(f"There is no region '{unknown[0]}'.", f"Regions: {', '.join(REGIONS)}.")
    if not regions:
        raise BadRecipe("No region is named.", f"Name one or more of {', '.join(REGIONS)}.")
    side = chip_px * CHIPS_ALONG
    if chips < 1 or not LEAST_SIDE_PX <= side <= GREATEST_SIDE_PX:
        raise BadRecipe(
            f"{chips} chips of {chip_px} pixels cannot be made.",
            f"Take one or more, of {-(-LEAST_SIDE_PX // CHIPS_ALONG)}–{GREATEST_SIDE_PX // CHIPS_ALONG} pixels.",
        )
    if not informations or not all(0 <= p <= 1 for p in informations):
        raise BadRecipe(f"A prior cannot tell {list(informations)} of the cover.", "Give one or more numbers in 0…1.")
    if len({f"{p:.1f}" for p in informations}) < len(informations):
        raise BadRecipe(f"{list(informations)} would share a folder.", "Let them differ by 0.1 or more.")


def _same_as_before(path: Path, asked: dict[str, Any]) -> None:
    if path.exists():
        if (before := json.loads(path.read_text("utf-8"))) != asked:
            raise BadRecipe(f"{path.parent} holds another benchmark: {before}, not {asked}.", "Use another folder.")
        return
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(asked), "utf-8")


def _written(journal: Path) -> tuple[list[str], int]:
    """Triplets of the scenes that are done, and how many scenes; a line that was broken off is taken back."""
    if not journal.exists():
        return [], 0
    content = journal.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        with open(journal, "r+b") as file:
            file.truncate(len(whole))
    rows = [json.loads(line) for line in whole.splitlines()]
    return [line for row in rows for line in row], len(rows)


def _mapped(work: Any, numbers: Iterable[int], workers: int) -> Iterator[list[str]]:
    """Results in order, by so many processes."""
    if workers <= 1:
        yield from map(work, numbers)
        return
    with _one_thread_each(), ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(work, numbers, chunksize=4)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Processes that start meanwhile compute with one thread: helpers that wait for work take the others' cores."""
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


def scene_of(number: int, regions: Sequence[str]) -> tuple[str, int]:
    """Region of a part's scene, and the scene's number in it: regions take turns, one named twice has two a round."""
    round_, turn = divmod(number, len(regions))
    region = regions[turn]
    return region, round_ * regions.count(region) + regions[:turn].count(region)


def _scene(
    out: Path,
    regions: tuple[str, ...],
    seed: int,
    chip_px: int,
    informations: tuple[float, ...],
    other_year: bool,
    number: int,
) -> list[str]:
    """Makes and writes a scene; its triplets as JSON, with anchors in anchors_P/, P still to be put in."""
    region, index = scene_of(number, regions)
    scene = simulate(spec_of(region, seed, index, chip_px * CHIPS_ALONG, chip_px))
    place = f"{region}-{seed}-{index:05d}"
    chips = [triplet_of(scene, w, f"{place}-{i}", place) for i, w in enumerate(windows(scene, chip_px))]
    try:
        for p in informations:
            write_priors(scene, chips, chip_px, p, out / f"anchors_{p:.1f}")
            if other_year:
                off = 1 if scene.spec.year + 1 in YEARS else -1
                write_priors(scene, chips, chip_px, p, out / f"anchors_{p:.1f}{OTHER_YEAR_END}", off)
        for chip, window in zip(chips, windows(scene, chip_px), strict=True):
            shown = scene.image[window.row : window.bottom, window.col : window.right]
            Image.fromarray(shown).save(out / str(chip.image), compress_level=1)
    except OSError as cause:
        raise write_error(out, cause) from cause
    if other_year:
        chips = [replace(c, facts={**c.facts, OTHER_YEAR: f"anchors{OTHER_YEAR_END}/{c.id}.npz"}) for c in chips]
    return [chip.to_json() for chip in chips]


def write_priors(
    scene: SimulatedScene,
    chips: Sequence[Triplet],
    chip_px: int,
    information: float,
    folder: Path,
    years_off: int = 0,
) -> None:
    """The anchors of a scene's chips, sampled as those of real scenes are. Written at one go without waiting for the
    disk: a scene that is not in the journal is made again."""
    field = EmbeddingField(scene.grid, scene.cover, scene.structure, scene.spec.seed, information, years_off)
    sampler = AnchorSampler(field, scene.spec.year + years_off)
    for chip, anchors in zip(chips, sampler.for_chips(scene.grid, windows(scene, chip_px)), strict=True):
        content = io.BytesIO()
        write_anchors(anchors, content)
        (folder / f"{chip.id}.npz").write_bytes(content.getbuffer())


def _triplets(out: Path, lines: Sequence[str], information: float) -> Path:
    """Writes triplets_P.jsonl."""
    file = out / f"triplets_{information:.1f}.jsonl"
    with atomic_path(file) as temporary, open(temporary, "w", encoding="utf-8") as text:
        for line in lines:
            for end in ("", OTHER_YEAR_END):
                line = line.replace(f'"anchors{end}/', f'"anchors_{information:.1f}{end}/')
            text.write(line + "\n")
    return file
