"""The paper's tables for results of `training.evaluate`:

    python -m training.evaluation.tables NAME=RESULTS.json … --out DIR

Writes tables.md, tables.json and plot.png. Tables 6 and 9 need runs named after the arms of `training.ablation`
(`tlm`), with the number of the seed behind where there are several (`tlm-1`, `tlm-2`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from fusar_core.errors import BadOption
from fusar_core.evaluation.results import read_results
from fusar_core.files import atomic_path
from fusar_core.results.claim import claim
from fusar_core.scoring.captions import ORDERS
from fusar_core.scoring.measures import PRESENT
from fusar_core.tasks import CLASSIFY, COUNT, DESCRIBE, DETECT, FINE, LOCATE
from training.errors import for_people
from training.evaluation import paper
from training.evaluation.plots import draw_accuracies

Results = Mapping[str, Any]
Table = dict[str, Any]
MISSING = ""


def tables(runs: Mapping[str, Results]) -> dict[str, Table]:
    """Number of the paper's table → its `title`, `columns`, `rows` of ours, `paper`, its own rows, and a `note` on
    them; and `tests`, against baselines. Those that the runs have nothing for are left out."""
    every = {
        "2": _counting_and_grids(runs),
        "3": _classification(runs),
        "4": _detection(runs),
        "6": _by_arm(runs, "Counting by fusion", paper.FUSIONS, paper.FUSIONS_NOTE),
        "7": _captions(runs),
        "9": _by_arm(runs, "Counting by stage", paper.STAGES, paper.STAGES_NOTE),
        "tests": _tests(runs),
    }
    return {number: table for number, table in every.items() if table["rows"]}


def _table(
    title: str, columns: Sequence[str], ours: Sequence[Any], theirs: Sequence[Any] = (), note: str = ""
) -> Table:
    published = list(theirs) if ours else []
    return {"title": title, "columns": list(columns), "rows": list(ours), "paper": published, "note": note}


def percent(said: Mapping[str, Any] | None) -> str:
    """A proportion or estimate as `52.5 [45.6–59.4]`."""
    return MISSING if said is None else _within(said["value"], said.get("interval_95"))


def _within(value: float | None, interval: Sequence[float] | None, times: float = 100) -> str:
    """A value with its interval, in percent unless said otherwise."""
    if value is None or interval is None:
        return _number(value, 1, times)
    return f"{times * value:.1f} [{times * interval[0]:.1f}–{times * interval[1]:.1f}]"


def _number(value: float | None, digits: int = 1, times: float = 100) -> str:
    return MISSING if value is None else f"{times * value:.{digits}f}"


def _of(results: Results, task: str, part: str = "all") -> dict[str, Any]:
    """Scores of a task over a part of its cases; empty where there are none."""
    found: dict[str, Any] = results["scores"].get(task, {}).get(part, {})
    return found


def _ceiling(results: Results, task: str) -> str:
    return _number(results.get("ceiling_without_prior", {}).get(task))


def _counting_and_grids(runs: Mapping[str, Results]) -> Table:
    rows = []
    for name, results in runs.items():
        count, grid = _of(results, COUNT), _of(results, LOCATE)
        counted, found = _of(results, COUNT, PRESENT), _of(results, LOCATE, PRESENT)
        if not count and not grid:
            continue
        row: list[Any] = [name, (count or grid)["n"], percent(count.get("accuracy"))]
        row += [_number(count["majority_floor"]["value"]) if count else MISSING, _ceiling(results, COUNT)]
        row += [_number(count["mae"]["value"], 2, 1) if count else MISSING, percent(counted.get("accuracy"))]
        row += [percent(grid.get("acc_100"))]
        row += [_number(grid["majority_floor"]["value"]) if grid else MISSING, _ceiling(results, LOCATE)]
        row += [percent(grid.get("acc_50")), percent(grid.get("top_1"))]
        row += [percent(found.get(measure)) for measure in ("acc_100", "acc_50", "top_1")]
        row += [
            _number(grid[k]["value"], d, 1) if grid else "" for k, d in (("mean_jaccard", 3), ("set_size_ratio", 2))
        ]
        rows.append(row)
    theirs = [
        [name, paper.IMAGES, v[0], *[MISSING] * 3, v[0], v[1], *[MISSING] * 2, v[2], v[3], *v[1:], *[MISSING] * 2]
        for name, v in paper.COUNTING_AND_GRIDS.items()
    ]
    columns = (
        "model", "n", "counting", "floor", "ceiling", "MAE", f"counting {PRESENT}", "Acc@100", "floor", "ceiling",
        "Acc@50", "Top1", f"Acc@100 {PRESENT}", f"Acc@50 {PRESENT}", f"Top1 {PRESENT}", "mean Jaccard",
        "cells said / true",
    )  # fmt: skip
    return _table("Counting and spatial localization", columns, rows, theirs, paper.TARGETS_NOTE)


def _classification(runs: Mapping[str, Results]) -> Table:
    rows = []
    for name, results in runs.items():
        score, fine = _of(results, CLASSIFY), _of(results, FINE)
        if score or fine:
            row: list[Any] = [name, (score or fine)["n"], percent(score.get("accuracy"))]
            row += [_number(score["majority_floor"]["value"]) if score else MISSING, _ceiling(results, CLASSIFY)]
            row += [percent(score["per_class"].get(c)) if score else MISSING for c in ("plane", "ship")]
            rows.append([*row, percent(fine.get("accuracy"))])
    theirs = [[name, *[MISSING] * 4, *v, MISSING] for name, v in paper.CLASSIFICATION.items()]
    columns = ("model", "n", "accuracy", "floor", "ceiling", "plane", "ship", "fine classes")
    return _table("Classification", columns, rows, theirs)


def _detection(runs: Mapping[str, Results]) -> Table:
    rows = []
    for name, results in runs.items():
        for label in ("all", "plane", "ship"):
            if score := _of(results, DETECT, label):
                at = score["at"]
                first = [
                    name,
                    label,
                    score["n"],
                    score["targets"],
                    percent(at[0]["precision"]),
                    percent(at[0]["recall"]),
                ]
                rows.append(
                    [*first, *(percent(a["f1"]) for a in at), *(_number((a["ap"] or {}).get("value")) for a in at)]
                )
    theirs = [
        [name, label, paper.IMAGES, paper.TARGETS[label], MISSING, *values, *[MISSING] * 3]
        for name, by_label in paper.DETECTION.items()
        for label, values in by_label.items()
    ]
    of = ("F1@.25", "F1@.5", "F1@.75", "AP@.25", "AP@.5", "AP@.75")
    return _table("Detection", ("model", "class", "n", "targets", "P@.25", "R@.25", *of), rows, theirs)


def _captions(runs: Mapping[str, Results]) -> Table:
    rows = []
    for name, results in runs.items():
        if score := _of(results, DESCRIBE):
            interval, floor = score.get("intervals_95", {}), score.get("floor", {})  # results of before have none
            row: list[Any] = [name, score["n"]]
            row += [_within(score[f"bleu_{n}"], interval.get(f"bleu_{n}")) for n in ORDERS]
            row += [_number(floor.get("bleu_4")), _within(score["cider"], interval.get("cider"), 1)]
            row += [_number(floor.get("cider"), 1, 1)]
            stripped, bare = score["stripped"], interval.get("stripped", {})
            row += [_within(stripped["bleu_4"], bare.get("bleu_4")), _within(stripped["cider"], bare.get("cider"), 1)]
            rows.append(row)
    theirs = [[name, MISSING, *v[:4], MISSING, v[4], *[MISSING] * 3] for name, v in paper.CAPTIONS.items()]
    bleu = [f"BLEU-{n}" for n in ORDERS]
    columns = ("model", "n", *bleu, "BLEU-4 floor", "CIDEr", "CIDEr floor", "BLEU-4 stripped", "CIDEr stripped")
    return _table("Captions (METEOR, SPICE: not computed, they need Java)", columns, rows, theirs)


def _by_arm(runs: Mapping[str, Results], title: str, published: Mapping[str, float | None], note: str) -> Table:
    """A row an arm: one run with its interval, or the mean of several seeds and how far they lie apart."""
    rows = []
    for arm, value in published.items():
        seeds = [r for name, r in runs.items() if re.fullmatch(rf"{re.escape(arm)}(-\d+)?", name) and _of(r, COUNT)]
        if seeds:
            counts = [_of(r, COUNT)["accuracy"] for r in seeds]
            grids = [score["acc_100"] for r in seeds if (score := _of(r, LOCATE, PRESENT))]
            said = MISSING if value is None else value
            rows.append([arm, len(seeds), counts[0]["n"], _over_seeds(counts), _over_seeds(grids), said])
    columns = ("arm", "seeds", "n", "counting", "Acc@100 with targets", "paper, counting")
    return _table(f"{title} (several seeds: mean, lowest to highest)", columns, rows, note=note)


def _over_seeds(said: Sequence[Mapping[str, Any]]) -> str:
    values = [100 * s["value"] for s in said]
    if len(values) < 2:
        return percent(said[0]) if said else MISSING
    return f"{sum(values) / len(values):.1f} ({min(values):.1f} to {max(values):.1f})"


def _tests(runs: Mapping[str, Results]) -> Table:
    rows = []
    for name, results in runs.items():
        against = results.get("against", {})
        for task, tests in against.get("tests", {}).items():
            for measure, test in tests.items():
                if test["difference"] is None:
                    continue
                times = 1 if measure in ("mae", "mean_jaccard", "cider") else 100
                low, high = (times * v for v in test["interval_95"])
                difference = f"{times * test['difference']:+.2f} [{low:+.2f} to {high:+.2f}]"
                by_place = test.get("p_value_by_place", test["p_value"])
                p = [f"{test['p_value']:.2g}" if "only_this" in test else MISSING, f"{by_place:.2g}"]
                rows.append([name, Path(against["file"]).parent.name, task, measure, test["n"], difference, *p])
    columns = ("model", "baseline", "task", "measure", "n", "difference", "p, McNemar", "p, bootstrap over places")
    return _table("Paired tests against baselines", columns, rows)


def markdown(found: Mapping[str, Table]) -> str:
    """The tables as Markdown; the paper's rows in italics, since they are of other data."""
    parts = []
    for number, table in found.items():
        name = f"Table {number}. {table['title']}" if number.isdigit() else table["title"]
        lines = [f"**{name}** (percent, 95 % intervals)", ""]
        lines.append("| " + " | ".join(table["columns"]) + " |")
        lines.append("|" + "---|" * len(table["columns"]))
        lines += ["| " + " | ".join(map(str, row)) + " |" for row in table["rows"]]
        for row in table["paper"]:
            said = [f"{v:.2f}" if isinstance(v, float) else v for v in row]
            lines.append("| " + " | ".join(f"*{v}*" if v != MISSING else "" for v in said) + " |")
        lines += ["", table["note"]] if table["note"] else []
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="NAME=RESULTS.json …")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="folder of the tables")
def main(runs: tuple[str, ...], out: Path) -> None:
    """Render the paper's tables for one or many results."""
    with for_people():
        if unnamed := [run for run in runs if "=" not in run]:
            raise BadOption(f"'{unnamed[0]}' has no name.", "Give NAME=RESULTS.json.")
        read = {name: read_results(Path(path)) for name, path in (run.split("=", 1) for run in runs)}
        found = tables(read)
        out.mkdir(parents=True, exist_ok=True)
        written = [out / name for name in ("tables.md", "tables.json", "plot.png")]
        claim(written, [run.partition("=")[2] for run in runs])
        for name, text in (("tables.md", markdown(found)), ("tables.json", json.dumps(found, indent=1))):
            with atomic_path(out / name) as temporary:
                temporary.write_text(text, "utf-8")
        draw_accuracies(read, out / "plot.png")
    click.echo(markdown(found))


if __name__ == "__main__":
    main()
