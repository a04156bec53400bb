"""What the engine says, in the words of QGIS's windows: the engine speaks to users of a command line."""

from __future__ import annotations

import re

from ..translation import tr

_OPTION = re.compile(r"(?:\b(?P<with>with|by) )?--(?P<name>[a-z]+(?:-[a-z]+)*)")


def _titles() -> dict[str, str]:
    """Option of the command line → what it is called in the panel, the toolbox, or QGIS's options."""
    return {
        "year": tr("Year"),
        "band": tr("Band"),
        "crs": tr("CRS of the layer"),
        "extent": tr("Extent"),
        "tasks": tr("Find out"),
        "classes": tr("Classes"),
        "engine": tr("Engine"),
        "prior": tr("Prior"),
        "water-mask": tr("Water areas"),
        "model": tr("Folder of the model"),
        "overwrite": tr("Replace what an analyst has worked on"),
        "device": "device=",
        "dtype": "dtype=",
        "quantization": "quantization=",
        "batch-size": "batch_size=",
        "concurrency": "concurrency=",
    }


def in_words_of_qgis(text: str) -> str:
    """A sentence of the engine with options of its command line called what they are called here."""
    if "--" not in text:
        return text
    titles = _titles()

    def title(found: re.Match) -> str:
        called = titles.get(found["name"])
        if called is None:
            return found.group()
        return tr("under “{title}”").format(title=called) if found["with"] else f"“{called}”"

    return _OPTION.sub(title, text)
