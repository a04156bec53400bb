"""What a raster is called: a file, or one of GDAL's own names for a part of one (`HDF5:cube.nc://Band1`, `/vsizip/…`).

GDAL's names are no paths: `//` means something in them, and a `Path` makes one slash of two. They are opened as they
were given; what a `Path` did to them is mended.
"""

from __future__ import annotations

import os
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

from fusar_core.errors import SceneNotFound

ARCHIVES = ("vsizip", "vsitar", "vsi7z", "vsirar", "vsigzip")
NETWORK = re.compile(r"/vsi(?:curl|s3|gs|az|adls|oss|swift|webhdfs|hdfs)\w*[/?]|^\w+:/*(?:https?|ftp)://")
_PREFIXED = re.compile(r"([A-Za-z][A-Za-z0-9_]{2,}):(?!//|\\)(.+)", re.DOTALL)
MOST_FIELDS = 8


@dataclass(frozen=True)
class RasterName:
    """A raster as it is opened, and what it is known by.

    text: as GDAL opens it. file: on this computer that holds it; None behind an address. part: of that file, empty for
    the whole of it.
    """

    text: str
    file: Path | None
    part: str = ""

    @property
    def shown(self) -> str:
        """What to call it: the name of the file, and of the part in it."""
        if self.file is None:
            return self.text.rstrip("/").rpartition("/")[2]
        if self.text.startswith("/vsi"):
            return self.part.rpartition("/")[2] or self.file.name
        return f"{self.file.name}/{self.part.strip('/')}" if self.part else self.file.name

    @property
    def path(self) -> Path:
        """Where it would lie if its container were a folder: names of products are looked for in it."""
        if self.file is None:
            return Path(self.text)
        return self.file / self.part if self.text.startswith("/vsi") and self.part else self.file

    @property
    def remote(self) -> bool:
        return NETWORK.search(self.text) is not None


def raster_name(given: str | os.PathLike[str]) -> RasterName:
    """How GDAL opens what the user names.

    Raises SceneNotFound when it names nothing.
    """
    text = os.fspath(given)
    path = Path(text)
    try:
        if path.exists():
            return RasterName(text, path)
    except (OSError, ValueError) as cause:
        raise SceneNotFound(f"There is no file '{text}': {cause}.", "Check the path.") from cause
    if text.startswith("/vsi"):
        return _virtual(text)
    if (inside := _inside_archive(path)) is not None:
        return inside
    if (prefixed := _PREFIXED.fullmatch(text)) is not None:
        return _part(prefixed[1], prefixed[2])
    if text.startswith("vrt:/"):
        return RasterName(re.sub(r"^vrt:/+", "vrt://", text), None)
    raise SceneNotFound(f"There is no file '{text}'.", "Check the path.")


def _virtual(text: str) -> RasterName:
    """A file in one of GDAL's virtual file systems."""
    text = re.sub(r"(?<=/)(https?|ftp):/(?=[^/])", r"\1://", text)
    kind, _, rest = text[1:].partition("/")
    if kind not in ARCHIVES or rest.startswith(("{", "vsi")):
        return RasterName(text, None)
    for whole in (Path(rest), Path("/" + rest)):
        if (found := _inside_archive(whole, kind)) is not None:
            return found
    raise SceneNotFound(f"There is no archive '{rest}'.", "Check the path.")


def _inside_archive(path: Path, kind: str = "vsizip") -> RasterName | None:
    """A file in an archive, written as if the archive were a folder."""
    for archive in (path, *path.parents):
        if archive.is_file():
            if kind == "vsizip" and not zipfile.is_zipfile(archive):
                return None
            inner = path.relative_to(archive).as_posix() if path != archive else ""
            return RasterName(f"/{kind}/{{{archive.absolute()}}}/{inner}".rstrip("/"), archive, inner)
    return None


def _part(prefix: str, rest: str) -> RasterName:
    """A part of a file: the file is the longest run of fields between the colons that names one."""
    fields = rest.split(":", MOST_FIELDS)
    for length in range(len(fields), 0, -1):
        for first in range(len(fields) - length + 1):
            name = ":".join(fields[first : first + length])
            file = Path(name.strip('"'))
            try:
                exists = name not in ("", ".") and file.is_file()
            except (OSError, ValueError):
                exists = False
            if exists:
                before, after = fields[:first], fields[first + length :]
                if prefix.upper() == "HDF5" and after:
                    after = [re.sub(r"^/+", "//", after[0]), *after[1:]]
                text = ":".join([prefix, *before, name, *after])
                return RasterName(text, file, ":".join([*before, *after]))
    if re.match(r"/+(?:https?|s3|gs)", rest) or "/vsi" in rest:
        return RasterName(f"{prefix}:{rest}", None)
    raise SceneNotFound(f"There is no file in '{prefix}:{rest}'.", "Check the path.")
