"""The VXTH rule: one-month 30-delta VIX calls, bought on each monthly settlement.

On the morning on which a month of VIX options settles, the next month's call of 0.30 delta is
bought for a share of the book that depends on the VX future of its expiry: nothing up to 15, 1 %
up to 30, 0.5 % up to 50, nothing above. It is held until it settles.

Three simplifications of the index of Cboe (VXTH methodology): calls are bought at the close of the
settlement day, not in its first hour; they settle to the open of the VIX, which stands for the
special opening quotation; the future, not put-call parity, is the forward.

`vxth_index` makes an index of it, to be held beside the published one; `overlay` adds it to a book.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from bot.core.model import MULTIPLIER
from bot.core.pricing import price
from bot.evidence.books import BookDays
from bot.evidence.history import known
from bot.surfaces.commissions import option_commission
from bot.surfaces.levels import VolLevels, vol_levels
from bot.surfaces.listings import vix_months, vix_strikes, years_to_open
from bot.surfaces.quotes import SPREADS
from bot.surfaces.vix_surface import vix_vols
from bot.surfaces.vx_curve import vx_level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.evidence.history import History

Values = NDArray[np.float64]

TARGET_DELTA: Final = 0.30
WEIGHTS: Final = ((15.0, 0.0), (30.0, 0.01), (50.0, 0.005), (math.inf, 0.0))
"""Up to which level of the future, what share of the book."""

LEAST_VOL: Final = 0.01
"""Floor of a shifted volatility, decimal."""

_STRIKES: Final = np.array(vix_strikes())


def vxth_weight(future: float) -> float:
    """Return the share of the book that is spent on calls, decimal; none on an unknown future.

    Parameters
    ----------
    future
        VX future of the calls' expiry, points.
    """
    return next((share for most, share in WEIGHTS if future <= most), 0.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RolledCalls:
    """The call that the rule would hold on each session; shape (n,) each.

    Parameters
    ----------
    sessions
        ``datetime64[D]``.
    rolls
        Whether the old call settles and a new one is bought on this session.
    settled
        What the old call paid on a session of a roll, points; 0.0 on any other.
    mid, half_spread
        Of the call held after the close, points.
    future
        VX future of its expiry, points.
    strike
        Points.
    vix
        Close, points: spreads depend on it.
    """

    sessions: NDArray[np.datetime64]
    rolls: NDArray[np.bool_]
    settled: Values
    mid: Values
    half_spread: Values
    future: Values
    strike: Values
    vix: Values


def vxth_index(calls: RolledCalls, stock_return: Values) -> Values:
    """Return the level of an index that holds SPX and the calls, from 100 on; shape (n,).

    ``dI = r (I - q c) + q dc`` with r the total return of SPX, q calls a unit of the index, c their
    mid; q is bought anew on each roll for a share `vxth_weight` of the index.

    Parameters
    ----------
    calls
        What is held; before the first roll nothing is.
    stock_return
        Total return of SPX from the session before, decimal; shape (n,), the first is not used.
    """
    level, held, last = np.empty(calls.mid.size), 0.0, 0.0
    level[0] = 100.0
    for at in range(level.size):
        if at:
            now = calls.settled[at] if calls.rolls[at] else calls.mid[at]
            gain = held * (now - last) if held else 0.0
            level[at] = level[at - 1] + stock_return[at] * (level[at - 1] - held * last) + gain
        if calls.rolls[at]:
            weight = vxth_weight(float(calls.future[at]))
            held = weight * level[at] / calls.mid[at] if weight else 0.0
        last = calls.mid[at] if held else 0.0
    return level


def overlay(base: BookDays, calls: RolledCalls, *, spread_share: float) -> BookDays:
    """Return a book with the calls on top, sized by its own NAV; marked at the bid.

    Parameters
    ----------
    base
        The book to protect: the unhedged shadow.
    calls
        On the same sessions.
    spread_share
        Share of the half-spread that a purchase pays.

    Returns
    -------
    BookDays
        Named ``"vxth_overlay"``: the gain of the calls is ``hedge_usd``, whole contracts only.
    """
    gain, fees = np.zeros(base.nav_usd.size), np.zeros(base.nav_usd.size)
    contracts, mark, own = 0, 0.0, 0.0
    for at in range(gain.size):
        if contracts:
            now = calls.settled[at] if calls.rolls[at] else _bid(calls, at)
            gain[at] += contracts * MULTIPLIER * (now - mark)
            mark = now
        if calls.rolls[at]:
            paid = float(calls.mid[at] + spread_share * calls.half_spread[at])
            budget = vxth_weight(float(calls.future[at])) * (base.nav_usd[at] + own + gain[at])
            contracts = max(0, int(budget / (paid * MULTIPLIER)))
            mark = _bid(calls, at)
            gain[at] += contracts * MULTIPLIER * (mark - paid)
            fees[at] = -_fee(contracts, paid)
        own += gain[at] + fees[at]
    return BookDays(
        name="vxth_overlay",
        sessions=base.sessions,
        nav_usd=base.nav_usd + np.cumsum(gain + fees),
        condor_usd=base.condor_usd,
        hedge_usd=base.hedge_usd + gain,
        carry_usd=base.carry_usd,
        fees_usd=base.fees_usd + fees,
    )


def _bid(calls: RolledCalls, at: int) -> float:
    return max(0.0, float(calls.mid[at] - calls.half_spread[at]))


def _fee(contracts: int, paid: float) -> float:
    if not contracts:
        return 0.0
    return float(option_commission("VIX", contracts, Decimal(str(round(paid, 2)))))


def modelled_calls(history: History, at: range, *, iv_shift: float = 0.0) -> RolledCalls:
    """Return the calls as the surfaces price them.

    Parameters
    ----------
    history
        Levels, VX settlements; what was not recorded is modelled.
    at
        Positions of the sessions; the first call is bought on the first of them.
    iv_shift
        Added to every volatility, decimal.
    """
    return _stacked(list(_modelled(history, at, iv_shift)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One session of `RolledCalls`."""

    session: dt.date
    rolls: bool
    settled: float
    mid: float
    half_spread: float
    future: float
    strike: float
    vix: float


def _stacked(rows: list[_Row]) -> RolledCalls:
    columns = {
        name: np.array([getattr(row, name) for row in rows])
        for name in ("rolls", "settled", "mid", "half_spread", "future", "strike", "vix")
    }
    sessions = np.array([row.session for row in rows], "datetime64[D]")
    return RolledCalls(sessions=sessions, **columns)


def _modelled(history: History, positions: range, iv_shift: float) -> Iterator[_Row]:
    expiry, strike = dt.date.min, math.nan
    for at in positions:
        session = history.session(at)
        rolls, settled = session >= expiry, 0.0
        if rolls:
            if not math.isnan(strike):
                settled = max(0.0, float(history.vix.open[at]) - strike)
            expiry = vix_months(session, history.calendar)[0]
        market = _Market.of(history, at, expiry, iv_shift)
        if rolls:
            strike = market.strike()
        mid = market.mid(strike)
        yield _Row(
            session=session,
            rolls=rolls,
            settled=settled,
            mid=mid,
            half_spread=float(SPREADS["VIX"].half_spread(np.array([mid]), market.levels.vix)[0]),
            future=market.future,
            strike=strike,
            vix=market.levels.vix,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Market:
    """What prices a VIX call at the close of a session."""

    levels: VolLevels
    future: float
    years: float
    discount: float
    iv_shift: float

    @classmethod
    def of(cls, history: History, at: int, expiry: dt.date, iv_shift: float) -> _Market:
        session = history.session(at)
        now = history.calendar.day(session).close
        levels = vol_levels(
            float(history.vix.close[at]),
            vix3m=known(history.vix3m[at]),
            vvix=known(history.vvix[at]),
        )
        years = years_to_open(history.calendar, expiry, now)
        recorded = history.vx(at).get(expiry)
        return cls(
            levels=levels,
            future=vx_level(levels, years) if recorded is None else recorded,
            years=years,
            discount=math.exp(-float(history.rate[at]) * years),
            iv_shift=iv_shift,
        )

    def strike(self) -> float:
        """Return the listed strike whose call has the delta nearest to the target."""
        deviation = self._vols(_STRIKES) * math.sqrt(self.years)
        deltas = ndtr(np.log(self.future / _STRIKES) / deviation + deviation / 2)
        return float(_STRIKES[np.argmin(np.abs(deltas - TARGET_DELTA))])

    def mid(self, strike: float) -> float:
        vol = self._vols(np.array([strike]))
        found = price(self.future, strike, self.years, self.discount, vol, is_call=True)
        return float(found[0])

    def _vols(self, strikes: Values) -> Values:
        vols = vix_vols(strikes, forward=self.future, years=self.years, vvix=self.levels.vvix)
        return np.maximum(vols + self.iv_shift, LEAST_VOL)
