"""A model in this process as the backend of a speaking engine: chips and questions in batches.

An image is encoded once for all its questions, and its tokens are modulated once for each adapter that has a TLM of its
own.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice

from fusar_core.domain.reply import Reply
from fusar_core.engines.base import Hooks
from fusar_core.engines.dialogue import Query, picture
from fusar_core.engines.speaking import Profile, Replies, budget
from fusar_core.errors import Cancelled
from fusar_core.model.driver import Driver, View, ViewQuery
from fusar_core.model.generation import Row, Words


class InProcess:
    """A backend. max_new_tokens: a tighter limit for every answer."""

    def __init__(self, driver: Driver, max_new_tokens: int | None = None) -> None:
        self.driver = driver
        self.max_new_tokens = max_new_tokens

    @property
    def profile(self) -> Profile:
        """What the checkpoint's manifest and configuration say; boxes are said in pixels of the chip."""
        checkpoint, config = self.driver.checkpoint, self.driver.config
        return Profile(
            name=checkpoint.name,
            model=checkpoint.name,
            tasks=frozenset(checkpoint.manifest.tasks),
            classes=frozenset(config.classes),
            chip_size=config.chip_size,
            span=config.chip_size,
            takes_prior=config.fusion != "none",
            gsd_m=config.gsd_m,
            prompts=checkpoint.manifest.prompts,
            warnings=checkpoint.warnings,
            demonstration=config.demonstration,
            questions=tuple(config.questions),
        )

    def replies(self, asked: Iterator[Sequence[Query]], hooks: Hooks) -> Replies:
        """Batch by batch, as many chips at once as the driver works on.

        Raises BadAnchors, BadImage, PromptTooLong, NotEnoughMemory, Cancelled.
        """
        while batch := list(islice(asked, self.driver.batches.size)):
            try:
                replies = self._batch([queries for queries in batch if queries], hooks)
            finally:
                self.driver.forget()
            yield from replies

    def close(self) -> None:
        """Drops the encoded images; the weights go with the last reference to the driver."""
        self.driver.forget()

    def _batch(self, chips: Sequence[Sequence[Query]], hooks: Hooks) -> list[tuple[Query, Reply]]:
        views = [self._view(number, queries[0]) for number, queries in enumerate(chips)]
        asked = [(number, query) for number, queries in enumerate(chips) for query in queries]
        said: dict[int, Reply] = {}
        for task in dict.fromkeys(query.task for _, query in asked):
            mine = [place for place, (_, query) in enumerate(asked) if query.task == task]
            for place, reply in zip(mine, self._replies(task, views, [asked[i] for i in mine], hooks), strict=True):
                said[place] = reply
        return [(query, said[place]) for place, (_, query) in enumerate(asked)]

    def _view(self, number: int, query: Query) -> View:
        chip = query.request.chip
        return View(picture(chip, self.driver.config.chip_size), number, chip.anchors, number)

    def _replies(
        self, task: str, views: Sequence[View], asked: Sequence[tuple[int, Query]], hooks: Hooks
    ) -> list[Reply]:
        """The replies to questions of one task. Raises Cancelled."""
        started = time.monotonic()
        listening = _Listening(hooks, self.driver.processor.tokenizer)

        def row(query: Query) -> Row:
            most = min(budget(query), self.max_new_tokens or budget(query))
            return listening.row(query.prompt, most)

        said, _ = self.driver.answer(task, views, [ViewQuery(chip, partial(row, query)) for chip, query in asked])
        listening.end()
        seconds = (time.monotonic() - started) / len(asked)
        return [replace(reply, seconds=seconds) for reply in said if reply is not None]


class _Listening:
    """The wishes of a caller while rows are generated: all of them stop when one is cancelled."""

    def __init__(self, hooks: Hooks, tokenizer: object) -> None:
        self._cancelled = hooks.cancelled
        self._words = Words(tokenizer, hooks.on_text) if hooks.on_text is not None else None
        self._stopped = False

    def row(self, question: str, most: int) -> Row:
        """How a question is answered. Raises Cancelled once a row was stopped."""
        self._raise_if_stopped()
        words = self._words
        return Row(question, most, cancelled=self._stop, on_token=(lambda t, _: words.take(t)) if words else None)

    def end(self) -> None:
        """To be called when all rows have ended. Raises Cancelled when they were stopped."""
        self._raise_if_stopped()
        if self._words is not None:
            self._words.end()

    def _stop(self) -> bool:
        self._stopped = self._stopped or self._cancelled()
        return self._stopped

    def _raise_if_stopped(self) -> None:
        if self._stopped:
            raise Cancelled("The model was stopped while it answered.")
