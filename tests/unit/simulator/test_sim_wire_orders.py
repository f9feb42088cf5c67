"""Orders through the encoders and decoders of the real client library, without a socket.

The library's own encoder writes placeOrder; the gateway reads it and writes openOrder and
completedOrder, which the library's own decoder reads. Every optional block is met.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ib_insync import ComboLeg, Contract, LimitOrder, Option, Order, OrderComboLeg, TagValue
from ib_insync.client import Client
from ib_insync.contract import DeltaNeutralContract
from ib_insync.decoder import Decoder
from ib_insync.order import PriceCondition, TimeCondition, VolumeCondition

from bot.simulator import orders_out
from bot.simulator.instruments import ContractQuery
from bot.simulator.orders import OrderSnapshot, OrderStatus, OrderTicket
from bot.simulator.orders_in import PlacedOrder, read_place_order
from bot.simulator.products import combo, future
from bot.simulator.wire import MAX_VERSION, MIN_VERSION, Fields, WireError, field_text

VERSIONS = st.integers(MIN_VERSION, MAX_VERSION)
WORDS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ abcdefgh0123456789:-", max_size=20)
PRICES = st.decimals(-500, 500, places=2).map(float)
DONE_AT = dt.datetime(2026, 7, 20, 19, 59, 58, tzinfo=dt.UTC)


class Recorder:
    """Takes what the decoder understood."""

    def __init__(self) -> None:
        self.order: Any = None
        self.contract: Any = None
        self.state: Any = None

    def openOrder(self, _order_id: int, contract: Any, order: Any, state: Any) -> None:  # noqa: N802 - the library's name
        self.order, self.contract, self.state = order, contract, state

    def completedOrder(self, contract: Any, order: Any, state: Any) -> None:  # noqa: N802 - the library's name
        self.order, self.contract, self.state = order, contract, state


class SentMessages(Client):
    """The library's client, with a list in the place of its socket."""

    def __init__(self, version: int) -> None:
        super().__init__(Recorder())
        self._serverVersion = version
        self.connState = Client.CONNECTED
        self.sent: list[str] = []

    def sendMsg(self, msg: str) -> None:  # noqa: N802 - the library's name
        self.sent.append(msg)


def sent(contract: Contract, order: Order, version: int) -> Fields:
    """Return the fields that the library sends for an order, without the message's number."""
    client = SentMessages(version)
    client.placeOrder(5, contract, order)
    return Fields(client.sent[0].split("\0")[1:-1])


def read(contract: Contract, order: Order, version: int = MAX_VERSION) -> PlacedOrder:
    """Return what the gateway reads of an order that the library sends."""
    return read_place_order(sent(contract, order, version), version)


def snapshot(placed: PlacedOrder, status: OrderStatus = OrderStatus.SUBMITTED) -> OrderSnapshot:
    """Return a live order as the venue keeps it."""
    is_combo = placed.contract.sec_type == "BAG"
    ticket = OrderTicket(
        client_id=7,
        order_id=placed.order_id,
        account=placed.account,
        instrument=combo("SPX") if is_combo else future(dt.date(2026, 8, 19)),
        action=placed.action,
        quantity=placed.quantity,
        order_type=placed.order_type,
        limit_price=placed.limit_price,
        order_ref=placed.order_ref,
        raw=placed.raw,
    )
    return OrderSnapshot(
        ticket=ticket,
        perm_id=123,
        status=status,
        filled=1,
        remaining=0,
        avg_fill_price=Decimal("1.60"),
        last_fill_price=Decimal("1.60"),
        completed_at=DONE_AT,
    )


def understood(message: int, fields: tuple[Any, ...], version: int) -> Recorder:
    """Return what the library's decoder makes of a message."""
    recorder = Recorder()
    decoder = Decoder(recorder, version)
    texts = [str(message), *map(field_text, fields)]
    (decoder.openOrder if message == 5 else decoder.completedOrder)(texts)
    return recorder


def condor() -> Contract:
    legs = [
        ComboLeg(11, 1, "BUY", "SMART"),
        ComboLeg(12, 1, "SELL", "SMART", openClose=1),
        ComboLeg(13, 2, "SELL", "CBOE"),
        ComboLeg(14, 1, "BUY", "SMART"),
    ]
    return Contract(secType="BAG", symbol="SPX", exchange="SMART", currency="USD", comboLegs=legs)


def call() -> Contract:
    return Option("VIX", "20260818", 20.0, "C", "SMART", tradingClass="VIX", currency="USD")


def crowded() -> Order:
    """Return an order with every optional block."""
    order = Order(action="BUY", totalQuantity=3.0, orderType="PEG BENCH", lmtPrice=-1.5)
    order.orderRef, order.tif, order.account = "crowded", "DAY", "DU1234567"
    order.deltaNeutralOrderType, order.deltaNeutralConId = "LMT", 99
    order.scalePriceIncrement, order.scaleInitFillQty = 0.05, 4
    order.hedgeType, order.hedgeParam = "D", "1"
    order.algoStrategy, order.algoParams = "Adaptive", [TagValue("adaptivePriority", "Normal")]
    order.smartComboRoutingParams = [TagValue("NonGuaranteed", "1"), TagValue("Other", "x")]
    order.orderComboLegs = [OrderComboLeg(1.5), OrderComboLeg()]
    order.referenceContractId, order.referenceExchangeId = 77, "CBOE"
    order.conditions = [
        PriceCondition(price=10.0, conId=5, exch="SMART"),
        TimeCondition(time="20260720 15:00:00"),
        VolumeCondition(volume=100, conId=5, exch="SMART"),
    ]
    order.conditionsIgnoreRth = True
    return order


@given(VERSIONS, WORDS, PRICES, st.integers(1, 1000), st.sampled_from(["BUY", "SELL"]))
@settings(max_examples=60)
def test_the_essentials_of_an_order_are_read_at_every_version(
    version: int, ref: str, price: float, quantity: int, action: str
) -> None:
    order = LimitOrder(action, quantity, price, orderRef=ref, tif="DAY", transmit=False)
    placed = read(call(), order, version)

    assert (placed.order_id, placed.action, placed.quantity) == (5, action, float(quantity))
    assert (placed.limit_price, placed.order_ref, placed.tif) == (price, ref, "DAY")
    assert (placed.transmit, placed.what_if, placed.legs) == (False, False, ())
    assert placed.contract == ContractQuery(
        symbol="VIX",
        sec_type="OPT",
        last_trade="20260818",
        strike=20.0,
        right="C",
        exchange="SMART",
        currency="USD",
        trading_class="VIX",
    )


@pytest.mark.parametrize("version", range(MIN_VERSION, MAX_VERSION + 1))
def test_an_order_with_every_optional_block_is_read_to_its_last_field(version: int) -> None:
    placed = read(condor(), crowded(), version)

    assert [(leg.con_id, leg.ratio, leg.action) for leg in placed.legs] == [
        (11, 1, "BUY"),
        (12, 1, "SELL"),
        (13, 2, "SELL"),
        (14, 1, "BUY"),
    ]
    assert placed.raw["algoStrategy"] == "Adaptive"
    assert placed.raw["conditions"].startswith("3\x001\x00a\x001\x0010.0\x005\x00SMART\x000")


@pytest.mark.parametrize("kind", ["PEG BEST", "PEG MID"])
def test_the_fields_of_pegged_orders_are_read(kind: str) -> None:
    order = Order(action="BUY", totalQuantity=1, orderType=kind, midOffsetAtHalf=0.5)
    order.competeAgainstBestOffset = float("inf")
    contract = call()
    contract.exchange = "IBKRATS"

    assert read(contract, order).raw["midOffsetAtHalf"] == "0.5"


def test_a_delta_neutral_contract_is_read() -> None:
    contract = call()
    contract.deltaNeutralContract = DeltaNeutralContract(5, 0.5, 10.0)

    assert read(contract, LimitOrder("BUY", 1, 1.5)).raw["deltaNeutralContract"] == (
        "1\x005\x000.5\x0010.0"
    )


def test_a_market_order_has_no_limit_price() -> None:
    assert read(call(), Order(action="BUY", totalQuantity=1, orderType="MKT")).limit_price is None


@given(st.integers(1, 100))
@settings(max_examples=30)
def test_an_order_that_was_cut_short_is_refused(missing: int) -> None:
    whole = sent(condor(), crowded(), MAX_VERSION)
    texts = whole.take(whole.left)

    with pytest.raises(WireError):
        read_place_order(Fields(texts[:-missing]), MAX_VERSION)


def test_a_condition_of_an_unknown_type_is_refused() -> None:
    whole = sent(call(), crowded(), MAX_VERSION)
    texts = whole.take(whole.left)
    texts[texts.index("20260720 15:00:00") - 3] = "9"

    with pytest.raises(WireError, match="condition of type 9"):
        read_place_order(Fields(texts), MAX_VERSION)


@pytest.mark.parametrize("version", range(MIN_VERSION, MAX_VERSION + 1))
@pytest.mark.parametrize("message", [5, 101])
def test_an_order_comes_back_with_all_that_its_client_gave_it(version: int, message: int) -> None:
    placed = read(condor(), crowded(), version)
    encode = orders_out.open_order if message == 5 else orders_out.completed_order
    heard = understood(message, encode(snapshot(placed), version), version)
    order = heard.order

    assert (order.action, order.totalQuantity, order.lmtPrice) == ("BUY", 3.0, -1.5)
    assert (order.orderRef, order.permId, order.account) == ("crowded", 123, "DU1234567")
    assert (order.scalePriceIncrement, order.scaleInitFillQty) == (0.05, 4)
    assert (order.hedgeType, order.hedgeParam) == ("D", "1")
    assert order.algoParams == [TagValue("adaptivePriority", "Normal")]
    assert order.smartComboRoutingParams == crowded().smartComboRoutingParams
    assert [leg.price for leg in order.orderComboLegs] == [1.5, Order().lmtPrice]
    assert (order.referenceContractId, order.referenceExchangeId) == (77, "CBOE")
    assert order.conditions == crowded().conditions
    assert bool(int(order.conditionsIgnoreRth))
    assert heard.contract.comboLegs == condor().comboLegs
    assert heard.contract.conId == 28812380
    assert heard.state.status == "Submitted"


OWN_WORDS = frozenset(
    {"exemptCode", "displaySize", "ocaType", "deltaNeutralOrderType", "deltaNeutralOpenClose"}
)
"""Fields in which the gateway tells its own value."""

NOT_TOLD = frozenset(
    {
        *("activeStartTime", "activeStopTime", "algoId", "advancedErrorOverride", "extOperator"),
        *("manualOrderTime", "mifid2DecisionAlgo", "mifid2DecisionMaker", "mifid2ExecutionAlgo"),
        *("mifid2ExecutionTrader", "orderMiscOptions", "overridePercentageConstraints"),
        *("scaleTable", "transmit", "trailStopPrice", "clientId", "orderId", "permId"),
        *("autoCancelDate", "autoCancelParent", "filledQuantity", "imbalanceOnly"),
        *("parentPermId", "refFuturesConId", "routeMarketableToBbo", "shareholder"),
        *("basisPoints", "basisPointsType"),
        *("competeAgainstBestOffset", "midOffsetAtHalf", "midOffsetAtWhole"),
        *("minCompeteSize", "minTradeQty"),
    }
)
"""Fields that placeOrder or openOrder has no place for here, or that are not the client's."""

NOT_TOLD_WHEN_DONE = NOT_TOLD | {
    *("adjustableTrailingUnit", "adjustedOrderType", "adjustedStopLimitPrice"),
    *("adjustedStopPrice", "adjustedTrailingAmount", "auctionStrategy", "blockOrder"),
    *("deltaNeutralClearingAccount", "deltaNeutralClearingIntent"),
    *("deltaNeutralSettlingFirm", "discretionaryUpToLimitPrice", "duration", "eTradeOnly"),
    *("firmQuoteOnly", "nbboPriceCap", "optOutSmartRouting", "parentId", "postToAts"),
    *("softDollarTier", "triggerPrice", "usePriceMgmtAlgo", "whatIf"),
}
"""Fields that completedOrder has no place for besides."""


def labelled() -> Order:
    """Return an order in which every field has a value that no other has."""
    order = crowded()
    for number, each in enumerate(dataclasses.fields(Order), start=1000):
        kind = type(each.default)
        if getattr(order, each.name) == each.default and each.name not in NOT_TOLD:
            values = {str: each.name, int: number, float: number + 0.25, bool: True}
            setattr(order, each.name, values.get(kind, getattr(order, each.name)))
    order.softDollarTier.name, order.softDollarTier.val = "tier", "value"
    order.whatIf = False
    return order


@pytest.mark.parametrize(
    ("message", "missing"), [(5, NOT_TOLD), (101, NOT_TOLD_WHEN_DONE)], ids=["open", "completed"]
)
def test_every_field_comes_back_in_its_own_place(message: int, missing: frozenset[str]) -> None:
    placed = read(condor(), labelled())
    encode = orders_out.open_order if message == 5 else orders_out.completed_order
    heard = understood(message, encode(snapshot(placed), MAX_VERSION), MAX_VERSION).order
    names = {each.name for each in dataclasses.fields(Order)} - missing - OWN_WORDS
    wrong = {
        name: (getattr(heard, name), getattr(labelled(), name))
        for name in names
        if str(getattr(heard, name)) not in {str(getattr(labelled(), name)), "1"}
    }

    assert wrong == {}


def test_a_completed_order_says_when_and_how_much() -> None:
    placed = read(call(), LimitOrder("BUY", 1, 1.6))
    fields = orders_out.completed_order(snapshot(placed, OrderStatus.FILLED), MAX_VERSION)
    state = understood(101, fields, MAX_VERSION).state

    assert state.completedTime == "20260720 15:59:58 America/New_York"
    assert state.completedStatus == "Filled Size: 1"


def test_an_order_without_an_instrument_cannot_be_told() -> None:
    placed = read(call(), LimitOrder("BUY", 1, 1.6))
    ticket = OrderTicket(
        client_id=7,
        order_id=1,
        account="",
        instrument=None,
        action="BUY",
        quantity=1,
        order_type="LMT",
        raw=placed.raw,
    )
    lost = OrderSnapshot(
        ticket=ticket,
        perm_id=1,
        status=OrderStatus.INACTIVE,
        filled=0,
        remaining=1,
        avg_fill_price=Decimal(0),
        last_fill_price=Decimal(0),
    )

    with pytest.raises(ValueError, match="has no instrument"):
        orders_out.open_order(lost, MAX_VERSION)
