"""What expired: booked at the settlement value of its date, and *settling* until that is known.

The value is the completed daily bar of the expiry date of SPX, SET or VRO, never a guess. One
that does not come is told to a person, as the broker's statement has it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from bot.core.adoption import ADOPTED, Adoption
from bot.core.fold import Settlement
from bot.core.model import Right
from bot.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.broker.facts import PositionFact
    from bot.core.model import OptionContract
    from bot.desk import Desk

log = get_logger(__name__)

SETTLEMENT_INDEX: Final = {"SPXW": "SPX", "SPX": "SET", "VIX": "VRO", "VIXW": "VRO"}
"""Index whose value of the expiry date settles each trading class."""

OVERDUE_SESSIONS: Final = 2
"""Sessions after the expiry date by which its value should be known; the first one has it."""


async def settle_expired(
    desk: Desk, positions: Iterable[PositionFact]
) -> frozenset[OptionContract]:
    """Book what expired and is known; return the contracts whose value is not known yet."""
    held = {position.contract for position in positions}
    settling: set[OptionContract] = set()
    for structure_id, contract, quantity in tuple(desk.ledger.holdings().by_structure()):
        if contract.expiry > desk.session or contract in held:
            continue
        if structure_id == ADOPTED:
            _let_go(desk, contract, quantity)
            continue
        level = await _settlement_level(desk, contract)
        if level is None:
            settling.add(contract)
            continue
        settlement = Settlement(
            structure_id=structure_id,
            contract=contract,
            session=desk.session,
            quantity=quantity,
            value_points=intrinsic(contract, level),
        )
        desk.ledger.record_settlement(settlement)
        log.info("position.settled", contract=contract.label(), level=level)
    _report_overdue(desk, settling)
    return frozenset(settling)


def _let_go(desk: Desk, contract: OptionContract, quantity: int) -> None:
    """Note that an adopted position expired; its cash was never the bot's to count."""
    gone = Adoption(
        structure_id=ADOPTED, contract=contract, session=desk.session, quantity=-quantity
    )
    desk.ledger.record_adoptions([gone], at=desk.now(), reason="expired")


async def _settlement_level(desk: Desk, contract: OptionContract) -> float | None:
    """Return the settlement value, taken from the completed bar of the expiry date."""
    symbol = SETTLEMENT_INDEX[contract.trading_class]
    bars = await desk.market.index_bars(symbol, desk.session)
    return next((bar.close for bar in reversed(bars) if bar.session == contract.expiry), None)


def _report_overdue(desk: Desk, settling: Iterable[OptionContract]) -> None:
    """Alert once a session to values that should have come and did not."""
    due = desk.session
    for _ in range(OVERDUE_SESSIONS):
        due = desk.calendar.previous(due)
    overdue = sorted(
        f"{contract.label()} ({SETTLEMENT_INDEX[contract.trading_class]})"
        for contract in settling
        if contract.expiry <= due
    )
    if overdue:
        text = f"no settlement value yet of {', '.join(overdue)}"
        desk.ledger.alert_once("SETTLEMENT_OVERDUE", text, session=desk.session, at=desk.now())


def intrinsic(contract: OptionContract, level: float) -> Decimal:
    """Return what one option pays at `level`, in points."""
    strike, settled = Decimal(str(contract.strike)), Decimal(str(level))
    pays = settled - strike if contract.right is Right.CALL else strike - settled
    return max(pays, Decimal(0))
