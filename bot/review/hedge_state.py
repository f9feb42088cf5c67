"""The hedge in the page of a session: the state of its layers, what it costs, and who let it go."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from bot.review.format import UNKNOWN, observed, percent, usd
from bot.review.layout import line, section, table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import RenderableType
    from rich.text import Text

    from bot.core.decision import LayerFigures, Verdict
    from bot.ledger.decision_rows import DecisionRow
    from bot.ledger.overrides import Overrides

COLUMNS: Final = (
    "layer", ">held", ">cost", ">time value", ">of cost", ">roll in", ">delta", ">drift", "roll",
)  # fmt: skip


def hedge_state(decision: DecisionRow, acts: Overrides) -> Iterable[RenderableType]:
    """Yield the layers as they were decided on; nothing for decisions of before."""
    if not decision.layers:
        return
    made = table(*COLUMNS)
    for layer in decision.layers:
        made.add_row(*_cells(layer))
    gates = {verdict.code: verdict for verdict in decision.verdicts if verdict.subject == "hedge"}
    motion = line(_by_hand(acts), _cover(gates), _abandoned(acts))
    yield from section("Hedge as decided on, USD", made, line(*_cost(gates)), motion)


def hedge_in_short(decision: DecisionRow, acts: Overrides) -> tuple[Text, ...]:
    """Return what the hedge covers and costs, and what was done by hand, if anything was."""
    gates = {verdict.code: verdict for verdict in decision.verdicts if verdict.subject == "hedge"}
    hands = line(_by_hand(acts) if acts.by_hand else "", _abandoned(acts))
    return tuple(text for text in (line(_cover(gates)), line(*_cost(gates)), hands) if text)


def _cells(layer: LayerFigures) -> tuple[str, ...]:
    return (
        layer.layer.value,
        f"{layer.held}/{layer.target}",
        _usd(layer.cost_usd),
        f"{_usd(layer.extrinsic_left_usd)} of {_usd(layer.extrinsic_bought_usd)}",
        _number(layer.mark_multiple, "{:.2f}x"),
        _number(layer.days_to_roll, "{} d"),
        f"{_number(layer.delta, '{:.2f}')} of {layer.target_delta:.2f}",
        _number(layer.drift, "{:+.2f}"),
        layer.roll_reason or "-",
    )


def _number(value: float | None, form: str) -> str:
    return UNKNOWN if value is None else form.format(value)


def _usd(value: float | None) -> str:
    return UNKNOWN if value is None else usd(Decimal(str(value)))


def _cost(gates: dict[str, Verdict]) -> tuple[str, ...]:
    """Write drag and P/CF beside their limits; unknown until there are sessions enough."""
    drag, pcf = gates.get("HEDGE_DRAG"), gates.get("HEDGE_PCF")
    return (
        f"drag {_share(drag)} a year" if drag else "",
        f"P/CF {observed(pcf.observed)}, limit {observed(pcf.limit)}" if pcf else "",
    )


def _share(verdict: Verdict) -> str:
    """Write a share of NAV and its limit as percent."""
    seen, limit = verdict.observed, verdict.limit
    shown = percent(seen) if isinstance(seen, float) else observed(seen)
    return f"{shown}, limit {percent(limit) if isinstance(limit, float) else observed(limit)}"


def _cover(gates: dict[str, Verdict]) -> str:
    cover = gates.get("HEDGE_COVER")
    if cover is None:
        return ""
    return f"hedge units: {observed(cover.observed)} cover, condors use {observed(cover.limit)}"


def _by_hand(acts: Overrides) -> str:
    return (
        f"rules overridden by hand {acts.by_hand}: {acts.adoptions} adoptions, "
        f"{acts.switch_changes} switches thrown"
    )


def _abandoned(acts: Overrides) -> str:
    return f"protection given up in {acts.abandoned} sessions" if acts.abandoned else ""
