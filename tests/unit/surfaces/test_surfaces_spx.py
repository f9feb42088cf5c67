"""The SPX surface: variance, smile, arbitrage, calibration, and chains it was not fitted to."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np
import pytest
from surface_support import NOW, spxw_listing

from bot.core.errors import MarketDataError
from bot.core.pricing import implied_vol, price
from bot.core.sessions import years_between
from bot.data.chains import RecordedSeries, listed_sessions, read_chain
from bot.data.histories import Histories
from bot.surfaces.chain import calibrated, quoted_vix, spx_quotes
from bot.surfaces.levels import vol_levels
from bot.surfaces.spx_surface import SpxSurface, term_variance

if TYPE_CHECKING:
    from pathlib import Path

DAYS = (1, 3, 7, 14, 25, 30, 45, 60, 93, 150, 250)


def surface(vix: float, **levels: float) -> SpxSurface:
    return SpxSurface(
        spot=6000.0, levels=vol_levels(vix, **levels), rate=0.04, dividend_yield=0.013
    )


@pytest.mark.parametrize("vix", [10.0, 16.0, 30.0, 66.0])
@pytest.mark.parametrize("days", [9, 30, 93])
def test_the_fair_variance_of_each_index_term_is_that_of_the_index(vix: float, days: int) -> None:
    """Twice the area under out-of-the-money prices over K^2, by quadrature."""
    market = surface(vix)
    years = days / 365
    forward = market.forward(years)
    strikes = forward * np.exp(np.linspace(-4.0, 2.5, 20_001))
    otm = price(
        forward,
        strikes,
        years=years,
        discount=1.0,
        vol=market.vols(strikes, years),
        is_call=strikes >= forward,
    )
    index = {9: market.levels.vix9d, 30: vix, 93: market.levels.vix3m}[days]

    fair = np.sqrt(2 * np.trapezoid(otm / strikes**2, strikes) / years) * 100
    assert fair == pytest.approx(index, rel=0.005)


def test_total_variance_between_the_index_terms_is_linear() -> None:
    levels = vol_levels(20.0, vix9d=18.0, vix3m=22.0)

    halfway = term_variance(levels, 61.5 / 365)
    assert halfway == pytest.approx((0.04 * 30 / 365 + 0.0484 * 93 / 365) / 2, rel=1e-12)


def test_total_variance_never_falls_when_the_curve_is_steeply_inverted() -> None:
    levels = vol_levels(80.0, vix9d=200.0, vix3m=40.0)
    times = np.linspace(0.001, 1.0, 400)

    assert (np.diff([term_variance(levels, float(t)) for t in times]) > 0).all()


@pytest.mark.parametrize("vix", [9.5, 14.0, 20.0, 45.0, 83.0])
@pytest.mark.parametrize("skew", [112.0, 131.0, 160.0])
def test_total_variance_rises_with_time_at_every_strike(vix: float, skew: float) -> None:
    market = surface(vix, skew=skew)
    log_moneyness = np.linspace(-0.5, 0.3, 161)

    totals = np.array([market.slice(d / 365).total_variance(log_moneyness) for d in DAYS])
    assert (np.diff(totals, axis=0) > 0).all()


@pytest.mark.parametrize("vix", [9.5, 14.0, 20.0, 45.0, 83.0])
@pytest.mark.parametrize("skew", [112.0, 131.0, 160.0])
@pytest.mark.parametrize("days", [25, 30, 45, 93, 250])
def test_the_implied_density_is_nowhere_below_a_hundredth_of_its_peak(
    vix: float, skew: float, days: int
) -> None:
    market, years = surface(vix, skew=skew), days / 365
    forward = market.forward(years)
    strikes = np.linspace(0.3, 1.6, 2601) * forward
    calls = price(
        forward,
        strikes,
        years=years,
        discount=1.0,
        vol=market.vols(strikes, years),
        is_call=True,
    )

    density = np.diff(calls, 2)
    assert density.min() > -0.01 * density.max()


def test_a_monthly_ten_delta_put_lies_six_to_nine_percent_below_the_forward_at_vix_16() -> None:
    quotes = spx_quotes(surface(16.0), spxw_listing(35), NOW)

    puts = 1 - quotes.call_delta()
    strike = quotes.listing.strikes[np.abs(puts - 0.10).argmin()]
    assert -0.09 < strike / quotes.smile.forward - 1 < -0.06


def test_a_monthly_five_delta_call_lies_four_to_seven_percent_above_the_forward_at_vix_16() -> None:
    quotes = spx_quotes(surface(16.0), spxw_listing(35), NOW)

    strike = quotes.listing.strikes[np.abs(quotes.call_delta() - 0.05).argmin()]
    assert 0.04 < strike / quotes.smile.forward - 1 < 0.07


@pytest.mark.parametrize("vix", [10.0, 14.0, 20.0, 35.0, 66.0, 82.0])
def test_the_vix_of_the_calibrated_quotes_is_the_vix_given(vix: float) -> None:
    terms = (spxw_listing(25), spxw_listing(32))

    market = calibrated(surface(vix), terms, NOW)
    assert quoted_vix(market, terms, NOW) == pytest.approx(vix, abs=0.05)


def test_calibration_refuses_terms_that_have_settled() -> None:
    terms = (spxw_listing(-2), spxw_listing(32))

    with pytest.raises(MarketDataError, match="not after"):
        calibrated(surface(16.0), terms, NOW)


def otm_vols(
    series: RecordedSeries, market: SpxSurface, years: float
) -> tuple[np.ndarray, np.ndarray]:
    """Recorded and modelled volatilities of out-of-the-money options, deltas 0.02 to 0.98."""
    calls = (series.call_bid + series.call_ask) / 2
    puts = (series.put_bid + series.put_ask) / 2
    at = int(np.nanargmin(np.abs(calls - puts)))
    discount = market.discount(years)
    forward = series.strikes[at] + (calls[at] - puts[at]) / discount
    is_call = series.strikes >= forward
    bid = np.where(is_call, series.call_bid, series.put_bid)
    found = implied_vol(
        np.where(is_call, calls, puts), forward, series.strikes, years, discount, is_call
    ).iv
    log_moneyness = np.log(series.strikes / forward)
    within = np.abs(log_moneyness / (found * np.sqrt(years))) < 2.0
    kept = (bid > 0) & np.isfinite(found) & within
    modelled = np.sqrt(market.slice(years).total_variance(log_moneyness) / years)
    return found[kept], modelled[kept]


@pytest.mark.data
@pytest.mark.parametrize(
    ("session", "largest_median", "largest"),
    [
        (dt.date(2023, 3, 31), 0.025, 0.08),
        (dt.date(2023, 4, 14), 0.025, 0.07),
        (dt.date(2023, 6, 2), 0.04, 0.16),
        (dt.date(2025, 9, 2), 0.02, 0.15),
    ],
)
def test_chains_that_were_not_fitted_are_met_between_25_and_45_days(
    data_dir: Path, session: dt.date, largest_median: float, largest: float
) -> None:
    histories = Histories(data_dir)
    (recorded,) = listed_sessions(data_dir / "option_chains", session, session)
    closes, vix = histories.vol_closes[session], histories.vix.on(session)
    assert recorded.spx is not None
    assert vix is not None
    market = SpxSurface(
        spot=1.0,
        levels=vol_levels(vix.close, vix9d=closes.vix9d, vix3m=closes.vix3m, skew=closes.skew),
        rate=histories.rate(session, 0.1) or 0.0,
        dividend_yield=0.013,
    )
    now = dt.datetime.combine(session, dt.time(20, 15), dt.UTC)
    errors = [
        modelled / found - 1
        for series in read_chain(recorded.spx.path)
        if 25 <= (series.expiry - session).days <= 45 and series.trading_class == "SPXW"
        for settles in (dt.datetime.combine(series.expiry, dt.time(20, 0), dt.UTC),)
        for found, modelled in (otm_vols(series, market, years_between(now, settles)),)
    ]

    every = np.abs(np.concatenate(errors))
    assert np.median(every) < largest_median
    assert every.max() < largest
