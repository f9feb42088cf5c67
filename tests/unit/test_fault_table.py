"""Every row of the fault catalogue has a test of the whole bot that bears its number."""

from __future__ import annotations

from fault_table import ROWS, fault_tests, table


def test_every_row_of_the_catalogue_has_a_test_and_every_number_is_a_row() -> None:
    assert set(fault_tests()) == set(ROWS)


def test_the_table_has_a_line_for_each_row() -> None:
    assert len(table().splitlines()) == 2 + len(ROWS)
