"""A stage from beginning to end: exact resumption, what is refused before it begins, what the run folder holds."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from click.testing import CliRunner
from PIL import Image
from safetensors.torch import load_file

from fusar_core.errors import DiskFull, FusarError, MissingExtra, OutputUnwritable
from fusar_core.model.checkpoint import FIRST_TASKS
from fusar_core.tasks import COUNT, DESCRIBE
from training.data.triplets import Triplet, write_triplets
from training.errors import BadRecipe, BadTriplet, ChangedRecipe, MissingStageOne, RunExists, SampleTooLong
from training.runs.launch import on_device
from training.runs.run import main as run_command
from training.runs.run import run
from training.stages.curves import draw_curves
from training.stages.train import main, train
from training.stages.trainer import checkpoints

Recipes = Callable[..., Any]
REPOSITORY = Path(__file__).parents[2]
DENSE = {"dense_weight": 0.5, "dense_steps": 2, "dense_layer": 1, "box_spread": 2.0, "fusion": "tlm"}


def logged(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]


def weights(out: Path) -> dict[str, torch.Tensor]:
    (path,) = (out / "model").rglob("*model.safetensors")
    return load_file(path)


def broken_off(out: Path, step: int) -> None:
    """Makes a finished run look as if it had been killed after the checkpoint of a step."""
    for path in checkpoints(out):
        if int(path.name.removeprefix("checkpoint-")) > step:
            shutil.rmtree(path)
    (out / "run.json").unlink()
    shutil.rmtree(out / "model")


CASES: dict[str, dict[str, Any]] = {
    "as nano is trained": {"stage": 0, "steps": 8, **DENSE},
    "in the last steps, with workers": {"stage": 0, "steps": 7, "workers": 1, "schedule": "cosine"},
    "stage 2": {
        "stage": 2, "trainable": "lora", "conversations": 0, "augment": False, "task_balance": False, "batch": 3,
        "accumulation": 2, "lora_dropout": 0.2, "steps": 8, "prior_dropout": 0.0, "attention": "", "tasks": (COUNT,),
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("case", "step"),
    [
        ("as nano is trained", 2),
        ("as nano is trained", 6),
        ("in the last steps, with workers", 6),
        ("stage 2", 2),
        ("stage 2", 6),
    ],
)
def test_a_resumed_run_goes_on_exactly(
    case: str, step: int, tmp_path: Path, base: Path, stage_one: Path, chips: Path, nano: Recipes
) -> None:
    """Losses, gradients and weights are bit-equal to those of an unbroken run; 12 chips are 3 or 4 steps an epoch."""
    recipe = nano(**{"save_steps": 2, "keep": 9, **CASES[case]})
    start = stage_one / "model" if recipe.stage == 2 else base
    train(recipe, start, chips, tmp_path)
    expected, whole, history = logged(tmp_path), weights(tmp_path), json.loads((tmp_path / "run.json").read_text())
    assert len({row["loss"] for row in expected}) == len(expected)
    broken_off(tmp_path, step)
    done = train(recipe, start, chips, tmp_path, resume=True)
    assert logged(tmp_path) == expected
    assert done["loss"] == [tuple(pair) for pair in history["loss"]]
    assert done["steps"] == recipe.steps
    again = weights(tmp_path)
    assert again.keys() == whole.keys()
    assert all(torch.equal(again[name], whole[name]) for name in whole)


def test_the_frozen_prior_stays_frozen_after_a_resume(
    tmp_path: Path, stage_one: Path, chips: Path, recipe: Recipes
) -> None:
    two = recipe(stage=2, trainable="lora", save_steps=2)
    train(two, stage_one / "model", chips, tmp_path)
    broken_off(tmp_path, 2)
    train(two, stage_one / "model", chips, tmp_path, resume=True)
    before, after = weights(stage_one), weights(tmp_path)
    assert {n for n in after if not torch.equal(before[n], after[n])} == {n for n in after if "lora_" in n}


def test_a_run_that_had_done_its_last_step_does_no_other(
    tmp_path: Path, base: Path, chips: Path, nano: Recipes
) -> None:
    recipe = nano(steps=4, save_steps=2)
    train(recipe, base, chips, tmp_path)
    whole = weights(tmp_path)
    broken_off(tmp_path, 4)
    assert train(recipe, base, chips, tmp_path, resume=True)["steps"] == 4
    assert all(torch.equal(tensor, whole[name]) for name, tensor in weights(tmp_path).items())


def test_what_a_run_folder_holds(tmp_path: Path, base: Path, chips: Path, nano: Recipes) -> None:
    recipe = nano(steps=4, save_steps=2, dtype="auto")
    train(recipe, base, chips, tmp_path)
    settings = yaml.safe_load((tmp_path / "recipe.yaml").read_text())
    as_run = on_device(recipe).as_dict()
    assert as_run["dtype"] != "auto"
    assert settings.items() >= as_run.items()
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    assert set(FIRST_TASKS) <= set(config["tasks"])  # made anew from the truth, about all that it tells
    facts = json.loads((tmp_path / "run.json").read_text())
    assert facts["recipe"] == json.loads(json.dumps(as_run))
    assert facts["data_sha256"] == settings["data_sha256"]
    assert len(facts["data_sha256"]) == 64
    assert (facts["steps"], facts["chips_a_step"], facts["samples"], facts["processes"]) == (4, 4, 12, 1)
    assert 0 <= facts["wait_share"] < 1
    assert len(facts["revision"].rstrip("+")) in (0, 40)  # empty outside a repository
    assert [row["step"] for row in logged(tmp_path)] == [1, 2, 3, 4]
    assert {"loss", "grad_norm", "learning_rate", "epoch"} <= set(logged(tmp_path)[0])
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert list((tmp_path / "runs").rglob("events.out.tfevents.*"))
    assert {p.name for p in checkpoints(tmp_path)} == {"checkpoint-2", "checkpoint-4"}
    assert (tmp_path / "model" / "config.json").exists()


def changed(chips: Path, folder: Path, change: Callable[[Triplet], Triplet], triplets: list[Triplet]) -> Path:
    """The chips with their last triplet changed, files copied to the folder."""
    shutil.copytree(chips.parent, folder)
    write_triplets([*triplets[:-1], change(triplets[-1])], folder / "chips.jsonl")
    return folder / "chips.jsonl"


def test_a_run_is_not_resumed_with_something_else(
    tmp_path: Path, base: Path, stage_one: Path, chips: Path, triplets: list[Triplet], nano: Recipes
) -> None:
    recipe, out = nano(steps=2, save_steps=2), tmp_path / "run"
    train(recipe, base, chips, out)
    other = changed(chips, tmp_path / "other", lambda t: replace(t, place="elsewhere"), triplets)
    with pytest.raises(ChangedRecipe, match=r"seed: 42 → 7"):
        train(replace(recipe, seed=7), base, chips, out, resume=True)
    with pytest.raises(ChangedRecipe, match="data_sha256"):
        train(recipe, base, other, out, resume=True)
    with pytest.raises(ChangedRecipe, match="start_fingerprint"):
        train(recipe, stage_one / "merged", chips, out, resume=True)
    with pytest.raises(RunExists, match="of an earlier run"):
        train(recipe, base, chips, out)


def test_a_finished_run_is_neither_replaced_nor_done_again(
    tmp_path: Path, base: Path, chips: Path, nano: Recipes
) -> None:
    recipe = nano(steps=2)  # without checkpoints
    facts = train(recipe, base, chips, tmp_path)
    before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*") if p.is_file()}
    with pytest.raises(RunExists, match="of an earlier run"):
        train(replace(recipe, seed=7), base, chips, tmp_path)
    assert train(recipe, base, chips, tmp_path, resume=True) == json.loads(json.dumps(facts))
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*") if p.is_file()} == before


@pytest.mark.parametrize("name", ["model", "merged"])
@pytest.mark.parametrize("resume", [False, True])
def test_a_model_that_lies_where_one_is_to_be_stays(
    tmp_path: Path, base: Path, chips: Path, nano: Recipes, name: str, resume: bool
) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "model.safetensors").write_text("somebody's")
    with pytest.raises(RunExists):
        train(nano(steps=1), base, chips, tmp_path, resume=resume, merge=True)
    assert (tmp_path / name / "model.safetensors").read_text() == "somebody's"


def test_checkpoints_and_loaders_may_be_others_when_a_run_goes_on(
    tmp_path: Path, base: Path, chips: Path, nano: Recipes
) -> None:
    recipe = nano(steps=6, save_steps=2, keep=9)
    train(recipe, base, chips, tmp_path)
    expected = weights(tmp_path)
    broken_off(tmp_path, 2)
    train(replace(recipe, keep=1, workers=1), base, chips, tmp_path, resume=True)
    assert [p.name for p in checkpoints(tmp_path)] == ["checkpoint-6"]
    assert all(torch.equal(tensor, expected[name]) for name, tensor in weights(tmp_path).items())


def test_settings_that_came_later_had_their_default(tmp_path: Path, base: Path, chips: Path, nano: Recipes) -> None:
    recipe = nano(steps=2, save_steps=2)
    train(recipe, base, chips, tmp_path)
    then = yaml.safe_load((tmp_path / "recipe.yaml").read_text())
    for name in ("base_dtype", "chips_a_step", "start_fingerprint"):
        del then[name]
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(then))
    train(recipe, base, chips, tmp_path, resume=True)
    with pytest.raises(ChangedRecipe, match="chips_a_step: 0 → 4"):
        (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(then))
        train(replace(recipe, chips_a_step=4), base, chips, tmp_path, resume=True)


def without(name: str) -> Callable[[Triplet], Triplet]:
    return lambda t: replace(t, **{name: f"{name}/nowhere"})


def long(triplet: Triplet) -> Triplet:
    talks = [
        replace(t, answer=" ".join(f"Ship {i}." for i in range(300))) if t.task == DESCRIBE else t
        for t in triplet.conversations
    ]
    return replace(triplet, conversations=tuple(talks))


def silent(triplet: Triplet) -> Triplet:
    return replace(triplet, conversations=tuple(t for t in triplet.conversations if t.task == COUNT))


def outside(triplet: Triplet) -> Triplet:
    target = replace(triplet.targets[0], bbox=(80.0, 80.0, 99.0, 99.0))
    return replace(triplet, targets=(target,), conversations=silent(triplet).conversations)


DEFECTS: dict[str, tuple[Callable[[Triplet], Triplet], type[FusarError], str]] = {
    "image gone": (without("image"), BadTriplet, "chip-11.*nowhere.* does not exist"),
    "anchors gone": (without("anchors"), BadTriplet, "chip-11.*nowhere.* does not exist"),
    "another size": (lambda t: replace(t, size=(90, 90)), BadTriplet, "84 × 84 pixels where the triplet says 90 × 90"),
    "box outside": (outside, BadTriplet, "chip-11.*not inside"),
    "id twice": (lambda t: replace(t, id="chip-0"), BadTriplet, "chip-0.*occurs twice"),
    "too long": (long, SampleTooLong, "chip-11.*describe takes .* tokens; the limit is 512"),
    "nothing to say": (silent, BadTriplet, "chip-11 has no conversation about describe"),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_defects_of_the_data_are_found_before_the_first_step(
    defect: str, tmp_path: Path, base: Path, chips: Path, triplets: list[Triplet], recipe: Recipes
) -> None:
    change, error, words = DEFECTS[defect]
    with_targets = next(t for t in triplets if t.targets)
    last = replace(with_targets, id="chip-11", image=triplets[-1].image, anchors=triplets[-1].anchors)
    data = changed(chips, tmp_path / "data", lambda _: change(last), triplets)
    with pytest.raises(error, match=words):
        train(recipe(tasks=(DESCRIBE,), conversations=1), base, data, tmp_path / "run")
    assert not (tmp_path / "run" / "metrics.jsonl").exists()


def test_chips_of_which_nothing_is_said_are_no_silent_loss(
    tmp_path: Path, base: Path, chips: Path, triplets: list[Triplet], recipe: Recipes
) -> None:
    """Every conversation a sample of its own: a chip without any is refused, one with others is not asked about."""
    each = recipe(tasks=(DESCRIBE,), conversations=0, steps=1)
    bare = changed(chips, tmp_path / "bare", lambda t: replace(t, conversations=()), triplets)
    with pytest.raises(BadTriplet, match=r"chip-11 has no conversations.*data instruct"):
        train(each, base, bare, tmp_path / "run")
    others = changed(chips, tmp_path / "others", silent, triplets)
    assert train(each, base, others, tmp_path / "one")["chips"] == 11
    write_triplets(map(silent, triplets), others)
    with pytest.raises(BadTriplet, match="no conversation about describe"):
        train(each, base, others, tmp_path / "two")


def test_a_window_beside_its_scene_is_found(
    tmp_path: Path, base: Path, chips: Path, triplets: list[Triplet], recipe: Recipes
) -> None:
    def window(triplet: Triplet) -> Triplet:
        return replace(triplet, image=None, scene=triplet.image, window=(500, 500, 84, 84))

    with pytest.raises(BadTriplet, match=r"chip-11.*500"):
        train(recipe(), base, changed(chips, tmp_path / "data", window, triplets), tmp_path / "run")


def test_a_damaged_file_is_found_when_all_are_opened(
    tmp_path: Path, base: Path, chips: Path, triplets: list[Triplet], recipe: Recipes
) -> None:
    data = changed(chips, tmp_path / "data", lambda t: t, triplets)
    (data.parent / triplets[5].anchors).write_bytes(b"PK broken")
    with pytest.raises(BadTriplet, match="chip-5"):
        train(recipe(), base, data, tmp_path / "run", check="full")


def test_turned_boxes_are_measured_too(tmp_path: Path, base: Path, chips: Path, recipe: Recipes) -> None:
    with pytest.raises(SampleTooLong, match="So it is with 11 more"):
        train(recipe(augment=True, conversations=2, max_length=20), base, chips, tmp_path)


def test_stage_two_without_stage_one(tmp_path: Path, base: Path, chips: Path, recipe: Recipes) -> None:
    with pytest.raises(MissingStageOne):
        train(recipe(stage=2, trainable="lora"), base, chips, tmp_path)


TOGETHER = """
import json, sys
from pathlib import Path
import torch
from training.stages.recipe import Recipe
from training.stages.train import train
from training.stages.trainer import FusarTrainer

alone = FusarTrainer.train
def train_and_compare(self, *args, **kwargs):
    done = alone(self, *args, **kwargs)
    for module in (self.dense, self.model):
        mine = torch.cat([p.detach().flatten() for p in module.parameters()])
        of_each = [torch.empty_like(mine) for _ in range(2)]
        torch.distributed.all_gather(of_each, mine)
        assert torch.equal(*of_each), type(module)
    return done
FusarTrainer.train = train_and_compare
settings, base, data, out = sys.argv[1:]
train(Recipe(**json.loads(settings)), Path(base), Path(data), Path(out))
"""


@pytest.mark.parametrize("dense_steps", [0, 3])
def test_model_and_auxiliary_heads_stay_the_same_in_two_processes(
    tmp_path: Path, base: Path, chips: Path, nano: Recipes, dense_steps: int
) -> None:
    """Each process sees other chips; some batches have no anchors at all."""
    settings = {**DENSE, "dense_steps": dense_steps, "batch": 1, "steps": 6, "prior_dropout": 0.8}
    script = tmp_path / "together.py"
    script.write_text(TOGETHER)
    line = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    line += [str(script), json.dumps(nano(**settings).as_dict()), str(base), str(chips), str(tmp_path / "run")]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(line, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    assert json.loads((tmp_path / "run" / "run.json").read_text())["processes"] == 2


@pytest.mark.parametrize(("chips_a_step", "advice"), [(16, "accumulation=4"), (6, "another number of processes")])
def test_steps_of_another_size_than_the_recipes(
    tmp_path: Path, base: Path, chips: Path, recipe: Recipes, chips_a_step: int, advice: str
) -> None:
    with pytest.raises(BadRecipe, match=f"steps of 4 samples; the recipe wants {chips_a_step}.*{advice}"):
        train(recipe(chips_a_step=chips_a_step), base, chips, tmp_path)


def test_deepspeed_that_is_not_installed(
    tmp_path: Path, base: Path, chips: Path, recipe: Recipes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "deepspeed", None)
    with pytest.raises(MissingExtra, match=r"pip install .*deepspeed"):
        train(recipe(deepspeed="ds_zero2.json"), base, chips, tmp_path)


def test_room_is_looked_for_before_it_is_needed(
    tmp_path: Path, base: Path, chips: Path, recipe: Recipes, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: disk._replace(free=10_000))
    with pytest.raises(DiskFull, match="will write about"):
        train(recipe(save_steps=1), base, chips, tmp_path)


def test_checkpoints_that_are_there_need_no_room(
    tmp_path: Path, base: Path, chips: Path, recipe: Recipes, monkeypatch: pytest.MonkeyPatch
) -> None:
    saving = recipe(save_steps=1, keep=3)
    one = 12 * train(saving, base, chips, tmp_path)["parameters"]["learning"]
    broken_off(tmp_path, 3)
    disk = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: disk._replace(free=int(2.5 * one)))
    assert train(saving, base, chips, tmp_path, resume=True)["steps"] == 4
    with pytest.raises(DiskFull, match="will write about"):
        train(saving, base, chips, tmp_path / "new")


def test_a_place_that_cannot_be_written(tmp_path: Path, base: Path, chips: Path, recipe: Recipes) -> None:
    (tmp_path / "run.json").mkdir()
    with pytest.raises(OutputUnwritable):
        train(recipe(), base, chips, tmp_path)


TINY = "dtype=float32 base_dtype=float32 image_size=84 max_length=512 steps=2 deepspeed= workers=0 chips_a_step=4"


def words(*more: str) -> list[str]:
    return [*more, *(word for setting in TINY.split() for word in ("--set", setting))]


def test_a_preset_runs_stage_after_stage_and_goes_on_where_it_was(tmp_path: Path, base: Path, chips: Path) -> None:
    line = words("fusar-gpt-7b", "--start", str(base), "--data", str(chips), "--out", str(tmp_path))
    first = CliRunner().invoke(run_command, line)
    assert first.exit_code == 0, first.output
    facts = {s: json.loads((tmp_path / s / "run.json").read_text()) for s in ("stage1", "stage2")}
    assert facts["stage2"]["start"] == str(tmp_path / "stage1" / "model")
    assert [facts[s]["recipe"]["trainable"] for s in facts] == ["lora+prior", "lora"]
    again = CliRunner().invoke(run_command, line)
    assert again.exit_code == 1
    assert "[RUN_EXISTS]" in again.output
    shutil.rmtree(tmp_path / "stage2")
    resumed = CliRunner().invoke(run_command, [*line, "--resume"])
    assert resumed.exit_code == 0, resumed.output
    assert json.loads((tmp_path / "stage2" / "run.json").read_text())["loss"] == facts["stage2"]["loss"]
    other = CliRunner().invoke(run_command, [*line, "--resume", "--set", "seed=1"])
    assert "[CHANGED_RECIPE]" in other.output


def test_the_data_of_all_stages_is_looked_at_before_the_first_begins(
    tmp_path: Path, base: Path, chips: Path, triplets: list[Triplet], recipe: Recipes
) -> None:
    stages = [recipe(stage=1), recipe(stage=2, trainable="lora")]
    bad = changed(chips, tmp_path / "data", without("image"), triplets)
    with pytest.raises(BadTriplet, match="does not exist"):
        run(stages, base, [chips, bad], tmp_path / "run")
    assert not (tmp_path / "run" / "stage1").exists()
    with pytest.raises(BadRecipe, match="3 files of triplets for 2 stages"):
        run(stages, base, [chips] * 3, tmp_path / "run")


def test_stages_that_cannot_follow_each_other_are_refused_before_the_first(
    tmp_path: Path, base: Path, chips: Path, recipe: Recipes
) -> None:
    one, two = recipe(stage=1, name="one"), recipe(stage=2, name="two", trainable="lora")
    for stages, words in (
        ([one, replace(one, name="again")], "Stage 1 .'again'. would follow stage 1"),
        ([one, replace(two, fusion="sum")], "'one' says fusion: tlm, 'two' says sum"),
        ([one, replace(two, lora_rank=4)], "'one' says lora_rank: 8, 'two' says 4"),
    ):
        with pytest.raises(BadRecipe, match=words):
            run(stages, base, [chips], tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_the_command_says_what_is_wrong_with_its_code(tmp_path: Path, base: Path, chips: Path) -> None:
    line = ["--model", str(base), "--data", str(chips), "--out", str(tmp_path)]
    for more, code in (
        (["nano-stage2"], "MISSING_STAGE_ONE"),
        (["no-recipe"], "BAD_RECIPE"),
        (["nano-stage1", "--set", "batch"], "BAD_RECIPE"),
        (["nano-stage1", "--set", "batch=["], "BAD_RECIPE"),
        (["fusar-gpt-7b"], "BAD_RECIPE"),
    ):
        done = CliRunner().invoke(main, [*more, *line])
        assert done.exit_code == 1
        assert f"[{code}]" in done.output


def test_no_two_curves_look_alike(tmp_path: Path) -> None:
    names = [f"part {n}" for n in range(13)]
    draw_curves({name: [(1, 2.0 + n), (2, 1.0 + n)] for n, name in enumerate(names)}, tmp_path / "curves.png")
    with Image.open(tmp_path / "curves.png") as picture:
        colours = {rgb for count, rgb in picture.convert("RGB").getcolors(1 << 24) if count > 100}
    assert len(colours) >= 11  # white, and the ten of the cycle; what comes after is dashed
