"""One session of history as a snapshot with the options that the bot would have asked for.

The questions are those of ``bot.observe``, in their order, answered by the model: see
``bot.core.candidates``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.core.candidates import (
    condor_candidates,
    hedge_candidates,
    threatened_condors,
)
from bot.core.chains import Chains
from bot.core.model import OptionQuote
from bot.core.universe import (
    condor_series,
    fine_condor_contracts,
    hedge_series,
    parity_partners,
    shift_contracts,
    shift_series,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.core.book import Condor
    from bot.core.model import MarketSnapshot, OptionContract, Quote, Right
    from bot.core.rules import CondorRules, Rules
    from bot.core.sessions import TradingCalendar
    from bot.core.universe import ListedSeries
    from bot.evidence.listing import Listed
    from bot.evidence.quoting import DayQuotes


def observed(  # noqa: PLR0913 - a market, a book and rules, each in two parts
    levels: MarketSnapshot,
    market: DayQuotes,
    listed: Listed,
    *,
    held: Sequence[OptionContract],
    condors: Iterable[Condor],
    calendar: TradingCalendar,
    rules: Rules,
) -> tuple[MarketSnapshot, dict[OptionContract, Quote]]:
    """Return the snapshot to decide on, and its quotes by contract.

    Parameters
    ----------
    levels
        The session without options.
    market, listed
        What is quoted, and what is listed.
    held
        Contracts of the book that still trade.
    condors
        Open condors, some of which may be threatened.
    calendar, rules
        Of the decision.
    """
    session = levels.session
    sold = condor_series(listed.spx, session, rules.condor, tomorrow=calendar.next(session))
    bought = hedge_series(listed.vix, session, calendar, rules.hedge).values()
    asked = _Asked(levels, market)
    asked.ask(
        [
            *held,
            *parity_partners(held),
            *condor_candidates(levels, sold, rules.condor),
            *hedge_candidates(levels, dict.fromkeys(bought)),
        ]
    )
    coarse = asked.snapshot()
    chains = Chains(coarse)
    threatened = threatened_condors(
        coarse, condors, chains=chains, calendar=calendar, rules=rules.condor
    )
    later = _later(coarse, listed, threatened, rules=rules.condor)
    if later:
        asked.ask(contract for wanted in later.values() for contract in wanted)
        chains = Chains(asked.snapshot())
    for series in dict.fromkeys([*([] if sold is None else [sold]), *later]):
        chain = chains.own(series.trading_class, series.expiry)
        if chain is not None:
            asked.ask(fine_condor_contracts(chain, series, rules.condor))
    return asked.snapshot(), asked.quotes


class _Asked:
    """What has been quoted so far."""

    def __init__(self, levels: MarketSnapshot, market: DayQuotes) -> None:
        self._levels = levels
        self._market = market
        self._options: list[OptionQuote] = []
        self.quotes: dict[OptionContract, Quote] = {}

    def ask(self, contracts: Iterable[OptionContract]) -> None:
        """Ask for the contracts that have not been asked for."""
        new = self._market.of(each for each in contracts if each not in self.quotes)
        self.quotes |= new
        self._options += [OptionQuote(contract=each, quote=quote) for each, quote in new.items()]

    def snapshot(self) -> MarketSnapshot:
        """Return the levels with what has been quoted."""
        return replace(self._levels, options=tuple(self._options))


def _later(
    coarse: MarketSnapshot,
    listed: Listed,
    threatened: Iterable[tuple[Condor, Right]],
    *,
    rules: CondorRules,
) -> dict[ListedSeries, list[OptionContract]]:
    """Return what threatened condors could be rolled into, by series; none while none is."""
    found: dict[ListedSeries, list[OptionContract]] = {}
    spot = coarse.level("SPX")
    for condor, side in threatened:
        series = shift_series(listed.spx, condor, coarse.session, rules)
        if series is None or spot is None:
            continue
        wanted = found.setdefault(series, list(condor_candidates(coarse, series, rules)))
        wanted += shift_contracts(series, condor, side, forward=spot, rules=rules)
    return found
