"""Which positions are none of the bot's business."""

from __future__ import annotations

import pytest

from bot.broker.client import Contract
from bot.broker.session import is_excluded


@pytest.mark.parametrize("excluded", [("265598",), ("AAPL",), ("MSFT", "AAPL")])
def test_a_position_is_excluded_by_number_or_local_symbol(excluded: tuple[str, ...]) -> None:
    stock = Contract(secType="STK", conId=265598, symbol="AAPL", localSymbol="AAPL")

    assert is_excluded(stock, excluded)


@pytest.mark.parametrize("excluded", [(), ("",), ("aapl",), ("26559",), ("AAP",)])
def test_nothing_else_is(excluded: tuple[str, ...]) -> None:
    stock = Contract(secType="STK", conId=265598, symbol="AAPL", localSymbol="AAPL")
    nameless = Contract(secType="OPT", conId=1, localSymbol="")

    assert not is_excluded(stock, excluded)
    assert not is_excluded(nameless, excluded)


def test_a_treasury_bill_is_cash_without_being_named() -> None:
    assert is_excluded(Contract(secType="BILL", conId=7, localSymbol="IBCID7"), ())
