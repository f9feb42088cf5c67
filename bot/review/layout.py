"""Tables and sections that every page shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from bot.review.format import tone

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    from rich.console import RenderableType

WIDTH: Final = 100
"""Columns that every page fits in."""


def heading(text: str) -> RenderableType:
    """Return the first line of a page."""
    return Rule(Text(text, style="bold"), align="left", style="dim")


def section(title: str, *content: RenderableType) -> Iterable[RenderableType]:
    """Yield a titled part of a page."""
    yield Text(f"\n{title}", style="bold cyan")
    for part in content:
        yield Padding(part, (0, 0, 0, 2))


def table(*columns: str, gap: int = 2) -> Table:
    """Return an empty table; a column named ``>name`` is aligned to the right and never cut.

    Where a terminal is narrow the words fold: a figure without its end is a wrong figure.
    """
    made = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0), header_style="dim")
    for name in columns:
        figure = name.startswith(">")
        made.add_column(
            name.removeprefix(">"),
            justify="right" if figure else "left",
            no_wrap=figure,
            overflow="fold",
        )
    return made


def line(*parts: str) -> Text:
    """Return facts in one dim line."""
    return Text(" · ".join(part for part in parts if part), style="dim", overflow="fold")


def coloured(text: str, amount: Decimal | None) -> Text:
    """Return a figure in the colour of a gain or a loss."""
    return Text(text, style=tone(amount))
