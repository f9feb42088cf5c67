"""Macro z-scores: the dollar's real effective exchange rate, and the policy-rate differential.

They set the pace at which hedge layers are entered, and nothing else (methodology, section 5).

No month is known before it was published: `macro_publication_lag_days` after its end. A z-score
needs `macro_months` consecutive months, each with its value, the newest of them not older than
`macro_maximum_age_days`; otherwise it is unknown, which leaves the pace at its default.
"""

from __future__ import annotations

import calendar
import datetime as dt
import math
from bisect import bisect_right
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.core.model import MacroMonth, MarketSnapshot, Session
    from bot.core.rules import SignalRules


class Macro(NamedTuple):
    """Fields as in ``Signals``."""

    reer_z: float | None
    rate_differential_z: float | None


def macro_scores(snapshot: MarketSnapshot, rules: SignalRules) -> Macro:
    """Return both z-scores as they could be known on the session."""
    months = published(snapshot.macro, snapshot.session, rules)
    return Macro(
        reer_z=z_score(tuple([month.reer for month in months])),
        rate_differential_z=z_score(tuple([month.rate_differential_pct for month in months])),
    )


def published(
    months: Sequence[MacroMonth], session: Session, rules: SignalRules
) -> tuple[MacroMonth, ...]:
    """Return the last `macro_months` that were published by `session`; none if one is missing."""
    lag = dt.timedelta(days=rules.macro_publication_lag_days)
    known = bisect_right(months, session - lag, key=lambda each: month_end(each.month))
    window = tuple(months[max(known - rules.macro_months, 0) : known])
    if len(window) < rules.macro_months or not _unbroken(window):
        return ()
    age = session - month_end(window[-1].month)
    return window if age.days <= rules.macro_maximum_age_days else ()


@lru_cache(maxsize=64)
def z_score(values: tuple[float | None, ...]) -> float | None:
    """Return ``(last - mean) / s``, s being the standard deviation (n - 1) of all `values`.

    Returns
    -------
    float or None
        Dimensionless. ``None`` with fewer than two values, when one is unknown or no number, or
        when none differs from the others.
    """
    known = [value for value in values if value is not None and math.isfinite(value)]
    if len(known) < max(len(values), 2) or min(known) == max(known):
        return None  # equal values may have a deviation of 1e-17, by rounding
    apart = np.array(known)
    apart -= apart.mean()
    deviation = math.sqrt((apart * apart).sum() / (apart.size - 1))
    return float(apart[-1]) / deviation if deviation else None


def month_end(month: dt.date) -> dt.date:
    """Return the last day of the month that `month` lies in."""
    return month.replace(day=calendar.monthrange(month.year, month.month)[1])


def _unbroken(months: Sequence[MacroMonth]) -> bool:
    numbers = [each.month.year * 12 + each.month.month for each in months]
    return numbers == list(range(numbers[0], numbers[0] + len(numbers)))
