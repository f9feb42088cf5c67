"""Published indexes beside the books: CNDR, PPUT and PUT of Cboe by month, and VXTH.

Read where they lie in the folder of the history, and compared on the months that both know.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from bot.core.errors import RecordedDataError
from bot.evidence.figures import max_drawdown, monthly_returns
from bot.evidence.statistics import MONTHS_A_YEAR, sharpe

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bot.evidence.books import BookDays

STRATEGIES_FILE: Final = "cboe_strategy_indexes_monthly.csv"
VXTH_FILE: Final = "vxth_daily_with_vix_calls.csv"
STRATEGIES: Final = ("CNDR", "PPUT", "PUT")
FEWEST_MONTHS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One index and the hedged book on the same months; rates are decimal a year."""

    name: str
    months: int
    first: str
    last: str
    growth: float
    book_growth: float
    drawdown: float
    book_drawdown: float
    sharpe: float
    book_sharpe: float
    correlation: float


def read_references(folder: Path) -> dict[str, pd.Series[float]]:
    """Return monthly returns by name; empty where the files are not there.

    Raises
    ------
    RecordedDataError
        If a file is there and lacks its columns.
    """
    found: dict[str, pd.Series[float]] = {}
    if (folder / STRATEGIES_FILE).is_file():
        found |= _months(folder / STRATEGIES_FILE, STRATEGIES)
    if (folder / VXTH_FILE).is_file():
        found |= {"VXTH": _months(folder / VXTH_FILE, ("vxth",))["vxth"]}
    return found


def _months(path: Path, names: tuple[str, ...]) -> dict[str, pd.Series[float]]:
    try:
        levels = pd.read_csv(path, usecols=["date", *names], parse_dates=["date"])
    except ValueError as fault:
        raise RecordedDataError(
            f"{path.name}: {fault}; it needs date, {', '.join(names)}"
        ) from fault
    last = levels.groupby(levels["date"].dt.to_period("M"))[list(names)].last()
    return {name: last[name].pct_change(fill_method=None).dropna() for name in names}


def references(
    indexes: Mapping[str, pd.Series[float]], book: BookDays, bills: pd.Series[float]
) -> tuple[Reference, ...]:
    """Return each index beside the book, on the months that both know.

    Parameters
    ----------
    indexes
        Monthly returns by name.
    book
        The hedged book.
    bills
        Monthly returns of T-bills.
    """
    own = monthly_returns(book).iloc[1:]
    found = (_reference(name, index, own, bills) for name, index in indexes.items())
    return tuple(each for each in found if each.months >= FEWEST_MONTHS)


def _reference(
    name: str, index: pd.Series[float], own: pd.Series[float], bills: pd.Series[float]
) -> Reference:
    both = pd.DataFrame({"index": index, "own": own, "bills": bills}).dropna()
    values = {key: np.asarray(both[key], dtype=np.float64) for key in ("index", "own", "bills")}
    paths = {key: np.concatenate([[1.0], np.cumprod(1 + each)]) for key, each in values.items()}
    months = len(both)
    power = MONTHS_A_YEAR / months if months else math.nan
    yearly = math.sqrt(MONTHS_A_YEAR)
    return Reference(
        name=name,
        months=months,
        first=str(both.index[0]) if months else "",
        last=str(both.index[-1]) if months else "",
        growth=float(paths["index"][-1]) ** power - 1,
        book_growth=float(paths["own"][-1]) ** power - 1,
        drawdown=max_drawdown(paths["index"]).share,
        book_drawdown=max_drawdown(paths["own"]).share,
        sharpe=sharpe(values["index"] - values["bills"]) * yearly,
        book_sharpe=sharpe(values["own"] - values["bills"]) * yearly,
        correlation=float(both["index"].corr(both["own"])) if months > 1 else math.nan,
    )
