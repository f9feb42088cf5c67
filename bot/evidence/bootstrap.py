"""Histories that could have been: blocks of the recorded one on the real calendar.

Which past session stands behind each session of a path is drawn by ``bot.evidence.blocks``. What
is taken over from it, so that prices follow from levels as they do in the recorded history:

- **SPX**: the bar relative to the close before it. The path is rebuilt from these returns, starts
  at the recorded level and so wanders off; contract sizes scale with it.
- **VIX, VIX9D, VIX3M, VVIX, SKEW and the rate**: the levels. Joins are matched on VIX and VIX3M;
  the second future still moves by some 7 % at one, twice its usual day, to either side.
- **VX**: the ratio of each future to the VIX by its days to settlement, 1 at none, linear between
  the contracts and constant beyond the last, laid on the monthly expiries of the path's own
  calendar. Where futures were not recorded they stay unknown, for the engine's substitute.
- **Breadth**: the share of issues that rose less that of those that fell. This is the one place
  where official counts and those of large caps meet: in a path the two eras lie side by side, and
  a series that breaks at every join would never be known. Shares of large caps, which move
  together more, are scaled to the official standard deviation of the days that both know; all
  are written as counts of `ISSUES` issues.
- **Events**: a session is an event's when its source was. Macro months stay on the calendar.

Paths are like the past on average: over 150 of 1990-2026 the mean VIX is 19.4 (19.5), the mean
return of SPX 8.4 % a year (8.4), its volatility 17.8 % (18.0), the 95th percentile of the VIX 33.0
(33.0); single paths have a mean VIX of 17.5 to 21.6.

What a path cannot show: anything that lasts longer than a block (an era of rates, the growth of
the index over decades), and a panic worse than the worst of the past.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np

from bot.core.model import EventTable
from bot.evidence.blocks import MEAN_BLOCK, TOLERANCE, sources
from bot.evidence.history import Bars
from bot.surfaces.levels import modelled_vix3m
from bot.surfaces.listings import vix_months

if TYPE_CHECKING:
    import datetime as dt

    from numpy.typing import NDArray

    from bot.evidence.blocks import Indexes
    from bot.evidence.history import Dates, History, Values

ISSUES: Final = 3_000
"""Issues that moved, in the counts of a path: about those of the New York Stock Exchange."""


class Resampler:
    """Draws histories out of one recorded history.

    Parameters
    ----------
    history
        The recorded one. Sessions before its first VIX are kept as they are in every path.
    mean_block
        Mean length of a block, sessions.
    tolerance
        Greatest distance of a join in VIX and VIX3M, natural logarithm.
    """

    def __init__(
        self, history: History, *, mean_block: float = MEAN_BLOCK, tolerance: float = TOLERANCE
    ) -> None:
        self._history = history
        self._mean_block = mean_block
        self._tolerance = tolerance
        self._start = int(np.flatnonzero(np.isfinite(history.vix.close))[0])

    def sources(self, seed: int) -> Indexes:
        """Return the position of the past session behind each session; shape (n,).

        Sessions before the first VIX stand for themselves.
        """
        drawn = sources(
            self._levels,
            length=len(self._levels),
            seed=seed,
            mean_block=self._mean_block,
            tolerance=self._tolerance,
        )
        return np.concatenate([np.arange(self._start), self._start + drawn])

    def path(self, seed: int) -> History:
        """Return the history that `seed` draws: the same sessions, as many as recorded."""
        past, source = self._history, self.sources(seed)
        expiries, settlements = self._futures(source)
        return replace(
            past,
            spx=self._rebuilt(source),
            vix=_taken(past.vix, source),
            vix9d=past.vix9d[source],
            vix3m=past.vix3m[source],
            vvix=past.vvix[source],
            skew=past.skew[source],
            vx_expiries=expiries,
            vx_settlements=settlements,
            nyse=self._counts[source],
            large_caps=np.full_like(past.large_caps, np.nan),
            rate=past.rate[source],
            events=self._events(source),
            carried={},
            limits=(),
            sha256=f"{past.sha256}:{seed}:{self._mean_block:g}:{self._tolerance:g}",
        )

    @cached_property
    def _levels(self) -> NDArray[np.float64]:
        """Logarithms of VIX and VIX3M, from the first VIX on; shape (n, 2)."""
        vix, vix3m = (
            each[self._start :] for each in (self._history.vix.close, self._history.vix3m)
        )
        modelled = [modelled_vix3m(level) for level in vix]
        levels = np.column_stack([vix, np.where(np.isfinite(vix3m), vix3m, modelled)])
        return np.asarray(np.log(levels), dtype=np.float64)

    def _rebuilt(self, source: Indexes) -> Bars:
        """Return SPX bars from the returns of the sources."""
        spx, start = self._history.spx, self._start
        before = np.concatenate([spx.close[:1], spx.close[:-1]])
        base = spx.close[max(start - 1, 0)]
        grown = base * np.cumprod((spx.close / before)[source[start:]])
        at_close_before = np.concatenate([[base], grown[:-1]])

        def rebuilt(values: Values) -> Values:
            moved = at_close_before * (values / before)[source[start:]]
            return np.concatenate([values[:start], moved])

        return Bars(
            open=rebuilt(spx.open),
            high=rebuilt(spx.high),
            low=rebuilt(spx.low),
            close=rebuilt(spx.close),
        )

    def _futures(self, source: Indexes) -> tuple[Dates, Values]:
        """Return settlement dates and prices of the futures of a path; shape (n, m) each."""
        past, expiries = self._history, self._expiries
        days = _days(expiries, past.sessions)
        recorded = _days(past.vx_expiries, past.sessions)
        ratios = np.log(past.vx_settlements / past.vix.close[:, None])
        prices = np.full(expiries.shape, np.nan)
        for at in range(self._start, len(source)):
            row = source[at]
            known = np.isfinite(ratios[row]) & (recorded[row] > 0)
            if known.any():
                nodes = np.concatenate([[0.0], recorded[row][known]])
                logs = np.interp(days[at], nodes, np.concatenate([[0.0], ratios[row][known]]))
                prices[at] = past.vix.close[row] * np.exp(logs)
        return np.where(np.isfinite(prices), expiries, np.datetime64("NaT")), prices

    @cached_property
    def _expiries(self) -> Dates:
        """Monthly expiries after each session, nearest first; shape (n, m)."""
        calendar, sessions = self._history.calendar, self._history.sessions
        months = [vix_months(day, calendar) for day in sessions.tolist()]
        return np.array(months, dtype="datetime64[D]")

    @cached_property
    def _counts(self) -> Values:
        """Advancing and declining issues of each past session, of `ISSUES`; shape (n, 2)."""
        official, large = (_share(each) for each in (self._history.nyse, self._history.large_caps))
        both = np.isfinite(official) & np.isfinite(large)
        scale = np.std(official[both]) / np.std(large[both]) if both.any() else 1.0
        share = np.where(np.isfinite(official), official, np.clip(large * scale, -1, 1))
        return ISSUES / 2 * np.column_stack([1 + share, 1 - share])

    def _events(self, source: Indexes) -> EventTable:
        """Return the dates of a path whose sources are events, and the recorded ones after it."""
        table = self._history.events
        return EventTable(
            fomc=self._dates(table.fomc, source),
            cpi=self._dates(table.cpi, source),
            ppi=self._dates(table.ppi, source),
        )

    def _dates(self, dates: tuple[dt.date, ...], source: Indexes) -> tuple[dt.date, ...]:
        sessions = self._history.sessions
        event = np.isin(sessions, np.array(dates, dtype="datetime64[D]"))
        found: list[dt.date] = sessions[event[source]].tolist()
        return (*found, *(day for day in dates if day > sessions[-1].item()))


def _taken(bars: Bars, source: Indexes) -> Bars:
    return Bars(
        open=bars.open[source],
        high=bars.high[source],
        low=bars.low[source],
        close=bars.close[source],
    )


def _days(expiries: Dates, sessions: Dates) -> Values:
    """Return days from each session to each date of its row, NaN where there is none."""
    days = (expiries - sessions[:, None]).astype("timedelta64[D]").astype(np.float64)
    return np.where(np.isnat(expiries), np.nan, days)


def _share(counts: Values) -> Values:
    """Return (advances - declines) / (advances + declines) of each row."""
    total = counts.sum(axis=1)
    moved = total > 0
    return np.where(moved, (counts[:, 0] - counts[:, 1]) / np.where(moved, total, 1.0), np.nan)
