"""`python -m training.data`: build, check, split, describe and export triplets."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any, NoReturn

import click

from fusar_core.errors import BadOption, FusarError
from fusar_core.results.claim import claim
from fusar_core.tasks import TASKS
from training.data.commands_build import PATH, build, progress, words
from training.data.instructions import CLASSES, instructions, rng_for
from training.data.splits import BUFFER_CHIPS, Key, Split, assert_disjoint, content_hash, split, split_blocks
from training.data.statistics import render, statistics
from training.data.tasks.captioning import description_said, retold
from training.data.triplets import Triplet, write_triplets
from training.data.validation import MAX_LENGTH, check_file, require_sound
from training.errors import LeakingSplit

SHOWN = 50
"""Defects of a file that are written out; the rest are counted."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def group() -> None:
    """Triplets of SAR image, anchors and conversations: made, checked, split, exported."""


group.add_command(build)


@group.command()
@click.argument("files", nargs=-1, required=True, type=PATH)
@click.option("--chip-size", type=int, help="Side that every chip must have.")
@click.option("--no-files", is_flag=True, help="Do not open images and anchors.")
@click.option("--no-truth", is_flag=True, help="Do not compare answers with targets.")
@click.option("--no-split", is_flag=True, help="Several files are not parts of a split.")
@click.option("--buffer", default=BUFFER_CHIPS, help="Chips of ground between parts.", show_default=True)
@click.option("--model", type=PATH, help="Directory whose tokenizer measures the samples.")
@click.option("--max-length", default=MAX_LENGTH, help="Tokens of the longest sample.", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Statistics and defects as JSON on stdout.")
def check(
    files: tuple[Path, ...],
    no_files: bool,
    no_truth: bool,
    no_split: bool,
    buffer: float,
    as_json: bool,
    **options: Any,
) -> None:
    """Find every defect of files of triplets, and what they hold.

    \b
    Several files are taken for the parts of a split, which must share no
    place, ground or image. Exit status 1 when anything is wrong.
    """
    length = None
    if options["model"]:
        from training.data.lengths import length_of_model

        length = length_of_model(options["model"], options["chip_size"] or 504)
    reports = [
        check_file(
            path,
            chip_size=options["chip_size"],
            with_files=not no_files,
            against_truth=not no_truth,
            length=length,
            max_length=options["max_length"],
        )
        for path in files
    ]
    notes: list[str] = []
    leaks: list[LeakingSplit] = []
    if not no_split:
        parts = {report.path: [_rooted(t, report.path.parent) for t in report.triplets] for report in reports}
        hash_of = None if no_files or any(report.defects for report in reports) else _hashes()
        for one, other in combinations(parts, 2):
            try:
                notes += assert_disjoint(parts[one], parts[other], buffer, hash_of)
            except LeakingSplit as error:
                leaks.append(error)
    if as_json:
        found = {str(r.path): {**statistics(r.triplets), "defects": [d.as_dict() for d in r.defects]} for r in reports}
        click.echo(json.dumps({"files": found, "leaks": [e.as_dict() for e in leaks], "notes": notes}, indent=2))
    else:
        for report in reports:
            click.echo(f"{report.path}\n{render(statistics(report.triplets))}")
            for defect in report.defects[:SHOWN]:
                click.echo(str(defect), err=True)
            if len(report.defects) > SHOWN:
                click.echo(f"… and {len(report.defects) - SHOWN} more", err=True)
        for note in dict.fromkeys(notes):
            click.echo(f"note: {note}")
        for leak in leaks:
            click.echo(f"{leak} [{leak.code}]", err=True)
    if leaks or any(report.defects for report in reports):
        sys.exit(1)


@group.command(name="split")
@click.argument("file", type=PATH)
@click.option("--parts", default="train=0.8,val=0.1,test=0.1", help="Parts and their shares.", show_default=True)
@click.option("--buffer", default=BUFFER_CHIPS, help="Chips of ground between parts.", show_default=True)
@click.option("--block-km", type=float, help="Cut the ground of one place into blocks of this size.")
@click.option("--seed", default=0, show_default=True)
@click.option("--no-pixels", is_flag=True, help="Do not look for equal images.")
@click.option("--overwrite", is_flag=True, help="Replace parts that are there already.")
def split_command(
    file: Path, parts: str, buffer: float, block_km: float | None, seed: int, no_pixels: bool, overwrite: bool
) -> None:
    """Split a file into parts that share no place, ground or image; they are written beside it as PART.jsonl."""
    shares = _shares(parts)
    files = _files_of_parts(file, shares, overwrite)
    claim(files.values(), [file], overwrite=overwrite)
    triplets = require_sound(file, with_files=not no_pixels)
    if block_km is not None:
        result: Split = split_blocks(triplets, shares, block_km, seed=seed, buffer_chips=buffer)
    else:
        hash_of = None if no_pixels else lambda t: content_hash(t, file.parent)
        result = split(triplets, shares, seed=seed, buffer_chips=buffer, hash_of=hash_of)
    for one, other in combinations(result.parts, 2):
        assert_disjoint(result[one], result[other], buffer)
    for part, members in result.parts.items():
        write_triplets(members, files[part])
        click.echo(f"{files[part]}: {len(members)} triplets")
    click.echo(f"{result.groups} independent groups; {len(result.dropped)} chips left out for the buffer")
    for note in result.notes:
        click.echo(f"note: {note}")


@group.command()
@click.argument("file", type=PATH)
@click.option("--out", required=True, type=PATH, help="File to write, in the same folder.")
@click.option(
    "--classes", help=f"Classes that are labelled throughout; else those a triplet says, else {','.join(CLASSES)}."
)
@click.option("--tasks", default=",".join(TASKS), show_default=True)
@click.option("--most", type=int, help="Conversations a chip at the most.")
@click.option("--negatives", default=1.0, help="Share of questions about absent classes to keep.", show_default=True)
@click.option("--box-step", default=1, help="Pixels to which said boxes are rounded.", show_default=True)
@click.option("--fine", help="Fine classes offered when a target's class is asked.")
@click.option("--seed", default=42, show_default=True)
def instruct(
    file: Path, out: Path, classes: str | None, tasks: str, fine: str | None, seed: int, **options: Any
) -> None:
    """Make the conversations of a file anew from its targets; descriptions stay as they are."""
    _same_folder(file, out)
    claim([out], [file])

    def anew(triplet: Triplet) -> Triplet:
        labelled = words(classes) or triplet.classes or CLASSES
        talks = instructions(
            triplet,
            rng_for(triplet.id, seed),
            labelled,
            words(tasks),
            options=words(fine) or None,
            description=description_said(triplet.conversations),
            **options,
        )
        return replace(triplet, classes=labelled, conversations=talks)

    triplets = require_sound(file, with_files=False, against_truth=False)
    count = write_triplets((anew(t) for t in triplets), out)
    click.echo(f"{out}: {count} triplets")


@group.command()
@click.argument("file", type=PATH)
@click.option("--out", required=True, type=PATH, help="File to write, in the same folder.")
@click.option("--endpoint", required=True, help="OpenAI-compatible, up to and with /v1.")
@click.option("--model", required=True, help="Name of the model there.")
@click.option("--key-env", default="OPENAI_API_KEY", help="Environment variable with the key.", show_default=True)
@click.option(
    "--classes",
    default=",".join(CLASSES),
    help="Classes to count, where a triplet's source labels them.",
    show_default=True,
)
@click.option("--blind", is_flag=True, help="Do not tell the teacher what is known.")
@click.option("--at-once", default=4, help="Requests in flight.", show_default=True)
@click.option("--drop", is_flag=True, help="Leave rejected chips out; else they keep their template.")
def teach(
    file: Path, out: Path, endpoint: str, model: str, key_env: str, classes: str, blind: bool, at_once: int, drop: bool
) -> None:
    """Have a teacher model describe the chips; answers are kept in OUT.cache, and a stopped run goes on there."""
    from training.data.teacher import Teacher, describe_all

    _same_folder(file, out)
    cache = out.with_name(out.name + ".cache")
    claim([out], [file])
    claim([cache], [file])
    triplets = require_sound(file, against_truth=False)
    teacher = Teacher(endpoint, model, key_env, blind)
    rejected: list[str] = []
    kept: list[Triplet] = []
    verdicts = describe_all(triplets, file.parent, teacher, cache, classes=words(classes), at_once=at_once)
    with progress("descriptions", len(triplets)) as step:
        for triplet, verdict in zip(triplets, verdicts, strict=True):
            step()
            if verdict.description is not None:
                kept.append(retold(triplet, verdict.description))
            else:
                rejected.append(f"{triplet.id}: {verdict.reason}")
                kept += [] if drop else [triplet]
    write_triplets(kept, out)
    click.echo(f"{out}: {len(kept)} triplets, {len(triplets) - len(rejected)} described by {model}")
    for line in rejected:
        click.echo(f"rejected {line}", err=True)


@group.command(name="export-ms-swift")
@click.argument("file", type=PATH)
@click.option("--out", required=True, type=PATH, help="File to write (JSON lines).")
@click.option("--grounding", is_flag=True, help="Boxes as <bbox> with `objects`, which ms-swift scales.")
@click.option("--tasks", help="Only these tasks.")
def export_ms_swift(file: Path, out: Path, grounding: bool, tasks: str | None) -> None:
    """Write the conversations as ms-swift's JSONL, to train stock models on the same data."""
    from training.data.ms_swift import write_ms_swift

    claim([out], [file])
    triplets: Iterable[Triplet] = require_sound(file, with_files=False)
    if wanted := words(tasks):
        talks = ((t, tuple(c for c in t.conversations if c.task in wanted)) for t in triplets)
        triplets = [replace(t, conversations=some) for t, some in talks]
    count = write_ms_swift(triplets, out, file.parent, grounding)
    click.echo(f"{out}: {count} conversations")


def _shares(text: str) -> dict[str, float]:
    shares = {}
    for word in words(text):
        part, _, share = word.partition("=")
        try:
            shares[part.strip()] = float(share)
        except ValueError as cause:
            raise BadOption(f"--parts '{word}' is no part with its share.", "Write train=0.8,test=0.2.") from cause
    return shares


def _files_of_parts(file: Path, parts: Iterable[str], overwrite: bool) -> dict[str, Path]:
    """Where each part is to be written. Raises BadOption where it would replace the input, or another file unasked."""
    if wrong := [part for part in parts if not part or Path(part).name != part]:
        raise BadOption(f"--parts: '{wrong[0]}' cannot be the name of a file.", "Write train=0.8,test=0.2.")
    found = {part: file.with_name(f"{part}.jsonl") for part in parts}
    there = {part: path for part, path in found.items() if path.exists()}
    for part, path in there.items():
        if file.exists() and path.samefile(file):
            raise BadOption(
                f"The part '{part}' would overwrite {file}, which is split.", "Rename the part or the file."
            )
    if there and not overwrite:
        raise BadOption(
            f"{next(iter(there.values()))} exists already.", "Name the parts otherwise, or replace them: --overwrite."
        )
    return found


def _same_folder(file: Path, out: Path) -> None:
    if file.resolve().parent != out.resolve().parent:
        raise BadOption(f"{out} is not in {file.parent}, where the paths of the triplets lead from.", "Write it there.")


def _rooted(triplet: Triplet, root: Path) -> Triplet:
    """With absolute paths, so that files of different folders can be compared."""
    image, scene = (p and str((root / p).resolve()) for p in (triplet.image, triplet.scene))
    return replace(triplet, image=image, scene=scene)


def _hashes() -> Key:
    """Hashes of the pixels of triplets with absolute paths, each read once."""
    known: dict[tuple[Any, ...], str] = {}

    def hash_of(triplet: Triplet) -> str:
        where = (triplet.image, triplet.scene, triplet.window)
        if where not in known:
            known[where] = content_hash(triplet, Path())
        return known[where]

    return hash_of


def main(arguments: list[str] | None = None) -> NoReturn:
    """Runs a command and exits: 0 done, 1 an error or defects, 2 wrong usage, 130 stopped by the user."""
    try:
        group.main(arguments, prog_name="python -m training.data", standalone_mode=False)
        status = 0
    except FusarError as error:
        click.echo(f"training.data: {error} [{error.code}]", err=True)
        status = error.exit_status
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("training.data: stopped", err=True)
        status = 130
    sys.exit(status)
