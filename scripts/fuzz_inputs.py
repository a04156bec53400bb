"""The inputs of the fuzzer: something whole of each kind, damaged by a seed, and what is done with it."""

from __future__ import annotations

import io
import json
import random
import re
import shutil
import struct
import sys
import traceback
import warnings
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import rasterio
import shapely
from affine import Affine
from PIL import Image
from rasterio.control import GroundControlPoint

from fusar_core.cli import main
from fusar_core.domain.answers import Answer, Detection
from fusar_core.domain.schema import LAYERS
from fusar_core.domain.tiling import ChipWindow, Window
from fusar_core.errors import FusarError
from fusar_core.interpretation.journal import Journal
from fusar_core.prior.files import read_anchors
from fusar_core.results.tables import FeatureTable
from fusar_core.results.vector_io import write_layers
from fusar_core.sidecar.server import METHODS, Sidecar
from fusar_core.worker.limits import Limits, read_image, read_prior

SIDE = 96
FAULTS = ("INTERNAL", "OUT_OF_MEMORY")
"""Codes of what should have been foreseen."""
NUMBERS = (
    "nan",
    "inf",
    "-inf",
    "1e308",
    "-1",
    "0",
    "4294967296",
    "2000000000",
    "99999999999999999999",
    "1e-320",
    "x",
    "",
)
CHIP = ChipWindow(0, Window(0, 0, SIDE, SIDE), Window(0, 0, SIDE, SIDE))

warnings.filterwarnings("ignore")


def judged(kind: str, seed: int, place: Path, *, shown: bool = False) -> dict[str, Any]:
    """What came of one input: the code it ended with (`ok` for none), and the problem, if it is one."""
    folder = place / "input"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        return KINDS[kind](random.Random(f"{kind} {seed}"), folder)
    except FusarError as error:
        return _code(error.code)
    except Exception as error:
        if shown:
            traceback.print_exc()
        frame = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(frame.filename).name}:{frame.lineno}"
        return {"code": "", "problem": f"{type(error).__name__}: {str(error)[:200]} at {where}"}


def _code(code: str) -> dict[str, Any]:
    return {"code": code} | ({"problem": code} if code in FAULTS else {})


def command(*words: object) -> dict[str, Any]:
    """Runs the command in this process; a failure must be one line with a code."""
    out, err = io.StringIO(), io.StringIO()
    status: Any = None
    with redirect_stdout(out), redirect_stderr(err):
        try:
            main([str(word) for word in words])
        except SystemExit as end:
            status = end.code
    said = err.getvalue()
    if status == 0:
        return {"code": "ok"}
    found = re.search(r"\[([A-Z_]+)\]\s*$", said)
    if status != 1 or found is None or "Traceback" in said or said.count("fusar:") != 1:
        sys.stderr.write(said)
        return {"code": "", "problem": f"status {status}: {said[-300:]}"}
    return _code(found.group(1)) | ({"problem": said[-300:]} if found.group(1) in FAULTS else {})


# --- damage -----------------------------------------------------------------------------------------------------------


def damaged(content: bytes, chance: random.Random) -> bytes:
    """Some bytes changed, cut out, doubled or moved."""
    data = bytearray(content)
    for _ in range(chance.choice([1, 1, 2, 4, 16])):
        at, size = chance.randrange(len(data) + 1), chance.choice([1, 2, 4, 8, 64])
        what = chance.randrange(6)
        if what == 0 and data:
            data[at % len(data)] ^= 1 << chance.randrange(8)
        elif what == 1:
            data[at : at + size] = chance.randbytes(size)
        elif what == 2:
            data[at : at + size] = b""
        elif what == 3:
            data[at:at] = data[at : at + size] * chance.choice([1, 2, 100])
        elif what == 4:
            data[at : at + 4] = struct.pack(chance.choice("<>") + "I", chance.choice([0, 1, 2**31 - 1, 2**32 - 1]))
        elif chance.random() < 0.3:
            data = data[:at]
    return bytes(data)


def renumbered(text: str, chance: random.Random) -> str:
    """Some numbers of a text replaced by those that programs stumble over."""
    places = list(re.finditer(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?", text))
    for found in sorted(chance.sample(places, min(len(places), chance.choice([1, 2, 3]))), key=lambda m: -m.start()):
        text = text[: found.start()] + chance.choice(NUMBERS) + text[found.end() :]
    return text


def _reshaped(text: str, chance: random.Random) -> bytes:
    """Numbers, bytes, or both of a text damaged."""
    if chance.random() < 0.7:
        text = renumbered(text, chance)
    return damaged(text.encode(), chance) if chance.random() < 0.5 else text.encode()


# --- something whole --------------------------------------------------------------------------------------------------


@cache
def scene_bytes(compress: str = "deflate") -> bytes:
    rng = np.random.default_rng(1)
    image = (60 * np.sqrt(rng.gamma(4.4, 1 / 4.4, (SIDE, SIDE)))).astype("uint16")
    image[40:44, 30:50] = 1500
    with rasterio.MemoryFile() as memory:
        with memory.open(
            driver="GTiff",
            dtype="uint16",
            count=1,
            height=SIDE,
            width=SIDE,
            crs="EPSG:32631",
            transform=Affine(10, 0, 400_000, 0, -10, 5_700_000),
            compress=compress,
        ) as out:
            out.write(image, 1)
            out.update_tags(TIFFTAG_DATETIME="2021:05:17 06:00:00")
        return bytes(memory.read())


def whole_scene(folder: Path) -> Path:
    path = folder / "s_20210517.tif"
    path.write_bytes(scene_bytes())
    return path


def anchors_bytes() -> bytes:
    file, rng = io.BytesIO(), np.random.default_rng(0)
    features = rng.normal(size=(16, 64)).astype("float32")
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    np.savez_compressed(file, features=features, positions=rng.random((16, 2)).astype("float32"))
    return file.getvalue()


# --- kinds ------------------------------------------------------------------------------------------------------------


def raster(chance: random.Random, folder: Path) -> dict[str, Any]:
    path = folder / "s.tif"
    path.write_bytes(damaged(scene_bytes(chance.choice(["deflate", "lzw", "none"])), chance))
    return command("info", path, "--json") if chance.random() < 0.7 else _interpreted(path, folder)


def _interpreted(path: Path, folder: Path, *more: object) -> dict[str, Any]:
    return command("interpret", path, "--out", folder / "r.geojson", "--json", *more)


def vrt(chance: random.Random, folder: Path) -> dict[str, Any]:
    whole_scene(folder)
    text = (
        f'<VRTDataset rasterXSize="{SIDE}" rasterYSize="{SIDE}"><SRS>EPSG:32631</SRS>'
        "<GeoTransform>400000, 10, 0, 5700000, 0, -10</GeoTransform>"
        '<VRTRasterBand dataType="UInt16" band="1"><NoDataValue>0</NoDataValue><SimpleSource>'
        '<SourceFilename relativeToVRT="1">s_20210517.tif</SourceFilename><SourceBand>1</SourceBand>'
        f'<SrcRect xOff="0" yOff="0" xSize="{SIDE}" ySize="{SIDE}"/><DstRect xOff="0" yOff="0" xSize="{SIDE}" '
        f'ySize="{SIDE}"/></SimpleSource></VRTRasterBand></VRTDataset>'
    )
    path = folder / "s.vrt"
    path.write_bytes(_reshaped(text, chance))
    return command("info", path, "--json") if chance.random() < 0.6 else _interpreted(path, folder)


def gcps(chance: random.Random, folder: Path) -> dict[str, Any]:
    def place(value: float) -> float:
        wild = [float("nan"), float("inf"), 1e300, 0.0, 90.0, -90.0, 180.0, 400.0, value + 90, -value]
        return chance.choice(wild) if chance.random() < 0.15 else value + chance.gauss(0, 0.001)

    points = [
        GroundControlPoint(row=row, col=col, x=place(3 + col * 1e-4), y=place(51 - row * 1e-4))
        for row in (0, 40, SIDE)
        for col in (0, 50, SIDE)
    ]
    with rasterio.open(whole_scene(folder)) as source:
        image = source.read(1)
    path = folder / "g.tif"
    about: dict[str, Any] = {"driver": "GTiff", "dtype": "uint16", "count": 1, "height": SIDE, "width": SIDE}
    try:
        with rasterio.open(path, "w", **about) as out:
            out.write(image, 1)
            out.gcps = (points[: chance.choice([9, 9, 4, 3, 2, 1])], rasterio.crs.CRS.from_epsg(4326))
    except Exception:  # the writer of this script refuses the points
        return {"code": "not made"}
    return command("info", path, "--json") if chance.random() < 0.5 else _interpreted(path, folder)


def npz(chance: random.Random, folder: Path) -> dict[str, Any]:
    content = damaged(anchors_bytes(), chance)
    if chance.random() < 0.5:
        read_prior(content, Limits(), 64)
    else:
        (folder / "a.npz").write_bytes(content)
        read_anchors(folder / "a.npz")
    return {"code": "ok"}


def image(chance: random.Random, folder: Path) -> dict[str, Any]:
    file = io.BytesIO()
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64)).astype("uint8"))
    options: dict[str, Any] = {"progressive": True} if chance.random() < 0.2 else {}
    picture.convert(chance.choice(["L", "RGB", "P"])).convert("RGB").save(
        file, chance.choice(["PNG", "JPEG"]), **options
    )
    read_image(damaged(file.getvalue(), chance), Limits())
    return {"code": "ok"}


def journal(chance: random.Random, folder: Path) -> dict[str, Any]:
    path = folder / "j.partial"
    ship = Detection("ship", 0.7, ((1.0, 2.0), (9.0, 2.0), (9.0, 5.0), (1.0, 5.0)), 12.5, (), (0, 1, 0.5, 0))
    whole = Journal(path, {"scene": "a"}, resume=False)
    for step in range(4):
        whole.add(step, [Answer(CHIP, "detect", "ship", [ship]), Answer(CHIP, "count", "ship", 1)], [0])
    whole.close()
    path.write_bytes(damaged(path.read_bytes(), chance))
    again = Journal(path, {"scene": "a"}, resume=True)
    try:
        for step in again.finished:
            again.entry(step, CHIP)
    finally:
        again.close()
    return {"code": "ok"}


def sidecar(chance: random.Random, folder: Path) -> dict[str, Any]:
    path = str(whole_scene(folder))
    params: dict[str, Any] = {"scene": path, "engine": "cfar", "extent": [400000, 5699500, 400500, 5700000], "grid": 2}
    params |= {"tasks": ["detect"], "box": [400300, 5699500, 400500, 5699700], "question": "?", "source": path}
    lines = []
    for ident in range(3):
        method = chance.choice([*METHODS, "initialize", "cancel"])
        request = {"jsonrpc": "2.0", "id": ident, "method": method, "params": params}
        lines.append(_reshaped(json.dumps(request), chance).replace(b"\n", b" "))
    sink = io.BytesIO()
    Sidecar(io.BytesIO(b"\n".join(lines) + b"\n"), sink).serve()
    for line in sink.getvalue().splitlines():
        answer = json.loads(line, parse_constant=_no_constant)
        if (answer.get("error") or {}).get("code") == -32603:
            return {"code": "", "problem": f"{answer['error']['message'][:300]}"}
    return {"code": "ok"}


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


@cache
def results_bytes() -> bytes:
    import tempfile

    rows = [{"class": "ship", "score": 0.5, "scene": "s.tif", "review": "unreviewed", "engine": "cfar"}]
    crs = pyproj.CRS.from_epsg(32631)
    tables = [FeatureTable(layer, crs, [shapely.box(4e5, 5.6e6, 4.1e5, 5.7e6)], rows) for layer in LAYERS]
    with tempfile.TemporaryDirectory() as folder:
        write_layers(tables, Path(folder) / "r.gpkg")
        return (Path(folder) / "r.gpkg").read_bytes()


def geopackage(chance: random.Random, folder: Path) -> dict[str, Any]:
    path = folder / "r.gpkg"
    path.write_bytes(damaged(results_bytes(), chance))
    if chance.random() < 0.7:
        return command("export", path, folder / f"x.{chance.choice(['csv', 'shp', 'geojson', 'gpkg'])}")
    return command("interpret", whole_scene(folder), "--out", path, "--json", "--keep-reviews")


def mask(chance: random.Random, folder: Path) -> dict[str, Any]:
    text = json.dumps(
        {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "properties": {"a": 1},
                    "geometry": {"type": "Polygon", "coordinates": [[[1, 50], [3, 50], [3, 52], [1, 52], [1, 50]]]},
                }
            ],
        }
    )
    (folder / "w.geojson").write_bytes(_reshaped(text, chance))
    return _interpreted(whole_scene(folder), folder, "--water-mask", folder / "w.geojson")


KINDS: dict[str, Callable[[random.Random, Path], dict[str, Any]]] = {
    "raster": raster,
    "vrt": vrt,
    "gcps": gcps,
    "npz": npz,
    "image": image,
    "journal": journal,
    "sidecar": sidecar,
    "geopackage": geopackage,
    "mask": mask,
}
