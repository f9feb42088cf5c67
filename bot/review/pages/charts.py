"""The charts of the pages: payoffs, book and shadow, the hedge through time."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from bot.review.format import points, usd, without_year
from bot.review.pages.figures import Figure, line, upright

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from bot.core.model import Session
    from bot.ledger.drawn import Drawn, DrawnCosts
    from bot.ledger.page_rows import MarkedRow
    from bot.review.pages.figures import Json
    from bot.review.pages.payoff import Payoff

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


def value_chart(drawn: Drawn) -> Figure | None:
    """Return book and unhedged shadow since the start; ``None`` while nothing is known."""
    book, shadow = _courses(drawn)
    if not book or not shadow:
        return None
    return Figure(
        title="Book and unhedged shadow",
        caption=f"Book {usd(book[-1].usd)} USD, the same fills without the hedge "
        f"{usd(shadow[-1].usd)} USD.{drawn.note}",
        data=(
            _course("unhedged shadow", shadow, line={"color": "@muted", "width": 1.5}),
            _course("book", book, line=_TODAY),
        ),
        layout={
            **by_session([point.session for point in book]),
            "yaxis": {**_USD, "tickformat": ",.0f"},
        },
    )


def drawdown_chart(drawn: Drawn) -> Figure | None:
    """Return how far book and shadow were below their highs; ``None`` while nothing is known."""
    book, shadow = _courses(drawn)
    if not book or not shadow:
        return None
    fill = {"fill": "tozeroy", "fillcolor": "@accent/0.15"}
    return Figure(
        title="Drawdown",
        caption=f"Distance below the running high of the daily marks.{drawn.note}",
        data=(
            _fall("unhedged shadow", shadow, line={"color": "@muted", "width": 1.5}),
            _fall("book", book, line=_TODAY, **fill),
        ),
        layout={
            **by_session([point.session for point in book]),
            "yaxis": {"tickformat": ".3~%"},
        },
        height=220,
    )


class _Place(NamedTuple):
    """A value at the end of a session, and the highest up to it."""

    session: Session
    usd: Decimal
    high_usd: Decimal


def _courses(drawn: Drawn) -> tuple[list[_Place], list[_Place]]:
    """Return the known values of book and shadow, from the capital on."""
    start = [] if drawn.capital is None else [_Place(*drawn.capital, drawn.capital[1])]
    book, shadow = list(start), list(start)
    for each in drawn.marks:
        mark = each.mark
        if mark.nav_usd is not None and each.book_high_usd is not None:
            book.append(_Place(mark.session, mark.nav_usd, each.book_high_usd))
        if mark.shadow_nav_usd is not None and each.shadow_high_usd is not None:
            shadow.append(_Place(mark.session, mark.shadow_nav_usd, each.shadow_high_usd))
    return book, shadow


def _course(name: str, course: Sequence[_Place], **style: Any) -> Json:  # noqa: ANN401 - plotly's own words
    values = [round(float(point.usd)) for point in course]
    return line(name, [point.session.isoformat() for point in course], values, **style)


def _fall(name: str, course: Sequence[_Place], **style: Any) -> Json:  # noqa: ANN401 - plotly's own words
    falls = [round(float(point.usd / point.high_usd) - 1, 5) for point in course]
    return line(name, [point.session.isoformat() for point in course], falls, **style)


def hedge_chart(drawn: Drawn) -> Figure | None:
    """Return hedge units held and asked for by session; ``None`` while nothing was marked."""
    days = [each.mark for each in drawn.marks]
    if not days:
        return None
    sessions = [day.session.isoformat() for day in days]
    steps = {"shape": "hv"}
    return Figure(
        title="Hedge units held and asked for",
        caption="A unit is 4 near, 4 mid and 2 far contracts; what is held below the dashed line "
        f"was short.{drawn.note}",
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


def hedge_cost_chart(drawn: Drawn) -> Figure | None:
    """Return what hedge and condors have gained so far, session by session."""
    days = [each.mark for each in drawn.marks]
    if not days:
        return None
    sessions = [day.session.isoformat() for day in days]
    return Figure(
        title="Profit and loss so far",
        caption=f"Cumulative, commissions included; gaps where a mark is unknown.{drawn.note}",
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


def shortfall_chart(drawn: DrawnCosts) -> Figure | None:
    """Return what execution has cost against the mids of the decisions, summed up by session."""
    if not drawn.costs:
        return None
    days = [cost.session for cost in drawn.costs]
    summed = [float(cost.usd) for cost in drawn.costs]
    return Figure(
        title="Cost of execution so far",
        caption=f"Sum of (price paid - mid at the decision) over all fills, USD.{drawn.note}",
        data=(line("shortfall", [day.isoformat() for day in days], summed),),
        layout={**by_session(days), "showlegend": False, "yaxis": _USD},
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
