"""Where the project lives: its addresses, from `[project]` in pyproject.toml and from nowhere else.

    python3 scripts/addresses.py

shows them; its exit status is 1 while one is a placeholder.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[1]
URLS = {"homepage": "Homepage", "repository": "Repository", "tracker": "Issues", "documentation": "Documentation"}
"""Name here and in metadata.txt → key in `[project.urls]`."""
RESERVED = re.compile(r"(^|\.)(example\.(org|com|net)|example|invalid|test)$")
"""Names of hosts that RFC 2606 keeps for examples: nobody can live there."""


def addresses(pyproject: Path = ROOT / "pyproject.toml") -> dict[str, str]:
    """`author`, `email` and the addresses of `URLS`. Raises KeyError where pyproject.toml lacks one."""
    project = tomllib.loads(pyproject.read_text("utf-8"))["project"]
    author = project["authors"][0]
    return {"author": author["name"], "email": author["email"], **{n: project["urls"][key] for n, key in URLS.items()}}


def host(address: str) -> str:
    """The host of a URL or of an e-mail address, in lower case."""
    return (urlsplit(address).hostname or address.rpartition("@")[2]).lower()


def placeholders(known: dict[str, str]) -> dict[str, str]:
    """Those of the addresses that lead nowhere yet: empty, or at a host kept for examples."""
    places = {name: address for name, address in known.items() if name != "author"}
    return {name: address for name, address in places.items() if not address or RESERVED.search(host(address))}


def fill(text: str, known: dict[str, str]) -> str:
    """The text of metadata.txt with `{name}` replaced by the address of that name, without its comments."""
    lines = [line for line in text.splitlines(keepends=True) if not line.startswith("#")]
    return re.sub(r"\{(\w+)\}", lambda match: known[match[1]], "".join(lines))


def main() -> int:
    known = addresses()
    missing = placeholders(known)
    for name, address in known.items():
        print(f"{name:<14}{address}{'    (a placeholder)' if name in missing else ''}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
