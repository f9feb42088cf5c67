"""The schema of the ledger, as numbered migrations; each is atomic and records itself.

Every table is STRICT. Prices and money are decimals written as TEXT, never REAL: SQLite sums
REAL as binary floating point. Times are UTC in ISO 8601 with microseconds, sessions are New
York dates. Rows are appended; what is updated in place is named here, and each has one owner:

- ``runs``, ``sessions``: their own end.
- ``intents.state``: the state machine of ``bot.core.fold.advance``; every change is appended to
  ``intent_states``.
- ``fills.superseded``, ``fills.commission_known``: raised when a correction of the same
  execution, or its commission, arrives.
- ``structures``: state, cash, commissions and last change are derived from the facts of the
  structure in the transaction that adds a fact, so that only open structures are ever folded.
- ``marks``, ``positions``, ``breadth``: the last word on one session.
- ``quality``: the last measurement of an order; its mark-out comes minutes later.
- ``parity_flags``: a flag that lasts.
- ``courses``, ``switch_readings``, ``execution_costs``, ``structure_totals``: totals of other rows,
  written with them; see ``bot.ledger.totals``.
- ``snapshots.body``, ``retention``, ``pack_id`` and ``place``: when it is packed or thinned.

A migration that has shipped is never edited. A change of the schema is a new one: a module of its
own, a line in ``STEPS``, and ``bot.ledger.connection.SCHEMA_VERSION`` raised.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlite_utils import Database, Migrations

from bot.ledger.migrations.m0001_ledger import ledger
from bot.ledger.migrations.m0002_absences import absences
from bot.ledger.migrations.m0003_adoptions import adoptions
from bot.ledger.migrations.m0004_governance import governance
from bot.ledger.migrations.m0005_quality import quality
from bot.ledger.migrations.m0006_hedge_layers import hedge_layers
from bot.ledger.migrations.m0007_stress_cells import stress_cells
from bot.ledger.migrations.m0008_totals import totals
from bot.ledger.migrations.m0009_retention import retention
from bot.ledger.migrations.m0010_intents_by_state import intents_by_state
from bot.ledger.totals import rebuild

if TYPE_CHECKING:
    import sqlite3

STEPS: Final = {
    "0001_ledger": ledger,
    "0002_absences": absences,
    "0003_adoptions": adoptions,
    "0004_governance": governance,
    "0005_quality": quality,
    "0006_hedge_layers": hedge_layers,
    "0007_stress_cells": stress_cells,
    "0008_totals": totals,
    "0009_retention": retention,
    "0010_intents_by_state": intents_by_state,
}
"""The migrations by the name that a ledger records, in the order in which they are applied."""

migrations: Final = Migrations("steward")
for _name, _step in STEPS.items():
    migrations(name=_name)(_step)


def migrate(connection: sqlite3.Connection) -> None:
    """Apply what is pending and make the totals anew from their rows, all of it or nothing.

    The write lock is taken first: of two processes that start at once the second waits, and
    then finds nothing left to do.
    """
    database = Database(connection, execute_plugins=False)
    connection.execute("BEGIN IMMEDIATE")
    try:
        migrations.apply(database)
        rebuild(connection)
    except BaseException:
        connection.rollback()
        raise
    connection.commit()
