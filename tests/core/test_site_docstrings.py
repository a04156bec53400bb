"""Docstrings as the API reference shows them: what is said of parameters, fields and errors becomes tables."""

from __future__ import annotations

import griffe
import pytest
from site_docstrings import DocstringSections, with_sections

TEXT = """Cuts a scene.

extent: scene pixels, e.g. of `window`; all of it when None. overlap: pixels. Nothing else: this stays.

Raises BadOption (impossible year), SceneEmpty, naming the scene, and what reading may raise."""


def test_what_is_said_of_names_and_errors_becomes_sections() -> None:
    assert with_sections(TEXT, ["extent", "overlap", "self"]) == (
        "Cuts a scene.\n\n"
        "Args:\n    extent: scene pixels, e.g. of `window`; all of it when None.\n"
        "    overlap: pixels. Nothing else: this stays.\n\n"
        "Raises:\n    BadOption: impossible year\n    SceneEmpty: naming the scene, and what reading may raise"
    )


def test_what_is_called_is_shown_with_what_it_is_called_with() -> None:
    text = with_sections("Follows.\n\non_step(done, total): after each. on_end: at last.", ["on_step", "on_end"])
    assert "    on_step: `on_step(done, total)`: after each.\n    on_end: at last." in text


@pytest.mark.parametrize(
    "text",
    [
        "One sentence.",
        "A list:\n\n- extent: a\n- b",
        "Code:\n\n    extent: 1",
        "Raises what opening may raise.",
        "x: none",
    ],
)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert with_sections(text, ["extent"]) == text


def test_every_parameter_in_a_section_is_one_of_the_object() -> None:
    """Over all of fusar_core: a section with another name would fail the strict build."""
    package = griffe.load("fusar_core", extensions=griffe.load_extensions(DocstringSections))
    scope = package["interpretation.scope.Scope"].docstring.parse("google")
    (fields,) = [section for section in scope if section.kind is griffe.DocstringSectionKind.attributes]
    assert [field.name for field in fields.value][:3] == ["extent", "chip_overlap", "water"]
