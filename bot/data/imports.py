"""Converts chains that others recorded into files that the simulated gateway plays.

Every file is read whole before anything is written; with one fault in one of them nothing is. To
import a file again changes nothing.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.calendars import trading_days
from bot.core.errors import RecordedDataError
from bot.core.sessions import TradingCalendar
from bot.data.chain_files import SUFFIX, CaptureFacts, read_rows, write_rows
from bot.data.chain_quality import facts_of
from bot.data.import_cboe import HEADER_START, read_quote_table
from bot.data.import_optionsdx import FIRST_COLUMN, read_month
from bot.data.import_table import read_lines
from bot.data.snapshots import NEW_YORK, Snapshot, session_of

if TYPE_CHECKING:
    from collections.abc import Sequence

FORMATS: Final = ("cboe", "optionsdx")
LINES_SEARCHED: Final = 4
A_MONTH: Final = dt.timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """One chain that was converted.

    Parameters
    ----------
    path
        Its file.
    facts
        What it says about itself.
    rows
        Options in it.
    is_new
        Whether it was not there before.
    """

    path: Path
    facts: CaptureFacts
    rows: int
    is_new: bool


def import_files(
    files: Sequence[Path], folder: Path, *, form: str | None = None, underlying: str | None = None
) -> tuple[Imported, ...]:
    """Convert `files` into `folder`, all of them or none.

    Parameters
    ----------
    files
        Downloads of one format or of several.
    folder
        Where to; made where needed.
    form
        One of `FORMATS`; ``None`` to go by what each file begins with.
    underlying
        Whose options they are, where a file does not say.

    Raises
    ------
    RecordedDataError
        With file, line and column; nothing was written.
    """
    found = [
        (path, kind, snapshot)
        for path in files
        for kind in (form or _format(path),)
        for snapshot in _read(path, kind, underlying)
    ]
    made = [_converted(folder, path, kind, snapshot) for path, kind, snapshot in found]
    _refuse_others(made)
    for each, (_, _, snapshot) in zip(made, found, strict=True):
        if each.is_new:
            write_rows(each.path, snapshot.options, each.facts)
    return tuple(made)


def _format(path: Path) -> str:
    """Return the format of a file by its first lines."""
    for _, cells in read_lines(path)[:LINES_SEARCHED]:
        if cells[0] == FIRST_COLUMN:
            return "optionsdx"
        if tuple(cells[: len(HEADER_START)]) == HEADER_START:
            return "cboe"
    raise RecordedDataError(
        f"{path}, line 1, column 1: is neither a quote table of Cboe ({HEADER_START[0]},...) nor "
        f"a file of optionsDX ({FIRST_COLUMN},...)"
    )


def _read(path: Path, form: str, underlying: str | None) -> tuple[Snapshot, ...]:
    if form == "optionsdx":
        return read_month(path, underlying)
    return (read_quote_table(path),)


def _converted(folder: Path, path: Path, form: str, snapshot: Snapshot) -> Imported:
    """Return what will be written of a snapshot, and whether it is there already."""
    session, quote_session = session_of(snapshot.taken_at, _calendar(snapshot.taken_at))
    here = snapshot.taken_at.astimezone(NEW_YORK)
    facts = facts_of(
        snapshot.options,
        underlying=snapshot.underlying,
        session=session,
        quote_session=quote_session,
        captured_at=here.isoformat(timespec="minutes"),
        spot=snapshot.spot,
        source=f"{form}: {path.name}",
        flags=snapshot.flags,
    )
    target = folder / f"{snapshot.underlying}-{session}-{form}-{here:%Y%m%dT%H%M}{SUFFIX}"
    return Imported(
        path=target,
        facts=facts,
        rows=len(snapshot.options),
        is_new=not _is_there(target, snapshot, path),
    )


def _is_there(target: Path, snapshot: Snapshot, source: Path) -> bool:
    """Whether the very same chain was imported before.

    Raises
    ------
    RecordedDataError
        If another chain of the same instant was.
    """
    if not target.exists():
        return False
    if read_rows(target) != snapshot.options:
        raise RecordedDataError(f"{source}: {target} is there already with other quotes")
    return True


def _refuse_others(made: Sequence[Imported]) -> None:
    """Refuse two files that are one capture, whichever came first."""
    paths = [each.path for each in made]
    if doubled := sorted({str(path) for path in paths if paths.count(path) > 1}):
        raise RecordedDataError(f"{doubled[0]}: two of the files are the same instant")


def _calendar(around: dt.datetime) -> TradingCalendar:
    date = around.date()
    return TradingCalendar(days=trading_days(date - A_MONTH, date + A_MONTH))
