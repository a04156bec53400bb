"""FUSAR-GPT's speed on random weights: TLM beside its plain formula, prefill with and without it, batching of chips.

Runs on a GPU where torch sees one, else on the CPU; sizes that do not fit the free memory are made shallower, and the
result says so. Each comparison is made in one run, its sides taking turns; the least time of each counts. On the CPU
that is processor time of one thread, which other work on the machine hardly disturbs.
"""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from torch import Tensor
from torch.nn import functional
from transformers import Qwen2Tokenizer
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from fusar_core.domain.anchors import Anchors
from fusar_core.domain.answers import Request
from fusar_core.domain.chips import Chip
from fusar_core.domain.radiometry import Kind, Radiometry
from fusar_core.domain.tiling import ChipWindow, Window
from fusar_core.engines.local import LocalEngine
from fusar_core.model.configuration import FusarGPTConfig
from fusar_core.model.device import default_device, default_dtype, free_memory
from fusar_core.model.modeling import FusarGPTForConditionalGeneration
from fusar_core.model.processing import CHAT_TEMPLATE, FusarGPTProcessor
from fusar_core.model.sizes import BLOCKS_7B, LAYERS_7B, config_7b, flop_count
from fusar_core.model.tlm import TokenwiseLinearModulation

CHANNELS, PATCHES, ANCHORS = 3584, 36, 324
QUESTION_TOKENS = 60
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>"]


def run() -> dict[str, Any]:
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    device = default_device()
    name = torch.cuda.get_device_name() if device == "cuda" else "CPU, one thread"
    if device == "cpu":
        torch.set_num_threads(1)
    return {
        "device": name,
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "tlm": [tlm(device, anchors) for anchors in (ANCHORS, 2000)],
        "prefill": prefill(device),
        "batching": batching(device),
    }


def tlm(device: str, anchors: int, repeats: int = 5) -> dict[str, Any]:
    """TLM at 7B shapes in fp32 beside two plain formulas: one matrix product over all patches, as the formulas stand
    (eq. 10), and the same with the S × HW × 2C products written out."""
    free, _ = free_memory(device)
    sides = dict(_SIDES)
    written_out_bytes = 4 * anchors * PATCHES**2 * 2 * CHANNELS
    if written_out_bytes * 1.25 > free:
        del sides["written_out"]
    result: dict[str, Any] = {"T": PATCHES**2 // 4, "C": CHANNELS, "h": 4 * CHANNELS, "S": anchors}
    module, *inputs = _tlm_inputs(device, anchors)
    times: dict[str, list[float]] = {name: [] for name in sides}
    answers = {}
    with torch.inference_mode():
        for turn in range(repeats + 1):
            for name, function in sides.items():
                if name == "written_out" and turn > 1:
                    continue
                seconds, answers[name] = _timed(device, function, module, *inputs)
                if turn:  # the first warms up
                    times[name].append(seconds)
    for name in sides:
        error = (answers[name] - answers["ours"]).abs().max() / answers["ours"].abs().max()
        assert error < 1e-5, f"{name} differs by {error:.1e}"
        result[f"{name}_ms"] = round(1e3 * min(times[name]), 2)
        result[f"{name}_peak_mb"] = _peak_mb(device, anchors, name)
    for name in sides:
        if name != "ours":
            result[f"times_faster_than_{name}"] = round(result[f"{name}_ms"] / result["ours_ms"], 2)
    tokens, hidden, outputs = PATCHES**2 // 4, 4 * CHANNELS, 2 * CHANNELS
    after_hidden = 2 * min(anchors, tokens) * hidden * outputs
    between = 2 * tokens * anchors * (hidden if anchors > tokens else outputs)
    result["gflop"] = round((2 * anchors * 64 * hidden + after_hidden + between) / 1e9, 1)
    result["gflop_of_w2_alone"] = round(after_hidden / 1e9, 1)
    result["gflop_matrix"] = round(
        2 * (anchors * 64 * hidden + anchors * hidden * outputs + anchors * PATCHES**2 * outputs) / 1e9, 1
    )
    if "written_out" not in sides:
        result["written_out"] = f"left out: it needs {written_out_bytes / 1e9:.0f} GB"
    return result


def ours(module: Any, tokens: Tensor, features: Tensor, positions: Tensor) -> Tensor:
    return module(tokens, features, positions, (PATCHES, PATCHES))


def _plain_weights(positions: Tensor) -> Tensor:
    """Eq. 6–8 on the patch grid, normalised twice: (S, HW)."""
    cells = torch.arange(PATCHES, device=positions.device, dtype=positions.dtype)
    rows, columns = (c.flatten() for c in torch.meshgrid(cells, cells, indexing="ij"))
    y, x = (positions * (PATCHES - 1)).T
    weights = torch.exp(-((rows - y[:, None]) ** 2 + (columns - x[:, None]) ** 2) / 8)
    for _ in range(2):
        weights = weights / (weights.sum(0, keepdim=True) + 1e-6)
    return weights


def _resize_and_modulate(tokens: Tensor, field: Tensor) -> Tensor:
    """(HW, 2C) on patches → bilinear to the tokens, eq. 11."""
    on_patches = field.T.reshape(1, -1, PATCHES, PATCHES)
    side = PATCHES // 2
    on_tokens = functional.interpolate(on_patches, size=(side, side), mode="bilinear", align_corners=False)
    gamma, beta = on_tokens.flatten(2)[0].T.chunk(2, dim=-1)
    return tokens * (1 + gamma) + beta


def matrix_product(module: Any, tokens: Tensor, features: Tensor, positions: Tensor) -> Tensor:
    vectors = module.field(functional.silu(module.hidden(features)))
    return _resize_and_modulate(tokens, _plain_weights(positions).T @ vectors)


def written_out(module: Any, tokens: Tensor, features: Tensor, positions: Tensor) -> Tensor:
    vectors = module.field(functional.silu(module.hidden(features)))
    products = _plain_weights(positions)[:, :, None] * vectors[:, None, :]  # (S, HW, 2C)
    return _resize_and_modulate(tokens, products.sum(0))


_SIDES: dict[str, Callable[..., Tensor]] = {"ours": ours, "matrix": matrix_product, "written_out": written_out}


def _tlm_inputs(device: str, anchors: int) -> tuple[Any, Tensor, Tensor, Tensor]:
    torch.manual_seed(0)
    module = TokenwiseLinearModulation(CHANNELS).to(device).eval()
    side = round(anchors**0.5)
    line = torch.linspace(0, 1, side)
    nodes = torch.cartesian_prod(line, line) if side**2 == anchors else torch.rand(anchors, 2)
    features = functional.normalize(torch.randn(anchors, 64), dim=1)
    tokens = torch.randn(PATCHES**2 // 4, CHANNELS)
    return module, tokens.to(device), features.to(device), nodes.to(device)


def _peak_mb(device: str, anchors: int, side: str) -> float:
    """Memory that one call takes above the module and its inputs, in MB."""
    if device == "cuda":
        module, *inputs = _tlm_inputs(device, anchors)
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        with torch.inference_mode():
            _SIDES[side](module, *inputs)
        return round((torch.cuda.max_memory_allocated() - before) / 1e6, 1)
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_peak_in_child, (anchors, side))


def _peak_in_child(anchors: int, side: str) -> float:
    module, *inputs = _tlm_inputs("cpu", anchors)
    before = _peak_resident_kb()
    with torch.inference_mode():
        _SIDES[side](module, *inputs)
    return round((_peak_resident_kb() - before) * 1024 / 1e6, 1)


def _peak_resident_kb() -> int:
    """Of this process alone; getrusage's figure begins with that of the parent."""
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])


def prefill(device: str, most_layers: int | None = None, repeats: int = 4) -> dict[str, Any]:
    """One chip and one question through ViT, fusion and language model at 7B widths, with TLM and without.

    most_layers: of the language model; as many as half the free memory holds when None, on a CPU 4, for time's sake.
    """
    dtype = default_dtype(device) if device == "cuda" else torch.bfloat16
    free, _ = free_memory(device)
    share = (0.5 * free - 2.5e9) / 14.5e9  # embeddings, head and TLM take 2.5 GB in 16 bits, the layers 14.5
    most = most_layers or (4 if device == "cpu" else LAYERS_7B)
    layers = max(1, min(most, int(share * LAYERS_7B)))
    blocks = max(2, round(layers / LAYERS_7B * BLOCKS_7B))
    config = config_7b(layers, blocks)
    torch.set_default_dtype(dtype)
    try:
        with torch.device(device), transformers.initialization.no_init_weights():
            model = FusarGPTForConditionalGeneration(config).eval()
    finally:
        torch.set_default_dtype(torch.float32)
    _fill(model)
    inputs, prior = _prefill_inputs(device, config)
    times: dict[str, list[float]] = {"with": [], "without": []}

    def forward(extra: dict[str, Tensor]) -> Tensor:
        return model(**inputs, **extra, logits_to_keep=1).logits

    with torch.inference_mode():
        for turn in range(repeats + 1):
            for name, extra in (("with", prior), ("without", {})):
                seconds, _ = _timed(device, forward, extra)
                if turn:
                    times[name].append(seconds)
    with_tlm, without = min(times["with"]), min(times["without"])
    measured, full = _flop(config), _flop(config_7b())
    return {
        "layers": f"{layers} of {LAYERS_7B}, ViT blocks {blocks} of {BLOCKS_7B}, widths of 7B, {dtype}",
        "tokens": inputs["input_ids"].shape[1],
        "with_tlm_s": round(with_tlm, 3),
        "without_s": round(without, 3),
        "spread_percent": round(100 * (max(times["without"]) / min(times["without"]) - 1), 1),
        "overhead_percent": round(100 * (with_tlm / without - 1), 2),
        "overhead_percent_by_flop_here": round(100 * measured["tlm"] / (measured["vit"] + measured["llm"]), 2),
        "tflop_7b": {name: round(value / 1e12, 3) for name, value in full.items()},
        "overhead_percent_by_flop_7b": round(100 * full["tlm"] / (full["vit"] + full["llm"]), 2),
    }


def _fill(model: Any) -> None:
    """Small random numbers into every parameter, the same million over and over: only speed is measured."""
    noise = (torch.rand(1 << 20) - 0.5).mul_(0.04).to(model.dtype).to(model.device)
    with torch.no_grad():
        for parameter in model.parameters():
            for part in parameter.view(-1).split(len(noise)):
                part.copy_(noise[: len(part)])


def _prefill_inputs(device: str, config: FusarGPTConfig) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    image = torch.full((1, PATCHES**2 // 4), config.image_token_id)
    ids = torch.cat([torch.randint(0, 1000, (1, 10)), image, torch.randint(0, 1000, (1, QUESTION_TOKENS))], dim=1)
    inputs = {
        "input_ids": ids,
        "pixel_values": torch.randn(PATCHES**2, 1176),
        "image_grid_thw": torch.tensor([[1, PATCHES, PATCHES]]),
    }
    prior = {"anchor_features": torch.randn(1, ANCHORS, 64), "anchor_positions": torch.rand(1, ANCHORS, 2)}
    return {k: v.to(device) for k, v in inputs.items()}, {k: v.to(device) for k, v in prior.items()}


def _flop(config: FusarGPTConfig) -> dict[str, float]:
    return flop_count(config, PATCHES, 10 + QUESTION_TOKENS, ANCHORS)


def batching(device: str, chips: int = 8, repeats: int = 3) -> dict[str, Any]:
    """The engine on a small random model: chips in one batch or one by one, questions together or apart."""
    tasks = ("count", "locate", "classify", "describe")
    with tempfile.TemporaryDirectory() as folder, _small_model(Path(folder)):
        engine = LocalEngine(folder, device=device, max_new_tokens=16)
        encodings = []
        engine.checkpoint.core.model.visual.register_forward_hook(lambda *_: encodings.append(1))
        requests = [Request(_chip(i), tasks, ("ship",), box=(10, 10, 60, 60)) for i in range(chips)]

        def batch() -> None:
            engine.batch_size = chips
            list(engine.answer(requests))

        def singles() -> None:
            engine.batch_size = 1
            for request in requests:
                list(engine.answer([request]))

        def together() -> None:
            engine.batch_size = chips
            list(engine.answer(requests[:1]))

        def apart() -> None:
            for task in tasks:
                list(engine.answer([Request(requests[0].chip, (task,), ("ship",), box=(10, 10, 60, 60))]))

        counted = {}
        for side in (together, apart):
            encodings.clear()
            side()
            counted[side.__name__] = len(encodings)
        times = {side: [] for side in (batch, singles, together, apart)}
        for turn in range(repeats + 1):
            for side, seconds in times.items():
                seconds.append(_timed(device, side)[0]) if turn else side()
        middle = {side.__name__: min(seconds) for side, seconds in times.items()}
        parameters = sum(p.numel() for p in engine.checkpoint.core.parameters())
    return {
        "model": f"{parameters / 1e6:.1f} M parameters, {chips} chips of 252 px, {len(tasks)} questions each",
        "batch_s": round(middle["batch"], 3),
        "singles_s": round(middle["singles"], 3),
        "batch_times_faster": round(middle["singles"] / middle["batch"], 2),
        "encodings_of_one_chip": counted,
        "questions_together_s": round(middle["together"], 3),
        "questions_apart_s": round(middle["apart"], 3),
    }


@contextmanager
def _small_model(folder: Path) -> Iterator[None]:
    """A random model of the size of fusar-nano in a folder."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in printable]
    letters = [chr(b) for b in printable] + [chr(256 + i) for i in range(len(others))]
    tokenizer = Qwen2Tokenizer(vocab={c: i for i, c in enumerate(letters)}, merges=[], pad_token=SPECIAL[0])
    tokenizer.add_special_tokens({"additional_special_tokens": SPECIAL[1:]})
    tokenizer.eos_token = SPECIAL[2]
    ids = dict(zip(SPECIAL, tokenizer.convert_tokens_to_ids(SPECIAL), strict=True))
    text = {
        "vocab_size": 262, "hidden_size": 256, "intermediate_size": 768, "num_hidden_layers": 5,
        "num_attention_heads": 8, "num_key_value_heads": 4, "max_position_embeddings": 4096,
        "eos_token_id": ids[SPECIAL[2]], "bos_token_id": None, "pad_token_id": ids[SPECIAL[0]],
        "rope_parameters": {"rope_type": "default", "rope_theta": 4.0, "mrope_section": [2, 7, 7]},
    }  # fmt: skip
    vision = {
        "depth": 4, "hidden_size": 160, "intermediate_size": 480, "num_heads": 4, "out_hidden_size": 256,
        "fullatt_block_indexes": [1, 3],
    }  # fmt: skip
    torch.manual_seed(0)
    config = FusarGPTConfig(
        text_config=text, vision_config=vision, image_token_id=ids[SPECIAL[5]], video_token_id=9999,
        prior_hidden_dim=128, chip_size=252, classes=["plane", "ship"],
    )  # fmt: skip
    model = FusarGPTForConditionalGeneration(config)
    model.generation_config.eos_token_id = ids[SPECIAL[2]]
    model.save_pretrained(folder)
    FusarGPTProcessor(Qwen2VLImageProcessorPil(), tokenizer, chat_template=CHAT_TEMPLATE).save_pretrained(folder)
    yield


def _chip(number: int) -> Chip:
    rng = np.random.default_rng(number)
    window = Window(0, 252 * number, 252, 252)
    features = rng.normal(size=(81, 64))
    features = (features / np.linalg.norm(features, axis=1, keepdims=True)).astype(np.float32)
    nowhere = np.full(81, np.nan)
    anchors = Anchors(features, rng.random((81, 2)).astype(np.float32), nowhere, nowhere)
    image = rng.integers(0, 255, (252, 252)).astype(np.uint8)
    radiometry = Radiometry(Kind.UINT8, "made", False, None, "passed through")
    where = ChipWindow(number, window, window)
    return Chip(where, image, np.ones(image.shape, bool), radiometry, None, anchors=anchors)


def _timed(device: str, function: Callable[..., Any], *arguments: Any) -> tuple[float, Any]:
    if device == "cuda":
        torch.cuda.synchronize()
    clock = time.perf_counter if device == "cuda" else time.process_time
    started = clock()
    answer = function(*arguments)
    if device == "cuda":
        torch.cuda.synchronize()
    return clock() - started, answer
