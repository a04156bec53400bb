"""The ablation's table: means over seeds, and tests against the right twin."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from fusar_core.errors import BadResults
from fusar_core.evaluation.results import FORMAT, read_results
from fusar_core.evaluation.scores import scores
from training.data.triplets import Triplet
from training.evaluation.ablation_table import against_twin, lines, main, markdown, read_runs, twin_of
from training.runs.ablation import ARMS, STEPS


def results(right: int, of: int = 20, first: int = 0) -> dict[str, Any]:
    """Counts of so many chips, the first few of them right."""
    said = {"class": "ship", "parse_status": "ok", "score": None, "raw_text": "", "present": True}
    rows = [
        {"id": str(first + i), "task": "count", "truth": 1, "answer": 1 if i < right else 2, **said} for i in range(of)
    ]
    return {"format": FORMAT, "scores": scores(rows), "rows": rows}


def test_every_arm_is_tested_against_the_twin_trained_as_it_was() -> None:
    assert [twin_of(a) for a in ("tlm", "sum", "tlm-stage2", "tlm-full", "tlm-shuffled", "tlm-useless")] == [
        "none", "none", "none-stage2", "none-full", "none", "none",
    ]  # fmt: skip
    names = {arm.name for arm in ARMS}
    assert all(twin_of(name) in names for name in names)


def test_every_arm_of_one_kind_is_trained_for_the_same_number_of_steps() -> None:
    for arm in ARMS:
        assert sum(settings["steps"] for _, settings in arm.stages()) == 2 * STEPS
        assert all(settings["fusion"] == arm.fusion for _, settings in arm.stages())


def test_means_spread_and_the_test_over_all_seeds() -> None:
    runs = {"none": {1: results(8), 2: results(10)}, "tlm": {1: results(16), 2: results(14)}}
    none, tlm = lines(runs, ["none", "tlm"])
    assert none["counting"]["mean"] == pytest.approx(0.45)
    assert tlm["counting"]["mean"] == pytest.approx(0.75)
    assert tlm["counting"]["spread"] == pytest.approx(0.1)
    assert "tests" not in none
    test = tlm["tests"]["count"]["accuracy"]
    assert (test["difference"], test["n"], test["places"]) == (pytest.approx(0.3), 20, 20)
    assert test["by_seed"] == [pytest.approx(0.4), pytest.approx(0.2)]
    assert test["p_value"] < 0.01
    text = markdown([none, tlm])
    assert "0.750 (± 0.050)" in text
    assert "+0.300 [" in text


def test_seeds_that_only_one_side_has_are_not_compared() -> None:
    assert against_twin({1: results(3)}, {2: results(3)}) == {}
    found = against_twin({1: results(5), 3: results(9)}, {1: results(3), 2: results(3)})
    assert found["count"]["accuracy"]["by_seed"] == [pytest.approx(0.1)]


def test_other_cases_are_refused() -> None:
    with pytest.raises(BadResults, match="others"):
        against_twin({1: results(3)}, {1: results(3, first=5)})


def test_the_command_reads_finished_runs_and_their_controls(tmp_path: Path) -> None:
    with pytest.raises(BadResults, match="no finished run"):
        read_runs([tmp_path])
    for arm, seed, control, right in (("none", 1, "as-is", 5), ("tlm", 1, "as-is", 15), ("tlm", 1, "shuffled", 4)):
        folder = tmp_path / "ablation" / f"{arm}-{seed}" / control
        folder.mkdir(parents=True)
        (folder / "results.json").write_text(json.dumps(results(right)))
    done = CliRunner().invoke(main, [str(tmp_path / "ablation"), "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert "| tlm | 1 | 0.750" in done.output
    assert "tlm, anchors shuffled" in done.output
    content = json.loads((tmp_path / "out" / "ablation.json").read_text())
    assert [len(content[part]) for part in ("arms", "controls")] == [2, 1]
    assert (tmp_path / "out" / "ablation.png").stat().st_size > 5000


def test_published_runs_join_those_of_another_folder(tmp_path: Path) -> None:
    for work, seed, right in (("here", 1, 5), ("there", 1, 9), ("there", 2, 15)):
        folder = tmp_path / work / "ablation" / f"tlm-{seed}" / "as-is"
        folder.mkdir(parents=True)
        (folder / "results.json").write_text(json.dumps(results(right)))
    words = [str(tmp_path / "there" / "ablation"), "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(main, [*words, "--publish", str(tmp_path / "published")])
    assert done.exit_code == 0, done.output
    packed = tmp_path / "published" / "tlm-2" / "as-is" / "results.json.gz"
    assert read_results(packed) == results(15)
    runs = read_runs([tmp_path / "here" / "ablation", tmp_path / "published"])
    assert runs == {"tlm": {1: results(5), 2: results(15)}}
    both = [str(tmp_path / "here" / "ablation"), str(tmp_path / "published"), "--out", str(tmp_path / "out")]
    assert CliRunner().invoke(main, [*both, "--publish", str(tmp_path / "again")]).exit_code == 0
    assert read_runs([tmp_path / "again"]) == runs
    packed.write_bytes(packed.read_bytes()[:-9])
    with pytest.raises(BadResults, match="cannot be read"):
        read_results(packed)


def test_arms_are_tested_against_any_other(tmp_path: Path) -> None:
    for arm, right in (("none", 5), ("sum", 9), ("tlm", 15)):
        folder = tmp_path / "ablation" / f"{arm}-1" / "as-is"
        folder.mkdir(parents=True)
        (folder / "results.json").write_text(json.dumps(results(right)))
    words = [str(tmp_path / "ablation"), "--out", str(tmp_path / "out"), "--against"]
    done = CliRunner().invoke(main, [*words, "sum"])
    assert done.exit_code == 0, done.output
    assert "counting − sum, p" in done.output
    arms = json.loads((tmp_path / "out" / "ablation.json").read_text())["arms"]
    differences = {line["arm"]: line["tests"]["count"]["accuracy"]["difference"] for line in arms if "tests" in line}
    assert differences == {"none": pytest.approx(-0.2), "tlm": pytest.approx(0.3)}
    refused = CliRunner().invoke(main, [*words, "concat"])
    assert refused.exit_code == 1
    assert "no finished run of the arm 'concat'" in refused.output


def test_open_chips_are_tested_against_a_reader_without_prior(tmp_path: Path) -> None:
    """Each of 8 chips holds a point that is a ship in half of all cases: nobody without a prior is right more often."""
    for arm, right in (("none", 4), ("tlm", 8)):
        for seed in (1, 2):
            folder = tmp_path / "ablation" / f"{arm}-{seed}" / "as-is"
            folder.mkdir(parents=True)
            (folder / "results.json").write_text(json.dumps(results(right, 8)))
    point = {"p_ship": 0.5, "bbox": [1.0, 1.0, 9.0, 9.0]}
    chips = [
        Triplet(str(i), (90, 90), (), image="a.png", facts={"ambiguous": True, "independent": [point]})
        for i in range(8)
    ]
    (tmp_path / "t.jsonl").write_text("".join(chip.to_json() + "\n" for chip in chips))
    words = [str(tmp_path / "ablation"), "--out", str(tmp_path / "out"), "--data", str(tmp_path / "t.jsonl")]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    assert "counting − ceiling, p" in done.output
    lines_of = json.loads((tmp_path / "out" / "ablation.json").read_text())["open"]
    none, tlm = (line["tests_against_ceiling"]["count"]["accuracy"] for line in lines_of)
    assert (none["difference"], none["n"]) == (0, 8)
    assert none["p_value"] > 0.5
    assert tlm["difference"] == pytest.approx(0.5)
    assert tlm["p_value"] < 0.01


def test_chips_that_are_open_are_told_from_clear_ones(tmp_path: Path) -> None:
    for arm, right in (("none", 5), ("tlm", 15)):
        folder = tmp_path / "ablation" / f"{arm}-1" / "as-is"
        folder.mkdir(parents=True)
        (folder / "results.json").write_text(json.dumps(results(right)))
    chips = [
        Triplet(str(i), (168, 168), (), image="a.png", facts={"ambiguous": i < 8, "hypotheses": []}) for i in range(20)
    ]
    (tmp_path / "t.jsonl").write_text("".join(chip.to_json() + "\n" for chip in chips))
    words = [str(tmp_path / "ablation"), "--out", str(tmp_path / "out"), "--data", str(tmp_path / "t.jsonl")]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    content = json.loads((tmp_path / "out" / "ablation.json").read_text())
    means = {part: [line["counting"]["mean"] for line in content[part]] for part in ("open", "clear")}
    assert means == {"open": [pytest.approx(5 / 8), 1.0], "clear": [0.0, pytest.approx(7 / 12)]}
    assert "8 open chips" in done.output
