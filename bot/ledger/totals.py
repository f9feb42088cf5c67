"""Totals over the whole past, each kept in the transaction that changes what it totals.

- ``courses``: the state of ``bot.core.course`` after each mark.
- ``switch_readings``: how often the kill switch had been found changed by each session.
- ``execution_costs``: what execution had cost by the end of each session.
- ``structure_totals``: number, cash and commissions of the structures by kind, slot and state.

So no session and no page reads every row of the past. The first three have a row for each session
with the figure *up to* it: what is told of an older session needs no other reading, and a session
that is written again carries all later rows with it.

A total follows from rows, and the rows are the facts. `faults` reckons every total anew and names
those that differ: after the first session of a week (``bot.backup``) and in ``steward check``. One
that differs is an incident, and is made again from the rows; until then it is used. A reader raises
where the course after a mark is missing; of the other totals the check alone tells what is missing.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from bot.core.course import CourseSoFar, advanced
from bot.core.errors import LedgerError
from bot.ledger.codec import decode, encode
from bot.ledger.mark_rows import MARK_COLUMNS, read_mark
from bot.ledger.queries import USD_PER_POINT
from bot.ledger.text import optional_decimal_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator

    from bot.core.mark import Mark

    Row: TypeAlias = tuple[Any, ...]

FIRST: Final = ""
"""Before every session: text dates sort behind it."""


def marks_noted(database: sqlite3.Connection, since: str) -> None:
    """Carry the courses on from the marks of session `since`; anew where one before is missing."""
    marked, carried = database.execute(
        "SELECT (SELECT max(session) FROM marks WHERE session < ?1), "
        "(SELECT max(session) FROM courses WHERE session < ?1)",
        (since,),
    ).fetchone()
    start = since if marked == carried else FIRST
    _replaced(database, "courses", start, _courses(database, start))


def switch_noted(database: sqlite3.Connection, since: str) -> None:
    """Carry the changes of the kill switch on from what session `since` has met."""
    _replaced(database, "switch_readings", since, _switch_readings(database, since))


def costs_noted(database: sqlite3.Connection, since: str) -> None:
    """Carry the cost of execution on from what session `since` has measured."""
    _replaced(database, "execution_costs", since, _execution_costs(database, since))


def structure_noted(database: sqlite3.Connection, structure_id: str, *, sign: int) -> None:
    """Take a structure out of its total (`sign` -1, before a change) or into it (+1, after)."""
    row = database.execute(
        "SELECT kind, slot, state, cash_usd, commissions_usd FROM structures "
        "WHERE structure_id = ?",
        (structure_id,),
    ).fetchone()
    if row is None:
        return
    kind, slot, state, cash, commissions = row
    known = database.execute(
        "SELECT structures, gains, cash_usd, commissions_usd FROM structure_totals "
        "WHERE kind = ? AND slot = ? AND state = ?",
        (kind, slot, state),
    ).fetchone() or (0, 0, "0", "0")
    database.execute(
        "INSERT OR REPLACE INTO structure_totals VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            kind,
            slot,
            state,
            known[0] + sign,
            known[1] + sign * (Decimal(cash) > 0),
            str(Decimal(known[2]) + sign * Decimal(cash)),
            str(Decimal(known[3]) + sign * Decimal(commissions)),
        ),
    )
    database.execute("DELETE FROM structure_totals WHERE structures = 0")


def rebuild(database: sqlite3.Connection) -> None:
    """Make every total anew from its rows; within a transaction of the caller.

    Raises
    ------
    LedgerError
        A row holds what is no amount.
    """
    for table in _RECKONED:
        _replaced(database, table, FIRST, _reckoned(database, table))


def faults(database: sqlite3.Connection) -> tuple[str, ...]:
    """Name the totals that are not what their rows come to; one line for each kind of total.

    Raises
    ------
    LedgerError
        A row holds what is no amount.
    """
    found = []
    for table in _RECKONED:
        kept = {row[: _KEYS[table]]: row for row in map(tuple, _kept(database, table))}
        right = {row[: _KEYS[table]]: row for row in _reckoned(database, table)}
        wrong = sorted(
            key for key in kept.keys() | right.keys() if not _same(kept.get(key), right.get(key))
        )
        if wrong:
            which = " ".join(map(str, wrong[0]))
            found.append(f"{table}: {len(wrong)} of {len(right)} rows differ, the first {which}")
    return tuple(found)


def _reckoned(database: sqlite3.Connection, table: str) -> list[Row]:
    """Reckon a kind of total from all its rows."""
    try:
        return list(_RECKONED[table](database))
    except (ArithmeticError, TypeError, ValueError) as fault:
        raise LedgerError(f"{table}: cannot be reckoned from their rows: {fault!r}") from fault


def _kept(database: sqlite3.Connection, table: str) -> sqlite3.Cursor:
    return database.execute(f"SELECT * FROM {table}")  # noqa: S608 - a name of ours


def _same(kept: Row | None, right: Row | None) -> bool:
    """Whether two rows are there and say the same."""
    if kept is None or right is None:
        return False
    return list(map(_amount, kept)) == list(map(_amount, right))


def _amount(cell: Any) -> Any:  # noqa: ANN401 - any column
    """Return a cell, as a number where it is one: 1.50 is 1.5."""
    try:
        return Decimal(cell)
    except (ArithmeticError, TypeError, ValueError):
        return cell


def _replaced(database: sqlite3.Connection, table: str, since: str, rows: Iterable[Row]) -> None:
    """Put `rows` in the place of those from `since` on."""
    made = list(rows)
    where = "WHERE session >= ?" if table != "structure_totals" else "WHERE kind >= ?"
    database.execute(f"DELETE FROM {table} {where}", (since,))  # noqa: S608 - names of ours
    if made:
        marks = ", ".join("?" * len(made[0]))
        database.executemany(f"INSERT INTO {table} VALUES ({marks})", made)  # noqa: S608 - names of ours


def _last_before(database: sqlite3.Connection, table: str, since: str) -> Row | None:
    row = database.execute(
        f"SELECT * FROM {table} WHERE session < ? ORDER BY session DESC LIMIT 1",  # noqa: S608 - a name of ours
        (since,),
    ).fetchone()
    return None if row is None else tuple(row)


def _courses(database: sqlite3.Connection, since: str = FIRST) -> Iterator[Row]:
    before = _last_before(database, "courses", since)
    so_far = None if before is None else decode(before[-1], CourseSoFar)
    for mark in _marks(database, "session >= ?", since):
        so_far = advanced(so_far, mark, past=_past(database, mark))
        yield (
            mark.session.isoformat(),
            so_far.marks,
            optional_decimal_text(so_far.book.high_usd if so_far.book else None),
            optional_decimal_text(so_far.shadow.high_usd if so_far.shadow else None),
            encode(so_far, CourseSoFar),
        )


def _past(database: sqlite3.Connection, mark: Mark) -> Callable[[], list[Mark]]:
    return lambda: _marks(database, "session <= ?", mark.session.isoformat())


def _marks(database: sqlite3.Connection, where: str, session: str) -> list[Mark]:
    query = f"SELECT {MARK_COLUMNS} FROM marks WHERE {where} ORDER BY session"  # noqa: S608 - names of ours
    return [read_mark(row) for row in database.execute(query, (session,))]


def _switch_readings(database: sqlite3.Connection, since: str = FIRST) -> Iterator[Row]:
    before = _last_before(database, "switch_readings", since)
    _, state, changes = before or (None, "active", 0)
    found = database.execute(
        "SELECT session, json_extract(phases.detail, '$.kill_switch') AS state "
        "FROM sessions JOIN phases ON sessions.id = phases.session_id "
        "WHERE phase = 'preflight' AND dry = 0 AND session >= ? AND state IS NOT NULL "
        "ORDER BY session",
        (since,),
    ).fetchall()
    for session, now in found:
        changes += now != state
        state = now
        yield session, state, changes


def _execution_costs(database: sqlite3.Connection, since: str = FIRST) -> Iterator[Row]:
    before = _last_before(database, "execution_costs", since)
    _, number, orders, known, usd = before or (None, 0, 0, 0, "0")
    total = Decimal(usd)
    rows = database.execute(
        "SELECT session, quantity, shortfall FROM quality WHERE leg = '' AND session >= ? "
        "ORDER BY session",
        (since,),
    ).fetchall()
    for session, mine in groupby(rows, key=itemgetter(0)):
        number += 1
        for _, quantity, shortfall in mine:
            orders += 1
            if shortfall is not None:
                known += 1
                total += quantity * Decimal(shortfall) * USD_PER_POINT
        yield session, number, orders, known, str(total)


def _structure_totals(database: sqlite3.Connection) -> Iterator[Row]:
    rows = database.execute(
        "SELECT kind, slot, state, cash_usd, commissions_usd FROM structures "
        "ORDER BY kind, slot, state"
    ).fetchall()
    for key, mine in groupby(map(tuple, rows), key=itemgetter(0, 1, 2)):
        cells = list(mine)
        amounts = [Decimal(row[3]) for row in cells]
        commissions = sum((Decimal(row[4]) for row in cells), Decimal(0))
        gains = sum(amount > 0 for amount in amounts)
        yield *key, len(cells), gains, str(sum(amounts, Decimal(0))), str(commissions)


_RECKONED: Final[dict[str, Callable[[sqlite3.Connection], Iterator[Row]]]] = {
    "courses": _courses,
    "switch_readings": _switch_readings,
    "execution_costs": _execution_costs,
    "structure_totals": _structure_totals,
}
TOTALS: Final = frozenset(_RECKONED)
"""The tables of totals."""

_KEYS: Final = {"courses": 1, "switch_readings": 1, "execution_costs": 1, "structure_totals": 3}
"""How many columns of a row name it."""
