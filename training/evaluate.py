"""Scores an engine on triplets: python -m training.evaluate --engine cfar|MODEL|URL --data T.jsonl --out DIR.

DIR/results.json holds every case and the scores; DIR/cases.jsonl is the journal from which `--resume` goes on.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from fusar_core import __version__, open_engine
from fusar_core.engines import ENGINES, is_address
from fusar_core.engines.base import Engine
from fusar_core.errors import BadOption, BadResults, FusarError
from fusar_core.files import atomic_path
from fusar_core.tasks import DESCRIBE, DETECT
from training.data.triplets import Triplet, read_triplets
from training.evaluation.cases import TASKS, Row, answered
from training.evaluation.controls import CONTROLS
from training.evaluation.scores import compared, scores

FORMAT = "fusar-training-evaluation/1"


@dataclass
class Results:
    """Who was asked what, every case, and the scores."""

    about: dict[str, Any]
    rows: list[Row]
    scores: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return {"format": FORMAT, **self.about, "scores": self.scores, "rows": self.rows}


def evaluate(
    engine: Engine,
    triplets: Sequence[Triplet],
    root: Path,
    tasks: Sequence[str] = TASKS,
    classes: Sequence[str] = ("plane", "ship"),
    control: str = "as-is",
    journal: Path | None = None,
) -> Results:
    """Asks an engine about every triplet and scores what it says; see `training.evaluation.cases.answered`.

    journal: keeps the rows of finished chips; what it holds already is not asked again.
    """
    done = _finished(journal, triplets)
    started, first = time.monotonic(), len(done)
    rows = [row for chip in done for row in chip]
    fresh = answered(engine, triplets, root, tasks, classes, control, first=first)
    bar = tqdm(fresh, total=len(triplets), initial=first, desc="chips", disable=not sys.stderr.isatty())
    out = open(journal, "a", encoding="utf-8") if journal else None  # noqa: SIM115
    try:
        for triplet, found in zip(triplets[first:], bar, strict=True):
            rows += found
            if out:
                out.write(json.dumps({"id": triplet.id, "rows": found}, ensure_ascii=False) + "\n")
    finally:
        if out:
            out.close()
    about = {
        "version": __version__,
        "engine": engine.name,
        "model": engine.model,
        "prior": control,
        "tasks": list(tasks),
        "classes": list(classes),
        "chips": len(triplets),
        "seconds": round(time.monotonic() - started, 1),
    }
    return Results(about, rows, scores(rows))


def _finished(journal: Path | None, triplets: Sequence[Triplet]) -> list[list[Row]]:
    """Rows of the chips in a journal, as far as it follows the triplets; a broken last line is dropped."""
    if journal is None or not journal.exists():
        return []
    found: list[list[Row]] = []
    kept = []
    for line, triplet in zip(journal.read_text("utf-8").splitlines(), triplets, strict=False):
        try:
            entry = json.loads(line)
        except ValueError:
            break
        if entry["id"] != triplet.id:
            raise BadResults(
                f"{journal} is about other triplets: {entry['id']} is not {triplet.id}.", "Use a new --out."
            )
        found.append(entry["rows"])
        kept.append(line)
    journal.write_text("".join(line + "\n" for line in kept), "utf-8")
    return found


def chosen_engine(name: str, batch_size: int, options: dict[str, Any]) -> Engine:
    """An engine by name, model directory or address. Raises what opening it raises."""
    if name in ENGINES and name != "fusar":
        return open_engine(name)
    if is_address(name):
        return open_engine(name, **options)
    return open_engine("fusar", model=None if name == "fusar" else name, batch_size=batch_size)


def read_results(path: Path) -> dict[str, Any]:
    """A results file. Raises BadResults."""
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as cause:
        raise BadResults(f"{path} cannot be read: {cause}.", "Give a results.json of training.evaluate.") from cause
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise BadResults(f"{path} is no results file of training.evaluate.", "Give a results.json of it.")
    return content


def _words(context: Any, parameter: Any, value: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word.strip() for word in value.split(",") if word.strip()))


@click.command()
@click.option("--engine", "name", required=True, help="cfar, a model directory, or the address of a server")
@click.option("--data", required=True, type=click.Path(path_type=Path, exists=True), help="triplets (JSONL)")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="folder of the results")
@click.option("--tasks", default="", callback=_words, help="default: count, locate, classify, detect, where it can")
@click.option("--classes", default="plane,ship", show_default=True, callback=_words)
@click.option("--limit", type=int, help="only the first so many chips")
@click.option("--prior", "control", default="as-is", show_default=True, type=click.Choice(CONTROLS))
@click.option("--batch-size", default=64, show_default=True)
@click.option("--model", help="name of the model on a server")
@click.option("--baseline", type=click.Path(path_type=Path), help="results.json to test against, case by case")
@click.option("--resume", is_flag=True, help="go on with a run that was broken off")
def main(
    name: str,
    data: Path,
    out: Path,
    tasks: tuple[str, ...],
    classes: tuple[str, ...],
    limit: int | None,
    control: str,
    batch_size: int,
    model: str | None,
    baseline: Path | None,
    resume: bool,
) -> None:
    """Score an engine on triplets."""
    try:
        triplets = list(read_triplets(data))[:limit]
        if not triplets:
            raise BadOption(f"{data} holds no triplet.", "Give a file of triplets.")
        before = read_results(baseline) if baseline else None
        engine = chosen_engine(name, batch_size, {"model": model} if model else {})
        tasks = tasks or tuple(t for t in TASKS if t in engine.tasks and t != DESCRIBE)
        out.mkdir(parents=True, exist_ok=True)
        journal = out / "cases.jsonl"
        if not resume:
            journal.unlink(missing_ok=True)
        results = evaluate(engine, triplets, data.parent, tasks, classes, control, journal)
        results.about |= {"data": str(data), "data_sha256": hashlib.sha256(data.read_bytes()).hexdigest()}
        if ceiling := _ceiling(triplets, classes):
            results.about["ceiling_without_prior"] = ceiling
        if before:
            results.about["against"] = {"file": str(baseline), "tests": compared(results.rows, before["rows"])}
        with atomic_path(out / "results.json") as temporary:
            temporary.write_text(json.dumps(results.as_dict(), ensure_ascii=False), "utf-8")
        journal.unlink(missing_ok=True)
    except FusarError as error:
        raise click.ClickException(f"{error} [{error.code}]") from error
    for task, found in results.scores.items():
        click.echo(f"{task:9} {_line(task, found['all'])}   parsed {found['parsed']['value']:.3f}")


def _ceiling(triplets: Sequence[Triplet], classes: Sequence[str]) -> dict[str, float]:
    """Of a perfect reader without prior, where the triplets say what an image leaves open."""
    if not any(t.facts.get("hypotheses") or t.facts.get("independent") for t in triplets):
        return {}
    from training.simulation.ceiling import ceilings

    return {task: round(value, 4) for task, value in ceilings(triplets, classes).items()}


def _line(task: str, score: dict[str, Any]) -> str:
    if task == DETECT:
        return "F1 " + " ".join(f"@{a['iou']} {a['f1']['value']:.3f}" for a in score["at"])
    named = {"accuracy": "accuracy", "acc_100": "Acc@100", "top_1": "Top1", "bleu_4": "BLEU-4", "cider": "CIDEr"}
    values = {k: v["value"] if isinstance(v, dict) else v for k, v in score.items() if k in named}
    floor = f"  floor {score['majority_floor']['value']:.3f}" if "majority_floor" in score else ""
    return "  ".join(f"{named[k]} {v:.3f}" for k, v in values.items()) + floor


if __name__ == "__main__":
    main()
