"""What a process needs before it joins others: on GPUs or CPUs, by torchrun, by deepspeed, or alone."""

from __future__ import annotations

import os
import socket
from dataclasses import replace

import torch

from fusar_core.errors import MissingExtra, pip_line
from fusar_core.model.device import default_device, has_bfloat16
from training.stages.recipe import AUTO, Recipe


def processes() -> int:
    """How many a launcher has started."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def first_process() -> bool:
    """Whether this one writes files and prints: rank 0, or the only one."""
    return os.environ.get("RANK", "0") == "0"


def on_device(recipe: Recipe) -> Recipe:
    """The recipe with what it leaves to the device decided: `dtype`."""
    if recipe.dtype != AUTO:
        return recipe
    return replace(recipe, dtype="bfloat16" if has_bfloat16(default_device()) else "float32")


def prepare(with_deepspeed: bool) -> None:
    """To be called before the processes meet. Raises MissingExtra."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # else it warns where processes that load data are forked
    on_cpu = not torch.cuda.is_available()
    if on_cpu:  # else DeepSpeed, which is imported wherever it is installed, complains
        os.environ.setdefault("DS_ACCELERATOR", "cpu")
    if not with_deepspeed:
        return
    try:
        import deepspeed
    except ImportError as cause:
        raise MissingExtra(
            "The recipe trains with DeepSpeed, which is not installed.",
            f'{pip_line("train")} — or train without it: --set deepspeed="".',
        ) from cause
    if on_cpu:  # it would be compiled for two minutes; without it gloo is used
        deepspeed.ops.__compatible_ops__["deepspeed_shm_comm"] = False
    if "WORLD_SIZE" not in os.environ:  # alone: DeepSpeed would ask MPI who else is there
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        os.environ.update(RANK="0", LOCAL_RANK="0", WORLD_SIZE="1", MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
