"""What a condor gains by the level of SPX, against sums done by hand and quotes of the market."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pytest

import builders
from bot.ledger.queries import PositionRow
from bot.review.pages.payoff import gain_at_expiry, payoffs, strikes_of
from builders import MAIN_EXPIRY, market, with_level, without_options

if TYPE_CHECKING:
    from bot.core.model import MarketSnapshot, OptionContract

LABEL = f"SPXW {MAIN_EXPIRY} 5800/5925/6550/6675"


def held(**changes: object) -> PositionRow:
    facts: dict[str, object] = {
        "structure_id": "balanced-20260713",
        "label": LABEL,
        "kind": "condor",
        "slot": "balanced",
        "expiry": MAIN_EXPIRY,
        "opened": builders.SESSION,
        "quantity": 2,
        "entry_points": Decimal("8.00"),
        "mark_points": Decimal("6.00"),
    }
    return PositionRow(**(facts | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("level", "usd"),
    [
        (5700, (8 - 125) * 200),  # both puts deep: the width less the credit is lost
        (5800, (8 - 125) * 200),
        (5900, (8 - 25) * 200),
        (5917, 0),  # the short put less the credit
        (5925, 8 * 200),
        (6300, 8 * 200),
        (6558, 0),
        (6600, (8 - 50) * 200),
        (7000, (8 - 125) * 200),
    ],
)
def test_the_gain_at_expiry_is_the_credit_less_what_the_short_side_owes(
    level: float, usd: float
) -> None:
    strikes = (5800, 5925, 6550, 6675)

    gain = gain_at_expiry(strikes, np.array([float(level)]), credit=8.0, quantity=2)

    assert gain[0] == pytest.approx(usd, abs=1e-9)


def test_a_payoff_tells_its_most_its_worst_and_where_it_is_even() -> None:
    (payoff,) = payoffs([held()], market())

    assert payoff.most_usd == pytest.approx(1_600)
    assert payoff.worst_usd == pytest.approx(-23_400)
    assert payoff.break_evens == (5917, 6558)


def test_today_where_spx_stands_it_gains_the_credit_less_the_mid_to_close() -> None:
    snapshot = market()
    quotes = {option.contract: option.quote for option in snapshot.options}
    mids = [quotes[leg.contract].mid or np.nan for leg in builders.condor().legs]
    debit = -mids[0] + mids[1] + mids[2] - mids[3]

    (payoff,) = payoffs([held()], snapshot)

    assert payoff.today is not None
    now = np.interp(builders.SPX, payoff.levels, payoff.today)
    assert now == pytest.approx((8.0 - debit) * 200, abs=15)  # a tick of 0.05 is 10 USD


def test_far_out_today_is_near_the_discounted_loss_of_expiry() -> None:
    (payoff,) = payoffs([held()], market())

    assert payoff.today is not None
    assert payoff.today[0] < -12_000
    assert (payoff.today >= payoff.worst_usd).all()


def without_long_put(contract: OptionContract) -> bool:
    return contract.strike == 5800 and contract.expiry == MAIN_EXPIRY


@pytest.mark.parametrize(
    "snapshot",
    [None, with_level(market(), "SPX", None), without_options(market(), without_long_put)],
    ids=["no market", "no level", "a leg that is not quoted"],
)
def test_what_cannot_be_priced_leaves_the_curve_of_expiry(snapshot: MarketSnapshot | None) -> None:
    (payoff,) = payoffs([held()], snapshot)

    assert payoff.today is None
    assert payoff.most_usd == pytest.approx(1_600)


def test_what_is_no_condor_has_no_payoff() -> None:
    lot = held(kind="lot", label="VIX 2026-08-19 18C")
    unpriced = held(entry_points=None)

    assert payoffs([lot, unpriced], market()) == ()
    assert strikes_of("VIX 2026-08-19 18C") is None
    assert strikes_of("1/2/3/x") is None
