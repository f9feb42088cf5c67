"""Records whole option chains from the gateway: series by series, in waves, into Parquet.

A recorder connects beside a running bot, under a client number of its own, and stands aside while
the bot decides a session: the lines of market data are the user's, and the bot's first. It looks
before each wave, and leaves the bot lines for the levels that it reads while a wave ends.

A recording is taken within the regular hours of a session, or after its close on the same day. It
may be interrupted at any instant; ``bot.data.recording`` says how it goes on. What cannot be read
of a series (the venue does not know its strikes) is told and left out.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.broker.market_data import MarketData
from bot.clock import WallClock, at_new_york, new_york, sleep_until
from bot.core.errors import MarketClosedError, MarketDataError
from bot.core.model import Right
from bot.data.chain_files import CaptureFacts, QuotedOption
from bot.data.recorded_histories import SessionLevels, write_histories
from bot.data.recording import begin
from bot.heartbeat import heartbeat_path, read_heartbeat
from bot.logs import get_logger
from bot.project import connected

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from bot.broker.session import Broker
    from bot.core.model import OptionContract, Quote, Session
    from bot.core.universe import ListedSeries
    from bot.data.recording import Recording
    from bot.project import Project

log = get_logger(__name__)

UNDERLYINGS: Final = ("SPX", "VIX")
LINES: Final = 60
"""Lines of a wave, of the 100 that all clients of one user share."""

STAND_ASIDE_SECONDS: Final = 1.0
FRESH_SECONDS: Final = 180.0
"""Age from which the heartbeat of a bot says nothing any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One chain that was recorded.

    Parameters
    ----------
    path
        Its file.
    facts
        What it says about itself.
    rows
        Options that were asked for.
    quoted
        Options of which at least one side was quoted.
    resumed
        Series that an interrupted recording had left.
    """

    path: Path
    facts: CaptureFacts
    rows: int
    quoted: int
    resumed: int


async def record_chains(
    project: Project,
    underlyings: Sequence[str],
    folder: Path,
    *,
    at: dt.time | None = None,
    advance: Callable[[int, int], None] = lambda _done, _total: None,
) -> tuple[Recorded, ...]:
    """Record the chains of a session into `folder`, with the levels that their playback needs.

    Parameters
    ----------
    project
        Its gateway, account and calendar.
    underlyings
        ``"SPX"``, ``"VIX"``.
    folder
        Where to; made where needed.
    at
        New York time of day to wait for; at once when it is not given, or has passed.
    advance
        Told how many series of how many are done.

    Raises
    ------
    MarketClosedError
        If there is nothing to record now.
    RecordedDataError
        If a chain of the session is recorded already, or the folder cannot be written.
    StewardError
        If the gateway is absent, or the account is wrong.
    """
    async with connected(beside_the_bot(project)) as broker:
        if at is not None:
            day = broker.calendar.on_or_after(new_york(broker.clock.now()).date())
            await sleep_until(broker.clock, at_new_york(day, at))
        session = _session_now(broker)
        market = MarketData(broker, line_limit=LINES)
        await _stand_aside(project)
        known = await _levels(project, market, session)
        recordings = [begin(folder, name, session, at=broker.clock.now()) for name in underlyings]
        listed = {each.underlying: await _listed(market, each, session) for each in recordings}
        told = _Progress(total=sum(map(len, listed.values())), advance=advance)
        found = [
            await _record(project, market, each, listed[each.underlying], known, told)
            for each in recordings
        ]
        write_histories(folder, known)
        return tuple(found)


@dataclass(slots=True)
class _Progress:
    """Counts series over all chains."""

    total: int
    advance: Callable[[int, int], None]
    done: int = 0

    def step(self) -> None:
        self.done += 1
        self.advance(self.done, self.total)


def beside_the_bot(project: Project) -> Project:
    """Return `project` with a client number that the bot does not use."""
    broker = project.settings.broker
    return replace(
        project,
        settings=replace(project.settings, broker=replace(broker, client_id=broker.client_id + 1)),
    )


def _session_now(broker: Broker) -> Session:
    """Return the session that quotes of now belong to.

    Raises
    ------
    MarketClosedError
        If there is none: before the open, or on a day without trading.
    """
    now = broker.clock.now()
    session = new_york(now).date()
    if not broker.calendar.is_session(session):
        raise MarketClosedError(f"{session} is no session: there is nothing to record today")
    opens = broker.calendar.day(session).open
    if now < opens:
        raise MarketClosedError(
            f"session {session} opens at {new_york(opens):%H:%M} New York time, it is "
            f"{new_york(now):%H:%M}: name a time of day with --at"
        )
    return session


async def _levels(project: Project, market: MarketData, session: Session) -> SessionLevels:
    """Read what is played back beside the chains; what is unknown is left out."""
    indexes = await market.indexes()
    return SessionLevels(
        session=session,
        levels={each.symbol: each.last for each in indexes if each.last is not None},
        spx_bars=await market.index_bars("SPX", session),
        vix_bars=await market.index_bars("VIX", session),
        futures=await market.vx_curve(),
        breadth=await market.breadth_now(session),
        rate=project.rules.rate,
    )


async def _listed(
    market: MarketData, recording: Recording, session: Session
) -> tuple[ListedSeries, ...]:
    """Return the series that still trade on the session."""
    listed = await market.series(recording.underlying)
    return tuple(series for series in listed if series.last_trade >= session)


async def _record(  # noqa: PLR0913, PLR0917 - one chain with all that it needs
    project: Project,
    market: MarketData,
    recording: Recording,
    listed: Sequence[ListedSeries],
    known: SessionLevels,
    told: _Progress,
) -> Recorded:
    """Record what is missing of one chain, and put it together."""
    done = recording.done()
    for series in listed:
        if (series.trading_class, series.expiry) not in done:
            await _record_series(project, market, recording, series)
        told.step()
    clock = market.broker.clock
    closes = market.broker.calendar.day(recording.session).close
    facts, options = recording.finish(
        quote_session="rth_intraday" if clock.now() < closes else "rth_close",
        spot=known.levels.get(recording.underlying),
        source=f"steward record, {project.settings.broker.mode} gateway",
    )
    quoted = sum(option.bid is not None or option.ask is not None for option in options)
    return Recorded(
        path=recording.path, facts=facts, rows=len(options), quoted=quoted, resumed=len(done)
    )


async def _stand_aside(project: Project) -> None:
    """Wait while the bot decides a session: the lines of market data are shared."""
    path = heartbeat_path(project.settings.ledger.path)
    while (beat := read_heartbeat(path)) is not None and beat.state == "session":
        if (WallClock().now() - beat.at).total_seconds() > FRESH_SECONDS:
            return
        await asyncio.sleep(STAND_ASIDE_SECONDS)


async def _record_series(
    project: Project, market: MarketData, recording: Recording, series: ListedSeries
) -> None:
    """Read every option of one expiry, and keep it."""
    await _stand_aside(project)
    try:
        series = await market.with_own_strikes(series)
    except MarketDataError as fault:
        log.warning("strikes.unknown", expiry=str(series.expiry), detail=str(fault))
        series = dataclasses.replace(series, strikes=())
    wanted = [
        series.contract(strike, right)
        for strike in series.strikes
        for right in (Right.CALL, Right.PUT)
    ]
    options: list[QuotedOption] = []
    for first in range(0, len(wanted), LINES):
        await _stand_aside(project)
        quotes = await market.options(wanted[first : first + LINES])
        at = market.broker.clock.now()
        options += [_row(contract, quote, at) for contract, quote in quotes.items()]
    at = market.broker.clock.now()
    recording.keep((series.trading_class, series.expiry), options, at=at)


def _row(contract: OptionContract, quote: Quote, at: dt.datetime) -> QuotedOption:
    return QuotedOption(
        root=contract.trading_class,
        expiry=contract.expiry,
        strike=contract.strike,
        right=contract.right.value,
        bid=quote.bid,
        ask=quote.ask,
        last=quote.last,
        bid_size=quote.bid_size,
        ask_size=quote.ask_size,
        quoted_at=at,
        feed=quote.feed.value,
    )
