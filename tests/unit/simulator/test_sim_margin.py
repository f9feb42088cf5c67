"""Margin of structures, against the published rule worked by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.simulator.instruments import ContractQuery
from bot.simulator.margin import Holding, requirement
from scripted_market import Venue

D = Decimal
LEVELS = {"SPX": 6000.0, "VIX": 20.0}
VENUE = Venue()


def held(*positions: tuple[int, str]) -> list[Holding]:
    return [
        Holding(instrument=VENUE.option(label), quantity=count, price=D(1))
        for count, label in positions
    ]


PUTS = ((1, "SPXW 2026-08-21 5700P"), (-1, "SPXW 2026-08-21 5750P"))
CALLS = ((-1, "SPXW 2026-08-21 6250C"), (1, "SPXW 2026-08-21 6325C"))


@pytest.mark.parametrize(
    ("positions", "usd"),
    [
        ((), 0),
        (PUTS, 5000),
        (CALLS, 7500),
        ((*PUTS, *CALLS), 7500),  # only one side can lose: the wider
        (((1, "SPXW 2026-08-21 5750P"), (-1, "SPXW 2026-08-21 5700P")), 0),  # a debit spread
        (((3, "VIX 2026-09-16 25C"),), 0),  # paid in full
        # a long contract of the other settlement covers nothing: (5750 - 0.7 x 5750) x 100
        (((-1, "SPXW 2026-08-21 5750P"), (1, "SPX 2026-08-21 5700P")), 172_500),
        # stressed to 0.7 x 5750 = 4025
        (((-1, "SPXW 2026-08-21 5750P"),), 172_500),
        # stressed to 1.3 x 6250 = 8125
        (((-2, "SPXW 2026-08-21 6250C"),), 375_000),
        # one is uncovered above 6300 x 1.3 = 8190: 2 x (8190 - 6250) - (8190 - 6300)
        (((-2, "SPXW 2026-08-21 6250C"), (1, "SPXW 2026-08-21 6300C")), 199_000),
        # stressed to 4 x 30 = 120
        (((-1, "VIX 2026-09-16 30C"),), 9000),
        # stressed to half of 15
        (((-1, "VIX 2026-09-16 15P"),), 750),
    ],
)
def test_a_structure_ties_up_the_most_it_can_owe(
    positions: tuple[tuple[int, str], ...], usd: int
) -> None:
    margin = requirement(held(*positions), LEVELS.get)

    assert margin.initial == margin.maintenance == usd


def test_expiries_are_margined_apart_for_both_sides_can_lose() -> None:
    puts = ((1, "SPXW 2026-08-20 5700P"), (-1, "SPXW 2026-08-20 5750P"))

    assert requirement(held(*puts, *CALLS), LEVELS.get).initial == 5000 + 7500


def test_an_unknown_level_makes_the_uncovered_dearer_and_leaves_the_covered_alone() -> None:
    """The put is stressed to zero: 5750 x 100."""
    uncovered = requirement(held((-1, "SPXW 2026-08-21 5750P")), lambda _: None)
    condor = requirement(held(*PUTS, *CALLS), lambda _: None)

    assert (uncovered.initial, condor.initial) == (575_000, 7500)


def test_shares_and_futures_take_a_share_of_their_value() -> None:
    """100 SPY at 600 short: 30,000 and 15,000. One VX at 18: 9,000."""
    (spy,) = VENUE.instruments.match(ContractQuery(symbol="SPY", sec_type="STK"))
    (vx,) = VENUE.instruments.match(ContractQuery(sec_type="FUT", last_trade="20260916"))
    margin = requirement(
        [
            Holding(instrument=spy, quantity=-100, price=D(600)),
            Holding(instrument=vx, quantity=1, price=D(18)),
        ],
        LEVELS.get,
    )

    assert (margin.initial, margin.maintenance) == (39_000, 24_000)
