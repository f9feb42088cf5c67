"""How a choice among candidates is made, on months made by hand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from bot.core.rules import Rules
from bot.evidence.choice import (
    ADOPTED,
    CANDIDATES,
    clear_beyond,
    excess_months,
    judge,
    judged,
    utility,
)
from bot.evidence.variants import BASE, VARIANTS, Variant, variant_cells

MONTHS = 300
"""January 1990 to December 2014."""


def months(values: np.ndarray, first: str = "1990-01") -> pd.Series:
    return pd.Series(values, index=pd.period_range(first, periods=len(values), freq="M"))


def noise(seed: int, spread: float, count: int = MONTHS) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, spread, count)


START = months(noise(1, 0.01))


def word(candidate: pd.Series, trials: int = 32) -> str:
    return judge(START, candidate, trials=trials, variance=0.001).word


@pytest.mark.parametrize(
    ("trials", "published"), [(1, 1.959963985), (5, 2.575829304), (10, 2.807033768)]
)
def test_the_bound_of_luck_is_that_of_bonferroni(trials: int, published: float) -> None:
    """Quantiles 0.975, 0.995 and 0.9975 of the normal distribution, as tables give them."""
    assert clear_beyond(trials) == pytest.approx(published, abs=5e-10)


def test_utility_is_that_of_constant_relative_risk_aversion() -> None:
    """By hand: (1.1 ** -3 - 1) / -3 and (0.9 ** -3 - 1) / -3."""
    found = utility(months(np.array([0.1, -0.1, 0.0, -1.0])))

    assert found.iloc[:3].tolist() == pytest.approx([0.0828950664, -0.1239140375, 0.0])
    assert math.isnan(found.iloc[3])


def test_a_steady_gain_is_clearly_better_and_a_steady_loss_worse() -> None:
    wobble = noise(2, 0.0005)

    assert word(START + 0.001 + wobble) == "better"
    assert word(START - 0.001 + wobble) == "worse"


def test_a_candidate_that_lost_everything_is_ruined_however_good_its_other_months() -> None:
    """A month that loses all has no utility, and left out it would make the candidate better."""
    good = START + 0.001 + noise(2, 0.0005)
    gone = good.copy()
    gone.iloc[200], gone.iloc[201:] = -1.0, math.nan
    late = months(np.concatenate([good, [-1.0, math.nan]]))
    start = months(np.concatenate([START, [0.0, 0.0]]))

    assert word(gone) == "ruined"
    assert judge(start, late, trials=32, variance=0.001).word == "better"


def test_a_gain_that_is_small_beside_its_noise_is_not_clear() -> None:
    assert word(START + 0.0005 + noise(3, 0.01)) == "no clear difference"


def test_a_gain_in_one_half_of_the_years_and_a_loss_in_the_other_is_not_clear() -> None:
    turned = np.where(np.arange(MONTHS) < MONTHS // 2, 0.005, -0.001)

    assert word(START + turned + noise(4, 0.0005)) == "no clear difference"
    assert word(START + np.abs(turned) + noise(4, 0.0005)) == "better"


def test_the_start_values_do_not_differ_from_themselves() -> None:
    found = judge(START, START, trials=32, variance=0.001)

    assert (found.difference, found.word) == (0.0, "no clear difference")
    assert math.isnan(found.t_value)


def test_the_same_gain_is_clear_among_few_and_not_among_many() -> None:
    candidate = START + 0.0002 + noise(2, 0.0012)

    assert (word(candidate, trials=1), word(candidate, trials=1000)) == (
        "better",
        "no clear difference",
    )


def test_worthless_candidates_are_hardly_ever_clear() -> None:
    words = [word(START + noise(100 + seed, 0.005), trials=200) for seed in range(200)]

    assert words.count("no clear difference") >= 199


def test_what_came_after_2014_decides_nothing_and_is_reported() -> None:
    start = months(np.concatenate([START, np.zeros(24)]))
    candidate = start + np.concatenate([noise(2, 0.0005) + 0.001, np.full(24, -0.5)])
    found = judge(start, candidate, trials=32, variance=0.001)

    assert found.word == "better"
    assert found.held_out == pytest.approx(12 * (0.5**-3 - 1) / -3)
    assert found.difference == pytest.approx(
        judge(START, candidate[:MONTHS], trials=32, variance=0.001).difference
    )


def test_a_table_without_the_start_values_cannot_be_judged() -> None:
    table = pd.DataFrame([{"variant": "x", "first_month": "1990-01", "months": [0.0]}])

    with pytest.raises(ValueError, match=r"must hold 'base', received \['x'\]"):
        judged(table)


def test_a_table_is_judged_row_by_row() -> None:
    rows = [
        {"variant": name, "first_month": "1990-01", "months": (START + added).tolist()}
        for name, added in ((BASE, 0.0), ("good", 0.002 + noise(2, 1e-3)), ("idle", 0.0))
    ]
    found = judged(pd.DataFrame(rows)).set_index("variant")

    assert found["judgement"].to_dict() == {
        BASE: "no clear difference",
        "good": "better",
        "idle": "no clear difference",
    }
    assert found.loc["good", "difference"] == pytest.approx(12 * 0.002, rel=0.1)
    assert found["deflated"].between(0, 1).all()


def test_months_of_a_row_are_named_by_their_period() -> None:
    found = excess_months({"first_month": "2014-11", "months": [0.1, None, 0.3]})

    assert [str(period) for period in found.index] == ["2014-11", "2014-12", "2015-01"]
    assert found.isna().tolist() == [False, True, False]


@pytest.mark.parametrize("variants", [VARIANTS, CANDIDATES], ids=["variants", "candidates"])
def test_each_changes_something_else_and_none_the_counts_of_contracts(
    variants: tuple[Variant, ...],
) -> None:
    cells = variant_cells(Rules(), variants)
    keys = {str(key) for each in variants for key in each.rules}

    assert len({cell.changes for cell in cells}) == len(variants)
    assert len({(cell.rules, cell.settings) for cell in cells}) == len(variants)
    assert [key for key in keys if key.endswith("contracts")] == []


def test_the_base_is_the_rules_and_assumptions_as_they_are() -> None:
    assert VARIANTS[0].name == BASE
    assert (VARIANTS[0].rules, VARIANTS[0].settings) == ({}, {})


def test_the_choice_begins_from_the_values_of_the_method_and_holds_the_rules_of_today() -> None:
    cells = dict(
        zip((each.name for each in CANDIDATES), variant_cells(Rules(), CANDIDATES), strict=True)
    )

    assert CANDIDATES[0].name == BASE
    assert cells[BASE].rules.condor.take_profit_pct_of_credit == 0.50
    assert cells[ADOPTED].rules == Rules()
