"""Actions on one message: lose, hold, repeat or bend it, or tell an error about it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from bot.simulator.connection import error_fields
from bot.simulator.errors import NO_REQUEST
from bot.simulator.faults.codes import CODES
from bot.simulator.faults.conditions import Where
from bot.simulator.faults.message_actions import TimeForm
from bot.simulator.faults.traffic import SENT_ID
from bot.simulator.orders_out import ZONE
from bot.simulator.wire import UNSET, frame

if TYPE_CHECKING:
    from bot.simulator.connection import Connection
    from bot.simulator.faults import message_actions as actions
    from bot.simulator.faults.engine import Faults
    from bot.simulator.faults.traffic import Passing

EXECUTION_TIME: Final = 15
COMMISSION: Final = 3

FORMS: Final = {
    TimeForm.UTC: (ZoneInfo("UTC"), "%Y%m%d-%H:%M:%S"),
    TimeForm.CHICAGO: (ZoneInfo("America/Chicago"), "%Y%m%d %H:%M:%S America/Chicago"),
    TimeForm.BARE: (ZoneInfo(ZONE), "%Y%m%d  %H:%M:%S"),
}
"""Zone and format of each form of an execution's time."""

DAY_AND_TIME: Final = 2
"""Words before the zone in the form in which TWS tells a time."""


def error(faults: Faults, action: actions.Error, event: Passing | None) -> None:
    """Tell an error, to whom it concerns."""
    text = action.text or CODES[action.code]
    if event is None:
        for client in faults.gateway.clients():
            say(client, NO_REQUEST, action.code, text=text)
        return
    if event.where is Where.RECEIVED:
        event.passes = event.passes and action.passes
    event.behind.append(lambda: say(event.client, event.id, action.code, text=text))


def say(client: Connection, req_id: int, code: int, *, text: str) -> None:
    """Tell an error that meets no further faults."""
    client.queue(frame(error_fields(client.version, req_id, code, text=text)))


def drop(_faults: Faults, _action: actions.Drop, event: Passing) -> None:
    """Lose the message."""
    event.passes = False


def delay(faults: Faults, action: actions.Delay, event: Passing) -> None:
    """Hold the message."""
    event.passes = False
    faults.later(
        lambda: _release(faults, event),
        event=event,
        seconds=action.seconds,
        messages=action.messages,
    )


def reorder(faults: Faults, _action: actions.Reorder, event: Passing) -> None:
    """Let the next message overtake."""
    event.passes = False
    faults.later(lambda: _release(faults, event), event=event, messages=1)


def replay(faults: Faults, action: actions.Replay, event: Passing) -> None:
    """Pass the message again."""
    if action.seconds is None and action.messages is None:
        event.behind.append(lambda: _release(faults, event))
        return
    faults.later(
        lambda: _release(faults, event),
        event=event,
        seconds=action.seconds,
        messages=action.messages,
    )


def _release(faults: Faults, event: Passing) -> None:
    """Let a held message arrive, if its client is still there."""
    if event.client in faults.gateway.clients():
        faults.deliver(event)


def corrupt(_faults: Faults, action: actions.Corrupt, event: Passing) -> None:
    """Damage the frame."""
    event.corruption = action.how


def wrong_id(_faults: Faults, action: actions.WrongId, event: Passing) -> None:
    """Tell another id, where the message has one."""
    if event.number in SENT_ID:
        event.values[SENT_ID[event.number]] = str(action.id)


def rewrite(_faults: Faults, action: actions.Rewrite, event: Passing) -> None:
    """Tell other texts; a position that the message does not have stays without effect."""
    for position, text in action.fields.items():
        if int(position) < len(event.values):
            event.values[int(position)] = text


def unset_commission(_faults: Faults, _action: actions.UnsetCommission, event: Passing) -> None:
    """Report no commission."""
    event.values[COMMISSION] = UNSET


def execution_time(_faults: Faults, action: actions.ExecutionTime, event: Passing) -> None:
    """Write the time of an execution in another form; what is not in TWS's own stays as it is."""
    stamp, _, zone = event.values[EXECUTION_TIME].rpartition(" ")
    if len(stamp.split()) != DAY_AND_TIME:
        return
    time = dt.datetime.strptime(stamp, "%Y%m%d %H:%M:%S").replace(tzinfo=ZoneInfo(zone))
    to, form = FORMS[action.form]
    event.values[EXECUTION_TIME] = time.astimezone(to).strftime(form)


def duplicate(faults: Faults, _action: actions.Duplicate, event: Passing) -> None:
    """Place the order once more under the next id."""

    def again() -> None:
        next_id = faults.gateway.world.exchange.next_order_id(event.client.client_id or 0)
        faults.deliver(replace(event, values=[event.values[0], str(next_id), *event.values[2:]]))

    event.behind.append(again)
