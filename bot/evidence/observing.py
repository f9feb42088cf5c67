"""One session of history as a snapshot with the options that its decision chooses from.

The bot reads the strikes that its decision would choose (``strategies.reading``), since a venue is
slow to ask. A model knows where they are: round the money, round the deltas at which each tier is
sold and one wing further, the calls at the deltas that the hedge may buy, what is held, and what
threatened condors could be rolled into. What lies beyond is never chosen, so the decision is that
of the whole chain.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from bot.core.candidates import condor_candidates
from bot.core.chain import price_chain
from bot.core.indicators import expected_daily_range_pct
from bot.core.model import OptionQuote, Right
from bot.core.risk import layer_rules
from bot.core.threat import edr_distances, is_daily, short_strikes
from bot.core.universe import (
    MONEY_STRIKES,
    condor_series,
    fine_condor_contracts,
    hedge_series,
    parity_contracts,
    parity_partners,
    shift_contracts,
    shift_series,
    target_deltas,
    wing_points,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bot.core.book import Condor
    from bot.core.model import MarketSnapshot, OptionContract, Quote
    from bot.core.rules import Rules
    from bot.core.sessions import TradingCalendar
    from bot.core.universe import ListedSeries
    from bot.evidence.listing import Listed
    from bot.evidence.quoting import DayQuotes, Key

REACH: Final = 3
"""Strikes on either side of a short, a wing or a call: rounding to ticks moves a delta by one."""

NEARLY: Final = 0.03
"""How far a delta may be from threatened, for the later expiry to be quoted all the same."""


class Observer:
    """Asks for the options of one session.

    Parameters
    ----------
    levels
        The session without options.
    market, listed
        What is quoted, and what is listed.
    calendar, rules
        Of the decision.
    """

    def __init__(
        self,
        levels: MarketSnapshot,
        market: DayQuotes,
        listed: Listed,
        *,
        calendar: TradingCalendar,
        rules: Rules,
    ) -> None:
        self._levels = levels
        self._market = market
        self._listed = listed
        self._calendar = calendar
        self._rules = rules

    def observed(
        self, held: Sequence[OptionContract], condors: Iterable[Condor]
    ) -> tuple[MarketSnapshot, dict[OptionContract, Quote]]:
        """Return the snapshot to decide on, and its quotes by contract.

        Parameters
        ----------
        held
            Contracts of the book that still trade.
        condors
            Open condors, some of which may be threatened.
        """
        sold = self._sold_series()
        keys = [(each.trading_class, each.expiry) for each in held]
        self._market.prepare(keys if sold is None else [*keys, _key(sold)])
        wanted = [*held, *parity_partners(held), *self._hedge(), *self._later(condors)]
        if sold is not None:
            wanted += self._daily(sold) if self._rules.condor.is_daily else self._condors(sold)
        quotes = self._market.of(wanted)
        options = [OptionQuote(contract=each, quote=quote) for each, quote in quotes.items()]
        return replace(self._levels, options=tuple(options)), quotes

    def _sold_series(self) -> ListedSeries | None:
        """Return the series that condors may be sold of in this session."""
        session = self._levels.session
        tomorrow = self._calendar.next(session)
        return condor_series(self._listed.spx, session, self._rules.condor, tomorrow=tomorrow)

    def _condors(self, series: ListedSeries) -> Iterator[OptionContract]:
        """Yield the money of a series, and each side's shorts and wings at the tiers' deltas."""
        strikes, rules = self._listed.strike_array, self._rules.condor
        forward = self._market.forward(_key(series))
        calls = self._market.call_deltas((_key(series),), strikes)[0]
        money = bisect_left(series.strikes, forward)
        for at in range(max(money - MONEY_STRIKES, 0), min(money + MONEY_STRIKES, strikes.size)):
            yield series.contract(series.strikes[at], Right.PUT)
            yield series.contract(series.strikes[at], Right.CALL)
        wing = wing_points(forward, rules)
        for right, deltas, sign in ((Right.PUT, 1 - calls, -1), (Right.CALL, calls, 1)):
            targets = np.array([*target_deltas(right, rules)])
            rows = set[int]()
            for short in np.abs(deltas - targets[:, np.newaxis]).argmin(axis=1).tolist():
                far = _nearest(series.strikes, series.strikes[short] + sign * wing)
                rows.update(_round(series, short), _round(series, far))
            yield from (series.contract(series.strikes[at], right) for at in sorted(rows))

    def _daily(self, series: ListedSeries) -> Iterator[OptionContract]:
        """Yield the coarse net over a series, and every strike that it points to."""
        coarse = condor_candidates(self._levels, series, self._rules.condor)
        yield from coarse
        quotes = self._market.of(coarse)
        options = tuple(OptionQuote(contract=each, quote=quote) for each, quote in quotes.items())
        chain = price_chain(
            replace(self._levels, options=options),
            trading_class=series.trading_class,
            expiry=series.expiry,
        )
        if chain is not None:
            yield from fine_condor_contracts(chain, series, self._rules.condor)

    def _hedge(self) -> Iterator[OptionContract]:
        """Yield the calls that the layers may buy, and the puts of the parity monitor."""
        layers = hedge_series(
            self._listed.vix, self._levels.session, self._calendar, self._rules.hedge
        )
        if not layers:
            return
        strikes = next(iter(layers.values())).strikes  # the same for all expiries
        deltas = self._market.call_deltas([*map(_key, layers.values())], np.array(strikes))
        bought: dict[ListedSeries, set[int]] = defaultdict(set)
        for (layer, series), row in zip(layers.items(), deltas, strict=True):
            rules = layer_rules(layer, self._rules.hedge)
            wanted = np.array([[rules.delta], [rules.delta_minimum]])
            first, last = np.abs(row - wanted).argmin(axis=1).tolist()
            bought[series].update(range(max(first - REACH, 0), min(last + REACH + 1, len(strikes))))
        for series, rows in bought.items():
            for at in sorted(rows):
                yield series.contract(strikes[at], Right.CALL)
            for put in parity_contracts(series, self._market.forward(_key(series))):
                yield put
                yield series.contract(put.strike, Right.CALL)

    def _later(self, condors: Iterable[Condor]) -> Iterator[OptionContract]:
        """Yield what threatened condors could be rolled into."""
        rules, spot = self._rules.condor, self._levels.level("SPX")
        if rules.is_daily or not rules.time_shift or spot is None:
            return
        for condor, side in self._threatened(condors, spot):
            series = shift_series(self._listed.spx, condor, self._levels.session, rules)
            if series is not None:
                yield from self._condors(series)
                yield from shift_contracts(series, condor, side, forward=spot, rules=rules)

    def _threatened(self, condors: Iterable[Condor], spot: float) -> Iterator[tuple[Condor, Right]]:
        """Yield the sides of condors that are threatened, or nearly so."""
        vix, rules = self._levels.level("VIX"), self._rules.condor
        if vix is None:
            return
        edr = expected_daily_range_pct(vix)
        kept = [each for each in condors if not each.rolled and not is_daily(each, self._calendar)]
        shorts = [short_strikes(condor) for condor in kept]
        deltas = self._market.deltas(short for pair in shorts for short in pair.values())
        for condor, pair in zip(kept, shorts, strict=True):
            distances = edr_distances(condor, spot=spot, edr_pct=edr)
            for right, short in pair.items():
                near = distances.get(right, np.inf) <= rules.shift_edr + NEARLY
                if near or abs(deltas[short]) >= rules.shift_delta - NEARLY:
                    yield condor, right


def _key(series: ListedSeries) -> Key:
    return series.trading_class, series.expiry


def _nearest(strikes: Sequence[float], strike: float) -> int:
    """Return the row of the strike that is nearest to `strike`, the lower one of two."""
    above = bisect_left(strikes, strike)
    if above == len(strikes):
        return above - 1
    below = max(above - 1, 0)
    return below if strike - strikes[below] <= strikes[above] - strike else above


def _round(series: ListedSeries, at: int) -> range:
    """Return the rows of the strikes round that at row `at`."""
    return range(max(at - REACH, 0), min(at + REACH + 1, len(series.strikes)))
