"""Faults of the gateway, heard field by field."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import raw_client
from fault_stage import (
    SPX_COMBO,
    SPXW_PUT,
    Stage,
    codes,
    heard,
    place,
    staged,
    statuses,
    told,
)
from raw_client import TWO_HOURS, VIX_CALL, RawClient, message

from bot.core.errors import ConfigError
from bot.simulator.faults.reading import parse_script
from bot.simulator.wire import UNSET, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TEXT = (Path(__file__).parents[2] / "docs" / "faults.md").read_text(encoding="utf-8")
CATALOGUE = {
    int(number): (title, toml)
    for number, title, toml in re.findall(r"### (\d+): (.*)\n\n```toml\n([^`]*)```", TEXT)
}
SHORT_SECONDS = 0.25

SPX = (416904, "SPX", "IND", "", 0, "", "", "CBOE", "", "USD", "", "")
VIX = (13455763, "VIX", "IND", "", 0, "", "", "CBOE", "", "USD", "", "")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait a quarter of a second for each answer."""
    monkeypatch.setattr(raw_client, "DEADLINE_SECONDS", SHORT_SECONDS)


def quote(client: RawClient, req_id: int, contract: tuple[object, ...]) -> list[list[str]]:
    """Open a line; return its first ticks."""
    return client.ask(Request.MARKET_DATA, 11, req_id, *contract, 0, "", 0, 0, "")


def script_of(number: int) -> str:
    """Return a script of the document."""
    _title, script = CATALOGUE[number]
    return str(script)


# -- every script of the document strikes ---------------------------------------------------


def conversation(stage: Stage) -> Iterator[Callable[[RawClient], object]]:
    """Give the steps of a client that tries everything once."""
    yield lambda c: c.advance(TWO_HOURS)
    yield lambda c: c.ask(Request.POSITIONS, 1)
    yield lambda c: c.ask(Request.CONTRACT_DETAILS, 8, 1, *SPX, 0, "", "", "")
    yield lambda c: c.ask(Request.CONTRACT_DETAILS, 8, 2, *VIX, 0, "", "", "")
    yield lambda c: c.ask(Request.CONTRACT_DETAILS, 8, 3, *SPX_COMBO, 0, "", "", "")
    yield lambda c: c.ask(
        Request.HISTORICAL_DATA, 4, *SPX, 0, "", "1 day", "5 D", 1, "TRADES", 1, 0, ""
    )
    for req_id, contract in enumerate((SPX, VIX, VIX_CALL, SPXW_PUT), 5):
        yield lambda c, n=req_id, k=contract: quote(c, n, k)  # type: ignore[misc] # bound now
    yield lambda c: place(c, 1, what_if=True)
    yield lambda c: place(c, 2, quantity=2)
    yield lambda c: c.advance(120)
    yield lambda c: place(c, 3, price=1.5)
    yield lambda c: place(c, 3, price=1.45)
    yield lambda c: c.send(Request.CANCEL_ORDER.value, 1, 3)
    yield lambda c: c.send(Request.CANCEL_ORDER.value, 1, 3)
    yield lambda c: place(c, 4, contract=SPX_COMBO, legs=stage.put_spread(), price=-7.0)
    yield lambda c: c.advance(120)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "number", [pytest.param(n, id=f"{n:02d} {title}") for n, (title, _) in CATALOGUE.items()]
)
def test_every_fault_of_a_script_strikes(number: int) -> None:
    wanted = [fault.what for fault in parse_script(script_of(number)).faults]
    with staged(script_of(number)) as stage:
        client: RawClient | None = None
        for step in conversation(stage):
            with contextlib.suppress(OSError):
                client = client or stage.connect()
                step(client)
                client.answers()
                continue
            if client is not None:
                client.socket.close()
                client = None
        faults = stage.gateway.faults
        assert faults is not None
        struck = [each.action for each in faults.struck]

    assert [action for action in wanted if action not in struck] == []


# -- errors --------------------------------------------------------------------------------


def test_an_error_takes_the_place_of_the_order_it_refuses() -> None:
    script = """
        [[fault]]
        when = { received = "place_order", kind = "new", nth = 2 }
        what = "error"
        code = 201
        text = "Order rejected - reason:not today"
    """
    with staged(script) as stage:
        client = stage.open()
        place(client, 1)
        first = heard(client)
        place(client, 2)
        second = client.answers()
        completed = told(client.ask(Request.COMPLETED_ORDERS, 0), 101)

    assert statuses(first)[-1] == "Filled"
    assert second == [["4", "2", "2", "201", "Order rejected - reason:not today", ""]]
    assert len(completed) == 1


def test_an_error_behind_a_status_leaves_the_order_alive() -> None:
    with staged(script_of(26)) as stage:
        client = stage.open()
        place(client, 1)
        messages = heard(client, 60)
        open_orders = told(client.ask(Request.ALL_OPEN_ORDERS, 1), 3)

    assert codes(messages) == [("1", "321")]
    assert [fields[2] for fields in open_orders] == ["Submitted"]


def test_an_error_that_lets_pass_is_told_beside_the_ticks() -> None:
    with staged(script_of(20)) as stage:
        client = stage.open()
        partly, not_at_all = quote(client, 5, SPX), quote(client, 6, VIX)

    assert codes(partly) == [("5", "10090")]
    assert [fields[4] for fields in told(partly, 1)] == ["6400", "6380"]
    assert [fields[:4] for fields in not_at_all] == [["4", "2", "6", "354"]]


def test_an_error_by_time_is_told_to_everybody() -> None:
    with staged(script_of(11)) as stage:
        first, second = stage.connect(1), stage.connect(2)
        mine = first.advance(7200)
        more = first.advance(5)
        theirs = second.answers()

    assert [fields[2:4] for fields in mine] == [["-1", "2103"]]
    assert [fields[2:4] for fields in more] == [["-1", "2104"]]
    assert [fields[3] for fields in told(theirs, 4)][-2:] == ["2103", "2104"]


# -- messages lost, held, repeated, bent ----------------------------------------------------


def test_a_message_that_is_dropped_is_not_told_and_the_next_is() -> None:
    with staged(script_of(2)) as stage:
        client = stage.open()

        assert told(client.ask(Request.POSITIONS, 1), 62) == []
        assert told(client.ask(Request.POSITIONS, 1), 62) == [["62", "1"]]


def test_a_cancel_that_is_delayed_acts_at_its_time() -> None:
    script = """
        [[fault]]
        when = { received = "cancel_order" }
        what = "delay"
        seconds = 30.0
    """
    with staged(script) as stage:
        client = stage.open()
        place(client, 1, price=1.5)
        client.send(Request.CANCEL_ORDER.value, 1, 1)
        before = heard(client, 29)
        after = client.advance(31)
        done = told(client.ask(Request.COMPLETED_ORDERS, 0), 101)

    assert statuses(before) == ["PreSubmitted", "Submitted"]
    assert statuses(after) == ["Cancelled"]
    assert "20260720 11:00:30 America/New_York" in done[0]


def test_a_message_that_is_reordered_comes_behind_the_next() -> None:
    script = '[[fault]]\nwhen = { sent = "open_order" }\nwhat = "reorder"'
    with staged(script) as stage:
        client = stage.open()
        place(client, 1, price=1.5)

        assert [fields[0] for fields in client.answers()[:4]] == ["3", "5", "5", "3"]


def test_a_held_message_waits_for_so_many_others() -> None:
    script = '[[fault]]\nwhen = { sent = "open_order" }\nwhat = "delay"\nmessages = 3'
    with staged(script) as stage:
        client = stage.open()
        place(client, 1, price=1.5)

        assert [fields[0] for fields in client.answers()] == ["3", "5", "3", "5"]


def test_a_status_is_told_again_behind_the_fill() -> None:
    with staged(script_of(41)) as stage:
        client = stage.open()
        place(client, 1)
        messages = heard(client, 120)

    assert statuses(messages) == ["PreSubmitted", "Submitted", "Filled", "Submitted"]


def test_a_message_may_be_told_twice_at_once() -> None:
    script = '[[fault]]\nwhen = { sent = "execution" }\nwhat = "replay"'
    with staged(script) as stage:
        client = stage.open()
        place(client, 1)
        executions = told(heard(client), 11)

    assert len(executions) == 2
    assert executions[0] == executions[1]


def test_a_length_that_lies_swallows_what_follows() -> None:
    with staged(script_of(12)) as stage:
        client = stage.open()
        place(client, 1)
        client.socket.settimeout(SHORT_SECONDS)
        order = client.read()
        with pytest.raises(TimeoutError):
            client.answers()

    assert order[0] == "5"


def test_fields_that_cannot_be_decoded_keep_their_number() -> None:
    with staged(script_of(13)) as stage:
        client = stage.open()
        place(client, 1)
        first = told(client.answers(), 3)[0]

    assert first == ["3", *["?"] * 11]


def test_a_truncated_message_has_half_of_its_fields() -> None:
    script = '[[fault]]\nwhen = { sent = "order_status" }\nwhat = "corrupt"\nhow = "truncated"'
    with staged(script) as stage:
        client = stage.open()
        place(client, 1, price=1.5)
        cut, whole = told(client.answers(), 3)

    assert (len(cut), len(whole)) == (6, 12)


def test_a_wrong_id_is_told_in_its_place() -> None:
    script = '[[fault]]\nwhen = { sent = "execution" }\nwhat = "wrong_id"\nid = 0'
    with staged(script) as stage:
        client = stage.open()
        place(client, 7)
        (execution,) = told(heard(client), 11)

    assert execution[:3] == ["11", "-1", "0"]


def test_a_rewritten_status_is_told_as_it_is_written() -> None:
    with staged(script_of(38)) as stage:
        client = stage.open()
        place(client, 1, price=1.5)

        assert statuses(heard(client)) == ["PreSubmitted", "Inactive"]


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("utc", "20260720-15:00:00"),
        ("chicago", "20260720 10:00:00 America/Chicago"),
        ("bare", "20260720  11:00:00"),
    ],
)
def test_the_time_of_an_execution_has_three_forms(form: str, text: str) -> None:
    script = f'[[fault]]\nwhen.sent = "execution"\nwhat = "execution_time"\nform = "{form}"'
    with staged(script) as stage:
        client = stage.open()
        place(client, 1)
        (execution,) = told(heard(client), 11)

    assert execution[15] == text


@pytest.mark.parametrize("first", ["utc", "bare"])
def test_a_time_that_was_rewritten_is_not_rewritten_again(first: str) -> None:
    script = "".join(
        f'[[fault]]\nwhen.sent = "execution"\nwhat = "execution_time"\nform = "{form}"\n'
        for form in (first, "chicago")
    )
    with staged(script) as stage:
        client = stage.open()
        place(client, 1)
        (execution,) = told(heard(client), 11)

    assert "Chicago" not in execution[15]


def test_a_commission_comes_unset_and_a_sweep_brings_it() -> None:
    script = '[[fault]]\nwhen = { sent = "commission" }\nwhat = "unset_commission"'
    with staged(script) as stage:
        client = stage.open()
        place(client, 1)
        (first,) = told(heard(client), 59)
        swept = client.ask(Request.EXECUTIONS, 3, 9, 0, "", "", "", "", "", "")
        (again,) = told(swept, 59)

    assert (first[3], again[3]) == (UNSET, "1.05")


# -- connections ---------------------------------------------------------------------------


@pytest.mark.parametrize(("what", "live"), [("mute", 2), ("half_open", 0)])
@pytest.mark.usefixtures("impatient")
def test_a_mute_gateway_acts_and_a_half_open_one_does_not(what: str, live: int) -> None:
    script = f'[[fault]]\nwhen = {{ phase = "submitted" }}\nwhat = "{what}"'
    with staged(script) as stage:
        client = stage.open()
        other = stage.connect(2)
        place(client, 1, price=1.5)
        place(client, 2, price=1.5)
        with pytest.raises(TimeoutError):
            client.answers()
        orders = told(other.ask(Request.ALL_OPEN_ORDERS, 1), 5)
        client.send(Request.ADVANCE_TIME.value, 1, 60)

        assert client.read() == ["49", "1", "1784559660"]
    assert len(orders) == live


@pytest.mark.parametrize(("passes", "live"), [("true", 1), ("false", 0)])
def test_an_order_is_lost_with_the_connection_or_passes_before(passes: str, live: int) -> None:
    script = f'[[fault]]\nwhen.phase = "submitted"\nwhat = "disconnect"\npasses = {passes}'
    with staged(script) as stage:
        client = stage.open()
        place(client, 1, price=1.5)
        with pytest.raises(ConnectionResetError):
            client.read()
        orders = told(stage.connect().ask(Request.OPEN_ORDERS, 1), 5)

    assert len(orders) == live


def test_a_connection_may_end_in_order_and_the_world_goes_on() -> None:
    with staged(script_of(43)) as stage:
        client = stage.open()
        place(client, 1)
        assert client.hung_up()
        again = stage.connect()
        swept = told(again.ask(Request.EXECUTIONS, 3, 9, 0, "", "", "", "", "", ""), 11)

        assert again.now() == 1784559600 + 600
    assert [fields[15] for fields in swept] == ["20260720 11:00:00 America/New_York"]


def test_past_midnight_the_executions_of_yesterday_are_gone_and_the_position_is_not() -> None:
    with staged(script_of(44)) as stage:
        client = stage.open()
        place(client, 1)
        with pytest.raises(ConnectionError):
            heard(client)
        again = stage.connect()
        swept = told(again.ask(Request.EXECUTIONS, 3, 9, 0, "", "", "", "", "", ""), 11)
        positions = told(again.ask(Request.POSITIONS, 1), 61)

    assert swept == []
    assert [fields[-2] for fields in positions] == ["1"]


@pytest.mark.usefixtures("impatient")
def test_by_time_alone_everybody_is_hung_up_on_or_left_without_an_answer() -> None:
    script = """
        [[fault]]
        when.after = 60
        what = "half_open"
        [[fault]]
        when.after = 120
        what = "disconnect"
        how = "eof"
        seconds = 3600.0
    """
    with staged(script) as stage:
        clients = [stage.connect(1), stage.connect(2)]
        clients[0].advance(60)
        for client in clients:
            with pytest.raises(TimeoutError):
                client.answers()
        clients[0].send(Request.ADVANCE_TIME.value, 1, 60)

        assert [client.hung_up() for client in clients] == [True, True]
        assert stage.connect().now() == 1784552400 + 120 + 3600


def test_refused_connections_are_reset_until_they_are_used_up() -> None:
    with staged('[[fault]]\nwhat = "refuse"\nconnections = 2') as stage:
        for _ in range(2):
            with pytest.raises(ConnectionError):
                stage.connect()

        assert stage.connect().now() == 1784552400


@pytest.mark.usefixtures("impatient")
def test_a_closed_port_refuses_and_opens_again() -> None:
    with staged('[[fault]]\nwhen.after = 60\nwhat = "close_port"\nseconds = 0.3') as stage:
        client = stage.connect()
        client.advance(60)
        with pytest.raises(ConnectionRefusedError):
            stage.connect(2)
        assert client.now() == 1784552460
        time.sleep(0.5)

        assert stage.connect(2).now() == 1784552460


@pytest.mark.usefixtures("impatient")
def test_a_greeting_that_is_lost_stalls_the_login() -> None:
    with staged('[[fault]]\nwhen = { received = "hello" }\nwhat = "drop"') as stage:
        with pytest.raises(TimeoutError):
            stage.connect()

        assert stage.connect().now() == 1784552400


def test_a_busy_client_id_is_said_and_hung_up_on() -> None:
    with staged(script_of(3)) as stage:
        client = stage.connect()
        answer = client.read()

        assert answer[2:4] == ["-1", "326"]
        assert client.hung_up()
        assert stage.connect().now() == 1784552400


def test_other_accounts_are_offered() -> None:
    with staged(script_of(15)) as stage:
        assert told(stage.connect().answers(), 15) == [["15", "1", "U7654321"]]


def test_a_read_only_gateway_refuses_orders() -> None:
    with staged(script_of(40)) as stage:
        client = stage.open()
        place(client, 1)

        assert codes(client.answers()) == [("1", "321")]


def test_order_ids_roll_back() -> None:
    with staged(script_of(8)) as stage:
        client = stage.open()
        place(client, 41)
        heard(client)

        assert client.ask(Request.IDS, 1, 1) == [["9", "1", "1"]]


def test_a_skewed_clock_is_told_and_time_itself_is_not() -> None:
    with staged(script_of(53)) as stage:
        client = stage.connect()
        told_time = client.now()
        client.send(Request.KEEP_TIME.value, 1)

        assert (told_time, client.read()[2]) == (1784552405, "1784552400")


def test_a_lost_line_stops_the_ticks_and_a_restored_one_brings_them() -> None:
    with staged(script_of(6)) as stage:
        client = stage.connect()
        quote(client, 5, VIX_CALL)
        lost = client.advance(7200)[-1]
        silent, restored = client.advance(4), client.advance(1)[0]
        moved = client.advance(3600)

    assert (lost[3], silent, restored[3]) == ("1100", [], "1102")
    assert [fields[4] for fields in told(moved, 1)] == ["1.7", "1.8"]


def test_a_line_restored_without_data_has_forgotten_its_subscriptions() -> None:
    with staged(script_of(5)) as stage:
        client = stage.connect()
        quote(client, 5, VIX_CALL)
        client.advance(7199)
        restored = client.advance(6)
        moved = client.advance(3600)

    assert [fields[3] for fields in told(restored, 4)] == ["1100", "1101"]
    assert moved == []


# -- orders --------------------------------------------------------------------------------


def test_an_order_fills_in_part_and_the_remainder_later() -> None:
    with staged(script_of(32)) as stage:
        client = stage.open()
        place(client, 1, quantity=3)
        first, rest = heard(client, 50), client.advance(30)

    assert [fields[2:5] for fields in told(first, 3)][-1] == ["Submitted", "1", "2"]
    assert [fields[2:5] for fields in told(rest, 3)][-1] == ["Filled", "3", "0"]


def test_a_combo_may_be_left_with_half_of_its_legs() -> None:
    script = '[[fault]]\nwhen.phase = "submitted"\nwhat = "leg_fill"\nlegs = 1'
    with staged(script) as stage:
        client = stage.open()
        place(client, 1, contract=SPX_COMBO, legs=stage.put_spread(), price=-7.0)
        messages = heard(client, 600)
        positions = told(client.ask(Request.POSITIONS, 1), 61)

    assert [fields[2:5] for fields in told(messages, 3)][-1] == ["Submitted", "0", "1"]
    assert [fields[-2] for fields in positions] == ["-1"]


def test_an_order_fills_after_it_was_cancelled() -> None:
    with staged(script_of(33)) as stage:
        client = stage.open()
        place(client, 1, price=1.5)
        heard(client)
        client.send(Request.CANCEL_ORDER.value, 1, 1)
        messages = heard(client, 30)

    assert statuses(messages) == ["Cancelled", "Filled"]
    assert codes(messages) == [("1", "202")]


def test_only_the_order_that_is_named_rests() -> None:
    script = '[[fault]]\nwhen = { phase = "submitted", ref = "S2" }\nwhat = "no_fill"'
    with staged(script) as stage:
        client = stage.open()
        place(client, 1, ref="S1-x")
        place(client, 2, ref="S2-x")
        messages = heard(client)

    assert {f[1]: f[2] for f in told(messages, 3)} == {"1": "Filled", "2": "Submitted"}


def test_a_price_is_corrected_by_the_next_revision_of_its_execution() -> None:
    with staged(script_of(45)) as stage:
        client = stage.open()
        place(client, 1)
        (first,) = told(heard(client, 20), 11)
        (second,) = told(client.advance(30), 11)

    assert (first[14][:-2], first[14][-2:]) == (second[14][:-2], "01")
    assert (second[14][-2:], float(first[20]), float(second[20])) == ("02", 1.6, 1.55)


def test_an_order_is_placed_twice_with_one_reference() -> None:
    with staged(script_of(36)) as stage:
        client = stage.open()
        place(client, 1, price=1.5, ref="one")
        client.answers()
        orders = told(client.ask(Request.ALL_OPEN_ORDERS, 1), 5)

    assert [fields[1] for fields in orders] == ["1", "2"]
    assert [fields[23] for fields in orders] == ["one", "one"]
    assert len({fields[25] for fields in orders}) == 2


def test_a_position_expires_without_a_word() -> None:
    script = '[[fault]]\nwhen.after = 7500\nwhat = "expire"\ncontract = "VIX *"'
    with staged(script) as stage:
        client = stage.open()
        place(client, 1)
        heard(client)
        client.ask(Request.POSITIONS, 1)
        messages = client.advance(600)

    assert [(f[0], f[-2]) for f in messages] == [("61", "0")]


def test_somebody_trades_by_hand() -> None:
    script = """
        [[fault]]
        when = { after = 7300 }
        what = "manual_trade"
        contract = "VIX 260819C00020000"
        quantity = -3
    """
    with staged(script) as stage:
        client = stage.open()
        client.ask(Request.POSITIONS, 1)
        messages = client.advance(120)
        swept = client.ask(Request.EXECUTIONS, 3, 9, 0, "", "", "", "", "", "")
        (execution,) = told(swept, 11)

    assert [(f[0], f[-2]) for f in messages] == [("61", "-3")]
    assert (execution[2], execution[18], execution[22], execution[26]) == ("-1", "SLD", "0", "")


@pytest.mark.parametrize(
    ("how", "unset"), [("unset", [True]), ("unset_first", [True, False]), ("hang", [])]
)
def test_a_what_if_is_answered_badly_once(how: str, unset: list[bool]) -> None:
    script = f"""
        [[fault]]
        when = {{ received = "place_order", kind = "preview" }}
        what = "what_if"
        how = "{how}"
    """
    with staged(script) as stage:
        client = stage.open()
        place(client, 1, what_if=True)
        bad = told(client.answers(), 5)
        place(client, 2, what_if=True)
        (good,) = told(client.answers(), 5)

    assert [UNSET in fields[85:105] for fields in bad] == unset
    assert UNSET not in good[85:105]


def test_a_what_if_may_be_rejected() -> None:
    script = """
        [[fault]]
        when = { received = "place_order", kind = "preview" }
        what = "what_if"
        how = "reject"
    """
    with staged(script) as stage:
        client = stage.open()
        place(client, 1, what_if=True)

        assert codes(client.answers()) == [("1", "201")]


# -- quotes and hours ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "ticks"),
    [
        ("silent", []),
        ("empty", [["1", "-1", "0"], ["2", "-1", "0"]]),
        ("zero", [["1", "0", "0"], ["2", "0", "0"]]),
        ("crossed", [["1", "1.6", "10"], ["2", "1.5", "15"]]),
        ("locked", [["1", "1.5", "10"], ["2", "1.5", "15"]]),
        ("no_size", [["1", "1.5", "0"], ["2", "1.6", "0"]]),
        ("no_greeks", [["1", "1.5", "10"], ["2", "1.6", "15"]]),
    ],
)
def test_a_quote_is_told_oddly_and_the_venue_fills_as_ever(
    how: str, ticks: list[list[str]]
) -> None:
    script = f'[[fault]]\nwhat = "quote"\nhow = "{how}"\ncontract = "VIX 260819C*"'
    with staged(script) as stage:
        client = stage.open()
        odd, usual = quote(client, 5, VIX_CALL), quote(client, 6, SPXW_PUT)
        place(client, 1)
        messages = heard(client)

    assert [fields[3:6] for fields in told(odd, 1)] == ticks
    assert bool(told(odd, 21)) == (how in {"crossed", "locked", "no_size"})
    assert [fields[3:6] for fields in told(usual, 1)] == [["1", "12", "10"], ["2", "12.4", "15"]]
    assert statuses(messages)[-1] == "Filled"


def test_a_stale_quote_stands_still_and_comes_back() -> None:
    script = """
        [[fault]]
        when = { session = 2026-07-20, after = 3600 }
        what = "quote"
        how = "stale"
        seconds = 9000.0
    """
    with staged(script) as stage:
        client = stage.connect()
        quote(client, 5, VIX_CALL)
        still = client.advance(12_000)
        again = client.advance(6_000)

    assert told(still, 1) == []
    assert [fields[4] for fields in told(again, 1)] == ["1.7", "1.8"]


def test_a_halt_is_told() -> None:
    with staged(script_of(18)) as stage:
        client = stage.connect()
        before = quote(client, 5, VIX_CALL)
        after = client.advance(TWO_HOURS)

    assert [fields[3:] for fields in told(before, 45)] == [["49", "0"]]
    assert [fields[3:] for fields in told(after, 45)] == [["49", "1"]]


def test_delayed_data_comes_to_those_who_asked_for_it() -> None:
    with staged(script_of(19)) as stage:
        client = stage.open()
        refused = quote(client, 5, VIX_CALL)
        client.ask(Request.MARKET_DATA_TYPE, 1, 3)
        delayed = quote(client, 6, VIX_CALL)

    assert codes(refused) == [("5", "354")]
    assert codes(delayed) == [("6", "10167")]
    assert told(delayed, 58) == [["58", "1", "6", "3"]]


@pytest.mark.parametrize(
    ("at", "hours"),
    [("\nat = 13:00:00", "20260721:0830-20260721:1200"), ("", "20260721:CLOSED")],
)
def test_the_exchange_says_that_it_closes_early(at: str, hours: str) -> None:
    script = f'[[fault]]\nwhat = "early_close"\ndate = 2026-07-21{at}'
    with staged(script) as stage:
        client = stage.open()
        (details,) = told(client.ask(Request.CONTRACT_DETAILS, 8, 1, *SPXW_PUT, 0, "", "", ""), 10)

    assert details[27].split(";")[1] == hours
    assert details[27].split(";")[0] == "20260720:0830-20260720:1515"


# -- when ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("nth = 2", [False, True, False, False]),
        ("nth = 2, times = 2", [False, True, True, False]),
        ("nth = 3, always = true", [False, False, True, True]),
        ("after = 7300", [False, False, True, False]),
        ("session = 2026-07-21", [False, False, False, False]),
        ("session = 2026-07-20, after = 5500", [False, False, True, False]),
        ("client = 2", [False, False, False, False]),
    ],
)
def test_conditions_narrow_each_other(condition: str, expected: list[bool]) -> None:
    script = f'[[fault]]\nwhen = {{ received = "ids", {condition} }}\nwhat = "drop"'
    lost = []
    with staged(script) as stage:
        client = stage.open()
        for _ in range(4):
            lost.append(not client.ask(*message(Request.IDS, 1)))
            client.advance(60)

    assert lost == expected


@pytest.mark.parametrize(
    ("contract", "struck"),
    [("VIX", 2), ("VIX 260819C000?0000", 1), ("SPXW*", 1), ("IND", 1), ("BAG", 0)],
)
def test_a_pattern_finds_contracts_by_their_names(contract: str, struck: int) -> None:
    script = f"""
        [[fault]]
        when = {{ received = "market_data", contract = "{contract}", always = true }}
        what = "error"
        code = 354
    """
    with staged(script) as stage:
        client = stage.open()
        for req_id, asked in enumerate((VIX, VIX_CALL, SPXW_PUT), 5):
            quote(client, req_id, asked)

        assert len(stage.words()) == struck


def test_a_combo_is_found_by_its_legs() -> None:
    script = """
        [[fault]]
        when = { received = "place_order", contract = "SPXW 260821P06100000" }
        what = "drop"
    """
    with staged(script) as stage:
        client = stage.open()
        place(client, 1, contract=SPX_COMBO, legs=stage.put_spread(), price=-7.0)

        assert heard(client) == []


def test_an_order_has_each_phase_once_though_it_is_told_again() -> None:
    script = (
        '[[fault]]\nwhen = { phase = "acknowledged", always = true }\nwhat = "error"\ncode = 399'
    )
    with staged(script) as stage:
        client = stage.open()
        place(client, 1, price=1.5)
        client.answers()
        client.ask(Request.ALL_OPEN_ORDERS, 1)
        place(client, 2, price=1.5)
        client.answers()

        assert stage.words() == ["error", "error"]


# -- at random -----------------------------------------------------------------------------


def storm(seed: int, rate: float = 0.3) -> list[tuple[str, int | None, str]]:
    """Run a fixed conversation in a storm; return what struck."""
    script = f'[random]\nseed = {seed}\nrate = {rate}\nkinds = ["delay", "drop", "replay"]'
    with staged(script) as stage:
        client = stage.connect()
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number in range(40):
            client.send(*message(Request.IDS, 1))
            client.send(*message(Request.MARKET_RULE, number))
            client.send(Request.ADVANCE_TIME.value, 1, 20)
            while client.read()[0] != "49":
                pass
        faults = stage.gateway.faults
        assert faults is not None
        return [(each.word, each.number, f"{each.at:%H:%M:%S}") for each in faults.struck]


def test_a_storm_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    first = storm(1)

    assert first == storm(1)
    assert first != storm(2)


def test_a_storm_strikes_as_often_as_its_rate_says() -> None:
    everything = len(storm(1, rate=1.0))

    assert {word for word, _, _ in storm(1)} == {"delay", "drop", "replay"}
    assert everything >= 80
    assert 0.15 <= len(storm(1, rate=0.3)) / 160 <= 0.45


# -- the command ---------------------------------------------------------------------------


def command(path: Path) -> subprocess.Popen[str]:
    """Start ``steward gateway --fault`` on a free port."""
    return subprocess.Popen(
        [sys.executable, "-m", "bot.cli", "gateway", "--port", "0", "--fault", str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_command_provokes_the_faults_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "faults.toml"
    path.write_text(script_of(15), encoding="utf-8")
    with command(path) as gateway:
        assert gateway.stdout is not None
        client = RawClient(json.loads(gateway.stdout.readline())["port"])
        accounts = told(client.answers(), 15)
        client.socket.close()
        gateway.terminate()

    assert accounts == [["15", "1", "U7654321"]]


def test_the_command_refuses_a_script_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "faults.toml"
    path.write_text('[[fault]]\nwhat = "muet"\n', encoding="utf-8")
    with command(path) as gateway:
        _, said = gateway.communicate(timeout=30)

    assert gateway.returncode == 2
    assert said.startswith('faults.toml:2: fault 1: what = "muet": unknown action, did you mean mu')


# -- what cannot be provoked ----------------------------------------------------------------


def test_a_session_that_is_not_played_is_refused() -> None:
    with staged() as stage, pytest.raises(ConfigError, match="session 2026-07-25 is not played"):
        stage.gateway.inject(parse_script('[[fault]]\nwhen.session = 2026-07-25\nwhat = "mute"'))


@pytest.mark.parametrize(("contract", "fits"), [("VIX 260819C*", 31), ("VIX 990101C*", 0)])
def test_a_trade_by_hand_in_no_one_contract_ends_the_connection(
    contract: str, fits: int, caplog: pytest.LogCaptureFixture
) -> None:
    script = f"""
        [[fault]]
        when = {{ received = "ids" }}
        what = "manual_trade"
        contract = "{contract}"
        quantity = 1
    """
    with staged(script) as stage:
        client = stage.open()
        with pytest.raises(ConnectionError):
            client.ask(*message(Request.IDS, 1))

    assert f"manual_trade: contract '{contract}' fits {fits}, must fit one" in caplog.text


def test_what_a_message_does_not_have_stays_as_it_is() -> None:
    script = """
        [[fault]]
        when = { sent = "next_valid_id", nth = 2 }
        what = "rewrite"
        fields = { 7 = "x" }
        [[fault]]
        when = { sent = "positions_end" }
        what = "wrong_id"
        id = 7
        [[fault]]
        when = { received = "place_order" }
        what = "what_if"
        how = "hang"
        [[fault]]
        when = { received = "cancel_order" }
        what = "no_fill"
    """
    with staged(script) as stage:
        client = stage.open()
        ids = client.ask(*message(Request.IDS, 1))
        end = client.ask(Request.POSITIONS, 1)
        place(client, 1)
        filled = heard(client)
        client.send(Request.CANCEL_ORDER.value, 1, 77)

        assert codes(client.answers()) == [("77", "10147")]
    assert (ids, end) == ([["9", "1", "1"]], [["62", "1"]])
    assert statuses(filled)[-1] == "Filled"


def test_a_message_that_cannot_be_read_is_answered_as_ever() -> None:
    with staged('[[fault]]\nwhen.received = "ids"\nwhat = "drop"') as stage:
        client = stage.open()
        (short,) = client.ask(Request.PLACE_ORDER, 5)
        (unknown,) = client.ask("x", 1)

    assert short[2:4] == ["5", "320"]
    assert unknown[2:4] == ["-1", "321"]


def test_what_is_held_for_a_client_that_is_gone_is_forgotten() -> None:
    script = '[[fault]]\nwhen.sent = "order_status"\nwhat = "delay"\nseconds = 30.0'
    with staged(script) as stage:
        client = stage.open()
        place(client, 1, price=1.5)
        client.answers()
        client.socket.close()
        time.sleep(0.05)

        assert statuses(stage.connect().advance(60)) == []
