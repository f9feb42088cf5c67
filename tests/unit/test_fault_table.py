"""Every row of the fault catalogue has a test of the whole bot that bears its number."""

from __future__ import annotations

from fault_table import LIBRARY_ROWS, ROWS, UNTESTED, fault_tests, table


def test_every_row_of_the_catalogue_has_a_test_of_the_whole_bot() -> None:
    assert set(ROWS) - set(fault_tests()) <= UNTESTED


def test_no_test_bears_the_number_of_a_row_that_is_not_there() -> None:
    assert set(fault_tests()) <= set(ROWS)


def test_each_row_that_the_naive_script_fails_is_one_that_the_bot_is_tested_in() -> None:
    assert set(LIBRARY_ROWS) - set(fault_tests()) <= UNTESTED


def test_the_table_has_a_line_for_each_row() -> None:
    assert len(table().splitlines()) == 2 + len(ROWS)
