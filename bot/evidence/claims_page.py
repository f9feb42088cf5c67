"""What ``steward evidence`` prints: the answer and the claims, within a hundred columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from bot.evidence.claims import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from bot.evidence.claims import Claim, Reading
    from bot.evidence.study import Study

STYLES: Final = {
    Outcome.HOLDS: "green",
    Outcome.PART: "yellow",
    Outcome.FAILS: "red",
    Outcome.UNTESTED: "dim",
}


def claims_page(study: Study) -> RenderableType:
    """Return the answer, the table of claims and what was not run."""
    return Group(*_parts(study))


def _parts(study: Study) -> Iterator[RenderableType]:
    yield Text(study.answer.headline, style="bold")
    for sentence in study.answer.sentences:
        yield Text(f"- {sentence}")
    yield Text()
    yield claims_table(study)
    if study.not_run:
        yield Text("Not run:", style="bold")
        yield from (Text(f"- {line}") for line in study.not_run)


def claims_table(study: Study) -> Table:
    """Return claim, measurement at both sizes and outcome, one row each."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False, width=100)
    table.add_column("claim", ratio=22)
    table.add_column("measured at the bot's size", ratio=30)
    if study.large is not None:
        table.add_column(f"at {study.large.size:.0f} times that", ratio=30)
    table.add_column("outcome", ratio=12)
    for claim in study.claims:
        table.add_row(*_cells(claim, two=study.large is not None), end_section=True)
    return table


def _cells(claim: Claim, *, two: bool) -> tuple[str | Text, ...]:
    outcome = Text(claim.outcome.value, style=STYLES[claim.outcome])
    readings = (claim.default, claim.large) if two else (claim.default,)
    return (claim.words, *map(_measured, readings), outcome)


def _measured(reading: Reading | None) -> Text:
    if reading is None:
        return Text("the same", style="dim")
    return Text(reading.text)
