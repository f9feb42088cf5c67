"""`steward probe` as its user types it: processes, exit codes, files and signals."""

from __future__ import annotations

import asyncio
import json
import signal
from typing import TYPE_CHECKING

import pytest
from harness import PLACE_ORDER, stage
from typed import STEWARD, gateway, steward

from bot.data.wire_recording import read_recording
from bot.demo import point_at
from bot.probe.assumptions import ASSUMPTIONS, assumptions_document
from bot.simulator.orders import OrderStatus

if TYPE_CHECKING:
    from pathlib import Path


def test_a_gateway_that_is_as_assumed_exits_0_with_a_line_for_each(project: Path) -> None:
    with gateway() as port:
        point_at(project, port)
        ended = steward("probe", "-p", project)

    lines = ended.stdout.splitlines()

    assert (ended.returncode, ended.stderr) == (0, "")
    assert [line.split()[1] for line in lines[:-1]] == [each.key for each in ASSUMPTIONS]
    assert lines[-1] == f"{len(ASSUMPTIONS)} holds"


def test_a_difference_exits_1_is_recorded_and_found_again_in_the_replay(project: Path) -> None:
    path = project / "wire.jsonl"
    with gateway("--quirk", "spx-all-nickels") as port:
        point_at(project, port)
        first = steward("probe", "-p", project, "--json", "--record", path)
    with gateway("--replay", path) as port:
        point_at(project, port)
        second = steward("probe", "-p", project, "--json")

    for ended in (first, second):
        found = json.loads(ended.stdout)
        odd = [row["key"] for row in found["assumptions"] if row["status"] != "holds"]

        assert (ended.returncode, odd, found["all_hold"]) == (1, ["option_ticks"], False)
    assert read_recording(path).server_version == 176


def test_a_recording_is_never_overwritten(project: Path) -> None:
    path = project / "wire.jsonl"
    path.write_text("mine", encoding="utf-8")

    ended = steward("probe", "-p", project, "--record", path)  # before it looks for a gateway

    assert (ended.returncode, ended.stderr) == (1, f"{path} exists; name a new file\n")
    assert path.read_text(encoding="utf-8") == "mine"


def test_the_list_needs_neither_project_nor_gateway(tmp_path: Path) -> None:
    ended = steward("probe", "--list", "-p", tmp_path)

    assert (ended.returncode, ended.stdout) == (0, assumptions_document())


def test_without_a_gateway_the_probe_exits_3(project: Path) -> None:
    with gateway() as port:
        point_at(project, port)

    ended = steward("probe", "-p", project)

    assert ended.returncode == 3
    assert "no gateway at" in ended.stderr


def test_a_quirk_that_does_not_exist_is_refused_with_those_that_do() -> None:
    ended = steward("gateway", "--quirk", "no-such")

    assert ended.returncode == 2
    assert "--quirk no-such: must be of clock-off, " in ended.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_the_order_works_ends_the_probe_after_the_order(
    number: signal.Signals, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with stage(tmp_path) as found:
            process = await asyncio.create_subprocess_exec(
                *STEWARD, "probe", "-p", str(tmp_path), stderr=asyncio.subprocess.PIPE
            )

            def signal_at_the_order(kind: int) -> None:
                if kind == PLACE_ORDER and found.received[PLACE_ORDER] == 2:
                    process.send_signal(number)

            found.on_message = signal_at_the_order
            _, said = await process.communicate()

            assert said.decode() == "stopped; no order of the probe is open\n"
            assert process.returncode == 1
            # the signal may cross a change of the same order that was already on its way
            assert found.received[PLACE_ORDER] in {2, 3}
            assert found.gateway.world.exchange.open_orders() == ()
            (order,) = found.gateway.world.exchange.completed_orders()
            assert order.status is OrderStatus.CANCELLED

    asyncio.run(scenario())
