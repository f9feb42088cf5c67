"""A ledger of every earlier version is upgraded whole, and reads back as it was written.

The ledger of an earlier version is made by that version's own migrations, and filled with what
it had tables and columns for of a ledger that holds everything.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import sqlite3
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from sqlite_utils import Database

import builders
from bot.backup import back_up, restore
from bot.core.errors import LedgerError
from bot.core.fold import IntentState
from bot.core.model import BreadthDay, BreadthSource, OptionContract, Quote
from bot.core.parity import Arbitrage, ParityFlag
from bot.core.quality import executions
from bot.defaults import write_defaults
from bot.ledger import connection
from bot.ledger.connection import SCHEMA_VERSION, connect
from bot.ledger.journal import ProvenanceRow
from bot.ledger.migrations import migrations
from bot.ledger.store import Ledger
from bot.ledger.totals import faults
from bot.project import load_project
from ledger_facts import (
    AT,
    CALL,
    CLOSING_PRICES,
    LOT,
    NEXT,
    OPENING_PRICES,
    SESSION,
    VIX_EXPIRY,
    begin,
    buy_lot,
    close_condor,
    decision,
    execute,
    mark,
    open_condor,
    settlement,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

NAMES = [migration.name for migration in migrations._migrations]
EARLIER = range(1, SCHEMA_VERSION)

SHIPPED = {
    1: "82537a385eedeb13c0f0c35f812824f1e9ddc2e2f6daeb3db4b5ea4017c99cef",
    2: "e661c8bddccc543f96241ca1bea26dd1b326883e352621e14ec43185490a1b2b",
    3: "9f41f9304c5e96f47845170c3be4424bc844c297ed4ceccffa23d2c20f377c28",
    4: "c201d185213710d0cba954bd4f485ab7a9894dd08022c13b6952f32aa6d44fce",
    5: "89f6a15a13ed0e8aaa5df34a897e3e84779d56f457ec8487bb5642f045b3e128",
    6: "c29982ccfdb76bdf06f96b518d5dc41ed317fc914829e810a90717caf76a1392",
    7: "7500fe1af47f1863b4f60b70b2ef7bf0a09cb3e932f156294641f759900c16e4",
    8: "d09dd18df92fa22c7d6dad049df8bb229038d733b6717ba6c0368034cd0c7493",
    9: "7fe6de867a523a45ff89e3b65392a5cec0df34a9e9b5818a401c9c3648a57c15",
    10: "3800c7f0ba538e8bd7d806a5ce4c6dd535d05fe9c02e3c464970ccf821f0c5e6",
}
"""SHA-256 of the schema that each version wrote: what has shipped is never edited."""


NO_QUOTES: Mapping[OptionContract, Quote] = {}
FLAG = ParityFlag(
    expiry=VIX_EXPIRY,
    strike=18.0,
    kind=Arbitrage.REVERSAL,
    edge_points=0.2,
    fees_points=0.03,
    size=5,
)


def at_level(path: Path, level: int) -> sqlite3.Connection:
    """Make the ledger that version `level` would have made."""
    path.parent.mkdir(exist_ok=True)
    database = sqlite3.connect(path)
    later = NAMES[level] if level < len(NAMES) else None
    migrations.apply(Database(database, execute_plugins=False), stop_before=later)
    database.commit()
    return database


def tables(database: sqlite3.Connection) -> dict[str, list[str]]:
    """Return the columns of each table."""
    found = database.execute(
        "SELECT t.name, c.name FROM pragma_table_list t JOIN pragma_table_info(t.name) c "
        "WHERE t.schema = 'main' AND t.name NOT LIKE 'sqlite%' AND t.name NOT LIKE '!_%' ESCAPE '!'"
    )
    columns: dict[str, list[str]] = {}
    for table, column in found:
        columns.setdefault(table, []).append(column)
    return columns


def rows(database: sqlite3.Connection, columns: dict[str, list[str]]) -> dict[str, list[Any]]:
    """Return what the tables hold in these columns."""
    found = {}
    for table, names in columns.items():
        query = f"SELECT {', '.join(names)} FROM {table}"  # noqa: S608 - names of the schema
        found[table] = [tuple(row) for row in database.execute(query)]
    return found


def fill(ledger: Ledger) -> None:
    """Write something of every kind."""
    begin(ledger)
    ledger.finish_phase(SESSION, "preflight", at=AT, detail={"kill_switch": "active"}, dry=False)
    ledger.save_config("rules", "{}", sha256="ab" * 32, at=AT, reason="first")
    ledger.save_snapshot(replace(builders.market(), session=SESSION))
    ledger.save_decision(
        decision(open_condor(), buy_lot()), rules_sha256="ab" * 32, dry=False, at=AT
    )
    execute(ledger, open_condor(), *OPENING_PRICES)
    execute(ledger, close_condor(), *CLOSING_PRICES)
    execute(ledger, buy_lot(), "2.05")
    ledger.record_settlement(settlement(CALL, 1, "3.00", structure_id=LOT))
    ledger.record_executions(
        SESSION,
        executions(buy_lot(), ledger.fills_of(buy_lot().intent_id), units=4, quotes=NO_QUOTES.get),
    )
    ledger.record_parity([FLAG], SESSION, previous=dt.date(2026, 7, 17), at=AT)
    ledger.record_mark(mark(), prices={CALL.label(): Decimal("2.10")})
    ledger.record_breadth(
        BreadthSource.NYSE, BreadthDay(session=SESSION, advances=1500.0, declines=1200.0)
    )
    ledger.alert("A", "an alert", session=SESSION, at=AT)
    ledger.incident("I", session=NEXT, at=AT, detail="an incident")
    ledger.import_provenance(
        (ProvenanceRow(session=SESSION, subject="SPX", provenance="recorded", detail="cboe"),)
    )
    ledger.finish_session(SESSION, at=AT, outcome="done", dry=False)


def known(ledger: Ledger) -> dict[str, object]:
    """Return what the program reads of a ledger."""
    return {
        "holdings": ledger.holdings(),
        "marks": ledger.marks(),
        "intents": ledger.intent_records(),
        "fills": ledger.fills_of(buy_lot().intent_id),
        "cash": ledger.cash_flow_usd(),
        "totals at fault": faults(ledger._database),
        "commissions": ledger.commissions_usd(),
        "snapshot": ledger.load_snapshot(SESSION),
        "decision": ledger.load_decision(SESSION),
        "rules": ledger.load_config("ab" * 32),
        "phases": ledger.finished_phases(SESSION),
        "breadth": ledger.breadth(BreadthSource.NYSE, NEXT, 5),
        "provenance": ledger.provenance(SESSION),
        "accounted": ledger.accounted(SESSION),
    }


@pytest.fixture
def everything(tmp_path: Path) -> Path:
    """A ledger of this version that holds something of every kind."""
    path = tmp_path / "everything" / "steward.db"
    with Ledger.open(path) as ledger:
        fill(ledger)
    return path


@pytest.fixture
def earlier(tmp_path: Path, everything: Path) -> Callable[[int], Path]:
    """Make a ledger of an earlier version that holds all that it had a place for."""

    def make(level: int) -> Path:
        path = tmp_path / f"version {level}" / "steward.db"
        with closing(at_level(path, level)) as old, closing(sqlite3.connect(everything)) as new:
            there = tables(new)
            shared = {
                table: [name for name in names if name in there.get(table, [])]
                for table, names in tables(old).items()
            }
            for table, found in rows(new, shared).items():
                names = shared[table]
                places = ", ".join("?" * len(names))
                into = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({places})"  # noqa: S608 - names of the schema
                old.executemany(into, found)
            old.commit()
        return path

    return make


def test_what_is_filled_in_leaves_no_table_of_the_first_version_empty(everything: Path) -> None:
    with closing(sqlite3.connect(everything)) as database:
        found = rows(database, tables(database))

    empty = {table for table, held in found.items() if not held}
    assert empty <= {"commissions", "absences", "adoptions", "snapshot_packs", "thinnings"}


@pytest.mark.parametrize("level", EARLIER)
def test_an_upgrade_loses_nothing_and_reads_back_as_it_was_written(
    level: int, earlier: Callable[[int], Path], everything: Path
) -> None:
    path = earlier(level)
    with closing(sqlite3.connect(path)) as old:
        columns = tables(old)
        before = rows(old, columns)
    with Ledger.open_read_only(everything) as full:
        expected = known(full)

    with Ledger.open(path) as upgraded:
        assert known(upgraded) == expected
        assert upgraded.value("PRAGMA user_version") == SCHEMA_VERSION
        assert upgraded.rows("PRAGMA foreign_key_check") == []

    with closing(sqlite3.connect(path)) as database:
        kept = {table: names for table, names in columns.items() if table in tables(database)}
        assert rows(database, kept) == {table: before[table] for table in kept}


@pytest.mark.parametrize("level", EARLIER)
def test_an_upgraded_ledger_has_the_schema_of_a_new_one(
    level: int, earlier: Callable[[int], Path], everything: Path
) -> None:
    path = earlier(level)
    Ledger.open(path).close()

    assert schema(path) == schema(everything)


def schema(path: Path) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(path)) as database:
        found = database.execute(
            "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE tbl_name NOT LIKE '!_%' "
            "ESCAPE '!'"
        )
        return sorted(tuple(" ".join(str(part).split()) for part in row) for row in found)


@pytest.mark.parametrize("level", EARLIER)
def test_an_upgraded_ledger_is_written_on(level: int, earlier: Callable[[int], Path]) -> None:
    with Ledger.open(earlier(level)) as ledger:
        begin(ledger, NEXT)
        execute(ledger, open_condor("2026-07-21:condor:balanced"), *OPENING_PRICES)

        assert len(ledger.holdings().condors) == 1


@pytest.mark.parametrize("level", EARLIER)
def test_an_upgrade_that_is_interrupted_leaves_the_earlier_version_whole(
    level: int, earlier: Callable[[int], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = earlier(level)
    before = schema(path)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(migrations, "_record_applied", interrupted)
    with pytest.raises(KeyboardInterrupt):
        connect(path)

    assert schema(path) == before
    monkeypatch.undo()
    with Ledger.open(path) as ledger:
        assert ledger.intent_records()[0].state is IntentState.FILLED


@pytest.mark.parametrize("level", EARLIER)
def test_a_backup_of_an_earlier_version_is_restored_and_upgraded(
    level: int, earlier: Callable[[int], Path], everything: Path, tmp_path: Path
) -> None:
    write_defaults(tmp_path)
    settings = load_project(tmp_path).settings

    restore(settings, earlier(level))

    with Ledger.open(settings.ledger.path) as restored, Ledger.open_read_only(everything) as full:
        assert known(restored) == known(full)
        assert back_up(settings, restored).exists()


@pytest.mark.parametrize("level", EARLIER)
def test_an_earlier_version_is_not_upgraded_by_reading_it(
    level: int, earlier: Callable[[int], Path]
) -> None:
    path = earlier(level)

    with pytest.raises(LedgerError, match=rf"schema {level}, this .* `steward check`"):
        Ledger.open_read_only(path)


@pytest.mark.parametrize("level", range(1, SCHEMA_VERSION + 1))
def test_every_version_counts_itself(level: int, tmp_path: Path) -> None:
    with closing(at_level(tmp_path / "steward.db", level)) as database:
        assert connection._schema_version(database) == level


@pytest.mark.parametrize(("level", "sha256"), SHIPPED.items())
def test_a_migration_that_has_shipped_is_never_edited(
    level: int, sha256: str, tmp_path: Path
) -> None:
    at_level(tmp_path / "steward.db", level).close()
    text = "\n".join(" ".join(row) for row in schema(tmp_path / "steward.db"))

    assert hashlib.sha256(text.encode()).hexdigest() == sha256


def test_every_shipped_version_is_pinned() -> None:
    assert set(EARLIER) <= set(SHIPPED)
