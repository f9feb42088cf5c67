"""Which contracts to quote for daily and for threatened condors: pure, step by step.

For all else the bot asks for what ``strategies.reading`` names, and the evidence for what
``bot.evidence.observing`` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.core.chain import price_chain
from bot.core.indicators import expected_daily_range_pct
from bot.core.model import OptionQuote
from bot.core.threat import is_daily, threatened_side
from bot.core.universe import (
    coarse_condor_contracts,
    fine_condor_contracts,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.core.book import Condor
    from bot.core.chains import Chains
    from bot.core.model import MarketSnapshot, OptionContract, Quote, Right
    from bot.core.rules import CondorRules
    from bot.core.sessions import TradingCalendar
    from bot.core.universe import ListedSeries


def in_quote_order(quotes: Mapping[OptionContract, Quote]) -> tuple[OptionQuote, ...]:
    """Return the quotes in an order that does not depend on the asking."""
    ordered = sorted(
        quotes.items(),
        key=lambda item: (item[0].trading_class, item[0].expiry, item[0].strike, item[0].right),
    )
    return tuple(OptionQuote(contract=contract, quote=quote) for contract, quote in ordered)


def condor_candidates(
    levels: MarketSnapshot, series: ListedSeries | None, rules: CondorRules
) -> tuple[OptionContract, ...]:
    """Return the coarse net over `series`; nothing while SPX or VIX is unknown."""
    spot, vix = levels.level("SPX"), levels.level("VIX")
    if series is None or spot is None or vix is None:
        return ()
    return coarse_condor_contracts(series, session=levels.session, spot=spot, vix=vix, rules=rules)


def fine_candidates(
    coarse: MarketSnapshot, series: ListedSeries, rules: CondorRules
) -> list[OptionContract]:
    """Return the strikes round the shorts and wings that the coarse chain points to."""
    chain = price_chain(coarse, trading_class=series.trading_class, expiry=series.expiry)
    if chain is None:
        return []
    known = {option.contract for option in coarse.options}
    wanted = fine_condor_contracts(chain, series, rules)
    return [contract for contract in wanted if contract not in known]


def threatened_condors(
    coarse: MarketSnapshot,
    condors: Iterable[Condor],
    *,
    chains: Chains,
    calendar: TradingCalendar,
    rules: CondorRules,
) -> list[tuple[Condor, Right]]:
    """Return the condors that may be rolled out, each with its threatened side.

    `chains` are those of the `coarse` snapshot.
    """
    vix = coarse.level("VIX")
    if rules.is_daily or not rules.time_shift or vix is None:
        return []
    sides = {
        condor: threatened_side(
            condor,
            chains.held(condor.legs[0].contract.trading_class, condor.expiry),
            spot=coarse.level("SPX"),
            edr_pct=expected_daily_range_pct(vix),
            rules=rules,
        )
        for condor in condors
        if not condor.rolled and not is_daily(condor, calendar)
    }
    return [(condor, side) for condor, side in sides.items() if side is not None]
