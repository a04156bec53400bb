"""`fusar evaluate`: an engine's scores on a labelled data set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from fusar_core.commands.engine_options import chosen_engine, engine_options
from fusar_core.commands.options import progress_bar, say
from fusar_core.engines.base import named
from fusar_core.errors import BadResults
from fusar_core.evaluation.coco import CocoDataset
from fusar_core.evaluation.comparison import compared, verdict
from fusar_core.evaluation.evaluate import evaluate
from fusar_core.evaluation.results import Results, read_results
from fusar_core.evaluation.scores import ALL, classes_of
from fusar_core.results.claim import claim
from fusar_core.scoring.clutter import BRIGHT_LEVEL, INSHORE, MOST_BRIGHT, OFFSHORE
from fusar_core.tasks import TASKS, told_by_boxes

Table = list[tuple[str, ...]]


@click.command()
@click.option("--dataset", required=True, type=click.Path(path_type=Path), help="COCO detection file (JSON).")
@click.option("--images", required=True, type=click.Path(path_type=Path), help="Folder of its images (8-bit).")
@engine_options("cfar")
@click.option("--task", required=True, help=f"One of: {', '.join(told_by_boxes())}.")
@click.option("--classes", help="Categories, comma-separated; default: all of the data set.")
@click.option("--out", type=click.Path(path_type=Path), help="Write scores and every image's answer, as JSON.")
@click.option("--baseline", type=click.Path(path_type=Path), help="Results of another engine (--out) to test against.")
@click.option("--json", "as_json", is_flag=True, help="The scores as JSON on stdout.")
def command(
    dataset: Path,
    images: Path,
    engine: str,
    task: str,
    classes: str | None,
    out: Path | None,
    baseline: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Score an engine on a COCO data set: detection, counting or 3 × 3 localization.

    \b
    Numbers come with 95 % intervals, and with what an answer that ignores
    the image would get. Answers that cannot be parsed count as wrong.
    """
    claim([out], [dataset, images, baseline, options.get("model")])
    against = _baseline(baseline, task) if baseline else None
    labels = [w.strip() for w in classes.split(",") if w.strip()] if classes is not None else None
    with progress_bar("images") as on_progress:
        result = evaluate(CocoDataset.open(dataset, images), chosen_engine(engine, options), task, labels, on_progress)
    if baseline and against:
        tests = compared(result.rows, against["rows"])
        who = {"file": baseline.name, "engine": against.get("engine"), "model": against.get("model")}
        result.about["against"] = {**who, "tests": tests}
    if out:
        result.write(out)
    if as_json:
        say(json.dumps(result.summary(), indent=2, allow_nan=False))
    else:
        say(_report(result, task, out))


def _baseline(path: Path, task: str) -> dict[str, Any]:
    against = read_results(path)
    if task not in against.get("tasks", ()):
        found = ", ".join(against.get("tasks", ()))
        raise BadResults(f"{path} is about the task '{found}', not '{task}'.", "Give one of this task.")
    return against


def _report(result: Results, task: str, out: Path | None) -> str:
    about = result.about
    lines = [
        f"{about['dataset']['file']}, {about['dataset']['images']} images · task {task} · "
        f"{', '.join(about['classes'])} · engine {named(about['engine'], about['model'])} · {about['seconds']:.1f} s",
        "",
        *_aligned(_table(task, _shown(result, task))),
        "",
        *_notes(result, task),
    ]
    if against := about.get("against"):
        lines += ["", f"against {against['file']} (this − baseline, paired):"]
        tests = against["tests"][task]
        width = max([13, *map(len, tests)])
        lines += [f"  {name:<{width}} {verdict(test)}" for name, test in tests.items()]
    if out:
        lines += ["", f"wrote {out}"]
    return "\n".join(lines)


def _shown(result: Results, task: str) -> dict[str, Any]:
    """Name → score of the parts of the table: all cases, by clutter, and by class in the order asked."""
    scores = result.scores[task]
    classes = classes_of(task, result.rows)
    found = {name: scores[name] for name in (ALL, OFFSHORE, INSHORE) if name in scores}
    return found | {f"class {name}": scores[name] for name in result.about["classes"] if len(classes) > 1}


def _table(task: str, scores: dict[str, Any]) -> Table:
    heads = ("", "n", "unparsable", *TASKS[task].heads)
    return [heads, *(line for name, score in scores.items() for line in TASKS[task].lines(name, score))]


def _notes(result: Results, task: str) -> list[str]:
    """What the words of the table mean."""
    notes = ["[ ]: 95 % interval (Wilson for shares, else bootstrap over images), n: images × classes."]
    notes += TASKS[task].notes
    if OFFSHORE in result.scores[task] or INSHORE in result.scores[task]:
        notes.append(
            f"{OFFSHORE}: less than {100 * MOST_BRIGHT:.0f} % of the pixels outside all true boxes have a grey value "
            f"of {BRIGHT_LEVEL} or more; {INSHORE}: the others."
        )
    return notes


def _aligned(table: Table) -> list[str]:
    """Columns of equal width, two blanks apart; names to the left, numbers to the right."""
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    return ["  ".join(_cell(c, i, w) for i, (c, w) in enumerate(zip(row, widths, strict=True))) for row in table]


def _cell(text: str, column: int, width: int) -> str:
    return text.ljust(width) if column == 0 else text.rjust(width)
