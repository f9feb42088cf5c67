"""VX curve and VIX option surface, against recorded futures and chains."""

from __future__ import annotations

import csv
import datetime as dt
from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
import pytest
from surface_support import NOW

from bot.core.pricing import implied_vol
from bot.core.sessions import years_between
from bot.data.chains import RecordedSeries, read_chain
from bot.data.histories import Histories
from bot.surfaces.chain import Listing, vix_quotes
from bot.surfaces.levels import vol_levels
from bot.surfaces.vix_surface import damped_vvix, vix_atm_vol, vix_vols
from bot.surfaces.vx_curve import vx_level

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("vix", [11.0, 20.0, 60.0])
def test_a_future_that_settles_now_is_the_vix(vix: float) -> None:
    assert vx_level(vol_levels(vix), 0.0) == pytest.approx(vix, rel=1e-12)


def test_the_curve_rises_when_calm_and_falls_when_stressed() -> None:
    months = [n / 12 for n in range(7)]
    calm = [vx_level(vol_levels(13.0), years) for years in months]
    stress = [vx_level(vol_levels(45.0), years) for years in months]

    assert (np.diff(calm[:4]) > 0).all()
    assert (np.diff(stress) < 0).all()


def test_a_time_that_is_past_has_no_future() -> None:
    with pytest.raises(ValueError, match=r"must be >= 0, received -0\.1"):
        vx_level(vol_levels(20.0), -0.1)


@pytest.mark.data
@pytest.mark.parametrize(
    ("first", "last", "rms"),
    [(1, 30, 0.035), (31, 60, 0.05), (61, 110, 0.065), (150, 250, 0.10)],
)
def test_recorded_settlements_are_met_by_maturity(
    data_dir: Path, first: int, last: int, rms: float
) -> None:
    """Every fifth session of 2010-2026; percent of the settlement, as a decimal."""
    histories = Histories(data_dir)
    errors = []
    for session in sorted(histories.vx_settlements)[::5]:
        vix, closes = histories.vix.on(session), histories.vol_closes.get(session)
        if session.year < 2010 or vix is None or closes is None or closes.vix3m is None:
            continue
        levels = vol_levels(vix.close, vix3m=closes.vix3m)
        errors += [
            np.log(vx_level(levels, (expiry - session).days / 365) / settle)
            for expiry, settle in histories.vx_settlements[session].items()
            if first <= (expiry - session).days <= last
        ]

    assert len(errors) > 500
    assert np.sqrt(np.mean(np.square(errors))) < rms


def test_at_the_money_volatility_falls_with_time_from_vvix() -> None:
    """100 to 120 % at 30 days for VVIX 105, down to 60 to 70 % at 220 days."""
    assert 0.95 < vix_atm_vol(105.0, 30 / 365, forward=20.0) < 1.05
    assert 0.60 < vix_atm_vol(105.0, 220 / 365, forward=22.0) < 0.70


def test_a_shift_of_vvix_dies_away_with_the_root_of_time_beyond_its_own_month() -> None:
    """Twice 104: a month sees all of it, 120 days half of its logarithm, sqrt(2) times 104."""
    month, four_months = 30 / 365, 120 / 365

    assert damped_vvix(208.0, 15 / 365, power=0.5) == pytest.approx(208.0)
    assert damped_vvix(208.0, month, power=0.5) == pytest.approx(208.0)
    assert damped_vvix(208.0, four_months, power=0.5) == pytest.approx(147.0782, abs=1e-3)
    assert damped_vvix(52.0, four_months, power=0.5) == pytest.approx(73.5391, abs=1e-3)
    assert damped_vvix(104.0, four_months, power=0.5) == pytest.approx(104.0)
    assert damped_vvix(208.0, four_months, power=0.0) == 208.0


def test_calls_are_dearer_in_volatility_the_further_out() -> None:
    vols = vix_vols(np.array([15.0, 20.0, 30.0, 60.0]), forward=20.0, years=0.2, vvix=100.0)

    assert (np.diff(vols) > 0).all()


def test_modelled_vix_quotes_keep_put_call_parity_within_their_spread() -> None:
    listing = Listing(
        trading_class="VIX",
        settles=NOW + dt.timedelta(days=40),
        strikes=np.arange(10.0, 60.0, 1.0),
    )
    quotes = vix_quotes(listing, NOW, forward=18.0, rate=0.04, levels=vol_levels(16.0))

    parity = quotes.smile.discount * (18.0 - listing.strikes)
    assert (quotes.call_bid - quotes.put_ask <= parity + 1e-9).all()
    assert (quotes.call_ask - quotes.put_bid >= parity - 1e-9).all()


def model_errors(series: RecordedSeries, now: dt.datetime, vvix: float) -> np.ndarray:
    """Relative errors of volatility out of the money, bids from 0.10, forward by parity."""
    settles = dt.datetime.combine(series.expiry, dt.time(13, 30), dt.UTC)
    years = years_between(now, settles)
    calls = (series.call_bid + series.call_ask) / 2
    puts = (series.put_bid + series.put_ask) / 2
    at = int(np.nanargmin(np.abs(calls - puts)))
    forward = float(series.strikes[at] + calls[at] - puts[at])
    is_call = series.strikes >= forward
    bid = np.where(is_call, series.call_bid, series.put_bid)
    found = implied_vol(
        np.where(is_call, calls, puts), forward, series.strikes, years, 1.0, is_call
    ).iv
    kept = (bid >= 0.10) & np.isfinite(found)
    modelled = vix_vols(series.strikes[kept], forward=forward, years=years, vvix=vvix)
    return modelled / found[kept] - 1


@pytest.mark.data
def test_the_recorded_chain_of_2021_04_26_is_met_by_maturity(data_dir: Path) -> None:
    """Eleven expiries of 9 to 240 days: median below 4 % each, 2.5 % over all; far calls 16 %."""
    session = dt.date(2021, 4, 26)
    now = dt.datetime(2021, 4, 26, 20, 15, tzinfo=dt.UTC)
    vvix = Histories(data_dir).vol_closes[session].vvix
    file = data_dir / "option_chains/vix/2021-04-26_1600_close_idontreallycode.csv.gz"
    assert vvix is not None
    errors = [
        np.abs(model_errors(series, now, vvix))
        for series in read_chain(file)
        if (series.expiry - session).days > 7
    ]

    assert len(errors) == 11
    assert max(np.median(each) for each in errors) < 0.04
    assert np.median(np.concatenate(errors)) < 0.025
    assert np.concatenate(errors).max() < 0.16


@pytest.mark.data
def test_the_recorded_calls_of_2026_04_09_are_met(data_dir: Path) -> None:
    """Not fitted to: mids from 0.15 of eight monthly expiries, on the recorded settlements."""
    session = dt.date(2026, 4, 9)
    histories = Histories(data_dir)
    settlements, vvix = histories.vx_settlements[session], histories.vol_closes[session].vvix
    assert vvix is not None
    calls: dict[dt.date, list[tuple[float, float]]] = defaultdict(list)
    with (data_dir / "option_chains/vix_call_mids_2026-04-09.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            calls[dt.date.fromisoformat(row["expiry"])].append(
                (float(row["strike"]), float(row["mid"]))
            )
    now = dt.datetime(2026, 4, 9, 20, 15, tzinfo=dt.UTC)
    errors = []
    for expiry, forward in settlements.items():
        quoted = np.array([pair for pair in calls.get(expiry, []) if pair[1] >= 0.15])
        if not quoted.size:
            continue
        years = years_between(now, dt.datetime.combine(expiry, dt.time(13, 30), dt.UTC))
        discount = np.exp(-0.037 * years)
        found = implied_vol(quoted[:, 1], forward, quoted[:, 0], years, discount, True).iv
        modelled = vix_vols(quoted[:, 0], forward=forward, years=years, vvix=vvix)
        errors.append(np.abs(modelled / found - 1)[np.isfinite(found)])

    assert len(errors) == 8
    assert np.median(np.concatenate(errors)) < 0.03
    assert max(np.median(each) for each in errors) < 0.07
