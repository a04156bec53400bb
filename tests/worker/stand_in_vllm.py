"""A stand-in for vLLM in the shapes that its 0.33 documents: it checks what it is given and answers by transformers.

vLLM itself needs a GPU and an environment of its own. What is tested with this is our side: that the tokens, the
prompts and the adapters which vLLM would get are those that make the default runtime's answers.
"""

from __future__ import annotations

import asyncio
import enum
import sys
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any

import torch
from peft import PeftModel
from transformers import Qwen2_5_VLForConditionalGeneration
from transformers.modeling_outputs import BaseModelOutputWithPooling


class RequestOutputKind(enum.Enum):
    CUMULATIVE = 0
    DELTA = 1


@dataclass
class SamplingParams:
    temperature: float = 1.0
    top_p: float = 1.0
    seed: int | None = None
    max_tokens: int | None = 16
    logprobs: int | None = None
    detokenize: bool = True
    stop_token_ids: list[int] | None = None
    output_kind: RequestOutputKind = RequestOutputKind.CUMULATIVE


@dataclass
class LoRARequest:
    lora_name: str
    lora_int_id: int
    lora_path: str


@dataclass
class AsyncEngineArgs:
    model: str
    dtype: str = "auto"
    max_model_len: int | None = None
    gpu_memory_utilization: float = 0.9
    enable_mm_embeds: bool = False
    limit_mm_per_prompt: dict[str, int] = field(default_factory=dict)
    enable_lora: bool = False
    max_loras: int = 1
    max_lora_rank: int = 16
    disable_log_stats: bool = False


class AsyncLLM:
    """One request after the other, two tokens an output."""

    latest: AsyncLLM

    def __init__(self, args: AsyncEngineArgs) -> None:
        assert args.enable_mm_embeds, "embeddings are refused without it"
        assert args.limit_mm_per_prompt["image"] == 0
        self.args, self.errored, self.closed = args, False, 0
        dtype = getattr(torch, args.dtype)
        # A plain Qwen2.5-VL must load without a missing or unknown tensor, as vLLM demands.
        self.model, info = Qwen2_5_VLForConditionalGeneration.from_pretrained(
            args.model, dtype=dtype, output_loading_info=True
        )
        assert not info["missing_keys"]
        assert not info["unexpected_keys"]
        self.adapters: dict[str, Any] = {}
        AsyncLLM.latest = self

    @classmethod
    def from_engine_args(cls, engine_args: AsyncEngineArgs) -> AsyncLLM:
        return cls(engine_args)

    def shutdown(self) -> None:
        self.errored = True

    async def generate(self, prompt: Any, sampling_params: SamplingParams, request_id: str, lora_request: Any = None):
        try:
            ids, chances = self._answer(prompt, sampling_params, lora_request)
            for start in range(0, len(ids), 2):
                await asyncio.sleep(0.001)
                part = ids[start : start + 2]
                logprobs = [{t: SimpleNamespace(logprob=c)} for t, c in zip(part, chances[start:], strict=False)]
                last = start + 2 >= len(ids)
                stopped = last and ids[-1] in sampling_params.stop_token_ids
                reason = None if not last else "stop" if stopped else "length"
                yield SimpleNamespace(
                    outputs=[SimpleNamespace(token_ids=part, logprobs=logprobs, finish_reason=reason)], finished=last
                )
        finally:
            self.closed += 1

    @torch.inference_mode()
    def _answer(self, prompt: Any, sampling: SamplingParams, lora: LoRARequest | None) -> tuple[list[int], list[float]]:
        assert sampling.output_kind is RequestOutputKind.DELTA
        assert sampling.temperature == 0, "the stand-in is greedy"
        model, config = self._with(lora), self.model.config
        embeds = prompt["multi_modal_data"]["image"]["image_embeds"]
        grid = prompt["multi_modal_data"]["image"]["image_grid_thw"]
        assert embeds.ndim == 2
        assert tuple(grid.shape) == (1, 3)
        pad = config.image_token_id
        assert prompt["prompt_token_ids"].count(pad) == 1
        ids = [x for t in prompt["prompt_token_ids"] for x in ([pad] * len(embeds) if t == pad else [t])]
        inputs = torch.tensor([ids])
        assert len(ids) + sampling.max_tokens <= self.args.max_model_len
        out = model.generate(
            input_ids=inputs,
            attention_mask=torch.ones_like(inputs),
            mm_token_type_ids=(inputs == pad).int(),
            image_grid_thw=grid,
            mm_encoder_outputs={"image": BaseModelOutputWithPooling(pooler_output=(embeds.to(model.dtype),))},
            max_new_tokens=sampling.max_tokens,
            do_sample=False,
            eos_token_id=sampling.stop_token_ids,
            output_logits=True,
            return_dict_in_generate=True,
        )
        said = out.sequences[0, len(ids) :].tolist()
        return said, [step[0].float().log_softmax(-1).max().item() for step in out.logits]

    def _with(self, lora: LoRARequest | None) -> Any:
        if lora is None:
            return self.model
        assert self.args.enable_lora
        assert lora.lora_int_id > 0
        if not isinstance(self.model, PeftModel):
            self.model = PeftModel.from_pretrained(self.model, lora.lora_path, adapter_name=lora.lora_name)
        elif lora.lora_name not in self.model.peft_config:
            self.model.load_adapter(lora.lora_path, adapter_name=lora.lora_name)
        self.model.set_adapter(lora.lora_name)
        return self.model


def install(monkeypatch: Any) -> None:
    """Makes `import vllm` find this, for one test."""
    places = {
        "vllm": {"SamplingParams": SamplingParams},
        "vllm.engine": {},
        "vllm.engine.arg_utils": {"AsyncEngineArgs": AsyncEngineArgs},
        "vllm.lora": {},
        "vllm.lora.request": {"LoRARequest": LoRARequest},
        "vllm.sampling_params": {"RequestOutputKind": RequestOutputKind},
        "vllm.v1": {},
        "vllm.v1.engine": {},
        "vllm.v1.engine.async_llm": {"AsyncLLM": AsyncLLM},
    }
    for name, content in places.items():
        module = ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
