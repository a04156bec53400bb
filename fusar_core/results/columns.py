"""From the rows of a layer to columns in the form that a format takes: types, short names, quoted texts."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt

from fusar_core.domain.schema import SHAPEFILE_TEXT, Field, cut, short_names
from fusar_core.results.tables import FeatureTable

_INT32 = np.iinfo(np.int32)
_FORMULA = re.compile(r"^[=+\-@\t\r]")
_HARMLESS = re.compile(r"^[-+]?[\d.,;:\s+-]*$")

Column = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_] | None


def columns(table: FeatureTable, form: str) -> tuple[list[str], list[Column], list[Mask]]:
    """Names, values and masks of null (None where the type has a null of its own) of a layer in a format."""
    shorts = short_names(table.layer)
    names, data, masks = [], [], []
    for f in table.layer.fields:
        values = [_value(row.get(f.name), f, form) for row in table.rows]
        column = _column(f, values, form)
        missing = np.array([v is None for v in values], bool)
        names.append(shorts[f.name] if form == "shp" else f.name)
        data.append(column)
        masks.append(missing if column.dtype.kind in "iub" and missing.any() else None)
    return names, data, masks


def shortened(table: FeatureTable) -> dict[str, int]:
    """Field of the analyst → how many of its texts do not fit a shapefile."""
    counts = {
        f.name: sum(len(str(v).encode()) > SHAPEFILE_TEXT for row in table.rows if (v := row.get(f.name)) is not None)
        for f in table.layer.fields
        if not f.short and f.type == "text"
    }
    return {name: n for name, n in counts.items() if n}


def _value(value: Any, f: Field, form: str) -> Any:
    if value is None:
        return None
    if f.type in ("date", "datetime") and _as_text(f, form):
        return str(value)
    if f.type != "text":
        return value
    text = str(value).encode("utf-8", "replace").decode()
    if form == "shp":
        return cut(text, SHAPEFILE_TEXT)
    return unformulated(text) if form == "csv" else text


def unformulated(text: str) -> str:
    """A text that no spreadsheet takes for a formula (OWASP: a quote goes before what starts like one)."""
    return f"'{text}" if _FORMULA.match(text) and not _HARMLESS.match(text) else text


def _as_text(f: Field, form: str) -> bool:
    """Whether a time is written as text: a DBF has dates, and no times of day."""
    return form == "csv" or (form == "shp" and f.type == "datetime")


def _column(f: Field, values: list[Any], form: str) -> Column:
    if f.type == "text" or (f.type in ("date", "datetime") and _as_text(f, form)):
        return np.array(values, object)
    if f.type in ("date", "datetime"):
        return np.array(values, "datetime64[D]" if f.type == "date" else "datetime64[ms]")
    if f.type == "real":
        return np.array([np.nan if v is None else v for v in values], np.float64)
    filled = [0 if v is None else v for v in values]
    if f.type == "boolean" and form != "shp":  # DBF has no booleans that every reader understands
        return np.array(filled, np.bool_)
    small = all(_INT32.min <= v <= _INT32.max for v in filled)
    return np.array(filled, np.int32 if small else np.int64)
