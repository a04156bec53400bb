"""Every error a user can meet: what happened, with which value, and what to do next.

Each class has a `code` that scripts, the plugin and the worker may rely on: it never changes once released.
"""

from __future__ import annotations

import re
from importlib import metadata

DEBUG = "FUSAR_DEBUG"
"""Variable of the environment; when set, commands show where an unforeseen error arose."""
MOST_SAID = 500
"""Characters of a library's words that are repeated."""
MOST_NAMED = 200
"""Characters of a file's name that are."""


class FusarError(Exception):
    """Base of all errors that are the caller's to handle.

    message: one sentence saying what happened, with the value that caused it.
    hint: one sentence saying what to do next; empty when the message already does.
    """

    code = "FUSAR"
    exit_status = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message if not hint else f"{message} {hint}")
        self.message = message
        self.hint = hint

    def as_dict(self) -> dict[str, str]:
        """The error as the command's `--json` output and the sidecar carry it."""
        return {"code": self.code, "message": self.message, "hint": self.hint}


class SceneNotFound(FusarError):
    """The path names nothing."""

    code = "SCENE_NOT_FOUND"


class SceneUnreadable(FusarError):
    """The file exists but is no raster that GDAL can open, or breaks off half-way."""

    code = "SCENE_UNREADABLE"


class SceneEmpty(FusarError):
    """No pixel of the scene, or of the wanted extent, holds data."""

    code = "SCENE_EMPTY"


class BadBand(FusarError):
    """The wanted band is not in the raster, or bands cannot be combined."""

    code = "BAD_BAND"


class BadExtent(FusarError):
    """The extent is malformed, empty, or does not meet the scene."""

    code = "BAD_EXTENT"


class BadCrs(FusarError):
    """A coordinate reference system is unknown, or missing where one is needed."""

    code = "BAD_CRS"


class BadMask(FusarError):
    """The water mask cannot be read, or lies elsewhere than the scene."""

    code = "BAD_MASK"


class BadOption(FusarError):
    """An option has a value that means nothing."""

    code = "BAD_OPTION"


class UnknownEngine(FusarError):
    """No engine has that name."""

    code = "UNKNOWN_ENGINE"


class UnsupportedTask(FusarError):
    """The engine cannot do this task; the hint names those which can."""

    code = "UNSUPPORTED_TASK"


class UnknownQuestion(FusarError):
    """The model was not trained for this question; the hint says what it can be asked."""

    code = "UNKNOWN_QUESTION"


class UnknownTask(FusarError):
    """No task has that name."""

    code = "UNKNOWN_TASK"


class UnknownClass(FusarError):
    """The engine does not know that class of targets."""

    code = "UNKNOWN_CLASS"


class UnknownYear(FusarError):
    """The year of acquisition is needed and nobody says it."""

    code = "UNKNOWN_YEAR"


class BadAnchors(FusarError):
    """Spatio-temporal anchors are damaged, of another layout, or cannot be: NaN, positions outside the chip."""

    code = "BAD_ANCHORS"


class BadEmbeddings(FusarError):
    """Vectors or rasters given as AlphaEarth embeddings are something else, or wrongly decoded."""

    code = "BAD_EMBEDDINGS"


class UnknownSource(FusarError):
    """No source of embeddings has that name, and no file or folder either."""

    code = "UNKNOWN_SOURCE"


class SourceUnavailable(FusarError):
    """A source of embeddings does not answer, or answers with damaged data, after all retries."""

    code = "SOURCE_UNAVAILABLE"


class SourceDenied(FusarError):
    """A source of embeddings refuses: no credentials, or a project without access."""

    code = "SOURCE_DENIED"


class SourceElsewhere(FusarError):
    """The embeddings lie elsewhere than the scene."""

    code = "SOURCE_ELSEWHERE"


class OutputUnwritable(FusarError):
    """The result cannot be written where it was asked for."""

    code = "OUTPUT_UNWRITABLE"


class DiskFull(OutputUnwritable):
    """The disk, or the quota, ran out while the result was written."""

    code = "DISK_FULL"


class OutputIsInput(OutputUnwritable):
    """What is to be written is what is read, or belongs to it."""

    code = "OUTPUT_IS_INPUT"


class OutputForeign(OutputUnwritable):
    """In the place of a result lies something that this program did not write."""

    code = "OUTPUT_FOREIGN"


class OutputReviewed(OutputUnwritable):
    """In the place of a result lies an older one with an analyst's work in it."""

    code = "OUTPUT_REVIEWED"


class OutputInUse(OutputUnwritable):
    """Another program, or another run, is working on the file that is to be written."""

    code = "OUTPUT_IN_USE"


class BadResults(FusarError):
    """A file given as results was not written by this program, or is damaged."""

    code = "BAD_RESULTS"


class ResumeMismatch(FusarError):
    """A partial run exists, but was made with another scene or other options."""

    code = "RESUME_MISMATCH"


class BadDataset(FusarError):
    """An evaluation data set is malformed or refers to images that are not there."""

    code = "BAD_DATASET"


class MissingExtra(FusarError):
    """An optional part of the installation is needed and absent."""

    code = "MISSING_EXTRA"

    @classmethod
    def of(cls, extra: str, message: str) -> MissingExtra:
        """The error with the line that brings an extra's packages as its hint."""
        return cls(message, f"Run: {pip_line(extra)}")


def pip_line(extra: str) -> str:
    """What to type for the packages of an extra. They are named one by one: the package index knows no fusar-core, and
    whoever takes that name there one day is not us."""
    return f"pip install {' '.join(_packages_of(extra))}"


def _packages_of(extra: str) -> list[str]:
    found: dict[str, None] = {}
    for line in metadata.requires("fusar-core") or []:
        requirement, _, marker = (part.strip() for part in line.partition(";"))
        if f'extra == "{extra}"' not in marker.replace("'", '"'):
            continue
        inner = re.fullmatch(r"fusar-core\[([\w,-]+)\]", requirement)
        for name in inner[1].split(",") if inner else ():
            found |= dict.fromkeys(_packages_of(name))
        if not inner:
            found[f'"{requirement}"' if re.search(r"[<>\[]", requirement) else requirement] = None
    return list(found)


class Cancelled(FusarError):
    """The caller asked to stop; what was done so far is kept for a later resume."""

    code = "CANCELLED"
    exit_status = 130


class BadCheckpoint(FusarError):
    """A model directory is none, is incomplete, damaged, of another architecture, or of other shapes."""

    code = "BAD_CHECKPOINT"


class BadImage(FusarError):
    """An image whose mode or size no model can take."""

    code = "BAD_IMAGE"


class PromptTooLong(FusarError):
    """The question and the image together do not fit the model's context."""

    code = "PROMPT_TOO_LONG"


class NotEnoughMemory(FusarError):
    """The model does not fit the device, or a single chip does not."""

    code = "NOT_ENOUGH_MEMORY"


class WorkerUnreachable(FusarError):
    """The server of a remote engine does not answer, after all retries; the proxy may be at fault."""

    code = "WORKER_UNREACHABLE"


class EngineBusy(FusarError):
    """More requests are waiting for the engine's process than it keeps."""

    code = "ENGINE_BUSY"


class WorkerBusy(FusarError):
    """The server of a remote engine has had too much to do for too long."""

    code = "WORKER_BUSY"


class WorkerAuth(FusarError):
    """The server of a remote engine wants a key, or another one."""

    code = "WORKER_AUTH"


class WorkerTls(FusarError):
    """The connection to the server of a remote engine cannot be trusted, or is not encrypted as expected."""

    code = "WORKER_TLS"


class WorkerRefused(FusarError):
    """The server of a remote engine refuses a question that other servers might answer."""

    code = "WORKER_REFUSED"


class UnknownModel(FusarError):
    """The server of a remote engine has no model of that name."""

    code = "UNKNOWN_MODEL"


class BadServer(FusarError):
    """What answers at the address of a remote engine is no OpenAI-compatible server."""

    code = "BAD_SERVER"


class WorkerFailed(FusarError):
    """The worker could not answer: its model failed over the question, or all its replicas were lost."""

    code = "WORKER_FAILED"


class WorkerStopping(FusarError):
    """The worker is starting or stopping and takes no questions now."""

    code = "WORKER_STOPPING"


class BodyTooLarge(FusarError):
    """A request to the worker has more bytes than it takes."""

    code = "BODY_TOO_LARGE"


class RepeatMismatch(FusarError):
    """Two different questions came under the same idempotency key."""

    code = "REPEAT_MISMATCH"


class PortInUse(FusarError):
    """The worker cannot listen at its address: another program does, or it may not."""

    code = "PORT_IN_USE"


class RayUnavailable(FusarError):
    """Ray does not start, or no Ray cluster answers at the given address."""

    code = "RAY_UNAVAILABLE"


class SceneCrashed(FusarError):
    """The process that interpreted a scene of a batch died, again and again."""

    code = "SCENE_CRASHED"


class OutOfMemory(FusarError):
    """Memory ran out."""

    code = "OUT_OF_MEMORY"


class FileRefused(FusarError):
    """The system refused a file for a reason that no other code stands for: too long a name, a disk with errors."""

    code = "FILE_REFUSED"


class Internal(FusarError):
    """A bug of this program, or of a library: nobody foresaw what happened."""

    code = "INTERNAL"


def unforeseen(error: Exception) -> FusarError:
    """What to say of an error that nobody foresaw, as one sentence with a code."""
    if isinstance(error, MemoryError):
        return OutOfMemory("Memory ran out.", "Interpret a smaller --extent, or close other programs.")
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        name = str(error.filename)
        shown = name if len(name) <= MOST_NAMED else f"{name[: MOST_NAMED // 2]}…{name[-MOST_NAMED // 2 :]}"
        return FileRefused(f"'{shown}' cannot be used: {error.strerror}.", "Choose another name or place.")
    said = f"{type(error).__name__}: {str(error)[:MOST_SAID]}".rstrip(": ")
    return Internal(
        f"Something went wrong that was not foreseen: {said}.",
        f"This is a bug: please report it, with what {DEBUG}=1 shows.",
    )
