"""What was traded, and what is held: fills, commissions, settlements, adoptions.

A fill counts once however often the venue reports it: the execution family is the key, a
higher revision replaces. Each fact refreshes the one structure that it belongs to, in its own
transaction and from all facts of that structure.
"""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from bot.core.adoption import ADOPTED, Adoption
from bot.core.fold import (
    Fill,
    Holdings,
    IntentRecord,
    Settlement,
    cash_usd,
    fold,
)
from bot.core.model import OptionContract
from bot.ledger.codec import decode, encode
from bot.ledger.connection import Connection
from bot.ledger.orders import read_records
from bot.ledger.text import decimal_text, optional_decimal, optional_decimal_text, time_text
from bot.ledger.totals import structure_noted

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

_FILLS: Final = """
    SELECT fills.*, (
        SELECT usd FROM commissions WHERE commissions.family = fills.family
        ORDER BY revision DESC LIMIT 1
    ) AS commission_usd
    FROM intents JOIN fills USING (intent_id)
    WHERE NOT superseded
"""


class Trades(Connection):
    """The part of the ledger that keeps executions and what they left."""

    def record_fill(self, fill: Fill) -> bool:
        """Record an execution; return whether it is news.

        A revision that is known, or older than the known one, is no news. A commission that
        comes with it is recorded in either case. What is recorded already is not written again:
        the venue tells every execution of a day at every sweep.
        """
        if self._is_recorded(fill):
            return False
        with self.writing(f"fill {fill.exec_id}") as database:
            known = self.value("SELECT max(revision) FROM fills WHERE family = ?", (fill.family,))
            is_news = known is None or fill.revision > known
            if is_news:
                _insert_fill(database, fill)
            if fill.commission_usd is not None:
                _insert_commission(database, fill.family, fill.revision, fill.commission_usd)
            self._refresh_family(database, fill.family)
            return bool(is_news)

    def _is_recorded(self, fill: Fill) -> bool:
        """Whether this revision of an execution is on record, with the commission that it tells."""
        told = optional_decimal_text(fill.commission_usd)
        found = self.value(
            "SELECT 1 FROM fills LEFT JOIN commissions USING (family, revision) "
            "WHERE family = ?1 AND revision = ?2 AND (?3 IS NULL OR usd = ?3)",
            (fill.family, fill.revision, told),
        )
        return found is not None

    def commissions_missing(self) -> tuple[str, ...]:
        """Return the execution ids of leg fills whose commission is not known."""
        rows = self.rows(
            "SELECT family, revision FROM fills WHERE commission_known = 0 "
            "AND contract IS NOT NULL AND superseded = 0 ORDER BY id"
        )
        return tuple(f"{row['family']}.{row['revision']:02d}" for row in rows)

    def record_settlement(self, settlement: Settlement) -> bool:
        """Record the end of a position at expiry; return whether it is news.

        Raises
        ------
        LedgerError
            No such structure is on record.
        """
        with self.writing(f"settlement of {settlement.contract.label()}") as database:
            cursor = database.execute(
                "INSERT OR IGNORE INTO settlements (structure_id, label, contract, session, "
                "quantity, value_points) VALUES (?, ?, ?, ?, ?, ?)",
                (
                    settlement.structure_id,
                    settlement.contract.label(),
                    encode(settlement.contract, OptionContract),
                    settlement.session.isoformat(),
                    settlement.quantity,
                    decimal_text(settlement.value_points),
                ),
            )
            self._refresh(database, settlement.structure_id)
            return cursor.rowcount > 0

    def record_adoptions(
        self, adopted: Sequence[Adoption], *, at: dt.datetime, reason: str
    ) -> None:
        """Record what a person accepts of the broker's positions, all of it or nothing."""
        with self.writing("an adoption") as database:
            for adoption in adopted:
                database.execute(
                    "INSERT INTO adoptions (structure_id, contract, session, quantity, at, "
                    "reason) VALUES (?, ?, ?, ?, ?, ?)",
                    (
                        adoption.structure_id,
                        encode(adoption.contract, OptionContract),
                        adoption.session.isoformat(),
                        adoption.quantity,
                        time_text(at),
                        reason,
                    ),
                )
            for structure_id in {adoption.structure_id for adoption in adopted} - {ADOPTED}:
                self._refresh(database, structure_id)

    def fills_of(self, intent_id: str) -> tuple[Fill, ...]:
        """Return the valid executions of an intent, summaries of combos included."""
        rows = self.rows(_FILLS + "AND intent_id = ? ORDER BY fills.id", (intent_id,))
        return tuple(_read_fill(row) for row in rows)

    def holdings(self) -> Holdings:
        """Return the open structures. The cost depends on them, not on the ledger's age."""
        rows = self.rows("SELECT structure_id FROM structures WHERE state = 'open'")
        return fold(*self._facts([ADOPTED, *(row["structure_id"] for row in rows)]))

    def cash_flow_usd(self) -> Decimal:
        """Sum the cash of all trades, settlements and known commissions."""
        return self._total("SELECT cash_usd FROM structure_totals")

    def hedge_cash_flow_usd(self) -> Decimal:
        """Sum the cash of the hedge."""
        return self._total("SELECT cash_usd FROM structure_totals WHERE kind = 'lot'")

    def condor_cash_flow_usd(self) -> Decimal:
        """Sum the cash of the condors."""
        return self._total("SELECT cash_usd FROM structure_totals WHERE kind = 'condor'")

    def commissions_usd(self) -> Decimal:
        """Sum the known commissions; positive."""
        return self._total("SELECT commissions_usd FROM structure_totals")

    def _total(self, query: str) -> Decimal:
        return sum((Decimal(row[0]) for row in self.rows(query)), Decimal(0))

    def _facts(
        self, structures: Iterable[str]
    ) -> tuple[
        tuple[IntentRecord, ...],
        tuple[Fill, ...],
        tuple[Settlement, ...],
        tuple[Adoption, ...],
    ]:
        wanted = (json.dumps(list(structures)),)
        chosen = "structure_id IN (SELECT value FROM json_each(?))"
        records = self.rows(f"SELECT state, body FROM intents WHERE {chosen} ORDER BY id", wanted)  # noqa: S608 - constant
        fills = self.rows(_FILLS + f"AND {chosen} ORDER BY fills.id", wanted)
        settlements = self.rows(f"SELECT * FROM settlements WHERE {chosen}", wanted)  # noqa: S608 - constant
        adopted = self.rows(f"SELECT * FROM adoptions WHERE {chosen} ORDER BY id", wanted)  # noqa: S608 - constant
        return (
            read_records(records),
            tuple(_read_fill(row) for row in fills),
            tuple(_read_settlement(row) for row in settlements),
            tuple(_read_adoption(row) for row in adopted),
        )

    def _refresh_family(self, database: sqlite3.Connection, family: str) -> None:
        """Take note of a commission and refresh the structure of an execution, once it is known."""
        database.execute(
            "UPDATE fills SET commission_known = 1 WHERE family = ?1 "
            "AND EXISTS (SELECT 1 FROM commissions WHERE family = ?1)",
            (family,),
        )
        structure_id = self.value(
            "SELECT structure_id FROM fills JOIN intents USING (intent_id) WHERE family = ?",
            (family,),
        )
        if structure_id is not None:
            self._refresh(database, structure_id)

    def _refresh(self, database: sqlite3.Connection, structure_id: str) -> None:
        records, fills, settlements, adopted = self._facts((structure_id,))
        legs = [fill for fill in fills if fill.contract is not None]
        sessions = {record.intent.intent_id: record.intent.session for record in records}
        changes = [
            *(sessions[leg.intent_id] for leg in legs),
            *(end.session for end in settlements),
            *(adoption.session for adoption in adopted),
        ]
        is_open = fold(records, legs, settlements, adopted) != Holdings()
        commissions = sum((leg.commission_usd or Decimal(0) for leg in legs), Decimal(0))
        structure_noted(database, structure_id, sign=-1)
        database.execute(
            "UPDATE structures SET state = ?, cash_usd = ?, commissions_usd = ?, "
            "changed_in = ? WHERE structure_id = ?",
            (
                "open" if is_open else "closed" if legs else "planned",
                str(cash_usd(legs, settlements)),
                str(commissions),
                max(changes, default=min(sessions.values())).isoformat(),
                structure_id,
            ),
        )
        structure_noted(database, structure_id, sign=1)


def _insert_fill(database: sqlite3.Connection, fill: Fill) -> None:
    database.execute("UPDATE fills SET superseded = 1 WHERE family = ?", (fill.family,))
    contract = None if fill.contract is None else encode(fill.contract, OptionContract)
    database.execute(
        "INSERT INTO fills (family, revision, intent_id, order_ref, contract, quantity, price, "
        "at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            fill.family,
            fill.revision,
            fill.intent_id,
            fill.order_ref,
            contract,
            fill.quantity,
            decimal_text(fill.price),
            time_text(fill.at),
        ),
    )


def _insert_commission(
    database: sqlite3.Connection, family: str, revision: int, usd: Decimal
) -> None:
    database.execute(
        "INSERT OR REPLACE INTO commissions (family, revision, usd) VALUES (?, ?, ?)",
        (family, revision, decimal_text(usd)),
    )


def _read_fill(row: sqlite3.Row) -> Fill:
    contract = row["contract"]
    return Fill(
        family=row["family"],
        revision=row["revision"],
        intent_id=row["intent_id"],
        order_ref=row["order_ref"],
        contract=None if contract is None else decode(contract, OptionContract),
        quantity=row["quantity"],
        price=Decimal(row["price"]),
        at=dt.datetime.fromisoformat(row["at"]),
        commission_usd=optional_decimal(row["commission_usd"]),
    )


def _read_settlement(row: sqlite3.Row) -> Settlement:
    return Settlement(
        structure_id=row["structure_id"],
        contract=decode(row["contract"], OptionContract),
        session=dt.date.fromisoformat(row["session"]),
        quantity=row["quantity"],
        value_points=Decimal(row["value_points"]),
    )


def _read_adoption(row: sqlite3.Row) -> Adoption:
    return Adoption(
        structure_id=row["structure_id"],
        contract=decode(row["contract"], OptionContract),
        session=dt.date.fromisoformat(row["session"]),
        quantity=row["quantity"],
    )
