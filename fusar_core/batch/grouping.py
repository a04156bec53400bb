"""Which files of a folder are one scene: its polarisations together, without what is no radar image."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from fusar_core.domain.radiometry import is_cross_polarised
from fusar_core.scenes.metadata.companions import companion_in, companion_of_product, main_stem, scene_stem
from fusar_core.scenes.raster.bands import polarisations_in

Beside = Sequence[tuple[Path | str, str]]


def grouped(found: Sequence[Path], band: str | None = None) -> Iterator[tuple[Path, Beside]]:
    """The scenes among files and products, each by one path, with what lies beside it and is not read.

    band: the polarisation that is wanted; else the cross-polarised one is read, as of a file with several bands.
    """
    companions = {path: what for path in found if (what := _companion(path, found)) is not None}
    groups: dict[tuple[Path, str], list[Path]] = {}
    for path in found:
        if path not in companions:
            one_of_several = not path.is_dir() and len(polarisations_in(path.stem)) == 1
            groups.setdefault((path.parent, scene_stem(path.stem) if one_of_several else path.name), []).append(path)
    for (folder, stem), paths in groups.items():
        chosen = _chosen(paths, band)
        beside = [(p, "another polarisation") for p in paths if p != chosen]
        beside += [(p, what) for p, what in companions.items() if p.parent == folder and _of(p, stem)]
        yield chosen, beside


def _companion(path: Path, found: Sequence[Path]) -> str | None:
    """What a file is if no radar image: by the rules of its provider, or by the image that it lies beside."""
    if path.is_dir():
        return None
    if (known := companion_of_product(path.stem)) is not None:
        return known
    main = main_stem(path.stem).lower()
    mine = [p for p in found if p != path and p.parent == path.parent and p.stem.lower().startswith(main)]
    return companion_in(path.stem) if main and any(companion_in(p.stem) is None for p in mine) else None


def _of(companion: Path, stem: str) -> bool:
    return Path(stem).stem.lower().startswith(scene_stem(main_stem(companion.stem))) or stem.startswith(
        scene_stem(main_stem(companion.stem))
    )


def _chosen(paths: list[Path], band: str | None) -> Path:
    wanted = polarisations_in(band or "")
    stated = {path: polarisations_in(path.stem) for path in paths}
    asked = [p for p in paths if len(wanted) == 1 and stated[p] == wanted]
    cross = [p for p in paths if len(stated[p]) == 1 and is_cross_polarised(stated[p][0])]
    return (asked or cross or paths)[0]
