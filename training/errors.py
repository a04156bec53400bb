"""The errors of training, beside `fusar_core.errors`: what is wrong, with which value, and what to do next.

Codes are stable, as those of the engine are.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from fusar_core.errors import FusarError


class BadTriplet(FusarError):
    """A triplet is malformed, contradicts itself, or refers to files that are not there or are something else."""

    code = "BAD_TRIPLET"


class SampleTooLong(BadTriplet):
    """A sample does not fit the length limit of training; samples are never truncated."""

    code = "SAMPLE_TOO_LONG"


class LeakingSplit(FusarError):
    """Two parts of a split share ground, a place, or an image."""

    code = "LEAKING_SPLIT"


class BadLabels(FusarError):
    """Labels to build triplets from are malformed, or lie elsewhere than their scene."""

    code = "BAD_LABELS"


class TeacherUnavailable(FusarError):
    """The teacher does not answer, or not in the form of the protocol, after all retries."""

    code = "TEACHER_UNAVAILABLE"


class TeacherDenied(FusarError):
    """The teacher refuses: no key, a wrong one, or a model that is not there."""

    code = "TEACHER_DENIED"


class BadRecipe(FusarError):
    """A recipe has a setting that is unknown, impossible, or contradicts another."""

    code = "BAD_RECIPE"


class MissingStageOne(FusarError):
    """Stage 2 continues from a checkpoint of stage 1, and none was given."""

    code = "MISSING_STAGE_ONE"


class ChangedRecipe(FusarError):
    """A run cannot be resumed: its recipe or its data are not those it was started with."""

    code = "CHANGED_RECIPE"


class RunExists(FusarError):
    """The run folder holds checkpoints of another run, which a new one would be mixed with."""

    code = "RUN_EXISTS"


class LossNotFinite(FusarError):
    """The loss became NaN or infinite."""

    code = "LOSS_NOT_FINITE"


class StageFailed(FusarError):
    """A part of a long run, a process of its own, failed; what is finished before it is kept."""

    code = "STAGE_FAILED"


@contextmanager
def for_people() -> Iterator[None]:
    """Lets a command say errors as one line with their code."""
    try:
        yield
    except FusarError as error:
        raise click.ClickException(f"{error} [{error.code}]") from error
