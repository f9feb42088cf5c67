"""The tables that ``steward sweep`` left, as the page of the evidence shows them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from bot.evidence.campaigns import bands
from bot.evidence.report_cells import Table, figure, percent, signed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd

PATH_FIGURES: Final = {
    "whole_drag": "drag a year",
    "whole_reduction": "reduction of the deepest drawdown",
    "whole_growth_given_up": "growth given up a year",
    "whole_growth": "growth of the hedged book",
}


def sweep_tables(tables: Mapping[str, pd.DataFrame]) -> tuple[Table, ...]:
    """Return a table for each campaign that was there."""
    makers = {"variants": variant_table, "choice": choice_table, "paths": path_table}
    return tuple(make(tables[name]) for name, make in makers.items() if name in tables)


def variant_table(frame: pd.DataFrame) -> Table:
    """Return the variants that ``steward sweep variants`` replayed."""
    eras = ("whole", "chosen", "held", "tradeable")
    columns = ("variant", "group", *(f">drag {era}" for era in eras), ">growth", ">deepest fall",
               ">reduction", ">Sharpe")  # fmt: skip
    keys = ("whole_growth", "whole_drawdown", "whole_reduction", "whole_sharpe")
    rows = tuple(
        (
            str(row["variant"]),
            str(row["group"]),
            *(percent(row.get(f"{era}_drag", math.nan), 2) for era in eras),
            *(percent(row.get(key, math.nan), 2) for key in keys[:3]),
            figure(row.get(keys[3], math.nan)),
        )
        for row in _records(frame)
    )
    return Table(
        title="One thing changed at a time",
        columns=columns,
        rows=rows,
        note="Each is a replay of the whole history. Chosen: to 2014; held: from 2015 on; "
        "tradeable: from July 2006 on.",
    )


def _records(frame: pd.DataFrame) -> Iterable[dict[str, float]]:
    return ({str(key): value for key, value in row.items()} for row in frame.to_dict("records"))


def choice_table(frame: pd.DataFrame) -> Table:
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
        "were tried.",
    )


def path_table(frame: pd.DataFrame) -> Table:
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
    )
