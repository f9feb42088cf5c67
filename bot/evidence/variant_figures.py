"""What claims and answer read off the table of ``steward sweep variants``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from bot.evidence.claims import Ablation
from bot.evidence.eras import SPLIT

if TYPE_CHECKING:
    import pandas as pd

    from bot.evidence.measures import Measures

TOO_DEAR: Final = "SPX volatility too high"
"""Variant that takes the error of the SPX surface off every price."""

RULES_OF_DRAG: Final = {
    "adaptive rolls": "adaptivity",
    "cash press": "cash press",
    "P/CF": "P/CF",
}
"""Variants that the claim of the adaptive rules is read from, and what they leave out."""


def ablations(variants: pd.DataFrame | None) -> tuple[Ablation, ...]:
    """Return the drag without each of the rules that the method says lower it."""
    if variants is None:
        return ()
    drags = variants.set_index("variant")["whole_drag"]
    return tuple(
        Ablation(name=words, drag_with=float(drags["base"]), drag_without=float(drags[name]))
        for name, words in RULES_OF_DRAG.items()
        if name in drags and "base" in drags
    )


def carried_t(variants: pd.DataFrame | None, measured: Measures) -> float | None:
    """Return the t of the condors since 2015 when SPX options are dearer than they were.

    Sharpe ratio times the root of the years; ``None`` where the variant was not run.
    """
    if variants is None:
        return None
    ratios = dict(zip(variants["variant"], variants["held_shadow_sharpe"], strict=True))
    ratio = ratios.get(TOO_DEAR)
    if ratio is None:
        return None
    return float(ratio) * math.sqrt((measured.last - SPLIT).days / 365.25)
