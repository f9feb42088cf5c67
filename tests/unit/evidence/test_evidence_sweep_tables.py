"""What the report says of sweeps."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bot.evidence.sweep_tables import choice_table, path_table


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
