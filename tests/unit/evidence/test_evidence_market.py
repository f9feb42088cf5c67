"""What a session of history shows the bot: what was known then, and its quotes off the surfaces."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from evidence_walk import WARM, walk

from bot.core.model import BreadthSource, OptionContract, Right
from bot.evidence.listing import Listed, listed_on
from bot.evidence.market import HistoricMarket, MarketDay
from bot.evidence.quoting import DayQuotes, vix_expiries
from bot.evidence.settings import ReplaySettings
from bot.surfaces.chain import Listing, quoted_vix, spx_quotes, vix_quotes

if TYPE_CHECKING:
    from bot.evidence.history import History

AT = WARM + 5
PANIC = WARM + 18


def market(history: History | None = None, **changes: object) -> HistoricMarket:
    return HistoricMarket(walk() if history is None else history, ReplaySettings(**changes))


def quotes(day: MarketDay, listed: Listed, **changes: object) -> DayQuotes:
    return DayQuotes(day, listed, calendar=walk().calendar, settings=ReplaySettings(**changes))


def opened(at: int = AT, **changes: object) -> tuple[MarketDay, Listed, DayQuotes]:
    day = market(**changes).day(at)
    spot = day.snapshot.level("SPX")
    listed = listed_on(day.snapshot.session, spot or 0.0, walk().calendar, vix=day.vix_expiries)
    return day, listed, quotes(day, listed, **changes)


def with_vx(*futures: tuple[dt.date, float]) -> History:
    """The walk with settlements of these futures on every session."""
    count = walk().sessions.size
    expiries = np.array([each for each, _ in futures], "datetime64[D]")
    prices = np.array([price for _, price in futures])
    return replace(
        walk(),
        vx_expiries=np.tile(expiries, (count, 1)),
        vx_settlements=np.tile(prices, (count, 1)),
    )


def test_bars_end_with_the_session_before() -> None:
    snapshot = market().day(AT).snapshot

    before = walk().session(AT - 1)
    assert snapshot.spx_bars[-1].session == snapshot.vix_bars[-1].session == before
    assert snapshot.breadth is not None
    assert snapshot.breadth.days[-1].session == before


def test_a_market_that_was_asked_for_other_days_first_shows_the_same() -> None:
    asked = market()
    for at in (PANIC, AT + 3, AT - 30):
        asked.day(at)

    assert asked.day(AT).snapshot == market().day(AT).snapshot


def test_spx_stands_at_the_reference_at_the_close_before_the_month() -> None:
    asked = market(reference_spx=7_500.0)
    months = walk().sessions.astype("datetime64[M]")
    first = int(np.searchsorted(months, months[AT]))

    assert asked.spx(first - 1)[1] != pytest.approx(7_500.0)  # of the month before
    assert walk().spx.close[first - 1] * asked.rebase(first) == pytest.approx(7_500.0)
    assert asked.rebase(AT) == asked.rebase(first)


def test_bars_are_rebased_with_the_level() -> None:
    rebased, literal = (market(literal_contracts=each).day(AT) for each in (False, True))

    assert literal.rebase == 1.0
    for one, other in zip(rebased.snapshot.spx_bars, literal.snapshot.spx_bars, strict=True):
        assert one.close == pytest.approx(other.close * rebased.rebase)


def test_sixty_unbroken_official_counts_are_needed() -> None:
    count = walk().sessions.size
    proxy = np.stack([np.full(count, 300.0), np.full(count, 200.0)], axis=1)
    broken = walk().nyse.copy()
    broken[AT - 20] = np.nan
    gapped = replace(walk(), nyse=broken, large_caps=proxy)

    found = market(gapped).day(AT)
    official = market(gapped, official_breadth_only=True).day(AT)

    assert found.snapshot.breadth is not None
    assert found.snapshot.breadth.source is BreadthSource.LARGE_CAPS
    assert "large_caps" in found.substitutes
    assert official.snapshot.breadth is None


def test_a_settlement_is_the_future_and_those_beyond_are_moved_with_the_last() -> None:
    day = market().day(AT)
    one, two, three, four = list(day.vx)[:4]
    modelled = day.vx

    found = market(with_vx((one, 20.0), (three, 1.1 * modelled[three]))).day(AT)

    assert (found.vx[one], found.vx[three]) == (20.0, 1.1 * modelled[three])
    assert two not in found.vx  # no future of that month was listed
    assert found.vx[four] == pytest.approx(1.1 * modelled[four])
    assert "vx_part" in found.substitutes
    assert "vx" in day.substitutes


def test_no_vix_option_is_listed_without_the_future_that_it_settles_with() -> None:
    day = market().day(AT)
    one, two, three, *further = day.vx
    day = market(with_vx((one, 20.0), (three, 22.0))).day(AT)

    listed = listed_on(day.snapshot.session, 7_500.0, walk().calendar, vix=day.vix_expiries)

    assert [each.expiry for each in listed.vix] == [one, three, *further]
    assert two not in day.vix_expiries


@pytest.mark.parametrize("at", [AT, PANIC])
def test_the_vix_of_the_quotes_is_that_of_the_session(at: int) -> None:
    day, listed, asked = opened(at)
    session, now = day.snapshot.session, day.snapshot.taken_at
    near, after = (
        Listing(
            trading_class="SPXW",
            settles=walk().calendar.day(expiry).close - dt.timedelta(minutes=15),
            strikes=listed.strike_array,
        )
        for expiry in vix_expiries(listed.spx_expiries, session)
    )

    assert quoted_vix(asked.surface, (near, after), now) == pytest.approx(day.levels.vix, abs=0.1)


def test_spx_options_are_quoted_as_the_surface_quotes_them_one_by_one() -> None:
    day, listed, asked = opened()
    series = next(
        each
        for each in listed.spx
        if each.contract(7_500.0, Right.PUT).dte(day.snapshot.session) >= 30
    )
    strikes = np.array(series.strikes[100:500:25])
    settles = walk().calendar.day(series.expiry).close - dt.timedelta(minutes=15)
    listing = Listing(trading_class="SPXW", settles=settles, strikes=strikes)

    expected = spx_quotes(asked.surface, listing, day.snapshot.taken_at)

    for right, bids, asks in (
        (Right.PUT, expected.put_bid, expected.put_ask),
        (Right.CALL, expected.call_bid, expected.call_ask),
    ):
        contracts = [series.contract(float(strike), right) for strike in strikes]
        found = asked.of(contracts)
        assert [found[each].bid or 0.0 for each in contracts] == pytest.approx(bids.tolist())
        assert [found[each].ask for each in contracts] == pytest.approx(asks.tolist())


def test_vix_options_are_quoted_on_the_future_of_their_expiry() -> None:
    day, listed, asked = opened(PANIC)
    series = listed.vix[3]
    strikes = np.array(series.strikes)
    settles = walk().calendar.day(series.expiry).open
    listing = Listing(trading_class="VIX", settles=settles, strikes=strikes)

    expected = vix_quotes(
        listing,
        day.snapshot.taken_at,
        forward=day.vx[series.expiry],
        rate=day.snapshot.rate,
        levels=day.levels,
    )

    contracts = [series.contract(float(strike), Right.CALL) for strike in strikes]
    found = asked.of(contracts)
    assert [found[each].bid or 0.0 for each in contracts] == pytest.approx(
        expected.call_bid.tolist()
    )


def test_the_delta_of_a_call_is_that_of_black_on_its_forward() -> None:
    day, listed, asked = opened()
    series = listed.vix[2]
    call = series.contract(20.0, Right.CALL)
    put = replace(call, right=Right.PUT)
    quoted = asked.of([call])[call]

    deltas = asked.deltas([call, put])
    assert 0 < deltas[call] < 1
    discount = np.exp(-day.snapshot.rate * (series.expiry - day.snapshot.session).days / 365)
    assert deltas[call] - deltas[put] == pytest.approx(discount, abs=1e-4)
    assert quoted.ask is not None


def test_the_closure_of_september_2001_leaves_the_nearest_expiries_on_either_side() -> None:
    session = dt.date(2001, 8, 13)
    days = (4, 11, 18, 25, 28, 39, 46, 53)

    near, after = vix_expiries([session + dt.timedelta(days=each) for each in days], session)

    assert ((near - session).days, (after - session).days) == (28, 39)


def test_nothing_that_has_settled_is_held_in_the_listing() -> None:
    _, listed, _ = opened()
    session = walk().session(AT)

    assert all(each.last_trade >= session for each in (*listed.spx, *listed.vix))
    assert isinstance(listed.spx[0].contract(7_500.0, Right.PUT), OptionContract)


def test_damping_makes_far_calls_cheaper_in_a_panic_and_leaves_those_of_a_month() -> None:
    """The VIX is above 30, so that VVIX stands above the 104 at which far expiries are recorded."""
    day, listed, undamped = opened(PANIC)
    _, _, damped = opened(PANIC, vvix_damping=0.5)
    near, far = (series for series in listed.vix if series.expiry in {min(day.vx), max(day.vx)})
    calls = [each.contract(40.0, Right.CALL) for each in (near, far)]
    plain, less = (
        [each.mid or 0.0 for each in found.of(calls).values()] for found in (undamped, damped)
    )

    assert day.levels.vix > 30
    assert (near.expiry - day.snapshot.session).days <= 30
    assert (far.expiry - day.snapshot.session).days > 90
    assert plain[0] == less[0]
    assert plain[1] > less[1] > 0
