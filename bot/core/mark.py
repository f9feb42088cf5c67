"""The book at the end of a session, beside the same book without its hedge.

The *shadow* is the book with the same fills less the hedge. It is kept from day one: without
it neither the drag of the hedge nor the drawdown that it saves can be known.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from bot.core.model import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The book at the end of one session, beside the same book without its hedge.

    Money is ``None`` where a quote that it needs was unknown.

    Parameters
    ----------
    session, at
        Session, and the UTC time of the quotes.
    nav_usd
        Cash and structures; the hedge at the bid.
    shadow_nav_usd
        `nav_usd` less the cumulative profit and loss of the hedge: the unhedged shadow book.
    cash_usd
        Cash after all fills and known commissions.
    condor_value_usd
        Condors at the price to close them, negative while they cost something to close.
    hedge_value_usd, hedge_mid_value_usd
        VIX calls at the bid, and at the mid.
    hedge_pnl_usd, condor_pnl_usd
        Cumulative since the first session, commissions included.
    commissions_usd
        Cumulative known commissions, positive.
    broker_nav_usd
        Net liquidation as the broker says it.
    gross_width_usd
        Gross spread width of the open condors.
    units_required, units_held
        Hedge units that the condors ask for, and complete 4/4/2 units that the layers stand for:
        what is left of a lot of which half was sold at a profit stands for all of it.
    unknown_marks
        Structures that could not be marked.
    """

    session: Session
    at: dt.datetime
    nav_usd: Decimal | None
    shadow_nav_usd: Decimal | None
    cash_usd: Decimal | None
    condor_value_usd: Decimal | None
    hedge_value_usd: Decimal | None
    hedge_mid_value_usd: Decimal | None
    hedge_pnl_usd: Decimal | None
    condor_pnl_usd: Decimal | None
    commissions_usd: Decimal
    broker_nav_usd: Decimal | None
    gross_width_usd: float
    units_required: int
    units_held: int
    unknown_marks: int
