"""Old snapshots: those of sessions that traded are kept whole for ever, others are thinned.

A snapshot is *judged* once it is old enough to be packed, and for good:

- ``kept``: of a session that planned or committed an order, held anything or settled anything,
  and of one of which that cannot be told. It stays whole, so that its decision can be explained
  and made again for ever, and is *packed* with its neighbours, which loses nothing.
- ``spare``: of any other session, or of a dry run, whose orders exist nowhere. It stays whole for
  a year (by default) and is then *thinned*: levels, VX curve and rate stay; bars, breadth, chains,
  calendar and events go. The decision with every verdict and signal, and the book, stay.

A snapshot that cannot be read stays as it is and is named; the others go on.

Each step is one transaction and may be the last one for the day: what is left is done after the
next session. The room is free for what comes next in the same file, which is not made smaller: a
session needs more than a thinned one gives, so that nothing would be won by moving pages about.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from bot.core.book import Book
from bot.core.decision import Decision
from bot.core.errors import LedgerError
from bot.core.model import EventTable, MarketSnapshot
from bot.ledger.codec import inflate, pack, unpack
from bot.ledger.packs import pack_together
from bot.ledger.text import time_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.ledger.connection import Connection, Row

PACK: Final = 20
"""Snapshots in a pack: 1.5 kB each; twice as many would take 1.1 kB, and twice as long to read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How old snapshots become.

    Parameters
    ----------
    today
        Session from which their age is counted.
    pack_days, thin_days
        Calendar days after which they are judged and packed, and after which they are thinned.
    at_once
        Most that are judged, packed or thinned at a time.
    """

    today: dt.date
    pack_days: int
    thin_days: int
    at_once: int

    @property
    def packs_before(self) -> str:
        """First session that is too young to be judged or packed."""
        return (self.today - dt.timedelta(days=self.pack_days)).isoformat()

    @property
    def thins_before(self) -> str:
        """First session that is too young to be thinned."""
        return (self.today - dt.timedelta(days=self.thin_days)).isoformat()


@dataclass(frozen=True, slots=True, kw_only=True)
class Thinned:
    """What was done: how many snapshots, how many bytes they take up less, which are damaged."""

    packed: int = 0
    thinned: int = 0
    freed_bytes: int = 0
    unreadable: tuple[str, ...] = ()

    def __add__(self, other: Thinned) -> Thinned:
        """Return both together."""
        return Thinned(
            packed=self.packed + other.packed,
            thinned=self.thinned + other.thinned,
            freed_bytes=self.freed_bytes + other.freed_bytes,
            unreadable=tuple(dict.fromkeys(self.unreadable + other.unreadable)),
        )


def thin(ledger: Connection, terms: Terms, *, at: dt.datetime) -> Thinned:
    """Judge, pack and thin what is old enough, as far as one day's work goes; note what was done.

    Raises
    ------
    LedgerError
        The ledger cannot be read or written; every step before it is kept.
    """
    judge(ledger, terms)
    done = _thin_spare(ledger, terms)
    for _ in range(max(1, terms.at_once // PACK)):
        done += _pack_kept(ledger, terms)
    if done.packed or done.thinned:
        with ledger.writing("what was thinned") as database:
            database.execute(
                "INSERT INTO thinnings (session, at, packed, thinned, freed_bytes) "
                "VALUES (?, ?, ?, ?, ?)",
                (
                    terms.today.isoformat(),
                    time_text(at),
                    done.packed,
                    done.thinned,
                    done.freed_bytes,
                ),
            )
    return done


def judge(ledger: Connection, terms: Terms) -> None:
    """Say of the oldest snapshots of which it is not said yet whether they stay whole."""
    rows = ledger.rows(
        "SELECT id, session, dry FROM snapshots WHERE retention IS NULL AND session < ? "
        "ORDER BY session LIMIT ?",
        (terms.packs_before, terms.at_once),
    )
    judged = [("kept" if stays_whole(ledger, row) else "spare", row["id"]) for row in rows]
    if judged:
        with ledger.writing("which snapshots are kept") as database:
            database.executemany("UPDATE snapshots SET retention = ? WHERE id = ?", judged)


def stays_whole(ledger: Connection, snapshot: Row) -> bool:
    """Whether a snapshot (with its session, and whether it is dry) is never thinned."""
    if snapshot["dry"]:
        return False
    session = snapshot["session"]
    for table in ("intents", "positions", "settlements"):
        if ledger.row(f"SELECT 1 FROM {table} WHERE session = ? LIMIT 1", (session,)):  # noqa: S608 - names of ours
            return True
    rows = ledger.rows("SELECT body, book FROM decisions WHERE session = ? AND dry = 0", (session,))
    return any(_touched(row) for row in rows)


def _touched(decided: Row) -> bool:
    """Whether a decision wanted or held anything; one that cannot be read may have."""
    if decided["book"] is None:
        return True
    try:
        decision, book = unpack(decided["body"], Decision), unpack(decided["book"], Book)
    except LedgerError:
        return True
    return bool(decision.intents or book.condors or book.lots or book.in_flight or book.locked)


def _thin_spare(ledger: Connection, terms: Terms) -> Thinned:
    """Thin the oldest spare snapshots."""
    rows = ledger.rows(
        "SELECT id, session, body FROM snapshots WHERE retention = 'spare' AND session < ? "
        "ORDER BY session LIMIT ?",
        (terms.thins_before, terms.at_once),
    )
    made, unreadable = _each(rows, _thinned)
    if made:
        with ledger.writing("thinned snapshots") as database:
            database.executemany(
                "UPDATE snapshots SET retention = 'thinned', body = ? WHERE id = ?",
                [(body, row["id"]) for row, body in made],
            )
    freed = sum(len(row["body"]) - len(body) for row, body in made)
    return Thinned(thinned=len(made), freed_bytes=freed, unreadable=unreadable)


def _each(
    rows: Sequence[Row], make: Callable[[bytes], bytes]
) -> tuple[list[tuple[Row, bytes]], tuple[str, ...]]:
    """Make something of the body of each snapshot; say of which it cannot be made, and why."""
    made, unreadable = [], []
    for row in rows:
        try:
            made.append((row, make(row["body"])))
        except LedgerError as fault:
            unreadable.append(f"snapshot of {row['session']}: {fault}")
    return made, tuple(unreadable)


def _thinned(body: bytes) -> bytes:
    return pack(without_raw(unpack(body, MarketSnapshot)), MarketSnapshot)


def without_raw(snapshot: MarketSnapshot) -> MarketSnapshot:
    """Return a snapshot with its levels, its VX curve and its rate, and nothing else."""
    return replace(
        snapshot,
        calendar=(),
        spx_bars=(),
        vix_bars=(),
        breadth=None,
        options=(),
        events=EventTable(),
        vx_days=(),
        macro=(),
    )


def _pack_kept(ledger: Connection, terms: Terms) -> Thinned:
    """Pack the oldest kept snapshots together, once there are as many as a pack takes."""
    rows = ledger.rows(
        "SELECT id, session, body FROM snapshots WHERE retention = 'kept' AND pack_id IS NULL "
        "AND session < ? ORDER BY session, id LIMIT ?",
        (terms.packs_before, PACK + terms.at_once),
    )
    readable, unreadable = _each(rows, partial(inflate, name="MarketSnapshot"))
    packed = readable[:PACK]
    if len(packed) < PACK:
        return Thinned(unreadable=unreadable)
    body = pack_together([text for _, text in packed])
    with ledger.writing("a pack of snapshots") as database:
        number = database.execute("INSERT INTO snapshot_packs (body) VALUES (?)", (body,)).lastrowid
        database.executemany(
            "UPDATE snapshots SET body = x'', pack_id = ?, place = ? WHERE id = ?",
            [(number, place, row["id"]) for place, (row, _) in enumerate(packed)],
        )
    freed = sum(len(row["body"]) for row, _ in packed) - len(body)
    return Thinned(packed=PACK, freed_bytes=freed, unreadable=unreadable)
