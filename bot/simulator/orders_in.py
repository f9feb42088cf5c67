"""Reads message 3, placeOrder, to its last field.

The message has no length of its own parts: a block that is present although it was not expected
shifts everything behind it, so every block is read and nothing may be left over. Blocks that
depend on others:

* combo legs, prices of single legs and routing tags exist for a BAG only;
* ``deltaNeutralOrderType`` that is not empty brings eight fields. An order that came back from
  the gateway carries the word ``None`` there, which is not empty;
* a positive ``scalePriceIncrement`` brings seven fields;
* ``hedgeType``, ``algoStrategy``, conditions and the PEG order types bring their own;
* fields were added with server versions 158, 160, 162, 166, 169 and 170.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from bot.simulator.contracts import read_contract
from bot.simulator.instruments import ContractQuery
from bot.simulator.orders import ComboLeg
from bot.simulator.wire import Fields, WireError, parse_number

BLOCK: Final = "\0"
"""Joins the fields of a block of variable length into one text of ``PlacedOrder.raw``."""

CONTRACT_TAIL: Final = ("secIdType", "secId")
HEAD: Final = (
    *("action", "totalQuantity", "orderType", "lmtPrice", "auxPrice", "tif", "ocaGroup"),
    *("account", "openClose", "origin", "orderRef", "transmit", "parentId", "blockOrder"),
    *("sweepToFill", "displaySize", "triggerMethod", "outsideRth", "hidden"),
)
BODY: Final = (
    *("sharesAllocation", "discretionaryAmt", "goodAfterTime", "goodTillDate", "faGroup"),
    *("faMethod", "faPercentage", "faProfile", "modelCode", "shortSaleSlot"),
    *("designatedLocation", "exemptCode", "ocaType", "rule80A", "settlingFirm", "allOrNone"),
    *("minQty", "percentOffset", "eTradeOnly", "firmQuoteOnly", "nbboPriceCap"),
    *("auctionStrategy", "startingPrice", "stockRefPrice", "delta", "stockRangeLower"),
    *("stockRangeUpper", "overridePercentageConstraints", "volatility", "volatilityType"),
    *("deltaNeutralOrderType", "deltaNeutralAuxPrice"),
)
DELTA_NEUTRAL: Final = (
    *("deltaNeutralConId", "deltaNeutralSettlingFirm", "deltaNeutralClearingAccount"),
    *("deltaNeutralClearingIntent", "deltaNeutralOpenClose", "deltaNeutralShortSale"),
    *("deltaNeutralShortSaleSlot", "deltaNeutralDesignatedLocation"),
)
TRAIL: Final = (
    *("continuousUpdate", "referencePriceType", "trailStopPrice", "trailingPercent"),
    *("scaleInitLevelSize", "scaleSubsLevelSize", "scalePriceIncrement"),
)
SCALE: Final = (
    *("scalePriceAdjustValue", "scalePriceAdjustInterval", "scaleProfitOffset"),
    *("scaleAutoReset", "scaleInitPosition", "scaleInitFillQty", "scaleRandomPercent"),
)
HEDGE: Final = ("scaleTable", "activeStartTime", "activeStopTime", "hedgeType")
CLEARING: Final = ("optOutSmartRouting", "clearingAccount", "clearingIntent", "notHeld")
MISC: Final = (
    *("algoId", "whatIf", "orderMiscOptions", "solicited", "randomizeSize", "randomizePrice"),
)
PEG_BENCH: Final = (
    *("referenceContractId", "isPeggedChangeAmountDecrease", "peggedChangeAmount"),
    *("referenceChangeAmount", "referenceExchangeId"),
)
TAIL: Final = (
    *("adjustedOrderType", "triggerPrice", "lmtPriceOffset", "adjustedStopPrice"),
    *("adjustedStopLimitPrice", "adjustedTrailingAmount", "adjustableTrailingUnit"),
    *("extOperator", "softDollarTierName", "softDollarTierVal", "cashQty"),
    *("mifid2DecisionMaker", "mifid2DecisionAlgo", "mifid2ExecutionTrader"),
    *("mifid2ExecutionAlgo", "dontUseAutoPriceForHedge", "isOmsContainer"),
    *("discretionaryUpToLimitPrice", "usePriceMgmtAlgo"),
)
ADDED: Final = (
    (158, "duration"),
    (160, "postToAts"),
    (162, "autoCancelParent"),
    (166, "advancedErrorOverride"),
    (169, "manualOrderTime"),
)
"""Fields at the end, with the server version that brought them."""

OFFSETS_VERSION: Final = 170
LEG_WIDTH: Final = 8
TAG_WIDTH: Final = 2
CONDITION_WIDTHS: Final = {1: 7, 3: 4, 4: 4, 5: 5, 6: 6, 7: 6}
"""Fields of one condition, its type included: price, time, margin, execution, volume, change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedOrder:
    """One order as a client sent it.

    Parameters
    ----------
    order_id
        The client's number for it; a number used before modifies that order.
    contract
        What it is for; for a BAG only symbol, exchange and currency say something.
    legs
        Legs of a BAG.
    limit_price
        ``None`` when not set.
    raw
        Every other field by its name in the API, as text; blocks of variable length are joined
        by ``BLOCK``, their count first. ``openOrder`` gives them back.
    """

    order_id: int
    contract: ContractQuery
    legs: tuple[ComboLeg, ...]
    action: str
    quantity: float
    order_type: str
    limit_price: float | None
    tif: str
    account: str
    order_ref: str
    transmit: bool
    what_if: bool
    raw: Mapping[str, str] = field(repr=False)


def read_place_order(fields: Fields, version: int) -> PlacedOrder:
    """Read a placeOrder message of a client that speaks server version `version`.

    Raises
    ------
    WireError
        If a field cannot be read, or fields are left over.
    """
    order_id, contract = fields.integer(), read_contract(fields)
    reader = _Reader(fields)
    reader.take(*CONTRACT_TAIL, *HEAD)
    if contract.sec_type == "BAG":
        reader.combo()
    reader.take(*BODY)
    reader.take(*DELTA_NEUTRAL, when=bool(reader.raw["deltaNeutralOrderType"]))
    reader.take(*TRAIL)
    reader.take(*SCALE, when=(parse_number(reader.raw["scalePriceIncrement"]) or 0) > 0)
    reader.hedge_and_algo()
    reader.take(*MISC)
    reader.take(*PEG_BENCH, when=reader.raw["orderType"] in {"PEG BENCH", "PEGBENCH"})
    reader.conditions()
    reader.take(*TAIL, *(name for since, name in ADDED if version >= since))
    if version >= OFFSETS_VERSION:
        reader.offsets(contract.exchange)
    fields.finish("placeOrder")
    return _placed(order_id, contract, raw=reader.raw)


def _placed(order_id: int, contract: ContractQuery, *, raw: Mapping[str, str]) -> PlacedOrder:
    return PlacedOrder(
        order_id=order_id,
        contract=contract,
        legs=_combo_legs(raw.get("comboLegs", "0")),
        action=raw["action"],
        quantity=parse_number(raw["totalQuantity"]) or 0.0,
        order_type=raw["orderType"],
        limit_price=parse_number(raw["lmtPrice"]),
        tif=raw["tif"],
        account=raw["account"],
        order_ref=raw["orderRef"],
        transmit=raw["transmit"] == "1",
        what_if=raw["whatIf"] == "1",
        raw=raw,
    )


def _combo_legs(block: str) -> tuple[ComboLeg, ...]:
    fields = Fields(block.split(BLOCK))
    return tuple(_combo_leg(fields) for _ in range(fields.integer()))


def _combo_leg(fields: Fields) -> ComboLeg:
    con_id, ratio = fields.integer(), fields.integer()
    action, exchange, *_ = fields.take(LEG_WIDTH - 2)
    return ComboLeg(con_id=con_id, ratio=ratio, action=action, exchange=exchange)


class _Reader:
    """Moves fields from the message into named texts, block by block."""

    def __init__(self, fields: Fields) -> None:
        self._fields = fields
        self.raw: dict[str, str] = {}

    def take(self, *names: str, when: bool = True) -> None:
        """Read one field for each name of a block that is there `when` its condition holds."""
        for name in names if when else ():
            self.raw[name] = self._fields.text()

    def counted(self, name: str, *, width: int) -> None:
        """Read a count and that many groups of `width` fields into one text."""
        count = self._fields.integer()
        groups = self._fields.take(count * width)
        self.raw[name] = BLOCK.join((str(count), *groups))

    def combo(self) -> None:
        """Read the blocks that only a BAG has."""
        self.counted("comboLegs", width=LEG_WIDTH)
        self.counted("orderComboLegs", width=1)
        self.counted("smartComboRoutingParams", width=TAG_WIDTH)

    def hedge_and_algo(self) -> None:
        """Read from the scale table to the parameters of an algorithm."""
        self.take(*HEDGE)
        self.take("hedgeParam", when=bool(self.raw["hedgeType"]))
        self.take(*CLEARING, "deltaNeutralContract")
        if self.raw["deltaNeutralContract"] == "1":
            self.raw["deltaNeutralContract"] = BLOCK.join(("1", *self._fields.take(3)))
        self.take("algoStrategy")
        if self.raw["algoStrategy"]:
            self.counted("algoParams", width=TAG_WIDTH)

    def conditions(self) -> None:
        """Read the conditions, each as wide as its type says, and what they do."""
        count = self._fields.integer()
        groups = [text for _ in range(count) for text in self._condition()]
        flags = self._fields.take(2) if count else []
        self.raw["conditions"] = BLOCK.join((str(count), *groups, *flags))

    def _condition(self) -> list[str]:
        kind = self._fields.integer()
        if kind not in CONDITION_WIDTHS:
            raise WireError(f"condition of type {kind}, known are {sorted(CONDITION_WIDTHS)}")
        return [str(kind), *self._fields.take(CONDITION_WIDTHS[kind] - 1)]

    def offsets(self, exchange: str) -> None:
        """Read what version 170 added for IBKRATS and the pegged order types."""
        kind = self.raw["orderType"].replace(" ", "")
        self.take("minTradeQty", when=exchange == "IBKRATS")
        self.take("minCompeteSize", "competeAgainstBestOffset", when=kind == "PEGBEST")
        at_mid = self.raw.get("competeAgainstBestOffset") == "Infinite"
        self.take("midOffsetAtWhole", "midOffsetAtHalf", when=at_mid or kind == "PEGMID")
