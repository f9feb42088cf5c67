"""The report of the evidence: one page that needs no network, its answer on the first screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.evidence import report_charts as charts
from bot.evidence import report_events as events
from bot.evidence import report_tables as tables
from bot.evidence.model_tables import model_tables
from bot.evidence.report_cells import Table
from bot.evidence.sweep_tables import sweep_tables
from bot.files import replace_text
from bot.review.pages.figures import Figure
from bot.review.pages.look import embedded, render

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bot.evidence.study import Study

PAGE: Final = "evidence.html"
TEMPLATE: Final = "evidence_report.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of the page: charts, then tables."""

    key: str
    title: str
    note: str = ""
    charts: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()


def write_report(study: Study, folder: Path) -> Path:
    """Write the page into `folder`, whole or not at all; return its path."""
    path = folder / PAGE
    parts = tuple(sections(study))
    nav = [(f"#{part.key}", part.title) for part in parts]
    page = render(
        TEMPLATE, embedded(), study=study, sections=parts, nav=nav, home="#content", at=""
    )
    replace_text(path, page)
    return path


def sections(study: Study) -> Iterator[Section]:
    """Yield the parts of the page below the claims."""
    yield from _history(study)
    yield from _judgement(study)
    found = sweep_tables(study.sources.tables, study.sources.remarks)
    if found:
        yield Section(key="variants", title="Variants", tables=found)
    if study.sources.validation is not None:
        errors = model_tables(study.sources.validation)
        yield Section(key="models", title="Model errors", tables=errors)
    yield Section(key="basis", title="Basis", tables=(tables.basis_table(study),))


def _history(study: Study) -> Iterator[Section]:
    """Yield what happened: books, spikes, years."""
    yield Section(
        key="books",
        title="Books",
        charts=(charts.value_chart(study), charts.drawdown_chart(study)),
        tables=(
            tables.books_table(study),
            tables.capm_table(study),
            tables.reference_table(study),
        ),
    )
    yield Section(
        key="spikes",
        title="Spikes",
        charts=(charts.spike_chart(study),),
        tables=(
            tables.spike_table(study),
            events.held_table(study),
            events.breach_table(study),
        ),
    )
    yield Section(
        key="segments",
        title="Years and segments",
        note="Sums of daily returns; the hedge beside them is its share of NAV. Regime and cycle "
        "are those at the end of a session, which its return has helped to make: no rule could "
        "have earned what stands beside them.",
        charts=(charts.hedge_chart(study),),
        tables=(*tables.segment_tables(study), *events.book_segment_tables(study.by_segment)),
    )


def _judgement(study: Study) -> Iterator[Section]:
    """Yield what it is worth: bands, rivals, condors, size."""
    yield Section(
        key="sureness",
        title="How sure",
        charts=(charts.start_chart(study),),
        tables=(tables.band_table(study), events.left_out_table(study)),
    )
    yield Section(
        key="rivals",
        title="Rivals and worth",
        tables=(tables.rival_table(study), tables.worth_table(study)),
    )
    yield Section(
        key="condors",
        title="Condors and size",
        tables=(tables.entry_table(study), tables.size_table(study.default, study.large)),
    )
