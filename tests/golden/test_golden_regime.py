"""Signals of famous sessions, pinned; each held against arithmetic that owes nothing to the code.

The closes before a session, its VIX, VIX3M and VX settlements are read from the recorded files and
put through textbook recursions written out here; ratios are divided by hand in the comments.
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import json
import math
import statistics
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import golden_files as golden
import pytest
from past_market import PastMarket

if TYPE_CHECKING:
    from pathlib import Path

PINNED: dict[str, dict[str, Any]] = json.loads(golden.FAMOUS_FILE.read_text(encoding="utf-8"))
BARS = 504

RATIOS = {
    # VIX / VIX3M, and VX2 / VX1 - 1, from the closes and settlements of the day
    "2004-07-12": (None, 0.2611),  #  VIX3M fitted; 19.03  / 15.09   - 1
    "2008-10-10": (1.3740, -0.3245),  # 69.95 / 50.91; 38.31   / 56.71   - 1
    "2010-05-06": (1.2438, -0.0034),  # 32.80 / 26.37; 29.10   / 29.20   - 1
    "2011-08-08": (1.2598, -0.1737),  # 48.00 / 38.10; 30.20   / 36.55   - 1
    "2015-08-24": (1.3083, -0.1045),  # 40.74 / 31.14; 22.50   / 25.125  - 1
    "2017-10-05": (0.7545, 0.1524),  #   9.19 / 12.18; 12.475  / 10.825  - 1
    "2018-02-05": (1.3267, -0.1580),  # 37.32 / 28.13; 27.975  / 33.225  - 1
    "2020-02-28": (1.3437, -0.1254),  # 40.11 / 29.85; 23.025  / 26.325  - 1
    "2020-03-16": (1.2214, -0.1855),  # 82.69 / 67.70; 59.15   / 72.625  - 1
    "2022-06-13": (0.9936, -0.0172),  # 34.02 / 34.24; 32.8934 / 33.4687 - 1
    "2024-08-05": (1.1442, -0.0532),  # 38.57 / 33.71; 30.3911 / 32.0986 - 1
    "2025-04-08": (1.2610, -0.1976),  # 52.33 / 41.50; 31.4333 / 39.1728 - 1
}

STATES = {
    # regime, score, breadth, cycle: which of the five points are true is said beside
    "1995-06-15": ("calm", 0, "neutral", "bull"),
    "1998-08-31": ("stress", 5, "down", "correction"),  # close before 13 % below its high
    "2001-09-17": ("stress", 5, "down", "bear"),  # first session after four days without
    "2004-07-12": ("calm", 1, "up", "bull"),  # MACD only
    "2008-10-10": ("stress", 5, "down", "bear"),
    "2010-05-06": ("stress", 4, "down", "correction"),  # RSI 42.5 of the closes before: no point
    "2011-08-08": ("stress", 5, "down", "correction"),
    "2015-08-24": ("stress", 5, "down", "bull"),  # close before 7.5 % below its high
    "2017-10-05": ("calm", 0, "up", "bull"),
    "2018-02-05": ("stress", 4, "down", "bull"),  # RSI 46.1: the fall was two sessions old
    "2020-02-28": ("stress", 5, "down", "correction"),
    "2020-03-16": ("stress", 3, "down", "correction"),  # the histogram had begun to rise; RSI 37.7
    "2022-06-13": ("transition", 2, "down", "correction"),  # VIX below VIX3M, histogram above 0
    "2024-08-05": ("stress", 3, "neutral", "bull"),
    "2025-04-08": ("stress", 5, "down", "correction"),
}

SUBSTITUTES = {
    "1995-06-15": ["vix3m", "vx"],
    "1998-08-31": ["vix3m", "vx", "vix_gap"],
    "2001-09-17": ["vix3m", "vx", "vix_gap"],
    "2004-07-12": ["vix3m"],
    "2020-02-28": ["large_caps"],
    "2020-03-16": ["large_caps"],
    "2022-06-13": ["large_caps"],
    "2024-08-05": ["large_caps"],
    "2025-04-08": ["large_caps"],
}


@pytest.fixture(scope="session")
def past(data_dir: Path) -> PastMarket:
    return PastMarket(data_dir)


@pytest.mark.parametrize("session", RATIOS)
def test_ratios_are_those_divided_by_hand(session: str) -> None:
    term, curve = RATIOS[session]

    if term is not None:
        assert PINNED[session]["vix_over_vix3m"] == pytest.approx(term, abs=5e-5)
    assert PINNED[session]["vx2_over_vx1"] == pytest.approx(curve, abs=5e-5)


@pytest.mark.parametrize("session", STATES)
def test_the_state_of_each_famous_session_is_the_one_remembered(session: str) -> None:
    found = PINNED[session]

    state = tuple(found[name] for name in ("regime", "stress_score", "breadth", "cycle"))
    assert state == STATES[session]
    assert found["substitutes"] == SUBSTITUTES.get(session, [])
    assert (found["unknown"], found["stress_unknown"]) == ("", 0)


def test_every_famous_session_has_a_row_in_each_table() -> None:
    assert list(PINNED) == list(STATES) == [str(session) for session in golden.FAMOUS]


@pytest.mark.data
@pytest.mark.parametrize("session", PINNED)
def test_the_signals_of_a_famous_session_are_as_pinned(session: str, past: PastMarket) -> None:
    found = golden.figures(past, dt.date.fromisoformat(session), golden.pinned_rules())

    assert found == {
        name: pytest.approx(value, rel=1e-9, abs=1e-12) if isinstance(value, float) else value
        for name, value in PINNED[session].items()
    }


@pytest.mark.data
def test_the_regimes_since_1991_are_as_pinned(past: PastMarket) -> None:
    pinned, rules = golden.pinned_regimes(), golden.pinned_rules()
    sessions = past.sessions(golden.FIRST, golden.LAST)
    sample = sessions[::15]  # all of them take half a minute

    assert list(pinned) == sessions
    assert {each: golden.regime_day(past, each, rules).text for each in sample} == {
        each: pinned[each] for each in sample
    }


# --- the same figures from the recorded files, by other means -----------------------------------


@cache
def column(path: Path, name: str) -> dict[str, float]:
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
    return {row["date"]: float(row[name]) for row in csv.DictReader(text.splitlines()) if row[name]}


def closes_before(folder: Path, file: str, session: str, sessions: list[str]) -> list[float]:
    """Return the last closes before `session`; a session without one has the close before."""
    known = column(folder / file, "close")
    closes, last = [], math.nan
    for day in sessions:
        if day >= session:
            break
        last = known.get(day, last)
        closes.append(last)
    return closes[-BARS:]


def wilder(closes: list[float]) -> float:
    changes = [later - earlier for earlier, later in pairwise(closes)]
    gain = sum(max(change, 0) for change in changes[:14]) / 14
    loss = sum(max(-change, 0) for change in changes[:14]) / 14
    for change in changes[14:]:
        gain = (gain * 13 + max(change, 0)) / 14
        loss = (loss * 13 + max(-change, 0)) / 14
    return 100 - 100 / (1 + gain / loss)


def averages(values: list[float], period: int, start: int = 0) -> list[float]:
    """EMA from the mean of `period` values that begin at `start`; as long as what is left."""
    found = [sum(values[start : start + period]) / period]
    for value in values[start + period :]:
        found.append(found[-1] + 2 / (period + 1) * (value - found[-1]))
    return found


def histograms(closes: list[float]) -> list[float]:
    line = [
        fast - slow
        for fast, slow in zip(averages(closes, 12, 14), averages(closes, 26), strict=True)
    ]
    return [macd - signal for macd, signal in zip(line[8:], averages(line, 9), strict=True)]


@pytest.mark.data
@pytest.mark.parametrize("session", PINNED)
def test_momentum_and_cycle_agree_with_textbook_recursions(
    session: str, past: PastMarket, data_dir: Path
) -> None:
    days = [str(day) for day in past.sessions(dt.date(1988, 1, 4), golden.LAST)]
    spx = closes_before(data_dir, "spx_daily.csv", session, days)
    vix = closes_before(data_dir, "vix_daily.csv", session, days)
    found = PINNED[session]

    assert found["spx_rsi"] == pytest.approx(wilder(spx), abs=1e-9)
    assert found["vix_rsi"] == pytest.approx(wilder(vix), abs=1e-9)
    assert [found["macd_histogram_previous"], found["macd_histogram"]] == pytest.approx(
        histograms(spx)[-2:], abs=1e-9
    )
    assert found["vix_macd_histogram"] == pytest.approx(histograms(vix)[-1], abs=1e-9)
    assert found["spx_drawdown"] == pytest.approx(1 - spx[-1] / max(spx), abs=1e-12)
    assert found["spx_long_mean"] == pytest.approx(statistics.fmean(spx[-200:]))
    assert found["vix_short_mean"] == pytest.approx(statistics.fmean(vix[-5:]))
    assert found["vix_long_mean"] == pytest.approx(statistics.fmean(vix[-200:]))


@pytest.mark.data
@pytest.mark.parametrize("session", PINNED)
def test_levels_of_vix_agree_with_the_recorded_closes(
    session: str, past: PastMarket, data_dir: Path
) -> None:
    days = [str(day) for day in past.sessions(dt.date(1988, 1, 4), golden.LAST)]
    vix = column(data_dir / "vix_daily.csv", "close")[session]
    before = closes_before(data_dir, "vix_daily.csv", session, days)
    vix3m = column(data_dir / "vol_indices_daily.csv", "vix3m")
    fitted = 21.9 * (vix / 20) ** 0.82

    found = PINNED[session]

    assert found["edr_pct"] == pytest.approx(vix / math.sqrt(252))
    assert found["vix_over_median"] == pytest.approx(vix / statistics.median(before[-20:]))
    assert found["vix_over_vix3m"] == pytest.approx(vix / vix3m.get(session, fitted))


@pytest.mark.data
@pytest.mark.parametrize("session", PINNED)
def test_breadth_agrees_with_the_recorded_counts(
    session: str, past: PastMarket, data_dir: Path
) -> None:
    prefix = "proxy_" if "large_caps" in PINNED[session]["substitutes"] else ""
    file = data_dir / "nyse_breadth_daily.csv.gz"
    up, down = column(file, f"{prefix}advances"), column(file, f"{prefix}declines")
    series = past.on(dt.date.fromisoformat(session)).snapshot.breadth
    assert series is not None
    counts = [(up[str(day.session)], down[str(day.session)]) for day in series.days]
    scaled = [1000 * (rise - fall) / (rise + fall) for rise, fall in counts]
    line = [sum(rise - fall for rise, fall in counts[: n + 1]) for n in range(len(counts))]

    found = PINNED[session]

    oscillator = averages(scaled, 19)[-1] - averages(scaled, 39)[-1]
    assert found["mcclellan"] == pytest.approx(oscillator, abs=1e-8)
    assert found["rana"] == pytest.approx(scaled[-1] / 1000)
    assert found["ad_line_above_ema"] is (line[-1] > averages(line, 20)[-1])


@pytest.mark.data
def test_the_slope_at_constant_maturity_on_2018_02_05_by_hand(data_dir: Path) -> None:
    # futures of 02-14, 03-21 and 04-18: 9, 44 and 72 days ahead. 30 days: 33.225 - 5.25 * 21/35;
    # 60 days: 27.975 + (VX3 - 27.975) * 16/28, with VX3 as recorded
    third = column(data_dir / "vx_futures_m1_m8.csv", "m3")["2018-02-05"]

    found = PINNED["2018-02-05"]

    assert found["vx_30_days"] == pytest.approx(33.225 - 5.25 * 0.6)
    assert found["vx_60_days"] == pytest.approx(27.975 + (third - 27.975) * 16 / 28)
    assert found["vx_slope"] == pytest.approx(found["vx_60_days"] / found["vx_30_days"] - 1)
    assert found["vx_steepening"] is True
