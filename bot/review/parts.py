"""Parts that the page of a day and the full page of a session share.

Prices of orders are net debits of one unit in points, so a credit is negative. Slippage is the
price paid above the mid at the decision: positive costs money. The profit of what is open is gross
of commissions; that of the book, and of what is closed, is net.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from rich.console import Group, RenderableType
from rich.text import Text

from bot.core.fold import IntentState
from bot.review.format import (
    UNKNOWN,
    cents,
    clock,
    observed,
    percent,
    points,
    signed_usd,
    usd,
    without_year,
)
from bot.review.layout import coloured, heading, line, section, table
from bot.review.session import FILLS_NOTE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from decimal import Decimal

    from bot.core.mark import Mark
    from bot.ledger.order_rows import OrderRow
    from bot.ledger.queries import NoteRow, StructureRow
    from bot.review.session import SessionReview

NONE_OF_A_DRY_RUN: Final = "none was sent: a dry run; `steward explain` shows what was decided"

_STATE_STYLE: Final = {
    IntentState.FILLED: "green",
    IntentState.PARTIAL: "yellow",
    IntentState.DENIED: "red",
    IntentState.REJECTED: "red",
    IntentState.UNKNOWN: "bold red",
}


def head(review: SessionReview) -> Iterable[RenderableType]:
    """Yield what was run and decided, by which rules, and a kill switch that is thrown."""
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


def book(mark: Mark, review: SessionReview) -> RenderableType:
    """Return book, unhedged shadow, condors and hedge with what they gained."""
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


def orders(orders: Sequence[OrderRow], *, dry: bool = False) -> Iterable[RenderableType]:
    """Yield each order with its price against the mid, and why one was refused."""
    if not orders:
        yield from section("Orders", line(NONE_OF_A_DRY_RUN if dry else "none"))
        return
    made = table("order", "of", "why", ">filled", ">mid", ">paid", ">slip $", "state", gap=1)
    for order in orders:
        slip = order.slippage_usd
        made.add_row(
            order.action.replace("_", " "),
            without_year(order.label),
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


def closed(closed: Sequence[StructureRow]) -> Iterable[RenderableType]:
    """Yield what was closed or has expired, with all its cash."""
    if not closed:
        return
    made = table("closed", "what", "opened", ">profit $")
    for row in closed:
        profit = coloured(signed_usd(row.cash_usd), row.cash_usd)
        made.add_row(row.structure_id, f"{row.slot} {row.kind}", row.opened.isoformat(), profit)
    yield from section("Closed or expired, commissions included", made)


def notes(title: str, notes: Sequence[NoteRow], *, style: str) -> Iterable[RenderableType]:
    """Yield alerts or incidents, one a line."""
    if not notes:
        return
    made = [
        Text.assemble((f"{clock(note.at)} ", "dim"), (note.code, style), f" {note.text}")
        for note in notes
    ]
    yield from section(title, *made)


def as_of(review: SessionReview) -> str:
    """Say so when what is shown was held at an earlier mark."""
    return "" if review.held_at == review.session else f", as held on {review.held_at}"


def targets(review: SessionReview) -> defaultdict[str, str]:
    """Return the target of each layer as the decision's verdict states it."""
    targets = defaultdict(lambda: UNKNOWN)
    for verdict in review.decision.verdicts if review.decision else ():
        if verdict.code == "LAYER_TARGET":
            targets[verdict.subject.removeprefix("layer:")] = observed(verdict.limit)
    return targets
