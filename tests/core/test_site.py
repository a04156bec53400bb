"""The documentation site: every page is reached, the reference follows the code, faults of a built site are found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from build_site import CONFIG, nav_pages
from site_checks import problems
from site_notebook import write_page
from site_reference import modules, public_names, write_pages

import fusar_core

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "fusar_core"
PAGES = nav_pages(yaml.safe_load(CONFIG.read_text("utf-8"))["nav"])


def test_every_page_of_the_repository_is_in_the_navigation_once() -> None:
    written = {p.relative_to(ROOT).as_posix() for p in (ROOT / "docs").rglob("*") if p.suffix in (".md", ".ipynb")}
    written |= {"README.md", "CONTRIBUTING.md", "CHANGELOG.md"}
    written |= {p.relative_to(ROOT).as_posix() for p in (ROOT / "resources").rglob("README.md")}
    assert sorted(PAGES) == sorted(written)


@pytest.mark.parametrize("name", [p for p in PAGES if p.endswith(".md")])
def test_relative_links_lead_to_what_the_site_has(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    targets = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", text)
    found = [(ROOT / name).parent.joinpath(target).resolve().relative_to(ROOT).as_posix() for target in targets]
    assert [f for f in found if f not in PAGES and not (f.startswith("docs/images/") and (ROOT / f).is_file())] == []


def test_the_reference_has_a_page_for_each_public_module(tmp_path: Path) -> None:
    (tmp_path / "pack" / "room").mkdir(parents=True)
    (tmp_path / "pack" / "__init__.py").write_text(
        '"""A pack."""\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from pack.room.thing import Thing\n'
    )
    (tmp_path / "pack" / "room" / "__init__.py").write_text('"""A room.\n\nMore of it."""')
    (tmp_path / "pack" / "room" / "thing.py").write_text('"""Things, | and\nsuch."""')
    (tmp_path / "pack" / "_hidden.py").write_text("")
    entries = write_pages(tmp_path / "pack", tmp_path / "pages")
    assert entries == [
        {"All modules": "reference/index.md"},
        {"pack": "reference/pack.md"},
        {"room": [{"room": "reference/pack.room.md"}, {"thing": "reference/pack.room.thing.md"}]},
    ]
    assert [p for p in nav_pages(entries) if not (tmp_path / "pages" / p).is_file()] == []
    index = (tmp_path / "pages" / "reference" / "index.md").read_text("utf-8")
    assert "| [`pack.room.thing`](pack.room.thing.md) | Things, \\| and such. |" in index
    assert "[`Thing`][pack.room.thing.Thing]" in index


def test_the_reference_says_what_every_module_is_for() -> None:
    assert [module.name for module in modules(PACKAGE) if not module.clause] == []


def test_the_reference_lists_what_the_package_gives() -> None:
    homes = public_names(PACKAGE)
    assert sorted(homes) == sorted(fusar_core.__all__)
    for name, home in homes.items():
        assert home == f"{getattr(fusar_core, name).__module__}.{name}"


FAULTS = {
    "gone.html": "leads nowhere: gone.html",
    "other.html#missing": "leads nowhere: other.html#missing",
    "#missing": "leads nowhere: #missing",
}


@pytest.mark.parametrize(
    "address", ["other.html", "other.html#here", "#top", "folder/", "https://example.org/x", "mailto:a@b.eu"]
)
def test_a_sound_link_is_no_fault(tmp_path: Path, address: str) -> None:
    make_site(tmp_path, f'<a href="{address}">x</a>')
    assert problems(tmp_path) == []


@pytest.mark.parametrize("address", FAULTS)
def test_a_link_that_leads_nowhere_is_found(tmp_path: Path, address: str) -> None:
    make_site(tmp_path, f'<a href="{address}">x</a>')
    assert problems(tmp_path) == [f"index.html: {FAULTS[address]}"]


@pytest.mark.parametrize(
    "element",
    [
        '<script src="https://cdn.example/x.js"></script>',
        '<img src="//cdn.example/x.png">',
        '<link rel="stylesheet" href="https://fonts.example/css">',
    ],
)
def test_what_is_fetched_from_elsewhere_is_found(tmp_path: Path, element: str) -> None:
    make_site(tmp_path, element)
    (fault,) = problems(tmp_path)
    assert fault.startswith("index.html: fetched from elsewhere: ")


def test_a_font_from_elsewhere_is_found(tmp_path: Path) -> None:
    make_site(tmp_path, "")
    (tmp_path / "x.css").write_text("@font-face { src: url(https://fonts.example/a.woff2) }")
    assert problems(tmp_path) == ["x.css: fetched from elsewhere: https://fonts.example/a.woff2"]


def make_site(folder: Path, body: str) -> None:
    """Three pages; `body` is on the first, which has the name `top`; the second has `here`."""
    (folder / "folder").mkdir()
    (folder / "folder" / "index.html").write_text("<p>a folder</p>")
    (folder / "other.html").write_text('<h2 id="here">here</h2>')
    (folder / "index.html").write_text(f'<link rel="canonical" href="https://example.org/"><h1 id="top">x</h1>{body}')


def test_a_notebook_becomes_a_page_with_its_outputs(tmp_path: Path) -> None:
    write_page(ROOT / "docs" / "notebooks" / "first_scene.ipynb", tmp_path / "first_scene.md")
    page = (tmp_path / "first_scene.md").read_text("utf-8")
    assert page.startswith("# Your first scene")
    assert "```python\nscene = SarScene.open" in page
    assert "```text\npixels      1200 × 1200\n" in page
    pictures = re.findall(r"!\[[^]]*\]\((\S+)\)", page)
    assert len(pictures) == 2
    assert all((tmp_path / name).read_bytes().startswith(b"\xff\xd8") for name in pictures)  # JPEG
