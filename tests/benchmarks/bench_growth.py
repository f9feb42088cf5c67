"""How cost grows: with the years of the ledger, and with the contracts of a chain.

*Ledger.* What a session asks of the ledger and writes to it, once each, on ledgers of 1, 3, 10 and
30 years (``old_ledgers``), by processor time. From the wake-up to the last order, and from there to
the mark and the page of the day, it shall be the same within 10 %, as shall be the opening of a
ledger that was closed cleanly.

*Pages.* The daily report of HTML and each page of the dashboard, as the server makes it, at 30
years within 10 % of 3: a chart has as many points from the second year on as it ever will.

*Whole file.* What reads all of it grows with it, and is told apart: the check of the whole file
(weekly, and after an end that was not clean), the totals held against their rows (weekly, after a
session), the backup (after each session, once its page is written).

*Size.* What a session adds to each table, its indexes included: what 30 years have more than one.

*Chain.* The kernel on 2,000, 20,000 and 200,000 contracts, for one contract.
"""

from __future__ import annotations

import datetime as dt
import statistics
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from figures import Figure, at_most, milliseconds, timed
from old_ledgers import SESSIONS_PER_YEAR, aged, demo
from old_pages import page_parts, table_bytes
from option_chains import spx_chain

from bot.bookkeeping import YEAR, unit_prices
from bot.core.model import BreadthSource
from bot.core.pricing import implied_vol_and_greeks
from bot.ledger.queries import latest_session
from bot.ledger.soundness import note_path
from bot.ledger.store import Ledger
from bot.review.status import render_status
from bot.review.terminal import render_review

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeAlias

    Times: TypeAlias = dict[tuple[int, str], list[float]]

YEARS = (1, 3, 10, 30)
FULL_CHARTS = 3
"""Years from which on a chart has as many points as it ever will."""

LARGEST = 6
CHAINS = (2_000, 20_000, 200_000)
ROUNDS = 15
GROWTH = 1.10
UNTIL_THE_ORDERS = ("holdings", "reconciliation", "past of the book", "sales of the hedge")
FOLDER = Path(__file__).parents[2] / "build" / "bench" / "ledgers"
WIDTHS, BARS, PAGE = 60, 300, 100


def measure() -> Iterator[Figure]:
    """Yield the figures of ledgers and chains."""
    month = demo(FOLDER)
    projects = {years: aged(month, years) for years in YEARS}
    yield from _ledgers(projects)
    yield from _pages(projects)
    yield from _sizes(projects)
    yield from _chains()


def _ledgers(projects: dict[int, Path]) -> Iterator[Figure]:
    """Time each part of a session at every age, the ages in turn."""
    ledgers = {
        years: Ledger.open(path / "ledger" / "steward.db", durable=False)
        for years, path in projects.items()
    }
    parts = {years: session_parts(ledger) for years, ledger in ledgers.items()}
    names = list(next(iter(parts.values())))
    times = _in_turn(parts)
    for title, chosen in (
        ("ledger, wake-up to last order", UNTIL_THE_ORDERS),
        ("ledger, mark and page", tuple(name for name in names if name not in UNTIL_THE_ORDERS)),
    ):
        for years in parts:
            yield _point(title, years, _rounds(times, years, chosen))
        yield _growth(title, times, chosen)
    first, *_, last = YEARS
    for name in names:
        yield _part(name, times, first, last)
    for ledger in ledgers.values():
        ledger.close()
    yield from _openings(projects)
    for years, project in projects.items():
        yield from _whole_file(project, years)


def _in_turn(parts: dict[int, dict[str, Callable[[], object]]]) -> Times:
    """Time every part at every age, the ages in turn; the first round fills the caches."""
    times: Times = {(years, name): [] for years in parts for name in parts[years]}
    for number in range(ROUNDS + 1):
        for name in next(iter(parts.values())):
            for years in parts:
                spent = milliseconds(parts[years][name])
                if number:
                    times[years, name].append(spent)
    return times


def _openings(projects: dict[int, Path]) -> Iterator[Figure]:
    """Time the opening of ledgers that were closed cleanly."""

    def opened(project: Path) -> Callable[[], object]:
        return lambda: Ledger.open(project / "ledger" / "steward.db").close()

    title = "opening to write, and closing"
    times = _in_turn({years: {title: opened(path)} for years, path in projects.items()})
    for years in projects:
        yield _point(title, years, times[years, title])
    yield _growth(title, times, (title,))


def _pages(projects: dict[int, Path]) -> Iterator[Figure]:
    """Time what a person looks at."""
    parts = {years: page_parts(path) for years, path in projects.items()}
    times = _in_turn(parts)
    for name in next(iter(parts.values())):
        yield _point(f"page {name}", YEARS[-1], times[YEARS[-1], name])
        yield _growth(f"page {name}", times, (name,), first=FULL_CHARTS)


def _sizes(projects: dict[int, Path]) -> Iterator[Figure]:
    """Tell what a session adds to the file."""
    first, *_, last = YEARS
    young, old = (table_bytes(projects[age] / "ledger" / "steward.db") for age in (first, last))
    sessions = (last - first) * SESSIONS_PER_YEAR
    added = {name: (old[name] - young.get(name, 0)) / sessions for name in old}
    yield Figure(name="ledger, one session more", value=sum(added.values()), unit="bytes")
    for name in sorted(added, key=lambda table: -added[table])[:LARGEST]:
        yield Figure(name=f"  of it {name}", value=added[name], unit="bytes")


def session_parts(ledger: Ledger) -> dict[str, Callable[[], object]]:
    """Return what a session reads from the ledger and writes to it, by subject."""
    session = latest_session(ledger)
    if session is None:
        raise RuntimeError(f"{ledger.path}: holds no session")
    mark = ledger.marks()[-1]
    records = ledger.intent_records(session)
    since = session - YEAR

    def cash() -> None:
        ledger.hedge_cash_flow_usd()
        ledger.condor_cash_flow_usd()
        ledger.commissions_usd()

    def kept_again() -> None:
        prices = unit_prices(ledger.holdings(), ledger.load_snapshot(session))
        ledger.record_mark(replace(mark, at=mark.at + dt.timedelta(0)), prices=prices)

    def reconciled() -> None:
        ledger.intent_records(open_only=True)
        for record in records:
            ledger.intent_of(ledger.order_ref_of(record.intent.intent_id))
            ledger.fills_of(record.intent.intent_id)
        ledger.highest_order_id()
        ledger.commissions_missing()

    def past() -> None:
        ledger.widths(WIDTHS)
        ledger.hedge_ledger(session)
        ledger.hedge_notes(session)
        ledger.snapshot_before(session)
        ledger.breadth(BreadthSource.NYSE, session, BARS)
        ledger.second_engine_records(since=since)

    return {
        "holdings": ledger.holdings,
        "reconciliation": reconciled,
        "past of the book": past,
        "sales of the hedge": lambda: ledger.hedge_sales(since=since),
        "cash flows": cash,
        "mark": kept_again,
        "page of the session": lambda: render_review(ledger, session, full=False),
        "status": lambda: render_status(ledger.path.parents[1], width=PAGE),
    }


def _point(name: str, years: int, samples: list[float]) -> Figure:
    return Figure(
        name=f"{name}, {years} {'years' if years > 1 else 'year'}",
        value=statistics.median(samples),
        unit="ms",
        samples=tuple(samples),
        curve=name,
        x=float(years * SESSIONS_PER_YEAR),
        of="sessions",
    )


def _rounds(times: Times, years: int, names: tuple[str, ...]) -> list[float]:
    """Return the sum of some parts in each round."""
    return [sum(times[years, name][number] for name in names) for number in range(ROUNDS)]


def _growth(name: str, times: Times, chosen: tuple[str, ...], *, first: int = YEARS[0]) -> Figure:
    """Return how many times longer it takes at the greatest age, round by round."""
    last = YEARS[-1]
    old, young = (_rounds(times, years, chosen) for years in (last, first))
    ratios = [late / early for late, early in zip(old, young, strict=True)]
    what = f"{name}: {last} years over {first}"
    return at_most(what, statistics.median(ratios), "x", GROWTH, samples=ratios)


def _part(name: str, times: Times, first: int, last: int) -> Figure:
    old, young = statistics.median(times[last, name]), statistics.median(times[first, name])
    return Figure(
        name=f"  of it {name}, {last} years",
        value=old,
        unit="ms",
        note=f"{young:.2f} ms at {first}",
    )


def _whole_file(project: Path, years: int) -> Iterator[Figure]:
    """Time what reads the file from end to end."""
    path = project / "ledger" / "steward.db"

    def opened() -> None:
        note_path(path).unlink(missing_ok=True)
        Ledger.open(path).close()

    yield _point("opening with the check of the whole file", years, timed(opened, rounds=3))
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder, Ledger.open_read_only(path) as ledger:
        copy = Path(folder) / "copy.db"
        yield _point("totals against their rows", years, timed(ledger.totals_at_fault, rounds=3))
        yield _point("backup, with its check", years, timed(lambda: ledger.backup(copy), rounds=3))


def _chains() -> Iterator[Figure]:
    """Time the kernel on chains of every size."""
    for contracts in CHAINS:
        chain = spx_chain(contracts)
        quotes = chain.quotes()
        spent = timed(lambda: implied_vol_and_greeks(quotes, *chain.market), rounds=ROUNDS)  # noqa: B023 - called at once
        samples = tuple(each * 1e6 / chain.size for each in spent)
        yield Figure(
            name=f"IV and five Greeks, of a chain of {contracts:,}",
            value=statistics.median(samples),
            unit="ns",
            samples=samples,
            curve="IV and five Greeks of one contract",
            x=float(contracts),
            of="contracts",
        )
