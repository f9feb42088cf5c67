"""A table of the evidence as the page shows it, and figures as text.

A column that begins with ``>`` holds figures and stands at the right; what is unknown is ``None``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table of the page."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]
    note: str = ""

    @property
    def cells(self) -> tuple[tuple[str, ...], ...]:
        """Return the rows with a word for what is not known."""
        return tuple(
            tuple("unknown" if each is None else each for each in row) for row in self.rows
        )


def percent(value: float | None, places: int = 1) -> str | None:
    """Return a share in percent; ``None`` where it is not known."""
    if value is None or math.isnan(value):
        return None
    return f"{value:.{places}%}"


def signed(value: float | None, places: int = 1) -> str | None:
    """Return a share in percent with its sign; ``None`` where it is not known."""
    text = percent(value, places)
    return text if text is None or text.startswith("-") else f"+{text}"


def figure(value: float, places: int = 2) -> str | None:
    """Return a number; ``None`` where it is not known."""
    return None if math.isnan(value) else f"{value:.{places}f}"


def sessions(count: float | None) -> str:
    """Return a count of sessions, or that it was not reached."""
    return "not reached" if count is None else f"{count:.0f}"
