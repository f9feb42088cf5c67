"""The trading strategies, pure, and ``decide`` bound to the line-up that the bot runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.core.decide import decide as _decide
from strategies import alvh, alvh_sale, condor, parity

if TYPE_CHECKING:
    from bot.core.book import Book
    from bot.core.decide import Strategy
    from bot.core.decision import Decision
    from bot.core.model import MarketSnapshot
    from bot.core.rules import Rules

__all__ = ["LINE_UP", "decide"]

LINE_UP: Final[tuple[Strategy, ...]] = (condor, alvh_sale, alvh, parity)
"""In the order of computation: the hedge is sized for the condors about to be sold."""


def decide(snapshot: MarketSnapshot, book: Book, rules: Rules) -> Decision:
    """Decide one session with the bot's own line-up; see `bot.core.decide.decide`."""
    return _decide(snapshot, book, rules, strategies=LINE_UP)
