"""``steward status --check``: what is unwell, one line for each reason, for cron and containers.

It needs no library that is slow to load, and asks nobody: it reads the config, the heartbeat
and the ledger as the bot has left them. A trading state that a person has chosen is no fault.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bot.core.errors import StewardError
from bot.files import free_mb
from bot.heartbeat import heartbeat_path, read_heartbeat
from bot.ledger.connection import Connection, connect_read_only
from bot.ledger.queries import SessionRow, last_session_row
from bot.review.status import STATES, read_settings, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.heartbeat import Heartbeat

DEFAULT_HEARTBEAT_SECONDS: Final = 30.0
DEFAULT_FREE_MB: Final = 200
HEARTBEATS_MISSED: Final = 4
"""So many may be missing while a decision is computed; with more the bot hangs."""


def unwell(project: Path, now: dt.datetime) -> tuple[str, ...]:
    """Return one line for each thing that is unwell, with the remedy; empty when all is well.

    Parameters
    ----------
    project
        Project folder.
    now
        The time (UTC, this machine's clock).
    """
    try:
        settings = read_settings(project / "config" / "steward.toml")
        name = str(table(settings, "ledger").get("path", "ledger/steward.db"))
        path = project / Path(name).expanduser()
        beat = read_heartbeat(heartbeat_path(path))
        return (
            *_switch(settings),
            *_heartbeat(beat, settings, now),
            *_disk(path, settings),
            *_ledger(path),
            *_backup(path, project / _backup_folder(settings)),
        )
    except (StewardError, TypeError, ValueError) as fault:
        return (f"config: {fault}",)


def _switch(settings: dict[str, Any]) -> Iterator[str]:
    state = table(settings, "kill_switch").get("state")
    if state not in STATES:
        yield f"halted by fault: kill_switch.state = {state!r}: write one of {', '.join(STATES)}"


def _heartbeat(beat: Heartbeat | None, settings: dict[str, Any], now: dt.datetime) -> Iterator[str]:
    remedy = "start it: `steward run`, or `systemctl restart steward`"
    if beat is None:
        yield f"heartbeat: none: the bot has never run here; {remedy}"
        return
    seconds = table(settings, "health").get("heartbeat_seconds", DEFAULT_HEARTBEAT_SECONDS)
    age, limit = (now - beat.at).total_seconds(), HEARTBEATS_MISSED * float(seconds)
    if beat.state == "stopped":
        yield f"heartbeat: the bot was stopped {age:.0f} s ago; {remedy}"
    elif age > limit:
        yield f"heartbeat: {age:.0f} s old, limit {limit:.0f} s: the bot hangs or is gone; {remedy}"
    if beat.fault:
        yield f"halted by fault: {beat.fault.splitlines()[0]}; `steward check` says more"
    if beat.alarmed and beat.gateway_absent_since:
        since = f"{beat.gateway_absent_since:%Y-%m-%d %H:%M} UTC"
        yield f"gateway: absent since {since}: start IB Gateway and log in"


def _disk(ledger: Path, settings: dict[str, Any]) -> Iterator[str]:
    least = table(settings, "ledger").get("minimum_free_mb", DEFAULT_FREE_MB)
    try:
        free = free_mb(ledger.parent)
    except OSError as fault:
        yield f"disk: {ledger.parent}: {fault.strerror}"
        return
    if free < least:
        yield f"disk: {free:.0f} MB free, ledger.minimum_free_mb = {least}: nothing is sent"


def _ledger(path: Path) -> Iterator[str]:
    try:
        with Connection(connect_read_only(path), path) as ledger:
            last = last_session_row(ledger)
            missed = ledger.row("SELECT * FROM absences ORDER BY session DESC LIMIT 1")
    except StewardError as fault:
        yield f"ledger: {fault}"
        return
    if missed and (last is None or missed["session"] > last.session.isoformat()):
        yield f"session {missed['session']} was missed: {missed['reason']}: {missed['detail']}"
    elif last is not None:
        yield from _session(last)


def _backup_folder(settings: dict[str, Any]) -> Path:
    return Path(str(table(settings, "backup").get("folder", "backups"))).expanduser()


def _backup(path: Path, folder: Path) -> Iterator[str]:
    """Name the failed backup of the last session, unless there is a later copy of it."""
    try:
        with Connection(connect_read_only(path), path) as ledger:
            failed = ledger.row(
                "SELECT session, at, detail FROM incidents WHERE kind = 'BACKUP_FAILED' AND "
                "session = (SELECT max(session) FROM sessions WHERE dry = 0) ORDER BY id DESC"
            )
    except StewardError:
        return  # The ledger itself is told of above.
    if failed is None:
        return
    copy = folder / f"{path.stem}-{failed['session']}.db"
    failed_at = dt.datetime.fromisoformat(failed["at"]).timestamp()
    if not copy.exists() or copy.stat().st_mtime <= failed_at:
        yield f"backup of {failed['session']}: {failed['detail']}; `steward backup` tries again"


def _session(last: SessionRow) -> Iterator[str]:
    if last.outcome not in {None, "done"}:
        yield f"session {last.session} ended as {last.outcome}: `steward review {last.session}`"
    if last.phases.get("report", last.phases.get("reconcile", {})).get("locked"):
        yield "LOCKED: ledger and broker disagree: compare positions, reduce-only until then"
