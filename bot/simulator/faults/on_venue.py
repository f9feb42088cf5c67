"""Actions on orders, positions, quotes and hours: what the venue and the market do."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from bot.core.errors import ConfigError
from bot.simulator.faults.on_messages import say
from bot.simulator.faults.state import OddQuotes
from bot.simulator.faults.traffic import names_of
from bot.simulator.faults.venue_actions import WhatIf
from bot.simulator.fills import FillPolicy
from bot.simulator.hours import NEW_YORK
from bot.simulator.instruments import ContractQuery
from bot.simulator.order_desk import PreviewAnswer
from bot.simulator.orders import OrderTicket, PositionEvent
from bot.simulator.ticks import ZERO

if TYPE_CHECKING:
    from bot.simulator.exchange import ExchangeSettings
    from bot.simulator.faults import venue_actions as actions
    from bot.simulator.faults.engine import Faults
    from bot.simulator.faults.traffic import KnownOrder, Passing

REJECTED = 201
WHAT_IF_REJECTED = "Order rejected - reason:the margin cannot be computed"
MANUAL_ORDER_ID = -1

PREVIEWS = {WhatIf.UNSET: PreviewAnswer.UNSET, WhatIf.UNSET_FIRST: PreviewAnswer.UNSET_FIRST}


def what_if(faults: Faults, action: actions.AnswerWhatIf, event: Passing) -> None:
    """Answer a what-if order badly; other orders are left alone."""
    if event.order is None or event.kind != "preview":
        return
    if action.how in PREVIEWS:
        orders, usual = faults.gateway.orders, faults.gateway.orders.preview_answer
        orders.preview_answer = PREVIEWS[action.how]
        event.behind.append(lambda: setattr(orders, "preview_answer", usual))
        return
    event.passes = False
    if action.how is WhatIf.REJECT:
        say(event.client, event.id, REJECTED, text=WHAT_IF_REJECTED)


def no_fill(faults: Faults, _action: actions.NoFill, event: Passing) -> None:
    """Let the order rest."""
    usual = faults.gateway.settings.exchange
    fills = replace(usual.fills, policy=FillPolicy.NEVER)
    _treat(faults, event, replace(usual, fills=fills))


def partial_fill(faults: Faults, action: actions.PartialFill, event: Passing) -> None:
    """Fill some units of the order first."""
    usual = faults.gateway.settings.exchange
    fills = replace(usual.fills, first_units=action.units, remainder_seconds=action.remainder)
    _treat(faults, event, replace(usual, fills=fills))


def leg_fill(faults: Faults, action: actions.LegFill, event: Passing) -> None:
    """Fill some legs of the order first."""
    usual = faults.gateway.settings.exchange
    fills = replace(usual.fills, loose_legs=action.legs, remainder_seconds=action.remainder)
    _treat(faults, event, replace(usual, fills=fills))


def late_fill(faults: Faults, action: actions.LateFill, event: Passing) -> None:
    """Fill the order after its cancellation."""
    usual = faults.gateway.settings.exchange
    _treat(faults, event, replace(usual, late_fill_seconds=action.seconds))


def _treat(faults: Faults, event: Passing, settings: ExchangeSettings) -> None:
    """Let the venue treat one order in its own way."""
    if event.order is not None:
        key = (event.order.client_id, event.order.order_id)
        faults.gateway.world.exchange.treat(key, settings)


def correct(faults: Faults, action: actions.Correct, event: Passing) -> None:
    """Correct the order's last execution."""
    if event.order is not None:
        order = event.order
        faults.later(lambda: _correct(faults, action, order), seconds=action.seconds)


def _correct(faults: Faults, action: actions.Correct, order: KnownOrder) -> None:
    exchange, now = faults.gateway.world.exchange, faults.gateway.world.now
    paid = [
        execution
        for execution, commission in exchange.executions()
        if commission is not None
        and (execution.client_id, execution.order_id) == (order.client_id, order.order_id)
    ]
    if paid:
        price = paid[-1].price + action.change
        faults.gateway.publish(exchange.correct(paid[-1].exec_id, price, now=now))


def expire(faults: Faults, action: actions.Expire, _event: Passing | None) -> None:
    """Settle positions before their time, at the level of now."""
    world = faults.gateway.world
    for line in world.account.positions():
        level = world.instruments.level(line.instrument.symbol)
        if level is None or not _fits(names_of(line.instrument), action.contract):
            continue
        world.account.settle(line.instrument, level)
        gone = PositionEvent(
            account=world.account.account_id,
            instrument=line.instrument,
            quantity=0,
            avg_cost=ZERO,
        )
        faults.gateway.publish([gone])


def _fits(names: frozenset[str], pattern: str) -> bool:
    return any(fnmatchcase(name, pattern) for name in names)


def manual_trade(faults: Faults, action: actions.ManualTrade, _event: Passing | None) -> None:
    """Trade by hand, at the market.

    Raises
    ------
    ConfigError
        If no contract, or more than one, fits: the gateway hangs up.
    """
    world = faults.gateway.world
    listed = world.instruments.matching(ContractQuery(sec_type="OPT", exchange="SMART"))
    found = [each for each in listed if _fits(names_of(each), action.contract)]
    if len(found) != 1:
        text = f"manual_trade: contract {action.contract!r} fits {len(found)}, must fit one"
        raise ConfigError((text,))
    ticket = OrderTicket(
        client_id=0,
        order_id=MANUAL_ORDER_ID,
        account=world.account.account_id,
        instrument=found[0],
        action="BUY" if action.quantity > 0 else "SELL",
        quantity=abs(action.quantity),
        order_type="MKT",
    )
    faults.gateway.publish(world.exchange.submit(ticket, world.now))


def quote(faults: Faults, action: actions.Quote, _event: Passing | None) -> None:
    """Tell quotes oddly."""
    until = None
    if action.seconds is not None:
        until = faults.gateway.world.now + dt.timedelta(seconds=action.seconds)
    odd = OddQuotes(how=action.how, contract=action.contract, until=until)
    faults.state.odd.append(odd)
    faults.gateway.quotes.refresh()


def early_close(faults: Faults, action: actions.EarlyClose, _event: Passing | None) -> None:
    """Tell other hours of a session."""
    closes = None
    if action.at is not None:
        closes = dt.datetime.combine(action.date, action.at, NEW_YORK)
    faults.gateway.world.closes_told[action.date] = closes
