"""The golden cases: commands and sessions, and what of their answers is kept. Each is a function of its bench."""

from __future__ import annotations

import gzip
import json
import shutil
import signal
import subprocess
import warnings
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import rasterio
import rasterio.errors
import rasterio.windows
from golden_bench import PATIENCE_S, Bench, Client, wait_for, worker
from golden_files import digest, folder, keys

EXTENT = "702000,4100000,706000,4104000"
EXTENT_LONLAT = "-6.72,37.02,-6.68,37.05,EPSG:4326"
SHIP = "-6.7225,37.0215,-6.7200,37.0256,EPSG:4326"
"""A ship at anchor in the sample scene."""
SEA = [[-6.75, 37.0], [-6.66, 37.0], [-6.66, 37.05], [-6.75, 37.05], [-6.75, 37.0]]
LONG_BEACH = "scenes/la_long_beach_harbour_S1_VH_20201107_utm11n_10m.tif"
LONG_BEACH_EXTENT = "384000,3731000,392000,3736000"
SSDD_IMAGES = 12

Case = Callable[[Bench], Any]
CASES: dict[str, Case] = {}
NEEDS_DATA: set[str] = set()
SLOW: set[str] = set()
HEAVY: set[str] = set()
"""Cases that are started first, since they take longest."""


def case(*, data: bool = False, slow: bool = False, heavy: bool = False) -> Callable[[Case], Case]:
    """Adds a case under the name of its function. data: it needs the real data; slow: it runs only when asked for."""

    def add(function: Case) -> Case:
        name = function.__name__.replace("_", "-")
        CASES[name] = function
        for holds, names in ((data, NEEDS_DATA), (slow, SLOW), (heavy, HEAVY)):
            if holds:
                names.add(name)
        return function

    return add


# --- scenes and the detector ---


@case()
def info_sample(at: Bench) -> Any:
    return [at.fusar("info", at.harbour, *words) for words in ((), ("--json",), ("--json", "--year", 2019))]


@case(data=True)
def info_long_beach(at: Bench) -> Any:
    return [at.fusar("info", at.data / LONG_BEACH, *words) for words in ((), ("--json",))]


@case()
def cfar_sample(at: Bench) -> Any:
    """All default tasks: both summaries, and everything that the GeoPackage holds."""
    said = [at.fusar("interpret", at.harbour, "--out", "r.gpkg", *words) for words in ((), ("--json",))]
    return {"said": said, "result": at.file("r.gpkg"), "left": sorted(p.name for p in at.work.iterdir())}


@case()
def cfar_sample_map(at: Bench) -> Any:
    """The picture bears the program's version."""
    said = at.fusar("interpret", at.harbour, "--out", "r.gpkg", "--map", "map.png", "--json")
    return {"said": said, "map": at.file("map.png")}


@case()
def cfar_sample_formats(at: Bench) -> Any:
    found = {}
    for form in ("geojson", "shp"):
        said = at.fusar("interpret", at.harbour, "--extent", EXTENT, "--out", f"r.{form}", "--json")
        files = sorted(p.name for p in at.work.iterdir() if p.name.startswith("r"))
        found[form] = {"said": said, "files": {name: at.file(name) for name in files}}
        for name in files:
            (at.work / name).unlink()
    return found


@case()
def cfar_sample_options(at: Bench) -> Any:
    """Extents, water masks, overlaps, subsets of tasks, a prior that it has no use for."""
    sea = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [SEA]}}
    (at.work / "sea.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [sea]}))
    runs = {
        "extent": ("--extent", EXTENT),
        "extent in degrees": ("--extent", EXTENT_LONLAT, "--map", "map.png"),
        "generated water mask": ("--water-mask", "sea.geojson"),
        "water mask of the sample": ("--water-mask", at.sample / "harbour_water.geojson"),
        "chip overlap": ("--chip-overlap", 64, "--extent", EXTENT),
        "count alone": ("--tasks", "count"),
        "locate and detect": ("--tasks", "locate,detect", "--extent", EXTENT),
        "prior": ("--prior", at.embeddings, "--extent", EXTENT),
        "year and band": ("--year", 2018, "--band", "VV", "--extent", EXTENT),
    }
    found = {}
    for name, words in runs.items():
        said = at.fusar("interpret", at.harbour, "--out", "r.gpkg", "--json", *words)
        found[name] = {"said": said, "result": at.file("r.gpkg")}
    return found | {"map": at.file("map.png")}


@case()
def cfar_without_georeference(at: Bench) -> Any:
    crop(at.harbour, at.work / "plain.tif", 300, 500, 400, georeferenced=False)
    words = ("--year", 2024, "--prior", at.embeddings, "--out", "r.gpkg", "--json")
    return {"said": at.fusar("interpret", "plain.tif", *words), "result": at.file("r.gpkg")}


@case(data=True)
def cfar_long_beach(at: Bench) -> Any:
    said = [at.fusar("interpret", at.data / LONG_BEACH, "--out", "r.gpkg", *words) for words in ((), ("--json",))]
    return {"said": said, "result": at.file("r.gpkg")}


# --- the small model ---


@case(heavy=True)
def nano_sample(at: Bench) -> Any:
    said = at.fusar("interpret", at.harbour, "--engine", "fusar", "--out", "r.gpkg", "--json")
    return {"said": said, "result": at.file("r.gpkg")}


@case(heavy=True)
def nano_sample_prior(at: Bench) -> Any:
    words = ("--engine", "fusar", "--prior", at.embeddings, "--map", "map.png")
    said = at.fusar("interpret", at.harbour, "--out", "r.gpkg", *words)
    return {"said": said, "result": at.file("r.gpkg"), "map": at.file("map.png")}


@case(heavy=True)
def nano_sample_every_task(at: Bench) -> Any:
    """Two classes, descriptions, batches of three."""
    words = ("--tasks", "detect,count,locate,describe", "--classes", "ship,plane", "--batch-size", 3)
    extent = ("--extent", "701000,4099000,707000,4105000", "--prior", at.embeddings)
    said = at.fusar("interpret", at.harbour, "--engine", "fusar", "--out", "r.gpkg", "--json", *words, *extent)
    return {"said": said, "result": at.file("r.gpkg")}


@case(data=True, heavy=True)
def nano_long_beach_resumed(at: Bench) -> Any:
    """Broken off by SIGTERM after some chips, refused with other options, resumed: as if nothing had been."""
    words = ("interpret", at.data / LONG_BEACH, "--engine", "fusar", "--extent", LONG_BEACH_EXTENT, "--json")
    whole = at.fusar(*words, "--out", "whole.gpkg")
    broken = at.start(*words, "--out", "r.gpkg", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    journal = at.work / "r.gpkg.partial"
    wait_for(lambda: broken.poll() is not None or (journal.exists() and journal.read_bytes().count(b"\n") > 8))
    broken.send_signal(signal.SIGTERM)
    status = broken.wait(PATIENCE_S)
    found = {"status": status, "journal": journal.exists(), "result": (at.work / "r.gpkg").exists()}
    refused = at.fusar(*words, "--out", "r.gpkg", "--classes", "plane", "--resume")
    resumed = at.fusar(*words, "--out", "r.gpkg", "--resume")
    return {
        "whole": whole,
        "broken off": found,
        "refused": refused,
        "resumed": resumed,
        "same": at.file("r.gpkg") == at.file("whole.gpkg"),
        "journal left": journal.exists(),
        "result": at.file("r.gpkg"),
    }


@case()
def classify(at: Bench) -> Any:
    runs = (
        (),
        ("--json",),
        ("--json", "--classes", "ship,plane", "--prior", at.embeddings),
        ("--json", "--engine", "cfar"),
    )
    return [at.fusar("classify", at.harbour, "--box", SHIP, *words) for words in runs]


@case()
def ask(at: Bench) -> Any:
    question = "Is this a harbour?"
    one_chip = ("--extent", "703000,4103000,704000,4104000")
    runs = (
        (question, *one_chip),
        (question, "--json", "--extent", EXTENT, "--prior", at.embeddings),
        ("How many ships are there?", "--extent", EXTENT),
        (question, "--engine", "cfar", "--json"),
    )
    return [at.fusar("ask", at.harbour, *words) for words in runs]


@case(heavy=True)
def served(at: Bench) -> Any:
    """The worker on a port of its own, asked by every command that takes an address."""
    with worker(at) as address:
        engine = ("--engine", address, "--json")
        words = ("--tasks", "detect,count,locate,describe", "--extent", EXTENT, "--prior", at.embeddings)
        said = at.fusar("interpret", at.harbour, "--out", "r.gpkg", *engine, *words)
        return {
            "interpret": said,
            "result": at.file("r.gpkg"),
            "classify": at.fusar("classify", at.harbour, "--box", SHIP, *engine),
            "ask": at.fusar("ask", at.harbour, "Is this a harbour?", "--extent", EXTENT, *engine),
            "unknown model": at.fusar("classify", at.harbour, "--box", SHIP, *engine, "--model", "nobody"),
            "wrong option": at.fusar("classify", at.harbour, "--box", SHIP, *engine, "--device", "cpu"),
        }


# --- other commands ---


@case()
def anchors(at: Bench) -> Any:
    common = ("anchors", at.harbour, "--source", at.embeddings, "--out", "anchors.npz")
    return [
        {"said": at.fusar(*common, "--json"), "anchors": at.file("anchors.npz")},
        {
            "said": at.fusar(*common, "--grid", 7, "--extent", EXTENT, "--preview", "anchors.png"),
            "anchors": at.file("anchors.npz"),
            "preview": at.file("anchors.png"),
        },
    ]


@case()
def export(at: Bench) -> Any:
    at.fusar("interpret", at.harbour, "--extent", EXTENT, "--out", "r.gpkg")
    found = {}
    for form in ("shp", "geojson", "csv", "gpkg"):
        said = at.fusar("export", "r.gpkg", f"to_{form}.{form}")
        files = sorted(p.name for p in at.work.iterdir() if p.name.startswith(f"to_{form}"))
        found[form] = {"said": said, "files": {name: at.file(name) for name in files}}
    return found | {"no results": at.fusar("export", at.harbour, "x.shp")}


@case(heavy=True)
def batch(at: Bench) -> Any:
    """Two copies of the sample, an empty scene and one that is none; once more, when all but one is finished."""
    archive = at.work / "archive"
    archive.mkdir()
    for name in ("east", "west"):
        shutil.copyfile(at.harbour, archive / f"{name}.tif")
    crop(at.harbour, archive / "empty.tif", 0, 0, 300, filled=False)
    (archive / "broken.tif").write_bytes(b"II*\0 nothing")
    words = ("batch", "archive", "--out", "out", "--workers", 2, "--water-mask", at.sample / "harbour_water.geojson")
    return {
        "said": at.fusar(*words, "--json", fresh=True),
        "files": folder(at.work / "out"),
        "again": at.fusar(*words, fresh=True),
        "other options": at.fusar(*words, "--tasks", "count", "--json"),
        "unknown class": at.fusar(*words, "--classes", "plane", "--json"),
    }


@case(heavy=True)
def batch_nano(at: Bench) -> Any:
    archive = at.work / "archive"
    archive.mkdir()
    for number in range(2):
        crop(at.harbour, archive / f"{number}.tif", 300 + 300 * number, 400, 300)
    words = ("batch", "archive", "--out", "out", "--engine", "fusar", "--prior", at.embeddings, "--json")
    return {"said": at.fusar(*words, fresh=True), "files": folder(at.work / "out")}


@case()
def doctor(at: Bench) -> Any:
    """What is told, not what this computer has."""
    said = at.fusar("doctor", "--json")
    text = at.fusar("doctor")
    return {
        "status": said["status"],
        "keys": keys(said["stdout"]),
        "engines": said["stdout"]["engines"],
        "lines": [line.split()[0] for line in text["stdout"]],
        "cache": at.fusar("cache"),
    }


@case()
def errors(at: Bench) -> Any:
    interpret = ("interpret", at.harbour, "--out", "r.gpkg", "--json")
    runs: tuple[tuple[Any, ...], ...] = (
        (*interpret, "--engine", "oracle"),
        (*interpret, "--model", "x"),
        (*interpret, "--tasks", "dance"),
        (*interpret, "--tasks", "describe"),
        (*interpret, "--tasks", ""),
        (*interpret, "--classes", "tank"),
        (*interpret, "--extent", "1,2,3"),
        (*interpret, "--extent", "0,0,9,9"),
        (*interpret, "--extent", "0,0,9,9,EPSG:1"),
        (*interpret, "--band", "HH"),
        (*interpret, "--chip-overlap", 100000),
        (*interpret, "--water-mask", at.sample / "README.md"),
        (*interpret, "--prior", "nowhere"),
        (*interpret, "--format", "shp"),
        (*interpret, "--engine", "fusar", "--model", at.sample),
        (*interpret, "--engine", "fusar", "--ca", "x.pem"),
        (*interpret, "--engine", "http://127.0.0.1:9/v1", "--coordinates", "inches"),
        ("interpret", "no.tif", "--out", "r.gpkg"),
        ("interpret", at.harbour, "--out", "r.png"),
        ("interpret", at.harbour),
        ("info", at.sample / "README.md", "--json"),
        ("evaluate", "--dataset", "no.json", "--images", ".", "--task", "detect", "--json"),
        ("anchors", at.harbour, "--out", "a.npz", "--source", "nowhere"),
        ("batch", "no*.tif", "--out", "out", "--json"),
    )
    return [at.fusar(*words) for words in runs]


@case()
def usage(at: Bench) -> Any:
    """The options of every command."""
    commands = ("info", "interpret", "batch", "classify", "ask", "anchors", "export", "evaluate", "import-checkpoint")
    found = {name: at.fusar(name, "--help") for name in (*commands, "serve", "cache", "sidecar", "doctor")}
    modules: tuple[str, ...] = (
        "data",
        "data build coco",
        "data build scenes",
        "data check",
        "data split",
        "data instruct",
    )
    modules += ("data export-ms-swift", "evaluate", "simulation", "evaluation.tables", "evaluation.ablation_table")
    for words in modules:
        name, *rest = words.split()
        found[f"training.{words}"] = at.module(f"training.{name}", *rest, "--help")
    return found | {"fusar": at.fusar("--help")}


@case(data=True, heavy=True)
def evaluate(at: Bench) -> Any:
    """Twelve chips of SSDD: the detector, and the small model against it."""
    ssdd(at, at.work / "coco.json")
    common = ("evaluate", "--dataset", "coco.json", "--images", at.ssdd_images, "--task")
    found = {}
    for task in ("detect", "count", "locate"):
        against = ("--engine", "fusar", "--out", "nano.json", "--baseline", "cfar.json")
        found[task] = {
            "cfar": at.fusar(*common, task, "--out", "cfar.json"),
            "cfar results": at.file("cfar.json"),
            "nano": at.fusar(*common, task, *against, *(("--json",) if task == "locate" else ())),
            "nano results": at.file("nano.json"),
        }
    wrong = at.fusar(*common, "count", "--baseline", "cfar.json", "--json")
    return found | {"baseline of another task": wrong, "unknown task": at.fusar(*common, "dance", "--json")}


# --- the sidecar ---


@case(heavy=True)
def sidecar(at: Bench) -> Any:
    """One session with the detector: every method, refusals, two requests one after another."""
    scene: dict[str, Any] = {"scene": str(at.harbour)}
    extent = [float(v) for v in EXTENT.split(",")]
    ship = {"box": [float(v) for v in SHIP.split(",")[:4]], "box_crs": "EPSG:4326"}
    water = str(at.sample / "harbour_water.geojson")
    with closing(Client(at)) as client:
        said = [
            client.ask("initialize", protocol=1),
            client.ask("scene_info", **scene),
            client.ask("scene_info", scene=str(at.harbour), year=2019, band=1),
            client.ask("engine_info"),
            client.ask("engine_info", engine="oracle"),
            client.ask("engine_info", engine_options={"model": "/m"}),
            client.ask("interpret", **scene, water_mask=water),
            client.ask("interpret", **scene, extent=extent, tasks=["count"], prior=str(at.embeddings)),
            client.ask("interpret", **scene, extent=extent, tasks=["locate", "detect"], chip_overlap=64),
            client.ask("sample_anchors", **scene, source=str(at.embeddings), grid=5),
            client.ask("sample_anchors", **scene, source="nowhere"),
            client.ask("classify_box", **scene, **ship),
            client.ask("classify_box", **scene),
            client.ask("ask", **scene, question="Ships?"),
            client.ask("ask", **scene, question=" "),
            client.ask("dance"),
            client.ask("interpret"),
            client.ask("interpret", scene="/no/such.tif"),
            client.ask("interpret", scene=5),
            client.ask("interpret", **scene, engine="oracle"),
            client.ask("interpret", **scene, tasks=["dance"]),
            client.ask("interpret", **scene, tasks=["describe"]),
            client.ask("interpret", **scene, tasks=[1]),
            client.ask("interpret", **scene, classes=["tank"]),
            client.ask("interpret", **scene, extent=[1, 2, 3]),
            client.ask("interpret", **scene, extent=[0, 0, 9, 9]),
            client.ask("interpret", **scene, extent=[0, 0, 9, 9], extent_crs="EPSG:1"),
            client.ask("interpret", **scene, chip_overlap=100_000),
            client.ask("interpret", **scene, water_mask=str(at.sample / "README.md")),
            client.ask("interpret", **scene, engine_options={"model": "/m"}),
            client.ask("cancel", id=99),
        ]
        doctor = client.ask("doctor")
        doctor["messages"] = keys(doctor["messages"][-1]["result"])
        return [*said, doctor, client.ask("shutdown"), {"status": client.process.wait(PATIENCE_S)}]


@case(heavy=True)
def sidecar_nano(at: Bench) -> Any:
    """One session with the small model, which stays open; and a request that is cancelled half-way."""
    scene = {"scene": str(at.harbour), "engine": "fusar"}
    here = {**scene, "extent": [float(v) for v in EXTENT.split(",")]}
    ship = {"box": [float(v) for v in SHIP.split(",")[:4]], "box_crs": "EPSG:4326"}
    every = ["detect", "count", "locate", "describe"]
    with closing(Client(at)) as client:
        return [
            client.ask("engine_info", engine="fusar"),
            client.ask("interpret", **here),
            client.ask("interpret", **here, tasks=every, classes=["ship", "plane"], prior=str(at.embeddings)),
            client.ask("classify_box", **scene, **ship, prior=str(at.embeddings)),
            client.ask("classify_box", **scene, **ship, classes=["plane", "ship"]),
            client.ask("ask", **here, question="Is this a harbour?"),
            client.ask("interpret", **here, engine_options={"model": str(at.sample)}),
            client.ask("interpret", **here, engine_options={"colour": "red"}),
            client.cancelled("interpret", **scene, water_mask=str(at.sample / "harbour_water.geojson")),
            client.ask("interpret", **here, tasks=["count"]),
        ]


# --- training ---


@case()
def simulation(at: Bench) -> Any:
    """Chips of the benchmark in two degrees of information, and one georeferenced scene."""
    two = ("--prior-information", 1.0, "--prior-information", 0.0, "--other-year")
    chips = at.module("training.simulation", "--out", "chips", "--regions", "test", "--chips", 8, "--seed", 3, *two)
    place = ("--kind", "harbour", "--side", 300, "--gsd", 5, "--seed", 7, "--lon", 3, "--lat", 45, "--year", 2024)
    scene = at.module("training.simulation.scene_file", "--out", "scene", *place)
    return {"chips": chips, "scene": scene, "files": folder(at.work / "chips") | folder(at.work / "scene")}


@case()
def triplets(at: Bench) -> Any:
    """Built from the sample, checked, split, asked about anew, exported."""
    truth = ("--labels", at.sample / "harbour_truth.geojson", "--class-field", "kind", "--ignore", "ghost,not_ship")
    shape = ("--classes", "ship", "--chip-size", 168, "--prior", at.embeddings, "--nodes", 5)
    data, file = "training.data", "built/triplets.jsonl"
    instruct = ("instruct", file, "--out", "built/anew.jsonl", "--classes", "ship", "--most", 3, "--box-step", 4)
    swift = ("export-ms-swift", file, "--out", "swift.jsonl")
    return {
        "build": at.module(data, "build", "scenes", at.harbour, "--out", "built", "--json", *truth, *shape),
        "files": folder(at.work / "built"),
        "check": at.module(data, "check", file, "--chip-size", 168, "--model", at.nano),
        "check, JSON": at.module(data, "check", file, "--chip-size", 100, "--json"),
        "split": at.module(data, "split", file, "--block-km", 3),
        "check of the parts": at.module(data, "check", *(f"built/{part}.jsonl" for part in ("train", "val", "test"))),
        "instruct": at.module(data, *instruct),
        "instructed": at.file("built/anew.jsonl"),
        "ms-swift": [at.module(data, *swift), at.file("swift.jsonl")],
        "grounding": [at.module(data, *swift, "--grounding", "--tasks", "detect"), at.file("swift.jsonl")],
    }


@case(data=True)
def triplets_coco(at: Bench) -> Any:
    ssdd(at, at.work / "coco.json")
    common = ("--dataset", "coco.json", "--images", at.ssdd_images, "--classes", "ship")
    found = {}
    for fit in ("crop", "resize"):
        words = ("--fit", fit, "--chip-size", 168, "--out", fit, "--json", "--varied")
        said = at.module("training.data", "build", "coco", *common, *words)
        check = at.module("training.data", "check", f"{fit}/triplets.jsonl", "--json")
        found[fit] = {"said": said, "files": folder(at.work / fit), "check": check}
    return found


@case(heavy=True)
def training_evaluate(at: Bench) -> Any:
    """Simulated chips: the detector, the small model against it, controls of the prior, the tables."""
    simulated = ("--regions", "test", "--chips", 16, "--seed", 3, "--other-year")
    at.module("training.simulation", "--out", "chips", *simulated)
    runs: dict[str, tuple[Any, ...]] = {
        "cfar": ("--engine", "cfar", "--classes", "ship"),
        "nano": ("--engine", at.nano, "--classes", "ship", "--tasks", "count,locate,detect"),
        "every": ("--engine", at.nano, "--tasks", "count,locate,classify,detect,describe,classify-fine"),
        "shuffled": ("--engine", at.nano, "--tasks", "count,locate", "--prior", "shuffled", "--one-class"),
        "year": ("--engine", at.nano, "--tasks", "locate,classify", "--prior", "wrong-year", "--targets-per-chip", 1),
        "refused": ("--engine", "cfar", "--classes", "ship", "--prior", "zero"),
        "unknown": ("--engine", "cfar", "--tasks", "dance"),
    }
    found: dict[str, Any] = {}
    for name, words in runs.items():
        against = ("--baseline", "cfar/results.json") if name == "nano" else ()
        data = ("--data", "chips/triplets_1.0.jsonl", "--out", name)
        said = at.module("training.evaluate", *data, *words, *against)
        found[name] = {"said": said, "results": at.file(f"{name}/results.json")}
    named = [f"{name}={name}/results.json" for name in ("cfar", "nano", "every")]
    tables = at.module("training.evaluation.tables", *named, "--out", "tables")
    return found | {"tables": tables, "as JSON": at.file("tables/tables.json"), "plot": at.file("tables/plot.png")}


@case(heavy=True)
def ablation(at: Bench) -> Any:
    """The table of the published answers, and the paper's tables for some of them."""
    published = at.checkout / "resources" / "ablation"
    said = at.module("training.evaluation.ablation_table", published, "--out", "tables")
    seeds = [f"tlm-{seed}={published}/tlm-{seed}/as-is/results.json.gz" for seed in (1, 2, 3)]
    papers = at.module("training.evaluation.tables", *seeds, "--out", "papers")
    files = {name: at.file(name) for name in ("tables/ablation.json", "tables/ablation.png", "papers/tables.json")}
    return {"said": said, "tables": papers, "files": files}


@case()
def ablation_open(at: Bench) -> Any:
    """Open and clear chips apart, against another arm, for the first chips and one seed of some arms."""
    for arm in ("none-1", "tlm-1", "tlm-stage2-1"):
        shutil.copytree(at.checkout / "resources" / "ablation" / arm / "as-is", at.work / "runs" / arm / "as-is")
    more = ("--against", "tlm-stage2", "--publish", "published")
    found = ablation_table(at, chips=200, seeds="runs", more=more)
    packed = sorted((at.work / "published").rglob("*.gz"))
    return found | {"published": {str(p.relative_to(at.work)): digest(gzip.decompress(p.read_bytes())) for p in packed}}


@case(slow=True)
def ablation_whole(at: Bench) -> Any:
    """The tables of docs/results.md, whole: all chips simulated anew."""
    return ablation_table(at, chips=1040, seeds=at.checkout / "resources" / "ablation")


def ablation_table(at: Bench, chips: int, seeds: str | Path, more: Sequence[str] = ()) -> Any:
    at.module("training.simulation", "--out", "chips", "--regions", "test", "--chips", chips, "--seed", 3)
    words = ("--data", "chips/triplets_1.0.jsonl", "--out", "tables", *more)
    said = at.module("training.evaluation.ablation_table", seeds, *words)
    return {"said": said, "as JSON": at.file("tables/ablation.json"), "files": sorted(folder(at.work / "tables"))}


@case()
def estimate(at: Bench) -> Any:
    return at.module("training.estimate", "fusar-gpt-7b")


# --- what cases need ---


def crop(
    scene: Path, out: Path, row: int, col: int, side: int, *, georeferenced: bool = True, filled: bool = True
) -> None:
    """A square of a scene as a scene of its own, with its tags; without any data where it is not `filled`."""
    with warnings.catch_warnings(), rasterio.open(scene) as source:
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        window = rasterio.windows.Window(col, row, side, side)
        values = source.read(window=window) * (1 if filled else 0)
        profile = {"driver": "GTiff", "width": side, "height": side, "count": source.count, "dtype": values.dtype}
        if georeferenced:
            profile |= {"crs": source.crs, "transform": source.window_transform(window)}
        with rasterio.open(out, "w", **profile, nodata=source.nodata) as made:
            made.write(values)
            made.update_tags(**{k: v for k, v in source.tags().items() if k != "AREA_OR_POINT"})
            made.scales, made.offsets = source.scales, source.offsets
            made.descriptions = source.descriptions


def ssdd(at: Bench, out: Path) -> None:
    """A few images of SSDD, evenly drawn, as a data set of their own."""
    whole = json.loads((at.data / "detection" / "ssdd" / "coco.json").read_text())
    images = whole["images"][:: len(whole["images"]) // SSDD_IMAGES][:SSDD_IMAGES]
    ids = {image["id"] for image in images}
    boxes = [box for box in whole["annotations"] if box["image_id"] in ids]
    out.write_text(json.dumps({"images": images, "annotations": boxes, "categories": whole["categories"]}))
