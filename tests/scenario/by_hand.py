"""What a person does beside the bot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.simulator.exchange import OrderTicket

if TYPE_CHECKING:
    from harness import Stage


def trade_by_hand(found: Stage, con_id: int, quantity: int) -> None:
    """Trade at the market as a person would in TWS: no reference, no client."""
    world = found.gateway.world
    ticket = OrderTicket(
        client_id=0,
        order_id=-1,
        account="DU1234567",
        instrument=world.instruments.by_con_id(con_id),
        legs=(),
        action="BUY" if quantity > 0 else "SELL",
        quantity=abs(quantity),
        order_type="MKT",
        limit_price=None,
        tif="DAY",
        order_ref="",
        transmit=True,
        what_if=False,
        raw={},
    )
    world.exchange.submit(ticket, world.now)
    world.exchange.advance(world.now)
