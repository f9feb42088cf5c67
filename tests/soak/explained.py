"""Which alerts and incidents a fault may cause; any other has no explanation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from year import Day

ROUTINE: Final = frozenset({"ADOPTED_SHORT", "MINIMUM_HEDGE"})
"""What a person is told whatever goes wrong: in each session while an adopted short is held."""

LOST: Final = frozenset({7, 9, 10, 12, 14, 35, 42, 43, 44, 64})
"""The connection ends or falls silent with an order on its way."""

UNPROVEN: Final = LOST | {8, 13, 26, 28, 33, 34, 36, 37, 38, 41}
"""What became of an order is not known at once, or looks otherwise than it is."""

NO_QUOTES: Final = frozenset({4, 5, 11, 12, 16, 17, 18, 19, 20, 21, 22, 24, 25})

CAUSES: Final[dict[str, frozenset[int]]] = {
    "CLOCK_SKEW": frozenset({53}),
    "COMPETING_SESSION": frozenset({21}),
    "DECISION_REPLACED": LOST | {2, 3},
    "NO_MONEY_MARKET": NO_QUOTES,
    "ORDER_NOT_CANCELLED": UNPROVEN,
    "ORDER_TWINS": UNPROVEN,
    "POSITIONS_ADOPTED": frozenset({36, 44, 48}),
    "POSITION_BREAK": UNPROVEN | {32, 45, 48},
    "READ_ONLY": frozenset({40}),
    "SESSION_DISPUTED": frozenset({24, 25, 50}),
    "STRUCTURE_INCOMPLETE": UNPROVEN | {32, 45},
}
"""Rows of the catalogue by the code that they may cause."""


def unexplained(day: Day) -> Iterator[str]:
    """Yield the notes of a session that nothing which went wrong in it explains."""
    for note in day.notes:
        if note not in ROUTINE and not CAUSES.get(note, frozenset()) & {*day.rows}:
            yield note
