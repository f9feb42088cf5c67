"""The Big Top "temporal theta" cash press: VIX options too dear to strike anew (section 4).

It is on when VIX is above its 200-session mean, the implied volatility of the front VIX options is
18 volatility points or more above the realised one of the front VX future, and the second VX
future is 12 % or more above the first: protection costs most just when its time value runs off
fastest. It delays new strikes and the units above the first, by a few sessions at most. Where an
input is unknown it is off: unknown never delays protection.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bot.core.model import Right

if TYPE_CHECKING:
    from bot.core.chain import PricedChain
    from bot.core.hedge_rules import PressRules
    from bot.core.regime import Signals


def at_the_money_iv(chain: PricedChain | None) -> float | None:
    """Return the Black-76 volatility of the call nearest to the forward, percent a year."""
    if chain is None:
        return None
    index = chain.nearest_strike(Right.CALL, chain.forward)
    if index is None or math.isnan(chain.iv[index]):
        return None
    return float(chain.iv[index]) * 100


def iv_excess(front_iv: float | None, signals: Signals) -> float | None:
    """Return implied less realised volatility of the front VX future, volatility points."""
    realised = signals.vx_front_volatility
    return None if front_iv is None or realised is None else front_iv - realised


def presses(excess: float | None, signals: Signals, rules: PressRules) -> bool:
    """Whether the press is on."""
    vix, mean, slope = signals.vix, signals.vix_long_mean, signals.vx2_over_vx1
    if excess is None or vix is None or mean is None or slope is None:
        return False
    return vix > mean and excess >= rules.iv_excess and slope >= rules.slope
