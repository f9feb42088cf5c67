"""Whether the hedge covers what is open, and whether protection is being given up.

A *low-vol decline* is a market that falls without fear: VIX below its calm level while SPX is in a
correction or a bear market, or below its 200-session mean. Protection that is let go there is the
classic mistake of a hedger (it has paid nothing, and seems to have been wasted), so it is an
incident, whoever let it go. Where the market is unknown there is no incident.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.core.risk import unit_width_usd
from bot.core.trend import MarketCycle

if TYPE_CHECKING:
    from bot.core.book import Book
    from bot.core.hedge_rules import HedgeRules
    from bot.core.regime import Signals


def open_units(book: Book, spx: float | None, rules: HedgeRules) -> float | None:
    """Return the hedge units that the open condors use; ``None`` when SPX is unknown."""
    return None if spx is None else book.gross_width_usd() / unit_width_usd(spx, rules)


def low_vol_decline(signals: Signals, *, calm_vix: float) -> bool:
    """Whether SPX falls while VIX is low."""
    falls = signals.cycle in {MarketCycle.CORRECTION, MarketCycle.BEAR}
    below = signals.spx_above_long_mean is False
    return (falls or below) and signals.vix is not None and signals.vix < calm_vix
