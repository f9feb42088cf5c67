"""What the gateway says of its own lines: to the broker, and to the farms of market data.

The socket stays up through all of it, and the client library does nothing about it:

========  ==============================================  ===============================
code      says                                            required of the bot
========  ==============================================  ===============================
1100      the line to the broker is lost                  stop sends, keep taking fills
2110      the same, in the words of TWS                   the same
1101      restored, subscriptions are lost                subscribe again, reconcile
1102      restored, subscriptions are kept                sweep: fills may have been missed
2103,     a farm of market data, history or definitions   its data is stale: no new risk
2105,     is broken
2157
2104,     that farm is well again, or idle until it is
2106-8,   asked
2158
321       with "Read-Only": the API takes no orders, and  send nothing more, alert
          may list none to the connection
========  ==============================================  ===============================
"""

from __future__ import annotations

from typing import Final

LOST: Final = frozenset({1100, 2110})
RESTORED_WITHOUT_DATA: Final = 1101
RESTORED: Final = 1102
FARM_BROKEN: Final = frozenset({2103, 2105, 2157})
REFUSED: Final = 321
FARM_WELL: Final = frozenset({2104, 2106, 2107, 2108, 2158})


class Upstream:
    """State of the gateway's lines, from its messages in their order."""

    def __init__(self) -> None:
        self.is_lost = False
        self.is_read_only = False
        """Whether the gateway has refused something because its API takes no orders."""
        self.restorations = 0
        """How often the line came back, in either way."""
        self.data_losses = 0
        """How often it came back without the subscriptions."""
        self._broken_farms: dict[str, int] = {}

    def hear(self, code: int, text: str) -> bool:
        """Take note of one message; return whether it is news.

        Each connection is greeted with every farm that is well: if none was broken, that is none.
        """
        farm = text.rpartition(":")[2].strip()
        if code in FARM_WELL:
            return self._broken_farms.pop(farm, None) is not None
        if code in LOST:
            self.is_lost = True
        elif code in {RESTORED, RESTORED_WITHOUT_DATA}:
            self.is_lost = False
            self.restorations += 1
            self.data_losses += code == RESTORED_WITHOUT_DATA
        elif code == REFUSED:
            self.is_read_only |= "read-only" in text.lower()
        elif code in FARM_BROKEN:
            self._broken_farms[farm] = code
        return True

    def no_send(self) -> str | None:
        """Return why nothing can be sent, or ``None``."""
        if self.is_read_only:
            return "READ_ONLY: the gateway's API takes no orders (321); untick Read-Only API there"
        return "UPSTREAM_LOST: the gateway has lost the broker (1100)" if self.is_lost else None

    def stale(self) -> str | None:
        """Return why no new risk may be taken on what is quoted, or ``None``."""
        if not self._broken_farms:
            return None
        farms = ", ".join(f"{farm} ({code})" for farm, code in sorted(self._broken_farms.items()))
        return f"DATA_STALE: broken farms: {farms}"
