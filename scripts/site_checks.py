"""What is wrong with a built site: links that lead nowhere, `#…` that nothing bears, what is fetched from elsewhere."""

from __future__ import annotations

import os
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

FETCHED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href", "object": "data"}
"""Elements whose address a browser fetches by itself → the attribute with the address."""
NOT_FETCHED = {"canonical", "prev", "next", "alternate", "edit"}
"""Kinds of <link> that only say where something is."""
SHOWN_ANYWHERE = "404.html"
"""A page whose addresses begin at the root of the host, which nobody knows here."""


class Page(HTMLParser):
    """The addresses on a page. links: of <a>. fetched: what a browser fetches. names: what a `#…` can lead to."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.names: set[str] = set()
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.names |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag in FETCHED and FETCHED[tag] in given and given.get("rel") not in NOT_FETCHED:
            self.fetched.append(given[FETCHED[tag]])


def problems(site: Path) -> list[str]:
    """One line for each fault of the site, none when there is none."""
    pages = {path: Page(path) for path in sorted(site.rglob("*.html")) if path.name != SHOWN_ANYWHERE}
    found = []
    for path, page in pages.items():
        addresses = [a for a in (*page.links, *page.fetched) if not urlsplit(a).scheme and not is_elsewhere(a)]
        faults = [f"fetched from elsewhere: {a}" for a in page.fetched if is_elsewhere(a)]
        faults += [f"leads nowhere: {a}" for a in addresses if not _leads(path, a, pages)]
        found += [f"{path.relative_to(site).as_posix()}: {fault}" for fault in faults]
    for path in sorted(site.rglob("*.css")):
        fetched = re.findall(r"url\(['\"]?((?:https?:)?//[^)]+)", path.read_text("utf-8"))
        found += [f"{path.relative_to(site).as_posix()}: fetched from elsewhere: {a}" for a in fetched]
    return found


def is_elsewhere(address: str) -> bool:
    """Whether an address names another host."""
    return bool(urlsplit(address).netloc)


def _leads(page: Path, address: str, pages: dict[Path, Page]) -> bool:
    """Whether an address on a page leads to a file of the site, and to something on it where it has a `#`."""
    split = urlsplit(address)
    target = Path(os.path.normpath(page.parent / unquote(split.path))) if split.path else page
    target = target / "index.html" if target.is_dir() else target
    if not target.is_file():
        return False
    name = unquote(split.fragment)
    known = pages.get(target)
    return not name or known is None or name in known.names or name == "__top"
