"""A gateway and a bot in one event loop, both of which can be stopped at any point.

The bot is the real one from the connection on: ``connect``, ``preflight``, ``reconcile``,
``act``, ``repair`` and again ``reconcile``, through the client library and a socket; only what
it wishes for is given to it (``line_plan``). Whenever it waits on its clock it stands still
until the machine lets time pass, and between two turns of the loop it can be killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import datetime as dt
import functools
import re
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from line_market import DAYS, LineMarket, snapshot
from line_plan import intents
from puppet_clock import PuppetClock

from bot import cycle
from bot.broker.session import Broker, connect
from bot.core.book import Book, TradingState
from bot.core.decide import DECISION_VERSION, in_order, permitted
from bot.core.decision import Decision, OrderIntent
from bot.core.errors import StewardError
from bot.core.rules import LadderRules
from bot.defaults import write_defaults
from bot.desk import Desk
from bot.ledger.store import Ledger
from bot.project import Project, load_project, make_desk
from bot.reconcile import Reconciliation, reconcile
from bot.simulator.exchange import ExchangeSettings, OrderTicket
from bot.simulator.faults.reading import parse_script
from bot.simulator.fills import FillPolicy, FillSettings
from bot.simulator.gateway import Gateway
from bot.simulator.instruments import ContractQuery
from bot.simulator.settings import GatewaySettings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from idle_loop import IdleLoop
    from line_plan import Wish

    from bot.core.model import MarketSnapshot, OptionContract
    from bot.data.wire_recording import Sender
    from bot.simulator.faults.script import FaultScript

RESTING = FillSettings(
    policy=FillPolicy.NEVER, threshold_low=0.0, threshold_high=0.0, rest_seconds=0.0
)
"""Nothing fills until the machine says so, and then at the mid."""

DEADLINE_SECONDS = 2.0
HANG_SECONDS = 600.0
"""Time of the loop within which a bot that is not told to wait must have come to rest."""


@dataclass(slots=True)
class Run:
    """One process of the bot."""

    task: asyncio.Task[None] | None = None
    broker: Broker | None = None
    desk: Desk | None = None
    first: Reconciliation | None = None
    last: Reconciliation | None = None
    sent_under: dict[int, TradingState] = field(default_factory=dict)
    """Kill switch at the moment at which each order number was last put on the wire."""


class Kit:
    """What all worlds share: an event loop, a project, an empty ledger to start from."""

    def __init__(self, loop: IdleLoop) -> None:
        self.loop = loop
        self.folder = Path(tempfile.mkdtemp(prefix="line-"))
        write_defaults(self.folder)
        project = load_project(self.folder)
        rules = dataclasses.replace(project.rules, ladder=LadderRules(steps=2, seconds=10.0))
        self.project = dataclasses.replace(project, rules=rules)
        self.empty = self.folder / "empty.db"
        self.config = project.settings_path.read_text(encoding="utf-8")
        with Ledger.open(self.empty, durable=False):
            pass

    def close(self) -> None:
        shutil.rmtree(self.folder)


class LineWorld:
    """One gateway, one ledger, and the bot that is run on them again and again."""

    def __init__(self, kit: Kit) -> None:
        self.kit, self.loop = kit, kit.loop
        self.folder = Path(tempfile.mkdtemp(dir=kit.folder))
        self.gateway = Gateway(
            LineMarket(), GatewaySettings(exchange=ExchangeSettings(fills=RESTING))
        )
        self.run: Run | None = None
        self.switch = TradingState.ACTIVE
        self.decided: dict[dt.date, tuple[OrderIntent, ...]] = {}
        self.heard_sent: list[Callable[[int], None]] = []

    # -- life ------------------------------------------------------------------------------

    def open(self) -> None:
        self.loop.run_until_complete(self.gateway.__aenter__())
        self.clock = PuppetClock(self.gateway, self.loop)
        path = self.folder / "ledger" / "steward.db"
        path.parent.mkdir(mode=0o700)
        shutil.copyfile(self.kit.empty, path)
        path.chmod(0o600)
        self.project = self._project(path)
        self.write_switch(TradingState.ACTIVE)
        self.ledger = Ledger.open(path, durable=False)
        self.step(self.gateway.advance_to, self.project.decide_at(DAYS[0].session))

    def _project(self, path: Path) -> Project:
        (self.folder / "config").mkdir(mode=0o700)
        settings = self.kit.project.settings
        return dataclasses.replace(
            self.kit.project,
            folder=self.folder,
            settings=dataclasses.replace(
                settings,
                ledger=dataclasses.replace(settings.ledger, path=path),
                broker=dataclasses.replace(
                    settings.broker,
                    mode="simulated",
                    port=self.gateway.port,
                    request_timeout_seconds=DEADLINE_SECONDS,
                    connect_timeout_seconds=DEADLINE_SECONDS,
                ),
            ),
        )

    def close(self) -> None:
        if self.run is not None:
            self.kill()
        self.ledger.close()
        self.loop.run_until_complete(self._leave())
        shutil.rmtree(self.folder)

    async def _leave(self) -> None:
        await self.gateway.__aexit__(None, None, None)
        await self.loop.quiet()

    # -- time ------------------------------------------------------------------------------

    @property
    def now(self) -> dt.datetime:
        return self.gateway.world.now

    @property
    def session(self) -> dt.date:
        return self.now.date()

    @property
    def is_parked(self) -> bool:
        """Whether a bot runs and waits on its clock."""
        return self.run is not None and self.clock.sleeper is not None

    def step(self, act: Callable[..., object], *arguments: object) -> None:
        """Do something inside the loop, and let everything that follows from it happen."""

        async def acted() -> None:
            act(*arguments)
            await self._settle()

        self.loop.run_until_complete(acted())
        self._reap()

    async def _settle(self) -> None:
        """Wait until the bot stands still or has ended.

        Raises
        ------
        AssertionError
            If it does neither.
        """
        deadline = self.loop.time() + HANG_SECONDS
        await self.loop.quiet()
        while self.run is not None and not (self.is_parked or self._ended()):
            assert self.loop.time() < deadline, "the bot hangs"
            await asyncio.sleep(DEADLINE_SECONDS / 4)
            await self.loop.quiet()

    def _ended(self) -> bool:
        return self.run is None or self.run.task is None or self.run.task.done()

    def _reap(self) -> None:
        """Take note of a bot that has ended; only faults that it knows may end it."""
        if self.run is None or not self._ended():
            return
        run, self.run = self.run, None
        if run.task is not None and not run.task.cancelled():
            with contextlib.suppress(StewardError):
                run.task.result()
                self.completed(run)

    def completed(self, run: Run) -> None:
        """Hear of a bot that came to its end; for who watches."""

    def wait(self) -> None:
        """Let the bot's wait pass."""
        self.gateway.advance_to(max(self.clock.wakes_at, self.now))
        self.clock.wake()

    # -- the bot ---------------------------------------------------------------------------

    def begin(self, wishes: Sequence[Wish]) -> None:
        """Start the bot; call within the loop."""
        self.run = run = Run()
        run.task = self.loop.create_task(self._day(run, wishes))

    async def _day(self, run: Run, wishes: Sequence[Wish]) -> None:
        def tap(sender: Sender, fields: Sequence[str]) -> None:
            if sender.value == "client" and fields[0] == "3":
                run.sent_under[int(fields[1])] = self.switch

        settings = self.project.settings.broker
        highest = self.ledger.highest_order_id()
        async with connect(
            settings, self.project.calendar, tap=tap, highest_order_id=highest
        ) as broker:
            run.broker, broker.clock = broker, self.clock
            run.desk = desk = make_desk(
                self.project, broker=broker, ledger=self.ledger, session=self.session, dry=False
            )
            self.ledger.start_session(desk.session, run_id=self._run_id(), dry=False, at=self.now)
            objections = await cycle.preflight(desk)
            run.first = await reconcile(desk)
            book = self._book(desk, run.first, objections)
            wanted, seen = self._decided(desk, wishes, book)
            decision = _decision(desk.session, wanted)
            await cycle.act(desk, decision, book, seen, breaks=run.first.breaks)
            await cycle.repair(desk, book, seen)
            run.last = await reconcile(desk)

    def _run_id(self) -> int:
        return self.ledger.begin_run(
            version="0", mode="simulated", account_redacted="DU***67", at=self.now
        )

    def _book(self, desk: Desk, found: Reconciliation, objections: tuple[str, ...]) -> Book:
        holdings, reading = self.ledger.holdings(), desk.reading()
        return Book(
            nav_usd=None,
            cash_usd=None,
            excess_liquidity_usd=None,
            condors=holdings.condors,
            lots=holdings.lots,
            in_flight=found.in_flight,
            trading_state=reading.state,
            keep_hedge=reading.keep_hedge,
            locked=found.locked or holdings.broken,
            objections=objections,
        )

    def _decided(
        self, desk: Desk, wishes: Sequence[Wish], book: Book
    ) -> tuple[tuple[OrderIntent, ...], MarketSnapshot]:
        """Return what this session wants: what was decided before, and what is wished for now."""
        before = self.decided.get(desk.session, ())
        known = {intent.intent_id for intent in before}
        wanted = intents(wishes, self.ledger.holdings(), desk.session)
        new = [each for each in wanted if each.intent_id not in known and permitted(each, book)]
        self.decided[desk.session] = in_order((*before, *new))
        return self.decided[desk.session], snapshot(self.now)

    def kill(self, *, turns: int = 0, wake: bool = False) -> None:
        """End the bot's process without a word, some turns of the loop from now; start anew.

        The socket breaks and the ledger is closed under it, so that nothing which it does as
        it goes reaches either.
        """
        self.loop.run_until_complete(self._kill(turns, wake=wake))
        path = self.project.settings.ledger.path
        self.ledger = Ledger.open(path, durable=False)

    async def _kill(self, turns: int, *, wake: bool) -> None:
        if wake and self.is_parked:
            self.wait()
        for _ in range(turns):
            await asyncio.sleep(0)
        run, self.run = self.run, None
        if run is not None and run.broker is not None:
            transport = run.broker.client.client.conn.transport
            if transport is not None:
                transport.abort()
        self.ledger.close()
        await self._ended_by_cancel(run)

    def stop(self) -> None:
        """End the bot in order, as at SIGTERM."""
        run, self.run = self.run, None
        self.loop.run_until_complete(self._ended_by_cancel(run))

    async def _ended_by_cancel(self, run: Run | None) -> None:
        if run is None or run.task is None:
            return
        run.task.cancel()
        await asyncio.wait({run.task})
        if not run.task.cancelled():
            run.task.exception()
        await self.loop.quiet()

    # -- the person ------------------------------------------------------------------------

    def write_switch(self, state: TradingState) -> None:
        """Save the kill switch."""
        text, found = re.subn(
            r'(?m)^state = "active"', f'state = "{state.value}"', self.kit.config, count=1
        )
        assert found == 1
        self.project.settings_path.write_text(text, encoding="utf-8")
        self.switch = state

    def inject(self, script: str) -> None:
        """Let the gateway do wrong."""
        self.gateway.inject(_parsed(script))

    def trade_by_hand(self, contract: OptionContract, quantity: int) -> None:
        """Trade in the same account, at the market."""
        world = self.gateway.world
        query = ContractQuery(
            symbol=contract.underlying,
            sec_type="OPT",
            last_trade=f"{contract.last_trade:%Y%m%d}",
            strike=contract.strike,
            right=contract.right.value,
        )
        ticket = OrderTicket(
            client_id=0,
            order_id=-1,
            account=world.account.account_id,
            instrument=world.instruments.match(query)[0],
            action="BUY" if quantity > 0 else "SELL",
            quantity=abs(quantity),
            order_type="MKT",
        )
        world.exchange.treat(ticket.key, ExchangeSettings(fills=FillSettings()))
        self.gateway.publish(world.exchange.submit(ticket, self.now))

    def forgive(self) -> None:
        """Let the gateway do right again."""
        faults = self.gateway.faults
        if faults is not None:
            faults._watches.clear()
            faults._held.clear()
            faults._due.clear()
            faults.state.refuse = 0
            faults.state.mute.clear()
            faults.state.deaf.clear()
        self.gateway.clock_skew = dt.timedelta(0)
        self.gateway.quotes.paused = False


@functools.cache
def _parsed(script: str) -> FaultScript:
    return parse_script(script)


def _decision(session: dt.date, wanted: tuple[OrderIntent, ...]) -> Decision:
    return Decision(
        session=session,
        decision_version=DECISION_VERSION,
        regime="calm",
        signals=(),
        verdicts=(),
        intents=wanted,
    )
