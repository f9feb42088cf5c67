"""Books made by hand for the tests of the evidence."""

from __future__ import annotations

import numpy as np

from bot.evidence.books import BookDays


def weekdays(count: int, first: str = "2019-01-02") -> np.ndarray:
    return np.busday_offset(first, np.arange(count), roll="forward").astype("datetime64[D]")


def book(  # noqa: PLR0913 - one parameter for each source
    condor: list[float] | np.ndarray,
    hedge: list[float] | np.ndarray | None = None,
    *,
    carry: list[float] | np.ndarray | None = None,
    fees: list[float] | np.ndarray | None = None,
    capital: float = 1_000_000.0,
    name: str = "hedged",
    sessions: np.ndarray | None = None,
) -> BookDays:
    """A book of the given daily P&L by source."""
    nothing = np.zeros(len(condor))
    parts = [nothing if each is None else np.asarray(each, float) for each in (hedge, carry, fees)]
    condor = np.asarray(condor, float)
    return BookDays(
        name=name,
        sessions=weekdays(len(condor)) if sessions is None else sessions,
        nav_usd=capital + np.cumsum(condor + sum(parts)),
        condor_usd=condor,
        hedge_usd=parts[0],
        carry_usd=parts[1],
        fees_usd=parts[2],
    )
