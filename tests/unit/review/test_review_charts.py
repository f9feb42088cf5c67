"""The charts of a young ledger: sessions on the axis and no hours, no line of one point."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal

from bot.ledger.page_rows import MarkedRow
from bot.review.pages.charts import marks_chart

MONDAY = dt.date(2026, 7, 20)


def marked(sessions: int) -> list[MarkedRow]:
    return [
        MarkedRow(
            session=MONDAY + dt.timedelta(days=day),
            quantity=1,
            label="VIX 2026-10-21 30C",
            entry_points=Decimal("1.50"),
            mark_points=Decimal("1.40"),
        )
        for day in range(sessions)
    ]


def test_one_mark_is_no_line() -> None:
    assert marks_chart(marked(0)) is None
    assert marks_chart(marked(1)) is None


def test_few_sessions_are_named_one_by_one_instead_of_the_hours_between_them() -> None:
    chart = marks_chart(marked(2))

    assert chart is not None
    axis = json.loads(chart.as_json())["layout"]["xaxis"]
    assert axis["tickvals"] == ["2026-07-20", "2026-07-21"]
    assert axis["range"] == ["2026-07-19T12:00:00", "2026-07-21T12:00:00"]


def test_many_sessions_have_the_axis_that_fits_them() -> None:
    chart = marks_chart(marked(8))

    assert chart is not None
    assert "tickvals" not in json.loads(chart.as_json())["layout"]["xaxis"]
