"""The tables of the evidence, from what a study measured."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Final

from bot.evidence.books import HEDGED, SHADOW
from bot.evidence.dividends import described
from bot.evidence.figures import book_figures
from bot.evidence.measures import AVERSIONS
from bot.evidence.report_cells import Table, figure, percent, sessions, signed
from bot.evidence.report_charts import courses
from bot.evidence.side_by_side import BILLS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.evidence.measures import Measures
    from bot.evidence.resampling import Band
    from bot.evidence.segments import Segment
    from bot.evidence.sources import LiveFills
    from bot.evidence.study import Study

    Cell = str | None

NAMES: Final = {HEDGED: "hedged", SHADOW: "unhedged"}
MOST_GATES: Final = 6
EXITS: Final = frozenset(
    {"FLATTEN", "STOP", "TAKE_PROFIT", "THREAT_DELTA", "THREAT_EDR", "TIME_EXIT"}
)
"""Verdicts on condors that are held: what they deny is an end, not an entry."""


def books_table(study: Study) -> Table:
    """Return the books side by side."""
    rows = []
    for name, book in courses(study).items():
        found = book_figures(book, study.market.bills)
        rows.append(
            (
                name,
                percent(found.growth, 2),
                percent(found.volatility),
                "none" if name == BILLS else figure(found.sharpe),
                percent(found.drawdown.share),
                percent(found.worst_month),
                sessions(found.recovery_sessions),
            )
        )
    columns = ("book", ">growth", ">volatility", ">Sharpe", ">deepest fall", ">worst month")
    note = (
        "A year, at the marks; recovery in sessions from the trough to the old high. "
        f"{_made_of(study)}"
    )
    return Table(
        title="Books side by side", columns=(*columns, ">recovery"), rows=tuple(rows), note=note
    )


def _made_of(study: Study) -> str:
    """Say how interest, dividends and the promoter were made."""
    promoter = study.promoter
    second = (
        ""
        if promoter is None
        else " The promoter, which drops layers while the market is calm, is a replay of its own "
        f"({promoter.seconds:.0f} s)."
    )
    return (
        "Interest: on the cash of each book, calendar day by calendar day at the three-month "
        "Treasury rate of the session before; the unhedged book earns it on its own, larger cash. "
        f"{described(study.market, study.sources.total_return)}.{second}"
    )


def capm_table(study: Study) -> Table:
    """Return alpha and beta of both books."""
    rows = tuple(
        (
            NAMES[name],
            signed(found.alpha, 2),
            figure(found.alpha_t, 1),
            figure(found.beta, 3),
            figure(found.beta_t, 1),
            percent(found.r_squared),
            str(found.months),
        )
        for name, found in study.default.capm.items()
    )
    return Table(
        title="Against SPX with dividends (CAPM)",
        columns=("book", ">alpha a year", ">t", ">beta", ">t of beta", ">R squared", ">months"),
        rows=rows,
        note="Monthly returns over T-bills; errors of Newey and West. Below a t of 2 an alpha is "
        "not told from luck.",
    )


def reference_table(study: Study) -> Table:
    """Return the published indexes beside the hedged book."""
    rows = tuple(
        (
            each.name,
            f"{each.first} to {each.last}",
            percent(each.growth),
            percent(each.book_growth),
            percent(each.drawdown),
            percent(each.book_drawdown),
            figure(each.sharpe),
            figure(each.book_sharpe),
            figure(each.correlation),
        )
        for each in study.references
    )
    columns = ("index", "months", ">growth", ">book", ">deepest fall", ">book", ">Sharpe", ">book")
    return Table(
        title="Published indexes on the same months",
        columns=(*columns, ">correlation"),
        rows=rows,
        note="By month: CNDR sells 20/5-delta condors, PPUT buys 5 % puts on SPX, PUT sells puts, "
        "VXTH holds SPX and 30-delta VIX calls.",
    )


def spike_table(study: Study) -> Table:
    """Return every spike with what it did."""
    columns = (
        "spike", ">VIX", ">hedge", ">unhedged", ">hedged", ">60", ">252", ">book", ">bare",
        ">near", ">mid", ">far", ">20-delta",
    )  # fmt: skip
    return Table(
        title="Every rise of the VIX by 10 points within 10 sessions",
        columns=columns,
        rows=tuple(_spike_rows(study)),
        note="Hedge: its gain from base to top over NAV. Unhedged, hedged: deepest fall below the "
        "NAV of the base. 60, 252: sessions until the hedge had paid for what its last 60 and 252 "
        "had cost. Book, bare: until the book, and until the unhedged one, stood where they had. "
        "Near to 20-delta: gain at the top of a fresh call of that kind bought at the base.",
    )


def _spike_rows(study: Study) -> Iterator[tuple[Cell, ...]]:
    for at, each in enumerate(study.default.outcomes):
        spike = each.spike
        fresh = [gains.at_top[at] for gains in study.fresh.values()]
        evens = (each.even_quarter, each.even_year, each.even_book, each.even_shadow)
        yield (
            str(study.hedged.sessions[spike.begin]),
            f"{spike.vix_base:.0f} → {spike.vix_top:.0f}",
            signed(each.hedge, 2),
            percent(each.loss_shadow, 2),
            percent(each.loss_hedged, 2),
            *("over 60" if even is None else str(even) for even in evens),
            *("settled" if math.isnan(gain) else f"{gain:+.0%}" for gain in fresh),
        )


def segment_tables(study: Study) -> tuple[Table, ...]:
    """Return the books by segment, a table for each heading."""
    return tuple(
        Table(
            title=heading,
            columns=("segment", ">sessions", ">hedged", ">unhedged", ">hedge", ">hedge a year"),
            rows=tuple(_segment_row(each) for each in found),
        )
        for heading, found in study.default.segments.items()
        if found
    )


def _segment_row(each: Segment) -> tuple[Cell, ...]:
    return (
        each.name,
        f"{each.sessions:,}",
        signed(each.hedged),
        signed(each.shadow),
        signed(each.hedge),
        signed(each.hedge_a_year, 2),
    )


def band_table(study: Study) -> Table:
    """Return the bands of the resamples."""
    found = study.resampled
    rows = (
        _band_row("drag a year", found.drag, 2),
        _band_row("reduction of the deepest drawdown", found.reduction, 0),
        _band_row("growth given up a year", found.growth_given_up, 2),
        ("resamples with a smaller drawdown", "", percent(found.reduced, 0), ""),
    )
    return Table(
        title=f"{found.count:,} resamples of the joint daily P&L",
        columns=("figure", ">5 %", ">median", ">95 %"),
        rows=rows,
        note=f"Stationary bootstrap, blocks of {found.mean_block} sessions on average. Both books "
        "take the same days; nothing is decided anew.",
    )


def _band_row(name: str, band: Band, places: int) -> tuple[Cell, ...]:
    return (name, *(percent(each, places) for each in (band.low, band.median, band.high)))


def rival_table(study: Study) -> Table:
    """Return the rivals beside the hedged book."""
    own = study.default
    ours = ("this hedge", percent(own.hedged.growth, 2), percent(own.hedged.drawdown.share), "")
    bare = ("no hedge", percent(own.shadow.growth, 2), percent(own.shadow.drawdown.share), "")
    rows = (
        (
            each.name,
            percent(each.growth, 2),
            percent(each.drawdown),
            _amount(each.amount, each.note),
        )
        for each in study.rivals
    )
    return Table(
        title="What the same money would have bought elsewhere",
        columns=("book", ">growth", ">deepest fall", "what it is"),
        rows=(ours, bare, *rows),
        note="A rival that grew faster and fell no further than the hedged book is the better "
        "protection.",
    )


def _amount(amount: float, note: str) -> str:
    return note or ("" if math.isnan(amount) else f"{amount:.0%} of the condors")


def worth_table(study: Study) -> Table:
    """Return certainty equivalents by risk aversion at both sizes."""
    sized = [study.default] + ([study.large] if study.large and not study.large.ruined else [])
    rows = [
        (
            f"{each.name}, aversion {aversion:.0f}",
            percent(pair.hedged, 2),
            percent(pair.shadow, 2),
            signed(
                None if None in (pair.hedged, pair.shadow) else _gap(pair.hedged, pair.shadow), 2
            ),
        )
        for each in sized
        for aversion, pair in ((a, each.equivalents[a]) for a in AVERSIONS)
    ]
    return Table(
        title="What it is worth to whom",
        columns=("investor", ">hedged", ">unhedged", ">difference"),
        rows=tuple(rows),
        note="The sure yearly return that is worth as much (constant relative risk aversion).",
    )


def _gap(hedged: float | None, shadow: float | None) -> float:
    return math.nan if hedged is None or shadow is None else hedged - shadow


def entry_table(study: Study) -> Table:
    """Return the condors one by one, in sum."""
    found = study.entries
    exits = ", ".join(f"{name} {count}" for name, count in found.exits.items())
    live = study.sources.live
    paper = "not recorded" if live is None else _paper(live)
    rows = (
        ("condors that have ended", f"{found.count:,}"),
        ("that made money", percent(found.won)),
        ("mean return on the capital at risk, by entry", signed(found.by_entry, 2)),
        ("the same, every month alike", signed(found.by_month, 2)),
        ("worst", percent(found.worst, 0)),
        ("internal rate of their capital", signed(found.internal_rate)),
        ("ends", exits),
        ("half-spread paid, assumed", percent(study.replay.settings.spread_share, 0)),
        ("half-spread paid, paper account", paper),
    )
    return Table(
        title="Condors one by one",
        columns=("figure", ">value"),
        rows=rows,
        note="Of the capital at risk, which is a small part of NAV and tied up for days: the "
        "internal rate is not what the book earned.",
    )


def _paper(live: LiveFills) -> str:
    """Return what the paper account paid; the broker fills it from the top of the book."""
    return (
        f"median {live.median_share:.0%}, mean {live.mean_share:.0%} of {live.orders} orders in "
        f"{live.sessions} sessions"
    )


def size_table(default: Measures, large: Measures | None) -> Table:
    """Return the two sizes side by side."""
    sized = [each for each in (default, large) if each is not None]
    ruin = [
        ", ".join(f"{NAMES[name]} {day}" for name, day in each.ruined.items()) or "never"
        for each in sized
    ]
    rows = (
        ("loss in the crash of 2020, unhedged", *(percent(e.crash.shadow) for e in sized)),
        ("the same, hedged", *(percent(e.crash.hedged) for e in sized)),
        ("drag a year", *(percent(e.drag.total, 2) for e in sized)),
        ("deepest fall, unhedged", *(percent(e.shadow.drawdown.share) for e in sized)),
        ("deepest fall, hedged", *(percent(e.hedged.drawdown.share) for e in sized)),
        ("growth a year, unhedged", *(percent(e.shadow.growth, 2) for e in sized)),
        ("growth a year, hedged", *(percent(e.hedged.growth, 2) for e in sized)),
        ("ruined", *ruin),
    )
    columns = ("figure", *(f">{each.name} (x {each.size:.0f})" for each in sized))
    return Table(
        title="Two sizes",
        columns=columns,
        rows=rows,
        note="The size of 2020 is the one at which the unhedged book loses half from 19 February "
        "to 30 April 2020: so many times the contracts for each dollar of NAV, caps off. No broker "
        "would margin it.",
    )


def denials(study: Study) -> str:
    """Return the gates that denied a condor most often, with their sessions."""
    named = (str(text).split() for text in study.replay.days["denied"])
    codes = Counter(code for codes in named for code in codes if code not in EXITS)
    return ", ".join(f"{code} {count:,}" for code, count in codes.most_common(MOST_GATES))


def basis_table(study: Study) -> Table:
    """Return what the numbers rest on."""
    history, settings = study.sources.history, study.replay.settings
    stood_in = ", ".join(f"{name} {count:,}" for name, count in study.substitutes.items())
    carried = ", ".join(f"{name} {len(days)}" for name, days in history.carried.items())
    rows = (
        ("sessions", f"{study.default.sessions:,}, {study.default.first} to {study.default.last}"),
        ("what ends them", "; ".join(history.limits) or "the history"),
        ("capital", f"{settings.nav_usd:,.0f} USD"),
        (
            "fills",
            f"mid and {settings.spread_share:.0%} of the modelled half-spread, commissions in",
        ),
        ("contracts", "literal" if settings.literal_contracts else "scaled with the index"),
        ("substitutes, sessions", stood_in or "none"),
        ("carried values, sessions", carried or "none"),
        ("gates that denied condors, sessions", denials(study) or "none"),
        ("rules", study.replay.rules_sha256[:12]),
        ("history", history.sha256[:12] or "not from files"),
    )
    faults = tuple((f"fault of a file {n}", str(each)) for n, each in enumerate(history.faults, 1))
    return Table(title="What this rests on", columns=("what", "value"), rows=(*rows, *faults))
