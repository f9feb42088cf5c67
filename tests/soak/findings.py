"""What came of the years of a campaign, for people and for programs."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from explained import unexplained
from memory import WARM, drift
from mischief import ROWS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from year import Day, Lived, Plan

K = TypeVar("K", int, str)

MOST_DRIFT: Final = 0.05
END_DAYS: Final = 40
"""Sessions at the begin and at the end of a year whose cost is compared; half of a shorter one.

The last ones cost more by what is longer: the history of a synthetic market, which begins with less
than the bot asks for and gets a bar a session, and the ledger, which is copied and checked as a
backup. What the bot asks of its ledger costs the same.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What came of all years.

    Parameters
    ----------
    sessions, seeds
        How many were lived, and of which years.
    struck, tried_again, adopted
        Faults that struck; sessions that ran more than once; those that needed a person.
    rows
        In how many sessions each row of the catalogue struck.
    never_struck
        Rows that did not, drawn or not.
    explained, unexplained
        Alerts and incidents by their code.
    seconds
        Of one core for a session: over all, and of the first and the last sessions of the years.
    most_megabytes, drift
        Memory at most, and by how much it grew in each year; ``None`` where that is not known.
    defects
        What must not be, with its seed.
    """

    sessions: int
    seeds: tuple[int, ...]
    struck: int
    tried_again: int
    adopted: int
    rows: Mapping[int, int]
    never_struck: tuple[int, ...]
    explained: Mapping[str, int]
    unexplained: Mapping[str, int]
    seconds: Mapping[str, float]
    most_megabytes: float
    drift: Mapping[int, float | None]
    defects: tuple[str, ...]


def gathered(plans: Sequence[Plan], lived: Sequence[Lived]) -> Findings:
    """Return what came of the years of `plans`."""
    days = [day for year in lived for day in year.days]
    rows = Counter(row for day in days for row in day.hit)
    open_notes = Counter(note for year in lived for note in _unexplained_notes(year.days))
    notes = Counter(note for day in days for note in day.notes)
    return Findings(
        sessions=len(days),
        seeds=tuple(plan.seed for plan in plans),
        struck=sum(day.struck for day in days),
        tried_again=sum(bool(day.endings) for day in days),
        adopted=sum(day.adopted for day in days),
        rows=_in_order(rows),
        never_struck=tuple(row for row in ROWS if row not in rows),
        explained=_in_order(notes - open_notes),
        unexplained=_in_order(open_notes),
        seconds=_seconds(lived),
        most_megabytes=max((day.megabytes for day in days), default=0.0),
        drift={plan.seed: drift(year.days) for plan, year in zip(plans, lived, strict=True)},
        defects=tuple(
            f"seed {plan.seed}: {text}"
            for plan, year in zip(plans, lived, strict=True)
            for text in defects_of(year)
        ),
    )


def defects_of(year: Lived) -> list[str]:
    """Return what must not be in a year."""
    found = [f"{day.session}: {text}" for day in year.days for text in day.broken]
    found += unexplained(year.days)
    drifted = drift(year.days)
    if drifted is not None and drifted > MOST_DRIFT:
        found.append(f"memory grew by {drifted:.1%} after {WARM} sessions")
    if year.fault:
        after = f"after {year.days[-1].session}" if year.days else "in its first session"
        found.append(f"failed {after}: {year.fault}")
    return found


def _unexplained_notes(days: Sequence[Day]) -> list[str]:
    """Return the codes without a cause; endings and adoptions are no notes."""
    codes = {note for day in days for note in day.notes}
    told = [text.partition(": unexplained ")[2] for text in unexplained(days)]
    return [text for text in told if text in codes]


def _seconds(lived: Sequence[Lived]) -> dict[str, float]:
    """Return the median cost of a session: of all, first and last ones; 90 % and most of all."""
    years = [[day.seconds for day in year.days] for year in lived]
    every = sorted(seconds for year in years for seconds in year)
    if not every:
        return {}
    ends = [(year, min(END_DAYS, len(year) // 2)) for year in years]
    first = [seconds for year, count in ends for seconds in year[:count]]
    last = [seconds for year, count in ends for seconds in year[len(year) - count :]]
    return {
        "median": statistics.median(every),
        "first": statistics.median(first or every),
        "last": statistics.median(last or every),
        "ninety_percent": every[int(0.9 * (len(every) - 1))],
        "most": every[-1],
    }


def as_json(findings: Findings) -> dict[str, object]:
    """Return the findings for programs."""
    return asdict(findings)


def as_markdown(findings: Findings) -> str:
    """Return the findings for people."""
    lines = [
        (
            f"{findings.sessions} sessions of {len(findings.seeds)} seeds; "
            f"{findings.struck} faults struck, "
            f"{findings.tried_again} sessions were tried again, "
            f"{findings.adopted} needed a person"
        ),
        _cost(findings.seconds),
        f"resident memory: {findings.most_megabytes:.0f} MB at most, {_drifts(findings.drift)}",
        f"sessions by the row that struck: {_counts(findings.rows)}",
        f"never struck: {', '.join(map(str, findings.never_struck)) or 'none'}",
        f"alerts and incidents, explained: {_counts(findings.explained)}",
        f"unexplained: {_counts(findings.unexplained)}",
        f"defects: {len(findings.defects) or 'none'}",
        *findings.defects,
    ]
    return "\n".join(f"- {line}" for line in lines) + "\n"


def _cost(seconds: Mapping[str, float]) -> str:
    if not seconds:
        return "seconds of one core a session: none was lived"
    return (
        f"seconds of one core a session: median {seconds['median']:.2f}, "
        f"first {END_DAYS} of a year {seconds['first']:.2f}, "
        f"last {END_DAYS} {seconds['last']:.2f}, "
        f"90 % {seconds['ninety_percent']:.2f}, most {seconds['most']:.2f}"
    )


def _drifts(drifts: Mapping[int, float | None]) -> str:
    """Tell by how much the memory of each year grew."""
    known = [f"{drifted:+.1%} (seed {seed})" for seed, drifted in drifts.items() if drifted]
    return f"after {WARM} sessions {', '.join(known)}" if known else "too few sessions for a drift"


def _counts(counts: Mapping[int, int] | Mapping[str, int]) -> str:
    return ", ".join(f"{key} x{count}" for key, count in counts.items()) or "none"


def _in_order(counts: Counter[K]) -> dict[K, int]:
    return dict(sorted(counts.items()))
