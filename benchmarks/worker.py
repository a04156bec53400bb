"""The worker: sixteen clients beside the engine's own batches, what a request costs alone, and two replicas beside one.

    python -m benchmarks worker        # on a quiet machine: front, replica and clients share its cores

The models are fusar-nano, and an untrained one of the same parts that takes several times as long a chip, as real ones
do. Front, replica and clients run as they do in use: processes of their own, HTTP between them. The engine answers the
same chips in this process, one thread, before and after; each round has chips of its own, and the median of the rounds
counts.
"""

from __future__ import annotations

import base64
import io
import json
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import torch
from PIL import Image
from transformers import GenerationConfig

from benchmarks.serving import PACED, ROOT, Worker, serving
from fusar_core.domain.anchors import Anchors
from fusar_core.domain.answers import Request
from fusar_core.domain.chips import Chip
from fusar_core.domain.radiometry import Kind, Radiometry
from fusar_core.domain.tiling import ChipWindow, Window
from fusar_core.engines import dialogue
from fusar_core.engines.local import LocalEngine
from fusar_core.model.configuration import FusarGPTConfig
from fusar_core.model.modeling import FusarGPTForConditionalGeneration
from fusar_core.model.processing import FusarGPTProcessor
from fusar_core.remote.wire import anchors_part, png_part

NANO = ROOT / "resources" / "models" / "fusar-nano"
BATCH = 8


def run(chips: int = 192, clients: int = 16, alone: int = 30) -> dict[str, Any]:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with both_ways(NANO, folder) as (engine, worker):
            small = {"together": together(engine, worker, chips, clients), "alone": sequential(engine, worker, alone)}
        with both_ways(larger_model(folder / "larger"), folder) as (engine, worker):
            parameters = sum(p.numel() for p in engine.checkpoint.core.parameters())
            larger = {"parameters": parameters, "together": together(engine, worker, chips, clients)}
        return {
            "chips": f"168 px, one question each, batches of {BATCH}",
            "nano": small,
            "larger": larger,
            "replicas": scaling(folder),
        }


@contextmanager
def both_ways(model: Path, folder: Path) -> Iterator[tuple[LocalEngine, Worker]]:
    """A model as the engine in this process and behind a worker, one thread and batches of BATCH either way."""
    engine = LocalEngine(model, device="cpu", batch_size=BATCH, max_new_tokens=16)
    arguments = ["--model", str(model), "--device", "cpu", "--threads", "1", "--batch-size", str(BATCH)]
    with serving(arguments, folder / f"log {model.name}") as worker:
        yield engine, worker


def larger_model(folder: Path) -> Path:
    """fusar-nano's parts, wider and deeper, untrained: what a chip costs beside its way here is then as in real use."""
    config = FusarGPTConfig.from_pretrained(NANO)
    text, vision = config.text_config, config.vision_config
    text.hidden_size, text.intermediate_size, text.num_hidden_layers = 512, 1408, 8
    text.num_attention_heads, text.num_key_value_heads = 16, 8
    vision.hidden_size, vision.intermediate_size, vision.num_heads, vision.depth = 320, 960, 8, 6
    vision.fullatt_block_indexes, vision.out_hidden_size = [*range(6)], 512
    text.layer_types = ["full_attention"] * text.num_hidden_layers
    torch.manual_seed(0)
    model = FusarGPTForConditionalGeneration(config)
    model.generation_config = GenerationConfig.from_pretrained(NANO)
    model.save_pretrained(folder)
    FusarGPTProcessor.from_pretrained(NANO).save_pretrained(folder)
    return folder


def make_chip(number: int, size: int) -> Chip:
    """Speckle and anchors, other ones for each number: the worker remembers what it has seen."""
    rng = np.random.default_rng(number)
    window = Window(0, size * number, size, size)
    features = rng.normal(size=(81, 64))
    features = (features / np.linalg.norm(features, axis=1, keepdims=True)).astype(np.float32)
    nowhere = np.full(81, np.nan)
    anchors = Anchors(features, rng.random((81, 2)).astype(np.float32), nowhere, nowhere)
    image = np.clip(rng.gamma(4.0, 15.0, (size, size)), 1, 255).astype(np.uint8)
    radiometry = Radiometry(Kind.UINT8, "made", False, None, "passed through")
    return Chip(
        ChipWindow(number, window, window), image, np.ones(image.shape, bool), radiometry, None, anchors=anchors
    )


def body(request: Request, size: int, name: str) -> bytes:
    """The request as a client sends it."""
    (query,) = dialogue.queries(request, size)
    parts = [png_part(dialogue.picture(request.chip, size)), {"type": "text", "text": query.prompt}]
    parts.append(anchors_part(request.chip.anchors))
    content = {"model": name, "messages": [{"role": "user", "content": parts}], "max_tokens": 16, "logprobs": True}
    return json.dumps(content).encode()


def post(client: httpx2.Client, worker: Worker, content: bytes) -> tuple[str, float]:
    """The words of an answer, and the seconds it took."""
    started = time.perf_counter()
    while True:
        response = client.post(
            f"{worker.url}/chat/completions", content=content, headers={"content-type": "application/json"}
        )
        if response.status_code != 429:
            break
        time.sleep(float(response.headers["retry-after"]))
    response.raise_for_status()
    return response.json()["choices"][0]["message"]["content"], time.perf_counter() - started


def together(engine: LocalEngine, worker: Worker, chips: int, clients: int, rounds: int = 3) -> dict[str, Any]:
    """Chips a second: offline in batches, and asked for by so many clients at once; both on the same chips."""
    size = engine.config.chip_size
    warm = [body(Request(make_chip(10**6 + n, size), ("count",), ("ship",)), size, worker.name) for n in range(clients)]
    ask_all(worker, warm, clients)
    offline, online, latencies, lost, unlike = [], [], [], 0, 0
    for number in range(rounds):
        requests = [Request(make_chip(number * chips + n, size), ("count",), ("ship",)) for n in range(chips)]
        bodies = [body(r, size, worker.name) for r in requests]
        before, answers = _seconds(lambda requests=requests: list(engine.answer(requests)))
        asked, replies = _seconds(lambda bodies=bodies: ask_all(worker, bodies, clients))
        after, _ = _seconds(lambda requests=requests: list(engine.answer(requests)))
        offline.append(chips / (before + after) * 2)
        online.append(chips / asked)
        words, seconds = zip(*replies, strict=True)
        latencies += seconds
        lost += chips - len(words)
        unlike += sum(a.raw_text != w for a, w in zip(answers, words, strict=True))
    shares = sorted(b / a for a, b in zip(offline, online, strict=True))
    return {
        "chips": rounds * chips,
        "clients": clients,
        "offline_chips_per_s": round(statistics.median(offline), 2),
        "worker_chips_per_s": round(statistics.median(online), 2),
        "share_of_offline": round(statistics.median(shares), 3),
        "shares": [round(s, 3) for s in shares],
        "p50_s": round(statistics.median(latencies), 3),
        "p95_s": round(statistics.quantiles(latencies, n=20)[-1], 3),
        "lost": lost,
        "other_words": unlike,
    }


def ask_all(worker: Worker, bodies: Sequence[bytes], clients: int) -> list[tuple[str, float]]:
    local = threading.local()

    def one(content: bytes) -> tuple[str, float]:
        if not hasattr(local, "client"):
            local.client = httpx2.Client(timeout=600)
        return post(local.client, worker, content)

    with ThreadPoolExecutor(clients) as pool:
        return list(pool.map(one, bodies))


def sequential(engine: LocalEngine, worker: Worker, chips: int) -> dict[str, Any]:
    """Milliseconds a chip for a single client, beside the engine in this process; the two take turns."""
    size = engine.config.chip_size
    here, there = [], []
    with httpx2.Client(timeout=600) as client:
        for n in range(chips):
            request = Request(make_chip(2 * 10**6 + n, size), ("count",), ("ship",))
            content = body(request, size, worker.name)
            here.append(_seconds(lambda request=request: list(engine.answer([request])))[0])
            there.append(post(client, worker, content)[1])
    return {
        "engine_ms": round(1e3 * statistics.median(here), 1),
        "worker_ms": round(1e3 * statistics.median(there), 1),
        "overhead_ms": round(1e3 * (statistics.median(there) - statistics.median(here)), 1),
    }


def scaling(
    folder: Path, questions: int = 480, clients: int = 48, step_s: float = 0.02, tokens: int = 16
) -> dict[str, Any]:
    """Answers a second of a model of fixed cost (benchmarks/paced.py, batches of 8), with one replica and with two."""
    rates = {}
    for replicas in (1, 2):
        arguments = [*PACED, "--replicas", str(replicas), "--batch-size", str(BATCH)]
        with serving(arguments, folder / f"log {replicas}", FUSAR_PACED_STEP_S=str(step_s)) as worker:
            _until_replicas(worker, replicas)
            bodies = [_small_body(n, worker.name, tokens) for n in range(2 * questions)]
            ask_all(worker, bodies[:clients], clients)
            seconds, _ = _seconds(lambda worker=worker, bodies=bodies: ask_all(worker, bodies[questions:], clients))
            rates[replicas] = questions / seconds
    return {
        "cost": f"{tokens} tokens of {1e3 * step_s:g} ms a batch, {clients} clients",
        "offline_per_s": round(BATCH / (tokens * step_s), 1),
        "one_per_s": round(rates[1], 1),
        "two_per_s": round(rates[2], 1),
        "times": round(rates[2] / rates[1], 2),
    }


def _small_body(number: int, name: str, tokens: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(number).integers(0, 255, (112, 112)).astype(np.uint8)).save(file, "PNG")
    url = "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
    content = [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": f"Question {number}?"}]
    body = {"model": name, "messages": [{"role": "user", "content": content}], "max_tokens": tokens}
    return json.dumps(body).encode()


def _until_replicas(worker: Worker, replicas: int) -> None:
    until = time.monotonic() + 60
    while f"fusar_replicas {replicas}.0" not in httpx2.get(f"{worker.base}/metrics").text:
        if time.monotonic() > until:
            raise RuntimeError(f"there are no {replicas} replicas")
        time.sleep(0.2)


def _seconds(work: Any) -> tuple[float, Any]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result
