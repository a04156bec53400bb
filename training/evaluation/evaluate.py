"""Scores an engine on triplets: python -m training.evaluate --engine cfar|MODEL|URL --data T.jsonl --out DIR.

DIR/results.json holds every case and the scores; DIR/cases.jsonl is the journal from which `--resume` goes on.

    results = evaluate(engine, triplets, root, ("count", "locate"), control="shuffled")
    compare(results, evaluate(other, triplets, root, ("count", "locate")))
"""

from __future__ import annotations

import gzip
import hashlib
import json
import sys
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from fusar_core import __version__, open_engine
from fusar_core.engines import ENGINES, is_address
from fusar_core.engines.base import Engine, usable
from fusar_core.errors import BadOption, BadResults
from fusar_core.files import atomic_path
from fusar_core.interpretation.journal import Journal
from fusar_core.prior.aef import EmbeddingSource, open_source
from fusar_core.results.claim import claim
from fusar_core.tasks import CLASSIFY, DESCRIBE, DETECT
from training.data.triplets import Triplet
from training.data.validation import check_file
from training.errors import BadTriplet, for_people
from training.evaluation.cases import Row, answered
from training.evaluation.comparison import compared, require_same
from training.evaluation.controls import CONTROLS, IN_WORDS, OF_ANCHORS, WRONG_YEAR, controlled, said_place
from training.evaluation.plan import KNOWN, TASKS, Scope, cases_of, planned
from training.evaluation.scores import ceiling, scores

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
    *,
    resume: bool = False,
    one_class: bool = False,
    most_targets: int | None = None,
    source: EmbeddingSource | None = None,
    other_year: int | None = None,
    baseline: Sequence[Row] | None = None,
) -> Results:
    """Asks an engine about every triplet and scores what it says.

    root: the folder that the paths of the triplets are relative to. tasks, classes, one_class, most_targets: see
    `Scope`. control, source, other_year: see `controlled`; of an engine that takes no anchors, `as-is` is recorded as
    `none`. journal: keeps the rows of finished chips; with resume, what it holds already is not asked again. baseline:
    rows to test against, refused at once if they are of other cases.

    Raises UnsupportedTask, UnknownClass, BadOption, BadTriplet, BadResults, ResumeMismatch, and what the engine raises.
    """
    scope = Scope(tasks, classes, one_class, most_targets)
    if control not in CONTROLS:
        raise BadOption(f"There is no control '{control}'.", f"Controls: {', '.join(CONTROLS)}.")
    if control == IN_WORDS and engine.derived:
        raise BadOption(f"The engine '{engine.name}' reads no words, of places neither.", "Use another --prior.")
    if not usable(engine, True):
        if control in OF_ANCHORS:
            raise BadOption(
                f"The engine '{engine.name}' ({engine.model}) takes no anchors: '{control}' would change nothing.",
                "Leave out --prior.",
            )
        control = "none" if control == "as-is" else control
    plan = planned(triplets, scope, engine)
    if baseline is not None:
        require_same({case.key: case.truth for case in cases_of(plan)}, baseline)
    anchors_of = controlled(control, triplets, root, source, other_year)
    about = {
        "version": __version__,
        "engine": engine.name,
        "model": engine.model,
        "prior": control,
        "tasks": list(tasks),
        "classes": list(classes),
        "one_class": one_class,
        "most_targets": most_targets,
        "chips": len(triplets),
        "triplets_sha256": _digest(triplets),
    }
    if control == WRONG_YEAR:
        about |= {"source": source.name if source else None, "other_year": other_year}
    kept = Journal(journal, about, resume=resume) if journal else None
    rows, seconds, first = _finished(kept)
    preamble = said_place if control == IN_WORDS else lambda triplet: ""
    fresh = answered(engine, triplets, root, plan, anchors_of, preamble, first)
    bar = tqdm(fresh, total=len(triplets), initial=first, desc="chips", disable=not sys.stderr.isatty())
    before = time.monotonic()
    try:
        for index, found in enumerate(bar, first):
            rows += found
            now = time.monotonic()
            seconds, spent, before = seconds + now - before, now - before, now
            if kept:
                kept.record(index, rows=found, seconds=round(spent, 4))
    finally:
        fresh.close()
        if kept:
            kept.close()
    about |= {"cases": len(rows), "seconds": round(seconds, 1), "warnings": _warnings(engine, triplets)}
    if best := ceiling(triplets, rows):
        about["ceiling_without_prior"] = best
    return Results(about, rows, scores(rows))


def compare(results: Results, baseline: Results) -> dict[str, Any]:
    """Paired tests, task by task; see `training.evaluation.comparison`, which also has `pooled` for several seeds."""
    return compared(results.rows, baseline.rows)


def _warnings(engine: Engine, triplets: Sequence[Triplet]) -> list[str]:
    """What the engine has to say of itself, and of the least and the greatest pixels. To be asked when it has answered:
    only then does it know its server."""
    tell = getattr(engine, "warnings", None)
    known = sorted(t.gsd_m for t in triplets if t.gsd_m)
    sizes = [(size, size) for size in (known[0], known[-1])] if known else [None]
    return list(dict.fromkeys(said for size in sizes for said in tell(size))) if tell else []


def _finished(journal: Journal | None) -> tuple[list[Row], float, int]:
    """Rows of the chips in a journal, the seconds they took, and how many chips they are."""
    entries = list(journal.finished.values()) if journal else []
    return [row for e in entries for row in e["rows"]], sum(e["seconds"] for e in entries), len(entries)


def _digest(triplets: Sequence[Triplet]) -> str:
    digest = hashlib.sha256()
    for triplet in triplets:
        digest.update(triplet.to_json().encode() + b"\n")
    return digest.hexdigest()


def chosen_engine(name: str, batch_size: int, options: dict[str, Any]) -> Engine:
    """An engine by name, model directory or address. Raises what opening it raises."""
    if name in ENGINES and name != "fusar":
        return open_engine(name)
    if is_address(name):
        return open_engine(name, **options)
    return open_engine("fusar", model=None if name == "fusar" else name, batch_size=batch_size)


def read_results(path: Path) -> dict[str, Any]:
    """A results file, also one that is packed (`.gz`). Raises BadResults."""
    try:
        packed = path.read_bytes()
        content = json.loads(gzip.decompress(packed) if path.suffix == ".gz" else packed)
    except (OSError, EOFError, zlib.error, ValueError) as cause:
        raise BadResults(f"{path} cannot be read: {cause}.", "Give a results.json of training.evaluate.") from cause
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise BadResults(f"{path} is no results file of training.evaluate.", "Give a results.json of it.")
    return content


def chosen_triplets(path: Path, limit: int | None = None) -> list[Triplet]:
    """The first triplets of a file, whose images and anchors are there. Raises BadTriplet."""
    report = check_file(path, with_files=False, against_truth=False)
    if report.defects:
        raise report.defects[0].as_error(len(report.defects) - 1)
    triplets = report.triplets[:limit]
    for triplet in triplets:
        for name in (triplet.image, triplet.anchors):
            if name and not (path.parent / name).exists():
                raise BadTriplet(
                    f"Triplet {triplet.id}: there is no {path.parent / name}.", "Build the triplets again."
                )
    return triplets


def _words(context: Any, parameter: Any, value: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word.strip() for word in value.split(",") if word.strip()))


@click.command()
@click.option("--engine", "name", required=True, help="cfar, a model directory, or the address of a server")
@click.option("--data", required=True, type=click.Path(path_type=Path, exists=True), help="triplets (JSONL)")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="folder of the results")
@click.option(
    "--tasks", default="", callback=_words, help=f"of {', '.join(KNOWN)}; default: what is asked of every chip"
)
@click.option("--classes", default="plane,ship", show_default=True, callback=_words)
@click.option("--one-class", is_flag=True, help="ask about one class a chip: one that is there, else in turns")
@click.option("--targets-per-chip", "most_targets", type=click.IntRange(1), help="to classify; default: all")
@click.option("--limit", type=click.IntRange(1), help="only the first so many chips")
@click.option("--prior", "control", default="as-is", show_default=True, type=click.Choice(CONTROLS))
@click.option(
    "--source", help="for --prior wrong-year, not the files that facts name: mosaic, a raster, … as of fusar anchors"
)
@click.option("--other-year", type=int, help="of --source; default: the year before the chip's own")
@click.option("--batch-size", default=64, show_default=True, type=click.IntRange(1))
@click.option("--model", help="name of the model on a server")
@click.option("--baseline", type=click.Path(path_type=Path), help="results.json to test against, case by case")
@click.option("--resume", is_flag=True, help="go on with a run that was broken off")
def main(
    name: str,
    data: Path,
    out: Path,
    tasks: tuple[str, ...],
    classes: tuple[str, ...],
    one_class: bool,
    most_targets: int | None,
    limit: int | None,
    control: str,
    source: str | None,
    other_year: int | None,
    batch_size: int,
    model: str | None,
    baseline: Path | None,
    resume: bool,
) -> None:
    """Score an engine on triplets."""
    with for_people():
        triplets = chosen_triplets(data, limit)
        against = read_results(baseline) if baseline else None
        engine = chosen_engine(name, batch_size, {"model": model} if model else {})
        out.mkdir(parents=True, exist_ok=True)
        claim([out / "results.json", out / "cases.jsonl"], [data, baseline, model])
        results = evaluate(
            engine,
            triplets,
            data.parent,
            tasks or _usual_tasks(engine, classes),
            classes,
            control,
            out / "cases.jsonl",
            resume=resume,
            one_class=one_class,
            most_targets=most_targets,
            source=open_source(source) if source else None,
            other_year=other_year,
            baseline=against["rows"] if against else None,
        )
        results.about |= {"data": str(data), "data_sha256": hashlib.sha256(data.read_bytes()).hexdigest()}
        if against:
            who = {"file": str(baseline), "engine": against["engine"], "model": against["model"]}
            results.about["against"] = {**who, "tests": compared(results.rows, against["rows"])}
        with atomic_path(out / "results.json") as temporary:
            temporary.write_text(json.dumps(results.as_dict(), ensure_ascii=False, allow_nan=False), "utf-8")
        (out / "cases.jsonl").unlink()
    click.echo("\n".join(_report(results)))


def _usual_tasks(engine: Engine, classes: Sequence[str]) -> tuple[str, ...]:
    """What an engine can do without describing; `classify` where there is a choice."""
    return tuple(t for t in TASKS if t in engine.tasks and t != DESCRIBE and (t != CLASSIFY or len(classes) > 1))


def _report(results: Results) -> list[str]:
    lines = [f"prior     {results.about['prior']}"]
    lines += [f"warning   {said}" for said in results.about["warnings"]]
    best = results.about.get("ceiling_without_prior", {})
    for task, found in results.scores.items():
        ceiling = f"  ceiling without prior {best[task]:.3f}" if task in best else ""
        lines.append(f"{task:9} {_line(task, found['all'])}{ceiling}  parsed {found['parsed']['value']:.3f}")
    for task, tests in results.about.get("against", {}).get("tests", {}).items():
        for name, test in tests.items():
            if test["difference"] is not None:
                lines.append(
                    f"{task:9} {name}: {test['difference']:+.3f} against the baseline, p {test['p_value']:.2g}"
                )
    return lines


def _line(task: str, score: dict[str, Any]) -> str:
    if task == DETECT:
        return "F1 " + " ".join(f"@{a['iou']} {a['f1']['value']:.3f}" for a in score["at"])
    named = {"accuracy": "accuracy", "acc_100": "Acc@100", "top_1": "Top1", "bleu_4": "BLEU-4", "cider": "CIDEr"}
    values = {k: v["value"] if isinstance(v, dict) else v for k, v in score.items() if k in named}
    floor = f"  floor {score['majority_floor']['value']:.3f}" if "majority_floor" in score else ""
    if task == DESCRIBE:
        floor = f"  floor {score['floor']['bleu_4']:.3f}, {score['floor']['cider']:.1f}"
    return "  ".join(f"{named[k]} {v:.3f}" for k, v in values.items()) + floor
