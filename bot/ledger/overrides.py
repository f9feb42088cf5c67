"""How often a person overrode the rules by hand, and what protection was given up.

Counted are adoptions of the broker's positions, changes of the kill switch as sessions have met
them, and sessions in which a layer was given up in a decline without fear.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.core.model import Session
    from bot.ledger.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """Acts of a person up to a session, and protection that was given up.

    Parameters
    ----------
    adoptions
        Times that the broker's positions were accepted as they were.
    switch_changes
        Sessions that found the kill switch in another state than the one before; the first is
        held against ``active``.
    abandoned
        Sessions that left a layer short of its goal while SPX fell and VIX was low.
    """

    adoptions: int
    switch_changes: int
    abandoned: int

    @property
    def by_hand(self) -> int:
        """Times that the rules were overridden by hand."""
        return self.adoptions + self.switch_changes


def overrides(ledger: Connection, until: Session) -> Overrides:
    """Count the overrides up to and including a session."""
    last = until.isoformat()
    changes = ledger.value(
        "SELECT changes FROM switch_readings WHERE session <= ? ORDER BY session DESC LIMIT 1",
        (last,),
    )
    adoptions = ledger.value("SELECT count(DISTINCT at) FROM adoptions WHERE session <= ?", (last,))
    abandoned = ledger.value(
        "SELECT count(DISTINCT session) FROM incidents "
        "WHERE kind = 'PROTECTION_ABANDONED' AND session <= ?",
        (last,),
    )
    return Overrides(
        adoptions=int(adoptions),
        switch_changes=changes or 0,
        abandoned=int(abandoned),
    )
