"""The review of one session in a terminal: one page of 100 columns.

Prices of orders are net debits of one unit in points, so a credit is negative. Slippage is the
price paid above the mid at the decision: positive costs money. The profit of what is open is gross
of commissions; that of the book, and of what is closed, is net.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from rich.console import Group, RenderableType
from rich.text import Text

from bot.core.book import Layer
from bot.core.fold import IntentState, StructureKind
from bot.review.book_health import book_health, execution_quality
from bot.review.format import UNKNOWN, cents, clock, observed, percent, points, signed_usd, usd
from bot.review.hedge_state import hedge_state
from bot.review.layout import coloured, heading, line, section, table
from bot.review.reasons import reasons
from bot.review.session import FILLS_NOTE, SessionReview, review_json, review_session
from bot.review.shocks import shocks
from bot.review.summary import render_summary

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from decimal import Decimal

    from bot.core.mark import Mark
    from bot.core.model import Session
    from bot.ledger.journal import ProvenanceRow
    from bot.ledger.order_rows import OrderRow
    from bot.ledger.queries import NoteRow, PositionRow, StructureRow
    from bot.ledger.store import Ledger

__all__ = ["render_review", "render_summary", "review_json"]

_YEAR: Final = re.compile(r" \d{4}-")
"""Of an expiry: nothing is traded a year ahead, so an order does without."""

_STATE_STYLE: Final = {
    IntentState.FILLED: "green",
    IntentState.PARTIAL: "yellow",
    IntentState.DENIED: "red",
    IntentState.REJECTED: "red",
    IntentState.UNKNOWN: "bold red",
}


def render_review(ledger: Ledger, session: Session | None = None) -> RenderableType:
    """Return the page of a session; the newest one when none is named.

    Raises
    ------
    LedgerError
        There is no such session.
    """
    return Group(*_page(review_session(ledger, session)))


def _page(review: SessionReview) -> Iterable[RenderableType]:
    yield from _head(review)
    yield from _notes("Incidents", review.incidents, style="bold red")
    yield from _notes("Alerts", review.alerts, style="yellow")
    if review.mark:
        yield from section("Book, USD", _book(review.mark, review))
    yield from _orders(review.orders)
    yield from _closed(review.closed)
    yield from _condors(review)
    yield from _hedge(review)
    if review.decision:
        yield from hedge_state(review.decision, review.overrides)
        yield from shocks(review.decision)
    yield from book_health(review)
    yield from execution_quality(review)
    if review.decision:
        yield from reasons(review.decision)
    yield from _provenance(review.provenance)
    yield line(f"\nLedger {review.ledger}")


def _head(review: SessionReview) -> Iterable[RenderableType]:
    run, decision = review.run, review.decision
    regime = f"regime {decision.regime}" if decision else "no decision"
    yield heading(f"steward · {review.session} · {regime}{' · DRY RUN' if run.dry else ''}")
    yield line(
        run.mode,
        run.account,
        f"version {run.version}",
        f"decided {clock(decision.decided_at)}" if decision else "",
        f"{run.outcome} {clock(run.finished_at)} UTC" if run.finished_at else "UNFINISHED",
        f"rules {decision.rules_sha256[:8]}" if decision else "",
    )
    switch = run.phases.get("preflight", {}).get("kill_switch", "active")
    if switch != "active":
        yield Text(f"kill switch {switch}", style="bold red")


def _book(mark: Mark, review: SessionReview) -> RenderableType:
    course = review.course
    made = table("", ">value", ">day", ">since start", ">max drawdown")
    for name, value, field, of in (
        ("book", mark.nav_usd, "nav_usd", course.book),
        ("unhedged", mark.shadow_nav_usd, "shadow_nav_usd", course.shadow),
    ):
        total = of.profit_usd if of else None
        fall = of.drawdown.share if of else None
        made.add_row(name, usd(value), *_gains(_day(review, field), total), percent(fall))
    for name, value, field, total in (
        ("condors", mark.condor_value_usd, "condor_pnl_usd", mark.condor_pnl_usd),
        ("hedge", mark.hedge_value_usd, "hedge_pnl_usd", mark.hedge_pnl_usd),
    ):
        made.add_row(name, usd(value), *_gains(_day(review, field), total))
    facts = line(
        f"hedge units {mark.units_held} held, {mark.units_required} required",
        f"commissions so far {cents(mark.commissions_usd)}",
        f"broker NAV {usd(mark.broker_nav_usd)}",
        f"{mark.unknown_marks} without a mark" if mark.unknown_marks else "",
    )
    return Group(made, facts)


def _day(review: SessionReview, field: str) -> Decimal | None:
    """Return the change of a field of the mark since the one before."""
    before, now = getattr(review.previous, field, None), getattr(review.mark, field, None)
    return None if before is None or now is None else now - before


def _gains(*amounts: Decimal | None) -> tuple[Text, ...]:
    return tuple(coloured(signed_usd(amount), amount) for amount in amounts)


def _orders(orders: Sequence[OrderRow]) -> Iterable[RenderableType]:
    if not orders:
        yield from section("Orders", line("none"))
        return
    made = table("order", "of", "why", ">filled", ">mid", ">paid", ">slip $", "state", gap=1)
    for order in orders:
        slip = order.slippage_usd
        made.add_row(
            order.action.replace("_", " "),
            _YEAR.sub(" ", order.label),
            Text(order.reason, style="dim"),
            f"{order.filled}/{order.quantity}",
            points(order.mid),
            points(order.price),
            coloured(signed_usd(slip), None if slip is None else -slip),
            Text(order.state.value, style=_STATE_STYLE.get(order.state, "dim")),
        )
    refusals = [
        line(f"{order.intent_id}: {order.detail}")
        for order in orders
        if order.detail and order.state in {IntentState.DENIED, IntentState.REJECTED}
    ]
    yield from section("Orders, net debit of a unit in points", made, *refusals, line(FILLS_NOTE))


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
    yield from section(f"Open condors{_as_of(review)}", made)


def _as_of(review: SessionReview) -> str:
    """Say so when what is shown was held at an earlier mark."""
    return "" if review.held_at == review.session else f", as held on {review.held_at}"


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
    targets = _targets(review)
    for layer in Layer:
        held = str(sum(row.quantity for row in lots[layer]))
        if not lots[layer]:
            made.add_row(layer.value, targets[layer], held)
        for number, row in enumerate(lots[layer]):
            lead = (layer.value, targets[layer], held) if number == 0 else ("", "", "")
            made.add_row(*lead, *_lot_cells(row, review.session))
    yield from section(f"Hedge layers, VIX calls{_as_of(review)}", made)
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


def _targets(review: SessionReview) -> defaultdict[str, str]:
    """Return the target of each layer as the decision's verdict states it."""
    targets = defaultdict(lambda: UNKNOWN)
    for verdict in review.decision.verdicts if review.decision else ():
        if verdict.code == "LAYER_TARGET":
            targets[verdict.subject.removeprefix("layer:")] = observed(verdict.limit)
    return targets


def _closed(closed: Sequence[StructureRow]) -> Iterable[RenderableType]:
    if not closed:
        return
    made = table("closed", "what", "opened", ">profit $")
    for row in closed:
        profit = coloured(signed_usd(row.cash_usd), row.cash_usd)
        made.add_row(row.structure_id, f"{row.slot} {row.kind}", row.opened.isoformat(), profit)
    yield from section("Closed or expired, commissions included", made)


def _notes(title: str, notes: Sequence[NoteRow], *, style: str) -> Iterable[RenderableType]:
    if not notes:
        return
    made = [
        Text.assemble((f"{clock(note.at)} ", "dim"), (note.code, style), f" {note.text}")
        for note in notes
    ]
    yield from section(title, *made)


def _provenance(rows: Sequence[ProvenanceRow]) -> Iterable[RenderableType]:
    if not rows:
        return
    made = table("", "data", "from")
    for row in rows:
        made.add_row(Text(row.provenance, style="dim"), row.subject, Text(row.detail, style="dim"))
    yield from section("What the data was made from", made)
