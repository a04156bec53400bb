"""Files of a product that are no radar image, told by their names: elevation, incidence, masks, pictures."""

from __future__ import annotations

import re

from fusar_core.scenes.metadata.product_names import POLARISATION, parse_product_name

_KINDS = (
    ("an elevation model", r"dem|dsm|elevation|hgt"),
    ("an incidence angle", r"(?:projected_?)?(?:local_?|ell\w+_?)?inc(?:idence)?(?:_?angle)?(?:_?map)?|li(?:a|n|nci)"),
    ("a map of layover and shadow", r"ls_?map|(?:layover|shadow)(?:_?and)?(?:_?(?:layover|shadow))?(?:_?mask)?"),
    ("a mask", r"mask|msk|valid(?:ity)?_?mask|water_?mask"),
    ("a picture", r"rgb|browse|thumb(?:nail)?|ql|quick-?look|preview"),
    ("a map of scattering areas", r"area|rtc_anf_\w+|anf"),
    ("a map of looks", r"(?:number_of_|n)looks|looks"),
    ("a date of each pixel", r"date"),
    ("an interferogram", r"(?:un)?w(?:rapped)?_phase|unw|corr|coh(?:erence)?|los_disp|vert_disp|phase"),
)  # fmt: skip
_TAIL = re.compile(
    rf"(?:^|[_.-])(?:{'|'.join(f'(?P<k{i}>{words})' for i, (_, words) in enumerate(_KINDS))})"
    r"(?:[_-](?:F02DAR|ell|v?\d[\d.]*|[hv]{2}))*$",
    re.IGNORECASE,
)


def companion_in(stem: str) -> str | None:
    """What a raster is beside a radar image, by the last words of its name without suffix; None for a radar image."""
    match = _TAIL.search(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", stem))
    return None if match is None or match.lastgroup is None else _KINDS[int(match.lastgroup[1:])][0]


def companion_of_product(stem: str) -> str | None:
    """As `companion_in`, for names that follow the rules of a provider: only there the last word is certain."""
    return companion_in(stem) if parse_product_name(stem) else None


def scene_stem(stem: str) -> str:
    """The name of a scene without the polarisations in it: what its files have in common."""
    return re.sub(r"[._-]+", "_", POLARISATION.sub("", stem)).strip("_").lower()


def main_stem(stem: str) -> str:
    """The name of a companion without the words that say what it is."""
    return _TAIL.sub("", stem)
