"""Scores an engine on triplets: python -m training.evaluate --engine cfar|MODEL|URL --data T.jsonl --out DIR.

DIR/results.json holds every case and the scores; DIR/cases.jsonl is the journal from which `--resume` goes on.

    results = evaluate(engine, triplets, root, ("count", "locate"), control="shuffled")
    compare(results, evaluate(other, triplets, root, ("count", "locate")))
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from fusar_core import __version__, open_engine
from fusar_core.commands.engine_options import declared_options, engine_arguments
from fusar_core.engines import engine_info, engines, is_address
from fusar_core.engines.base import Engine, named
from fusar_core.errors import BadOption
from fusar_core.evaluation.comparison import compared, require_same
from fusar_core.evaluation.results import Results, read_results
from fusar_core.evaluation.running import Row, run
from fusar_core.prior.aef import EmbeddingSource, open_source
from fusar_core.results.claim import claim
from fusar_core.tasks import scored_task
from fusar_core.tasks.base import BOX
from training.data.triplets import Triplet
from training.data.validation import check_file
from training.errors import BadTriplet, for_people
from training.evaluation import paper
from training.evaluation.ceiling import ceiling
from training.evaluation.controls import CONTROLS, IN_WORDS, OF_ANCHORS, WRONG_YEAR, controlled, place_in_words
from training.evaluation.plan import Scope, cases_of, planned, scorable
from training.evaluation.triplet_cases import TripletCases

BATCH_SIZE = 64
"""Chips at once of an engine that works in batches, unless --batch-size says otherwise."""


def evaluate(
    engine: Engine,
    triplets: Sequence[Triplet],
    root: Path,
    tasks: Sequence[str] = paper.TASKS,
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
    control = _possible(control, engine)
    plan = planned(triplets, scope, engine)
    if baseline is not None:
        require_same({case.key: case.truth for case in cases_of(plan)}, baseline)
    anchors_of = controlled(control, triplets, root, source, other_year)
    about = _about(engine, triplets, scope, control)
    if control == WRONG_YEAR:
        about |= {"source": source.name if source else None, "other_year": other_year}
    cases = TripletCases(
        triplets,
        root,
        plan,
        anchors_of if engine.takes_prior else lambda index: None,
        place_in_words if control == IN_WORDS else lambda triplet: "",
    )
    with tqdm(total=len(triplets), desc="chips", disable=not sys.stderr.isatty()) as bar:
        results = run(
            engine, cases, about, journal=journal, resume=resume, on_progress=lambda done, _: bar.update(done - bar.n)
        )
    results.about["warnings"] = _warnings(engine, triplets)
    if best := ceiling(triplets, results.rows):
        results.about["ceiling_without_prior"] = best
    return results


def _about(engine: Engine, triplets: Sequence[Triplet], scope: Scope, control: str) -> dict[str, Any]:
    """All that decides about the rows, for JSON."""
    return {
        "version": __version__,
        "engine": engine.name,
        "model": engine.model,
        "prior": control,
        "tasks": list(scope.tasks),
        "classes": list(scope.classes),
        "one_class": scope.one_class,
        "most_targets": scope.most_targets,
        "chips": len(triplets),
        "triplets_sha256": _digest(triplets),
    }


def _possible(control: str, engine: Engine) -> str:
    """The control as it is recorded. Raises BadOption where an engine cannot be asked with it."""
    if control not in CONTROLS:
        raise BadOption(f"There is no control '{control}'.", f"Controls: {', '.join(CONTROLS)}.")
    if control == IN_WORDS and engine.derived:
        raise BadOption(f"The engine '{engine.name}' reads no words, of places neither.", "Use another --prior.")
    if engine.takes_prior:
        return control
    if control in OF_ANCHORS:
        raise BadOption(
            f"The engine {named(engine.name, engine.model)} takes no anchors: '{control}' would change nothing.",
            "Leave out --prior.",
        )
    return "none" if control == "as-is" else control


def compare(results: Results, baseline: Results) -> dict[str, Any]:
    """Paired tests, task by task; see `fusar_core.evaluation.comparison`, which also has `pooled` for several seeds."""
    return compared(results.rows, baseline.rows)


def _warnings(engine: Engine, triplets: Sequence[Triplet]) -> list[str]:
    """What the engine has to say of itself, and of the least and the greatest pixels. To be asked when it has answered:
    only then does it know its server."""
    known = sorted(t.gsd_m for t in triplets if t.gsd_m)
    sizes = [(size, size) for size in (known[0], known[-1])] if known else [None]
    return list(dict.fromkeys(said for size in sizes for said in engine.report(size).warnings))


def _digest(triplets: Sequence[Triplet]) -> str:
    digest = hashlib.sha256()
    for triplet in triplets:
        digest.update(triplet.to_json().encode() + b"\n")
    return digest.hexdigest()


def chosen_engine(name: str, options: dict[str, Any]) -> Engine:
    """An engine by name, address or model directory, with the options that were given on the command line.

    Raises BadOption for an option that it does not have, and what opening it raises.
    """
    if not is_address(name) and name not in engines():
        if options.get("model") is not None:
            raise BadOption(f"Two models were given: {name} and {options['model']}.", "Give one of them.")
        name, options = "fusar", {**options, "model": name}
    if options.get("batch_size") is None and "batch_size" in {o.name for o in engine_info(name).options}:
        options = {**options, "batch_size": BATCH_SIZE}
    return open_engine(name, **engine_arguments(name, options))


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
@click.option("--engine", "name", required=True, help="cfar, fusar, a model directory, or the address of a server")
@click.option("--data", required=True, type=click.Path(path_type=Path, exists=True), help="triplets (JSONL)")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="folder of the results")
@click.option(
    "--tasks", default="", callback=_words, help=f"of {', '.join(scorable())}; default: what is asked of every chip"
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
@declared_options
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
    baseline: Path | None,
    resume: bool,
    **options: Any,
) -> None:
    """Score an engine on triplets."""
    with for_people():
        triplets = chosen_triplets(data, limit)
        against = read_results(baseline) if baseline else None
        engine = chosen_engine(name, options)
        out.mkdir(parents=True, exist_ok=True)
        claim([out / "results.json", out / "cases.jsonl"], [data, baseline, options.get("model")])
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
        results.write(out / "results.json")
        (out / "cases.jsonl").unlink()
    click.echo("\n".join(_report(results)))


def _usual_tasks(engine: Engine, classes: Sequence[str]) -> tuple[str, ...]:
    """What an engine can do without describing; `classify` where there is a choice."""

    def usual(name: str) -> bool:
        task = scored_task(name)
        return name in engine.tasks and not task.free_text and (task.about != BOX or len(classes) > 1)

    return tuple(filter(usual, paper.TASKS))


def _report(results: Results) -> list[str]:
    lines = [f"prior     {results.about['prior']}"]
    lines += [f"warning   {said}" for said in results.about["warnings"]]
    best = results.about.get("ceiling_without_prior", {})
    for task, found in results.scores.items():
        ceiling = f"  ceiling without prior {best[task]:.3f}" if task in best else ""
        lines.append(
            f"{task:9} {scored_task(task).brief(found['all'])}{ceiling}  parsed {found['parsed']['value']:.3f}"
        )
    for task, tests in results.about.get("against", {}).get("tests", {}).items():
        for name, test in tests.items():
            if test["difference"] is not None:
                lines.append(
                    f"{task:9} {name}: {test['difference']:+.3f} against the baseline, p {test['p_value']:.2g}"
                )
    return lines
