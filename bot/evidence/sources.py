"""What the evidence is made from beside the rules, and what of it is missing.

Tables that ``steward sweep`` wrote are read where they lie in the folder of the page; what is not
there is listed in words, never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import fmean, median
from typing import TYPE_CHECKING, Final

import pandas as pd

from bot.evidence.history import History
from bot.evidence.validation import Validation

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

ENOUGH_SESSIONS: Final = 60
"""Sessions with fills from which the paper account says something of the model."""

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
    live
        Of the paper account; ``None`` where there is no ledger of one.
    """

    history: History
    validation: Validation | None = None
    indexes: Mapping[str, pd.Series[float]] = field(default_factory=dict)
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    live: LiveFills | None = None

    def missing(self) -> Iterator[str]:
        """Yield what is not there, one line each."""
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
