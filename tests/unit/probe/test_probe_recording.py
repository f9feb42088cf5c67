"""What passes the wire is kept, and nobody can tell whose it was."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from bot.core.errors import RecordedDataError
from bot.data.wire_recording import (
    Sender,
    WireMessage,
    WireRecording,
    read_recording,
    write_recording,
)
from bot.probe.recording import Recorder, redacted

if TYPE_CHECKING:
    from pathlib import Path

AT = dt.datetime(2026, 7, 24, 19, 30, tzinfo=dt.UTC)


def gateway(*fields: str) -> WireMessage:
    return WireMessage(at=0.5, sender=Sender.GATEWAY, fields=fields)


def client(*fields: str) -> WireMessage:
    return WireMessage(at=0.25, sender=Sender.CLIENT, fields=fields)


def recording(*messages: WireMessage) -> WireRecording:
    return WireRecording(library="lib-1", server_version=176, recorded_at=AT, messages=messages)


def fields_of(messages: tuple[WireMessage, ...]) -> list[tuple[str, ...]]:
    return [message.fields for message in messages]


def test_accounts_are_numbered_in_the_order_in_which_the_gateway_offers_them() -> None:
    found = redacted(
        [
            client("6", "2", "1", "DU7654321"),
            gateway("15", "1", "DU1111111,DU7654321"),
            gateway("6", "2", "NetLiquidation", "1000", "USD", "DU7654321"),
        ],
        [],
    )

    assert fields_of(found) == [
        ("6", "2", "1", "DU0000002"),
        ("15", "1", "DU0000001,DU0000002"),
        ("6", "2", "NetLiquidation", "1000", "USD", "DU0000002"),
    ]


@pytest.mark.parametrize("account", ["U1234567", "DU1234567", "F123456", "DF123456", "I98765"])
def test_an_account_that_was_not_offered_is_hidden_too(account: str) -> None:
    (found,) = redacted([gateway("4", "2", "-1", "321", f"Invalid account '{account}'.")], [])

    assert found.fields[-1] == "Invalid account 'DU0000001'."


@pytest.mark.parametrize("text", ["SPXW  260828C06500000", "VXF7", "USD", "28812380", "st-u12345"])
def test_what_is_no_account_stays(text: str) -> None:
    (found,) = redacted([gateway("10", text)], [])

    assert found.fields == ("10", text)


def test_words_are_hidden_wherever_they_stand_the_longest_first() -> None:
    (found,) = redacted([gateway("4", "user jane.doe of jane")], ["jane", "jane.doe", ""])

    assert found.fields == ("4", "user redacted of redacted")


def test_the_number_of_a_message_is_never_hidden() -> None:
    (found,) = redacted([gateway("15", "1", "15")], ["15"])

    assert found.fields == ("15", "1", "redacted")


def test_a_recorder_keeps_what_it_hears_in_its_order() -> None:
    recorder = Recorder()
    recorder.hear(Sender.CLIENT, ["49", "1"])
    recorder.hear(Sender.GATEWAY, ["49", "1", "1700000000"])
    found = recorder.recording(server_version=176, at=AT, words=())

    assert [(m.sender, m.fields) for m in found.messages] == [
        (Sender.CLIENT, ("49", "1")),
        (Sender.GATEWAY, ("49", "1", "1700000000")),
    ]
    assert recorder.gateway_since(0) == [recorder.messages[1]]


def test_a_recording_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "wire.jsonl"
    written = recording(client("49", "1"), gateway("4", "2", "-1", "2104", 'OK "é"'))
    write_recording(path, written)

    assert read_recording(path) == written


def test_a_file_that_exists_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "wire.jsonl"
    path.write_text("mine", encoding="utf-8")

    with pytest.raises(RecordedDataError, match="exists"):
        write_recording(path, recording())
    assert path.read_text(encoding="utf-8") == "mine"


def test_a_folder_that_is_absent_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordedDataError, match="cannot be written"):
        write_recording(tmp_path / "absent" / "wire.jsonl", recording())


HEADER = (
    '{"format": "steward-wire-1", "library": "l", "server_version": 176, '
    '"recorded_at": "2026-07-24T19:30:00+00:00"}'
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no recording"),
        ("{", ":1: not JSON"),
        ("[]", ":1: '.*', expected is an object"),
        ('{"format": "other"}', ":1: format 'other'"),
        ('{"format": "steward-wire-1"}', ":1: header without a valid 'library'"),
        (HEADER.replace("176", '"new"'), ":1: header without a valid"),
        (f"{HEADER}\n{{", ":2: not JSON"),
        (f'{HEADER}\n{{"at": 0, "from": "client", "fields": []}}', ":2: "),
        (f'{HEADER}\n{{"at": 0, "from": "client", "fields": ["x"]}}', ":2: fields"),
        (f'{HEADER}\n{{"at": 0, "from": "client"}}', ":2: fields None"),
        (f'{HEADER}\n{{"at": 0, "from": "nobody", "fields": ["1"]}}', ":2: 'nobody'"),
        (f'{HEADER}\n{{"from": "client", "fields": ["1"]}}', ":2: 'at'"),
    ],
)
def test_a_broken_recording_is_refused_with_its_line(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "wire.jsonl"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(RecordedDataError, match=said):
        read_recording(path)


def test_an_absent_recording_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordedDataError, match="is no recording"):
        read_recording(tmp_path / "absent.jsonl")
