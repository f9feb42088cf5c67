"""Whatever is missing or broken, signals are unknown: nothing raises, nothing turns calm."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from bot.core.breadth import unbroken
from bot.core.model import BreadthDay, FutureClose, IndexLevel, VxDay
from bot.core.regime import Regime, Signals, as_signals, compute_signals
from bot.core.rules import SignalRules
from market_states import CALM, CRASH, WEEKDAYS, breadth, curve

if TYPE_CHECKING:
    from bot.core.model import MarketSnapshot

RULES = SignalRules()
NOT_NUMBERS = st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -1.0])
EXPIRIES = (
    dt.date(2026, 6, 17),
    dt.date(2026, 7, 22),
    *(future.expiry for future in curve(16.0, 18.0, 19.0)),
)
FULL = dataclasses.replace(
    CALM,
    vx_curve=curve(16.0, 18.0, 19.0),
    vx_days=tuple(
        VxDay(
            session=day,
            closes=tuple(
                FutureClose(expiry=expiry, close=16.0 + at % 3)
                for expiry in EXPIRIES
                if expiry > day
            ),
        )
        for at, day in enumerate(WEEKDAYS[-31:])
    ),
)


def broken(snapshot: MarketSnapshot, name: str, at: int, value: float) -> MarketSnapshot:
    """Return `snapshot` with one number of one series replaced."""
    series: Any = getattr(snapshot, name)
    if name == "breadth":
        days = list(series.days)
        days[at % len(days)] = dataclasses.replace(days[at % len(days)], advances=value)
        return dataclasses.replace(snapshot, breadth=dataclasses.replace(series, days=tuple(days)))
    items = list(series)
    item = items[at % len(items)]
    if name == "vx_days":
        first = dataclasses.replace(item.closes[0], close=value)
        items[at % len(items)] = dataclasses.replace(item, closes=(first, *item.closes[1:]))
    else:
        items[at % len(items)] = dataclasses.replace(item, close=value)
    return dataclasses.replace(snapshot, **{name: tuple(items)})


USES = {
    "spx_bars": ("macd_histogram", "spx_rsi", "spx_drawdown", "cycle", "spx_long_mean"),
    "vix_bars": ("vix_rsi", "vix_over_median", "vix_close", "vix_short_mean", "vix_macd_histogram"),
    "vx_days": ("vx_front_volatility",),
}


@given(st.sampled_from(sorted(USES)), st.integers(0, 400), NOT_NUMBERS)
def test_one_number_that_cannot_be_makes_all_that_rests_on_it_unknown(
    name: str, at: int, value: float
) -> None:
    signals = compute_signals(broken(FULL, name, at, value), RULES)

    assert [getattr(signals, figure) for figure in USES[name]] == [None] * len(USES[name])


@given(st.integers(0, 400), st.sampled_from([math.nan, -1.0]))
def test_a_count_that_cannot_be_makes_breadth_unknown(at: int, value: float) -> None:
    signals = compute_signals(broken(FULL, "breadth", at, value), RULES)

    assert (signals.breadth, signals.mcclellan, signals.breadth_turned_down) == (None, None, None)
    assert signals.regime is not Regime.CALM


PARTS = {
    "spx_bars": (),
    "vix_bars": (),
    "breadth": None,
    "vx_curve": (),
    "vx_days": (),
    "indexes": (),
    "macro": (),
    "calendar": (),
}


@given(st.sampled_from([FULL, CRASH]), st.sets(st.sampled_from(sorted(PARTS))))
def test_any_absence_is_named_and_never_calm(snapshot: MarketSnapshot, absent: set[str]) -> None:
    changed = dataclasses.replace(snapshot, **{name: PARTS[name] for name in absent})  # type: ignore[arg-type]

    signals = compute_signals(changed, RULES)

    regime_inputs = absent - {"vx_days", "macro"}
    assert bool(signals.unknown) == bool(regime_inputs)
    if regime_inputs:
        assert signals.regime is not Regime.CALM
    numbers = [each.value for each in as_signals(signals) if isinstance(each.value, float)]
    assert all(math.isfinite(number) for number in numbers)


def test_with_everything_known_no_figure_but_those_of_macro_is_unknown() -> None:
    indexes = [IndexLevel(symbol=name, last=90.0) for name in ("VIX9D", "VVIX", "SKEW")]
    signals = compute_signals(dataclasses.replace(FULL, indexes=(*FULL.indexes, *indexes)), RULES)

    unknown = {name for name in Signals.__slots__ if getattr(signals, name) is None}
    assert unknown == {"reer_z", "rate_differential_z"}


@given(st.integers(1, 80), st.sets(st.integers(0, 79)))
def test_a_series_begins_after_its_last_gap(count: int, gaps: set[int]) -> None:
    past = WEEKDAYS[-count:]
    days = [
        BreadthDay(session=day, advances=1.0, declines=1.0)
        for back, day in enumerate(reversed(past))
        if back not in gaps
    ]
    known = min([gap for gap in gaps if gap < count], default=count)

    found = unbroken(sorted(days, key=lambda day: day.session), past)

    assert [day.session for day in found] == past[count - known :]


def test_counts_of_before_the_past_are_left_out() -> None:
    series = breadth([(1.0, 1.0)] * 10).days

    assert unbroken(series, WEEKDAYS[-5:]) == series[-5:]
