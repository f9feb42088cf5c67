"""Which past session stands behind each session of a resampled path.

The *stationary bootstrap* (Politis and Romano, 1994) strings together blocks of history of
geometric length, so that the resampled series is stationary and keeps what lasts within a block:
clusters of volatility, the shape of a spike. Blocks here are joined where the past was like the
path has become, as in the *matched-block bootstrap* (Carlstein, Do, Hall, Hesterberg and Kuensch,
1998): a block may begin only behind a session whose levels lie within a tolerance of those
that the path stands at. Levels of volatility therefore never jump at a join, and a hedge that is
marked by them gains and loses nothing there.

The mean block of 63 sessions, a quarter, is the time for which the bot's positions live (condors
35 days, near and mid layers 23 and 70) and holds a spike with its decay; a longer one would only
repeat history, a shorter one cut its spikes in two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import NDArray

Indexes: TypeAlias = "NDArray[np.int64]"

MEAN_BLOCK: Final = 63
"""Sessions."""

TOLERANCE: Final = 0.05
"""Greatest distance of a join in each level, natural logarithm: 5 %."""


def sources(
    levels: NDArray[np.float64],
    *,
    length: int,
    seed: int,
    mean_block: float = MEAN_BLOCK,
    tolerance: float = TOLERANCE,
) -> Indexes:
    """Draw the past session that each session of a path repeats.

    Parameters
    ----------
    levels
        Logarithms of the levels that a join must keep, a row a past session; shape (n, k).
    length
        Sessions of the path.
    seed
        Of the draw: the same seed and history give the same path.
    mean_block
        Mean length of a block in sessions, >= 1: each session begins a new one with
        probability ``1 / mean_block``.
    tolerance
        Greatest distance of a join in each column of `levels`.

    Returns
    -------
    ndarray of int, shape (length,)
        Rows of `levels`. A session repeats the change from the row before it to its own, so
        the first row is never drawn. Where no other past session lies within the tolerance a
        block goes on; behind the last row it goes on at the nearest other one.

    Raises
    ------
    ValueError
        If `levels` holds less than two rows or one that is not finite, or an argument is out
        of its range.
    """
    _check(levels, length=length, mean_block=mean_block, tolerance=tolerance)
    draw = np.random.default_rng(seed)
    joins = draw.random(length) < 1 / mean_block
    path = np.empty(length, dtype=np.int64)
    path[0] = draw.integers(1, len(levels))
    for at in range(1, length):
        before = int(path[at - 1])
        ends = before + 1 == len(levels)
        path[at] = _joined(levels, before, tolerance, draw) if joins[at] or ends else before + 1
    return path


def block_starts(path: Indexes) -> NDArray[np.bool_]:
    """Return which sessions of a path do not follow their predecessor's; shape (n,)."""
    return np.concatenate(([True], np.diff(path) != 1))


def _check(
    levels: NDArray[np.float64], *, length: int, mean_block: float, tolerance: float
) -> None:
    if len(levels) < 2:  # noqa: PLR2004 - one change needs two sessions
        raise ValueError(f"a bootstrap needs at least 2 past sessions, received {len(levels)}")
    if not np.isfinite(levels).all():
        row = int(np.flatnonzero(~np.isfinite(levels).all(axis=1))[0])
        raise ValueError(f"levels of past session {row} are not finite: {levels[row].tolist()}")
    for name, value, least in (("length", length, 1), ("mean_block", mean_block, 1)):
        if not value >= least:
            raise ValueError(f"{name} must be >= {least} sessions, received {value}")
    if not tolerance >= 0:
        raise ValueError(f"tolerance must be >= 0, received {tolerance}")


def _joined(
    levels: NDArray[np.float64], before: int, tolerance: float, draw: np.random.Generator
) -> int:
    """Draw the row that follows one of the rows whose levels are those of row `before`."""
    distances = np.abs(levels[:-1] - levels[before]).max(axis=1)
    alike = np.flatnonzero(distances <= tolerance)
    row = draw.choice(alike) if len(alike) else int(distances.argmin())
    return int(row) + 1
