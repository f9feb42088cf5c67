"""When an order is held against the market again, and what is noted where it cannot be."""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, cast

import pytest

import builders
from bot.bookkeeping import pending_debits_usd
from bot.clock import SteppedClock
from bot.core.errors import GatewayUnavailableError
from bot.core.fold import IntentState
from bot.core.model import Feed, OptionContract, OptionQuote, Quote
from bot.core.sessions import TradingCalendar
from bot.ledger.store import Ledger
from bot.quality import AFTER_CLOSE, NO_ANSWER, NO_QUOTE, mark_outs, measure
from ledger_facts import (
    AT,
    CALL,
    LEGS,
    OPENING_PRICES,
    SESSION,
    begin,
    buy_lot,
    execute,
    fill,
    open_condor,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from bot.desk import Desk

MINUTE = dt.timedelta(minutes=1)
NOW = Quote(bid=2.20, ask=2.30)


@dataclass
class Market:
    """Quotes the call as told; remembers when it was asked for what."""

    clock: SteppedClock
    quotes: dict[OptionContract, Quote]
    asked: list[tuple[dt.datetime, int]] = field(default_factory=list)
    silent: bool = False

    async def options(self, wanted: Iterable[OptionContract]) -> dict[OptionContract, Quote]:
        """Quote what is wanted and known."""
        if self.silent:
            raise GatewayUnavailableError("the gateway is gone")
        contracts = list(wanted)
        self.asked.append((self.clock.now(), len(contracts)))
        return {contract: self.quotes.get(contract, Quote()) for contract in contracts}


@dataclass
class Post:
    """The parts of a desk that measuring needs, at a time that passes when it is waited for."""

    ledger: Ledger
    clock: SteppedClock
    market: Market
    calendar: TradingCalendar = field(
        default_factory=lambda: TradingCalendar(builders.calendar_days())
    )
    session: dt.date = SESSION

    def now(self) -> dt.datetime:
        """Return the time."""
        return self.clock.now()

    @property
    def desk(self) -> Desk:
        """This, for functions that want a desk."""
        return cast("Desk", self)


def post(ledger: Ledger, start: dt.datetime, quote: Quote = NOW) -> Post:
    time = [start]

    async def advance(seconds: float) -> dt.datetime:
        time[0] += dt.timedelta(seconds=seconds)
        return time[0]

    clock = SteppedClock(start, advance)
    quotes = {CALL: quote} | {leg.contract: quote for leg in LEGS}
    return Post(ledger=ledger, clock=clock, market=Market(clock=clock, quotes=quotes))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "steward.db") as opened:
        begin(opened)
        yield opened


def bought(ledger: Ledger, *, filled_at: dt.datetime = AT) -> None:
    """Buy a lot at 2.05 against a mid of 2.00, and measure it."""
    execute(ledger, buy_lot(), "2.05", at=filled_at)
    take_measure(post(ledger, filled_at))


def take_measure(found: Post) -> None:
    quotes = (OptionQuote(contract=CALL, quote=Quote(bid=1.95, ask=2.05)),)
    measure(found.desk, replace(builders.market(), session=SESSION, options=quotes))


def notes(ledger: Ledger) -> set[tuple[Decimal | None, str]]:
    return {(row.mark_out, row.note) for row in ledger.quality_rows(SESSION)}


def test_an_order_is_quoted_again_five_minutes_after_its_fill(ledger: Ledger) -> None:
    bought(ledger)
    found = post(ledger, AT + MINUTE)

    assert asyncio.run(mark_outs(found.desk))

    assert [when for when, _ in found.market.asked] == [AT + 5 * MINUTE]
    assert notes(ledger) == {(Decimal("0.20"), "")}


def test_orders_whose_time_has_come_are_quoted_together(ledger: Ledger) -> None:
    execute(ledger, open_condor(), *OPENING_PRICES, at=AT + 2 * MINUTE)
    bought(ledger)
    found = post(ledger, AT + 30 * MINUTE)

    asyncio.run(mark_outs(found.desk))

    assert found.market.asked == [(AT + 30 * MINUTE, 5)]


def test_each_order_waits_for_its_own_fill(ledger: Ledger) -> None:
    execute(ledger, open_condor(), *OPENING_PRICES, at=AT + 2 * MINUTE)
    bought(ledger)
    found = post(ledger, AT + 3 * MINUTE)

    asyncio.run(mark_outs(found.desk))

    assert found.market.asked == [(AT + 5 * MINUTE, 1), (AT + 7 * MINUTE, 4)]


def test_what_would_be_due_after_the_close_is_not_waited_for(ledger: Ledger) -> None:
    late = dt.datetime(2026, 7, 20, 20, 12, tzinfo=dt.UTC)
    bought(ledger, filled_at=late)
    found = post(ledger, late + MINUTE)

    asyncio.run(mark_outs(found.desk))

    assert found.now() == late + MINUTE
    assert notes(ledger) == {(None, AFTER_CLOSE)}


@pytest.mark.parametrize("quote", [Quote(), replace(NOW, feed=Feed.DELAYED)])
def test_a_leg_that_is_not_quoted_is_noted(ledger: Ledger, quote: Quote) -> None:
    bought(ledger)

    asyncio.run(mark_outs(post(ledger, AT, quote).desk))

    assert notes(ledger) == {(None, NO_QUOTE)}


def test_a_gateway_that_is_gone_ends_nothing(ledger: Ledger) -> None:
    bought(ledger)
    found = post(ledger, AT)
    found.market.silent = True

    assert asyncio.run(mark_outs(found.desk))

    assert notes(ledger) == {(None, NO_ANSWER)}


def test_a_session_without_fills_has_nothing_to_wait_for(ledger: Ledger) -> None:
    found = post(ledger, AT)

    assert not asyncio.run(mark_outs(found.desk))
    assert found.now() == AT


def test_an_order_without_fills_is_not_measured(ledger: Ledger) -> None:
    ledger.commit_intent(buy_lot(), at=AT)

    take_measure(post(ledger, AT))

    assert ledger.quality_rows(SESSION) == ()


def test_legs_of_a_combo_have_mark_outs_of_their_own(ledger: Ledger) -> None:
    execute(ledger, open_condor(), *OPENING_PRICES)
    found = post(ledger, AT)
    take_measure(found)

    asyncio.run(mark_outs(found.desk))

    rows = {row.leg: row for row in ledger.quality_rows(SESSION)}
    # Every leg is worth 2.25 now. Bought at 4.10: down 1.85; sold at 6.20: up 3.95.
    assert rows[LEGS[0].contract.label()].mark_out == Decimal("-1.85")
    assert rows[LEGS[1].contract.label()].mark_out == Decimal("3.95")
    # The four net to nothing now; 5.50 was received.
    assert rows[""].mark_out == Decimal("5.50")


def test_pending_debits_are_those_of_orders_whose_end_is_not_proven(ledger: Ledger) -> None:
    found = post(ledger, AT)
    ledger.commit_intent(open_condor(), at=AT)
    reference = ledger.commit_intent(buy_lot(), at=AT)
    ledger.record_order(reference, order_id=12, perm_id=900_012, client_id=17, at=AT)
    ledger.set_intent_state(buy_lot().intent_id, IntentState.SENT, at=AT)
    ledger.record_fill(fill(buy_lot(), 0, "2.05", quantity=1))

    # three of four calls are left, at 2.10 at worst; the condor is sold for a credit
    assert pending_debits_usd(found.desk) == Decimal("630.00")

    ledger.set_intent_state(buy_lot().intent_id, IntentState.PARTIAL, at=AT)
    assert pending_debits_usd(found.desk) == 0
