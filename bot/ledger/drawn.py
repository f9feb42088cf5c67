"""What a chart draws of the whole past: a bounded number of points, whatever the age.

The newest `RECENT` sessions are drawn one by one. Of those before them `OLDER` are, at equal
distances, and the ends of the deepest falls besides: a chart of thirty years has as many points as
one of three, and its lowest point is the lowest there was.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from bot.core.course import CourseSoFar
from bot.core.errors import LedgerError
from bot.core.mark import Mark
from bot.ledger.codec import decode
from bot.ledger.mark_rows import MARK_COLUMNS, read_mark
from bot.ledger.text import optional_decimal

if TYPE_CHECKING:
    from bot.core.model import Session
    from bot.ledger.connection import Connection

RECENT: Final = 252
OLDER: Final = 250
NEVER: Final = "9999"


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnMark:
    """A mark with the highest values of book and shadow up to it, ``None`` while unknown."""

    mark: Mark
    book_high_usd: Decimal | None
    shadow_high_usd: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """The marks that charts draw, oldest first.

    Parameters
    ----------
    marks
        Each with its running highs.
    capital
        Day and value in USD from which book and shadow start; ``None`` while unknown.
    note
        What was left out, as a sentence; empty when nothing was.
    """

    marks: tuple[DrawnMark, ...] = ()
    capital: tuple[dt.date, Decimal] | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostSoFar:
    """What execution has cost up to a session, against the mids of the decisions, in USD.

    `known` of `orders` have a shortfall; `usd` is their sum.
    """

    session: dt.date
    orders: int
    known: int
    usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnCosts:
    """The sessions that the chart of costs draws, oldest first; see `Drawn`."""

    costs: tuple[CostSoFar, ...] = ()
    note: str = ""


def numbers(last: int) -> list[int]:
    """Return which of the sessions 1 to `last` are drawn, in order."""
    older = last - RECENT
    if older <= OLDER:
        return list(range(1, last + 1))
    thinned = [1 + place * (older - 1) // (OLDER - 1) for place in range(OLDER)]
    return [*thinned, *range(older + 1, last + 1)]


def course_at(ledger: Connection, until: Session | None = None) -> CourseSoFar | None:
    """Return the course after the newest mark, or after the last one up to a session.

    Raises
    ------
    LedgerError
        The ledger has that mark, and not the course after it.
    """
    last = NEVER if until is None else until.isoformat()
    marked = ledger.value("SELECT max(session) FROM marks WHERE session <= ?", (last,))
    if marked is None:
        return None
    body = ledger.value("SELECT body FROM courses WHERE session = ?", (marked,))
    if body is None:
        raise LedgerError(
            f"{ledger.path}: the totals lack session {marked}; `steward check` makes them anew"
        )
    return decode(body, CourseSoFar)


def last_marks(ledger: Connection, until: Session, count: int) -> tuple[Mark, ...]:
    """Return the last `count` marks up to a session, oldest first."""
    rows = ledger.rows(
        f"SELECT {MARK_COLUMNS} FROM marks WHERE session <= ? ORDER BY session DESC LIMIT ?",  # noqa: S608 - names of ours
        (until.isoformat(), count),
    )
    return tuple(read_mark(row) for row in reversed(rows))


def drawn_marks(ledger: Connection, until: Session | None = None) -> Drawn:
    """Return what charts draw of all marks, or of those up to a session.

    Raises
    ------
    LedgerError
        Totals are missing.
    """
    course = course_at(ledger, until)
    if course is None:
        return Drawn()
    rows = ledger.rows(
        f"SELECT {MARK_COLUMNS}, book_high_usd, shadow_high_usd "  # noqa: S608 - names of ours
        "FROM courses JOIN marks USING (session) WHERE number IN (SELECT value FROM json_each(?) "
        "UNION SELECT number FROM courses WHERE session IN (SELECT value FROM json_each(?))) "
        "ORDER BY number",
        (json.dumps(numbers(course.marks)), json.dumps(_turns(course))),
    )
    marks = tuple(
        DrawnMark(
            mark=read_mark(row),
            book_high_usd=optional_decimal(row["book_high_usd"]),
            shadow_high_usd=optional_decimal(row["shadow_high_usd"]),
        )
        for row in rows
    )
    known = course.capital_usd
    return Drawn(
        marks=marks,
        capital=None if known is None else (course.inception, known),
        note=_note(course.marks, [each.mark.session for each in marks]),
    )


def drawn_costs(ledger: Connection) -> DrawnCosts:
    """Return what the chart of costs draws; orders without a mid are in no sum."""
    last = ledger.value("SELECT max(number) FROM execution_costs") or 0
    rows = ledger.rows(
        "SELECT * FROM execution_costs WHERE number IN (SELECT value FROM json_each(?)) "
        "ORDER BY number",
        (json.dumps(numbers(last)),),
    )
    costs = tuple(
        CostSoFar(
            session=dt.date.fromisoformat(row["session"]),
            orders=row["orders"],
            known=row["known"],
            usd=Decimal(row["usd"]),
        )
        for row in rows
    )
    return DrawnCosts(costs=costs, note=_note(last, [each.session for each in costs]))


def _turns(course: CourseSoFar) -> list[str]:
    """Return the sessions at the ends of the deepest falls."""
    series = [each for each in (course.book, course.shadow) if each is not None]
    days = (day for each in series for day in (each.peak, each.trough, each.recovered))
    return [day.isoformat() for day in days if day is not None]


def _note(last: int, drawn: list[dt.date]) -> str:
    older = last - RECENT
    if older <= OLDER:
        return ""
    return f" Of the {older} sessions before {drawn[-RECENT]}, {OLDER} are drawn."
