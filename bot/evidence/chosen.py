"""What choosing brought: the best choice of 1990-2014, on the years after.

The choice is that of `bot.evidence.choice`: of the candidates that are clearly better than the
start values on the years to 2014 the one of the greatest t value, and the start values where there
is none. It is judged on what it was not chosen on: the book **loses** if from 2015 on it grew more
slowly than T-bills did over the same months.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from bot.evidence.choice import excess_months
from bot.evidence.eras import SPLIT
from bot.evidence.statistics import FEWEST_MONTHS, regress
from bot.evidence.variants import BASE

if TYPE_CHECKING:
    from collections.abc import Mapping

BETTER: Final = "better"
MONTHS_A_YEAR: Final = 12
START_VALUES: Final = "the start values"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The best candidate, on the months from 2015 on; rates are decimal a year.

    Parameters
    ----------
    name
        Of the candidate.
    tried
        How many there were.
    difference, held_out
        Its worth against the start values on the years to 2014, and from 2015 on.
    growth, bills
        Of its hedged book and of T-bills, compounded.
    t_value
        Of its mean monthly return over bills, with a Newey-West error.
    first, last
        Months.
    """

    name: str
    tried: int
    difference: float
    held_out: float
    growth: float
    bills: float
    t_value: float
    first: str
    last: str

    @property
    def loses(self) -> bool:
        """Return whether bills grew faster."""
        return self.growth < self.bills


def best_choice(choice: pd.DataFrame | None, bills: pd.Series[float]) -> Chosen | None:
    """Return the best candidate of 1990-2014 on the months after.

    Parameters
    ----------
    choice
        Table of ``steward sweep choice``, judged; ``None`` where it was not run.
    bills
        Monthly returns of T-bills by period.

    Returns
    -------
    Chosen or None
        ``None`` where no candidate was judged, or nothing of 2015 and after was replayed.
    """
    if choice is None or "months" not in choice:
        return None
    better = choice[choice["judgement"] == BETTER].sort_values("t_value", ascending=False)
    judged = pd.concat([better, choice[choice["variant"] == BASE]])
    judged = judged[judged["difference"].notna()]
    if judged.empty:
        return None
    row: Mapping[Any, Any] = judged.iloc[0].to_dict()
    excess = excess_months(row)
    held = excess[excess.index >= pd.Period(SPLIT, freq="M")].dropna()
    free = bills.reindex(held.index)
    if held.empty or free.isna().any():
        return None
    return Chosen(
        name=str(row["variant"]),
        tried=len(choice),
        difference=float(row["difference"]),
        held_out=float(row["held_out"]),
        growth=_yearly(held + free),
        bills=_yearly(free),
        t_value=_t_value(held),
        first=str(held.index[0]),
        last=str(held.index[-1]),
    )


def told(found: Chosen | None) -> str:
    """Return the sentence on it, to be quoted as it stands; empty where nothing was chosen."""
    if found is None:
        return ""
    name = START_VALUES if found.name == BASE else found.name
    t_value = "unknown" if math.isnan(found.t_value) else f"{found.t_value:.1f}"
    verdict = "still loses" if found.loses else "does not lose"
    worth = (
        ""
        if found.name == BASE
        else f"; against the start values it was worth {found.difference:+.2%} a year on the years "
        f"that it was chosen on, and {found.held_out:+.2%} after"
    )
    return (
        f"The best choice of 1990-2014 among {found.tried} ({name}) {verdict} on 2015-today: its "
        f"hedged book grew by {found.growth:.2%} a year, T-bills by {found.bills:.2%} "
        f"({found.first} to {found.last}; t of the difference {t_value}){worth}."
    )


def _yearly(months: pd.Series[float]) -> float:
    total = float(np.prod(1 + months.to_numpy(float)))
    return total ** (MONTHS_A_YEAR / len(months)) - 1 if total > 0 else -1.0


def _t_value(held: pd.Series[float]) -> float:
    values = np.asarray(held, dtype=np.float64)
    if len(values) < FEWEST_MONTHS or not np.ptp(values) > 0:
        return math.nan
    return float(regress(values, np.ones((len(values), 1))).t_values[0])
