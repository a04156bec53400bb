"""Trains one stage: python -m training.train RECIPE --start MODEL --data TRIPLETS.jsonl --out RUN [--resume].

RECIPE: a YAML file, or the name of one in training/recipes. The run folder holds recipe.yaml, run.json (revision, data,
numbers), curves.png, TensorBoard logs, checkpoints, and at the end `model/`. Under `deepspeed` or `torchrun` the same
line trains on many devices (docs/training.md).
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import click
import torch
import yaml
from transformers import TrainingArguments, set_seed

from fusar_core.errors import FusarError
from fusar_core.files import atomic_path
from training.curves import draw_curves
from training.data.triplets import read_triplets
from training.dense import DenseHead, dense_targets
from training.errors import ChangedRecipe
from training.packing import Packer
from training.recipe import RECIPES, Recipe, read_recipe
from training.samples import Samples
from training.start import save_model, starting_model, trainable_parameters
from training.trainer import EpochOfSamples, FusarTrainer, checkpoints, core, history, wait_share


def train(
    recipe: Recipe, start: Path, data: Path, out: Path, *, resume: bool = False, keep: bool = False, merge: bool = False
) -> dict[str, Any]:
    """Trains a stage and returns what run.json says.

    start: model directory to start from. data: a file of triplets. resume: go on from the newest checkpoint in `out`,
    exactly. keep: hold the loaded chips in memory. merge: also leave the model with its adapter put into the weights.

    Raises ChangedRecipe, MissingStageOne, BadRecipe, BadTriplet, SampleTooLong, LossNotFinite.
    """
    out.mkdir(parents=True, exist_ok=True)
    facts = {"recipe": recipe.as_dict(), "data": str(data), "data_sha256": _sha256(data), "revision": _revision()}
    newest = _newest(out, facts) if resume else None
    with atomic_path(out / "recipe.yaml") as temporary:
        temporary.write_text(yaml.safe_dump({**recipe.as_dict(), "data_sha256": facts["data_sha256"]}, sort_keys=False))
    set_seed(recipe.seed)
    model, processor = starting_model(start, recipe)
    config = core(model).config
    samples = Samples(list(read_triplets(data)), data.parent, recipe, list(config.classes), keep)
    attention = core(model).model.language_model.config._attn_implementation
    packer = Packer(processor, recipe.max_length, recipe.conversations > 1, additive_mask=attention == "eager")
    dense = DenseHead(config.vision_config.out_hidden_size, len(config.classes)) if recipe.dense_weight else None
    merge_size, patch = config.vision_config.spatial_merge_size, config.vision_config.patch_size

    def collate(chips: Any) -> dict[str, Any]:
        batch = packer(chips)
        if dense is not None:
            sides = [tuple(v // (merge_size * patch) for v in chip.image.shape) for chip in chips]
            batch["dense"] = dense_targets(chips, sides, len(config.classes))
        return batch

    trainer = FusarTrainer(
        model=model,
        args=arguments(recipe, out),
        train_dataset=samples,
        data_collator=collate,
        callbacks=[EpochOfSamples(samples)],
        recipe=recipe,
        dense=dense,
    )
    started = time.time()
    trainer.train(resume_from_checkpoint=str(newest) if newest else None)
    facts |= {
        "start": str(start),
        "parameters": trainable_parameters(model),
        "steps": trainer.state.global_step,
        "chips_a_step": recipe.batch * recipe.accumulation * trainer.args.world_size,
        "seconds": round(time.time() - started, 1),
        "wait_share": round(wait_share(trainer), 4),
        "loss": [(row["step"], round(float(row["loss"]), 4)) for row in history(trainer)],
        "torch": torch.__version__,
        "processes": trainer.args.world_size,
    }
    if trainer.is_world_process_zero():
        save_model(model, processor, start, out / "model", config, merge)
        with atomic_path(out / "run.json") as temporary:
            temporary.write_text(json.dumps(facts, indent=1))
        draw_curves({recipe.name: facts["loss"]}, out / "curves.png")
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
        gradient_checkpointing=recipe.gradient_checkpointing,
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
        ddp_find_unused_parameters=False,
    )


def _newest(out: Path, facts: dict[str, Any]) -> Path | None:
    """The checkpoint to go on from. Raises ChangedRecipe where recipe or data are others than at the start."""
    before = out / "recipe.yaml"
    if not before.exists():
        return None
    then = {**Recipe().as_dict(), **yaml.safe_load(before.read_text())}  # settings that came later had their default
    now = {**facts["recipe"], "data_sha256": facts["data_sha256"]}
    if changed := sorted(k for k in {*then, *now} if then.get(k) != now.get(k)):
        what = ", ".join(f"{k}: {then.get(k)!r} → {now.get(k)!r}" for k in changed[:5])
        raise ChangedRecipe(
            f"{out} was begun with other settings ({what}).", "Resume with the same, or use a new --out."
        )
    found = checkpoints(out)
    return found[-1] if found else None


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


@click.command()
@click.argument("recipe")
@click.option("--start", required=True, type=click.Path(path_type=Path), help="model directory to start from")
@click.option("--data", required=True, type=click.Path(path_type=Path, exists=True), help="triplets (JSONL)")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="run folder")
@click.option("--resume", is_flag=True, help="go on from the newest checkpoint")
@click.option("--keep", is_flag=True, help="hold loaded chips in memory")
@click.option("--merge", is_flag=True, help="also leave the model with its adapter put into the weights")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="a setting instead of the recipe's")
@click.option("--local_rank", hidden=True, type=int, help="given by launchers")
def main(
    recipe: str,
    start: Path,
    data: Path,
    out: Path,
    resume: bool,
    keep: bool,
    merge: bool,
    settings: tuple[str, ...],
    local_rank: int | None,
) -> None:
    """Train one stage of FUSAR-GPT."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        chosen = {k: yaml.safe_load(v) for k, v in (s.split("=", 1) for s in settings)}
        done = train(read_recipe(Path(recipe), chosen), start, data, out, resume=resume, keep=keep, merge=merge)
    except FusarError as error:
        raise click.ClickException(f"{error} [{error.code}]") from error
    click.echo(
        f"{done['steps']} steps in {done['seconds']} s; waited for data {done['wait_share']:.1%}: {out / 'model'}"
    )


if __name__ == "__main__":
    main()
