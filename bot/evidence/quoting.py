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
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from bot.core.chain import VIX_CLASSES
from bot.core.errors import MarketDataError
from bot.core.model import OptionContract, Quote, Right
from bot.core.pricing import price
from bot.core.sessions import settlement_time, years_between
from bot.evidence.day_surfaces import DaySurface
from bot.surfaces.cboe_vix import vix_terms
from bot.surfaces.chain import DEEP_DEVIATIONS, SHORTEST_YEARS, Listing, calibrated
from bot.surfaces.listings import years_to_open
from bot.surfaces.quotes import SPREADS, deep_half_spread, quoted
from bot.surfaces.spx_surface import Slice, Smiles, SpxSurface
from bot.surfaces.vix_surface import damped_vvix, vix_vols
from bot.surfaces.vx_curve import vx_level

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from bot.core.sessions import TradingCalendar
    from bot.evidence.day_surfaces import Surfaces
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


class _Term(NamedTuple):
    """What all options of one expiry share: VIX options have a VVIX, those of SPX a smile."""

    forward: float
    years: float
    discount: float
    vvix: float = math.nan
    theta: float = math.nan
    rho: float = math.nan
    rho_squared: float = math.nan
    eta: float = math.nan
    wing: float = math.nan


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
    surfaces
        What other replays of the history have found.
    """

    def __init__(
        self,
        day: MarketDay,
        listed: Listed,
        *,
        calendar: TradingCalendar,
        settings: ReplaySettings,
        surfaces: Surfaces | None = None,
    ) -> None:
        self._day = day
        self._listed = listed
        self._calendar = calendar
        self._settings = settings
        self._surfaces = surfaces
        self._terms: dict[Key, _Term] = {}
        self._now = day.snapshot.taken_at

    @property
    def surface(self) -> SpxSurface:
        """The SPX surface, scaled so that its quotes give the VIX of the session."""
        return self._day_surface.surface

    @cached_property
    def _day_surface(self) -> DaySurface:
        if self._surfaces is None:
            return DaySurface(self._calibrated())
        return self._surfaces.of(self._day, self._calibrated)

    def _calibrated(self) -> SpxSurface:
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

    def prepare(self, keys: Iterable[Key]) -> None:
        """Read expiries that will be asked for: together they cost hardly more than one."""
        missing = [key for key in dict.fromkeys(keys) if key not in self._terms]
        vix, spx = _by_underlying(missing)
        self._terms |= {key: self._vix_option_term(key) for key in vix}
        if spx:
            years = [self._years(key) for key in spx]
            for key, term, smile in zip(spx, years, self._day_surface.slices(years), strict=True):
                self._terms[key] = self._spx_option_term(term, smile)

    def of(self, contracts: Iterable[OptionContract]) -> dict[OptionContract, Quote]:
        """Return the quotes of `contracts` that have not settled."""
        found: dict[OptionContract, Quote] = {}
        for chosen, options in self._priced(contracts):
            bids, asks = self._sides(options, vix=chosen[0].trading_class in VIX_CLASSES)
            found |= {
                contract: Quote(bid=bid or None, ask=ask)
                for contract, bid, ask in zip(chosen, bids.tolist(), asks.tolist(), strict=True)
            }
        return found

    def forward(self, key: Key) -> float:
        """Return the forward of an expiry as the model has it, points."""
        self.prepare((key,))
        return self._terms[key].forward

    def call_deltas(self, keys: Sequence[Key], strikes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the undiscounted deltas of calls to the forward, N(d1); a put's is one less.

        Parameters
        ----------
        keys
            Expiries of one underlying, k of them.
        strikes
            Points; shape (n,).

        Returns
        -------
        ndarray, shape (k, n)
        """
        counts = [strikes.size] * len(keys)
        strike = np.tile(strikes, len(keys))
        options = self._options(keys, counts, strike, is_call=np.True_)
        return options.call_deltas().reshape(len(keys), -1)

    def deltas(self, contracts: Iterable[OptionContract]) -> dict[OptionContract, float]:
        """Return the discounted deltas to the forward as the model has them."""
        found: dict[OptionContract, float] = {}
        for chosen, options in self._priced(contracts):
            calls = options.call_deltas()
            deltas = options.discount * np.where(options.is_call, calls, calls - 1)
            found |= zip(chosen, deltas.tolist(), strict=True)
        return found

    def _priced(
        self, contracts: Iterable[OptionContract]
    ) -> Iterator[tuple[list[OptionContract], _Options]]:
        """Yield the contracts of SPX and those of the VIX, by expiry, with what prices them."""
        asked: dict[Key, list[OptionContract]] = defaultdict(list)
        for contract in contracts:
            asked[contract.trading_class, contract.expiry].append(contract)
        self.prepare(asked)
        vix, spx = _by_underlying(asked)
        for keys in filter(None, (spx, vix)):
            chosen = [contract for key in keys for contract in asked[key]]
            yield (
                chosen,
                self._options(
                    keys,
                    [len(asked[key]) for key in keys],
                    np.array([contract.strike for contract in chosen]),
                    is_call=np.array([contract.right is Right.CALL for contract in chosen]),
                ),
            )

    def _options(
        self,
        keys: Sequence[Key],
        counts: Sequence[int],
        strike: NDArray[np.float64],
        *,
        is_call: NDArray[np.bool_] | np.bool_,
    ) -> _Options:
        """Return options of one underlying, so many of each expiry."""
        self.prepare(keys)
        rows = np.repeat(np.arange(len(keys)), counts)
        terms = np.array([self._terms[key] for key in keys])
        forward, years, discount, vvix, *smile = terms.T[:, rows]
        if keys[0][0] in VIX_CLASSES:
            vol = vix_vols(strike, forward=forward, years=years, vvix=vvix)
            shift = self._settings.iv_shift
        else:
            variance = Smiles(*smile).total_variance(np.log(strike / forward))
            vol, shift = np.sqrt(variance / years), self._settings.spx_iv_shift
        return _Options(
            strike=strike,
            is_call=is_call,
            forward=forward,
            years=years,
            discount=discount,
            vol=np.maximum(vol + shift, LEAST_VOL) if shift else vol,
        )

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

    def _years(self, key: Key) -> float:
        trading_class, expiry = key
        settles = settlement_time(trading_class, self._calendar.day(expiry))
        return max(years_between(self._now, settles), SHORTEST_YEARS)

    def _spx_option_term(self, years: float, smile: Slice) -> _Term:
        surface = self.surface
        forward, discount = surface.forward(years), surface.discount(years)
        return _Term(forward, years, discount, math.nan, *smile.numbers())

    def _vix_option_term(self, key: Key) -> _Term:
        years, expiry = self._years(key), key[1]
        forward = self._day.vx.get(expiry)
        if forward is None:
            to_open = years_to_open(self._calendar, expiry, self._now)
            forward = vx_level(self._day.levels, to_open)
        vvix, damping = self._day.levels.vvix, self._settings.vvix_damping
        return _Term(
            forward=forward,
            years=years,
            discount=math.exp(-self._day.snapshot.rate * years),
            vvix=damped_vvix(vvix, years, power=damping),
        )


def _by_underlying(keys: Iterable[Key]) -> tuple[list[Key], list[Key]]:
    """Return the keys of VIX options, and those of SPX options."""
    vix: list[Key] = []
    spx: list[Key] = []
    for key in keys:
        (vix if key[0] in VIX_CLASSES else spx).append(key)
    return vix, spx


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
    is_call: NDArray[np.bool_] | np.bool_
    forward: NDArray[np.float64]
    years: NDArray[np.float64]
    discount: NDArray[np.float64]
    vol: NDArray[np.float64]

    def outside(self) -> NDArray[np.float64]:
        """Return the price of the right that is out of the money at each strike, points."""
        calls = self.strike >= self.forward
        return price(self.forward, self.strike, self.years, self.discount, self.vol, calls)

    def call_deltas(self) -> NDArray[np.float64]:
        """Return N(d1), whatever the right."""
        deviation = self.vol * np.sqrt(self.years)
        delta: NDArray[np.float64] = ndtr(
            np.log(self.forward / self.strike) / deviation + deviation / 2
        )
        return delta
