"""Windows of days to expiry, and which expiry of several is preferred.

Inside the window goes before outside, then the distance to the target counts, then the nearer
expiry. What is quoted and what is traded follow the same rule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    import datetime as dt

    from bot.core.model import Session

Preference: TypeAlias = "tuple[bool, int, dt.date]"


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


def preference(expiry: dt.date, session: Session, window: DteWindow) -> Preference:
    """Return a key that sorts expiries, the preferred one first."""
    distance = abs((expiry - session).days - window.dte_target)
    return not in_window(expiry, session, window), distance, expiry
