"""When a lot of the hedge is rolled: by its days, by its time value, early, or a little later.

Rules (methodology, section 4), with the exceptions:

- *By days*: at the days of its layer. At those of the near layer any roll is *hard*: nothing
  delays it.
- *By time value*, near layer only: 60 % of the extrinsic value bought is gone, and the lot is
  worth less than it cost.
- *Early*, near layer only: in transition, when MACD crosses below 0 or breadth turns down. There
  must be something to gain: a later expiry, or a delta mended by 0.05.
- In stress, or with a VIX RSI above 75, nothing is struck anew but by a hard roll: VIX calls are at
  their dearest, and what is held protects. A mid or far lot whose days are used up stays meanwhile.
- A roll that is due *waits* in a calm rise (regime calm, MACD histogram above 0, RSI 45 to 70,
  breadth up), and one by time value while the cash press is on: 5 sessions at most from the first
  in which it was due, and never a hard one.
- A lot of which half was sold at a profit is rolled by its days only: its rest has a rule of its
  own.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from bot.core.book import Layer
from bot.core.regime import Breadth, Regime

if TYPE_CHECKING:
    import datetime as dt

    from bot.core.book import HedgeLot, LotNote
    from bot.core.hedge_figures import LotFigures
    from bot.core.hedge_rules import HedgeRules, LayerRules, RollRules
    from bot.core.model import Session
    from bot.core.regime import Signals
    from bot.core.sessions import TradingCalendar

SLACK: Final = 1e-9
"""Keeps a drift that is exactly on its bound from falling off it as a float."""


class RollReason(StrEnum):
    """Why a lot is due; each is the reason of its orders too (``bot.core.plan``)."""

    DAYS = "roll_due"
    EXTRINSIC = "roll_extrinsic"
    EARLY = "roll_early"


def due_by_days(lot: HedgeLot, session: Session, layer: LayerRules) -> bool:
    """Whether the days of `lot` are used up."""
    return lot.contract.dte(session) <= layer.roll_dte


def is_hard(lot: HedgeLot, session: Session, rules: HedgeRules) -> bool:
    """Whether `lot` has so few days left that nothing may delay its roll."""
    return lot.contract.dte(session) <= rules.near.roll_dte


def due_by_extrinsic(lot: LotFigures, rules: RollRules) -> bool:
    """Whether too much of the time value bought is gone, below cost; unknown is no."""
    gone, multiple = lot.extrinsic_gone, lot.mark_multiple
    if lot.lot.layer is not Layer.NEAR or lot.sold or gone is None or multiple is None:
        return False
    return gone >= rules.extrinsic_gone and multiple < 1


def restriking_forbidden(signals: Signals, rules: RollRules) -> bool:
    """Whether stress, or a VIX RSI above its limit, forbids every roll but a hard one."""
    vix_rsi = signals.vix_rsi
    overbought = vix_rsi is not None and vix_rsi > rules.restrike_vix_rsi
    return signals.regime is Regime.STRESS or overbought


def early_called(signals: Signals, rules: RollRules) -> bool:
    """Whether momentum or breadth calls the near layer's roll forward."""
    turns = signals.macd_crossed_below is True or signals.breadth_turned_down is True
    return rules.early and signals.regime is Regime.TRANSITION and turns


def early_gains(lot: LotFigures, *, expiry: dt.date, target_delta: float, rules: RollRules) -> bool:
    """Whether a new call at `expiry` is enough of a change for an early roll of `lot`."""
    if expiry > lot.lot.contract.expiry:
        return True
    drifted = lot.delta is not None and abs(lot.delta - target_delta) >= rules.early_drift - SLACK
    return expiry == lot.lot.contract.expiry and drifted


def calm_rise(signals: Signals, rules: RollRules) -> bool:
    """Whether the market is such that a due roll may wait: do not over-hedge."""
    histogram, rsi = signals.macd_histogram, signals.spx_rsi
    if histogram is None or rsi is None or signals.regime is not Regime.CALM:
        return False
    in_band = rules.wait_rsi_low <= rsi <= rules.wait_rsi_high
    return histogram > 0 and in_band and signals.breadth is Breadth.UP


def due_since(
    lot: HedgeLot, note: LotNote | None, *, session: Session, first_day: dt.date | None
) -> Session:
    """Return the session since which `lot` is due.

    Parameters
    ----------
    lot
        The lot, due now.
    note
        What is remembered of it.
    session
        The session being decided.
    first_day
        First day on which its days were used up, where that is why it is due.
    """
    remembered = session if note is None else note.due_since
    return remembered if first_day is None else max(min(remembered, first_day), lot.opened)


def waited(since: Session, session: Session, calendar: TradingCalendar) -> int:
    """Return the sessions that a roll has waited; what began before the calendar is long ago."""
    return calendar.count(max(since, calendar.first), session)
