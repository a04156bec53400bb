"""The values that describe a run, as callers give them: words of a command line, or JSON of the sidecar's client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fusar_core.errors import BadExtent, BadOption

Bounds = tuple[float, float, float, float]

FARTHEST = 1e12
"""No coordinate of a map is as large; JSON's whole numbers may be too large for a float."""


def parameter(params: Mapping[str, Any], name: str, kind: type | tuple[type, ...], default: Any = None) -> Any:
    """A parameter, `default` where it is absent or null.

    Raises BadOption when it is of another kind.
    """
    value = params.get(name)
    if value is None:
        return default
    kinds = kind if isinstance(kind, tuple) else (kind,)
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        raise BadOption(f"'{name}' is {value!r}.", f"Expected: {' or '.join(k.__name__ for k in kinds)}.")
    return value


def words_parameter(params: Mapping[str, Any], name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    """A list of words, or one text of words between commas; each once. Raises BadOption."""
    value = parameter(params, name, (list, tuple, str), default)
    words = value.split(",") if isinstance(value, str) else value
    if not all(isinstance(word, str) for word in words):
        raise BadOption(f"'{name}' is {value!r}.", "Expected: a list of words.")
    return tuple(dict.fromkeys(word.strip() for word in words if word.strip()))


def bounds_parameter(params: Mapping[str, Any], name: str) -> tuple[Bounds, str | None] | None:
    """Bounds and their CRS: four numbers with the CRS in NAME_crs, or one text `xmin,ymin,xmax,ymax[,EPSG:n]`.

    Raises BadOption for a list of something else, BadExtent for a text that is no extent.
    """
    value = parameter(params, name, (list, tuple, str))
    if value is None:
        return None
    if isinstance(value, str):
        return parse_extent(value)
    if len(value) != 4 or not all(isinstance(v, int | float) for v in value):
        raise BadOption(f"'{name}' is {value!r}.", "Expected: [xmin, ymin, xmax, ymax].")
    if not all(abs(v) < FARTHEST for v in value):  # not for NaN either
        raise BadOption(f"'{name}' is {str(value)[:100]}.", "Expected: [xmin, ymin, xmax, ymax] in units of the map.")
    xmin, ymin, xmax, ymax = (float(v) for v in value)
    return (xmin, ymin, xmax, ymax), parameter(params, f"{name}_crs", str)


def parse_extent(text: str) -> tuple[Bounds, str | None]:
    """`xmin,ymin,xmax,ymax` or `xmin,ymin,xmax,ymax,EPSG:n` → bounds and CRS. Raises BadExtent."""
    parts = [p.strip() for p in text.split(",")]
    crs = parts.pop() if len(parts) == 5 else None
    try:
        xmin, ymin, xmax, ymax = map(float, parts)
    except ValueError as cause:
        raise BadExtent(
            f"'{text}' is no extent.", "Write xmin,ymin,xmax,ymax as numbers, or with ,EPSG:n appended."
        ) from cause
    return (xmin, ymin, xmax, ymax), crs
