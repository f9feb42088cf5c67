"""The kill switch: what may be sent, as the file says at this moment.

A person must be able to stop the bot with any editor, at any time, also with a mistake. So
the file is read on every call, and whatever cannot be read as permission is a halt: a file
that is missing, unreadable, cut short or at fault in any key, and a state that is not there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.config import parse_settings, read_file
from bot.core.book import TradingState
from bot.core.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class KillSwitchReading:
    """One reading of the kill switch.

    Parameters
    ----------
    state
        What may be sent; ``halt`` when the file is at fault.
    reason
        What the person wrote; empty when the file is at fault.
    fault
        Every fault of the file, one on a line, or ``None``.
    keep_hedge
        Whether ``flatten`` keeps the VIX calls.
    """

    state: TradingState
    reason: str
    fault: str | None = None
    keep_hedge: bool = True


class KillSwitch:
    """Reader of ``[kill_switch]`` in ``config/steward.toml``.

    The bytes are read on every call, some 20 microseconds, and parsed only when they differ:
    no edit goes unseen, whatever an editor does to the file's time, size or inode.

    Parameters
    ----------
    path
        The configuration file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._content: bytes | None = None
        self._reading = halted("not yet read")

    def read(self) -> KillSwitchReading:
        """Read the file as it is now; a fault of the file is a halt, never an exception."""
        try:
            content = read_file(self._path)
        except ConfigError as error:
            return halted(str(error))
        if content != self._content:
            self._reading = _parse(content, self._path)
            self._content = content
        return self._reading


def _parse(content: bytes, path: Path) -> KillSwitchReading:
    try:
        switch = parse_settings(content, path).kill_switch
    except ConfigError as error:
        return halted(str(error))
    return KillSwitchReading(state=switch.state, reason=switch.reason, keep_hedge=switch.keep_hedge)


def halted(fault: str) -> KillSwitchReading:
    """Return the reading of a switch that something else has thrown."""
    return KillSwitchReading(state=TradingState.HALT, reason="", fault=fault)
