"""What the evidence is made from beside the rules, and what of it is missing.

Tables that ``steward sweep`` wrote are read where they lie in the folder of the page; what is not
there is listed in words, never guessed. One that is of other rules or other data than the study
beside it is set aside, and said to be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from statistics import fmean, median
from typing import TYPE_CHECKING, Final

import pandas as pd

from bot.evidence.choice import ADOPTED
from bot.evidence.dividends import no_months
from bot.evidence.history import History
from bot.evidence.validation import Validation
from bot.evidence.variants import BASE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

ENOUGH_SESSIONS: Final = 60
"""Sessions with fills from which the paper account says something of the model."""

SAME_DRAG: Final = 1e-6
"""Difference of the drag of the rules of today, decimal a year, from which a table is another's."""

TABLES: Final = {
    "variants": "each rule off in turn, fills, model errors, strikes, budgets and roll days",
    "choice": "the choice of free parameters, with its deflated Sharpe ratio",
    "paths": "resampled histories on which everything is decided anew",
}
"""Tables of ``steward sweep`` by name, and what is not known without them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveFills:
    """What the paper account paid beyond the mid, as shares of the half-spread it saw.

    Parameters
    ----------
    sessions
        With fills.
    orders
        That filled and whose spread is known.
    median_share, mean_share
        Of the half-spread, to be held against ``ReplaySettings.spread_share``.
    """

    sessions: int
    orders: int
    median_share: float
    mean_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What a study is made from, beside the rules.

    Parameters
    ----------
    history
        What was recorded.
    validation
        Errors of the models; ``None`` where no quotes are recorded, or it was not asked for.
    indexes
        Monthly returns of published indexes by name.
    tables
        Of ``steward sweep``, by name.
    total_return
        Monthly returns of SPX with dividends; empty where none is published.
    live
        Of the paper account; ``None`` where there is no ledger of one.
    set_aside
        Why a table that was there is not used, one line each.
    remarks
        What has to be said of a table that is used, by its name.
    """

    history: History
    validation: Validation | None = None
    indexes: Mapping[str, pd.Series[float]] = field(default_factory=dict)
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    total_return: pd.Series[float] = field(default_factory=no_months)
    live: LiveFills | None = None
    set_aside: tuple[str, ...] = ()
    remarks: Mapping[str, str] = field(default_factory=dict)

    def missing(self) -> Iterator[str]:
        """Yield what is not there or not used, one line each."""
        yield from self.set_aside
        yield from (f"{name}.parquet:{remark}" for name, remark in self.remarks.items())
        for name, words in TABLES.items():
            if name not in self.tables:
                yield f"{words}: run `steward sweep {name}` with the same --history and --out"
        if self.validation is None:
            yield "errors of the models against recorded quotes (--quick, or none are recorded)"
        lived = 0 if self.live is None else self.live.sessions
        if lived < ENOUGH_SESSIONS:
            yield (
                f"the model's fills against those of the paper account: {lived} sessions of "
                f"{ENOUGH_SESSIONS} recorded"
            )


def read_tables(folder: Path) -> dict[str, pd.DataFrame]:
    """Return the tables of ``steward sweep`` that lie in a folder, by name."""
    paths = {name: folder / f"{name}.parquet" for name in TABLES}
    return {name: pd.read_parquet(path) for name, path in paths.items() if path.is_file()}


def agreeing(sources: Sources, *, drag: float, rules_sha256: str, stamp: str) -> Sources:
    """Return `sources` without the tables that are of something else than this study.

    A table stays where it was left, whatever becomes of data, rules and code. It is of the same
    thing if it names the same rules, and the rules of today cost there what they cost here. One
    whose data or code are not quite those of the study, but which says the same, is used, and said
    to be.

    Parameters
    ----------
    sources
        With the tables as they lie in the folder.
    drag
        Of the replay that is studied, decimal a year.
    rules_sha256
        Hash of the rules that decided it.
    stamp
        Hash of its data and its code.
    """
    faults = {
        name: fault
        for name, table in sources.tables.items()
        if (fault := _other(table, drag=drag, rules_sha256=rules_sha256))
    }
    kept = {name: each for name, each in sources.tables.items() if name not in faults}
    remarks = {name: _remark(each, stamp) for name, each in kept.items()}
    return replace(
        sources,
        tables=kept,
        remarks={name: remark for name, remark in remarks.items() if remark},
        set_aside=tuple(f"{name}.parquet is not used: {fault}" for name, fault in faults.items()),
    )


def _other(table: pd.DataFrame, *, drag: float, rules_sha256: str) -> str:
    """Return why a table is of something else; empty where it is of the same."""
    if table.attrs.get("rules_sha256", rules_sha256) != rules_sha256:
        return "it is of other rules"
    if "variant" not in table:
        return ""
    todays = ADOPTED if ADOPTED in set(table["variant"]) else BASE
    base = table.loc[table["variant"] == todays, "whole_drag"]
    if base.empty:
        return "the rules of today are not in it"
    then = float(base.iloc[0])
    if abs(then - drag) <= SAME_DRAG:
        return ""
    return (
        f"there the rules of today cost {then:.3%} a year, here {drag:.3%}: "
        "it is of other data, sessions, settings or code"
    )


def _remark(table: pd.DataFrame, stamp: str) -> str:
    """Return what has to be said of a table that is used: whose it is, and what is not in it."""
    made_of, whole = table.attrs.get("data_and_code"), table.attrs.get("replays", len(table))
    same = "; there the rules of today cost the same as here" if "variant" in table else ""
    other = (
        f" Made of other data or other code than the replays of this page{same}."
        if made_of != stamp
        else ""
    )
    some = f" Only {len(table)} of {whole} replays are in it." if len(table) < whole else ""
    return other + some


def live_fills(paid: Sequence[tuple[str, float]]) -> LiveFills | None:
    """Return the fills of the paper account in sum; ``None`` without any.

    Parameters
    ----------
    paid
        Session and share of the half-spread of each order.
    """
    if not paid:
        return None
    shares = [share for _, share in paid]
    return LiveFills(
        sessions=len({session for session, _ in paid}),
        orders=len(paid),
        median_share=median(shares),
        mean_share=fmean(shares),
    )
