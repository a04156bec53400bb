"""The command: from labelled images to checked, split, described and exported files, and its exit status."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chat_endpoint import Endpoint, said
from PIL import Image

from training.data.cli import main
from training.data.triplets import Triplet, read_triplets, write_triplets

Make = Callable[..., Triplet]


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of a command."""
    with pytest.raises(SystemExit) as ended:
        main([str(a) for a in arguments])
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


@pytest.fixture
def coco(tmp_path: Path) -> Path:
    """Twelve images of 64 × 64 with one ship each, in six places."""
    rng = np.random.default_rng(0)
    content: dict[str, Any] = {"images": [], "annotations": [], "categories": [{"id": 1, "name": "cargo"}]}
    (tmp_path / "pictures").mkdir()
    for i in range(12):
        name = f"P{i // 2}_{i}.png"
        Image.fromarray(rng.integers(0, 255, (64, 64), np.uint8)).save(tmp_path / "pictures" / name)
        content["images"].append({"id": i, "file_name": name, "width": 64, "height": 64})
        content["annotations"].append({"image_id": i, "category_id": 1, "bbox": [5 + i, 9, 12, 6]})
    path = tmp_path / "coco.json"
    path.write_text(json.dumps(content))
    return path


def built(capsys: pytest.CaptureFixture[str], coco: Path, *more: object) -> Path:
    out = coco.parent / "out"
    common = ("--images", coco.parent / "pictures", "--out", out, "--classes", "ship", "--rename", "cargo=ship")
    options = ("--chip-size", 64, "--place", r"^(P\d)_", "--gsd", 3)
    status, shown, err = run(capsys, "build", "coco", "--dataset", coco, *common, *options, *more)
    assert (status, err) == (0, "")
    assert "12 triplets, 12 ship" in shown
    return out / "triplets.jsonl"


def test_build_check_split_and_check_again(capsys: pytest.CaptureFixture[str], coco: Path) -> None:
    file = built(capsys, coco)
    status, out, err = run(capsys, "check", file, "--chip-size", 64)
    assert (status, err) == (0, "")
    assert "triplets              12" in out
    assert "places                6" in out
    status, out, _ = run(capsys, "split", file, "--parts", "train=2,test=1")
    assert status == 0
    assert "train.jsonl: 8 triplets" in out
    assert "6 independent groups" in out
    assert "12 of 12 triplets have no footprint" in out
    train, test = file.with_name("train.jsonl"), file.with_name("test.jsonl")
    status, out, _ = run(capsys, "check", train, test)
    assert status == 0
    assert "note: 12 of 12" in out


def test_a_split_destroys_no_file(capsys: pytest.CaptureFixture[str], coco: Path) -> None:
    file = built(capsys, coco)
    before = file.read_bytes()
    for more in ((), ("--overwrite",)):
        status, _, err = run(capsys, "split", file, "--parts", "new=2,triplets=1", *more)
        assert (status, "would overwrite" in err, "Rename" in err) == (1, True, True)
    other = file.with_name("test.jsonl")
    other.write_text("mine")
    status, _, err = run(capsys, "split", file, "--parts", "new=2,test=1")
    assert status == 1
    assert "test.jsonl exists already" in err
    assert (file.read_bytes(), other.read_text()) == (before, "mine")
    assert not file.with_name("new.jsonl").exists()
    assert run(capsys, "split", file, "--parts", "new=2,test=1", "--overwrite")[0] == 0
    assert len(list(read_triplets(other))) == 4


def test_a_leaking_split_is_refused(capsys: pytest.CaptureFixture[str], coco: Path, tmp_path: Path) -> None:
    file = built(capsys, coco)
    triplets = list(read_triplets(file))
    one, other = file.with_name("one.jsonl"), file.with_name("other.jsonl")
    write_triplets(triplets[:5], one)
    write_triplets(triplets[5:], other)
    status, _, err = run(capsys, "check", one, other)
    assert status == 1
    assert "P2_4 and P2_5 are in different parts and have the place 'P2' in common" in err
    assert "[LEAKING_SPLIT]" in err
    assert run(capsys, "check", one, other, "--no-split")[0] == 0
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "images").symlink_to(file.parent / "images")
    alias = Triplet(**{**vars(triplets[0]), "id": "new", "place": "new", "source": "another"})
    write_triplets([alias], elsewhere / "third.jsonl")
    status, _, err = run(capsys, "check", one, elsewhere / "third.jsonl")
    assert status == 1
    assert "P0_0 and new are in different parts and have the same pixels" in err


def test_defects_are_listed_and_the_exit_status_says_so(
    capsys: pytest.CaptureFixture[str], make: Make, tmp_path: Path
) -> None:
    file = tmp_path / "t.jsonl"
    write_triplets([make("a"), make("b", year=0, size=(48, 60))], file)
    status, _, err = run(capsys, "check", file)
    assert status == 1
    assert "t.jsonl line 2 (triplet b)" in err
    status, out, _ = run(capsys, "check", file, "--json")
    assert status == 1
    found = json.loads(out)["files"][str(file)]
    assert found["triplets"] == 2
    assert {d["code"] for d in found["defects"]} == {"BAD_TRIPLET"}
    assert {d["line"] for d in found["defects"]} == {2}
    status, _, err = run(capsys, "check", tmp_path / "nowhere.jsonl")
    assert status == 1
    assert "There is no file" in err


def test_conversations_can_be_made_anew(capsys: pytest.CaptureFixture[str], coco: Path) -> None:
    file = built(capsys, coco)
    few = file.with_name("few.jsonl")
    status, _, _ = run(capsys, "instruct", file, "--out", few, "--classes", "ship", "--most", 3, "--box-step", 4)
    assert status == 0
    assert {len(t.conversations) for t in read_triplets(few)} == {3}
    assert run(capsys, "check", few)[0] == 0
    again = file.with_name("again.jsonl")
    run(capsys, "instruct", file, "--out", again, "--classes", "ship", "--most", 3, "--box-step", 4)
    assert again.read_bytes() == few.read_bytes()
    both = file.with_name("both.jsonl")
    for options, classes in (((), ("ship",)), (("--classes", "plane,ship"), ("plane", "ship"))):
        assert run(capsys, "instruct", file, "--out", both, "--tasks", "count", *options)[0] == 0
        told = list(read_triplets(both))
        assert {t.classes for t in told} == {classes}
        assert {c.label for t in told for c in t.conversations} == set(classes)
    status, _, err = run(capsys, "instruct", file, "--out", coco.parent / "x.jsonl")
    assert status == 1
    assert "Write it there" in err


def test_a_teacher_describes_and_rejected_chips_keep_their_template(
    capsys: pytest.CaptureFixture[str], coco: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    file = built(capsys, coco)
    true, wrong = said("One ship, bright.", {"ship": 1}), said("Two ships.", {"ship": 2})
    with Endpoint() as endpoint:
        endpoint.answers = [wrong, wrong, *[true] * 11]
        told = file.with_name("told.jsonl")
        options = ("--endpoint", f"{endpoint.url}/v1", "--model", "m", "--classes", "ship", "--at-once", 1)
        status, out, err = run(capsys, "teach", file, "--out", told, *options)
        assert status == 0
        assert "12 triplets, 11 described by m" in out
        assert "rejected P0_0: it counts 2 ship where there are 1" in err
        first, second, *_ = read_triplets(told)
        texts = [next(c.answer for c in t.conversations if c.task == "describe") for t in (first, second)]
        assert texts == ["1 ship in cell 1.", "One ship, bright."]
        asked = len(endpoint.asked)
        status, out, _ = run(capsys, "teach", file, "--out", told, "--drop", *options)
        assert "11 triplets, 11 described" in out
        assert len(endpoint.asked) == asked
    assert run(capsys, "check", told)[0] == 0


def test_export_for_ms_swift(capsys: pytest.CaptureFixture[str], coco: Path, tmp_path: Path) -> None:
    file = built(capsys, coco)
    out = tmp_path / "swift.jsonl"
    status, shown, _ = run(capsys, "export-ms-swift", file, "--out", out, "--tasks", "detect,count", "--grounding")
    assert status == 0
    assert "24 conversations" in shown
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert all(os.path.isfile(row["images"][0]) for row in rows)
    assert sum("objects" in row for row in rows) == 12


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("split", "FILE", "--parts", "train"), "is no part with its share"),
        (("split", "FILE", "--parts", "a/b=1"), "'a/b' cannot be the name of a file"),
        (("split", "FILE", "--parts", "a=1", "--block-km", "5"), "have no footprint"),
        (("build", "voc", "--annotations", "X", "--images", "X", "--out", "Y", "--classes", "a"), "holds no XML"),
        (
            ("build", "coco", "--dataset", "COCO", "--images", "PICS", "--out", "Y", "--classes", "s", "--rename", "x"),
            "names no class",
        ),
    ],
)
def test_wrong_use_is_one_line(
    capsys: pytest.CaptureFixture[str], coco: Path, arguments: tuple[str, ...], words: str
) -> None:
    file = built(capsys, coco)
    places = {"FILE": file, "X": file.parent, "Y": coco.parent / "y", "COCO": coco, "PICS": coco.parent / "pictures"}
    status, _, err = run(capsys, *(places.get(a, a) for a in arguments))
    assert status == 1
    assert words in err
    assert len(err.strip().splitlines()) == 1


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "--help")
    assert status == 0
    for command in ("build", "check", "split", "instruct", "teach", "export-ms-swift"):
        assert command in out
