"""``steward check``: tests everything that a session needs, and says what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.broker.market_data import INDEXES, MarketData
from bot.clock import new_york
from bot.core.book import TradingState
from bot.core.errors import StewardError
from bot.core.model import Feed
from bot.killswitch import KillSwitch
from bot.ledger.store import Ledger
from bot.project import Project, connected, load_project

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.broker.session import Broker

SKEW_SECONDS = 2.0
BARS_NEEDED = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was tested; `text` says what was found, and the remedy when it failed."""

    name: str
    passed: bool
    text: str


async def examine(folder: Path) -> list[Finding]:
    """Test config, kill switch, ledger, gateway and market data, in this order.

    A test that needs what failed before it is not made: its cause is named once.
    """
    try:
        project = load_project(folder)
    except StewardError as fault:
        return [Finding(name="config", passed=False, text=str(fault))]
    findings = [
        Finding(name="config", passed=True, text=f"rules {project.rules_sha256[:12]}"),
        _kill_switch(project),
        _ledger(project),
    ]
    findings += [finding async for finding in _gateway(project)]
    return findings


def _kill_switch(project: Project) -> Finding:
    reading = KillSwitch(project.settings_path).read()
    text = reading.state.value + (f" ({reading.fault or reading.reason})" if reading.reason else "")
    return Finding(
        name="kill switch", passed=reading.state is TradingState.ACTIVE, text=text or "active"
    )


def _ledger(project: Project) -> Finding:
    path = project.settings.ledger.path
    try:
        with Ledger.open(path):
            return Finding(name="ledger", passed=True, text=str(path))
    except StewardError as fault:
        return Finding(name="ledger", passed=False, text=str(fault))


async def _gateway(project: Project) -> AsyncIterator[Finding]:
    settings = project.settings.broker
    try:
        async with connected(project) as broker:
            where = f"{settings.mode} at {settings.host}:{settings.port}"
            yield Finding(name="gateway", passed=True, text=f"{where}, synchronised")
            async for finding in _connection(broker):
                yield finding
    except StewardError as fault:
        yield Finding(name="gateway", passed=False, text=str(fault))


async def _connection(broker: Broker) -> AsyncIterator[Finding]:
    yield await _clock(broker)
    market = MarketData(broker)
    levels = {level.symbol: level for level in await market.indexes()}
    for symbol in INDEXES:
        level = levels[symbol]
        live = level.last is not None and level.feed is Feed.LIVE
        text = (
            f"{level.last:g}"
            if live
            else f"{level.feed.value} {level.last}: subscribe to Cboe indexes, or wait for the open"
        )
        yield Finding(name=f"index {symbol}", passed=live, text=text)
    session = new_york(broker.clock.now()).date()
    for symbol in ("SPX", "VIX"):
        count = len(await market.index_bars(symbol, session))
        yield Finding(
            name=f"daily bars {symbol}",
            passed=count >= BARS_NEEDED,
            text=f"{count} of {BARS_NEEDED} needed",
        )
    breadth = await market.breadth_now(session)
    text = "AD-NYSE unknown: the sector ETFs take its place" if breadth is None else "AD-NYSE"
    yield Finding(name="breadth", passed=True, text=text)
    for underlying in ("SPX", "VIX"):
        count = len(await market.series(underlying))
        yield Finding(
            name=f"option series {underlying}", passed=count > 0, text=f"{count} expiries listed"
        )


async def _clock(broker: Broker) -> Finding:
    skew = abs((await broker.time() - broker.clock.now()).total_seconds())
    text = f"{skew:.1f} s from the gateway's"
    if skew > SKEW_SECONDS:
        text += ": set this machine's clock by NTP; no entries are made until then"
    return Finding(name="clock", passed=skew <= SKEW_SECONDS, text=text)
