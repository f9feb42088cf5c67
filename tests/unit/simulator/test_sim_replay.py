"""Recorded answers are given where the same is asked, and only there."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from bot.data.wire_recording import Sender, WireMessage, WireRecording
from bot.simulator.replay import Replay
from bot.simulator.settings import GatewaySettings

if TYPE_CHECKING:
    from bot.simulator.connection import Connection

ACCOUNT = "DU7654321"
INDEX = ("0", "AD-NYSE", "IND", "", "0.0", "", "", "NYSE", "", "USD", "", "")
LINE_TAIL = ("0", "", "0", "0", "")


class Told:
    """Takes what a client would be told."""

    def __init__(self, version: int = 176) -> None:
        self.version = version
        self.frames: list[tuple[str, ...]] = []

    def send_fields(self, *fields: str) -> None:
        self.frames.append(fields)


def client(*fields: str) -> WireMessage:
    return WireMessage(at=0.0, sender=Sender.CLIENT, fields=fields)


def gateway(*fields: str) -> WireMessage:
    return WireMessage(at=0.0, sender=Sender.GATEWAY, fields=fields)


def replay(*messages: WireMessage) -> Replay:
    recorded_at = dt.datetime(2026, 7, 24, tzinfo=dt.UTC)
    recording = WireRecording(
        library="lib-1", server_version=176, recorded_at=recorded_at, messages=messages
    )
    return Replay(recording, ACCOUNT)


def ask(of: Replay, told: Told, number: int, *body: str) -> bool:
    connection: Connection = told  # type: ignore[assignment]
    return of.answer(connection, number, body)


def line(request_id: str, contract: tuple[str, ...] = INDEX) -> tuple[str, ...]:
    return (request_id, *contract, *LINE_TAIL)


RECORDED_LINE = (
    client("1", "11", *line("32")),
    gateway("58", "1", "32", "1"),
    gateway("1", "6", "99", "1", "5", "0", "1"),  # of another line
    gateway("1", "6", "32", "4", "2336", "0", "1"),
    gateway("4", "2", "32", "10090", "a part", ""),
    gateway("15", "1", "DU0000001"),  # of no request
)


def test_a_line_gets_the_recorded_ticks_under_its_own_id() -> None:
    told = Told()

    assert ask(replay(*RECORDED_LINE), told, 1, *line("7"))
    assert told.frames == [
        ("58", "1", "7", "1"),
        ("1", "6", "7", "4", "2336", "0", "1"),
        ("4", "2", "7", "10090", "a part", ""),
    ]


def test_contract_numbers_need_not_agree() -> None:
    other = ("20000005", *INDEX[1:])

    assert ask(replay(*RECORDED_LINE), Told(), 1, *line("7", other))


def test_what_was_not_asked_in_the_recording_is_left_to_the_simulation() -> None:
    other = ("0", "SPX", *INDEX[2:])
    told = Told()

    assert not ask(replay(*RECORDED_LINE), told, 1, *line("7", other))
    assert not ask(replay(*RECORDED_LINE), told, 9, "7", *INDEX)
    assert told.frames == []


def test_a_request_without_a_recorded_answer_is_left_to_the_simulation() -> None:
    assert not ask(replay(client("1", "11", *line("32"))), Told(), 1, *line("7"))


def test_the_end_of_a_replayed_line_is_swallowed_once() -> None:
    of, told = replay(*RECORDED_LINE), Told()
    ask(of, told, 1, *line("7"))

    assert ask(of, told, 2, "7")
    assert not ask(of, told, 2, "7")
    assert not ask(of, Told(), 2, "7")  # somebody else's


def test_the_answers_of_repeated_requests_come_in_their_order_the_last_one_for_ever() -> None:
    of = replay(
        client("91", "109"),
        gateway("93", "109", "1", "0", "0.05"),
        client("91", "109"),
        gateway("93", "109", "2", "0", "0.05", "3", "0.1"),
    )
    told = Told()
    for _ in range(3):
        assert ask(of, told, 91, "109")

    assert [frame[2] for frame in told.frames] == ["1", "2", "2"]


def test_another_market_rule_is_another_question() -> None:
    of = replay(client("91", "109"), gateway("93", "109", "1", "0", "0.05"))

    assert not ask(of, Told(), 91, "110")


def test_the_recorded_account_becomes_the_gateways_own() -> None:
    of = replay(client("9", "8", "3", *INDEX), gateway("4", "2", "3", "200", "DU0000001"))
    told = Told()
    ask(of, told, 9, "5", *INDEX)

    assert told.frames == [("4", "2", "5", "200", ACCOUNT)]


def test_a_replay_demands_the_version_of_its_recording() -> None:
    recording = WireRecording(
        library="lib-1",
        server_version=170,
        recorded_at=dt.datetime(2026, 7, 24, tzinfo=dt.UTC),
        messages=(),
    )

    assert GatewaySettings(server_version=170, replay=recording).replay is recording
    with pytest.raises(ValueError, match="server_version is 176"):
        GatewaySettings(replay=recording)


def test_a_recording_too_old_to_be_read_is_refused() -> None:
    recording = WireRecording(
        library="lib-1",
        server_version=163,
        recorded_at=dt.datetime(2026, 7, 24, tzinfo=dt.UTC),
        messages=(),
    )

    with pytest.raises(ValueError, match="server_version is 163"):
        GatewaySettings(server_version=163, replay=recording)
