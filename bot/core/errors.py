"""Faults that stop an act. Decisions that say no are values (``Verdict``), never exceptions.

Every message carries the name of the thing, the value received and the bound or the remedy.
"""

from __future__ import annotations


class StewardError(Exception):
    """Base of every fault this program raises on purpose."""


class ConfigError(StewardError):
    """One or more faults in a configuration file, all of them listed.

    Parameters
    ----------
    faults
        One line for each fault: file, key, value, bound.
    """

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class GatewayUnavailableError(StewardError):
    """The gateway cannot be reached, or does not answer within its deadline."""


class DamagedAnswerError(GatewayUnavailableError):
    """A message of an answer could not be decoded: what it told of is unknown, not absent."""


class LiveAccountError(StewardError):
    """The account offered by the gateway is not the configured paper account."""


class UnsynchronisedError(StewardError):
    """The broker's state is unknown; unknown is neither flat nor filled."""


class MarketClosedError(UnsynchronisedError):
    """The session is not open now: there is nothing to observe, and nothing is begun."""


class SessionDisputedError(StewardError):
    """The calendar says that there is trading now, the broker says that there is none."""


class AdoptionRefusedError(StewardError):
    """A person wants to accept the broker's positions, and that cannot be done as things are."""


class LedgerError(StewardError):
    """The ledger cannot be read or written; nothing may be sent."""


class DamagedLedgerError(LedgerError):
    """The ledger's file is not what SQLite wrote; a backup has to be restored."""


class NotInLedgerError(LedgerError):
    """What was asked for is not there: a session, a ledger at all, or one of this version."""


class MarketDataError(StewardError):
    """A request for market data failed in a way that is not merely *unknown*."""


class RecordedDataError(StewardError):
    """A recorded chain or history file is missing, corrupt or half-written."""


class CalendarError(StewardError):
    """A date is no session, or lies outside the table of sessions that was passed in."""


class EvidenceError(StewardError):
    """Evidence cannot be made: a worker, a cluster, or data or code that is not the same."""
