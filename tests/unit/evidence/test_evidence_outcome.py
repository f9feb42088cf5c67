"""What one replay comes to, era by era."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from evidence_books import book
from evidence_history import history

from bot.evidence.books import Replay
from bot.evidence.outcome import outcome
from bot.evidence.settings import ReplaySettings

HISTORY = history(first=dt.date(2014, 9, 2), count=160)
SESSIONS = HISTORY.sessions
TO_2014 = int(np.count_nonzero(np.datetime64("2015-01-01") > SESSIONS))


def made(condor: np.ndarray, hedge: np.ndarray) -> Replay:
    layers = pd.DataFrame({"session": SESSIONS.tolist(), "bid_usd": 10_000.0})
    return Replay(
        settings=ReplaySettings(),
        rules_sha256="",
        books={
            "hedged": book(condor, hedge, sessions=SESSIONS),
            "shadow": book(condor, sessions=SESSIONS, name="shadow"),
        },
        days=pd.DataFrame({"session": SESSIONS}),
        trades=pd.DataFrame({"session": [1, 2, 3]}),
        layers=layers,
    )


def test_each_era_has_the_figures_of_its_own_sessions() -> None:
    """A hedge that costs 100 USD a session to 2014 and gains 50 from 2015 on."""
    early = np.arange(len(SESSIONS)) < TO_2014
    found = outcome(made(np.zeros(len(SESSIONS)), np.where(early, -100.0, 50.0)), HISTORY)
    days = (SESSIONS[TO_2014 - 1] - SESSIONS[0]).astype(int) + 1
    mean_nav = 1_000_000 - 100 * (TO_2014 - 1) / 2

    assert found["chosen_drag"] == pytest.approx(100 * TO_2014 / mean_nav / (days / 365.25))
    assert found["held_drag"] < 0 < found["chosen_drag"]
    assert found["tradeable_drag"] == found["whole_drag"]


def test_drawdowns_of_both_books_are_told() -> None:
    condor, hedge = np.zeros(len(SESSIONS)), np.zeros(len(SESSIONS))
    condor[10], hedge[10] = -100_000, 60_000
    found = outcome(made(condor, hedge), HISTORY)

    assert (found["whole_drawdown"], found["whole_shadow_drawdown"]) == pytest.approx((0.04, 0.1))
    assert found["whole_reduction"] == pytest.approx(0.6)
    assert "held_reduction" in found


def test_months_are_those_of_the_hedged_book_over_bills() -> None:
    condor = np.zeros(len(SESSIONS))
    condor[0] = 10_000
    found = outcome(made(condor, np.zeros(len(SESSIONS))), HISTORY)

    assert found["first_month"] == "2014-09"
    assert found["months"][:2] == pytest.approx([0.01, 0.0])
    assert (found["sessions"], found["trades"]) == (160, 3)


def test_only_the_eras_that_are_asked_for_are_told() -> None:
    found = outcome(made(np.zeros(len(SESSIONS)), np.zeros(len(SESSIONS))), HISTORY, ("whole",))

    assert {name.partition("_")[0] for name in found} == {
        *("whole", "sessions", "trades", "first", "months"),
    }


def test_an_era_that_is_hardly_reached_has_no_figures() -> None:
    past = history(first=dt.date(2014, 9, 2), count=TO_2014 + 5)
    sessions = past.sessions
    replayed = made(np.zeros(160), np.zeros(160))
    books = {
        name: book(np.zeros(len(sessions)), sessions=sessions, name=name)
        for name in ("hedged", "shadow")
    }
    found = outcome(
        Replay(
            settings=replayed.settings,
            rules_sha256="",
            books=books,
            days=replayed.days,
            trades=replayed.trades,
            layers=replayed.layers,
        ),
        past,
    )

    assert "chosen_drag" in found
    assert "held_drag" not in found
