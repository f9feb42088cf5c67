"""SPX with its dividends: the published total return where it is recorded, else a stated yield.

Cboe's file of strategy indexes holds the month-ends of SPTR, the total return of SPX. In a month
that it knows, SPX returns what SPTR did; in every other the price return of the history and 1.8 %
a year. By day, the dividends of a month come in equal parts on its sessions. Of a month that is not
replayed whole nothing is taken from the file: what SPX did in the rest of it is not the replay's.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from bot.evidence.benchmarks import DIVIDENDS_A_YEAR

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from bot.evidence.benchmarks import Market
    from bot.evidence.history import History

FILE: Final = "cboe_strategy_indexes_monthly.csv"
COLUMN: Final = "SPTR"


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


def of_whole_months(market: Market, history: History, sessions: NDArray[np.datetime64]) -> Market:
    """Return `market` with SPX unknown in each month of which a session was not replayed.

    Parameters
    ----------
    market
        With the monthly returns of SPX.
    history
        Its calendar.
    sessions
        Replayed, shape (n,).
    """
    first, last = sessions[0].item().replace(day=1), sessions[-1].item()
    after = last.replace(day=1) + dt.timedelta(days=31)
    every = history.calendar.between(first, after.replace(day=1) - dt.timedelta(days=1))
    there = pd.Series(np.isin(np.array(every, "datetime64[D]"), sessions))
    whole = there.groupby(pd.DatetimeIndex(every).to_period("M")).all()
    return replace(market, spx=market.spx.where(market.spx.index.isin(whole.index[whole])))


def daily_spx(
    close: NDArray[np.float64], sessions: NDArray[np.datetime64], market: Market
) -> NDArray[np.float64]:
    """Return the daily returns of SPX with dividends, that of the first session 0; shape (n,).

    ``price return + (monthly return with dividends - that without) / sessions of the month``; where
    either is unknown, the stated yield.

    Parameters
    ----------
    close
        Of SPX, points; shape (n,).
    sessions
        Shape (n,).
    market
        With the monthly returns of SPX (`with_dividends`, `of_whole_months`).
    """
    months = pd.DatetimeIndex(sessions).to_period("M")
    ends = pd.Series(close).groupby(months).last()
    paid = market.spx.reindex(ends.index) - ends.pct_change(fill_method=None)
    a_session = (paid / pd.Series(months).value_counts().reindex(paid.index)).reindex(months)
    a_session = a_session.fillna(market.dividend_a_day)
    price = np.concatenate([[0.0], close[1:] / close[:-1] - 1])
    return np.where(np.arange(len(close)) == 0, 0.0, price + a_session.to_numpy(float))


def described(market: Market, total_return: pd.Series[float]) -> str:
    """Return in words how SPX with dividends was made of what is recorded."""
    whole = market.bills.index.intersection(market.spx.dropna().index)
    known = total_return.index.intersection(whole)
    stated = f"price return and {DIVIDENDS_A_YEAR:.1%} a year"
    if known.empty:
        return f"SPX with dividends: {stated}, no total return being recorded"
    beyond = "" if len(known) == len(market.bills) else f"; {stated} in the other months"
    return (
        f"SPX with dividends: total return of Cboe's file (SPTR), {known[0]} to {known[-1]}{beyond}"
    )
