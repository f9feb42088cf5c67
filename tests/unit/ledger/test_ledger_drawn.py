"""A chart has a bounded number of points, and shows the deepest fall there was."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from bot.core.errors import LedgerError
from bot.ledger.drawn import (
    OLDER,
    RECENT,
    course_at,
    drawn_costs,
    drawn_marks,
    last_marks,
    numbers,
)
from bot.ledger.mark_rows import mark_row
from bot.ledger.page_rows import day_rows, trouble_codes, trouble_rows
from bot.ledger.store import Ledger
from bot.ledger.totals import rebuild
from bot.review.pages.charts import drawdown_chart, hedge_chart, shortfall_chart, value_chart
from bot.review.session import review_session
from ledger_facts import AT, SESSION, begin, mark

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MANY = 1_000
DEEP = 321
"""A session that lies between those that are drawn of the older ones."""


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "steward.db", durable=False) as opened:
        yield opened


def day(number: int) -> dt.date:
    return SESSION + dt.timedelta(days=number)


def aged(ledger: Ledger) -> None:
    """Give the ledger a thousand marks, in one of which the book is down by a tenth."""
    with ledger.writing("marks") as database:
        for number in range(1, MANY + 1):
            nav = Decimal(900_000 if number == DEEP else 1_000_000)
            facts = {"nav_usd": nav, "shadow_nav_usd": nav, "hedge_pnl_usd": Decimal(0)}
            row = mark_row(mark(day(number), condor_pnl_usd=Decimal(0), **facts))
            into = f"INSERT INTO marks ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})"  # noqa: S608 - names of the schema
            database.execute(into, tuple(row.values()))
        rebuild(database)


@pytest.mark.parametrize("last", [0, 1, RECENT, RECENT + OLDER])
def test_of_a_young_ledger_every_session_is_drawn(last: int) -> None:
    assert numbers(last) == list(range(1, last + 1))


@pytest.mark.parametrize("last", [RECENT + OLDER + 1, 1_000, 7_560])
def test_of_an_old_one_as_many_are_drawn_whatever_its_age(last: int) -> None:
    drawn = numbers(last)

    assert len(drawn) == len(set(drawn)) == RECENT + OLDER
    assert drawn == sorted(drawn)
    assert drawn[0] == 1
    assert drawn[-RECENT:] == list(range(last - RECENT + 1, last + 1))


def test_the_deepest_fall_is_drawn_where_its_session_would_be_left_out(ledger: Ledger) -> None:
    aged(ledger)
    assert DEEP not in numbers(MANY)

    drawn = drawn_marks(ledger)
    chart = drawdown_chart(drawn)

    assert len(drawn.marks) <= RECENT + OLDER + 6
    assert chart is not None
    assert min(chart.data[1]["y"]) == -0.1
    note = f" Of the 748 sessions before {day(MANY - RECENT + 1)}, 250 are drawn."
    assert note in chart.caption
    assert (hedge_chart(drawn) or chart).caption.endswith(note)


def test_of_an_older_session_the_course_up_to_it_is_drawn(ledger: Ledger) -> None:
    aged(ledger)

    drawn = drawn_marks(ledger, day(10))

    assert [each.mark.session for each in drawn.marks] == [day(number) for number in range(1, 11)]
    assert drawn.note == ""
    assert drawn.capital == (day(0), Decimal(1_000_000))
    assert [each.session for each in last_marks(ledger, day(10), 2)] == [day(9), day(10)]


def test_the_running_high_of_what_is_left_out_is_known_to_what_is_drawn(ledger: Ledger) -> None:
    for number, nav in enumerate((1_000_000, 1_200_000, 900_000)):
        ledger.record_mark(mark(day(number), nav_usd=Decimal(nav)))

    assert drawn_marks(ledger).marks[-1].book_high_usd == 1_200_000


def test_an_empty_ledger_draws_nothing(ledger: Ledger) -> None:
    assert course_at(ledger) is None
    assert value_chart(drawn_marks(ledger)) is None
    assert shortfall_chart(drawn_costs(ledger)) is None


def test_totals_that_are_missing_are_told_and_not_made_up(ledger: Ledger) -> None:
    begin(ledger)
    ledger.record_mark(mark())
    with ledger.writing("a fault") as database:
        database.execute("DELETE FROM courses")

    with pytest.raises(LedgerError, match=r"lack session 2026-07-20; `steward check` makes them"):
        review_session(ledger)


def test_alerts_and_incidents_are_listed_newest_first_by_kind_and_code(ledger: Ledger) -> None:
    for number, code in enumerate(("B", "A", "B")):
        ledger.alert(code, f"alert {number}", session=SESSION, at=AT + dt.timedelta(hours=number))
    ledger.incident("C", session=SESSION, at=AT + dt.timedelta(hours=1.5), detail="incident")

    assert trouble_codes(ledger) == ("A", "B", "C")
    newest = [row.text for row in trouble_rows(ledger, limit=3)]
    assert newest == ["alert 2", "incident", "alert 1"]
    assert [row.text for row in trouble_rows(ledger, code="B", limit=9)] == ["alert 2", "alert 0"]
    assert [row.code for row in trouble_rows(ledger, kind="incident", limit=9)] == ["C"]
    assert trouble_rows(ledger, kind="incident", code="A", limit=9) == ()


def test_the_orders_of_a_session_are_found_by_the_session_and_not_by_their_state(
    ledger: Ledger,
) -> None:
    """Of thirty years nearly all orders are filled: by that index each session reads them all."""
    asked: list[str] = []
    ledger._database.set_trace_callback(asked.append)
    day_rows(ledger, limit=9)
    ledger._database.set_trace_callback(None)

    plan = [row["detail"] for row in ledger.rows(f"EXPLAIN QUERY PLAN {asked[0]}")]

    assert sum("intents_by_session" in step for step in plan) == 2
    assert not any("intents_by_state" in step for step in plan)
