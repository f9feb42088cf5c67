"""SPX with its dividends: the published total return where it is recorded, else a stated yield.

Cboe's file of strategy indexes holds the month-ends of SPTR, the total return of SPX. In a month
that it knows, SPX returns what SPTR did; in every other the price return of the history and 1.8 %
a year. By day, the dividends of a month come in equal parts on its sessions.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from bot.evidence.benchmarks import DIVIDENDS_A_YEAR

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from bot.evidence.benchmarks import Market

FILE: Final = "cboe_strategy_indexes_monthly.csv"
COLUMN: Final = "SPTR"
MONTHS_A_YEAR: Final = 12


def read_total_return(folder: Path) -> pd.Series[float]:
    """Return the monthly returns of SPTR by period; empty where no file has them."""
    path = folder / FILE
    if not path.is_file() or COLUMN not in pd.read_csv(path, nrows=0).columns:
        return no_months()
    levels = pd.read_csv(path, usecols=["date", COLUMN], parse_dates=["date"]).dropna()
    last = levels.groupby(levels["date"].dt.to_period("M"))[COLUMN].last()
    every = last.reindex(pd.period_range(last.index[0], last.index[-1], freq="M"))
    return every.pct_change(fill_method=None).dropna()


def no_months() -> pd.Series[float]:
    """Return monthly returns of nothing."""
    return pd.Series(dtype=np.float64, index=pd.PeriodIndex([], freq="M"))


def with_dividends(market: Market, total_return: pd.Series[float]) -> Market:
    """Return `market` with the published return of SPX in each month that knows one.

    Parameters
    ----------
    market
        SPX of the history and the stated yield.
    total_return
        Monthly, by period.
    """
    published = total_return.reindex(market.spx.index)
    return replace(market, spx=published.where(published.notna(), market.spx))


def daily_spx(
    close: NDArray[np.float64], sessions: NDArray[np.datetime64], market: Market
) -> NDArray[np.float64]:
    """Return the daily returns of SPX with dividends, that of the first session 0; shape (n,).

    ``price return + (monthly return with dividends - that without) / sessions of the month``; where
    the month before is not in `close`, the stated yield.

    Parameters
    ----------
    close
        Of SPX, points; shape (n,).
    sessions
        Shape (n,).
    market
        With the monthly returns of SPX (`with_dividends`).
    """
    months = pd.DatetimeIndex(sessions).to_period("M")
    ends = pd.Series(close).groupby(months).last()
    paid = market.spx.reindex(ends.index) - ends.pct_change(fill_method=None)
    paid = paid.fillna(DIVIDENDS_A_YEAR / MONTHS_A_YEAR)
    a_session = (paid / pd.Series(months).value_counts().reindex(paid.index)).reindex(months)
    price = np.concatenate([[0.0], close[1:] / close[:-1] - 1])
    return np.where(np.arange(len(close)) == 0, 0.0, price + a_session.to_numpy(float))


def described(market: Market, total_return: pd.Series[float]) -> str:
    """Return in words how SPX with dividends was made of what is recorded."""
    known = total_return.index.intersection(market.bills.index)
    stated = f"price return and {DIVIDENDS_A_YEAR:.1%} a year"
    if known.empty:
        return f"SPX with dividends: {stated}, no total return being recorded"
    beyond = "" if len(known) == len(market.bills) else f"; {stated} in the other months"
    return (
        f"SPX with dividends: total return of Cboe's file (SPTR), {known[0]} to {known[-1]}{beyond}"
    )
