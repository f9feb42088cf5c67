"""Which contracts are asked for: the right expiry, bounded in number, wide enough."""

import datetime as dt
from dataclasses import replace

import pytest

from bot.calendars import trading_days
from bot.core.book import Layer
from bot.core.model import Right
from bot.core.rules import CondorRules, HedgeRules
from bot.core.sessions import TradingCalendar
from bot.core.universe import (
    ListedSeries,
    coarse_condor_contracts,
    condor_series,
    hedge_contracts,
    hedge_series,
    parity_contracts,
    parity_partners,
)

SESSION = dt.date(2026, 7, 24)
CALENDAR = TradingCalendar(trading_days(dt.date(2026, 1, 2), dt.date(2027, 12, 31)))
STRIKES = tuple(float(strike) for strike in range(1000, 13000, 5))


def series(
    trading_class: str, expiry: dt.date, strikes: tuple[float, ...] = STRIKES
) -> ListedSeries:
    last_trade = expiry if trading_class == "SPXW" else CALENDAR.previous(expiry)
    return ListedSeries(
        underlying="VIX" if trading_class.startswith("VIX") else "SPX",
        trading_class=trading_class,
        expiry=expiry,
        last_trade=last_trade,
        strikes=strikes,
    )


def dates(*texts: str) -> list[dt.date]:
    return [dt.date.fromisoformat(text) for text in texts]


def test_the_condor_series_is_the_one_nearest_to_35_days() -> None:
    listed = [series("SPXW", day) for day in dates("2026-08-21", "2026-08-28", "2026-09-04")]

    chosen = condor_series(listed, SESSION, CondorRules())

    assert chosen is not None
    assert chosen.expiry == dt.date(2026, 8, 28)


def test_on_a_tie_the_nearer_expiry_is_chosen() -> None:
    listed = [series("SPXW", day) for day in dates("2026-08-29", "2026-08-27")]

    chosen = condor_series(listed, SESSION, CondorRules())

    assert chosen is not None
    assert chosen.expiry == dt.date(2026, 8, 27)


@pytest.mark.parametrize("expiry", dates("2026-08-17", "2026-09-08"))
def test_no_series_outside_the_window_is_chosen(expiry: dt.date) -> None:
    assert condor_series([series("SPXW", expiry)], SESSION, CondorRules()) is None


def test_am_settled_series_need_the_rules_permission() -> None:
    listed = [series("SPX", dt.date(2026, 8, 28))]

    assert condor_series(listed, SESSION, CondorRules()) is None
    assert condor_series(listed, SESSION, CondorRules(trading_classes=("SPXW", "SPX"))) is not None


def test_each_layer_takes_the_monthly_expiry_nearest_to_its_target() -> None:
    monthly = dates(
        "2026-08-19",
        "2026-09-16",
        "2026-10-21",
        "2026-11-18",
        "2026-12-16",
        "2027-01-20",
        "2027-02-17",
        "2027-03-17",
    )
    listed = [series("VIX", day) for day in monthly] + [series("VIXW", dt.date(2026, 8, 26))]

    chosen = hedge_series(listed, SESSION, CALENDAR, HedgeRules())

    # DTE: 26 54 89 117 145 180 208 236; targets 30, 110, 220
    assert {layer: found.expiry for layer, found in chosen.items()} == {
        Layer.NEAR: dt.date(2026, 8, 19),
        Layer.MID: dt.date(2026, 11, 18),
        Layer.FAR: dt.date(2027, 2, 17),
    }


def test_without_a_series_in_the_window_the_one_nearest_to_the_target_serves() -> None:
    listed = [series("VIX", day) for day in dates("2026-08-19", "2026-09-16")]

    chosen = hedge_series(listed, SESSION, CALENDAR, HedgeRules())

    assert chosen[Layer.FAR].expiry == dt.date(2026, 9, 16)


def test_weekly_vix_series_are_never_a_layer() -> None:
    assert (
        hedge_series([series("VIXW", dt.date(2026, 8, 26))], SESSION, CALENDAR, HedgeRules()) == {}
    )


@pytest.mark.parametrize("vix", [11.0, 18.5, 66.0])
def test_the_first_pass_is_bounded_and_reaches_the_wings(vix: float) -> None:
    wanted = coarse_condor_contracts(
        series("SPXW", dt.date(2026, 8, 28)),
        session=SESSION,
        spot=7400.0,
        vix=vix,
        rules=CondorRules(),
    )

    puts = [contract.strike for contract in wanted if contract.right is Right.PUT]
    calls = [contract.strike for contract in wanted if contract.right is Right.CALL]
    deviation = vix / 100 * (35 / 365) ** 0.5
    assert len(wanted) == len(set(wanted)) <= 80
    assert min(puts) <= 7400 * (1 - 2.5 * deviation) * 0.99
    assert max(calls) >= 7400 * (1 + 1.6 * deviation) + 148
    assert {7400.0}.issubset(set(puts) & set(calls))


def test_hedge_calls_reach_from_in_the_money_to_far_out() -> None:
    strikes = (10.0, 15.0, 18.0, 20.0, 30.0, 55.0, 60.0, 65.0)

    wanted = hedge_contracts(series("VIX", dt.date(2026, 8, 19), strikes), 20.0)

    assert [contract.strike for contract in wanted] == [15.0, 18.0, 20.0, 30.0, 55.0, 60.0]
    assert {contract.right for contract in wanted} == {Right.CALL}


def test_puts_for_parity_are_the_three_strikes_nearest_the_future() -> None:
    strikes = (15.0, 18.0, 19.0, 20.0, 21.0, 22.5)

    wanted = parity_contracts(series("VIX", dt.date(2026, 8, 19), strikes), 20.2)

    assert [(each.strike, each.right) for each in wanted] == [
        (19.0, Right.PUT),
        (20.0, Right.PUT),
        (21.0, Right.PUT),
    ]


def test_monthly_calls_that_are_held_are_watched_with_their_puts() -> None:
    monthly = series("VIX", dt.date(2026, 8, 19)).contract(30.0, Right.CALL)
    weekly = series("VIXW", dt.date(2026, 8, 26)).contract(30.0, Right.CALL)
    spx = series("SPXW", dt.date(2026, 8, 21)).contract(7000.0, Right.CALL)

    (put,) = parity_partners([replace(monthly, con_id=7), weekly, spx])

    assert put == replace(monthly, right=Right.PUT)
    assert put.con_id == 0
