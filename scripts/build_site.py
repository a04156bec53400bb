"""Builds the documentation site, strictly: a link that leads nowhere fails it, and so does what comes from elsewhere.

    .venv/bin/python scripts/build_site.py [--out out/site]

docs/site.yml says which pages there are and how they look. They keep their paths, so that links between them lead to
the same page here and in the repository.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import site_checks
import site_notebook
import site_reference
import yaml
from addresses import addresses, placeholders

ROOT = Path(__file__).resolve().parents[1]
CONFIG = ROOT / "docs" / "site.yml"
BESIDE_PAGES = ("docs/images", "docs/site.css", "fusar_qgis/icons/fusar.svg")


def nav_pages(nav: list[Any]) -> list[str]:
    """Paths of all pages in a navigation, in their order."""
    found: list[str] = []
    for entry in nav:
        target = next(iter(entry.values())) if isinstance(entry, dict) else entry
        found += nav_pages(target) if isinstance(target, list) else [target]
    return found


def stage(config: dict[str, Any], folder: Path) -> None:
    """Copies the pages of the navigation and what they show into `folder`; notebooks become pages."""
    for name in nav_pages(config["nav"]):
        page = folder / name
        page.parent.mkdir(parents=True, exist_ok=True)
        if page.suffix == ".ipynb":
            site_notebook.write_page(ROOT / name, page.with_suffix(".md"))
        else:
            page.write_text((ROOT / name).read_text("utf-8").replace(".ipynb)", ".md)"), "utf-8")
    for name in BESIDE_PAGES:
        source, copy = ROOT / name, folder / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, copy) if source.is_dir() else shutil.copyfile(source, copy)


def with_addresses(config: dict[str, Any]) -> dict[str, Any]:
    """The settings with the addresses of the project, as far as they are known by now.

    The repository is a plain link: as `repo_url`, every page would ask the code host for its stars.
    """
    known = addresses()
    missing = placeholders(known)
    added: dict[str, Any] = {}
    if "documentation" not in missing:
        added["site_url"] = known["documentation"]
    if "repository" not in missing:
        link = {"icon": "fontawesome/brands/git-alt", "link": known["repository"], "name": "Repository"}
        added["extra"] = {"social": [link]}
    return config | added


def build(out: Path) -> list[str]:
    """Builds the site at `out`, which is replaced. Returns what is wrong with it."""
    config = yaml.safe_load(CONFIG.read_text("utf-8"))
    with tempfile.TemporaryDirectory() as work:
        pages, made = Path(work) / "pages", Path(work) / "site"
        stage(config, pages)
        reference = site_reference.write_pages(ROOT / "fusar_core", pages)
        nav = json.loads(json.dumps(config["nav"]).replace(".ipynb", ".md"))
        config |= {"nav": [*nav, {"API reference": reference}], "docs_dir": pages.name, "site_dir": made.name}
        python = config["plugins"][-1]["mkdocstrings"]["handlers"]["python"]
        python["paths"] = [str(ROOT)]
        python["options"]["extensions"] = [str(ROOT / "scripts" / "site_docstrings.py")]
        (Path(work) / "mkdocs.yml").write_text(json.dumps(with_addresses(config)), "utf-8")  # JSON is YAML
        words = [sys.executable, "-m", "zensical", "build", "--clean", "--strict"]
        if subprocess.run(words, cwd=work, check=False).returncode:
            return ["the pages have the faults named above"]
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(made, out)
    return site_checks.problems(out)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "site")
    out = parser.parse_args().out.resolve()
    found = build(out)
    print("\n".join(found) or f"{out / 'index.html'}: {len(list(out.rglob('*.html')))} pages")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
