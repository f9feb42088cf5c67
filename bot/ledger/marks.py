"""The book at the end of each session, and what it held then.

What is held is folded from the facts when a mark is recorded, so a mark and its positions can
not disagree with the trades.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from bot.core.book import WidthDay
from bot.core.fold import StructureKind
from bot.ledger.mark_rows import MARK_COLUMNS, mark_row, read_mark
from bot.ledger.text import decimal_text, optional_decimal_text
from bot.ledger.totals import marks_noted
from bot.ledger.trades import Trades

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping
    from decimal import Decimal

    from bot.core.book import Condor, HedgeLot
    from bot.core.fold import Holdings, Residual
    from bot.core.mark import Mark
    from bot.ledger.mark_rows import Columns


class Marks(Trades):
    """The part of the ledger that keeps the value of the book."""

    def record_mark(
        self,
        mark: Mark,
        *,
        prices: Mapping[str, Decimal | None] | None = None,
    ) -> None:
        """Keep the mark of a session, and what was held at it; the last word counts.

        Parameters
        ----------
        mark
            The figures of the book.
        prices
            Mark of one unit in points by structure: the debit to close a condor, the bid of a
            lot. Absent or ``None`` is unknown.
        """
        held = _positions(self.holdings(), prices or {})
        with self.writing("a mark") as database:
            _replace(database, "marks", mark_row(mark))
            database.execute("DELETE FROM positions WHERE session = ?", (mark.session.isoformat(),))
            for position in held:
                _replace(database, "positions", {"session": mark.session.isoformat(), **position})
            marks_noted(database, mark.session.isoformat())

    def marks(self) -> tuple[Mark, ...]:
        """Return all marks, oldest first."""
        rows = self.rows(f"SELECT {MARK_COLUMNS} FROM marks ORDER BY session")  # noqa: S608 - names of ours
        return tuple(map(read_mark, rows))

    def widths(self, last_n: int) -> tuple[WidthDay, ...]:
        """Return the gross width at the end of the last `last_n` sessions, oldest first."""
        rows = self.rows(
            "SELECT session, gross_width_usd FROM marks ORDER BY session DESC LIMIT ?", (last_n,)
        )
        return tuple(
            WidthDay(
                session=dt.date.fromisoformat(row["session"]),
                gross_width_usd=row["gross_width_usd"],
            )
            for row in reversed(rows)
        )


def _replace(database: sqlite3.Connection, table: str, row: Columns) -> None:
    marks = ", ".join("?" * len(row))
    database.execute(
        f"INSERT OR REPLACE INTO {table} ({', '.join(row)}) VALUES ({marks})",  # noqa: S608 - names of ours
        tuple(row.values()),
    )


def _positions(holdings: Holdings, prices: Mapping[str, Decimal | None]) -> list[Columns]:
    return [
        *(_condor_row(held, prices.get(held.structure_id)) for held in holdings.condors),
        *(_lot_row(held, prices.get(held.lot_id)) for held in holdings.lots),
        *(_residual_row(held) for held in holdings.residuals),
    ]


def _condor_row(held: Condor, price: Decimal | None) -> Columns:
    strikes = "/".join(f"{leg.contract.strike:g}" for leg in held.legs)
    return {
        "structure_id": held.structure_id,
        "label": f"{held.legs[0].contract.trading_class} {held.expiry} {strikes}",
        "kind": StructureKind.CONDOR.value,
        "slot": held.tier.value,
        "expiry": held.expiry.isoformat(),
        "opened": held.opened.isoformat(),
        "quantity": held.quantity,
        "entry_points": decimal_text(held.credit_points),
        "mark_points": optional_decimal_text(price),
    }


def _lot_row(held: HedgeLot, price: Decimal | None) -> Columns:
    return {
        "structure_id": held.lot_id,
        "label": held.contract.label(),
        "kind": StructureKind.LOT.value,
        "slot": held.layer.value,
        "expiry": held.contract.expiry.isoformat(),
        "opened": held.opened.isoformat(),
        "quantity": held.quantity,
        "entry_points": decimal_text(held.cost_points),
        "mark_points": optional_decimal_text(price),
    }


def _residual_row(held: Residual) -> Columns:
    return {
        "structure_id": held.structure_id,
        "label": held.contract.label(),
        "kind": "residual",
        "slot": "",
        "expiry": held.contract.expiry.isoformat(),
        "opened": None,
        "quantity": held.quantity,
        "entry_points": None,
        "mark_points": None,
    }
