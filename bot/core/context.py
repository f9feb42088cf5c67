"""What a strategy may look at while it decides: the market, the book, the rules, the signals.

Only quotes that are live count. A delayed, frozen, crossed or locked quote is no quote, and neither
is one with a side that can be no price.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bot.core.book import Book
from bot.core.chains import Chains
from bot.core.decision import OrderIntent
from bot.core.model import MarketSnapshot, OptionContract, Quote
from bot.core.regime import Signals, compute_signals
from bot.core.rules import Rules
from bot.core.second_engine import engine_budget_usd
from bot.core.sessions import TradingCalendar
from bot.core.shocks import Gains
from bot.core.valuation import live_quotes_of

if TYPE_CHECKING:
    import datetime as dt

    from bot.core.chain import PricedChain
    from bot.core.model import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Everything that one decision may know, with chains priced when first asked for.

    Parameters
    ----------
    snapshot, book, rules
        The inputs of the decision.
    calendar
        The trading days of `snapshot`.
    signals
        Computed from `snapshot`.
    quotes
        The live quotes by contract; a crossed market is no quote.
    chains
        The quotes as priced chains.
    gains
        Gains in shocks, as far as they have been reckoned.
    engine_usd
        What the second engine may still risk, before this decision proposes anything.
    proposed
        Intents that earlier strategies of the line-up, or earlier steps of the same one, are
        permitted to send.
    """

    snapshot: MarketSnapshot
    book: Book
    rules: Rules
    calendar: TradingCalendar
    signals: Signals
    proposed: tuple[OrderIntent, ...] = ()
    quotes: dict[OptionContract, Quote] = field(repr=False, compare=False)
    chains: Chains = field(repr=False, compare=False)
    engine_usd: float = field(repr=False, compare=False)
    gains: Gains = field(default_factory=Gains, repr=False, compare=False)

    @classmethod
    def of(cls, snapshot: MarketSnapshot, book: Book, rules: Rules) -> Context:
        """Make the context of a decision from its inputs."""
        calendar = TradingCalendar(snapshot.calendar)
        return cls(
            snapshot=snapshot,
            book=book,
            rules=rules,
            calendar=calendar,
            signals=compute_signals(snapshot, rules.signals),
            quotes=live_quotes_of(snapshot),
            chains=Chains(snapshot),
            engine_usd=engine_budget_usd(
                book, snapshot.session, calendar=calendar, rules=rules.second_engine
            ),
        )

    def with_proposed(self, intents: tuple[OrderIntent, ...]) -> Context:
        """Return the context with more intents that later steps must reckon with."""
        return replace(self, proposed=self.proposed + intents) if intents else self

    @property
    def session(self) -> Session:
        """The session being decided."""
        return self.snapshot.session

    @property
    def spx(self) -> float | None:
        """SPX level, or ``None`` when unknown."""
        return self.snapshot.level("SPX")

    def quote(self, contract: OptionContract) -> Quote | None:
        """Return the live quote of `contract`, or ``None``; a crossed market is no quote."""
        return self.quotes.get(contract)

    def chain(self, trading_class: str, expiry: dt.date) -> PricedChain | None:
        """Return the priced chain of one expiry, or ``None`` when it cannot be priced."""
        return self.chains.own(trading_class, expiry)

    def parity_chain(self, trading_class: str, expiry: dt.date) -> PricedChain | None:
        """Return the chain of one expiry priced by the put-call parity of its own quotes."""
        return self.chains.by_parity(trading_class, expiry)

    def held_chain(self, trading_class: str, expiry: dt.date) -> PricedChain | None:
        """Return the chain of an expiry that is held, if need be at the carry of another one."""
        return self.chains.held(trading_class, expiry)
