"""The ablation's table from its runs: python -m training.evaluation.ablation_table WORK/ablation [MORE …] --out DIR.

One line an arm: mean over the seeds with the spread between them, and the difference from the twin without prior of the
same stages, or from the arm of `--against`, all seeds together, with a bootstrap over places. Then the controls of the
finished `tlm`; and, given the triplets, the same for the chips whose image leaves something open, with the difference
from what a perfect reader without prior could reach, and for those that are clear. And a picture.
"""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np

from fusar_core.errors import BadOption, BadResults
from fusar_core.evaluation.cases import key_of
from fusar_core.evaluation.comparison import against_levels, pooled
from fusar_core.evaluation.results import read_results
from fusar_core.evaluation.scores import ALL, scores
from fusar_core.files import atomic_path
from fusar_core.results.claim import claim
from fusar_core.scoring.measures import PRESENT
from fusar_core.tasks import TASKS
from training.data.triplets import Triplet, read_triplets
from training.errors import for_people
from training.evaluation import paper
from training.evaluation.ceiling import best_without_prior, ceiling
from training.evaluation.plots import ceiling_of, draw_ablation, floor_of

TWINS = {"": "none", "-stage2": "none-stage2", "-full": "none-full"}
"""End of an arm's name → the arm without prior that was trained as it was."""
MEASURES = {
    f"{TASKS[task].headline} {part}".removesuffix(f" {ALL}"): (task, part)
    for task in paper.ABLATED
    for part in ((ALL, PRESENT) if TASKS[task].in_cells else (ALL,))
}
"""Column → task and part of its cases. Of cells also where there are targets: nowhere else can they be wrong."""
TESTED = {TASKS[task].headline: (task, "accuracy") for task in paper.TESTED}
"""What is compared with the twin: the task, and the measure of `Task.measures`."""

OPEN = "open"
"""Name of the part of the chips whose image leaves something open."""

Runs = Mapping[int, Mapping[str, Any]]
"""Seed → results."""


def read_runs(folders: Sequence[Path], control: str = "as-is") -> dict[str, dict[int, dict[str, Any]]]:
    """Arm → seed → results, of the runs that are finished; of one in several folders, the first folder's.

    Raises BadResults where there is none.
    """
    found: dict[str, dict[int, dict[str, Any]]] = defaultdict(dict)
    for path in results_in(folders, control):
        arm, _, seed = path.parents[1].name.rpartition("-")
        if int(seed) not in found[arm]:
            found[arm][int(seed)] = read_results(path)
    if not found:
        named = ", ".join(map(str, folders))
        raise BadResults(f"{named}: no finished run with --prior {control}.", "Run training.ablation first.")
    return dict(found)


def results_in(folders: Sequence[Path], control: str = "*") -> list[Path]:
    """The files of results, packed or not, folder by folder."""
    return [path for folder in folders for path in sorted(folder.glob(f"*/{control}/results.json*"))]


def publish(folders: Sequence[Path], out: Path) -> None:
    """Packs the answers of finished runs into OUT/ARM-SEED/CONTROL/results.json.gz, for others to test against.

    Of a run in several folders, the first folder's, as in the table.
    """
    for folder in reversed(folders):
        for path in results_in([folder]):
            packed = out / path.parent.relative_to(folder) / "results.json.gz"
            packed.parent.mkdir(parents=True, exist_ok=True)
            content = path.read_bytes()
            with atomic_path(packed) as temporary:
                temporary.write_bytes(content if path.suffix == ".gz" else gzip.compress(content, mtime=0))


def twin_of(arm: str) -> str:
    """The arm without prior that an arm is tested against."""
    return next((TWINS[end] for end in TWINS if end and arm.endswith(end)), TWINS[""])


def value(results: Mapping[str, Any], task: str, group: str = "all") -> float:
    """The number a table shows for a task: accuracy, Acc@100, or F1 at IoU .25."""
    return float(TASKS[task].main_number(results["scores"][task][group])["value"])


def against_twin(runs: Runs, twins: Runs) -> dict[str, Any]:
    """Task → measure → an arm against its twin on the cases of all seeds that both have (`comparison.pooled`)."""
    seeds = sorted(runs.keys() & twins.keys())
    return pooled([runs[s]["rows"] for s in seeds], [twins[s]["rows"] for s in seeds]) if seeds else {}


def against_ceiling(runs: Runs, triplets: Sequence[Triplet]) -> dict[str, Any]:
    """Task → measure of TESTED → accuracy of an arm, all seeds, minus what a perfect reader without prior reaches on
    the same cases (`comparison.against_levels`). Empty where the triplets do not say what their images leave open.

    Raises BadResults where seeds were asked other cases.
    """
    some = next(iter(runs.values()))["rows"]
    best = {key_of(row): p for row, p in zip(some, best_without_prior(triplets, some), strict=True) if p is not None}
    found = {}
    for task, measure in TESTED.values():
        keys = [key for key in best if key[1] == task]
        if keys:
            sides = [{key_of(row): row for row in results["rows"]} for results in runs.values()]
            if any(key not in side for side in sides for key in keys):
                raise BadResults(f"The seeds were asked other cases of '{task}'.", "Evaluate all on the same triplets.")
            rows = [[side[key] for key in keys] for side in sides]
            found[task] = {measure: against_levels(rows, [best[key] for key in keys])}
    return found


def lines(
    runs: Mapping[str, Runs],
    order: Sequence[str] = (),
    against: str | None = None,
    open_chips: Sequence[Triplet] = (),
) -> list[dict[str, Any]]:
    """One line an arm: its seeds, mean and spread of each measure, and the tests against its twin.

    against: an arm to test all others against instead. open_chips: the triplets asked about, for tests against the
    ceiling of a reader without prior.
    """
    found = []
    for arm in sorted(runs, key=lambda a: (order.index(a) if a in order else len(order), a)):
        seeds, twin = runs[arm], against or twin_of(arm)
        line: dict[str, Any] = {"arm": arm, "seeds": sorted(seeds), "against": twin if twin != arm else ""}
        for name, (task, group) in MEASURES.items():
            scored = [r for r in seeds.values() if group in r["scores"].get(task, {})]
            values = [value(results, task, group) for results in scored]
            if values:
                line[name] = {"mean": float(np.mean(values)), "spread": float(np.ptp(values)), "values": values}
        if line["against"] in runs:
            line["tests"] = against_twin(seeds, runs[line["against"]])
        if open_chips and (tests := against_ceiling(seeds, open_chips)):
            line["tests_against_ceiling"] = tests
        found.append(line)
    return found


def only(runs: Mapping[str, Runs], ids: Collection[str]) -> dict[str, dict[int, dict[str, Any]]]:
    """The runs as if they had been asked about these chips alone."""
    found: dict[str, dict[int, dict[str, Any]]] = {}
    for arm, seeds in runs.items():
        found[arm] = {}
        for seed, results in seeds.items():
            rows = [row for row in results["rows"] if row["id"] in ids]
            found[arm][seed] = {**results, "rows": rows, "scores": scores(rows)}
    return found


def markdown(found: Sequence[Mapping[str, Any]], against: str = "twin") -> str:
    """The lines as a table; of differences from the ceiling only where there are some."""
    tests = {"tests": against}
    if any("tests_against_ceiling" in line for line in found):
        tests["tests_against_ceiling"] = "ceiling"
    heads = ["arm", "seeds", *MEASURES, *(f"{name} − {other}, p" for other in tests.values() for name in TESTED)]
    rows = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for line in found:
        cells = [line["arm"], str(len(line["seeds"]))]
        for name in MEASURES:
            said = line.get(name)
            cells.append(f"{said['mean']:.3f} (± {said['spread'] / 2:.3f})" if said else "")
        for kind in tests:
            for task, measure in TESTED.values():
                test = line.get(kind, {}).get(task, {}).get(measure)
                cells.append(_test_in_words(test) if test else "")
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows) + "\n"


def _test_in_words(test: Mapping[str, Any]) -> str:
    low, high = test["interval_95"]
    return f"{test['difference']:+.3f} [{low:+.3f}, {high:+.3f}], p {test['p_value']:.2g}"


@click.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="folder of the table")
@click.option("--data", type=click.Path(path_type=Path, exists=True), help="the triplets, to tell open chips")
@click.option("--against", metavar="ARM", help="test every arm against this one instead of its twin without prior")
@click.option("--publish", "published", type=click.Path(path_type=Path), help="pack the answers of the runs there")
@for_people()
def main(folders: tuple[Path, ...], out: Path, data: Path | None, against: str | None, published: Path | None) -> None:
    """Render the ablation's table."""
    from training.runs.ablation import ARMS, CONTROLS

    runs = read_runs(folders)
    if against is not None and against not in runs:
        raise BadOption(f"There is no finished run of the arm '{against}'.", f"Finished: {', '.join(sorted(runs))}.")
    order = [arm.name for arm in ARMS]
    table = lines(runs, order, against)
    controls = []
    for control in CONTROLS:
        if results_in(folders, control):
            found = read_runs(folders, control)
            controls += [{**line, "arm": f"{line['arm']}, anchors {control}"} for line in lines(found)]
    named = against or "twin"
    text = markdown(table, named) + ("\n" + markdown(controls) if controls else "")
    parts: dict[str, list[dict[str, Any]]] = {}
    some = next(iter(next(iter(runs.values())).values()))
    for name, triplets in _parts(data).items():
        ids = {t.id for t in triplets}
        asked = [row for row in some["rows"] if row["id"] in ids]
        parts[name] = lines(only(runs, ids), order, against, triplets if name == OPEN else ())
        best = [f"{task} {p:.3f}" for task, p in ceiling(triplets, asked).items() if " " not in task]
        known = f"; ceiling without prior: {', '.join(best)}" if best else ""
        text += f"\n{len(triplets)} {name} chips{known}\n\n{markdown(parts[name], named)}"
    out.mkdir(parents=True, exist_ok=True)
    claim([out / name for name in ("ablation.md", "ablation.json", "ablation.png")], [*folders, data])
    content = {"arms": table, "controls": controls, **parts}
    for name, written in (("ablation.md", text), ("ablation.json", json.dumps(content, indent=1))):
        with atomic_path(out / name) as temporary:
            temporary.write_text(written, "utf-8")
    draw_ablation([*table, *controls], _levels(some), out / "ablation.png")
    if published is not None:
        publish(folders, published)
    click.echo(text)


def _levels(results: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """For each measure of the picture its floor, and the ceiling of a reader without prior, as far as known."""
    found: dict[str, dict[str, float]] = {}
    for name, (task, group) in MEASURES.items():
        if group != "all" or task not in results["scores"]:
            continue
        known = {"floor": floor_of(results, task), "ceiling without prior": ceiling_of(results, task)}
        found[name] = {what: level for what, level in known.items() if level is not None}
    return found


def _parts(data: Path | None) -> dict[str, list[Triplet]]:
    """The chips whose image leaves something open, and the others."""
    triplets = list(read_triplets(data)) if data else []
    parts: dict[str, list[Triplet]] = {OPEN: [], "clear": []}
    for triplet in triplets:
        parts[OPEN if triplet.facts.get("ambiguous") else "clear"].append(triplet)
    return {name: found for name, found in parts.items() if found}


if __name__ == "__main__":
    main()
