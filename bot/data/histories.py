"""Recorded daily histories: levels, bars, VX settlements, breadth and rates.

The folder holds ``spx_daily.csv``, ``vix_daily.csv``, ``vol_indices_daily.csv``,
``vx_futures_by_expiry.csv.gz``, ``nyse_breadth_daily.csv.gz`` and ``rates_daily.csv``. Each is
read when it is first asked for. A day that is not covered is ``None``, never the day before.

- VIX rows of days without an SPX session (US holidays) are left out.
- Breadth is that of NYSE issues only; counts over large caps are a series of their own and are
  never mixed with it.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from bot.core.errors import RecordedDataError
from bot.core.model import BreadthDay, DailyBar, Session
from bot.data.tables import date, number, optional_number, rows

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping
    from pathlib import Path

_BAR_COLUMNS: Final = ("date", "open", "high", "low", "close")
SPX_FILE: Final = "spx_daily.csv"
ONE_MONTH_DAYS: Final = 30
THREE_MONTHS_DAYS: Final = 91


@dataclass(frozen=True, slots=True, kw_only=True)
class VolClose:
    """Closes of the volatility indexes on one day, points; ``None`` where not recorded."""

    vix9d: float | None
    vix3m: float | None
    vvix: float | None
    skew: float | None


class BarHistory:
    """Daily bars by session.

    Parameters
    ----------
    bars
        In any order, each session once.
    """

    def __init__(self, bars: tuple[DailyBar, ...]) -> None:
        self._bars = tuple(sorted(bars, key=lambda bar: bar.session))
        self._sessions = [bar.session for bar in self._bars]

    def on(self, session: Session) -> DailyBar | None:
        """Return the bar of `session`, if it is recorded."""
        at = bisect_left(self._sessions, session)
        found = at < len(self._bars) and self._sessions[at] == session
        return self._bars[at] if found else None

    def before(self, session: Session, count: int) -> tuple[DailyBar, ...]:
        """Return the last `count` bars before `session`, oldest first."""
        end = bisect_left(self._sessions, session)
        return self._bars[max(0, end - count) : end]


class Histories:
    """The recorded histories of one folder.

    Parameters
    ----------
    folder
        Where the files are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def spx(self) -> BarHistory:
        """SPX; the open is the close before on most days until 2010."""
        return BarHistory(tuple(self._bars(SPX_FILE, ())))

    @cached_property
    def vix(self) -> BarHistory:
        """VIX, on sessions of SPX."""
        return BarHistory(tuple(self._bars("vix_daily.csv", ("spx_session",))))

    @cached_property
    def vol_closes(self) -> Mapping[Session, VolClose]:
        """VIX9D, VIX3M, VVIX and SKEW by session."""
        path = self._folder / "vol_indices_daily.csv"
        return {
            date(path, line, day): VolClose(
                vix9d=optional_number(path, line, vix9d),
                vix3m=optional_number(path, line, vix3m),
                vvix=optional_number(path, line, vvix),
                skew=optional_number(path, line, skew),
            )
            for line, (day, vix9d, vix3m, vvix, skew) in rows(
                path, ("date", "vix9d", "vix3m", "vvix", "skew")
            )
        }

    @cached_property
    def vx_settlements(self) -> Mapping[Session, Mapping[dt.date, float]]:
        """Settlements of VX futures in points, by session and expiry."""
        path = self._folder / "vx_futures_by_expiry.csv.gz"
        settlements: dict[Session, dict[dt.date, float]] = defaultdict(dict)
        for line, (day, expiry, settle) in rows(path, ("date", "expiry", "settle")):
            settlements[date(path, line, day)][date(path, line, expiry)] = number(
                path, line, settle
            )
        return settlements

    def vx_bars(self, expiry: dt.date, before: Session, count: int) -> tuple[DailyBar, ...]:
        """Return the last `count` days of a VX future before a session; all of a bar settles."""
        days = sorted(
            day for day, row in self.vx_settlements.items() if day < before and expiry in row
        )
        settled = [(day, self.vx_settlements[day][expiry]) for day in days[-count:]]
        return tuple(
            DailyBar(session=day, open=level, high=level, low=level, close=level)
            for day, level in settled
        )

    @cached_property
    def breadth(self) -> Mapping[Session, BreadthDay]:
        """NYSE advances and declines by session."""
        return read_breadth(self._folder / "nyse_breadth_daily.csv.gz")

    def rate(self, session: Session, years: float) -> float | None:
        """Return the Treasury rate of the last day up to `session`, continuously compounded.

        Parameters
        ----------
        session
            As of when.
        years
            Term: constant-maturity yields of one and three months, interpolated linearly and
            held constant outside.

        Returns
        -------
        float or None
            Decimal per year: ``2 ln(1 + y/2)`` of the bond-equivalent yield y. ``None`` before
            the first recorded day.
        """
        at = bisect_right(self._rate_days, session) - 1
        if at < 0:
            return None
        one, three = self._yields[self._rate_days[at]]
        span = THREE_MONTHS_DAYS - ONE_MONTH_DAYS
        share = min(max((years * 365 - ONE_MONTH_DAYS) / span, 0.0), 1.0)
        return 2 * math.log1p((one + (three - one) * share) / 200)

    @cached_property
    def _rate_days(self) -> list[Session]:
        return sorted(self._yields)

    @cached_property
    def _yields(self) -> Mapping[Session, tuple[float, float]]:
        path = self._folder / "rates_daily.csv"
        return {
            date(path, line, day): (number(path, line, one), number(path, line, three))
            for line, (day, one, three) in rows(path, ("date", "dgs1mo", "dgs3mo"))
            if one and three
        }

    def _bars(self, file: str, flag: tuple[str, ...]) -> list[DailyBar]:
        """Bars of a file; where it has a flag column, only of the lines that say True."""
        path = self._folder / file
        return [
            _bar(path, line, cells)
            for line, cells in rows(path, (*_BAR_COLUMNS, *flag))
            if not flag or cells[-1] == "True"
        ]


def history_beside(chains: Path) -> Path:
    """Return the folder of the histories that go with a folder of chains: itself, or its parent."""
    return chains if (chains / SPX_FILE).exists() else chains.parent


def read_breadth(
    path: Path, *, columns: tuple[str, str] = ("advances", "declines")
) -> Mapping[Session, BreadthDay]:
    """Read counts of issues by session; a line with an empty cell has none.

    Parameters
    ----------
    path
        CSV file with a ``date`` and both columns, others being left out.
    columns
        Names of the advancing and of the declining issues.

    Raises
    ------
    RecordedDataError
        If the file cannot be read, or a count is no number.
    """
    return {
        day: BreadthDay(
            session=day,
            advances=number(path, line, advances),
            declines=number(path, line, declines),
        )
        for line, (cell, advances, declines) in rows(path, ("date", *columns))
        if advances and declines
        for day in (date(path, line, cell),)
    }


def _bar(path: Path, line: int, cells: list[str]) -> DailyBar:
    first, high, low, close = (number(path, line, cell) for cell in cells[1:5])
    if min(first, high, low, close) <= 0:
        raise RecordedDataError(f"{path}, line {line}: levels {cells[1:5]} must be > 0")
    return DailyBar(session=date(path, line, cells[0]), open=first, high=high, low=low, close=close)
