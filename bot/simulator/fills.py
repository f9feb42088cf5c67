"""How orders fill: deterministically, from the top of the book, and never outside it.

Prices here are *net debits* of one unit for the one who placed the order: positive is paid,
negative is received. A unit is one contract or one combo. Of the signed legs of the order,

- ``best`` is what the unit costs if every leg trades at the side that favours the order,
- ``mid`` if each trades in the middle,
- ``natural`` if each pays its full half-spread: the price at which the book fills at once.

The rules (policy ``book``), in their order:

1. A market order, or a limit at or through the natural price, fills at once, at the natural
   price. It is never filled at a worse one, so a limit far through it is improved.
2. A limit between the mid and the natural price has conceded the share
   c = (limit - mid) / (natural - mid) of the half-spread. It fills at its limit once it has
   rested ``rest_seconds`` at that price, if c >= the order's threshold, give or take a tick:
   where the wanted price lies between two ticks, the one better for the order will do, or a
   market as narrow as its tick could never be met in the middle. The threshold is
   uniform between ``threshold_low`` and ``threshold_high``, drawn from a hash of the seed and
   the order's identity: the same order meets the same market every time, in any run.
3. A limit worse than the mid waits until the market moves.

A leg without a two-sided market (no ask, a bid above the ask, a side that is not available)
fills nothing. Nobody bidding is a price of zero for a leg that a combo sells; a single
contract cannot be sold to nobody.

What this leaves out: the size of the quotes, queues, and the market's answer to the order. An
account that trades on paper at the broker is filled from the top of the book in much the same
way, which is why neither proves anything about real execution.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.simulator import ticks
from bot.simulator.instruments import Instrument

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.simulator.market import SimQuote


class FillPolicy(StrEnum):
    """When limit orders fill: by the book, always at the mid, or never."""

    BOOK = "book"
    MID = "mid"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class FillSettings:
    """Parameters of the fill model.

    Parameters
    ----------
    policy
        ``MID`` fills every order that reaches the mid, at the mid (on the next tick towards
        the natural price); ``NEVER`` fills nothing, market orders included.
    seed
        Of the thresholds.
    threshold_low, threshold_high
        Bounds of the share of the half-spread that an order must concede.
    rest_seconds
        Time at one price before a limit inside the spread fills.
    first_units
        Units that the first fill of an order is limited to; ``None`` is no limit.
    loose_legs
        Legs of a combo that trade first, the others later: the fault of a broken combo.
        ``None`` is none.
    remainder_seconds
        Time after which what `first_units` or `loose_legs` left open may trade; ``None`` is
        never.
    """

    policy: FillPolicy = FillPolicy.BOOK
    seed: int = 0
    threshold_low: float = 0.0
    threshold_high: float = 0.25
    rest_seconds: float = 3.0
    first_units: int | None = None
    loose_legs: int | None = None
    remainder_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LegBook:
    """One leg of an order with its two-sided market; `sign` is +1 bought, -1 sold."""

    instrument: Instrument
    sign: int
    bid: Decimal
    ask: Decimal

    @property
    def mid(self) -> Decimal:
        """Middle of its market."""
        return (self.bid + self.ask) / 2

    @property
    def worst(self) -> Decimal:
        """What it pays, or receives, at the natural price."""
        return self.ask if self.sign > 0 else self.bid


@dataclass(frozen=True, slots=True, kw_only=True)
class NetBook:
    """The market of one unit of an order, as net debits."""

    legs: tuple[LegBook, ...]

    @property
    def mid(self) -> Decimal:
        """Net debit with every leg at its mid."""
        return sum((leg.sign * leg.mid for leg in self.legs), ticks.ZERO)

    @property
    def natural(self) -> Decimal:
        """Net debit with every leg paying its half-spread."""
        return sum((leg.sign * leg.worst for leg in self.legs), ticks.ZERO)

    @property
    def best(self) -> Decimal:
        """Net debit with every leg gaining its half-spread."""
        return 2 * self.mid - self.natural

    def conceded(self, debit: Decimal) -> Decimal:
        """Return the share of the half-spread given up at `debit`: 0 at the mid, 1 natural."""
        half = self.natural - self.mid
        return (debit - self.mid) / half if half else ticks.ZERO


def net_book(
    legs: Sequence[tuple[Instrument, int]], quotes: Sequence[SimQuote | None]
) -> NetBook | None:
    """Return the market of one unit, or ``None`` where a leg has none.

    Parameters
    ----------
    legs
        Instruments with +1 for bought and -1 for sold.
    quotes
        Their quotes, in the same order.
    """
    books = [
        _leg_book(instrument, sign, quote)
        for (instrument, sign), quote in zip(legs, quotes, strict=True)
    ]
    known = tuple(book for book in books if book is not None)
    if len(known) < len(books):
        return None
    alone = len(known) == 1
    if alone and known[0].worst == 0:  # a single contract cannot be sold to nobody
        return None
    return NetBook(legs=known)


def _leg_book(instrument: Instrument, sign: int, quote: SimQuote | None) -> LegBook | None:
    if quote is None or quote.bid is None or quote.ask is None:
        return None
    if not 0 <= quote.bid <= quote.ask or quote.ask == 0:
        return None
    bid, ask = ticks.to_decimal(quote.bid), ticks.to_decimal(quote.ask)
    return LegBook(instrument=instrument, sign=sign, bid=bid, ask=ask)


def threshold(settings: FillSettings, identity: str) -> Decimal:
    """Return the share of the half-spread that the order `identity` must concede."""
    digest = hashlib.blake2b(f"{settings.seed}:{identity}".encode(), digest_size=8).digest()
    uniform = int.from_bytes(digest) / 2**64
    span = settings.threshold_high - settings.threshold_low
    return Decimal(str(settings.threshold_low + span * uniform))


@dataclass(frozen=True, slots=True, kw_only=True)
class Resting:
    """What the fill model knows of an order.

    Parameters
    ----------
    limit
        Net debit at most; ``None`` for a market order.
    tick
        Minimum variation of its net price.
    seconds
        Time it has rested at this limit.
    threshold
        Share of the half-spread that it must concede.
    """

    limit: Decimal | None
    tick: Decimal
    seconds: float
    threshold: Decimal


def fill_debit(book: NetBook, order: Resting, settings: FillSettings) -> Decimal | None:
    """Return the net debit at which one unit fills now, or ``None``."""
    if settings.policy is FillPolicy.NEVER:
        return None
    if order.limit is None:
        return book.natural
    if settings.policy is FillPolicy.MID:
        at_mid = min(order.limit, book.natural, ticks.ceil_to(order.tick, book.mid))
        return at_mid if order.limit >= book.mid else None
    if order.limit >= book.natural:
        return book.natural
    if order.limit < book.best or order.seconds < settings.rest_seconds:
        return None
    wanted = book.mid + order.threshold * (book.natural - book.mid)
    return order.limit if order.limit >= -ticks.ceil_to(order.tick, -wanted) else None


def allocate(book: NetBook, debit: Decimal) -> tuple[Decimal, ...]:
    """Return a price for each leg: inside its market, summing exactly to `debit`.

    Each leg concedes the same share of its half-spread as the whole. Prices are put on the
    legs' ticks first; what is left over moves along the legs in whole ticks, then in cents,
    then as it is: a combo may trade in finer steps than its legs quote.

    Raises
    ------
    ValueError
        If `debit` lies outside the market of the unit.
    """
    if not book.best <= debit <= book.natural:
        raise ValueError(f"debit {debit} lies outside the market {book.best} to {book.natural}")
    share = book.conceded(debit)
    prices = [_on_tick(leg, leg.mid + share * (leg.worst - leg.mid)) for leg in book.legs]
    for grid in (True, False):
        for index, leg in enumerate(book.legs):
            prices[index] += _shift(leg, prices[index], _left(book, prices, debit), grid=grid)
    for index, leg in enumerate(book.legs):
        room = leg.sign * _left(book, prices, debit)
        prices[index] = min(max(prices[index] + room, leg.bid), leg.ask)
    return tuple(prices)


def _left(book: NetBook, prices: Sequence[Decimal], debit: Decimal) -> Decimal:
    paid = (leg.sign * price for leg, price in zip(book.legs, prices, strict=True))
    return debit - sum(paid, ticks.ZERO)


def _on_tick(leg: LegBook, price: Decimal) -> Decimal:
    step = ticks.increment(leg.instrument.market_rule, price)
    return min(max(round(price / step) * step, leg.bid), leg.ask)


def _shift(leg: LegBook, price: Decimal, left: Decimal, *, grid: bool) -> Decimal:
    """Return by how many whole steps `price` may move to take up what is `left`."""
    step = ticks.increment(leg.instrument.market_rule, price) if grid else ticks.CENT
    wanted = leg.sign * left
    allowed = min(max(wanted, leg.bid - price), leg.ask - price)
    return int(allowed / step) * step
