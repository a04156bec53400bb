"""The journal of a run: answers of finished chips, one JSON line each, so that a broken run can be taken up again."""

from __future__ import annotations

import json
import os
import zlib
from pathlib import Path
from typing import Any, BinaryIO

from fusar_core.domain.answers import Answer
from fusar_core.domain.tiling import ChipWindow
from fusar_core.errors import ResumeMismatch
from fusar_core.files import write_error
from fusar_core.interpretation.journal_file import open_journal
from fusar_core.tasks import TASKS

FORMAT = 3
MOST_LINE = 64 * 2**20
"""Bytes of one step; a longer line is damage."""


class Journal:
    """Append-only file beside the result, of one run at a time. The first line says which run it belongs to; every line
    has a checksum, and from the first one on that does not hold nothing is believed."""

    def __init__(self, path: Path, run: dict[str, Any], *, resume: bool) -> None:
        """Opens the journal of `run` (anything JSON that determines the answers: scene, engine, options).

        resume: take up what is there; otherwise start afresh. Raises ResumeMismatch when what is there belongs to
        another run, OutputInUse when another run has it, OutputForeign when it is no journal, and OutputUnwritable
        when the file cannot be written.
        """
        self.path = path
        header = json.loads(json.dumps({"fusar": "journal", "format": FORMAT, "run": run}))
        self.finished: dict[int, dict[str, Any]] = {}
        self._file: BinaryIO = open_journal(path)
        try:
            whole = self._read(header) if resume else 0
            self._file.truncate(whole)
            self._file.seek(whole)
            if not whole:
                self._append(header)
        except OSError as cause:
            self._file.close()
            raise write_error(path, cause) from cause
        except BaseException:
            self._file.close()
            raise

    def _read(self, header: dict[str, Any]) -> int:
        """Fills `finished`; returns the length in bytes of the lines that are whole, 0 when not even the first is."""
        whole = 0
        while line := self._file.readline(MOST_LINE):
            entry = _entry(line)
            if entry is None:
                break
            if not whole and entry != header:
                raise ResumeMismatch(
                    f"{self.path} belongs to a run with another scene or other options.",
                    "Repeat the run without --resume to start afresh, or with the options it was begun with.",
                )
            if whole:
                if not isinstance(entry.get("step"), int):
                    break
                self.finished[entry["step"]] = entry
            whole += len(line)
        return whole

    def _append(self, entry: dict[str, Any]) -> None:
        text = json.dumps(entry, separators=(",", ":"))
        self._file.write(f'{text[:-1]},"crc":{zlib.crc32(text.encode())}}}\n'.encode())
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
        try:
            return [_from_json(a, chip) for a in entry["answers"]], [int(i) for i in entry["seen"]]
        except (KeyError, TypeError, ValueError, AttributeError) as cause:
            raise ResumeMismatch(
                f"{self.path} is damaged at step {step}: {cause!r}.", "Repeat the run without --resume to start afresh."
            ) from cause

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


def _entry(line: bytes) -> dict[str, Any] | None:
    """What a line says; None when it is torn or damaged."""
    content, comma, check = line.rpartition(b',"crc":')
    if not comma or check != b"%d}\n" % zlib.crc32(content + b"}"):
        return _older_header(line)
    try:
        entry = json.loads(content + b"}")
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) else None


def _older_header(line: bytes) -> dict[str, Any] | None:
    """The first line of a journal without checksums, so that it is refused and not lost; None for anything else."""
    if not line.startswith(b'{"format":') or not line.endswith(b"\n"):
        return None
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) else None


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
