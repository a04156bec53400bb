"""The vLLM runtime: visual encoder and prior in this process, the language model in stock vLLM, continuous batching.

vLLM gets visual tokens instead of pictures (`image_embeds`, its documented input for embeddings), so it needs neither
our model class nor a patch. It loads a stock Qwen2.5-VL: the base of an imported checkpoint with its adapters as LoRA,
or, for a model of ours, a copy without the prior branch, which is made once beside the model.

vLLM has an environment of its own (docs/worker.md). Written against vLLM 0.33.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import os
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration
from vllm import SamplingParams
from vllm.engine.arg_utils import AsyncEngineArgs
from vllm.lora.request import LoRARequest
from vllm.sampling_params import RequestOutputKind
from vllm.v1.engine.async_llm import AsyncLLM

from fusar_core.errors import FusarError, WorkerFailed
from fusar_core.model.checkpoint import ANY_TASK, Checkpoint
from fusar_core.model.configuration import BASE_MODEL_TYPE
from fusar_core.model.generation import CHECK_EVERY, in_circles, token_bytes
from fusar_core.model.processing import conversation
from fusar_core.model.weights import read_json
from fusar_core.worker.jobs import Effort, Ending, Job, RuntimeSpec, Token
from fusar_core.worker.runtime import Listener
from fusar_core.worker.transformers_runtime import TransformersModel, view

GPU_SHARE = 0.8
"""Of a GPU's memory for vLLM; the encoder and the prior take about 2 GB at 7B beside it."""
GLANCE_S = 0.2
"""How often a job that waits for its first token is asked whether somebody still waits for it."""

log = logging.getLogger(__name__)


class VllmRuntime:
    """Answers each job by itself; vLLM batches. `submit` belongs to the event loop of the replica."""

    def __init__(self, spec: RuntimeSpec) -> None:
        self._seer = Seer(replace(spec, device="cpu", dtype=spec.dtype or "bfloat16", quantization=None))
        self.about = self._seer.about
        checkpoint = self._seer.checkpoint
        base = stock_directory(checkpoint)
        self._adapters = adapter_directories(checkpoint)
        self._engine = AsyncLLM.from_engine_args(
            AsyncEngineArgs(
                model=str(base),
                dtype=spec.dtype or "bfloat16",
                max_model_len=min(self.about.context, int(spec.options.get("max_model_len", 8192))),
                gpu_memory_utilization=float(spec.options.get("gpu_share", GPU_SHARE)),
                enable_mm_embeds=True,
                limit_mm_per_prompt={"image": 0, "video": 0},  # no pictures, so that vLLM loads no encoder
                enable_lora=bool(self._adapters),
                max_loras=max(1, len(self._adapters)),
                max_lora_rank=max((_rank(path) for path in self._adapters.values()), default=16),
                disable_log_stats=True,
            )
        )
        self._seer.keep_eyes_only("cuda" if torch.cuda.is_available() else "cpu")
        self._looking = ThreadPoolExecutor(1, "encoder")
        self._numbers = itertools.count()
        self._tasks: set[asyncio.Task[None]] = set()
        self._broken = ""

    def submit(self, job: Job, listener: Listener) -> None:
        """Starts a job on the running event loop; vLLM puts it into a batch by itself."""
        task = asyncio.get_running_loop().create_task(self._answer(job, listener))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def check_health(self) -> None:
        """Raises RuntimeError after an error of the GPU, and when vLLM's engine has died."""
        if self._broken:
            raise RuntimeError(self._broken)
        if self._engine.errored:
            raise RuntimeError("vLLM's engine is dead")

    def close(self) -> None:
        """Stops the thread of the encoder and vLLM's engine; jobs under way fail."""
        self._looking.shutdown(wait=False, cancel_futures=True)
        self._engine.shutdown()

    async def _answer(self, job: Job, listener: Listener) -> None:
        loop = asyncio.get_running_loop()
        arrived = loop.time()
        try:
            length = self._seer.prompt_tokens(job)
            tokens, grid, encoded = await loop.run_in_executor(self._looking, self._seer.look, job)
            prompt = {
                "prompt_token_ids": self._seer.prompt(job.question),
                "multi_modal_data": {"image": {"image_embeds": tokens.cpu(), "image_grid_thw": grid}},
            }
            budget = min(job.max_tokens, self.about.context - length)
            started = loop.time()
            await asyncio.gather(
                *(self._say(job, choice, prompt, budget, listener) for choice in range(len(job.seeds)))
            )
            if not listener.cancelled():
                listener.event(Effort(length, len(job.seeds), started - arrived, loop.time() - started, encoded))
        except asyncio.CancelledError:
            raise
        except FusarError as error:
            listener.failed(error)
        except Exception as error:
            log.error("the model failed over a job", exc_info=error)
            if "CUDA error" in str(error):
                self._broken = f"the GPU failed: {error}"
            listener.failed(WorkerFailed("The model failed over this question.", "The log of the worker says why."))

    async def _say(self, job: Job, choice: int, prompt: dict[str, Any], budget: int, listener: Listener) -> None:
        """One choice, token by token; vLLM stops for it when its generator is closed."""
        sampling = SamplingParams(
            temperature=job.temperature,
            top_p=job.top_p,
            seed=job.seeds[choice] if job.temperature > 0 else None,
            max_tokens=budget,
            logprobs=0,  # of the token that is taken, and no others
            detokenize=False,
            stop_token_ids=self._seer.ends,
            output_kind=RequestOutputKind.DELTA,
        )
        adapter = job.task if job.task in self.about.adapted else ANY_TASK
        lora = None
        if adapter in self._adapters:
            number = list(self._adapters).index(adapter) + 1
            lora = LoRARequest(adapter, number, str(self._adapters[adapter]))
        said: list[int] = []
        stream = self._engine.generate(prompt, sampling, f"job {next(self._numbers)}", lora_request=lora)
        ended = looped = False
        async with aclosing(_asked(stream, listener)) as outputs:
            async for output in outputs:
                (part,) = output.outputs
                for token, chances in zip(part.token_ids, part.logprobs or (), strict=True):
                    ended = ended or token in self._seer.ends
                    if ended:
                        break
                    piece = token_bytes(self._seer.tokenizer, token)
                    listener.event(Token(choice, len(said), piece, chances[token].logprob))
                    said.append(token)
                    looped = looped or (len(said) % CHECK_EVERY == 0 and bool(in_circles(torch.tensor([said]))[0]))
                ended = ended or part.finish_reason == "stop"
                if ended or looped or listener.cancelled():
                    break
        if not listener.cancelled():
            listener.event(Ending(choice, self._seer.text(said), ended, looped and not ended))


async def _asked(stream: Any, listener: Listener) -> Any:
    """What a stream gives, until nobody waits for it."""
    async with aclosing(stream):
        coming = asyncio.ensure_future(anext(stream))
        try:
            while not listener.cancelled():
                done, _ = await asyncio.wait({coming}, timeout=GLANCE_S)
                if done:
                    try:
                        output = coming.result()
                    except StopAsyncIteration:
                        return
                    yield output
                    coming = asyncio.ensure_future(anext(stream))
        finally:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)


class Seer(TransformersModel):
    """The eyes of a checkpoint: visual encoder, prior and tokenizer; the language model is let go."""

    def keep_eyes_only(self, device: str) -> None:
        """Drops the language model and moves the rest to a device."""
        core = self.driver.core
        core.model.language_model = None
        core.lm_head = None
        core.to(device)

    @property
    def tokenizer(self) -> Any:
        """The checkpoint's own, which vLLM is not asked for: it only sees token ids."""
        return self.driver.processor.tokenizer

    @property
    def ends(self) -> list[int]:
        """Tokens that end an answer."""
        return list(self.driver.core.generation_config.eos_token_id)

    def prompt(self, question: str) -> list[int]:
        """Token ids with one placeholder for the image: vLLM makes as many of it as the image has tokens."""
        processor = self.driver.processor
        text = processor.apply_chat_template(
            conversation(processor.without_control_tokens(question)), add_generation_prompt=True
        )
        return list(self.tokenizer(text)["input_ids"])

    def text(self, tokens: Sequence[int]) -> str:
        """The text of an answer's tokens without control tokens, spaces as the model set them."""
        return str(self.tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False))

    def look(self, job: Job) -> tuple[Tensor, Tensor, bool]:
        """Visual tokens (T, C) of a job's image with its prior, image_grid_thw (1, 3), and whether it was encoded."""
        (tokens,), fresh = self.driver.see([view(job)], self.checkpoint.use(self.task(job)))
        return tokens, self.driver.grids(1), bool(fresh)


def stock_directory(checkpoint: Checkpoint) -> Path:
    """A directory that vLLM can load: the base where it is a stock Qwen2.5-VL, else a copy without the prior branch."""
    base = checkpoint.manifest.base
    if read_json(base / "config.json").get("model_type") == BASE_MODEL_TYPE:
        return base
    copy = base.with_name(f"{base.name}.stock-{checkpoint.name.split()[-1]}")
    if copy.is_dir():
        return copy
    log.warning("writing %s: the model without its prior branch, for vLLM", copy)
    with tempfile.TemporaryDirectory(dir=base.parent, prefix=".stock-") as folder:
        path = Path(folder) / "model"
        options = {k: v for k, v in checkpoint.core.config.to_dict().items() if k != "model_type"}
        with torch.device("meta"):
            stock = Qwen2_5_VLForConditionalGeneration(Qwen2_5_VLConfig(**options))
        weights = {k: v for k, v in checkpoint.core.state_dict().items() if ".tlm." not in k}
        stock.save_pretrained(path, state_dict=weights)
        checkpoint.processor.save_pretrained(path)
        os.replace(path, copy)
    return copy


def adapter_directories(checkpoint: Checkpoint) -> dict[str, Path]:
    """Task → LoRA of the language model alone, as vLLM takes it: the prior branch and the encoder's part are ours."""
    found = {}
    for task, path in checkpoint.manifest.adapters.items():
        own = path.with_name(f"{path.name}.language")
        if not own.is_dir():
            weights = load_file(path / "adapter_model.safetensors")
            language = {k: v for k, v in weights.items() if ".tlm." not in k and ".visual." not in k}
            settings = {**read_json(path / "adapter_config.json"), "modules_to_save": None}
            with tempfile.TemporaryDirectory(dir=path.parent, prefix=".language-") as folder:
                made = Path(folder) / "adapter"
                made.mkdir()
                save_file(language, made / "adapter_model.safetensors")
                (made / "adapter_config.json").write_text(json.dumps(settings), "utf-8")
                os.replace(made, own)
        found[task] = own
    return found


def _rank(path: Path) -> int:
    return int(read_json(path / "adapter_config.json")["r"])
