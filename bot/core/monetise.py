"""When a profit is taken out of the hedge (methodology, section 6).

Rules, with the exceptions:

- Once per lot half is sold: when its bid reaches its layer's multiple of the cost (2.5 near, 1.75
  mid, 1.5 far), or 1.25 times while VIX is at 40 or above. Of an odd number the smaller half; a
  lot of one contract is never halved.
- What is left stands for the whole lot, until the wave is over: VIX closes below the mean of its
  last 5 closes, and VIX/VIX3M is below 1. Then the layer is bought anew in full, and what the
  purchase has replaced is sold. Selling all of it at once would forgo a second wave: in 2020 every
  layer would have been gone two weeks before the peak. New condors are covered by what is left, not
  by what it stands for.
- What is unknown sells nothing.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.core.hedge_figures import LotFigures
    from bot.core.hedge_rules import LayerRules, ProfitRules
    from bot.core.regime import Signals


def profit_multiple(vix: float | None, layer: LayerRules, rules: ProfitRules) -> float:
    """Return the multiple of its cost at which half of a lot is sold."""
    if vix is not None and vix >= rules.vix:
        return min(rules.vix_multiple, layer.profit_multiple)
    return layer.profit_multiple


def half_of(lot: LotFigures, rules: ProfitRules) -> int:
    """Return the contracts that may be sold of `lot`; 0 once some were."""
    return 0 if lot.sold else math.floor(rules.share * lot.lot.quantity)


def takes_profit(
    lot: LotFigures, vix: float | None, *, layer: LayerRules, rules: ProfitRules
) -> bool:
    """Whether half of `lot` shall be sold now."""
    multiple = lot.mark_multiple
    reached = multiple is not None and multiple >= profit_multiple(vix, layer, rules)
    return reached and half_of(lot, rules) > 0


def wave_over(signals: Signals) -> bool:
    """Whether VIX has closed below its short mean, in contango; unknown is no."""
    close, mean, ratio = signals.vix_close, signals.vix_short_mean, signals.vix_over_vix3m
    if close is None or mean is None or ratio is None:
        return False
    return close < mean and ratio < 1
