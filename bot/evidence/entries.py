"""Condors one by one: what each made of the capital that it put at risk.

A condor's return is its P&L, commissions in, over its greatest loss at the entry. It is averaged
twice, as the two can tell different stories: over entries, where busy months weigh more, and over
months of entry, where each month weighs the same. The internal rate is that of the capital, paid
in at each entry and returned with the P&L at the end.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from bot.core.model import MULTIPLIER
from bot.evidence.figures import internal_rate

if TYPE_CHECKING:
    from bot.evidence.books import Replay

CONDOR: Final = "condor"
SECOND_ENGINE: Final = "second_engine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """Condors that were opened and have ended.

    Parameters
    ----------
    count, won
        How many, and the share of them that made money.
    by_entry, by_month
        Mean return on the capital at risk, decimal a condor.
    worst
        Least return of one condor.
    internal_rate
        Of the capital, decimal a year.
    exits
        How many ended for each reason.
    """

    count: int
    won: float
    by_entry: float
    by_month: float
    worst: float
    internal_rate: float
    exits: dict[str, int]


def condor_table(replay: Replay) -> pd.DataFrame:
    """Return one row for each condor that has ended.

    Returns
    -------
    DataFrame
        ``opened closed capital_usd pnl_usd reason``, by structure.
    """
    trades = replay.trades[replay.trades["kind"] == CONDOR]
    units = trades["quantity"] * trades["scale"]
    trades = trades.assign(
        pnl_usd=-trades["price"] * units * MULTIPLIER - trades["fees_usd"],
        capital_usd=trades["max_loss_usd"] * units,
    )
    opened = trades["max_loss_usd"].notna()
    first = trades[opened].groupby("structure_id")
    last = trades[~opened].groupby("structure_id")
    table = pd.DataFrame(
        {
            "opened": first["session"].min(),
            "capital_usd": first["capital_usd"].sum(),
            "closed": last["session"].max(),
            "reason": last["reason"].last(),
            "pnl_usd": trades.groupby("structure_id")["pnl_usd"].sum(),
        }
    )
    return table.dropna(subset=["opened", "closed"])


def entries(replay: Replay) -> Entries:
    """Return the condors of a replay; figures are NaN where none has ended."""
    table = condor_table(replay)
    if table.empty:
        nan = math.nan
        return Entries(
            count=0, won=nan, by_entry=nan, by_month=nan, worst=nan, internal_rate=nan, exits={}
        )
    returns = table["pnl_usd"] / table["capital_usd"]
    months = table["opened"].dt.to_period("M")
    return Entries(
        count=len(table),
        won=float((returns > 0).mean()),
        by_entry=float(returns.mean()),
        by_month=float(returns.groupby(months).mean().mean()),
        worst=float(returns.min()),
        internal_rate=_internal_rate(table),
        exits={str(name): int(n) for name, n in table["reason"].value_counts().items()},
    )


def _internal_rate(table: pd.DataFrame) -> float:
    start = table["opened"].min()
    days = np.concatenate([(table[name] - start).dt.days for name in ("opened", "closed")])
    capital, profit = (np.asarray(table[name], float) for name in ("capital_usd", "pnl_usd"))
    return internal_rate(days.astype(float), np.concatenate([-capital, capital + profit]))


def second_engine_condors(replay: Replay) -> int:
    """Return how many condors the second engine opened."""
    reasons = replay.trades.loc[replay.trades["max_loss_usd"].notna(), "reason"]
    return int(reasons.str.contains(SECOND_ENGINE).sum())
