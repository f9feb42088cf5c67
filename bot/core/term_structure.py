"""The VX curve: its slope, how the slope moved, and how much the front future has moved.

Contracts roll every month, so levels are compared at constant maturity: linear in calendar days
between the two futures around it, as in the S&P 500 VIX futures indexes (S&P Dow Jones Indices,
*VIX Futures Indices Methodology*). Before the first future lies spot VIX, to which every future
converges at its settlement: it is the point of 0 days. Nothing is extrapolated.

The slope is the 60-day level over the 30-day level, less 1. *Steepening under stress* is a fall of
it: the near end rises faster than the far one. On 2018-02-05 VX2/VX1 - 1 stood at -16 %.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

import numpy as np

from bot.core.chain import future_level
from bot.core.completed import less, ratio
from bot.core.indicators import SESSIONS_PER_YEAR
from bot.core.model import Session, VxDay

if TYPE_CHECKING:
    from bot.core.model import DailyBar, MarketSnapshot
    from bot.core.rules import SignalRules

Curve: TypeAlias = "Sequence[tuple[int, float | None]]"
"""Calendar days to settlement and level in points, nearest first; ``None`` is unknown."""

NEAR_DAYS: Final = 30
FAR_DAYS: Final = 60

MONTH_DAYS: Final = 36
"""Most days between two settlements: five weeks, and one for a holiday."""


class TermStructure(NamedTuple):
    """Fields as in ``Signals``."""

    vx2_over_vx1: float | None
    vx_30_days: float | None
    vx_60_days: float | None
    vx_slope: float | None
    vx_slope_change: float | None
    vx_steepening: bool | None
    vx_front_volatility: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PastFutures:
    """The VX futures of completed sessions.

    A future of which no close, or none that can be, is known on a session is unknown there: no
    other takes its place.

    Parameters
    ----------
    past
        Sessions before the one being decided, as far as the calendar reaches.
    days
        What was recorded, by session.
    expiries
        Every settlement date that is known of, ascending.
    """

    past: Sequence[Session]
    days: Mapping[Session, VxDay]
    expiries: Sequence[dt.date]

    @classmethod
    def of(cls, snapshot: MarketSnapshot, past: Sequence[Session]) -> PastFutures:
        """Find the futures of a snapshot: those listed now, and those that have settled."""
        listed = {future.expiry for future in snapshot.vx_curve}
        seen = {each.expiry for day in snapshot.vx_days for each in day.closes}
        days = {day.session: day for day in snapshot.vx_days}
        return cls(past=past, days=days, expiries=sorted(listed | seen))

    def ahead(self, session: Session) -> Sequence[dt.date]:
        """Return the settlement dates after `session`, nearest first."""
        return self.expiries[bisect_right(self.expiries, session) :]

    def close(self, session: Session, expiry: dt.date) -> float | None:
        """Return a close in points, ``None`` when it is unknown."""
        day = self.days.get(session)
        for each in () if day is None else day.closes:
            if each.expiry == expiry:
                return _possible(each.close)
        return None


def term_structure(
    snapshot: MarketSnapshot, past: Sequence[Session], rules: SignalRules
) -> TermStructure:
    """Return the slope of the curve now, its change, and the volatility of its front.

    Parameters
    ----------
    snapshot
        The curve of now and its past.
    past
        Sessions before the one being decided, as far as the calendar reaches.
    rules
        Over how many sessions.
    """
    curve, futures = curve_now(snapshot), PastFutures.of(snapshot, past)
    before = curve_before(futures, snapshot.vix_bars, rules.vx_slope_sessions)
    slope = constant_slope(curve)
    change = less(slope, constant_slope(before))
    return TermStructure(
        vx2_over_vx1=second_over_first(curve),
        vx_30_days=constant_maturity(curve, NEAR_DAYS),
        vx_60_days=constant_maturity(curve, FAR_DAYS),
        vx_slope=slope,
        vx_slope_change=change,
        vx_steepening=None if change is None else change < 0,
        vx_front_volatility=front_volatility(futures, rules.vx_volatility_sessions),
    )


def curve_now(snapshot: MarketSnapshot) -> Curve:
    """Return spot VIX and the futures that settle after this session; none is skipped."""
    ahead = sorted(each.expiry for each in snapshot.vx_curve if each.expiry > snapshot.session)
    futures = [
        (_days(snapshot.session, expiry), future_level(snapshot, expiry)) for expiry in ahead
    ]
    return [(0, snapshot.level("VIX")), *futures]


def curve_before(futures: PastFutures, spots: Sequence[DailyBar], sessions: int) -> Curve:
    """Return the curve at the close so many sessions before the one being decided.

    It is empty when that session is not on the calendar or its closes are not known.

    Parameters
    ----------
    futures
        Their closes.
    spots
        Bars of spot VIX, oldest first.
    sessions
        How far back, >= 1.
    """
    if len(futures.past) < sessions:
        return []
    session = futures.past[-sessions]
    if session not in futures.days:
        return []
    spot = next((bar.close for bar in reversed(spots) if bar.session == session), None)
    ahead = [
        (_days(session, expiry), futures.close(session, expiry))
        for expiry in futures.ahead(session)
    ]
    return [(0, spot), *ahead] if ahead else []


def constant_maturity(curve: Curve, days: int) -> float | None:
    """Return the level `days` ahead: ``F1 + (F2 - F1) (days - d1) / (d2 - d1)``, points.

    Parameters
    ----------
    curve
        Spot and futures around `days`.
    days
        Calendar days, > 0.

    Returns
    -------
    float or None
        ``None`` where no two points lie around `days`, or either of them is unknown.
    """
    at = bisect_left([each for each, _ in curve], days)
    if not 0 < at < len(curve):
        return None
    (before, near), (after, far) = curve[at - 1], curve[at]
    if days == after:
        return far
    return None if near is None or far is None else _between(near, far, days, (before, after))


def _between(near: float, far: float, days: int, ends: tuple[int, int]) -> float:
    before, after = ends
    return near + (far - near) * (days - before) / (after - before)


def constant_slope(curve: Curve) -> float | None:
    """Return ``VX60 / VX30 - 1`` at constant maturity."""
    quotient = ratio(constant_maturity(curve, FAR_DAYS), constant_maturity(curve, NEAR_DAYS))
    return less(quotient, 1)


def second_over_first(curve: Curve) -> float | None:
    """Return ``VX2 / VX1 - 1`` of the first two futures that settle after the session."""
    futures = [level for days, level in curve if days > 0]
    first, second = futures[:2] if len(futures) > 1 else (None, None)
    return less(ratio(second, first), 1)


def front_volatility(futures: PastFutures, sessions: int) -> float | None:
    """Return the realised volatility of the front VX future, percent a year.

    Standard deviation (n - 1) of the logarithmic returns of the last completed `sessions`, times
    ``sqrt(252)``. Each return is of one contract, the one that is in front at its end: no roll is
    a return.

    Returns
    -------
    float or None
        ``None`` when a close of any of these sessions is unknown.
    """
    past = futures.past[-sessions - 1 :]
    if len(past) <= sessions:
        return None
    moves = [_front_move(futures, *both) for both in pairwise(past)]
    known = [move for move in moves if move is not None]
    if len(known) < len(moves):
        return None
    return float(np.log(known).std(ddof=1) * np.sqrt(SESSIONS_PER_YEAR) * 100)


def _front_move(futures: PastFutures, before: Session, session: Session) -> float | None:
    """Return the quotient of two closes of the contract that is in front on `session`."""
    at = bisect_right(futures.expiries, session)
    if at == len(futures.expiries) or _days(session, futures.expiries[at]) > MONTH_DAYS:
        return None
    front = futures.expiries[at]
    return ratio(futures.close(session, front), futures.close(before, front))


def _possible(close: float) -> float | None:
    return close if 0 < close < np.inf else None


def _days(session: Session, expiry: dt.date) -> int:
    return (expiry - session).days
