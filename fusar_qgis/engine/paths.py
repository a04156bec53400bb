"""Paths on their way to the engine: its process works in another folder than QGIS, so none may be relative there."""

from __future__ import annotations

import os
import re

FILES = ("scene", "water_mask")
"""Parameters that name a file, or one of GDAL's own names."""
SOURCES = ("prior", "source")
"""Parameters that name where embeddings come from: a word, a word and a place (`mosaic:FOLDER`), or a file."""
WORDS = ("none", "default", "mosaic", "earth-engine")

_ARCHIVE = re.compile(r"(/vsi(zip|tar|gzip|7z|rar)/)+")
_OWN = re.compile(r"/vsi|[A-Za-z0-9_]{2,}:")
"""How names begin that GDAL opens and that are no paths; a single letter before a colon is a drive."""


def absolute(params: dict, about: dict) -> dict:
    """The parameters of a request with every path in them from the root. about: what the engine said of itself."""
    changed = {name: _file(value) for name, value in params.items() if name in FILES and _is_name(value)}
    changed |= {name: _source(value) for name, value in params.items() if name in SOURCES and _is_name(value)}
    options = params.get("engine_options")
    if options:
        paths = _path_options(str(params.get("engine") or ""), about)
        changed["engine_options"] = {k: from_root(v) if k in paths and _is_name(v) else v for k, v in options.items()}
    return {**params, **changed}


def from_root(path: str) -> str:
    """A path from the root; one that begins with ~ lies in the user's home."""
    return os.path.abspath(os.path.expanduser(path))


def _is_name(value) -> bool:
    return isinstance(value, str) and value != ""


def _file(name: str) -> str:
    if os.path.exists(name) or not _OWN.match(name):
        return from_root(name)
    if name.startswith("/vsi"):
        archive = _ARCHIVE.match(name)
        return archive.group() + _inner(name[archive.end() :]) if archive else name
    return _inner(name)


def _source(name: str) -> str:
    word, colon, place = name.partition(":")
    if word in WORDS:
        return word + colon + (_inner(place) if word == "mosaic" else place)
    return _inner(name)


def _inner(rest: str) -> str:
    """What stands in a name of GDAL's own, or may be a word, with the relative paths in it that lead to something."""
    parts = re.split(r'(["|:])', rest)
    return "".join(from_root(part) if _leads_somewhere(part) else part for part in parts)


def _leads_somewhere(part: str) -> bool:
    """Whether a relative path is there, or leads into a file that is."""
    while part and not os.path.isabs(part):
        if os.path.exists(part):
            return True
        part = os.path.dirname(part)
    return False


def _path_options(engine: str, about: dict) -> set:
    """Names of the options that an engine declares to be paths."""
    wanted = "server" if "://" in engine else engine
    infos = [info for info in about.get("engine_infos") or [] if info.get("name") == wanted]
    return {option["name"] for info in infos for option in info.get("options", []) if option.get("type") == "path"}
