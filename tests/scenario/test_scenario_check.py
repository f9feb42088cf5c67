"""``steward check`` names each thing that is amiss, and what to do about it."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import TYPE_CHECKING

from harness import stage
from typed import edit

from bot.clock import at_new_york
from bot.doctor import examine
from bot.ledger.lock import WriterLock
from bot.ledger.store import Ledger
from bot.notify.targets import VARIABLE
from bot.simulator.errors import RequestRefusedError
from bot.simulator.settings import GatewaySettings
from bot.simulator.wire import Request

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest
    from harness import Stage

    from bot.doctor_gateway import Finding
    from bot.simulator.connection import Connection
    from bot.simulator.wire import Fields


def checked(
    folder: Path,
    *,
    at: str = "15:00",
    settings: GatewaySettings | None = None,
    prepare: Callable[[Stage], None] = lambda _found: None,
) -> dict[str, Finding]:
    """Check a project at a New York time of the first session; return what was found by name."""

    async def play() -> list[Finding]:
        async with stage(folder, settings=settings) as found:
            found.ledger.close()
            moment = at_new_york(dt.date(2025, 1, 6), dt.time.fromisoformat(at))
            found.gateway.advance_to(moment)
            prepare(found)
            return await examine(folder)

    return {finding.name: finding for finding in asyncio.run(play())}


def failed(findings: dict[str, Finding]) -> set[str]:
    return {name for name, finding in findings.items() if finding.passed is False}


def test_everything_that_a_session_needs_is_there(tmp_path: Path) -> None:
    findings = checked(tmp_path)

    assert failed(findings) == set()
    assert findings["next session"].text.startswith("2025-01-06 (full day), decided at 15:30")
    assert findings["gateway"].text.endswith("server version 176")
    assert {"permissions", "disk", "one instance", "hours", "VX futures", "orders"} <= set(findings)


def test_what_is_not_subscribed_is_named_with_the_remedy(tmp_path: Path) -> None:
    settings = GatewaySettings(unsubscribed=frozenset({"SPXW", "VX", "VVIX"}))

    findings = checked(tmp_path, settings=settings)

    assert failed(findings) == {"option quotes SPX", "VX futures", "index VVIX"}
    assert "subscribe to OPRA" in findings["option quotes SPX"].text
    assert "subscribe to CFE" in findings["VX futures"].text
    assert "share the market data with the paper user" in findings["index VVIX"].text


def test_a_closed_market_fails_nothing_that_only_an_open_one_can_show(tmp_path: Path) -> None:
    findings = checked(tmp_path, at="08:00")

    waiting = {name for name, finding in findings.items() if finding.passed is None}
    assert waiting == {"option quotes SPX", "option quotes VIX", "VX futures"}
    assert all("check again in market hours" in findings[name].text for name in waiting)
    assert failed(findings) == set()


def test_a_read_only_gateway_is_found_without_sending_an_order(tmp_path: Path) -> None:
    def read_only(_client: Connection, fields: Fields) -> None:
        text = "The API interface is currently in Read-Only mode."
        raise RequestRefusedError(fields.integer(), 321, text)

    def prepare(found: Stage) -> None:
        found.gateway._handlers[Request.PLACE_ORDER] = read_only

    findings = checked(tmp_path, prepare=prepare)

    assert failed(findings) == {"orders"}
    assert "switch Read-Only API off" in findings["orders"].text


def test_hours_that_are_disputed_name_the_keys_to_write(tmp_path: Path) -> None:
    def prepare(found: Stage) -> None:
        path = found.project.settings_path
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("closures = []", "closures = [2025-01-06]"), encoding="utf-8")

    findings = checked(tmp_path, prepare=prepare)

    assert findings["next session"].text.startswith("2025-01-07")
    assert failed(findings) == set()


def test_events_that_have_ended_are_named_by_type_and_last_date(tmp_path: Path) -> None:
    def prepare(found: Stage) -> None:
        path = found.project.folder / "config" / "events.toml"
        dates = "fomc = [2024-12-18]\ncpi = [2025-01-15]\nppi = []\n"
        path.write_text(dates, encoding="utf-8")

    findings = checked(tmp_path, prepare=prepare)

    assert failed(findings) == {"events"}
    assert "fomc = ... 2024-12-18" in findings["events"].text
    assert "ppi = no date" in findings["events"].text
    assert "cpi" not in findings["events"].text


def test_a_running_bot_is_no_obstacle_to_a_check(tmp_path: Path) -> None:
    held: list[WriterLock] = []

    def prepare(found: Stage) -> None:
        held.append(WriterLock.taken(found.project.settings.ledger.path))

    findings = checked(tmp_path, prepare=prepare)
    held[0].release()

    assert failed(findings) == set()
    assert findings["one instance"].text.startswith("a bot is running")


def test_files_that_others_can_write_are_named_with_the_command(tmp_path: Path) -> None:
    def prepare(found: Stage) -> None:
        found.project.settings.ledger.path.chmod(0o666)

    findings = checked(tmp_path, prepare=prepare)

    assert "permissions" in failed(findings)
    assert "chmod go-w" in findings["permissions"].text


def test_whether_anybody_is_told_is_said_and_an_open_file_of_addresses_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)

    def with_addresses(mode: int) -> Callable[[Stage], None]:
        def prepare(found: Stage) -> None:
            who = found.project.folder / "who"
            who.write_text("json://here/s3cret\n", encoding="utf-8")
            who.chmod(mode)
            edit(found.project.folder, "notify", urls_file="who")

        return prepare

    nobody = checked(tmp_path / "1")["notify"]
    open_to_all = checked(tmp_path / "2", prepare=with_addresses(0o644))["notify"]
    somebody = checked(tmp_path / "3", prepare=with_addresses(0o600))["notify"]

    assert (nobody.passed, open_to_all.passed, somebody.passed) == (True, False, True)
    assert nobody.text.startswith("nobody is told: set STEWARD_NOTIFY_URLS")
    assert "chmod 600" in open_to_all.text
    assert somebody.text == "target 1 (json): `steward notify --test` tries them"


def test_a_damaged_ledger_is_named_with_the_way_out(tmp_path: Path) -> None:
    def damaged(found: Stage) -> None:
        with found.ledger.path.open("r+b") as file:
            file.seek(4096)  # its second page
            file.write(b"\xa5" * 4096)

    findings = checked(tmp_path, prepare=damaged)

    assert failed(findings) == {"ledger"}
    assert "steward.db: damaged (" in findings["ledger"].text
    assert findings["ledger"].text.endswith(f"there is no good backup in {tmp_path / 'backups'}")


def spoiled(found: Stage) -> None:
    """Put a total into the ledger that no row stands for."""
    with Ledger.open(found.ledger.path) as ledger, ledger.writing("a fault") as database:
        database.execute("INSERT INTO structure_totals VALUES ('lot', 'far', 'closed', 1, 0, 5, 0)")


def test_totals_that_no_rows_stand_for_are_named_and_made_anew(tmp_path: Path) -> None:
    findings = checked(tmp_path, prepare=spoiled)

    assert failed(findings) == {"totals"}
    assert findings["totals"].text == (
        "structure_totals: 1 of 0 rows differ, the first lot far closed; made anew from the rows"
    )
    with Ledger.open_read_only(tmp_path / "ledger" / "steward.db") as ledger:
        assert ledger.totals_at_fault() == ()
        assert ledger.last_incident("TOTALS_DIFFER") is not None


def test_totals_are_only_named_while_a_bot_has_the_ledger(tmp_path: Path) -> None:
    locks: list[WriterLock] = []

    def held(found: Stage) -> None:
        spoiled(found)
        locks.append(WriterLock.taken(found.ledger.path))

    findings = checked(tmp_path, prepare=held)
    locks[0].release()

    assert findings["totals"].text.endswith(
        "stop the bot, and `steward check` makes them anew from the rows"
    )
