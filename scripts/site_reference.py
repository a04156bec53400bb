"""Pages of the site's API reference: one for each module of a package, found by walking it, and one that lists them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = "reference"


@dataclass(frozen=True)
class Module:
    """name: dotted. clause: the first sentence of its docstring. is_package: whether it is an __init__.py."""

    name: str
    clause: str
    is_package: bool

    @property
    def page(self) -> str:
        """Path of its page in the site."""
        return f"{FOLDER}/{self.name}.md"


def modules(package: Path) -> list[Module]:
    """All public modules of a package, packages before what is in them, by name."""
    return sorted(_found(package), key=lambda module: module.name)


def _found(package: Path) -> Iterator[Module]:
    for path in package.rglob("*.py"):
        parts = list(path.relative_to(package.parent).with_suffix("").parts)
        is_package = parts[-1] == "__init__"
        parts = parts[:-1] if is_package else parts
        if any(part.startswith("_") for part in parts):
            continue
        docstring = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
        yield Module(".".join(parts), " ".join(docstring.split("\n\n")[0].split()), is_package)


def public_names(package: Path) -> dict[str, str]:
    """What `from PACKAGE import …` gives: name → full name of where it is defined."""
    tree = ast.parse((package / "__init__.py").read_text("utf-8"))
    homes = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(package.name)
        for alias in node.names
    }
    return dict(sorted(homes.items(), key=lambda item: item[0].lower()))


def write_pages(package: Path, folder: Path) -> list[Any]:
    """Writes the pages into `folder/reference`. Returns them as an entry of the navigation."""
    found = modules(package)
    (folder / FOLDER).mkdir(parents=True)
    for module in found:
        (folder / module.page).write_text(f"::: {module.name}\n", "utf-8")
    index = f"{FOLDER}/index.md"
    (folder / index).write_text(_index(package, found), "utf-8")
    return [{"All modules": index}, {package.name: found[0].page}, *_entries(package.name, found)]


def _index(package: Path, found: list[Module]) -> str:
    names = "\n".join(f"| [`{name}`][{home}] | `{home}` |" for name, home in public_names(package).items())
    table = "\n".join(f"| [`{module.name}`]({Path(module.page).name}) | {_cell(module.clause)} |" for module in found)
    return (
        f"# API reference\n\nMade from the docstrings of `{package.name}`. Modules may move between versions; "
        f"the names that `{package.name}` itself gives stay.\n\n"
        f"## From `{package.name}` itself\n\n| name | defined in |\n|---|---|\n{names}\n\n"
        f"## All modules\n\n| module | in one clause |\n|---|---|\n{table}\n"
    )


def _cell(text: str) -> str:
    """A text as a cell of a table."""
    return text.replace("|", "\\|").replace("<", "&lt;")


def _entries(parent: str, found: list[Module]) -> list[Any]:
    """Entries of the navigation for what is directly in a package: folders for packages, pages for modules."""
    entries: list[Any] = []
    for module in found:
        above, _, name = module.name.rpartition(".")
        if above != parent:
            continue
        inside = _entries(module.name, found) if module.is_package else []
        page = {name: module.page}
        entries.append({name: [page, *inside]} if inside else page)
    return entries
