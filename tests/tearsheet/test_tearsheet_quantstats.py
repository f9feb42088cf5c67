"""The figures of a tearsheet are those of quantstats, which runs in an environment of its own."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bot.review.tearsheet import FIGURES, tearsheet

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
DEADLINE_SECONDS = 120


def series() -> list[list[float]]:
    """A year of a condor seller, a quarter that begins with its worst day, and one of losses."""
    rng = np.random.default_rng(11)
    seller = np.where(rng.random(252) < 0.93, 0.0012, -0.018) + rng.normal(0, 0.001, 252)
    falls_first = np.concatenate([[-0.07, 0.0, 0.03], rng.normal(0.0005, 0.01, 80)])
    losing = -np.abs(rng.normal(0.002, 0.001, 70)) + 0.001
    return [each.tolist() for each in (seller, falls_first, losing)]


@pytest.mark.clients
def test_every_figure_is_that_of_quantstats(
    require_environment: Callable[[str], str],
) -> None:
    returns = series()
    answered = subprocess.run(
        [require_environment("quantstats"), str(HERE / "figures.py")],
        input=json.dumps(returns),
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
        check=True,
    )

    worst = 0.0
    for mine, theirs in zip(returns, json.loads(answered.stdout), strict=True):
        ours = dataclasses.asdict(tearsheet(np.array(mine)))
        assert set(theirs) == set(FIGURES) - {"returns"}
        for name, figure in theirs.items():
            worst = max(worst, abs(ours[name] - figure) / max(abs(figure), 1e-12))

    assert worst < 1e-9
