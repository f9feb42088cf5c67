"""The charts of the evidence: books through time, drawdowns, the hedge by year, spikes, luck."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from bot.evidence.figures import before, daily_returns, hedge_pnl
from bot.evidence.segments import years_of
from bot.review.pages.figures import Figure, line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from bot.evidence.books import BookDays
    from bot.evidence.study import Study
    from bot.review.pages.figures import Json

WEEK: Final = 5
"""Sessions between two points of a course: what an eye can tell apart."""

STYLES: Final = {
    "hedged": {"color": "@accent", "width": 2.2},
    "unhedged": {"color": "@loss", "width": 1.6},
    "promoter": {"color": "@accent", "width": 1.2, "dash": "dash"},
    "VIX calls as VXTH": {"color": "@ink", "width": 1.2, "dash": "dash"},
    "T-bills": {"color": "@muted", "width": 1.2, "dash": "dot"},
    "SPX with dividends": {"color": "@muted", "width": 1.2},
}
_PERCENT: Final = {"tickformat": ".1%"}


def courses(study: Study) -> dict[str, BookDays]:
    """Return the books of the first chart by their names in it."""
    return dict(study.beside)


def value_chart(study: Study) -> Figure:
    """Return the courses on a logarithmic scale, from 1."""
    traces = (
        line(name, *_weekly(book, book.nav_usd / before(book)[0]), line=STYLES[name])
        for name, book in courses(study).items()
    )
    return Figure(
        title="What a dollar became",
        caption="Logarithmic. The unhedged book takes the same decisions without the hedge, for "
        "each dollar of its own NAV.",
        data=tuple(traces),
        layout={"yaxis": {"type": "log", "tickformat": ".2~f"}},
        height=380,
    )


def drawdown_chart(study: Study) -> Figure:
    """Return how far both books were below their highs."""
    books = {"unhedged": study.shadow, "hedged": study.hedged}
    traces = (
        line(name, *_weekly(book, _falls(book), lowest=True), line=STYLES[name])
        for name, book in books.items()
    )
    return Figure(
        title="Drawdown",
        caption="Below the running high of the marks at the close, the deepest of each week.",
        data=tuple(traces),
        layout={"yaxis": _PERCENT},
        height=240,
    )


def hedge_chart(study: Study) -> Figure:
    """Return what the hedge and the condors made of NAV in each year."""
    share = hedge_pnl(study.hedged, study.shadow) / before(study.hedged)
    condors = daily_returns(study.shadow) - study.shadow.carry_usd / before(study.shadow)
    years = years_of(study.hedged)
    names = np.unique(years).tolist()
    gains = [float(share[years == each].sum()) for each in names]
    bars = (
        _bars("hedge", names, gains, "@accent"),
        _bars("condors", names, [float(condors[years == each].sum()) for each in names], "@loss"),
    )
    return Figure(
        title="Hedge and condors by year",
        caption="P&L over NAV, commissions in. The hedge gained in "
        f"{sum(each > 0 for each in gains)} of {len(gains)} years.",
        data=bars,
        layout={"yaxis": _PERCENT, "barmode": "group"},
        height=300,
    )


def spike_chart(study: Study) -> Figure:
    """Return the gain of the hedge in each spike against the rise of the VIX."""
    outcomes = [each for each in study.default.outcomes if np.isfinite(each.hedge)]
    rises = [each.spike.vix_top - each.spike.vix_base for each in outcomes]
    dates = [str(study.hedged.sessions[each.spike.begin]) for each in outcomes]
    return Figure(
        title="Spikes: rise of the VIX and gain of the hedge",
        caption="From the base to the highest close; over NAV. A point is an event.",
        data=(
            {
                **line("spike", rises, [each.hedge for each in outcomes]),
                "mode": "markers",
                "text": dates,
                "hovertemplate": "%{text}: +%{x:.0f} points, %{y:.2%}<extra></extra>",
                "marker": {"color": "@accent", "size": 8},
            },
        ),
        layout={
            "yaxis": _PERCENT,
            "xaxis": {"title": {"text": "VIX points"}},
            "showlegend": False,
            "hovermode": "closest",
        },
        height=300,
    )


def start_chart(study: Study) -> Figure:
    """Return the drag by the year in which the book would have begun."""
    names = [each.first for each in study.starts]
    return Figure(
        title="Luck of the start",
        caption="Drag a year, from the first session of each year to the end of the history.",
        data=(line("drag", names, [each.drag for each in study.starts]),),
        layout={"yaxis": _PERCENT, "showlegend": False},
        height=240,
    )


def _bars(name: str, x: list[str], y: list[float], colour: str) -> Json:
    return {"type": "bar", "name": name, "x": x, "y": _rounded(y), "marker": {"color": colour}}


def _falls(book: BookDays) -> NDArray[np.float64]:
    highs = np.maximum.accumulate(np.concatenate([[before(book)[0]], book.nav_usd]))[1:]
    return np.asarray(book.nav_usd / highs - 1)


def _weekly(
    book: BookDays, values: NDArray[np.float64], *, lowest: bool = False
) -> tuple[list[str], list[float]]:
    """Return a point for every five sessions, the last or the lowest of them, and the end."""
    ends = list(_ends(len(values)))
    days = [str(book.sessions[at]) for at in ends]
    if not lowest:
        return days, _rounded([float(values[at]) for at in ends])
    starts = [0, *(at + 1 for at in ends[:-1])]
    lows = [float(values[a : b + 1].min()) for a, b in zip(starts, ends, strict=True)]
    return days, _rounded(lows)


def _ends(count: int) -> Iterator[int]:
    yield from range(WEEK - 1, count - 1, WEEK)
    yield count - 1


def _rounded(values: list[float]) -> list[float]:
    return [round(each, 5) for each in values]
