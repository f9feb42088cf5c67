"""The answer in plain words, made of the numbers by rules: nobody writes it.

The question is whether the hedge works and whether it is worth its drag.

- It **works** when it makes the deepest drawdown of the book smaller by a tenth or more.
- It is **worth its drag** when an investor of risk aversion 4 would rather have the hedged book
  (certainty equivalent), and no smaller unhedged book with the same deepest drawdown grew faster.

What speaks against the product is said as plainly as what speaks for it: condors without an edge,
a rival that did better, a band that holds zero, claims that failed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.evidence.books import HEDGED
from bot.evidence.claims import Outcome
from bot.evidence.eras import TRADEABLE
from bot.evidence.rivals import is_better

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.evidence.claims import Claim
    from bot.evidence.measures import Measures
    from bot.evidence.resampling import Resampled
    from bot.evidence.rivals import Rival

WORKS_FROM: Final = 0.10
"""Reduction of the deepest drawdown below which the hedge is not said to work."""

JUDGING_AVERSION: Final = 4.0
SIGNIFICANT: Final = 2.0
"""t of alpha from which returns are told from luck."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The first thing that the report says.

    Parameters
    ----------
    works, worth
        The two halves of the question; ``None`` where the history cannot tell.
    headline
        One sentence.
    sentences
        The numbers behind it, the unflattering beside the flattering.
    """

    works: bool | None
    worth: bool | None
    headline: str
    sentences: tuple[str, ...]


HEADLINES: Final = {
    (True, True): "The hedge worked, and it was worth its cost.",
    (True, False): "The hedge cut the deepest drawdown, but it was not worth its cost.",
    (False, True): "The hedge did little for the deepest drawdown, yet its holder was better off.",
    (False, False): "The hedge did little for the deepest drawdown and was not worth its cost.",
}
UNKNOWN_HEADLINE: Final = "The history cannot tell whether the hedge works."


def answer(  # noqa: PLR0913 - what the answer weighs
    measured: Measures,
    *,
    claims: Sequence[Claim],
    rivals: Sequence[Rival],
    resampled: Resampled,
    large: Measures | None,
    carried_t: float | None = None,
    further: Sequence[str] = (),
) -> Answer:
    """Return the answer that the numbers give.

    Parameters
    ----------
    measured
        At the bot's size.
    claims
        With their readings.
    rivals
        At equal drag and at equal drawdown.
    resampled
        Bands of drag and reduction.
    large
        At the size that loses half unhedged in 2020, ``None`` where there is none.
    carried_t
        t of the condors' excess return since 2015 with SPX volatility lower by the error of the
        model; ``None`` where that was not run.
    further
        Sentences on the promoter, on single events and on the choice; an empty one is left out.
    """
    works, worth = does_it_work(measured), is_it_worth_it(measured, rivals)
    unknown = works is None or worth is None
    headline = UNKNOWN_HEADLINE if unknown else HEADLINES[bool(works), bool(worth)]
    parts = (
        _cost(measured),
        _saving(measured),
        _sureness(resampled),
        _condors(measured, carried_t),
        *_rivals(measured, rivals),
        *_large(large),
        *(sentence for sentence in further if sentence),
        _claims(claims),
    )
    return Answer(works=works, worth=worth, headline=headline, sentences=parts)


def does_it_work(measured: Measures) -> bool | None:
    """Return whether the deepest drawdown is smaller by a tenth; ``None`` if nothing fell."""
    if math.isnan(measured.reduction):
        return None
    return measured.reduction >= WORKS_FROM


def is_it_worth_it(measured: Measures, rivals: Sequence[Rival]) -> bool | None:
    """Return whether a careful investor would rather have the hedge than do without it."""
    pair = measured.equivalents[JUDGING_AVERSION]
    if pair.hedged is None or pair.shadow is None or math.isnan(pair.hedged - pair.shadow):
        return None
    cheaper = any(_beats(rival, measured) for rival in rivals)
    return pair.hedged > pair.shadow and not cheaper


def _beats(rival: Rival, measured: Measures) -> bool:
    """Return whether a rival fell no further than the hedged book and grew faster."""
    own = measured.hedged
    return is_better(rival, growth=own.growth, drawdown=own.drawdown.share)


def _cost(measured: Measures) -> str:
    total = measured.drag.total
    with_hedge, without = measured.hedged.growth, measured.shadow.growth
    since = (
        ""
        if measured.since is None
        else " Since July 2006, when VIX calls could be bought, it "
        f"{_cost_word(measured.since.total)}."
    )
    return (
        f"From {measured.first} to {measured.last} the hedge {_cost_word(total)} of NAV a year; "
        f"the book grew by {with_hedge:.2%} a year with it and by {without:.2%} without.{since}"
    )


def _cost_word(share: float) -> str:
    return f"cost {share:.2%}" if share >= 0 else f"earned {-share:.2%}"


def _saving(measured: Measures) -> str:
    with_hedge, without = measured.hedged.drawdown.share, measured.shadow.drawdown.share
    if math.isnan(measured.reduction):
        return "The unhedged book hardly fell: there was nothing to save."
    change = "smaller" if measured.reduction >= 0 else "larger"
    return (
        f"The deepest drawdown was {with_hedge:.1%} with it and {without:.1%} without: "
        f"{abs(measured.reduction):.0%} {change}."
    )


def _sureness(resampled: Resampled) -> str:
    drag, reduction = resampled.drag, resampled.reduction
    unsure = ": its sign is not certain" if reduction.low < 0 < reduction.high else ""
    return (
        f"In {resampled.count:,} resamples of the same days the drag was {drag.low:.2%} to "
        f"{drag.high:.2%} (5-95 %), the reduction {reduction.low:.0%} to "
        f"{reduction.high:.0%}{unsure}."
    )


def _condors(measured: Measures, carried_t: float | None) -> str:
    """Say whether the condors, which the hedge protects, earned anything to protect.

    An edge is one only if its alpha is told from luck over the whole history, since the hedge can
    be traded and since nothing was chosen, and if it outlives the error of the modelled prices.
    """
    found = measured.capm[measured.shadow.name]
    if math.isnan(found.alpha_t):
        return "The history is too short to say whether the condors have an edge."
    eras = "".join(
        f", {name} unknown"
        if math.isnan(era.alpha_t)
        else f", {name} {era.alpha:+.2%} ({era.alpha_t:.1f})"
        for name, era in measured.eras.items()
    )
    told = f"alpha {found.alpha:+.2%} a year (t {found.alpha_t:.1f}){eras}{_unquoted(measured)}"
    lasting = all(era.alpha_t >= SIGNIFICANT for era in (found, *measured.eras.values()))
    if lasting and carried_t is not None and carried_t >= SIGNIFICANT:
        return f"The condors alone show an edge that outlives the error of the model: {told}."
    reason = "" if not lasting else _unproven(carried_t)
    return f"The condors alone show no demonstrated edge: {told}{reason}."


def _unquoted(measured: Measures) -> str:
    """Say what the years before 2006 are: they make the alpha of the whole history look sure."""
    if measured.first >= TRADEABLE:
        return ""
    return (
        "; before July 2006 nobody quoted such condors: they are modelled, "
        "at the spreads and with the daily expiries of today"
    )


def _unproven(carried_t: float | None) -> str:
    if carried_t is None:
        return "; the prices are modelled, and their error was not carried through"
    return f"; with SPX volatility as much lower as the model errs, t {carried_t:.1f} since 2015"


def _rivals(measured: Measures, rivals: Sequence[Rival]) -> Iterator[str]:
    """Say which rivals did better: no deeper a fall, and more growth."""
    better = [rival for rival in rivals if _beats(rival, measured)]
    for rival in better:
        yield (
            f"Cheaper protection was at hand: {rival.name} fell {rival.drawdown:.1%} and grew "
            f"{rival.growth:.2%} a year."
        )
    if rivals and not better:
        yield "No rival at equal cost or equal drawdown did better on both counts."


def _large(large: Measures | None) -> Iterator[str]:
    if large is None or large.crash.hedged is None or large.crash.shadow is None:
        return
    first = min(large.ruined.values(), default=None)
    one = "the hedged one is" if HEDGED in large.ruined else "the unhedged one is"
    whole = "both are" if len(large.ruined) > 1 else one
    end = "" if first is None else f" Over the whole history {whole} ruined, from {first} on."
    yield (
        f"At {large.size:.0f} times the size, which no broker would margin, 2020 costs "
        f"{large.crash.shadow:.0%} unhedged and {large.crash.hedged:.0%} hedged.{end}"
    )


def _claims(claims: Sequence[Claim]) -> str:
    by_outcome = {each: [c.key for c in claims if c.outcome is each] for each in Outcome}
    held, failed = by_outcome[Outcome.HOLDS], by_outcome[Outcome.FAILS]
    part, untested = by_outcome[Outcome.PART], by_outcome[Outcome.UNTESTED]
    failing = f" ({', '.join(failed)})" if failed else ""
    return (
        f"Of {len(claims)} claims of the method {len(held)} hold, {len(part)} hold in part, "
        f"{len(failed)} do not{failing} and {len(untested)} cannot be tested."
    )
