"""Ways in which a real gateway may differ from what the bot assumes of it, one switch for each.

The simulated gateway is made from documents and recordings, not from the real one; whatever
`steward probe` may find to differ can be switched on here, so that the bot can be run into it.
A quirk bends messages on their way: a *hearing* rule sees a request before its desk does, and
may refuse or drop it; a *telling* rule sees an answer before the client does, and may change,
hold or drop it. Nothing else in the simulator knows of quirks.

Messages are changed by position, as they are since server version 164.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeAlias

from bot.simulator.errors import RequestRefusedError
from bot.simulator.orders import OrderStatus
from bot.simulator.wire import UNSET, Field, Message, Request, field_text

if TYPE_CHECKING:
    from collections.abc import Mapping

BID, ASK, LAST = "1", "2", "4"
SPX_RULE = "109"
NO_HISTORY = "Historical Market Data Service error message:No market data permissions"


class Quirk(StrEnum):
    """Each one breaks one assumption of ``bot.probe``."""

    CLOCK_OFF = "clock-off"
    """The gateway's time is five seconds ahead."""

    CLIENT_ID_SHARED = "client-id-shared"
    """A second connection with a client id that is in use is accepted."""

    OPTION_DATES_ARE_EXPIRIES = "option-dates-are-expiries"
    """SPX (AM) options are dated by their settlement, not by their last trade."""

    STRIKES_ONE_BY_ONE = "strikes-one-by-one"
    """Contract details of options are refused without a strike."""

    SPX_ALL_NICKELS = "spx-all-nickels"
    """The market rule of SPX options has one band."""

    CLOSE_AT_16 = "close-at-16"
    """Liquid hours of options end at 16:00 on every day."""

    SPXW_EXPIRY_FULL_DAY = "spxw-expiry-full-day"
    """SPXW options have no early close on the day they expire."""

    VX_DATED_BY_LAST_TRADE = "vx-dated-by-last-trade"
    """VX futures are dated by the day before their settlement."""

    INDEX_WITHOUT_LAST = "index-without-last"
    """SKEW has a close and no last."""

    AD_NYSE_SWAPPED = "ad-nyse-swapped"
    """The bid of AD-NYSE counts declining issues, the ask advancing ones."""

    AD_NYSE_NET = "ad-nyse-net"
    """AD-NYSE has one value, the difference, as its last."""

    HISTORY_REFUSED = "history-refused"
    """Historical data of the VIX is not permitted."""

    STOCK_HISTORY_REFUSED = "stock-history-refused"
    """Historical data of stocks and ETFs is not permitted."""

    FUTURE_HISTORY_REFUSED = "future-history-refused"
    """Historical data of futures is not permitted."""

    VIX_OPTIONS_UNSUBSCRIBED = "vix-options-unsubscribed"
    """Market data of VIX options is not permitted."""

    NO_SETTLEMENT_INDEXES = "no-settlement-indexes"
    """SET and VRO are not known."""

    READ_ONLY = "read-only"
    """The API is switched to read-only: every order is refused."""

    WHAT_IF_UNSET = "what-if-unset"
    """What-if orders are answered without figures, and nothing follows."""

    SMART_COMBO_REFUSED = "smart-combo-refused"
    """Combos cannot be routed to SMART."""

    COMBO_TICK_DIME = "combo-tick-dime"
    """Combos are priced in steps of 0.10."""

    STATUS_BEFORE_ORDER = "status-before-order"
    """orderStatus comes before the openOrder that goes with it."""

    OPEN_ORDER_WITHOUT_REF = "open-order-without-ref"
    """Open orders that are asked for come without their orderRef."""

    OPEN_ORDER_OF_OTHER_CLIENT = "open-order-of-other-client"
    """Open orders that are asked for belong to client id 0."""

    MODIFY_REFUSED = "modify-refused"
    """A working order cannot be changed."""

    FIRST_CANCEL_IGNORED = "first-cancel-ignored"
    """The first cancel of a connection is not heard."""

    COMPLETED_WITHOUT_REF = "completed-without-ref"
    """Completed orders come without their orderRef."""


@dataclass(slots=True)
class Situation:
    """What the rules must know of one connection."""

    client_ids: Callable[[], Collection[int]]
    """Gives the client ids that are in use at the gateway."""
    request: int = 0
    """The request that is being answered; 0 when nobody asked."""
    symbols: dict[str, str] = field(default_factory=dict)
    """Symbol of each market data line by its request id."""
    orders: set[str] = field(default_factory=set)
    cancels: int = 0
    held: list[str] = field(default_factory=list)


HearingRule: TypeAlias = Callable[[Situation, list[str]], bool]
"""Takes a request's fields behind its number and version; returns whether it is handled."""

TellingRule: TypeAlias = Callable[[Situation, list[str]], Sequence[list[str]]]
"""Takes a message's fields with its number; returns what is told instead."""


class Deviations:
    """Bends the messages of one connection as its quirks say.

    Parameters
    ----------
    quirks
        Which ones are on.
    client_ids
        Gives the client ids that are in use at the gateway.
    """

    def __init__(self, quirks: frozenset[Quirk], client_ids: Callable[[], Collection[int]]) -> None:
        self._situation = Situation(client_ids)
        self._hearing = [HEARING[quirk] for quirk in quirks if quirk in HEARING]
        self._telling = [TELLING[quirk] for quirk in quirks if quirk in TELLING]

    def hear(self, request: int, body: list[str]) -> bool:
        """Take note of a request; return whether its desk shall handle it.

        Raises
        ------
        RequestRefusedError
            If a quirk refuses it.
        """
        situation = self._situation
        situation.request = request
        if request == Request.MARKET_DATA:
            situation.symbols[body[0]] = body[2]
        rules = [rule for number, rule in self._hearing if number == request]
        handled = all(rule(situation, body) for rule in rules)
        if request == Request.PLACE_ORDER:
            situation.orders.add(body[0])
        return handled

    def answered(self) -> None:
        """Take note that what is told from here on was not asked for."""
        self._situation.request = 0

    def tell(self, fields: Sequence[Field]) -> list[Sequence[Field]]:
        """Return the messages that are told in the place of one."""
        messages: list[Sequence[Field]] = [fields]
        for numbers, rule in self._telling:
            if fields[0] in numbers:
                texts = [[field_text(value) for value in message] for message in messages]
                messages = [bent for text in texts for bent in rule(self._situation, text)]
        return messages


# -- hearing -----------------------------------------------------------------------------------


def _share_client_id(situation: Situation, body: list[str]) -> bool:
    while int(body[0]) in situation.client_ids():
        body[0] = str(int(body[0]) + 1_000_000)
    return True


def _want_strike(_situation: Situation, body: list[str]) -> bool:
    con_id, sec_type, strike = body[1], body[3], body[5]
    if sec_type == "OPT" and float(strike or 0) == 0 and not int(con_id or 0):
        text = "Error validating request.-'bV' : cause - Please enter a valid strike"
        raise RequestRefusedError(int(body[0]), 321, text)
    return True


def _no_history_of(kind: str, symbol: str = "") -> HearingRule:
    def refuse(_situation: Situation, body: list[str]) -> bool:
        if body[3] == kind and symbol in {"", body[2]}:
            raise RequestRefusedError(int(body[0]), 162, NO_HISTORY)
        return True

    return refuse


def _refuse_vix_options(_situation: Situation, body: list[str]) -> bool:
    if body[2:4] == ["VIX", "OPT"]:
        raise RequestRefusedError(int(body[0]), 354, "Requested market data is not subscribed.")
    return True


def _hide_settlement_indexes(_situation: Situation, body: list[str]) -> bool:
    if body[2] in {"SET", "VRO"}:
        text = "No security definition has been found for the request"
        raise RequestRefusedError(int(body[0]), 200, text)
    return True


def _refuse_orders(_situation: Situation, body: list[str]) -> bool:
    text = (
        "Error validating request.-'bN' : cause - The API interface is currently in Read-Only mode."
    )
    raise RequestRefusedError(int(body[0]), 321, text)


def _refuse_smart(_situation: Situation, body: list[str]) -> bool:
    if (body[3], body[8]) == ("BAG", "SMART"):
        text = "Order rejected - reason:Invalid destination exchange specified"
        raise RequestRefusedError(int(body[0]), 201, text)
    return True


def _refuse_nickels(_situation: Situation, body: list[str]) -> bool:
    if body[3] == "BAG" and round(float(body[18]) * 100) % 10:
        text = "The price does not conform to the minimum price variation for this contract."
        raise RequestRefusedError(int(body[0]), 110, text)
    return True


def _refuse_changes(situation: Situation, body: list[str]) -> bool:
    if body[0] in situation.orders:
        text = "Order being modified does not match original order"
        raise RequestRefusedError(int(body[0]), 105, text)
    return True


def _miss_first_cancel(situation: Situation, _body: list[str]) -> bool:
    situation.cancels += 1
    return situation.cancels > 1


HEARING: Final[Mapping[Quirk, tuple[Request, HearingRule]]] = {
    Quirk.CLIENT_ID_SHARED: (Request.START_API, _share_client_id),
    Quirk.STRIKES_ONE_BY_ONE: (Request.CONTRACT_DETAILS, _want_strike),
    Quirk.HISTORY_REFUSED: (Request.HISTORICAL_DATA, _no_history_of("IND", "VIX")),
    Quirk.STOCK_HISTORY_REFUSED: (Request.HISTORICAL_DATA, _no_history_of("STK")),
    Quirk.FUTURE_HISTORY_REFUSED: (Request.HISTORICAL_DATA, _no_history_of("FUT")),
    Quirk.VIX_OPTIONS_UNSUBSCRIBED: (Request.MARKET_DATA, _refuse_vix_options),
    Quirk.NO_SETTLEMENT_INDEXES: (Request.HISTORICAL_DATA, _hide_settlement_indexes),
    Quirk.READ_ONLY: (Request.PLACE_ORDER, _refuse_orders),
    Quirk.SMART_COMBO_REFUSED: (Request.PLACE_ORDER, _refuse_smart),
    Quirk.COMBO_TICK_DIME: (Request.PLACE_ORDER, _refuse_nickels),
    Quirk.MODIFY_REFUSED: (Request.PLACE_ORDER, _refuse_changes),
    Quirk.FIRST_CANCEL_IGNORED: (Request.CANCEL_ORDER, _miss_first_cancel),
}


# -- telling -----------------------------------------------------------------------------------

DETAILS_CLASS, DETAILS_DATE, DETAILS_LIQUID, DETAILS_REAL_DATE = 11, 4, 27, 35
OPEN_REF, OPEN_CLIENT, OPEN_PERM_ID = 23, 24, 25
FIGURES = 9
"""Margins and equity of an open order, behind its status."""
COMPLETED_REF = 22


def _shift_clock(situation: Situation, fields: list[str]) -> Sequence[list[str]]:
    if situation.request == Request.CURRENT_TIME:
        fields[2] = str(int(fields[2]) + 5)
    return [fields]


def _date_by_expiry(_situation: Situation, fields: list[str]) -> Sequence[list[str]]:
    if fields[DETAILS_CLASS] == "SPX" and fields[3] == "OPT":
        fields[DETAILS_DATE] = fields[DETAILS_REAL_DATE] + fields[DETAILS_DATE][8:]
    return [fields]


def _close_at_16(_situation: Situation, fields: list[str]) -> Sequence[list[str]]:
    if fields[3] == "OPT":
        fields[DETAILS_LIQUID] = fields[DETAILS_LIQUID].replace(":1515", ":1500")
    return [fields]


def _full_expiry_day(_situation: Situation, fields: list[str]) -> Sequence[list[str]]:
    if fields[DETAILS_CLASS] == "SPXW":
        fields[DETAILS_LIQUID] = fields[DETAILS_LIQUID].replace(":1500", ":1515")
    return [fields]


def _date_vx_earlier(_situation: Situation, fields: list[str]) -> Sequence[list[str]]:
    if fields[3] == "FUT":
        text = fields[DETAILS_DATE]
        settles = dt.datetime.strptime(text[:8], "%Y%m%d").replace(tzinfo=dt.UTC)
        fields[DETAILS_DATE] = f"{settles - dt.timedelta(days=1):%Y%m%d}{text[8:]}"
    return [fields]


def _nickels_only(_situation: Situation, fields: list[str]) -> Sequence[list[str]]:
    return [[*fields[:2], "1", "0", "0.05"]] if fields[1] == SPX_RULE else [fields]


def _skew_without_last(situation: Situation, fields: list[str]) -> Sequence[list[str]]:
    is_last = situation.symbols.get(fields[2]) == "SKEW" and fields[3] == LAST
    return [] if is_last else [fields]


def _swap_breadth(situation: Situation, fields: list[str]) -> Sequence[list[str]]:
    if situation.symbols.get(fields[2]) == "AD-NYSE":
        fields[3] = {BID: ASK, ASK: BID}.get(fields[3], fields[3])
    return [fields]


def _net_breadth(situation: Situation, fields: list[str]) -> Sequence[list[str]]:
    if situation.symbols.get(fields[2]) != "AD-NYSE" or fields[3] not in {BID, ASK}:
        return [fields]
    if fields[3] == BID:
        situation.held = fields
        return []
    net = float(situation.held[4]) - float(fields[4])
    return [[*fields[:3], LAST, f"{net:g}", *fields[5:]]]


def _hold_open_order(situation: Situation, fields: list[str]) -> Sequence[list[str]]:
    if fields[OPEN_PERM_ID] == "0":  # the answer to a what-if, which no status follows
        return [fields]
    situation.held = fields
    return []


def _release_open_order(situation: Situation, fields: list[str]) -> Sequence[list[str]]:
    held, situation.held = situation.held, []
    return [fields, held] if held else [fields]


def _status_first(situation: Situation, fields: list[str]) -> Sequence[list[str]]:
    is_order = fields[0] == str(int(Message.OPEN_ORDER))
    return (_hold_open_order if is_order else _release_open_order)(situation, fields)


def _unset_figures(_situation: Situation, fields: list[str]) -> Sequence[list[str]]:
    if fields[OPEN_PERM_ID] == "0":
        first = fields.index(OrderStatus.PRE_SUBMITTED) + 1
        fields[first : first + FIGURES] = [UNSET] * FIGURES
    return [fields]


def _drop_open_ref(situation: Situation, fields: list[str]) -> Sequence[list[str]]:
    if situation.request == Request.ALL_OPEN_ORDERS:
        fields[OPEN_REF] = ""
    return [fields]


def _other_client(situation: Situation, fields: list[str]) -> Sequence[list[str]]:
    if situation.request == Request.ALL_OPEN_ORDERS:
        fields[OPEN_CLIENT] = "0"
    return [fields]


def _drop_completed_ref(_situation: Situation, fields: list[str]) -> Sequence[list[str]]:
    fields[COMPLETED_REF] = ""
    return [fields]


TELLING: Final[Mapping[Quirk, tuple[frozenset[Message], TellingRule]]] = {
    quirk: (frozenset(messages), rule)
    for quirk, messages, rule in (
        (Quirk.CLOCK_OFF, {Message.CURRENT_TIME}, _shift_clock),
        (Quirk.OPTION_DATES_ARE_EXPIRIES, {Message.CONTRACT_DETAILS}, _date_by_expiry),
        (Quirk.SPX_ALL_NICKELS, {Message.MARKET_RULE}, _nickels_only),
        (Quirk.CLOSE_AT_16, {Message.CONTRACT_DETAILS}, _close_at_16),
        (Quirk.SPXW_EXPIRY_FULL_DAY, {Message.CONTRACT_DETAILS}, _full_expiry_day),
        (Quirk.VX_DATED_BY_LAST_TRADE, {Message.CONTRACT_DETAILS}, _date_vx_earlier),
        (Quirk.INDEX_WITHOUT_LAST, {Message.TICK_PRICE}, _skew_without_last),
        (Quirk.AD_NYSE_SWAPPED, {Message.TICK_PRICE}, _swap_breadth),
        (Quirk.AD_NYSE_NET, {Message.TICK_PRICE}, _net_breadth),
        (Quirk.STATUS_BEFORE_ORDER, {Message.OPEN_ORDER, Message.ORDER_STATUS}, _status_first),
        (Quirk.WHAT_IF_UNSET, {Message.OPEN_ORDER}, _unset_figures),
        (Quirk.OPEN_ORDER_WITHOUT_REF, {Message.OPEN_ORDER}, _drop_open_ref),
        (Quirk.OPEN_ORDER_OF_OTHER_CLIENT, {Message.OPEN_ORDER}, _other_client),
        (Quirk.COMPLETED_WITHOUT_REF, {Message.COMPLETED_ORDER}, _drop_completed_ref),
    )
}
