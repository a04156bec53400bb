"""Writes the locks: which version of every package an environment is made of, with the hashes of its files.

One resolution of all extras together, for every platform and Python that the project runs on; of it one file an
environment is written, so that a package has the same version everywhere. Torch and what it alone brings are left out:
which build is wanted depends on the machine (constraints.txt names the version, its index the file and its hash).
`make lock` renews all; whoever renews them runs the tests and reads docs/licences.md, which is made with them.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ROOT / "locks"
ENVIRONMENTS = ("core", "model", "worker", "train", "docs", "dev")
"""core: the engine alone; the others are extras of pyproject.toml, each with the engine's own packages."""
QGIS = ROOT / "tests" / "qgis" / "requirements.txt"
BUILD_OF_ITS_OWN = re.compile(r"(torch|triton|nvidia-[\w-]+|cuda-[\w-]+)==")
HEADER = "# Made by `make lock`: {what}. Torch comes first, by itself: see constraints.txt.\n"


def resolved(source: Path, *options: str) -> str:
    """The text of a requirements file with hashes for what a file of requirements needs."""
    words = [sys.executable, "-m", "uv", "pip", "compile", "-q", "--universal", "--python-version", "3.11"]
    words += ["--generate-hashes", "--no-annotate", "--no-header", *options, str(source)]
    return subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def without_torch(text: str) -> str:
    """The requirements less those whose build depends on the machine."""
    entries = re.split(r"(?m)^(?=\S)", text)
    return "".join(entry for entry in entries if not BUILD_OF_ITS_OWN.match(entry))


def main() -> None:
    LOCKS.mkdir(exist_ok=True)
    project = ROOT / "pyproject.toml"
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "all.txt"
        whole.write_text(resolved(project, "--all-extras", "-c", "constraints.txt"))
        for name in ENVIRONMENTS:
            extra = [] if name == "core" else ["--extra", name]
            text = without_torch(resolved(project, *extra, "-c", str(whole)))
            (LOCKS / f"{name}.txt").write_text(HEADER.format(what=f"environment '{name}'") + text)
    (LOCKS / "qgis.txt").write_text(HEADER.format(what="test tools beside QGIS's own Python") + resolved(QGIS))


if __name__ == "__main__":
    main()
