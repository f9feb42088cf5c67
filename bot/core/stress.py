"""The joint stress test: the whole book repriced at paired shocks of SPX and VIX.

A shock moves SPX by a share and the VIX by points, at once and with no time passing. The model:

- **SPX options.** The forward moves with the index. The smile moves with the forward (*sticky
  moneyness*: the volatility at ``ln(K / F)`` stays) and is lifted in parallel by what the VIX
  shock means at its maturity. So the market after the shock is one whose VIX stands at the shocked
  level: a strike that the index has come down to is at the money, with the volatility of the
  money. Sticky strikes with the same lift would count the skew twice.
- **Lift by maturity.** VIX points times the square root of 30 days over the days left, at most
  1.5: the square-root-of-time rule (Taleb, Dynamic Hedging, 1997, chapter 9). Changes of the
  9-, 93- and 184-day indexes per point of VIX were 1.5, 0.6 and 0.45 in 2008-2026 (least squares
  through the origin); the rule says 1.5, 0.57 and 0.40.
- **VIX options.** Black-76 on the future of the same expiry, which moves by a share of the shock
  that falls with maturity: 0.41 up to 35 days, 0.16 from 80 to 140, 0.08 from 150, in between in
  proportion (methodology, section 3). Their volatility stays: a rise of it would favour the hedge.
- No volatility falls below 5 points, and no future below 9, about the lowest VIX close on record
  (9.14 on 2017-11-03).

What is known of a smile is what is quoted: in between it is linear, beyond the last strike it
is flat. A long option that is offered and that nobody bids for has no volatility of its own: an
SPX wing is priced on the smile of its expiry, a VIX call is counted as gaining nothing. Deep in
the money a price may hold no time value, and then no volatility either: an SPX leg is priced on the
smile, and a VIX call at its intrinsic value, which leaves out what it would lose less of when the
future falls. Any other leg without a volatility makes the book unknown, and an unknown book takes
no new risk.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from bot.core.book import Leg
from bot.core.chain import VIX_CLASSES
from bot.core.decision import Action, StressCell, StressGrid
from bot.core.model import MULTIPLIER, OptionContract, Right
from bot.core.pricing import DAYS_PER_YEAR, FloatArray, price

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from decimal import Decimal

    from bot.core.chain import PricedChain
    from bot.core.context import Context
    from bot.core.decision import OrderIntent

SMILE_DAYS: Final = 30.0
MOST_LIFT: Final = 1.5
LEAST_VOL: Final = 0.05
LEAST_FUTURE: Final = 9.0

_VX_DAYS: Final = (35.0, 80.0, 140.0, 150.0)
_VX_SHARES: Final = (0.41, 0.16, 0.16, 0.08)

ROUNDING: Final = 1e-9
"""Slack in units, so that a float error never costs a contract."""

UNBOUNDED: Final = 10**6
"""Units of what loses in no shock."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shocks:
    """Shocks of the market, shape (n,): SPX as a share, VIX in points."""

    spx: FloatArray
    vix: FloatArray

    @classmethod
    def of(cls, pairs: Iterable[tuple[float, float]]) -> Shocks:
        """Make shocks from pairs of an SPX share and VIX points."""
        table = np.array(list(pairs), dtype=np.float64)
        return cls(spx=table[:, 0], vix=table[:, 1])


PAIRED: Final = Shocks.of([(-0.05, 10), (-0.10, 20), (-0.20, 40), (0.05, -5), (0.10, -5)])
"""The shocks that a new condor must survive."""

GRID: Final = Shocks.of(
    (spx / 100, vix) for spx in (-20, -15, -10, -5, 0, 5, 10) for vix in (-10, -5, 0, 10, 20, 40)
)
"""The shocks that are kept for display."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Smile:
    """Volatility by ``ln(K / F)``, ascending; linear in between, flat beyond."""

    moneyness: FloatArray
    vol: FloatArray

    def at(self, moneyness: FloatArray) -> FloatArray:
        """Return the volatilities at `moneyness`, decimal; same shape."""
        return np.interp(moneyness, self.moneyness, self.vol)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Repriceable:
    """One option with all that its price depends on.

    Parameters
    ----------
    contract
        SPX or VIX option.
    forward, discount, years
        Of its expiry.
    smile
        Of its expiry for SPX; one point, its own volatility, for VIX.
    """

    contract: OptionContract
    forward: float
    discount: float
    years: float
    smile: Smile

    @property
    def days(self) -> float:
        """Calendar days to settlement."""
        return self.years * DAYS_PER_YEAR


def vol_lift(vix_points: FloatArray, days: float) -> FloatArray:
    """Return by how much SPX volatility of `days` changes with the VIX, decimal.

    ``VIX points / 100 x min(1.5, sqrt(30 / days))``
    """
    return vix_points / 100 * min(MOST_LIFT, math.sqrt(SMILE_DAYS / max(days, 1.0)))


def vx_share(days: float) -> float:
    """Return the share of a VIX shock that reaches the future with `days` to settlement."""
    return float(np.interp(days, _VX_DAYS, _VX_SHARES))


def shocked_price(option: Repriceable, shocks: Shocks) -> FloatArray:
    """Return the price of `option` after each shock, points, shape (n,)."""
    contract = option.contract
    if contract.underlying == "VIX":
        moved = option.forward + shocks.vix * vx_share(option.days)
        forward = np.maximum(moved, min(LEAST_FUTURE, option.forward))
        vol = option.smile.at(np.zeros_like(forward))
    else:
        forward = option.forward * (1 + shocks.spx)
        lifted = option.smile.at(np.log(contract.strike / forward))
        lifted = lifted + vol_lift(shocks.vix, option.days)
        vol = np.maximum(lifted, LEAST_VOL)
    call = contract.right is Right.CALL
    return price(forward, contract.strike, option.years, option.discount, vol, call)


def shock_gain(option: Repriceable, shocks: Shocks) -> FloatArray:
    """Return by how much the price of `option` rises in each shock, points, shape (n,)."""
    calm = Shocks(spx=np.zeros(1), vix=np.zeros(1))
    return shocked_price(option, shocks) - shocked_price(option, calm)


def smile_of(chain: PricedChain) -> Smile | None:
    """Return the smile of an SPX chain: at each strike the option that is out of the money.

    ``None`` where no option of the chain has a volatility.
    """
    known = np.isfinite(chain.iv)
    inside = chain.is_call == (chain.strike < chain.forward)
    order = np.lexsort((inside, chain.strike))
    order = order[known[order]]
    strike, first = np.unique(chain.strike[order], return_index=True)
    if not strike.size:
        return None
    return Smile(moneyness=np.log(strike / chain.forward), vol=chain.iv[order][first])


def repriceable(contract: OptionContract, chain: PricedChain | None) -> Repriceable | None:
    """Return `contract` ready to be repriced, or ``None`` where its chain does not tell how."""
    index = None if chain is None else chain.index_of(contract)
    if chain is None or index is None:
        return None
    vol = chain.iv[index]
    smile: Smile | None = None
    if contract.trading_class not in VIX_CLASSES:
        smile = smile_of(chain)
    elif math.isfinite(vol) or _is_intrinsic(chain, index):
        smile = Smile(moneyness=np.zeros(1), vol=np.nan_to_num(np.array([vol])))
    if smile is None:
        return None
    return Repriceable(
        contract=contract,
        forward=chain.forward,
        discount=chain.discount,
        years=chain.years,
        smile=smile,
    )


def _is_intrinsic(chain: PricedChain, index: int) -> bool:
    """Whether a price is known and holds no time value."""
    return bool(chain.extrinsic[index] <= 0)


def leg_gain(context: Context, leg: Leg, shocks: Shocks) -> FloatArray | None:
    """Return the gain of one leg in each shock, points of one unit; ``None`` when unknown."""
    contract = leg.contract
    chain = context.held_chain(contract.trading_class, contract.expiry)
    index = None if chain is None else chain.index_of(contract)
    if chain is None or index is None:
        return None
    bidless = leg.ratio > 0 and chain.bid[index] == 0 and chain.ask[index] > 0
    if not (math.isfinite(chain.iv[index]) or bidless or _is_intrinsic(chain, index)):
        return None
    option = repriceable(contract, chain)
    if option is None:
        return np.zeros_like(shocks.vix) if bidless else None
    gain = leg.ratio * shock_gain(option, shocks)
    return gain if np.isfinite(gain).all() else None


def unit_gain_usd(context: Context, legs: Sequence[Leg], shocks: Shocks) -> FloatArray | None:
    """Return the gain of one unit of `legs` in each shock, USD; ``None`` when a leg is unknown."""
    total = np.zeros_like(shocks.vix)
    for leg in legs:
        gain = leg_gain(context, leg, shocks)
        if gain is None:
            return None
        total = total + gain
    return total * MULTIPLIER


def opening_gain_usd(
    context: Context, legs: Sequence[Leg], *, worst: Decimal, mid: Decimal, shocks: Shocks
) -> FloatArray | None:
    """Return the gain of one condor that is sold at its `worst` price instead of the `mid`, USD."""
    gain = unit_gain_usd(context, legs, shocks)
    return None if gain is None else gain - max(float(worst - mid), 0.0) * MULTIPLIER


def condors_gain_usd(context: Context, shocks: Shocks) -> FloatArray | None:
    """Return the gain of the condors open and proposed in each shock, USD.

    Condors that shall be closed count until they are closed.
    """
    held = (
        _times(unit_gain_usd(context, condor.legs, shocks), condor.quantity)
        for condor in context.book.condors
    )
    added = (
        _times(
            opening_gain_usd(
                context, intent.legs, worst=intent.ladder.floor, mid=intent.mid, shocks=shocks
            ),
            intent.quantity,
        )
        for intent in context.proposed
        if intent.action is Action.OPEN_CONDOR
    )
    return _total([*held, *added], shocks)


def hedge_gain_usd(
    context: Context, shocks: Shocks, *, orders: Iterable[OrderIntent] = ()
) -> FloatArray | None:
    """Return the gain of the VIX calls held in each shock, USD, and of hedge `orders` as filled."""
    held = [
        _times(_call_gain(context, lot.contract, shocks), lot.quantity) for lot in context.book.lots
    ]
    traded = [
        _times(unit_gain_usd(context, intent.legs, shocks), intent.quantity)
        for intent in orders
        if intent.action in {Action.BUY_HEDGE, Action.SELL_HEDGE}
    ]
    return _total([*held, *traded], shocks)


def _call_gain(context: Context, contract: OptionContract, shocks: Shocks) -> FloatArray | None:
    return unit_gain_usd(context, (Leg(contract=contract, ratio=1),), shocks)


def _times(gain: FloatArray | None, quantity: int) -> FloatArray | None:
    return None if gain is None else gain * quantity


def _total(gains: Sequence[FloatArray | None], shocks: Shocks) -> FloatArray | None:
    """Return the sum, or ``None`` when any of it is unknown."""
    total = np.zeros_like(shocks.vix)
    for gain in gains:
        if gain is None:
            return None
        total = total + gain
    return total


def book_gain_usd(context: Context) -> FloatArray | None:
    """Return the gain of condors and hedge in each paired shock, USD; ``None`` when unknown.

    Hedge orders of the session do not count: they may not fill.
    """
    return _total([condors_gain_usd(context, PAIRED), hedge_gain_usd(context, PAIRED)], PAIRED)


def worst_loss_usd(gain: FloatArray) -> float:
    """Return the greatest loss among the shocks as a positive amount; 0 where none loses."""
    losses: list[float] = (-gain).tolist()
    return max(0.0, *losses)


def stress_units(book: FloatArray, unit: FloatArray, limit_usd: float) -> int:
    """Return how many units may be added so that no shock loses more than `limit_usd`.

    Parameters
    ----------
    book, unit
        Gain of the book and of one more unit in each shock, USD.
    limit_usd
        Greatest loss accepted, positive. A book that exceeds it already takes nothing.
    """
    room = limit_usd + book
    losing = unit < 0
    if (room < 0).any():
        return 0
    if not losing.any():
        return UNBOUNDED
    with np.errstate(over="ignore"):  # a loss next to nothing bounds nothing
        units: list[float] = (room[losing] / -unit[losing]).tolist()
    return math.floor(min(*units, UNBOUNDED) + ROUNDING)


def stress_grid(context: Context) -> StressGrid:
    """Return the grid of the book as the decision leaves it, hedge orders as filled."""
    condors = condors_gain_usd(context, GRID)
    hedge = hedge_gain_usd(context, GRID, orders=context.proposed)
    cells = tuple(
        StressCell(spx=spx, vix_points=vix, condor_usd=sold, hedge_usd=bought)
        for spx, vix, sold, bought in zip(
            GRID.spx.tolist(), GRID.vix.tolist(), _cents(condors), _cents(hedge), strict=True
        )
    )
    return StressGrid(cells=cells)


def _cents(gain: FloatArray | None) -> Iterator[float | None]:
    values: list[float] | list[None] = (
        [None] * GRID.vix.size if gain is None else gain.round(2).tolist()
    )
    return iter(values)
