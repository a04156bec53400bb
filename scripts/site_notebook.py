"""A notebook as a page of the site: its text, its code and the outputs that are stored in it."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

PICTURES = {"image/png": "png", "image/jpeg": "jpg"}


def write_page(notebook: Path, page: Path) -> None:
    """Writes the page, and its pictures beside it as NAME_1.png, …"""
    page.parent.mkdir(parents=True, exist_ok=True)
    parts: list[str] = []
    pictures = 0
    for cell in json.loads(notebook.read_text("utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
            continue
        parts.append(_fenced("python", source))
        for output in cell["outputs"]:
            if words := _words(output):
                parts.append(_fenced("text", words))
            for kind, form in PICTURES.items():
                if kind in output.get("data", {}):
                    pictures += 1
                    name = f"{page.stem}_{pictures}.{form}"
                    (page.parent / name).write_bytes(base64.b64decode("".join(output["data"][kind])))
                    parts.append(f"![What the cell above draws]({name})")
    page.write_text("\n\n".join(parts) + "\n", "utf-8")


def _words(output: dict[str, Any]) -> str:
    """What an output says; nothing for one that is a picture."""
    if output["output_type"] == "stream":
        return "".join(output["text"])
    data = output.get("data", {})
    return "" if data.keys() & PICTURES.keys() else "".join(data.get("text/plain", []))


def _fenced(language: str, text: str) -> str:
    return f"```{language}\n{text.rstrip()}\n```"
