"""The synthetic market: coherent, deterministic, warm, and consistent with its own VIX."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from itertools import pairwise

import numpy as np
import pytest

from bot.calendars import trading_days
from bot.core.model import OptionContract, Right, TradingDay
from bot.core.sessions import TradingCalendar, settlement_time
from bot.simulator.companions import FUNDS
from bot.simulator.market import OptionSeries, Provenance
from bot.simulator.scenarios import SCENARIOS, Scenario
from bot.simulator.synthetic import SyntheticMarket
from bot.surfaces.cboe_vix import TermQuotes, replicate_vix, vix_terms
from bot.surfaces.listings import spx_expiries, spx_strikes, vix_expiries, vix_months, vix_strikes

FIRST = dt.date(2025, 1, 6)
SEEDS = (1, 2)


@lru_cache(maxsize=1)
def calendar() -> TradingCalendar:
    return TradingCalendar(days=trading_days(dt.date(2024, 1, 2), dt.date(2026, 12, 31)))


def instant(day: TradingDay, share: float = 0.92) -> dt.datetime:
    """Return a moment of the session; 0.92 is 15:42 on a full day."""
    return day.open + (day.close - day.open) * share


def contract(series: OptionSeries, strike: float, right: Right = Right.PUT) -> OptionContract:
    return OptionContract(
        underlying=series.underlying,
        trading_class=series.trading_class,
        expiry=series.expiry,
        last_trade=series.last_trade,
        strike=strike,
        right=right,
    )


def series_near(market: SyntheticMarket, underlying: str, days: int) -> OptionSeries:
    """Return the listed series nearest to `days` from the current session."""
    session = next(day for day in market.days() if market._now <= day.close).session
    return min(
        (each for each in market.series(underlying) if each.trading_class in {"SPXW", "VIX"}),
        key=lambda each: abs((each.expiry - session).days - days),
    )


def last(market: SyntheticMarket, symbol: str) -> float:
    quote = market.index(symbol)
    assert quote is not None
    assert quote.last is not None
    return quote.last


def quoted_term(market: SyntheticMarket, series: OptionSeries) -> TermQuotes:
    """Collect the quotes of a series one by one, as a client sees them."""
    sides = {
        right: [market.option(contract(series, strike, right)) for strike in series.strikes]
        for right in Right
    }
    bids, asks = (
        {
            right: np.array([getattr(quote, side) for quote in quotes], dtype=float)
            for right, quotes in sides.items()
        }
        for side in ("bid", "ask")
    )
    return TermQuotes(
        settles=settlement_time(series.trading_class, calendar().day(series.expiry)),
        rate=0.04,
        strikes=np.array(series.strikes),
        call_bid=bids[Right.CALL],
        call_ask=asks[Right.CALL],
        put_bid=bids[Right.PUT],
        put_ask=asks[Right.PUT],
    )


def vix_of_quotes(market: SyntheticMarket, day: TradingDay) -> float:
    listed = {(each.trading_class, each.expiry): each for each in market.series("SPX")}
    near, after = (
        quoted_term(market, listed.get(("SPX", expiry)) or listed["SPXW", expiry])
        for expiry in vix_terms({expiry for _, expiry in listed}, day.session)
    )
    return replicate_vix(near, after, market._now)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_vix_of_the_quoted_chain_is_the_vix_quoted(scenario: str, seed: int) -> None:
    """Every fourth session of 40, by the published formula, within 0.05 points (0.5 allowed)."""
    market = SyntheticMarket(scenario=scenario, seed=seed, sessions=40)
    errors = []
    for day in market.days()[::4]:
        market.advance(instant(day))
        errors.append(vix_of_quotes(market, day) - last(market, "VIX"))

    assert np.abs(errors).max() < 0.05


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_same_seed_makes_the_same_market_and_another_does_not(scenario: str) -> None:
    one, same, other = (SyntheticMarket(scenario=scenario, seed=seed) for seed in (7, 7, 8))

    assert one.bars("SPX", 400) == same.bars("SPX", 400)
    assert one.bars("SPX", 400) != other.bars("SPX", 400)


def test_a_level_does_not_depend_on_how_time_got_there() -> None:
    day = SyntheticMarket(seed=3).days()[5]
    direct, stepped = SyntheticMarket(seed=3), SyntheticMarket(seed=3)
    direct.advance(instant(day))
    for share in (0.1, 0.31, 0.7, 0.92):
        stepped.advance(instant(day, share))

    for symbol in ("SPX", "VIX", "VIX3M", "VVIX"):
        assert direct.index(symbol) == stepped.index(symbol)
    put = contract(series_near(direct, "SPX", 35), 5800.0)
    assert direct.option(put) == stepped.option(put)


def test_indicators_are_warm_at_the_first_session() -> None:
    market = SyntheticMarket()

    for symbol in ("SPX", "VIX", "VIX3M", *FUNDS):
        bars = market.bars(symbol, 320)
        assert len(bars) == 320
        assert all(a.session < b.session for a, b in pairwise(bars))
        assert bars[-1].session < FIRST
        for bar in bars:
            assert 0 < bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high


def test_the_day_s_levels_lie_within_the_bar_that_the_day_becomes() -> None:
    market = SyntheticMarket(scenario="spike", seed=2)
    day, following = market.days()[22:24]
    seen = []
    for share in np.linspace(0, 1, 40):
        market.advance(instant(day, share))
        seen.append(last(market, "SPX"))
    market.advance(instant(following))
    (bar,) = market.bars("SPX", 1)

    assert bar.session == day.session
    assert bar.open == seen[0]
    assert bar.close == seen[-1]
    assert bar.low <= min(seen) <= max(seen) <= bar.high


@pytest.mark.parametrize("seed", range(1, 9))
def test_a_spike_takes_the_vix_from_calm_beyond_35_and_back_within_40_sessions(seed: int) -> None:
    market = SyntheticMarket(scenario="spike", seed=seed, sessions=44)
    market.advance(market.days()[-1].open)
    closes = [bar.close for bar in market.bars("VIX", 43)]

    assert max(closes[:19]) < 17
    assert max(closes[19:25]) > 35
    assert closes[39] < 22


@pytest.mark.parametrize("seed", SEEDS)
def test_the_hedge_visibly_pays_in_a_spike(seed: int) -> None:
    """Half-delta calls of near and mid layer: bid at the peak over the ask 13 sessions before."""
    market = SyntheticMarket(scenario="spike", seed=seed)
    bought, peak = market.days()[10], market.days()[23]
    market.advance(instant(bought))
    held = {
        days: contract(
            series,
            min(series.strikes, key=lambda k: abs(k - last(market, "VIX") - 3)),
            Right.CALL,
        )
        for days in (30, 110)
        for series in (series_near(market, "VIX", days),)
    }
    asks = {days: market.option(call) for days, call in held.items()}
    market.advance(instant(peak))
    bids = {days: market.option(call) for days, call in held.items()}

    for days, multiple in ((30, 5.0), (110, 2.0)):
        bid, ask = bids[days], asks[days]
        assert bid is not None
        assert ask is not None
        assert bid.bid is not None
        assert ask.ask is not None
        assert bid.bid > multiple * ask.ask


def test_a_crash_passes_60_and_loses_more_than_a_quarter() -> None:
    market = SyntheticMarket(scenario="crash-and-recover", seed=1, sessions=60)
    market.advance(market.days()[-1].open)
    vix = [bar.close for bar in market.bars("VIX", 59)]
    spx = [bar.close for bar in market.bars("SPX", 59)]

    assert max(vix) > 60
    assert min(spx) / spx[0] < 0.75


def test_a_grind_down_loses_without_one_bad_day() -> None:
    market = SyntheticMarket(scenario="grind-down", seed=1, sessions=121)
    market.advance(market.days()[-1].open)
    spx = np.array([bar.close for bar in market.bars("SPX", 120)])

    assert spx[-1] / spx[0] < 0.90
    assert (spx[1:] / spx[:-1]).min() > 0.96


def test_calm_stays_calm() -> None:
    market = SyntheticMarket(scenario="calm", seed=1)
    market.advance(market.days()[-1].open)

    assert max(bar.close for bar in market.bars("VIX", 390)) < 20


def test_returns_of_spx_and_the_vix_are_opposed_and_breadth_follows() -> None:
    market = SyntheticMarket(scenario="calm", seed=4, sessions=80)
    spx = np.log([bar.close for bar in market.bars("SPX", 330)])
    vix = np.log([bar.close for bar in market.bars("VIX", 330)])
    advances, returns = [], []
    for day in market.days():
        before = last(market, "SPX")
        market.advance(instant(day, 0.95))
        quote = market.index("AD-NYSE")
        assert quote is not None
        advances.append(quote.bid)
        returns.append(last(market, "SPX") / before)

    assert np.corrcoef(np.diff(spx), np.diff(vix))[0, 1] < -0.6
    assert np.corrcoef(advances, returns)[0, 1] > 0.7


def test_the_curve_is_in_contango_when_calm_and_inverted_at_the_peak() -> None:
    market = SyntheticMarket(scenario="spike", seed=1)
    slopes = []
    for session in (10, 23):
        market.advance(instant(market.days()[session]))
        front, second = (market.future(expiry) for expiry in market.futures()[:2])
        assert front is not None
        assert second is not None
        assert front.last is not None
        assert second.last is not None
        slopes.append(second.last / front.last - 1)

    assert slopes[0] > 0.02
    assert slopes[1] < -0.05


def test_listed_strikes_stay_listed_through_a_crash() -> None:
    market = SyntheticMarket(scenario="crash-and-recover", seed=1, sessions=40)
    market.advance(instant(market.days()[0]))
    before = {(each.trading_class, each.expiry): each for each in market.series("SPX")}
    market.advance(instant(market.days()[30]))
    after = {(each.trading_class, each.expiry): each for each in market.series("SPX")}
    session = market.days()[30].session

    lost = {key for key in before if key not in after and key[1] > session}
    assert not lost
    assert all(set(before[key].strikes) <= set(after[key].strikes) for key in before.keys() & after)


def test_listings_hold_what_the_strategies_look_for() -> None:
    session = dt.date(2025, 1, 6)
    spx, vix = spx_expiries(session, calendar()), vix_expiries(session, calendar())

    spxw = [expiry for name, expiry in spx if name == "SPXW"]
    month = [day.session for day in calendar().days if 0 <= (day.session - session).days <= 45]
    assert spxw[: len(month)] == month
    assert ("SPX", dt.date(2025, 1, 17)) in spx
    assert ("SPX", dt.date(2025, 4, 17)) in spx  # Good Friday is the third
    assert ("VIX", dt.date(2025, 3, 18)) in vix  # Good Friday lies 30 days later
    assert ("VIXW", dt.date(2025, 1, 8)) in vix
    assert len(vix_months(session, calendar())) == 9
    assert sum(name == "VIX" for name, _ in vix) == 9


def test_the_settlement_date_itself_is_no_longer_listed() -> None:
    on_expiry = dt.date(2025, 1, 22)

    assert ("VIX", on_expiry) not in vix_expiries(on_expiry, calendar())
    assert vix_months(on_expiry, calendar())[0] == dt.date(2025, 2, 19)
    weekly = dt.date(2025, 1, 29)
    assert ("VIXW", weekly) not in vix_expiries(weekly, calendar())
    assert ("SPX", dt.date(2025, 1, 17)) not in spx_expiries(dt.date(2025, 1, 17), calendar())
    assert ("SPXW", dt.date(2025, 1, 17)) in spx_expiries(dt.date(2025, 1, 17), calendar())


def test_spx_strikes_are_dense_near_the_money_and_wide_far_out() -> None:
    strikes = spx_strikes(5900.0, 6000.0)

    assert {5000.0, 5005.0, 6300.0, 4225.0, 7650.0, 1800.0, 9600.0} <= set(strikes)
    assert 4205.0 not in strikes
    assert list(strikes) == sorted(set(strikes))


def test_vix_strikes_are_half_points_to_20_and_tens_at_the_end() -> None:
    strikes = vix_strikes()

    assert strikes[:3] == (10.0, 10.5, 11.0)
    assert strikes[-2:] == (170.0, 180.0)
    assert list(strikes) == sorted(set(strikes))


def test_nothing_is_traded_out_of_hours_and_indexes_keep_their_last() -> None:
    market = SyntheticMarket()
    first, second = market.days()[:2]
    market.advance(first.close)
    closing = last(market, "SPX")
    put = contract(series_near(market, "SPX", 35), 5800.0)
    traded = market.option(put)
    market.advance(first.close + dt.timedelta(minutes=1))

    assert traded is not None
    assert market.option(put) is None
    assert market.stock("XLK") is None
    assert market.future(market.futures()[0]) is None
    assert market.index("AD-NYSE") is None
    assert last(market, "SPX") == closing
    market.advance(second.open)
    quote = market.index("SPX")
    assert quote is not None
    assert quote.close == closing


def test_an_option_that_is_not_listed_is_not_quoted() -> None:
    market = SyntheticMarket()
    market.advance(instant(market.days()[0]))
    series = series_near(market, "SPX", 35)

    assert market.option(contract(series, 5801.0)) is None
    assert market.option(contract(series, 5800.0)) is not None
    assert market.future(dt.date(2025, 1, 23)) is None


def test_expiring_options_are_quoted_to_the_close_of_the_stocks() -> None:
    market = SyntheticMarket()
    day = market.days()[0]
    market.advance(day.close - dt.timedelta(minutes=16))
    (expiring,) = (each for each in market.series("SPX") if each.expiry == day.session)
    before = market.option(contract(expiring, 5900.0))
    market.advance(day.close - dt.timedelta(minutes=15))

    assert before is not None
    assert market.option(contract(expiring, 5900.0)) is None


def test_settlements_are_the_close_for_spxw_and_the_open_for_what_settles_in_the_morning() -> None:
    market = SyntheticMarket(seed=5)
    third_friday, vix_day = dt.date(2025, 1, 17), dt.date(2025, 1, 22)
    spxw, spx, vix = (
        OptionContract(
            underlying=name[:3],
            trading_class=name,
            expiry=expiry,
            last_trade=expiry,
            strike=5900.0,
            right=Right.PUT,
        )
        for name, expiry in (("SPXW", third_friday), ("SPX", third_friday), ("VIX", vix_day))
    )
    known = []
    by_day = {day.session: day for day in market.days()}
    market.advance(by_day[third_friday].open - dt.timedelta(minutes=1))
    known.append((market.settlement(spx), market.settlement(spxw)))
    market.advance(by_day[third_friday].open)
    known.append((market.settlement(spx) == last(market, "SPX"), market.settlement(spxw)))
    market.advance(by_day[third_friday].close - dt.timedelta(minutes=15))
    known.append((market.settlement(spxw) == last(market, "SPX"), market.settlement(vix)))
    market.advance(by_day[vix_day].open)

    assert known == [(None, None), (True, None), (True, None)]
    assert market.settlement(vix) == last(market, "VIX")


def test_what_expires_after_the_last_session_never_settles() -> None:
    market = SyntheticMarket(sessions=2)
    market.advance(market.days()[-1].close + dt.timedelta(days=400))

    assert market.settlement(contract(_far_series(), 5900.0)) is None


def _far_series() -> OptionSeries:
    expiry = dt.date(2025, 3, 21)
    return OptionSeries(
        underlying="SPX", trading_class="SPXW", expiry=expiry, last_trade=expiry, strikes=()
    )


def test_every_session_says_that_it_is_modelled() -> None:
    market = SyntheticMarket(scenario="grind-down", seed=9)
    market.advance(instant(market.days()[3]))
    (note,) = market.provenance()

    assert note.session == market.days()[3].session
    assert note.provenance is Provenance.MODELLED
    assert note.detail == "scenario grind-down, seed 9"


def test_the_number_of_sessions_and_the_first_can_be_chosen() -> None:
    """2025-01-09 was a day of mourning."""
    market = SyntheticMarket(sessions=3, first=dt.date(2025, 1, 8))

    assert [day.session.day for day in market.days()] == [8, 10, 13]
    assert market.start() < market.days()[0].open


def test_what_is_not_simulated_has_no_quote() -> None:
    market = SyntheticMarket()
    market.advance(instant(market.days()[0]))

    assert (market.index("NDX"), market.stock("QQQ"), market.bars("NDX", 5)) == (None, None, ())


def test_faulty_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="sessions must be >= 1, received 0"):
        SyntheticMarket(sessions=0)
    with pytest.raises(ValueError, match="'melt-up' is not a valid Scenario"):
        SyntheticMarket(scenario="melt-up")
    market = SyntheticMarket()
    market.advance(instant(market.days()[0]))
    with pytest.raises(ValueError, match="time must not go back"):
        market.advance(market.days()[0].open)


def test_a_half_day_closes_early() -> None:
    market = SyntheticMarket(scenario=Scenario.CALM, sessions=5, first=dt.date(2024, 11, 27))
    half = market.days()[1]
    market.advance(half.close)
    open_still = market.stock("SPY")
    market.advance(half.close + dt.timedelta(seconds=1))

    assert half.half_day
    assert open_still is not None
    assert market.stock("SPY") is None
