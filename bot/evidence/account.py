"""The book of a replay: what is held, what it cost, and what the bot is told of it.

Rules, with the exceptions:

- Cash moves by fills, settlements, commissions and interest, nothing else. NAV is cash and what
  is held, condors at the mids of their legs and the hedge at the bid, as the bot marks its book.
- A condor is held in contracts of 100 USD a point of the index as it is rebased
  (`bot.evidence.market`). When the rebasing changes, its strikes and its credit move with it, and
  its `scale` the other way: in USD nothing happens. The bot reckons open condors at 100 USD a
  point; their scale, within a few percent of 1 while they live, is ours alone.
- The bot is told what its ledger would tell it: widths, sales of the hedge, its cost, its notes.
- The hedge is kept in a purse of its own, so that the book without it is known exactly.
"""

from __future__ import annotations

import datetime as dt
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from bot.core.book import (
    Book,
    Condor,
    EngineUse,
    HedgeLedger,
    HedgeLot,
    HedgeNotes,
    HedgeSale,
    Leg,
    WidthDay,
)
from bot.core.decision import Action
from bot.core.errors import LedgerError
from bot.core.hedge_sales import PROFIT_TAKING
from bot.core.model import MULTIPLIER
from bot.core.plan import SECOND_ENGINE, TIME_SHIFT
from bot.core.valuation import bid_points
from bot.evidence.structures import (
    Filled,
    HeldCondor,
    HeldLot,
    Purse,
    Settled,
    condor_points,
    in_points,
    intrinsic,
    money,
    rebased,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.core.decision import OrderIntent
    from bot.core.model import OptionContract, Quote, Session

    Quotes = Mapping[OptionContract, Quote]

YEAR_SESSIONS: Final = 252
CREDIT_SESSIONS: Final = 90
TOLD: Final = dt.timedelta(days=366)
"""How long a sale of the hedge is told of."""


@dataclass(slots=True, kw_only=True)
class Account:
    """What a replay holds.

    Parameters
    ----------
    start_usd
        Capital before the first session.
    """

    start_usd: float
    condors: dict[str, HeldCondor] = field(default_factory=dict)
    lots: dict[str, HeldLot] = field(default_factory=dict)
    condor: Purse = field(default_factory=Purse)
    hedge: Purse = field(default_factory=Purse)
    carry_usd: float = 0.0
    notes: HedgeNotes | None = None
    widths: deque[WidthDay] = field(default_factory=deque)
    sales: deque[HedgeSale] = field(default_factory=deque)
    uses: deque[EngineUse] = field(default_factory=deque)
    _navs: deque[float] = field(default_factory=deque)
    _hedge_gains: deque[float] = field(default_factory=lambda: deque([0.0]))
    _condor_cash: deque[float] = field(default_factory=lambda: deque([0.0]))

    @property
    def cash_usd(self) -> float:
        """Cash after all fills, commissions and interest, USD."""
        flows = self.condor.cash_usd + self.hedge.cash_usd
        return self.start_usd + flows + self.carry_usd - self.condor.fees_usd - self.hedge.fees_usd

    @property
    def gross_width_usd(self) -> float:
        """Gross width of the open condors as the bot reckons it, USD."""
        held = (each.condor for each in self.condors.values())
        return sum(condor.width_points * MULTIPLIER * condor.quantity for condor in held)

    def held_lots(self) -> tuple[HedgeLot, ...]:
        """Return the open lots."""
        return tuple(each.lot for each in self.lots.values())

    def held_condors(self) -> tuple[Condor, ...]:
        """Return the open condors."""
        return tuple(each.condor for each in self.condors.values())

    def contracts(self, session: Session) -> list[OptionContract]:
        """Return the contracts held that still trade in `session`."""
        legs = [leg.contract for condor in self.held_condors() for leg in condor.legs]
        calls = [lot.contract for lot in self.held_lots()]
        return [each for each in dict.fromkeys([*legs, *calls]) if each.last_trade >= session]

    def condor_value_usd(self, quotes: Quotes) -> float:
        """Return the value of the condors at the mids, USD; negative while they cost to close."""
        return sum(
            condor_points(each.condor, quotes) * each.condor.quantity * each.scale * MULTIPLIER
            for each in self.condors.values()
        )

    def hedge_value_usd(self, quotes: Quotes) -> float:
        """Return the value of the hedge at the bid, USD."""
        return sum(
            (bid_points(lot.contract, quotes) or 0.0) * lot.quantity * MULTIPLIER
            for lot in self.held_lots()
        )

    def book(self, session: Session, quotes: Quotes, *, memory: int) -> Book:
        """Return the book as the bot is told of it before it decides.

        Parameters
        ----------
        session
            The session being decided.
        quotes
            Of everything held.
        memory
            Sessions over which the widest gross width is remembered.
        """
        value = self.condor_value_usd(quotes) + self.hedge_value_usd(quotes)
        free = self.cash_usd - self.gross_width_usd
        while len(self.widths) > memory:
            self.widths.popleft()
        return Book(
            nav_usd=money(self.cash_usd + value),
            cash_usd=money(self.cash_usd),
            excess_liquidity_usd=money(free),
            condors=self.held_condors(),
            lots=self.held_lots(),
            widths=tuple(self.widths),
            hedge_sales=self._sales_told(session),
            hedge_ledger=self._hedge_ledger(),
            notes=self.notes,
            engine_uses=tuple(use for use in self.uses if use.session >= session - TOLD),
        )

    def open_condor(self, intent: OrderIntent, fill: Filled) -> None:
        """Book an opened condor."""
        if intent.tier is None or intent.structure_id in self.condors:
            raise LedgerError(f"{intent.intent_id}: opens {intent.structure_id} a second time")
        put, short_put, short_call, call = intent.legs
        self.condors[intent.structure_id] = HeldCondor(
            condor=Condor(
                structure_id=intent.structure_id,
                tier=intent.tier,
                opened=intent.session,
                legs=(put, short_put, short_call, call),
                quantity=fill.quantity,
                credit_points=in_points(-fill.price),
                rolled=intent.reason == TIME_SHIFT,
                second_engine=intent.reason == SECOND_ENGINE,
            )
        )
        _pay(self.condor, fill)
        if intent.reason == SECOND_ENGINE:
            risk = fill.quantity * intent.max_loss_usd
            self.uses.append(EngineUse(session=intent.session, max_loss_usd=risk))

    def close_condor(self, intent: OrderIntent, fill: Filled) -> None:
        """Book what was closed of a condor."""
        held = self.condors[intent.structure_id]
        _pay(self.condor, fill)
        left = held.condor.quantity - fill.quantity
        if left:
            held.condor = replace(held.condor, quantity=left)
        else:
            del self.condors[intent.structure_id]

    def buy_hedge(self, intent: OrderIntent, fill: Filled) -> None:
        """Book a lot that was bought."""
        if intent.layer is None or intent.structure_id in self.lots:
            raise LedgerError(f"{intent.intent_id}: buys {intent.structure_id} a second time")
        lot = HedgeLot(
            lot_id=intent.structure_id,
            layer=intent.layer,
            contract=intent.legs[0].contract,
            quantity=fill.quantity,
            bought=fill.quantity,
            cost_points=in_points(fill.price),
            opened=intent.session,
            extrinsic_points=intent.extrinsic_points,
        )
        self.lots[intent.structure_id] = HeldLot(lot=lot, fees_usd=fill.fees_usd)
        _pay(self.hedge, fill)

    def sell_hedge(self, intent: OrderIntent, fill: Filled) -> None:
        """Book what was sold of a lot, and what it gained where that was why."""
        held = self.lots[intent.structure_id]
        _pay(self.hedge, fill)
        if intent.reason in PROFIT_TAKING:
            self.sales.append(_sale(intent, held, fill))
        left = held.lot.quantity - fill.quantity
        if left:
            held.lot = replace(held.lot, quantity=left)
        else:
            del self.lots[intent.structure_id]

    def settle_lot(self, lot_id: str, level: float) -> Settled:
        """End a lot at the settlement `level` of the VIX, points."""
        lot = self.lots.pop(lot_id).lot
        value = intrinsic(lot.contract, level)
        self.hedge.cash_usd += value * lot.quantity * MULTIPLIER
        return Settled(
            structure_id=lot_id,
            layer=lot.layer,
            legs=(Leg(contract=lot.contract, ratio=1),),
            quantity=lot.quantity,
            value_points=value,
            scale=1.0,
        )

    def settle_condor(self, structure_id: str, level: float) -> Settled:
        """End a condor at the settlement `level` of SPX, points."""
        held = self.condors.pop(structure_id)
        condor = held.condor
        value = sum(leg.ratio * intrinsic(leg.contract, level) for leg in condor.legs)
        self.condor.cash_usd += value * condor.quantity * held.scale * MULTIPLIER
        return Settled(
            structure_id=structure_id,
            layer=None,
            legs=condor.legs,
            quantity=condor.quantity,
            value_points=value,
            scale=held.scale,
        )

    def rebase(self, factor: float) -> None:
        """Move strikes and credits of open condors to an index that is `factor` times higher."""
        if factor == 1:
            return
        for held in self.condors.values():
            held.condor = rebased(held.condor, factor)
            held.scale /= factor

    def remember(self, session: Session, quotes: Quotes) -> None:
        """Keep what the bot's ledger keeps of the end of a session."""
        hedge_usd = self.hedge_value_usd(quotes)
        nav_usd = self.cash_usd + self.condor_value_usd(quotes) + hedge_usd
        hedge_gain_usd = self.hedge.cash_usd - self.hedge.fees_usd + hedge_usd
        self.widths.append(WidthDay(session=session, gross_width_usd=self.gross_width_usd))
        self._navs.append(nav_usd)
        self._hedge_gains.append(hedge_gain_usd)
        self._condor_cash.append(self.condor.cash_usd - self.condor.fees_usd)
        _trim(self._navs, YEAR_SESSIONS)
        _trim(self._hedge_gains, YEAR_SESSIONS + 1)
        _trim(self._condor_cash, CREDIT_SESSIONS + 1)

    def scale(self, structure_id: str) -> float:
        """Return the size of an open condor; 1 for what is about to be opened, and for calls."""
        held = self.condors.get(structure_id)
        return 1.0 if held is None else held.scale

    def _sales_told(self, session: Session) -> tuple[HedgeSale, ...]:
        return tuple(
            sale
            for sale in self.sales
            if sale.session >= session - TOLD or sale.lot_id in self.lots
        )

    def _hedge_ledger(self) -> HedgeLedger:
        """Return what the hedge cost and the condors brought over the sessions that count."""
        sessions = len(self._navs)
        if not sessions:
            return HedgeLedger()
        gained = self._hedge_gains[-1] - self._hedge_gains[0]
        now = self.condor.cash_usd - self.condor.fees_usd
        return HedgeLedger(
            sessions=sessions,
            net_cost_usd=money(-gained),
            average_nav_usd=money(sum(self._navs) / sessions),
            condor_sessions=min(sessions, CREDIT_SESSIONS),
            condor_credit_usd=money(now - self._condor_cash[0]),
        )


def _pay(purse: Purse, fill: Filled) -> None:
    purse.cash_usd -= fill.price * fill.quantity * fill.scale * MULTIPLIER
    purse.fees_usd += fill.fees_usd


def _sale(intent: OrderIntent, held: HeldLot, fill: Filled) -> HedgeSale:
    """Hold the proceeds against their share of the purchase, both after commissions."""
    lot = held.lot
    cost = float(lot.cost_points) * fill.quantity * MULTIPLIER
    cost += held.fees_usd * fill.quantity / lot.bought
    proceeds = -fill.price * fill.quantity * MULTIPLIER - fill.fees_usd
    return HedgeSale(
        session=intent.session,
        lot_id=lot.lot_id,
        layer=lot.layer,
        quantity=fill.quantity,
        gain_usd=money(proceeds - cost),
    )


def _trim(values: deque[float], most: int) -> None:
    while len(values) > most:
        values.popleft()


BOOKING: Final = {
    Action.OPEN_CONDOR: Account.open_condor,
    Action.CLOSE_CONDOR: Account.close_condor,
    Action.BUY_HEDGE: Account.buy_hedge,
    Action.SELL_HEDGE: Account.sell_hedge,
}
"""How each action is booked."""
