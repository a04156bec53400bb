"""The `fusar` engine: FUSAR-GPT on this computer, through transformers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fusar_core.engines.base import EngineInfo
from fusar_core.engines.options import Option
from fusar_core.engines.speaking import SpeakingEngine
from fusar_core.model.bundled import model_directory
from fusar_core.tasks import TASKS

if TYPE_CHECKING:
    from fusar_core.model.checkpoint import Checkpoint
    from fusar_core.model.configuration import FusarGPTConfig


class LocalEngine(SpeakingEngine):
    """Answers every task of its checkpoint, greedily.

    model: a FUSAR-GPT directory; the fusar-nano that comes with the engine when None. device, dtype, quantization,
    batch_size: see `fusar_core.model.driver.Driver`. classes: those that may be asked for, instead of the checkpoint's
    own. max_new_tokens: a tighter limit for every answer.

    Raises BadCheckpoint, NotEnoughMemory, MissingExtra, BadOption.
    """

    info = EngineInfo(
        name="fusar",
        title="FUSAR-GPT on this computer",
        tasks=frozenset(TASKS),
        takes_prior=True,
        loads_model=True,
        demonstration=True,  # fusar-nano; the checkpoint that is opened says it for itself
        options=(
            Option("model", Path, help="Model directory (fusar; default: fusar-nano)"),
            Option("device", help="cpu, cuda, cuda:1 …; default: a GPU where there is one", decides=False),
            Option(
                "dtype",
                help="float32 or bfloat16; default: what suits the device",
                choices=("float32", "bfloat16"),
            ),
            Option(
                "quantization",
                help="8bit or 4bit: the language model in less GPU memory",
                choices=("8bit", "4bit"),
            ),
            Option("batch_size", int, 8, "Chips worked on at once; halved when memory runs out", decides=False),
        ),
    )

    def __init__(
        self,
        model: str | Path | None = None,
        *,
        device: str | None = None,
        dtype: str | None = None,
        quantization: str | None = None,
        batch_size: int = 8,
        classes: Sequence[str] | None = None,
        max_new_tokens: int | None = None,
    ) -> None:
        from fusar_core.engines.in_process import InProcess
        from fusar_core.model.driver import Driver

        self._driver = Driver(
            model_directory(model), device=device, dtype=dtype, quantization=quantization, batch_size=batch_size
        )
        super().__init__(InProcess(self._driver, max_new_tokens), classes)

    @property
    def checkpoint(self) -> Checkpoint:
        """The loaded model and what belongs to it."""
        return self._driver.checkpoint

    @property
    def config(self) -> FusarGPTConfig:
        """The configuration of the loaded model."""
        return self._driver.config

    @property
    def batch_size(self) -> int:
        """Chips, and questions, worked on at once."""
        return self._driver.batches.size

    @batch_size.setter
    def batch_size(self, size: int) -> None:
        """Takes effect with the next batch; `Batches` may have made it smaller when memory ran out."""
        self._driver.batches.size = size
