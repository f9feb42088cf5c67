"""The tables of the page of a session: cells in words, the unknown as a dash.

Profit of what is open is gross of commissions; that of the book, and of what is closed, is net.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from bot.core.fold import StructureKind
from bot.review.daily_reasons import acts, is_of_engine, of_each
from bot.review.format import (
    UNKNOWN,
    observed,
    percent,
    points,
    signed_usd,
    usd,
    without_year,
)
from bot.review.words import sentence, words_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    from bot.core.decision import Verdict
    from bot.ledger.order_rows import OrderRow
    from bot.ledger.queries import PositionRow
    from bot.review.performance import Course
    from bot.review.session import SessionReview

Rows: TypeAlias = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One figure that a glance needs, with what it stands against."""

    name: str
    value: str
    note: str


def cards(review: SessionReview) -> tuple[Card, ...]:
    """Return the figures at the top of a page; those of the book only where it was marked."""
    mark, course = review.mark, review.course
    if mark is None:
        return ()
    book, shadow = course.book, course.shadow
    before = review.previous
    return (
        Card(
            name="Book, USD",
            value=usd(mark.nav_usd),
            note=f"{_change(mark.nav_usd, before.nav_usd if before else None)} today",
        ),
        Card(
            name="Unhedged, USD",
            value=usd(mark.shadow_nav_usd),
            note=f"{_change(mark.shadow_nav_usd, before.shadow_nav_usd if before else None)} today",
        ),
        Card(
            name="Hedge so far, USD",
            value=signed_usd(mark.hedge_pnl_usd),
            note=f"condors {signed_usd(mark.condor_pnl_usd)}",
        ),
        Card(
            name="Deepest drawdown",
            value=_fall(book),
            note=f"unhedged {_fall(shadow)}",
        ),
        Card(name="Hedge cost a year", value=_drag(review), note=_drag_limit(review)),
        Card(name="Crash coverage", value=_coverage(review), note="SPX -10 %, VIX +20"),
    )


def _change(now: Decimal | None, before: Decimal | None) -> str:
    return "unknown" if now is None or before is None else signed_usd(now - before)


def _fall(course: Course | None) -> str:
    return "unknown" if course is None else percent(course.drawdown.share)


def _drag(review: SessionReview) -> str:
    verdict = _of_code(review, "HEDGE_DRAG")
    seen = None if verdict is None else verdict.observed
    return percent(seen) if isinstance(seen, float) else UNKNOWN


def _drag_limit(review: SessionReview) -> str:
    verdict = _of_code(review, "HEDGE_DRAG")
    limit = None if verdict is None else verdict.limit
    if not isinstance(limit, float) or _drag(review) == UNKNOWN:
        return "needs more sessions"
    return f"at most {percent(limit)} of NAV"


def _of_code(review: SessionReview, code: str) -> Verdict | None:
    verdicts = review.decision.verdicts if review.decision else ()
    return next((verdict for verdict in verdicts if verdict.code == code), None)


def _coverage(review: SessionReview) -> str:
    grid = review.decision.stress if review.decision else None
    return UNKNOWN if grid is None or grid.coverage is None else f"{grid.coverage:.0%}"


def condors(review: SessionReview) -> Rows:
    """Return one row for each open condor."""
    held = [row for row in review.positions if row.kind == StructureKind.CONDOR]
    return tuple(
        (
            row.label,
            row.slot,
            str((row.expiry - review.session).days),
            str(row.quantity),
            points(row.entry_points),
            points(row.mark_points),
            signed_usd(row.profit_usd),
            _kept(row),
        )
        for row in held
    )


def _kept(row: PositionRow) -> str:
    if row.entry_points is None or row.mark_points is None or row.entry_points <= 0:
        return UNKNOWN
    return f"{(row.entry_points - row.mark_points) / row.entry_points:.0%}"


def book(review: SessionReview) -> Rows:
    """Return book and shadow, condors and hedge, with what they gained."""
    mark, course = review.mark, review.course
    if mark is None:
        return ()
    return (
        _course_row("book", mark.nav_usd, _gain(review, "nav_usd"), course.book),
        _course_row(
            "unhedged shadow", mark.shadow_nav_usd, _gain(review, "shadow_nav_usd"), course.shadow
        ),
        (
            "condors",
            usd(mark.condor_value_usd),
            _gain(review, "condor_pnl_usd"),
            signed_usd(mark.condor_pnl_usd),
            "",
        ),
        (
            "hedge at the bid",
            usd(mark.hedge_value_usd),
            _gain(review, "hedge_pnl_usd"),
            signed_usd(mark.hedge_pnl_usd),
            "",
        ),
    )


def _course_row(
    name: str, value: Decimal | None, day: str, course: Course | None
) -> tuple[str, ...]:
    total = None if course is None else course.profit_usd
    fall = None if course is None else course.drawdown.share
    return name, usd(value), day, signed_usd(total), percent(fall)


def _gain(review: SessionReview, field: str) -> str:
    now, before = getattr(review.mark, field, None), getattr(review.previous, field, None)
    return UNKNOWN if now is None or before is None else signed_usd(now - before)


def orders(review: SessionReview) -> Rows:
    """Return one row for each order, with its price against the mid."""
    return tuple(order_cells(order) for order in review.orders)


def order_cells(order: OrderRow) -> tuple[str, ...]:
    """Return an order with what became of it."""
    refused = f": {order.detail}" if order.price is None and order.detail else ""
    return (
        f"{order.action.replace('_', ' ')} {without_year(order.label)}",
        order.reason.replace("_", " "),
        f"{order.filled} of {order.quantity}",
        points(order.mid),
        " → ".join(points(offer) for offer in order.offers) or UNKNOWN,
        points(order.price),
        signed_usd(order.slippage_usd),
        f"{order.state.value}{refused}",
    )


def quality(review: SessionReview) -> Rows:
    """Return what each filled order cost and was worth 5 minutes on; prices in points."""
    named = {order.intent_id: order for order in review.orders}
    return tuple(
        (
            order_cells(named[row.intent_id])[0] if row.intent_id in named else row.intent_id,
            str(row.quantity),
            _fine(row.decision_mid),
            _fine(row.price),
            _fine_signed(row.shortfall),
            _fine(row.effective_spread),
            _fine_signed(row.mark_out) if row.mark_out is not None else row.note or UNKNOWN,
        )
        for row in review.quality
        if not row.leg
    )


def _fine(amount: Decimal | None) -> str:
    return UNKNOWN if amount is None else f"{amount:,.3f}"


def _fine_signed(amount: Decimal | None) -> str:
    return UNKNOWN if amount is None else f"{amount:+,.3f}"


def closed(review: SessionReview) -> Rows:
    """Return what was closed or has expired, with all its cash."""
    return tuple(
        (
            row.structure_id,
            f"{row.slot} {row.kind}",
            row.opened.isoformat(),
            signed_usd(row.cash_usd),
        )
        for row in review.closed
    )


def acted(review: SessionReview) -> Rows:
    """Return each rule that acted on what is held: its code, its words, and on what."""
    return _in_words(each for each in _verdicts(review) if each.passed and acts(each))


def denied(review: SessionReview) -> Rows:
    """Return each gate that did not pass: its code, its words, and what was seen."""
    gates = (each for each in _verdicts(review) if not each.passed and not acts(each))
    return _in_words(each for each in gates if not is_of_engine(each))


def _verdicts(review: SessionReview) -> tuple[Verdict, ...]:
    return review.decision.verdicts if review.decision else ()


def _in_words(verdicts: Iterable[Verdict]) -> Rows:
    grouped = defaultdict[str, list["Verdict"]](list)
    for each in verdicts:
        grouped[each.code].append(each)
    return tuple((code, words_of(code), of_each(mine)) for code, mine in grouped.items())


def verdicts(review: SessionReview) -> Rows:
    """Return every verdict: its code, of what, whether it passed, what it saw, and its words."""
    return tuple(
        (
            each.code,
            each.subject,
            "yes" if each.passed else "no",
            observed(each.observed),
            "none" if each.limit is None else observed(each.limit),
            sentence(each).partition(":")[0],
        )
        for each in _verdicts(review)
    )


def provenance(review: SessionReview) -> Rows:
    """Return what the data was made from, in simulation."""
    return tuple((row.subject, row.provenance, row.detail) for row in review.provenance)
