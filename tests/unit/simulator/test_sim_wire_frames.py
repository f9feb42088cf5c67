"""Frames, fields and their numbers, in both directions."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.simulator.limits import MessageAllowance
from bot.simulator.settings import GatewaySettings
from bot.simulator.wire import (
    HELLO,
    MAX_FRAME,
    VERSIONED,
    Fields,
    FrameReader,
    Request,
    WireError,
    field_text,
    frame,
    parse_number,
    split_fields,
)

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("SPX", "SPX"),
        (None, ""),
        (True, "1"),
        (False, "0"),
        (7, "7"),
        (7.0, "7"),
        (0.05, "0.05"),
        (-12.9, "-12.9"),
        (Decimal("2.30"), "2.30"),
        (Decimal("1E+2"), "100"),
    ],
)
def test_a_value_is_written_as_the_clients_read_it(value: object, text: str) -> None:
    assert field_text(value) == text  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("NaN"), "two\0fields"])
def test_what_no_client_could_read_is_never_written(value: object) -> None:
    with pytest.raises(WireError):
        field_text(value)  # type: ignore[arg-type]


def test_a_frame_is_its_length_and_its_fields_ended_by_nul() -> None:
    assert frame((49, 1, 1784556000)) == b"\x00\x00\x00\x10" + b"49\x001\x001784556000\x00"


@given(st.lists(st.lists(TEXT, min_size=1), max_size=5), st.data())
def test_messages_survive_any_cut_of_the_stream(
    messages: list[list[str]], data: st.DataObject
) -> None:
    stream = HELLO + b"".join(frame(message) for message in messages)
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=8).map(sorted))
    reader, heard = FrameReader(), []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        heard += [split_fields(payload) for payload in reader.feed(stream[start:end])]

    assert heard == messages


def test_a_stream_that_does_not_greet_is_refused_at_its_first_byte() -> None:
    with pytest.raises(WireError, match="starts with b'G'"):
        list(FrameReader().feed(b"G"))


def test_a_length_beyond_the_limit_is_refused_before_it_arrives() -> None:
    with pytest.raises(WireError, match=str(MAX_FRAME + 1)):
        list(FrameReader().feed(HELLO + (MAX_FRAME + 1).to_bytes(4)))


@pytest.mark.parametrize("payload", [b"", b"49", b"\xff\xfe\0"])
def test_a_payload_that_is_not_made_of_fields_is_refused(payload: bytes) -> None:
    with pytest.raises(WireError):
        split_fields(payload)


@pytest.mark.parametrize(
    "text", ["", "1.7976931348623157E308", "1.7976931348623157e+308", "1.79769e308", "2147483647"]
)
def test_every_spelling_of_unset_is_none(text: str) -> None:
    assert parse_number(text) is None


@pytest.mark.parametrize("text", ["nan", "inf", "Infinite", "1,5", "one"])
def test_a_number_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(WireError):
        parse_number(text)


@pytest.mark.parametrize(("text", "number"), [("0", 0.0), ("-12.9", -12.9), ("1e-5", 1e-5)])
def test_a_number_is_read_as_it_is(text: str, number: float) -> None:
    assert parse_number(text) == number


def test_fields_are_read_in_order_and_to_the_end() -> None:
    fields = Fields(["5", "", "1", "true", "0", "rest", "more"])

    assert (fields.integer(), fields.integer()) == (5, 0)
    assert (fields.flag(), fields.flag(), fields.flag()) == (True, True, False)
    with pytest.raises(WireError, match=r"placeOrder: 2 fields left over, \['rest', 'more'\]"):
        fields.finish("placeOrder")
    assert fields.take(2) == ["rest", "more"]
    fields.finish("placeOrder")
    with pytest.raises(WireError, match="ends after 7 fields"):
        fields.text()


def test_a_field_that_is_no_whole_number_is_refused_with_its_place() -> None:
    with pytest.raises(WireError, match=r"field 1 is '1.5'"):
        Fields(["1.5"]).integer()


def test_requests_have_a_version_field_up_to_77_but_for_three() -> None:
    without = {request for request in Request if request not in VERSIONED}

    assert {3, 20, 22} < without
    assert min(without - {3, 20, 22}) == 78
    assert {Request.ADVANCE_TIME, Request.KEEP_TIME} < VERSIONED


def test_an_allowance_fills_up_at_its_rate() -> None:
    allowance = MessageAllowance(50, now=0.0)
    burst = [allowance.take(0.0) for _ in range(100)]
    later = [allowance.take(1.0) for _ in range(50)]

    assert all(burst + later)
    assert not allowance.take(1.0)
    assert allowance.strikes == 1


def test_an_allowance_is_spent_for_good_at_the_third_strike() -> None:
    allowance = MessageAllowance(50, now=0.0)
    taken = [allowance.take(0.0) for _ in range(302)]

    assert taken.count(False) == 2
    assert not allowance.exhausted
    for _ in range(101):
        allowance.take(0.0)
    assert allowance.exhausted


def test_an_allowance_of_zero_is_no_limit() -> None:
    allowance = MessageAllowance(0, now=0.0)

    assert all(allowance.take(0.0) for _ in range(10_000))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", 70_000),
        ("server_version", 156),
        ("server_version", 177),
        ("speed", -1.0),
        ("step_seconds", 0.0),
        ("tick_seconds", 0.0),
        ("lines", -1),
        ("messages_per_second", -1),
        ("accounts", ()),
    ],
)
def test_a_setting_outside_its_bounds_is_named_with_its_value(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=name):
        GatewaySettings(**{name: value})  # type: ignore[arg-type]
