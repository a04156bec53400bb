"""Trains one stage: python -m training.train RECIPE --start MODEL --data TRIPLETS.jsonl --out RUN [--resume].

RECIPE: a YAML file, or the name of one in training/recipes. The run folder holds recipe.yaml, metrics.jsonl,
curves.png, TensorBoard logs, checkpoints, and at the end run.json (revision, data, numbers) and `model/`. Under
`deepspeed` or `torchrun` the same line trains on many devices (docs/training.md).
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import torch
import yaml
from transformers import TrainingArguments, set_seed

from fusar_core.errors import DiskFull
from fusar_core.files import atomic_path, write_error
from fusar_core.model.device import default_device
from fusar_core.results.claim import claim
from training.data.triplets import read_triplets
from training.errors import BadRecipe, ChangedRecipe, RunExists, for_people
from training.runs.launch import first_process, on_device, prepare, processes
from training.stages.checking import CHECKS, checked
from training.stages.coordinates import CoordinateLoss
from training.stages.dense import DenseHeads, corner_targets, dense_targets, order_targets
from training.stages.packing import Packer
from training.stages.recipe import RECIPES, Recipe, read_recipe
from training.stages.run_log import RunLog, losses
from training.stages.samples import Samples
from training.stages.start import fingerprint_of, save_model, starting_model, tasks_learnt, trainable_parameters
from training.stages.trainer import EpochOfSamples, FusarTrainer, checkpoints, core, wait_share


def train(
    recipe: Recipe,
    start: Path,
    data: Path,
    out: Path,
    *,
    resume: bool = False,
    keep: bool = False,
    merge: bool = False,
    check: str = "quick",
) -> dict[str, Any]:
    """Trains a stage and returns what run.json says.

    start: model directory to start from. data: a file of triplets. resume: go on from the newest checkpoint in `out`,
    exactly. keep: hold the loaded chips in memory. merge: also leave the model with its adapter put into the weights.
    check: how the data is looked through first, see `training.stages.checking.CHECKS`.

    Raises ChangedRecipe, RunExists, MissingStageOne, BadRecipe, BadCheckpoint, BadTriplet, SampleTooLong,
    LossNotFinite, DiskFull, OutputUnwritable.
    """
    recipe = on_device(recipe)
    check_step(recipe)
    out.mkdir(parents=True, exist_ok=True)
    claim([out / name for name in ("run.json", "recipe.yaml")], [start, data])
    settings = settings_of(recipe, start, data)
    newest = newest_checkpoint(out, settings, resume)
    if (out / "run.json").exists() and (out / "model").exists():  # resumed, though there is nothing left to do
        done: dict[str, Any] = json.loads((out / "run.json").read_text("utf-8"))
        return done
    if first_process():
        with atomic_path(out / "recipe.yaml") as temporary:
            temporary.write_text(yaml.safe_dump(settings, sort_keys=False))
    prepare(bool(recipe.deepspeed))
    set_seed(recipe.seed)
    model, processor = starting_model(start, recipe, default_device())
    config = core(model).config
    attention = core(model).model.language_model.config._attn_implementation
    packer = Packer(processor, recipe.max_length, recipe.conversations > 1, additive_mask=attention == "eager")
    look = check != "none" and first_process()
    triplets = checked(data, recipe, packer, list(config.classes), check) if look else list(read_triplets(data))
    samples = Samples(triplets, data.parent, recipe, list(config.classes), keep)
    if config.gsd_m is None and (sizes := [t.gsd_m * t.size[0] / recipe.image_size for t in triplets if t.gsd_m]):
        config.gsd_m = [min(sizes), max(sizes)]
    _check_room(out, recipe, trainable_parameters(model)["learning"], len(checkpoints(out)))
    dense, coordinates = None, None
    if recipe.dense_weight:
        deeper, corners = bool(recipe.dense_layer), bool(recipe.dense_layer and recipe.box_spread)
        dense = DenseHeads(config.vision_config.out_hidden_size, len(config.classes), deeper, corners)
    if recipe.box_spread:
        coordinates = CoordinateLoss(processor.tokenizer, recipe.image_size, recipe.box_step, recipe.box_spread)
    merge_size, patch = config.vision_config.spatial_merge_size, config.vision_config.patch_size

    def collate(chips: Any) -> dict[str, Any]:
        batch = packer(chips)
        if dense is not None:
            sides = [tuple(v // (merge_size * patch) for v in chip.image.shape) for chip in chips]
            batch["dense"] = dense_targets(chips, sides, len(config.classes))
            if dense.order is not None:
                batch["order"] = order_targets(chips, sides, len(config.classes))
            if dense.corners is not None:
                batch["corners"] = corner_targets(chips, sides)
        return batch

    trainer = FusarTrainer(
        model=model,
        args=arguments(recipe, out),
        train_dataset=samples,
        data_collator=collate,
        callbacks=[EpochOfSamples(samples), RunLog(out, recipe.name)],
        recipe=recipe,
        dense=dense,
        coordinates=coordinates,
    )
    if newest:
        trainer.go_on_from(newest)
    try:
        trainer.train(resume_from_checkpoint=str(newest) if newest else None)
    except OSError as cause:
        raise write_error(out, cause) from cause
    seconds, waited = trainer.seconds(), wait_share(trainer)
    facts = {
        "recipe": recipe.as_dict(),
        "data": str(data),
        "data_sha256": settings["data_sha256"],
        "revision": _revision(),
        "start": str(start),
        "start_fingerprint": settings["start_fingerprint"],
        "parameters": trainable_parameters(model),
        "samples": len(samples),
        "chips": len({t.id for t in samples.triplets}),
        "steps": trainer.state.global_step,
        "chips_a_step": recipe.batch * recipe.accumulation * trainer.args.world_size,
        "seconds": round(seconds, 1),
        "wait_share": round(waited, 4),
        "loss": [(row["step"], round(float(row["loss"]), 4)) for row in losses(trainer.state)],
        "torch": torch.__version__,
        "processes": trainer.args.world_size,
    }
    if trainer.is_world_process_zero():
        config.tasks = tasks_learnt(start, samples.tasks())
        save_model(model, processor, start, out / "model", config, merge)
        with atomic_path(out / "run.json") as temporary:
            temporary.write_text(json.dumps(facts, indent=1))
    trainer.accelerator.wait_for_everyone()  # the next stage starts from what the first process has saved
    return facts


def arguments(recipe: Recipe, out: Path) -> TrainingArguments:
    """The Trainer's settings that a recipe means."""
    quiet = not sys.stderr.isatty()
    deepspeed = recipe.deepspeed and str(RECIPES / recipe.deepspeed)
    return TrainingArguments(
        output_dir=str(out),
        per_device_train_batch_size=recipe.batch,
        gradient_accumulation_steps=recipe.accumulation,
        num_train_epochs=recipe.epochs,
        max_steps=recipe.steps or -1,
        learning_rate=recipe.learning_rate,
        lr_scheduler_type=recipe.schedule,
        warmup_steps=recipe.warmup,  # below 1: a share of all steps
        weight_decay=recipe.weight_decay,
        adam_beta1=recipe.beta1,
        adam_beta2=recipe.beta2,
        max_grad_norm=recipe.clip,
        bf16=recipe.dtype == "bfloat16",
        use_cpu=not torch.cuda.is_available(),
        logging_nan_inf_filter=False,  # such a loss is an error
        seed=recipe.seed,
        deepspeed=deepspeed or None,
        dataloader_num_workers=recipe.workers,
        remove_unused_columns=False,
        label_names=["labels"],
        logging_steps=recipe.log_steps,
        save_strategy="steps" if recipe.save_steps else "no",
        save_steps=recipe.save_steps or 500,
        save_total_limit=recipe.keep,
        report_to=["tensorboard"],
        disable_tqdm=quiet,
        ddp_find_unused_parameters=recipe.prior_dropout > 0,  # a batch without anchors leaves the prior's branch out
    )


def check_step(recipe: Recipe) -> None:
    """Raises BadRecipe where other processes than the recipe is made for would make other steps of it."""
    chips = recipe.batch * recipe.accumulation * processes()
    if recipe.chips_a_step and chips != recipe.chips_a_step:
        fits, rest = divmod(recipe.chips_a_step, recipe.batch * processes())
        raise BadRecipe(
            f"{processes()} processes × batch {recipe.batch} × accumulation {recipe.accumulation} make steps of "
            f"{chips} samples; the recipe wants {recipe.chips_a_step}.",
            f"Say --set accumulation={fits}." if fits and not rest else "Use another number of processes.",
        )


def _check_room(out: Path, recipe: Recipe, learning: int, there: int) -> None:
    """Raises DiskFull where checkpoints (weights and two moments in fp32), and the model, will not fit the disk.

    there: checkpoints that lie there already, from before a resume.
    """
    kept = max(1, recipe.keep + 1 - there) if recipe.save_steps else 0  # a new one is whole before an old one goes
    needed, free = learning * (12 * kept + 4), shutil.disk_usage(out).free
    if needed > free:
        raise DiskFull(
            f"The run will write about {needed / 1e9:.1f} GB to {out}, where {free / 1e9:.1f} GB are free.",
            "Free some space, keep fewer checkpoints (--set keep=1), or choose another place.",
        )


FREE = ("keep", "workers")
"""Settings that may be others when a run is resumed: nothing that is learnt follows from them."""
BY_MACHINE = (*FREE, "dtype", "processes", "batch")
"""Settings that follow from the machine: a finished run made on another one is the run that was wanted."""


def settings_of(recipe: Recipe, start: Path, data: Path) -> dict[str, Any]:
    """What recipe.yaml of a run folder holds: all that must be the same when a run is resumed, and FREE ones."""
    return {
        **on_device(recipe).as_dict(),
        "data_sha256": _sha256(data),
        "start_fingerprint": fingerprint_of(start),
        "processes": processes(),
    }


def require_same(out: Path, settings: dict[str, Any], but: Sequence[str] = FREE) -> None:
    """Raises ChangedRecipe where a run was begun with other settings, data, starting model or number of processes.

    settings: of `settings_of`. but: those that may be others. A folder without recipe.yaml has nothing to compare.
    """
    before = out / "recipe.yaml"
    if not before.exists():
        return
    then = {**Recipe().as_dict(), **yaml.safe_load(before.read_text())}  # settings that came later had their default
    changed = sorted(k for k in settings if k in then and k not in but and then[k] != settings[k])
    if changed:
        what = ", ".join(f"{k}: {then[k]!r} → {settings[k]!r}" for k in changed[:5])
        raise ChangedRecipe(
            f"{out} was begun with other settings ({what}).",
            "Go on with the same ones, take another folder, or remove this one.",
        )


def newest_checkpoint(out: Path, settings: dict[str, Any], resume: bool) -> Path | None:
    """The checkpoint to go on from; None at the beginning.

    Raises RunExists where the folder holds a run that is not to be resumed, ChangedRecipe where it was begun otherwise.
    """
    found = checkpoints(out)
    if not resume:
        if there := [*found, *(p for p in (out / "model", out / "run.json") if p.exists())]:
            raise RunExists(
                f"{out} holds {there[-1].name} of an earlier run.", "Go on with --resume, or use a new --out."
            )
        return None
    require_same(out, settings)
    return found[-1] if found and (out / "recipe.yaml").exists() else None


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _revision() -> str:
    """The commit of the code, with `+` when files differ from it; empty outside a repository."""
    git = ["git", "-C", str(Path(__file__).parent)]
    try:
        commit = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
        changed = subprocess.run([*git, "status", "--porcelain", "-uno"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return commit + ("+" if changed.stdout else "")


def chosen(settings: tuple[str, ...]) -> dict[str, Any]:
    """NAME=VALUE words as settings. Raises BadRecipe."""
    for word in settings:
        if "=" not in word:
            raise BadRecipe(f"--set {word} says no value.", "Write --set NAME=VALUE.")
    try:
        return {
            name: yaml.safe_load(value) if value else "" for name, value in (word.split("=", 1) for word in settings)
        }
    except yaml.YAMLError as cause:
        raise BadRecipe(f"A --set value cannot be read: {cause}.", "Write it as YAML.") from cause


OPTIONS = (
    click.option("--out", required=True, type=click.Path(path_type=Path), help="run folder"),
    click.option("--resume", is_flag=True, help="go on from the newest checkpoint"),
    click.option("--keep", is_flag=True, help="hold loaded chips in memory"),
    click.option("--merge", is_flag=True, help="also leave the model with its adapter put into the weights"),
    click.option("--check", type=click.Choice(CHECKS), default="quick", show_default=True, help="look at the data"),
    click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="a setting instead of the recipe's"),
    click.option("--local_rank", hidden=True, type=int, help="given by launchers", expose_value=False),
)


# `--model` is another name of `--start`, which torchrun would take for an option of its own.


def with_options(command: Any) -> Any:
    """The options that one stage and several stages share."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


@click.command()
@click.argument("recipe")
@click.option("--start", "--model", required=True, type=click.Path(path_type=Path), help="model to start from")
@click.option("--data", required=True, type=click.Path(path_type=Path, exists=True), help="triplets (JSONL)")
@with_options
def main(recipe: str, start: Path, data: Path, out: Path, settings: tuple[str, ...], **options: Any) -> None:
    """Train one stage of FUSAR-GPT."""
    with for_people():
        done = train(read_recipe(Path(recipe), chosen(settings)), start, data, out, **options)
    if first_process():
        click.echo(
            f"{done['steps']} steps in {done['seconds']} s; waited for data {done['wait_share']:.1%}: {out / 'model'}"
        )
