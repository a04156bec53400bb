"""The journal of a run: answers of finished chips, one JSON line each, so that a broken run can be taken up again."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import IO, Any

from fusar_core.domain.answers import Answer
from fusar_core.domain.tiling import ChipWindow
from fusar_core.errors import ResumeMismatch
from fusar_core.files import write_error
from fusar_core.tasks import TASKS

FORMAT = 2


class Journal:
    """Append-only file beside the result. The first line says which run it belongs to; a torn last line is ignored."""

    def __init__(self, path: Path, run: dict[str, Any], *, resume: bool) -> None:
        """Opens the journal of `run` (anything JSON that determines the answers: scene, engine, options).

        resume: take up what is there; otherwise start afresh. Raises ResumeMismatch when what is there belongs to
        another run, and OutputUnwritable when the file cannot be written.
        """
        self.path = path
        header = json.loads(json.dumps({"format": FORMAT, "run": run}))
        self.finished: dict[int, dict[str, Any]] = {}
        whole = self._read(header) if resume and path.exists() else 0
        try:
            self._file: IO[bytes] = open(path, "r+b" if whole else "wb")  # noqa: SIM115 - open as long as the run
            self._file.truncate(whole)
            self._file.seek(whole)
            if not whole:
                self._append(header)
        except OSError as cause:
            raise write_error(path, cause) from cause

    def _read(self, header: dict[str, Any]) -> int:
        """Fills `finished`; returns the length in bytes of the lines that are whole, 0 when not even the first is."""
        whole = 0
        with open(self.path, "rb") as file:
            for number, line in enumerate(file):
                try:
                    entry = json.loads(line) if line.endswith(b"\n") else None
                except ValueError:
                    entry = None
                if not isinstance(entry, dict):
                    break
                if number == 0 and entry != header:
                    raise ResumeMismatch(
                        f"{self.path} belongs to a run with another scene or other options.",
                        "Repeat the run without --resume to start afresh, or with the options it was begun with.",
                    )
                if number > 0:
                    self.finished[int(entry["step"])] = entry
                whole += len(line)
        return whole

    def _append(self, entry: dict[str, Any]) -> None:
        self._file.write(json.dumps(entry, separators=(",", ":")).encode() + b"\n")
        self._file.flush()

    def add(self, step: int, answers: list[Answer], seen: list[int]) -> None:
        """Records one finished step of the plan: its answers, and in which chips of the partition it saw data."""
        self.record(step, seen=seen, answers=[_to_json(a) for a in answers])

    def record(self, step: int, **content: Any) -> None:
        """Records one finished step with whatever JSON a later resume wants to find in `finished[step]`."""
        try:
            self._append({"step": step, **content})
        except OSError as cause:
            raise write_error(self.path, cause) from cause

    def entry(self, step: int, chip: ChipWindow) -> tuple[list[Answer], list[int]]:
        """The recorded answers of a finished step, and the chips of the partition in which it saw data."""
        entry = self.finished[step]
        return [_from_json(a, chip) for a in entry["answers"]], entry["seen"]

    def close(self) -> None:
        """Leaves the journal on disk for a later resume."""
        if not self._file.closed:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()

    def remove(self) -> None:
        """The run is complete and its result is in place: nothing to resume any more."""
        self._file.close()
        self.path.unlink(missing_ok=True)


def _to_json(answer: Answer) -> dict[str, Any]:
    return {
        "task": answer.task,
        "label": answer.label,
        "value": None if answer.value is None else TASKS[answer.task].encode(answer.value),
        "score": answer.score,
        "prompt": answer.prompt,
        "raw_text": answer.raw_text,
        "parse_status": answer.parse_status,
        "seconds": answer.seconds,
    }


def _from_json(entry: dict[str, Any], chip: ChipWindow) -> Answer:
    value = entry["value"]
    return Answer(**{**entry, "chip": chip, "value": None if value is None else TASKS[entry["task"]].decode(value)})
