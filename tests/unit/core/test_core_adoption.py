"""What a person adopts: holdings then equal the broker's positions, and no price is invented."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.adoption import ADOPTED, Adoption, adopted_shorts, adoptions
from bot.core.errors import LedgerError
from bot.core.fold import Holdings, IntentRecord, IntentState, fold
from ledger_facts import (
    CALL,
    LOT,
    NEXT,
    OPENING_PRICES,
    buy_lot,
    fills,
    open_condor,
)

OPEN, BUY = open_condor(), buy_lot()
RECORDS = [IntentRecord(intent=intent, state=IntentState.FILLED) for intent in (OPEN, BUY)]
FILLS = [*fills(OPEN, *OPENING_PRICES), *fills(BUY, "2.05")]
LEGS = OPEN.legs
CONTRACTS = [*(leg.contract for leg in LEGS), CALL]


def held(adopted: tuple[Adoption, ...] = ()) -> Holdings:
    return fold(RECORDS, FILLS, [], adopted)


def closed_by_hand(units: int) -> dict[object, int]:
    return {leg.contract: -leg.ratio * units for leg in LEGS}


def test_a_condor_that_was_closed_by_hand_leaves_whole() -> None:
    before = held()

    adopted = adoptions(before, closed_by_hand(OPEN.quantity), session=NEXT)

    after = held(adopted)
    assert {each.structure_id for each in adopted} == {OPEN.structure_id}
    assert after.condors == ()
    assert after.residuals == ()
    assert after.lots == before.lots


def test_what_was_bought_by_hand_belongs_to_no_structure_and_locks_nothing() -> None:
    adopted = adoptions(held(), {CALL: 3}, session=NEXT)

    after = held(adopted)
    (rest,) = after.residuals
    assert (rest.structure_id, rest.quantity, rest.adopted) == (ADOPTED, 3, True)
    assert after.lots == held().lots
    assert not after.broken
    assert list(adopted_shorts(after)) == []


def test_what_was_sold_by_hand_leaves_the_lot_at_its_cost() -> None:
    (lot,) = held().lots

    (smaller,) = held(adoptions(held(), {CALL: -1}, session=NEXT)).lots

    assert (smaller.lot_id, smaller.quantity, smaller.cost_points) == (
        LOT,
        lot.quantity - 1,
        lot.cost_points,
    )


def test_legs_without_their_wing_are_adopted_and_named_as_a_risk() -> None:
    wing = LEGS[0].contract

    after = held(adoptions(held(), {wing: -OPEN.quantity}, session=NEXT))

    assert after.condors == ()
    assert not after.broken
    assert len(list(adopted_shorts(after))) == 2
    assert all(text.startswith("ADOPTED_SHORT: ") for text in adopted_shorts(after))


def test_adopted_positions_that_are_gone_by_hand_leave_again() -> None:
    first = adoptions(held(), {CALL: 9}, session=NEXT)
    lot = held().lots[0].quantity

    second = adoptions(held(first), {CALL: -9 - lot}, session=NEXT)

    after = held((*first, *second))
    assert (after.lots, after.residuals) == ((), ())


def test_an_adoption_of_an_unknown_structure_is_refused() -> None:
    stray = Adoption(structure_id="nowhere", contract=CALL, session=NEXT, quantity=1)

    with pytest.raises(LedgerError, match="structure nowhere is not on record"):
        held((stray,))


@given(
    first=st.lists(st.integers(-6, 6), min_size=5, max_size=5),
    second=st.lists(st.integers(-6, 6), min_size=5, max_size=5),
)
def test_holdings_then_equal_the_broker_whatever_was_done(
    first: list[int], second: list[int]
) -> None:
    facts: tuple[Adoption, ...] = ()
    for changes in (first, second):
        before = held(facts)
        wanted = Counter(before.net_positions())
        wanted.update(dict(zip(CONTRACTS, changes, strict=True)))
        facts += adoptions(before, dict(zip(CONTRACTS, changes, strict=True)), session=NEXT)

        after = held(facts)

        assert after.net_positions() == {key: count for key, count in wanted.items() if count}
        assert not after.broken
