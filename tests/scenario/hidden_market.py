"""A market of which a test hides a part, or misquotes one option."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.core.model import Right

if TYPE_CHECKING:
    import datetime as dt

    from bot.core.model import DailyBar, OptionContract
    from bot.simulator.market import Market, SimQuote

INDEXES = frozenset({"SPX", "VIX", "AD-NYSE"})
MISPRICED_POINTS = 1.0


class HiddenMarket:
    """The market `shown`, without what `hidden` names.

    Parameters
    ----------
    shown
        What is played.

    Attributes
    ----------
    hidden
        Symbols of indexes; ``futures``; ``SPX options``; ``bars``; ``funds``. ``parity`` lifts the
        bids and asks of VIX calls, so that their conversions have an edge.
    """

    def __init__(self, shown: Market) -> None:
        self._shown = shown
        self.hidden: frozenset[str] = frozenset()

    def __getattr__(self, name: str) -> object:
        return getattr(self._shown, name)

    def index(self, symbol: str) -> SimQuote | None:
        """Quote an index that is not hidden."""
        return None if symbol in self.hidden else self._shown.index(symbol)

    def stock(self, symbol: str) -> SimQuote | None:
        """Quote a fund, unless funds are hidden."""
        return None if "funds" in self.hidden else self._shown.stock(symbol)

    def future(self, expiry: dt.date) -> SimQuote | None:
        """Quote a future, unless futures are hidden."""
        return None if "futures" in self.hidden else self._shown.future(expiry)

    def bars(self, symbol: str, count: int) -> tuple[DailyBar, ...]:
        """Return daily bars, unless those of indexes or of funds are hidden."""
        kind = "bars" if symbol in INDEXES else "funds"
        return () if kind in self.hidden else self._shown.bars(symbol, count)

    def option(self, contract: OptionContract) -> SimQuote | None:
        """Quote an option that is not hidden, dearer than parity where that is asked for."""
        if f"{contract.underlying} options" in self.hidden:
            return None
        quote = self._shown.option(contract)
        lifted = contract.underlying == "VIX" and contract.right is Right.CALL
        if quote is None or "parity" not in self.hidden or not lifted:
            return quote
        bid, ask = quote.bid or 0.0, quote.ask or 0.0
        return replace(quote, bid=bid + MISPRICED_POINTS, ask=ask + MISPRICED_POINTS)
