"""The grid of a sweep: which rules, which settings, on which histories.

A grid is a TOML file. Each key of ``[rules]`` (a key of ``config/rules.toml``) and of
``[settings]`` (``bot.evidence.settings``) has a list of the values to try; a value that is no
list is tried alone. Every combination is decided anew on each history: the recorded one, and as
many resampled ones as ``[paths]`` says::

    [rules]
    hedge.far.delta = [0.15, 0.20]
    condor.tiers = [["balanced", "conservative"], ["conservative"]]

    [settings]
    spread_share = [0.25, 0.5, 1.0]

    [paths]
    recorded = true       # the recorded history
    bootstrap = 20        # resampled histories
    seed = 1              # of the first; the next has the next

A key that is not known, a value out of its range and a grid without a combination are faults: the
file is refused with all of them.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
import tomllib
from dataclasses import dataclass, fields, replace
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Final,
    TypeAlias,
    TypeVar,
    get_type_hints,
)

from annotated_types import Ge, Le

from bot.config import fault_line, read_canonical
from bot.core.errors import ConfigError
from bot.core.rule_types import STRICT
from bot.core.rules import Rules
from bot.evidence.blocks import MEAN_BLOCK
from bot.evidence.settings import ReplaySettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path


Changes: TypeAlias = "tuple[tuple[str, Any], ...]"
"""Names and values in the order of the file."""

_T = TypeVar("_T")

TABLES: Final = ("rules", "settings", "paths")
MOST_CELLS: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PathRules:
    """Which histories a sweep runs on: ``[paths]`` of its file."""

    __pydantic_config__: ClassVar = STRICT

    recorded: bool = True
    bootstrap: Annotated[int, Ge(0), Le(10_000)] = 0
    seed: Annotated[int, Ge(0)] = 1
    mean_block: Annotated[int, Ge(1), Le(2_000)] = MEAN_BLOCK

    def seeds(self) -> tuple[int | None, ...]:
        """Seed of each history; ``None`` is the recorded one."""
        resampled = range(self.seed, self.seed + self.bootstrap)
        return (*((None,) if self.recorded else ()), *resampled)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One replay of a sweep.

    Parameters
    ----------
    rules, settings
        What is decided by, and what is assumed.
    seed
        Of the resampled history; ``None`` is the recorded one.
    mean_block
        Mean block of a resampled history, sessions.
    changes
        What differs from the base, by the names of the grid: how people tell cells apart.
    """

    rules: Rules
    settings: ReplaySettings
    seed: int | None = None
    mean_block: int = MEAN_BLOCK
    changes: Changes = ()


def read_grid(path: Path, base: Rules) -> tuple[Cell, ...]:
    """Read a grid; its cells in the order of the file, histories innermost.

    Parameters
    ----------
    path
        The TOML file.
    base
        Rules that the grid changes.

    Raises
    ------
    ConfigError
        With every fault of the file.
    """
    tree = _tree(path)
    if wrong := [name for name in tree if name not in TABLES]:
        text = f"unknown, known are {', '.join(TABLES)}"
        raise ConfigError(tuple(fault_line(path, name, tree[name], text) for name in wrong))
    if wrong := [name for name in tree if not isinstance(tree[name], dict)]:
        text = "must be a table"
        raise ConfigError(tuple(fault_line(path, name, tree[name], text) for name in wrong))
    paths = _paths(tree.get("paths", {}), path)
    rules_axes = _axes(tree.get("rules", {}), path)
    settings_axes = _axes(tree.get("settings", {}), path)
    count = math.prod(len(values) for _, values in (*rules_axes, *settings_axes))
    _check_count(count * len(paths.seeds()), path)
    return tuple(_cells(path, base, (rules_axes, settings_axes), paths))


def changed_rules(base: Rules, changes: Mapping[str, Any], source: str) -> Rules:
    """Return `base` with some keys changed, checked as the rules of a file are.

    Parameters
    ----------
    base
        Rules.
    changes
        Values by dotted key: ``{"hedge.far.delta": 0.15}``.
    source
        What faults are named after: a file.

    Raises
    ------
    ConfigError
        With every fault: unknown keys, values out of range, keys that contradict each other.
    """
    tree = dataclasses.asdict(base)
    for key, value in changes.items():
        _plant(tree, key.split("."), value)
    return read_canonical(json.dumps(tree), source)


def changed_settings(
    base: ReplaySettings, changes: Mapping[str, Any], source: str
) -> ReplaySettings:
    """Return `base` with some fields changed, each checked.

    Raises
    ------
    ConfigError
        If a field is unknown, or its value is of another type or out of its range.
    """
    known = [item.name for item in fields(ReplaySettings)]
    if unknown := [name for name in changes if name not in known]:
        text = f"unknown key, known are {', '.join(known)}"
        raise ConfigError(tuple(f"{source}: settings.{name}: {text}" for name in unknown))
    try:
        typed: dict[str, Any] = {name: _typed(name, value) for name, value in changes.items()}
        return replace(base, **typed)
    except ValueError as error:
        raise ConfigError((f"{source}: settings: {error}",)) from error


def _tree(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError((f"{path}: cannot be read: {error.strerror}",)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError((f"{path.name}: invalid TOML: {error}",)) from error


def _paths(table: dict[str, Any], path: Path) -> PathRules:
    from pydantic import TypeAdapter, ValidationError  # noqa: PLC0415 - 0.1 s, not for --help

    try:
        return TypeAdapter(PathRules).validate_json(json.dumps(table, default=str))
    except ValidationError as error:
        raise ConfigError(
            tuple(
                fault_line(path, f"paths.{detail['loc'][0]}", detail["input"], detail["msg"])
                for detail in error.errors(include_url=False)
            )
        ) from error


def _axes(table: dict[str, Any], path: Path, prefix: str = "") -> list[tuple[str, list[Any]]]:
    """Flatten nested tables to dotted keys, each with the values to try."""
    axes: list[tuple[str, list[Any]]] = []
    for key, value in table.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            axes += _axes(value, path, f"{name}.")
        elif value == []:
            raise ConfigError((f"{path.name}: {name} = []: must name at least one value",))
        else:
            axes.append((name, value if isinstance(value, list) else [value]))
    return axes


def _check_count(count: int, path: Path) -> None:
    if count == 0:
        remedy = "set paths.recorded = true or paths.bootstrap to 1 or more"
        raise ConfigError((f"{path.name}: an empty grid: no history to run on: {remedy}",))
    if count > MOST_CELLS:
        raise ConfigError((f"{path.name}: {count} replays, must be at most {MOST_CELLS}",))


def _cells(
    path: Path,
    base: Rules,
    axes: tuple[list[tuple[str, list[Any]]], list[tuple[str, list[Any]]]],
    paths: PathRules,
) -> Iterator[Cell]:
    of_rules, of_settings = (_combinations(each) for each in axes)
    faults: dict[str, None] = {}
    rules = _built(of_rules, lambda each: changed_rules(base, each, path.name), faults)
    unchanged = ReplaySettings()
    settings = _built(
        of_settings, lambda each: changed_settings(unchanged, each, path.name), faults
    )
    if faults:
        raise ConfigError(tuple(faults))
    for (ours, decided_by), (theirs, assumed), seed in itertools.product(
        rules, settings, paths.seeds()
    ):
        yield Cell(
            rules=decided_by,
            settings=assumed,
            seed=seed,
            mean_block=paths.mean_block,
            changes=(*ours, *theirs),
        )


def _built(
    combinations: list[Changes], build: Callable[[dict[str, Any]], _T], faults: dict[str, None]
) -> list[tuple[Changes, _T]]:
    """Build each combination; what is wrong with any is kept once in `faults`, in order."""
    built = []
    for changes in combinations:
        try:
            built.append((changes, build(dict(changes))))
        except ConfigError as error:
            faults.update(dict.fromkeys(error.faults))
    return built


def _combinations(axes: list[tuple[str, list[Any]]]) -> list[Changes]:
    names = [name for name, _ in axes]
    products = itertools.product(*(values for _, values in axes))
    return [tuple(zip(names, values, strict=True)) for values in products]


def _plant(tree: dict[str, Any], path: list[str], value: object) -> None:
    *tables, key = path
    for table in tables:
        if not isinstance(tree.get(table), dict):
            tree[table] = {}  # what is no table in the rules is a fault of its own
        tree = tree[table]
    tree[key] = value


def _typed(name: str, value: object) -> object:
    """Return the value of a setting in the type that it has."""
    from pydantic import ConfigDict, TypeAdapter, ValidationError  # noqa: PLC0415 - slow to load

    kind = get_type_hints(ReplaySettings)[name]
    try:
        return TypeAdapter(kind, config=ConfigDict(strict=True)).validate_python(value)
    except ValidationError as error:
        text = error.errors(include_url=False)[0]["msg"]
        raise ValueError(f"{name} = {value}: {text}") from error
