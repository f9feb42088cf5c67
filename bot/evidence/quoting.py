"""Quotes of the options of one session, off the surfaces, all contracts of a question at once.

SPX options are priced off the surface whose recomputed VIX is the VIX of the session
(`bot.surfaces.chain.calibrated`), VIX options by Black-76 on the VX future of their expiry. Each is
quoted round its price by the spread model, on the ticks of its class (`bot.surfaces.quotes`), as
the simulated venue quotes them.
"""

from __future__ import annotations

import datetime as dt
import math
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from bot.core.chain import VIX_CLASSES
from bot.core.errors import MarketDataError
from bot.core.model import OptionContract, Quote, Right
from bot.core.pricing import price
from bot.core.sessions import settlement_time, years_between
from bot.surfaces.cboe_vix import vix_terms
from bot.surfaces.chain import DEEP_DEVIATIONS, SHORTEST_YEARS, Listing, calibrated
from bot.surfaces.listings import years_to_open
from bot.surfaces.quotes import SPREADS, deep_half_spread, quoted
from bot.surfaces.spx_surface import Slice, SpxSurface
from bot.surfaces.vix_surface import damped_vvix, vix_vols
from bot.surfaces.vx_curve import vx_level

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from bot.core.sessions import TradingCalendar
    from bot.evidence.listing import Listed
    from bot.evidence.market import MarketDay
    from bot.evidence.settings import ReplaySettings

DIVIDEND_YIELD: Final = 0.018
"""Of SPX, continuously compounded, decimal per year: about its mean of 1990-2026."""

UNCHECKED_MISS: Final = 0.01
"""Miss of the VIX, as a share, that one step mends to a hundredth of a point."""

THIRTY_DAYS: Final = 30
LEAST_VOL: Final = 0.01
"""Floor of a shifted volatility, decimal."""

Key = tuple[str, dt.date]
"""Trading class and expiry."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Term:
    """What all options of one expiry share."""

    forward: float
    years: float
    discount: float
    smile: Slice | None


class DayQuotes:
    """The option market at the decision of one session.

    Parameters
    ----------
    day
        The session.
    listed
        What is listed on it.
    calendar
        For the instants of settlement.
    settings
        Shifts of volatility, stress of spreads.
    """

    def __init__(
        self,
        day: MarketDay,
        listed: Listed,
        *,
        calendar: TradingCalendar,
        settings: ReplaySettings,
    ) -> None:
        self._day = day
        self._listed = listed
        self._calendar = calendar
        self._settings = settings
        self._terms: dict[Key, _Term] = {}
        self._now = day.snapshot.taken_at

    @cached_property
    def surface(self) -> SpxSurface:
        """The SPX surface, scaled so that its quotes give the VIX of the session."""
        snapshot, levels = self._day.snapshot, self._day.levels
        spot = snapshot.level("SPX")
        surface = SpxSurface(
            spot=math.nan if spot is None else spot,
            levels=levels,
            rate=snapshot.rate,
            dividend_yield=DIVIDEND_YIELD,
        )
        near, after = vix_expiries(self._listed.spx_expiries, snapshot.session)
        terms = self._vix_term(near), self._vix_term(after)
        return calibrated(surface, terms, self._now, unchecked=UNCHECKED_MISS)

    def _vix_term(self, expiry: dt.date) -> Listing:
        trading_class = self._listed.vix_term_class(expiry)
        return Listing(
            trading_class=trading_class,
            settles=settlement_time(trading_class, self._calendar.day(expiry)),
            strikes=self._listed.strike_array,
        )

    def of(self, contracts: Iterable[OptionContract]) -> dict[OptionContract, Quote]:
        """Return the quotes of `contracts` that have not settled."""
        asked: dict[Key, list[OptionContract]] = defaultdict(list)
        for contract in dict.fromkeys(contracts):
            asked[contract.trading_class, contract.expiry].append(contract)
        found: dict[OptionContract, Quote] = {}
        for vix in (False, True):
            keys = [key for key in asked if (key[0] in VIX_CLASSES) is vix]
            if keys:
                found |= self._quoted(keys, asked, vix=vix)
        return found

    def forward(self, trading_class: str, expiry: dt.date) -> float:
        """Return the forward of an expiry as the model has it, points."""
        return self._term(trading_class, expiry).forward

    def call_deltas(
        self, trading_class: str, expiry: dt.date, strikes: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the undiscounted deltas of calls to the forward, N(d1); a put's is one less."""
        term = self._term(trading_class, expiry)
        deviation = self._vols(term, strikes) * math.sqrt(term.years)
        delta: NDArray[np.float64] = ndtr(
            np.log(term.forward / strikes) / deviation + deviation / 2
        )
        return delta

    def delta(self, contract: OptionContract) -> float:
        """Return the discounted delta to the forward as the model has it."""
        key = (contract.trading_class, contract.expiry)
        call = float(self.call_deltas(*key, np.array([contract.strike]))[0])
        discount = self._term(*key).discount
        return discount * (call if contract.right is Right.CALL else call - 1)

    def _quoted(
        self, keys: Sequence[Key], asked: dict[Key, list[OptionContract]], *, vix: bool
    ) -> dict[OptionContract, Quote]:
        """Quote the series of one underlying in one go."""
        contracts = [contract for key in keys for contract in asked[key]]
        counts = [len(asked[key]) for key in keys]
        terms = [self._term(*key) for key in keys]
        strike = np.array([contract.strike for contract in contracts])
        is_call = np.array([contract.right is Right.CALL for contract in contracts])
        ends = np.cumsum(counts)
        vol = np.concatenate(
            [
                self._vols(term, strike[end - count : end])
                for term, count, end in zip(terms, counts, ends, strict=True)
            ]
        )
        forward, years, discount = (
            np.repeat([getattr(term, name) for term in terms], counts)
            for name in ("forward", "years", "discount")
        )
        bids, asks = self._sides(
            _Options(
                strike=strike,
                is_call=is_call,
                forward=forward,
                years=years,
                discount=discount,
                vol=vol,
            ),
            vix=vix,
        )
        return {
            contract: Quote(bid=bid or None, ask=ask)
            for contract, bid, ask in zip(contracts, bids.tolist(), asks.tolist(), strict=True)
        }

    def _sides(
        self, options: _Options, *, vix: bool
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return bids and asks; in the money by parity, with the spread of the other right."""
        level = self._day.levels.vix
        name = "VIX" if vix else "SPXW"
        outside = options.outside()
        inside = np.where(options.is_call, 1, -1) * (options.forward - options.strike)
        values = outside + options.discount * np.maximum(inside, 0.0)
        half = SPREADS[name].half_spread(outside, level)
        if not vix:
            deviation = level / 100 * np.sqrt(options.years) * options.forward
            half = half + deep_half_spread(inside - DEEP_DEVIATIONS * deviation)
        return quoted(values, half * self._settings.spread_stress, trading_class=name)

    def _vols(self, term: _Term, strikes: NDArray[np.float64]) -> NDArray[np.float64]:
        if term.smile is None:
            damping = self._settings.vvix_damping
            vvix = damped_vvix(self._day.levels.vvix, term.years, power=damping)
            vols = vix_vols(strikes, forward=term.forward, years=term.years, vvix=vvix)
            shift = self._settings.iv_shift
        else:
            variance = term.smile.total_variance(np.log(strikes / term.forward))
            vols = np.sqrt(variance / term.years)
            shift = self._settings.spx_iv_shift
        return np.maximum(vols + shift, LEAST_VOL) if shift else vols

    def _term(self, trading_class: str, expiry: dt.date) -> _Term:
        key = (trading_class, expiry)
        if key not in self._terms:
            settles = settlement_time(trading_class, self._calendar.day(expiry))
            years = max(years_between(self._now, settles), SHORTEST_YEARS)
            self._terms[key] = (
                self._vix_option_term(expiry, years)
                if trading_class in VIX_CLASSES
                else self._spx_option_term(years)
            )
        return self._terms[key]

    def _spx_option_term(self, years: float) -> _Term:
        surface = self.surface
        return _Term(
            forward=surface.forward(years),
            years=years,
            discount=surface.discount(years),
            smile=surface.slice(years),
        )

    def _vix_option_term(self, expiry: dt.date, years: float) -> _Term:
        forward = self._day.vx.get(expiry)
        if forward is None:
            to_open = years_to_open(self._calendar, expiry, self._now)
            forward = vx_level(self._day.levels, to_open)
        discount = math.exp(-self._day.snapshot.rate * years)
        return _Term(forward=forward, years=years, discount=discount, smile=None)


def vix_expiries(expiries: Collection[dt.date], session: dt.date) -> tuple[dt.date, dt.date]:
    """Return the expiries that the VIX is made of.

    The closure of September 2001 leaves weeks without one in reach of the formula: the two that
    lie nearest to 30 days, on either side, are taken then.
    """
    try:
        return vix_terms(expiries, session)
    except MarketDataError:
        days = sorted((expiry - session).days for expiry in expiries)
        after = bisect_right(days, THIRTY_DAYS)
        near, later = days[after - 1], days[after]
        return session + dt.timedelta(days=near), session + dt.timedelta(days=later)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Options:
    """Options of one underlying, shape (n,) each."""

    strike: NDArray[np.float64]
    is_call: NDArray[np.bool_]
    forward: NDArray[np.float64]
    years: NDArray[np.float64]
    discount: NDArray[np.float64]
    vol: NDArray[np.float64]

    def outside(self) -> NDArray[np.float64]:
        """Return the price of the right that is out of the money at each strike, points."""
        calls = self.strike >= self.forward
        return price(self.forward, self.strike, self.years, self.discount, self.vol, calls)
