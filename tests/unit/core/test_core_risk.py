"""Max loss, gross width, units and cover, against figures worked out by hand."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

import builders
from bot.core import risk
from bot.core.book import HedgeSale, Layer, Tier, WidthDay
from bot.core.decision import Action, OrderIntent, PriceLadder, Purpose
from bot.core.rules import HedgeRules
from bot.core.sessions import TradingCalendar

HEDGE = HedgeRules()


def _entry(quantity: int = 1, *, max_loss_usd: float = 11_500.0) -> OrderIntent:
    legs = tuple(replace(leg, ratio=-leg.ratio) for leg in builders.condor().legs)
    return OrderIntent(
        intent_id="2026-07-20:condor:open_condor:balanced",
        session=builders.SESSION,
        purpose=Purpose.ADD,
        action=Action.OPEN_CONDOR,
        structure_id="balanced-20260720",
        legs=legs,
        quantity=quantity,
        ladder=PriceLadder(steps=(Decimal(-8),), seconds=20),
        mid=Decimal(-8),
        natural=Decimal(-7),
        reason="entry",
        tier=Tier.BALANCED,
        max_loss_usd=max_loss_usd,
    )


def test_width_is_the_wider_spread_for_either_direction_of_the_trade() -> None:
    condor = builders.condor((5800, 5925, 6550, 6680))

    assert risk.width_points(condor.legs) == 130
    assert risk.width_points([replace(leg, ratio=-leg.ratio) for leg in condor.legs]) == 130


def test_width_of_anything_but_four_legs_is_a_fault() -> None:
    with pytest.raises(ValueError, match="4 legs, received 2"):
        risk.width_points(builders.condor().legs[:2])


def test_max_loss_is_width_less_credit() -> None:
    assert risk.max_loss_usd(125.0, Decimal("8.05")) == pytest.approx(11_695.0)


def test_max_loss_is_never_negative() -> None:
    assert risk.max_loss_usd(5.0, Decimal(6)) == 0


def test_open_condor_risks_its_max_loss_times_its_quantity() -> None:
    condor = builders.condor(quantity=3, credit="8.00")

    assert risk.condor_risk_usd(condor) == 3 * 11_700


def test_ten_condors_of_fifty_points_are_one_unit_where_the_method_was_published() -> None:
    assert risk.units_required(10 * 50 * 100, 7_576.0, rules=HEDGE) == 1


@pytest.mark.parametrize(
    ("width_usd", "units"),
    [(0.0, 1), (39_600.0, 1), (39_601.0, 2), (79_200.0, 2), (79_200.01, 3)],
)
def test_units_are_the_width_over_the_unit_width_rounded_up_and_at_least_one(
    width_usd: float, units: int
) -> None:
    assert risk.unit_width_usd(6_000.0, HEDGE) == pytest.approx(39_600)
    assert risk.units_required(width_usd, 6_000.0, rules=HEDGE) == units


def test_unknown_spx_leaves_one_unit_certain() -> None:
    assert risk.units_required(1e6, None, rules=HEDGE) == 1


@pytest.mark.parametrize(
    ("near", "mid", "far", "units"), [(4, 4, 2, 1.0), (8, 4, 2, 1.0), (3, 4, 2, 0.75), (8, 8, 0, 0)]
)
def test_cover_is_that_of_the_scarcest_layer(near: int, mid: int, far: int, units: float) -> None:
    held = {Layer.NEAR: near, Layer.MID: mid, Layer.FAR: far}

    assert risk.covered_units(held, HEDGE) == units


def test_calls_in_their_last_session_cover_nothing_new() -> None:
    lots = [
        builders.lot(Layer.NEAR, expiry=builders.NEAR_EXPIRY, quantity=4),
        builders.lot(Layer.NEAR, expiry=dt.date(2026, 7, 22), quantity=2),
        builders.lot(Layer.MID, expiry=builders.MID_EXPIRY, quantity=3),
    ]

    assert risk.lasting_contracts(lots, dt.date(2026, 7, 20))[Layer.NEAR] == 6
    # the calls of Wednesday trade until Tuesday
    assert risk.lasting_contracts(lots, dt.date(2026, 7, 21)) == {
        Layer.NEAR: 4,
        Layer.MID: 3,
        Layer.FAR: 0,
    }


def test_what_is_left_of_a_halved_lot_stands_for_it_until_the_lot_is_gone_or_ends() -> None:
    held = (
        ("halved", Layer.NEAR, builders.NEAR_EXPIRY, 6),
        ("ending", Layer.NEAR, dt.date(2026, 7, 22), 2),
        ("whole", Layer.MID, builders.MID_EXPIRY, 3),
    )
    lots = [
        replace(builders.lot(layer, expiry=expiry, quantity=quantity), lot_id=lot_id)
        for lot_id, layer, expiry, quantity in held
    ]
    sales = [
        HedgeSale(
            session=dt.date(2026, 7, 8),
            lot_id=lot_id,
            layer=Layer.NEAR,
            quantity=sold,
            gain_usd=Decimal(1),
        )
        for lot_id, sold in (("halved", 5), ("halved", 1), ("ending", 2), ("gone", 4))
    ]

    assert risk.standing_contracts(lots, sales, dt.date(2026, 7, 21)) == {
        Layer.NEAR: 12,
        Layer.MID: 3,
        Layer.FAR: 0,
    }


def test_absent_layer_covers_nothing() -> None:
    assert risk.covered_units({Layer.NEAR: 4, Layer.MID: 4}, HEDGE) == 0


@pytest.mark.parametrize(("open_usd", "condors"), [(0, 3), (12_000, 2), (27_600, 1), (27_601, 0)])
def test_one_unit_at_6000_covers_three_condors_of_120_points(open_usd: int, condors: int) -> None:
    held = {Layer.NEAR: 4, Layer.MID: 4, Layer.FAR: 2}

    covered = risk.covered_condors(
        120.0, held=held, gross_width_usd=open_usd, spx=6_000.0, rules=HEDGE
    )

    assert covered == condors


def test_unknown_spx_covers_no_new_condor() -> None:
    held = {Layer.NEAR: 40, Layer.MID: 40, Layer.FAR: 20}

    assert risk.covered_condors(120.0, held=held, gross_width_usd=0, spx=None, rules=HEDGE) == 0


def test_gross_width_counts_open_and_proposed_condors() -> None:
    book = builders.book(condors=[builders.condor(quantity=2)])

    assert risk.gross_width_usd(book, [_entry(3)]) == 5 * 12_500


@pytest.mark.parametrize(("closed", "left"), [(1, 2), (2, 1), (3, 1)])
def test_gross_width_leaves_out_what_is_about_to_be_closed(closed: int, left: int) -> None:
    going = builders.condor(quantity=2)
    staying = replace(going, structure_id="other", quantity=1)
    close = replace(
        _entry(closed),
        purpose=Purpose.REDUCE,
        action=Action.CLOSE_CONDOR,
        structure_id=going.structure_id,
        legs=tuple(replace(leg, ratio=-leg.ratio) for leg in going.legs),
    )

    width = risk.gross_width_usd(builders.book(condors=[going, staying]), [close, _entry(3)])

    assert width == (left + 3) * 12_500


def test_width_is_remembered_for_sixty_sessions() -> None:
    calendar = TradingCalendar(builders.calendar_days())
    session = builders.SESSION
    widths = (
        WidthDay(session=calendar.previous(session, 61), gross_width_usd=900.0),
        WidthDay(session=calendar.previous(session, 60), gross_width_usd=500.0),
        WidthDay(session=calendar.previous(session, 1), gross_width_usd=100.0),
        WidthDay(session=session, gross_width_usd=700.0),
    )
    book = replace(builders.book(), widths=widths)

    assert risk.remembered_width_usd(book, session, calendar=calendar, rules=HEDGE) == 500


def test_the_longest_memory_that_rules_may_ask_for_lies_within_the_calendar() -> None:
    longest = 250
    adapter = TypeAdapter(HedgeRules)
    calendar = TradingCalendar(builders.calendar_days())

    found = risk.remembered_width_usd(
        builders.book(),
        builders.SESSION,
        calendar=calendar,
        rules=adapter.validate_json(f'{{"width_memory_sessions": {longest}}}'),
    )

    assert found == 0
    with pytest.raises(ValidationError):
        adapter.validate_json(f'{{"width_memory_sessions": {longest + 1}}}')


def test_no_widths_are_remembered_as_none() -> None:
    calendar = TradingCalendar(builders.calendar_days())

    width = risk.remembered_width_usd(
        builders.book(), builders.SESSION, calendar=calendar, rules=HEDGE
    )

    assert width == 0


def test_book_and_expiry_risk_count_what_is_held_and_what_is_proposed() -> None:
    other = builders.condor(expiry=dt.date(2026, 8, 28))
    book = builders.book(condors=[builders.condor(quantity=2), other])

    assert risk.book_risk_usd(book, [_entry()]) == 3 * 11_700 + 11_500
    assert risk.book_risk_usd(book, [_entry()], builders.MAIN_EXPIRY) == 2 * 11_700 + 11_500
    assert risk.book_risk_usd(book, [_entry()], other.expiry) == 11_700


def test_only_what_adds_risk_counts_as_added_risk() -> None:
    closing = replace(_entry(), purpose=Purpose.REDUCE)

    assert risk.added_risk_usd([_entry(2), closing]) == 23_000


def test_session_risk_counts_what_the_session_has_opened_already() -> None:
    book = replace(builders.book(), new_risk_usd=4_000.0)

    assert risk.session_risk_usd(book, [_entry()]) == 15_500


def test_cap_of_an_unknown_nav_is_unknown() -> None:
    assert risk.cap_usd(None, 0.02) is None
    assert risk.cap_usd(Decimal(500_000), 0.02) == pytest.approx(10_000)


def test_what_does_not_fit_is_not_afforded() -> None:
    assert risk.affordable(-1.0, 100.0) == 0
    assert risk.affordable(299.99, 100.0) == 2


def test_a_unit_without_cost_is_a_fault() -> None:
    with pytest.raises(ValueError, match="must be > 0, received 0"):
        risk.affordable(100.0, 0.0)


@given(
    room=st.floats(0, 1e9, allow_nan=False),
    unit=st.floats(1, 1e6, allow_nan=False),
)
def test_afforded_units_fit_and_one_more_would_not(room: float, unit: float) -> None:
    units = risk.affordable(room, unit)

    assert units * unit <= room * (1 + 1e-12) + unit * 2e-9
    assert (units + 1) * unit > room * (1 - 1e-12) - unit * 2e-9
