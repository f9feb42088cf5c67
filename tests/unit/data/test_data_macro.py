"""The user's macro months: what is read, and how every fault is named."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from bot.core.errors import ConfigError
from bot.core.model import MacroMonth
from bot.data.macro import following, load_macro
from bot.defaults import write_defaults

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "month,reer,rate_differential_pct\n"


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "config" / "macro.csv"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def faults(folder: Path, text: str | bytes) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_macro(written(folder, text))
    return list(caught.value.faults)


def test_months_are_read_oldest_first_and_an_empty_cell_is_unknown(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER + "2025-12, 108.4 ,1.6\n2026-01,,-0.25\n\n2026-02,109,\n")

    assert load_macro(path) == (
        MacroMonth(month=dt.date(2025, 12, 1), reer=108.4, rate_differential_pct=1.6),
        MacroMonth(month=dt.date(2026, 1, 1), rate_differential_pct=-0.25),
        MacroMonth(month=dt.date(2026, 2, 1), reer=109.0),
    )


def test_the_file_as_shipped_and_an_absent_one_hold_no_month(tmp_path: Path) -> None:
    write_defaults(tmp_path)

    assert load_macro(tmp_path / "config" / "macro.csv") == ()
    assert load_macro(tmp_path / "config" / "nothing.csv") == ()


def test_every_faulty_cell_is_named_with_line_column_value_and_bound(tmp_path: Path) -> None:
    text = HEADER + "2026-01,0,1.6\n2026-13,1e9,high\n2026-03,nan\n2026-04,inf,60\n"

    assert faults(tmp_path, text) == [
        "config/macro.csv:4: 2 cells: must be 3",
        "config/macro.csv:2: reer = '0': must be 1 to 1000, or empty",
        "config/macro.csv:3: month = '2026-13': must be a month as 2026-07",
        "config/macro.csv:3: reer = '1e9': must be 1 to 1000, or empty",
        "config/macro.csv:3: rate_differential_pct = 'high': must be -50 to 50, or empty",
        "config/macro.csv:5: reer = 'inf': must be 1 to 1000, or empty",
        "config/macro.csv:5: rate_differential_pct = '60': must be -50 to 50, or empty",
    ]


@pytest.mark.parametrize("second", ["2026-01", "2025-12", "2026-03"])
def test_a_month_that_does_not_follow_the_line_before_is_a_fault(
    tmp_path: Path, second: str
) -> None:
    (fault,) = faults(tmp_path, f"{HEADER}2026-01,108,1\n{second},108,1\n")

    assert fault == (
        f"config/macro.csv:3: month = '{second}': must be 2026-02, the month after the line "
        "before; leave its cells empty when they are not known"
    )


@pytest.mark.parametrize("text", ["", "month,reer\n", "2026-01,108,1\n"])
def test_another_header_is_a_fault(tmp_path: Path, text: str) -> None:
    (fault,) = faults(tmp_path, text)

    assert fault.startswith("config/macro.csv:1: header = ")
    assert fault.endswith("must be month,reer,rate_differential_pct")


def test_bytes_that_are_no_text_are_a_fault(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, b"\xff\xfe")

    assert fault.startswith("config/macro.csv: cannot be read: ")


def test_the_month_after_december_is_january() -> None:
    assert following(dt.date(2026, 12, 1)) == dt.date(2027, 1, 1)
