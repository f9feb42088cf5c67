"""The golden files: what they hold, and how they are made anew.

``PYTHONPATH=.:tests .venv/bin/python tests/golden/golden_files.py`` writes the decisions anew, and
with the folder of recorded histories behind it all of them; ``git diff`` then shows what a change
of code has changed: read it, line by line, before it is committed. Rules are those of
``rules.toml`` beside this file, which moves only by hand: defaults move with the evidence.

Of the recorded data nothing is kept but dates: levels as they were recorded are left out.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
import sys
import tempfile
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from decided_states import STATES, plain_decision
from past_market import PastMarket

from bot.config import load_rules
from bot.core.regime import as_signals, compute_signals

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.core.decision import Observed
    from bot.core.rules import Rules

FOLDER = Path(__file__).parent
DECISIONS_FILE = FOLDER / "decisions.json"
FAMOUS_FILE = FOLDER / "famous_sessions.json"
REGIMES_FILE = FOLDER / "regimes.txt"
FIRST, LAST = dt.date(1991, 3, 11), dt.date(2026, 6, 1)
"""From the first session with a year of the VIX to the last one with VX settlements."""

RECORDED = {"vix", "vix9d", "vix3m", "vvix", "skew", "vix_close", "reer_z", "rate_differential_z"}
"""Levels as recorded, and what history has no input for."""

FAMOUS = tuple(
    map(
        dt.date.fromisoformat,
        (
            "1995-06-15", "1998-08-31", "2001-09-17", "2004-07-12", "2008-10-10", "2010-05-06",
            "2011-08-08", "2015-08-24", "2017-10-05", "2018-02-05", "2020-02-28", "2020-03-16",
            "2022-06-13", "2024-08-05", "2025-04-08",
        ),
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class RegimeDay:
    """One session of the series, as its two characters say: ``S4``; ``-`` is no score."""

    session: dt.date
    text: str


def pinned_rules() -> Rules:
    """Return the golden files' own rules; a copy is read, since a checkout may be shared."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "rules.toml"
        shutil.copyfile(FOLDER / "rules.toml", copy)
        return load_rules(copy)[0]


def famous_figures(past: PastMarket, rules: Rules) -> dict[str, dict[str, Any]]:
    """Compute every figure of the famous sessions, with the names of the substitutes."""
    return {str(session): figures(past, session, rules) for session in FAMOUS}


def figures(past: PastMarket, session: dt.date, rules: Rules) -> dict[str, Any]:
    found = past.on(session)
    signals = as_signals(compute_signals(found.snapshot, rules.signals))
    known: dict[str, Observed | list[str]] = {
        signal.name: signal.value for signal in signals if signal.name not in RECORDED
    }
    return known | {"substitutes": list(found.substitutes)}


def regime_day(past: PastMarket, session: dt.date, rules: Rules) -> RegimeDay:
    """Compute regime and score of one session."""
    signals = compute_signals(past.on(session).snapshot, rules.signals)
    score = "-" if signals.stress_score is None else str(signals.stress_score)
    return RegimeDay(session=session, text=f"{signals.regime.value[0].upper()}{score}")


def as_lines(days: Iterable[RegimeDay]) -> Iterator[str]:
    """Write a line a month: ``2018-02 1=C0 2=C1 5=S4``."""
    for month, group in groupby(days, key=lambda day: f"{day.session:%Y-%m}"):
        yield " ".join([month, *(f"{day.session.day}={day.text}" for day in group)])


def pinned_regimes() -> dict[dt.date, str]:
    """Read the series as pinned."""
    return {
        dt.date.fromisoformat(f"{month}-{int(number):02}"): text
        for line in REGIMES_FILE.read_text(encoding="utf-8").splitlines()
        for month, *cells in [line.split()]
        for number, text in [cell.split("=") for cell in cells]
    }


def decisions(rules: Rules) -> dict[str, dict[str, object]]:
    """Decide every state."""
    return {name: plain_decision(name, rules) for name in STATES}


def write_decisions() -> None:
    """Write the golden decisions, which need no recorded data."""
    text = json.dumps(decisions(pinned_rules()), indent=1)
    DECISIONS_FILE.write_text(text + "\n", encoding="utf-8")


def write_histories(folder: Path) -> None:
    """Write the golden files that are made from the histories in `folder`."""
    past, rules = PastMarket(folder), pinned_rules()
    text = json.dumps(famous_figures(past, rules), indent=1)
    FAMOUS_FILE.write_text(text + "\n", encoding="utf-8")
    days = (regime_day(past, session, rules) for session in past.sessions(FIRST, LAST))
    REGIMES_FILE.write_text("\n".join(as_lines(days)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_decisions()
    for each in sys.argv[1:]:
        write_histories(Path(each))
