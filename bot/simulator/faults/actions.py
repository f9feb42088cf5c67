"""All actions by the words of a script, and those that can strike at random."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from bot.simulator.faults import gateway_actions, message_actions, venue_actions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.simulator.faults.action import Action

ACTIONS: Final[Mapping[str, type[Action]]] = MappingProxyType(
    {
        "accounts": gateway_actions.Accounts,
        "client_id_busy": gateway_actions.ClientIdBusy,
        "clock_skew": gateway_actions.ClockSkew,
        "close_port": gateway_actions.ClosePort,
        "correct": venue_actions.Correct,
        "corrupt": message_actions.Corrupt,
        "delay": message_actions.Delay,
        "disconnect": gateway_actions.Disconnect,
        "drop": message_actions.Drop,
        "duplicate": message_actions.Duplicate,
        "early_close": venue_actions.EarlyClose,
        "error": message_actions.Error,
        "execution_time": message_actions.ExecutionTime,
        "expire": venue_actions.Expire,
        "half_open": gateway_actions.HalfOpen,
        "late_fill": venue_actions.LateFill,
        "leg_fill": venue_actions.LegFill,
        "manual_trade": venue_actions.ManualTrade,
        "mute": gateway_actions.Mute,
        "no_fill": venue_actions.NoFill,
        "partial_fill": venue_actions.PartialFill,
        "quirk": gateway_actions.Differ,
        "quote": venue_actions.Quote,
        "refuse": gateway_actions.Refuse,
        "reorder": message_actions.Reorder,
        "replay": message_actions.Replay,
        "rewrite": message_actions.Rewrite,
        "roll_back_ids": gateway_actions.RollBackIds,
        "unset_commission": message_actions.UnsetCommission,
        "upstream": gateway_actions.SetUpstream,
        "what_if": venue_actions.AnswerWhatIf,
        "wrong_id": message_actions.WrongId,
    }
)
"""Action by its word in a script."""

RANDOM: Final[Mapping[str, Action]] = MappingProxyType(
    {
        "corrupt": message_actions.Corrupt(how=message_actions.Corruption.FIELD),
        "delay": message_actions.Delay(seconds=10.0),
        "disconnect": gateway_actions.Disconnect(how=gateway_actions.HangUp.EOF),
        "drop": message_actions.Drop(),
        "half_open": gateway_actions.HalfOpen(),
        "mute": gateway_actions.Mute(),
        "reorder": message_actions.Reorder(),
        "replay": message_actions.Replay(),
        "truncate": message_actions.Corrupt(how=message_actions.Corruption.TRUNCATED),
    }
)
"""What can strike at random, with its parameters."""
