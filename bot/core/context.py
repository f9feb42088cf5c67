"""What a strategy may look at while it decides: the market, the book, the rules, the signals.

Only quotes that are live count. A delayed, frozen, crossed or locked quote is no quote, and neither
is one with a side that can be no price.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from bot.core.book import Book
from bot.core.carry import held_chain
from bot.core.chain import PricedChain, parity_chain, price_chain
from bot.core.decision import OrderIntent
from bot.core.model import Feed, MarketSnapshot, OptionContract, Quote
from bot.core.regime import Signals, compute_signals
from bot.core.rules import Rules
from bot.core.sessions import TradingCalendar

if TYPE_CHECKING:
    import datetime as dt

    from bot.core.model import Session

_Chains: TypeAlias = "dict[tuple[str, dt.date], PricedChain | None]"


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
    _quotes: dict[OptionContract, Quote] = field(repr=False, compare=False)
    _chains: _Chains = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, snapshot: MarketSnapshot, book: Book, rules: Rules) -> Context:
        """Make the context of a decision from its inputs."""
        return cls(
            snapshot=snapshot,
            book=book,
            rules=rules,
            calendar=TradingCalendar(snapshot.calendar),
            signals=compute_signals(snapshot, rules.signals),
            _quotes={option.contract: option.quote for option in snapshot.options},
        )

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
        quote = self._quotes.get(contract)
        return quote if quote is not None and _usable(quote) else None

    @property
    def quotes(self) -> dict[OptionContract, Quote]:
        """The live quotes by contract; a crossed market is no quote."""
        return {contract: quote for contract, quote in self._quotes.items() if _usable(quote)}

    def chain(self, trading_class: str, expiry: dt.date) -> PricedChain | None:
        """Return the priced chain of one expiry, or ``None`` when it cannot be priced."""
        key = (trading_class, expiry)
        if key not in self._chains:
            self._chains[key] = price_chain(
                self.snapshot, trading_class=trading_class, expiry=expiry
            )
        return self._chains[key]

    def parity_chain(self, trading_class: str, expiry: dt.date) -> PricedChain | None:
        """Return the chain of one expiry priced by the put-call parity of its own quotes."""
        key = (f"{trading_class}, parity", expiry)
        if key not in self._chains:
            self._chains[key] = parity_chain(
                self.snapshot, trading_class=trading_class, expiry=expiry
            )
        return self._chains[key]

    def held_chain(self, trading_class: str, expiry: dt.date) -> PricedChain | None:
        """Return the chain of an expiry that is held, if need be at the carry of another one."""
        key = (f"{trading_class}, held", expiry)
        if key not in self._chains:
            self._chains[key] = held_chain(self.snapshot, trading_class, expiry, chain=self.chain)
        return self._chains[key]


def _usable(quote: Quote) -> bool:
    return quote.feed is Feed.LIVE and quote.sound
