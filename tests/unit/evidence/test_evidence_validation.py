"""Recorded quotes as observations, and the errors of the models beside them."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from history_folder import write_histories
from vollib.black.implied_volatility import implied_volatility

from bot.core.pricing import price
from bot.evidence.history_load import load_history
from bot.evidence.observations import Observations, Seen, in_episode, joined, observed
from bot.evidence.observed_files import (
    chain_observations,
    parity_forward,
    vix_call_observations,
    vxth_calls,
)
from bot.evidence.validation import (
    curve_errors,
    option_errors,
    option_table,
    spread_table,
    totals,
    validation,
)

if TYPE_CHECKING:
    from pathlib import Path

    from bot.evidence.history import History

STRIKES = np.array([15.0, 18.0, 20.0, 25.0, 40.0])


@pytest.fixture(scope="module")
def history(data_dir: Path) -> History:
    return load_history(data_dir)


def seen(**changes: object) -> Seen:
    facts = {
        "underlying": "VIX",
        "source": "made up",
        "row": 300,
        "session": dt.date(2011, 3, 14),
        "expiry": dt.date(2011, 4, 20),
        "years": 0.1,
        "forward": 19.0,
        "discount": 0.995,
        "vix": 20.0,
        "held_out": True,
    }
    return Seen(**(facts | changes))  # type: ignore[arg-type]


def calls(mids: np.ndarray, half: float = 0.05) -> Observations:
    every = np.ones(STRIKES.size, bool)
    return observed(seen(), STRIKES, mids, np.full(STRIKES.size, half), every)


def test_the_forward_is_the_median_of_parity_where_call_and_put_differ_least() -> None:
    """C - P = D (F - K) with F = 19 and D = 0.99; one quote far out is wrong and does no harm."""
    difference = 0.99 * (19.0 - STRIKES)
    difference[-1] += 5.0

    assert parity_forward(STRIKES, difference, 0.99) == pytest.approx(19.0, rel=1e-12)


def test_one_strike_with_both_rights_gives_no_forward() -> None:
    difference = np.array([np.nan, 1.0, np.nan, np.nan, np.nan])

    assert math.isnan(parity_forward(STRIKES, difference, 0.99))


def test_options_in_the_money_and_below_a_dime_are_left_out() -> None:
    """Forward 19: calls from 20 up; that of 40 is bid 0.04."""
    found = calls(np.array([4.2, 2.1, 1.4, 0.6, 0.09]))

    assert found.strike.tolist() == [20.0, 25.0]


def test_volatility_and_delta_are_those_of_black_76() -> None:
    found = calls(np.array([4.2, 2.1, 1.4, 0.6, 0.09]))
    expected = implied_volatility(1.4, 19.0, 20.0, -math.log(0.995) / 0.1, 0.1, "c")
    deviation = expected * math.sqrt(0.1)
    d1 = math.log(19 / 20) / deviation + deviation / 2

    assert found.vol[0] == pytest.approx(expected, rel=1e-9)
    assert found.delta[0] == pytest.approx((1 + math.erf(d1 / math.sqrt(2))) / 2, rel=1e-9)


def test_stressed_episodes_are_known() -> None:
    assert in_episode(dt.date(2018, 2, 5))
    assert not in_episode(dt.date(2018, 3, 5))


def test_a_quote_that_the_model_made_has_no_error(tmp_path: Path) -> None:
    """VVIX 95, VIX 20: priced off the VIX surface, and found again."""
    from bot.surfaces.vix_surface import vix_vols  # noqa: PLC0415 - only here

    history = load_history(write_histories(tmp_path))
    vols = vix_vols(STRIKES, forward=19.0, years=0.1, vvix=95.0)
    errors = option_errors(calls(price(19.0, STRIKES, 0.1, 0.995, vols, is_call=True)), history)

    assert errors["vol_points"].abs().max() < 1e-7
    assert errors["points"].abs().max() < 1e-9
    assert set(errors["maturity"]) == {"20-49"}


def test_the_table_states_medians_and_the_share_within_the_spread() -> None:
    """Errors of 1, -2 and 4 half-spreads of 0.10; one quote has no spread."""
    errors = pd.DataFrame(
        {
            "underlying": "VIX",
            "held_out": True,
            "stressed": False,
            "right": "call",
            "maturity": "20-49",
            "group": "0.20-0.35",
            "session": [1, 1, 2, 2],
            "vol_points": [1.0, -2.0, 3.0, -4.0],
            "points": [0.1, -0.2, 0.4, 0.3],
            "half_spreads": [1.0, -2.0, 4.0, np.nan],
            "half_spread": [0.1, 0.1, 0.1, np.nan],
            "model_half_spread": [0.1, 0.2, 0.3, 0.1],
        }
    )
    (row,) = option_table(errors).to_dict("records")

    assert (row["n"], row["sessions"]) == (4, 2)
    assert (row["vol_median"], row["vol_abs_median"]) == (-0.5, 2.5)
    assert row["points_median"] == pytest.approx(0.2)
    assert row["half_spreads_abs_median"] == 2.0
    assert row["within_spread"] == pytest.approx(1 / 3)
    assert spread_table(errors)["ratio"].tolist() == pytest.approx([2.0])


def test_a_folder_without_chains_is_not_validated(tmp_path: Path) -> None:
    assert validation(tmp_path, load_history(write_histories(tmp_path))) is None


@pytest.mark.data
def test_recorded_spx_chains_that_were_not_fitted_are_met(data_dir: Path, history: History) -> None:
    """Volatility points, far wings included; the stressed session is that of a VIX of 66."""
    errors = option_errors(chain_observations(data_dir, history, "SPX", every=5), history)
    table = totals(errors[errors["held_out"]]).set_index("stressed")
    median = table["vol_abs_median"]

    assert table["n"].min() > 1_000
    assert median[False] < 0.8
    assert median[True] < 3.0
    traded = errors[(errors["delta"].between(0.05, 0.35)) & (errors["days"].between(25, 59))]
    assert traded["vol_points"].abs().median() < 0.5


@pytest.mark.data
def test_recorded_vix_calls_that_were_not_fitted_are_met(data_dir: Path, history: History) -> None:
    """In percent of the recorded volatility: calm and stressed, bias and magnitude."""
    errors = option_errors(vix_call_observations(data_dir, history), history)
    kept = errors[errors["held_out"] & (errors["days"] >= 5)]
    ratio = (kept["model_vol"] / kept["vol"] - 1).groupby(kept["stressed"])

    assert ratio.median().abs().max() < 0.03
    assert ratio.apply(lambda each: each.abs().median()).max() < 0.05
    far = kept[kept["days"] >= 150]
    assert (far["model_vol"] / far["vol"] - 1).abs().median() < 0.04


@pytest.mark.data
def test_the_full_vix_chain_is_fitted_to_all_maturities(data_dir: Path, history: History) -> None:
    errors = option_errors(chain_observations(data_dir, history, "VIX"), history)
    chain = errors[errors["session"] == np.datetime64("2021-04-26")]
    ratio = (chain["model_vol"] / chain["vol"] - 1).abs()

    assert ratio.groupby(chain["maturity"]).median().max() < 0.04


@pytest.mark.data
def test_the_curve_from_the_vix_alone_is_known_to_be_worse(history: History) -> None:
    """2004-2009 is out of sample for both: rms below 7 % with VIX3M, below 16 % without."""
    errors = curve_errors(history, step=20)
    early = errors[errors["era"] == "2004-2009"]

    assert early["rms_pct"].max() < 7
    assert 9 < early["rms_alone_pct"].max() < 16
    assert errors["mean_alone_pct"].abs().max() < 8


@pytest.mark.data
def test_the_calls_of_vxth_are_read_as_published(data_dir: Path) -> None:
    read = {each.session: each for each in vxth_calls(data_dir / "vxth_daily_with_vix_calls.csv")}
    panic = read[dt.date(2011, 8, 8)]

    assert (panic.strike, panic.bid, panic.ask) == (24.0, 11.6, 12.0)
    assert math.isnan(read[dt.date(2008, 10, 10)].bid)


def test_sets_of_observations_are_joined_in_order() -> None:
    first = calls(np.array([4.2, 2.1, 1.4, 0.6, 0.09]))

    assert joined([first, first]).strike.tolist() == [20.0, 25.0, 20.0, 25.0]
