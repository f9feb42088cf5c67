"""The study behind the evidence: which replays are made, and all that is measured on them.

One replay at the bot's size gives both sizes, the spikes, the segments, the rivals and the bands;
a second one, without the second engine, is made only where that engine traded. The tables of
``steward sweep variants``, ``choice`` and ``paths`` are read where they lie in the same folder;
what was not run is listed, never guessed.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from bot.evidence.benchmarks import Market, market_of, premium
from bot.evidence.books import HEDGED, SHADOW, BookDays, Replay
from bot.evidence.claims import Ablation, Claim, FreshGains, Inputs, claims
from bot.evidence.engine import replay
from bot.evidence.entries import Entries, entries, second_engine_condors
from bot.evidence.eras import SPLIT
from bot.evidence.figures import Pair, before, capital, drawdown_reduction, hedge_pnl
from bot.evidence.fresh_calls import CALLS, fresh_gain
from bot.evidence.measures import Measures, measure
from bot.evidence.references import Reference, references
from bot.evidence.resampling import RESAMPLES, Resampled, resample_books
from bot.evidence.rivals import (
    Rival,
    as_rival,
    put_spread_returns,
    put_spreads_at_equal_drag,
    smaller_at_equal_drag,
    smaller_at_equal_drawdown,
)
from bot.evidence.sizes import at_size, crash_losses, size_of_2020
from bot.evidence.sources import Sources, agreeing
from bot.evidence.spikes import reduction_without
from bot.evidence.verdict import Answer, answer
from bot.evidence.vxth import modelled_calls, overlay

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd
    from numpy.typing import NDArray

    from bot.core.rules import Rules
    from bot.evidence.history import History
    from bot.evidence.settings import ReplaySettings

QUICK_RESAMPLES: Final = 200
DAYS_OF_FIRST_YEARS: Final = 252 * 3
"""A start counts as one where three years or more follow it."""

TOO_DEAR: Final = "SPX volatility too high"
"""Variant that takes the error of the SPX surface off every price."""

RULES_OF_DRAG: Final = {
    "adaptive rolls": "adaptivity",
    "cash press": "cash press",
    "P/CF": "P/CF",
}
"""Variants that the claim of the adaptive rules is read from, and what they leave out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartLuck:
    """What would have been measured from another first session on, each to the same end."""

    first: str
    drag: float
    reduction: float


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
    left_out
        Drawdown reduction with each spike that cost the shadow most left out, by its session.
    calls
        The unhedged book with calls by the rule of VXTH on top.
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
    left_out: tuple[tuple[str, float], ...]
    starts: tuple[StartLuck, ...]
    substitutes: Mapping[str, int]
    calls: BookDays
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


def study(
    sources: Sources,
    rules: Rules,
    settings: ReplaySettings,
    *,
    quick: bool,
    tell: Callable[[str], None],
) -> Study:
    """Replay the history and measure everything.

    Parameters
    ----------
    sources
        The history, and what lies beside it.
    rules, settings
        Of the replay at the bot's size.
    quick
        Fewer resamples, and no replay without the second engine.
    tell
        Is told what is done next.
    """
    history = sources.history
    tell("replaying")
    raw = replay(history, rules, settings)
    tell("measuring")
    market = market_of(history, raw.books[HEDGED].sessions)
    default = _measured("the bot's size", raw, market)
    sources = agreeing(sources, drag=default.drag.total, rules_sha256=raw.rules_sha256)
    engine = second_engine_condors(raw)
    recoveries = None
    if engine and not quick:
        tell("replaying without the second engine")
        recoveries = _without_engine(history, rules, settings, default)
    inputs = Inputs(
        fresh=fresh_gains(history, raw, default),
        ablations=ablations(sources.tables.get("variants")),
        engine_recovery=recoveries,
        engine_condors=engine,
    )
    tell("pricing rivals and drawing resamples")
    return _finished(sources, raw, market, default, inputs, quick=quick)


def _finished(  # noqa: PLR0913 - the parts of a study
    sources: Sources,
    raw: Replay,
    market: Market,
    default: Measures,
    inputs: Inputs,
    *,
    quick: bool,
) -> Study:
    alone = at_size(raw, 1.0)
    hedged, shadow = alone.books[HEDGED], alone.books[SHADOW]
    large = large_measures(raw, market)
    found = claims(default, large, inputs)
    calls = calls_overlay(sources.history, alone)
    rivals = rivals_of(sources.history, alone, default, calls)
    count = QUICK_RESAMPLES if quick else RESAMPLES
    resampled = resample_books(hedged, shadow, count=count)
    return Study(
        sources=sources,
        replay=alone,
        calls=calls,
        references=references(sources.indexes, hedged, market.bills),
        market=market,
        default=default,
        large=large,
        claims=found,
        answer=answer(
            default,
            claims=found,
            rivals=rivals,
            resampled=resampled,
            large=large,
            carried_t=carried_t(sources.tables.get("variants"), default),
        ),
        rivals=rivals,
        resampled=resampled,
        fresh=inputs.fresh,
        entries=entries(alone),
        left_out=leave_one_out(default, hedged, shadow),
        starts=start_luck(hedged, shadow),
        substitutes=substitutes(alone),
        not_run=tuple(_not_run(sources, inputs, quick=quick)),
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


def ablations(variants: pd.DataFrame | None) -> tuple[Ablation, ...]:
    """Return the drag without each of the rules that the method says lower it."""
    if variants is None:
        return ()
    drags = variants.set_index("variant")["whole_drag"]
    return tuple(
        Ablation(name=words, drag_with=float(drags["base"]), drag_without=float(drags[name]))
        for name, words in RULES_OF_DRAG.items()
        if name in drags and "base" in drags
    )


def calls_overlay(history: History, alone: Replay) -> BookDays:
    """Return the unhedged book with one-month 30-delta calls, as many as VXTH would hold."""
    shadow, settings = alone.books[SHADOW], alone.settings
    first = history.position(shadow.sessions[0].item())
    calls = modelled_calls(
        history, range(first, first + len(shadow.sessions)), iv_shift=settings.iv_shift
    )
    return overlay(shadow, calls, spread_share=settings.spread_share)


def carried_t(variants: pd.DataFrame | None, measured: Measures) -> float | None:
    """Return the t of the condors since 2015 when SPX options are dearer than they were.

    Sharpe ratio times the root of the years; ``None`` where the variant was not run.
    """
    if variants is None:
        return None
    ratios = dict(zip(variants["variant"], variants["held_shadow_sharpe"], strict=True))
    ratio = ratios.get(TOO_DEAR)
    if ratio is None:
        return None
    return float(ratio) * math.sqrt((measured.last - SPLIT).days / 365.25)


def rivals_of(
    history: History, alone: Replay, measured: Measures, calls: BookDays
) -> tuple[Rival, ...]:
    """Return the rivals at equal drag and at equal drawdown, and the rule of VXTH."""
    shadow, cost = alone.books[SHADOW], measured.drag.total
    share = alone.settings.spread_share
    spreads = put_spread_returns(history, shadow.sessions, spread_share=share)
    return (
        smaller_at_equal_drag(shadow, cost),
        smaller_at_equal_drawdown(shadow, measured.hedged.drawdown.share),
        put_spreads_at_equal_drag(shadow, spreads, cost),
        as_rival(calls, "30-delta VIX calls by the rule of VXTH", "0 to 1 % of NAV a month"),
    )


def leave_one_out(
    measured: Measures, hedged: BookDays, shadow: BookDays, most: int = 8
) -> tuple[tuple[str, float], ...]:
    """Return the reduction without each of the spikes that cost the shadow most."""
    worst = sorted(measured.outcomes, key=lambda each: -each.loss_shadow)[:most]
    return tuple(
        (str(hedged.sessions[each.spike.begin]), reduction_without(each.spike, hedged, shadow))
        for each in worst
    )


def start_luck(hedged: BookDays, shadow: BookDays) -> tuple[StartLuck, ...]:
    """Return drag and reduction from the first session of each year to the end."""
    years = hedged.sessions.astype("datetime64[Y]")
    firsts = np.flatnonzero(np.concatenate([[True], years[1:] != years[:-1]])).tolist()
    share = hedge_pnl(hedged, shadow) / before(hedged)
    return tuple(
        StartLuck(
            first=str(hedged.sessions[at]),
            drag=-float(share[at:].mean()) * 252,
            reduction=drawdown_reduction(_from(hedged, at), _from(shadow, at)),
        )
        for at in firsts
        if len(share) - at >= DAYS_OF_FIRST_YEARS
    )


def substitutes(alone: Replay) -> dict[str, int]:
    """Return on how many sessions each substitute stood in for an input."""
    names = Counter(name for text in alone.days["substitutes"] for name in str(text).split())
    return dict(names.most_common())


def index_book(name: str, book: BookDays, returns: NDArray[np.float64]) -> BookDays:
    """Return a book of the same capital with the given daily returns, all of it interest."""
    nav = np.asarray(capital(book) * np.cumprod(1 + returns), dtype=np.float64)
    nothing = np.zeros(len(nav))
    return BookDays(
        name=name,
        sessions=book.sessions,
        nav_usd=nav,
        condor_usd=nothing,
        hedge_usd=nothing,
        carry_usd=np.diff(nav, prepend=capital(book)),
        fees_usd=nothing,
    )


def _from(book: BookDays, at: int) -> BookDays:
    return replace(
        book,
        sessions=book.sessions[at:],
        nav_usd=book.nav_usd[at:],
        condor_usd=book.condor_usd[at:],
        hedge_usd=book.hedge_usd[at:],
        carry_usd=book.carry_usd[at:],
        fees_usd=book.fees_usd[at:],
    )


def _without_engine(
    history: History, rules: Rules, settings: ReplaySettings, default: Measures
) -> Pair:
    """Return sessions to recover with the second engine (first) and without it (second)."""
    off = replace(rules, second_engine=replace(rules.second_engine, enabled=False))
    raw = replay(history, off, settings)
    market = market_of(history, raw.books[HEDGED].sessions)
    bare = _measured("no second engine", raw, market)
    return Pair(hedged=default.recovery.hedged, shadow=bare.recovery.hedged)


def _not_run(sources: Sources, inputs: Inputs, *, quick: bool) -> Iterator[str]:
    yield from sources.missing()
    if quick:
        yield f"only {QUICK_RESAMPLES} resamples instead of {RESAMPLES:,} (--quick)"
    if inputs.engine_condors and inputs.engine_recovery is None:
        yield "the replay without the second engine (--quick)"
