"""Are the start values of the free parameters better or worse than others: the choice of defaults.

Every candidate changes one thing that the method leaves open, beginning from the start values of
the method (`START`, where the rules of today have another). The rules of the choice were written
down before the numbers were seen:

- It is made on 1990-2014; 2015-today is only reported.
- Candidate and start value are compared by the monthly returns of their hedged books over bills,
  month by month, each counted by its utility: constant relative risk aversion of 4, so that a bad
  month weighs more than a good one and a hedge is not judged by its cost alone. The mean
  difference over its Newey-West error is a t value.
- The best of many looks good by luck. With n candidates a difference is *clear* where its t value
  is beyond ``N^-1(1 - 0.05 / (2n))`` (Bonferroni), and only if it has the same sign in both halves
  of 1990-2014.
- A start value gives way to a candidate that is clearly better, and to nothing else. Where several
  are, the one of the greatest t value is tried first.

It was made once so far: of 31 candidates `ADOPTED` was clearly better, and is the default.

Beside it stands the deflated Sharpe ratio of each candidate (Bailey and Lopez de Prado, 2014): the
probability that its Sharpe ratio on 1990-2014 is above 0 at all, given how many were tried.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from scipy.special import ndtri

from bot.evidence.eras import SPLIT
from bot.evidence.statistics import FEWEST_MONTHS, deflated_sharpe, regress, sharpe
from bot.evidence.variants import BASE, Variant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

ERROR_RATE: Final = 0.05
"""Chance that a worthless candidate is called clear, over all of them."""

AVERSION: Final = 4.0
"""Relative risk aversion."""

START: Final[Mapping[str, Any]] = {"condor.take_profit_pct_of_credit": 0.50}
"""Start values of the method that the rules of today do not have any more."""

ADOPTED: Final = "exits: profit at a debit of 25 % of the credit"
"""The candidate that became the default: today's rules."""

_TIERS: Final = ("conservative", "balanced", "aggressive")


def _of(name: str, rules: dict[str, Any]) -> Variant:
    return Variant(name=name, group=name.partition(": ")[0], rules={**START, **rules})


CANDIDATES: Final[tuple[Variant, ...]] = (
    Variant(name=BASE, group=BASE, rules=START),
    _of(
        "condor deltas: symmetric, puts 0.05-0.08",
        {
            "condor.conservative.put": 0.05,
            "condor.balanced.put": 0.08,
            "condor.balanced.call": 0.08,
            "condor.aggressive.call": 0.16,
        },
    ),
    _of("condor deltas: balanced put 0.08", {"condor.balanced.put": 0.08}),
    _of("condor deltas: balanced put 0.14", {"condor.balanced.put": 0.14}),
    _of("condor deltas: balanced call 0.08", {"condor.balanced.call": 0.08}),
    _of("tiers: conservative only", {"condor.tiers": ["conservative"]}),
    _of("tiers: all three", {"condor.tiers": list(reversed(_TIERS))}),
    _of("wing: 1 % of the forward", {"condor.wing_pct_of_forward": 0.01}),
    _of("wing: 3 % of the forward", {"condor.wing_pct_of_forward": 0.03}),
    _of("least credit: 2 % of the width", {"condor.minimum_credit_pct_of_width": 0.02}),
    _of("least credit: 6 % of the width", {"condor.minimum_credit_pct_of_width": 0.06}),
    _of(
        "shape by signal: off",
        {"condor.trend_delta_share": 1.0, "condor.rsi_delta_shift": 0.0},
    ),
    _of(ADOPTED, {"condor.take_profit_pct_of_credit": 0.25}),
    _of(
        "exits: profit at a debit of 75 % of the credit", {"condor.take_profit_pct_of_credit": 0.75}
    ),
    _of("exits: at 14 days", {"condor.time_exit_dte": 14}),
    _of("exits: at 1 day", {"condor.time_exit_dte": 1}),
    _of("exits: stop at 3 credits", {"condor.stop_multiple_of_credit": 3.0}),
    _of("exits: no time-shift", {"condor.time_shift": False}),
    _of("far delta: 0.10", {"hedge.far.delta": 0.10}),
    _of("far delta: 0.15", {"hedge.far.delta": 0.15}),
    _of("far delta: 0.30", {"hedge.far.delta": 0.30}),
    _of("roll days: near 3", {"hedge.near.roll_dte": 3}),
    _of("roll days: near 14", {"hedge.near.roll_dte": 14}),
    _of("roll days: mid 60", {"hedge.mid.roll_dte": 60}),
    _of("roll days: far 90", {"hedge.far.roll_dte": 90}),
    _of("lost time value: 80 %", {"hedge.rolls.extrinsic_gone": 0.80}),
    _of("lost time value: never", {"hedge.rolls.extrinsic_gone": 1.0}),
    _of(
        "monetisation: earlier",
        {
            "hedge.near.profit_multiple": 1.75,
            "hedge.mid.profit_multiple": 1.4,
            "hedge.far.profit_multiple": 1.25,
        },
    ),
    _of(
        "monetisation: later",
        {
            "hedge.near.profit_multiple": 4.0,
            "hedge.mid.profit_multiple": 2.5,
            "hedge.far.profit_multiple": 2.5,
        },
    ),
    _of("monetisation: never", {"hedge.profit.share": 0.0}),
    _of("budget step: none", {"hedge.budget.delta_step": 0.0}),
    _of("budget step: 0.10", {"hedge.budget.delta_step": 0.10}),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What one candidate is worth beside the start value.

    Parameters
    ----------
    difference
        Mean monthly utility of the candidate less that of the start value, times 12: about the
        sure return a year that the change is worth, decimal.
    t_value
        With a Newey-West error; NaN where both never differ.
    clear
        Whether it is beyond what luck allows for so many candidates, in both halves.
    deflated
        Deflated Sharpe ratio of the candidate itself, a probability.
    held_out
        The difference on 2015-today, decimal a year; NaN where that is not reached.
    ruined
        Whether the candidate lost everything by 2014 and the start value did not: no mean of the
        months before tells of that.
    """

    difference: float
    t_value: float
    clear: bool
    deflated: float
    held_out: float
    ruined: bool = False

    @property
    def word(self) -> str:
        """``better``, ``worse``, ``no clear difference`` or ``ruined``."""
        if self.ruined:
            return "ruined"
        if not self.clear:
            return "no clear difference"
        return "better" if self.difference > 0 else "worse"


def judged(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table of candidates with the judgement of each.

    Parameters
    ----------
    table
        A row for each of `CANDIDATES` that was replayed, as a sweep makes it; with `BASE`.

    Raises
    ------
    ValueError
        If the start values are not among them.
    """
    months = {str(row["variant"]): excess_months(row) for row in table.to_dict("records")}
    if BASE not in months:
        raise ValueError(f"the candidates must hold {BASE!r}, received {sorted(months)}")
    chosen = {name: each[each.index < _split()] for name, each in months.items()}
    variance = float(np.nanvar([sharpe(_array(each)) for each in chosen.values()], ddof=1))
    found = [
        judge(months[BASE], months[name], trials=len(months), variance=variance)
        for name in table["variant"]
    ]
    return table.assign(
        difference=[each.difference for each in found],
        t_value=[each.t_value for each in found],
        judgement=[each.word for each in found],
        deflated=[each.deflated for each in found],
        held_out=[each.held_out for each in found],
    )


def not_judged(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with the columns of a judgement, all unknown: the start values lack."""
    unknown = dict.fromkeys(("difference", "t_value", "deflated", "held_out"), math.nan)
    return table.assign(judgement="not judged", **unknown)


def judge(
    base: pd.Series[float], candidate: pd.Series[float], *, trials: int, variance: float
) -> Judgement:
    """Judge one candidate.

    Parameters
    ----------
    base, candidate
        Monthly returns over bills by period.
    trials
        How many were tried.
    variance
        Of the monthly Sharpe ratios of all that were tried.
    """
    its, start = utility(candidate), utility(base)
    lost = its.index[its.isna()].intersection(start.dropna().index)
    gained = (its - start).dropna()
    before = gained[gained.index < _split()]
    halves = np.array_split(_array(before), 2)
    t_value = _t_value(_array(before))
    same_sign = len({bool(half.mean() > 0) for half in halves if len(half)}) == 1
    after = gained[gained.index >= _split()]
    return Judgement(
        difference=12 * float(before.mean()),
        t_value=t_value,
        clear=bool(same_sign and abs(t_value) > clear_beyond(trials)),
        deflated=deflated_sharpe(
            _array(candidate[candidate.index < _split()]), trials=trials, variance=variance
        ),
        held_out=12 * float(after.mean()),
        ruined=bool((lost < _split()).any()),
    )


def utility(returns: pd.Series[float]) -> pd.Series[float]:
    """Return the utility of monthly returns, in units of a small return.

    ``((1 + r) ** (1 - a) - 1) / (1 - a)``, a = 4; a month that loses everything is NaN.
    """
    wealth = (1 + returns).where(returns > -1)
    return (wealth ** (1 - AVERSION) - 1) / (1 - AVERSION)


def clear_beyond(trials: int) -> float:
    """Return the t value that the best or worst of `trials` hardly reaches by luck.

    ``N^-1(1 - 0.05 / (2 n))``: two-sided, Bonferroni.
    """
    return float(ndtri(1 - ERROR_RATE / (2 * trials)))


def excess_months(row: Mapping[Any, Any]) -> pd.Series[float]:
    """Return the monthly returns over bills of one row of a sweep, by period."""
    index = pd.period_range(row["first_month"], periods=len(row["months"]), freq="M")
    return pd.Series(np.asarray(row["months"], dtype=np.float64), index=index)


def _split() -> pd.Period:
    return pd.Period(SPLIT, freq="M")


def _array(series: pd.Series[float]) -> NDArray[np.float64]:
    return np.asarray(series, dtype=np.float64)


def _t_value(gained: NDArray[np.float64]) -> float:
    """Return the mean over its Newey-West error; NaN for too few months or no difference."""
    if len(gained) < FEWEST_MONTHS or not np.ptp(gained) > 0:
        return math.nan
    return float(regress(gained, np.ones((len(gained), 1))).t_values[0])
