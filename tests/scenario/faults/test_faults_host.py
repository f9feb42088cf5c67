"""Faults of the host 55, 58, 59, 60: a ledger that is locked or lies, and files at fault."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import threading
from contextlib import closing
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fault_scene import NEVER, run_on, scene
from harness import CANCEL_ORDER, PLACE_ORDER
from unattended import beat, outcomes, running, unattended, until, until_done, until_planned
from unattended import jump as jump_to

from bot.core.errors import LedgerError
from bot.ledger.store import Ledger

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness import Stage
    from invariants import Witness

MONDAY = "2025-01-06"
HELD_SECONDS = 0.5
GATEWAY_READS_SECONDS = 0.2
"""Within which the gateway has read what was sent before the connection ended."""


def taken(found: Stage) -> Callable[[], None]:
    """Take the ledger's write lock, as a tool of a person might; return what gives it back."""
    other = sqlite3.connect(found.ledger.path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    return other.close


def at_the_first_order(found: Stage, act: Callable[[], object]) -> None:
    """Do `act` when the first order of the bot arrives."""

    def listen(number: int) -> None:
        if number == PLACE_ORDER:
            found.on_message = lambda _number: None
            act()

    found.on_message = listen


def test_fault_55_a_ledger_that_is_locked_for_a_moment_is_waited_for(tmp_path: Path) -> None:
    async def act(found: Stage, witness: Witness) -> None:
        at_the_first_order(found, lambda: threading.Timer(HELD_SECONDS, taken(found)).start())

        await found.run()

        assert set(found.states().values()) == {"filled"}
        witness.check()

    scene(tmp_path, "", act)


def test_fault_55_a_ledger_that_stays_locked_ends_the_order_and_the_session_goes_on_later(
    tmp_path: Path,
) -> None:
    async def act(found: Stage, witness: Witness) -> None:
        found.ledger.value("PRAGMA busy_timeout = 200")
        session, release = found.next_session(), []
        at_the_first_order(found, lambda: release.append(taken(found)))

        with pytest.raises(LedgerError, match="database is locked"):
            await found.run(session)
        await asyncio.sleep(GATEWAY_READS_SECONDS)
        assert found.received[CANCEL_ORDER] == 1
        assert found.gateway.world.exchange.open_orders() == ()

        release[0]()
        await run_on(found, session)
        assert all(witness.orders_of(intent_id) == 1 for intent_id in found.states())
        witness.check()

    scene(tmp_path, "", act, exchange=NEVER)


def test_fault_55_nothing_is_sent_while_its_intent_cannot_be_written(tmp_path: Path) -> None:
    async def act(found: Stage, witness: Witness) -> None:
        found.ledger.value("PRAGMA busy_timeout = 200")
        release = taken(found)
        with pytest.raises(LedgerError, match="database is locked"):
            await found.run()
        release()

        assert witness.placed == []
        assert found.states() == {}

    scene(tmp_path, "", act)


def test_fault_58_what_an_order_rests_on_is_read_back_by_another_connection(
    tmp_path: Path,
) -> None:
    """A write that was only thought to be committed is seen by the connection that made it."""

    async def act(found: Stage, witness: Witness) -> None:
        seen: list[tuple[bool, list[str]]] = []

        def look(number: int) -> None:
            if number == PLACE_ORDER:
                with Ledger.open_read_only(found.ledger.path) as other:
                    states = [record.state.value for record in other.intent_records()]
                seen.append((found.ledger._database.in_transaction, states))

        found.on_message = look
        await found.run()

        states = [states for states, _ in groupby(seen, key=lambda each: each[1])]
        assert states == [
            ["sent"],
            ["filled", "sent"],
            ["filled", "filled", "sent"],
            ["filled", "filled", "filled", "committed"],  # asks for the margin
            ["filled", "filled", "filled", "sent"],
        ]
        assert not any(in_transaction for in_transaction, _ in seen)
        with Ledger.open_read_only(found.ledger.path) as other:
            assert other.holdings() == found.ledger.holdings()
        witness.check()

    scene(tmp_path, "", act)


def test_fault_59_an_unknown_number_is_kept_as_unknown_and_none_becomes_null(
    tmp_path: Path,
) -> None:
    script = """
        [[fault]]
        what = "quote"
        how = "empty"
        contract = "VVIX"
        [[fault]]
        what = "quote"
        how = "no_greeks"
    """

    async def act(found: Stage, witness: Witness) -> None:
        outcome = await found.run()

        snapshot = found.ledger.load_snapshot(outcome.decision.session)
        assert snapshot.level("VVIX") is None
        with closing(sqlite3.connect(found.ledger.path)) as database:
            database.row_factory = sqlite3.Row
            tables = database.execute("PRAGMA table_list").fetchall()
            ours = [row for row in tables if not row["name"].startswith(("sqlite_", "_"))]
            (mark,) = database.execute("SELECT * FROM marks").fetchall()
        assert [row["name"] for row in ours if row["type"] == "table" and not row["strict"]] == []
        assert mark["nav_usd"] is not None
        assert "nan" not in str(tuple(mark)).lower()
        witness.check()

    scene(tmp_path, script, act)


def test_fault_60_rules_that_break_while_the_bot_runs_leave_the_last_good_ones_in_force(
    tmp_path: Path,
) -> None:
    async def act() -> None:
        async with unattended(tmp_path) as found, running(found):
            await until_planned(found, MONDAY)
            (tmp_path / "config" / "rules.toml").write_text("[condor\n", encoding="utf-8")
            jump_to(found, MONDAY, "15:28")
            await until_done(found, MONDAY)

            assert outcomes(found) == {MONDAY: "done"}
            (row,) = found.ledger.rows("SELECT rules_sha256 FROM decisions")
            assert row["rules_sha256"] == found.project.rules_sha256
            assert found.held() == found.positions() != {}

    asyncio.run(act())


def test_fault_60_a_kill_switch_that_cannot_be_read_is_told_with_file_line_and_key(
    tmp_path: Path,
) -> None:
    async def act() -> None:
        async with unattended(tmp_path) as found, running(found):
            await until_planned(found, MONDAY)
            path = found.project.settings_path
            text = path.read_text(encoding="utf-8")
            line = text[: text.index("state =")].count("\n") + 1
            path.write_text(text.replace('state = "active"', 'state = "stop"'), encoding="utf-8")
            await until(found, lambda: bool((told := beat(found)) and told.fault), "the fault")

            told = beat(found)
            assert told is not None
            assert f"steward.toml:{line}: kill_switch.state" in str(told.fault)

    asyncio.run(act())
