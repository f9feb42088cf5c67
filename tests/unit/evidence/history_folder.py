"""A folder of small histories, and a way to damage one file of it."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from typing import TYPE_CHECKING

from bot.calendars import trading_days

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FIRST, LAST = dt.date(2010, 1, 4), dt.date(2012, 12, 31)
SESSIONS = [day.session for day in trading_days(FIRST, LAST)]
OPEN = [day.session for day in trading_days(FIRST, LAST + dt.timedelta(days=100))]


def write_histories(folder: Path) -> Path:
    """Write histories of three years: SPX rises by one point a session, the VIX is 20."""
    for name, header, line in (
        ("spx_daily.csv", "date,open,high,low,close", lambda n: f"{n},{n},{n},{1000 + n}"),
        ("vix_daily.csv", "date,open,high,low,close", lambda _: "20,21,19,20"),
        ("rates_daily.csv", "date,dtb3,dgs3mo", lambda _: "3.6,"),
        ("vol_indices_daily.csv", "date,vix9d,vix3m,vvix,skew", lambda _: "18,22,95,130"),
        ("nyse_breadth_daily.csv", "date,advances,declines", lambda _: "1500,1400"),
    ):
        rows = [f"{day},{line(at + 1)}" for at, day in enumerate(SESSIONS)]
        (folder / name).write_text("\n".join([header, *rows]) + "\n")
    futures = [f"{day},{expiry},{21 + n}" for day in SESSIONS for n, expiry in ahead(day)]
    (folder / "vx_futures_by_expiry.csv").write_text("\n".join(["date,expiry,settle", *futures]))
    (folder / "macro_events.csv").write_text(
        "date,event\n2010-01-27,fomc_decision\n2010-02-19,cpi\n2010-05-09,fomc_intermeeting\n"
        "2012-12-12,fomc_decision\n2012-12-14,cpi\n"
    )
    (folder / "macro.csv").write_text(
        "month,reer,rate_differential_pct\n2010-01,100,1.5\n2010-02,,1\n2012-12,101,1\n"
    )
    return folder


def ahead(day: dt.date) -> list[tuple[int, dt.date]]:
    """Two made-up settlement days after a day: the sessions a month and two months on."""
    aims = (day + dt.timedelta(days=30 * (n + 1)) for n in range(2))
    return [(n, OPEN[bisect_left(OPEN, aim)]) for n, aim in enumerate(aims)]


def edit(file: Path, change: Callable[[list[str]], list[str]]) -> None:
    """Change the lines of a file; the header is line 1, at position 0."""
    file.write_text("\n".join(change(file.read_text().splitlines())) + "\n")
