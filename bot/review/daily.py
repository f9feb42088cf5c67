"""The page of a day: what a person who runs the bot reads in a minute.

A condor is told in the line of its tier, a lot in that of its layer, a gate only where it held
something back, and a rule only where it acted. All else is in ``steward review --full`` and
``steward explain``.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from rich.text import Text

from bot.core.book import Layer
from bot.core.fold import StructureKind
from bot.review.amounts import sum_known, worth
from bot.review.book_health import quality_in_sum, quick_ratio_in_short
from bot.review.daily_reasons import acted, held_back, market_line
from bot.review.format import UNKNOWN, signed_usd, usd
from bot.review.hedge_state import hedge_in_short
from bot.review.layout import coloured, line, section, table
from bot.review.parts import as_of, book, closed, head, notes, orders, targets
from bot.review.shocks import shock_facts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from decimal import Decimal

    from rich.console import RenderableType

    from bot.core.decision import LayerFigures
    from bot.ledger.queries import PositionRow
    from bot.review.session import SessionReview


LAYER_COLUMNS: Final = (
    "layer", ">held", ">target", ">cost $", ">bid $", ">gross $", ">delta", ">roll in", "roll",
)  # fmt: skip


def day_page(review: SessionReview) -> Iterable[RenderableType]:
    """Yield the page of a day, troubles first."""
    decision = review.decision
    yield from head(review)
    if decision:
        yield market_line(decision)
    yield from notes("Incidents", review.incidents, style="bold red")
    yield from notes("Alerts", review.alerts, style="yellow")
    if review.mark:
        yield from section("Book, USD", book(review.mark, review))
    yield from orders(review.orders, dry=review.run.dry)
    yield from closed(review.closed)
    yield from _condors(review)
    yield from _hedge(review)
    yield from _health(review)
    if decision:
        yield from acted(decision)
        yield from held_back(decision, review.session)
    yield from quality_in_sum(review)
    yield from _foot(review)


def _condors(review: SessionReview) -> Iterable[RenderableType]:
    """Yield one line for each tier of what is open."""
    held = defaultdict[str, list["PositionRow"]](list)
    for row in review.positions:
        if row.kind == StructureKind.CONDOR:
            held[row.slot].append(row)
    if not held:
        return
    made = table("tier", ">condors", ">units", ">DTE", ">credit $", ">to close $", ">gross $")
    for tier, rows in sorted(held.items()):
        made.add_row(tier or UNKNOWN, *_tier_cells(rows, review))
    yield from section(f"Open condors{as_of(review)}", made)


def _tier_cells(rows: Sequence[PositionRow], review: SessionReview) -> tuple[RenderableType, ...]:
    days = sorted((row.expiry - review.session).days for row in rows)
    gain = sum_known(row.profit_usd for row in rows)
    return (
        str(len(rows)),
        str(sum(row.quantity for row in rows)),
        str(days[0]) if days[0] == days[-1] else f"{days[0]}-{days[-1]}",
        usd(_worth(rows, "entry_points")),
        usd(_worth(rows, "mark_points")),
        coloured(signed_usd(gain), gain),
    )


def _hedge(review: SessionReview) -> Iterable[RenderableType]:
    """Yield one line for each layer, with what it is for and when it rolls."""
    if review.held_at is None:
        return
    lots = defaultdict[str, list["PositionRow"]](list)
    for row in review.positions:
        if row.kind == StructureKind.LOT:
            lots[row.slot].append(row)
    figures = {each.layer: each for each in review.decision.layers} if review.decision else {}
    wanted = targets(review)
    made = table(*LAYER_COLUMNS, gap=1)
    made.columns[0].no_wrap = True
    for layer in Layer:
        gain = sum_known(row.profit_usd for row in lots[layer])
        made.add_row(
            layer.value,
            str(sum(row.quantity for row in lots[layer])),
            wanted[layer],
            usd(_worth(lots[layer], "entry_points")),
            usd(_worth(lots[layer], "mark_points")),
            coloured(signed_usd(gain), gain),
            *_state(figures.get(layer)),
        )
    title = f"Hedge layers, VIX calls{as_of(review)}"
    facts = hedge_in_short(review.decision, review.overrides) if review.decision else ()
    yield from section(title, made, *facts)
    for row in review.positions:
        if row.kind == "residual":
            yield Text(f"  leg without a structure: {row.quantity:+d} {row.label}", style="red")


def _state(found: LayerFigures | None) -> tuple[str, str, str]:
    """Return delta, days to the roll and its reason, as they were decided on."""
    if found is None:
        return UNKNOWN, UNKNOWN, ""
    delta = UNKNOWN if found.delta is None else f"{found.delta:.2f} of {found.target_delta:.2f}"
    days = UNKNOWN if found.days_to_roll is None else f"{found.days_to_roll} d"
    return delta, days, found.roll_reason


def _health(review: SessionReview) -> Iterable[RenderableType]:
    """Yield quick ratio, what a crash would cost, and edges of parity above their fees."""
    if review.decision is None:
        return
    facts = (*quick_ratio_in_short(review), *map(line, shock_facts(review.decision)))
    if facts:
        yield from section("Book health, USD", *facts)


def _foot(review: SessionReview) -> Iterable[RenderableType]:
    kinds = defaultdict[str, list[str]](list)
    for row in review.provenance:
        kinds[row.provenance].append(row.subject)
    data = (f"{kind} data: {', '.join(names)}" for kind, names in kinds.items())
    yield line(f"\nEvery lot, leg and gate: steward review {review.session} --full", *data)
    yield line(f"Ledger {review.ledger}")


def _worth(rows: Sequence[PositionRow], field: str) -> Decimal | None:
    """Return what all rows are worth at their entry or at their mark."""
    return sum_known(worth(getattr(row, field), row.quantity) for row in rows)
