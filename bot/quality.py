"""Measures execution: what each order cost when it filled, and what it was worth 5 minutes on.

The first is known when a cycle ends. The second needs the bot to be there 5 minutes after the
last fill: ``run`` and a simulated session stay connected, ``once`` ends with its cycle and leaves
it unknown. Nothing here decides anything: what cannot be measured is noted and left out.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.clock import sleep_until
from bot.core.decision import OrderIntent
from bot.core.errors import LedgerError, StewardError
from bot.core.quality import (
    MARK_OUT_AFTER,
    ORDER,
    direction,
    executions,
    mark_out,
    net_mid,
)
from bot.core.valuation import quotes_of
from bot.ledger.quality import QualityRow
from bot.logs import get_logger
from bot.reconcile import units_filled

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from bot.core.model import MarketSnapshot, OptionContract, Quote
    from bot.desk import Desk

log = get_logger(__name__)

NO_QUOTE: Final = "no quote"
AFTER_CLOSE: Final = "after the close"
NO_ANSWER: Final = "no answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """An order of the session that is to be held against the market again."""

    intent: OrderIntent
    rows: tuple[QualityRow, ...]
    at: dt.datetime


def measure(desk: Desk, snapshot: MarketSnapshot) -> None:
    """Keep what every order of the session that filled has cost against the decision's mids."""
    quotes = quotes_of(snapshot)
    for record in desk.ledger.intent_records(desk.session):
        fills = desk.ledger.fills_of(record.intent.intent_id)
        if any(fill.contract is not None for fill in fills):
            units = units_filled(record.intent, fills)
            made = executions(record.intent, fills, units=units, quotes=quotes.get)
            desk.ledger.record_executions(desk.session, made)


async def mark_outs(desk: Desk) -> bool:
    """Quote the legs of each order 5 minutes after its last fill; return whether there were any.

    Orders whose time has come are quoted together; what would be due after the close is not
    waited for. A fault here ends nothing: the session is done.
    """
    waiting = sorted(_due(desk), key=lambda due: due.at)
    found = bool(waiting)
    try:
        while waiting:
            ready = await _next(desk, waiting)
            await _quote_again(desk, ready)
            waiting = waiting[len(ready) :]
    except (StewardError, ConnectionError) as fault:
        log.warning("mark_out.unknown", detail=str(fault))
        with contextlib.suppress(LedgerError):
            _note(desk, waiting, NO_ANSWER)
    return found


def _due(desk: Desk) -> Iterator[Due]:
    """Yield the orders of the session that have filled and have no mark-out yet."""
    rows = [row for row in desk.ledger.quality_rows(desk.session) if row.later_mid is None]
    records = desk.ledger.intent_records(desk.session)
    for intent in (record.intent for record in records):
        mine = tuple(row for row in rows if row.intent_id == intent.intent_id)
        if mine:
            last = max(dt.datetime.fromisoformat(row.last_fill_at) for row in mine)
            yield Due(intent=intent, rows=mine, at=last + MARK_OUT_AFTER)


async def _next(desk: Desk, waiting: list[Due]) -> list[Due]:
    """Wait for the first of `waiting`; return all whose time has come then."""
    first = waiting[0].at
    if first >= _close(desk):
        return waiting
    await sleep_until(desk.clock, first)
    return [due for due in waiting if due.at <= max(first, desk.now())]


def _close(desk: Desk) -> dt.datetime:
    return desk.calendar.day(desk.session).close


async def _quote_again(desk: Desk, ready: list[Due]) -> None:
    if ready[0].at >= _close(desk):
        _note(desk, ready, AFTER_CLOSE)
        return
    quotes = await desk.market.options(leg.contract for due in ready for leg in due.intent.legs)
    for due in ready:
        found = {row.leg: _gain(row, due.intent, quotes) for row in due.rows}
        desk.ledger.record_mark_outs(due.intent.intent_id, found, at=desk.now(), unknown=NO_QUOTE)


def _gain(
    row: QualityRow, intent: OrderIntent, quotes: dict[OptionContract, Quote]
) -> tuple[Decimal, Decimal] | None:
    """Return the mid of now and the mark-out of an order, or of one of its legs."""
    legs = intent.legs
    if row.leg != ORDER:
        legs = tuple(direction(leg) for leg in legs if leg.contract.label() == row.leg)
    mid = net_mid(legs, quotes.get)
    return None if mid is None else (mid, mark_out(row.price, mid))


def _note(desk: Desk, left: list[Due], reason: str) -> None:
    for due in left:
        found = dict.fromkeys(row.leg for row in due.rows)
        desk.ledger.record_mark_outs(due.intent.intent_id, found, at=desk.now(), unknown=reason)
