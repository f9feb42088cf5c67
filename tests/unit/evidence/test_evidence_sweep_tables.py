"""What the report says of sweeps."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bot.evidence.sweep_tables import choice_table, paths_table


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
    assert table.rows[0][3] == "no clear difference"
    assert "0.12" in str(table.rows[0][1])
    assert "0.34" in str(table.rows[0][4])
    assert "beyond 2.8 " in table.note


def test_a_choice_that_was_interrupted_is_not_judged() -> None:
    table = choice_table(pd.DataFrame([{"variant": "far delta: 0.15"}]))

    assert table.rows[0][3] == "not judged"


def test_bands_of_paths_are_shown_low_to_high() -> None:
    frame = pd.DataFrame({"path": np.arange(101), "whole_drag": np.arange(101) / 1000})
    table = paths_table(frame)

    assert [row[0] for row in table.rows] == ["drag"]
    assert [
        str(each).startswith(start)
        for each, start in zip(table.rows[0][1:], ("0.5", "5.0", "9.5"), strict=True)
    ] == [True] * 3
    assert table.note.startswith("101 resampled histories")
