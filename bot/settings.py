"""How the bot is run on this machine: the schema of ``config/steward.toml``.

Strategy rules are ``bot.core.rules``; these settings never change what is decided, only
where, when and whether. ``bot.config`` reads the file and lists every fault at once;
``config/README.md`` gives the reason for each key.

Two keys have no default, because nobody can know them: the paper account, and the state of
the kill switch. A file that has lost the latter (cut short by a full disk, say) must never
read as permission to trade.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, ClassVar, Literal, TypeAlias

from annotated_types import Ge, Gt, Le, MinLen

from bot.core.book import TradingState
from bot.core.rules import STRICT

NewsKind: TypeAlias = Literal[
    "fills", "sessions", "incidents", "alerts", "missed", "locked", "kill_switch"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerSettings:
    """The gateway, and the only account that may be traded on it.

    Parameters
    ----------
    account
        Paper account: ``DU`` or ``DF`` and digits. Anything else is refused.
    mode
        ``paper``: IB Gateway or TWS. ``simulated``: the gateway that ships with steward.
    host, port
        Where its socket listens; port 0 asks a simulated gateway for a free one.
    client_id
        The same on every start: orders belong to it. 0 would adopt orders made by hand.
    connect_timeout_seconds, request_timeout_seconds
        Deadlines of the first synchronisation and of each request.
    order_exchange
        Where orders are routed.
    simulation_speed
        Simulated seconds in a real one, as the simulated gateway was started; 0 when it is
        stepped. Of no meaning with a paper account.
    quiet_windows
        Hours in which an absent gateway is no news, New York: ``23:40-00:20`` each night, or
        ``Sun 00:00-24:00``.
    alarm_after_seconds
        How long it may be absent outside of them before that is an alert.
    look_seconds
        Time between two looks at the gateway while no session runs.
    excluded
        Positions that are none of the bot's business, each by contract number or local symbol.
    """

    __pydantic_config__: ClassVar = STRICT

    account: str
    mode: Literal["paper", "simulated"] = "paper"
    host: Annotated[str, MinLen(1)] = "127.0.0.1"
    port: Annotated[int, Ge(0), Le(65535)] = 4002
    client_id: Annotated[int, Ge(1), Le(999_999)] = 17
    connect_timeout_seconds: Annotated[float, Gt(0), Le(600)] = 30.0
    request_timeout_seconds: Annotated[float, Gt(0), Le(600)] = 20.0
    order_exchange: Annotated[str, MinLen(1)] = "SMART"
    simulation_speed: Annotated[float, Ge(0), Le(100_000)] = 0.0
    quiet_windows: tuple[str, ...] = ("23:40-00:20", "Sun 00:00-24:00")
    alarm_after_seconds: Annotated[float, Ge(0), Le(86_400)] = 600.0
    look_seconds: Annotated[float, Ge(10), Le(3600)] = 300.0
    excluded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleSettings:
    """When a session's cycle starts (New York), and how late it may still start.

    The bounds keep it inside regular hours, with time left for a price ladder before the
    close at 16:00, or at 13:00 on half days.

    Parameters
    ----------
    decide_at, decide_at_half_day
        Decision time of a full and of a half day.
    misfire_grace_seconds
        How late a cycle may still start.
    closures, half_days
        What the exchange has announced since this version was made: days without trading, and
        days that close at 13:15.
    """

    __pydantic_config__: ClassVar = STRICT

    decide_at: Annotated[dt.time, Ge(dt.time(9, 45)), Le(dt.time(15, 50))] = dt.time(15, 30)
    decide_at_half_day: Annotated[dt.time, Ge(dt.time(9, 45)), Le(dt.time(12, 50))] = dt.time(
        12, 30
    )
    misfire_grace_seconds: Annotated[int, Ge(1), Le(3600)] = 900
    closures: tuple[dt.date, ...] = ()
    half_days: tuple[dt.date, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KillSwitchSettings:
    """What may be sent at this moment, and who said so.

    Parameters
    ----------
    state
        One of the five trading states.
    reason
        Why it is not ``active``; shown wherever something was denied.
    keep_hedge
        Whether ``flatten`` keeps the VIX calls.
    """

    __pydantic_config__: ClassVar = STRICT

    state: TradingState
    reason: str = ""
    keep_hedge: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerSettings:
    """The ledger's file, and the room that it needs.

    Parameters
    ----------
    path
        The file; a relative path starts at the project folder.
    minimum_free_mb
        Megabytes that must be free where it lies; with less nothing is sent, as under ``halt``.
    """

    __pydantic_config__: ClassVar = STRICT

    path: Path = Path("ledger/steward.db")
    minimum_free_mb: Annotated[int, Ge(1), Le(1_000_000)] = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotSettings:
    """What becomes of old snapshots, the raw market that a session was decided on.

    Parameters
    ----------
    pack_days
        Calendar days after which those of sessions that traded are packed together, which loses
        nothing.
    thin_days
        Calendar days after which others lose their bars, breadth, chains and events; they keep
        their decision with all its reasons.
    at_once
        Most of them after one session: what is left is done after the next one.
    """

    __pydantic_config__: ClassVar = STRICT

    pack_days: Annotated[int, Ge(30), Le(36_500)] = 60
    thin_days: Annotated[int, Ge(30), Le(36_500)] = 365
    at_once: Annotated[int, Ge(20), Le(1000)] = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupSettings:
    """Copies of the ledger, one for each session.

    Parameters
    ----------
    folder
        Where they are kept; a relative path starts at the project folder.
    keep
        Newest copies that are kept.
    """

    __pydantic_config__: ClassVar = STRICT

    folder: Path = Path("backups")
    keep: Annotated[int, Ge(2), Le(10_000)] = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """Folder and size of the logs; a relative path starts at the project folder.

    Parameters
    ----------
    folder
        Folder of ``steward.jsonl`` and its predecessors.
    level
        Least severe event that is kept.
    max_bytes
        Size at which a file is rotated.
    backups
        Rotated files that are kept.
    reports
        Newest pages of text that are kept in ``reports/``.
    html_reports
        Newest pages of HTML that are kept there, 2 MB each; 0 writes none.
    """

    __pydantic_config__: ClassVar = STRICT

    folder: Path = Path("logs")
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    max_bytes: Annotated[int, Ge(10_000), Le(1_000_000_000)] = 10_000_000
    backups: Annotated[int, Ge(1), Le(100)] = 5
    reports: Annotated[int, Ge(1), Le(10_000)] = 500
    html_reports: Annotated[int, Ge(0), Le(10_000)] = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthSettings:
    """How the running bot shows that it is well.

    Parameters
    ----------
    heartbeat_seconds
        Time between two heartbeats: the file beside the ledger, and systemd's watchdog, which
        waits for 180 s.
    ping_url
        Address that is asked after each finished session and each idle hour, for a dead-man's
        switch; https, or http on this machine; empty for none. It is a secret.
    prometheus_file
        Text file of figures for Prometheus; a relative path starts at the project folder;
        empty for none.
    """

    __pydantic_config__: ClassVar = STRICT

    heartbeat_seconds: Annotated[float, Ge(1), Le(60)] = 30.0
    ping_url: str = ""
    prometheus_file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifySettings:
    """What people are told, and how often; whom is a secret, see ``bot.notify.targets``.

    Parameters
    ----------
    urls_file
        File of Apprise addresses, one on each line, readable by its owner only; a relative path
        starts at the project folder; empty for none. ``STEWARD_NOTIFY_URLS`` comes before it.
    about
        Kinds of news that are told.
    per_hour
        Messages in an hour; what is over it is told together later.
    repeat_hours
        How long the very same news is not told again.
    timeout_seconds
        How long one target has to take one message.
    """

    __pydantic_config__: ClassVar = STRICT

    urls_file: str = ""
    about: Annotated[tuple[NewsKind, ...], MinLen(1)] = (
        "fills",
        "sessions",
        "incidents",
        "alerts",
        "missed",
        "locked",
        "kill_switch",
    )
    per_hour: Annotated[int, Ge(1), Le(1000)] = 12
    repeat_hours: Annotated[float, Ge(0), Le(720)] = 24.0
    timeout_seconds: Annotated[float, Gt(0), Le(60)] = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All of ``config/steward.toml``, one table for each field."""

    __pydantic_config__: ClassVar = STRICT

    broker: BrokerSettings
    kill_switch: KillSwitchSettings
    schedule: ScheduleSettings = field(default_factory=ScheduleSettings)
    ledger: LedgerSettings = field(default_factory=LedgerSettings)
    snapshots: SnapshotSettings = field(default_factory=SnapshotSettings)
    backup: BackupSettings = field(default_factory=BackupSettings)
    logs: LogSettings = field(default_factory=LogSettings)
    health: HealthSettings = field(default_factory=HealthSettings)
    notify: NotifySettings = field(default_factory=NotifySettings)
