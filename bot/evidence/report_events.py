"""Tables of the evidence on single events: layers as held, sales and breaches, events left out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bot.evidence.left_out import hanging, hangs_on
from bot.evidence.report_cells import Table, figure, percent, signed
from bot.evidence.spikes import CENSORED_AT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.evidence.as_held import HeldCall, HeldLayer
    from bot.evidence.breaches import Breaches
    from bot.evidence.by_segment import BookSegment
    from bot.evidence.left_out import LeftOut
    from bot.evidence.study import Study

    Cell = str | None

MOST_SERIES = 2
"""Series of a layer that are named one by one; of more, the contracts of the others are counted."""


def held_table(study: Study) -> Table:
    """Return each layer as it was held in each spike, beside a fresh call of its kind."""
    return Table(
        title="The layers as they were held",
        columns=(
            "spike", "layer", "held at the base", ">premium, USD", ">bought", ">sold",
            ">gain, USD", ">of NAV", ">of the premium", ">fresh",
        ),
        rows=tuple(_held_rows(study)),
        note="From the base to the top, sales and rolls in between and commissions in. Held: "
        "contracts x strike (days to settlement). Premium: the value at the bid of the base. "
        "Fresh: the gain at the top of a call of that kind bought at the base.",
    )  # fmt: skip


def _held_rows(study: Study) -> Iterator[tuple[Cell, ...]]:
    order = {each.spike.begin: at for at, each in enumerate(study.default.outcomes)}
    for each in study.held:
        gains = study.fresh.get(each.layer)
        fresh = math.nan if gains is None else gains.at_top[order[each.begin]]
        yield (
            str(study.hedged.sessions[each.begin]),
            each.layer,
            _series(each),
            f"{each.premium_usd:,.0f}",
            f"{each.bought:.0f}",
            f"{each.sold:.0f}",
            f"{each.gain_usd:+,.0f}",
            signed(each.of_nav, 2),
            "no premium" if math.isnan(each.of_premium) else f"{each.of_premium:+.0%}",
            "settled" if math.isnan(fresh) else f"{fresh:+.0%}",
        )


def _series(layer: HeldLayer) -> str:
    """Name the greatest holdings of a layer, and count the rest."""
    calls = sorted(layer.calls, key=lambda each: -each.count)
    named = ", ".join(_call(each) for each in calls[:MOST_SERIES])
    rest = sum(each.count for each in calls[MOST_SERIES:])
    return (f"{named}, {rest:.0f} more" if rest else named) or "nothing"


def _call(call: HeldCall) -> str:
    return f"{call.count:.0f} x {call.strike:g} ({call.days})"


def breach_table(study: Study) -> Table:
    """Return how soon strikes were passed after the hedge was sold for profit."""
    return Table(
        title="From a sale for profit to the breach of a strike",
        columns=(
            "strike", ">sales", ">breached", ">in a fall", ">25 %", ">median, sessions", ">75 %",
            ">sold calls then",
        ),
        rows=tuple(_breach_row(each) for each in study.breaches),
        note="A sale is a session on which a layer sold by a rule of profit. Breached: within "
        f"{CENSORED_AT} sessions SPX traded beyond that strike of a condor that was open, puts or "
        "calls; the long strike is where a condor's loss ends. Sessions are of those that were. "
        "A sale after which no condor was open is followed by none. Sold calls then: what they "
        "would have brought at the bid of the breach, over what they were sold for (median).",
    )  # fmt: skip


def _breach_row(found: Breaches) -> tuple[Cell, ...]:
    times = "" if math.isnan(found.worth) else f"{found.worth:.2f} times"
    counts = (figure(each, 0) or "none" for each in found.quartiles)
    return (
        found.strike,
        f"{found.sales:,}",
        f"{found.breached:,} ({found.breached / found.sales:.0%})",
        str(found.below),
        *counts,
        times,
    )


def left_out_table(study: Study) -> Table:
    """Return drag, reduction and alpha with one event left out at a time."""
    turning = {each.name for each in hanging(study.left_out)} if study.left_out else set()
    return Table(
        title="One event left out",
        columns=(
            "left out", ">sessions", ">drag", ">reduction", ">alpha, hedged", ">t",
            ">alpha, unhedged", ">t", "the answer",
        ),
        rows=tuple(_left_row(each, turning) for each in study.left_out),
        note=f"Its sessions count as if they had not been: {hangs_on(study.left_out)} Every spike, "
        f"to {CENSORED_AT} sessions after its beginning, and every named stretch. Alpha a year "
        "against SPX; months that an event touches are no part of it. Worth: of the rivals, the "
        "smaller unhedged book is made anew, the others are those of the whole history.",
    )  # fmt: skip


def _left_row(each: LeftOut, turning: set[str]) -> tuple[Cell, ...]:
    works = {None: "cannot tell", True: "works", False: "does not work"}[each.works]
    worth = {None: "cannot tell", True: "worth it", False: "not worth it"}[each.worth]
    mark = "another: " if each.name in turning else ""
    return (
        each.name,
        str(each.sessions),
        percent(each.drag, 2),
        percent(each.reduction),
        signed(each.alpha, 2),
        figure(each.alpha_t, 1),
        signed(each.condor_alpha, 2),
        figure(each.condor_t, 1),
        f"{mark}{works}, {worth}",
    )


def book_segment_tables(found: Mapping[str, tuple[BookSegment, ...]]) -> tuple[Table, ...]:
    """Return every book in every segment, a table for each heading."""
    return tuple(
        Table(
            title=f"{heading}: every book",
            columns=(
                "segment", "book", ">sessions", ">return", ">volatility", ">Sharpe",
                ">deepest fall", ">worst month",
            ),
            rows=tuple(_segment_row(each) for each in rows),
            note="Returns of its sessions, chained; not made yearly. Sharpe: none where a book "
            "does not differ from bills.",
        )
        for heading, rows in found.items()
    )  # fmt: skip


def _segment_row(each: BookSegment) -> tuple[Cell, ...]:
    return (
        each.segment,
        each.book,
        f"{each.sessions:,}",
        signed(each.gained),
        percent(each.volatility),
        figure(each.sharpe) or "none",
        percent(each.drawdown),
        percent(each.worst_month),
    )
