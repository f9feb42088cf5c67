"""One connection to the gateway: paper account proven, state synchronised, time known.

The library's own connect logs a time-out and returns as if all were well. Here every step of
the synchronisation has a deadline, and a step that fails leaves nothing open: unknown is not
flat. The account is checked before anything is asked of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, TypeVar

from bot.broker.answers import LateAnswers
from bot.broker.client import ADVANCE_MESSAGE, IB, RequestError, new_client, tap_wire
from bot.broker.contracts import our_contract
from bot.broker.facts import AccountFact, PositionFact
from bot.broker.meter import Meter, keeps_pace
from bot.broker.readable import outward, readable, whole
from bot.broker.stream import StreamWatch
from bot.broker.upstream import Upstream
from bot.clock import Clock, ScaledClock, SteppedClock, WallClock
from bot.core.errors import (
    GatewayUnavailableError,
    LiveAccountError,
    MarketDataError,
    UnsynchronisedError,
)
from bot.logs import get_logger

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import AsyncIterator, Awaitable, Collection, Coroutine

    from bot.broker.client import Contract, Position, Tap, Ticker
    from bot.core.sessions import TradingCalendar
    from bot.settings import BrokerSettings

log = get_logger(__name__)
T = TypeVar("T")

CLIENT_ID_IN_USE = 326
NOTICES = frozenset({165, 202, 399, 404, 434, 492, 1101, 1102, 10090, 10167})
FARM_NOTICES = (2100, 2200)
OF_CANCELS = frozenset({161, 10147, 10148, 10149})
"""Refusals of a cancel: they hide no refusal of the order itself."""

EXPECTED = frozenset({162, 200, 354})
"""Refusals that are an answer: no such contract, no history, not subscribed."""

T_BILL = "BILL"
"""Security type of treasury bills."""

UNSET = Decimal("1e300")
"""The wire writes an unset number as 1.797e308."""


class Broker:
    """A synchronised connection; made by `connect`, never by hand."""

    def __init__(self, client: IB, settings: BrokerSettings, calendar: TradingCalendar) -> None:
        self.client = client
        self.settings = settings
        self.calendar = calendar
        self.clock: Clock = WallClock()
        self.refused: dict[int, int] = {}
        """Code of the refusal by request id; orders are numbered among them."""
        self.upstream = Upstream()
        self.stream = StreamWatch(client)
        self.meter = Meter(client)
        self._answers = LateAnswers(client)
        self._id_is_taken = asyncio.Event()
        client.errorEvent += self._on_error

    @property
    def account(self) -> str:
        """The paper account, always set on an order."""
        return self.settings.account

    @property
    def server_version(self) -> int:
        """Version of the wire protocol that was agreed on."""
        return int(self.client.client.serverVersion())

    @property
    def client_id_is_taken(self) -> bool:
        """Whether the gateway has refused the client id, because another connection has it."""
        return self._id_is_taken.is_set()

    async def refused_client_id(self) -> None:
        """Wait until the gateway refuses the client id."""
        await self._id_is_taken.wait()

    async def ask(self, name: str, request: Awaitable[T], *, seconds: float | None = None) -> T:
        """Await an answer from the gateway with a deadline.

        Raises
        ------
        MarketDataError
            If the gateway refused the request; the text carries its code.
        GatewayUnavailableError
            If it did not answer in time or the connection broke.
        """
        deadline = seconds or self.settings.request_timeout_seconds
        try:
            # Not wait_for: under Python 3.11 it can swallow a cancel that meets the answer.
            async with asyncio.timeout(deadline):
                return await request
        except RequestError as refusal:
            raise MarketDataError(f"{name}: error {refusal.code}: {refusal.message}") from refusal
        except TimeoutError as late:
            self._answers.forgo(request)
            raise GatewayUnavailableError(f"{name}: no answer within {deadline:g} s") from late
        except ConnectionError as broken:
            raise GatewayUnavailableError(f"{name}: connection lost: {broken}") from broken

    async def time(self) -> dt.datetime:
        """Return the gateway's own time (UTC)."""
        return await self.ask("current time", self.client.reqCurrentTimeAsync())

    async def account_facts(self) -> AccountFact:
        """Return the account's values as last pushed; ``None`` for those not said.

        T-bills count as cash.
        """
        values = {
            value.tag: value.value
            for value in self.client.accountValues(self.account)
            if value.currency in {"USD", "BASE", ""}
        }
        cash, bills = money(values.get("TotalCashValue")), money(values.get("TBillValue"))
        return AccountFact(
            net_liquidation_usd=money(values.get("NetLiquidation")),
            cash_usd=cash if cash is None or bills is None else cash + bills,
            excess_liquidity_usd=money(values.get("ExcessLiquidity")),
        )

    async def refresh_account(self) -> AccountFact:
        """Ask for the account's values anew and return them.

        Raises
        ------
        GatewayUnavailableError
            If the gateway does not answer in time.
        """
        request = self.client.reqAccountUpdatesMultiAsync(self.account)
        await self.ask("account values", request)
        return await self.account_facts()

    async def positions(self) -> tuple[PositionFact, ...]:
        """Ask for all positions of the account but T-bills and what is excluded by config.

        Raises
        ------
        GatewayUnavailableError
            If the gateway does not answer in time: the positions are then unknown, not none.
        MarketDataError
            If one of them cannot be read.
        """
        with self.stream.complete("positions"):
            listed = await self.ask("positions", self.client.reqPositionsAsync())
        with readable("positions"):
            return tuple(
                position_fact(position, self.calendar)
                for position in listed
                if position.account == self.account and position.position
                if not is_excluded(position.contract, self.settings.excluded)
            )

    async def advance(self, seconds: float) -> dt.datetime:
        """Let a stepped gateway's time pass and return its new time.

        Everything that happens on the way has arrived when this returns, since the answer
        comes last on the same socket.
        """
        answer = self.client.wrapper.startReq("currentTime")
        self.meter.moves += 1
        self.client.client.send(ADVANCE_MESSAGE, 1, seconds)
        return await self.ask("advance", answer, seconds=60 + seconds / 1000)

    def request_id(self, ticker: Ticker) -> int:
        """Return the number of the market-data request behind `ticker`, 0 when it has ended."""
        return int(self.client.wrapper.ticker2ReqId["mktData"].get(ticker, 0))

    def _on_error(self, request_id: int, code: int, message: str, _contract: object) -> None:
        """Keep refusals; log every message of the gateway under its code, greetings as details."""
        is_news = self.upstream.hear(code, message)
        if code == CLIENT_ID_IN_USE:
            self._id_is_taken.set()
        if not is_notice(code) and (code not in OF_CANCELS or request_id not in self.refused):
            self.refused[request_id] = code
        known = logging.INFO if is_notice(code) or code in EXPECTED else logging.WARNING
        level = known if is_news else logging.DEBUG
        log.log(level, "gateway.message", code=code, request_id=request_id, text=message)


def position_fact(position: Position, calendar: TradingCalendar) -> PositionFact:
    """Return a position as it was told; what it raises on nonsense is for ``readable``."""
    ours = our_contract(position.contract, calendar)
    return PositionFact(
        con_id=position.contract.conId,
        label=position.contract.localSymbol or position.contract.symbol,
        contract=ours,
        quantity=outward(position.position) if ours is None else whole(position.position),
    )


def is_excluded(contract: Contract, excluded: Collection[str]) -> bool:
    """Whether a position is cash, as T-bills are, or left to the person who named it."""
    named = {str(contract.conId), contract.localSymbol} & set(excluded)
    return contract.secType == T_BILL or bool(named - {""})


def is_notice(code: int) -> bool:
    """Whether a message of the gateway informs, and refuses nothing."""
    return code in NOTICES or FARM_NOTICES[0] <= code < FARM_NOTICES[1]


def money(text: str | None) -> Decimal | None:
    """Return an amount; ``None`` for what is absent, unset or no number."""
    try:
        amount = Decimal(text or "")
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and abs(amount) < UNSET else None


@contextlib.asynccontextmanager
async def connect(
    settings: BrokerSettings,
    calendar: TradingCalendar,
    *,
    tap: Tap | None = None,
    highest_order_id: int = 0,
) -> AsyncIterator[Broker]:
    """Connect, prove the account, synchronise; disconnect at the end.

    Parameters
    ----------
    settings, calendar
        The gateway and the account; the trading days.
    tap
        Hears every message of the wire.
    highest_order_id
        The highest order number that was ever used: orders are numbered above it, also by a
        gateway that has forgotten it.

    Raises
    ------
    GatewayUnavailableError
        If nothing listens, the client id is in use, or the connection breaks while it is used.
    LiveAccountError
        If the gateway's account is not the configured paper account. Nothing was sent.
    UnsynchronisedError
        If a part of the broker's state did not arrive in time.
    """
    client = new_client(throttled=keeps_pace(settings))
    if tap is not None:
        tap_wire(client, tap)
    broker = Broker(client, settings, calendar)
    try:
        await _open(broker)
        guard_account(client.client.getAccounts(), settings.account)
        client.client.updateReqId(highest_order_id + 1)
        await _synchronise(broker)
        broker.clock = await _clock(broker)
        yield broker
    except ConnectionError as broken:
        # The library raises it where a request is written, before there is an answer to await.
        raise GatewayUnavailableError(f"connection lost: {broken}") from broken
    finally:
        client.disconnect()


def guard_account(offered: list[str], configured: str) -> None:
    """Refuse every gateway that does not serve exactly the configured paper account.

    Raises
    ------
    LiveAccountError
        With the accounts offered.
    """
    paper = all(account[:2] in {"DU", "DF"} for account in offered if account)
    if not paper or configured not in offered:
        raise LiveAccountError(
            f"broker.account = {configured}: the gateway serves {', '.join(offered) or 'none'}; "
            "only the configured paper account (DU… or DF…) is traded"
        )


async def client_id_is_exclusive(broker: Broker) -> bool:
    """Return whether the gateway refuses a second connection with the client id of `broker`.

    Raises
    ------
    GatewayUnavailableError
        If it neither accepts nor refuses it in time.
    """
    client = new_client(throttled=keeps_pace(broker.settings))
    second = Broker(client, broker.settings, broker.calendar)
    try:
        await _open(second)
    except GatewayUnavailableError:
        if second.client_id_is_taken:
            return True
        raise
    else:
        return False
    finally:
        client.disconnect()


async def _open(broker: Broker) -> None:
    settings, client = broker.settings, broker.client
    client.wrapper.clientId = settings.client_id
    where = f"{settings.host}:{settings.port}"
    try:
        await _unless_taken(
            broker,
            client.client.connectAsync(
                settings.host, settings.port, settings.client_id, settings.connect_timeout_seconds
            ),
        )
    except (OSError, TimeoutError, ConnectionError) as fault:
        if broker.client_id_is_taken:
            raise GatewayUnavailableError(
                f"broker.client_id = {settings.client_id} is in use at {where}; "
                "end the other program, or choose another number"
            ) from fault
        raise GatewayUnavailableError(
            f"no gateway at {where} ({fault or type(fault).__name__}); "
            "start IB Gateway, or check broker.host and broker.port"
        ) from fault


async def _unless_taken(broker: Broker, handshake: Coroutine[object, object, None]) -> None:
    """Await the handshake, but not after the client id was refused.

    The gateway says so and hangs up, and the library would wait out its time-out.

    Raises
    ------
    ConnectionError
        If the client id was refused.
    """
    opening = asyncio.create_task(handshake)
    refusal = asyncio.create_task(broker.refused_client_id())
    try:
        await asyncio.wait({opening, refusal}, return_when=asyncio.FIRST_COMPLETED)
        if broker.client_id_is_taken:
            raise ConnectionError(f"error {CLIENT_ID_IN_USE}")
        await opening
    finally:
        for task in (opening, refusal):
            task.cancel()
        await asyncio.gather(opening, refusal, return_exceptions=True)


async def _synchronise(broker: Broker) -> None:
    client = broker.client
    steps = {
        "positions": client.reqPositionsAsync(),
        "open orders": client.reqOpenOrdersAsync(),
        "completed orders": client.reqCompletedOrdersAsync(apiOnly=False),
        "account updates": client.reqAccountUpdatesAsync(broker.account),
        "account values": client.reqAccountUpdatesMultiAsync(broker.account),
    }
    try:
        await asyncio.gather(*(broker.ask(name, step) for name, step in steps.items()))
        # Executions come last: they attach to orders that must be known by then.
        await broker.ask("executions", client.reqExecutionsAsync())
    except (GatewayUnavailableError, MarketDataError) as fault:
        named = broker.upstream.no_send() if broker.upstream.is_read_only else None
        raise UnsynchronisedError(f"synchronisation failed: {named or fault}") from fault


async def _clock(broker: Broker) -> Clock:
    if broker.settings.mode == "paper":
        return WallClock()
    start = await broker.time()
    speed = broker.settings.simulation_speed
    return ScaledClock(start, speed) if speed else SteppedClock(start, broker.advance)
