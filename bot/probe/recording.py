"""Keeps what passes the wire, and hides whose it is before it is written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bot.broker.client import library_name
from bot.clock import WallClock
from bot.data.wire_recording import Sender, WireMessage, WireRecording

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

MANAGED_ACCOUNTS: Final = "15"
ACCOUNT: Final = re.compile(r"\b(?:D?[UFI])\d{4,}\b")
"""What an account id looks like: U, F or I and digits, with a D in front on paper."""


class Recorder:
    """Hears the wire; give `hear` to the connection as its tap."""

    def __init__(self) -> None:
        self._clock = WallClock()
        self._start = self._clock.now()
        self.messages: list[WireMessage] = []

    def hear(self, sender: Sender, fields: Sequence[str]) -> None:
        """Keep one message."""
        at = (self._clock.now() - self._start).total_seconds()
        self.messages.append(WireMessage(at=at, sender=sender, fields=tuple(fields)))

    def gateway_since(self, first: int) -> list[WireMessage]:
        """Return what the gateway said since message `first`."""
        return [each for each in self.messages[first:] if each.sender is Sender.GATEWAY]

    def recording(
        self, *, server_version: int, at: dt.datetime, words: Iterable[str]
    ) -> WireRecording:
        """Return what was heard, redacted; `words` are hidden wherever they stand."""
        return WireRecording(
            library=library_name(),
            server_version=server_version,
            recorded_at=at,
            messages=redacted(self.messages, words),
        )


def redacted(messages: Sequence[WireMessage], words: Iterable[str]) -> tuple[WireMessage, ...]:
    """Return `messages` without account ids and without `words`.

    The accounts that the gateway offers become ``DU0000001`` and so on, in their order; what
    else looks like an account id is numbered behind them. Each word becomes ``redacted``.
    """
    names = _names(messages)
    longest_first = sorted(filter(None, words), key=len, reverse=True)
    hidden = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")

    def clean(text: str) -> str:
        replaced = ACCOUNT.sub(lambda found: _name_of(names, found.group()), text)
        return hidden.sub("redacted", replaced)

    return tuple(
        WireMessage(
            at=message.at,
            sender=message.sender,
            fields=(message.fields[0], *map(clean, message.fields[1:])),
        )
        for message in messages
    )


def _names(messages: Sequence[WireMessage]) -> dict[str, str]:
    names: dict[str, str] = {}
    for message in messages:
        if message.sender is Sender.GATEWAY and message.fields[0] == MANAGED_ACCOUNTS:
            for account in filter(None, message.fields[2].split(",")):
                _name_of(names, account)
    return names


def _name_of(names: dict[str, str], account: str) -> str:
    return names.setdefault(account, f"DU{len(names) + 1:07d}")
