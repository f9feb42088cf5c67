"""The faults bite: a tutorial's script breaks a rule in every row that is the library's doing."""

from __future__ import annotations

import asyncio
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[2] / "wire"))

from fixed_market import FixedMarket
from naive_bot import Legs, NaiveBot, call, condor, units_of

from bot.simulator.faults.reading import parse_script
from bot.simulator.gateway import Gateway
from bot.simulator.settings import GatewaySettings
from fault_table import LIBRARY_ROWS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TWO_HOURS = 7200.0
DOCUMENT = (Path(__file__).parents[3] / "docs" / "faults.md").read_text(encoding="utf-8")
SCRIPTS = dict(re.findall(r"### (\d+): .*\n\n```toml\n([^`]*)```", DOCUMENT))
VIX_CALLS = 'contract = "VIX *"'


@dataclass(frozen=True, slots=True)
class Row:
    """A fault script; what must be held after each session; which rules are broken then."""

    script: str
    breaks: frozenset[str]
    targets: tuple[int, ...] = (1,)


def row(script: str, *breaks: str, targets: tuple[int, ...] = (1,)) -> Row:
    return Row(script, frozenset(breaks), targets)


UNSYNCHRONISED = """
    [[fault]]
    when = { sent = "positions_end" }
    what = "drop"
    [[fault]]
    when = { sent = "position", always = true }
    what = "drop"
"""
RESTS = """
    [[fault]]
    when = { phase = "submitted" }
    what = "no_fill"
"""
ROWS = {
    2: row(UNSYNCHRONISED, "bought twice", targets=(1, 1)),
    8: row(SCRIPTS["8"], "stopped", targets=(1, 2)),
    12: row(SCRIPTS["12"], "miscounted"),
    14: row(SCRIPTS["14"], "lost sight"),
    16: row(f'[[fault]]\nwhat = "quote"\nhow = "empty"\n{VIX_CALLS}', "no quote"),
    17: row(f'[[fault]]\nwhat = "quote"\nhow = "crossed"\n{VIX_CALLS}', "no quote"),
    26: row(SCRIPTS["26"], "bought twice"),
    28: row(RESTS + SCRIPTS["28"].replace("110", "105"), "bought twice"),
    41: row(SCRIPTS["41"], "lost sight"),
    43: row(SCRIPTS["43"], "miscounted"),
    45: row(SCRIPTS["45"], "miscounted"),
    46: row(SCRIPTS["46"], "commission"),
    47: row(SCRIPTS["47"].replace('"utc"', '"bare"'), "time"),
    64: row(SCRIPTS["64"], "lost sight"),
}


both = pytest.mark.parametrize("legs", [call, condor], ids=["calls", "a condor"])


def broken(naive: NaiveBot, gateway: Gateway, row: Row) -> Iterator[str]:
    """Hold what the script believes against the venue's own books."""
    exchange = gateway.world.exchange
    positions = gateway.world.account.positions()
    held = {each.instrument.con_id: float(each.quantity) for each in positions}
    at_work = sum(order.remaining for order in exchange.open_orders())
    if units_of(naive.legs, held) + at_work > row.targets[-1]:
        yield "bought twice"
    if naive.held != held:
        yield "miscounted"
    if naive.working != len(exchange.open_orders()):
        yield "lost sight"
    told = {fill.execution.execId: fill for fill in naive.fills}
    for execution, _ in exchange.executions():
        fill = told.get(execution.exec_id)
        if fill and fill.execution.time != execution.time:
            yield "time"
        is_whole = fill is not None and fill.contract.secType == "BAG"
        if fill and not is_whole and not 0 < fill.commissionReport.commission < 100:
            yield "commission"
    if '"quote"' in row.script and naive.trades:
        yield "no quote"


def rules_broken_in(row: Row, legs: Callable[[], Legs]) -> set[str]:
    script = row.script.replace(VIX_CALLS, 'contract = "SPXW*"') if legs is condor else row.script

    async def run() -> set[str]:
        async with Gateway(FixedMarket(), GatewaySettings()) as gateway:
            naive = NaiveBot(gateway.port, legs=legs())
            await naive.connect()
            await naive.sleep(TWO_HOURS)
            gateway.inject(parse_script(script))
            stopped = {"stopped" for target in row.targets if await stops(naive, target)}
            return stopped | set(broken(naive, gateway, row))

    return asyncio.run(run())


async def stops(naive: NaiveBot, target: int) -> bool:
    """Run a session and hang up; return whether the library's own checks stopped the script."""
    try:
        await naive.session(target)
    except AssertionError:
        return True
    else:
        return False
    finally:
        await naive.sleep(120)
        naive.ib.disconnect()
        await asyncio.sleep(0.01)


def test_the_rows_are_those_of_the_library() -> None:
    assert tuple(ROWS) == LIBRARY_ROWS


@both
def test_the_naive_script_breaks_nothing_where_nothing_is_wrong(legs: Callable[[], Legs]) -> None:
    assert rules_broken_in(row("", targets=(1, 1, 2)), legs) == set()


@both
@pytest.mark.parametrize("number", ROWS)
def test_the_naive_script_breaks_a_rule_in_a_row_of_the_library(
    number: int, legs: Callable[[], Legs]
) -> None:
    assert ROWS[number].breaks <= rules_broken_in(ROWS[number], legs)
