"""Account feeds and orders, heard field by field."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fixed_market import FixedMarket
from raw_client import TWO_HOURS, Place, RawClient, buy, message, served

from bot.simulator.settings import GatewaySettings
from bot.simulator.wire import Request

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def place() -> Iterator[Place]:
    with served(FixedMarket(), GatewaySettings()) as gateway:
        yield gateway


@pytest.fixture
def client(place: Place) -> RawClient:
    return place.connect()


# -- the account ---------------------------------------------------------------------------


def test_an_unknown_account_is_refused(client: RawClient) -> None:
    assert client.ask(Request.ACCOUNT_UPDATES, 2, 1, "DU0000000")[0][3] == "321"


def test_an_account_that_does_not_trade_has_no_rows() -> None:
    with served(FixedMarket(), GatewaySettings(accounts=("DU1", "DU2"))) as place:
        heard = place.connect().ask(Request.ACCOUNT_UPDATES_MULTI, 1, 9, "DU2", "", 0)

    assert heard == [["74", "1", "9"]]


def test_a_cancelled_feed_is_silent(client: RawClient) -> None:
    feeds: dict[Request, tuple[object, ...]] = {
        Request.ACCOUNT_UPDATES_MULTI: (9, "", "", 0),
        Request.ACCOUNT_SUMMARY: (9, "All", "NetLiquidation"),
        Request.POSITIONS_MULTI: (9, "", ""),
        Request.PNL: (9, "", ""),
        Request.PNL_SINGLE: (9, "", "", 1),
    }
    cancels = {
        Request.ACCOUNT_UPDATES_MULTI: Request.CANCEL_ACCOUNT_UPDATES_MULTI,
        Request.ACCOUNT_SUMMARY: Request.CANCEL_ACCOUNT_SUMMARY,
        Request.POSITIONS_MULTI: Request.CANCEL_POSITIONS_MULTI,
        Request.PNL: Request.CANCEL_PNL,
        Request.PNL_SINGLE: Request.CANCEL_PNL_SINGLE,
    }
    for request, fields in feeds.items():
        client.ask(*message(request, *fields))
        client.ask(*message(cancels[request], 9))
    client.ask(Request.POSITIONS, 1)
    client.ask(Request.CANCEL_POSITIONS, 1)
    client.ask(Request.ACCOUNT_UPDATES, 2, 1, "")
    client.ask(Request.ACCOUNT_UPDATES, 2, 0, "")
    client.advance(TWO_HOURS)
    buy(client, order_id=1)

    assert {fields[0] for fields in client.advance(60)} <= {"3", "5", "11", "59"}


def test_a_position_that_is_sold_is_told_with_nothing_left(client: RawClient) -> None:
    client.advance(TWO_HOURS)
    client.ask(Request.POSITIONS, 1)
    client.ask(Request.POSITIONS_MULTI, 1, 9, "", "")
    bought = buy(client, order_id=1)
    sold = buy(client, order_id=2, action="SELL", price=1.5)

    assert [f[-2] for f in bought if f[0] == "61"] == ["1"]
    assert [f[-2] for f in sold if f[0] == "61"] == ["0"]
    assert [f[-3] for f in sold if f[0] == "71"] == ["0"]


def test_one_position_has_its_own_profit(client: RawClient) -> None:
    client.advance(TWO_HOURS)
    buy(client, order_id=1)
    (call,) = [f for f in client.ask(Request.POSITIONS, 1) if f[0] == "61"]
    (profit,) = client.ask(Request.PNL_SINGLE, 9, "DU1234567", "", call[3])

    # marked at 1.55, bought at 1.60 with 1.05 of commission
    assert profit == ["95", "9", "1", "-6.05", "-6.05", "0", "155"]


def test_a_position_that_expires_is_told_with_nothing_left() -> None:
    with served(FixedMarket(), GatewaySettings()) as place:
        client = place.connect()
        client.advance(TWO_HOURS)
        buy(client, order_id=1)
        client.ask(Request.POSITIONS, 1)
        heard = client.advance(86_400 * 40)
        cash = client.ask(Request.ACCOUNT_SUMMARY, 1, 9, "All", "TotalCashValue")[0]

    assert [fields[-2] for fields in heard if fields[0] == "61"] == ["0"]
    assert cash[5] == "999838.95"  # 160 of premium, 1.05 of commission; VIX 16.5 is worth nothing


# -- orders --------------------------------------------------------------------------------


def test_global_cancel_ends_everybodys_orders(place: Place) -> None:
    first, second = place.connect(1), place.connect(2)
    first.advance(TWO_HOURS)
    buy(first, order_id=1, price=1.5)
    buy(second, order_id=1, price=1.5)
    heard = second.ask(Request.GLOBAL_CANCEL, 1)

    assert [fields[2] for fields in heard if fields[0] == "3"] == ["Cancelled"]
    assert [fields[2] for fields in first.answers() if fields[0] == "3"] == ["Cancelled"]
    assert first.ask(Request.ALL_OPEN_ORDERS, 1) == [["53", "1"]]


def test_a_wish_for_manual_orders_has_no_answer(client: RawClient) -> None:
    assert client.ask(Request.AUTO_OPEN_ORDERS, 1, 1) == []


def test_the_next_order_id_is_one_above_the_highest_used(place: Place) -> None:
    client = place.connect(1)
    client.advance(TWO_HOURS)
    buy(client, order_id=41)

    assert client.ask(Request.IDS, 1, 1) == [["9", "1", "42"]]
    assert place.connect(2).ask(Request.IDS, 1, 1)[-1] == ["9", "1", "1"]


def test_a_what_if_may_be_answered_unset_first() -> None:
    with served(FixedMarket(), GatewaySettings(what_if_unset_first=True)) as place:
        client = place.connect()
        client.advance(TWO_HOURS)
        heard = buy(client, order_id=1, what_if=True)
    previews = [fields for fields in heard if fields[0] == "5"]

    assert ["1.7976931348623157E308" in fields[85:105] for fields in previews] == [True, False]


@pytest.mark.parametrize(
    ("since", "found"),
    [
        ("", 1),
        ("20260720-15:00:00", 1),
        ("20260720-15:00:01", 0),
        ("20260720 11:00:00", 1),
        ("20260720 10:00:00 America/Chicago", 1),
        ("20260720 10:00:01 America/Chicago", 0),
    ],
)
def test_executions_are_filtered_by_time_in_any_form(
    client: RawClient, since: str, found: int
) -> None:
    client.advance(TWO_HOURS)
    buy(client, order_id=1)
    heard = client.ask(Request.EXECUTIONS, 3, 9, 0, "", since, "", "", "", "")

    assert [fields[0] for fields in heard] == ["11", "59"] * found + ["55"]


@pytest.mark.parametrize("since", ["yesterday", "20260720 10:00:00 Mars/Olympus"])
def test_a_time_that_cannot_be_read_is_refused(client: RawClient, since: str) -> None:
    (answer,) = client.ask(Request.EXECUTIONS, 3, 9, 0, "", since, "", "", "", "")

    assert answer[2:4] == ["9", "320"]


def test_an_execution_is_told_once_to_its_owner_and_to_nobody_else(place: Place) -> None:
    owner, other = place.connect(1), place.connect(2)
    other.answers()
    owner.advance(TWO_HOURS)
    heard = buy(owner, order_id=1)

    assert [fields[0] for fields in heard if fields[0] in {"11", "59"}] == ["11", "59"]
    assert other.answers() == []
