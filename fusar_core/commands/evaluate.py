"""`fusar evaluate`: an engine's scores on a labelled data set."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from fusar_core.commands.engine_options import chosen_engine, engine_options
from fusar_core.commands.options import say
from fusar_core.errors import BadResults
from fusar_core.evaluation.coco import CocoDataset
from fusar_core.evaluation.evaluate import ALL, RESULTS_FORMAT, Evaluation, Score, evaluate
from fusar_core.evaluation.scoring.clutter import BRIGHT_LEVEL, INSHORE, MOST_BRIGHT, OFFSHORE
from fusar_core.evaluation.scoring.comparison import Comparison, compare, read_results, verdict
from fusar_core.evaluation.scoring.counting import CountingScore
from fusar_core.evaluation.scoring.detection import DetectionScore
from fusar_core.evaluation.scoring.grid import GridMetrics, GridScore
from fusar_core.evaluation.scoring.intervals import Estimate, MajorityFloor, Proportion
from fusar_core.files import atomic_path
from fusar_core.results.claim import claim
from fusar_core.tasks import TASKS

Table = list[tuple[str, ...]]


@click.command()
@click.option("--dataset", required=True, type=click.Path(path_type=Path), help="COCO detection file (JSON).")
@click.option("--images", required=True, type=click.Path(path_type=Path), help="Folder of its images (8-bit).")
@engine_options("cfar")
@click.option("--task", required=True, help=f"One of: {', '.join(TASKS)}.")
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
    with _progress() as on_progress:
        result = evaluate(CocoDataset.open(dataset, images), chosen_engine(engine, options), task, labels, on_progress)
    content = result.as_dict()
    comparison = compare(task, content["rows"], against["rows"]) if against else {}
    if baseline and against:
        tests = {name: test.as_dict() for name, test in comparison.items()}
        content["comparison"] = {"baseline": baseline.name, "engine": against.get("engine"), "tests": tests}
    if out:
        with atomic_path(out) as temporary:
            temporary.write_text(json.dumps(content, allow_nan=False) + "\n", encoding="utf-8")
    if as_json:
        say(json.dumps({k: v for k, v in content.items() if k != "rows"}, indent=2, allow_nan=False))
    else:
        say(_report(result, comparison, baseline, out))


def _baseline(path: Path, task: str) -> dict[str, Any]:
    against = read_results(path, RESULTS_FORMAT)
    if against.get("task") != task:
        raise BadResults(f"{path} is about the task '{against.get('task')}', not '{task}'.", "Give one of this task.")
    return against


@contextmanager
def _progress() -> Iterator[Any]:
    """A progress bar on stderr when it is a terminal; silent otherwise."""
    if not sys.stderr.isatty():
        yield None
        return
    with click.progressbar(length=1, label="images", file=sys.stderr, show_pos=True) as bar:

        def on_progress(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        yield on_progress


def _report(result: Evaluation, comparison: Comparison, baseline: Path | None, out: Path | None) -> str:
    images = len(result.dataset.images)
    lines = [
        f"{result.dataset.name}, {images} images · task {result.task} · {', '.join(result.classes)} · "
        f"engine {result.engine} ({result.model}) · {result.seconds:.1f} s",
        "",
        *_aligned(_table(result.scores)),
        "",
        *_notes(result),
    ]
    if baseline:
        lines += ["", f"against {baseline.name} (this − baseline, paired):"]
        lines += [f"  {name:<13} {verdict(test)}" for name, test in comparison.items()]
    if out:
        lines += ["", f"wrote {out}"]
    return "\n".join(lines)


def _table(scores: dict[str, Score]) -> Table:
    first = scores[ALL]
    if isinstance(first, DetectionScore):
        return _detection_table(scores)
    return _counting_table(scores) if isinstance(first, CountingScore) else _grid_table(scores)


def _detection_table(scores: dict[str, Score]) -> Table:
    table: Table = [
        ("", "n", "unparsable", "targets", "claimed", "IoU", "found", "precision", "recall", "F1", "AP"),
    ]
    for name, score in scores.items():
        assert isinstance(score, DetectionScore)
        head = (name, str(score.n), str(score.unparsable), str(score.targets), str(score.predictions))
        for at in score.at:
            cells = (_fraction(at.precision), _fraction(at.recall), _fraction(at.f1), _fraction(at.ap))
            table.append((*head, f"{at.iou:.2f}", str(at.precision.successes), *cells))
            head = ("", "", "", "", "")
    return table


def _counting_table(scores: dict[str, Score]) -> Table:
    table: Table = [("", "n", "unparsable", "exact", "within 1", "MAE", "majority floor")]
    for name, score in scores.items():
        assert isinstance(score, CountingScore)
        numbers = _percent(score.accuracy), _percent(score.within_1), _fraction(score.mae, 2)
        table.append((name, str(score.n), str(score.unparsable), *numbers, _floor(score.floor)))
    return table


def _grid_table(scores: dict[str, Score]) -> Table:
    table: Table = [
        ("", "n", "unparsable", "Acc@100", "Acc@50", "Top1", "mean Jaccard", "cells", "cells answered / true")
    ]
    for name, score in scores.items():
        assert isinstance(score, GridScore)
        table.append(_grid_row(name, score.metrics))
        table.append(_grid_row(f"  always {_cells(score.floor.answer)}", score.always_majority))
        table.append(_grid_row("  always all nine", score.always_all_nine))
    return table


def _grid_row(name: str, m: GridMetrics) -> tuple[str, ...]:
    shares = _percent(m.acc_100), _percent(m.acc_50), _percent(m.top_1), _fraction(m.mean_jaccard)
    return name, str(m.n), str(m.unparsable), *shares, _fraction(m.mean_set_size, 2), _fraction(m.set_size_ratio, 2)


def _notes(result: Evaluation) -> list[str]:
    """What the words of the table mean."""
    notes = ["[ ]: 95 % interval (Wilson for shares, else bootstrap over images), n: images × classes."]
    if result.task == "detect":
        notes.append("AP: area under the precision envelope at every recall; flagged detections are left out.")
        notes.append("Wilson takes boxes as independent; those of one image are not: F1 and AP show the honest width.")
    elif result.task == "locate":
        notes.append("always …: the same cells for every image, {…} the set that is true most often (majority floor).")
    else:
        notes.append("majority floor: the most frequent count for every image. MAE takes unparsable answers as 0.")
    if OFFSHORE in result.scores or INSHORE in result.scores:
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


def _fraction(number: Proportion | Estimate | None, digits: int = 3) -> str:
    if number is None or number.value is None:
        return "–"
    low, high = number.interval or (number.value, number.value)
    return f"{number.value:.{digits}f} [{low:.{digits}f}–{high:.{digits}f}]"


def _percent(share: Proportion) -> str:
    if share.value is None:
        return "–"
    low, high = share.interval
    return f"{100 * share.value:.1f} % [{100 * low:.1f}–{100 * high:.1f}]"


def _floor(floor: MajorityFloor) -> str:
    return f"{_percent(floor.accuracy)} (always {floor.answer})"


def _cells(cells: Sequence[int] | frozenset[int] | None) -> str:
    return "{" + ", ".join(map(str, sorted(cells or ()))) + "}"
