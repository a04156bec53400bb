"""Runs the notebooks of the documentation from start to end and keeps their outputs in them.

    .venv/bin/python scripts/run_notebook.py [NOTEBOOK...]

What a machine says of itself (warnings on stderr, times of the run) is left out, so that the outputs change only with
the results.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "notebooks"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def run(path: Path, timeout_s: int = 600) -> nbformat.NotebookNode:
    """The notebook, run in its own folder with this Python. Raises CellExecutionError where a cell fails."""
    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(path.parent)}}
    NotebookClient(notebook, timeout=timeout_s, kernel_name="python3", resources=resources).execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    notebook.metadata = METADATA
    return notebook


def words(notebook: nbformat.NotebookNode) -> list[str]:
    """What each cell with code prints, in order."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return ["".join(o.text for o in cell.outputs if o.output_type == "stream") for cell in cells]


def main() -> None:
    for path in map(Path, sys.argv[1:] or sorted(FOLDER.glob("*.ipynb"))):
        nbformat.write(run(path.resolve()), path)
        print(path)


if __name__ == "__main__":
    main()
