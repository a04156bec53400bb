"""Writes fusar_qgis/tasks.json: the tasks as the engine of this repository has them, which the plugin offers before an
engine has told its own.

    .venv/bin/python scripts/make_tasks.py
"""

from __future__ import annotations

import json
from pathlib import Path

from fusar_core.tasks import task_info

FILE = Path(__file__).resolve().parents[1] / "fusar_qgis" / "tasks.json"


def content() -> str:
    """The file as it is to be."""
    return json.dumps(task_info(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(content(), encoding="utf-8")
