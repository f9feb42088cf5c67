"""What the terminal shows of a sweep: the figures that a person compares, in a hundred columns."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from rich.console import Group
from rich.table import Table

from bot.evidence.campaigns import CHOICE, VARIANTS, bands

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping

    import pandas as pd
    from rich.console import RenderableType

ERAS: Final = {"tradeable": "from July 2006", "whole": "all sessions replayed"}
"""Eras that are shown, the first that every replay reaches."""

FIGURES: Final = {
    "drag": "drag",
    "reduction": "drawdown cut",
    "growth": "growth",
    "shadow_growth": "unhedged",
    "drawdown": "drawdown",
    "sharpe": "Sharpe",
}
BANDED: Final = ("whole_drag", "whole_reduction", "whole_growth_given_up")
RATIOS: Final = frozenset({"sharpe", "t_value"})
"""Figures that are no percentages."""

MOST_ROWS: Final = 60


def sweep_page(table: pd.DataFrame, name: str) -> RenderableType:
    """Return what the terminal shows.

    Parameters
    ----------
    table
        As it is written; empty when nothing has a result.
    name
        Of the campaign.
    """
    if table.empty:
        return "no replay has a result"
    if name == CHOICE and "judgement" in table:
        return _choice(table)
    labels = ["variant"] if name in {VARIANTS, CHOICE} else _labels(table)
    recorded = table["path"] < 0
    pages = [_replays(table[recorded], labels)] if recorded.any() else []
    return Group(*pages, *([] if recorded.all() else [_bands(table[~recorded], labels)]))


def shown(value: float, *, ratio: bool = False) -> str:
    """Write a figure: ``1.23 %``, a ratio as ``0.56``, nothing for what is not known."""
    if math.isnan(value):
        return "-"
    return f"{value:.2f}" if ratio else f"{value:.2%}"


def _labels(table: pd.DataFrame) -> list[str]:
    """Columns that tell cells apart: those before the history that are not all the same."""
    columns = [str(name) for name in table.columns]
    changed = columns[: columns.index("path")]
    return [name for name in changed if len(set(table[name])) > 1]


def _replays(table: pd.DataFrame, labels: list[str]) -> Table:
    """Show a row a replay of the recorded history."""
    era = next((each for each in ERAS if _all_reach(table, each)), "whole")
    page = _page(f"recorded history, {ERAS[era]}", FIGURES.values(), labels)
    for row in table.head(MOST_ROWS).to_dict("records"):
        figures = (
            shown(float(row.get(f"{era}_{name}", math.nan)), ratio=name in RATIOS)
            for name in FIGURES
        )
        page.add_row(_title(row, labels), *figures)
    return _counted(page, len(table))


def _choice(table: pd.DataFrame) -> Table:
    """Show a row a candidate, beside the start values."""
    heads = ("worth a year", "t", "from 2015", "deflated", "judged on 1990-2014")
    page = _page("candidates beside the start values", heads, ["candidate"])
    for row in table.to_dict("records"):
        page.add_row(
            str(row["variant"]),
            shown(float(row["difference"])),
            shown(float(row["t_value"]), ratio=True),
            shown(float(row["held_out"])),
            shown(float(row["deflated"]), ratio=True),
            str(row["judgement"]),
        )
    return page


def _bands(table: pd.DataFrame, labels: list[str]) -> Table:
    """Show median and band over resampled histories, for each combination."""
    page = _page(
        "resampled histories: median (5 % to 95 %)",
        (name.removeprefix("whole_").replace("_", " ") for name in BANDED),
        labels,
    )
    groups = [((), table)] if not labels else list(table.groupby(labels, sort=False, dropna=False))
    for values, rows in groups[:MOST_ROWS]:
        cells = (
            f"{each.median:.1%} ({each.low:.1%} to {each.high:.1%})"
            for each in bands(rows, BANDED).values()
        )
        page.add_row(", ".join(map(str, values)) or f"{len(rows)} paths", *cells)
    return _counted(page, len(groups))


def _all_reach(table: pd.DataFrame, era: str) -> bool:
    column = f"{era}_drag"
    return column in table and bool(table[column].notna().all())


def _title(row: Mapping[Hashable, Any], labels: list[str]) -> str:
    return ", ".join(str(row[label]) for label in labels) or "base"


def _page(title: str, heads: Iterable[str], labels: list[str]) -> Table:
    page = Table(title=title)
    page.add_column(", ".join(labels), overflow="fold", min_width=len("100 paths"))
    for head in heads:
        page.add_column(head, justify="right", no_wrap=True)
    return page


def _counted(page: Table, rows: int) -> Table:
    if rows > MOST_ROWS:
        page.caption = f"the first {MOST_ROWS} of {rows}; all are in the file"
    return page
