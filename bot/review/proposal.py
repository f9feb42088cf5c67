"""Whether ``config/rules.toml`` proposes other rules, told without what validates them.

The file is held against the rules in force key by key. A key that one of the two lacks has its
default, as shipped. What a value may be is not asked: ``steward rules diff`` says it, and the
rules in force go on in any case.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

SHIPPED: Final = Path(__file__).parents[1] / "defaults" / "rules.toml"
"""Every key at its default."""


def proposed_keys(path: Path, in_force: str | None) -> tuple[str, ...] | None:
    """Return the keys of the rules file that differ from the rules in force.

    Parameters
    ----------
    path
        The rules file.
    in_force
        Canonical text of the rules in force; ``None`` where the first start is to adopt the file.

    Returns
    -------
    tuple[str, ...] or None
        Sorted; ``None`` where the file cannot be read.
    """
    if in_force is None:
        return ()
    try:
        file = dict(_leaves("", tomllib.loads(path.read_text(encoding="utf-8"))))
    except (OSError, ValueError):
        return None
    adopted = dict(_leaves("", json.loads(in_force)))
    shipped = _shipped() if file.keys() != adopted.keys() else {}
    return tuple(
        key
        for key in sorted(file.keys() | adopted.keys())
        if file.get(key, shipped.get(key)) != adopted.get(key, shipped.get(key))
    )


def _shipped() -> dict[str, Any]:
    return dict(_leaves("", tomllib.loads(SHIPPED.read_text(encoding="utf-8"))))


def _leaves(prefix: str, tree: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _leaves(f"{prefix}{key}.", value)
        else:
            yield f"{prefix}{key}", value
