"""Which contracts to quote: asked for before anything is decided, bounded in number.

Quotes cost time behind the venue's limits, so only the strikes are read where the target
deltas can lie. The first pass is coarse and wide; once it is priced, the second reads every
listed strike round the shorts and the wings that the first pass points to.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bot.core.book import Layer
from bot.core.model import OptionContract, Right, Session
from bot.core.sessions import is_monthly_vix_expiry

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from bot.core.chain import PricedChain
    from bot.core.rules import CondorRules, HedgeRules, LayerRules
    from bot.core.sessions import TradingCalendar

COARSE_STRIKES = 28
"""Strikes of one side of the first pass."""

MONEY_STRIKES = 4
"""Strikes on each side of the money, both rights, for the parity forward."""

SHORT_REACH = 3.6
"""How many standard deviations below the money a 0.05-delta put can lie on a steep smile."""

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
        return OptionContract(
            underlying=self.underlying,
            trading_class=self.trading_class,
            expiry=self.expiry,
            last_trade=self.last_trade,
            strike=strike,
            right=right,
        )


def condor_series(
    listed: Iterable[ListedSeries], session: Session, rules: CondorRules
) -> ListedSeries | None:
    """Return the series in the window whose DTE is nearest to the target, the nearer on a tie."""
    window = [
        series
        for series in listed
        if series.trading_class in rules.trading_classes
        and rules.dte_minimum <= (series.expiry - session).days <= rules.dte_maximum
    ]
    return min(
        window,
        key=lambda series: (abs((series.expiry - session).days - rules.dte_target), series.expiry),
        default=None,
    )


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
    return {layer: _nearest(monthly, session, wanted) for layer, wanted in layers.items()}


def _nearest(monthly: Sequence[ListedSeries], session: Session, layer: LayerRules) -> ListedSeries:
    def distance(series: ListedSeries) -> tuple[bool, int, dt.date]:
        dte = (series.expiry - session).days
        outside = not layer.dte_minimum <= dte <= layer.dte_maximum
        return outside, abs(dte - layer.dte_target), series.expiry

    return min(monthly, key=distance)


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
    wing = 1.5 * rules.wing_pct_of_forward
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
    """Return the second pass: listed strikes round each tier's shorts, and round their wings."""
    wing = rules.wing_pct_of_forward * chain.forward
    tiers = [getattr(rules, tier) for tier in rules.tiers]
    puts: list[float] = []
    calls: list[float] = []
    for delta in {delta for tier in tiers for delta in (tier.put, tier.put / 2)}:
        puts += _around(chain, series, Right.PUT, max(delta, rules.delta_floor), -wing)
    for delta in {delta for tier in tiers for delta in (tier.call, tier.call / 2)}:
        calls += _around(chain, series, Right.CALL, max(delta, rules.delta_floor), wing)
    return _contracts(series, puts=puts, calls=calls)


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
