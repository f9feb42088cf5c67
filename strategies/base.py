"""What strategies have in common: their protocol, and the choice of an expiry.

A strategy is a module with ``propose(context) -> Proposal``. It is pure: what it knows is in
its ``Context``, what it wants is in its ``Proposal``, and each of its gates is a small function
that returns a ``Verdict`` whether it passes or not. To add a gate, write the function, add it
to the tuple of its kind, and give its bound a key in ``bot.core.rules``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.core.context import Context
from bot.core.decide import Proposal, Strategy
from bot.core.windows import in_window, preference

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from bot.core.windows import DteWindow, Preference

__all__ = ["Context", "Proposal", "Strategy", "expiries_by_preference", "in_window"]


def expiries_by_preference(
    context: Context, trading_classes: Sequence[str], window: DteWindow
) -> tuple[tuple[str, dt.date], ...]:
    """Return the quoted expiries, best first: inside the window, then nearest to its target.

    The nearer expiry wins a tie; of one expiry, the trading class listed first in
    `trading_classes`.
    """

    def rank(series: tuple[str, dt.date]) -> tuple[Preference, int]:
        trading_class, expiry = series
        return preference(expiry, context.session, window), trading_classes.index(trading_class)

    return tuple(sorted(context.chains.quoted(trading_classes), key=rank))
