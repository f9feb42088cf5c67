"""What each fault may cause, and for how long: whatever else is told has no explanation.

A row explains only if it struck, not if it was drawn. Three things are judged: what the ledger
tells a person (alerts and incidents), why a run did not come to its end, and whether a person had
to say that the venue is right. The sentences are the judgement of each: why it is so, and why what
the bot does is what an unattended bot should do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from year import Day


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Rows of the catalogue that may cause something.

    Parameters
    ----------
    rows
        Any of which explains it.
    why
        In a sentence.
    later
        Sessions after the one in which the row struck: so long it may still come.
    """

    rows: frozenset[int]
    why: str
    later: int = 0


def _of(*rows: int, why: str, later: int = 0) -> Cause:
    return Cause(rows=frozenset(rows), why=why, later=later)


INCOMPLETE: Final = "STRUCTURE_INCOMPLETE"
SHORT_LEG: Final = f"{INCOMPLETE}: short"
"""An alert to incomplete structures that are short of something: more than the long legs cost."""

ROUTINE: Final = frozenset({"ADOPTED_SHORT", "MINIMUM_HEDGE"})
"""What a person is told whatever goes wrong: in each session while an adopted short is held."""

NEWS: Final[dict[str, tuple[Cause, ...]]] = {
    "CLOCK_SKEW": (_of(53, why="the gateway's clock is five seconds ahead: no entry"),),
    "COMPETING_SESSION": (_of(21, why="one line was silenced: 10197 said so"),),
    "NO_MONEY_MARKET": (
        _of(16, 17, why="no box of SPX options is quoted on both sides: no rate to discount by"),
    ),
    "ORDER_TWINS": (_of(36, why="the venue had an order twice; both were asked to end"),),
    "POSITIONS_ADOPTED": (_of(44, 48, why="a person said that the venue is right", later=1),),
    "POSITION_BREAK": (
        _of(44, why="executions are told for a day: what filled before is seen in the positions"),
        _of(48, why="somebody traded by hand: what is not the bot's is not touched"),
    ),
    "PROTECTION_ABANDONED": (
        _of(24, why="VIX is not one contract, so none of its calls: it is bought the next session"),
        _of(
            16, 18, 19, why="the calls of the VIX have no size, are halted, or come late: no quote"
        ),
        _of(20, 22, 25, why="the calls of the VIX could not be asked for"),
        _of(44, why="the book is locked until a person has looked: no hedge is bought", later=1),
    ),
    "READ_ONLY": (_of(40, why="an order met 321"),),
    "SESSION_DISPUTED": (
        _of(24, 25, why="the hours of the index did not come: unknown hours allow no entry"),
        _of(50, why="the venue closes before the calendar does: no entry"),
    ),
    INCOMPLETE: (
        _of(32, why="a long leg that nobody bids for is tried until it expires", later=40),
    ),
    SHORT_LEG: (
        _of(32, why="two legs of four filled: what completes no structure is closed at once"),
        _of(36, why="both of two orders that close one condor filled: its reverse", later=1),
    ),
}
"""Causes by the code of an alert or the kind of an incident."""

ENDINGS: Final[dict[str, tuple[Cause, ...]]] = {
    "no answer within": (
        _of(10, 35, why="the socket lives and says nothing: the deadline ends the run"),
    ),
    "broker.client_id": (_of(3, why="326: the number is taken, and no other is tried"),),
    "connection lost": (
        _of(7, 9, 14, 42, 43, 44, 64, why="the socket was closed under an order"),
        _of(12, why="a length beyond every message: the bot closes the socket itself"),
    ),
    "no gateway at": (_of(7, 9, why="it takes no connection while it starts again"),),
    "LiveAccountError: ": (_of(15, why="a live account is refused before anything is asked"),),
    "MarketClosedError: ": (_of(44, why="the connection came back on the next day"),),
    "SessionDisputedError: ": (_of(50, why="the venue is closed now, whatever the calendar says"),),
    "synchronisation failed": (_of(2, why="no end of the positions: not flat"),),
}
"""Causes by a part of the text with which a run did not come to its end."""

ADOPTED: Final = (
    _of(44, why="what filled on the day before is told by nobody any more", later=1),
    _of(48, why="somebody traded by hand", later=1),
)
"""Why a person had to say that the venue is right."""


def named(code: str, text: str) -> str:
    """Return what an alert or incident is judged as: its code, told apart where legs are short."""
    short = any(part.startswith("-") for part in text.split(", "))
    return SHORT_LEG if code == INCOMPLETE and short else code


def unexplained(days: Sequence[Day]) -> Iterator[str]:
    """Yield what nothing that struck explains, with its session."""
    for number, day in enumerate(days):
        past = [{*each.hit} for each in reversed(days[: number + 1])]
        for text in _unjudged(day, past):
            yield f"{day.session}: unexplained {text}"


def _unjudged(day: Day, past: Sequence[set[int]]) -> Iterator[str]:
    """Yield what happened in a session without a cause; `past` begins with its own rows."""
    for note in day.notes:
        if note not in ROUTINE and not _explains(NEWS.get(note, ()), past):
            yield note
    for ending in day.endings:
        causes = [each for part, each in ENDINGS.items() if part in ending]
        if not any(_explains(each, past) for each in causes):
            yield ending
    if day.adopted and not _explains(ADOPTED, past):
        yield "adoption by a person"


def _explains(causes: Sequence[Cause], past: Sequence[set[int]]) -> bool:
    """Whether a row of one of the causes struck in the session, or not too long before it."""
    return any(cause.rows & rows for cause in causes for rows in past[: cause.later + 1])
