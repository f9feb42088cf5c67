"""The state after each mark tells what all marks together tell."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from hypothesis import example, given
from hypothesis import strategies as st

from bot.core.course import CourseSoFar, advanced, course_so_far
from bot.review.performance import performance, performance_so_far
from ledger_facts import SESSION, mark

if TYPE_CHECKING:
    from bot.core.mark import Mark

AMOUNT = st.none() | st.integers(-50, 400).map(lambda cents: Decimal(cents) / 4 + 900)
DAYS = st.integers(1, 60)


def marks(rows: list[tuple[int, Decimal | None, Decimal | None, Decimal | None]]) -> list[Mark]:
    """Marks by days since the one before, book, shadow, and profit of the hedge."""
    session, made = SESSION, []
    for days, nav, shadow, hedge in rows:
        session += dt.timedelta(days=days)
        facts = {"nav_usd": nav, "shadow_nav_usd": shadow, "hedge_pnl_usd": hedge}
        made.append(mark(session, condor_pnl_usd=Decimal("1.50"), **facts))
    return made


def states(taken: list[Mark]) -> list[CourseSoFar]:
    found: list[CourseSoFar] = []
    for number, each in enumerate(taken, start=1):
        before = found[-1] if found else None
        found.append(advanced(before, each, past=partial(taken.__getitem__, slice(number))))
    return found


@given(st.lists(st.tuples(DAYS, AMOUNT, AMOUNT, AMOUNT), min_size=1, max_size=12))
@example([(1, Decimal(1000), None, None), (9, Decimal(900), Decimal(950), Decimal(-50))])
def test_the_state_after_a_mark_gives_the_performance_over_all_marks_up_to_it(
    rows: list[tuple[int, Decimal | None, Decimal | None, Decimal | None]],
) -> None:
    taken = marks(rows)

    for number, state in enumerate(states(taken), start=1):
        assert performance_so_far(state) == performance(taken[:number])
        assert state == course_so_far(taken[:number])


def test_the_past_is_read_for_the_first_mark_and_for_the_first_complete_one_only() -> None:
    taken = marks(
        [(1, Decimal(1000), None, None)] + [(1, Decimal(999), Decimal(9), Decimal(9))] * 3
    )
    read: list[int] = []
    state: CourseSoFar | None = None
    for number, each in enumerate(taken, start=1):

        def past(upto: int = number) -> list[Mark]:
            read.append(upto)
            return taken[:upto]

        state = advanced(state, each, past=past)

    assert read == [1, 2]


def test_below_a_high_of_nothing_there_is_no_share_to_measure() -> None:
    """An account that holds nothing and then owes: a mark of it is recorded all the same."""
    taken = marks([(1, Decimal(nav), None, None) for nav in (0, -5, 3, 2)])

    found = states(taken)

    assert [state.book.share for state in found if state.book] == [0, 0, 0, 1 / 3]
    assert performance_so_far(found[-1]) == performance(taken)


def test_the_running_high_is_the_highest_value_from_the_capital_on() -> None:
    """The capital is 1000 - 0 - 1.50; then up to 1010, and down."""
    rows = [(1, Decimal(nav), Decimal(nav), Decimal(0)) for nav in (1000, 1010, 990)]

    highs = [state.book.high_usd for state in states(marks(rows)) if state.book]

    assert highs == [1000, 1010, 1010]
    assert all(early <= late for early, late in pairwise(highs))


def test_before_any_mark_nothing_is_known() -> None:
    assert performance_so_far(None) == performance(())
