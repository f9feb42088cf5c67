"""One session of history as a snapshot with the options that its decision chooses from.

The bot reads the strikes that its decision would choose (``strategies.reading``), since a venue is
slow to ask. A model knows where they are: round the money, round the deltas at which each tier is
sold and one wing further, the calls at the deltas that the hedge may buy, what is held, and what
threatened condors could be rolled into. What lies beyond is never chosen, so the decision is that
of the whole chain.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from bot.core.candidates import condor_candidates
from bot.core.chain import price_chain
from bot.core.indicators import expected_daily_range_pct
from bot.core.model import OptionQuote, Right
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

    from numpy.typing import NDArray

    from bot.core.book import Condor
    from bot.core.model import MarketSnapshot, OptionContract, Quote
    from bot.core.rules import CondorRules, Rules
    from bot.core.sessions import TradingCalendar
    from bot.core.universe import ListedSeries
    from bot.evidence.listing import Listed
    from bot.evidence.quoting import DayQuotes

REACH: Final = 3
"""Strikes on either side of a short or a wing: rounding to ticks moves a delta by one of them."""

HEDGE_DELTAS: Final = (0.05, 0.75)
"""Of the calls that the hedge may buy, with room for every step of its budget."""

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
        wanted = [*held, *parity_partners(held), *self._hedge(), *self._later(condors)]
        wanted += self._sold()
        quotes = self._market.of(wanted)
        options = [OptionQuote(contract=each, quote=quote) for each, quote in quotes.items()]
        return replace(self._levels, options=tuple(options)), quotes

    def _sold(self) -> Iterator[OptionContract]:
        """Yield what may be sold in this session."""
        rules, session = self._rules.condor, self._levels.session
        tomorrow = self._calendar.next(session)
        series = condor_series(self._listed.spx, session, rules, tomorrow=tomorrow)
        if series is not None:
            yield from self._daily(series) if rules.is_daily else self._condors(series)

    def _condors(self, series: ListedSeries) -> Iterator[OptionContract]:
        """Yield the money of a series, and each side's shorts and wings at the tiers' deltas."""
        strikes, rules = np.array(series.strikes), self._rules.condor
        forward = self._market.forward(series.trading_class, series.expiry)
        calls = self._market.call_deltas(series.trading_class, series.expiry, strikes)
        money = int(np.searchsorted(strikes, forward))
        for at in range(max(money - MONEY_STRIKES, 0), min(money + MONEY_STRIKES, strikes.size)):
            yield series.contract(series.strikes[at], Right.PUT)
            yield series.contract(series.strikes[at], Right.CALL)
        wing = wing_points(forward, rules)
        for right, deltas, sign in ((Right.PUT, 1 - calls, -1), (Right.CALL, calls, 1)):
            rows = set[int]()
            for target in target_deltas(right, rules):
                short = int(np.argmin(np.abs(deltas - target)))
                rows |= _round(strikes, strikes[short])
                rows |= _round(strikes, strikes[short] + sign * wing)
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
        least, most = HEDGE_DELTAS
        for series in dict.fromkeys(layers.values()):
            strikes = np.array(series.strikes)
            deltas = self._market.call_deltas(series.trading_class, series.expiry, strikes)
            for at in np.flatnonzero((deltas >= least) & (deltas <= most)).tolist():
                yield series.contract(series.strikes[at], Right.CALL)
            forward = self._market.forward(series.trading_class, series.expiry)
            for put in parity_contracts(series, forward):
                yield put
                yield replace(put, right=Right.CALL)

    def _later(self, condors: Iterable[Condor]) -> Iterator[OptionContract]:
        """Yield what threatened condors could be rolled into."""
        rules, spot = self._rules.condor, self._levels.level("SPX")
        if rules.is_daily or not rules.time_shift or spot is None:
            return
        for condor in condors:
            for side in self._threatened(condor, spot, rules):
                series = shift_series(self._listed.spx, condor, self._levels.session, rules)
                if series is not None:
                    yield from self._condors(series)
                    yield from shift_contracts(series, condor, side, forward=spot, rules=rules)

    def _threatened(self, condor: Condor, spot: float, rules: CondorRules) -> list[Right]:
        """Return the sides of a condor that are threatened, or nearly so."""
        vix = self._levels.level("VIX")
        if condor.rolled or vix is None or is_daily(condor, self._calendar):
            return []
        distances = edr_distances(condor, spot=spot, edr_pct=expected_daily_range_pct(vix))
        return [
            right
            for right, short in short_strikes(condor).items()
            if distances.get(right, np.inf) <= rules.shift_edr + NEARLY
            or abs(self._market.delta(short)) >= rules.shift_delta - NEARLY
        ]


def _round(strikes: NDArray[np.float64], strike: float) -> set[int]:
    """Return the rows round the strike that is nearest to `strike`."""
    at = int(np.argmin(np.abs(strikes - strike)))
    return set(range(max(at - REACH, 0), min(at + REACH + 1, strikes.size)))
