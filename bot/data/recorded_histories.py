"""Writes beside recorded chains the histories that their playback needs.

Whoever plays a chain back needs the bars before its session, the levels of the session and a
rate (``bot.data.histories``). A recording keeps what the gateway said of each, so that its folder
can be played by itself. The bar of the session recorded has the level at the recording for its
open, high, low and close, and is replaced by the true bar when a later session is recorded.
"""

from __future__ import annotations

import csv
import gzip
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.core.errors import RecordedDataError
from bot.core.model import BreadthDay, DailyBar, FutureQuote, Session
from bot.data.tables import rows
from bot.files import private_folder, replace_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path


BARS: Final = ("date", "open", "high", "low", "close")
EMPTY: Final = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLevels:
    """What a gateway said on one session beside the chains.

    Parameters
    ----------
    session
        Which.
    levels
        Levels of indexes by symbol, points; one that is unknown is absent.
    spx_bars, vix_bars
        Completed daily bars before the session.
    futures
        VX futures by quote.
    breadth
        NYSE issues; ``None`` is unknown.
    rate
        Continuously compounded, decimal per year: the rate of the rules in force.
    """

    session: Session
    levels: Mapping[str, float]
    spx_bars: tuple[DailyBar, ...]
    vix_bars: tuple[DailyBar, ...]
    futures: tuple[FutureQuote, ...]
    breadth: BreadthDay | None
    rate: float


def write_histories(folder: Path, known: SessionLevels) -> None:
    """Lay what is known of a session over the histories of `folder`.

    Raises
    ------
    RecordedDataError
        If a file that is there is no history, or one cannot be written.
    """
    day = str(known.session)
    lay_over(folder / "spx_daily.csv", BARS, _bar_lines(known, "SPX", known.spx_bars))
    vix = [(*cells, "True") for cells in _bar_lines(known, "VIX", known.vix_bars)]
    lay_over(folder / "vix_daily.csv", (*BARS, "spx_session"), vix)
    names = ("VIX9D", "VIX3M", "VVIX", "SKEW")
    vol = (day, *(_cell(known.levels.get(name)) for name in names))
    lay_over(folder / "vol_indices_daily.csv", ("date", "vix9d", "vix3m", "vvix", "skew"), [vol])
    lay_over(
        folder / "vx_futures_by_expiry.csv.gz",
        ("date", "expiry", "settle"),
        [
            (day, str(each.expiry), _cell(each.level))
            for each in known.futures
            if each.level is not None
        ],
        keys=2,
    )
    counts = known.breadth
    lay_over(
        folder / "nyse_breadth_daily.csv.gz",
        ("date", "advances", "declines"),
        [] if counts is None else [(day, _cell(counts.advances), _cell(counts.declines))],
    )
    bond = _cell(_bond_equivalent_pct(known.rate))
    lay_over(folder / "rates_daily.csv", ("date", "dgs1mo", "dgs3mo"), [(day, bond, bond)])


def _bond_equivalent_pct(rate: float) -> float:
    """Return the yield y in percent with ``rate = 2 ln(1 + y / 200)``, as ``Histories.rate``."""
    return 200 * math.expm1(rate / 2)


def _bar_lines(
    known: SessionLevels, symbol: str, bars: Iterable[DailyBar]
) -> list[tuple[str, ...]]:
    lines = [
        (str(bar.session), *map(_cell, (bar.open, bar.high, bar.low, bar.close))) for bar in bars
    ]
    level = known.levels.get(symbol)
    return lines if level is None else [*lines, (str(known.session), *[_cell(level)] * 4)]


def _cell(value: float | None) -> str:
    return EMPTY if value is None else repr(float(value))


def lay_over(
    path: Path, columns: Sequence[str], lines: Iterable[Sequence[str]], *, keys: int = 1
) -> None:
    """Lay `lines` over what the file says; the first `keys` cells name a line.

    Raises
    ------
    RecordedDataError
        If the file lacks one of `columns`, or cannot be read or written.
    """
    before = rows(path, tuple(columns)) if path.exists() else ()
    found = {tuple(cells[:keys]): tuple(cells) for _, cells in before}
    found |= {tuple(cells[:keys]): tuple(cells) for cells in lines}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(found[key] for key in sorted(found))
    content = text.getvalue().encode()
    try:
        private_folder(path.parent)
        replace_bytes(path, gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
    except OSError as fault:
        raise RecordedDataError(f"{path} cannot be written: {fault}") from fault
