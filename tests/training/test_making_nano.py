"""From nothing to a model that answers, and the ablation and its table: everything once, with few chips and steps."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fusar_core import open_engine
from training.data.splits import assert_disjoint
from training.data.triplets import read_triplets
from training.errors import ChangedRecipe, RunExists
from training.evaluation.evaluate import read_results
from training.runs import ablation
from training.runs.make_nano import LEAST_CHIPS, PARTS, trained, triplets_of

SHARE = ["--share", "0.001"]


def call(module: str, *words: str | Path) -> str:
    line = [sys.executable, "-m", module, *map(str, words)]
    return subprocess.run(line, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("nano") / "work"
    call("training.make_nano", "--work", folder, "--out", folder / "shipped", *SHARE)
    return folder


def test_what_is_shipped_is_a_model_of_every_task_and_half_as_large(work: Path) -> None:
    engine = open_engine("fusar", model=work / "shipped")
    assert {"detect", "count", "locate", "classify", "describe", "ask"} <= set(engine.tasks)
    trained, shipped = (work / d / "model.safetensors" for d in ("fusar-nano/model", "shipped"))
    assert shipped.stat().st_size < 0.6 * trained.stat().st_size
    assert shipped.stat().st_size < 24e6


def test_base_and_model_learn_from_other_places(work: Path) -> None:
    base, coasts = (list(read_triplets(work / part / "triplets_1.0.jsonl")) for part in ("base", "coasts"))
    assert (len(base), len(coasts)) == (LEAST_CHIPS, round(0.001 * PARTS["coasts"].chips))
    assert_disjoint(base, coasts)


def test_what_is_done_is_not_done_again(work: Path) -> None:
    written = [work / run / "model" / "model.safetensors" for run in ("stage0", "fusar-nano")]
    before = [path.stat().st_mtime_ns for path in written]
    call("training.make_nano", "--work", work, *SHARE)
    assert [path.stat().st_mtime_ns for path in written] == before


def test_a_finished_run_is_not_taken_for_another(work: Path) -> None:
    """After a dry run in the same folder, the whole one would export a model of two steps."""
    data = triplets_of(work / "base")
    with pytest.raises(ChangedRecipe, match="dense_steps: 0 → 700"):
        trained("nano-base", work / "untrained", data, work / "stage0")
    with pytest.raises(ChangedRecipe, match="data_sha256"):
        trained("nano-base", work / "untrained", triplets_of(work / "coasts"), work / "stage0", 0.001)
    assert trained("nano-base", work / "untrained", data, work / "stage0", 0.001) == work / "stage0"


def test_the_ablation_starts_from_the_base_that_comes_along_unless_told_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tmp_path / "work" / "stage0" / "model"
    for base, content in ((tmp_path / "shipped", b"one"), (made, b"other")):
        base.mkdir(parents=True)
        (base / "model.safetensors").write_bytes(content)
    monkeypatch.setattr(ablation, "BASE", tmp_path / "shipped")
    monkeypatch.setattr(ablation, "base_model", lambda work, share: made)
    assert ablation.base_of(tmp_path / "work") == tmp_path / "shipped"
    assert ablation.base_of(tmp_path / "work") == tmp_path / "shipped"
    with pytest.raises(RunExists, match="another base"):
        ablation.base_of(tmp_path / "work", anew=True)
    assert ablation.base_of(tmp_path / "other", anew=True) == made


def test_the_ablation_makes_its_table(work: Path) -> None:
    arms = ["none-stage2", "tlm-stage2"]
    call("training.ablation", "--work", work, "--arms", ",".join(arms), "--seeds", "1", "--jobs", "1", *SHARE)
    for arm in arms:
        results = read_results(work / "ablation" / f"{arm}-1" / "as-is" / "results.json")
        assert results["chips"] == 32
        assert set(results["scores"]) == {"count", "locate", "classify", "detect"}
    call("training.evaluation.ablation_table", work / "ablation", "--out", work / "table")
    lines = json.loads((work / "table" / "ablation.json").read_text("utf-8"))["arms"]
    assert [line["arm"] for line in lines] == arms
    assert lines[1]["against"] == "none-stage2"
    assert "tests" in lines[1]
