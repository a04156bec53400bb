"""What suits a device follows from what it has; emulation does not count."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from fusar_core.model.device import attention_for, default_dtype, has_bfloat16


def test_attention_falls_back_to_sdpa() -> None:
    assert attention_for("cpu", torch.float32) == "sdpa"
    assert attention_for("cpu", torch.bfloat16) == "sdpa"


@pytest.mark.parametrize(("has", "dtype"), [(True, torch.bfloat16), (False, torch.float32)])
def test_a_gpu_that_would_emulate_bfloat16_answers_in_float32(
    monkeypatch: pytest.MonkeyPatch, has: bool, dtype: torch.dtype
) -> None:
    """A T4 says it supports bf16 as long as emulation counts."""
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: has or including_emulation)
    assert default_dtype("cuda:0") is dtype


def test_a_cpu_answers_in_float32_whatever_it_has() -> None:
    assert default_dtype("cpu") is torch.float32


def test_a_torch_without_onednn_has_no_bfloat16(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: Any) -> bool:
        raise RuntimeError("no such operator")

    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", missing)
    assert not has_bfloat16("cpu")
