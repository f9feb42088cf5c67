from __future__ import annotations

import dataclasses
import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.macro import macro_scores, month_end, published, z_score
from bot.core.model import MacroMonth
from bot.core.regime import compute_signals
from bot.core.rules import SignalRules
from market_states import CALM

RULES = SignalRules()
REER = 100 + np.random.default_rng(3).normal(0, 1, 90).cumsum()
DIFFERENTIAL = np.random.default_rng(4).normal(1, 0.5, 90)


def months(last: str, count: int = 90) -> tuple[MacroMonth, ...]:
    """Months up to `last`, with values drawn at random."""
    starts = pd.period_range(end=last, periods=count, freq="M")
    return tuple(
        MacroMonth(
            month=start.to_timestamp().date(),
            reer=float(reer),
            rate_differential_pct=float(differential),
        )
        for start, reer, differential in zip(
            starts, REER[-count:], DIFFERENTIAL[-count:], strict=True
        )
    )


def test_a_z_score_of_three_values_by_hand() -> None:
    # mean 2, deviations -1, -1 and 2: sqrt((1 + 1 + 4) / 2) = 1.7320508
    assert z_score((1.0, 1.0, 4.0)) == pytest.approx(2 / math.sqrt(3))


@given(st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=80))
def test_a_z_score_agrees_with_pandas(values: list[float]) -> None:
    series = pd.Series(values)
    found = z_score(tuple(values))

    if np.ptp(values) > 1e-6:
        assert found == pytest.approx((series.iloc[-1] - series.mean()) / series.std(), rel=1e-6)
    else:
        assert found is None or math.isfinite(found)


@pytest.mark.parametrize(
    "values", [[], [1.0], [2.0, 2.0, 2.0], [1.0, None, 3.0], [1.0, math.nan, 3.0], [1.0, math.inf]]
)
def test_a_z_score_is_unknown_with_too_few_equal_or_unknown_values(
    values: list[float | None],
) -> None:
    assert z_score(tuple(values)) is None


@pytest.mark.parametrize(
    ("month", "end"), [((2026, 2), 28), ((2024, 2), 29), ((2026, 12), 31), ((2026, 6), 30)]
)
def test_a_month_ends_on_its_last_day(month: tuple[int, int], end: int) -> None:
    assert month_end(dt.date(*month, 1)) == dt.date(*month, end)


@pytest.mark.parametrize(
    ("session", "newest"),
    [
        # June ends on the 30th; thirty days later is 2026-07-30
        (dt.date(2026, 7, 29), dt.date(2026, 5, 1)),
        (dt.date(2026, 7, 30), dt.date(2026, 6, 1)),
    ],
)
def test_no_month_is_known_before_it_was_published(session: dt.date, newest: dt.date) -> None:
    window = published(months("2026-12"), session, RULES)

    assert (len(window), window[-1].month) == (60, newest)


def test_the_scores_are_those_of_the_sixty_months_published_last() -> None:
    # on 2026-07-24 the newest month is May: June ended 24 days ago
    market = dataclasses.replace(CALM, macro=months("2026-07"))
    reer, differential = (pd.Series(values[-62:-2]) for values in (REER, DIFFERENTIAL))

    found = compute_signals(market, RULES)

    assert found.reer_z == pytest.approx((reer.iloc[-1] - reer.mean()) / reer.std())
    assert found.rate_differential_z == pytest.approx(
        (differential.iloc[-1] - differential.mean()) / differential.std()
    )


@pytest.mark.parametrize(
    "kept",
    [
        (),
        months("2026-05", 59),
        (*months("2026-07")[:50], *months("2026-07")[51:]),
        months("2026-03"),
    ],
    ids=["none", "too few", "one missing", "not kept for 115 days"],
)
def test_months_that_are_few_broken_or_old_leave_both_scores_unknown(
    kept: tuple[MacroMonth, ...],
) -> None:
    assert macro_scores(dataclasses.replace(CALM, macro=kept), RULES) == (None, None)


def test_an_unknown_cell_leaves_its_own_score_unknown_and_not_the_other() -> None:
    kept = list(months("2026-07"))
    kept[70] = dataclasses.replace(kept[70], reer=None)

    scores = macro_scores(dataclasses.replace(CALM, macro=tuple(kept)), RULES)

    assert scores.reer_z is None
    assert scores.rate_differential_z is not None


def test_unknown_macro_is_no_unknown_input_of_the_regime() -> None:
    assert compute_signals(CALM, RULES).unknown == ()
