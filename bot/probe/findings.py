"""What came of testing one assumption."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """What is known of an assumption after the probe."""

    HOLDS = "holds"
    DIFFERS = "differs"
    NOT_PERMITTED = "not permitted"
    """A subscription or a setting of the gateway is missing."""
    NOT_TESTED = "not tested"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Status of one assumption, and what was seen."""

    status: Status
    text: str


def holds(text: str) -> Finding:
    """Return that it was seen to be so."""
    return Finding(status=Status.HOLDS, text=text)


def differs(text: str) -> Finding:
    """Return that it was seen to be otherwise."""
    return Finding(status=Status.DIFFERS, text=text)


def not_permitted(text: str) -> Finding:
    """Return that the gateway or the account does not allow it."""
    return Finding(status=Status.NOT_PERMITTED, text=text)


def not_tested(reason: str) -> Finding:
    """Return why nothing was seen."""
    return Finding(status=Status.NOT_TESTED, text=reason)
