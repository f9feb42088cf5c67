"""A folder of quotes that the models made themselves: read back, they show no error."""

from __future__ import annotations

import datetime as dt
import gzip
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from history_folder import SESSIONS, edit, write_histories

from bot.core.pricing import price
from bot.core.sessions import years_between
from bot.evidence.calibration_page import calibration_lines
from bot.evidence.history_load import load_history
from bot.evidence.observed_files import chain_observations
from bot.evidence.validation import Validation, option_errors, validation
from bot.evidence.vxth import modelled_calls, vxth_index
from bot.surfaces.listings import vix_months
from bot.surfaces.vix_surface import vix_vols

if TYPE_CHECKING:
    from pathlib import Path

    from bot.evidence.history import History

FIRST, SECOND = SESSIONS[300], SESSIONS[301]
SPX_STRIKES, VIX_STRIKES = range(1000, 1700, 25), range(12, 40, 2)
LEVELS = (18.0, 21.0, 27.0, 34.0, 24.0, 19.0, 16.5, 22.0)
"""Levels of the VIX, a fortnight each: a wave."""


def vix_on(at: int) -> float:
    return LEVELS[at // 10 % len(LEVELS)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_histories(tmp_path_factory.mktemp("recorded"))
    edit(folder / "vix_daily.csv", lambda lines: [lines[0], *map(vix_line, range(len(SESSIONS)))])
    history = load_history(folder)
    write_futures(folder, history)
    history = load_history(folder)
    write_chains(folder, history)
    write_sheet(folder, history)
    return folder


@pytest.fixture(scope="module")
def history(folder: Path) -> History:
    return load_history(folder)


def vix_line(at: int) -> str:
    level = vix_on(at)
    return f"{SESSIONS[at]},{vix_on(max(at - 1, 0))},{level + 1},{level - 1},{level}"


def write_futures(folder: Path, history: History) -> None:
    """Futures of the true expiries, on the way from the VIX to 20."""
    lines = [
        f"{day},{expiry},{20 + (vix_on(at) - 20) * math.exp(-3 * (expiry - day).days / 365):.4f}"
        for at, day in enumerate(SESSIONS)
        for expiry in vix_months(day, history.calendar)[:8]
    ]
    (folder / "vx_futures_by_expiry.csv").write_text("\n".join(["date,expiry,settle", *lines]))


def write_chains(folder: Path, history: History) -> None:
    """SPX at a volatility of 20 %, VIX as the surface has it; the second capture is held out."""
    chains = folder / "option_chains"
    (chains / "spx").mkdir(parents=True)
    (chains / "vix").mkdir()
    header = (
        "file,underlying,session_date,quote_session,captured_at_et,spot_in_file,rows,expiries,"
        "max_dte,par_expiry,parity_forward,flags"
    )
    index = [
        f"{name}/{day}.csv.gz,{name.upper()},{day},{when},,,9,2,60,,,{flags}"
        for name in ("spx", "vix")
        for day, when, flags in (
            (FIRST, "rth_close", ""),
            (SECOND, "rth_close", "few rows"),
            (SESSIONS[302], "pre_open", ""),
            (SESSIONS[303], "rth_close", "crossed quotes"),
        )
    ]
    (chains / "index.csv").write_text("\n".join([header, *index]))
    mids = "snapshot_date,expiry,strike,mid,iv,S0_VIX\n"
    (chains / "vix_call_mids_2026-04-09.csv").write_text(mids)
    columns = "quote_date,underlying_price,root,expiry,strike,right,bid,ask,delta\n"
    (chains / "spx_eom_2018-01_2018-02.csv.gz").write_bytes(gzip.compress(columns.encode()))
    for day in (FIRST, SECOND):
        for name, lines in (("spx", spx_lines(day, history)), ("vix", vix_lines(day, history))):
            text = "\n".join(["root,expiry,strike,right,bid,ask", *lines])
            (chains / name / f"{day}.csv.gz").write_bytes(gzip.compress(text.encode()))


def spx_lines(day: dt.date, history: History) -> list[str]:
    expiry = history.calendar.on_or_after(day + dt.timedelta(days=40))
    settles = history.calendar.day(expiry).close - dt.timedelta(minutes=15)
    years = years_between(history.calendar.day(day).close, settles)
    discount = math.exp(-history.rate[history.position(day)] * years)
    vols = np.full(len(SPX_STRIKES), 0.2)
    return lines_of("SPXW", expiry, np.array(SPX_STRIKES), 1310.0, years, discount, vols)


def vix_lines(day: dt.date, history: History) -> list[str]:
    at = history.position(day)
    lines = []
    for expiry, forward in list(history.vx(at).items())[:2]:
        years = years_between(history.calendar.day(day).close, history.calendar.day(expiry).open)
        strikes = np.array(VIX_STRIKES, float)
        vols = vix_vols(strikes, forward=forward, years=years, vvix=95.0)
        discount = math.exp(-history.rate[at] * years)
        lines += lines_of("VIX", expiry, strikes, forward, years, discount, vols)
    return lines


def lines_of(  # noqa: PLR0913, PLR0917 - all that a price needs
    root: str,
    expiry: dt.date,
    strikes: np.ndarray,
    forward: float,
    years: float,
    discount: float,
    vols: np.ndarray,
) -> list[str]:
    """Quotes 0.05 on either side of the price; nobody bids below that."""
    return [
        f"{root},{expiry},{strike:g},{right},{max(mid - 0.05, 0):.6f},{mid + 0.05:.6f}"
        for right in "CP"
        for strike, mid in zip(
            strikes,
            price(forward, strikes, years, discount, vols, is_call=right == "C"),
            strict=True,
        )
    ]


def write_sheet(folder: Path, history: History) -> None:
    """The index that our own rule gives, with its calls, as the published sheet would have it."""
    every = range(len(SESSIONS))
    calls = modelled_calls(history, every)
    close = history.spx.close
    stock = np.concatenate([[np.nan], close[1:] / close[:-1] - 1])
    level = vxth_index(calls, stock)
    header = "date,vxth,spx,dividend,vix_call_expiry,vix_call_strike,call_bid,call_ask,call_mid"
    lines = [
        f"{day},{level[at]},{close[at]},0,{vix_months(day, history.calendar)[0]},"
        f"{calls.strike[at]},{calls.mid[at] - 0.05},{calls.mid[at] + 0.05},{calls.mid[at]}"
        for at, day in enumerate(SESSIONS)
    ]
    (folder / "vxth_daily_with_vix_calls.csv").write_text("\n".join([header, *lines]))


@pytest.fixture(scope="module")
def found(folder: Path, history: History) -> Validation:
    tables = validation(folder, history)
    assert tables is not None
    return tables


def test_captures_after_the_close_and_without_serious_flags_are_read(
    folder: Path, history: History
) -> None:
    seen = chain_observations(folder, history, "SPX")

    assert sorted(set(seen.session.tolist())) == [FIRST, SECOND]
    assert set(seen.held_out[seen.session == np.datetime64(SECOND)].tolist()) == {True}
    assert not seen.held_out[seen.session == np.datetime64(FIRST)].any()


def test_forward_and_volatility_of_a_chain_are_found_from_its_quotes(
    folder: Path, history: History
) -> None:
    seen = chain_observations(folder, history, "SPX")

    assert seen.forward == pytest.approx(np.full(seen.size, 1310.0), abs=1e-4)
    assert seen.vol == pytest.approx(np.full(seen.size, 0.2), abs=1e-5)
    assert (seen.is_call == (seen.strike >= 1310)).all()


def test_quotes_of_the_vix_surface_show_no_error(folder: Path, history: History) -> None:
    errors = option_errors(chain_observations(folder, history, "VIX"), history)

    assert len(errors) > 20
    assert errors["vol_points"].abs().max() < 0.01


def test_a_replica_of_our_own_index_is_that_index(found: Validation) -> None:
    """Modelled calls to the last digit; recorded ones are the same calls, read from the sheet."""
    recorded, modelled = found.replicas

    assert (recorded.name, modelled.name) == ("recorded calls", "modelled calls")
    assert modelled.worst_month_pct < 1e-9
    assert recorded.worst_month_pct < 1e-9
    assert recorded.within_target
    assert modelled.correlation == pytest.approx(1.0)


def test_all_tables_are_made(found: Validation) -> None:
    assert set(found.options["underlying"]) == {"SPX", "VIX"}
    assert set(found.spreads["underlying"]) == {"SPX", "VIX"}
    assert found.curve["n"].sum() > 100
    assert found.curve["rms_pct"].max() < 40
    assert len(found.unknown) == 4


def test_a_calibration_finds_the_numbers_that_made_the_quotes(
    folder: Path, history: History
) -> None:
    """The same for the level, the smile and what goes with the future: VVIX is 95 throughout."""
    lines = list(calibration_lines(folder, history))
    found = {line.split()[0]: line.split()[1:] for line in lines}

    assert lines[0] == "VIX: found, in use"
    for name in ("level", "reversion", "forward_power", "slope", "bend"):
        assert float(found[name][0]) == pytest.approx(float(found[name][1]), abs=0.02)
    assert len(found["rho"]) == 8
