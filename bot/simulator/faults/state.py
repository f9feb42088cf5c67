"""What faults leave behind that lasts: connections without a voice, odd quotes, refusals."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from bot.simulator.connection import Connection
from bot.simulator.faults.traffic import names_of
from bot.simulator.oddities import Oddity

if TYPE_CHECKING:
    from bot.simulator.instruments import Instrument


@dataclass(frozen=True, slots=True, kw_only=True)
class OddQuotes:
    """Quotes of some contracts that are told oddly; `until` ``None`` is to the end."""

    how: Oddity
    contract: str
    until: dt.datetime | None


@dataclass(slots=True)
class State:
    """Lasting faults of one gateway."""

    mute: set[Connection] = field(default_factory=set)
    """Who is told nothing more."""
    deaf: set[Connection] = field(default_factory=set)
    """Who is not heard any more."""
    refuse: int = 0
    """Connections that are still to be reset."""
    odd: list[OddQuotes] = field(default_factory=list)

    def forget(self, client: Connection) -> None:
        """Forget a connection that is gone."""
        self.mute.discard(client)
        self.deaf.discard(client)

    def start_day(self, now: dt.datetime) -> None:
        """Forget what was odd for a time that is over."""
        self.odd = [each for each in self.odd if each.until is None or now < each.until]

    def oddities(self, instrument: Instrument, now: dt.datetime) -> frozenset[Oddity]:
        """Return what is odd about the quotes of `instrument` at `now`."""
        lasting = [each for each in self.odd if each.until is None or now < each.until]
        names = names_of(instrument) if lasting else ()
        return frozenset(
            each.how for each in lasting if any(fnmatchcase(n, each.contract) for n in names)
        )
