"""The book to decide on, and the mark at the end of a session."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from bot.core import valuation
from bot.core.book import Book, EngineUse
from bot.core.health import pending_debit_usd
from bot.core.mark import Mark
from bot.core.model import MULTIPLIER
from bot.core.risk import condor_risk_usd, covered_units, standing_contracts, units_required
from bot.reconcile import units_filled

if TYPE_CHECKING:
    from bot.broker.facts import AccountFact
    from bot.core.fold import Holdings
    from bot.core.model import MarketSnapshot
    from bot.core.valuation import Quotes
    from bot.desk import Desk
    from bot.reconcile import Reconciliation

YEAR: Final = dt.timedelta(days=366)
"""How long a sale of the hedge is told of."""


def build_book(
    desk: Desk, account: AccountFact, reconciliation: Reconciliation, snapshot: MarketSnapshot
) -> Book:
    """Return what is held and what the account says, as the decision shall see it."""
    holdings, switch = desk.ledger.holdings(), desk.reading()
    return Book(
        nav_usd=nav_usd(account, holdings, valuation.live_quotes_of(snapshot)),
        cash_usd=account.cash_usd,
        excess_liquidity_usd=account.excess_liquidity_usd,
        condors=holdings.condors,
        lots=holdings.lots,
        widths=desk.ledger.widths(desk.rules.hedge.width_memory_sessions),
        in_flight=reconciliation.in_flight,
        new_risk_usd=sum(
            condor_risk_usd(condor) for condor in holdings.condors if condor.opened == desk.session
        ),
        trading_state=switch.state,
        keep_hedge=switch.keep_hedge,
        locked=reconciliation.locked or holdings.broken,
        hedge_sales=desk.ledger.hedge_sales(since=desk.session - YEAR),
        hedge_ledger=desk.ledger.hedge_ledger(desk.session),
        notes=desk.ledger.hedge_notes(desk.session),
        pending_debits_usd=pending_debits_usd(desk),
        engine_uses=engine_uses(desk),
    )


def engine_uses(desk: Desk) -> tuple[EngineUse, ...]:
    """Return what the second engine's condors of the last year could lose, as they filled."""
    uses: list[EngineUse] = []
    for record in desk.ledger.second_engine_records(since=desk.session - YEAR):
        intent = record.intent
        units = units_filled(intent, desk.ledger.fills_of(intent.intent_id))
        if units:
            uses.append(EngineUse(session=intent.session, max_loss_usd=units * intent.max_loss_usd))
    return tuple(uses)


def pending_debits_usd(desk: Desk) -> Decimal:
    """Return what orders whose end is not proven may still cost."""
    return sum(
        (
            pending_debit_usd(
                record.intent,
                units_filled(record.intent, desk.ledger.fills_of(record.intent.intent_id)),
            )
            for record in desk.ledger.intent_records(open_only=True)
        ),
        Decimal(0),
    )


def nav_usd(account: AccountFact, holdings: Holdings, quotes: Quotes) -> Decimal | None:
    """Return cash plus everything held, the hedge at the bid; unknown if any of it is.

    A decision reckons with live quotes only: its caps are shares of this.
    """
    return valuation.total_usd(
        [
            account.cash_usd,
            *(valuation.condor_value_usd(condor, quotes) for condor in holdings.condors),
            *(valuation.lot_value_usd(lot, quotes) for lot in holdings.lots),
            *(valuation.residual_value_usd(rest, quotes) for rest in holdings.residuals),
        ]
    )


def mark_book(desk: Desk, account: AccountFact, snapshot: MarketSnapshot) -> Mark:
    """Return the mark of the book and of its unhedged shadow at the end of the session.

    The shadow has the same fills less the hedge: its NAV is the book's less all that the
    hedge has earned or cost so far.
    """
    holdings = desk.ledger.holdings()
    quotes = valuation.quotes_of(snapshot)
    lots = [valuation.lot_value_usd(lot, quotes) for lot in holdings.lots]
    condors = [valuation.condor_value_usd(condor, quotes) for condor in holdings.condors]
    hedge_value = valuation.total_usd(lots)
    condor_value = valuation.total_usd(condors)
    hedge_pnl = valuation.total_usd([hedge_value, desk.ledger.hedge_cash_flow_usd()])
    nav = nav_usd(account, holdings, quotes)
    width = sum(condor.width_points * 100 * condor.quantity for condor in holdings.condors)
    return Mark(
        session=desk.session,
        at=desk.now(),
        nav_usd=nav,
        shadow_nav_usd=None if nav is None or hedge_pnl is None else nav - hedge_pnl,
        cash_usd=account.cash_usd,
        condor_value_usd=condor_value,
        hedge_value_usd=hedge_value,
        hedge_mid_value_usd=valuation.total_usd(
            valuation.lot_mid_value_usd(lot, quotes) for lot in holdings.lots
        ),
        hedge_pnl_usd=hedge_pnl,
        condor_pnl_usd=valuation.total_usd([condor_value, desk.ledger.condor_cash_flow_usd()]),
        commissions_usd=desk.ledger.commissions_usd(),
        broker_nav_usd=account.net_liquidation_usd,
        gross_width_usd=width,
        units_required=units_required(
            widest_usd(desk, width), snapshot.level("SPX"), rules=desk.rules.hedge
        ),
        units_held=_units_held(desk, holdings),
        unknown_marks=sum(value is None for value in [*lots, *condors]),
    )


def widest_usd(desk: Desk, width_usd: float) -> float:
    """Return the largest gross width that the hedge still has to answer for, in USD."""
    remembered = desk.ledger.widths(desk.rules.hedge.width_memory_sessions)
    return max([width_usd, *(day.gross_width_usd for day in remembered)])


def _units_held(desk: Desk, holdings: Holdings) -> int:
    """Return the whole hedge units that the layers stand for, as the decision counts them."""
    sales = desk.ledger.hedge_sales(since=desk.session - YEAR)
    held = standing_contracts(holdings.lots, sales, desk.session)
    return int(covered_units(held, desk.rules.hedge))


def unit_prices(holdings: Holdings, snapshot: MarketSnapshot) -> dict[str, Decimal | None]:
    """Return the mark of one unit in points by structure: debit to close, or the bid."""
    quotes = valuation.quotes_of(snapshot)
    condors = {
        condor.structure_id: _per_unit(valuation.condor_value_usd(condor, quotes), -condor.quantity)
        for condor in holdings.condors
    }
    lots = {
        lot.lot_id: _per_unit(valuation.lot_value_usd(lot, quotes), lot.quantity)
        for lot in holdings.lots
    }
    return condors | lots


def _per_unit(value_usd: Decimal | None, quantity: int) -> Decimal | None:
    return None if value_usd is None else value_usd / quantity / MULTIPLIER
