"""What people are told: once, in bounds, without secrets, over a real socket."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.book import TradingState
from bot.core.errors import ConfigError
from bot.ledger.attendance import AbsenceReason
from bot.ledger.news import NewsItem, news_since, positions
from bot.ledger.store import Ledger
from bot.notify.message import compose, masked
from bot.notify.notifier import Attempt, Notifier, notifying
from bot.notify.state import Told, read_told, write_told
from bot.notify.targets import VARIABLE, addresses, targets
from bot.settings import (
    BrokerSettings,
    KillSwitchSettings,
    LedgerSettings,
    NotifySettings,
    Settings,
)
from heard import Heard, listening

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SESSION = dt.date(2025, 1, 6)
AT = dt.datetime(2025, 1, 6, 20, 30, tzinfo=dt.UTC)
A_DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for the last message however slow this machine is."""
    monkeypatch.setattr("bot.notify.notifier.GOODBYE_SECONDS", 120.0)


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Iterator[Heard]:
    """A server to which the environment says that everything is told."""
    with listening() as found:
        monkeypatch.setenv(VARIABLE, found.url)
        yield found


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a project whose ledger exists."""
    found = Settings(
        broker=BrokerSettings(account="DU1234567"),
        kill_switch=KillSwitchSettings(state=TradingState.ACTIVE),
        ledger=LedgerSettings(path=tmp_path / "ledger" / "steward.db"),
        notify=NotifySettings(timeout_seconds=60),
    )
    Ledger.open(found.ledger.path, durable=False).close()
    return found


def incident(settings: Settings, detail: str, *, kind: str = "SESSION_FAILED") -> None:
    with Ledger.open(settings.ledger.path, durable=False) as ledger:
        ledger.incident(kind, session=SESSION, at=AT, detail=detail)


def told_of(settings: Settings, *details: str, notify: NotifySettings | None = None) -> None:
    """Run a bot in which these incidents happen."""
    changed = replace(settings, notify=notify or settings.notify)
    with notifying(changed, settings.ledger.path.parent.parent):
        for detail in details:
            incident(settings, detail)


def test_an_incident_is_told(settings: Settings, heard: Heard) -> None:
    told_of(settings, "the gateway went away")

    assert heard.texts == [
        "steward (paper): incident\n2025-01-06 SESSION_FAILED: the gateway went away"
    ]


def test_what_the_ledger_held_before_is_no_news(settings: Settings, heard: Heard) -> None:
    incident(settings, "long ago")

    told_of(settings)

    assert heard.messages == []


def test_what_happened_while_the_bot_was_off_is_told_at_its_next_start(
    settings: Settings, heard: Heard
) -> None:
    told_of(settings)
    with Ledger.open(settings.ledger.path, durable=False) as ledger:
        ledger.record_absence(SESSION, AbsenceReason.BOT_OFF, at=AT, detail="it slept")

    told_of(settings)

    assert heard.texts == [
        "steward (paper): session missed\n2025-01-06 SESSION_MISSED: BOT_OFF: it slept"
    ]


def test_a_restart_repeats_nothing(settings: Settings, heard: Heard) -> None:
    told_of(settings, "one")
    told_of(settings)
    told_of(settings, "one")

    assert len(heard.messages) == 1


def test_all_news_at_once_are_one_message_the_gravest_first(
    settings: Settings, heard: Heard
) -> None:
    with (
        notifying(settings, settings.ledger.path.parent),
        Ledger.open(settings.ledger.path, durable=False) as ledger,
    ):
        ledger.alert("DISK_SPACE", "nearly full", session=SESSION, at=AT)
        ledger.incident("KILL_SWITCH", session=None, at=AT, detail="active -> halt: a test")
        ledger.incident("BACKUP_FAILED", session=SESSION, at=AT, detail="no room")

    assert heard.texts == [
        (
            "steward (paper): incident and 2 more\n"
            "2025-01-06 BACKUP_FAILED: no room\n"
            "KILL_SWITCH: active -> halt: a test\n"
            "2025-01-06 DISK_SPACE: nearly full"
        )
    ]


def test_kinds_that_nobody_asked_for_are_not_told(settings: Settings, heard: Heard) -> None:
    told_of(settings, "one", notify=NotifySettings(about=("fills",)))

    assert heard.messages == []


def test_what_is_over_the_limit_waits_and_is_told_together(
    settings: Settings, heard: Heard
) -> None:
    one_an_hour = NotifySettings(per_hour=1)
    told_of(settings, "one", notify=one_an_hour)
    told_of(settings, "two", notify=one_an_hour)
    told_of(settings, "three", notify=one_an_hour)
    assert len(heard.messages) == 1

    told_of(settings)

    assert heard.texts[1] == (
        "steward (paper): incident and 1 more\n"
        "2025-01-06 SESSION_FAILED: two\n"
        "2025-01-06 SESSION_FAILED: three"
    )


def test_what_nobody_took_is_told_later(settings: Settings, heard: Heard) -> None:
    heard.status = 500
    told_of(settings, "one")
    heard.status = 200
    told_of(settings, "two")

    assert heard.texts[-1].endswith("SESSION_FAILED: one\n2025-01-06 SESSION_FAILED: two")


def test_a_target_that_hangs_does_not_keep_the_others_from_being_told(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with listening(hangs=True) as silent, listening() as good:
        monkeypatch.setenv(VARIABLE, f"{silent.url}\n{good.url}")
        told_of(settings, "one", notify=NotifySettings(timeout_seconds=0.2))

        assert good.came.acquire(timeout=60)
        assert not silent.may_answer.is_set()


def test_a_target_that_still_hangs_is_told_nothing_more() -> None:
    with listening(hangs=True) as silent:
        (target,) = targets([silent.url])
        assert not target.tell("one", "x", seconds=0.2)
        assert silent.came.acquire(timeout=30)
        assert not target.tell("two", "x", seconds=0.2)

        assert [message["title"] for message in silent.messages] == ["one"]


ENDS = """
import sys
from bot.notify.targets import targets
(target,) = targets([sys.argv[1]])
print(target.tell("one", "x", seconds=0.2))
"""


def test_a_target_that_hangs_does_not_keep_the_process_from_its_end() -> None:
    with listening(hangs=True) as silent:
        command = [sys.executable, "-c", ENDS, silent.url.replace("rto=15", "rto=600")]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)

        assert ended.stdout == "False\n"


def test_a_fault_of_any_kind_ends_neither_the_telling_nor_trading(
    settings: Settings, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> dict[str, int]:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr("bot.notify.notifier.positions", broken)
        told_of(settings, "one")
    told_of(settings)
    told_of(settings, "two")

    assert [text.rpartition(": ")[2] for text in heard.texts] == ["two"]


def test_without_addresses_nothing_is_begun(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    notifier = Notifier(settings, settings.ledger.path.parent)

    notifier.start()
    incident(settings, "one")
    notifier.stop()

    assert read_told(settings.ledger.path.with_name("notified.json")) is None


def test_addresses_that_cannot_be_used_stop_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(VARIABLE, "nonsense://hook/s3cret")
    with caplog.at_level("WARNING", logger="bot"):
        told_of(settings, "one")

    assert "address 1: is none that Apprise knows" in caplog.text
    assert "s3cret" not in caplog.text


def test_addresses_come_from_a_file_that_only_its_owner_can_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    file = tmp_path / "who"
    file.write_text("# at home\njson://one\n\njson://two\n", encoding="utf-8")
    file.chmod(0o600)
    wanted = NotifySettings(urls_file="who")

    assert addresses(wanted, tmp_path) == ("json://one", "json://two")
    for mode in (0o640, 0o604, 0o620):
        file.chmod(mode)
        with pytest.raises(ConfigError, match=rf"mode {mode:04o}\): type `chmod 600"):
            addresses(wanted, tmp_path)
    monkeypatch.setenv(VARIABLE, "json://three json://four")
    assert addresses(wanted, tmp_path) == ("json://three", "json://four")


def test_a_missing_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)

    with pytest.raises(ConfigError, match=r"notify\.urls_file: .*who: cannot be read"):
        addresses(NotifySettings(urls_file="who"), tmp_path)


@given(st.text(), st.text())
def test_no_account_id_is_in_any_message(before: str, after: str) -> None:
    item = NewsItem(kind="incidents", key="x", text=f"{before}DU1234567{after}")

    title, body = compose([item], mode="paper")

    assert "1234567" not in title + body
    assert "DU1234567" not in masked(f"{before}DU1234567{after}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("account DU1234567 locked", "account DU***67 locked"),
        ("U7654321", "U***21"),
        ("backups/steward_DF998877.db", "backups/steward_DF***77.db"),
        ("xDU1234567y", "xDU***67y"),
        ("ping https://hc.example/secret-uuid failed", "ping https://*** failed"),
        ("json://user:pw@host/path", "json://***"),
        ("SPXW 2025-02-21 5900 P at 80.05", "SPXW 2025-02-21 5900 P at 80.05"),
    ],
)
def test_what_opens_a_door_is_masked(text: str, expected: str) -> None:
    assert masked(text) == expected


def test_a_long_list_is_cut_and_says_so() -> None:
    items = [NewsItem(kind="alerts", key=str(n), text="x" * 400) for n in range(23)]

    title, body = compose(items, mode="simulated")
    lines = body.splitlines()

    assert title == "steward (simulated): alert and 22 more"
    assert len(lines) == 21
    assert max(map(len, lines)) == 300
    assert lines[-1] == "... and 3 more: steward review"


def test_retries_come_ever_more_slowly_up_to_a_quarter_of_an_hour() -> None:
    attempt, waits = Attempt(), []
    for _ in range(7):
        attempt = attempt.failed(AT)
        waits.append(int((attempt.not_before - AT).total_seconds()) if attempt.not_before else 0)

    assert waits == [30, 60, 120, 240, 480, 900, 900]


def test_news_is_forgotten_after_its_time_and_may_be_told_again() -> None:
    item = NewsItem(kind="alerts", key="full", text="full")
    told = Told(seen={}).after([item], {}, AT, forget=dt.timedelta(hours=1))
    hour, later = dt.timedelta(hours=1), AT + dt.timedelta(hours=2)

    assert told.fresh([item], AT, forget=hour) == ()
    assert told.fresh([item, item], later, forget=hour) == (item,)
    assert told.after([], {}, later, forget=hour).keys == {}


def test_the_limit_counts_the_last_hour_only() -> None:
    told = Told(seen={}, sent=(AT - dt.timedelta(minutes=61), AT - dt.timedelta(minutes=5)))

    assert told.may_send(AT, per_hour=2)
    assert not told.may_send(AT, per_hour=1)


def test_the_state_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    told = Told(seen={"fills": 3}, sent=(AT,), keys={"abc": AT})
    path = tmp_path / "ledger" / "notified.json"

    write_told(path, told)

    assert read_told(path) == told
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text('{"seen": 1}', encoding="utf-8")
    assert read_told(path) is None


def test_a_locked_book_is_told_once_a_session(settings: Settings) -> None:
    with Ledger.open(settings.ledger.path, durable=False) as ledger:
        seen = positions(ledger)
        run_id = ledger.begin_run(version="1", mode="paper", account_redacted="DU***67", at=AT)
        ledger.start_session(SESSION, run_id=run_id, dry=False, at=AT)
        for phase in ("reconcile", "report"):
            ledger.finish_phase(SESSION, phase, at=AT, detail={"locked": True}, dry=False)
        found = news_since(ledger, seen)

    assert [item.kind for item in found] == ["locked", "locked", "sessions"]
    assert [item.kind for item in Told(seen={}).fresh(found, AT, forget=A_DAY)] == [
        "locked",
        "sessions",
    ]
    assert found[0].text.startswith("2025-01-06 LOCKED")
