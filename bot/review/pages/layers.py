"""The layers of the hedge in a page: coverage, cost, mark multiple, delta and days to the roll."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.core.book import Layer
from bot.core.fold import StructureKind
from bot.review.amounts import sum_known, worth
from bot.review.format import UNKNOWN, usd
from bot.review.hedge_state import hedge_in_short
from bot.review.parts import targets

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from decimal import Decimal

    from bot.core.decision import LayerFigures
    from bot.ledger.queries import PositionRow
    from bot.review.session import SessionReview


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerLine:
    """One layer of the hedge; `share` of its target that is held, ``None`` without a target."""

    name: str
    contracts: tuple[str, ...]
    held: str
    share: float | None
    cells: tuple[str, ...]
    waits: str


def layers(review: SessionReview) -> tuple[LayerLine, ...]:
    """Return one line for each layer; none while nothing was marked."""
    if review.held_at is None:
        return ()
    lots = defaultdict[str, list["PositionRow"]](list)
    for row in review.positions:
        if row.kind == StructureKind.LOT:
            lots[row.slot].append(row)
    figures = {each.layer: each for each in review.decision.layers} if review.decision else {}
    wanted = targets(review)
    return tuple(
        _layer(layer, lots[layer], wanted=wanted[layer], figures=figures.get(layer))
        for layer in Layer
    )


def _layer(
    layer: Layer, rows: Sequence[PositionRow], *, wanted: str, figures: LayerFigures | None
) -> LayerLine:
    held = sum(row.quantity for row in rows)
    target = int(wanted) if wanted.isdigit() else None
    cost = sum_known(worth(row.entry_points, row.quantity) for row in rows)
    value = sum_known(worth(row.mark_points, row.quantity) for row in rows)
    return LayerLine(
        name=layer.value,
        contracts=tuple(_by_contract(rows)),
        held=f"{held} of {'unknown' if wanted == UNKNOWN else wanted}",
        share=min(held / target, 1.0) if target else None,
        cells=(usd(cost), usd(value), _multiple(cost, value), *_roll(figures)),
        waits=figures.roll_reason.replace("_", " ") if figures else "",
    )


def _by_contract(rows: Iterable[PositionRow]) -> Iterable[str]:
    counted = defaultdict[str, int](int)
    for row in rows:
        counted[row.label] += row.quantity
    return (f"{quantity} x {label}" for label, quantity in counted.items())


def _multiple(cost: Decimal | None, value: Decimal | None) -> str:
    return UNKNOWN if not cost or value is None else f"{value / cost:.2f}x"


def _roll(figures: LayerFigures | None) -> tuple[str, str]:
    """Return delta beside the one that is bought, and in how many days it rolls."""
    if figures is None:
        return UNKNOWN, UNKNOWN
    seen = "unknown" if figures.delta is None else f"{figures.delta:.2f}"
    days = "unknown" if figures.days_to_roll is None else f"{figures.days_to_roll} d"
    return f"{seen} of {figures.target_delta:.2f}", days


def hedge_facts(review: SessionReview) -> tuple[str, ...]:
    """Return what the hedge covers and costs, and what was done by hand."""
    decision = review.decision
    if decision is None:
        return ()
    return tuple(text.plain for text in hedge_in_short(decision, review.overrides))
