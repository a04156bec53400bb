"""The options an engine declares, and what is given for them checked against the declaration."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from fusar_core.errors import BadOption

Kind: TypeAlias = type[str] | type[int] | type[float] | type[bool] | type[Path]

_WORDS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


@dataclass(frozen=True)
class Option:
    """One option with which an engine is opened: a parameter of its constructor, of the same name and default.

    help: a clause without a full stop. choices: the values there are, where they can be listed. decides: whether it
    changes answers, so that provenance, the journal of a run and the header of a batch keep it. secret: whether it is
    shown to nobody, and given on no command line; variable: the environment variable that holds it then.
    """

    name: str
    type: Kind = str
    default: Any = None
    help: str = ""
    choices: tuple[str, ...] = ()
    decides: bool = True
    secret: bool = False
    variable: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The declaration as JSON-able values."""
        default = str(self.default) if isinstance(self.default, Path) else self.default
        kind = {"name": self.name, "type": self.type.__name__.lower(), "default": default, "help": self.help}
        return {**kind, "choices": list(self.choices), "decides": self.decides, "secret": self.secret}

    def typed(self, value: Any) -> Any:
        """A value in the option's type; text is read. Raises BadOption when it is none."""
        if self.secret:
            return value
        try:
            found = self._read(value)
        except (ValueError, TypeError, KeyError) as cause:
            raise BadOption(f"'{value}' is no value of the option '{self.name}'.", self._advice()) from cause
        if self.choices and found not in self.choices:
            raise BadOption(f"'{value}' is no value of the option '{self.name}'.", self._advice())
        return found

    def _read(self, value: Any) -> Any:
        if self.type is bool:
            return value if isinstance(value, bool) else _WORDS[str(value).strip().lower()]
        if isinstance(value, bool) or not isinstance(value, str | int | float | Path):
            raise TypeError
        if self.type is int and isinstance(value, float) and not value.is_integer():
            raise ValueError
        read: Callable[[Any], Any] = self.type
        return read(value)

    def _advice(self) -> str:
        if self.choices:
            return f"Choose {' or '.join(self.choices)}."
        kinds = {int: "a whole number", float: "a number", bool: "true or false", Path: "a path", str: "text"}
        return f"Give {kinds[self.type]}."


def checked(
    who: str, options: Sequence[Option], given: Mapping[str, Any], written: Callable[[str], str] = str
) -> dict[str, Any]:
    """What was given, typed; what is None was not. written: how a name is written where it was given.

    Raises BadOption for an option that `who` does not have, naming those it has, and for a value that is none.
    """
    known = {option.name: option for option in options}
    found = {name: value for name, value in given.items() if value is not None}
    if unknown := sorted(found.keys() - known.keys()):
        names = ", ".join(written(name) for name in unknown)
        those = ", ".join(written(option.name) for option in options if not option.secret)
        raise BadOption(f"{who} has no option {names}.", f"Its options: {those}." if those else "It has no options.")
    return {name: known[name].typed(value) for name, value in found.items()}
