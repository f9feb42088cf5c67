"""What must hold after an hour of the unattended bot, and what came of it in words and figures.

*Sessions*: each that the hour held to its end is in the ledger once, done, with its seven phases
in their order at their time, one snapshot, one decision, one mark, one count of breadth, its pages
and its backup; no intent is without an end; nothing was missed, no incident noted. *Nights*: the
gateway went away and came back each night, and nobody was alarmed. *Growth*: memory, open files
and threads of an idle bot and of its gateway are after the last session what they were after the
first; logs stay below their cap throughout. *The end*: SIGTERM ends the bot with 0, with its
ledger whole and its write-ahead log taken in; the commands that a person would type agree.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
import statistics
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hour_samples import Sample

from bot.project import load_project

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hour_samples import Usage

    from bot.core.model import Session
    from bot.project import Project

PHASES: Final = ("preflight", "reconcile", "observe", "decide", "execute", "mark", "report")
ALIVE: Final = ("committed", "sent", "working", "unknown")
ONCE: Final = {
    "snapshots": "session = ? AND dry = 0",
    "decisions": "session = ? AND dry = 0",
    "marks": "session = ?",
    "breadth": "session = ? AND source = 'nyse'",
}
"""Tables that hold one row of each session."""

LATEST_START: Final = dt.timedelta(minutes=5)
ROUND_OFF: Final = dt.timedelta(minutes=30)
"""After the close: pages, backup and breadth are done, and the bot is idle."""

BEFORE_NEXT: Final = dt.timedelta(hours=1)
MOST_GROWTH: Final = 0.05
MOST_FILES: Final = 1
"""An idle bot looks at its gateway now and then: one socket more or less is no leak."""

LONGEST_STOP_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How the bot ended: its exit code, how long it took, and whether nobody had told it to."""

    code: int
    seconds: float
    by_itself: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The hour as it was lived.

    Parameters
    ----------
    project
        Folder of the bot's project.
    start, end
        The gateway's time at the beginning and at the last measurement.
    speed
        Simulated seconds in a real one.
    samples
        The measurements.
    ended
        How the bot ended.
    told
        Exit codes of commands that a person would type.
    """

    project: Path
    start: dt.datetime
    end: dt.datetime
    speed: float
    samples: tuple[Sample, ...]
    ended: Ended
    told: dict[str, int]

    def figures(self) -> dict[str, object]:
        """Return what was measured, for programs."""
        idle = idle_windows(self)
        return {
            "real_seconds": self.samples[-1].real if self.samples else 0,
            "from": self.start,
            "to": self.end,
            "sessions": [str(session) for session in idle],
            "exit_code": self.ended.code,
            "stop_seconds": round(self.ended.seconds, 2),
            "commands": self.told,
            "most_log_bytes": max((each.log_bytes for each in self.samples), default=0),
            "ledger_bytes": self.samples[-1].ledger_bytes if self.samples else 0,
            "idle": {
                str(session): {
                    "bot": _middle(samples, "bot"),
                    "gateway": _middle(samples, "gateway"),
                }
                for session, samples in idle.items()
            },
        }


def sessions_of(run: Run) -> list[Session]:
    """Return the sessions that lie within the hour, from their open to the end of their work."""
    days = load_project(run.project).calendar.days
    return [d.session for d in days if run.start < d.open and d.close + ROUND_OFF < run.end]


def idle_windows(run: Run) -> dict[Session, list[Sample]]:
    """Return the measurements of an idle bot after each session, until before the next one."""
    project = load_project(run.project)
    found: dict[Session, list[Sample]] = {}
    for session in sessions_of(run):
        since = project.calendar.day(session).close + ROUND_OFF
        until = project.decide_at(project.calendar.next(session)) - BEFORE_NEXT
        found[session] = [each for each in run.samples if since <= each.now < until]
    return found


def faults_of(run: Run) -> list[str]:
    """Return everything that does not hold."""
    project = load_project(run.project)
    sessions = sessions_of(run)
    found = list(_of_end(run))
    with closing(sqlite3.connect(project.settings.ledger.path)) as ledger:
        ledger.row_factory = sqlite3.Row
        for session in sessions:
            found += [f"{session}: {text}" for text in _of_session(ledger, project, session)]
        found += _of_ledger(ledger, sessions)
    return [*found, *_of_nights(run, sessions), *_of_growth(run), *_of_logs(run, project)]


def _of_end(run: Run) -> Iterator[str]:
    ended = run.ended
    if ended.by_itself:
        yield f"the bot ended by itself, with {ended.code}"
    elif ended.code:
        yield f"SIGTERM ended the bot with {ended.code}"
    if ended.seconds > LONGEST_STOP_SECONDS:
        yield f"the bot took {ended.seconds:.1f} s to end"
    for command, code in run.told.items():
        if code:
            yield f"steward {command}: exit code {code}"


def _of_session(ledger: sqlite3.Connection, project: Project, session: Session) -> Iterator[str]:
    rows = ledger.execute(
        "SELECT * FROM sessions WHERE session = ? AND dry = 0", (str(session),)
    ).fetchall()
    if [row["outcome"] for row in rows] != ["done"]:
        yield f"is in the ledger as {[row['outcome'] for row in rows]}"
        return
    yield from _of_phases(ledger, project, session, rows[0]["id"])
    for table, of_session in ONCE.items():
        query = f"SELECT COUNT(*) FROM {table} WHERE {of_session}"  # noqa: S608 - our own names
        if (count := ledger.execute(query, (str(session),)).fetchone()[0]) != 1:
            yield f"{count} rows in {table}"
    settings = project.settings
    pages = settings.logs.folder / "reports"
    backup = settings.backup.folder / f"{settings.ledger.path.stem}-{session}.db"
    for path in (pages / f"{session}.txt", pages / f"{session}.html", backup):
        if not path.is_file():
            yield f"no {path.name}"


def _of_phases(
    ledger: sqlite3.Connection, project: Project, session: Session, number: int
) -> Iterator[str]:
    query = "SELECT phase, at FROM phases WHERE session_id = ? ORDER BY at, rowid"
    rows = ledger.execute(query, (number,)).fetchall()
    if (names := tuple(row["phase"] for row in rows)) != PHASES:
        yield f"phases {names}"
        return
    first, last = (dt.datetime.fromisoformat(rows[place]["at"]) for place in (0, -1))
    due, close = project.decide_at(session), project.calendar.day(session).close
    if not due <= first <= due + LATEST_START:
        yield f"began at {first}, was due at {due}"
    if last > close:
        yield f"its report came at {last}, after the close"


def _of_ledger(ledger: sqlite3.Connection, sessions: Sequence[Session]) -> Iterator[str]:
    if (health := ledger.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
        yield f"the ledger is damaged: {health}"
    if not ledger.execute("SELECT COUNT(*) FROM fills").fetchone()[0]:
        yield "nothing was filled: the hour shows little"
    for row in ledger.execute("SELECT session, reason, detail FROM absences"):
        yield f"absent: {row['session']} {row['reason']} {row['detail']}"
    for row in ledger.execute("SELECT session, kind, detail FROM incidents"):
        yield f"incident: {row['session']} {row['kind']} {row['detail']}"
    for row in ledger.execute("SELECT session, code, text FROM alerts"):
        yield f"alert: {row['session']} {row['code']} {row['text']}"
    places = ", ".join("?" * len(ALIVE))
    query = f"SELECT intent_id, state FROM intents WHERE state IN ({places})"  # noqa: S608 - as above
    for row in ledger.execute(query, ALIVE):
        yield f"without an end: {row['intent_id']} is {row['state']}"
    if len(sessions) <= 1:
        yield f"the hour held {len(sessions)} sessions: run it for longer"


def _of_nights(run: Run, sessions: Sequence[Session]) -> Iterator[str]:
    """Yield nights in which the gateway's restart was not seen, or not seen to end."""
    log = (run.project.parent / "bot.log").read_text(encoding="utf-8")
    for event in ("gateway.absent", "gateway.back"):
        if (count := log.count(event)) < len(sessions) - 1:
            yield f"{event} was logged {count} times in {len(sessions) - 1} nights"


def _of_growth(run: Run) -> Iterator[str]:
    idle = [samples for samples in idle_windows(run).values() if samples]
    if len(idle) <= 1:
        return
    for name in ("bot", "gateway"):
        first, last = _middle(idle[0], name), _middle(idle[-1], name)
        if last["kilobytes"] > first["kilobytes"] * (1 + MOST_GROWTH):
            grown = f"{first['kilobytes']} kB after one session, {last['kilobytes']} at the end"
            yield f"{name}: {grown}"
        for what in ("files", "threads"):
            if last[what] > first[what] + MOST_FILES:
                yield f"{name}: {first[what]} {what} after one session, {last[what]} at the end"


def _of_logs(run: Run, project: Project) -> Iterator[str]:
    logs = project.settings.logs
    cap = logs.max_bytes * (logs.backups + 1)
    most = max((sample.log_bytes for sample in run.samples), default=0)
    if most > cap:
        yield f"{most} bytes of logs, the cap is {cap}"


def _middle(samples: Sequence[Sample], name: str) -> dict[str, int]:
    """Return the medians of what a process took up."""
    usages: list[Usage] = [getattr(sample, name) for sample in samples]
    names = ("kilobytes", "files", "threads")
    return {
        each: round(statistics.median(getattr(usage, each) for usage in usages)) if usages else 0
        for each in names
    }


def report(run: Run, faults: Sequence[str]) -> str:
    """Return what came of the hour, in Markdown."""
    last = run.samples[-1] if run.samples else None
    lines = [
        (
            f"{last.real / 60 if last else 0:.1f} minutes at {run.speed:g}: from {run.start} to "
            f"{run.end}, sessions {', '.join(map(str, sessions_of(run)))}"
        ),
        f"SIGTERM: exit code {run.ended.code} after {run.ended.seconds:.1f} s",
        *(f"`steward {command}`: {code}" for command, code in run.told.items()),
        f"logs: {max((each.log_bytes for each in run.samples), default=0)} bytes at most",
    ]
    if last is not None:
        lines.append(
            f"ledger: {last.ledger_bytes} bytes; processor time: bot {last.bot.seconds:.0f} s, "
            f"gateway {last.gateway.seconds:.0f} s"
        )
    for session, samples in idle_windows(run).items():
        for name in ("bot", "gateway"):
            found = _middle(samples, name)
            lines.append(
                f"idle after {session}, {name}: {found['kilobytes'] / 1024:.1f} MB, "
                f"{found['files']} files, {found['threads']} threads ({len(samples)} samples)"
            )
    lines += [f"does not hold: {len(faults)}", *faults]
    return "\n".join(f"- {line}" for line in lines) + "\n"
