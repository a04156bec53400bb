"""Measures how the code is kept: house.py [CHECKOUT] [--json] [--check] [--list].

Nothing is imported, everything is read (ast), so that any checkout can be measured by any Python. What is counted, and
how, stands at each function. `--list` names the places; `--check` exits with 1 where one of TARGETS is missed.
"""

from __future__ import annotations

import argparse
import ast
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LAYERS: tuple[tuple[str, ...], ...] = (
    ("errors", "files", "ray_start"),
    ("domain",),
    ("scoring",),
    ("tasks",),
    ("scenes",),
    ("prior",),
    ("model",),
    ("remote",),
    ("engines",),
    ("interpretation",),
    ("results",),
    ("evaluation",),
    ("worker",),
    ("batch",),
    ("installation",),
    ("sidecar",),
    ("commands",),
    ("cli",),
)
"""Rooms of fusar_core from the ground up: packages, and modules at the root. A room imports from its own layer and from
those before it."""

TASKS = frozenset({"DETECT", "COUNT", "LOCATE", "CLASSIFY", "DESCRIBE", "ASK"})
ENGINES = frozenset({"engine", "machine", "stream"})
"""Names of engines, and of the streams of answers they give, without leading underscores."""
LONGEST = 60
"""Lines of a function that is not too long."""

CORE, TRAINING, PLUGIN = "fusar_core", "training", "fusar_qgis"
Function = (ast.FunctionDef, ast.AsyncFunctionDef)
Place = str
"""FILE:LINE what"""

TARGETS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "root_modules": ("at most 6", lambda n: n <= 6),
    "unplaced_rooms": ("0", lambda n: n == 0),
    "upward_imports": ("0", lambda n: n == 0),
    "task_constant_lines": ("less than 30", lambda n: n < 30),
    "task_constant_files": ("at most 5", lambda n: n <= 5),
    "getattr_on_engines": ("0", lambda n: n == 0),
    "docstrings_percent": ("at least 95", lambda n: n >= 95),
}


@dataclass(frozen=True)
class Source:
    """One module of the checkout. name: dotted; a package's `__init__` bears the name of the package."""

    path: Path
    name: str
    tree: ast.Module

    def place(self, node: ast.AST, what: str) -> Place:
        """Where a node stands, for people and editors."""
        return f"{self.path}:{getattr(node, 'lineno', 1)} {what}"


def sources(checkout: Path, package: str) -> list[Source]:
    """Every module of a package, sorted by name."""
    found = []
    for path in sorted((checkout / package).rglob("*.py")):
        inside = path.relative_to(checkout)
        name = ".".join(inside.with_suffix("").parts).removesuffix(".__init__")
        found.append(Source(inside, name, ast.parse(path.read_text(encoding="utf-8"))))
    return found


def root_modules(core: list[Source]) -> list[str]:
    """Modules loose at the root of the package; its `__init__` is none."""
    return [s.name for s in core if s.name.count(".") == 1 and s.path.name != "__init__.py"]


def rooms(core: list[Source]) -> list[str]:
    """Packages at the root."""
    return sorted({s.path.parts[1] for s in core if len(s.path.parts) > 2})


def room_of(module: str) -> str:
    """The package or module at the root to which a module belongs; empty for the root itself."""
    return module.split(".")[1] if "." in module else ""


def imported(source: Source, modules: frozenset[str]) -> Iterator[tuple[ast.AST, str]]:
    """The modules among `modules` that a module imports, also inside functions, for typing, or by `import_module`."""
    package = source.name if source.path.name == "__init__.py" else source.name.rpartition(".")[0]
    for node in ast.walk(source.tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            home = ".".join([*above, *([node.module] if node.module else [])])
            names = [full if (full := f"{home}.{alias.name}") in modules else home for alias in node.names]
        elif isinstance(node, ast.Call) and _called(node) == "import_module":
            names = [a.value for a in node.args[:1] if isinstance(a, ast.Constant) and isinstance(a.value, str)]
        yield from ((node, name) for name in names if name in modules)


def arrows(core: list[Source]) -> dict[tuple[str, str], list[Place]]:
    """(room, room it imports from) → the imports. The root's own `__init__` is no room: it holds the version."""
    modules = frozenset(s.name for s in core)
    found: dict[tuple[str, str], list[Place]] = {}
    for source in core:
        for node, name in imported(source, modules):
            here, there = room_of(source.name), room_of(name)
            if here and there and here != there:
                found.setdefault((here, there), []).append(source.place(node, f"{here} imports {name}"))
    return found


def upward(found: dict[tuple[str, str], list[Place]]) -> list[Place]:
    """Imports from a room of a higher layer; of rooms that LAYERS does not name, none is known to be upward."""
    height = {room: level for level, layer in enumerate(LAYERS) for room in layer}
    known = {pair: places for pair, places in found.items() if height.keys() >= set(pair)}
    return [place for (here, there), places in known.items() if height[there] > height[here] for place in places]


def unplaced(core: list[Source]) -> list[str]:
    """Rooms that LAYERS does not name."""
    named = {room for layer in LAYERS for room in layer}
    return sorted({room_of(s.name) for s in core} - named - {""})


def task_constants(everything: list[Source]) -> list[Place]:
    """Lines outside `tasks/` on which a task's constant stands, in code or in an import; a line counts once."""
    found: set[tuple[Path, int]] = set()
    for source in everything:
        if source.path.parts[:2] == (CORE, "tasks"):
            continue
        for node in ast.walk(source.tree):
            if (
                (isinstance(node, ast.Name) and node.id in TASKS)
                or (isinstance(node, ast.Attribute) and node.attr in TASKS)
                or (isinstance(node, ast.alias) and node.name in TASKS)
            ):
                found.add((source.path, node.lineno))
    return [f"{path}:{line}" for path, line in sorted(found)]


def task_comparisons(everything: list[Source]) -> list[Place]:
    """Comparisons outside `tasks/` of something called `task`: what decides by a task's name."""
    return [
        source.place(node, ast.unparse(node))
        for source in everything
        if source.path.parts[:2] != (CORE, "tasks")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Compare) and any(_last_name(side) == "task" for side in (node.left, *node.comparators))
    ]


def asked_attributes(everything: list[Source]) -> list[Place]:
    """`getattr` and `hasattr` of an engine or of its stream of answers: what is not in its contract."""
    return [
        source.place(node, ast.unparse(node))
        for source in everything
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call)
        and _called(node) in ("getattr", "hasattr")
        and _last_name(node.args[0]) in ENGINES
    ]


def long_functions(everything: list[Source]) -> list[Place]:
    """Functions of more than LONGEST lines, without their decorators."""
    return [
        source.place(node, f"{node.name}, {lines} lines")
        for source in everything
        for node in ast.walk(source.tree)
        if isinstance(node, Function) and (lines := (node.end_lineno or 0) - node.lineno + 1) > LONGEST
    ]


def function_count(everything: list[Source]) -> int:
    """Functions and methods, nested ones too."""
    return sum(isinstance(node, Function) for source in everything for node in ast.walk(source.tree))


def documented(everything: list[Source]) -> tuple[list[Place], int]:
    """Public functions, methods and classes that want a docstring and have none, and how many want one.

    Public is what an API reference shows: no nested functions, nothing with an underscore before it or in a class with
    one. A method that overrides a documented one of a class of ours is documented by that, as `inspect.getdoc` has it.
    """
    classes = {node.name: node for source in everything for node in source.tree.body if isinstance(node, ast.ClassDef)}
    without, count = [], 0
    for source in everything:
        for node, owner in _shown(source.tree.body):
            count += 1
            if not (ast.get_docstring(node) or (owner and _inherits(node.name, owner, classes))):
                without.append(source.place(node, f"{owner.name}.{node.name}" if owner else node.name))
    return without, count


Shown = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def _shown(body: list[ast.stmt], owner: ast.ClassDef | None = None) -> Iterator[tuple[Shown, ast.ClassDef | None]]:
    """The public definitions of a module or class, each with the class it stands in."""
    for node in body:
        if isinstance(node, (*Function, ast.ClassDef)) and not node.name.startswith("_"):
            yield node, owner
            if isinstance(node, ast.ClassDef):
                yield from _shown(node.body, node)


def _inherits(name: str, owner: ast.ClassDef, classes: dict[str, ast.ClassDef]) -> bool:
    """Whether a base of the class documents the method of that name."""
    bases = [classes[found] for base in owner.bases if (found := _last_name(base, strip=False)) in classes]
    for base in bases:
        own = [n for n in base.body if isinstance(n, Function) and n.name == name]
        if any(ast.get_docstring(n) for n in own) or (base is not owner and _inherits(name, base, classes)):
            return True
    return False


def measure(checkout: Path) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """The numbers, and by the same names the places they count."""
    core, training, plugin = (sources(checkout, package) for package in (CORE, TRAINING, PLUGIN))
    engine = [*core, *training]
    between = arrows(core)
    without, wanting = documented(engine)
    places = {
        "root_modules": root_modules(core),
        "rooms": rooms(core),
        "unplaced_rooms": unplaced(core),
        "upward_imports": upward(between),
        "task_constant_lines": task_constants(engine),
        "task_comparisons": task_comparisons(engine),
        "getattr_on_engines": asked_attributes(engine),
        "long_functions": long_functions([*engine, *plugin]),
        "without_docstring": without,
    }
    numbers: dict[str, Any] = {name: len(found) for name, found in places.items()}
    numbers["arrows_between_rooms"] = len(between)
    numbers["task_constant_files"] = len({place.split(":")[0] for place in places["task_constant_lines"]})
    functions = function_count([*engine, *plugin])
    numbers["functions"] = functions
    numbers["long_functions_percent"] = round(100 * numbers["long_functions"] / functions, 2)
    numbers["docstrings_percent"] = round(100 * (1 - len(without) / wanting), 1)
    return numbers, places


def _called(node: ast.Call) -> str:
    return _last_name(node.func, strip=False)


def _last_name(node: ast.expr, strip: bool = True) -> str:
    """`engine` of `self._engine`."""
    name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return name.strip("_") if strip else name


def main() -> int:
    """Prints the numbers; the exit status."""
    parser = argparse.ArgumentParser(description="Measures how the code of a checkout is kept.")
    parser.add_argument("checkout", nargs="?", type=Path, default=Path(__file__).resolve().parents[1])
    parser.add_argument("--json", action="store_true", help="numbers and places as JSON")
    parser.add_argument("--list", action="store_true", help="also the places that are counted")
    parser.add_argument("--check", action="store_true", help="exit with 1 where a target is missed")
    arguments = parser.parse_args()
    if not (arguments.checkout / CORE).is_dir():
        parser.error(f"{arguments.checkout} holds no {CORE}")
    numbers, places = measure(arguments.checkout)
    missed = [name for name, (_, met) in TARGETS.items() if not met(numbers[name])]
    if arguments.json:
        print(json.dumps({"numbers": numbers, "places": places, "missed": missed}, indent=1, sort_keys=True))
    else:
        for name, number in sorted(numbers.items()):
            target = f"  target {TARGETS[name][0]}" if name in TARGETS else ""
            print(f"{name:<32}{number:>8}{target}{'  MISSED' if name in missed else ''}")
            if arguments.list:
                print("".join(f"    {place}\n" for place in places.get(name, [])), end="")
    return 1 if arguments.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
