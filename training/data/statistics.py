"""What files of triplets hold: tasks, classes, counts and what an answer without looking would score on them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from fusar_core.tasks import TASKS
from training.data.tasks.captioning import descriptions_said
from training.data.triplets import Triplet

LONG_TAIL = 10
"""Counts from here on share a bin of the histogram."""


def statistics(triplets: Sequence[Triplet]) -> dict[str, Any]:
    """Numbers about triplets, JSON-able.

    floor: task → class → {answer, share}: the most frequent answer of the training questions and its share of them.
    counts: class → {number: chips}. `LONG_TAIL+` holds the rest.
    """
    talks = [talk for t in triplets for talk in t.conversations]
    return {
        "triplets": len(triplets),
        "conversations": len(talks),
        "without_conversations": sum(not t.conversations for t in triplets),
        "with_anchors": sum(t.anchors is not None for t in triplets),
        "with_footprint": sum(t.footprint is not None for t in triplets),
        "without_targets": sum(not t.targets for t in triplets),
        "places": len({t.place for t in triplets if t.place}),
        "tasks": {task: n for task in TASKS if (n := sum(talk.task == task for talk in talks))},
        "classes": dict(Counter(target.label for t in triplets for target in t.targets).most_common()),
        "labelled_throughout": _numbered(", ".join(sorted(t.classes)) for t in triplets if t.classes),
        "kinds": dict(Counter(target.kind for t in triplets for target in t.targets if target.kind).most_common()),
        "counts": _counts(triplets),
        "floor": _floors(triplets),
        "descriptions": _lengths([len(text.split()) for text in descriptions_said(talks)]),
        "sizes": _numbered(f"{t.size[0]} × {t.size[1]}" for t in triplets),
        "gsd_m": _range([t.gsd_m for t in triplets if t.gsd_m is not None]),
        "target_px": _range(
            [max(x2 - x1, y2 - y1) for t in triplets for x1, y1, x2, y2 in (g.bbox for g in t.targets)]
        ),
        "years": _numbered(t.year for t in triplets if t.year is not None),
        "sources": _numbered(t.source for t in triplets if t.source),
        "extent": _extent(triplets),
    }


def render(found: dict[str, Any]) -> str:
    """The statistics as lines for people."""
    lines = []
    for name, value in found.items():
        title = name.replace("_", " ")
        if name == "floor":
            for task, of_task in value.items():
                said = ", ".join(f"{label} {f['answer']!r} {f['share']:.1%}" for label, f in of_task.items())
                lines.append(f"{'floor ' + task:<22}{said}")
        elif name == "counts":
            lines += [f"{'chips with n ' + label:<22}{_pairs(histogram)}" for label, histogram in value.items()]
        elif value not in ({}, None):
            lines.append(f"{title:<22}{_pairs(value) if isinstance(value, dict) else value}")
    return "\n".join(lines)


def _pairs(values: dict[Any, Any]) -> str:
    return ", ".join(f"{k} {v:g}" if isinstance(v, float) else f"{k} {v}" for k, v in values.items())


def _numbered(values: Iterable[Any]) -> dict[str, int]:
    """Most frequent first; equal ones by name."""
    return {str(k): n for k, n in sorted(Counter(values).items(), key=lambda pair: (-pair[1], str(pair[0])))}


def _counts(triplets: Sequence[Triplet]) -> dict[str, dict[str, int]]:
    """Of each class how many chips hold how many."""
    labels = sorted({t.label for triplet in triplets for t in triplet.targets})
    found = {}
    for label in labels:
        numbers = Counter(sum(t.label == label for t in triplet.targets) for triplet in triplets)
        binned = {str(n): numbers[n] for n in range(LONG_TAIL) if numbers[n]}
        rest = sum(chips for n, chips in numbers.items() if n >= LONG_TAIL)
        found[label] = {**binned, f"{LONG_TAIL}+": rest} if rest else binned
    return found


def _floors(triplets: Sequence[Triplet]) -> dict[str, dict[str, dict[str, Any]]]:
    answers: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for triplet in triplets:
        for talk in triplet.conversations:
            known = TASKS.get(talk.task)
            if known and known.repeats:
                answers[known.name, talk.label if known.per_class else ""][talk.answer] += 1
    found: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for (task, label), said in sorted(answers.items()):
        answer, times = min(said.items(), key=lambda pair: (-pair[1], pair[0]))
        found[task][label or "all"] = {"answer": answer, "share": round(times / said.total(), 4), "n": said.total()}
    return dict(found)


def _range(values: Sequence[float]) -> dict[str, float] | None:
    if not values:
        return None
    ordered = sorted(values)
    return {
        "least": round(ordered[0], 3),
        "median": round(ordered[len(ordered) // 2], 3),
        "most": round(ordered[-1], 3),
    }


def _lengths(words: Sequence[int]) -> dict[str, float] | None:
    found = _range(words)
    return found and {f"{name} words": value for name, value in found.items()}


def _extent(triplets: Sequence[Triplet]) -> dict[str, float] | None:
    """Bounds of the footprints in degrees; those over the antimeridian run on past 180."""
    ground = [t.footprint for t in triplets if t.footprint is not None]
    if not ground:
        return None
    west, south = min(f[0] for f in ground), min(f[1] for f in ground)
    east, north = max(f[2] + 360 * (f[2] < f[0]) for f in ground), max(f[3] for f in ground)
    return {"west": round(west, 4), "south": round(south, 4), "east": round(east, 4), "north": round(north, 4)}
