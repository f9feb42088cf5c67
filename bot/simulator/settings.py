"""What can be set on the simulated gateway."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

from bot.data.wire_recording import WireRecording
from bot.simulator.exchange import ExchangeSettings
from bot.simulator.faults.script import FaultScript
from bot.simulator.quirks import Quirk
from bot.simulator.replay import LOWEST_VERSION
from bot.simulator.wire import MAX_VERSION, MIN_VERSION

PORT_LIMIT = 65535


class FillOrder(StrEnum):
    """In which order a client hears of a fill; real gateways have been recorded with both."""

    ORDER_STATUS_FIRST = "orderstatus_first"
    """Acknowledgements, executions, the order as filled, commissions."""

    EXECUTION_FIRST = "execution_first"
    """Executions before anything else about the order, even its acknowledgement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """Settings of one simulated gateway.

    Parameters
    ----------
    port
        Where it listens on 127.0.0.1; 0 takes a free one.
    accounts
        Account ids it offers; the first one trades. Paper accounts start with ``DU``.
    cash
        USD in the account at the start.
    exchange
        How the venue fills orders.
    server_version
        Highest server version it speaks, 157 to 176; a client that speaks less gets less.
    fill_order
        In which order a client hears of a fill.
    what_if_unset_first
        Answer a what-if order with an unset preview first, as real gateways may do.
    speed
        Simulated seconds in a real one; 0 is *stepped*: time moves only on message 9001.
    step_seconds
        Longest simulated time between two looks at working orders.
    tick_seconds
        Real time between two ticks of a free-running gateway.
    tick_latency_seconds
        Real time between a request for market data and its first tick, when free-running.
    messages_per_second
        Messages accepted from one client in a second before error 100; 0 accepts any number.
        Twice as many may come at once: the libraries send a second's allowance in one burst.
    lines
        Market data lines of one client before error 101.
    delayed
        Symbols or trading classes without a live subscription, but with delayed data.
    unsubscribed
        Symbols or trading classes without any market data.
    model_computations
        Whether option computations (implied volatility, Greeks) come with option quotes.
    provenance_path
        File that gets one JSON line for each note on where a session's data came from.
    quirks
        Ways in which it differs from what the bot assumes of a gateway.
    replay
        Recorded conversation whose answers are given where the same is asked; `server_version`
        must be that of the recording.
    faults
        What it does wrong, and when.

    Raises
    ------
    ValueError
        If a value is outside its bounds.
    """

    port: int = 0
    accounts: tuple[str, ...] = ("DU1234567",)
    cash: Decimal = Decimal(1_000_000)
    exchange: ExchangeSettings = field(default_factory=ExchangeSettings)
    server_version: int = MAX_VERSION
    fill_order: FillOrder = FillOrder.ORDER_STATUS_FIRST
    what_if_unset_first: bool = False
    speed: float = 0.0
    step_seconds: float = 5.0
    tick_seconds: float = 0.25
    tick_latency_seconds: float = 0.0
    messages_per_second: int = 0
    lines: int = 100
    delayed: frozenset[str] = frozenset()
    unsubscribed: frozenset[str] = frozenset()
    model_computations: bool = True
    provenance_path: Path | None = None
    quirks: frozenset[Quirk] = frozenset()
    replay: WireRecording | None = None
    faults: FaultScript | None = None

    def __post_init__(self) -> None:
        if not self.accounts:
            raise ValueError("accounts is empty, at least one account id is needed")
        _within("port", self.port, 0, most=PORT_LIMIT)
        _within("server_version", self.server_version, MIN_VERSION, most=MAX_VERSION)
        for name in ("speed", "tick_latency_seconds", "messages_per_second", "lines"):
            _within(name, getattr(self, name), 0)
        for name in ("step_seconds", "tick_seconds"):
            _within(name, getattr(self, name), 1e-3)
        if self.replay is not None:
            recorded = self.replay.server_version
            _within("server_version", self.server_version, recorded, most=recorded)
            _within("server_version", recorded, LOWEST_VERSION)

    @property
    def stepped(self) -> bool:
        """Whether time stands still until a client moves it."""
        return self.speed == 0


def _within(name: str, value: float, least: float, *, most: float = float("inf")) -> None:
    if not least <= value <= most:
        raise ValueError(f"{name} is {value!r}, allowed is {least:g} to {most:g}")
