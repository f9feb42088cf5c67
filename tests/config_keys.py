"""Keys of a configuration file, from the dataclasses that are its schema."""

from __future__ import annotations

import dataclasses
import typing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def keys_of(schema: type, prefix: str = "") -> Iterator[str]:
    """Yield every key as it is written: ``condor.balanced.put``."""
    hints = typing.get_type_hints(schema)
    for field in dataclasses.fields(schema):
        kind = hints[field.name]
        if dataclasses.is_dataclass(kind):
            yield from keys_of(typing.cast("type", kind), f"{prefix}{field.name}.")
        else:
            yield f"{prefix}{field.name}"
