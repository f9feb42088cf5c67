"""The study behind the evidence: which replays are made, and all that is measured on them.

One replay at the bot's size gives both sizes, the spikes, the segments, the rivals and the bands;
a second one is that of the promoter policy, a third one, without the second engine, is made only
where that engine traded. The tables of
``steward sweep variants``, ``choice`` and ``paths`` are read where they lie in the same folder;
what was not run is listed, never guessed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from bot.evidence.as_held import HeldLayer, layers_as_held
from bot.evidence.benchmarks import Market, market_of, premium
from bot.evidence.books import HEDGED, SHADOW, BookDays, Replay
from bot.evidence.breaches import Breaches, sales, summed
from bot.evidence.by_segment import BookSegment, books_by_segment, rows_of_segments
from bot.evidence.campaigns import stamp_of_sweep
from bot.evidence.chosen import Chosen, best_choice, told
from bot.evidence.claims import Claim, FreshGains, Inputs, claims
from bot.evidence.day_surfaces import Surfaces
from bot.evidence.dividends import of_whole_months, with_dividends
from bot.evidence.engine import replay
from bot.evidence.entries import Entries, entries, second_engine_condors
from bot.evidence.figures import Pair, before, from_capital, growth, max_drawdown
from bot.evidence.fresh_calls import CALLS, fresh_gain
from bot.evidence.left_out import LeftOut, Measured, hangs_on, left_out
from bot.evidence.luck import StartLuck, start_luck
from bot.evidence.measures import Measures, measure
from bot.evidence.references import Reference, references
from bot.evidence.resampling import RESAMPLES, Resampled, resample_books
from bot.evidence.rivals import (
    Rival,
    as_rival,
    is_better,
    put_spread_returns,
    put_spreads_at_equal_drag,
    smaller_at_equal_drag,
    smaller_at_equal_drawdown,
)
from bot.evidence.side_by_side import PROMOTER, Promoter, promoter_book, side_by_side
from bot.evidence.sizes import at_size, crash_losses, size_of_2020
from bot.evidence.sources import Sources, agreeing
from bot.evidence.variant_figures import ablations, carried_t
from bot.evidence.verdict import Answer, answer
from bot.evidence.vxth import modelled_calls, overlay

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bot.core.rules import Rules
    from bot.evidence.history import History
    from bot.evidence.settings import ReplaySettings

QUICK_RESAMPLES: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """Everything that the report shows.

    Parameters
    ----------
    sources
        What was replayed, and what lay beside it.
    replay
        At the bot's size, its shadow sized on its own NAV (``bot.evidence.sizes``).
    default, large
        Measures at both sizes.
    market
        Bills and SPX over the same sessions.
    fresh
        Gains of fresh calls by name, one for each spike.
    held
        Each layer as it was held in each spike.
    breaches
        How soon strikes were passed after the hedge was sold for profit.
    left_out
        The whole history, then without each event.
    beside
        Books by the names under which they are shown.
    by_segment
        Each of them in each segment, by heading.
    promoter
        ``None`` where it was not replayed.
    chosen
        The best candidate of 1990-2014 on the years after; ``None`` where none was tried.
    references
        Published indexes on the months that both know.
    not_run
        What the report says was not run.
    """

    sources: Sources
    replay: Replay
    market: Market
    default: Measures
    large: Measures | None
    claims: tuple[Claim, ...]
    answer: Answer
    rivals: tuple[Rival, ...]
    resampled: Resampled
    fresh: Mapping[str, FreshGains]
    entries: Entries
    held: tuple[HeldLayer, ...]
    breaches: tuple[Breaches, ...]
    left_out: tuple[LeftOut, ...]
    starts: tuple[StartLuck, ...]
    substitutes: Mapping[str, int]
    beside: Mapping[str, BookDays]
    by_segment: Mapping[str, tuple[BookSegment, ...]]
    promoter: Promoter | None
    chosen: Chosen | None
    references: tuple[Reference, ...]
    not_run: tuple[str, ...]

    @property
    def hedged(self) -> BookDays:
        """Return the hedged book."""
        return self.replay.books[HEDGED]

    @property
    def shadow(self) -> BookDays:
        """Return the same decisions without the hedge, sized on its own NAV."""
        return self.replay.books[SHADOW]


def study(  # noqa: PLR0913 - what is studied, and how much of it
    sources: Sources,
    rules: Rules,
    settings: ReplaySettings,
    *,
    quick: bool,
    tell: Callable[[str], None],
    promoter: bool = True,
) -> Study:
    """Replay the history and measure everything.

    Parameters
    ----------
    sources
        The history, and what lies beside it.
    rules, settings
        Of the replay at the bot's size.
    quick
        Fewer resamples, no replay of the promoter, and none without the second engine.
    tell
        Is told what is done next.
    promoter
        Whether the promoter policy is replayed.
    """
    history = sources.history
    tell("replaying")
    surfaces = Surfaces(history)
    raw = replay(history, rules, settings, surfaces=surfaces)
    tell("measuring")
    sessions = raw.books[HEDGED].sessions
    market = with_dividends(market_of(history, sessions), sources.total_return)
    market = of_whole_months(market, history, sessions)
    default = _measured("the bot's size", raw, market)
    sources = agreeing(
        sources,
        drag=default.drag.total,
        rules_sha256=raw.rules_sha256,
        stamp=stamp_of_sweep(history),
    )
    engine = second_engine_condors(raw)
    recoveries = None
    if engine and not quick:
        tell("replaying without the second engine")
        off = replace(rules, second_engine=replace(rules.second_engine, enabled=False))
        recoveries = _without_engine(
            replay(history, off, settings, surfaces=surfaces), market, default
        )
    dropped = None
    if promoter and not quick:
        tell("replaying the promoter policy")
        dropped = promoter_book(surfaces, rules, settings)
    inputs = Inputs(
        fresh=fresh_gains(history, raw, default),
        held=as_held(raw, default),
        ablations=ablations(sources.tables.get("variants")),
        engine_recovery=recoveries,
        engine_condors=engine,
    )
    tell("pricing rivals and drawing resamples")
    return _finished(sources, raw, market, default, inputs, quick=quick, promoter=dropped)


def _finished(  # noqa: PLR0913 - the parts of a study
    sources: Sources,
    raw: Replay,
    market: Market,
    default: Measures,
    inputs: Inputs,
    *,
    quick: bool,
    promoter: Promoter | None = None,
) -> Study:
    alone = at_size(raw, 1.0)
    hedged, shadow = alone.books[HEDGED], alone.books[SHADOW]
    large = large_measures(raw, market)
    found = claims(default, large, inputs)
    calls = calls_overlay(sources.history, alone)
    smaller = smaller_books(shadow, default)
    others = other_rivals(sources.history, alone, default, calls)
    count = QUICK_RESAMPLES if quick else RESAMPLES
    resampled = resample_books(hedged, shadow, count=count)
    beside = side_by_side(alone, market, calls, promoter)
    without = without_each(alone, market, default, others)
    chosen = best_choice(sources.tables.get("choice"), market.bills)
    return Study(
        sources=sources,
        replay=alone,
        beside=beside,
        by_segment=books_by_segment(beside, rows_of_segments(alone), market.bill_days),
        promoter=promoter,
        chosen=chosen,
        references=references(sources.indexes, hedged, market.bills),
        market=market,
        default=default,
        large=large,
        claims=found,
        answer=answer(
            default,
            claims=found,
            rivals=(*smaller, *others),
            resampled=resampled,
            large=large,
            carried_t=carried_t(sources.tables.get("variants"), default),
            further=(hangs_on(without), *told_of(beside), told(chosen)),
        ),
        rivals=(*smaller, *others),
        resampled=resampled,
        fresh=inputs.fresh,
        entries=entries(alone),
        held=inputs.held,
        breaches=summed(sales(sources.history, raw)),
        left_out=without,
        starts=start_luck(hedged, shadow),
        substitutes=substitutes(alone),
        not_run=tuple(_not_run(sources, inputs, quick=quick, promoter=promoter)),
    )


def _measured(name: str, raw: Replay, market: Market) -> Measures:
    """Return the measures of a replay at its own size."""
    held, crash = premium(raw), crash_losses(raw, 1.0)
    return measure(name, at_size(raw, 1.0), market, premium_usd=held, crash=crash)


def large_measures(raw: Replay, market: Market) -> Measures | None:
    """Return the measures at the size of 2020; ``None`` where there is no such size."""
    size = size_of_2020(raw)
    if size is None:
        return None
    nav = before(raw.books[HEDGED])
    sized = at_size(raw, size)
    held = premium(raw) * size * before(sized.books[HEDGED]) / nav
    crash = crash_losses(raw, size)
    return measure("the size of 2020", sized, market, premium_usd=held, crash=crash)


def fresh_gains(history: History, raw: Replay, measured: Measures) -> dict[str, FreshGains]:
    """Return what each kind of call, bought at the base of each spike, became."""
    rows = np.searchsorted(history.sessions, raw.books[HEDGED].sessions)
    events = [each.spike for each in measured.outcomes]
    recorded = sum(bool(history.vx(int(rows[event.base]))) for event in events)
    found = {}
    for call in CALLS:
        begins, tops = [e.begin for e in events], [e.top for e in events]
        begin, top, kept = (
            tuple(
                fresh_gain(history, int(rows[event.base]), int(rows[at]), call, vvix_kept=vvix_kept)
                for event, at in zip(events, later, strict=True)
            )
            for later, vvix_kept in ((begins, False), (tops, False), (begins, True))
        )
        found[call.name] = FreshGains(
            at_begin=begin, at_top=top, recorded=recorded, begin_vvix_kept=kept
        )
    return found


def calls_overlay(history: History, alone: Replay) -> BookDays:
    """Return the unhedged book with one-month 30-delta calls, as many as VXTH would hold."""
    shadow, settings = alone.books[SHADOW], alone.settings
    first = history.position(shadow.sessions[0].item())
    calls = modelled_calls(
        history, range(first, first + len(shadow.sessions)), iv_shift=settings.iv_shift
    )
    return overlay(shadow, calls, spread_share=settings.spread_share)


def smaller_books(shadow: BookDays, measured: Measures) -> tuple[Rival, ...]:
    """Return the smaller unhedged books at equal drag and at equal drawdown."""
    return (
        smaller_at_equal_drag(shadow, measured.drag.total),
        smaller_at_equal_drawdown(shadow, measured.hedged.drawdown.share),
    )


def other_rivals(
    history: History, alone: Replay, measured: Measures, calls: BookDays
) -> tuple[Rival, ...]:
    """Return the put spreads at equal drag, and the rule of VXTH."""
    shadow, cost, assumed = alone.books[SHADOW], measured.drag.total, alone.settings
    spreads = put_spread_returns(
        history,
        shadow.sessions,
        spread_share=assumed.spread_share,
        spread_stress=assumed.spread_stress,
    )
    return (
        put_spreads_at_equal_drag(shadow, spreads, cost),
        as_rival(calls, "30-delta VIX calls by the rule of VXTH", "0 to 1 % of NAV a month"),
    )


def as_held(raw: Replay, measured: Measures) -> tuple[HeldLayer, ...]:
    """Return each layer as it was held in each spike."""
    events = tuple(each.spike for each in measured.outcomes)
    return layers_as_held(raw, events, raw.books[HEDGED].nav_usd)


def told_of(beside: Mapping[str, BookDays]) -> Iterator[str]:
    """Yield a sentence on the promoter policy, where it was replayed."""
    if PROMOTER not in beside:
        return
    falls = {name: max_drawdown(from_capital(book)).share for name, book in beside.items()}
    yield (
        f"The promoter policy, which drops layers while the market is calm, grew by "
        f"{growth(beside[PROMOTER]):.2%} a year and fell by {falls[PROMOTER]:.1%} at most, the "
        f"book that never does by {growth(beside[HEDGED]):.2%} and {falls[HEDGED]:.1%}."
    )


def without_each(
    alone: Replay, market: Market, measured: Measures, others: tuple[Rival, ...]
) -> tuple[LeftOut, ...]:
    """Return what is measured without each event; `others` are the rivals not made anew."""
    own = measured.hedged
    whole = Measured(
        hedged=alone.books[HEDGED],
        shadow=alone.books[SHADOW],
        premium_usd=premium(alone),
        market=market,
        cheaper=any(
            is_better(each, growth=own.growth, drawdown=own.drawdown.share) for each in others
        ),
    )
    return left_out(whole, [each.spike for each in measured.outcomes])


def substitutes(alone: Replay) -> dict[str, int]:
    """Return on how many sessions each substitute stood in for an input."""
    names = Counter(name for text in alone.days["substitutes"] for name in str(text).split())
    return dict(names.most_common())


def _without_engine(raw: Replay, market: Market, default: Measures) -> Pair:
    """Return sessions to recover with the second engine (first) and without it (second)."""
    bare = _measured("no second engine", raw, market)
    return Pair(hedged=default.recovery.hedged, shadow=bare.recovery.hedged)


def _not_run(
    sources: Sources, inputs: Inputs, *, quick: bool, promoter: Promoter | None
) -> Iterator[str]:
    yield from sources.missing()
    if quick:
        yield f"only {QUICK_RESAMPLES} resamples instead of {RESAMPLES:,} (--quick)"
    if inputs.engine_condors and inputs.engine_recovery is None:
        yield "the replay without the second engine (--quick)"
    if promoter is None:
        yield "the replay of the promoter policy (--quick, or --no-promoter)"
