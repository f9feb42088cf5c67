"""What the variants assume, held against what was recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from bot.core.errors import ConfigError
from bot.core.rules import Rules
from bot.evidence.settings import ReplaySettings
from bot.evidence.variants import STRESSED_SPREADS, Variant, variant_cells
from bot.surfaces.quotes import SPREADS

if TYPE_CHECKING:
    from pathlib import Path

PANIC = pd.Timestamp("2020-03-20")
VIX = 66.04


@pytest.mark.data
def test_stressed_spreads_are_those_of_the_widest_tenth_in_the_panic_of_2020(
    data_dir: Path,
) -> None:
    captures = pd.read_csv(data_dir / "option_chains" / "index.csv")
    capture = captures[captures["session_date"] == "2020-03-20"].iloc[0]
    chain = pd.read_csv(data_dir / "option_chains" / capture["file"])
    days = (pd.to_datetime(chain["expiry"]) - PANIC).dt.days
    put, below = chain["right"] == "P", chain["strike"] < capture["parity_forward"]
    mid, half = (chain["bid"] + chain["ask"]) / 2, (chain["ask"] - chain["bid"]) / 2
    kept = (put == below) & days.between(20, 50) & (chain["bid"] > 0) & mid.between(1, 80)
    ratio = half[kept] / SPREADS["SPXW"].half_spread(mid[kept].to_numpy(), VIX)

    assert len(ratio) > 1_000
    assert ratio.quantile(0.9) == pytest.approx(STRESSED_SPREADS, abs=0.1)
    assert ratio.median() == pytest.approx(1.2, abs=0.1)


def test_a_variant_that_does_not_go_with_the_rules_is_named() -> None:
    odd = Variant(name="far at 0.6 delta", group="strike", rules={"hedge.far.delta": 0.6})

    with pytest.raises(ConfigError, match=r"variant 'far at 0.6 delta': hedge\.far\.delta = 0\.6"):
        variant_cells(Rules(), (odd,))


def test_variants_keep_what_is_assumed_beside_them() -> None:
    assumed = ReplaySettings(nav_usd=2_000_000.0)
    cells = variant_cells(Rules(), settings=assumed)
    kept = [cell for cell in cells if cell.changes[0][1] != "book"]

    assert {cell.settings.nav_usd for cell in kept} == {2_000_000.0}
