"""Fitting finds the numbers that made the quotes, and leaves what is held out alone."""

from __future__ import annotations

from dataclasses import astuple, fields
from typing import TYPE_CHECKING

import numpy as np
import pytest
from history_folder import write_histories

from bot.evidence.calibration import fit_spx, fit_vix
from bot.evidence.history_load import load_history
from bot.evidence.observations import Observations, joined
from bot.surfaces.levels import vol_levels
from bot.surfaces.spx_surface import SmileFit, fair_slice, smile_shape, term_variance
from bot.surfaces.vix_surface import VixSurfaceFit, vix_vols

if TYPE_CHECKING:
    from bot.evidence.history import History

MADE = VixSurfaceFit(level=1.2, reversion=2.0, forward_power=-0.2, slope=0.25, bend=0.05)
SMILE = SmileFit(
    rho=(-0.6, -0.1, -0.3, -0.1), eta=(-0.1, 0.1, 0.1, 0.1), wing=(-0.1, -0.2, -0.4, 0.0)
)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    return load_history(write_histories(tmp_path_factory.mktemp("histories")))


def quotes(row: int, strikes: np.ndarray, vols: np.ndarray, **facts: float) -> Observations:
    """Quotes of one expiry; everything that a fit does not read is 1."""
    values = {each.name: np.ones(strikes.size) for each in fields(Observations)}
    values |= {name: np.full(strikes.size, value) for name, value in facts.items()}
    values |= {
        "row": np.full(strikes.size, row),
        "strike": strikes,
        "vol": vols,
        "days": values["years"] * 365,
        "held_out": np.full(strikes.size, bool(facts.get("held_out", False))),
    }
    return Observations(**values)


def vix_quotes(
    years: float, forward: float, *, fit: VixSurfaceFit = MADE, **facts: float
) -> Observations:
    strikes = forward * np.linspace(0.8, 2.5, 12)
    vols = vix_vols(strikes, forward=forward, years=years, vvix=95.0, fit=fit)
    return quotes(300, strikes, vols, years=years, forward=forward, **facts)


def test_the_numbers_of_the_vix_surface_that_made_the_quotes_are_found(history: History) -> None:
    """VVIX is 95 throughout; five expiries, futures from 14 to 30; one quote held out is absurd."""
    chain = joined([vix_quotes(years, 14 + 30 * years) for years in (0.05, 0.1, 0.2, 0.4, 0.6)])
    wrong = VixSurfaceFit(level=3.0, reversion=1.0, forward_power=0.5, slope=0.0, bend=0.0)
    held_out = vix_quotes(0.1, 20.0, fit=wrong, held_out=True)
    calls = joined([vix_quotes(0.08, forward) for forward in (14.0, 20.0, 30.0)])
    found = fit_vix(joined([chain, held_out]), calls, history)

    assert astuple(found) == pytest.approx(astuple(MADE), abs=2e-3)


def test_the_smile_that_made_the_quotes_is_found_again(history: History) -> None:
    """Levels are constant, so only what goes with time can be told apart: vols are compared."""
    levels = vol_levels(20.0, vix9d=18.0, vix3m=22.0, vvix=95.0, skew=130.0)
    moneyness = np.linspace(-0.25, 0.1, 15)
    parts, expected = [], []
    for years in (0.05, 0.1, 0.2, 0.3):
        smile = fair_slice(term_variance(levels, years), smile_shape(levels, years, SMILE))
        vols = np.sqrt(smile.total_variance(moneyness) / years)
        expected.append(vols)
        parts.append(quotes(300, 100 * np.exp(moneyness), vols, years=years, forward=100.0))
    found = fit_spx(joined(parts), history)
    fitted = [
        np.sqrt(
            fair_slice(
                term_variance(levels, years), smile_shape(levels, years, found)
            ).total_variance(moneyness)
            / years
        )
        for years in (0.05, 0.1, 0.2, 0.3)
    ]

    assert np.abs(np.concatenate(fitted) / np.concatenate(expected) - 1).max() < 2e-3


def test_without_a_quote_to_fit_to_there_is_no_fit(history: History) -> None:
    held_out = vix_quotes(0.1, 20.0, held_out=True)

    with pytest.raises(ValueError, match="of 12 quotes none is to be fitted to"):
        fit_vix(held_out, held_out, history)
