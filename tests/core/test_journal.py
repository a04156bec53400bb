"""A run that was broken off can be taken up; one of another scene or other options cannot."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from fusar_core.domain.answers import Answer, Detection
from fusar_core.domain.tiling import ChipWindow, Window
from fusar_core.errors import FusarError, OutputForeign, OutputInUse, OutputUnwritable, ResumeMismatch
from fusar_core.interpretation.journal import Journal
from fusar_core.interpretation.journal_file import holding

CHIP = ChipWindow(3, Window(0, 0, 504, 504), Window(0, 0, 504, 504))
SHIP = Detection(
    "ship", 0.75, ((1.5, 2.0), (9.0, 2.0), (9.0, 5.25), (1.5, 5.25)), 12.5, ("azimuth_ambiguity",), (0, 1, 0.5, 0)
)
ANSWERS = [
    Answer(CHIP, "detect", "ship", [SHIP], seconds=0.5),
    Answer(CHIP, "count", "ship", 1, score=0.9, prompt="How many?", raw_text="1"),
    Answer(CHIP, "locate", "ship", frozenset({1, 5})),
    Answer(CHIP, "count", "aircraft", None, raw_text="many", parse_status="no_number"),
]


def test_answers_come_back_as_they_were(tmp_path: Path) -> None:
    first = Journal(tmp_path / "j", {"scene": "a"}, resume=False)
    first.add(3, ANSWERS, [0, 2])
    first.add(4, [], [])
    first.close()
    again = Journal(tmp_path / "j", {"scene": "a"}, resume=True)
    assert again.entry(3, CHIP) == (ANSWERS, [0, 2])
    assert again.entry(4, CHIP) == ([], [])
    again.close()


@pytest.mark.parametrize("torn", [b'{"step":4,"ans', b'{"step":4,"seen":[],"answers":[]}', b"\x00\xff\n", b"17\n"])
def test_a_torn_last_line_is_dropped_and_written_over(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "j"
    first = Journal(path, {}, resume=False)
    first.add(3, ANSWERS, [0])
    first.close()
    path.write_bytes(path.read_bytes() + torn)
    again = Journal(path, {}, resume=True)
    assert set(again.finished) == {3}
    again.add(5, [], [])
    again.close()
    third = Journal(path, {}, resume=True)
    assert set(third.finished) == {3, 5}
    third.close()


def test_other_options_are_refused_and_the_journal_stays(tmp_path: Path) -> None:
    path = tmp_path / "j"
    first = Journal(path, {"tasks": ["detect"]}, resume=False)
    first.add(0, ANSWERS, [])
    first.close()
    before = path.read_bytes()
    with pytest.raises(ResumeMismatch, match="other options"):
        Journal(path, {"tasks": ["count"]}, resume=True)
    assert path.read_bytes() == before


def test_without_resume_it_starts_afresh(tmp_path: Path) -> None:
    path = tmp_path / "j"
    for _ in range(2):
        journal = Journal(path, {}, resume=False)
        assert journal.finished == {}
        journal.add(0, ANSWERS, [])
        journal.close()


def test_an_empty_or_headless_file_starts_afresh(tmp_path: Path) -> None:
    for content in (b"", b'{"format":1,"ru'):
        (tmp_path / "j").write_bytes(content)
        journal = Journal(tmp_path / "j", {}, resume=True)
        assert journal.finished == {}
        journal.close()


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OutputUnwritable):
        Journal(tmp_path / "no" / "such" / "folder" / "j", {}, resume=False)


def test_a_second_run_is_refused_while_one_writes(tmp_path: Path) -> None:
    path = tmp_path / "r.gpkg.partial"
    first = Journal(path, {}, resume=False)
    first.add(0, ANSWERS, [0])
    for resume in (False, True):
        with pytest.raises(OutputInUse, match=r"writing to r\.gpkg"):
            Journal(path, {}, resume=resume)
    first.close()
    second = Journal(path, {}, resume=True)
    assert set(second.finished) == {0}
    second.close()


def test_a_run_holds_its_journal_until_its_result_is_in_place(tmp_path: Path) -> None:
    path = tmp_path / "r.gpkg.partial"
    with holding(path):
        journal = Journal(path, {}, resume=False)
        journal.add(0, ANSWERS, [0])
        journal.close()
        with pytest.raises(OutputInUse), holding(path):
            pass
        with open(path, "rb") as file, pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert path.stat().st_size > 0
    with holding(path):
        assert path.exists()  # what is in it is there for a later resume


def test_an_empty_journal_leaves_nothing_behind(tmp_path: Path) -> None:
    with holding(tmp_path / "j"):
        pass
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [b"a diary", b'{"format":2}', b"SQLite format 3\0", b"\x00"])
def test_what_is_no_journal_stays_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "r.gpkg.partial"
    path.write_bytes(content)
    for resume in (False, True):
        with pytest.raises(OutputForeign):
            Journal(path, {}, resume=resume)
    assert path.read_bytes() == content


@pytest.mark.parametrize("target", ["diary", "missing"])
def test_a_link_is_not_followed(tmp_path: Path, target: str) -> None:
    (tmp_path / "diary").write_bytes(b"")
    (tmp_path / "j").symlink_to(tmp_path / target)
    with pytest.raises(OutputForeign):
        Journal(tmp_path / "j", {}, resume=False)
    assert (tmp_path / "diary").read_bytes() == b""
    assert not (tmp_path / "missing").exists()


def test_a_pipe_does_not_hold_it_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "j")
    with pytest.raises(OutputForeign):
        Journal(tmp_path / "j", {}, resume=True)


def test_whatever_is_damaged_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "j"
    first = Journal(path, {}, resume=False)
    first.add(3, ANSWERS, [0])
    first.add(4, ANSWERS, [0])
    first.close()
    whole = path.read_bytes()
    start = whole.index(b"\n") + 1
    for at in range(start, len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        again = Journal(path, {}, resume=True)
        for step in again.finished:
            assert again.entry(step, CHIP) == (ANSWERS, [0])
        assert len(again.finished) < 2
        again.close()


@pytest.mark.parametrize("forged", [{}, {"answers": 3, "seen": []}, {"answers": [{}], "seen": []}, {"answers": [[]]}])
def test_a_forged_step_is_one_error(tmp_path: Path, forged: dict[str, object]) -> None:
    first = Journal(tmp_path / "j", {}, resume=False)
    first.record(3, **forged)
    first.close()
    again = Journal(tmp_path / "j", {}, resume=True)
    with pytest.raises(FusarError, match="damaged"):
        again.entry(3, CHIP)
    again.close()
