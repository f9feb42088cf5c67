"""Tables of the report for what sweeps found: the choice of free numbers, and resampled paths."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from bot.evidence.campaigns import bands
from bot.evidence.choice import clear_beyond
from bot.evidence.report_cells import Table, figure, percent, signed

if TYPE_CHECKING:
    import pandas as pd

PATH_FIGURES: Final = {
    "whole_drag": "drag",
    "whole_growth_given_up": "growth given up",
    "whole_reduction": "reduction of the deepest fall",
    "whole_growth": "growth, hedged",
    "whole_shadow_growth": "growth, unhedged",
    "whole_drawdown": "deepest fall, hedged",
    "whole_shadow_drawdown": "deepest fall, unhedged",
}


def choice_table(frame: pd.DataFrame) -> Table:
    """Return the candidates of ``steward sweep choice`` beside the start values."""
    columns = ("candidate", ">worth a year", ">t", "judged", ">from 2015", ">deflated Sharpe")
    rows = tuple(
        (
            str(row["variant"]),
            signed(float(row.get("difference", math.nan)), 2),
            figure(float(row.get("t_value", math.nan))),
            str(row.get("judgement", "not judged")),
            signed(float(row.get("held_out", math.nan)), 2),
            figure(float(row.get("deflated", math.nan))),
        )
        for row in frame.to_dict("records")
    )
    return Table(
        title="Numbers that the method leaves open",
        columns=columns,
        rows=rows,
        note="Each candidate beside the start value, by months to 2014, as a sure return a year at "
        "a risk aversion of 4. Clear is a t value beyond "
        f"{clear_beyond(max(len(rows), 1)):.1f} for so many candidates, with one sign in both "
        "halves; from 2015 on nothing was chosen.",
    )


def paths_table(frame: pd.DataFrame) -> Table:
    """Return the bands of ``steward sweep paths``."""
    found = bands(frame, [name for name in PATH_FIGURES if name in frame])
    rows = tuple(
        (PATH_FIGURES[name], *(percent(each, 2) for each in (band.low, band.median, band.high)))
        for name, band in found.items()
    )
    return Table(
        title="Histories that could have been",
        columns=("", ">5 %", ">median", ">95 %"),
        rows=rows,
        note=f"{len(frame)} resampled histories, every decision made anew on each.",
    )
