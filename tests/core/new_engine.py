"""A new engine with an option of its own, for tests: all that it takes, but for its line in the registry.

python new_engine.py MODULE ARGUMENTS…    # runs the main of a module (fusar_core.cli, training.evaluate) that knows it
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
from scipy import ndimage

from fusar_core.domain.answers import Answer, Detection, Request
from fusar_core.engines.base import NO_HOOKS, Answers, Engine, EngineInfo, Hooks
from fusar_core.engines.options import Option


class Brightness(Engine):
    """Takes whatever is bright for a ship."""

    info = EngineInfo(
        name="brightness",
        title="whatever is bright",
        tasks=frozenset({"detect", "count"}),
        classes=frozenset({"ship"}),
        derived=frozenset({"count"}),
        options=(Option("level", int, 250, "Grey value from which a pixel is bright"),),
    )

    def __init__(self, level: int = 250) -> None:
        self.level = level

    def answer(self, requests: Iterable[Request], hooks: Hooks = NO_HOOKS) -> Answers:
        for request in requests:
            bright, _ = ndimage.label(request.chip.image >= self.level, np.ones((3, 3)))
            found = [
                Detection("ship", 1.0, ((x.start, y.start), (x.stop, y.start), (x.stop, y.stop), (x.start, y.stop)))
                for y, x in ndimage.find_objects(bright)
            ]
            for task in request.tasks:
                yield Answer(request.chip.where, task, "ship", found if task == "detect" else len(found))


class Faulty(Brightness):
    """Has a bug where it is opened."""

    info = replace(Brightness.info, name="faulty")

    def __init__(self, level: int = 250) -> None:
        super().__init__(level + "")


if __name__ == "__main__":
    from fusar_core.engines import ENGINES

    ENGINES |= {"brightness": "new_engine:Brightness", "faulty": "new_engine:Faulty"}
    sys.argv = sys.argv[1:]
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    import_module(sys.argv[0]).main()
