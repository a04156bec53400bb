"""Imports the official FUSAR-GPT release: PEFT adapters with a `vec64_film.pt` each, on a Qwen2.5-VL base.

Formats (release of October 2026): `adapter_config.json`, `adapter_model.safetensors` with or without LoRA of the visual
encoder; `vec64_film.pt` = {"film_mlp": {"0.weight" (h, 64), "0.bias", "2.weight" (2C, h), "2.bias"}}; `tlm_config.json`
= {"format", "sigma", "hidden_mult", "image_size", "vec_dim"}, absent in the legacy release.
Each becomes an ordinary PEFT adapter that brings its TLM with it, so that switching tasks switches both.
"""

from __future__ import annotations

import json
import os
import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from fusar_core.errors import BadCheckpoint, BadOption, OutputUnwritable
from fusar_core.files import atomic_folder
from fusar_core.model.checkpoint import ANY_TASK, MANIFEST
from fusar_core.model.configuration import FusarGPTConfig
from fusar_core.model.modeling import FusarGPTForConditionalGeneration
from fusar_core.model.weights import check_whole, read_json, weight_files
from fusar_core.tasks import TASKS, finding, require_known
from fusar_core.tasks.base import BOX, CLASS
from fusar_core.tasks.detection import OFFICIAL

FOLDERS = {task.noun: name for name, task in TASKS.items() if task.about in (CLASS, BOX)}
"""Folders of the release under `stage2` → task."""
TLM_FORMAT = "tlm_original_train_patch_resize_v1"
LEGACY_SIGMA = 2.0

_PREFIX = "base_model.model."
_TLM_KEYS = {"0.weight": "hidden.weight", "0.bias": "hidden.bias", "2.weight": "field.weight", "2.bias": "field.bias"}
_KEPT_SETTINGS = ("r", "lora_alpha", "lora_dropout", "use_rslora", "rank_pattern", "alpha_pattern")


def find_adapters(release: Path) -> dict[str, Path]:
    """Task → adapter directory in a release, or in its `stage2`; a single adapter directory serves any task.

    Raises BadCheckpoint when there is none.
    """
    if (release / "adapter_config.json").exists():
        return {ANY_TASK: release}
    for root in (release, release / "stage2"):
        found = {t: root / name for name, t in FOLDERS.items() if (root / name / "adapter_config.json").exists()}
        if found:
            return found
    raise BadCheckpoint(
        f"{release} holds no adapter_config.json, nor folders {', '.join(FOLDERS)} with one.",
        "Give the directory of one adapter, or of the official release.",
    )


def import_official(adapters: Mapping[str, Path], base: Path, out: Path, *, copy_base: bool = False) -> Path:
    """Writes a FUSAR-GPT directory `out` from official adapters (task or `*` → directory) and their base; returns it.

    copy_base: links or copies the base into `out`, which can then be moved; otherwise `out` remembers where it lies.

    Raises BadCheckpoint, UnknownTask, BadOption, OutputUnwritable; `out` is then as it was.
    """
    if not adapters:
        raise BadOption("No adapter was given.", "Name at least one.")
    require_known(adapters, (*TASKS, ANY_TASK))
    if out.exists() and any(out.iterdir() if out.is_dir() else [out]):
        raise OutputUnwritable(f"{out} exists and is not empty.", "Give the name of a new directory.")
    base = base.resolve()
    read_json(base / "config.json")
    weight_files(base)
    settings = {task: _tlm_settings(path) for task, path in adapters.items()}
    prior = next(iter(settings.values()))
    if any(other != prior for other in settings.values()):
        raise BadCheckpoint(
            f"The adapters differ in their TLM settings: {settings}.", "Import them into separate directories."
        )
    config = FusarGPTConfig.from_pretrained(base, local_files_only=True, **prior)
    with torch.device("meta"):
        shapes = {n: tuple(p.shape) for n, p in FusarGPTForConditionalGeneration(config).state_dict().items()}

    out.parent.mkdir(parents=True, exist_ok=True)
    with atomic_folder(out) as folder:
        target = folder / "model"
        target.mkdir()
        for task, path in adapters.items():
            name = "any" if task == ANY_TASK else task
            _write_adapter(path, target / "adapters" / name, shapes)
        manifest = {
            "format": 1,
            "base": "base" if copy_base else str(base),
            "adapters": {t: f"adapters/{'any' if t == ANY_TASK else t}" for t in adapters},
            "prompts": dict.fromkeys(finding(TASKS), OFFICIAL),
            "prior": prior,
        }
        (target / MANIFEST).write_text(json.dumps(manifest, indent=2), "utf-8")
        if copy_base:
            _link_or_copy(base, target / "base")
        if out.is_dir():
            out.rmdir()
        os.replace(target, out)
    return out


def _tlm_settings(adapter: Path) -> dict[str, Any]:
    """Options of FusarGPTConfig that say how the adapter's TLM works."""
    path = adapter / "tlm_config.json"
    content = read_json(path) if path.exists() else {"format": TLM_FORMAT}
    if content.get("format") != TLM_FORMAT:
        raise BadCheckpoint(
            f"{path} has the format '{content.get('format')}'; only '{TLM_FORMAT}' is known.", "Update fusar-core."
        )
    settings = {
        "fusion": "tlm",
        "prior_grid": "patch",
        "prior_sigma": float(content.get("sigma", LEGACY_SIGMA)),
        "prior_hidden_dim": int(read_film(adapter / "vec64_film.pt")["hidden.weight"].shape[0]),
    }
    if "vec_dim" in content:
        settings["prior_dim"] = int(content["vec_dim"])
    if "image_size" in content:
        settings["chip_size"] = int(content["image_size"])
    return settings


def read_film(path: Path) -> dict[str, Tensor]:
    """TLM tensors of a `vec64_film.pt` under our names. Read without running any code that the file may hold.

    Raises BadCheckpoint when it is missing, holds more than tensors and numbers, or lacks some of them.
    """
    number = np.float64(0).__reduce__()[0]
    plain_numbers = [number, np.dtype, np.dtypes.Float64DType, np.dtypes.Float32DType]
    try:
        with torch.serialization.safe_globals(plain_numbers):  # an extra `score` may be a numpy number
            content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as cause:
        raise BadCheckpoint(f"{path.parent} holds no {path.name}.", "It carries the adapter's TLM weights.") from cause
    except pickle.UnpicklingError as cause:
        raise BadCheckpoint(
            f"{path} holds more than tensors and was not loaded: it could run code.",
            "Get the file again from the official release.",
        ) from cause
    except (OSError, RuntimeError, EOFError, ValueError, KeyError) as cause:
        raise BadCheckpoint(f"{path} cannot be read: {cause}", "Download or copy this file again.") from cause
    mlp = content.get("film_mlp", content) if isinstance(content, dict) else {}
    missing = [key for key in _TLM_KEYS if not isinstance(mlp.get(key), Tensor)]
    if missing:
        raise BadCheckpoint(f"{path} lacks {', '.join(missing)} of its film_mlp.", "Is it the file of a TLM?")
    return {ours: mlp[theirs] for theirs, ours in _TLM_KEYS.items()}


def our_name(key: str) -> str:
    """The name of a LoRA tensor under the modules of our model, whichever version of the library it was saved with."""
    name = key.removeprefix(_PREFIX)
    name = re.sub(r"^(model\.)?visual\.", "model.visual.", name)
    name = re.sub(r"^model\.(?=layers\.)", "model.language_model.", name)
    return re.sub(r"\.(lora_[AB])\.default\.", r".\1.", name)


def _write_adapter(source: Path, target: Path, shapes: dict[str, tuple[int, ...]]) -> None:
    """One adapter as PEFT loads it for our model, its TLM as `modules_to_save`."""
    settings = read_json(source / "adapter_config.json")
    if settings.get("peft_type") != "LORA":
        raise BadCheckpoint(f"{source} is an adapter of type {settings.get('peft_type')}, not LoRA.")
    weights = source / "adapter_model.safetensors"
    if not weights.is_file():
        raise BadCheckpoint(
            f"{source} holds no adapter_model.safetensors.", "Weights as .bin could run code and are not loaded."
        )
    check_whole(weights)
    lora = {our_name(key): tensor for key, tensor in load_file(weights).items()}
    for name, tensor in lora.items():
        _check_lora(source, name, tuple(tensor.shape), shapes)
    film = read_film(source / "vec64_film.pt")
    for name, tensor in film.items():
        expected = shapes[f"model.tlm.{name}"]
        if tuple(tensor.shape) != expected:
            raise BadCheckpoint(
                f"The TLM of {source} has {name} of shape {tuple(tensor.shape)}; this base needs {expected}.",
                "Is it the base that the adapter was trained on?",
            )
    target.mkdir(parents=True)
    tensors = {**lora, **{f"model.tlm.{name}": tensor for name, tensor in film.items()}}
    save_file({_PREFIX + k: v.contiguous() for k, v in tensors.items()}, target / "adapter_model.safetensors")
    config = {
        **{key: settings[key] for key in _KEPT_SETTINGS if key in settings},
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "target_modules": _target_pattern({name.rsplit(".lora_", 1)[0] for name in lora}),
        "modules_to_save": ["tlm"],
        "inference_mode": True,
    }
    (target / "adapter_config.json").write_text(json.dumps(config, indent=2), "utf-8")


def _check_lora(source: Path, name: str, shape: tuple[int, ...], shapes: dict[str, tuple[int, ...]]) -> None:
    module, _, kind = name.rpartition(".lora_")
    weight = shapes.get(f"{module}.weight")
    if weight is None or kind not in ("A.weight", "B.weight"):
        raise BadCheckpoint(f"{source} adapts '{name}', which this base does not have.", "Is it for another model?")
    fits = shape[1] == weight[1] if kind == "A.weight" else shape[0] == weight[0]
    if not fits:
        raise BadCheckpoint(
            f"{name} of {source} has shape {shape}, for a layer of shape {weight}.",
            "Is it the base that the adapter was trained on?",
        )


def _target_pattern(modules: set[str]) -> str:
    """A regular expression that matches these modules and, layer numbers aside, no others."""
    patterns = sorted({re.sub(r"\\\.\d+\\\.", r"\\.\\d+\\.", re.escape(name)) for name in modules})
    return "|".join(patterns)


def _link_or_copy(source: Path, target: Path) -> None:
    """The files of a directory at another place: as hard links where the file system can, else as copies."""
    import shutil

    target.mkdir()
    for file in sorted(source.iterdir()):
        if file.is_file():
            try:
                os.link(file, target / file.name)
            except OSError:
                shutil.copy2(file, target / file.name)
