"""Chains as optionsDX sells them: one text file for a month, bracketed columns, wide lines.

A line has a call and the put of one strike and expiry at one instant; a file has many instants.
The file does not say whose options they are, and not their trading classes:

- The underlying is named by whoever imports, or by the file: ``spx_eod_202301.txt``.
- SPX: the third Friday is SPX (AM-settled), every other day SPXW. A second series of the same day
  and strike cannot be told from the first, and is left out.
- VIX: the monthly expiry is VIX, every other day VIXW.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from bot.calendars import trading_days
from bot.core.errors import RecordedDataError
from bot.core.sessions import TradingCalendar, is_monthly_vix_expiry, third_friday
from bot.data.captures import REACH
from bot.data.chain_files import QuotedOption
from bot.data.import_table import Cells, read_lines, rows
from bot.data.snapshots import NEW_YORK, Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

FIRST_COLUMN: Final = "[QUOTE_UNIXTIME]"
OF_A_SIDE: Final = ("BID", "ASK", "LAST", "SIZE", "VOLUME", "IV", "DELTA")
NEEDED: Final = (
    "[QUOTE_READTIME]",
    "[UNDERLYING_LAST]",
    "[EXPIRE_DATE]",
    "[STRIKE]",
    *(f"[C_{name}]" for name in OF_A_SIDE),
    *(f"[P_{name}]" for name in OF_A_SIDE),
)
LONGEST: Final = dt.timedelta(days=3660)
"""No option of SPX or VIX is listed for longer."""

MARGIN: Final = dt.timedelta(days=60)
SECOND_SERIES_FLAG: Final = "second series of the same day and strike left out"

_SIZE: Final = re.compile(r"(\d+) x (\d+)")


def read_month(path: Path, underlying: str | None) -> tuple[Snapshot, ...]:
    """Read a file of optionsDX: a snapshot for each instant in it, oldest first.

    Parameters
    ----------
    path
        The file.
    underlying
        ``"SPX"`` or ``"VIX"``; ``None`` to go by the name of the file.

    Raises
    ------
    RecordedDataError
        With file, line and column of what cannot be.
    """
    lines = read_lines(path)
    header = lines[0][1] if lines else []
    if missing := [column for column in NEEDED if column not in header]:
        raise RecordedDataError(f"{path}, line 1, column {missing[0]}: is not in the header")
    whose = underlying or _named(path)
    found: dict[dt.datetime, list[Cells]] = defaultdict(list)
    for cells in rows(path, header, lines[1:]):
        found[_instant(cells)].append(cells)
    calendar = _calendar(cells for each in found.values() for cells in each)
    return tuple(_snapshot(whose, at, found[at], calendar) for at in sorted(found))


def _named(path: Path) -> str:
    """Return the underlying that the file's name begins with."""
    named = path.name[:3].upper()
    if named not in REACH:
        raise RecordedDataError(
            f"{path}: the file does not say whose options they are: name --underlying SPX or VIX"
        )
    return named


def _snapshot(
    underlying: str, at: dt.datetime, lines: Sequence[Cells], calendar: TradingCalendar
) -> Snapshot:
    options: dict[tuple[dt.date, float, str], QuotedOption] = {}
    seconds = 0
    for cells in lines:
        expiry, strike = _date(cells), cells.strike("[STRIKE]")
        if (expiry, strike, "C") in options:
            seconds += 1
            continue
        root = _root(underlying, expiry, calendar)
        for right in "CP":
            options[expiry, strike, right] = _option(cells, root, expiry, strike, right)
    return Snapshot(
        underlying=underlying,
        taken_at=at,
        spot=lines[0].positive("[UNDERLYING_LAST]"),
        options=tuple(options.values()),
        flags=(f"{seconds} strikes: {SECOND_SERIES_FLAG}",) if seconds else (),
    )


def _option(cells: Cells, root: str, expiry: dt.date, strike: float, right: str) -> QuotedOption:
    bid_size, ask_size = _sizes(cells, f"[{right}_SIZE]")
    return QuotedOption(
        root=root,
        expiry=expiry,
        strike=strike,
        right=right,
        bid=cells.positive(f"[{right}_BID]"),
        ask=cells.positive(f"[{right}_ASK]"),
        last=cells.positive(f"[{right}_LAST]"),
        bid_size=bid_size,
        ask_size=ask_size,
        volume=cells.optional_number(f"[{right}_VOLUME]"),
        iv=cells.positive(f"[{right}_IV]"),
        delta=cells.optional_number(f"[{right}_DELTA]"),
    )


def _sizes(cells: Cells, column: str) -> tuple[float | None, float | None]:
    """Read ``300 x 25``: contracts bid for and offered; of zero nothing is known."""
    text = cells.by_column[column]
    if not text:
        return None, None
    found = _SIZE.fullmatch(text)
    if found is None:
        raise cells.fault(column, "must read as '300 x 25'")
    return float(found[1]) or None, float(found[2]) or None


def _root(underlying: str, expiry: dt.date, calendar: TradingCalendar) -> str:
    if underlying == "SPX":
        return "SPX" if expiry == third_friday(expiry.year, expiry.month) else "SPXW"
    return "VIX" if is_monthly_vix_expiry(expiry, calendar) else "VIXW"


def _instant(cells: Cells) -> dt.datetime:
    try:
        text = cells.by_column["[QUOTE_READTIME]"]
        return dt.datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=NEW_YORK)
    except ValueError as error:
        raise cells.fault("[QUOTE_READTIME]", "must read as '2023-01-04 16:00'") from error


def _date(cells: Cells) -> dt.date:
    """Return the expiry of a line.

    Raises
    ------
    RecordedDataError
        If it is no date, or lies before the quote or beyond what is ever listed.
    """
    try:
        expiry = dt.date.fromisoformat(cells.by_column["[EXPIRE_DATE]"])
    except ValueError as error:
        raise cells.fault("[EXPIRE_DATE]", "must read as '2023-01-20'") from error
    if not dt.timedelta(0) <= expiry - _instant(cells).date() <= LONGEST:
        raise cells.fault("[EXPIRE_DATE]", "is no expiry of an option quoted then")
    return expiry


def _calendar(lines: Iterable[Cells]) -> TradingCalendar:
    """Return the sessions that the expiries of the lines lie in."""
    dates = {_date(cells) for cells in lines}
    return TradingCalendar(days=trading_days(min(dates) - MARGIN, max(dates) + MARGIN))
