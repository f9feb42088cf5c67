"""How an intent lives: states that only rise, from the committed row to the proven end."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


class IntentState(StrEnum):
    """Life of an intent, from the committed row to its proven end.

    ``SENT`` says that the order was handed to the client library, ``WORKING`` that the venue
    has acknowledged it (also with a part filled), ``UNKNOWN`` that neither life nor death is
    proven. ``DENIED`` is ours, ``REJECTED`` the venue's. ``PARTIAL`` is an end: a part is
    filled and the rest is cancelled. ``EXPIRED`` ends what was never sent in its session, or
    what the venue let lapse at the close.
    """

    COMMITTED = "committed"
    SENT = "sent"
    WORKING = "working"
    FILLED = "filled"
    PARTIAL = "partial"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    DENIED = "denied"
    UNKNOWN = "unknown"
    EXPIRED = "expired"

    @property
    def is_final(self) -> bool:
        """Whether the intent is at its end: nothing of it can be in flight."""
        return _RANK[self] >= _RANK[IntentState.CANCELLED]


_RANK: Final[Mapping[IntentState, int]] = {
    IntentState.COMMITTED: 0,
    IntentState.SENT: 1,
    IntentState.WORKING: 2,
    IntentState.UNKNOWN: 2,
    IntentState.CANCELLED: 3,
    IntentState.REJECTED: 3,
    IntentState.DENIED: 3,
    IntentState.EXPIRED: 3,
    IntentState.PARTIAL: 4,
    IntentState.FILLED: 5,
}


def advance(state: IntentState, reported: IntentState) -> IntentState:
    """Return the state after a report; a replayed or stale report changes nothing.

    States only rise. ``WORKING`` and ``UNKNOWN`` alternate. An end is never left, except that
    a fill which arrives late beats it: ``CANCELLED`` becomes ``PARTIAL`` or ``FILLED``.
    """
    rises = _RANK[reported] > _RANK[state]
    alternates = _RANK[reported] == _RANK[state] == _RANK[IntentState.UNKNOWN]
    return reported if rises or alternates else state
