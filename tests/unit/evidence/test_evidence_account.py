"""A replay's book moves by fills, settlements and commissions: every figure here is by hand."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest

from bot.core.book import Layer, Leg, Tier
from bot.core.decision import Action, OrderIntent, PriceLadder, Purpose
from bot.core.errors import LedgerError
from bot.core.model import OptionContract, Quote, Right
from bot.evidence.account import Account
from bot.evidence.structures import Filled

OPENED, LATER = dt.date(2019, 3, 1), dt.date(2019, 3, 8)
EXPIRY = dt.date(2019, 4, 5)
VIX_EXPIRY = dt.date(2019, 4, 17)


def spxw(strike: float, right: Right) -> OptionContract:
    return OptionContract(
        underlying="SPX",
        trading_class="SPXW",
        expiry=EXPIRY,
        last_trade=EXPIRY,
        strike=strike,
        right=right,
    )


def call(strike: float) -> OptionContract:
    return OptionContract(
        underlying="VIX",
        trading_class="VIX",
        expiry=VIX_EXPIRY,
        last_trade=dt.date(2019, 4, 16),
        strike=strike,
        right=Right.CALL,
    )


CONDOR = (
    Leg(contract=spxw(7000.0, Right.PUT), ratio=1),
    Leg(contract=spxw(7150.0, Right.PUT), ratio=-1),
    Leg(contract=spxw(7800.0, Right.CALL), ratio=-1),
    Leg(contract=spxw(7950.0, Right.CALL), ratio=1),
)


def intent(action: Action, legs: tuple[Leg, ...], **changes: object) -> OrderIntent:
    made = OrderIntent(
        intent_id=f"2019-03-01:test:{action.value}:it",
        session=OPENED,
        purpose=Purpose.ADD,
        action=action,
        structure_id="it",
        legs=legs,
        quantity=2,
        ladder=PriceLadder(steps=(Decimal(0),), seconds=1.0),
        mid=Decimal(0),
        natural=Decimal(0),
        reason="entry",
        tier=Tier.BALANCED,
    )
    return replace(made, **changes)


def with_condor(credit: float = 12.0) -> Account:
    account = Account(start_usd=1_000_000.0)
    account.open_condor(
        intent(Action.OPEN_CONDOR, CONDOR), Filled(quantity=2, price=-credit, fees_usd=8.0)
    )
    return account


def with_lot(strike: float = 17.0, **changes: object) -> Account:
    account = Account(start_usd=1_000_000.0)
    wanted = intent(
        Action.BUY_HEDGE,
        (Leg(contract=call(strike), ratio=1),),
        layer=Layer.NEAR,
        tier=None,
        extrinsic_points=1.5,
        **changes,
    )
    account.buy_hedge(wanted, Filled(quantity=4, price=1.60, fees_usd=4.20))
    return account


def test_a_condor_that_expires_between_its_shorts_keeps_its_credit() -> None:
    account = with_condor()

    end = account.settle_condor("it", 7500.0)

    assert end.value_points == 0.0
    assert account.cash_usd == pytest.approx(1_000_000 + 2 * 12 * 100 - 8)
    assert not account.held_condors()


def test_a_condor_that_expires_beyond_its_wing_pays_its_width() -> None:
    account = with_condor()

    end = account.settle_condor("it", 6500.0)

    assert end.value_points == -150.0
    assert account.cash_usd == pytest.approx(1_000_000 + 2 * (12 - 150) * 100 - 8)


def test_an_open_condor_is_marked_at_the_mids_of_its_legs() -> None:
    account = with_condor()
    mids = (3.0, 5.0, 2.0, 1.0)  # closing costs 5 + 2 - 3 - 1 = 3 points
    quotes = {
        leg.contract: Quote(bid=mid - 0.1, ask=mid + 0.1)
        for leg, mid in zip(CONDOR, mids, strict=True)
    }

    assert account.condor_value_usd(quotes) == pytest.approx(-2 * 3.0 * 100)


def test_rebasing_moves_strikes_and_credit_and_nothing_in_usd() -> None:
    account = with_condor()
    account.rebase(1.25)
    (held,) = account.held_condors()

    assert [leg.contract.strike for leg in held.legs] == [8750.0, 8937.5, 9750.0, 9937.5]
    assert held.credit_points == Decimal("15.0")
    account.settle_condor("it", 8600.0)  # 6,880 before: beyond the wing at 7,000
    assert account.cash_usd == pytest.approx(1_000_000 + 2 * (12 - 150) * 100 - 8)


def test_a_rebased_condor_is_closed_at_its_own_size() -> None:
    account = with_condor()
    account.rebase(1.25)

    scale = account.scale("it")
    close = intent(Action.CLOSE_CONDOR, CONDOR)
    account.close_condor(close, Filled(quantity=2, price=5.0, fees_usd=8.0, scale=scale))

    assert scale == pytest.approx(0.8)  # 5 points of the higher index are 4 of the lower
    assert account.cash_usd == pytest.approx(1_000_000 + 2 * (12 - 4) * 100 - 16)


def test_half_a_condor_closed_leaves_the_other_half() -> None:
    account = with_condor()

    close = intent(Action.CLOSE_CONDOR, CONDOR)
    account.close_condor(close, Filled(quantity=1, price=6.0, fees_usd=4.0))

    assert [condor.quantity for condor in account.held_condors()] == [1]
    assert account.gross_width_usd == 15_000.0


def test_a_condor_is_not_opened_twice() -> None:
    account = with_condor()

    with pytest.raises(LedgerError, match="a second time"):
        account.open_condor(
            intent(Action.OPEN_CONDOR, CONDOR), Filled(quantity=1, price=-1.0, fees_usd=0.0)
        )


def test_half_of_a_lot_sold_at_a_profit_gains_its_proceeds_less_its_share_of_the_cost() -> None:
    account = with_lot()
    sale = intent(
        Action.SELL_HEDGE,
        (Leg(contract=call(17.0), ratio=-1),),
        layer=Layer.NEAR,
        reason="monetise",
        session=LATER,
    )

    account.sell_hedge(sale, Filled(quantity=2, price=-5.00, fees_usd=2.30))

    (told,) = account.book(LATER, {call(17.0): Quote(bid=4.9, ask=5.1)}, memory=60).hedge_sales
    assert told.gain_usd == Decimal("675.60")  # 2 x (5.00 - 1.60) x 100 - 2.30 - 4.20 / 2
    assert [lot.quantity for lot in account.held_lots()] == [2]
    assert account.cash_usd == pytest.approx(1_000_000 - 640 - 4.20 + 1_000 - 2.30)


def test_a_roll_is_no_sale_of_the_hedge() -> None:
    account = with_lot()
    sale = intent(
        Action.SELL_HEDGE,
        (Leg(contract=call(17.0), ratio=-1),),
        layer=Layer.NEAR,
        reason="roll_due",
    )

    account.sell_hedge(sale, Filled(quantity=4, price=-0.20, fees_usd=3.00))

    assert account.book(LATER, {}, memory=60).hedge_sales == ()
    assert not account.held_lots()
    assert account.cash_usd == pytest.approx(1_000_000 - 640 - 4.20 + 80 - 3.00)


@pytest.mark.parametrize(("settled", "paid"), [(25.5, 8.5), (15.0, 0.0)])
def test_a_lot_settles_at_what_the_vix_opens_above_its_strike(settled: float, paid: float) -> None:
    account = with_lot()

    end = account.settle_lot("it", settled)

    assert end.value_points == pytest.approx(paid)
    assert account.cash_usd == pytest.approx(1_000_000 - 640 - 4.20 + 4 * paid * 100)


def test_the_book_counts_the_hedge_at_the_bid() -> None:
    account = with_lot()

    book = account.book(LATER, {call(17.0): Quote(bid=1.50, ask=1.70)}, memory=60)

    assert book.nav_usd == Decimal("999955.80")  # 1,000,000 - 640 - 4.20 + 600
    assert book.cash_usd == Decimal("999355.80")


def test_the_bot_is_told_what_the_hedge_cost_and_the_condors_brought() -> None:
    account = with_lot()
    quotes = {call(17.0): Quote(bid=1.50, ask=1.70)}
    account.remember(OPENED, quotes)  # worth 600, cost 640 and 4.20: 44.20 lost
    account.condor.cash_usd += 2_400.0
    account.remember(LATER, {call(17.0): Quote(bid=1.00, ask=1.20)})  # 244.20 lost

    told = account.book(LATER, quotes, memory=60).hedge_ledger

    assert told.sessions == 2
    assert told.net_cost_usd == Decimal("244.20")
    assert told.average_nav_usd == Decimal("1001055.80")  # (999,955.80 + 1,002,155.80) / 2
    assert told.condor_credit_usd == Decimal("2400.00")


def test_a_year_of_costs_forgets_what_came_before_it() -> None:
    account = Account(start_usd=1_000_000.0)
    for _ in range(300):
        account.hedge.cash_usd -= 10.0
        account.remember(OPENED, {})

    told = account.book(LATER, {}, memory=60).hedge_ledger

    assert told.sessions == 252
    assert told.net_cost_usd == Decimal("2520.00")
    assert told.condor_sessions == 90


def test_widths_are_remembered_as_long_as_the_rules_say() -> None:
    account = with_condor()
    for _ in range(80):
        account.remember(OPENED, {leg.contract: Quote(bid=1.0, ask=1.2) for leg in CONDOR})

    quotes = {leg.contract: Quote(bid=1.0, ask=1.2) for leg in CONDOR}
    book = account.book(LATER, quotes, memory=60)

    assert len(book.widths) == 60
    assert book.widths[-1].gross_width_usd == 30_000.0
