"""Book health and quality of execution in the page of a session (methodology, section 7)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from rich.text import Text

from bot.review.amounts import worth
from bot.review.format import UNKNOWN, observed, points, signed_usd, usd, without_year
from bot.review.layout import coloured, line, section, table
from bot.review.session import FILLS_NOTE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rich.console import RenderableType

    from bot.core.decision import Observed, Verdict
    from bot.ledger.decision_rows import DecisionRow
    from bot.ledger.order_rows import OrderRow
    from bot.ledger.quality import ParityRow, QualityRow
    from bot.review.session import SessionReview

WORST: Final = 3
"""Orders that are named where the rest are summed."""

QUALITY: Final = (
    "Quality of execution, points of a unit; mark-out: gain at the mid of 5 minutes later"
)

NO_EXECUTION: Final = "Watched and shown only: nothing here trades conversions or reversals."


def book_health(review: SessionReview) -> Iterable[RenderableType]:
    """Yield the quick ratio and what the parity monitor found; nothing for decisions of before."""
    decision = review.decision
    if decision is None or not any(signal.name == "quick_ratio" for signal in decision.signals):
        return
    yield from section("Book health", _quick_ratio(decision), *_parity(decision, review.parity))


def quick_ratio_in_short(review: SessionReview) -> tuple[RenderableType, ...]:
    """Return the quick ratio beside its bounds, and how many edges of parity are flagged."""
    decision = review.decision
    seen = [] if decision is None else _of(decision, "QUICK_RATIO")
    if not seen:
        return ()
    bounds = {each.subject: observed(each.limit) for each in seen}
    flagged = f"{len(review.parity)} VIX combinations out of line" if review.parity else ""
    return (line(f"quick ratio {observed(seen[0].observed)}", *_gated(bounds), flagged),)


def _gated(bounds: Mapping[str, str]) -> Iterable[str]:
    found = ((word, bounds.get(purpose)) for purpose, word in _GATED.items())
    return (f"{word} from {bound}" for word, bound in found if bound is not None)


def _quick_ratio(decision: DecisionRow) -> RenderableType:
    figures = {signal.name: signal.value for signal in decision.signals}
    parts = {name: _usd(figures.get(f"quick_{name}_usd")) for name in _PARTS}
    gates = {verdict.subject: observed(verdict.limit) for verdict in _of(decision, "QUICK_RATIO")}
    return line(
        f"quick ratio {observed(figures['quick_ratio'])}",
        f"cash {parts['cash']} + calls at bid {parts['hedge']}",
        f"over width {parts['width']} + pending {parts['pending']}",
        *_gated(gates),
    )


_PARTS: Final = ("cash", "hedge", "width", "pending")
_GATED: Final = {"add": "entries", "protect": "hedge orders"}
"""What the gates of the quick ratio are about, by their subject."""


def _usd(value: Observed) -> str:
    return usd(Decimal(str(value))) if isinstance(value, float) else UNKNOWN


def _of(decision: DecisionRow, code: str) -> list[Verdict]:
    return [verdict for verdict in decision.verdicts if verdict.code == code]


def _parity(decision: DecisionRow, rows: Iterable[ParityRow]) -> Iterable[RenderableType]:
    made = table("VIX option", "combination", ">edge", ">best", ">fees", ">pairs", "since", ">days")
    for row in rows:
        made.add_row(
            f"{row.expiry} {row.strike.normalize():f}",
            row.kind,
            f"{row.edge_points:.3f}",
            f"{row.best_edge_points:.3f}",
            f"{row.fees_points:.3f}",
            UNKNOWN if row.size is None else str(row.size),
            str(row.first_session),
            str(row.sessions),
        )
    if made.row_count:
        yield made
        yield line("Edges and fees in points of one pair.", NO_EXECUTION)
        return
    for verdict in _of(decision, "PARITY"):
        best, fees = observed(verdict.observed), observed(verdict.limit)
        yield line(f"best conversion or reversal {best} points, flagged above fees of {fees}")


def execution_quality(review: SessionReview) -> Iterable[RenderableType]:
    """Yield what each order and each of its legs cost, and was worth 5 minutes on."""
    if not review.quality:
        return
    orders = {order.intent_id: order for order in review.orders}
    made = table(
        "order, leg", ">units", ">mid", ">paid", ">shortfall", ">eff. spread", ">mark-out", gap=1
    )
    for row in review.quality:
        if row.leg and _single(orders.get(row.intent_id)):
            continue
        made.add_row(*_cells(row, orders))
    steps = [
        line(f"{_name(order)}: offered {' → '.join(points(offer) for offer in order.offers)}")
        for order in review.orders
        if order.offers
    ]
    notes = sorted({row.note for row in review.quality if row.note})
    missing = [line(f"no mark-out: {', '.join(notes)}")] if notes else []
    yield from section(
        QUALITY,
        made,
        *steps,
        *missing,
        line(FILLS_NOTE),
    )


def quality_in_sum(review: SessionReview) -> Iterable[RenderableType]:
    """Yield what all orders cost and were worth 5 minutes on, and those that cost most."""
    whole = [row for row in review.quality if not row.leg]
    if not whole:
        return
    orders = {order.intent_id: order for order in review.orders}
    cost = [amount for row in whole if (amount := worth(row.shortfall, row.quantity)) is not None]
    gain = [amount for row in whole if (amount := worth(row.mark_out, row.quantity)) is not None]
    facts = line(
        f"paid {signed_usd(sum(cost, Decimal(0)))} against the mids of the decision "
        f"({len(cost)} of {len(whole)} orders)",
        f"gained {signed_usd(sum(gain, Decimal(0)))} in 5 minutes ({len(gain)} of {len(whole)})",
    )
    made = table(
        "cost most", ">units", ">mid", ">paid", ">shortfall", ">eff. spread", ">mark-out", gap=1
    )
    priced = [(worth(row.shortfall, row.quantity) or Decimal(0), row) for row in whole]
    dear = sorted((each for each in priced if each[0] > 0), key=lambda each: -each[0])[:WORST]
    for _, row in dear:
        made.add_row(*_cells(row, orders))
    yield from section(QUALITY, facts, *((made,) if dear else ()))


def _single(order: OrderRow | None) -> bool:
    """Whether an order has one leg, which says the same as the whole."""
    return order is not None and "/" not in order.label


def _name(order: OrderRow) -> str:
    return f"{order.action.replace('_', ' ')} {without_year(order.label)}"


def _cells(row: QualityRow, orders: Mapping[str, OrderRow]) -> tuple[RenderableType, ...]:
    order = orders.get(row.intent_id)
    whole = _name(order) if order else row.intent_id
    cost = None if row.shortfall is None else -row.shortfall
    return (
        Text(f"  {row.leg}", style="dim") if row.leg else whole,
        str(row.quantity),
        _fine(row.decision_mid),
        _fine(row.price),
        coloured(_signed(row.shortfall), cost),
        _fine(row.effective_spread),
        coloured(_signed(row.mark_out), row.mark_out),
    )


def _fine(amount: Decimal | None) -> str:
    """Write points with a third decimal: a mid lies between two ticks."""
    return UNKNOWN if amount is None else f"{amount:,.3f}"


def _signed(amount: Decimal | None) -> str:
    return UNKNOWN if amount is None else f"{amount:+,.3f}"
