"""Lines of market data over a real socket: leased in bounds, released at once and in every case."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import datetime as dt
import json
from typing import TYPE_CHECKING

import pytest
from harness import ADVANCE_TIME, Stage, stage
from typer.testing import CliRunner
from unattended import notes

from bot.broker.market_data import MarketData
from bot.broker.together import at_once
from bot.cli import app
from bot.core.model import Right
from bot.project import connected
from bot.review.session import review_json
from bot.review.terminal import render_review
from bot.simulator.faults.reading import parse_script
from bot.simulator.limits import REAL_LIMITS
from bot.simulator.settings import GatewaySettings
from bot.simulator.synthetic import SyntheticMarket
from bot.simulator.wire import Request

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from bot.broker.session import Broker
    from bot.core.model import OptionContract

IN_REAL_TIME = GatewaySettings(
    speed=1.0, messages_per_second=REAL_LIMITS.messages_per_second, lines=REAL_LIMITS.lines
)
OPENED, CLOSED = Request.MARKET_DATA, Request.CANCEL_MARKET_DATA


def scene(
    folder: Path,
    act: Callable[[Stage, Broker], Awaitable[None]],
    settings: GatewaySettings | None = None,
) -> None:
    """Connect in the afternoon of the first session, and act."""

    async def play() -> None:
        async with stage(folder, settings=settings) as found:
            opens = found.project.calendar.day(found.next_session()).open
            async with connected(found.project) as broker:
                wait = (opens - broker.clock.now()).total_seconds()
                await broker.clock.sleep(wait + 6 * 3600)
                await act(found, broker)

    asyncio.run(play())


def keep_pace(found: Stage) -> None:
    """Let the bot know that its gateway keeps real time."""
    broker = dataclasses.replace(found.project.settings.broker, simulation_speed=1.0)
    settings = dataclasses.replace(found.project.settings, broker=broker)
    found.project = dataclasses.replace(found.project, settings=settings)


async def calls(market: MarketData, count: int) -> list[OptionContract]:
    series = next(each for each in await market.series("SPX") if each.trading_class == "SPXW")
    middle = len(series.strikes) // 2
    return [
        series.contract(strike, Right.CALL) for strike in series.strikes[middle : middle + count]
    ]


def test_more_options_than_lines_are_read_on_lines_that_are_used_again(tmp_path: Path) -> None:
    async def act(found: Stage, broker: Broker) -> None:
        market = MarketData(broker, line_limit=5)
        order: list[int] = []
        found.on_message = order.append
        quotes = await market.options(await calls(market, 23))
        await broker.time()

        assert all(quote.two_sided for quote in quotes.values())
        assert (order.count(OPENED), order.count(CLOSED)) == (23, 23)
        assert market.lines.peak == 5
        assert market.lines.open == 0

    scene(tmp_path, act)


def test_a_line_that_stays_silent_holds_up_no_other(tmp_path: Path) -> None:
    async def act(found: Stage, broker: Broker) -> None:
        market = MarketData(broker, line_limit=2)
        wanted = await calls(market, 9)
        symbol = f"SPXW *C{int(wanted[0].strike * 1000):08d}"
        script = f'[[fault]]\nwhat = "quote"\nhow = "silent"\ncontract = "{symbol}"'
        found.gateway.inject(parse_script(script))
        waited: list[float] = []

        def heard(number: int) -> None:
            if number == CLOSED:
                waited.append((broker.clock.now() - began).total_seconds())

        began, found.on_message = broker.clock.now(), heard
        quotes = await market.options(wanted)
        await broker.time()

        assert [each.label() for each, quote in quotes.items() if not quote.two_sided] == [
            wanted[0].label()
        ]
        assert sorted(waited)[-2] < 3 < market.patience_seconds <= max(waited)

    scene(tmp_path, act)


def test_lines_are_given_back_when_the_reading_breaks_off(tmp_path: Path) -> None:
    async def act(found: Stage, broker: Broker) -> None:
        market = MarketData(broker, line_limit=4)
        wanted = await calls(market, 9)
        with contextlib.suppress(ZeroDivisionError), market.lines.leased():
            market.ask_indexes()
            raise ZeroDivisionError
        found.gateway.inject(
            parse_script('[[fault]]\nwhat = "quote"\nhow = "silent"\ncontract = "*"')
        )
        reading = asyncio.ensure_future(market.options(wanted))
        await asyncio.sleep(0)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        await broker.ask("the end", broker.client.reqAllOpenOrdersAsync())

        assert found.received[OPENED] == found.received[CLOSED] == 8
        assert market.lines.open == 0

    scene(tmp_path, act)


def test_the_first_request_that_fails_ends_the_others_and_is_raised_as_itself() -> None:
    ended: list[str] = []

    async def waits() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("waits")

    async def fails() -> None:
        await asyncio.sleep(0)
        raise KeyError("SPX")

    async def both() -> None:
        async with at_once() as group:
            group.create_task(waits())
            group.create_task(fails())

    with pytest.raises(KeyError, match="SPX"):
        asyncio.run(both())
    assert ended == ["waits"]


def test_the_meter_counts_what_the_gateway_received_but_for_the_steps_of_its_clock(
    tmp_path: Path,
) -> None:
    async def act(found: Stage, broker: Broker) -> None:
        market = MarketData(broker)
        before, heard = broker.meter.read(), sum(found.received.values())
        steps = found.received[ADVANCE_TIME]
        await market.indexes()
        await market.options(await calls(market, 3))
        await broker.time()

        received = sum(found.received.values()) - heard - found.received[ADVANCE_TIME] + steps
        assert broker.meter.read().since(before).requests == received > 2 * (6 + 3)

    scene(tmp_path, act)


class AtDecisionTime(SyntheticMarket):
    """A market that starts in the afternoon of its first session."""

    def start(self) -> dt.datetime:
        return self.days()[0].open + dt.timedelta(hours=6)


def test_a_session_in_real_time_asks_at_once_within_the_limits_and_sees_all_that_decides(
    tmp_path: Path,
) -> None:
    async def play() -> None:
        market = AtDecisionTime(scenario="calm", seed=3, sessions=2)
        async with stage(tmp_path, market=market, settings=IN_REAL_TIME) as found:
            keep_pace(found)
            session = market.days()[0].session
            outcome = await found.run(session, dry=True)
            snapshot = found.ledger.load_snapshot(session, dry=True)
            cost = json.loads(review_json(found.ledger, session))["run"]["phases"]["observe"]

            assert {each.purpose.value for each in outcome.decision.intents} == {"add", "protect"}
            assert all(each.last is not None for each in snapshot.indexes)
            assert len(snapshot.vx_days) == 31
            assert snapshot.breadth is not None
            assert cost["requests"] <= 150
            assert cost["waits"] > 0
            assert found.received[OPENED] == found.received[CLOSED]

    asyncio.run(play())


def test_a_real_pace_is_kept_with_a_gateway_in_real_time_and_no_message_is_refused(
    tmp_path: Path,
) -> None:
    """120 messages in a burst would be refused; the client spreads them over the seconds."""

    async def play() -> None:
        async with stage(tmp_path, settings=IN_REAL_TIME) as found:
            keep_pace(found)
            async with connected(found.project) as connection:
                market = MarketData(connection, patience_seconds=0.1)
                await market.options(await calls(market, 60))
                traffic = connection.meter.read()

                assert traffic.requests > 120
                assert traffic.waits > 0
                assert traffic.waited_seconds > 0
                assert 100 not in connection.refused.values()

    asyncio.run(play())


def test_an_spx_expiry_without_a_market_near_the_money_is_an_incident_and_not_sold(
    tmp_path: Path,
) -> None:
    async def play() -> None:
        async with stage(tmp_path) as found:
            script = '[[fault]]\nwhat = "quote"\nhow = "empty"\ncontract = "SPXW*"'
            found.gateway.inject(parse_script(script))
            outcome = await found.run(dry=True)

            verdicts = {each.code: each.passed for each in outcome.decision.verdicts}
            assert verdicts["CHAIN_UNKNOWN"] is False
            assert notes(found, "incidents", "kind") == ["NO_MONEY_MARKET"]
            (text,) = notes(found, "incidents", "detail")
            assert "no live two-sided market near the money" in text

    asyncio.run(play())


def test_what_a_reading_cost_is_kept_with_the_session_and_shown_in_full(tmp_path: Path) -> None:
    async def play() -> None:
        async with stage(tmp_path) as found:
            outcome = await found.run(dry=True)
            session = outcome.decision.session
            cost = json.loads(review_json(found.ledger, session))["run"]["phases"]["observe"]
            shown = [
                str(each) for each in render_review(found.ledger, session, full=True).renderables
            ]

            assert cost["requests"] <= 150
            assert 0 < cost["peak_lines"] <= 90
            assert cost["options"] > 30
            assert (cost["waits"], cost["waited_seconds"]) == (0, 0.0)
            assert any("Reading the market" in each for each in shown)

    asyncio.run(play())


def test_real_limits_are_of_real_time() -> None:
    refused = CliRunner().invoke(app, ["gateway", "--limits", "real"])

    assert refused.exit_code == 2
    assert "--speed 1" in refused.stderr


def test_a_reading_that_ends_before_the_choice_is_certain_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def told() -> int:
        return caplog.text.count("options.unread")

    async def play() -> None:
        async with stage(tmp_path) as found:
            with caplog.at_level("WARNING", logger="bot.observe"):
                await found.run()
                assert told() == 0
                monkeypatch.setattr("bot.observe.MOST_ROUNDS", 1)
                await found.run()
                assert told() == 1

    asyncio.run(play())
