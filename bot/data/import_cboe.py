"""Quote tables as the exchange's site of delayed quotes lets them be downloaded.

::

    (an empty line)
    S&P 500 INDEX,Last: 5970.84,Change: 28.37
    "Date: January 6, 2025 at 10:15 AM EST",Bid: 5970.2,Ask: 5971.4,Size: 1*1,Volume: 0
    Expiration Date,Calls,Last Sale,Net,Bid,Ask,Volume,IV,Delta,Gamma,Open Interest,Strike,Puts,...
    Fri Jan 17 2025,SPX250117C05900000,...

A line has a call and the put of the same strike; its option symbols say the trading class, which
the other columns must bear out. Quotes are delayed by a quarter of an hour against the time that
the file says.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Final

from bot.core.errors import RecordedDataError
from bot.data.chain_files import TRADED_ROOTS, QuotedOption
from bot.data.import_table import Cells, read_lines, rows
from bot.data.snapshots import NEW_YORK, Snapshot

if TYPE_CHECKING:
    from pathlib import Path

HEADER_START: Final = ("Expiration Date", "Calls", "Last Sale")
SIDE: Final = ("Last Sale", "Net", "Bid", "Ask", "Volume", "IV", "Delta", "Gamma", "Open Interest")
COLUMNS: Final = (
    "Expiration Date",
    "Calls",
    *(f"Calls {name}" for name in SIDE),
    "Strike",
    "Puts",
    *(f"Puts {name}" for name in SIDE),
)
"""The header, with the columns of call and put told apart."""

PLAIN_HEADER: Final = ["Expiration Date", "Calls", *SIDE, "Strike", "Puts", *SIDE]
LINES_ABOVE: Final = 2
RIGHTS: Final = {"Calls": "C", "Puts": "P"}

_DATE: Final = re.compile(r"Date: (\w+ \d{1,2}, \d{4} at \d{1,2}:\d{2} [AP]M) E[SD]?T")
_LAST: Final = re.compile(r"Last: ([\d.]+)")
_SYMBOL: Final = re.compile(r"([A-Z]+)(\d{6})([CP])(\d{8})")


def read_quote_table(path: Path) -> Snapshot:
    """Read a downloaded quote table.

    Raises
    ------
    RecordedDataError
        With file, line and column of what cannot be.
    """
    lines = read_lines(path)
    at = next((n for n, (_, cells) in enumerate(lines) if cells == PLAIN_HEADER), None)
    if at != LINES_ABOVE:
        line = lines[min(LINES_ABOVE, len(lines) - 1)][0] if lines else 1
        raise RecordedDataError(
            f"{path}, line {line}, column {HEADER_START[0]}: no quote table: expected are a line "
            f"with Last:, one with Date:, and the header {','.join(HEADER_START)},..."
        )
    options = [
        option
        for cells in rows(path, COLUMNS, lines[at + 1 :])
        for option in (_option(cells, "Calls"), _option(cells, "Puts"))
    ]
    return Snapshot(
        underlying=options[0].root[:3],
        taken_at=_taken_at(path, *lines[1]),
        spot=_spot(path, *lines[0]),
        options=tuple(options),
    )


def _spot(path: Path, line: int, cells: list[str]) -> float:
    found = next((found for cell in cells if (found := _LAST.fullmatch(cell))), None)
    if found is None:
        raise RecordedDataError(f"{path}, line {line}, column Last: {cells!r} has no level")
    return float(found[1])


def _taken_at(path: Path, line: int, cells: list[str]) -> dt.datetime:
    found = _DATE.fullmatch(cells[0])
    try:
        text = found[1] if found else ""
        return dt.datetime.strptime(text, "%B %d, %Y at %I:%M %p").replace(tzinfo=NEW_YORK)
    except ValueError as error:
        raise RecordedDataError(
            f"{path}, line {line}, column Date: {cells[0]!r} must read as "
            "'Date: January 6, 2025 at 10:15 AM EST'"
        ) from error


def _option(cells: Cells, side: str) -> QuotedOption:
    root, expiry, strike = _identity(cells, side)
    return QuotedOption(
        root=root,
        expiry=expiry,
        strike=strike,
        right=RIGHTS[side],
        bid=cells.positive(f"{side} Bid"),
        ask=cells.positive(f"{side} Ask"),
        last=cells.positive(f"{side} Last Sale"),
        volume=cells.optional_number(f"{side} Volume"),
        open_interest=cells.optional_number(f"{side} Open Interest"),
        iv=cells.positive(f"{side} IV"),
        delta=cells.optional_number(f"{side} Delta"),
        feed="delayed",
    )


def _identity(cells: Cells, side: str) -> tuple[str, dt.date, float]:
    """Return what the symbol names, once the other columns say the same.

    Raises
    ------
    RecordedDataError
        If it is no option of SPX or VIX, or they differ.
    """
    symbol = _SYMBOL.fullmatch(cells.by_column[side])
    if symbol is None or symbol[1] not in TRADED_ROOTS or symbol[3] != RIGHTS[side]:
        raise cells.fault(side, f"is no {side[:-1].lower()} of {', '.join(sorted(TRADED_ROOTS))}")
    strike = cells.strike("Strike")
    if int(symbol[4]) != round(strike * 1000):
        raise cells.fault("Strike", f"is not that of {symbol[0]}")
    expiry = _expiry(cells)
    if f"{expiry:%y%m%d}" != symbol[2]:
        raise cells.fault("Expiration Date", f"is not that of {symbol[0]}")
    return symbol[1], expiry, strike


def _expiry(cells: Cells) -> dt.date:
    try:
        text = cells.by_column["Expiration Date"]
        return dt.datetime.strptime(text, "%a %b %d %Y").replace(tzinfo=dt.UTC).date()
    except ValueError as error:
        raise cells.fault("Expiration Date", "must read as 'Fri Jan 17 2025'") from error
