"""Which past session stands behind each session of a resampled path."""

from __future__ import annotations

import numpy as np
import pytest

from bot.evidence.blocks import block_starts, sources

WALK = np.log(20) + np.cumsum(np.random.default_rng(5).normal(0, 0.05, (3_000, 1)), axis=0) * 0.2
FREE = 1e9
"""A tolerance within which everything lies."""


def test_a_seed_draws_one_path_and_another_seed_another() -> None:
    paths = [sources(WALK, length=500, seed=seed) for seed in (3, 3, 4)]

    assert (paths[0] == paths[1]).all()
    assert (paths[0] != paths[2]).any()


def test_a_longer_path_does_not_need_a_longer_history() -> None:
    path = sources(WALK[:40], length=2_000, seed=1)

    assert path.shape == (2_000,)
    assert path.min() >= 1
    assert path.max() <= 39


def test_blocks_are_of_geometric_length() -> None:
    path = sources(WALK, length=60_000, seed=1, mean_block=20, tolerance=FREE)
    lengths = np.diff(np.flatnonzero(block_starts(path)))
    longer = np.array([(lengths > sessions).mean() for sessions in (1, 5, 20, 60)])

    assert np.abs(longer - (19 / 20) ** np.array([1, 5, 20, 60])).max() < 0.03


def test_every_join_keeps_each_level_within_the_tolerance() -> None:
    levels = np.column_stack([WALK[:, 0], WALK[::-1, 0]])
    path = sources(levels, length=5_000, seed=2, mean_block=10, tolerance=0.03)
    joins = np.flatnonzero(block_starts(path))[1:]
    jumps = np.abs(levels[path[joins] - 1] - levels[path[joins - 1]])

    assert len(joins) > 100
    assert jumps.max() <= 0.03


def test_a_level_that_was_seen_once_is_left_the_way_it_was_left() -> None:
    levels = np.array([[0.0], [0.0], [5.0], [1.0], [0.0], [0.0]])
    path = sources(levels, length=4_000, seed=3, mean_block=2, tolerance=0.1)
    after = path[1:][path[:-1] == 2]

    assert len(after) > 50
    assert set(after.tolist()) == {3}


def test_behind_the_last_session_a_path_goes_on_at_the_level_nearest_to_it() -> None:
    levels = np.array([[0.0], [3.0], [2.0], [9.0]])
    path = sources(levels, length=400, seed=1, mean_block=FREE, tolerance=0.0)
    after = path[1:][path[:-1] == 3]

    assert set(after.tolist()) == {2}


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"levels": WALK[:1]}, "at least 2 past sessions, received 1"),
        ({"levels": np.array([[1.0], [np.nan]])}, r"past session 1 are not finite: \[nan\]"),
        ({"length": 0}, "length must be >= 1 sessions, received 0"),
        ({"mean_block": 0.5}, "mean_block must be >= 1 sessions, received 0.5"),
        ({"tolerance": -0.1}, "tolerance must be >= 0, received -0.1"),
        ({"tolerance": np.nan}, "tolerance must be >= 0, received nan"),
    ],
)
def test_an_argument_out_of_its_range_is_named(arguments: dict[str, object], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        sources(**({"levels": WALK, "length": 10, "seed": 1} | arguments))
