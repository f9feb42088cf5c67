"""A hedge of one unit by the default rules, and what it proposes."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import builders
from bot.core.book import HedgeLedger, HedgeLot, HedgeNotes, HedgeSale, Layer, LayerNote
from bot.core.regime import Breadth, Regime
from bot.core.rules import Rules
from proposals import context
from strategies import alvh

if TYPE_CHECKING:
    from bot.core.decide import Proposal
    from bot.core.decision import LayerFigures
    from bot.core.model import MarketSnapshot

RULES = Rules()
DUE_MID = builders.lot(Layer.MID, expiry=builders.NEAR_EXPIRY, quantity=4, strike=22.0)  # 30 DTE
OLD_FAR = replace(
    builders.lot(Layer.FAR, expiry=builders.FAR_EXPIRY, quantity=2, strike=38.0),
    cost_points=Decimal("1.50"),
)
TRANSITION = {
    "regime": Regime.TRANSITION,
    "macd_crossed_below": False,
    "breadth_turned_down": False,
    "vix_rsi": 50.0,
}
CALM_RISE = {
    "regime": Regime.CALM,
    "macd_histogram": 0.1,
    "spx_rsi": 60.0,
    "breadth": Breadth.UP,
    "vix_rsi": 50.0,
}


def propose(
    *lots: HedgeLot,
    market: MarketSnapshot | None = None,
    rules: Rules = RULES,
    notes: HedgeNotes | None = None,
    past: HedgeLedger | None = None,
    sales: tuple[HedgeSale, ...] = (),
    **signals: object,
) -> Proposal:
    """What the hedge proposes by the default rules."""
    book = replace(
        builders.book(lots=lots),
        notes=notes,
        hedge_ledger=past or HedgeLedger(),
        hedge_sales=sales,
    )
    return alvh.propose(context(book, market=market, rules=rules, **signals))


def near(quantity: int = 4, **changes: object) -> HedgeLot:
    """A near lot that is at the money, bought at the price of now: nothing is due or gained."""
    lot = builders.lot(Layer.NEAR, expiry=builders.NEAR_EXPIRY, quantity=quantity, strike=19.0)
    return replace(lot, **({"cost_points": Decimal("1.76"), "extrinsic_points": 1.76} | changes))


def mid(**changes: object) -> HedgeLot:
    lot = builders.lot(Layer.MID, expiry=builders.MID_EXPIRY, quantity=4, strike=22.0)
    return replace(lot, **({"cost_points": Decimal("3.50")} | changes))


def full(*others: HedgeLot) -> tuple[HedgeLot, ...]:
    """A hedge of one unit with nothing to do, but for `others` in place of its layers."""
    kept = {lot.layer for lot in others}
    return (*(lot for lot in (near(), mid(), OLD_FAR) if lot.layer not in kept), *others)


def reasons(proposal: Proposal) -> list[tuple[str, str, int]]:
    return [
        (intent.layer.value if intent.layer else "", intent.reason, intent.quantity)
        for intent in proposal.intents
    ]


def note_of(proposal: Proposal, layer: Layer) -> LayerNote:
    assert proposal.notes is not None
    return next(note for note in proposal.notes.layers if note.layer is layer)


def figures(proposal: Proposal, layer: Layer) -> LayerFigures:
    return next(each for each in proposal.layers if each.layer is layer)


def spent(**changes: object) -> HedgeLot:
    """A near lot far out of the money: bought at 2.00, worth 0.4."""
    lot = builders.lot(Layer.NEAR, expiry=builders.NEAR_EXPIRY, quantity=4, strike=32.0)
    return replace(lot, **changes)
