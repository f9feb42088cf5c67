"""What a person reads of a proposal: what would be traded otherwise, and the rest in sum."""

from __future__ import annotations

import datetime as dt
import io

from rich.console import Console

from bot.governance import RuleChange
from bot.replay import Comparison, Difference, Replayed
from bot.rules_pages import review_page

CHANGED = (RuleChange(key="condor.stop", adopted=2.0, proposed=3.0),)


def replayed(day: int, *differences: Difference) -> Replayed:
    return Replayed(
        session=dt.date(2026, 7, day),
        decision_version=3,
        comparison=Comparison.DIFFERENT if differences else Comparison.SAME,
        differences=differences,
    )


def difference(part: str, name: str) -> Difference:
    return Difference(part=part, name=name, before="a", after="b")


def page(*sessions: Replayed) -> str:
    console = Console(width=100, file=io.StringIO(), record=True)
    console.print(review_page(sessions, CHANGED))
    return " ".join(console.export_text().split())


def test_a_session_that_differs_in_figures_only_is_summed_and_not_counted() -> None:
    limit = difference("verdicts", "STOP condor:one limit")
    turned = difference("verdicts", "STOP condor:one passed")

    said = page(replayed(20, limit), replayed(21, turned, limit), replayed(22), replayed(23, limit))

    assert "1 of 4 sessions would differ" in said
    assert "2026-07-21 what in force proposed verdicts STOP condor:one passed a b" in said
    assert "no gate with them: 2 sessions, 2026-07-20 to 2026-07-23; --json lists them" in said


def test_a_proposal_that_changes_no_figure_says_no_more_than_that() -> None:
    said = page(replayed(20), replayed(21))

    assert "0 of 2 sessions would differ" in said
    assert "in figures only" not in said
