"""What a chain is worth: whether it can be priced, its forward, what is wrong with it.

**Near the money** are the `NEAR_STRIKES` strikes nearest to the level of the underlying, or all
strikes where that is unknown. A series of which none of them has a call and a put that are quoted
on both sides (0 < bid < ask) cannot be priced; a chain of such series is kept and reported, and
never played.
"""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final, TypeAlias

from bot.core.model import Feed, Quote
from bot.data.chain_files import CaptureFacts, QuotedOption

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence

NEAR_STRIKES: Final = 10
FORWARD_STRIKES: Final = 5
FORWARD_DAYS: Final = 30
"""The forward is that of the expiry nearest to so many days."""

SHOWN_SERIES: Final = 3

SeriesName: TypeAlias = "tuple[str, dt.date]"
Pair: TypeAlias = tuple[float, float, float]
"""Strike, and the mids of its call and its put, points."""


def pairs(options: Iterable[QuotedOption]) -> tuple[Pair, ...]:
    """Return the strikes of a series of which call and put are both quoted on both sides."""
    mids: dict[float, dict[str, float]] = defaultdict(dict)
    for option in options:
        mid = Quote(bid=option.bid, ask=option.ask).mid
        if mid is not None:
            mids[option.strike][option.right] = mid
    return tuple(
        (strike, found["C"], found["P"]) for strike, found in sorted(mids.items()) if len(found) > 1
    )


def parity_forward(known: Sequence[Pair]) -> float | None:
    """Return the forward by put-call parity: the median of ``K + C - P`` where they differ least.

    Parameters
    ----------
    known
        Pairs of one series.

    Returns
    -------
    float or None
        Points; ``None`` without a pair. ``C - P`` is not carried to expiry: where it is smallest,
        a month of interest on it is a small part of the spread.
    """
    nearest = sorted(known, key=lambda pair: abs(pair[1] - pair[2]))[:FORWARD_STRIKES]
    return statistics.median(k + call - put for k, call, put in nearest) if nearest else None


def is_two_sided(options: Sequence[QuotedOption], spot: float | None) -> bool:
    """Whether a series has a call and a put near the money that are quoted on both sides."""
    strikes = sorted({option.strike for option in options})
    if spot is not None:
        strikes = sorted(strikes, key=lambda strike: abs(strike - spot))[:NEAR_STRIKES]
    near = frozenset(strikes)
    return any(strike in near for strike, _, _ in pairs(options))


def by_series(options: Iterable[QuotedOption]) -> Mapping[SeriesName, list[QuotedOption]]:
    """Return the options by series, the nearest expiry first."""
    found: dict[SeriesName, list[QuotedOption]] = defaultdict(list)
    for option in options:
        found[option.root, option.expiry].append(option)
    return dict(sorted(found.items(), key=lambda item: item[0][::-1]))


def facts_of(  # noqa: PLR0913 - what a capture says
    options: Iterable[QuotedOption],
    *,
    underlying: str,
    session: dt.date,
    quote_session: str,
    captured_at: str,
    spot: float | None,
    source: str,
    flags: Sequence[str] = (),
) -> CaptureFacts:
    """Return what a chain says about itself, with what is wrong with it among the flags."""
    options = tuple(options)
    series = by_series(options)
    empty = [name for name, found in series.items() if not is_two_sided(found, spot)]
    priced = [name for name in series if name not in empty]
    days = {name: (name[1] - session).days for name in series}
    par = min(priced, key=lambda name: abs(days[name] - FORWARD_DAYS), default=None)
    return CaptureFacts(
        underlying=underlying,
        session=session,
        quote_session=quote_session,
        captured_at=captured_at,
        spot=spot,
        expiries=len(series),
        max_dte=max(days.values(), default=0),
        parity_forward=None if par is None else parity_forward(pairs(series[par])),
        parity_expiry=None if par is None else par[1],
        flags=(*flags, *_not_live(options), *([_one_sided(empty)] if empty else [])),
        two_sided=bool(priced),
        source=source,
    )


def _not_live(options: Sequence[QuotedOption]) -> list[str]:
    """Return how many options were not quoted live, by feed."""
    feeds = Counter(option.feed for option in options)
    return [f"{n} quotes {feed}" for feed in (Feed.FROZEN, Feed.DELAYED) if (n := feeds[feed])]


def _one_sided(series: Sequence[SeriesName]) -> str:
    named = ", ".join(f"{root} {expiry}" for root, expiry in series[:SHOWN_SERIES])
    more = f" and {len(series) - SHOWN_SERIES} more" if len(series) > SHOWN_SERIES else ""
    return f"no two-sided quotes near the money: {named}{more}"
