"""What is held: condors, hedge lots, and the account, as one frozen ``Book``.

Structures are kept here; positions are kept by the broker per contract. Condors that share a
strike net at the broker, so the two are compared contract by contract (``Book.net_positions``).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.core.model import OptionContract, Session

if TYPE_CHECKING:
    import datetime as dt


class TradingState(StrEnum):
    """What may be sent: the kill switch, in its five positions."""

    ACTIVE = "active"
    NO_ENTRIES = "no_entries"
    REDUCE_ONLY = "reduce_only"
    HALT = "halt"
    FLATTEN = "flatten"


class Layer(StrEnum):
    """Layers of the hedge: 4 near, 4 mid, 2 far contracts in each unit."""

    NEAR = "near"
    MID = "mid"
    FAR = "far"


class Tier(StrEnum):
    """How near the money the condor's short strikes are."""

    CONSERVATIVE = "conservative"
    BALANCED = "balanced"
    AGGRESSIVE = "aggressive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One contract of a structure or an order; `ratio` is signed: +1 long, -1 short."""

    contract: OptionContract
    ratio: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Condor:
    """An open iron condor.

    Parameters
    ----------
    structure_id
        Identity in the ledger; the intent that opened it carries the same.
    tier
        Tier it was sold under.
    opened
        Session of the opening fill.
    legs
        Long put, short put, short call, long call, in that order.
    quantity
        Condors still open.
    credit_points
        Net credit received for one condor, in points, positive.
    rolled
        Whether it came from a time-shift (allowed once).
    second_engine
        Whether it was sold out of what the hedge had earned.
    """

    structure_id: str
    tier: Tier
    opened: Session
    legs: tuple[Leg, Leg, Leg, Leg]
    quantity: int
    credit_points: Decimal
    rolled: bool = False
    second_engine: bool = False

    @property
    def expiry(self) -> dt.date:
        """Settlement date of all four legs."""
        return self.legs[0].contract.expiry

    @property
    def width_points(self) -> float:
        """The wider of its two spreads, in points."""
        strikes = [leg.contract.strike for leg in self.legs]
        return max(strikes[1] - strikes[0], strikes[3] - strikes[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgeLot:
    """VIX calls bought in one go for one layer.

    Parameters
    ----------
    lot_id
        Identity in the ledger.
    layer
        Layer that it serves.
    contract
        The VIX call.
    quantity
        Contracts still held.
    bought
        Contracts bought at first.
    cost_points
        Average price paid for one contract, in points, without commission.
    opened
        Session of the first fill.
    extrinsic_points
        Extrinsic value bought for one contract, in points; ``None`` when unknown.
    """

    lot_id: str
    layer: Layer
    contract: OptionContract
    quantity: int
    bought: int
    cost_points: Decimal
    opened: Session
    extrinsic_points: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WidthDay:
    """Gross spread width in USD of the condors open at the end of one session."""

    session: Session
    gross_width_usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineUse:
    """Condors that the second engine opened in one session, by what they can lose, in USD."""

    session: Session
    max_loss_usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgeSale:
    """A monetising sale of a hedge lot: what was taken out of the hedge at a profit.

    Parameters
    ----------
    session
        Session of the sale.
    lot_id, layer
        The lot that was sold from, and its layer.
    quantity
        Contracts sold.
    gain_usd
        Proceeds less the cost of what was sold, both with their known commissions.
    """

    session: Session
    lot_id: str
    layer: Layer
    quantity: int
    gain_usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerNote:
    """What the rules of one layer have to remember from session to session.

    Parameters
    ----------
    layer
        The layer.
    delta_steps
        Steps of delta that the layer is bought further out than its rule says.
    stepped
        Session in which it last took a step; ``None`` for never.
    established
        Contracts that the layer has been brought to; what it lacks of them is re-opened at once.
    goal
        Contracts that a paced entry is on the way to; `established` while there is none.
    initiated
        First session of that entry; ``None`` while there is none.
    """

    layer: Layer
    delta_steps: int = 0
    stepped: Session | None = None
    established: int = 0
    goal: int = 0
    initiated: Session | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LotNote:
    """Since when a lot is due for a roll."""

    lot_id: str
    due_since: Session


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgeNotes:
    """What the hedge has to remember: computed by a decision, given back to the next one.

    A book without notes is that of a hedge whose past is not known: see
    ``bot.core.hedge_notes``.
    """

    layers: tuple[LayerNote, ...] = ()
    lots: tuple[LotNote, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgeLedger:
    """Figures of the hedge's past, from the ledger; ``None`` is unknown.

    Parameters
    ----------
    sessions
        Sessions marked within the trailing 252, this one left out.
    net_cost_usd
        Loss of the hedge over them, commissions included; negative is a gain.
    average_nav_usd
        Mean of their NAV.
    condor_sessions
        Sessions marked within the trailing 90.
    condor_credit_usd
        Credits less debits of the condors' fills in these, net of commissions.
    """

    sessions: int = 0
    net_cost_usd: Decimal | None = None
    average_nav_usd: Decimal | None = None
    condor_sessions: int = 0
    condor_credit_usd: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """What is held and what the account says, when the decision is made.

    Parameters
    ----------
    nav_usd
        Net liquidation with the hedge at the bid; ``None`` when unknown.
    cash_usd
        Settled cash and T-bills; ``None`` when unknown.
    excess_liquidity_usd
        What the broker says is free; ``None`` when unknown.
    condors, lots
        Open structures.
    widths
        Gross width at the end of recent sessions, oldest first.
    in_flight
        Identities of intents whose end is not yet proven; while there are any, nothing new
        is opened.
    new_risk_usd
        Max loss of the condors opened in this session.
    trading_state
        The kill switch.
    keep_hedge
        Whether ``flatten`` leaves the VIX calls in place.
    locked
        Whether ledger and broker disagree.
    objections
        What else forbids new risk in this session, each as ``CODE: what was found``.
    hedge_sales
        Monetising sales of the hedge, oldest first: of lots still held, and those of the last
        year.
    hedge_ledger
        What the hedge has cost so far.
    notes
        What the hedge remembers from the session decided before; ``None`` at the first one.
    pending_debits_usd
        What orders whose end is not proven may still cost; ``None`` when unknown.
    engine_uses
        Condors that the second engine has opened in the last year, oldest first.
    """

    nav_usd: Decimal | None
    cash_usd: Decimal | None
    excess_liquidity_usd: Decimal | None
    condors: tuple[Condor, ...] = ()
    lots: tuple[HedgeLot, ...] = ()
    widths: tuple[WidthDay, ...] = ()
    in_flight: tuple[str, ...] = ()
    new_risk_usd: float = 0.0
    trading_state: TradingState = TradingState.ACTIVE
    keep_hedge: bool = True
    locked: bool = False
    objections: tuple[str, ...] = ()
    pending_debits_usd: Decimal | None = Decimal(0)
    hedge_sales: tuple[HedgeSale, ...] = ()
    hedge_ledger: HedgeLedger = field(default_factory=HedgeLedger)
    notes: HedgeNotes | None = None
    engine_uses: tuple[EngineUse, ...] = ()

    def held(self, layer: Layer) -> int:
        """Contracts held in `layer`."""
        return sum(lot.quantity for lot in self.lots if lot.layer is layer)

    def gross_width_usd(self) -> float:
        """Gross spread width of all open condors, in USD."""
        return sum(condor.width_points * 100 * condor.quantity for condor in self.condors)

    def net_positions(self) -> dict[OptionContract, int]:
        """Signed contracts by contract, structures netted as the broker nets them."""
        net: Counter[OptionContract] = Counter()
        for condor in self.condors:
            for leg in condor.legs:
                net[leg.contract] += leg.ratio * condor.quantity
        for lot in self.lots:
            net[lot.contract] += lot.quantity
        return {contract: quantity for contract, quantity in net.items() if quantity}
