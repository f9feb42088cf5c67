"""Configuration: TOML files to frozen settings, with every fault named at once.

A file is right as a whole or refused as a whole. A key left out has its default; a key that
is not known, a wrong type, a bound crossed or two keys that contradict each other are faults,
each on a line of its own: file and line, key, value received, bound. Two keys must be
written: ``broker.account`` and ``kill_switch.state`` (see ``bot.settings``).

pydantic and tomlkit are imported where they are used: reading a command's help needs neither.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import difflib
import hashlib
import json
import re
import tomllib
import typing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeAlias, TypeVar

from bot.consistency import Conflict, events_conflicts, rules_conflicts, settings_conflicts
from bot.core.book import TradingState
from bot.core.errors import ConfigError
from bot.core.model import EventTable
from bot.core.rules import STRICT, Rules
from bot.files import distrust, replace_text
from bot.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from pydantic import TypeAdapter
    from pydantic_core import ErrorDetails

Tree: TypeAlias = dict[str, Any]
"""A TOML document as nested dictionaries."""

_T = TypeVar("_T")

_ADAPTERS: Final[dict[type, TypeAdapter[Any]]] = {}

_STAND_INS: Final[Tree] = {"broker": {"account": "DU0000"}, "kill_switch": {"state": "halt"}}
"""Values for the keys without a default, only while looking for further faults."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Document:
    """A file as read: its name for people, its text for line numbers, its values."""

    source: str
    text: str
    tree: Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fault:
    """One thing wrong with one key; `value` is already text, or ``None`` if there is none."""

    key: str
    value: str | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _EventDates(EventTable):
    """``EventTable`` as a file: unknown keys are faults."""

    __pydantic_config__: ClassVar = STRICT


def load_settings(path: Path) -> Settings:
    """Read ``config/steward.toml``.

    Relative paths in it start at the project folder, which is the parent of the folder that
    `path` lies in.

    Raises
    ------
    ConfigError
        With every fault of the file.
    """
    return parse_settings(read_file(path), path)


def parse_settings(content: bytes, path: Path) -> Settings:
    """Read `content` as ``load_settings`` reads the file at `path`."""
    document = _parse(content, path)
    settings = _validated(document, Settings, settings_conflicts, stand_ins=_STAND_INS)
    project = path.resolve().parent.parent
    return replace(
        settings,
        ledger=replace(settings.ledger, path=project / settings.ledger.path.expanduser()),
        backup=replace(settings.backup, folder=project / settings.backup.folder.expanduser()),
        logs=replace(settings.logs, folder=project / settings.logs.folder.expanduser()),
    )


def load_rules(path: Path) -> tuple[Rules, str]:
    """Read ``config/rules.toml``: the rules, and the SHA-256 of their canonical text.

    Comments, order and keys written out at their default do not change the hash; any value
    that decides does.

    Raises
    ------
    ConfigError
        With every fault of the file.
    """
    rules = _validated(_parse(read_file(path), path), Rules, rules_conflicts)
    return rules, fingerprint(rules)


def canonical_text(rules: Rules) -> str:
    """All rules as JSON with sorted keys, defaults included: what is stored and hashed."""
    return json.dumps(dataclasses.asdict(rules), sort_keys=True, indent=1)


def fingerprint(rules: Rules) -> str:
    """SHA-256 of the canonical text of `rules`, by which decisions name them."""
    return hashlib.sha256(canonical_text(rules).encode()).hexdigest()


def read_canonical(text: str, source: str) -> Rules:
    """Read rules from their canonical text; a key that it lacks has its default.

    Raises
    ------
    ConfigError
        With every fault, each under the name `source`: another version of steward wrote it.
    """
    document = _Document(source=source, text="", tree=json.loads(text))
    return _validated(document, Rules, rules_conflicts)


def load_events(path: Path) -> EventTable:
    """Read ``config/events.toml``: dates of scheduled macro events, oldest first.

    Raises
    ------
    ConfigError
        With every fault of the file.
    """
    dates = _validated(_parse(read_file(path), path), _EventDates, events_conflicts)
    return EventTable(fomc=dates.fomc, cpi=dates.cpi, ppi=dates.ppi)


def edit_kill_switch(path: Path, state: TradingState, *, reason: str) -> None:
    """Write `state` and `reason` into ``[kill_switch]``, keeping every comment of the file.

    The file is replaced atomically: a reader sees the old text or the new, never half of it.

    Raises
    ------
    ConfigError
        If the file is not TOML, or `state` is ``halt`` and no reason is given.
    """
    import tomlkit  # noqa: PLC0415 - only two commands need it

    if state is TradingState.HALT and not reason.strip():
        message = f"{_source(path)}: kill_switch.reason: missing: a halt needs a reason"
        raise ConfigError((message,))
    document = tomlkit.parse(_parse(read_file(path), path).text)
    table = document.setdefault("kill_switch", tomlkit.table())
    table["state"] = state.value
    table["reason"] = reason
    replace_text(path, tomlkit.dumps(document), mode=path.stat().st_mode)


def _source(path: Path) -> str:
    """Name of a file for people: ``config/rules.toml``."""
    path = path.absolute()
    return f"{path.parent.name}/{path.name}"


def read_file(path: Path) -> bytes:
    """Bytes of a configuration file.

    Raises
    ------
    ConfigError
        If it is missing, cannot be read, or another user could have written it.
    """
    try:
        if fault := distrust(path):
            raise ConfigError((f"{_source(path)}: {fault}",))
        return path.read_bytes()
    except FileNotFoundError as error:
        message = f"{_source(path)}: no such file in {path.absolute().parent}: run `steward init`"
        raise ConfigError((message,)) from error
    except OSError as error:
        raise ConfigError((f"{_source(path)}: cannot be read: {error.strerror}",)) from error


def fault_line(path: Path, key: str, value: object, text: str) -> str:
    """Word a fault of `key` that only shows outside of the file, with its line there."""
    number = _line_number(path.read_text(encoding="utf-8"), key) or 0
    return _line(_source(path), number, _Fault(key=key, value=_shown(str(value)), text=text))


def _parse(content: bytes, path: Path) -> _Document:
    source = _source(path)
    try:
        text = content.decode()
        return _Document(source=source, text=text, tree=tomllib.loads(text))
    except UnicodeDecodeError as error:
        message = f"{source}: not UTF-8: byte 0x{content[error.start]:02x} at {error.start}"
        raise ConfigError((message,)) from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError((f"{source}: invalid TOML: {error}",)) from error


def _validated(
    document: _Document,
    schema: type[_T],
    conflicts: Callable[[_T], Iterable[Conflict]],
    *,
    stand_ins: Tree | None = None,
) -> _T:
    """Read the document as a `schema`, or raise with the faults of keys and of relations."""
    from pydantic import ValidationError  # noqa: PLC0415 - 0.1 s, not for --help

    adapter = _adapter(schema)
    defaults = _defaults(schema)
    tree = _over(defaults, document.tree)
    try:
        value = adapter.validate_json(_json(tree))
        faults: list[_Fault] = []
    except ValidationError as error:
        details = [each for each in error.errors(include_url=False) if not _emptied(each)]
        faults = [_fault_of(detail, schema) for detail in details]
        value = _repaired(adapter, tree, defaults | (stand_ins or {}), details)
    faults += _new_conflicts(conflicts(value), {fault.key for fault in faults})
    if faults:
        raise ConfigError(_lines(document, faults))
    return value


def _adapter(schema: type[_T]) -> TypeAdapter[_T]:
    """Return the validator of a schema: to make one takes ten times as long as to use it."""
    from pydantic import TypeAdapter  # noqa: PLC0415 - 0.1 s, not for --help

    if schema not in _ADAPTERS:
        _ADAPTERS[schema] = TypeAdapter(schema)
    return _ADAPTERS[schema]


def _defaults(schema: type) -> Tree:
    """Default of each field that has one, as plain values."""
    tree: Tree = {}
    for item in dataclasses.fields(schema):
        if item.default is not dataclasses.MISSING:
            tree[item.name] = item.default
        elif item.default_factory is not dataclasses.MISSING:
            tree[item.name] = dataclasses.asdict(item.default_factory())
    plain: Tree = json.loads(_json(tree))
    return plain


def _over(defaults: Tree, tree: Tree) -> Tree:
    """Lay `tree` over `defaults`, table by table."""
    merged = defaults | tree
    for key, value in tree.items():
        if isinstance(value, dict) and isinstance(defaults.get(key), dict):
            merged[key] = _over(defaults[key], value)
    return merged


def _json(tree: Tree) -> str:
    return json.dumps(tree, default=_plain)


def _plain(value: object) -> str:
    """Dates and times as ISO text, paths as they are written."""
    return value.isoformat() if isinstance(value, dt.date | dt.time) else str(value)


def _repaired(
    adapter: TypeAdapter[_T], tree: Tree, defaults: Tree, details: list[ErrorDetails]
) -> _T:
    """Return the value with each faulty key at its default, to look for conflicts in the rest."""
    repaired: Tree = json.loads(_json(tree))
    for detail in details:
        _restore(repaired, defaults, _path(detail))
    return adapter.validate_json(_json(repaired))


def _restore(tree: Tree, defaults: Tree, path: list[str]) -> None:
    *tables, key = path
    for table in tables:
        tree, defaults = tree[table], defaults.get(table, {})
    if key in defaults:
        tree[key] = defaults[key]
    else:
        tree.pop(key, None)


def _path(detail: ErrorDetails) -> list[str]:
    """Keys that lead to a fault; a fault inside an array is a fault of the array."""
    return [part for part in detail["loc"] if isinstance(part, str)]


def _emptied(detail: ErrorDetails) -> bool:
    """Whether an array is only called too short because its items are at fault."""
    return detail["type"] == "too_short" and bool(detail["input"])


def _fault_of(detail: ErrorDetails, schema: type) -> _Fault:
    """Say what pydantic found in the words of the file."""
    path, kind = _path(detail), detail["type"]
    key = ".".join(path)
    if kind == "missing":
        return _Fault(key=key, value=None, text="missing")
    if kind == "unexpected_keyword_argument":
        return _Fault(key=key, value=None, text=_unknown(path, schema))
    if kind == "dataclass_type":
        return _Fault(key=key, value=_shown(detail["input"]), text=f"must be a table: [{key}]")
    if kind == "too_short":
        return _Fault(key=key, value="[]", text="must name at least one")
    text = detail["msg"].replace("Input should be", "must be")
    return _Fault(key=key, value=_shown(detail["input"]), text=text)


def _unknown(path: list[str], schema: type) -> str:
    """Name the nearest known key, or all of them."""
    *tables, key = path
    for table in tables:
        schema = typing.get_type_hints(schema)[table]
    known = [item.name for item in dataclasses.fields(schema)]
    if nearest := difflib.get_close_matches(key, known, n=1):
        return f"unknown key, did you mean {'.'.join([*tables, *nearest])}?"
    return f"unknown key, known are {', '.join(known)}"


def _shown(value: object) -> str:
    return "a table" if isinstance(value, dict) else json.dumps(value)


def _new_conflicts(conflicts: Iterable[Conflict], faulty: set[str]) -> list[_Fault]:
    """Conflicts between keys none of which is at fault by itself."""
    return [
        _Fault(key=conflict.keys[0], value=_shown(conflict.value), text=conflict.text)
        for conflict in conflicts
        if faulty.isdisjoint(conflict.keys)
    ]


def _lines(document: _Document, faults: list[_Fault]) -> tuple[str, ...]:
    """Faults in the order of the file, those of keys that are nowhere in it first.

    ``config/rules.toml:41: condor.balanced.put = 1.5: must be less than 1``
    """
    numbered = [(_line_number(document.text, fault.key) or 0, fault) for fault in faults]
    return tuple(
        _line(document.source, number, fault)
        for number, fault in sorted(numbered, key=lambda pair: pair[0])
    )


def _line(source: str, number: int, fault: _Fault) -> str:
    where = f"{source}:{number}" if number else source
    value = "" if fault.value is None else f" = {fault.value}"
    return f"{where}: {fault.key}{value}: {fault.text}"


def _line_number(text: str, key: str) -> int | None:
    """Line on which `key`, or the nearest table around it, is written."""
    written: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[([\w.\s-]+)\]", line):
            table = header[1].replace(" ", "")
            written.setdefault(table, number)
        elif item := re.match(r"\s*([\w.-]+)\s*=", line):
            written.setdefault(f"{table}.{item[1]}".lstrip("."), number)
    parts = key.split(".")
    names = (".".join(parts[:end]) for end in range(len(parts), 0, -1))
    return next((written[name] for name in names if name in written), None)
