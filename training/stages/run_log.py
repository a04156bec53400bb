"""What a run folder tells while training goes on: metrics.jsonl, a line for each logged loss, and curves.png."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerState

from training.stages.curves import draw_curves

PART = "loss_"
"""Begins the names of the parts of a loss: tasks, and auxiliary losses."""


class RunLog(TrainerCallback):
    """Keeps both up to date in `folder`; after a resume they go on from the checkpoint's step."""

    def __init__(self, folder: Path, name: str) -> None:
        self.metrics, self.curves, self.name = folder / "metrics.jsonl", folder / "curves.png", name

    def on_train_begin(self, args: Any, state: TrainerState, control: Any, **kwargs: Any) -> None:
        """Writes metrics.jsonl anew from the losses so far: after a resume, lines beyond the checkpoint are gone."""
        if state.is_world_process_zero:
            self.metrics.write_text("".join(json.dumps(row) + "\n" for row in losses(state)), encoding="utf-8")

    def on_log(self, args: Any, state: TrainerState, control: Any, **kwargs: Any) -> None:
        """Adds a line for the last log, where it has a loss."""
        row = state.log_history[-1]
        if state.is_world_process_zero and "loss" in row:
            with open(self.metrics, "a", encoding="utf-8") as lines:
                lines.write(json.dumps(row) + "\n")

    def on_save(self, args: Any, state: TrainerState, control: Any, **kwargs: Any) -> None:
        """Draws the curves up to this checkpoint."""
        self.draw(state)

    def on_train_end(self, args: Any, state: TrainerState, control: Any, **kwargs: Any) -> None:
        """Draws them a last time."""
        self.draw(state)

    def draw(self, state: TrainerState) -> None:
        """Writes curves.png of the loss and its parts by step. Only the first process does."""
        if state.is_world_process_zero:
            rows = losses(state)
            parts = dict.fromkeys(key for row in rows for key in row if key.startswith(PART))
            curves = {key.removeprefix(PART): [(r["step"], r[key]) for r in rows if key in r] for key in parts}
            draw_curves({self.name: [(row["step"], row["loss"]) for row in rows], **curves}, self.curves)


def losses(state: TrainerState) -> list[dict[str, Any]]:
    """What was logged of training, a row a time."""
    return [row for row in state.log_history if "loss" in row]
