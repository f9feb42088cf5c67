"""Heartbeat, systemd, dead-man's switch and figures, each told over the real thing."""

from __future__ import annotations

import asyncio
import datetime as dt
import http.server
import json
import os
import socket
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bot.defaults import write_defaults
from bot.health import Pulse, exposition, notify, status_text
from bot.heartbeat import Heartbeat, heartbeat_path, read_heartbeat, write_heartbeat
from bot.logs import configure
from bot.project import Project, load_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BEAT = Heartbeat(
    at=dt.datetime(2026, 7, 20, 12, 0, tzinfo=dt.UTC),
    pid=4711,
    state="waiting",
    next_session=dt.date(2026, 7, 20),
    next_wake=dt.datetime(2026, 7, 20, 19, 30, tzinfo=dt.UTC),
)
LATER = replace(BEAT, at=dt.datetime(2999, 1, 1, tzinfo=dt.UTC))
SECRET = "k3y-of-the-switch"  # noqa: S105 - a canary, not a password


@pytest.fixture
def project(tmp_path: Path) -> Project:
    write_defaults(tmp_path)
    return load_project(tmp_path)


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The socket on which systemd listens."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        sock.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield sock


def with_health(project: Project, **health: Any) -> Project:
    settings = project.settings
    return replace(project, settings=replace(settings, health=replace(settings.health, **health)))


@pytest.fixture
def switch() -> Iterator[tuple[str, list[str]]]:
    """A dead-man's switch on this machine: its address, and the paths it was asked for."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(500 if "broken" in self.path else 200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
        server.shutdown()
        thread.join()


def tell(project: Project, *beats: Heartbeat, ping: bool = False) -> None:
    async def scene() -> None:
        pulse = Pulse(project)
        for beat in beats:
            pulse.beat(beat, {"sessions_done": 3.0})
        if ping:
            pulse.ping()
        await asyncio.gather(*pulse._pings)

    asyncio.run(scene())


def test_a_heartbeat_comes_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "ledger" / "heartbeat.json"
    told = replace(BEAT, gateway_absent_since=BEAT.at, alarmed=True, fault="config")

    write_heartbeat(path, told)

    assert read_heartbeat(path) == told
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"at": 3}', "{"])
def test_a_heartbeat_that_cannot_be_read_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "heartbeat.json").write_text(text, encoding="utf-8")

    assert read_heartbeat(tmp_path / "heartbeat.json") is None
    assert read_heartbeat(tmp_path / "absent.json") is None


def test_systemd_is_told_over_its_socket(systemd: socket.socket) -> None:
    assert notify("READY=1", "STATUS=here")

    assert systemd.recv(100) == b"READY=1\nSTATUS=here"


def test_an_abstract_address_begins_with_an_at(monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"steward-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(f"\0{name}")
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")

        assert notify("STOPPING=1")
        assert sock.recv(100) == b"STOPPING=1"


def test_without_systemd_nobody_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)

    assert not notify("READY=1")


def test_each_heartbeat_feeds_the_watchdog_with_a_status(
    project: Project, systemd: socket.socket
) -> None:
    tell(project, BEAT)

    assert systemd.recv(200) == (
        b"WATCHDOG=1\nSTATUS=waiting for 2026-07-20, decided at 2026-07-20 19:30 UTC"
    )


def test_the_life_of_the_bot_as_systemd_hears_it(project: Project, systemd: socket.socket) -> None:
    pulse = Pulse(project)
    pulse.ready()
    pulse.stopping()

    assert (systemd.recv(100), systemd.recv(100)) == (b"READY=1", b"STOPPING=1")
    last = read_heartbeat(heartbeat_path(project.settings.ledger.path))
    assert last is not None
    assert last.state == "stopped"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"state": "session"}, "session"),
        ({"fault": "config: bad\nmore"}, "waiting: config: bad"),
        ({"gateway_absent_since": BEAT.at}, "waiting: no gateway since 2026-07-20 12:00 UTC"),
    ],
)
def test_the_status_says_what_matters_most(changes: dict[str, object], text: str) -> None:
    assert status_text(replace(BEAT, **changes)) == text  # type: ignore[arg-type]


def test_figures_are_in_the_text_format_of_prometheus(project: Project) -> None:
    tell(with_health(project, prometheus_file="figures/steward.prom"), BEAT)
    assert not (project.folder / "figures").exists()

    (project.folder / "figures").mkdir()
    tell(with_health(project, prometheus_file="figures/steward.prom"), BEAT)

    text = (project.folder / "figures" / "steward.prom").read_text(encoding="utf-8")
    assert text == exposition(BEAT, {"sessions_done": 3.0})
    samples = dict(line.split() for line in text.splitlines() if not line.startswith("#"))
    assert samples == {
        "steward_heartbeat_timestamp_seconds": "1784548800",
        "steward_next_wake_timestamp_seconds": "1784575800",
        "steward_sessions_done": "3",
        "steward_gateway_up": "1",
        "steward_in_session": "0",
        "steward_well": "1",
    }
    assert text.endswith("\n")


def test_the_switch_is_asked_when_told_to_and_each_idle_hour(
    project: Project, switch: tuple[str, list[str]]
) -> None:
    url, asked = switch
    told = with_health(project, ping_url=f"{url}/{SECRET}")

    tell(told, BEAT)
    assert asked == []
    tell(told, ping=True)
    tell(told, LATER)
    assert asked == [f"/{SECRET}"] * 2


@pytest.mark.parametrize("trouble", [{"fault": "config"}, {"alarmed": True}])
def test_the_switch_is_not_asked_while_the_bot_is_unwell(
    project: Project, switch: tuple[str, list[str]], trouble: dict[str, object]
) -> None:
    url, asked = switch

    tell(with_health(project, ping_url=url), replace(LATER, **trouble))  # type: ignore[arg-type]

    assert asked == []


def test_a_switch_that_fails_is_logged_without_its_address(
    project: Project, switch: tuple[str, list[str]]
) -> None:
    configure(project.settings.logs, console=False)

    tell(with_health(project, ping_url=f"{switch[0]}/broken/{SECRET}"), ping=True)
    tell(with_health(project, ping_url=f"http://127.0.0.1:1/{SECRET}"), ping=True)

    text = (project.settings.logs.folder / "steward.jsonl").read_text(encoding="utf-8")
    faults = [json.loads(line)["fault"] for line in text.splitlines()]
    assert faults == ["HTTPError", "URLError"]
    assert SECRET not in text


def test_a_heartbeat_that_cannot_be_written_stops_nothing(project: Project) -> None:
    folder = project.settings.ledger.path.parent
    folder.write_text("in the way", encoding="utf-8")

    tell(project, BEAT, BEAT)

    assert folder.read_text(encoding="utf-8") == "in the way"
