"""What a snapshot says of a level: a number that can be one, or nothing."""

from __future__ import annotations

import math

import pytest

import builders


@pytest.mark.parametrize("last", [math.nan, math.inf, -math.inf, 0.0, -1.0, 1e12, None])
def test_a_level_that_can_be_none_is_unknown(last: float | None) -> None:
    snapshot = builders.with_level(builders.market(), "SPX", last)

    assert snapshot.level("SPX") is None
    assert snapshot.level("VIX") == 17.0
