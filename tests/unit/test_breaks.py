"""What may be closed while ledger and broker disagree, and how fills move both sides."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.breaks import Break, after, overtraded
from bot.core.fold import Fill
from ledger_facts import AT, CONDOR, LEGS, close_condor, open_condor

SHORT_PUT = LEGS[1].contract
"""Shared by two condors: the ledger is short 4 of it, the broker 2."""
SHARED = Break(label=SHORT_PUT.label(), ledger_quantity=-4, broker_quantity=-2)


def bought_back(quantity: int) -> Fill:
    return Fill(
        family="0001",
        revision=1,
        intent_id=f"{CONDOR}:close_condor",
        order_ref="ref",
        contract=SHORT_PUT,
        quantity=quantity,
        price=Decimal("1.00"),
        at=AT,
    )


def test_an_exit_that_the_broker_can_bear_is_let_through() -> None:
    assert overtraded(close_condor(quantity=2), [SHARED]) is None


def test_an_exit_larger_than_the_broker_holds_is_denied() -> None:
    refusal = overtraded(close_condor(quantity=3), [SHARED])

    assert refusal == f"POSITION_BREAK: {SHORT_PUT.label()}: ledger -4, broker -2"


def test_of_two_exits_that_share_a_broken_contract_only_the_first_is_let_through() -> None:
    (left,) = after([SHARED], [bought_back(2)])

    assert (left.ledger_quantity, left.broker_quantity) == (-2, 0)
    assert overtraded(close_condor(quantity=2), [left]) is not None


def test_fills_of_other_contracts_and_of_the_combo_leave_a_break_as_it_is() -> None:
    other = Fill(
        family="0002",
        revision=1,
        intent_id="other",
        order_ref="ref",
        contract=None,
        quantity=2,
        price=Decimal("2.50"),
        at=AT,
    )

    assert after([SHARED], [other]) == (SHARED,)


@pytest.mark.parametrize("held", [-2, 0, 5])
def test_an_opening_order_is_not_held_against_breaks(held: int) -> None:
    broken = Break(label=SHORT_PUT.label(), ledger_quantity=-4, broker_quantity=held)

    assert overtraded(open_condor(), [broken]) is None
