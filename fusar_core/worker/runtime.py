"""What a replica needs of a model: it is given jobs, and tells a listener what comes of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Protocol, cast

from fusar_core.engines import needs_model_extra
from fusar_core.errors import BadOption, FusarError, MissingExtra
from fusar_core.worker.jobs import About, Event, Job, RuntimeSpec

RUNTIMES = {
    "transformers": "fusar_core.worker.transformers_runtime:open_transformers",
    "vllm": "fusar_core.worker.vllm_runtime:VllmRuntime",
}
"""Kind → module:callable that takes a RuntimeSpec and returns a Runtime."""


class Listener(Protocol):
    """Who waits for a job; its methods may be called from any thread, and return at once."""

    def cancelled(self) -> bool:
        """Whether nobody waits any more; asked between tokens."""
        ...

    def event(self, event: Event) -> None:
        """Tokens as they come, the ending of each choice, last the effort of the job."""
        ...

    def failed(self, error: FusarError) -> None:
        """The job will have no further events."""
        ...


class Runtime(Protocol):
    """A model at work. Construction loads it, and raises a FusarError where that cannot be."""

    about: About

    def submit(self, job: Job, listener: Listener) -> None:
        """Takes a job and returns at once; the listener hears of it until it has an Effort or has failed."""
        ...

    def check_health(self) -> None:
        """Raises RuntimeError when this runtime cannot go on, and the process should be replaced."""
        ...

    def close(self) -> None:
        """Stops work; jobs that are under way fail."""
        ...


class BatchModel(Protocol):
    """A model that answers one batch after the other; `fusar_core.worker.batcher` makes a Runtime of it."""

    about: About

    def prompt_tokens(self, job: Job) -> int:
        """Tokens that image and question take. Raises PromptTooLong when they leave no room for an answer."""
        ...

    def answer(self, jobs: Sequence[Job], listeners: Sequence[Listener]) -> set[int]:
        """Answers jobs of one adapter in one batch; tokens and endings go to the listeners as they come.

        Returns the numbers of those whose image was encoded for them.
        """
        ...


def open_runtime(spec: RuntimeSpec) -> Runtime:
    """The runtime that a specification names. Raises BadOption, MissingExtra, and what loading a model may raise."""
    place = RUNTIMES.get(spec.kind, spec.kind)
    module, colon, name = place.partition(":")
    if not colon:
        raise BadOption(f"There is no runtime called '{spec.kind}'.", f"Runtimes: {', '.join(RUNTIMES)}.")
    with needs_model_extra(f"The runtime '{spec.kind}'"):
        try:
            make = cast(Callable[[RuntimeSpec], Runtime], getattr(import_module(module), name))
        except ModuleNotFoundError as cause:
            if cause.name != "vllm":
                raise
            raise MissingExtra(
                "The runtime 'vllm' needs vLLM, which is not installed.",
                "It has an environment of its own: see docs/worker.md.",
            ) from cause
    return make(spec)
