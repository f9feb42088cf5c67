"""Three unmodified client libraries find the same facts at the simulated gateway.

Each library runs in an environment of its own, as a program that gets a gateway for each
scenario and prints what it found.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fixed_market import FixedMarket
from wire_expected import DIFFERENCES, EXPECTED, ROUND_TRIP

from bot.simulator.exchange import ExchangeSettings
from bot.simulator.fills import FillSettings
from bot.simulator.gateway import Gateway
from bot.simulator.settings import FillOrder, GatewaySettings
from bot.simulator.wire import MAX_VERSION, MIN_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LIBRARIES = ("ib_insync", "ib_async", "ibapi")
DEADLINE_SECONDS = 60
VERSIONS = range(MIN_VERSION, MAX_VERSION + 1)

SETTINGS = {
    "live_account": GatewaySettings(accounts=("U1234567", "U7654321")),
    "executions_first": GatewaySettings(fill_order=FillOrder.EXECUTION_FIRST),
    "delayed_data": GatewaySettings(delayed=frozenset({"VIX"})),
    "not_subscribed": GatewaySettings(unsubscribed=frozenset({"VIX"})),
    "line_limit": GatewaySettings(lines=3),
    "partial_fill": GatewaySettings(exchange=ExchangeSettings(fills=FillSettings(first_units=1))),
}
"""Settings of the scenarios that need other than the default ones."""


def interpreter(library: str) -> str:
    """Return the Python of a library's environment; fail with the remedy without one."""
    if library == "ib_insync":
        return sys.executable
    python = ROOT / f".venv-{library}" / "bin" / "python"
    if not python.exists():
        pytest.fail(f"{python} is missing: run 'make setup' to make it", pytrace=False)
    return str(python)


@contextmanager
def gateways(settings: dict[str, GatewaySettings]) -> Iterator[dict[str, int]]:
    """Run a gateway for each name in a thread; give their ports."""
    ports: dict[str, int] = {}
    ready, loop = threading.Event(), asyncio.new_event_loop()

    async def run() -> None:
        async with AsyncExitStack() as stack:
            for name, each in settings.items():
                gateway = await stack.enter_async_context(Gateway(FixedMarket(), each))
                ports[name] = gateway.port
            ready.set()
            await stopped.wait()

    stopped = asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(run()))
    thread.start()
    assert ready.wait(DEADLINE_SECONDS)
    try:
        yield ports
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join(DEADLINE_SECONDS)
        loop.close()


def facts_of(library: str, settings: dict[str, GatewaySettings]) -> dict[str, Any]:
    """Let a library run scenarios, each at a gateway of its own; return what it found."""
    command = [interpreter(library), str(HERE / "drivers" / f"driver_{library}.py")]
    with gateways(settings) as ports:
        done = subprocess.run(
            command,
            input=json.dumps(ports),
            capture_output=True,
            text=True,
            timeout=DEADLINE_SECONDS,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    facts: dict[str, Any] = json.loads(done.stdout)
    return facts


@pytest.fixture(scope="module", params=LIBRARIES)
def found(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """Facts that one library found, by scenario."""
    settings = {name: SETTINGS.get(name, GatewaySettings()) for name in EXPECTED}
    return request.param, facts_of(request.param, settings)


@pytest.fixture(scope="module", params=("ib_insync", "ib_async"))
def round_trips(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Facts that one library found with each server version."""
    settings = {f"round_trip@{v}": GatewaySettings(server_version=v) for v in VERSIONS}
    return facts_of(request.param, settings)


@pytest.mark.clients
@pytest.mark.parametrize("scenario", EXPECTED)
def test_library_finds_the_expected_facts(found: tuple[str, dict[str, Any]], scenario: str) -> None:
    library, facts = found
    expected = EXPECTED[scenario] | DIFFERENCES.get((library, scenario), {})

    assert facts[scenario] == expected, facts[scenario].get("failed", "")


@pytest.mark.clients
@pytest.mark.parametrize("version", VERSIONS)
def test_orders_executions_and_contracts_survive_every_server_version(
    round_trips: dict[str, Any], version: int
) -> None:
    facts = round_trips[f"round_trip@{version}"]
    sizes = {False: [0.0, 0.0], True: [1.0, 1.0]}[version >= 164]
    expected = ROUND_TRIP | {"version": version, "sizes": sizes}

    assert facts == expected | ({"sizes": [0.0, 1.0]} if version == 163 else {})
