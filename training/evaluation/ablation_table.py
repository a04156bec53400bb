"""The ablation's table from its runs: python -m training.evaluation.ablation_table WORK/ablation --out DIR.

One line an arm: mean over the seeds with the spread between them, and a paired test against the twin without prior of
the same stages on the same cases, all seeds together. Then the controls of the finished `tlm`.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np

from fusar_core.errors import BadResults
from fusar_core.files import atomic_path
from fusar_core.scoring.intervals import mcnemar
from fusar_core.tasks import CLASSIFY, COUNT, DETECT, LOCATE
from training.evaluate import read_results
from training.evaluation.scores import right

TWINS = {"": "none", "-stage2": "none-stage2", "-full": "none-full"}
"""End of an arm's name → the arm without prior that was trained as it was."""
MEASURES = (COUNT, LOCATE, CLASSIFY, DETECT)

Runs = Mapping[int, Mapping[str, Any]]
"""Seed → results."""


def read_runs(folder: Path, control: str = "as-is") -> dict[str, dict[int, dict[str, Any]]]:
    """Arm → seed → results, of the runs that are finished. Raises BadResults where there is none."""
    found: dict[str, dict[int, dict[str, Any]]] = defaultdict(dict)
    for path in sorted(folder.glob(f"*/{control}/results.json")):
        arm, _, seed = path.parents[1].name.rpartition("-")
        found[arm][int(seed)] = read_results(path)
    if not found:
        raise BadResults(f"{folder} holds no finished run with --prior {control}.", "Run training.ablation first.")
    return dict(found)


def twin_of(arm: str) -> str:
    """The arm without prior that an arm is tested against."""
    return next((TWINS[end] for end in TWINS if end and arm.endswith(end)), TWINS[""])


def value(results: Mapping[str, Any], task: str) -> float:
    """The number a table shows for a task: accuracy, Acc@100, or F1 at IoU .25."""
    score = results["scores"][task]["all"]
    if task == DETECT:
        return float(score["at"][0]["f1"]["value"])
    return float(score["acc_100" if task == LOCATE else "accuracy"]["value"])


def paired(runs: Runs, twins: Runs, task: str) -> dict[str, Any] | None:
    """McNemar's exact test of an arm against its twin over the cases of all seeds that both have; None without any.

    A case of one seed is paired with the same case of the same seed. Seeds share their cases, so a small p says that
    the arm is better on these chips, not on any.
    """
    first: list[bool] = []
    second: list[bool] = []
    for seed in sorted(runs.keys() & twins.keys()):
        pair = [{_key(r): right(r) for r in side[seed]["rows"] if r["task"] == task} for side in (runs, twins)]
        if pair[0].keys() != pair[1].keys():
            raise BadResults(f"Seed {seed}: the twin's cases of '{task}' are others.", "Evaluate both on one file.")
        first += pair[0].values()
        second += [pair[1][key] for key in pair[0]]
    return mcnemar(first, second).as_dict() if first else None


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return (row["id"], row["class"], *row.get("box", ()))


def lines(runs: Mapping[str, Runs], order: Sequence[str] = ()) -> list[dict[str, Any]]:
    """One line an arm: its seeds, mean and spread of each measure, and the test of counts and cells."""
    found = []
    for arm in sorted(runs, key=lambda a: (order.index(a) if a in order else len(order), a)):
        seeds, twin = runs[arm], twin_of(arm)
        line: dict[str, Any] = {"arm": arm, "seeds": sorted(seeds), "against": twin if twin != arm else ""}
        for task in MEASURES:
            values = [value(results, task) for results in seeds.values() if task in results["scores"]]
            if values:
                line[task] = {"mean": float(np.mean(values)), "spread": float(np.ptp(values)), "values": values}
        if line["against"] in runs:
            for task in (COUNT, LOCATE):
                line[f"{task}_test"] = paired(seeds, runs[twin], task)
        found.append(line)
    return found


def markdown(found: Sequence[Mapping[str, Any]]) -> str:
    """The lines as a table."""
    heads = ("arm", "seeds", "counting", "cells, Acc@100", "classification", "F1@.25", "p, counting", "p, cells")
    rows = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for line in found:
        cells = [line["arm"], str(len(line["seeds"]))]
        for task in MEASURES:
            said = line.get(task)
            cells.append(f"{said['mean']:.3f} (± {said['spread'] / 2:.3f})" if said else "")
        for task in (COUNT, LOCATE):
            test = line.get(f"{task}_test")
            cells.append(f"{test['p_value']:.2g}" if test else "")
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows) + "\n"


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="folder of the table")
def main(folder: Path, out: Path) -> None:
    """Render the ablation's table."""
    from training.ablation import ARMS, CONTROLS

    runs = read_runs(folder)
    table = lines(runs, [arm.name for arm in ARMS])
    controls = []
    for control in CONTROLS:
        if any(folder.glob(f"*/{control}/results.json")):
            found = read_runs(folder, control)
            controls += [{**line, "arm": f"{line['arm']}, anchors {control}"} for line in lines(found)]
    text = markdown(table) + ("\n" + markdown(controls) if controls else "")
    out.mkdir(parents=True, exist_ok=True)
    for name, content in (("ablation.md", text), ("ablation.json", json.dumps([*table, *controls], indent=1))):
        with atomic_path(out / name) as temporary:
            temporary.write_text(content, "utf-8")
    click.echo(text)


if __name__ == "__main__":
    main()
