"""Writes orders back: openOrder (5), orderStatus (3), completedOrder (101), executions (11, 59).

The gateway tells an order with every field its client gave it, plus what it makes of the empty
ones: ``deltaNeutralOrderType`` is the word ``None`` and therefore followed by eight fields (four
in a completed order), ``exemptCode`` is -1, ``ocaType`` 3, ``displaySize`` the largest integer.
A completed order has no order id: clients find it by permId and orderRef.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from bot.simulator.contracts import contract_fields
from bot.simulator.orders import OrderStatus
from bot.simulator.orders_in import BLOCK, DELTA_NEUTRAL, PEG_BENCH, SCALE
from bot.simulator.wire import UNSET, UNSET_INTEGER, parse_number

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from bot.simulator.instruments import Instrument
    from bot.simulator.orders import (
        CommissionEvent,
        ExecutionEvent,
        MarginPreview,
        OrderSnapshot,
        OrderTicket,
    )
    from bot.simulator.wire import Field

ZONE: Final = "America/New_York"
"""Zone in which the gateway writes local times, by its name on the wire."""

_NEW_YORK: Final = ZoneInfo(ZONE)

_FIXED: Final = {
    "exemptCode": "-1",
    "displaySize": UNSET_INTEGER,
    "ocaType": "3",
    "deltaNeutralOrderType": "None",
    "deltaNeutralOpenClose": "?",
}
"""What the gateway says whatever the client sent."""

_EMPTY: Final = {
    "lmtPrice": "0",
    "auxPrice": "0",
    "origin": "0",
    "parentId": "0",
    "triggerPrice": UNSET,
    "lmtPriceOffset": UNSET,
    "adjustedStopPrice": UNSET,
    "adjustedStopLimitPrice": UNSET,
    "adjustedTrailingAmount": UNSET,
    "adjustableTrailingUnit": "0",
    "deltaNeutralConId": "0",
    "deltaNeutralShortSale": "0",
    "deltaNeutralShortSaleSlot": "0",
    "comboLegs": "0",
    "orderComboLegs": "0",
    "smartComboRoutingParams": "0",
    "deltaNeutralContract": "0",
    "conditions": "0",
}
"""What the gateway says where the client sent nothing."""

_HEAD: Final = ("orderType", "lmtPrice", "auxPrice", "tif", "ocaGroup")
_TIMES: Final = ("outsideRth", "hidden", "discretionaryAmt", "goodAfterTime")
_ADVISOR: Final = (
    *("faGroup", "faMethod", "faPercentage", "faProfile", "modelCode", "goodTillDate", "rule80A"),
    *("percentOffset", "settlingFirm", "shortSaleSlot", "designatedLocation", "exemptCode"),
)
_BOX: Final = ("startingPrice", "stockRefPrice", "delta", "stockRangeLower", "stockRangeUpper")
_VOLATILITY: Final = (
    *("volatility", "volatilityType", "deltaNeutralOrderType", "deltaNeutralAuxPrice"),
)
_TRAIL: Final = ("continuousUpdate", "referencePriceType", "trailStopPrice", "trailingPercent")
_COMBO: Final = ("comboLegs", "orderComboLegs", "smartComboRoutingParams")
_ADJUSTED: Final = (
    *("adjustedStopPrice", "adjustedStopLimitPrice", "adjustedTrailingAmount"),
    *("adjustableTrailingUnit", "softDollarTierName", "softDollarTierVal"),
)
_COMPLETED_DELTA_NEUTRAL: Final = (
    *("deltaNeutralConId", "deltaNeutralShortSale", "deltaNeutralShortSaleSlot"),
    "deltaNeutralDesignatedLocation",
)
_OFFSETS: Final = (
    *("minTradeQty", "minCompeteSize", "competeAgainstBestOffset"),
    *("midOffsetAtWhole", "midOffsetAtHalf"),
)
_OFFSETS_VERSION: Final = 170

NO_MARGIN: Final = (UNSET,) * 9
"""Margins of an order whose margin was not asked for."""

NO_COMMISSION: Final = ("", "", "", "", "")
"""Commission (expected, least, most), its currency, and a warning: none known."""


def local_time(time: dt.datetime) -> str:
    """Write a time as ``YYYYMMDD HH:MM:SS zone``, in New York time."""
    return f"{time.astimezone(_NEW_YORK):%Y%m%d %H:%M:%S} {ZONE}"


def order_status(order: OrderSnapshot) -> tuple[Field, ...]:
    """Return the fields of orderStatus (3)."""
    return (
        order.ticket.order_id,
        order.status,
        order.filled,
        order.remaining,
        order.avg_fill_price,
        order.perm_id,
        order.ticket.raw.get("parentId") or "0",
        order.last_fill_price,
        order.ticket.client_id,
        "",
        0,
    )


def open_order(order: OrderSnapshot, version: int) -> tuple[Field, ...]:
    """Return the fields of openOrder (5) of a live order, for server version `version`."""
    margins = (*NO_MARGIN, *NO_COMMISSION)
    return _open_order(
        order.ticket, perm_id=order.perm_id, status=order.status, margins=margins, version=version
    )


def preview(margin: MarginPreview, version: int, *, unset: bool = False) -> tuple[Field, ...]:
    """Return the openOrder (5) that answers a what-if order; `unset` leaves its figures out."""
    figures = (*NO_MARGIN, *NO_COMMISSION) if unset else _margins(margin)
    return _open_order(
        margin.ticket,
        perm_id=0,
        status=OrderStatus.PRE_SUBMITTED,
        margins=figures,
        version=version,
    )


def _margins(margin: MarginPreview) -> tuple[Field, ...]:
    before = (margin.init_before, margin.maint_before, margin.equity_before)
    change = (margin.init_change, margin.maint_change, margin.equity_change)
    after = (margin.init_after, margin.maint_after, margin.equity_after)
    cost: tuple[Field, ...] = (margin.commission, "", "", margin.commission_currency)
    return (*before, *change, *after, *cost, margin.warning)


def _open_order(
    ticket: OrderTicket,
    *,
    perm_id: int,
    status: OrderStatus,
    margins: tuple[Field, ...],
    version: int,
) -> tuple[Field, ...]:
    raw = ticket.raw
    return (
        ticket.order_id,
        *_contract(ticket),
        ticket.action,
        ticket.quantity,
        *_echo(raw, (*_HEAD, "account", "openClose", "origin")),
        ticket.order_ref,
        ticket.client_id,
        perm_id,
        *_echo(raw, (*_TIMES, "sharesAllocation", *_ADVISOR, "auctionStrategy", *_BOX)),
        *_echo(raw, ("displaySize", "blockOrder", "sweepToFill", "allOrNone", "minQty")),
        *_echo(raw, ("ocaType", "eTradeOnly", "firmQuoteOnly", "nbboPriceCap", "parentId")),
        *_echo(raw, ("triggerMethod", *_VOLATILITY, *DELTA_NEUTRAL, *_TRAIL)),
        *("", "", ""),  # basis points, their type, description of the legs
        *_echo(raw, _COMBO),
        *_scale_and_hedge(raw),
        *_echo(raw, ("optOutSmartRouting", "clearingAccount", "clearingIntent", "notHeld")),
        *_echo(raw, ("deltaNeutralContract", "algoStrategy")),
        *_echo(raw, ("algoParams",) if raw.get("algoStrategy") else ()),
        *_echo(raw, ("solicited",)),
        ticket.what_if,
        status,
        *margins,
        *_echo(raw, ("randomizeSize", "randomizePrice", *_peg_bench(raw), "conditions")),
        *_echo(raw, ("adjustedOrderType", "triggerPrice")),
        *(UNSET, *_echo(raw, ("lmtPriceOffset", *_ADJUSTED))),
        "",  # display name of the soft-dollar tier
        *_echo(raw, ("cashQty", "dontUseAutoPriceForHedge", "isOmsContainer")),
        *_echo(raw, ("discretionaryUpToLimitPrice", "usePriceMgmtAlgo")),
        *_echo(raw, _added(version)),
    )


def completed_order(order: OrderSnapshot, version: int) -> tuple[Field, ...]:
    """Return the fields of completedOrder (101), for server version `version`."""
    ticket, raw = order.ticket, order.ticket.raw
    return (
        *_contract(ticket),
        ticket.action,
        ticket.quantity,
        *_echo(raw, (*_HEAD, "account", "openClose", "origin")),
        ticket.order_ref,
        order.perm_id,
        *_echo(raw, (*_TIMES, *_ADVISOR, *_BOX)),
        *_echo(raw, ("displaySize", "sweepToFill", "allOrNone", "minQty", "ocaType")),
        *_echo(raw, ("triggerMethod", *_VOLATILITY, *_COMPLETED_DELTA_NEUTRAL, *_TRAIL)),
        "",  # description of the legs
        *_echo(raw, _COMBO),
        *_scale_and_hedge(raw),
        *_echo(raw, ("clearingAccount", "clearingIntent", "notHeld")),
        *_echo(raw, ("deltaNeutralContract", "algoStrategy")),
        *_echo(raw, ("algoParams",) if raw.get("algoStrategy") else ()),
        *_echo(raw, ("solicited",)),
        order.status,
        *_echo(raw, ("randomizeSize", "randomizePrice", *_peg_bench(raw), "conditions")),
        *(UNSET, *_echo(raw, ("lmtPriceOffset", "cashQty"))),
        *_echo(raw, ("dontUseAutoPriceForHedge", "isOmsContainer")),
        *_completion(order),
        *_echo(raw, _OFFSETS if version >= _OFFSETS_VERSION else ()),
    )


def _completion(order: OrderSnapshot) -> tuple[Field, ...]:
    """Return the fields from autoCancelDate to completedStatus."""
    time = local_time(order.completed_at) if order.completed_at else ""
    done = f"Filled Size: {order.filled}" if order.status is OrderStatus.FILLED else order.reason
    return ("", order.filled, 0, 0, "", 0, 0, 0, time, done)


def _contract(ticket: OrderTicket) -> tuple[Field, ...]:
    if ticket.instrument is None:
        raise ValueError(f"order {ticket.key} has no instrument and cannot be told to a client")
    return contract_fields(ticket.instrument)


def _echo(raw: Mapping[str, str], names: tuple[str, ...]) -> list[str]:
    """Return the client's own fields of those names, blocks taken apart."""
    fields: list[str] = []
    for name in names:
        text = _FIXED.get(name) or raw.get(name) or _EMPTY.get(name, "")
        fields += text.split(BLOCK)
    return fields


def _scale_and_hedge(raw: Mapping[str, str]) -> list[str]:
    scaled = (parse_number(raw.get("scalePriceIncrement", "")) or 0) > 0
    names = ("scaleInitLevelSize", "scaleSubsLevelSize", "scalePriceIncrement")
    hedge = ("hedgeType", "hedgeParam") if raw.get("hedgeType") else ("hedgeType",)
    return _echo(raw, (*names, *(SCALE if scaled else ()), *hedge))


def _peg_bench(raw: Mapping[str, str]) -> tuple[str, ...]:
    return PEG_BENCH if raw.get("orderType") in {"PEG BENCH", "PEGBENCH"} else ()


def _added(version: int) -> tuple[str, ...]:
    """Return the fields that versions 159, 160, 162 and 170 added at the end of openOrder."""
    since = ((159, ("duration",)), (160, ("postToAts",)), (162, ("autoCancelParent",)))
    names = [name for first, block in since if version >= first for name in block]
    return (*names, *(_OFFSETS if version >= _OFFSETS_VERSION else ()))


def execution(event: ExecutionEvent, req_id: int) -> tuple[Field, ...]:
    """Return the fields of execDetails (11); `req_id` is -1 for one that just happened."""
    return (
        req_id,
        event.order_id,
        *contract_fields(event.instrument),
        event.exec_id,
        local_time(event.time),
        event.account,
        _venue(event.instrument),
        event.side,
        event.shares,
        event.price,
        event.perm_id,
        event.client_id,
        0,  # liquidation
        event.cum_qty,
        event.avg_price,
        event.order_ref,
        *("", "", ""),  # economic value rule, its multiplier, model code
        1,  # liquidity: added
    )


def _venue(instrument: Instrument) -> str:
    """Return where it was executed: a routed order has been executed somewhere."""
    return "CBOE" if instrument.exchange == "SMART" else instrument.exchange


def commission(event: CommissionEvent) -> tuple[Field, ...]:
    """Return the fields of commissionReport (59) behind its version."""
    realized = UNSET if event.realized_pnl is None else event.realized_pnl
    return (event.exec_id, event.commission, event.currency, realized, UNSET, "")
