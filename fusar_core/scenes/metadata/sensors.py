"""Names of radar satellites: as metadata write them → as they are usually called; and their radar bands."""

from __future__ import annotations

import re

_NAMES = (
    (r"s(?:entinel)?[-_ ]?1[-_ ]?([a-d])?", "Sentinel-1{}"),
    (r"(?:gf|gaofen)[-_ ]?0?3[-_ ]?([abc])?", "Gaofen-3{}"),
    (r"(?:lt|lutan)[-_ ]?0?1[-_ ]?([ab])?", "Lutan-1{}"),
    (r"(?:saocom[-_ ]?1?|sao1)[-_ ]?([ab])?", "SAOCOM-1{}"),
    (r"alos[-_ ]?([24])", "ALOS-{}"),
    (r"alos(?:[-_ ]?1)?()", "ALOS{}"),
    (r"ers[-_ ]?([12])", "ERS-{}"),
    (r"envisat(?:[-_ ]?1)?()", "Envisat{}"),
    (r"(?:rsat|radarsat|rs)[-_ ]?([12])", "RADARSAT-{}"),
    (r"rcm[-_ ]?([123])", "RCM-{}"),
    (r"(?:tsx(?:[-_ ]?1)?|terrasar-?x)()", "TerraSAR-X{}"),
    (r"(?:tdx(?:[-_ ]?1)?|tandem-?x)()", "TanDEM-X{}"),
    (r"nisar()", "NISAR{}"),
)
_NO_NAME = re.compile(
    r"[\d.]+|(?:[a-z]-)?sar|asar|radar|satellite|sensor|mission|platform|unknown|none|n/?a|synthetic|unk|-+",
    re.IGNORECASE,
)

_BANDS = (
    (
        "C",
        r"sentinel-?1\b|sentinel-?1[a-d]\b|radarsat-?[12]?\b|\brcm\b|\benvisat\b|\basar\b|\bers\b|gaofen-?3|\bgf-?3|risat-?1",
    ),
    ("X", r"terrasar|tandem-?x|\bt[sd]x\b|\bpaz\b|capella|iceye|umbra|cosmo|\bcsk|kompsat-?5|risat-?2|asnaro"),
    ("L", r"\balos\b|palsar|saocom|\bjers|seasat|lutan|\blt-?1|nisar"),
    ("S", r"novasar|hj-?1c"),
)


def sensor_name(text: str) -> str | None:
    """The sensor under its usual name, as it stands where we know none; None for what is no name (`SAR`, `C-SAR`)."""
    text = re.sub(r"^[^\w]+|[^\w)]+$|(?<=['\",])[)\]]+$", "", text.strip()).rstrip("'\",")
    if not text or len(text) > 40 or _NO_NAME.fullmatch(text):
        return None
    for pattern, name in _NAMES:
        if match := re.fullmatch(pattern, text, re.IGNORECASE):
            return name.format((match[1] or "").upper())
    return text


def radar_band(sensor: str | None) -> str | None:
    """Letter of the radar frequency of a known sensor: Sentinel-1 → C."""
    text = (sensor or "").lower()
    return next((band for band, names in _BANDS if re.search(names, text)), None)
