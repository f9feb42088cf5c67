"""Killed anywhere, the bot duplicates, loses and double-counts nothing; and the judge would see."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "scenario"))

from harness import stage
from judgement import ask, judge
from scenes import SCENES

if TYPE_CHECKING:
    from collections.abc import Callable

    from judgement import Truth

CAMPAIGN = Path(__file__).with_name("campaign.py")


@pytest.mark.timeout(900)  # half a minute, but the machine may be busy
def test_forty_kills_duplicate_lose_and_double_count_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, CAMPAIGN, "--kills", "40", "--folder", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    state = json.loads((tmp_path / "state.json").read_text(encoding="utf-8"))

    assert done.returncode == 0, done.stdout + done.stderr
    assert state["faults"] == []
    assert sum(state["kills"].values()) >= 40
    assert state["in_recovery"] >= 5
    assert set(state["kills"]) == {"commit", "order", "send", "receive"}
    assert set(state["scenes"]) == set(SCENES)
    assert min(*state["kills"].values(), *state["scenes"].values()) >= 3


def again(truth: Truth) -> Truth:
    """One of the orders was sent twice."""
    reference, number = min(truth.numbers)
    return dataclasses.replace(truth, numbers=truth.numbers | {(reference, number + 1)})


def foreign(truth: Truth) -> Truth:
    """An order left that the ledger knows nothing of."""
    return dataclasses.replace(truth, numbers=truth.numbers | {("st-unknown", 1)})


def forgotten(truth: Truth) -> Truth:
    """The ledger has missed an execution, which is a second one of an order that was filled."""
    last = truth.executions[-1]
    missed = dataclasses.replace(last, exec_id=("missed", 1))
    return dataclasses.replace(truth, executions=(*truth.executions, missed))


def invented(truth: Truth) -> Truth:
    """The ledger has counted an execution that there is not."""
    return dataclasses.replace(truth, executions=truth.executions[1:])


def working(truth: Truth) -> Truth:
    """An order works that nobody watches."""
    return dataclasses.replace(truth, working=("st-left",))


def cheaper(truth: Truth) -> Truth:
    """Another commission than the ledger's was charged."""
    first, *rest = truth.executions
    charged = dataclasses.replace(first, commission=first.commission + Decimal("0.01"))
    return dataclasses.replace(truth, executions=(charged, *rest))


def flat(truth: Truth) -> Truth:
    """The gateway holds nothing."""
    return dataclasses.replace(truth, positions={})


def wingless(truth: Truth) -> Truth:
    """The gateway holds the short legs of the condor without the long ones."""
    held = {con_id: units for con_id, units in truth.positions.items() if units < 0}
    return dataclasses.replace(truth, positions=held)


def poorer(truth: Truth) -> Truth:
    """An expired position was worth a dollar less than the ledger has booked."""
    return dataclasses.replace(truth, cash=truth.cash - 1)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (again, ("DUPLICATE: 2 orders",)),
        (foreign, ("DUPLICATE: order st-unknown has no intent",)),
        (forgotten, ("DUPLICATE: st-", "LOST: execution ('missed', 1)", "DOUBLE: ledger's cash")),
        (invented, ("DOUBLE: fill",)),
        (working, ("LOST: order st-left works still",)),
        (cheaper, ("DOUBLE: ledger's commissions",)),
        (flat, ("LOST: ledger holds",)),
        (wingless, ("NAKED: -1 of SPX 20250210 C", "NAKED: -1 of SPX 20250210 P")),
        (poorer, ("DOUBLE: with -",)),
    ],
    ids=(
        "again",
        "foreign",
        "forgotten",
        "invented",
        "working",
        "cheaper",
        "flat",
        "wingless",
        "poorer",
    ),
)
def test_the_judge_sees(
    change: Callable[[Truth], Truth], words: tuple[str, ...], tmp_path: Path
) -> None:
    async def session() -> None:
        async with stage(tmp_path) as found:
            day = found.next_session()
            await found.run(day)
            truth = await ask(found.gateway.port)

            assert judge(truth, found.ledger.path, day) == []
            faults = "\n".join(judge(change(truth), found.ledger.path, day))

            assert [word for word in words if word not in faults] == []

    asyncio.run(session())
