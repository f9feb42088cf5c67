"""How many messages the gateway takes from one client, and what else a real one rations.

The venue counts 50 messages a second; too many bring error 100, and the third time it hangs up.
The client libraries hold back to 45 a second, but send them in one burst, and the last burst of
one second can meet the first of the next. The allowance is therefore a bucket of twice the rate
that fills up at the rate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a gateway rations.

    Parameters
    ----------
    messages_per_second
        Messages of one client in a second before error 100; 0 is no limit.
    lines
        Market-data lines of one client before error 101.
    tick_latency_seconds
        Real time between a request for market data and its first tick.
    """

    messages_per_second: int
    lines: int
    tick_latency_seconds: float


NO_LIMITS: Final = Limits(messages_per_second=0, lines=100, tick_latency_seconds=0.0)
REAL_LIMITS: Final = Limits(messages_per_second=50, lines=100, tick_latency_seconds=0.5)
"""Those of IB Gateway and TWS; half a second is what the first tick of an option takes there."""

STRIKES = 3
"""Excesses after which the gateway hangs up."""


class MessageAllowance:
    """Messages that one client may still send now.

    Parameters
    ----------
    rate
        Messages a second; 0 allows any number.
    now
        Real time, in seconds of any origin.
    """

    def __init__(self, rate: int, now: float) -> None:
        self._rate = rate
        self._left = 2.0 * rate
        self._at = now
        self.strikes = 0

    def take(self, now: float) -> bool:
        """Count one message at real time `now`; return whether it is within the allowance.

        After an excess the bucket is full again: one burst is one strike.
        """
        if self._rate == 0:
            return True
        self._left = min(2.0 * self._rate, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left >= 1:
            self._left -= 1
            return True
        self.strikes += 1
        self._left = 2.0 * self._rate
        return False

    @property
    def exhausted(self) -> bool:
        """Whether the gateway hangs up now."""
        return self.strikes >= STRIKES
