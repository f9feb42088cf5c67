"""What execution cost, and which combinations of the VIX chain were out of line for how long.

Both are measurements: nothing is decided by them, and losing one loses no trade.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from bot.ledger.connection import Connection
from bot.ledger.queries import USD_PER_POINT
from bot.ledger.text import decimal_text, optional_decimal, optional_decimal_text, time_text
from bot.ledger.totals import costs_noted

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

    from bot.core.model import Session
    from bot.core.parity import ParityFlag
    from bot.core.quality import Execution

NOT_WAITED_FOR = "not waited for"
"""Why an execution has no mark-out: the session did not stay for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityRow:
    """One order as a whole, or one of its legs, as measured; prices in points.

    `leg` is empty for the order as a whole. `note` says why there is no mark-out.
    """

    intent_id: str
    leg: str
    quantity: int
    decision_mid: Decimal | None
    price: Decimal
    shortfall: Decimal | None
    effective_spread: Decimal | None
    last_fill_at: str
    later_mid: Decimal | None
    mark_out: Decimal | None
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ParityRow:
    """A conversion or a reversal above its fees, from the session that saw it first.

    `edge_points` is the last one seen, `best_edge_points` the largest, `size` the last one.
    """

    expiry: dt.date
    strike: Decimal
    kind: str
    first_seen: str
    last_seen: str
    first_session: dt.date
    last_session: dt.date
    sessions: int
    edge_points: Decimal
    best_edge_points: Decimal
    fees_points: Decimal
    size: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkOutTotal:
    """How many orders filled, of how many the mark-out is known, and its sum in USD."""

    orders: int
    known: int
    usd: Decimal


class Quality(Connection):
    """The part of the ledger that keeps measurements of the market and of execution."""

    def record_executions(self, session: Session, measured: Iterable[Execution]) -> None:
        """Keep what was paid; a later measurement of the same order replaces the older one."""
        rows = [_values(session, execution) for execution in measured]
        with self.writing("the quality of execution") as database:
            database.executemany(
                "INSERT INTO quality (intent_id, session, leg, quantity, decision_mid, price, "
                "shortfall, effective_spread, last_fill_at, note) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
                "ON CONFLICT (intent_id, leg) DO UPDATE SET quantity = excluded.quantity, "
                "price = excluded.price, shortfall = excluded.shortfall, "
                "effective_spread = excluded.effective_spread, "
                "last_fill_at = excluded.last_fill_at",
                rows,
            )
            costs_noted(database, session.isoformat())

    def record_mark_outs(
        self,
        intent_id: str,
        found: Mapping[str, tuple[Decimal, Decimal] | None],
        *,
        at: dt.datetime,
        unknown: str,
    ) -> None:
        """Keep the mid and the mark-out of an order and its legs by name.

        Parameters
        ----------
        intent_id
            The order.
        found
            The later mid and the mark-out of each, ``None`` where there is no mid.
        at
            When the legs were quoted.
        unknown
            What to note of those without a mid.
        """
        with self.writing(f"mark-outs of {intent_id}") as database:
            for leg, figures in found.items():
                mid, gain = figures or (None, None)
                database.execute(
                    "UPDATE quality SET later_mid = ?, mark_out = ?, marked_out_at = ?, note = ? "
                    "WHERE intent_id = ? AND leg = ?",
                    (
                        optional_decimal_text(mid),
                        optional_decimal_text(gain),
                        time_text(at),
                        unknown if figures is None else "",
                        intent_id,
                        leg,
                    ),
                )

    def quality_rows(self, session: Session) -> tuple[QualityRow, ...]:
        """Return what the session measured, in the order in which it was traded."""
        rows = self.rows("SELECT * FROM quality WHERE session = ? ORDER BY id", (str(session),))
        return tuple(_quality_row(row) for row in rows)

    def mark_out_total(self) -> MarkOutTotal:
        """Sum the mark-outs of all orders as a whole, as far as they are known."""
        rows = self.rows("SELECT quantity, mark_out FROM quality WHERE leg = ''")
        known = [row for row in rows if row["mark_out"] is not None]
        gains = (row["quantity"] * Decimal(row["mark_out"]) * USD_PER_POINT for row in known)
        return MarkOutTotal(orders=len(rows), known=len(known), usd=sum(gains, Decimal(0)))

    def record_parity(
        self,
        flags: Iterable[ParityFlag],
        session: Session,
        *,
        previous: Session,
        at: dt.datetime,
    ) -> None:
        """Keep flags; one that the session before had seen too goes on, any other begins anew.

        Parameters
        ----------
        flags
            Combinations above their fees now.
        session, previous
            This session, and the one before it by the calendar.
        at
            When the quotes were taken.
        """
        with self.writing("parity flags") as database:
            for flag in flags:
                if not _goes_on(database, flag, session, previous, at):
                    _begin(database, flag, session, at)

    def parity_rows(self, session: Session) -> tuple[ParityRow, ...]:
        """Return the flags that the session saw, by expiry."""
        rows = self.rows(
            "SELECT * FROM parity_flags WHERE ? BETWEEN first_session AND last_session "
            "ORDER BY expiry, id",
            (str(session),),
        )
        return tuple(_parity_row(row) for row in rows)


def _values(session: Session, execution: Execution) -> tuple[str | int | None, ...]:
    return (
        execution.intent_id,
        session.isoformat(),
        execution.leg,
        execution.quantity,
        optional_decimal_text(execution.mid),
        decimal_text(execution.price),
        optional_decimal_text(execution.shortfall),
        optional_decimal_text(execution.spread),
        time_text(execution.last_fill),
        NOT_WAITED_FOR,
    )


def _quality_row(row: sqlite3.Row) -> QualityRow:
    return QualityRow(
        intent_id=row["intent_id"],
        leg=row["leg"],
        quantity=row["quantity"],
        decision_mid=optional_decimal(row["decision_mid"]),
        price=Decimal(row["price"]),
        shortfall=optional_decimal(row["shortfall"]),
        effective_spread=optional_decimal(row["effective_spread"]),
        last_fill_at=row["last_fill_at"],
        later_mid=optional_decimal(row["later_mid"]),
        mark_out=optional_decimal(row["mark_out"]),
        note=row["note"],
    )


def _goes_on(
    database: sqlite3.Connection,
    flag: ParityFlag,
    session: Session,
    previous: Session,
    at: dt.datetime,
) -> bool:
    """Carry on the row of a flag that was there before; return whether there was one."""
    known = database.execute(
        "SELECT id, last_session, sessions, best_edge_points FROM parity_flags WHERE expiry = ? "
        "AND strike = ? AND kind = ? AND last_session IN (?, ?) ORDER BY id DESC",
        (*_key(flag), session.isoformat(), previous.isoformat()),
    ).fetchone()
    if known is None:
        return False
    best = max(Decimal(known["best_edge_points"]), _points(flag.edge_points))
    database.execute(
        "UPDATE parity_flags SET last_seen = ?, last_session = ?, sessions = ?, edge_points = ?, "
        "best_edge_points = ?, fees_points = ?, size = ? WHERE id = ?",
        (
            time_text(at),
            session.isoformat(),
            known["sessions"] + (known["last_session"] != session.isoformat()),
            decimal_text(_points(flag.edge_points)),
            decimal_text(best),
            decimal_text(_points(flag.fees_points)),
            flag.size,
            known["id"],
        ),
    )
    return True


def _begin(
    database: sqlite3.Connection, flag: ParityFlag, session: Session, at: dt.datetime
) -> None:
    edge = decimal_text(_points(flag.edge_points))
    database.execute(
        "INSERT INTO parity_flags (expiry, strike, kind, first_seen, last_seen, first_session, "
        "last_session, sessions, edge_points, best_edge_points, fees_points, size) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?)",
        (
            *_key(flag),
            time_text(at),
            time_text(at),
            session.isoformat(),
            session.isoformat(),
            edge,
            edge,
            decimal_text(_points(flag.fees_points)),
            flag.size,
        ),
    )


def _key(flag: ParityFlag) -> tuple[str, str, str]:
    return flag.expiry.isoformat(), decimal_text(_points(flag.strike)), flag.kind.value


def _points(value: float) -> Decimal:
    """Return a figure in points to a hundredth of a cent, which is finer than any quote."""
    return Decimal(str(value)).quantize(Decimal("0.0001"))


def _parity_row(row: sqlite3.Row) -> ParityRow:
    return ParityRow(
        expiry=dt.date.fromisoformat(row["expiry"]),
        strike=Decimal(row["strike"]),
        kind=row["kind"],
        first_seen=row["first_seen"],
        last_seen=row["last_seen"],
        first_session=dt.date.fromisoformat(row["first_session"]),
        last_session=dt.date.fromisoformat(row["last_session"]),
        sessions=row["sessions"],
        edge_points=Decimal(row["edge_points"]),
        best_edge_points=Decimal(row["best_edge_points"]),
        fees_points=Decimal(row["fees_points"]),
        size=row["size"],
    )
