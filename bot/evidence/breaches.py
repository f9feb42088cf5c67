"""How soon after a sale of the hedge the strikes of a condor were passed, that is: too early.

A **sale** is a session on which a layer sold by a rule of profit (``monetise``, ``monetise_rest``).
From the next session on SPX is watched for 60 sessions, the length that break-evens are watched
for: on the first of them on which its high or low passes a strike of a condor that was open at the
end of the session before, that strike is **breached**. The short strike and the long one, where the
loss ends, are told apart. A strike is compared in the points of its own time: with the index of
the session of entry, from which a rebasing moves both alike.

Beside it: what the calls that were sold would have brought at the bid on the session of the breach,
over what they were sold for. Calls that have settled by then are worth what they settled to.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from bot.evidence.fresh_calls import call_bid
from bot.evidence.spikes import CENSORED_AT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from bot.evidence.books import Replay
    from bot.evidence.history import History

PROFIT: Final = frozenset({"monetise", "monetise_rest"})
CONDOR: Final = "condor"
SHORT, LONG = "short strike", "long strike"
LEG: Final = re.compile(r"([+-])\d+ \S+ \S+ ([\d.]+)([PC])")
"""Side, strike and right of a leg as trades name it: ``-1 SPXW 2020-03-20 3100P``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strikes:
    """Strikes of one condor in points of SPX as it was: both puts, both calls."""

    long_put: float
    short_put: float
    short_call: float
    long_call: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """What a session sold of the hedge by a rule of profit.

    Parameters
    ----------
    session
        Position.
    breaches
        Sessions to the first breach by the kind of strike, and whether SPX fell through it;
        ``None`` where none came within 60.
    worth
        What the calls would have brought at the breach of the short strike, over what they were
        sold for; NaN without one.
    """

    session: int
    breaches: dict[str, tuple[int, bool] | None]
    worth: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaches:
    """Sales in sum, by the kind of strike.

    Parameters
    ----------
    strike
        Which.
    sales, breached, below
        How many there were, how many were followed by a breach, and by one in a fall.
    quartiles
        Sessions to the breach of those that were: 25 %, median, 75 %; NaN where none was.
    worth
        Median of what the sold calls would have brought then over what they were sold for.
    """

    strike: str
    sales: int
    breached: int
    below: int
    quartiles: tuple[float, float, float]
    worth: float


def sales(history: History, replay: Replay, *, within: int = CENSORED_AT) -> tuple[Sale, ...]:
    """Return the sales of a replay, oldest first.

    Parameters
    ----------
    history
        Highs and lows of SPX, and what prices the calls.
    replay
        As the engine gave it.
    within
        Sessions that are watched.
    """
    trades, days = replay.trades, replay.days.index
    sold = trades[trades["reason"].isin(PROFIT)]
    condors = list(_condors(replay))
    first = history.position(days[0].date())
    found = []
    for session, rows in sold.groupby("session"):
        at = int(days.searchsorted(session))
        passed = {
            kind: _first_breach(history, condors, range(at + 1, at + 1 + within), first, kind)
            for kind in (SHORT, LONG)
        }
        short = passed[SHORT]
        later = math.nan if short is None else _worth(history, rows, first + at + short[0])
        found.append(Sale(session=at, breaches=passed, worth=later))
    return tuple(found)


def summed(found: Sequence[Sale]) -> tuple[Breaches, ...]:
    """Return the sales in sum, a row for the short strike and one for the long."""
    return tuple(_summed(found, kind) for kind in (SHORT, LONG)) if found else ()


def _summed(found: Sequence[Sale], kind: str) -> Breaches:
    passed = [(each, each.breaches[kind]) for each in found]
    hits = [(sale, hit) for sale, hit in passed if hit is not None]
    counts = np.array([hit[0] for _, hit in hits], dtype=np.float64)
    low, middle, high = np.quantile(counts, (0.25, 0.5, 0.75)) if hits else (math.nan,) * 3
    worth = [sale.worth for sale, _ in hits if not math.isnan(sale.worth)]
    return Breaches(
        strike=kind,
        sales=len(found),
        breached=len(hits),
        below=sum(fell for _, (_, fell) in hits),
        quartiles=(float(low), float(middle), float(high)),
        worth=float(np.median(worth)) if worth and kind == SHORT else math.nan,
    )


def _condors(replay: Replay) -> Iterator[tuple[int, int, Strikes]]:
    """Yield position of the entry, that of the end, and the strikes of each condor."""
    trades = replay.trades[replay.trades["kind"] == CONDOR]
    days, rebase = replay.days.index, replay.days["rebase"].to_numpy(float)
    opened = trades["max_loss_usd"].notna()
    ends = trades[~opened].groupby("structure_id")["session"].max()
    for name, rows in trades[opened].groupby("structure_id"):
        at = int(days.searchsorted(rows["session"].iloc[0]))
        end = ends.get(name)
        last = len(days) if end is None else int(days.searchsorted(end))
        yield at, last, strikes_of(rows["contracts"].iloc[0], float(rebase[at]))


def strikes_of(contracts: str, rebase: float) -> Strikes:
    """Return the strikes of a condor from its legs, in points of SPX as it was.

    Parameters
    ----------
    contracts
        Legs at the entry, as trades name them.
    rebase
        Factor from points of then to points of the strikes.
    """
    legs = {(side, right): float(strike) / rebase for side, strike, right in LEG.findall(contracts)}
    return Strikes(
        long_put=legs["+", "P"],
        short_put=legs["-", "P"],
        short_call=legs["-", "C"],
        long_call=legs["+", "C"],
    )


def _first_breach(
    history: History,
    condors: Sequence[tuple[int, int, Strikes]],
    rows: range,
    first: int,
    kind: str,
) -> tuple[int, bool] | None:
    """Return the sessions to the first breach, and whether SPX fell; ``None`` without one."""
    bars, count = history.spx, history.sessions.size
    near = [each for each in condors if each[0] < rows.stop and each[1] >= rows.start]
    for sessions, at in enumerate(rows, start=1):
        if first + at >= count:
            return None
        held = [strikes for opened, ended, strikes in near if opened < at <= ended]
        low, high = float(bars.low[first + at]), float(bars.high[first + at])
        if any(low < _bounds(each, kind)[0] for each in held):
            return sessions, True
        if any(high > _bounds(each, kind)[1] for each in held):
            return sessions, False
    return None


def _bounds(strikes: Strikes, kind: str) -> tuple[float, float]:
    """Return the strikes that a fall and a rise pass."""
    if kind == SHORT:
        return strikes.short_put, strikes.short_call
    return strikes.long_put, strikes.long_call


def _worth(history: History, sold: pd.DataFrame, at: int) -> float:
    """Return what sold calls would bring at a later close over what they were sold for."""
    series = sold["contracts"].str.extract(r" (\d{4}-\d\d-\d\d) ([\d.]+)C$")
    bids: NDArray[np.float64] = np.array(
        [
            call_bid(history, at, expiry=pd.Timestamp(expiry).date(), strike=float(strike))
            for expiry, strike in series.itertuples(index=False, name=None)
        ]
    )
    brought = -float((sold["price"] * sold["quantity"]).sum())
    return float((bids * sold["quantity"].to_numpy(float)).sum()) / brought
