"""The tables that a person keeps for the bot, as of each session: events and macro months.

They are read again before every session, so that new dates need no restart. A file that is at
fault by then is unknown as a whole: no condor is opened on a guess, and nothing else stops. Each
fault, and the end of each type of event, is told once.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bot.config import load_events
from bot.core.errors import ConfigError
from bot.core.events import ended_types
from bot.core.model import BreadthSource, EventTable
from bot.data.histories import read_breadth
from bot.data.macro import load_macro
from bot.logs import get_logger

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path

    from bot.core.events import EndedType
    from bot.core.model import MacroMonth, Session
    from bot.core.sessions import TradingCalendar
    from bot.ledger.store import Ledger
    from bot.project import Project

log = get_logger(__name__)

EVENTS: Final = "events.toml"
MACRO: Final = "macro.csv"

SESSIONS: Final = 300
"""Sessions of breadth that signals look back on at most."""


def with_tables(project: Project, ledger: Ledger, session: Session, *, at: dt.datetime) -> Project:
    """Return `project` with its tables as their files say now; say once what is unknown.

    Parameters
    ----------
    project
        As it was loaded when the bot started.
    ledger
        Open for writing.
    session
        The session about to begin, or to go on.
    at
        The time.
    """
    config, faults = project.folder / "config", list[str]()
    events, macro = _events(config / EVENTS, faults), _macro(config / MACRO, faults)
    told = [("TABLE_FAULTY", fault) for fault in faults]
    if not any(fault.startswith(f"config/{EVENTS}") for fault in faults):
        told += [("EVENTS_ENDED", ended_text(each)) for each in ended_types(events, session)]
    for code, text in told:
        if not ledger.has_alert(code, text):
            log.warning(code.lower(), text=text)
            ledger.alert(code, text, session=session, at=at)
    return replace(project, events=events, macro=macro)


def keep_breadth(
    ledger: Ledger, file: Path, calendar: TradingCalendar, *, before: Session
) -> tuple[Session, ...]:
    """Keep the NYSE counts of `file` for the sessions that signals look back on.

    What the bot has counted itself stays, and so does what was brought before. A count of no
    issues, or of fewer, is none.

    Parameters
    ----------
    ledger
        Open for writing.
    file
        CSV with ``date``, ``advances`` and ``declines``.
    calendar
        Trading days.
    before
        The first session that is not over.

    Returns
    -------
    tuple of date
        The sessions kept, oldest first.

    Raises
    ------
    RecordedDataError
        If the file cannot be read.
    """
    past = [day.session for day in calendar.days if day.session < before][-SESSIONS:]
    source, found = BreadthSource.NYSE, read_breadth(file)
    known = {day.session for day in ledger.breadth(source, before, SESSIONS)}
    new = [found[session] for session in past if session in found and session not in known]
    possible = [day for day in new if min(day.advances, day.declines) > 0]
    for day in possible:
        ledger.record_breadth(source, day)
    return tuple(day.session for day in possible)


def ended_text(ended: EndedType) -> str:
    """Word the end of a type of event: file, key, value, bound; the same on each session."""
    name, last = ended
    value = "no date" if last is None else f"... {last}"
    return (
        f"config/{EVENTS}: {name} = {value}: must reach beyond the session: "
        "unknown from here on, no condor is opened; add the dates that are published"
    )


def _events(path: Path, faults: list[str]) -> EventTable:
    try:
        return load_events(path)
    except ConfigError as fault:
        faults += fault.faults
        return EventTable()


def _macro(path: Path, faults: list[str]) -> tuple[MacroMonth, ...]:
    try:
        return load_macro(path)
    except ConfigError as fault:
        faults += fault.faults
        return ()
