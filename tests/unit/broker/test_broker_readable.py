"""Answers that fuzzing found to be taken for facts, or to end in an error that nobody knows."""

from __future__ import annotations

import datetime as dt
import math
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from ib_insync import CommissionReport, Contract, Execution, Fill, Position

from bot.broker.orders import execution_fact
from bot.broker.readable import finite, readable, whole
from bot.broker.session import position_fact
from bot.core.errors import MarketDataError
from bot.core.hours import parse_liquid_hours

if TYPE_CHECKING:
    from collections.abc import Callable

AT = dt.datetime(2026, 7, 20, 19, 30, tzinfo=dt.UTC)
BROKER: Any = SimpleNamespace(calendar=None)
COMBO = Contract(secType="BAG", symbol="SPX")


def refused(act: Callable[..., object], *arguments: object) -> None:
    """Expect an error that the bot knows, with the name of what was read."""
    known = pytest.raises(MarketDataError, match="the thing: the answer cannot be read")
    with known, readable("the thing"):
        act(*arguments)


def fill(**changes: Any) -> Fill:
    told = Execution(execId="a.01.01", time=AT, side="BOT", shares=2.0, price=-1.5, orderRef="r")
    for name, value in changes.items():
        setattr(told, name, value)
    return Fill(COMBO, told, CommissionReport(), AT)


@pytest.mark.parametrize("number", [0.5, math.nan, math.inf, -math.inf, 1e-9])
def test_what_is_no_whole_number_of_contracts_is_refused(number: float) -> None:
    refused(whole, number)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_no_price(number: float) -> None:
    refused(finite, number)


def test_whole_numbers_and_prices_are_taken_as_they_are() -> None:
    assert whole(-3.0) == -3
    assert finite(-1.55) == -1.55


@pytest.mark.parametrize(
    "change",
    [
        {"side": ""},
        {"side": "SELL"},
        {"shares": 1.5},
        {"shares": math.nan},
        {"price": math.nan},
        {"price": math.inf},
        {"time": "20260720 25:61:61"},
    ],
    ids=str,
)
def test_an_execution_that_cannot_be_read_is_refused_and_not_guessed(
    change: dict[str, Any],
) -> None:
    refused(execution_fact, BROKER, fill(**change))


def test_parts_of_a_share_hide_no_fill_of_ours() -> None:
    share = Contract(secType="STK", symbol="SPY")

    fact = execution_fact(BROKER, fill(shares=0.25, side="SLD")._replace(contract=share))

    assert (fact.contract, fact.quantity) == (None, -1)


def held(contract: Contract, quantity: float) -> Any:
    told = Position(account="DU1", contract=contract, position=quantity, avgCost=0.0)
    return position_fact(told, BROKER.calendar)


@pytest.mark.parametrize(("quantity", "found"), [(0.5, 1), (-0.5, -1), (3.0, 3), (-3.2, -4)])
def test_parts_of_a_share_are_a_position_with_its_number(quantity: float, found: int) -> None:
    fact = held(Contract(secType="STK", symbol="SPY", conId=7), quantity)

    assert (fact.con_id, fact.label, fact.contract, fact.quantity) == (7, "SPY", None, found)


def test_a_position_without_a_number_is_refused_whatever_it_is_of() -> None:
    refused(held, Contract(secType="STK", symbol="SPY"), math.nan)


def test_a_sold_execution_is_negative() -> None:
    assert execution_fact(BROKER, fill(side="SLD")).quantity == -2


def test_hours_in_a_folder_of_zones_are_unknown() -> None:
    text = "20260720:0930-20260720:1600"

    assert parse_liquid_hours(text, "America", dt.date(2026, 7, 20)) is None
