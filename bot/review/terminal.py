"""The review of one session in a terminal: the page of a day, or all that is known of it.

Both are 100 columns wide. The page of a day is read in a minute; the full one has every condor,
lot, gate and leg, and ``steward explain`` the inputs and every verdict in words.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from bot.core.book import Layer
from bot.core.fold import StructureKind
from bot.review.book_health import book_health, execution_quality
from bot.review.daily import day_page
from bot.review.format import UNKNOWN, points, signed_usd
from bot.review.hedge_state import hedge_state
from bot.review.layout import coloured, line, section, table
from bot.review.parts import as_of, book, closed, head, notes, orders, targets
from bot.review.reasons import reasons
from bot.review.session import SessionReview, review_json, review_session
from bot.review.shocks import shocks
from bot.review.summary import render_summary

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from bot.core.model import Session
    from bot.ledger.journal import ProvenanceRow
    from bot.ledger.queries import PositionRow
    from bot.ledger.store import Ledger

__all__ = ["render_review", "render_summary", "review_json"]


def render_review(
    ledger: Ledger, session: Session | None = None, *, full: bool = False
) -> RenderableType:
    """Return the page of a session; the newest one when none is named.

    Parameters
    ----------
    ledger
        Open to read.
    session
        Which.
    full
        Every condor, lot, gate and leg, where the page of a day has them in sum.

    Raises
    ------
    LedgerError
        There is no such session.
    """
    found = review_session(ledger, session)
    return Group(*(_page(found) if full else day_page(found)))


def _page(review: SessionReview) -> Iterable[RenderableType]:
    yield from head(review)
    yield from notes("Incidents", review.incidents, style="bold red")
    yield from notes("Alerts", review.alerts, style="yellow")
    if review.mark:
        yield from section("Book, USD", book(review.mark, review))
    yield from orders(review.orders, dry=review.run.dry)
    yield from closed(review.closed)
    yield from _condors(review)
    yield from _hedge(review)
    if review.decision:
        yield from hedge_state(review.decision, review.overrides)
        yield from shocks(review.decision)
    yield from book_health(review)
    yield from execution_quality(review)
    if review.decision:
        yield from reasons(review.decision)
    yield from _reading(review.run.phases.get("observe", {}))
    yield from _provenance(review.provenance)
    yield line(f"\nLedger {review.ledger}")


def _condors(review: SessionReview) -> Iterable[RenderableType]:
    held = [row for row in review.positions if row.kind == StructureKind.CONDOR]
    if not held:
        return
    made = table("condor", "tier", ">DTE", ">units", ">credit", ">mid", ">gross $", ">kept")
    for row in held:
        made.add_row(
            row.label,
            row.slot,
            str((row.expiry - review.session).days),
            str(row.quantity),
            points(row.entry_points),
            points(row.mark_points),
            coloured(signed_usd(row.profit_usd), row.profit_usd),
            _kept(row),
        )
    yield from section(f"Open condors{as_of(review)}", made)


def _kept(row: PositionRow) -> str:
    """Share of the credit that closing now would keep."""
    if row.entry_points is None or row.mark_points is None or row.entry_points <= 0:
        return UNKNOWN
    return f"{(row.entry_points - row.mark_points) / row.entry_points:.0%}"


def _hedge(review: SessionReview) -> Iterable[RenderableType]:
    if review.held_at is None:
        return
    made = table("layer", ">target", ">held", "contract", ">DTE", ">cost", ">bid", ">gross $")
    lots = defaultdict[str, list["PositionRow"]](list)
    for row in review.positions:
        if row.kind == StructureKind.LOT:
            lots[row.slot].append(row)
    wanted = targets(review)
    for layer in Layer:
        held = str(sum(row.quantity for row in lots[layer]))
        if not lots[layer]:
            made.add_row(layer.value, wanted[layer], held)
        for number, row in enumerate(lots[layer]):
            lead = (layer.value, wanted[layer], held) if number == 0 else ("", "", "")
            made.add_row(*lead, *_lot_cells(row, review.session))
    yield from section(f"Hedge layers, VIX calls{as_of(review)}", made)
    for row in review.positions:
        if row.kind == "residual":
            yield Text(f"  leg without a structure: {row.quantity:+d} {row.label}", style="red")


def _lot_cells(row: PositionRow, session: Session) -> tuple[RenderableType, ...]:
    return (
        f"{row.quantity} x {row.label}",
        str((row.expiry - session).days),
        points(row.entry_points),
        points(row.mark_points),
        coloured(signed_usd(row.profit_usd), row.profit_usd),
    )


def _reading(cost: Mapping[str, Any]) -> Iterable[RenderableType]:
    """Say what reading the market cost at the limits of the gateway; older ledgers do not know."""
    if "requests" not in cost:
        return
    made = table(">options", ">requests", ">most lines", ">seconds", ">held back", ">for")
    made.add_row(
        str(cost["options"]),
        str(cost["requests"]),
        str(cost["peak_lines"]),
        f"{cost['seconds']:.1f}",
        str(cost["waits"]),
        f"{cost['waited_seconds']:.1f} s",
    )
    yield from section("Reading the market, cancels counted", made)


def _provenance(rows: Sequence[ProvenanceRow]) -> Iterable[RenderableType]:
    if not rows:
        return
    made = table("", "data", "from")
    for row in rows:
        made.add_row(Text(row.provenance, style="dim"), row.subject, Text(row.detail, style="dim"))
    yield from section("What the data was made from", made)
