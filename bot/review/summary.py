"""The review of a whole run in a terminal: what the hedge cost, what it saved, what was traded.

All profit is after the commissions that are known, so condors and hedge add up to the book.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from rich.console import Group, RenderableType
from rich.text import Text

from bot.core.book import Layer
from bot.core.fold import StructureKind
from bot.ledger.order_rows import order_rows
from bot.ledger.queries import (
    position_rows,
    provenance_counts,
    regimes,
    structure_rows,
    totals,
)
from bot.review.amounts import sum_known, worth
from bot.review.format import cents, percent, signed_usd, usd
from bot.review.layout import coloured, heading, line, section, table
from bot.review.performance import Performance, Segment, months, performance, segments
from bot.review.session import FILLS_NOTE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bot.core.mark import Mark
    from bot.core.model import Session
    from bot.ledger.quality import MarkOutTotal
    from bot.ledger.queries import PositionRow, StructureRow, Totals
    from bot.ledger.store import Ledger
    from bot.review.performance import Course

LAST_CLOSED: Final = 6
"""Closed condors that are named; the totals count all."""

LAST_MONTHS: Final = 12

MODELLED_NOTE: Final = "From modelled data (see below): it shows how the bot works, not an edge."


def render_summary(ledger: Ledger) -> RenderableType:
    """Return the page of a whole run: the closing print of ``steward demo``."""
    return Group(*_page(ledger))


def _page(ledger: Ledger) -> Iterable[RenderableType]:
    counts, marks, structures = totals(ledger), ledger.marks(), structure_rows(ledger)
    held = position_rows(ledger, marks[-1].session) if marks else ()
    yield heading(f"steward · {counts.sessions} sessions · {counts.first} to {counts.last}")
    if marks:
        yield from _courses(performance(marks), marks, provenance_counts(ledger))
    yield from _condors(structures, held)
    yield from _layers(structures, held)
    yield from _segments("By regime", segments(marks, regimes(ledger)))
    yield from _segments("By month", months(marks)[-LAST_MONTHS:])
    yield from _execution(ledger, counts)
    yield from _data(ledger)
    yield line(f"\nLedger {ledger.path}")


def _courses(
    figures: Performance, marks: Sequence[Mark], provenance: Mapping[tuple[str, str], int]
) -> Iterable[RenderableType]:
    made = table("", ">start", ">end", ">P&L", ">max drawdown", "from", "to")
    for name, course in (("book", figures.book), ("unhedged", figures.shadow)):
        if course:
            made.add_row(name, *_course_cells(course, marks[0].session))
    verdict = line(
        f"hedge P&L {signed_usd(marks[-1].hedge_pnl_usd)}",
        _said("drag {} a year", figures.drag),
        _reduction(figures.drawdown_reduction),
        _said("growth {} a year", figures.book.cagr if figures.book else None),
        _said("{} unhedged", figures.shadow.cagr if figures.shadow else None),
        f"{figures.unknown} sessions without a NAV" if figures.unknown else "",
    )
    notes = [line(MODELLED_NOTE)] if any(kind == "modelled" for kind, _ in provenance) else []
    yield from section("Book and the same book unhedged, USD", made, verdict, *notes)


def _said(text: str, share: float | None) -> str:
    """Say a share where it is known, and nothing where it is not."""
    return "" if share is None else text.format(percent(share))


def _reduction(share: float | None) -> str:
    """Say by how much the hedge cut the deepest fall, or deepened it."""
    if share is None:
        return ""
    return f"drawdown {'cut' if share >= 0 else 'deepened'} by {percent(abs(share))}"


def _course_cells(course: Course, first: Session) -> tuple[RenderableType, ...]:
    fall = course.drawdown
    peak = "start" if fall.peak and fall.peak < first else str(fall.peak or "")
    return (
        usd(course.first),
        usd(course.last),
        coloured(signed_usd(course.profit_usd), course.profit_usd),
        f"{usd(fall.usd)}  {percent(fall.share)}",
        peak,
        str(fall.trough or ""),
    )


def _condors(
    structures: Sequence[StructureRow], held: Sequence[PositionRow]
) -> Iterable[RenderableType]:
    condors = [row for row in structures if row.kind == StructureKind.CONDOR]
    closed = [row for row in condors if not row.is_open]
    realised = sum((row.cash_usd for row in closed), Decimal(0))
    open_value = sum_known(
        worth(row.mark_points, -row.quantity) for row in held if row.kind == StructureKind.CONDOR
    )
    spent = sum((row.cash_usd for row in condors if row.is_open), Decimal(0))
    open_profit = None if open_value is None else spent + open_value
    facts = line(
        f"{len(condors)} opened",
        f"{len(closed)} closed, {sum(row.cash_usd > 0 for row in closed)} of them with a gain",
        f"realised {signed_usd(realised)}",
        f"open {len(condors) - len(closed)}, {signed_usd(open_profit)}",
    )
    last: tuple[RenderableType, ...] = ()
    if closed:
        made = table("last closed", "tier", "opened", "closed", ">profit $")
        for row in closed[-LAST_CLOSED:]:
            made.add_row(
                row.structure_id,
                row.slot,
                row.opened.isoformat(),
                row.changed.isoformat(),
                coloured(signed_usd(row.cash_usd), row.cash_usd),
            )
        last = (made,)
    yield from section("Condors", facts, *last)


def _layers(
    structures: Sequence[StructureRow], held: Sequence[PositionRow]
) -> Iterable[RenderableType]:
    made = table("layer", ">lots bought", ">held", ">cost", ">value at bid", ">P&L to date")
    for layer in Layer:
        lots = [row for row in structures if row.slot == layer]
        mine = [row for row in held if row.slot == layer]
        cash = sum((row.cash_usd for row in lots), Decimal(0))
        value = sum_known(worth(row.mark_points, row.quantity) for row in mine)
        total = None if value is None else cash + value
        made.add_row(
            layer.value,
            str(len(lots)),
            str(sum(row.quantity for row in mine)),
            usd(sum_known(worth(row.entry_points, row.quantity) for row in mine)),
            usd(value),
            coloured(signed_usd(total), total),
        )
    yield from section("Hedge layers, VIX calls", made)


def _segments(title: str, parts: Sequence[Segment]) -> Iterable[RenderableType]:
    if not parts:
        return
    made = table("", ">sessions", ">book", ">unhedged", ">hedge")
    for part in parts:
        cells = (part.book_usd, part.shadow_usd, part.hedge_usd)
        gains = (coloured(signed_usd(amount), amount) for amount in cells)
        made.add_row(part.label, str(part.sessions), *gains)
    yield from section(title, made)


def _execution(ledger: Ledger, counts: Totals) -> Iterable[RenderableType]:
    if counts.first is None or counts.last is None:
        return
    orders = order_rows(ledger, counts.first, counts.last)
    states = Counter(order.state.value for order in orders)
    slips = [order.slippage_usd for order in orders if order.slippage_usd is not None]
    slippage = sum(slips, Decimal(0))
    yield from section(
        "Execution",
        line(
            f"{len(orders)} orders: "
            + ", ".join(f"{count} {state}" for state, count in states.most_common()),
            f"{counts.fills} leg fills",
        ),
        line(
            f"paid {signed_usd(slippage)} against the mid at the decision",
            _mark_out(ledger.mark_out_total()),
            f"commissions {cents(counts.commissions_usd)}",
            f"{counts.commissions_missing} commissions not yet known"
            if counts.commissions_missing
            else "",
            f"alerts {counts.alerts}",
            f"incidents {counts.incidents}",
        ),
        line(FILLS_NOTE),
    )


def _mark_out(total: MarkOutTotal) -> str:
    """Say what the orders had gained 5 minutes on, and of how many of them that is known."""
    if not total.known:
        return ""
    return f"gained {signed_usd(total.usd)} in 5 minutes ({total.known} of {total.orders} orders)"


def _data(ledger: Ledger) -> Iterable[RenderableType]:
    kinds: dict[str, list[str]] = {}
    for (provenance, subject), count in provenance_counts(ledger).items():
        kinds.setdefault(provenance, []).append(f"{subject} ({count})")
    if kinds:
        lines = [
            Text.assemble((f"{kind}: ", "bold"), ", ".join(subjects))
            for kind, subjects in kinds.items()
        ]
        yield from section("What the data was made from, in how many sessions", *lines)
