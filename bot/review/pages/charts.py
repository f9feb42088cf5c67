"""The charts of the pages: payoffs, book and shadow, the hedge through time."""

from __future__ import annotations

import datetime as dt
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from bot.review.format import points, usd, without_year
from bot.review.pages.figures import Figure, line, upright
from bot.review.performance import book_points, shadow_points

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from bot.core.mark import Mark
    from bot.core.model import Session
    from bot.ledger.page_rows import MarkedRow
    from bot.review.pages.figures import Json
    from bot.review.pages.payoff import Payoff
    from bot.review.performance import Point

_TODAY: Final = {"color": "@accent", "width": 2.5}
_EXPIRY: Final = {"color": "@muted", "width": 1.5, "dash": "dash"}
_AXIS_TITLE: Final = {"size": 12, "color": "@muted"}
_USD: Final = {"tickformat": ",.3~s", "title": {"text": "USD", "font": _AXIS_TITLE}}

MARKS_OF_A_LINE: Final = 2
FEW_DAYS: Final = 7
"""Up to so many sessions each is named on its axis: plotly would put hours between them."""

_BY_SPX: Final = {"xaxis": {"tickformat": ",.0f"}, "yaxis": _USD, "showlegend": False}


def payoff_chart(payoff: Payoff, *, spot: float | None, edr_pct: float | None) -> Figure:
    """Return a condor today and at expiry, with the index and its expected daily range.

    Parameters
    ----------
    payoff
        Its curves.
    spot
        SPX, points; ``None`` when unknown.
    edr_pct
        Expected daily range, percent of SPX; ``None`` when unknown.
    """
    held = payoff.held
    levels = payoff.levels.round(2).tolist()
    traces = [line("at expiry", levels, payoff.at_expiry.round(0).tolist(), line=_EXPIRY)]
    if payoff.today is not None:
        traces.append(line("today", levels, payoff.today.round(0).tolist(), line=_TODAY))
    low, high = payoff.break_evens
    today = "" if payoff.today is not None else " The curve of today is unknown."
    return Figure(
        title=f"{held.quantity} x {without_year(held.label)}",
        caption=f"Even at {low:,.0f} and {high:,.0f}; at most {payoff.most_usd:+,.0f} USD, at "
        f"worst {payoff.worst_usd:+,.0f}.{today}",
        data=tuple(traces),
        layout={**_BY_SPX, **_market(spot, edr_pct)},
        height=260,
    )


def all_payoffs_chart(
    found: Sequence[Payoff], *, spot: float | None, edr_pct: float | None
) -> Figure | None:
    """Return what all condors together gain today by the level of SPX.

    ``None`` when there are fewer than two, or a curve of one of them is unknown.
    """
    if len(found) < 2 or any(each.today is None for each in found):  # noqa: PLR2004 - a pair
        return None
    low, high = max(p.levels[0] for p in found), min(p.levels[-1] for p in found)
    levels = np.linspace(low, high, 121)
    curves = [np.interp(levels, p.levels, p.today) for p in found if p.today is not None]
    total = np.sum(curves, axis=0)
    return Figure(
        title=f"All {len(found)} condors together, today",
        caption="What all would gain if SPX stood there now and the VIX where it is.",
        data=(line("today", levels.round(2).tolist(), total.round(0).tolist(), line=_TODAY),),
        layout={**_BY_SPX, **_market(spot, edr_pct)},
        height=260,
    )


def _market(spot: float | None, edr_pct: float | None) -> Json:
    """Return the index as an upright line and its expected daily range as a band."""
    if spot is None:
        return {}
    shape, note = upright(spot, f"SPX {spot:,.0f}")
    shapes = [shape]
    if edr_pct is not None:
        reach = spot * edr_pct / 100
        band = {"type": "rect", "x0": spot - reach, "x1": spot + reach, "yref": "paper"}
        style = {"fillcolor": "@accent/0.12", "line": {"width": 0}, "layer": "below"}
        shapes.append({**band, "y0": 0, "y1": 1, **style})
    return {"shapes": shapes, "annotations": [note]}


def value_chart(marks: Sequence[Mark]) -> Figure | None:
    """Return book and unhedged shadow since the start; ``None`` while nothing is known."""
    book, shadow = book_points(marks), shadow_points(marks)
    if not book or not shadow:
        return None
    return Figure(
        title="Book and unhedged shadow",
        caption=f"Book {usd(book[-1][1])} USD, the same fills without the hedge "
        f"{usd(shadow[-1][1])} USD.",
        data=(
            _course("unhedged shadow", shadow, line={"color": "@muted", "width": 1.5}),
            _course("book", book, line=_TODAY),
        ),
        layout={
            **by_session([session for session, _ in book]),
            "yaxis": {**_USD, "tickformat": ",.0f"},
        },
    )


def drawdown_chart(marks: Sequence[Mark]) -> Figure | None:
    """Return how far book and shadow were below their highs; ``None`` while nothing is known."""
    book, shadow = book_points(marks), shadow_points(marks)
    if not book or not shadow:
        return None
    fill = {"fill": "tozeroy", "fillcolor": "@accent/0.15"}
    return Figure(
        title="Drawdown",
        caption="Distance below the running high of the daily marks.",
        data=(
            _fall("unhedged shadow", shadow, line={"color": "@muted", "width": 1.5}),
            _fall("book", book, line=_TODAY, **fill),
        ),
        layout={
            **by_session([session for session, _ in book]),
            "yaxis": {"tickformat": ".3~%"},
        },
        height=220,
    )


def _course(name: str, course: Sequence[Point], **style: Any) -> Json:  # noqa: ANN401 - plotly's own words
    return line(name, *_days(course), **style)


def _fall(name: str, course: Sequence[Point], **style: Any) -> Json:  # noqa: ANN401 - plotly's own words
    highs = accumulate((value for _, value in course), max)
    falls = [
        round(float(value / high) - 1, 5) for (_, value), high in zip(course, highs, strict=True)
    ]
    return line(name, [session.isoformat() for session, _ in course], falls, **style)


def _days(course: Sequence[Point]) -> tuple[list[str], list[float]]:
    return [session.isoformat() for session, _ in course], [
        round(float(value)) for _, value in course
    ]


def hedge_chart(days: Sequence[Mark]) -> Figure | None:
    """Return hedge units held and asked for by session; ``None`` while nothing was marked."""
    if not days:
        return None
    sessions = [day.session.isoformat() for day in days]
    steps = {"shape": "hv"}
    return Figure(
        title="Hedge units held and asked for",
        caption="A unit is 4 near, 4 mid and 2 far contracts; what is held below the dashed line "
        "was short.",
        data=(
            line("held", sessions, [day.units_held for day in days], line={**_TODAY, **steps}),
            line(
                "asked for",
                sessions,
                [day.units_required for day in days],
                line={**_EXPIRY, **steps},
            ),
        ),
        layout={
            **by_session([day.session for day in days]),
            "yaxis": {"rangemode": "tozero", "tickformat": "d"},
        },
        height=240,
    )


def hedge_cost_chart(days: Sequence[Mark]) -> Figure | None:
    """Return what hedge and condors have gained so far, session by session."""
    if not days:
        return None
    sessions = [day.session.isoformat() for day in days]
    return Figure(
        title="Profit and loss so far",
        caption="Cumulative, commissions included; gaps where a mark is unknown.",
        data=(
            line("condors", sessions, [_float(day.condor_pnl_usd) for day in days], line=_EXPIRY),
            line("hedge", sessions, [_float(day.hedge_pnl_usd) for day in days], line=_TODAY),
        ),
        layout={
            **by_session([day.session for day in days]),
            "yaxis": {**_USD, "tickformat": ",.4~s"},
        },
        height=260,
    )


def shortfall_chart(days: Sequence[tuple[Session, Decimal]]) -> Figure | None:
    """Return what execution has cost against the mids of the decisions, summed up by session."""
    if not days:
        return None
    summed = accumulate(float(amount) for _, amount in days)
    return Figure(
        title="Cost of execution so far",
        caption="Sum of (price paid - mid at the decision) over all fills, USD.",
        data=(line("shortfall", [day.isoformat() for day, _ in days], list(summed)),),
        layout={**by_session([day for day, _ in days]), "showlegend": False, "yaxis": _USD},
        height=220,
    )


def marks_chart(rows: Sequence[MarkedRow]) -> Figure | None:
    """Return the price of one structure, mark by mark, beside what it was opened at.

    ``None`` while it was held at less than two marks: a line has two ends.
    """
    if len(rows) < MARKS_OF_A_LINE:
        return None
    days = [row.session.isoformat() for row in rows]
    opened = _float(rows[0].entry_points)
    entry = line("opened at", [days[0], days[-1]], [opened, opened], line=_EXPIRY)
    return Figure(
        title="Price of one unit",
        caption=f"Opened at {points(rows[0].entry_points)} points; marked at the end of each "
        "session.",
        data=(line("mark", days, [_float(row.mark_points) for row in rows]), entry),
        layout={
            **by_session([row.session for row in rows]),
            "yaxis": {"title": {"text": "points", "font": _AXIS_TITLE}, "rangemode": "tozero"},
        },
        height=240,
    )


def by_session(sessions: Sequence[Session]) -> Json:
    """Return an axis that names each session where they are few; else plotly's own axis."""
    days = sorted(set(sessions))
    if not days or len(days) > FEW_DAYS:
        return {}
    room = dt.timedelta(days=1) / 2
    span = [dt.datetime.combine(days[0], dt.time()) - room]
    span.append(dt.datetime.combine(days[-1], dt.time()) + room)
    axis = {"tickvals": [day.isoformat() for day in days], "tickformat": "%b %-d"}
    return {"xaxis": {**axis, "range": [end.isoformat() for end in span]}}


def _float(amount: Decimal | None) -> float | None:
    return None if amount is None else float(amount)
