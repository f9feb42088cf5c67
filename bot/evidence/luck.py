"""Luck of the start: what would have been measured from another first session on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from bot.evidence.figures import before, drawdown_reduction, hedge_pnl

if TYPE_CHECKING:
    from bot.evidence.books import BookDays

DAYS_OF_FIRST_YEARS: Final = 252 * 3
"""A start counts as one where three years or more follow it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartLuck:
    """What would have been measured from another first session on, each to the same end."""

    first: str
    drag: float
    reduction: float


def start_luck(hedged: BookDays, shadow: BookDays) -> tuple[StartLuck, ...]:
    """Return drag and reduction from the first session of each year to the end."""
    years = hedged.sessions.astype("datetime64[Y]")
    firsts = np.flatnonzero(np.concatenate([[True], years[1:] != years[:-1]])).tolist()
    share = hedge_pnl(hedged, shadow) / before(hedged)
    return tuple(
        StartLuck(
            first=str(hedged.sessions[at]),
            drag=-float(share[at:].mean()) * 252,
            reduction=drawdown_reduction(_from(hedged, at), _from(shadow, at)),
        )
        for at in firsts
        if len(share) - at >= DAYS_OF_FIRST_YEARS
    )


def _from(book: BookDays, at: int) -> BookDays:
    return replace(
        book,
        sessions=book.sessions[at:],
        nav_usd=book.nav_usd[at:],
        condor_usd=book.condor_usd[at:],
        hedge_usd=book.hedge_usd[at:],
        carry_usd=book.carry_usd[at:],
        fees_usd=book.fees_usd[at:],
    )
