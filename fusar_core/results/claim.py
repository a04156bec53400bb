"""The one place where outputs are looked at before a run: what a command is about to write destroys nothing.

Every command calls `claim` with all that it will write and all that it reads, before any work.
"""

from __future__ import annotations

import html
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from fusar_core.domain.schema import LAYERS, Layer
from fusar_core.errors import OutputForeign, OutputIsInput
from fusar_core.files import check_writable
from fusar_core.results.replacing import check_replaceable

VECTOR = frozenset({".gpkg", ".shp", ".geojson", ".csv"})
SHAPEFILE = (".shp", ".shx", ".dbf", ".prj", ".cpg")
"""Parts of a shapefile that are written."""
MOST_VRT = 4 * 2**20
"""Bytes of a VRT that is looked into for its sources."""
IMAGES = frozenset({".tif", ".tiff", ".png", ".jpg", ".jpeg", ".jp2", ".img", ".vrt", ".npz", ".npy"})
"""What is read where a folder is given."""
BEGINNINGS = {".png": b"\x89PNG", ".npz": b"PK", ".json": b"{", ".jsonl": b"{"}
"""How files begin that are written and are no layers: pictures, anchors, numbers."""
TEXTS = frozenset({".md", ".yaml", ".txt"})
"""Written texts, which begin with anything."""
PRODUCT = ("manifest.safe", "config.json", "fusar.json", "adapter_config.json")
"""Files by which a folder is known as a product, or as a model: nothing in it is replaced."""

_ELSEWHERE = "Choose another name."
_SOURCE = re.compile(rb"<Source(?:Filename|DataSource)[^>]*>([^<]{1,4096})<")


def claim(
    outputs: Iterable[Path | None],
    inputs: Iterable[Path | str | None] = (),
    *,
    overwrite: bool = False,
    layers: Sequence[Layer] = LAYERS,
) -> None:
    """Raises what stands against writing the outputs of a command; asked before its work.

    outputs: files; what is written beside a vector file (other layers, parts of a shapefile) is counted in. inputs:
    files, folders, and names that GDAL reads; of addresses and what is not there nothing is asked. Both may hold None,
    for options that were not given. overwrite: see `check_replaceable`.

    Raises OutputIsInput, OutputForeign, OutputReviewed, OutputInUse, OutputUnwritable.
    """
    wanted = [Path(path) for path in outputs if path is not None]
    for path in wanted:
        check_writable(path)
    sources = list(dict.fromkeys(file for name in inputs if name is not None for file in files_of(str(name))))
    taken: list[Path] = []
    for path in wanted:
        made = list(written_with(path, layers))
        for file in made:
            _check_apart(file, sources, taken)
        taken += made
        if path.suffix.lower() in VECTOR:
            for file in _layers_beside(path, layers):
                check_replaceable(file, overwrite=overwrite, layers=layers)
            if not overwrite:
                _check_parts(path, layers)
        elif not overwrite:
            _check_beginning(path)


def _check_apart(path: Path, sources: Sequence[Path], taken: Sequence[Path]) -> None:
    for source in sources:
        if same_file(path, source) or (source.is_dir() and _lies_in(path, source)):
            raise OutputIsInput(f"{path} is to be written, and {source} is read.", _ELSEWHERE)
    for other in taken:
        if same_file(path, other):
            raise OutputIsInput(f"{path} is to be written twice.", "Give each output a name of its own.")


def same_file(a: Path, b: Path) -> bool:
    """Whether two names are one file: also through links, and where it does not exist yet."""
    with suppress(OSError, ValueError):
        return os.path.samefile(a, b)
    return os.path.normcase(os.path.realpath(a)) == os.path.normcase(os.path.realpath(b))


def _lies_in(path: Path, folder: Path) -> bool:
    """Whether a file belongs to a folder that is read: an image that is there, anything in a product or a model.
    Results that an earlier run has put beside images do not."""
    if Path(os.path.realpath(folder)) not in Path(os.path.realpath(path)).parents:
        return False
    is_product = folder.suffix.upper() == ".SAFE" or any((folder / name).is_file() for name in PRODUCT)
    return is_product or (path.exists() and path.suffix.lower() in IMAGES)


def written_with(path: Path, layers: Sequence[Layer] = LAYERS) -> Iterator[Path]:
    """All files that writing `path` may replace."""
    for file in _layers_beside(path, layers):
        yield file
        if file.suffix.lower() == ".shp":
            yield from (file.with_suffix(suffix) for suffix in SHAPEFILE[1:])


def _layers_beside(path: Path, layers: Sequence[Layer]) -> Iterator[Path]:
    yield path
    if path.suffix.lower() in VECTOR - {".gpkg"}:
        yield from (path.with_name(f"{path.stem}_{layer.name}{path.suffix}") for layer in layers[1:])


def _check_parts(path: Path, layers: Sequence[Layer]) -> None:
    """Raises OutputForeign where a shapefile would replace files that are no shapefile's yet."""
    for file in _layers_beside(path, layers):
        if file.suffix.lower() == ".shp" and not file.exists():
            for part in (file.with_suffix(suffix) for suffix in SHAPEFILE[1:]):
                if part.exists():
                    raise OutputForeign(
                        f"{part} is there, and {file.name} would replace it.", "Choose another name, or --overwrite."
                    )


def _check_beginning(path: Path) -> None:
    """Raises OutputForeign where a picture, anchors or numbers would replace a file of another kind."""
    suffix = path.suffix.lower()
    if not path.is_file() or not path.stat().st_size or suffix in TEXTS:
        return
    expected = (BEGINNINGS[suffix],) if suffix in BEGINNINGS else tuple(BEGINNINGS.values())
    with open(path, "rb") as file:
        if not file.read(8).startswith(expected):
            raise OutputForeign(f"{path} is there, and is nothing that this command writes.", _ELSEWHERE)


def files_of(name: str, depth: int = 3) -> Iterator[Path]:
    """The files and folders on this computer that a name leads to: itself, the one inside a name of GDAL's own
    (`/vsizip/…`, `HDF5:"…"://…`, `FILE|layername=…`), the parts of a shapefile, the sources of a VRT."""
    for token in dict.fromkeys(_tokens(name)):
        found = _nearest(Path(token)) if token else None
        if found is None:
            continue
        yield found
        if found.suffix.lower() == ".shp":
            yield from (part for suffix in SHAPEFILE[1:] if (part := found.with_suffix(suffix)).exists())
        if depth and found.suffix.lower() == ".vrt":
            for source in _vrt_sources(found):
                yield from files_of(source, depth - 1)


def _tokens(name: str) -> Iterator[str]:
    yield name
    bare = re.sub(r"^(/vsi[a-z0-9_]+/)+", "", name)
    for part in re.split(r'["|?]', bare):
        yield part
        if re.match(r"[A-Za-z0-9_]{2,}:", part):
            rest = part.partition(":")[2]
            yield rest
            yield rest.partition("://")[0]
            yield rest.rpartition(":")[0]
            yield rest.rpartition(":")[2]


def _nearest(path: Path) -> Path | None:
    """What is there of a path: itself, or the file among its parents that it leads into."""
    with suppress(OSError, ValueError):
        if path.exists():
            return path
        return next((parent for parent in path.parents if parent.is_file()), None)
    return None


def _vrt_sources(path: Path) -> Iterator[str]:
    with suppress(OSError, ValueError):
        if not path.is_file() or path.stat().st_size > MOST_VRT:
            return
        for found in _SOURCE.findall(path.read_bytes()):
            source = html.unescape(found.decode("utf-8", "replace")).strip()
            beside = path.parent / source
            yield str(beside) if beside.exists() else source
