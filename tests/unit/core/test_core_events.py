from __future__ import annotations

import datetime as dt

import pytest

from bot.core.events import EndedType, ended_types
from bot.core.model import EventTable

LAST = dt.date(2026, 12, 10)
EVENTS = EventTable(fomc=(LAST, dt.date(2027, 1, 27)), cpi=(dt.date(2026, 11, 10), LAST))


@pytest.mark.parametrize(
    ("session", "expected"),
    [
        (LAST, [EndedType("ppi", None)]),
        (dt.date(2026, 12, 11), [EndedType("cpi", LAST), EndedType("ppi", None)]),
        (
            dt.date(2027, 1, 28),
            [
                EndedType("fomc", dt.date(2027, 1, 27)),
                EndedType("cpi", LAST),
                EndedType("ppi", None),
            ],
        ),
    ],
)
def test_each_type_is_unknown_after_its_own_last_date_and_when_it_lists_none(
    session: dt.date, expected: list[EndedType]
) -> None:
    assert list(ended_types(EVENTS, session)) == expected
