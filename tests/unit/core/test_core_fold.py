"""Holdings follow from facts alone: whatever the order and the number of their reports."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.book import Condor, HedgeLot, Layer, Tier
from bot.core.decision import Action
from bot.core.errors import LedgerError
from bot.core.fold import (
    Fill,
    Holdings,
    IntentState,
    Residual,
    StructureKind,
    advance,
    cash_usd,
    fold,
    newest_revisions,
    structure_kind,
)
from ledger_facts import (
    CALL,
    CLOSING_PRICES,
    CONDOR,
    LEGS,
    LOT,
    OPENING_PRICES,
    SESSION,
    buy_lot,
    close_condor,
    fill,
    fills,
    open_condor,
    record,
    sell_lot,
    settlement,
)

OPEN, CLOSE, BUY, SELL = open_condor(), close_condor(), buy_lot(), sell_lot()
ALL = tuple(record(intent) for intent in (OPEN, BUY, CLOSE, SELL))


def test_a_condor_is_held_when_all_four_legs_have_filled() -> None:
    expected = Condor(
        structure_id=CONDOR,
        tier=Tier.BALANCED,
        opened=SESSION,
        legs=LEGS,
        quantity=2,
        credit_points=Decimal("5.50"),
    )

    holdings = fold([record(OPEN)], fills(OPEN, *OPENING_PRICES), [])

    assert holdings == Holdings(condors=(expected,))


def test_the_state_of_an_intent_does_not_decide_whether_its_fills_count() -> None:
    cancelled = [record(OPEN, IntentState.CANCELLED)]

    assert len(fold(cancelled, fills(OPEN, *OPENING_PRICES), []).condors) == 1


def test_a_condor_is_as_large_as_its_scarcest_leg_and_the_rest_is_residual() -> None:
    facts = [*fills(OPEN, *OPENING_PRICES)[:3], fill(OPEN, 3, "1.65", quantity=1)]

    holdings = fold([record(OPEN)], facts, [])

    assert holdings.condors[0].quantity == 1
    assert holdings.residuals == (
        Residual(contract=LEGS[0].contract, quantity=1, structure_id=CONDOR),
        Residual(contract=LEGS[1].contract, quantity=-1, structure_id=CONDOR),
        Residual(contract=LEGS[2].contract, quantity=-1, structure_id=CONDOR),
    )


def test_a_condor_short_of_a_leg_is_no_condor() -> None:
    holdings = fold([record(OPEN)], fills(OPEN, *OPENING_PRICES)[:3], [])

    assert holdings.condors == ()
    assert [residual.quantity for residual in holdings.residuals] == [2, -2, -2]
    assert holdings.broken


def test_a_long_leg_that_is_left_alone_breaks_nothing() -> None:
    holdings = fold([record(OPEN)], fills(OPEN, *OPENING_PRICES)[:1], [])

    assert [residual.quantity for residual in holdings.incomplete] == [2]
    assert not holdings.broken


def test_the_credit_averages_the_opening_fills_by_their_quantity() -> None:
    three = open_condor(quantity=3)
    first = [replace(each, quantity=each.quantity // 3) for each in fills(three, *OPENING_PRICES)]
    second = [
        replace(each, family=f"{each.family}b", quantity=each.quantity // 3 * 2)
        for each in fills(three, "4.10", "5.60", "5.05", "1.65")
    ]

    holdings = fold([record(three)], [*first, *second], [])

    # (6.20 + 2 x 5.60) / 3 + 5.05 - 4.10 - 1.65 = 5.80 - 0.70
    assert holdings.condors[0].credit_points == Decimal("5.10")


def test_closing_a_part_leaves_the_rest_at_the_credit_of_the_opening() -> None:
    one = close_condor(quantity=1)

    holdings = fold(
        [record(OPEN), record(one)],
        [*fills(OPEN, *OPENING_PRICES), *fills(one, *CLOSING_PRICES)],
        [],
    )

    assert (holdings.condors[0].quantity, holdings.condors[0].credit_points) == (1, Decimal("5.50"))
    assert holdings.residuals == ()


def test_closing_all_leaves_nothing() -> None:
    facts = [*fills(OPEN, *OPENING_PRICES), *fills(CLOSE, *CLOSING_PRICES)]

    assert fold([record(OPEN), record(CLOSE)], facts, []) == Holdings()


def test_closing_more_than_was_open_leaves_the_excess_as_residual() -> None:
    three = close_condor(quantity=3)
    facts = [*fills(OPEN, *OPENING_PRICES), *fills(three, *CLOSING_PRICES)]

    holdings = fold([record(OPEN), record(three)], facts, [])

    assert holdings.condors == ()
    assert [residual.quantity for residual in holdings.residuals] == [-1, 1, 1, -1]


def test_a_close_without_an_opening_is_all_residual() -> None:
    holdings = fold([record(SELL)], fills(SELL, "3.00"), [])

    assert holdings == Holdings(residuals=(Residual(contract=CALL, quantity=-4, structure_id=LOT),))


def test_a_condor_is_never_larger_than_what_was_opened() -> None:
    wrong_way = [replace(each, quantity=-each.quantity) for each in fills(CLOSE, *CLOSING_PRICES)]
    facts = [*fills(OPEN, *OPENING_PRICES), *wrong_way]

    holdings = fold([record(OPEN), record(CLOSE)], facts, [])

    assert holdings.condors[0].quantity == 2
    assert [residual.quantity for residual in holdings.residuals] == [2, -2, -2, 2]


def test_a_condor_reopened_by_a_time_shift_is_marked_as_rolled() -> None:
    rolled = replace(OPEN, reason="time_shift")

    assert fold([record(rolled)], fills(rolled, *OPENING_PRICES), []).condors[0].rolled


def test_a_lot_keeps_its_cost_and_its_size_when_a_part_is_sold() -> None:
    half = sell_lot(quantity=2)
    expected = HedgeLot(
        lot_id=LOT,
        layer=Layer.NEAR,
        contract=CALL,
        quantity=2,
        bought=4,
        cost_points=Decimal("2.05"),
        opened=SESSION,
        extrinsic_points=1.15,
    )

    holdings = fold([record(BUY), record(half)], [*fills(BUY, "2.05"), *fills(half, "3.00")], [])

    assert holdings == Holdings(lots=(expected,))


def test_a_lot_sold_out_is_gone_and_one_sold_twice_is_a_short_residual() -> None:
    bought = fills(BUY, "2.05")
    sold = fills(SELL, "3.00")
    again = [replace(sold[0], family="again")]

    assert fold(ALL, [*bought, *sold], []) == Holdings()
    assert fold(ALL, [*bought, *sold, *again], []).residuals == (
        Residual(contract=CALL, quantity=-4, structure_id=LOT),
    )


def test_a_hedge_bought_for_no_layer_is_residual() -> None:
    stray = replace(BUY, layer=None)

    assert fold([record(stray)], fills(stray, "2.00"), []).residuals == (
        Residual(contract=CALL, quantity=4, structure_id=LOT),
    )


def test_settlement_takes_the_legs_of_an_expired_condor() -> None:
    ends = [settlement(leg.contract, leg.ratio * 2, "0") for leg in LEGS]

    assert fold([record(OPEN)], fills(OPEN, *OPENING_PRICES), ends) == Holdings()
    assert fold([record(OPEN)], fills(OPEN, *OPENING_PRICES), ends[:1]).condors == ()


def test_a_correction_replaces_what_its_family_said_before() -> None:
    first = fill(BUY, 0, "2.05")
    correction = replace(first, revision=2, price=Decimal("2.01"), quantity=3)

    for reports in itertools.permutations([first, correction, first]):
        lot = fold([record(BUY)], reports, []).lots[0]
        assert (lot.quantity, lot.cost_points) == (3, Decimal("2.01"))


def test_the_summary_of_a_combo_moves_no_position_and_no_cash() -> None:
    summary = fill(OPEN, None, "-5.50")

    assert fold([record(OPEN)], [summary], []) == Holdings()
    assert cash_usd([summary], []) == 0


REPORTS = (
    *fills(OPEN, *OPENING_PRICES),
    *fills(CLOSE, *CLOSING_PRICES),
    *fills(BUY, "2.05"),
    fill(OPEN, None, "-5.50"),
    replace(fill(BUY, 0, "2.05"), revision=2, price=Decimal("2.06")),
)


@given(st.lists(st.sampled_from(REPORTS), max_size=20), st.randoms())
def test_repeated_reports_in_any_order_change_nothing(again: list[Fill], random: object) -> None:
    shuffled = [*REPORTS, *again]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    expected = fold(ALL, REPORTS, [])

    holdings = fold(ALL, shuffled, [])

    assert holdings == expected
    assert cash_usd(shuffled, []) == cash_usd(REPORTS, [])
    assert expected.lots[0].cost_points == Decimal("2.06")


def test_a_family_keeps_its_place_when_a_newer_revision_comes() -> None:
    first, other = fill(OPEN, 0, "4.10"), fill(OPEN, 1, "6.20")
    newer = replace(first, revision=2)

    assert newest_revisions([first, other, newer]) == (newer, other)


def test_cash_is_price_times_contracts_times_one_hundred_less_commissions() -> None:
    # 2 x 5.50 x 100 - 4 x 1.00 = 1096; 2 x (6000 - 5950) x 100 = 10,000 paid at expiry
    ends = [settlement(LEGS[1].contract, -2, "50")]

    assert cash_usd(fills(OPEN, *OPENING_PRICES), []) == Decimal(1096)
    assert cash_usd(fills(OPEN, *OPENING_PRICES), ends) == Decimal(-8904)


def test_a_commission_that_is_not_known_is_left_out_of_the_cash() -> None:
    assert cash_usd(fills(BUY, "2.05", commission_usd=None), []) == Decimal(-820)


def test_positions_net_over_structures_and_count_residuals() -> None:
    other = "2026-07-21:condor:balanced"
    reopened = open_condor(other)
    facts = [
        *fills(OPEN, *OPENING_PRICES),
        *fills(reopened, *OPENING_PRICES)[:1],
        *fills(BUY, "2.05"),
    ]

    net = fold([record(OPEN), record(reopened), record(BUY)], facts, []).net_positions()

    assert net == {
        LEGS[0].contract: 4,
        LEGS[1].contract: -2,
        LEGS[2].contract: -2,
        LEGS[3].contract: 2,
        CALL: 4,
    }


def test_positions_that_net_to_nothing_are_not_listed() -> None:
    held = fold([record(BUY)], fills(BUY, "2.05"), [])
    short = Residual(contract=CALL, quantity=-4, structure_id="other")

    assert replace(held, residuals=(short,)).net_positions() == {}


def test_a_fill_without_its_intent_is_a_fault() -> None:
    with pytest.raises(LedgerError, match=r"fill .*\.02\.01: intent .* is not on record"):
        fold([], [fill(OPEN, 0, "4.10")], [])


def test_a_settlement_without_its_structure_is_a_fault() -> None:
    with pytest.raises(LedgerError, match=r"settlement of VIX 2026-08-19 18C: structure .* not on"):
        fold([], [], [settlement(CALL, 4, "1.50")])


def test_a_condor_without_a_tier_is_a_fault() -> None:
    nameless = replace(OPEN, tier=None)

    with pytest.raises(LedgerError, match="opens a condor without a tier"):
        fold([record(nameless)], fills(nameless, *OPENING_PRICES), [])


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        (Action.OPEN_CONDOR, StructureKind.CONDOR),
        (Action.CLOSE_CONDOR, StructureKind.CONDOR),
        (Action.BUY_HEDGE, StructureKind.LOT),
        (Action.SELL_HEDGE, StructureKind.LOT),
    ],
)
def test_each_action_concerns_one_kind_of_structure(action: Action, kind: StructureKind) -> None:
    assert structure_kind(action) is kind


S = IntentState
ENDS = (S.CANCELLED, S.REJECTED, S.DENIED, S.EXPIRED)


def test_the_ends_of_an_intent_are_known() -> None:
    final = {state for state in IntentState if state.is_final}

    assert final == {*ENDS, S.PARTIAL, S.FILLED}


@pytest.mark.parametrize("state", [S.SENT, S.WORKING, S.UNKNOWN, *ENDS, S.PARTIAL, S.FILLED])
def test_a_state_is_never_taken_back_to_before_it_was_sent(state: IntentState) -> None:
    assert advance(S.COMMITTED, state) is state
    assert advance(state, S.COMMITTED) is state
    assert advance(state, S.SENT) is state


@pytest.mark.parametrize("end", [*ENDS, S.PARTIAL, S.FILLED])
@pytest.mark.parametrize("report", [S.COMMITTED, S.SENT, S.WORKING, S.UNKNOWN, *ENDS])
def test_an_end_is_not_left_for_a_state_without_a_fill(end: S, report: S) -> None:
    assert advance(end, report) is end


@pytest.mark.parametrize("end", ENDS)
def test_a_fill_that_arrives_late_beats_an_end(end: IntentState) -> None:
    assert advance(end, S.PARTIAL) is S.PARTIAL
    assert advance(end, S.FILLED) is S.FILLED
    assert advance(S.PARTIAL, S.FILLED) is S.FILLED
    assert advance(S.FILLED, S.PARTIAL) is S.FILLED


def test_working_and_unknown_follow_each_other_as_the_broker_is_seen_or_not() -> None:
    assert advance(S.WORKING, S.UNKNOWN) is S.UNKNOWN
    assert advance(S.UNKNOWN, S.WORKING) is S.WORKING


def test_an_execution_is_named_by_family_and_revision() -> None:
    named = Fill(
        family="0000e0d5.6123abcd.02",
        revision=1,
        intent_id="i",
        order_ref="st-x",
        contract=None,
        quantity=1,
        price=Decimal(1),
        at=dt.datetime(2026, 7, 20, tzinfo=dt.UTC),
    )

    assert named.exec_id == "0000e0d5.6123abcd.02.01"
