"""Layers as they were held in a spike, and how soon strikes were passed after a sale."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from evidence_books import book, weekdays
from evidence_history import history

from bot.evidence.as_held import HeldCall, layers_as_held
from bot.evidence.books import Replay
from bot.evidence.breaches import LONG, SHORT, sales, strikes_of, summed
from bot.evidence.history import Bars, History
from bot.evidence.settings import ReplaySettings
from bot.evidence.spikes import Spike

FIRST = dt.date(2019, 1, 2)
EVENT = Spike(base=2, begin=4, top=6, vix_base=15.0, vix_begin=26.0, vix_top=40.0)
LEGS = ("+1 {}5000P", "-1 {}5600P", "-1 {}6400C", "+1 {}7000C")
CONDOR = ", ".join(leg.format("SPXW 2019-03-15 ") for leg in LEGS)


def trade(day: int, kind: str, action: str, contracts: str, **more: object) -> dict[str, object]:
    return {
        "session": pd.Timestamp(weekdays(40)[day]), "structure_id": f"{kind}{day}", "kind": kind,
        "action": action, "reason": action, "quantity": 4, "price": 1.0, "fees_usd": 0.0,
        "scale": 1.0, "max_loss_usd": math.nan, "contracts": contracts, **more,
    }  # fmt: skip


def made(*trades: dict[str, object], bids: dict[int, float] | None = None) -> Replay:
    """Forty sessions, SPX rebased to twice its level; bids of the near layer by session."""
    days = pd.DataFrame({"rebase": 2.0}, index=pd.DatetimeIndex(weekdays(40)))
    layers = pd.DataFrame(
        [
            {"session": days.index[at], "layer": "near", "bid_usd": bid}
            for at, bid in (bids or {}).items()
        ],
        columns=["session", "layer", "bid_usd"],
    )
    nothing = book([0.0] * 40, sessions=weekdays(40))
    return Replay(
        settings=ReplaySettings(), rules_sha256="", books={"hedged": nothing, "shadow": nothing},
        days=days, trades=pd.DataFrame(list(trades)), layers=layers,
    )  # fmt: skip


def test_a_layer_gains_what_its_value_and_its_trades_made_from_base_to_top() -> None:
    """Held at 800 USD; two of four sold at 6.00, three bought at 7.00; worth 5,000 at the top.

    5,000 - 800 + 2 x 600 - 3 x 700 - 5 of commissions = 3,295.
    """
    replay = made(
        trade(1, "near", "buy_hedge", "+1 VIX 2019-02-13 19.5C", price=2.0, fees_usd=9.0),
        trade(2, "near", "buy_hedge", "+1 VIX 2019-01-16 17C", quantity=1),
        trade(5, "near", "sell_hedge", "-1 VIX 2019-02-13 19.5C", quantity=2, price=-6.0,
              fees_usd=2.0),
        trade(6, "near", "buy_hedge", "+1 VIX 2019-03-20 30C", quantity=3, price=7.0,
              fees_usd=3.0),
        trade(7, "near", "sell_hedge", "-1 VIX 2019-03-20 30C", quantity=3, price=-9.0),
        bids={2: 800.0, 6: 5_000.0, 7: 1.0},
    )  # fmt: skip
    near, mid, far = layers_as_held(replay, (EVENT,), np.full(40, 1e6))

    assert near.gain_usd == pytest.approx(3_295.0)
    assert near.of_nav == pytest.approx(0.003295)
    assert near.of_premium == pytest.approx(3_295 / 800)
    assert (near.bought, near.sold) == (3, 2)
    # 2019-01-04, the base, is 12 days before 16 January and 40 before 13 February
    assert near.calls == (
        HeldCall(count=1, strike=17.0, days=12),
        HeldCall(count=4, strike=19.5, days=40),
    )
    assert (mid.layer, far.layer) == ("mid", "far")
    assert (far.calls, far.gain_usd, math.isnan(far.of_premium)) == ((), 0.0, True)


def test_what_was_sold_before_the_base_is_not_held() -> None:
    replay = made(
        trade(0, "far", "buy_hedge", "+1 VIX 2019-08-21 40C"),
        trade(2, "far", "sell_hedge", "-1 VIX 2019-08-21 40C"),
        bids={2: 0.0, 6: 0.0},
    )

    assert layers_as_held(replay, (EVENT,), np.full(40, 1e6))[2].calls == ()


def market(lows: dict[int, float], highs: dict[int, float] | None = None) -> History:
    """SPX at 3,000; VIX 20 and from the 20th session on 50."""
    past = history(first=FIRST, count=60, vix=[20.0] * 20 + [50.0] * 40)
    low, high = past.spx.close.copy(), past.spx.close.copy()
    low[list(lows)] = list(lows.values())
    high[list(highs or {})] = list((highs or {}).values())
    bars = Bars(open=past.spx.close, high=high, low=low, close=past.spx.close)
    return replace(past, spx=bars)


def sold_on(day: int, reason: str = "monetise", **more: int) -> Replay:
    """A condor opened on session 3, and calls sold; sessions are those of the market."""
    sessions = pd.DatetimeIndex(history(first=FIRST, count=60).sessions)
    replay = made(
        trade(3, "condor", "open_condor", CONDOR, max_loss_usd=100.0, structure_id="c"),
        trade(day, "far", "sell_hedge", "-1 VIX 2019-08-21 40C", reason=reason, price=-2.0),
        *([trade(30, "condor", "close_condor", CONDOR, structure_id="c")] if more else []),
    )
    days = pd.DataFrame({"rebase": 2.0}, index=sessions)
    trades = replay.trades.assign(
        session=[sessions[3], sessions[day], *([sessions[more["closed"]]] if more else [])]
    )
    return replace(replay, days=days, trades=trades)


def test_strikes_are_those_of_the_index_as_it_was() -> None:
    found = strikes_of(CONDOR, 2.0)

    assert (found.long_put, found.short_put) == (2_500.0, 2_800.0)
    assert (found.short_call, found.long_call) == (3_200.0, 3_500.0)


def test_the_first_session_beyond_a_strike_after_the_sale_is_the_breach() -> None:
    """The short put is 2,800 and the long one 2,500: passed on sessions 14 and 25, 4 and 15 on."""
    past = market({9: 2_700.0, 14: 2_790.0, 16: 2_600.0, 25: 2_499.0})
    (found,) = sales(past, sold_on(10))

    assert found.breaches == {SHORT: (4, True), LONG: (15, True)}


def test_a_rise_through_the_call_is_a_breach_and_no_fall() -> None:
    past = market({}, {12: 3_201.0})
    (found,) = sales(past, sold_on(10))

    assert found.breaches == {SHORT: (2, False), LONG: None}


@pytest.mark.parametrize(("closed", "breached"), [(14, True), (13, False)])
def test_a_condor_that_was_closed_is_breached_no_more(closed: int, *, breached: bool) -> None:
    (found,) = sales(market({14: 2_000.0}), sold_on(10, closed=closed))

    assert (found.breaches[SHORT] is not None) is breached


def test_only_the_rules_of_profit_are_sales_and_only_sixty_sessions_are_watched() -> None:
    past = market({14: 2_000.0})

    assert sales(past, sold_on(10, reason="roll_due")) == ()
    assert sales(past, sold_on(10, reason="monetise_rest"), within=3)[0].breaches[SHORT] is None
    assert len(sales(past, sold_on(10, reason="monetise_rest"), within=4)[0].breaches) == 2


def test_calls_sold_before_the_breach_are_held_against_their_bid_on_it() -> None:
    """Sold at 2.00; at a VIX of 50 the 40-strike call of August is worth many times that."""
    (calm,) = sales(market({14: 2_700.0}), sold_on(10))
    (panic,) = sales(market({25: 2_700.0}), sold_on(10))

    assert 0 <= calm.worth < 1 < panic.worth


def test_sales_in_sum_count_breaches_and_quarter_their_sessions() -> None:
    past = market({14: 2_790.0})
    found = [sales(past, sold_on(day))[0] for day in (4, 8, 10, 12, 13, 20)]

    short, long = summed(found)

    # 10, 6, 4, 2 and 1 sessions to the breach, none after the last sale
    assert (short.sales, short.breached, short.below) == (6, 5, 5)
    assert short.quartiles == (2.0, 4.0, 6.0)
    assert (long.breached, math.isnan(long.quartiles[1])) == (0, True)
    assert summed([]) == ()
