"""What one replay comes to, as one row of figures for each era: what sweeps and variants compare.

Columns are ``<era>_<figure>``; an era that is reached for less than a month has none. Eras, both
ends in:

- ``whole``: all that was replayed;
- ``chosen``: to 2014-12-31, on which free parameters are chosen;
- ``held``: from 2015-01-01 on, which nothing is chosen on;
- ``tradeable``: from 2006-07-17 on, when the hedge could be bought.

Figures, decimal, a year where they are rates: ``drag`` (positive is a cost), ``growth_given_up``,
``reduction`` of the deepest drawdown, and of the hedged book and (``shadow_``) the unhedged one
``growth``, ``volatility``, ``drawdown``, ``sharpe``, ``worst_month``. ``months`` lists the monthly
returns of the hedged book over bills from ``first_month`` on: the deflation of a choice needs them.
Both books hold their contracts for each dollar of their own NAV (`bot.evidence.sizes`).
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from bot.evidence import figures
from bot.evidence.benchmarks import market_of, premium
from bot.evidence.books import HEDGED, SHADOW
from bot.evidence.eras import SPLIT, TRADEABLE
from bot.evidence.sizes import at_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pandas as pd

    from bot.evidence.benchmarks import Market
    from bot.evidence.books import BookDays, Replay
    from bot.evidence.history import History

WHOLE: Final = "whole"
ERAS: Final = {
    WHOLE: (dt.date.min, dt.date.max),
    "chosen": (dt.date.min, SPLIT - dt.timedelta(days=1)),
    "held": (SPLIT, dt.date.max),
    "tradeable": (TRADEABLE, dt.date.max),
}
FEWEST_SESSIONS: Final = 20
"""An era that is reached for less than a month has no figures."""


def outcome(replay: Replay, history: History, eras: Iterable[str] = tuple(ERAS)) -> dict[str, Any]:
    """Return the figures of a replay by column.

    Parameters
    ----------
    replay
        What was replayed.
    history
        Over which; its rate makes the bills.
    eras
        Which of `ERAS`.
    """
    replay = at_size(replay, 1.0)
    market = market_of(history, replay.books[HEDGED].sessions)
    row: dict[str, Any] = {
        "sessions": len(replay.books[HEDGED].sessions),
        "trades": len(replay.trades),
    }
    for era in eras:
        for name, value in _figures(replay, ERAS[era], market):
            row[f"{era}_{name}"] = value
    excess = figures.monthly_returns(figures.solvent(replay.books[HEDGED])) - market.bills
    return row | {"first_month": str(excess.index[0]), "months": excess.tolist()}


def _figures(
    replay: Replay, era: tuple[dt.date, dt.date], market: Market
) -> Iterator[tuple[str, float]]:
    first, last = (np.datetime64(day) for day in era)
    hedged, shadow = (
        figures.between(figures.solvent(replay.books[name]), first, last)
        for name in (HEDGED, SHADOW)
    )
    if hedged is None or shadow is None or len(hedged.sessions) < FEWEST_SESSIONS:
        return
    kept = np.isin(replay.books[HEDGED].sessions, hedged.sessions)
    cost = figures.drag(
        hedged,
        shadow,
        premium_usd=premium(replay)[kept],
        bill_returns=market.bill_days[kept],
    )
    yield "drag", cost.total
    yield "growth_given_up", cost.growth
    yield "reduction", figures.drawdown_reduction(hedged, shadow)
    for prefix, book in (("", hedged), ("shadow_", shadow)):
        yield from _of_book(prefix, book, market.bills)


def _of_book(prefix: str, book: BookDays, bills: pd.Series[float]) -> Iterator[tuple[str, float]]:
    found = figures.book_figures(book, bills)
    yield f"{prefix}growth", found.growth
    yield f"{prefix}volatility", found.volatility
    yield f"{prefix}drawdown", found.drawdown.share
    yield f"{prefix}sharpe", found.sharpe
    yield f"{prefix}worst_month", found.worst_month
