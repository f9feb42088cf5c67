"""The gateway heard field by field: connections, limits, refusals, time and reference data."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from fixed_market import START, FixedMarket
from raw_client import TWO_HOURS, VIX_CALL, Place, RawClient, message, served

from bot.simulator.gateway import serve
from bot.simulator.refusals import EMPTY, EMPTY_BY_ID, SILENT, WITH_ERROR
from bot.simulator.settings import GatewaySettings
from bot.simulator.wire import MAX_FRAME, Request

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator
    from pathlib import Path

SPX = (416904, "SPX", "IND", "", 0, "", "", "CBOE", "", "USD", "", "")


@pytest.fixture
def place() -> Iterator[Place]:
    with served(FixedMarket(), GatewaySettings()) as gateway:
        yield gateway


@pytest.fixture
def client(place: Place) -> RawClient:
    return place.connect()


# -- connections ---------------------------------------------------------------------------


def test_nothing_is_sent_between_the_handshake_and_the_start_of_the_api(place: Place) -> None:
    raw = place.say(b"API\0\0\0\0\x09v157..176")
    heard = raw.recv(4096)
    raw.settimeout(0.2)

    assert heard[4:8] == b"176\0"
    with pytest.raises(TimeoutError):
        raw.recv(1)


@pytest.mark.parametrize(
    ("versions", "answered"), [("v157..160", 160), ("v157..178 +PACEAPI", 176), ("v170", 170)]
)
def test_version_is_the_highest_that_both_speak(place: Place, versions: str, answered: int) -> None:
    assert place.connect(versions=versions).version == answered


@pytest.mark.parametrize(
    "start",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"API\0\0\0\0\x09v100..150",
        b"API\0\0\0\0\x05hello",
        b"API\0" + (MAX_FRAME + 1).to_bytes(4),
    ],
)
def test_what_is_no_client_is_hung_up_on(place: Place, start: bytes) -> None:
    assert place.say(start).recv(4096) == b""
    assert place.connect().now() == 1784552400


def test_messages_in_small_pieces_are_put_together(place: Place) -> None:
    client = place.connect()
    for byte in b"\0\0\0\x05" + b"49\x001\0":
        client.socket.sendall(bytes([byte]))
        time.sleep(0.001)

    assert client.now() == client.now()


def test_an_id_is_free_again_when_its_client_is_gone(place: Place) -> None:
    place.connect().socket.close()
    time.sleep(0.05)

    assert place.connect().now() > 0


# -- whatever is asked is answered ----------------------------------------------------------


@pytest.mark.parametrize("request_", WITH_ERROR)
def test_a_request_that_is_not_offered_is_refused_by_its_id(
    client: RawClient, request_: Request
) -> None:
    (answer,) = client.ask(*message(request_, 42))

    assert answer[:4] == ["4", "2", "42", str(WITH_ERROR[request_][0])]


@pytest.mark.parametrize("request_", [*EMPTY, *EMPTY_BY_ID, Request.FAMILY_CODES])
def test_a_request_that_has_nothing_to_tell_is_answered_with_nothing(
    client: RawClient, request_: Request
) -> None:
    (answer,) = client.ask(*message(request_, 42))

    assert answer[0] != "4"


@pytest.mark.parametrize("request_", SILENT)
def test_a_request_without_an_answer_has_none(client: RawClient, request_: Request) -> None:
    assert client.ask(*message(request_, 42)) == []


@pytest.mark.parametrize("number", ["4321", "19", "x", ""])
def test_an_unknown_message_is_answered_with_error_321(client: RawClient, number: str) -> None:
    (answer,) = client.ask(number, 1, 2, 3)

    assert answer[2:4] == ["-1", "321"]


def test_a_message_that_ends_too_early_is_answered_by_its_id(client: RawClient) -> None:
    (answer,) = client.ask(Request.MARKET_DATA, 11, 77, 416904, "SPX")

    assert answer[2:4] == ["77", "320"]


def test_a_field_that_is_no_number_is_answered_with_error_320(client: RawClient) -> None:
    (answer,) = client.ask(Request.MARKET_DATA, 11, 77, "many", *SPX[1:], 0, "", 0, 0, "")

    assert answer[2:4] == ["77", "320"]


def test_an_order_with_fields_left_over_is_refused_by_its_id_and_not_placed(
    client: RawClient,
) -> None:
    (answer,) = client.ask(Request.PLACE_ORDER, 5, *VIX_CALL, *[""] * 200)

    assert answer[2:4] == ["5", "320"]
    assert client.ask(Request.ALL_OPEN_ORDERS, 1) == [["53", "1"]]


# -- limits --------------------------------------------------------------------------------


def test_the_third_burst_beyond_the_rate_ends_the_connection() -> None:
    with served(FixedMarket(), GatewaySettings(messages_per_second=50)) as place:
        client = place.connect()
        with suppress(ConnectionError):
            for _ in range(330):
                client.send(Request.KEEP_TIME.value, 1)

        assert client.hung_up()


def test_two_allowances_in_one_burst_are_tolerated() -> None:
    with served(FixedMarket(), GatewaySettings(messages_per_second=50)) as place:
        client = place.connect()
        for _ in range(90):
            client.send(Request.KEEP_TIME.value, 1)

        assert all(answer[0] != "4" or answer[3] != "100" for answer in client.answers())


def test_error_100_counts_the_strikes() -> None:
    with served(FixedMarket(), GatewaySettings(messages_per_second=50)) as place:
        client = place.connect()
        for _ in range(120):
            client.send(Request.IDS.value, 1, 1)
        errors = [answer for answer in client.answers() if answer[:4] == ["4", "2", "-1", "100"]]

    assert len(errors) == 1
    assert "max=50" in errors[0][4]


def test_cancelling_a_line_twice_is_error_300(client: RawClient) -> None:
    client.ask(Request.MARKET_DATA, 11, 5, *SPX, 0, "", 0, 0, "")

    assert client.ask(Request.CANCEL_MARKET_DATA, 2, 5) == []
    assert client.ask(Request.CANCEL_MARKET_DATA, 2, 5)[0][3] == "300"


def test_a_ticker_id_in_use_is_error_322(client: RawClient) -> None:
    client.ask(Request.MARKET_DATA, 11, 5, *SPX, 0, "", 0, 0, "")

    assert client.ask(Request.MARKET_DATA, 11, 5, *SPX, 0, "", 0, 0, "")[0][3] == "322"


def test_an_unknown_kind_of_market_data_is_refused(client: RawClient) -> None:
    assert client.ask(Request.MARKET_DATA_TYPE, 1, 9)[0][3] == "321"


def test_delayed_data_that_was_not_asked_for_is_error_354() -> None:
    with served(FixedMarket(), GatewaySettings(delayed=frozenset({"VIX"}))) as place:
        answer = place.connect().ask(Request.MARKET_DATA, 11, 5, *VIX_CALL, 0, "", 1, 0, "")

    assert [fields[3] for fields in answer] == ["354"]


def test_a_combo_is_quoted_by_its_legs_only(client: RawClient) -> None:
    bag = (0, "SPX", "BAG", "", 0, "", "", "SMART", "", "USD", "", "")

    assert client.ask(Request.MARKET_DATA, 11, 5, *bag, 0, 0, "", 1, 0, "")[0][3] == "354"


def test_an_ambiguous_contract_has_no_line(client: RawClient) -> None:
    either = (0, "SPX", "OPT", "20260820", 6100, "P", "", "SMART", "", "USD", "", "")
    (answer,) = client.ask(Request.MARKET_DATA, 11, 5, *either, 0, "", 1, 0, "")

    assert answer[2:4] == ["5", "200"]
    assert "ambiguous" in answer[4]


def test_a_delta_neutral_block_is_read_past(client: RawClient) -> None:
    heard = client.ask(Request.MARKET_DATA, 11, 5, *SPX, 1, 99, 0.5, 10, "", 1, 0, "")

    assert heard[-1] == ["57", "1", "5"]


def test_an_option_that_nobody_quotes_has_no_ticks(client: RawClient) -> None:
    client.advance(TWO_HOURS)
    unquoted = (*VIX_CALL[:4], 33, *VIX_CALL[5:])
    heard = client.ask(Request.MARKET_DATA, 11, 5, *unquoted, 0, "", 1, 0, "")

    assert [fields[0] for fields in heard] == ["58", "81", "57"]


def test_option_computations_can_be_left_out() -> None:
    with served(FixedMarket(), GatewaySettings(model_computations=False)) as place:
        client = place.connect()
        client.advance(TWO_HOURS)
        heard = client.ask(Request.MARKET_DATA, 11, 5, *VIX_CALL, 0, "", 1, 0, "")

    assert "21" not in {fields[0] for fields in heard}


def test_a_closed_market_is_frozen_to_who_asks_for_it(client: RawClient) -> None:
    client.ask(Request.MARKET_DATA_TYPE, 1, 2)
    kind = client.ask(Request.MARKET_DATA, 11, 5, *SPX, 0, "", 1, 0, "")[0]

    assert kind == ["58", "1", "5", "2"]


# -- time ----------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", ["-1", "", "1e12", "soon"])
def test_time_moves_by_a_sane_number_of_seconds_only(client: RawClient, seconds: str) -> None:
    before = client.now()
    (answer,) = client.ask(Request.ADVANCE_TIME, 1, seconds)

    assert answer[3] in {"320", "321"}
    assert client.now() == before


def test_everything_that_happened_arrives_before_the_new_time(client: RawClient) -> None:
    client.advance(TWO_HOURS)
    client.ask(Request.MARKET_DATA, 11, 5, *VIX_CALL, 0, "", 0, 0, "")
    heard = client.advance(TWO_HOURS)

    assert ["1", "6", "5", "1", "1.7", "10", "1"] in heard
    assert ["1", "6", "5", "2", "1.8", "15", "1"] in heard


def test_a_line_hears_only_what_changed(client: RawClient) -> None:
    client.advance(TWO_HOURS)
    client.ask(Request.MARKET_DATA, 11, 5, *SPX, 0, "", 0, 0, "")

    assert client.advance(TWO_HOURS) == []


def test_free_running_time_passes_by_itself_and_not_by_message() -> None:
    settings = GatewaySettings(speed=3600.0, tick_seconds=0.01)
    with served(FixedMarket(), settings) as place:
        client = place.connect()
        before = client.now()
        client.advance(86_400)
        time.sleep(0.2)
        passed = client.now() - before

    assert 300 < passed < 86_400


def test_everybody_is_hung_up_on_when_time_breaks_down() -> None:
    class Broken(FixedMarket):
        def advance(self, now: dt.datetime) -> None:
            if now > START:
                raise ZeroDivisionError("the market is broken")

    settings = GatewaySettings(speed=1.0, tick_seconds=0.01)
    with served(Broken(), settings) as place:
        assert place.connect().hung_up()


def test_a_free_running_gateway_keeps_its_tick_latency() -> None:
    settings = GatewaySettings(speed=1.0, tick_latency_seconds=0.5)
    with served(FixedMarket(), settings) as place:
        client = place.connect()
        asked = time.monotonic()
        at_once = client.ask(Request.MARKET_DATA, 11, 5, *SPX, 0, "", 1, 0, "")
        first = client.read()
        waited = time.monotonic() - asked

    assert at_once == []
    assert first[0] == "58"
    assert waited >= 0.5


def test_the_origin_of_each_session_is_noted_once(tmp_path: Path) -> None:
    path = tmp_path / "provenance.jsonl"
    with served(FixedMarket(), GatewaySettings(provenance_path=path)) as place:
        client = place.connect()
        client.advance(TWO_HOURS)
        client.advance(TWO_HOURS)
        client.advance(86_400)
    notes = [json.loads(line) for line in path.read_text().splitlines()]

    assert [note["session"] for note in notes] == ["2026-07-20", "2026-07-21"]
    assert notes[0] == {
        "session": "2026-07-20",
        "subject": "SPX chain",
        "provenance": "modelled",
        "detail": "written by hand",
    }


# -- reference and history -----------------------------------------------------------------


def test_parameters_of_an_underlying_that_is_another_are_refused(client: RawClient) -> None:
    assert client.ask(Request.OPTION_PARAMETERS, 9, "VIX", "", "IND", 416904)[0][3] == "321"


def test_an_unknown_market_rule_has_no_bands(client: RawClient) -> None:
    assert client.ask(Request.MARKET_RULE, 999) == [["93", "999", "0"]]


@pytest.mark.parametrize(
    ("bar_size", "duration", "code"),
    [("5 mins", "1 D", "162"), ("1 day", "1 H", "321"), ("1 day", "soon", "321")],
)
def test_bars_that_are_not_kept_are_refused(
    client: RawClient, bar_size: str, duration: str, code: str
) -> None:
    fields = (9, *SPX, 0, "", bar_size, duration, 1, "TRADES", 1, 0, "")

    assert client.ask(Request.HISTORICAL_DATA, *fields)[0][3] == code


def test_bars_end_where_they_are_asked_to(client: RawClient) -> None:
    client.advance(86_400 * 3 + TWO_HOURS)
    end = "20260721-20:00:00"
    (bars,) = client.ask(
        Request.HISTORICAL_DATA, 9, *SPX, 0, end, "1 day", "2 D", 1, "TRADES", 1, 0, ""
    )

    assert bars[4] == "2"
    assert bars[5::8] == ["20260720", "20260721"]


def test_an_end_that_is_no_date_is_refused(client: RawClient) -> None:
    fields = (9, *SPX, 0, "tomorrow", "1 day", "2 D", 1, "TRADES", 1, 0, "")

    assert client.ask(Request.HISTORICAL_DATA, *fields)[0][2:4] == ["9", "320"]


def test_the_first_bar_has_a_head_time_stamp(client: RawClient) -> None:
    (of_index,) = client.ask(Request.HEAD_TIMESTAMP, 9, *SPX, 0, 1, "TRADES", 1)
    (of_option,) = client.ask(Request.HEAD_TIMESTAMP, 9, *VIX_CALL, 0, 1, "TRADES", 1)

    assert of_index[:2] == ["88", "9"]
    assert of_index[2].endswith(" 00:00:00 America/New_York")
    assert of_option[3] == "162"


def test_a_gateway_serves_until_it_is_told_to_stop(place: Place) -> None:
    client = place.connect()
    place.stop.set()

    assert client.hung_up()


def test_a_port_in_use_is_an_error(place: Place) -> None:
    with pytest.raises(OSError, match="in use"):
        serve(FixedMarket(), GatewaySettings(port=place.port), ready=lambda _: None)
