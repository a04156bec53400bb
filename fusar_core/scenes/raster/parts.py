"""Which files a scene is made of, and what else its product holds: swaths, vignettes, polarisations, companions.

A product of many parts is never read in part without a word: what was left out is said, with how to name it.
"""

from __future__ import annotations

import os
import re
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from fusar_core.errors import BadBand, SceneUnreadable
from fusar_core.scenes.metadata.companions import companion_in, companion_of_product, scene_stem
from fusar_core.scenes.raster.names import RasterName, raster_name
from fusar_core.scenes.regular import refuse_special

RASTERS = (".tif", ".tiff", ".jp2", ".img", ".ntf", ".nitf", ".cos")
MOST_ENTRIES = 20_000
DEEPEST = 4
_MEASUREMENT = re.compile(
    r"(?:s1[a-d]-)?(?P<swath>(?:iw|ew|wv|s)\d?)-(?:(?P<type>slc|grd|ocn|raw)-)?(?P<pol>hh|hv|vh|vv)\b(?:.*-(?P<number>\d{3}))?"
)


@dataclass(frozen=True)
class SceneFiles:
    """files: of the scene, one or more bands in each. part: which part of its product it is. band: what the user wants
    of it, without the part. warnings: what was left out. halves: of the files, pairs (real, imaginary)."""

    files: list[RasterName]
    part: str = ""
    band: str | int | None = None
    warnings: list[str] = field(default_factory=list)


def scene_files(given: str | os.PathLike[str], band: str | int | None = None) -> SceneFiles:
    """The rasters of a scene: the file itself, or those of a product, given by its folder, its manifest (manifest.safe,
    product.xml, .dim) or the zip archive it came in.

    band: as in `SarScene.open`; it may begin with a part of the product, as in `IW2` or `IW2 VH`.

    Raises SceneNotFound, SceneUnreadable when it holds no radar image, BadBand for a companion of one.
    """
    name = raster_name(given)
    if name.file is None or name.part:
        return SceneFiles([name], band=band)
    file = name.file
    refuse_special(file)
    if file.is_dir():
        return _product(_listed(file), file, band)
    if file.name.lower() == "manifest.safe":
        return _product(_listed(file.parent), file.parent, band)
    if file.suffix.lower() == ".dim" and file.with_suffix(".data").is_dir():
        return _product(_listed(file.with_suffix(".data")), file, band)
    if file.suffix.lower() == ".zip" and zipfile.is_zipfile(file):
        return _product(_archived(file), file, band)
    if what := companion_of_product(file.stem):
        raise BadBand(f"'{file.name}' is {what} of a product, no radar image.", "Name the image of the product.")
    return SceneFiles([name], band=band)


def _listed(folder: Path) -> dict[str, RasterName]:
    """The files below a folder, by their paths in it."""
    found: dict[str, RasterName] = {}
    for home, folders, names in os.walk(folder):
        here = Path(home)
        folders[:] = sorted(f for f in folders if len(here.relative_to(folder).parts) < DEEPEST)
        for name in sorted(names):
            path = here / name
            found[path.relative_to(folder).as_posix()] = RasterName(str(path), path)
            if len(found) > MOST_ENTRIES:
                raise SceneUnreadable(f"'{folder}' holds more than {MOST_ENTRIES} files.", "Name the raster in it.")
    return found


def _archived(archive: Path) -> dict[str, RasterName]:
    """The files in a zip archive, by their paths in it."""
    try:
        with zipfile.ZipFile(archive) as opened:
            names = [i.filename for i in opened.infolist() if not i.is_dir()][:MOST_ENTRIES]
    except (OSError, zipfile.BadZipFile, NotImplementedError) as cause:
        raise SceneUnreadable(f"'{archive}' is a damaged archive: {cause}.", "Fetch it again.") from cause
    return {n: RasterName(f"/vsizip/{{{archive.absolute()}}}/{n}", archive, n) for n in sorted(names)}


def _product(entries: dict[str, RasterName], given: Path, band: str | int | None) -> SceneFiles:
    measured = {p: n for p, n in entries.items() if Path(p).parent.name == "measurement"}
    imagery = {p: n for p, n in entries.items() if Path(p).parent.name == "imagery"}  # RADARSAT Constellation
    if measured or (not imagery and any(Path(p).name == "manifest.safe" for p in entries)):
        return _sentinel1(measured, entries, given, band)
    if not imagery and (main := _main_xml(entries)):
        return SceneFiles([main], band=band)
    images = {p: n for p, n in entries.items() if _is_image(Path(p))}
    return _grouped(images, entries, given, band)


def _main_xml(entries: dict[str, RasterName]) -> RasterName | None:
    """The file of a product that GDAL opens the whole of it by: RADARSAT-2, TerraSAR-X."""
    for path, name in entries.items():
        file = Path(path)
        if len(file.parts) <= 2 and (
            file.name.lower() == "product.xml" or re.match(r"(?:TSX|TDX|PAZ)1_SAR__.*\.xml$", file.name)
        ):
            return name
    return None


def _is_image(path: Path) -> bool:
    ceos = re.match(r"IMG-(?:HH|HV|VH|VV)-|DAT_01\.|IMAGERY?[-_]", path.name, re.IGNORECASE)
    envisat = path.suffix.upper() in (".N1", ".E1", ".E2") and path.name[:3] in ("ASA", "SAR")
    return path.suffix.lower() in RASTERS or ceos is not None or envisat


def _sentinel1(
    measured: dict[str, RasterName], entries: dict[str, RasterName], given: Path, band: str | int | None
) -> SceneFiles:
    images = {p: n for p, n in measured.items() if Path(p).suffix.lower() in (".tif", ".tiff")}
    if not images:
        raise SceneUnreadable(f"'{given}' {_no_image(measured, entries, given)}.", "Name a GRD or SLC product.")
    parts: dict[str, list[RasterName]] = {}
    for path, name in images.items():
        parts.setdefault(_part_of(Path(path).name), []).append(name)
    labels = sorted(parts, key=lambda label: (label.rpartition("-")[2], label))
    chosen, rest = _part_of_band(labels, band)
    missing = sorted({_part_of(Path(p).name) for p in entries if Path(p).parent.name == "annotation"} - set(parts))
    warnings = []
    if len(labels) > 1 or missing:
        warnings.append(_left_out(chosen, labels, missing))
    return SceneFiles(sorted(parts[chosen], key=lambda n: n.text), chosen, rest, warnings)


def vignettes(product: Path) -> list[Path]:
    """The images of a Sentinel-1 wave product, each a scene; none of any other product."""
    images = sorted((product / "measurement").glob("*.tif*"))
    return [p for p in images if _part_of(p.name).startswith("WV")]


def _part_of(name: str) -> str:
    """Swath of an SLC, vignette of a wave product; empty for what lies in one place."""
    match = _MEASUREMENT.match(name.lower())
    if match is None or match["type"] == "grd":
        return ""
    swath = match["swath"].upper()
    if swath.startswith("WV"):
        return f"{swath}-{match['number'] or '000'}"
    return swath if re.fullmatch(r"(?:IW|EW)\d", swath) else ""


def _part_of_band(labels: list[str], band: str | int | None) -> tuple[str, str | int | None]:
    """The part that the band names, and what is left of it."""
    text = str(band or "").strip()
    for label in labels:
        if label and re.match(rf"{label}(?![0-9])", text, re.IGNORECASE):
            return label, text[len(label) :].strip(" :/,") or None
    return labels[0], band


def _left_out(chosen: str, labels: list[str], missing: list[str]) -> str:
    if chosen.startswith("WV"):
        return (
            f"Vignette {chosen} of {len(labels)} is read: each is a scene of its own. Name another with --band, e.g. "
            f"{labels[-1]}; a batch reads them all."
        )
    others = [label for label in labels if label != chosen]
    words = [f"Of this product only {chosen or 'a part'} is read"]
    if others:
        words.append(f", not {', '.join(others)}, which lie elsewhere: choose with --band {others[0]}")
    if missing:
        words.append(f"; it has no image of {', '.join(m or 'a part' for m in missing)}")
    return "".join(words) + ". Bursts of an SLC overlap, so that targets may appear twice: a GRD product has none."


def _no_image(measured: dict[str, RasterName], entries: dict[str, RasterName], given: Path) -> str:
    names = [given.name, *(Path(p).name for p in (*measured, *entries))]
    text = " ".join(names).lower()
    if "_ocn_" in text or "-ocn-" in text:
        return "is a Sentinel-1 OCN product: winds and waves, no radar image"
    if "_raw_" in text or "-raw-" in text or any(p.lower().endswith(".dat") for p in measured):
        return "is a Sentinel-1 RAW product: echoes that are not focused to an image yet"
    return "is a Sentinel-1 product without measurements: only its metadata are here"


def _grouped(
    images: dict[str, RasterName], entries: dict[str, RasterName], given: Path, band: str | int | None
) -> SceneFiles:
    """The one scene among the rasters of a folder or archive, in all its polarisations."""
    left_out = {p: what for p in images if (what := companion_in(Path(p).stem))}
    groups: dict[str, list[str]] = {}
    for path in images:
        if path not in left_out:
            groups.setdefault(scene_stem(_product_stem(Path(path))), []).append(path)
    if not groups:
        raise SceneUnreadable(f"'{given}' holds no radar image that can be read.", "Name the raster file in it.")
    if len(groups) > 1:
        shown = "; ".join(images[paths[0]].text for paths in list(groups.values())[:5])
        raise SceneUnreadable(f"'{given}' holds {len(groups)} scenes.", f"Name one of them: {shown}.")
    (paths,) = groups.values()
    warnings = (
        [f"Left out: {', '.join(f'{Path(p).name} ({what})' for p, what in left_out.items())}."] if left_out else []
    )
    return SceneFiles([images[p] for p in paths], band=band, warnings=warnings)


def _product_stem(path: Path) -> str:
    """The name of a scene's file, without what says that it is half of a complex image or a band of several."""
    if path.parent.name.endswith(".data") or path.suffix.lower() == ".img":
        return path.parent.name
    return path.name if path.suffix.lower() not in RASTERS else path.stem
