"""Figures look the same everywhere, and the unknown never looks like a number."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from bot.review import format as fmt

if TYPE_CHECKING:
    from bot.core.decision import Observed


@pytest.mark.parametrize(
    ("amount", "whole", "signed", "exact"),
    [
        ("1234567.891", "1,234,568", "+1,234,568", "1,234,567.89"),
        ("-0.4", "-0", "0", "-0.40"),
        ("0", "0", "0", "0.00"),
        (None, "—", "—", "—"),
    ],
)
def test_money(amount: str | None, whole: str, signed: str, exact: str) -> None:
    value = None if amount is None else Decimal(amount)

    assert (fmt.usd(value), fmt.signed_usd(value), fmt.cents(value)) == (whole, signed, exact)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "unknown"),
        (True, "yes"),
        (False, "no"),
        (1_000_000, "1,000,000"),
        (0.0, "0"),
        (0.82881, "0.8288"),
        (12.5, "12.50"),
        (6300.0, "6,300"),
        (-0.00001234, "-1.234e-05"),
        ("VIX 2026-08-19 18C", "VIX 2026-08-19 18C"),
        ("", "none"),
    ],
)
def test_what_a_gate_saw(value: Observed, text: str) -> None:
    assert fmt.observed(value) == text


def test_prices_shares_and_times() -> None:
    assert (fmt.points(Decimal("-5.5")), fmt.points(None)) == ("-5.50", "—")
    assert (fmt.percent(0.12345), fmt.percent(None)) == ("12.35%", "—")
    assert fmt.clock("2026-07-20T19:30:05.123456+00:00") == "19:30:05"
    assert fmt.clock(None) == "—"


@pytest.mark.parametrize(
    ("amount", "tone"), [(None, "dim"), ("0", "dim"), ("0.01", "green"), ("-0.01", "red")]
)
def test_gains_are_green_and_losses_red(amount: str | None, tone: str) -> None:
    assert fmt.tone(None if amount is None else Decimal(amount)) == tone
