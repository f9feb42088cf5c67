"""What the report says of sweeps."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bot.evidence.sweep_tables import choice_table, error_table, path_table, sweep_tables
from bot.evidence.variants import VARIANTS


def test_each_candidate_stands_beside_its_judgement() -> None:
    frame = pd.DataFrame(
        [
            {
                "variant": "far delta: 0.15",
                "difference": 0.0012,
                "t_value": 1.5,
                "judgement": "no clear difference",
                "held_out": -0.0034,
                "deflated": 0.91,
            }
        ]
        * 10
    )
    table = choice_table(frame)

    assert table.rows[0][0] == "far delta: 0.15"
    assert table.rows[0][-1] == "no clear difference"
    assert table.rows[0][1:4] == ("+0.12%", "1.5", "-0.34%")


def test_bands_of_paths_are_shown_low_to_high() -> None:
    figures = ("drag", "reduction", "growth_given_up", "growth")
    columns = {f"whole_{name}": np.arange(101) / 1000 for name in figures}
    table = path_table(pd.DataFrame({"path": np.arange(101)} | columns))

    assert table.rows[0][1:] == ("0.50%", "5.00%", "9.50%")
    assert "101 resampled histories" in table.title


def variants() -> pd.DataFrame:
    """Every variant; what a replay came to grows with its place."""
    eras, figures = ("whole", "chosen", "held", "tradeable"), ("drag", "growth", "reduction")
    rows = [
        {"variant": each.name, "group": each.group, "path": -1}
        | {f"{era}_{name}": 0.01 + at / 1_000 for era in eras for name in figures}
        | {f"{era}_sharpe": 0.5 for era in eras}
        | {"whole_drawdown": 0.07, "whole_shadow_growth": 0.06}
        for at, each in enumerate(VARIANTS)
    ]
    return pd.DataFrame(rows)


def test_each_group_of_variants_stands_beside_the_start_values_with_its_eras_apart() -> None:
    tables = {table.title: table for table in sweep_tables({"variants": variants()})}

    fills = tables["One thing changed: fills"]
    assert [row[0] for row in fills.rows] == [
        "base",
        "25 % of the half-spread",
        "100 % of the half-spread",
        "stressed spreads",
        "stressed spreads in full",
    ]
    assert fills.columns.count(">from 2006") == 4
    assert fills.rows[1][1:6] == ("1.10%",) * 5
    groups = [f"One thing changed: {each.group}" for each in VARIANTS if each.group != "base"]
    assert [name for name in tables if name.startswith("One")] == list(dict.fromkeys(groups))


def test_the_error_of_the_surfaces_is_a_band_round_the_rules_of_today() -> None:
    frame = variants().set_index("variant")
    frame.loc["base", "whole_growth"] = 0.0481
    frame.loc["VIX volatility too high", "whole_growth"] = 0.051
    frame.loc["VIX volatility too low", "whole_growth"] = 0.044
    frame.loc["SPX volatility too high", "whole_growth"] = 0.012
    frame.loc["SPX volatility too low", "whole_growth"] = 0.081
    frame.loc["far VIX volatility moves less", "whole_growth"] = 0.046
    frame.loc["no large-cap breadth", "whole_growth"] = -0.5

    table = error_table(frame.reset_index())

    pnl, growth = table.rows[:2]
    ends = ("SPX volatility too high", "SPX volatility too low")
    assert pnl == ("P&L a year on a million, USD", "+12,000", "+48,100", "+81,000", *ends)
    assert growth[1:] == ("1.20%", "4.81%", "8.10%", *ends)
    # the reduction of the drawdown grows with the place of a variant: that of none is less
    reduction = next(row for row in table.rows if row[0] == "reduction of the deepest drawdown")
    assert reduction[-2:] == ("rules of today", "far VIX volatility moves less")


def test_a_band_with_a_variant_missing_is_not_known_and_one_without_any_is_none() -> None:
    frame = variants()
    frame.loc[frame["variant"] == "VIX volatility too low", "whole_growth"] = np.nan

    assert error_table(frame).rows[0][1:] == (None, None, None, "", "")
    assert error_table(frame[frame["group"] != "model"]).rows == ()


def test_a_band_names_the_variants_that_were_not_run() -> None:
    frame = variants()
    without = error_table(frame[frame["variant"] != "SPX volatility too low"])

    assert "may be wider: SPX volatility too low." in without.note
    assert "may be wider" not in error_table(frame).note


def test_what_has_to_be_said_of_a_table_is_said_in_its_notes() -> None:
    found = sweep_tables({"variants": variants()}, {"variants": " Made of other code."})

    assert all(table.note.endswith(" Made of other code.") for table in found)
