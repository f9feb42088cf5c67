"""What each layer of the hedge, as it was really held, made of each spike.

What is **held** are the lots at the close of the base, with their strikes and days. The **gain** of
a layer is that of the account from that close to the top: the change of its value at the bid, what
its sales brought, less what its purchases and rolls cost, commissions in::

    gain = bid(top) - bid(base) - sum price x quantity x 100 - commissions

It stands over the NAV of the base, and over the **premium at stake**: the value of the layer at the
bid of the base. A layer that was sold and bought anew on the way may gain more than a call that is
kept, or less. The gains of the three layers add up to that of the hedge.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pandas as pd

from bot.core.book import Layer
from bot.core.model import MULTIPLIER

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    import numpy as np

    from bot.evidence.books import Replay
    from bot.evidence.spikes import Spike

BUY: Final = "buy_hedge"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldCall:
    """Calls of one series that are held: contracts, strike in points, days to settlement."""

    count: float
    strike: float
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldLayer:
    """One layer in one spike.

    Parameters
    ----------
    begin
        Position of the session on which the spike begins.
    layer
        ``near``, ``mid`` or ``far``.
    calls
        What was held at the base, nearest first.
    premium_usd
        Its value at the bid then.
    bought, sold
        Contracts bought and sold from the base to the top, settlements among the sold.
    gain_usd
        From base to top.
    nav_usd
        Of the hedged book at the base.
    """

    begin: int
    layer: str
    calls: tuple[HeldCall, ...]
    premium_usd: float
    bought: float
    sold: float
    gain_usd: float
    nav_usd: float

    @property
    def of_nav(self) -> float:
        """Return the gain over the NAV of the base, NaN after ruin."""
        return self.gain_usd / self.nav_usd if self.nav_usd > 0 else math.nan

    @property
    def of_premium(self) -> float:
        """Return the gain over the premium at stake, NaN where nothing was."""
        return self.gain_usd / self.premium_usd if self.premium_usd > 0 else math.nan


def layers_as_held(
    replay: Replay, events: tuple[Spike, ...], nav_usd: np.ndarray
) -> tuple[HeldLayer, ...]:
    """Return each layer in each spike, layer within spike.

    Parameters
    ----------
    replay
        As the engine gave it.
    events
        Positions in its sessions.
    nav_usd
        NAV of the hedged book on each session, shape (n,).
    """
    if replay.layers.empty:
        return ()
    days = replay.days.index
    value = replay.layers.set_index(["session", "layer"])["bid_usd"]
    found = []
    for event in events:
        base, top = days[event.base], days[event.top]
        for layer in Layer:
            trades = replay.trades[replay.trades["kind"] == layer.value]
            between = trades[(trades["session"] > base) & (trades["session"] <= top)]
            before, after = (float(value.get((day, layer.value), 0.0)) for day in (base, top))
            buys = between["action"] == BUY
            found.append(
                HeldLayer(
                    begin=event.begin,
                    layer=layer.value,
                    calls=tuple(held_calls(trades[trades["session"] <= base], base.date())),
                    premium_usd=before,
                    bought=float(between.loc[buys, "quantity"].sum()),
                    sold=float(between.loc[~buys, "quantity"].sum()),
                    gain_usd=after - before - _paid(between),
                    nav_usd=float(nav_usd[event.base]),
                )
            )
    return tuple(found)


def _paid(trades: pd.DataFrame) -> float:
    """Return what trades cost, USD; less than 0 where they brought more."""
    cost = trades["price"] * trades["quantity"] * trades["scale"] * MULTIPLIER + trades["fees_usd"]
    return float(cost.sum())


def held_calls(trades: pd.DataFrame, session: dt.date) -> Iterator[HeldCall]:
    """Yield what is left of the trades of a layer at the end of a session, nearest first.

    Parameters
    ----------
    trades
        Of one layer, all up to then.
    session
        From which days are counted.
    """
    signs = (trades["action"] == BUY).map({True: 1, False: -1})
    series = trades["contracts"].str.split(" ", n=1).str[1]
    left = (trades["quantity"] * signs).groupby(series).sum()
    for name in sorted(left.index[left > 0], key=_expiry_and_strike):
        expiry, strike = _expiry_and_strike(name)
        days = (pd.Timestamp(expiry).date() - session).days
        yield HeldCall(count=float(left[name]), strike=strike, days=days)


def _expiry_and_strike(series: str) -> tuple[str, float]:
    """Return both of a series as trades name it: ``VIX 2020-03-18 19.5C``."""
    _, expiry, strike = series.split(" ")
    return expiry, float(strike.removesuffix("C"))
