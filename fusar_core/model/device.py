"""What a device has, and so what suits it: number format, attention, free memory."""

from __future__ import annotations

import torch


def default_device() -> str:
    """`cuda` where torch sees one, else `cpu`."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def has_bfloat16(device: str) -> bool:
    """Whether a device has instructions for bfloat16: one that emulates them is up to a hundred times slower."""
    if device.startswith("cuda"):
        return torch.cuda.is_bf16_supported(including_emulation=False)
    try:
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    except (AttributeError, RuntimeError):  # a torch without oneDNN
        return False


def default_dtype(device: str) -> torch.dtype:
    """To answer with: bf16 on a GPU that has it, fp32 elsewhere; fp16 overflows in the ViT and is never chosen."""
    return torch.bfloat16 if device.startswith("cuda") and has_bfloat16(device) else torch.float32


def attention_for(device: str, dtype: torch.dtype) -> str:
    """`flash_attention_2` where it is installed and can run, else `sdpa`."""
    from transformers.utils import is_flash_attn_2_available

    fits = device.startswith("cuda") and dtype in (torch.bfloat16, torch.float16)
    return "flash_attention_2" if fits and is_flash_attn_2_available() else "sdpa"


def free_memory(device: str) -> tuple[float, str]:
    """Free bytes of a device, and what to call it."""
    if device.startswith("cuda"):
        return float(torch.cuda.mem_get_info(device)[0]), "GPU"
    import psutil

    return float(psutil.virtual_memory().available), "computer"
