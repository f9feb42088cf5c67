"""The stationary bootstrap, and the bands of drag and drawdown reduction."""

from __future__ import annotations

import numpy as np
import pytest
from evidence_books import book

from bot.evidence.resampling import resample_books, stationary_rows


def test_blocks_follow_the_days_and_are_as_long_as_asked() -> None:
    rows = np.concatenate(list(stationary_rows(500, 150, mean_block=20, seed=1)))

    follows = np.mean((np.diff(rows, axis=1) % 500) == 1)

    assert rows.shape == (150, 500)
    assert (rows.min(), rows.max()) == (0, 499)
    assert follows == pytest.approx(1 - 1 / 20 + 1 / 20 / 500, abs=0.003)


def test_every_day_is_drawn_alike() -> None:
    rows = np.concatenate(list(stationary_rows(40, 2_000, mean_block=10, seed=2)))

    counts = np.bincount(rows.ravel(), minlength=40) / 2_000

    assert counts == pytest.approx(np.ones(40), abs=0.15)


def test_the_same_seed_draws_the_same_days() -> None:
    one, two = (next(stationary_rows(30, 5, mean_block=4, seed=9)) for _ in range(2))

    assert (one == two).all()


def test_a_hedge_that_pays_its_losses_back_in_the_crash_reduces_every_drawdown() -> None:
    quiet, crash = [200.0] * 240, [-20_000.0] * 10
    shadow = book([*quiet, *crash], name="shadow")
    hedged = book([*quiet, *crash], [-50.0] * 240 + [10_000.0] * 10)

    found = resample_books(hedged, shadow, count=200, mean_block=20, seed=3)

    assert found.reduced > 0.9
    assert 0.2 < found.reduction.median < 0.7
    assert found.drag.low < found.drag.median < found.drag.high


def test_a_hedge_that_only_costs_has_that_cost_in_every_resample() -> None:
    shadow = book([0.0] * 100, name="shadow")
    hedged = book([0.0] * 100, [-100.0] * 100)

    drag = resample_books(hedged, shadow, count=50, mean_block=10, seed=4).drag

    # a constant share of NAV to within its own shrinking: 252 x 100 / 1,000,000
    assert drag.low == pytest.approx(0.0252, rel=0.02)
    assert drag.high == pytest.approx(0.0252, rel=0.02)
