"""The tables that ``steward sweep`` left, as the page of the evidence shows them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from bot.evidence.campaigns import CHOICE, PATHS, VARIANTS, bands
from bot.evidence.report_cells import Table, figure, percent, signed
from bot.evidence.variants import BASE
from bot.evidence.variants import VARIANTS as EVERY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import pandas as pd

    Row = Mapping[str, float]

PATH_FIGURES: Final = {
    "whole_drag": "drag a year",
    "whole_reduction": "reduction of the deepest drawdown",
    "whole_growth_given_up": "growth given up a year",
    "whole_growth": "growth of the hedged book",
}
VARIANT_FIGURES: Final = {
    "whole_drag": "drag",
    "chosen_drag": "to 2014",
    "held_drag": "from 2015",
    "tradeable_drag": "from 2006",
    "whole_growth": "growth",
    "tradeable_growth": "from 2006",
    "whole_drawdown": "deepest fall",
    "whole_reduction": "reduction",
    "tradeable_reduction": "from 2006",
    "whole_sharpe": "Sharpe",
    "tradeable_sharpe": "from 2006",
}
BANDED: Final = {
    "whole_growth": "growth of the hedged book a year",
    "tradeable_growth": "the same from July 2006 on",
    "whole_shadow_growth": "growth of the unhedged book a year",
    "whole_drag": "drag a year",
    "tradeable_drag": "the same from July 2006 on",
    "whole_reduction": "reduction of the deepest drawdown",
    "whole_drawdown": "deepest fall of the hedged book",
}
A_MILLION: Final = 1_000_000
OF_SURFACES: Final = frozenset({"iv_shift", "spx_iv_shift", "vvix_damping"})
"""Settings that put an error into the price of every option."""


def sweep_tables(
    tables: Mapping[str, pd.DataFrame], remarks: Mapping[str, str] | None = None
) -> tuple[Table, ...]:
    """Return the tables of each campaign that was there.

    Parameters
    ----------
    tables
        By name.
    remarks
        What has to be said of one, by name.
    """
    makers: dict[str, Callable[[pd.DataFrame, str], Iterable[Table]]] = {
        VARIANTS: variant_tables,
        CHOICE: lambda frame, said: (choice_table(frame, said),),
        PATHS: lambda frame, said: (path_table(frame, said),),
    }
    said = remarks or {}
    return tuple(
        table
        for name, make in makers.items()
        if name in tables
        for table in make(tables[name], said.get(name, ""))
    )


def variant_tables(frame: pd.DataFrame, remark: str = "") -> Iterator[Table]:
    """Yield the error of the surfaces as a band, then the variants, a table for each group."""
    if (band := error_table(frame, remark)).rows:
        yield band
    base = [row for row in _records(frame) if str(row["variant"]) == BASE]
    for group in dict.fromkeys(frame["group"]):
        if group == BASE:
            continue
        changed = [row for row in _records(frame) if row["group"] == group]
        yield Table(
            title=f"One thing changed: {group}",
            columns=("variant", *(f">{name}" for name in VARIANT_FIGURES.values())),
            rows=tuple(_variant_row(row) for row in (*base, *changed)),
            note="Each is a replay of the whole history; drag and growth a year, of the hedged "
            f"book.{remark}",
        )


def _variant_row(row: Row) -> tuple[str | None, ...]:
    figures = (
        figure(value) if key.endswith("sharpe") else percent(value, 2)
        for key in VARIANT_FIGURES
        for value in (row.get(key, math.nan),)
    )
    return str(row["variant"]), *figures


def error_table(frame: pd.DataFrame, remark: str = "") -> Table:
    """Return the error of the volatility surfaces, carried through to profit and loss."""
    shifted = {each.name for each in EVERY if OF_SURFACES & set(each.settings)}
    rows = {str(row["variant"]): row for row in _records(frame)}
    found = {name: row for name, row in rows.items() if name in shifted}
    usable = BASE in rows and bool(found)
    lacking = sorted(shifted - found.keys())
    wider = f" Not in it, so that it may be wider: {', '.join(lacking)}." if lacking else ""
    return Table(
        title="The error of the surfaces, carried through to profit and loss",
        columns=("figure", ">lowest", ">rules of today", ">highest", "lowest with", "highest with"),
        rows=tuple(_band_rows(rows[BASE], found)) if usable else (),
        note="Every option of every session dearer or cheaper by the median error of the model, "
        "one surface at a time, everything decided anew; and far VIX volatility moving less than "
        f"VVIX does.{wider}{remark}",
    )


def _band_rows(base: Row, shifted: Mapping[str, Row]) -> Iterator[tuple[str | None, ...]]:
    pnl = {name: _pnl(row) for name, row in {BASE: base, **shifted}.items()}
    yield _band_row("P&L a year on a million, USD", pnl, lambda value: f"{value:+,.0f}")
    for key, words in BANDED.items():
        values = {name: row.get(key, math.nan) for name, row in {BASE: base, **shifted}.items()}
        yield _band_row(words, values, lambda value: percent(value, 2) or "")


def _pnl(row: Row) -> float:
    return A_MILLION * row.get("whole_growth", math.nan)


def _band_row(
    words: str, values: Mapping[str, float], shown: Callable[[float], str]
) -> tuple[str | None, ...]:
    """Return lowest, that of the rules of today and highest, with the variants that give them."""
    known = {name: value for name, value in values.items() if not math.isnan(value)}
    if BASE not in known or len(known) < len(values):
        return (words, None, None, None, "", "")
    low, high = min(known, key=lambda name: known[name]), max(known, key=lambda name: known[name])
    ends = ("rules of today" if name == BASE else name for name in (low, high))
    return (words, *(shown(known[name]) for name in (low, BASE, high)), *ends)


def _records(frame: pd.DataFrame) -> Iterable[dict[str, float]]:
    return ({str(key): value for key, value in row.items()} for row in frame.to_dict("records"))


def choice_table(frame: pd.DataFrame, remark: str = "") -> Table:
    """Return the candidates for the free parameters beside the start values."""
    rows = tuple(
        (
            str(row["variant"]),
            signed(row["difference"], 2),
            figure(row["t_value"], 1),
            signed(row["held_out"], 2),
            percent(row["deflated"], 0),
            str(row["judgement"]),
        )
        for row in _records(frame)
    )
    columns = ("candidate", ">worth a year", ">t", ">from 2015 on", ">deflated Sharpe", "judged")
    return Table(
        title="Candidates for the free parameters",
        columns=columns,
        rows=rows,
        note="Against the start values, at a risk aversion of 4, judged on 1990-2014 and reported "
        "on 2015 to today. Deflated: probability that the Sharpe ratio is above 0, given how many "
        f"were tried.{remark}",
    )


def path_table(frame: pd.DataFrame, remark: str = "") -> Table:
    """Return the bands over resampled histories on which everything was decided anew."""
    found = bands(frame, PATH_FIGURES)
    rows = tuple(
        (PATH_FIGURES[name], *(percent(each, 2) for each in (band.low, band.median, band.high)))
        for name, band in found.items()
    )
    return Table(
        title=f"{len(frame)} resampled histories, decided anew",
        columns=("figure", ">5 %", ">median", ">95 %"),
        rows=rows,
        note=remark.strip(),
    )
