"""Fault scripts: what is read, and what is refused with its line."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from decimal import Decimal
from pathlib import Path

import pytest

from bot.core.errors import ConfigError
from bot.simulator.faults.actions import ACTIONS, RANDOM
from bot.simulator.faults.codes import CODES
from bot.simulator.faults.conditions import HELLO, Kind, Phase, When
from bot.simulator.faults.gateway_actions import Disconnect, HalfOpen
from bot.simulator.faults.message_actions import Drop, Error, Rewrite
from bot.simulator.faults.reading import load_script, parse_script
from bot.simulator.faults.script import Fault, FaultScript, RandomFaults
from bot.simulator.faults.venue_actions import Correct, EarlyClose
from bot.simulator.oddities import Oddity
from bot.simulator.wire import Message, Request

DOCUMENT = Path(__file__).parents[3] / "docs" / "faults.md"
TEXT = DOCUMENT.read_text(encoding="utf-8")
SCRIPTS = {int(n): toml for n, toml in re.findall(r"### (\d+): .*\n\n```toml\n([^`]*)```", TEXT)}
ON_THE_WIRE = {*range(1, 49), 50, 53, 64}


def mistakes(text: str) -> tuple[str, ...]:
    """Return the mistakes of a script."""
    with pytest.raises(ConfigError) as caught:
        parse_script(text, "faults.toml")
    return caught.value.faults


# -- what is read --------------------------------------------------------------------------


def test_an_empty_script_does_nothing() -> None:
    assert parse_script("") == FaultScript()


def test_a_fault_has_its_conditions_and_its_parameters() -> None:
    script = parse_script(
        """
        [[fault]]
        when = { received = "place_order", kind = "new", nth = 2, ref = "S1", contract = "BAG" }
        what = "error"
        code = 201
        text = "no"
        """
    )
    when = When(received=Request.PLACE_ORDER, kind=Kind.NEW, nth=2, ref="S1", contract="BAG")

    assert script.faults == (Fault(when=when, what=Error(code=201, text="no")),)


def test_conditions_may_be_a_table_of_their_own() -> None:
    script = parse_script('[[fault]]\nwhat = "half_open"\n[fault.when]\nphase = "filled"')

    assert script.faults == (Fault(when=When(phase=Phase.FILLED), what=HalfOpen()),)


@pytest.mark.parametrize(("written", "number"), [('"hello"', HELLO), ('"ids"', 8), ("99", 99)])
def test_a_message_is_known_by_name_and_by_number(written: str, number: int) -> None:
    (fault,) = parse_script(f'[[fault]]\nwhen.received = {written}\nwhat = "drop"').faults

    assert fault.when.received == number


def test_dates_times_and_decimals_are_what_they_say() -> None:
    script = parse_script(
        """
        [[fault]]
        when = { session = 2026-07-20 }
        what = "early_close"
        date = 2026-07-21
        at = 13:00:00
        [[fault]]
        when = { phase = "filled" }
        what = "correct"
        change = -0.05
        """
    )
    day = dt.date(2026, 7, 20)

    assert script.faults == (
        Fault(
            when=When(session=day),
            what=EarlyClose(date=dt.date(2026, 7, 21), at=dt.time(13)),
        ),
        Fault(when=When(phase=Phase.FILLED), what=Correct(change=Decimal("-0.05"))),
    )


def test_random_faults_have_a_seed_a_rate_and_kinds() -> None:
    script = parse_script('[random]\nseed = 7\nrate = 0.5\nkinds = ["drop"]')

    assert script.random == RandomFaults(seed=7, rate=0.5, kinds=("drop",))


def test_a_file_is_read_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "storm.toml"
    path.write_text('[[fault]]\nwhat = "mute"\n', encoding="utf-8")

    assert len(load_script(path).faults) == 1


# -- what is refused -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            'when = { received = "placeOrder" }',
            'faults.toml:2: fault 1: when.received = "placeOrder": unknown message, did you mean ',
        ),
        (
            "when = { sent = 77000 }",
            "faults.toml:2: fault 1: when.sent: is 77000, which is no message of the gateway",
        ),
        (
            "when = { received = 9001 }",
            "faults.toml:2: fault 1: when.received: is 9001, which is no message of a client",
        ),
        (
            'when = { phase = "acked" }',
            "faults.toml:2: fault 1: when.phase = \"acked\": must be 'submitted', 'acknowledged', ",
        ),
        (
            'when = { phase = "filled", nht = 2 }',
            "faults.toml:2: fault 1: when.nht: unknown key, did you mean nth? known are received, ",
        ),
        (
            'when = { phase = "filled", sent = "error" }',
            "faults.toml:2: fault 1: when: sent and phase exclude each other, give one",
        ),
        (
            'when = { phase = "filled", nth = 0 }',
            "faults.toml:2: fault 1: when.nth: is 0, at least 1 is needed",
        ),
        (
            'when = { phase = "filled", times = 2, always = true }',
            "faults.toml:2: fault 1: when: always and times = 2 exclude each other, give one",
        ),
        (
            "when = { after = -1 }",
            "faults.toml:2: fault 1: when.after: is -1, at least 0 seconds are needed",
        ),
        (
            'when = { after = 1, ref = "S" }',
            "faults.toml:2: fault 1: when.ref: is S, which needs one of received, sent, phase",
        ),
        (
            "when = { always = true }",
            "faults.toml:2: fault 1: when.always: is True, which needs one of received, sent, ",
        ),
        (
            'when = { sent = "error", kind = "new" }',
            'faults.toml:2: fault 1: when.kind: is "new", which needs received = "place_order"',
        ),
        (
            'when = { sent = "error", status = "Filled" }',
            'faults.toml:2: fault 1: when.status: is "Filled", which needs sent = "order_status"',
        ),
        (
            'when = "now"',
            'faults.toml:2: fault 1: when = "now": must be a table: { … }',
        ),
    ],
)
def test_a_condition_that_cannot_be_is_refused_with_its_line(line: str, said: str) -> None:
    (mistake,) = mistakes(f'[[fault]]\n{line}\nwhat = "mute"')

    assert mistake.startswith(said)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (
            'what = "eror"',
            'faults.toml:2: fault 1: what = "eror": unknown action, did you mean error? known are ',
        ),
        ("nth = 1", "faults.toml:1: fault 1: what: missing; known are accounts, client_id_busy, "),
        ("what = 3", "faults.toml:2: fault 1: what = 3: unknown action; known are accounts, "),
        (
            'what = "error"\ncode = 2011',
            "faults.toml:3: fault 1: code: is 2011, which is unknown; known are 100, 101, ",
        ),
        ('what = "error"', "faults.toml:1: fault 1: code: missing"),
        (
            'what = "error"\ncode = "201"',
            'faults.toml:3: fault 1: code = "201": must be a valid integer',
        ),
        (
            'what = "mute"\nhow = 1',
            "faults.toml:3: fault 1: how: unknown key; there are none",
        ),
        (
            'what = "quote"\nhow = "odd"',
            "faults.toml:3: fault 1: how = \"odd\": must be 'silent', 'empty', 'zero', ",
        ),
        (
            'what = "refuse"\nconnections = 0',
            "faults.toml:3: fault 1: connections: is 0, more than 0 is needed",
        ),
        (
            'what = "accounts"\nids = []',
            "faults.toml:3: fault 1: ids: is empty, at least one account id is needed",
        ),
        (
            'what = "manual_trade"\ncontract = "X"\nquantity = 0',
            "faults.toml:4: fault 1: quantity: is 0, a number of contracts ",
        ),
        (
            'what = "disconnect"\nseconds = -1.0',
            "faults.toml:3: fault 1: seconds: is -1, at least 0 is needed",
        ),
        (
            'what = "drop"',
            'faults.toml:2: fault 1: what = "drop": it waits for time alone, but needs a message ',
        ),
        (
            'what = "client_id_busy"\nwhen.received = "ids"',
            'faults.toml:2: fault 1: what = "client_id_busy": it needs the message start_api',
        ),
        (
            'what = "unset_commission"\nwhen.sent = "execution"',
            'faults.toml:2: fault 1: what = "unset_commission": it needs the message commission',
        ),
        (
            'what = "no_fill"\nwhen.received = "ids"',
            'faults.toml:2: fault 1: what = "no_fill": it needs a message about an order, ',
        ),
        (
            'what = "disconnect"\nwhen.sent = "hello"',
            'faults.toml:2: fault 1: what = "disconnect": a greeting that is lost is a drop; ',
        ),
        (
            'what = "delay"\nwhen.sent = "error"',
            "faults.toml:1: fault 1: one of seconds and messages is needed",
        ),
        (
            'what = "replay"\nwhen.sent = "error"\nseconds = 1\nmessages = 1',
            "faults.toml:1: fault 1: seconds and messages exclude each other, give one",
        ),
        (
            'what = "rewrite"\nwhen.sent = "error"\nfields = { a = "1" }',
            "faults.toml:4: fault 1: fields: is {'a': '1'}, positions (0, 1, …) are needed",
        ),
        (
            'what = "correct"\nwhen.phase = "filled"\nchange = 0.05\nseconds = -1',
            "faults.toml:5: fault 1: seconds: is -1, at least 0 is needed",
        ),
    ],
)
def test_an_action_that_cannot_be_is_refused_with_its_line(lines: str, said: str) -> None:
    (mistake,) = mistakes(f"[[fault]]\n{lines}")

    assert mistake.startswith(said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[fualt]]", "faults.toml:1: fualt: unknown table, did you mean fault? known are fault, "),
        ("seed = 1", "faults.toml:1: seed: unknown table; known are fault, random"),
        ("[fault]", "faults.toml:1: fault: must be written as [[fault]]"),
        ("[[random]]", "faults.toml:1: random: must be written as [random]"),
        ("[random]\nseed = 1\nrate = 2.0", "faults.toml:3: random: rate: is 2, more than 0 and "),
        (
            '[random]\nseed = 1\nrate = 0.1\nkinds = ["storm"]',
            "faults.toml:4: random: kinds: is storm; known are corrupt, delay, ",
        ),
        ("[random]\nseed = 1\nrate = 0.1\nkinds = []", "faults.toml:4: random: kinds: is empty; "),
        ("[random]\nrate = 0.1", "faults.toml:1: random: seed: missing"),
        ("[[fault]", "faults.toml: invalid TOML: "),
    ],
)
def test_a_table_that_cannot_be_is_refused_with_its_line(text: str, said: str) -> None:
    (mistake,) = mistakes(text)

    assert mistake.startswith(said)


def test_every_mistake_is_told_at_once() -> None:
    found = mistakes(
        '[[fault]]\nwhat = "mute"\n[[fault]]\nwhat = "dorp"\nwhen.nht = 1\n'
        '[[fault]]\nwhat = "error"\n[random]\nrate = 1'
    )

    assert [text.split(": ")[0] for text in found] == [
        "faults.toml:5",
        "faults.toml:4",
        "faults.toml:6",
        "faults.toml:8",
    ]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^storm\.toml: cannot be read: "):
        load_script(tmp_path / "storm.toml")


def test_a_script_made_in_python_is_held_to_the_same_rules() -> None:
    with pytest.raises(ValueError, match="it waits for time alone"):
        Fault(what=Drop())
    with pytest.raises(ValueError, match="a greeting that is lost is a drop"):
        Fault(when=When(sent=HELLO), what=Disconnect())
    with pytest.raises(ValueError, match="positions"):
        Rewrite(fields={})


# -- the document --------------------------------------------------------------------------


def test_the_document_has_a_script_for_every_fault_of_the_wire() -> None:
    assert set(SCRIPTS) == ON_THE_WIRE


@pytest.mark.parametrize("number", SCRIPTS)
def test_a_script_of_the_document_can_be_read(number: int) -> None:
    assert parse_script(SCRIPTS[number]).faults


@pytest.mark.parametrize("block", re.findall(r"```toml\n([^`]*)```", TEXT)[:2])
def test_an_example_of_the_document_can_be_read(block: str) -> None:
    assert parse_script(block) != FaultScript()


def names_of_fields(kind: type) -> list[str]:
    """Return the parameters of an action."""
    assert dataclasses.is_dataclass(kind)
    return [item.name for item in dataclasses.fields(kind)]


def _table(heading: str) -> dict[str, str]:
    """Return the rows of the table under `heading`, by what their first cell names."""
    section = TEXT.split(f"## {heading}\n")[1].split("\n## ")[0]
    return dict(re.findall(r"(?m)^\| `(\w+)` \| (.*)$", section))


def test_the_document_explains_every_condition() -> None:
    rows = _table("When")

    assert set(rows) == {item.name for item in dataclasses.fields(When)}
    assert all(f"`{phase}`" in rows["phase"] for phase in Phase)
    assert all(f"`{kind}`" in rows["kind"] for kind in Kind)


def test_the_document_explains_every_action_with_its_parameters() -> None:
    rows = _table("What")
    parameters = {word: names_of_fields(kind) for word, kind in ACTIONS.items()}

    assert set(rows) == set(ACTIONS)
    assert [
        (word, name)
        for word, names in parameters.items()
        for name in names
        if f"`{name}`" not in rows[word]
    ] == []
    assert all(f"`{odd}`" in rows["quote"] for odd in Oddity)


def test_the_document_names_every_random_kind() -> None:
    section = TEXT.split("## At random\n")[1].split("\n## ")[0]

    assert [kind for kind in RANDOM if kind not in section] == []


def test_every_message_and_code_can_be_asked_for() -> None:
    for message in Message:
        assert parse_script(f'[[fault]]\nwhen.sent = "{message.name.lower()}"\nwhat = "drop"')
    for code in CODES:
        assert parse_script(f'[[fault]]\nwhat = "error"\ncode = {code}')
