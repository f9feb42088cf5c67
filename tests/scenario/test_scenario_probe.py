"""`steward probe` against the simulated gateway, as it is and with each assumption broken."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from harness import PLACE_ORDER, Stage
from probe_scene import nothing_is_left, outward, scene, with_quirk

from bot.core.model import BreadthSource
from bot.data.wire_recording import Sender, read_recording, write_recording
from bot.probe import runner
from bot.probe.assumptions import ASSUMPTIONS
from bot.probe.findings import Status
from bot.probe.report import report_json, report_lines
from bot.probe.runner import probe
from bot.probe.trial import LeftBehindError
from bot.project import load_project
from bot.simulator.quirks import Quirk
from bot.simulator.settings import GatewaySettings

if TYPE_CHECKING:
    from bot.probe.runner import Report

CONTRACT_DETAILS = 9
RECORDINGS = Path(__file__).parents[1] / "recordings"


FLIPS: Final = {
    "paper_account": (GatewaySettings(accounts=("DU1234567", "U7654321")), Status.DIFFERS),
    "server_version": (GatewaySettings(server_version=170), Status.DIFFERS),
    "clock": (with_quirk(Quirk.CLOCK_OFF), Status.DIFFERS),
    "client_id_exclusive": (with_quirk(Quirk.CLIENT_ID_SHARED), Status.DIFFERS),
    "option_dates": (with_quirk(Quirk.OPTION_DATES_ARE_EXPIRIES), Status.DIFFERS),
    "own_strikes": (with_quirk(Quirk.STRIKES_ONE_BY_ONE), Status.DIFFERS),
    "option_ticks": (with_quirk(Quirk.SPX_ALL_NICKELS), Status.DIFFERS),
    "liquid_hours": (with_quirk(Quirk.CLOSE_AT_16), Status.DIFFERS),
    "expiry_day_close": (with_quirk(Quirk.SPXW_EXPIRY_FULL_DAY), Status.DIFFERS),
    "vx_listing": (with_quirk(Quirk.VX_DATED_BY_LAST_TRADE), Status.DIFFERS),
    "index_levels": (
        GatewaySettings(unsubscribed=frozenset({"VVIX"})),
        Status.NOT_PERMITTED,
    ),
    "breadth": (with_quirk(Quirk.AD_NYSE_SWAPPED), Status.DIFFERS),
    "daily_bars": (with_quirk(Quirk.HISTORY_REFUSED), Status.NOT_PERMITTED),
    "sector_bars": (with_quirk(Quirk.STOCK_HISTORY_REFUSED), Status.NOT_PERMITTED),
    "vx_history": (with_quirk(Quirk.FUTURE_HISTORY_REFUSED), Status.NOT_PERMITTED),
    "spx_option_quotes": (
        GatewaySettings(unsubscribed=frozenset({"SPXW"})),
        Status.NOT_PERMITTED,
    ),
    "vix_option_quotes": (with_quirk(Quirk.VIX_OPTIONS_UNSUBSCRIBED), Status.NOT_PERMITTED),
    "vx_quotes": (GatewaySettings(unsubscribed=frozenset({"VX"})), Status.NOT_PERMITTED),
    "settlement_values": (with_quirk(Quirk.NO_SETTLEMENT_INDEXES), Status.DIFFERS),
    "read_only_off": (with_quirk(Quirk.READ_ONLY), Status.NOT_PERMITTED),
    "what_if": (with_quirk(Quirk.WHAT_IF_UNSET), Status.DIFFERS),
    "combo_routing": (with_quirk(Quirk.SMART_COMBO_REFUSED), Status.DIFFERS),
    "combo_tick": (with_quirk(Quirk.COMBO_TICK_DIME), Status.DIFFERS),
    "acknowledgement": (with_quirk(Quirk.STATUS_BEFORE_ORDER), Status.DIFFERS),
    "open_order": (with_quirk(Quirk.OPEN_ORDER_WITHOUT_REF), Status.DIFFERS),
    "client_id_kept": (with_quirk(Quirk.OPEN_ORDER_OF_OTHER_CLIENT), Status.DIFFERS),
    "modify": (with_quirk(Quirk.MODIFY_REFUSED), Status.DIFFERS),
    "cancel": (with_quirk(Quirk.FIRST_CANCEL_IGNORED), Status.DIFFERS),
    "completed_order": (with_quirk(Quirk.COMPLETED_WITHOUT_REF), Status.DIFFERS),
}
"""Settings of the gateway that break one assumption, and what the probe then says of it."""


def test_every_assumption_has_a_gateway_that_breaks_it() -> None:
    assert set(FLIPS) == {each.key for each in ASSUMPTIONS}


def test_every_assumption_holds_at_the_simulated_gateway(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with scene(tmp_path) as found:
            report = await probe(found.project)

            assert {each.status for each in report.findings.values()} == {Status.HOLDS}
            assert nothing_is_left(found)

    asyncio.run(scenario())


@pytest.mark.parametrize("key", FLIPS)
def test_a_broken_assumption_is_found_and_no_other(key: str, tmp_path: Path) -> None:
    settings, expected = FLIPS[key]

    async def scenario() -> None:
        async with scene(tmp_path, settings) as found:
            report = await probe(found.project)

            assert outward(report) == {key: expected}
            assert not report.all_hold
            assert nothing_is_left(found)

    asyncio.run(scenario())


def test_an_unset_answer_before_the_margins_is_told(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with scene(tmp_path, GatewaySettings(what_if_unset_first=True)) as found:
            what_if = (await probe(found.project)).findings["what_if"]

            assert what_if.status is Status.HOLDS
            assert what_if.text.endswith("; an unset answer came first")

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("quirk", "key"),
    [(Quirk.AD_NYSE_NET, "breadth"), (Quirk.INDEX_WITHOUT_LAST, "index_levels")],
)
def test_a_value_in_another_place_is_a_difference(quirk: Quirk, key: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with scene(tmp_path, with_quirk(quirk)) as found:
            assert outward(await probe(found.project)) == {key: Status.DIFFERS}

    asyncio.run(scenario())


def test_a_recording_names_no_account_and_none_of_the_words_to_hide(tmp_path: Path) -> None:
    path = tmp_path / "wire.jsonl"

    async def scenario() -> None:
        async with scene(tmp_path, GatewaySettings(accounts=("DU7654321",))) as found:
            edit_account(found, "DU7654321")
            report = await probe(load_project(found.project.folder), hide=["S&P 500 Stock Index"])
            write_recording(path, report.recording)

    asyncio.run(scenario())
    text = path.read_text(encoding="utf-8")
    recording = read_recording(path)

    assert "7654321" not in text
    assert "S&P 500 Stock Index" not in text
    assert ("15", "1", "DU0000001") in {message.fields for message in recording.messages}
    assert recording.server_version == 176
    assert recording.library == "ib_insync-0.9.86"
    assert path.stat().st_mode & 0o777 == 0o600


def edit_account(found: Stage, account: str) -> None:
    """Configure another account."""
    path = found.project.settings_path
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("DU1234567", account), encoding="utf-8")


def test_a_recording_has_both_directions_in_their_order(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with scene(tmp_path) as found:
            report = await probe(found.project)
            messages = report.recording.messages

            assert messages[0].sender is Sender.CLIENT
            assert messages[0].fields[:3] == ("71", "2", "17")
            placed = next(m for m in messages if m.sender is Sender.CLIENT and m.number == 3)
            previews = [
                m
                for m in messages[messages.index(placed) :]
                if m.sender is Sender.GATEWAY and m.fields[:2] == ("5", placed.fields[1])
            ]
            assert len(previews) == 1
            assert [m.at for m in messages] == sorted(m.at for m in messages)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        (with_quirk(Quirk.WHAT_IF_UNSET), "what_if"),
        (with_quirk(Quirk.AD_NYSE_NET), "breadth"),
        (with_quirk(Quirk.SPX_ALL_NICKELS), "option_ticks"),
        (with_quirk(Quirk.VX_DATED_BY_LAST_TRADE), "vx_listing"),
        (with_quirk(Quirk.NO_SETTLEMENT_INDEXES), "settlement_values"),
    ],
)
def test_a_recorded_difference_is_found_again_in_its_replay(
    settings: GatewaySettings, key: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async def scenario() -> None:
        async with scene(tmp_path_factory.mktemp("recorded"), settings) as found:
            recording = (await probe(found.project)).recording
        replaying = GatewaySettings(replay=recording)
        async with scene(tmp_path_factory.mktemp("replayed"), replaying) as found:
            assert outward(await probe(found.project)) == {key: Status.DIFFERS}

    asyncio.run(scenario())


def test_the_bot_lives_with_breadth_that_came_as_one_difference(tmp_path: Path) -> None:
    """A recorded difference as a test: AD-NYSE with its net as last, and no bid and ask."""
    recording = read_recording(RECORDINGS / "breadth-as-net.jsonl")

    async def scenario() -> None:
        async with scene(tmp_path, GatewaySettings(replay=recording)) as found:
            assert outward(await probe(found.project)) == {"breadth": Status.DIFFERS}
            outcome = await found.run()
            snapshot = found.ledger.load_snapshot(outcome.decision.session)

            assert snapshot.breadth is None or snapshot.breadth.source is not BreadthSource.NYSE
            assert not outcome.reconciliation.locked

    asyncio.run(scenario())


# -- reports -----------------------------------------------------------------------------------


def test_the_report_says_of_each_line_what_follows(tmp_path: Path) -> None:
    async def scenario() -> Report:
        async with scene(tmp_path, with_quirk(Quirk.READ_ONLY)) as found:
            return await probe(found.project)

    report = asyncio.run(scenario())
    text = "\n".join(report_lines(report))

    assert "not permitted  read_only_off" in text
    assert "Read-Only API* off" in text
    assert text.endswith("19 holds, 1 not permitted, 9 not tested")


def test_the_json_has_a_row_for_each_assumption(tmp_path: Path) -> None:
    async def scenario() -> Report:
        async with scene(tmp_path) as found:
            return await probe(found.project)

    found = json.loads(report_json(asyncio.run(scenario())))

    assert found["all_hold"] is True
    assert [row["key"] for row in found["assumptions"]] == [each.key for each in ASSUMPTIONS]
    assert {row["status"] for row in found["assumptions"]} == {"holds"}


# -- the probe itself in trouble ---------------------------------------------------------------


def hang_up_at(found: Stage, request: int, count: int) -> None:
    """Let the gateway hang up on everybody at the `count`th message of a kind."""

    def hang_up(number: int) -> None:
        if number == request and found.received[request] == count:
            for client in tuple(found.gateway._clients):
                client.close()

    found.on_message = hang_up


def test_what_a_lost_connection_left_untested_is_said(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with scene(tmp_path) as found:
            hang_up_at(found, CONTRACT_DETAILS, 3)
            report = await probe(found.project)

            assert outward(report) == {}
            assert report.findings["clock"].status is Status.HOLDS
            assert report.findings["completed_order"].status is Status.NOT_TESTED
            assert "connection lost" in report.findings["completed_order"].text

    asyncio.run(scenario())


def test_a_connection_lost_over_the_order_calls_a_person(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with scene(tmp_path) as found:
            hang_up_at(found, PLACE_ORDER, 2)
            with pytest.raises(LeftBehindError, match="may still be open"):
                await probe(found.project)

    asyncio.run(scenario())


def test_a_probe_keeps_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "TIME_LIMIT_SECONDS", 0.0)

    async def scenario() -> None:
        async with scene(tmp_path) as found:
            report = await probe(found.project)

            assert {each.text for each in report.findings.values()} == {
                "only paper accounts are offered",
                "176",  # known without asking
                "not reached in time",
            }

    asyncio.run(scenario())
