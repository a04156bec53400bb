"""A recipe: every setting of one training stage as a dataclass, read from YAML.

    python -m training.train training/stages/recipes/nano-stage1.yaml --data DIR/triplets.jsonl --out runs/stage1

A recipe may name another as its `parent` and say only what differs. Defaults are the paper's (method: stage 1). A
preset names recipes as its `stages`, one after the other; what else it says holds for all of them (`training.run`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from fusar_core.model.fusion import FUSIONS
from fusar_core.tasks import TASKS
from training.errors import BadRecipe

RECIPES = Path(__file__).parent / "recipes"

TRAINABLE = ("all", "lora+prior", "lora", "prior")
"""What learns: every parameter; LoRA and the prior branch (stage 1); LoRA alone (stage 2); the prior branch alone."""
PRIORS = ("as-is", "none", "shuffled")
"""Anchors in training: the chip's own; none; those of a chip of another place (a control)."""
SCHEDULES = ("linear", "cosine")
ONE_EACH = 0
"""Value of `conversations`: every conversation is a sample of its own, so that an epoch shows all of them."""
AUTO = "auto"
DTYPES = ("float32", "bfloat16")
ATTENTIONS = ("", "eager", "sdpa", "flash_attention_2")
PRIOR_OPTIONS = (
    "prior_dim", "prior_hidden_dim", "prior_sigma", "prior_eps", "prior_grid", "prior_init", "classes", "gsd_m",
)  # fmt: skip
"""Of FusarGPTConfig: what a base without prior branch does not know."""
OF_STAGE_ONE = ("fusion", "prior_options", "lora_rank", "lora_alpha", "lora_vision")
"""Settings that stage 2 shares with the stage 1 whose adapter it goes on with."""

NUMBERS: tuple[tuple[str, Callable[[float], bool], tuple[str, ...]], ...] = (
    ("1 or more", lambda v: v >= 1, (
        "batch", "accumulation", "max_length", "image_size", "log_steps", "keep", "box_step", "lora_rank", "lora_alpha",
    )),
    ("0 or more", lambda v: v >= 0, (
        "conversations", "dense_steps", "dense_layer", "steps", "chips_a_step", "workers", "save_steps", "weight_decay",
        "warmup", "clip", "box_spread", "dense_weight", "seed",
    )),
    ("a number above 0", lambda v: v > 0, ("learning_rate", "epochs")),
    ("a share from 0 to 1", lambda v: 0 <= v <= 1, ("prior_dropout", "negatives")),
    ("0 or more, less than 1", lambda v: 0 <= v < 1, ("lora_dropout", "beta1", "beta2")),
)  # fmt: skip
"""What each number of a recipe must be, in words and as a test, which NaN fails. Infinity none may be."""


@dataclass(frozen=True)
class Recipe:
    """One stage.

    name, stage: what it is called; 0 makes a base, 1 aligns the prior, 2 follows instructions. trainable: see
    TRAINABLE. fusion: how the prior is brought in. prior_options: see PRIOR_OPTIONS, for a base without prior branch.
    prior_dropout: share of chips shown without anchors. tasks: conversations used, all when empty. conversations: of
    one chip in one step; more than 1 packs them behind one encoding of the image, 0 makes a sample of each. augment:
    chips are turned and mirrored, and conversations made anew from their truth, boxes on a grid of box_step pixels;
    a question about an absent class is kept that often (negatives).
    batch × accumulation × processes samples make a step; chips_a_step, where above 0, is what that has to be.
    dtype: what a step computes with; `auto`: bfloat16 where the device has it, else float32 (`launch.on_device`).
    base_dtype: of the weights that do not learn, in memory. attention: `flash_attention_2` where it can run, else
    `sdpa`, when empty. max_length: longer samples are an error. task_balance: the mean loss of each task
    weighs the same; otherwise every answer token does. box_spread: pixels (standard deviation) by which a coordinate
    may miss and still be nearly right, 0 for plain cross-entropy. dense_weight: of the auxiliary loss on visual tokens,
    as the language model gets them and, where dense_layer is above 0, as they leave that layer of it; it is the only
    one in the first dense_steps. skip_stage_one: stage 2 may start from a base. steps: instead of epochs when above 0.
    deepspeed: a JSON file of DeepSpeed's, beside the recipes. save_steps: 0 saves at the end only. keep: checkpoints
    that stay. workers: processes that load data.
    """

    name: str = "fusar-gpt-7b-stage1"
    stage: int = 1
    trainable: str = "lora+prior"
    fusion: str = "tlm"
    prior_options: dict[str, Any] = field(default_factory=dict)
    prior: str = "as-is"
    prior_dropout: float = 0.0
    tasks: tuple[str, ...] = ()
    conversations: int = 1
    augment: bool = False
    box_step: int = 1
    negatives: float = 1.0
    task_balance: bool = False
    task_weights: dict[str, float] = field(default_factory=dict)
    box_spread: float = 0.0
    dense_weight: float = 0.0
    dense_steps: int = 0
    dense_layer: int = 0
    skip_stage_one: bool = False
    lora_rank: int = 8
    lora_alpha: int = 32
    lora_dropout: float = 0.05
    lora_vision: bool = False
    epochs: float = 30.0
    steps: int = 0
    batch: int = 1
    accumulation: int = 4
    chips_a_step: int = 0
    learning_rate: float = 1e-4
    schedule: str = "linear"
    warmup: float = 0.05
    weight_decay: float = 0.0
    beta1: float = 0.9
    beta2: float = 0.999
    clip: float = 1.0
    dtype: str = "bfloat16"
    base_dtype: str = "float32"
    attention: str = ""
    gradient_checkpointing: bool = False
    max_length: int = 2048
    image_size: int = 504
    seed: int = 42
    deepspeed: str = ""
    workers: int = 0
    log_steps: int = 10
    save_steps: int = 0
    keep: int = 2

    def __post_init__(self) -> None:
        for name, value, known in (
            ("trainable", self.trainable, TRAINABLE),
            ("fusion", self.fusion, tuple(FUSIONS)),
            ("prior", self.prior, PRIORS),
            ("schedule", self.schedule, SCHEDULES),
            ("dtype", self.dtype, (AUTO, *DTYPES)),
            ("base_dtype", self.base_dtype, DTYPES),
            ("attention", self.attention, ATTENTIONS),
            ("stage", self.stage, (0, 1, 2)),
            *(("tasks", task, tuple(TASKS)) for task in self.tasks),
            *(("task_weights", task, tuple(TASKS)) for task in self.task_weights),
            *(("prior_options", option, PRIOR_OPTIONS) for option in self.prior_options),
        ):
            if value not in known:
                raise BadRecipe(f"The recipe says {name}: '{value}'.", f"Choose one of: {', '.join(map(str, known))}.")
        for words, fits, names in NUMBERS:
            for name in names:
                value = getattr(self, name)
                if not (fits(value) and math.isfinite(value)):
                    raise BadRecipe(f"The recipe says {name}: {value}.", f"Give {words}.")
        for task, weight in self.task_weights.items():
            if not (isinstance(weight, int | float) and 0 <= weight < math.inf):
                raise BadRecipe(f"The recipe says task_weights: {task}: {weight!r}.", "Give a number from 0.")
        if self.augment and self.conversations == ONE_EACH:
            raise BadRecipe("With augment conversations are drawn anew, so they cannot be 0.", "Say how many a chip.")
        if self.deepspeed and not (RECIPES / self.deepspeed).is_file():
            raise BadRecipe(
                f"The recipe says deepspeed: '{self.deepspeed}', and there is no file {RECIPES / self.deepspeed}.",
                "Name a JSON file of DeepSpeed's that lies there, or give its whole path.",
            )
        if self.dense_weight and self.deepspeed:
            raise BadRecipe("The auxiliary loss (dense_weight) cannot be trained under DeepSpeed.", "Leave one out.")
        if self.fusion == "none" and "prior" in self.trainable:
            raise BadRecipe("The recipe trains a prior branch, but its fusion is 'none'.", "Say trainable: lora.")

    def as_dict(self) -> dict[str, Any]:
        """All settings, as the run folder keeps them."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}


def read_recipe(path: Path, overrides: dict[str, Any] | None = None) -> Recipe:
    """A recipe from YAML with its parents, and `overrides` on top.

    A bare name is looked up among those that come with the project. Raises BadRecipe for unknown settings or values of
    the wrong type.
    """
    settings = {**_with_parents(path, ()), **(overrides or {})}
    if "stages" in settings:
        raise BadRecipe(f"{path} is a preset of several stages.", "Run it with: python -m training.run.")
    known = {f.name: f for f in fields(Recipe)}
    if unknown := sorted(set(settings) - set(known)):
        raise BadRecipe(f"{path} has unknown settings: {', '.join(unknown)}.", f"Known: {', '.join(known)}.")
    defaults = Recipe()
    for name, value in settings.items():
        settings[name] = _typed(name, value, getattr(defaults, name))
    return Recipe(**settings)


def read_preset(path: Path, overrides: dict[str, Any] | None = None) -> list[Recipe]:
    """The stages of a preset, in order; a recipe without `stages` is one stage. overrides: for all of them.

    Raises BadRecipe.
    """
    settings = _with_parents(path, ())
    stages = settings.pop("stages", None)
    if stages is None:
        return [read_recipe(path, overrides)]
    if not isinstance(stages, list) or not stages or not all(isinstance(s, str) for s in stages):
        raise BadRecipe(f"{path} says stages: {stages!r}.", "Give a list of recipes.")
    return [read_recipe(_named(stage, _file(path)), {**settings, **(overrides or {})}) for stage in stages]


def _file(path: Path) -> Path:
    """The YAML file that a path or a bare name means."""
    return path if path.suffix else RECIPES / f"{path}.yaml"


def _named(name: str, by: Path) -> Path:
    """The recipe that another names: beside it, else among those that come with the project."""
    beside = by.parent / f"{name}.yaml"
    return beside if beside.exists() else RECIPES / f"{name}.yaml"


def _with_parents(path: Path, seen: tuple[Path, ...]) -> dict[str, Any]:
    where = _file(path)
    if where in seen:
        raise BadRecipe(f"The recipe {where} is its own parent.")
    try:
        content = yaml.safe_load(where.read_text(encoding="utf-8")) or {}
    except (OSError, yaml.YAMLError) as cause:
        raise BadRecipe(f"The recipe {where} cannot be read: {cause}.") from cause
    if not isinstance(content, dict):
        raise BadRecipe(f"The recipe {where} is no list of settings.", "Write one `name: value` a line.")
    parent = content.pop("parent", None)
    return {**(_with_parents(_named(str(parent), where), (*seen, where)) if parent else {}), **content}


def _typed(name: str, value: Any, default: Any) -> Any:
    """A YAML value as its setting's type; whole numbers do for fractions. Raises BadRecipe."""
    if isinstance(default, tuple) and isinstance(value, list | tuple):
        return tuple(value)
    if isinstance(default, float) and not isinstance(value, bool):
        try:
            return float(value)  # YAML reads 1e-4 as text
        except (TypeError, ValueError):
            pass
    elif isinstance(value, type(default)) and isinstance(value, bool) == isinstance(default, bool):
        return value
    raise BadRecipe(f"The recipe says {name}: {value!r}.", f"A {type(default).__name__} is expected, like {default!r}.")
