"""Kinds of numbers that rules are made of, with their bounds."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from annotated_types import Ge, Gt, Le, Lt

Share: TypeAlias = Annotated[float, Ge(0), Le(1)]
Delta: TypeAlias = Annotated[float, Gt(0), Lt(1)]
Days: TypeAlias = Annotated[int, Ge(0), Le(1000)]
Count: TypeAlias = Annotated[int, Ge(1), Le(1000)]
Multiple: TypeAlias = Annotated[float, Gt(1), Le(100)]
Rsi: TypeAlias = Annotated[float, Ge(0), Le(100)]

STRICT: Final = {"extra": "forbid", "strict": True, "allow_inf_nan": False}
"""Unknown keys, wrong types and numbers that are none are faults, never guesses."""
