"""Which function performs which action."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

from bot.simulator.faults import (
    gateway_actions,
    message_actions,
    on_gateway,
    on_messages,
    on_venue,
    venue_actions,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.simulator.faults.action import Action

Performer: TypeAlias = Callable[..., None]
"""Takes the engine, the action, and the message that it meets (``None`` by time alone)."""

PERFORMERS: Final[Mapping[type[Action], Performer]] = MappingProxyType(
    {
        gateway_actions.Accounts: on_gateway.accounts,
        venue_actions.AnswerWhatIf: on_venue.what_if,
        gateway_actions.ClientIdBusy: on_gateway.client_id_busy,
        gateway_actions.ClockSkew: on_gateway.clock_skew,
        gateway_actions.ClosePort: on_gateway.close_port,
        venue_actions.Correct: on_venue.correct,
        message_actions.Corrupt: on_messages.corrupt,
        message_actions.Delay: on_messages.delay,
        gateway_actions.Differ: on_gateway.quirk,
        gateway_actions.Disconnect: on_gateway.disconnect,
        message_actions.Drop: on_messages.drop,
        message_actions.Duplicate: on_messages.duplicate,
        venue_actions.EarlyClose: on_venue.early_close,
        message_actions.Error: on_messages.error,
        message_actions.ExecutionTime: on_messages.execution_time,
        venue_actions.Expire: on_venue.expire,
        gateway_actions.HalfOpen: on_gateway.half_open,
        venue_actions.LateFill: on_venue.late_fill,
        venue_actions.LegFill: on_venue.leg_fill,
        venue_actions.ManualTrade: on_venue.manual_trade,
        gateway_actions.Mute: on_gateway.mute,
        venue_actions.NoFill: on_venue.no_fill,
        venue_actions.PartialFill: on_venue.partial_fill,
        venue_actions.Quote: on_venue.quote,
        gateway_actions.Refuse: on_gateway.refuse,
        message_actions.Reorder: on_messages.reorder,
        message_actions.Replay: on_messages.replay,
        message_actions.Rewrite: on_messages.rewrite,
        gateway_actions.RollBackIds: on_gateway.roll_back_ids,
        gateway_actions.SetUpstream: on_gateway.upstream,
        message_actions.UnsetCommission: on_messages.unset_commission,
        message_actions.WrongId: on_messages.wrong_id,
    }
)
"""Performer by action."""
