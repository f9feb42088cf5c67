"""What comes of a replay: books side by side, day by day, every trade and every layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bot.evidence.settings import ReplaySettings

HEDGED = "hedged"
SHADOW = "shadow"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BookDays:
    """One book, one row a session.

    Parameters
    ----------
    name
        ``"hedged"``, ``"shadow"`` (the same fills less the hedge), or that of a rival.
    sessions
        Dates; shape (n,), ascending.
    nav_usd
        NAV at the marks of the session, the hedge at the bid, USD; shape (n,).
    condor_usd, hedge_usd, carry_usd, fees_usd
        Gain of the session by source, USD; shape (n,). Fees are negative. The change of NAV is
        their sum; before the first session it is ``ReplaySettings.nav_usd``.
    """

    name: str
    sessions: NDArray[np.datetime64]
    nav_usd: NDArray[np.float64]
    condor_usd: NDArray[np.float64]
    hedge_usd: NDArray[np.float64]
    carry_usd: NDArray[np.float64]
    fees_usd: NDArray[np.float64]

    @property
    def pnl_usd(self) -> NDArray[np.float64]:
        """Gain of each session, USD; shape (n,)."""
        return self.condor_usd + self.hedge_usd + self.carry_usd + self.fees_usd


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Replay:
    """One replay of history.

    Parameters
    ----------
    settings
        What it assumed.
    rules_sha256
        Hash of the rules that decided.
    books
        By name; ``"hedged"`` and ``"shadow"`` always.
    days
        By session: ``spx vix vix3m vvix vx1 regime score gross_width_usd condors_open
        substitutes drawdown`` and more; levels are those of then, in points.
    trades
        ``session structure_id kind action reason quantity price mid half_spread fees_usd tier
        credit max_loss_usd scale``: kind is ``condor``, ``near``, ``mid`` or ``far``; prices are
        net debits of one unit in points; scale is USD a point and unit over 100.
    layers
        ``session layer held cost_usd bid_usd mid_usd delta dte``: the hedge after the fills.
    """

    settings: ReplaySettings
    rules_sha256: str
    books: Mapping[str, BookDays]
    days: pd.DataFrame
    trades: pd.DataFrame
    layers: pd.DataFrame
