"""Time of a simulated session, and of reading one recorded chain.

STEWARD_DATA gives the second figure. Times are processor time of this process, as other programs
may share the machine.
"""

from __future__ import annotations

import os
import statistics
from pathlib import Path
from typing import TYPE_CHECKING

from figures import Figure, milliseconds, missing, timed

from bot.core.model import OptionContract, Right
from bot.data.chains import listed_sessions, read_chain
from bot.simulator.synthetic import SyntheticMarket

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.core.model import TradingDay
    from bot.simulator.market import OptionSeries

SESSIONS, ROUNDS = 60, 7
SERIES = (("SPX", 30), ("SPX", 35), ("VIX", 30), ("VIX", 110))
STRIKES = slice(5, 30)


def play(market: SyntheticMarket, day: TradingDay) -> None:
    """Step to the afternoon and ask for 200 options of four expiries."""
    market.advance(day.open + (day.close - day.open) * 0.9)
    for underlying, days in SERIES:
        series = nearest(market.series(underlying), day, days)
        for strike in series.strikes[STRIKES]:
            for right in Right:
                market.option(
                    OptionContract(
                        underlying=underlying,
                        trading_class=series.trading_class,
                        expiry=series.expiry,
                        last_trade=series.last_trade,
                        strike=strike,
                        right=right,
                    )
                )


def nearest(listed: tuple[OptionSeries, ...], day: TradingDay, days: int) -> OptionSeries:
    """Return the series whose expiry lies nearest to `days` ahead."""
    return min(listed, key=lambda each: abs((each.expiry - day.session).days - days))


def measure() -> Iterator[Figure]:
    """Yield the time of a session, and that of a full capture."""
    market = SyntheticMarket(scenario="spike", sessions=SESSIONS)
    spent = [milliseconds(lambda day=day: play(market, day)) for day in market.days()]  # type: ignore[misc]
    yield Figure(
        name="session with 200 option quotes",
        value=statistics.median(spent),
        unit="ms",
        samples=tuple(spent),
    )
    folder = os.environ.get("STEWARD_DATA")
    if folder is None:
        yield missing("reading a recorded chain", "STEWARD_DATA is not set", "ms")
        return
    sessions = listed_sessions(Path(folder) / "option_chains")
    full = max((each.spx for each in sessions if each.spx), key=lambda capture: capture.rows)
    times = timed(lambda: read_chain(full.path), rounds=ROUNDS)
    yield Figure(
        name=f"reading {full.rows} lines of a recorded chain",
        value=statistics.median(times),
        unit="ms",
        samples=tuple(times),
    )
