"""Actions on connections and on the gateway itself: silence, hang-ups, restarts, clocks."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from bot.simulator.errors import CLIENT_ID_BUSY, CLIENT_ID_BUSY_TEXT, NO_REQUEST
from bot.simulator.faults.codes import CODES
from bot.simulator.faults.gateway_actions import HangUp, Upstream
from bot.simulator.faults.on_messages import say

if TYPE_CHECKING:
    from bot.simulator.connection import Connection
    from bot.simulator.faults import gateway_actions as actions
    from bot.simulator.faults.engine import Faults
    from bot.simulator.faults.traffic import Passing

UPSTREAM_CODES = {Upstream.LOST: 1100, Upstream.DATA_LOST: 1101, Upstream.RESTORED: 1102}


def _concerned(faults: Faults, event: Passing | None) -> tuple[Connection, ...]:
    """Return the client of a message; by time, everybody."""
    return faults.gateway.clients() if event is None else (event.client,)


def mute(faults: Faults, _action: actions.Mute, event: Passing | None) -> None:
    """Tell nothing more."""
    faults.state.mute.update(_concerned(faults, event))


def half_open(faults: Faults, _action: actions.HalfOpen, event: Passing | None) -> None:
    """Neither hear nor tell anything more."""
    faults.state.mute.update(_concerned(faults, event))
    faults.state.deaf.update(_concerned(faults, event))
    if event is not None:
        event.passes = False


def disconnect(faults: Faults, action: actions.Disconnect, event: Passing | None) -> None:
    """Hang up, and let the world go on without those who were connected."""

    def hang_up() -> None:
        for client in _concerned(faults, event):
            (client.reset if action.how is HangUp.RST else client.close)()
        if action.seconds:
            now = faults.gateway.world.now
            faults.advance(now + dt.timedelta(seconds=action.seconds))

    if event is None:
        hang_up()
        return
    event.passes = event.passes and action.passes
    event.behind.append(hang_up)


def refuse(faults: Faults, action: actions.Refuse, _event: Passing | None) -> None:
    """Reset the next connections."""
    faults.state.refuse += action.connections


def close_port(faults: Faults, action: actions.ClosePort, _event: Passing | None) -> None:
    """Stop listening for a while of real time."""
    faults.gateway.close_port(action.seconds)


def client_id_busy(_faults: Faults, _action: actions.ClientIdBusy, event: Passing) -> None:
    """Say that the client id is in use, and hang up."""
    event.passes = False
    say(event.client, NO_REQUEST, CLIENT_ID_BUSY, text=CLIENT_ID_BUSY_TEXT)
    event.client.close()


def accounts(faults: Faults, action: actions.Accounts, _event: Passing | None) -> None:
    """Offer other accounts."""
    faults.gateway.offered = action.ids


def quirk(faults: Faults, action: actions.Differ, _event: Passing | None) -> None:
    """Let the gateway differ in one more way."""
    faults.gateway.differ(action.name)


def roll_back_ids(faults: Faults, _action: actions.RollBackIds, _event: Passing | None) -> None:
    """Forget which order ids were used."""
    faults.gateway.world.exchange.roll_back_order_ids()


def upstream(faults: Faults, action: actions.SetUpstream, _event: Passing | None) -> None:
    """Lose or restore the line to the broker."""
    code = UPSTREAM_CODES[action.state]
    quotes = faults.gateway.quotes
    quotes.paused = action.state is Upstream.LOST
    for client in faults.gateway.clients():
        if action.state is Upstream.DATA_LOST:
            quotes.forget(client)
        say(client, NO_REQUEST, code, text=CODES[code])
    quotes.refresh()


def clock_skew(faults: Faults, action: actions.ClockSkew, _event: Passing | None) -> None:
    """Set the gateway's clock ahead, or behind."""
    faults.gateway.clock_skew = dt.timedelta(seconds=action.seconds)
