"""Five market histories from a seed: what happens is planned, how it happens is drawn.

A scenario is a list of knots: by session, the level of the VIX and the cumulative return of SPX.
Between knots both are log-linear. Round the plan, SPX makes a mean-reverting walk at 0.6 of the
volatility that the VIX implies, and the VIX leans against it. Before the first playable session
lies a quiet history of `HISTORY` sessions, so that every indicator is warm.

======================  ==================================================================
calm                    VIX 13-15, SPX drifts up 7 % in 120 sessions
grind-down              VIX 20-28, SPX loses 18 % in 120 sessions without one bad day
spike                   20 calm sessions, VIX 14 to 40 within 4, then decay; SPX -11 %
crash-and-recover       VIX 66, SPX -30 % within 17 sessions, back in 85 (as 2020)
seasons                 one of the four for each quarter of 63 sessions, as the seed draws
======================  ==================================================================

After its last knot a scenario stays at the last level of the VIX and drifts up 5 % a year.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from bot.simulator.companions import FUNDS, fund_paths
from bot.simulator.paths import STEPS, Paths
from bot.surfaces.levels import MEDIAN_SKEW, modelled_vix3m, modelled_vix9d, modelled_vvix

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.core.model import TradingDay

HISTORY: Final = 330
"""Sessions before the first playable one."""

START_SPX: Final = 5900.0
"""Close of SPX before the first playable session."""

START_VIX: Final = 14.0
SESSIONS_IN_YEAR: Final = 252
REALISED_SHARE: Final = 0.6
"""Realised over implied volatility of the walk round the plan."""

LEAN: Final = 6.0
"""Log change of the VIX for a log return of SPX of -1."""

SPX_MEMORY: Final = 0.97
"""What is left after a session of the distance of SPX from its plan."""

VIX_MEMORY: Final = 0.85
VIX_NOISE: Final = 0.025
VIX_BAND: Final = 0.12
"""Most that the VIX lies off its plan, as a logarithm."""

HISTORY_MEMORY: Final = 0.97
HISTORY_NOISE: Final = 0.02
HISTORY_BAND: Final = 0.20
LARGEST_SHOCK: Final = 2.5
GAP_SHARE: Final = 0.3
"""Share of a session's move that comes overnight."""

INTRADAY_SHARE: Final = 0.6
SLOW_SESSIONS: Final = 10
LATER_DRIFT: Final = 0.05


class Scenario(StrEnum):
    """What a synthetic market goes through."""

    CALM = "calm"
    GRIND_DOWN = "grind-down"
    SPIKE = "spike"
    CRASH_AND_RECOVER = "crash-and-recover"
    SEASONS = "seasons"


SCENARIOS: Final = tuple(scenario.value for scenario in Scenario)
"""Their names, as typed by the user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Knot:
    """Where the plan stands after `session` sessions: VIX, and SPX over its start."""

    session: int
    vix: float
    spx: float


def _knots(*values: tuple[int, float, float]) -> tuple[Knot, ...]:
    return tuple(Knot(session=session, vix=vix, spx=spx) for session, vix, spx in values)


PLANS: Final[Mapping[Scenario, tuple[Knot, ...]]] = {
    Scenario.CALM: _knots((0, 14, 1.0), (40, 13, 1.03), (80, 15, 1.04), (120, 13.5, 1.07)),
    Scenario.GRIND_DOWN: _knots(
        (0, 14, 1.0), (8, 20, 0.975), (30, 25, 0.93), (60, 23, 0.90), (90, 28, 0.85),
        (120, 26, 0.82),
    ),
    Scenario.SPIKE: _knots(
        (0, 14, 1.0), (19, 14, 1.015), (20, 17, 0.998), (21, 22, 0.975), (22, 31, 0.935),
        (23, 40, 0.905), (24, 37, 0.915), (28, 28, 0.935), (34, 22, 0.965), (42, 17.5, 0.99),
        (60, 15.5, 1.01),
    ),
    Scenario.CRASH_AND_RECOVER: _knots(
        (0, 14, 1.0), (12, 15, 1.015), (16, 25, 0.96), (20, 40, 0.87), (25, 58, 0.77),
        (29, 66, 0.71), (34, 57, 0.76), (45, 43, 0.83), (70, 29, 0.90), (90, 25, 0.96),
        (115, 20, 1.03),
    ),
}  # fmt: skip


QUARTER: Final = 63
"""Sessions of a season."""

THAW: Final = 6
"""Sessions within which the VIX comes from the end of a season to the start of the next one."""


def seasons(seed: int, sessions: int) -> tuple[Scenario, ...]:
    """Return what the seed draws for each quarter of `sessions`."""
    rng = np.random.default_rng([seed, QUARTER])
    drawn = rng.integers(len(PLANS), size=max(1, math.ceil(sessions / QUARTER)))
    return tuple(tuple(PLANS)[at] for at in drawn)


def _plan(scenario: Scenario, seed: int, sessions: int) -> tuple[Knot, ...]:
    if scenario is not Scenario.SEASONS:
        return PLANS[scenario]
    joined: list[Knot] = []
    level = 1.0
    for number, season in enumerate(seasons(seed, sessions)):
        knots = _within_a_quarter(PLANS[season])
        start, thaw = number * QUARTER, THAW if number else 0
        joined += [
            Knot(session=start + knot.session, vix=knot.vix, spx=level * knot.spx)
            for knot in knots
            if knot.session >= thaw
        ]
        level *= knots[-1].spx
    return tuple(joined)


def _within_a_quarter(plan: tuple[Knot, ...]) -> tuple[Knot, ...]:
    """Squeeze a plan that takes longer into a quarter, the last `THAW` sessions left free."""
    share = min(1.0, (QUARTER - THAW) / plan[-1].session)
    squeezed = {round(knot.session * share): knot for knot in plan}
    return tuple(replace(knot, session=at) for at, knot in squeezed.items())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Closes:
    """Daily closes as logarithms; shape (n,) each."""

    spx: NDArray[np.float64]
    vix: NDArray[np.float64]


def scenario_paths(scenario: Scenario, *, seed: int, days: tuple[TradingDay, ...]) -> Paths:
    """Return the paths of a scenario; `days` begins with `HISTORY` sessions of quiet history.

    The same scenario, seed and days give the same paths.
    """
    rng = np.random.default_rng([seed, list(Scenario).index(scenario)])
    closes = _closes(_plan(scenario, seed, len(days) - HISTORY), len(days), rng)
    levels = _intraday(closes, rng)
    log_spx = np.log(levels["SPX"])
    funds = {symbol: fund_paths(log_spx, fund, rng) for symbol, fund in FUNDS.items()}
    return Paths(days=days, levels=levels | funds)


def _closes(plan: tuple[Knot, ...], count: int, rng: np.random.Generator) -> Closes:
    """Draw daily closes round the plan."""
    planned_spx, planned_vix = _planned(plan, count)
    quiet = _quiet_history(rng)
    planned_vix[:HISTORY] += quiet
    shocks = np.clip(rng.normal(size=count), -LARGEST_SHOCK, LARGEST_SHOCK)
    daily = np.exp(planned_vix) / 100 / math.sqrt(SESSIONS_IN_YEAR)
    walk = REALISED_SHARE * daily * shocks
    lean = -LEAN * walk + rng.normal(0.0, VIX_NOISE, count)
    off_plan = _decaying(lean, VIX_MEMORY)
    spx = planned_spx + _decaying(walk, SPX_MEMORY)
    spx += math.log(START_SPX) - spx[HISTORY - 1]
    return Closes(spx=spx, vix=planned_vix + VIX_BAND * np.tanh(off_plan / VIX_BAND))


def _planned(plan: tuple[Knot, ...], count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Log SPX and log VIX as planned for `count` sessions, history first."""
    sessions = np.arange(count) - HISTORY + 1
    at = [knot.session for knot in plan]
    spx = np.interp(sessions, at, [math.log(knot.spx) for knot in plan])
    vix = np.interp(sessions, at, [math.log(knot.vix) for knot in plan])
    outside = np.minimum(sessions, 0) + np.maximum(sessions - at[-1], 0)
    return spx + outside * LATER_DRIFT / SESSIONS_IN_YEAR, vix


def _quiet_history(rng: np.random.Generator) -> NDArray[np.float64]:
    """Log VIX off its start during the history, back at it when the history ends."""
    drawn = _decaying(rng.normal(0.0, HISTORY_NOISE, HISTORY), HISTORY_MEMORY)
    band: NDArray[np.float64] = HISTORY_BAND * np.tanh(drawn / HISTORY_BAND)
    fade = np.minimum(np.arange(HISTORY)[::-1] / SLOW_SESSIONS, 1.0)
    return band * fade


def _decaying(shocks: NDArray[np.float64], memory: float) -> NDArray[np.float64]:
    """Sum shocks that are forgotten: ``x[t] = memory x[t-1] + shock[t]``."""
    total = np.empty_like(shocks)
    state = 0.0
    for at, shock in enumerate(shocks):
        state = memory * state + float(shock)
        total[at] = state
    return total


def _intraday(closes: Closes, rng: np.random.Generator) -> dict[str, NDArray[np.float64]]:
    """Join the closes by paths: a gap overnight, then a bridge to the close."""
    bridge = _bridges(closes, rng)
    vix_bridge = -LEAN / 2 * bridge
    return {
        symbol: np.exp(_joined(closes_of) + beta * vix_bridge)
        for symbol, closes_of, beta in _index_closes(closes, rng)
    } | {"SPX": np.exp(_joined(closes.spx) + bridge)}


def _index_closes(
    closes: Closes, rng: np.random.Generator
) -> tuple[tuple[str, NDArray[np.float64], float], ...]:
    """Log closes of the volatility indexes, and how far each follows the VIX within a day.

    In a spike VIX9D and VVIX run ahead of what goes with the level of the VIX, and VIX3M lags
    behind: it follows the slow VIX by half.
    """
    vix = closes.vix
    weights = 1 - 1 / SLOW_SESSIONS
    slow = vix[0] + _decaying((vix - vix[0]) / SLOW_SESSIONS, weights)
    skew = math.log(MEDIAN_SKEW) + 0.02 * np.tanh(_decaying(rng.normal(0, 0.3, vix.size), 0.9))
    return (
        ("VIX", vix, 1.0),
        ("VIX9D", _log_of(modelled_vix9d, vix) + 0.3 * (vix - slow), 1.2),
        ("VIX3M", _log_of(modelled_vix3m, (vix + slow) / 2), 0.5),
        ("VVIX", _log_of(modelled_vvix, vix) + 0.4 * (vix - slow), 0.5),
        ("SKEW", skew, 0.0),
    )


def _log_of(model: Callable[[float], float], log_vix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithm of what goes with each level of the VIX."""
    levels = np.array([model(math.exp(level)) for level in log_vix])
    logarithms: NDArray[np.float64] = np.log(levels)
    return logarithms


def _joined(closes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Paths from each close to the next: `GAP_SHARE` overnight, the rest evenly through the day."""
    before = np.concatenate([closes[:1], closes[:-1]])
    share = GAP_SHARE + (1 - GAP_SHARE) * np.linspace(0.0, 1.0, STEPS + 1)
    moves: NDArray[np.float64] = (closes - before)[:, None] * share[None, :]
    return before[:, None] + moves


def _bridges(closes: Closes, rng: np.random.Generator) -> NDArray[np.float64]:
    """Brownian bridges of log SPX within each session, zero at both ends."""
    steps = rng.normal(size=(closes.vix.size, STEPS)) / math.sqrt(STEPS)
    walk = np.concatenate([np.zeros((closes.vix.size, 1)), np.cumsum(steps, axis=1)], axis=1)
    bridge = walk - walk[:, -1:] * np.linspace(0.0, 1.0, STEPS + 1)[None, :]
    daily = np.exp(closes.vix) / 100 / math.sqrt(SESSIONS_IN_YEAR)
    scaled: NDArray[np.float64] = INTRADAY_SHARE * daily[:, None] * bridge
    return scaled
