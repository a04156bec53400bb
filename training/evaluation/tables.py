"""The paper's tables for results of `training.evaluate`:

    python -m training.evaluation.tables NAME=RESULTS.json … --out DIR

Writes tables.md, tables.json and plot.png. Tables 6 and 9 need runs named after the arms of `training.ablation`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from fusar_core.files import atomic_path
from fusar_core.tasks import CLASSIFY, COUNT, DESCRIBE, DETECT, LOCATE
from training.evaluation import paper
from training.evaluation.plots import draw_accuracies

Results = Mapping[str, Any]


def tables(runs: Mapping[str, Results]) -> dict[str, dict[str, Any]]:
    """Number of the paper's table → its `title`, `columns`, and `rows` of ours and of the paper; those that the runs
    have anything for."""
    every = {
        "2": _counting_and_grids(runs),
        "3": _classification(runs),
        "4": _detection(runs),
        "6": _by_arm(runs, "Counting accuracy by fusion", paper.FUSIONS),
        "7": _captions(runs),
        "9": _by_arm(runs, "Counting accuracy by stage", paper.STAGES),
    }
    return {number: table for number, table in every.items() if table["rows"]}


def _table(title: str, columns: Sequence[str], ours: Sequence[Any], theirs: Sequence[Any]) -> dict[str, Any]:
    return {"title": title, "columns": list(columns), "rows": list(ours), "paper": list(theirs) if ours else []}


def percent(said: Mapping[str, Any]) -> str:
    """A proportion or estimate as `52.5 [45.6–59.4]`."""
    low_high = said.get("interval_95")
    return f"{100 * said['value']:.1f}" + (f" [{100 * low_high[0]:.1f}–{100 * low_high[1]:.1f}]" if low_high else "")


def _counting_and_grids(runs: Mapping[str, Results]) -> dict[str, Any]:
    rows = []
    for name, results in runs.items():
        count, grid = (results["scores"].get(task, {}) for task in (COUNT, LOCATE))
        if not count and not grid:
            continue
        row: list[Any] = [name, (count or grid)["all"]["n"]]
        row.append(percent(count["all"]["accuracy"]) if count else "")
        row.append(f"{100 * count['all']['majority_floor']['value']:.1f}" if count else "")
        row.append(f"{count['all']['mae']['value']:.2f}" if count else "")
        row += [percent(grid["all"][k]) if grid else "" for k in ("acc_100", "acc_50", "top_1")]
        present = grid.get("with targets")
        row.append(percent(present["acc_100"]) if present else "")
        row.append(f"{grid['all']['mean_jaccard']['value']:.3f}" if grid else "")
        ratio = grid["all"]["set_size_ratio"]["value"] if grid else None
        row.append("" if ratio is None else f"{ratio:.2f}")
        rows.append(row)
    theirs = [[n, 198, v[0], "", "", *v[1:], "", "", ""] for n, v in paper.COUNTING_AND_GRIDS.items()]
    columns = (
        "model", "n", "counting", "floor", "MAE", "Acc@100", "Acc@50", "Top1", "Acc@100 with targets", "mean Jaccard",
        "cells said / true",
    )  # fmt: skip
    return _table("Counting and spatial localization", columns, rows, theirs)


def _classification(runs: Mapping[str, Results]) -> dict[str, Any]:
    rows = []
    for name, results in runs.items():
        if score := results["scores"].get(CLASSIFY, {}).get("all"):
            classes = [percent(score["per_class"][c]) if c in score["per_class"] else "" for c in ("plane", "ship")]
            floor = f"{100 * score['majority_floor']['value']:.1f}"
            rows.append([name, score["n"], percent(score["accuracy"]), floor, *classes])
    theirs = [[n, "", "", "", *v] for n, v in paper.CLASSIFICATION.items()]
    return _table("Classification", ("model", "n", "accuracy", "floor", "plane", "ship"), rows, theirs)


def _detection(runs: Mapping[str, Results]) -> dict[str, Any]:
    rows = []
    for name, results in runs.items():
        if score := results["scores"].get(DETECT, {}).get("all"):
            rows.append([name, score["n"], score["targets"], *(percent(a["f1"]) for a in score["at"])])
    theirs = [[n, 198, 664, *v] for n, v in paper.DETECTION.items()]
    return _table("Detection, F1", ("model", "n", "targets", "IoU .25", "IoU .5", "IoU .75"), rows, theirs)


def _captions(runs: Mapping[str, Results]) -> dict[str, Any]:
    rows = []
    for name, results in runs.items():
        if score := results["scores"].get(DESCRIBE, {}).get("all"):
            values = [f"{100 * score[k]:.1f}" for k in ("bleu_1", "bleu_4")] + [f"{score['cider']:.1f}"]
            stripped = score["stripped"]
            rows.append([name, score["n"], *values, f"{100 * stripped['bleu_4']:.1f}", f"{stripped['cider']:.1f}"])
    theirs = [[n, "", *v, "", ""] for n, v in paper.CAPTIONS.items()]
    columns = ("model", "n", "BLEU-1", "BLEU-4", "CIDEr", "BLEU-4 stripped", "CIDEr stripped")
    return _table("Captions (METEOR, SPICE: not computed, they need Java)", columns, rows, theirs)


def _by_arm(runs: Mapping[str, Results], title: str, published: Mapping[str, float]) -> dict[str, Any]:
    rows = []
    for arm, value in published.items():
        if arm in runs and COUNT in runs[arm]["scores"]:
            score = runs[arm]["scores"][COUNT]["all"]
            rows.append([arm, score["n"], percent(score["accuracy"]), value])
    return _table(title, ("arm", "n", "counting", "paper"), rows, [])


def markdown(found: Mapping[str, Mapping[str, Any]]) -> str:
    """The tables as Markdown; the paper's rows in italics, since they are of other data."""
    parts = []
    for number, table in found.items():
        lines = [f"**Table {number}. {table['title']}** (percent, 95 % intervals)", ""]
        lines.append("| " + " | ".join(table["columns"]) + " |")
        lines.append("|" + "---|" * len(table["columns"]))
        lines += ["| " + " | ".join(map(str, row)) + " |" for row in table["rows"]]
        lines += ["| " + " | ".join(f"*{v}*" if v != "" else "" for v in row) + " |" for row in table["paper"]]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="NAME=RESULTS.json …")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="folder of the tables")
def main(runs: tuple[str, ...], out: Path) -> None:
    """Render the paper's tables for one or many results."""
    from training.evaluate import read_results

    read = {name: read_results(Path(path)) for name, path in (run.split("=", 1) for run in runs)}
    found = tables(read)
    out.mkdir(parents=True, exist_ok=True)
    for name, text in (("tables.md", markdown(found)), ("tables.json", json.dumps(found, indent=1))):
        with atomic_path(out / name) as temporary:
            temporary.write_text(text, "utf-8")
    draw_accuracies(read, out / "plot.png")
    click.echo(markdown(found))


if __name__ == "__main__":
    main()
