"""DeepSpeed's ZeRO-2 with two processes on the CPU: the losses of one process, resumed exactly."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from training.runs.run import run
from training.stages.recipe import read_preset
from training.stages.trainer import checkpoints

pytest.importorskip("deepspeed", reason="the extra `train` is not installed")
REPOSITORY = Path(__file__).parents[2]
SETTINGS: dict[str, Any] = {
    "image_size": 84, "max_length": 512, "dtype": "float32", "base_dtype": "float32", "lora_dropout": 0.0, "workers": 0,
    "chips_a_step": 4, "steps": 4, "save_steps": 2, "log_steps": 1, "learning_rate": 1e-2, "warmup": 0.0, "keep": 9,
}  # fmt: skip


def two_processes(base: Path, chips: Path, out: Path, *more: str, **settings: Any) -> None:
    """The line of docs/training.md, with the preset of the paper made tiny."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    line = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2", "--master_port", str(port)]
    line += ["-m", "training.run", "fusar-gpt-7b", "--model", str(base), "--data", str(chips), "--out", str(out), *more]
    for name, value in {**SETTINGS, "accumulation": 2, **settings}.items():
        line += ["--set", f"{name}={json.dumps(value)}"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "DS_ACCELERATOR": "cpu"}
    done = subprocess.run(line, cwd=REPOSITORY, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]


def losses(out: Path, stage: str) -> list[float]:
    return [json.loads(line)["loss"] for line in (out / stage / "metrics.jsonl").read_text().splitlines()]


def weights(out: Path, stage: str) -> dict[str, torch.Tensor]:
    return load_file(out / stage / "model" / "adapter" / "adapter_model.safetensors")


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory, base: Path, chips: Path) -> Path:
    """Both stages, by two processes."""
    out = tmp_path_factory.mktemp("two")
    two_processes(base, chips, out)
    return out


def test_two_processes_train_as_one_does(together: Path, tmp_path: Path, base: Path, chips: Path) -> None:
    run(read_preset(Path("fusar-gpt-7b"), {**SETTINGS, "accumulation": 4, "deepspeed": ""}), base, [chips], tmp_path)
    for stage in ("stage1", "stage2"):
        assert losses(together, stage) == pytest.approx(losses(tmp_path, stage), rel=1e-4)
        facts = json.loads((together / stage / "run.json").read_text())
        assert (facts["processes"], facts["chips_a_step"]) == (2, 4)
        ours, theirs = weights(together, stage), weights(tmp_path, stage)
        for name, tensor in ours.items():
            torch.testing.assert_close(tensor, theirs[name], rtol=1e-2, atol=2e-3)
    assert len(set(losses(together, "stage1"))) == 4


def test_zero_two_is_resumed_exactly(together: Path, tmp_path: Path, base: Path, chips: Path) -> None:
    shutil.copytree(together, tmp_path / "run")
    stage = tmp_path / "run" / "stage1"
    for path in (stage / "model", tmp_path / "run" / "stage2", *checkpoints(stage)[1:]):
        shutil.rmtree(path)
    (stage / "run.json").unlink()
    two_processes(base, chips, tmp_path / "run", "--resume")
    for name in ("stage1", "stage2"):
        assert losses(tmp_path / "run", name) == losses(together, name)
        before, after = weights(together, name), weights(tmp_path / "run", name)
        assert all(torch.equal(after[n], before[n]) for n in before)
