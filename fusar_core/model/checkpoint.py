"""Opening a FUSAR-GPT directory: checked before it is loaded, with one adapter for all tasks, one a task, or none.

A directory is one of: a model as `save_pretrained` writes it; a stock Qwen2.5-VL (a baseline without a prior branch);
or what `fusar import-checkpoint` writes: a `fusar.json` that names a base and PEFT adapters, each with its TLM.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from transformers.utils.logging import disable_progress_bar

from fusar_core.errors import BadCheckpoint, BadOption, MissingExtra, UnsupportedTask
from fusar_core.model.configuration import BASE_MODEL_TYPE, FusarGPTConfig
from fusar_core.model.device import attention_for, default_device, default_dtype, free_memory
from fusar_core.model.modeling import FusarGPTForConditionalGeneration
from fusar_core.model.processing import FusarGPTProcessor
from fusar_core.model.weights import check_memory, check_whole, fingerprint, parameter_count, read_json, weight_files
from fusar_core.tasks import TASKS

MANIFEST = "fusar.json"
ANY_TASK = "*"
"""Name of the adapter for tasks that have none of their own."""

FIRST_TASKS = ("detect", "count", "locate", "describe", "classify", "ask")
"""What a directory can be asked that does not say what it was trained on: the tasks of version 0.1, no later ones."""

BITS = {None: None, "8bit": 1.1, "4bit": 0.65}
"""Bytes a parameter takes when loaded in fewer bits, the parts that stay in 16 bits included."""


@dataclass(frozen=True)
class Manifest:
    """Of what a directory is made.

    base: directory of the weights. adapters: task (or `*`) → PEFT directory. prompts: task → prompt style. prior:
    options of FusarGPTConfig that a stock base lacks. trained: tasks that weights without an adapter of their own know.
    """

    directory: Path
    base: Path
    adapters: dict[str, Path] = field(default_factory=dict)
    prompts: dict[str, str] = field(default_factory=dict)
    prior: dict[str, Any] = field(default_factory=dict)
    trained: tuple[str, ...] = FIRST_TASKS

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks that can be asked: those with an adapter, and where others need none, what it was trained on."""
        others = self.trained if not self.adapters or ANY_TASK in self.adapters else ()
        return tuple(t for t in TASKS if t in self.adapters or t in others)


def read_manifest(directory: Path) -> Manifest:
    """What lies in a directory. Raises BadCheckpoint when it is no model directory."""
    directory = Path(directory)
    if not directory.is_dir():
        kind = "is a file" if directory.exists() else "does not exist"
        raise BadCheckpoint(f"{directory} {kind}.", "Give the directory of a FUSAR-GPT model.")
    if not (directory / MANIFEST).exists():
        return Manifest(directory, directory, trained=_trained(read_json(directory / "config.json")))
    content = read_json(directory / MANIFEST)
    if content.get("format") != 1:
        raise BadCheckpoint(
            f"{directory / MANIFEST} has format {content.get('format')}; this version reads 1.", "Update fusar-core."
        )
    base = directory / content["base"]  # an absolute path stands for itself
    if not base.is_dir():
        raise BadCheckpoint(
            f"The base model of {directory} is no longer at {base}.",
            f"Move it back, or write its place into {MANIFEST}.",
        )
    adapters = {task: directory / path for task, path in content["adapters"].items()}
    prior = dict(content["prior"])
    trained = _trained(prior if "tasks" in prior else read_json(base / "config.json"))
    return Manifest(directory, base, adapters, dict(content["prompts"]), prior, trained)


def _trained(config: Mapping[str, Any]) -> tuple[str, ...]:
    """The tasks that a configuration says. Raises BadCheckpoint."""
    said = config.get("tasks")
    if said is None:
        return FIRST_TASKS
    if not isinstance(said, list | tuple):
        raise BadCheckpoint(f"The model's configuration says tasks: {said!r}.", 'It takes a list, like ["detect"].')
    return tuple(map(str, said))


@dataclass
class Checkpoint:
    """A loaded model and what belongs to it. Only one task is active at a time: call `use` before asking.

    name: that of its directory and a fingerprint of its files, for provenance.
    """

    manifest: Manifest
    model: Any
    processor: FusarGPTProcessor
    config: FusarGPTConfig
    name: str
    warnings: tuple[str, ...] = ()

    @property
    def core(self) -> Any:
        """The FusarGPTForConditionalGeneration inside, whether adapters wrap it or not."""
        return self.model.get_base_model() if self.manifest.adapters else self.model

    def use(self, task: str) -> str:
        """Makes the adapter of a task active, TLM included; returns the adapter's name. Raises UnsupportedTask."""
        if task not in self.manifest.tasks:
            raise UnsupportedTask(
                f"This checkpoint was not trained for '{task}'.", f"It can do: {', '.join(self.manifest.tasks)}."
            )
        if not self.manifest.adapters:
            return ""
        name = task if task in self.manifest.adapters else ANY_TASK
        name = _adapter_name(name)
        if self.model.active_adapter != name:
            self.model.set_adapter(name, inference_mode=True)
        return name

    def touches_vision(self, adapter: str) -> bool:
        """Whether an adapter changes the visual encoder itself, so that images must be encoded under it."""
        modules = self.core.model.visual.modules()
        return any(adapter in module.lora_A for module in modules if hasattr(module, "lora_A"))


def _adapter_name(task: str) -> str:
    return "any" if task == ANY_TASK else task


def load_checkpoint(
    directory: Path,
    *,
    device: str | None = None,
    dtype: torch.dtype | None = None,
    quantization: str | None = None,
    attention: str | None = None,
) -> Checkpoint:
    """Loads a directory onto a device, ready to answer.

    device: `cpu`, `cuda`, `cuda:1`…; dtype and attention: what suits it when None. quantization: `8bit` or `4bit` of
    the language model (needs bitsandbytes and a GPU); the ViT and the prior stay as they are.

    Raises BadCheckpoint, NotEnoughMemory, MissingExtra, BadOption. Files are checked, and memory is, before loading.
    """
    manifest = read_manifest(directory)
    device = device or default_device()
    dtype = dtype or default_dtype(device)
    raw = read_json(manifest.base / "config.json")
    stock = raw.get("model_type") == BASE_MODEL_TYPE
    options = manifest.prior if manifest.adapters else ({"fusion": "none"} if stock else {})
    config = FusarGPTConfig.from_pretrained(manifest.base, local_files_only=True, **options)
    files = weight_files(manifest.base)
    adapter_files = [path / "adapter_model.safetensors" for path in manifest.adapters.values()]
    for path in adapter_files:
        check_whole(path)
    bytes_each = BITS[_check_quantization(quantization, device)] or dtype.itemsize
    check_memory(_parameters(files, adapter_files), bytes_each, *free_memory(device))
    for path in files:
        check_whole(path)
    if not sys.stderr.isatty():
        disable_progress_bar()
    model = _load_base(manifest, config, stock, device, dtype, quantization, attention or attention_for(device, dtype))
    processor = _load_processor(manifest)
    for task, path in manifest.adapters.items():
        model = _add_adapter(model, path, _adapter_name(task))
    warnings = ("This is a stock Qwen2.5-VL: anchors are not used.",) if stock and not manifest.adapters else ()
    name = f"{manifest.directory.resolve().name} {fingerprint([*files, *adapter_files, manifest.base / 'config.json'])}"
    return Checkpoint(manifest, model.eval(), processor, config, name, warnings)


def _parameters(files: list[Path], adapter_files: list[Path]) -> int:
    """Of the base and all its adapters; PEFT keeps one more copy of the prior branch, at most an adapter large."""
    adapters = [parameter_count([path]) for path in adapter_files]
    return parameter_count(files) + sum(adapters) + max(adapters, default=0)


def _check_quantization(quantization: str | None, device: str) -> str | None:
    if quantization not in BITS:
        raise BadOption(f"'{quantization}' is no way to load a model.", "Choose 8bit or 4bit, or neither.")
    if quantization and not device.startswith("cuda"):
        raise BadOption(f"Loading in {quantization} needs a GPU, not '{device}'.", "Leave it out, or choose a GPU.")
    if quantization:
        try:
            import bitsandbytes  # noqa: F401
        except ImportError as cause:
            raise MissingExtra(f"Loading in {quantization} needs bitsandbytes.", "pip install bitsandbytes") from cause
    return quantization


def _load_base(
    manifest: Manifest,
    config: FusarGPTConfig,
    stock: bool,
    device: str,
    dtype: torch.dtype,
    quantization: str | None,
    attention: str,
) -> Any:
    from transformers import BitsAndBytesConfig

    options: dict[str, Any] = {"device_map": {"": device}} if device != "cpu" else {}
    if quantization:
        options["quantization_config"] = BitsAndBytesConfig(
            load_in_8bit=quantization == "8bit",
            load_in_4bit=quantization == "4bit",
            bnb_4bit_compute_dtype=dtype,
            llm_int8_skip_modules=["visual", "tlm", "lm_head"],
        )
    try:
        model, info = FusarGPTForConditionalGeneration.from_pretrained(
            manifest.base,
            config=config,
            dtype=dtype,
            attn_implementation=attention,
            use_safetensors=True,
            local_files_only=True,
            ignore_mismatched_sizes=True,
            output_loading_info=True,
            **options,
        )
    except (OSError, ValueError, RuntimeError, ImportError) as cause:
        raise BadCheckpoint(f"{manifest.base} cannot be loaded: {cause}") from cause
    for name, found, expected in sorted(info["mismatched_keys"]):
        raise BadCheckpoint(
            f"{name} has shape {tuple(found)} in {manifest.base}; the configuration says {tuple(expected)}.",
            "Weights and config.json do not belong together.",
        )
    own = stock or bool(manifest.adapters)  # adapters bring the prior branch that their base lacks
    fresh = {n for n in info["missing_keys"] if n.startswith("model.tlm.")} if own else set()
    if missing := sorted(info["missing_keys"] - fresh):
        raise BadCheckpoint(
            f"{manifest.base} lacks {len(missing)} of the model's tensors, e.g. {missing[0]}.",
            "The directory is incomplete, or was saved by another architecture.",
        )
    return model


def _load_processor(manifest: Manifest) -> FusarGPTProcessor:
    try:
        return FusarGPTProcessor.from_pretrained(manifest.base, local_files_only=True)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as cause:
        raise BadCheckpoint(
            f"{manifest.base} has no usable tokenizer or image processor: {cause}",
            "It needs tokenizer.json, preprocessor_config.json or processor_config.json, and a chat template.",
        ) from cause


def _add_adapter(model: Any, path: Path, name: str) -> Any:
    from peft import PeftModel

    try:
        if isinstance(model, PeftModel):
            model.load_adapter(path, adapter_name=name, autocast_adapter_dtype=False, is_trainable=False)
            return model
        return PeftModel.from_pretrained(model, path, adapter_name=name, autocast_adapter_dtype=False)
    except (OSError, ValueError, RuntimeError, KeyError) as cause:
        raise BadCheckpoint(f"The adapter {path} cannot be loaded: {cause}") from cause
