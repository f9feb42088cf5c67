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
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from bot.core.chain import VIX_CLASSES
from bot.core.model import OptionContract, Right
from bot.core.pricing import DAYS_PER_YEAR, FloatArray, price
from bot.core.series import read_only

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from bot.core.book import Leg
    from bot.core.chain import PricedChain

SMILE_DAYS: Final = 30.0
MOST_LIFT: Final = 1.5
LEAST_VOL: Final = 0.05
LEAST_FUTURE: Final = 9.0

_MONEY: Final = read_only(np.zeros(1))
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
        return cls(
            spx=np.concatenate([each.spx for each in sets]),
            vix=np.concatenate([each.vix for each in sets]),
        )


NO_SHOCK: Final = Shocks.of([(0.0, 0.0)])

PAIRED: Final = Shocks.of([(-0.05, 10), (-0.10, 20), (-0.20, 40), (0.05, -5), (0.10, -5)])
"""The shocks that a new condor must survive."""

GRID: Final = Shocks.of(
    (spx / 100, vix) for spx in (-20, -15, -10, -5, 0, 5, 10) for vix in (-10, -5, 0, 10, 20, 40)
)
"""The shocks that are kept for display."""


JUDGED: Final = Shocks.together((PAIRED, GRID))
"""All shocks that a decision asks for; whoever asks for one set will ask for the other."""


def reckoned(shocks: Shocks) -> tuple[Shocks, slice]:
    """Return the shocks that are reckoned with `shocks`, and where they are among them."""
    if shocks is PAIRED:
        return JUDGED, slice(0, PAIRED.vix.size)
    return (JUDGED, slice(PAIRED.vix.size, None)) if shocks is GRID else (shocks, slice(None))


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
    return vix_points / 100 * vol_lift_share(days)


def vol_lift_share(days: float) -> float:
    """Return the share of a VIX shock that lifts volatility of `days`, at most 1.5."""
    return min(MOST_LIFT, math.sqrt(SMILE_DAYS / max(days, 1.0)))


def vx_share(days: float) -> float:
    """Return the share of a VIX shock that reaches the future with `days` to settlement."""
    return float(np.interp(days, _VX_DAYS, _VX_SHARES))


def shocked_price(option: Repriceable, shocks: Shocks) -> FloatArray:
    """Return the price of `option` after each shock, points, shape (n,)."""
    prices: FloatArray = shocked_prices([option], shocks)[0]
    return prices


def shocked_prices(options: Sequence[Repriceable], shocks: Shocks) -> FloatArray:
    """Return the price of each option after each shock, points, shape (options, n)."""
    on_vix = [at for at, each in enumerate(options) if each.on_vix]
    on_spx = [at for at, each in enumerate(options) if not each.on_vix]
    forward = np.empty((len(options), shocks.vix.size))
    vol = np.empty_like(forward)
    for rows, shocked in ((on_vix, _shocked_vix), (on_spx, _shocked_spx)):
        if rows:
            forward[rows], vol[rows] = shocked([options[at] for at in rows], shocks)
    return price(
        forward,
        _column([each.contract.strike for each in options]),
        _column([each.years for each in options]),
        _column([each.discount for each in options]),
        vol,
        _column([each.contract.right is Right.CALL for each in options]) > 0,
    )


def shock_gain(option: Repriceable, shocks: Shocks) -> FloatArray:
    """Return by how much the price of `option` rises in each shock, points, shape (n,)."""
    gains: FloatArray = shock_gains([option], shocks)[0]
    return gains


def shock_gains(options: Sequence[Repriceable], shocks: Shocks) -> FloatArray:
    """Return by how much each option rises in each shock, points, shape (options, n)."""
    prices = shocked_prices(options, Shocks.together((shocks, NO_SHOCK)))
    return prices[:, :-1] - prices[:, -1:]


def _shocked_vix(options: Sequence[Repriceable], shocks: Shocks) -> tuple[FloatArray, FloatArray]:
    """Return the futures after each shock, and the volatilities that stay, shape (options, 1)."""
    level = _column([option.forward for option in options])
    shares = np.interp(_column([option.days for option in options]), _VX_DAYS, _VX_SHARES)
    forward = np.maximum(level + shocks.vix * shares, np.minimum(LEAST_FUTURE, level))
    return forward, _column([option.smile.vol.item() for option in options])


def _shocked_spx(options: Sequence[Repriceable], shocks: Shocks) -> tuple[FloatArray, FloatArray]:
    """Return the forwards after each shock, and the lifted volatilities at the strikes."""
    forward = _column([option.forward for option in options]) * (1 + shocks.spx)
    moneyness = np.log(_column([option.contract.strike for option in options]) / forward)
    vol = np.empty_like(forward)
    rows: dict[Smile, list[int]] = defaultdict(list)
    for at, option in enumerate(options):
        rows[option.smile].append(at)
    for smile, same in rows.items():
        vol[same] = smile.at(moneyness[same])
    lift = shocks.vix / 100 * _column([vol_lift_share(option.days) for option in options])
    return forward, np.maximum(vol + lift, LEAST_VOL)


def _column(values: Sequence[float]) -> FloatArray:
    return np.array(values, dtype=np.float64)[:, np.newaxis]


def smile_of(chain: PricedChain) -> Smile | None:
    """Return the smile of an SPX chain: at each strike the option that is out of the money.

    ``None`` where no option of the chain has a volatility.
    """
    by_strike: dict[float, float] = {}
    options = zip(chain.strike.tolist(), chain.is_call.tolist(), chain.iv.tolist(), strict=True)
    for strike, is_call, vol in options:
        outside = is_call is not (strike < chain.forward)
        if math.isfinite(vol) and (outside or strike not in by_strike):
            by_strike[strike] = vol
    if not by_strike:
        return None
    strikes = np.array(list(by_strike))
    return Smile(moneyness=np.log(strikes / chain.forward), vol=np.array(list(by_strike.values())))


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
    return None if chain is None or index is None else _repriceable(chain, index, smile_in)


def _repriceable(
    chain: PricedChain, index: int, smile_in: Callable[[PricedChain], Smile | None]
) -> Repriceable | None:
    contract, vol = chain.contracts[index], float(chain.iv[index])
    smile: Smile | None = None
    if contract.trading_class not in VIX_CLASSES:
        smile = smile_in(chain)
    elif math.isfinite(vol) or is_intrinsic(chain, index):
        smile = Smile(moneyness=_MONEY, vol=np.array([vol if math.isfinite(vol) else 0.0]))
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


Known: TypeAlias = "tuple[bool, Repriceable | None]"
"""Whether the gain of a leg is known, and the option; none is one that gains nothing."""


class Gains:
    """Gains of options in shocks, each reckoned once in a decision and all together.

    A book is judged several times in one decision, always with the same contracts. What has been
    found of its `legs` is kept with them.
    """

    def __init__(self) -> None:
        self.legs: dict[Leg, Known] = {}
        self._smiles: dict[PricedChain, Smile | None] = {}
        self._options: dict[OptionContract, Repriceable | None] = {}
        self._gains: dict[Shocks, dict[Repriceable, FloatArray | None]] = defaultdict(dict)
        self._books: dict[tuple[Shocks, int], tuple[object, FloatArray | None]] = {}

    def option(self, chain: PricedChain, index: int) -> Repriceable | None:
        """Return an option of `chain` ready to be repriced; see `repriceable`."""
        contract = chain.contracts[index]
        if contract not in self._options:
            self._options[contract] = _repriceable(chain, index, self._smile)
        return self._options[contract]

    def prepared(
        self, options: Iterable[Repriceable], shocks: Shocks
    ) -> Mapping[Repriceable, FloatArray | None]:
        """Return the gains in each shock, points, among them those of `options`.

        What is missing is reckoned in one step; ``None`` where the gain in any shock is unknown.
        """
        known = self._gains[shocks]
        new = [each for each in options if each not in known]
        if new:
            gains = shock_gains(new, shocks)
            sound: list[bool] = np.logical_and.reduce(np.isfinite(gains), axis=1).tolist()
            for option, gain, finite in zip(new, gains, sound, strict=True):
                known[option] = gain if finite else None
        return known

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
