"""What strategies have in common: their protocol, and the choice of an expiry.

A strategy is a module with ``propose(context) -> Proposal``. It is pure: what it knows is in
its ``Context``, what it wants is in its ``Proposal``, and each of its gates is a small function
that returns a ``Verdict`` whether it passes or not. To add a gate, write the function, add it
to the tuple of its kind, and give its bound a key in ``bot.core.rules``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from bot.core.chain import expiries
from bot.core.context import Context
from bot.core.decide import Proposal, Strategy

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from bot.core.model import Session

__all__ = ["Context", "DteWindow", "Proposal", "Strategy", "expiries_by_preference"]


class DteWindow(Protocol):
    """Rules with a window of calendar days to expiry and a target in it."""

    @property
    def dte_minimum(self) -> int:
        """Fewest days."""
        ...

    @property
    def dte_target(self) -> int:
        """Days aimed at."""
        ...

    @property
    def dte_maximum(self) -> int:
        """Most days."""
        ...


def in_window(expiry: dt.date, session: Session, window: DteWindow) -> bool:
    """Whether `expiry` lies in `window`, its ends included."""
    return window.dte_minimum <= (expiry - session).days <= window.dte_maximum


def expiries_by_preference(
    context: Context, trading_classes: Sequence[str], window: DteWindow
) -> tuple[tuple[str, dt.date], ...]:
    """Return the quoted expiries, best first: inside the window, then nearest to its target.

    The nearer expiry wins a tie; of one expiry, the trading class listed first in
    `trading_classes`.
    """

    def preference(series: tuple[str, dt.date]) -> tuple[bool, int, dt.date, int]:
        trading_class, expiry = series
        distance = abs((expiry - context.session).days - window.dte_target)
        outside = not in_window(expiry, context.session, window)
        return outside, distance, expiry, trading_classes.index(trading_class)

    return tuple(sorted(expiries(context.snapshot, trading_classes), key=preference))
