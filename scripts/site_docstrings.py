"""Our docstrings as tables of the API reference: an extension of Griffe, which the site's builder loads.

A docstring says of a parameter, or of a field of a class, `name: what it is.`, one after the other in a paragraph, and
`Raises A, B (why).` at its end. Sentences of that form about names that the object really has become the sections
`Args:`, `Attributes:` and `Raises:` that tools know; everything else stays text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import griffe

RAISES = re.compile(r"(?:^|(?<=[.;] ))Raises ((?:[^.]|\.(?! |$))+)\.(?=\s|$)", re.MULTILINE)


class DocstringSections(griffe.Extension):
    """Makes sections of what is said of parameters, fields and errors."""

    def on_package(self, *, pkg: griffe.Module, **kwargs: Any) -> None:
        for found in _documented(pkg):
            assert found.docstring is not None
            found.docstring.value = with_sections(found.docstring.value, _names_of(found), _section_of(found))


def _documented(module: griffe.Module | griffe.Class) -> Iterator[griffe.Object]:
    for member in module.members.values():
        if member.is_alias:
            continue
        if isinstance(member, griffe.Module | griffe.Class):
            yield from _documented(member)
        if isinstance(member, griffe.Class | griffe.Function) and member.docstring is not None:
            yield member


def _names_of(found: griffe.Object) -> list[str]:
    """Names that a docstring may explain: parameters of a function or a constructor, fields of a dataclass."""
    if isinstance(found, griffe.Function):
        return [parameter.name for parameter in found.parameters]
    made = found.members.get("__init__")
    if isinstance(made, griffe.Function):
        return [parameter.name for parameter in made.parameters]
    return [name for name, member in found.members.items() if member.is_attribute]


def _section_of(found: griffe.Object) -> str:
    by_hand = isinstance(found.members.get("__init__"), griffe.Function)
    return "Args" if isinstance(found, griffe.Function) or by_hand else "Attributes"


def with_sections(text: str, names: list[str], section: str = "Args") -> str:
    """A docstring in which sentences `name: …` about these names, and `Raises …`, are sections of Google's form."""
    known = [re.escape(name) for name in names if name not in ("self", "cls")]
    kept, said, errors = list[str](), dict[str, str](), dict[str, str]()
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        rest = " ".join(paragraph.split()) if known or "Raises " in paragraph else paragraph
        if re.search(r"^\s*(?:[-*|>]|```|\d+\.)|^ {4}", paragraph, re.MULTILINE):
            kept.append(paragraph)  # a list, a table, code: its lines mean something
            continue
        for sentence in RAISES.finditer(rest):
            found = dict(_errors_in(sentence[1]))
            errors |= found
            rest = rest.replace(sentence[0], "").strip() if found else rest
        if known:
            name = "|".join(known)
            one = rf"(?:{name})(?:\([^)]*\))?"
            parts = re.split(rf"(?:^|(?<=[.;?!] ))({one}(?:, {one})*): ", rest)
            rest = parts[0].strip()
            for of, what in zip(parts[1::2], parts[2::2], strict=True):
                what = what.strip().rstrip(";")
                said |= {
                    n: f"`{n}{call}`: {what}" if call else what for n, call in re.findall(rf"({name})(\(.*?\))?", of)
                }
        if rest:
            kept.append(rest)
    if said:
        kept.append(f"{section}:\n" + "\n".join(f"    {name}: {what}" for name, what in said.items()))
    if errors:
        kept.append("Raises:\n" + "\n".join(f"    {name}: {why}" for name, why in errors.items()))
    return "\n\n".join(kept)


def _errors_in(words: str) -> Iterator[tuple[str, str]]:
    """Each error that a sentence names, and what it says of it until the next."""
    names = list(re.finditer(r"\b[A-Z][a-z]\w*[A-Z]\w*|\b(?:Cancelled|Internal|Malformed)\b", words))
    for name, after in zip(names, [*names[1:], None], strict=False):
        end = after.start() if after else len(words)
        said = words[name.end() : end].strip(" ,;:()")
        yield name[0], re.sub(r"(?:,? (?:and|or))$", "", said).strip(" ,;") or "see the error"
