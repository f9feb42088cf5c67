"""What a decision knew: each input of a session with its last value, and what was unknown."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.core.model import Feed

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

    from bot.core.book import Book
    from bot.core.model import DailyBar, MarketSnapshot, OptionQuote, Quote


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One input; a `value` of ``None`` is unknown."""

    group: str
    name: str
    value: float | int | str | None
    detail: str = ""


THINNED: Final = Input(
    group="thinned",
    name="bars, breadth, chains, events",
    value="not kept",
    detail="nothing was traded, and the session is old: snapshots.thin_days",
)
"""Stands for what is not there any more: it was known when it was decided."""


def inputs_of(snapshot: MarketSnapshot, book: Book, *, thinned: bool = False) -> tuple[Input, ...]:
    """Return everything that the decision was made from, in few words.

    Parameters
    ----------
    snapshot, book
        The market and the book.
    thinned
        Whether the levels and the VX curve are all that is kept of the market.
    """
    if thinned:
        return (*_levels(snapshot), *_curve(snapshot), THINNED, *_book(book))
    return (
        *_levels(snapshot),
        *_series(snapshot),
        *_curve(snapshot),
        *_chains(snapshot.options),
        *_calendar(snapshot),
        *_book(book),
    )


def _levels(snapshot: MarketSnapshot) -> Iterator[Input]:
    for index in snapshot.indexes:
        feed = "" if index.feed is Feed.LIVE else f"{index.feed.value}: not used"
        yield Input(group="level", name=index.symbol, value=index.last, detail=feed)
    yield Input(group="level", name="rate", value=snapshot.rate)


def _series(snapshot: MarketSnapshot) -> Iterator[Input]:
    yield _bars("SPX", snapshot.spx_bars)
    yield _bars("VIX", snapshot.vix_bars)
    breadth = snapshot.breadth
    if breadth is None or not breadth.days:
        yield Input(group="series", name="breadth", value=None)
    else:
        last = breadth.days[-1]
        text = f"{len(breadth.days)} days to {last.session}, {breadth.source.value}"
        value = f"{last.advances:g} up, {last.declines:g} down"
        yield Input(group="series", name="breadth", value=value, detail=text)
    past = snapshot.vx_days
    ended = f"to {past[-1].session}" if past else ""
    yield Input(group="series", name="VX days", value=len(past) or None, detail=ended)
    months = [each for each in snapshot.macro if each.reer is not None]
    known = f"to {months[-1].month:%Y-%m}" if months else ""
    yield Input(group="series", name="macro months", value=len(months) or None, detail=known)


def _bars(symbol: str, bars: Sequence[DailyBar]) -> Input:
    if not bars:
        return Input(group="series", name=f"{symbol} close", value=None)
    text = f"{len(bars)} bars to {bars[-1].session}"
    return Input(group="series", name=f"{symbol} close", value=bars[-1].close, detail=text)


def _curve(snapshot: MarketSnapshot) -> Iterator[Input]:
    for future in snapshot.vx_curve:
        yield Input(
            group="VX", name=str(future.expiry), value=future.level, detail=_sides(future.quote)
        )


def _sides(quote: Quote) -> str:
    feed = "" if quote.feed is Feed.LIVE else f", {quote.feed.value}"
    return f"bid {quote.bid}, ask {quote.ask}{feed}"


def _chains(options: Sequence[OptionQuote]) -> Iterator[Input]:
    """Count what was quoted of each expiry: how much of it is a market."""
    found = defaultdict[tuple[str, "dt.date"], list["OptionQuote"]](list)
    for option in options:
        found[option.contract.trading_class, option.contract.expiry].append(option)
    for (trading_class, expiry), quoted in found.items():
        live = sum(each.quote.two_sided and each.quote.feed is Feed.LIVE for each in quoted)
        text = f"of {len(quoted)} asked for have a live two-sided market"
        yield Input(group="chain", name=f"{trading_class} {expiry}", value=live, detail=text)


def _calendar(snapshot: MarketSnapshot) -> Iterator[Input]:
    days = {day.session: day for day in snapshot.calendar}
    today = days.get(snapshot.session)
    kind = None if today is None else "half day" if today.half_day else "full day"
    yield Input(group="calendar", name="session", value=kind)
    for name in ("fomc", "cpi", "ppi"):
        dates: Sequence[dt.date] = getattr(snapshot.events, name)
        ahead = next((each for each in dates if each >= snapshot.session), None)
        text = "next" if ahead else "after the last date listed"
        yield Input(group="calendar", name=name, value=str(ahead) if ahead else None, detail=text)


def _book(book: Book) -> Iterator[Input]:
    for name in ("nav_usd", "cash_usd", "excess_liquidity_usd"):
        amount = getattr(book, name)
        yield Input(group="book", name=name, value=None if amount is None else f"{amount:,.2f}")
    held = ", ".join(f"{each.quantity} x {each.structure_id}" for each in book.condors)
    yield Input(group="book", name="condors", value=len(book.condors), detail=held)
    lots = ", ".join(f"{each.quantity} x {each.contract.label()}" for each in book.lots)
    yield Input(group="book", name="hedge lots", value=len(book.lots), detail=lots)
    yield Input(group="book", name="kill switch", value=book.trading_state.value)
    yield Input(group="book", name="locked", value="yes" if book.locked else "no")
    flying = ", ".join(book.in_flight)
    yield Input(group="book", name="orders in flight", value=len(book.in_flight), detail=flying)
    if book.objections:
        yield Input(group="book", name="objections", value="; ".join(book.objections))
