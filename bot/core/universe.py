"""Which contracts to quote: asked for before anything is decided, bounded in number.

Quotes cost time behind the venue's limits, so only the strikes are read where the target
deltas can lie. The first pass is coarse and wide; once it is priced, the second reads every
listed strike round the shorts and the wings that the first pass points to.
"""

from __future__ import annotations

import datetime as dt
import math
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from bot.core.book import Layer
from bot.core.model import OptionContract, Right, Session
from bot.core.sessions import is_monthly_vix_expiry
from bot.core.windows import in_window, preference

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from bot.core.book import Condor
    from bot.core.chain import PricedChain
    from bot.core.rules import CondorRules, HedgeRules
    from bot.core.sessions import TradingCalendar
    from bot.core.windows import DteWindow

COARSE_STRIKES = 28
"""Strikes of one side of the first pass."""

PARITY_STRIKES = 3
"""Strikes nearest the money of which VIX puts are read, for the parity monitor."""

MONEY_STRIKES = 4
"""Strikes on each side of the money, both rights, for the parity forward."""

SHORT_REACH = 3.6
"""How many standard deviations below the money a 0.05-delta put can lie on a steep smile."""

DAILY_CLASS = "SPXW"
"""Trading class of the profile ``daily``: it settles at the close of its expiry."""

DAILY_STRIKES = 60
"""Strikes of one side of a daily condor."""

SHIFT_WINGS = 4
"""How many widths beyond the old short strike a time-shift looks."""

CALL_REACH = 2.6
"""The same above the money, where the smile is flat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedSeries:
    """One expiry of one trading class as the broker lists it.

    The strikes are those of the whole trading class: not every one of them exists in this
    expiry, and one that does not has no quote.
    """

    underlying: str
    trading_class: str
    expiry: dt.date
    last_trade: dt.date
    strikes: tuple[float, ...]

    def contract(self, strike: float, right: Right) -> OptionContract:
        """Return the option of this series at `strike`."""
        return _contract(
            self.underlying, self.trading_class, self.expiry, self.last_trade, strike, right
        )


@lru_cache(maxsize=8192, typed=True)
def _contract(  # noqa: PLR0913, PLR0917 - the identity of a contract
    underlying: str,
    trading_class: str,
    expiry: dt.date,
    last_trade: dt.date,
    strike: float,
    right: Right,
) -> OptionContract:
    """Return a contract; the same ones are asked for in many sessions in a row."""
    return OptionContract(
        underlying=underlying,
        trading_class=trading_class,
        expiry=expiry,
        last_trade=last_trade,
        strike=strike,
        right=right,
    )


def condor_series(
    listed: Iterable[ListedSeries],
    session: Session,
    rules: CondorRules,
    *,
    tomorrow: Session | None = None,
) -> ListedSeries | None:
    """Return the series to sell: nearest to the target DTE in the window, the nearer on a tie.

    The profile ``daily`` sells the SPXW options of `tomorrow`, the next session.
    """
    if rules.is_daily:
        wanted = (DAILY_CLASS, tomorrow)
        return next((each for each in listed if (each.trading_class, each.expiry) == wanted), None)
    window = [
        series
        for series in listed
        if series.trading_class in rules.trading_classes
        and in_window(series.expiry, session, rules)
    ]
    return _preferred(window, session, rules) if window else None


def hedge_series(
    listed: Iterable[ListedSeries],
    session: Session,
    calendar: TradingCalendar,
    rules: HedgeRules,
) -> dict[Layer, ListedSeries]:
    """Return the monthly VIX series of each layer: in its window, else nearest to its target."""
    monthly = [
        series
        for series in listed
        if series.trading_class == "VIX"
        and series.last_trade > session
        and is_monthly_vix_expiry(series.expiry, calendar)
    ]
    if not monthly:
        return {}
    layers = {Layer.NEAR: rules.near, Layer.MID: rules.mid, Layer.FAR: rules.far}
    return {layer: _preferred(monthly, session, wanted) for layer, wanted in layers.items()}


def _preferred(listed: Sequence[ListedSeries], session: Session, window: DteWindow) -> ListedSeries:
    return min(listed, key=lambda series: preference(series.expiry, session, window))


def coarse_condor_contracts(
    series: ListedSeries, *, session: Session, spot: float, vix: float, rules: CondorRules
) -> tuple[OptionContract, ...]:
    """Return the first pass over the SPX series: the money, and a coarse net of both sides.

    Parameters
    ----------
    series
        The series to be sold.
    session
        The session being decided.
    spot
        SPX level.
    vix
        VIX level, in points; it sets how far the net reaches.
    rules
        For the width of the wings.
    """
    deviation = vix / 100 * math.sqrt(max((series.expiry - session).days, 1) / 365)
    wing = 1.5 * rules.wing_share
    low = spot * (math.exp(-SHORT_REACH * deviation) - wing)
    high = spot * (math.exp(CALL_REACH * deviation) + wing)
    strikes = np.array(series.strikes)
    money = strikes[np.argsort(np.abs(strikes - spot), kind="stable")][: 2 * MONEY_STRIKES]
    puts = _thin(strikes[(strikes >= low) & (strikes < spot)])
    calls = _thin(strikes[(strikes > spot) & (strikes <= high)])
    return _contracts(series, puts=[*money, *puts], calls=[*money, *calls])


def fine_condor_contracts(
    chain: PricedChain, series: ListedSeries, rules: CondorRules
) -> tuple[OptionContract, ...]:
    """Return the second pass: listed strikes round each tier's shorts, and round their wings.

    Daily condors look for a credit: every strike from the money to their furthest wing is read.
    """
    if rules.is_daily:
        return _daily_contracts(chain, series, rules)
    wing = rules.wing_share * chain.forward
    puts: list[float] = []
    calls: list[float] = []
    for delta in target_deltas(Right.PUT, rules):
        puts += _around(chain, series, Right.PUT, delta, -wing)
    for delta in target_deltas(Right.CALL, rules):
        calls += _around(chain, series, Right.CALL, delta, wing)
    return _contracts(series, puts=puts, calls=calls)


def _daily_contracts(
    chain: PricedChain, series: ListedSeries, rules: CondorRules
) -> tuple[OptionContract, ...]:
    """Return all strikes between the money and the wing of the furthest short that may be sold."""
    wing = rules.wing_share * chain.forward + rules.strike_grid_points
    low, high = chain.forward, chain.forward
    if (put := chain.nearest_delta(Right.PUT, rules.delta_floor, tolerance=0.05)) is not None:
        low = float(chain.strike[put]) - wing
    if (call := chain.nearest_delta(Right.CALL, rules.delta_floor, tolerance=0.05)) is not None:
        high = float(chain.strike[call]) + wing
    inside = [strike for strike in series.strikes if low <= strike <= high]
    puts = [strike for strike in inside if strike < chain.forward][-DAILY_STRIKES:]
    calls = [strike for strike in inside if strike > chain.forward][:DAILY_STRIKES]
    return _contracts(series, puts=puts, calls=calls)


def shift_series(
    listed: Iterable[ListedSeries], condor: Condor, session: Session, rules: CondorRules
) -> ListedSeries | None:
    """Return the series that a threatened condor may be rolled into: nearest to the target DTE."""
    window = [
        series
        for series in listed
        if series.trading_class in rules.trading_classes
        and rules.shift_days_minimum
        <= (series.expiry - condor.expiry).days
        <= rules.shift_days_maximum
    ]
    return _preferred(window, session, rules) if window else None


def shift_contracts(
    series: ListedSeries, condor: Condor, right: Right, *, forward: float, rules: CondorRules
) -> tuple[OptionContract, ...]:
    """Return shorts of the threatened side from where `condor` has its own outwards, with wings.

    Parameters
    ----------
    series
        The later expiry.
    condor
        The threatened condor.
    right
        Its threatened side.
    forward
        Level that the width of the wings is a share of, points.
    rules
        For that share.
    """
    sign = 1 if right is Right.CALL else -1
    wing = wing_points(forward, rules)
    old = next(
        leg.contract.strike for leg in condor.legs if leg.ratio < 0 and leg.contract.right is right
    )
    out = np.array([strike for strike in series.strikes if sign * (strike - old) >= 0])
    shorts = _thin(out[np.abs(out - old) <= SHIFT_WINGS * wing])
    wanted = {float(k) for k in shorts} | {_nearest(series, k + sign * wing) for k in shorts}
    puts, calls = ([], sorted(wanted)) if right is Right.CALL else (sorted(wanted), [])
    return _contracts(series, puts=puts, calls=calls)


def wing_points(forward: float, rules: CondorRules) -> float:
    """Return the intended width of the wings in points: a share of `forward`, on the grid."""
    grid = rules.strike_grid_points
    return max(grid, round(rules.wing_share * forward / grid) * grid)


def _nearest(series: ListedSeries, strike: float) -> float:
    at = bisect_left(series.strikes, strike)
    return min(
        series.strikes[max(at - 1, 0) : at + 1], key=lambda listed: (abs(listed - strike), listed)
    )


def target_deltas(right: Right, rules: CondorRules) -> set[float]:
    """Return every absolute delta at which a short of `right` may be sold, whatever the signals."""
    tiers = [getattr(rules, tier) for tier in rules.tiers]
    deltas = (tier.put if right is Right.PUT else tier.call for tier in tiers)
    return {shaped for delta in deltas for shaped in _shapes(delta, rules)}


def _shapes(delta: float, rules: CondorRules) -> set[float]:
    """Return every delta that trend and RSI can make of a tier's `delta`."""
    by_trend = (delta, delta * rules.trend_delta_share)
    by_rsi = (0.0, rules.rsi_delta_shift)
    return {max(moved - shift, rules.delta_floor) for moved in by_trend for shift in by_rsi}


def _around(
    chain: PricedChain, series: ListedSeries, right: Right, delta: float, wing: float
) -> list[float]:
    index = chain.nearest_delta(right, delta, tolerance=0.05)
    if index is None:
        return []
    short = float(chain.strike[index])
    reach = 1.5 * _spacing(chain, short)
    return [
        strike
        for strike in series.strikes
        if abs(strike - short) <= reach or abs(strike - short - wing) <= reach
    ]


def _spacing(chain: PricedChain, strike: float) -> float:
    others = np.unique(chain.strike)
    gaps = np.diff(others)
    if gaps.size == 0:
        return 0.0
    return float(gaps[min(int(np.searchsorted(others, strike)), gaps.size - 1)])


def hedge_contracts(series: ListedSeries, level: float) -> tuple[OptionContract, ...]:
    """Return the calls of a VIX series from a little in the money to far out of it.

    `level` is the VX future of the same expiry, or VIX where that is unknown.
    """
    strikes = [strike for strike in series.strikes if 0.75 * level <= strike <= 3.0 * level]
    return _contracts(series, puts=[], calls=strikes)


def parity_contracts(series: ListedSeries, level: float) -> tuple[OptionContract, ...]:
    """Return the puts of a VIX series at the strikes nearest to `level`: their calls are read."""
    at = bisect_left(series.strikes, level)
    near = series.strikes[max(at - PARITY_STRIKES, 0) : at + PARITY_STRIKES]
    nearest = sorted(near, key=lambda strike: (abs(strike - level), strike))
    return _contracts(series, puts=sorted(nearest[:PARITY_STRIKES]), calls=[])


def parity_partners(held: Iterable[OptionContract]) -> tuple[OptionContract, ...]:
    """Return the puts of the same strike and expiry as the monthly VIX calls that are held."""
    return tuple(
        _contract(
            contract.underlying,
            contract.trading_class,
            contract.expiry,
            contract.last_trade,
            contract.strike,
            Right.PUT,
        )
        for contract in held
        if contract.trading_class == "VIX" and contract.right is Right.CALL
    )


def _thin(strikes: NDArray[np.float64]) -> NDArray[np.float64]:
    if strikes.size <= COARSE_STRIKES:
        return strikes
    chosen = np.unique(np.linspace(0, strikes.size - 1, COARSE_STRIKES).round().astype(int))
    thinned: NDArray[np.float64] = strikes[chosen]
    return thinned


def _contracts(
    series: ListedSeries, *, puts: Iterable[float], calls: Iterable[float]
) -> tuple[OptionContract, ...]:
    wanted = [series.contract(float(strike), Right.PUT) for strike in puts]
    wanted += [series.contract(float(strike), Right.CALL) for strike in calls]
    return tuple(dict.fromkeys(wanted))
