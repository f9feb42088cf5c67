"""Reads fault scripts: TOML to a ``FaultScript``, with every mistake named at once.

A mistake is a line of its own: file and line, fault, key, value, and what exists instead. A
script is right as a whole or refused as a whole, for a fault that never strikes proves nothing.

Messages are written by name (``place_order``, ``order_status``) or by number, the handshake as
``hello``. pydantic is imported where it is used.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import difflib
import json
import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from bot.core.errors import ConfigError
from bot.simulator.faults.actions import ACTIONS
from bot.simulator.faults.conditions import HELLO, TIME_MESSAGES, When
from bot.simulator.faults.script import Fault, FaultScript, RandomFaults
from bot.simulator.wire import Message, Request

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pydantic import TypeAdapter
    from pydantic_core import ErrorDetails

    from bot.simulator.faults.action import Action

Table: TypeAlias = dict[str, Any]
"""A TOML table."""

T = TypeVar("T")

_ADAPTERS: Final[dict[type, TypeAdapter[Any]]] = {}

TOP: Final = ("fault", "random")

NAMES: Final[dict[str, dict[str, int]]] = {
    key: {"hello": HELLO, **{each.name.lower(): each.value for each in kind if each not in spared}}
    for key, kind, spared in (("received", Request, TIME_MESSAGES), ("sent", Message, ()))
}
"""Number of each message by its name, by the key of ``when`` that takes it."""


class _MistakesError(Exception):
    """Mistakes of one table as (key, text)."""

    def __init__(self, *mistakes: tuple[str, str]) -> None:
        super().__init__(mistakes)
        self.mistakes = mistakes


@dataclass(frozen=True, slots=True)
class _Text:
    """A script as text, to find the line of a key."""

    source: str
    lines: tuple[str, ...]

    def mistake(self, header: str, nth: int, *, key: str, text: str, name: str) -> str:
        """Return the line that tells one mistake in the `nth` table under `header`."""
        number = self._line(header, nth, key)
        where = f"{self.source}:{number}" if number else self.source
        return f"{where}: {name}: {text}"

    def _line(self, header: str, nth: int, key: str) -> int:
        """Return the line of `key`, or that of the table it belongs to."""
        heads = [n for n, line in enumerate(self.lines, 1) if _heads(line, header)]
        if len(heads) < nth:
            return 0
        first = heads[nth - 1]
        for number in range(first, len(self.lines) + 1):
            line = self.lines[number - 1]
            if number > first and re.match(r"\s*\[(\[|random)", line):
                break
            if key and re.search(rf"(^|[\s{{,.\"]){re.escape(key)}\"?\s*=", line):
                return number
        return first


def _heads(line: str, header: str) -> bool:
    """Return whether `line` is the header, in brackets as given or in any, or the key itself."""
    word = header.strip("[]")
    bare = line.replace(" ", "")
    return bare.startswith((header, f"[{header}", f"{word}="))


def load_script(path: Path) -> FaultScript:
    """Read the fault script at `path`.

    Raises
    ------
    ConfigError
        With every mistake of the file.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError((f"{path.name}: cannot be read: {error}",)) from error
    return parse_script(text, path.name)


def parse_script(text: str, source: str = "faults") -> FaultScript:
    """Read a fault script from `text`; `source` names it in errors.

    Raises
    ------
    ConfigError
        With every mistake of the text.
    """
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError((f"{source}: invalid TOML: {error}",)) from error
    lines = _Text(source=source, lines=tuple(text.splitlines()))
    mistakes = [*_unknown_tables(tree, lines)]
    faults = [_fault(table, lines, mistakes, nth=n) for n, table in enumerate(_faults(tree), 1)]
    random = _random(tree, lines, mistakes)
    if mistakes:
        raise ConfigError(tuple(mistakes))
    return FaultScript(faults=tuple(fault for fault in faults if fault), random=random)


def _faults(tree: Table) -> list[Table]:
    found = tree.get("fault", [])
    tables = found if isinstance(found, list) else []
    return [table for table in tables if isinstance(table, dict)]


def _unknown_tables(tree: Table, lines: _Text) -> Iterator[str]:
    for key, value in tree.items():
        if key not in TOP:
            text = _instead(key, TOP)
            yield lines.mistake(f"[{key}", 1, key="", text=text, name=key)
        elif isinstance(value, list) != (key == "fault"):
            form = {"fault": "[[fault]]", "random": "[random]"}[key]
            text = f"must be written as {form}"
            yield lines.mistake(f"[{key}", 1, key="", text=text, name=key)


def _fault(table: Table, lines: _Text, mistakes: list[str], *, nth: int) -> Fault | None:
    try:
        when, what = _when_and_what(table)
        return _together(when, what, word=table["what"])
    except _MistakesError as error:
        mistakes += [
            lines.mistake("[[fault]]", nth, key=_last(key), text=text, name=_name(nth, key))
            for key, text in error.mistakes
        ]
        return None


def _name(nth: int, key: str) -> str:
    return f"fault {nth}: {key}" if key else f"fault {nth}"


def _last(key: str) -> str:
    return key.split(" ", maxsplit=1)[0].rpartition(".")[2]


def _when_and_what(table: Table) -> tuple[When, Action]:
    """Read both, so that the mistakes of both are told."""
    mistakes: list[tuple[str, str]] = []
    when, what = When(), None
    try:
        when = _when(table.get("when", {}))
    except _MistakesError as error:
        mistakes += error.mistakes
    try:
        what = _what(table)
    except _MistakesError as error:
        mistakes += error.mistakes
    if mistakes or what is None:
        raise _MistakesError(*mistakes)
    return when, what


def _when(table: object) -> When:
    if not isinstance(table, dict):
        raise _MistakesError((f"when = {_shown(table)}", "must be a table: { … }"))
    numbered = {key: _number(key, value) for key, value in table.items()}
    return _read(When, numbered, prefix="when")


def _number(key: str, value: object) -> object:
    """Return the number of a message that is written by its name."""
    if key not in NAMES or not isinstance(value, str):
        return value
    if value not in NAMES[key]:
        raise _MistakesError((f'when.{key} = "{value}"', _instead(value, NAMES[key], "message")))
    return NAMES[key][value]


def _what(table: Table) -> Action:
    word = table.get("what")
    if word is None:
        raise _MistakesError(("what", f"missing; known are {', '.join(ACTIONS)}"))
    if word not in ACTIONS:
        raise _MistakesError((f"what = {_shown(word)}", _instead(str(word), ACTIONS, "action")))
    values = {key: value for key, value in table.items() if key not in {"what", "when"}}
    return _read(ACTIONS[word], values, prefix="")


def _random(tree: Table, lines: _Text, mistakes: list[str]) -> RandomFaults | None:
    table = tree.get("random")
    if not isinstance(table, dict):
        return None
    try:
        return _read(RandomFaults, table, prefix="")
    except _MistakesError as error:
        mistakes += [
            lines.mistake("[random]", 1, key=_last(key), text=text, name=f"random: {key}")
            for key, text in error.mistakes
        ]
        return None


def _read(kind: type[T], values: Table, *, prefix: str) -> T:
    """Read `values` as a `kind`, or raise with every mistake."""
    from pydantic import ValidationError  # noqa: PLC0415 - 0.1 s, not for --help

    text = json.dumps(values, default=_plain)
    try:
        return _adapter(kind).validate_json(text)
    except ValidationError as error:
        details = error.errors(include_url=False)
        raise _MistakesError(*(_mistake(each, kind, prefix) for each in details)) from error


def _adapter(kind: type[T]) -> TypeAdapter[T]:
    """Return the validator of a kind of table, which takes long to make."""
    from pydantic import TypeAdapter  # noqa: PLC0415 - 0.1 s, not for --help

    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def _together(when: When, what: Action, *, word: str) -> Fault:
    try:
        return Fault(when=when, what=what)
    except ValueError as error:
        raise _MistakesError((f'what = "{word}"', str(error))) from error


def _mistake(detail: ErrorDetails, kind: type, prefix: str) -> tuple[str, str]:
    """Say what pydantic found in the words of the script."""
    known = [item.name for item in dataclasses.fields(kind)]
    path = [str(part) for part in detail["loc"] if isinstance(part, str)]
    key = ".".join([*((prefix,) if prefix else ()), *path])
    if detail["type"] == "missing":
        return key, "missing"
    if detail["type"] == "unexpected_keyword_argument":
        return key, _instead(path[-1], known, "key")
    if detail["type"] == "value_error":
        return _crossed(str(detail["ctx"]["error"]), known, prefix)
    text = detail["msg"].replace("Input should be", "must be")
    return f"{key} = {_shown(detail['input'])}", text


def _crossed(text: str, known: Iterable[str], prefix: str) -> tuple[str, str]:
    """Take the key that a mistake begins with, if it does, out of its text."""
    word, _, rest = text.partition(" ")
    if word not in known or not rest.startswith("is "):
        return prefix, text
    return f"{prefix}.{word}" if prefix else word, rest


def _instead(word: str, known: Iterable[str], thing: str = "table") -> str:
    """Say that `word` is unknown, and what exists."""
    listed = [*known]
    near = difflib.get_close_matches(word, listed, n=1)
    hint = f", did you mean {near[0]}?" if near else ";"
    exists = f"known are {', '.join(listed)}" if listed else "there are none"
    return f"unknown {thing}{hint} {exists}"


def _shown(value: object) -> str:
    return json.dumps(value, default=_plain)


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, dt.date | dt.time) else str(value)
