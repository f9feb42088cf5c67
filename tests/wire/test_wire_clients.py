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

from bot.simulator.exchange import ExchangeSettings
from bot.simulator.fills import FillSettings
from bot.simulator.gateway import Gateway
from bot.simulator.settings import FillOrder, GatewaySettings

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from expected import DIFFERENCES, EXPECTED  # noqa: E402 - data beside this file
from fixed_market import FixedMarket  # noqa: E402 - the same

ROOT = HERE.parents[1]
LIBRARIES = ("ib_insync", "ib_async", "ibapi")
DEADLINE_SECONDS = 60

SETTINGS = {
    "live_account": GatewaySettings(accounts=("U1234567", "U7654321")),
    "executions_first": GatewaySettings(fill_order=FillOrder.EXECUTION_FIRST),
    "delayed_data": GatewaySettings(delayed=frozenset({"VIX"})),
    "not_subscribed": GatewaySettings(unsubscribed=frozenset({"VIX"})),
    "line_limit": GatewaySettings(lines=3),
    "partial_fill": GatewaySettings(
        exchange=ExchangeSettings(fills=FillSettings(first_units=1))
    ),
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
def gateways() -> Iterator[dict[str, int]]:
    """Run a gateway for each scenario in a thread; give their ports."""
    ports: dict[str, int] = {}
    ready, loop = threading.Event(), asyncio.new_event_loop()

    async def run() -> None:
        async with AsyncExitStack() as stack:
            for name in EXPECTED:
                settings = SETTINGS.get(name, GatewaySettings())
                gateway = await stack.enter_async_context(Gateway(FixedMarket(), settings))
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


@pytest.fixture(scope="module", params=LIBRARIES)
def found(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """Facts that one library found, by scenario."""
    library = request.param
    command = [interpreter(library), str(HERE / "drivers" / f"driver_{library}.py")]
    with gateways() as ports:
        done = subprocess.run(
            command,
            input=json.dumps(ports),
            capture_output=True,
            text=True,
            timeout=DEADLINE_SECONDS,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    return library, json.loads(done.stdout)


@pytest.mark.clients
@pytest.mark.parametrize("scenario", EXPECTED)
def test_library_finds_the_expected_facts(
    found: tuple[str, dict[str, Any]], scenario: str
) -> None:
    library, facts = found
    expected = EXPECTED[scenario] | DIFFERENCES.get((library, scenario), {})

    assert facts[scenario] == expected, facts[scenario].get("failed", "")
