"""What the name of a SAR product says: sensor, time, polarisations, kind of pixels. Pure functions of text."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime

from fusar_core.domain.radiometry import Kind
from fusar_core.domain.schema import FIRST_YEAR
from fusar_core.scenes.metadata.sensors import radar_band

POLARISATION = re.compile(r"(?<![A-Za-z])(HH|HV|VH|VV)(?![A-Za-z])", re.IGNORECASE)


@dataclass(frozen=True)
class Facts:
    """What one source knows about an acquisition; None where it says nothing.

    start: UTC; date_only when the time of day is not known (start is then midnight). band: letter of the radar
    frequency. optical: the image is no radar image at all. kind, calibrated, calibration_db: see Radiometry. halves:
    the two bands are the real and the imaginary part of a complex image. mentioned: the sensor is only named in a text
    that follows no naming rule, which is too little to derive anything from.
    """

    start: datetime | None = None
    date_only: bool | None = None
    year: int | None = None
    sensor: str | None = None
    band: str | None = None
    polarisations: tuple[str, ...] | None = None
    orbit_pass: str | None = None
    heading_deg: float | None = None
    incidence_deg: float | None = None
    product: str | None = None
    optical: bool | None = None
    kind: Kind | None = None
    calibrated: bool | None = None
    calibration_db: float | None = None
    halves: bool | None = None
    mentioned: bool | None = None

    def __bool__(self) -> bool:
        return any(getattr(self, f.name) is not None for f in fields(self))


def possible_year(year: int) -> bool:
    """Whether a SAR satellite may have imaged in that year: 1978 … next year (clocks differ)."""
    return FIRST_YEAR <= year <= datetime.now(UTC).year + 1


def moment(digits: str) -> datetime | None:
    """`YYYYMMDD` or `YYYYMMDDhhmmss` → UTC time; None when it is no possible date."""
    try:
        when = datetime.strptime(digits, "%Y%m%d" if len(digits) == 8 else "%Y%m%d%H%M%S")
    except ValueError:
        return None
    return when.replace(tzinfo=UTC) if possible_year(when.year) else None


def _timed(text: str) -> Facts:
    """Facts of a timestamp, separators ignored: with time of day when it has 14 digits."""
    digits = re.sub(r"\D", "", text)[:14]
    when = moment(digits if len(digits) == 14 else digits[:8])
    return Facts() if when is None else Facts(start=when, date_only=len(digits) < 14, year=when.year)


_DUAL = {"SH": ("HH",), "SV": ("VV",), "DH": ("HH", "HV"), "DV": ("VV", "VH")}


def _sentinel1(m: re.Match[str]) -> Facts:
    code = m["pol"].upper()
    return replace(
        _timed(m["time"]),
        sensor=f"Sentinel-1{m['unit'].upper()}",
        polarisations=_DUAL.get(code, (code,)),
        product=f"{m['mode'].upper()} {m['type'].upper()}",
    )


def _hyp3(m: re.Match[str]) -> Facts:
    kinds = {"p": Kind.INTENSITY, "a": Kind.AMPLITUDE, "d": Kind.DB}
    return replace(
        _timed(m["time"]),
        sensor=f"Sentinel-1{m['unit']}",
        polarisations=_DUAL[m["pol"]],
        product=f"{m['mode']} RTC {'gamma0' if m['norm'] == 'g' else 'sigma0'}",
        kind=kinds[m["scale"]],
        calibrated=True,
    )


def _opera(m: re.Match[str]) -> Facts:
    return replace(
        _timed(m["time"]), sensor=f"Sentinel-1{m['unit']}", product="OPERA RTC", kind=Kind.INTENSITY, calibrated=True
    )


def _alos_mosaic(m: re.Match[str]) -> Facts:
    year = 2000 + int(m["year"])
    return Facts(
        year=year if possible_year(year) else None,
        sensor="ALOS PALSAR",
        product="annual mosaic",
        kind=Kind.AMPLITUDE,
        calibrated=True,
        calibration_db=-83.0,  # JAXA's calibration factor of the 16-bit mosaics
    )


def _named(sensor: Callable[[re.Match[str]], str]) -> Callable[[re.Match[str]], Facts]:
    def parse(m: re.Match[str]) -> Facts:
        groups = m.groupdict()
        stated = tuple(p.upper() for p in POLARISATION.findall(groups.get("pol") or ""))
        return replace(_timed(m["time"]), sensor=sensor(m), polarisations=stated or None, product=groups.get("type"))

    return parse


def _gaofen3(m: re.Match[str]) -> Facts:
    return replace(
        _timed(m["time"]),
        sensor=f"Gaofen-3{m['unit']}",
        polarisations=_run(m["pol"]),
        product=f"{m['mode']} {m['level']}",
        halves=True if m["level"] == "L1A" else None,
    )


def _lutan1(m: re.Match[str]) -> Facts:
    return replace(
        _timed(m["time"]),
        sensor=f"Lutan-1{m['unit']}",
        polarisations=_run(m["pol"]),
        product=f"{m['mode']} {m['type']}",
        halves=True if m["type"] == "SLC" else None,
    )


def _run(code: str) -> tuple[str, ...] | None:
    """`HHHV` → HH, HV; None for codes that name no polarisations one by one (AHV, DH)."""
    found = re.findall(r"HH|HV|VH|VV", code.upper())
    return tuple(dict.fromkeys(found)) if found and "".join(found) == code.upper() else None


def _alos2(m: re.Match[str]) -> Facts:
    stated = tuple(p.upper() for p in POLARISATION.findall(m["pol"] or ""))
    return replace(
        _timed("20" + m["time"]),
        sensor=f"ALOS-{m['unit']}",
        polarisations=stated or None,
        product=m["type"],
        orbit_pass=_PASSES.get(m["pass"] or ""),
    )


def _esa(m: re.Match[str]) -> Facts:
    """Products in Envisat format, of Envisat itself (ASA_…N1) and of ERS (SAR_…E1, E2)."""
    end = m["end"].upper()
    sensor = "Envisat" if m["unit"] == "ASA" else {"E1": "ERS-1", "E2": "ERS-2"}.get(end)
    return replace(_timed(m["time"]), sensor=sensor, product=m["type"])


def _saocom(m: re.Match[str]) -> Facts:
    stated = tuple(p.upper() for p in POLARISATION.findall(m["pol"] or ""))
    return replace(_timed(m["time"]), sensor=f"SAOCOM-1{m['unit']}", polarisations=stated or None, product=m["type"])


def _nisar(m: re.Match[str]) -> Facts:
    kind = Kind.INTENSITY if m["type"] == "GCOV" else None
    return replace(
        _timed(m["time"]),
        sensor="NISAR",
        product=m["type"],
        orbit_pass=_PASSES[m["pass"]],
        kind=kind,
        calibrated=True if kind else None,
    )


_PASSES = {"A": "ascending", "D": "descending"}
_TERRASAR = {"TSX": "TerraSAR-X", "TDX": "TanDEM-X", "PAZ": "PAZ"}
_START = r"(?<![A-Za-z0-9])"
_T = r"(?P<time>\d{8}T\d{6})"
_PATTERNS: tuple[tuple[str, int, Callable[[re.Match[str]], Facts]], ...] = (
    (
        rf"S1(?P<unit>[A-D])_(?P<mode>IW|EW|SM|WV|S[1-6])_(?P<type>GRD|SLC)[FHM_]_\dS(?P<pol>SH|SV|DH|DV)_{_T}_\d{{8}}T",
        0,
        _sentinel1,
    ),
    (
        r"s1(?P<unit>[a-d])-(?P<mode>iw|ew|wv|s)\d?-(?P<type>grd|slc)-(?P<pol>hh|hv|vh|vv)-(?P<time>\d{8}t\d{6})-",
        re.IGNORECASE,
        _sentinel1,
    ),
    (
        rf"S1(?P<unit>[A-D])_(?P<mode>IW|EW|S[1-6])_{_T}_(?P<pol>SH|SV|DH|DV)[PRO]_RTC\d\d_[A-Z]_(?P<norm>[gs])"
        r"(?P<scale>[pad])[a-z]{4}",
        0,
        _hyp3,
    ),
    (rf"OPERA_L2_RTC-S1_[A-Z0-9-]+_{_T}Z_\d{{8}}T\d{{6}}Z_S1(?P<unit>[A-D])", 0, _opera),
    (r"[NS]\d\d[EW]\d{3}_(?P<year>\d\d)_sl_(?:HH|HV)(?:_F02DAR)?", 0, _alos_mosaic),
    (
        r"GF3(?P<unit>[BC]?)_[A-Z0-9]+_(?P<mode>[A-Z0-9]+)_\d{6}_[EW][\d.]+_[NS][\d.]+_(?P<time>\d{8})_"
        r"(?P<level>L\d[A-C]?)_(?P<pol>[A-Z]{2,8})_",
        0,
        _gaofen3,
    ),
    (
        r"LT1(?P<unit>[AB])_(?:MONO|BIST|BI|TRI)\w*?_[A-Z0-9]+_(?P<mode>[A-Z0-9]+)_\d{6}_[EW][\d.]+_[NS][\d.]+_"
        r"(?P<time>\d{8})_(?P<type>[A-Z]{3})_(?P<pol>[HV]{2,8})_",
        0,
        _lutan1,
    ),
    (
        r"S1(?P<unit>[AB])_OPER_SAR_EOSSP__CORE_(?P<type>L\d[A-D])_\w+?_(?P<time>\d{8}T\d{6})(?P<pol>(?:[_-](?:HH|HV|VH|VV))*)",
        0,
        _saocom,
    ),
    (
        r"ALOS(?P<unit>[24])\d{9,10}-(?P<time>\d{6})(?:[_-](?P<type>[A-Z]{3}[RL]\d\.\d[GR_][A-Z_](?P<pass>[AD])))?(?P<pol>(?:[_-](?:HH|HV|VH|VV))*)",
        0,
        _alos2,
    ),
    (
        r"(?P<unit>ASA|SAR)_(?P<type>[A-Z0-9]{3}_[0-3][A-Z_])[A-Z0-9_]{4}(?P<time>\d{8}_\d{6})_\w+?\.(?P<end>N1|E1|E2)",
        re.IGNORECASE,
        _esa,
    ),
    (
        r"NISAR_L\d_\w{2}_(?P<type>RSLC|GSLC|GCOV|GUNW)_\w+?_(?P<pass>[AD])_\w+?_(?P<time>\d{8}T\d{6})_",
        0,
        _nisar,
    ),
    (
        r"CAPELLA_C(?P<unit>\d\d)_[A-Z]{2}_(?P<type>[A-Z]{3,5})_(?P<pol>HH|HV|VH|VV)_(?P<time>\d{14})",
        0,
        _named(lambda m: f"Capella-{int(m['unit'])}"),
    ),
    (
        r"(?P<time>\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d)_UMBRA-(?P<unit>\d\d)(?:_(?P<type>GEC|SICD|SIDD|CPHD))?",
        re.IGNORECASE,
        _named(lambda m: f"Umbra-{m['unit']}"),
    ),
    (
        rf"ICEYE_X(?P<unit>\d+)_(?P<type>[A-Z]{{3,6}})_[A-Z0-9_-]*?{_T}",
        re.IGNORECASE,
        _named(lambda m: f"ICEYE-X{m['unit']}"),
    ),
    (rf"(?P<unit>TSX|TDX|PAZ)1_SAR__(?P<type>[A-Z]{{3}})_\w+?_{_T}", 0, _named(lambda m: _TERRASAR[m["unit"]])),
    (
        r"(?P<unit>RS2|RCM\d)_OK\d+_PK\d+_\w+?_(?P<time>\d{8}_\d{6})(?P<pol>(?:_(?:HH|HV|VH|VV))*)",
        0,
        _named(lambda m: "RADARSAT-2" if m["unit"] == "RS2" else f"RCM-{m['unit'][3]}"),
    ),
    (r"(?P<unit>CSKS|CSG_SSAR)\d_\w+?_(?P<time>\d{14})_", 0, _named(lambda m: "COSMO-SkyMed")),
    (rf"S2[A-D]_MSI[A-Z0-9]+_{_T}", 0, lambda m: replace(_timed(m["time"]), sensor="Sentinel-2", optical=True)),
    (
        r"L[COTEM]0\d_L\w{3}_\d{6}_(?P<time>\d{8})_",
        0,
        lambda m: replace(_timed(m["time"]), sensor="Landsat", optical=True),
    ),
)
_COMPILED = [(re.compile(_START + pattern, flags), parse) for pattern, flags, parse in _PATTERNS]


def parse_product_name(name: str) -> Facts:
    """What a product name (file, folder or identifier) says by the naming rules of its provider; empty Facts if none.

    Sources: Sentinel-1 Product Specification (S1-RS-MDA-52-7441) §3; ASF HyP3 RTC product guide; OPERA RTC-S1
    product specification; NISAR product specifications (JPL D-102274); providers' product guides for the others.
    """
    for pattern, parse in _COMPILED:
        if match := pattern.search(name):
            facts = parse(match)
            return replace(facts, band=facts.band or radar_band(facts.sensor))
    return Facts()


_TIMESTAMPS = (
    re.compile(r"(?<!\d)(\d{4}-\d\d-\d\d[T_ -]\d\d[-_:.]?\d\d[-_:.]?\d\d)(?!\d)", re.IGNORECASE),
    re.compile(r"(?<!\d)(\d{8}[T_-]?\d{6})(?!\d)", re.IGNORECASE),
    re.compile(r"(?<!\d)(\d{4}([-_.])\d\d\2\d\d)(?!\d)"),
    re.compile(r"(?<!\d)(\d{8})(?!\d)"),
)


def timestamp_in(name: str) -> Facts:
    """The first possible date, or date and time, that stands in a file name as digits of its own.

    Digits that are no date (`T11SLT_102`, `900498`) are none; nor is a date outside 1978 … next year.
    """
    for pattern in _TIMESTAMPS:
        for match in pattern.finditer(name):
            if facts := _timed(match[1]):
                return facts
    return Facts()


_MENTIONED = (
    (re.compile(r"sentinel-?1 ?([a-d])?(?![a-z0-9])", re.IGNORECASE), "Sentinel-1"),
    (re.compile(r"(?<![A-Za-z0-9])S1([A-D])?(?![A-Za-z0-9])"), "Sentinel-1"),
    (re.compile(r"(?<![a-z])umbra(?![a-z])()", re.IGNORECASE), "Umbra"),
    (re.compile(r"(?<![a-z])capella(?![a-z])()", re.IGNORECASE), "Capella"),
    (re.compile(r"(?<![a-z])iceye(?![a-z])()", re.IGNORECASE), "ICEYE"),
    (re.compile(r"(?<![A-Za-z0-9])GF-?3([BC])?(?![A-Za-z0-9])"), "Gaofen-3"),
    (re.compile(r"(?<![a-z])terrasar-?x(?![a-z])()", re.IGNORECASE), "TerraSAR-X"),
)


def mentioned_in(text: str) -> Facts:
    """The sensor whose name stands in a text that follows no naming rule: `pyrosar_S1A_VV_dB` → Sentinel-1A."""
    for pattern, name in _MENTIONED:
        if match := pattern.search(text):
            sensor = name + (match[1] or "").upper()
            return Facts(sensor=sensor, band=radar_band(sensor), mentioned=True)
    return Facts()
