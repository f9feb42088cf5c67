"""Facts for tests of the ledger and the review: intents, fills, settlements, marks.

One condor (SPXW 2026-08-21, 5900/6000/6600/6700) and one hedge lot (VIX 2026-08-19 18 call).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from bot.core.book import Layer, Leg, Tier
from bot.core.decision import (
    Action,
    Decision,
    LayerFigures,
    OrderIntent,
    PriceLadder,
    Purpose,
    Signal,
    StressCell,
    StressGrid,
    Verdict,
)
from bot.core.fold import Fill, IntentRecord, IntentState, Settlement
from bot.core.mark import Mark
from bot.core.model import OptionContract, Right
from bot.ledger.codec import order_ref

if TYPE_CHECKING:
    from bot.ledger.store import Ledger

SESSION: Final = dt.date(2026, 7, 20)
NEXT: Final = dt.date(2026, 7, 21)
AT: Final = dt.datetime(2026, 7, 20, 19, 30, tzinfo=dt.UTC)
EXPIRY: Final = dt.date(2026, 8, 21)
VIX_EXPIRY: Final = dt.date(2026, 8, 19)

CONDOR: Final = "2026-07-20:condor:balanced"
LOT: Final = "2026-07-20:alvh:near"


def spxw(strike: float, right: Right) -> OptionContract:
    return OptionContract(
        underlying="SPX",
        trading_class="SPXW",
        expiry=EXPIRY,
        last_trade=EXPIRY,
        strike=strike,
        right=right,
    )


LEGS: Final = (
    Leg(contract=spxw(5900, Right.PUT), ratio=1),
    Leg(contract=spxw(6000, Right.PUT), ratio=-1),
    Leg(contract=spxw(6600, Right.CALL), ratio=-1),
    Leg(contract=spxw(6700, Right.CALL), ratio=1),
)
CALL: Final = OptionContract(
    underlying="VIX",
    trading_class="VIX",
    expiry=VIX_EXPIRY,
    last_trade=dt.date(2026, 8, 18),
    strike=18.0,
    right=Right.CALL,
)


def _intent(structure_id: str, action: Action, mid: str, **facts: object) -> OrderIntent:
    price = Decimal(mid)
    common = {
        "intent_id": f"{structure_id}:{action.value}",
        "session": SESSION,
        "action": action,
        "structure_id": structure_id,
        "ladder": PriceLadder(steps=(price, price + Decimal("0.10")), seconds=20.0),
        "mid": price,
        "natural": price + Decimal("0.40"),
    }
    return OrderIntent(**(common | facts))  # type: ignore[arg-type]


def open_condor(structure_id: str = CONDOR, *, quantity: int = 2, **facts: object) -> OrderIntent:
    """Sell condors at a mid of 5.50."""
    common: dict[str, object] = {
        "purpose": Purpose.ADD,
        "reason": "entry",
        "tier": Tier.BALANCED,
        "legs": LEGS,
    }
    common |= {"quantity": quantity, "max_loss_usd": 9_450.0, "needs_cover": True}
    return _intent(structure_id, Action.OPEN_CONDOR, "-5.50", **(common | facts))


def close_condor(structure_id: str = CONDOR, *, quantity: int = 2, **facts: object) -> OrderIntent:
    """Buy condors back at a mid of 2.50, in the session after."""
    legs = tuple(Leg(contract=leg.contract, ratio=-leg.ratio) for leg in LEGS)
    common: dict[str, object] = {
        "purpose": Purpose.REDUCE,
        "reason": "take_profit",
        "tier": Tier.BALANCED,
    }
    common |= {"quantity": quantity, "legs": legs, "session": NEXT}
    return _intent(structure_id, Action.CLOSE_CONDOR, "2.50", **(common | facts))


def buy_lot(structure_id: str = LOT, *, quantity: int = 4, **facts: object) -> OrderIntent:
    """Buy VIX calls at a mid of 2.00."""
    common: dict[str, object] = {
        "purpose": Purpose.PROTECT,
        "reason": "layer_target",
        "layer": Layer.NEAR,
    }
    common |= {"quantity": quantity, "legs": (Leg(contract=CALL, ratio=1),)}
    common |= {"extrinsic_points": 1.15}
    return _intent(structure_id, Action.BUY_HEDGE, "2.00", **(common | facts))


def sell_lot(structure_id: str = LOT, *, quantity: int = 4, **facts: object) -> OrderIntent:
    """Sell VIX calls at a mid of 3.00, in the session after."""
    common: dict[str, object] = {
        "purpose": Purpose.PROTECT,
        "reason": "roll_due",
        "layer": Layer.NEAR,
    }
    common |= {"quantity": quantity, "legs": (Leg(contract=CALL, ratio=-1),), "session": NEXT}
    return _intent(structure_id, Action.SELL_HEDGE, "-3.00", **(common | facts))


def record(intent: OrderIntent, state: IntentState = IntentState.FILLED) -> IntentRecord:
    return IntentRecord(intent=intent, state=state)


def fill(intent: OrderIntent, leg: int | None, price: str, **facts: object) -> Fill:
    """Fill one leg of an intent whole; leg ``None`` is the summary of the combo."""
    chosen = None if leg is None else intent.legs[leg]
    number = 1 if leg is None else leg + 2
    made = Fill(
        family=f"{order_ref(intent.intent_id)}.{number:02d}",
        revision=1,
        intent_id=intent.intent_id,
        order_ref=order_ref(intent.intent_id),
        contract=chosen.contract if chosen else None,
        quantity=intent.quantity * (chosen.ratio if chosen else 1),
        price=Decimal(price),
        at=AT,
        commission_usd=Decimal("1.00"),
    )
    return replace(made, **facts)  # type: ignore[arg-type]


def fills(intent: OrderIntent, *prices: str, **facts: object) -> tuple[Fill, ...]:
    """Fill each leg of an intent at its price."""
    return tuple(fill(intent, leg, price, **facts) for leg, price in enumerate(prices))


OPENING_PRICES: Final = ("4.10", "6.20", "5.05", "1.65")
"""Of the four legs: a credit of 6.20 + 5.05 - 4.10 - 1.65 = 5.50."""

CLOSING_PRICES: Final = ("1.00", "2.00", "1.80", "0.30")
"""Of the four legs: a debit of 2.00 + 1.80 - 1.00 - 0.30 = 2.50."""


def settlement(
    contract: OptionContract, quantity: int, value: str, *, structure_id: str = CONDOR
) -> Settlement:
    return Settlement(
        structure_id=structure_id,
        contract=contract,
        session=EXPIRY,
        quantity=quantity,
        value_points=Decimal(value),
    )


def mark(session: dt.date = SESSION, **changes: object) -> Mark:
    """Mark a book of 1,000,000 with a hedge that has lost 200 and condors that gained 500."""
    facts: dict[str, object] = {
        "session": session,
        "at": dt.datetime.combine(session, dt.time(19, 35), dt.UTC),
        "nav_usd": Decimal(1_000_300),
        "shadow_nav_usd": Decimal(1_000_500),
        "cash_usd": Decimal("1000299.50"),
        "condor_value_usd": Decimal(-600),
        "hedge_value_usd": Decimal(600),
        "hedge_mid_value_usd": Decimal(640),
        "hedge_pnl_usd": Decimal(-200),
        "condor_pnl_usd": Decimal(500),
        "commissions_usd": Decimal("12.34"),
        "broker_nav_usd": Decimal(1_000_310),
        "gross_width_usd": 20_000.0,
        "units_required": 1,
        "units_held": 1,
        "unknown_marks": 0,
    }
    return Mark(**(facts | changes))  # type: ignore[arg-type]


NEAR_LAYER: Final = LayerFigures(
    layer=Layer.NEAR,
    target=4,
    held=4,
    cost_usd=820.0,
    extrinsic_bought_usd=460.0,
    extrinsic_left_usd=None,
    mark_multiple=1.25,
    days_to_roll=23,
    roll_reason="",
    delta=0.45,
    target_delta=0.5,
)


def decision(*intents: OrderIntent, session: dt.date = SESSION) -> Decision:
    return Decision(
        session=session,
        decision_version=1,
        regime="calm",
        signals=(Signal(name="vix", value=17.25), Signal(name="breadth", value=None)),
        verdicts=(
            Verdict(
                code="STRESS_REGIME", subject="book", observed="calm", limit="stress", passed=True
            ),
            Verdict(
                code="VIX_TERM_STRUCTURE",
                subject="condor:balanced",
                observed=1.02,
                limit=1.0,
                passed=False,
            ),
            Verdict(code="LOCKED", subject="book", observed=False, limit=False, passed=True),
            Verdict(code="LAYER_TARGET", subject="layer:near", observed=0, limit=4, passed=False),
        ),
        intents=intents,
        layers=(NEAR_LAYER,),
        stress=StressGrid(
            cells=(
                StressCell(spx=-0.10, vix_points=20.0, condor_usd=-20_000.0, hedge_usd=5_000.25),
                StressCell(spx=0.0, vix_points=0.0, condor_usd=None, hedge_usd=0.0),
            )
        ),
    )


def begin(ledger: Ledger, session: dt.date = SESSION, *, dry: bool = False) -> None:
    """Begin a run and a session."""
    run_id = ledger.begin_run(version="0.1.0", mode="simulated", account_redacted="DU***67", at=AT)
    ledger.start_session(session, run_id=run_id, dry=dry, at=AT)


def execute(ledger: Ledger, intent: OrderIntent, *prices: str, **facts: object) -> None:
    """Commit an intent, send it, fill it."""
    reference = ledger.commit_intent(intent, at=AT)
    ledger.record_order(reference, order_id=11, perm_id=900_011, client_id=17, at=AT)
    ledger.record_order_event(
        reference,
        kind="sent",
        status="Submitted",
        price=intent.ladder.steps[0],
        filled=0,
        remaining=intent.quantity,
        at=AT,
    )
    for each in fills(intent, *prices, **facts):
        ledger.record_fill(each)
    ledger.set_intent_state(intent.intent_id, IntentState.FILLED, at=AT)
