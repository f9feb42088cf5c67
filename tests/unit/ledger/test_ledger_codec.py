"""What is stored reads back equal, or is refused."""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass, replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import builders
from bot.core.book import Book
from bot.core.decision import Decision, OrderIntent, Verdict
from bot.core.errors import LedgerError
from bot.core.model import MarketSnapshot, OptionContract, Quote
from bot.ledger.codec import decode, encode, order_ref, pack, unpack
from bot.ledger.text import (
    decimal_text,
    optional_decimal,
    optional_decimal_text,
    plain_text,
    time_text,
)
from ledger_facts import CALL, LEGS, SESSION, decision, open_condor


def test_a_snapshot_reads_back_equal() -> None:
    snapshot = builders.market()

    assert unpack(pack(snapshot, MarketSnapshot), MarketSnapshot) == snapshot


def test_a_decision_reads_back_with_the_types_of_what_its_gates_saw() -> None:
    seen = (1.0, 1, True, False, 0, "1", "2026-07-20", None)
    verdicts = tuple(
        Verdict(code="A", subject="b", observed=value, limit=value, passed=True) for value in seen
    )
    made = replace(decision(open_condor()), verdicts=verdicts)

    back = unpack(pack(made, Decision), Decision)

    assert back == made
    assert [type(verdict.observed) for verdict in back.verdicts] == [type(value) for value in seen]


def test_the_number_of_a_contract_is_kept_though_it_is_no_part_of_its_identity() -> None:
    known = replace(CALL, con_id=123_456)

    assert decode(encode(known, OptionContract), OptionContract).con_id == 123_456


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_prices_are_exact_to_the_last_digit(price: Decimal) -> None:
    intent = replace(open_condor(), mid=price)

    back = decode(encode(intent, OrderIntent), OrderIntent)

    assert back == intent
    assert str(back.mid) == str(price)
    assert str(optional_decimal(decimal_text(price))) == str(price)


def test_unknown_stays_unknown() -> None:
    assert decode(encode(Quote(), Quote), Quote) == Quote()
    assert optional_decimal_text(None) is None
    assert optional_decimal(None) is None


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("field", ["bid", "last"])
def test_a_float_that_is_no_number_is_refused(value: float, field: str) -> None:
    with pytest.raises(LedgerError, match="Quote: "):
        encode(Quote(**{field: value}), Quote)


def test_a_required_float_that_is_no_number_is_refused() -> None:
    with pytest.raises(LedgerError, match="OptionContract: "):
        encode(replace(CALL, strike=math.nan), OptionContract)


def test_an_object_whose_type_would_change_is_refused() -> None:
    with pytest.raises(LedgerError, match="Book: cannot be stored"):
        encode(Book(nav_usd=None, cash_usd=None, excess_liquidity_usd=None, widths=[]), Book)  # type: ignore[arg-type]


def test_text_that_is_no_such_object_is_a_fault() -> None:
    with pytest.raises(LedgerError, match="Quote: cannot be read from the ledger"):
        decode('{"bid": "much"}', Quote)


def test_a_body_that_is_damaged_is_a_fault() -> None:
    with pytest.raises(LedgerError, match="Quote: cannot be unpacked from the ledger"):
        unpack(b"junk", Quote)


def test_an_order_reference_is_short_plain_and_the_same_in_every_process() -> None:
    reference = order_ref("2026-07-20:condor:balanced:open_condor")

    # printf %s <identity> | sha256sum | cut -c1-20 | xxd -r -p | base32, in lower case
    assert reference == "st-jkc6ft5qqxscxb6b"
    assert len(reference) <= 20
    assert re.fullmatch(r"[a-z0-9-]+", reference)


def test_order_references_differ() -> None:
    identities = [f"2026-07-20:condor:balanced:{number}" for number in range(1000)]

    assert len({order_ref(identity) for identity in identities}) == 1000


def test_times_are_utc_and_sort_as_text() -> None:
    new_york = dt.timezone(dt.timedelta(hours=-4))
    whole = dt.datetime(2026, 7, 20, 15, 30, tzinfo=new_york)
    later = whole + dt.timedelta(microseconds=1)

    assert time_text(whole) == "2026-07-20T19:30:00.000000+00:00"
    assert time_text(whole) < time_text(later)
    assert dt.datetime.fromisoformat(time_text(later)) == later


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(LedgerError, match="has no zone"):
        time_text(dt.datetime(2026, 7, 20, 15, 30))  # noqa: DTZ001 - the fault under test


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-Infinity", "sNaN"])
def test_an_amount_that_is_no_number_is_refused(amount: str) -> None:
    with pytest.raises(LedgerError, match="must be finite; unknown is None"):
        decimal_text(Decimal(amount))


@pytest.mark.parametrize("value", [math.nan, {"skew": math.inf}, {"when": SESSION}])
def test_a_plain_value_that_json_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(LedgerError, match="cannot be stored"):
        plain_text(value)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Legs:
    legs: tuple[OptionContract, ...]


def test_tuples_stay_tuples() -> None:
    value = Legs(legs=tuple(leg.contract for leg in LEGS))

    assert decode(encode(value, Legs), Legs) == value
