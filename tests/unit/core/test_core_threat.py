"""When a condor is threatened, and what forward an expiry has that is not quoted at the money."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

import builders
from bot.core.carry import carried_forward, held_chain
from bot.core.model import Right
from bot.core.rules import CondorRules
from bot.core.sessions import TradingCalendar
from bot.core.threat import edr_distances, is_daily, short_deltas, threatened_side
from proposals import context

if TYPE_CHECKING:
    from bot.core.book import Condor
    from bot.core.chain import PricedChain

CALENDAR = TradingCalendar(builders.calendar_days())
RULES = CondorRules()
LATER = dt.date(2026, 8, 28)


def chain() -> PricedChain:
    found = context().chain("SPXW", builders.MAIN_EXPIRY)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("opened", "expiry", "daily"),
    [
        (dt.date(2026, 7, 20), dt.date(2026, 7, 21), True),
        (dt.date(2026, 7, 17), dt.date(2026, 7, 20), True),  # over a weekend
        (dt.date(2026, 7, 2), dt.date(2026, 7, 6), True),  # over a holiday
        (dt.date(2026, 7, 20), dt.date(2026, 7, 22), False),
        (dt.date(2020, 1, 2), dt.date(2020, 1, 3), False),  # before the calendar
    ],
)
def test_a_condor_is_daily_if_it_expires_in_the_session_after_its_opening(
    opened: dt.date, expiry: dt.date, *, daily: bool
) -> None:
    held = builders.condor(opened=opened, expiry=expiry)

    assert is_daily(held, CALENDAR) is daily


def test_distance_is_counted_in_expected_daily_ranges() -> None:
    # 1 % of 6000 is 60 points: the put at 5925 is 75 out, the call at 6550 is 550 out
    found = edr_distances(builders.condor(), spot=6000.0, edr_pct=1.0)

    assert found == {Right.PUT: pytest.approx(1.25), Right.CALL: pytest.approx(550 / 60)}


def test_distance_is_unknown_without_a_level_and_negative_in_the_money() -> None:
    held = builders.condor()

    assert edr_distances(held, spot=None, edr_pct=1.0) == {}
    assert edr_distances(held, spot=6000.0, edr_pct=None) == {}
    assert edr_distances(held, spot=0.0, edr_pct=1.0) == {}
    assert edr_distances(held, spot=6000.0, edr_pct=0.0) == {}
    assert edr_distances(held, spot=5900.0, edr_pct=1.0)[Right.PUT] < 0


def test_deltas_are_those_of_the_short_strikes() -> None:
    # vollib: the 5870 put has a delta of -0.0996, the 6660 call one of 0.0504
    held = builders.condor((5745.0, 5870.0, 6660.0, 6785.0))

    assert short_deltas(held, chain()) == {
        Right.PUT: pytest.approx(0.0996, abs=2e-3),
        Right.CALL: pytest.approx(0.0504, abs=2e-3),
    }
    assert short_deltas(held, None) == {}


def side(
    held: Condor, *, spot: float | None = 6300.0, edr_pct: float | None = 1.07
) -> Right | None:
    return threatened_side(held, chain(), spot=spot, edr_pct=edr_pct, rules=RULES)


def test_a_short_at_a_delta_of_thirty_threatens() -> None:
    near = builders.condor((6025.0, 6150.0, 6660.0, 6785.0))  # delta 0.29
    nearer = builders.condor((6050.0, 6175.0, 6660.0, 6785.0))  # delta 0.31

    assert side(near) is None
    assert side(nearer) is Right.PUT


def test_an_index_within_one_expected_daily_range_threatens_whatever_the_delta() -> None:
    held = builders.condor()

    assert side(held, spot=5925 * 1.0108) is Right.PUT
    assert side(held, spot=5925 * 1.0109) is None
    assert side(held, spot=6700.0) is Right.CALL


def test_unknown_threatens_nothing() -> None:
    held = builders.condor()

    assert threatened_side(held, None, spot=None, edr_pct=1.0, rules=RULES) is None


def test_of_two_threatened_sides_the_one_of_the_greater_delta_counts() -> None:
    narrow = builders.condor((6075.0, 6200.0, 6340.0, 6465.0))

    deltas = short_deltas(narrow, chain())

    assert side(narrow) is max(deltas, key=lambda right: deltas[right])


def test_carried_forward_grows_with_the_carry_of_the_reference() -> None:
    reference = replace(chain(), forward=6300 * math.exp(0.03 * 0.1), years=0.1)

    assert carried_forward(6300.0, reference, 0.2) == pytest.approx(6300 * math.exp(0.03 * 0.2))


def test_an_expiry_with_only_four_legs_quoted_takes_the_carry_of_the_nearest() -> None:
    held = builders.condor(expiry=LATER)
    legs = {leg.contract for leg in held.legs}
    bare = context(
        market=builders.without_options(
            builders.market(), lambda each: each.expiry == LATER and each not in legs
        )
    )
    full = context().chain("SPXW", LATER)
    assert full is not None

    found = bare.held_chain("SPXW", LATER)

    assert bare.chain("SPXW", LATER) is None
    assert found is not None
    assert found.forward == pytest.approx(full.forward, abs=0.5)
    assert found.contracts == tuple(
        sorted(legs, key=lambda contract: (contract.strike, contract.right))
    )


def test_without_any_priced_expiry_or_a_level_the_held_chain_is_unknown() -> None:
    market = builders.market()
    none_priced = lambda _trading_class, _expiry: None  # noqa: E731 - a look-up that knows nothing

    assert held_chain(market, "SPXW", LATER, chain=none_priced) is None
    blind = builders.with_level(market, "SPX", None)
    assert held_chain(blind, "SPXW", LATER, chain=none_priced) is None
