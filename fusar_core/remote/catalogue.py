"""The models of a server, as `GET /models` lists them; ours come with what they can do."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import Any

from fusar_core.domain.tiling import CHIP_SIZE
from fusar_core.errors import BadOption, BadServer, UnknownModel
from fusar_core.tasks import TASKS

EXTENSION = "fusar"
"""Key of the object in which our worker tells about a model."""
STOCK_CLASSES = ("plane", "ship")
"""Classes that a stock model is taken to know; it may be asked for any other."""
LISTED = 12
"""Models named in an error."""

PIXELS, THOUSANDTHS, FRACTIONS = "pixels", "thousandths", "fractions"
COORDINATES = (PIXELS, THOUSANDTHS, FRACTIONS)
"""In what a model says where a box is: pixels of the image that was sent, thousandths of its sides, or fractions of
them from 0 to 1."""
_THOUSANDTHS = re.compile(r"qwen-?[23]-?vl|intern-?vl|glm-4", re.IGNORECASE)
"""Names of models that are known to say thousandths; Qwen2.5-VL and FUSAR-GPT say pixels."""


@dataclass(frozen=True)
class Served:
    """A model of a server.

    ours: whether it is described as our worker does, which the other fields then come from. chip_size: side in pixels
    of the images it takes. adapters: task → name of the model that answers it, where that is another. gsd_m: least
    and greatest pixel size in training. prior: whether it takes anchors. prompts: task → prompt style. warnings: what
    readers of its results should know. demonstration: whether it is there to show how things work. questions:
    the only ones it was trained for, if any.
    """

    name: str
    ours: bool = False
    chip_size: int = CHIP_SIZE
    tasks: frozenset[str] = frozenset(TASKS)
    classes: tuple[str, ...] = STOCK_CLASSES
    gsd_m: tuple[float, ...] | None = None
    prior: bool = False
    prompts: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    adapters: dict[str, str] = field(default_factory=dict)
    demonstration: bool = False
    questions: tuple[str, ...] = ()


def read_catalogue(content: bytes, url: str) -> list[Served]:
    """The models in an answer to `GET /models`. Raises BadServer."""
    try:
        said = json.loads(content)
    except (ValueError, RecursionError) as cause:
        raise _no_list(url) from cause
    entries = said.get("data") if isinstance(said, dict) else None
    if entries is None and isinstance(said, dict) and "data" in said:  # as Ollama says it before a model is there
        entries = []
    if not isinstance(entries, list) or not all(isinstance(e, dict) and isinstance(e.get("id"), str) for e in entries):
        raise _no_list(url)
    return _with_adapters([(_served(e, url), e.get("parent")) for e in entries])


def choose(models: list[Served], wanted: str | None, url: str) -> Served:
    """The model of that name; without a name the first of ours, or the only one. Raises UnknownModel, BadOption."""
    names = ", ".join(m.name for m in models[:LISTED]) + (" …" if len(models) > LISTED else "")
    if wanted is not None:
        found = next((m for m in models if m.name == wanted), None)
        if found is None:
            raise UnknownModel(f"{url} has no model '{wanted}'.", f"It has: {names or 'none'}.")
        return found
    if not models:
        raise UnknownModel(f"{url} has no model.", "Load one on the server.")
    ours = next((m for m in models if m.ours), None)
    if ours is None and len(models) > 1:
        raise BadOption(f"{url} has several models.", f"Choose one with --model: {names}.")
    return ours or models[0]


def usual_coordinates(model: str) -> str:
    """What a model of that name is known to say boxes in."""
    return THOUSANDTHS if _THOUSANDTHS.search(model) else PIXELS


def _served(entry: dict[str, Any], url: str) -> Served:
    name, about = entry["id"], entry.get(EXTENSION)
    if about is None:
        return Served(name)
    try:
        gsd_m = about.get("gsd_m")
        served = Served(
            name,
            True,
            int(about["chip_size"]),
            frozenset(str(t) for t in about["tasks"]) & frozenset(TASKS),
            tuple(str(c) for c in about["classes"]),
            tuple(float(v) for v in gsd_m) if gsd_m else None,
            bool(about["prior"]),
            {str(k): str(v) for k, v in (about.get("prompts") or {}).items()},
            tuple(str(w) for w in about.get("warnings") or ()),
            demonstration=about.get("demonstration") is True,
            questions=tuple(str(q) for q in about.get("questions") or ()),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as cause:
        raise BadServer(
            f"{url} describes its model '{name}' in a way that this version does not understand: {cause!r}.",
            "Give client and worker the same version of fusar-core.",
        ) from cause
    if not 28 <= served.chip_size <= 8192:
        raise BadServer(f"{url} wants chips of {served.chip_size} pixels for '{name}'.", "Update the worker.")
    return served


def _with_adapters(models: list[tuple[Served, Any]]) -> list[Served]:
    """The models, each with those that answer single tasks in its name (`parent`, as servers list LoRA adapters)."""
    whole = []
    for model, _ in models:
        children = [m for m, parent in models if parent == model.name and m.ours and m.name != model.name]
        adapters = {t: c.name for c in children for t in sorted(c.tasks) if t not in model.tasks}
        whole.append(replace(model, tasks=model.tasks | adapters.keys(), adapters=adapters))
    return whole


def _no_list(url: str) -> BadServer:
    return BadServer(f"{url}/models is no list of models.", "The address of an OpenAI-compatible API ends in /v1.")
