"""Options repriced at shocks of the market: SPX moves by a share, the VIX by points, at once.

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
is flat. An SPX option is priced on the smile of its expiry, a VIX call at its own volatility; one
whose price holds no time value is priced at its intrinsic value.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from bot.core.chain import VIX_CLASSES
from bot.core.model import OptionContract, Right
from bot.core.pricing import DAYS_PER_YEAR, FloatArray, price

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from bot.core.chain import PricedChain

SMILE_DAYS: Final = 30.0
MOST_LIFT: Final = 1.5
LEAST_VOL: Final = 0.05
LEAST_FUTURE: Final = 9.0

_VX_DAYS: Final = (35.0, 80.0, 140.0, 150.0)
_VX_SHARES: Final = (0.41, 0.16, 0.16, 0.08)


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

    @classmethod
    def together(cls, sets: Sequence[Shocks]) -> Shocks:
        """Put sets of shocks one behind the other."""
        if len(sets) == 1:
            return sets[0]
        return cls(
            spx=np.concatenate([each.spx for each in sets]),
            vix=np.concatenate([each.vix for each in sets]),
        )


PAIRED: Final = Shocks.of([(-0.05, 10), (-0.10, 20), (-0.20, 40), (0.05, -5), (0.10, -5)])
"""The shocks that a new condor must survive."""

GRID: Final = Shocks.of(
    (spx / 100, vix) for spx in (-20, -15, -10, -5, 0, 5, 10) for vix in (-10, -5, 0, 10, 20, 40)
)
"""The shocks that are kept for display."""


JUDGED: Final = (PAIRED, GRID)
"""Sets of shocks that a decision asks for; whoever asks for one will ask for the other."""


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
    def on_vix(self) -> bool:
        """Whether it is an option on the VIX."""
        return self.contract.underlying == "VIX"

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
    prices: FloatArray = shocked_prices([option], shocks)[0]
    return prices


def shocked_prices(options: Sequence[Repriceable], shocks: Shocks) -> FloatArray:
    """Return the price of each option after each shock, points, shape (options, n)."""
    prices = np.empty((len(options), shocks.vix.size))
    for on_vix, shocked in ((True, _shocked_vix), (False, _shocked_spx)):
        rows = [
            at for at, each in enumerate(options) if (each.contract.underlying == "VIX") is on_vix
        ]
        if rows:
            chosen = [options[at] for at in rows]
            forward, vol = shocked(chosen, shocks)
            prices[rows] = price(
                forward,
                _column(each.contract.strike for each in chosen),
                _column(each.years for each in chosen),
                _column(each.discount for each in chosen),
                vol,
                _column(each.contract.right is Right.CALL for each in chosen) > 0,
            )
    return prices


def shock_gain(option: Repriceable, shocks: Shocks) -> FloatArray:
    """Return by how much the price of `option` rises in each shock, points, shape (n,)."""
    gains: FloatArray = shock_gains([option], shocks)[0]
    return gains


def shock_gains(options: Sequence[Repriceable], shocks: Shocks) -> FloatArray:
    """Return by how much each option rises in each shock, points, shape (options, n)."""
    and_calm = Shocks(spx=np.append(shocks.spx, 0.0), vix=np.append(shocks.vix, 0.0))
    prices = shocked_prices(options, and_calm)
    return prices[:, :-1] - prices[:, -1:]


def _shocked_vix(options: Sequence[Repriceable], shocks: Shocks) -> tuple[FloatArray, FloatArray]:
    """Return the futures after each shock, and the volatilities that stay."""
    level = _column(option.forward for option in options)
    shares = np.interp(_column(option.days for option in options), _VX_DAYS, _VX_SHARES)
    forward = np.maximum(level + shocks.vix * shares, np.minimum(LEAST_FUTURE, level))
    vol = np.array([option.smile.at(np.zeros(1)) for option in options])
    return forward, np.broadcast_to(vol, forward.shape)


def _shocked_spx(options: Sequence[Repriceable], shocks: Shocks) -> tuple[FloatArray, FloatArray]:
    """Return the forwards after each shock, and the lifted volatilities at the strikes."""
    forward = _column(option.forward for option in options) * (1 + shocks.spx)
    moneyness = np.log(_column(option.contract.strike for option in options) / forward)
    vol = np.empty_like(forward)
    rows: dict[int, list[int]] = defaultdict(list)
    for at, option in enumerate(options):
        rows[id(option.smile)].append(at)
    for same in rows.values():
        vol[same] = options[same[0]].smile.at(moneyness[same])
    for at, option in enumerate(options):
        vol[at] += vol_lift(shocks.vix, option.days)
    return forward, np.maximum(vol, LEAST_VOL)


def _column(values: Iterable[float]) -> FloatArray:
    return np.array(list(values), dtype=np.float64)[:, np.newaxis]


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


def repriceable(
    contract: OptionContract,
    chain: PricedChain | None,
    *,
    smile_in: Callable[[PricedChain], Smile | None] = smile_of,
) -> Repriceable | None:
    """Return `contract` ready to be repriced, or ``None`` where its chain does not tell how.

    Parameters
    ----------
    contract, chain
        An option and the chain that it is quoted in.
    smile_in
        Looks up the smile of an SPX chain.
    """
    index = None if chain is None else chain.index_of(contract)
    if chain is None or index is None:
        return None
    vol = chain.iv[index]
    smile: Smile | None = None
    if contract.trading_class not in VIX_CLASSES:
        smile = smile_in(chain)
    elif math.isfinite(vol) or is_intrinsic(chain, index):
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


def is_intrinsic(chain: PricedChain, index: int) -> bool:
    """Whether a price is known and holds no time value."""
    return bool(chain.extrinsic[index] <= 0)


class Gains:
    """Gains of options in shocks, each reckoned once in a decision and all together.

    A book is judged several times in one decision, always with the same contracts.
    """

    def __init__(self) -> None:
        self._smiles: dict[PricedChain, Smile | None] = {}
        self._options: dict[OptionContract, Repriceable | None] = {}
        self._gains: dict[tuple[Shocks, OptionContract], FloatArray] = {}
        self._books: dict[tuple[Shocks, int], tuple[object, FloatArray | None]] = {}

    def option(self, contract: OptionContract, chain: PricedChain) -> Repriceable | None:
        """Return `contract` ready to be repriced; see `repriceable`."""
        if contract not in self._options:
            self._options[contract] = repriceable(contract, chain, smile_in=self._smile)
        return self._options[contract]

    def prepare(self, options: Iterable[Repriceable], shocks: Shocks) -> None:
        """Reckon the gains of many options at once."""
        known = self._gains
        new = [each for each in options if (shocks, each.contract) not in known]
        if not new:
            return
        sets = JUDGED if shocks in JUDGED else (shocks,)
        gains = shock_gains(new, Shocks.together(sets))
        for option, gain in zip(new, gains, strict=True):
            end = 0
            for each in sets:
                begin, end = end, end + each.vix.size
                known[each, option.contract] = gain[begin:end]

    def gain(self, option: Repriceable, shocks: Shocks) -> FloatArray:
        """Return the gain of an option in each shock, points; see `shock_gain`."""
        self.prepare((option,), shocks)
        return self._gains[shocks, option.contract]

    def of_held(
        self, held: object, shocks: Shocks, reckon: Callable[[], FloatArray | None]
    ) -> FloatArray | None:
        """Return the gain of what is `held`, reckoned once; it is told apart by identity."""
        key = (shocks, id(held))
        if key not in self._books:
            self._books[key] = (held, reckon())  # kept, so that no other takes its identity
        return self._books[key][1]

    def _smile(self, chain: PricedChain) -> Smile | None:
        if chain not in self._smiles:
            self._smiles[chain] = smile_of(chain)
        return self._smiles[chain]
