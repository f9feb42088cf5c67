"""Fits the free numbers of the surfaces to the recorded quotes that are not held out.

Least squares of the logarithm of modelled over recorded volatility, with a soft L1 loss: an odd
quote has little weight. The numbers in use are the rounded result; whoever changes a surface, or
has more chains, fits them anew by ``steward history calibrate DIR``.

- **VIX**: all five numbers at once; the full chains together weigh as much as the single calls.
- **SPX**: the twelve coefficients of the smile; of each expiry at most `STRIKES_AN_EXPIRY` strikes,
  spread evenly over those quoted; expiries within nine days with half the weight.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from scipy.optimize import least_squares

from bot.evidence.history import known
from bot.evidence.observations import Values
from bot.surfaces.levels import VolLevels, vol_levels
from bot.surfaces.spx_surface import FITTED as SPX_FITTED
from bot.surfaces.spx_surface import Coefficients, SmileFit, fair_slice, smile_shape, term_variance
from bot.surfaces.vix_surface import FITTED as VIX_FITTED
from bot.surfaces.vix_surface import VixSurfaceFit, vix_vols

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from bot.evidence.history import History
    from bot.evidence.observations import Observations

SHORTEST_VIX_DAYS: Final = 5
SHORTEST_SPX_DAYS: Final = 4
SHORT_DAYS: Final = 9
SHORT_WEIGHT: Final = 0.5
STRIKES_AN_EXPIRY: Final = 25
VIX_SOFT, SPX_SOFT = 0.05, 0.03
"""Relative errors of volatility beyond which the loss grows linearly."""

MOST_EVALUATIONS: Final = 20


def fit_vix(chains: Observations, calls: Observations, history: History) -> VixSurfaceFit:
    """Return the numbers of the VIX surface that the quotes which are not held out give.

    Parameters
    ----------
    chains, calls
        Quotes of full chains, and single calls.
    history
        For VVIX.

    Raises
    ------
    ValueError
        If either has no quote to fit to.
    """
    parts = [_to_fit(each, SHORTEST_VIX_DAYS) for each in (chains, calls)]
    total = sum(part.size for part in parts)

    def misses(numbers: NDArray[np.float64]) -> Values:
        fit = _vix_fit(numbers)
        return np.concatenate(
            [_vix_misses(part, history, fit) * np.sqrt(total / part.size / 2) for part in parts]
        )

    return _vix_fit(_least(misses, np.array(astuple(VIX_FITTED)), soft=VIX_SOFT))


def fit_spx(chains: Observations, history: History) -> SmileFit:
    """Return the coefficients of the smile that the quotes which are not held out give.

    Parameters
    ----------
    chains
        Quotes of full chains.
    history
        For the levels of the volatility indexes.

    Raises
    ------
    ValueError
        If there is no quote to fit to.
    """
    expiries = list(_expiries(_to_fit(chains, SHORTEST_SPX_DAYS), history))

    def misses(numbers: NDArray[np.float64]) -> Values:
        fit = _smile_fit(numbers)
        return np.concatenate([expiry.misses(fit) for expiry in expiries])

    start = np.concatenate([SPX_FITTED.rho, SPX_FITTED.eta, SPX_FITTED.wing])
    return _smile_fit(_least(misses, start, soft=SPX_SOFT))


def _to_fit(seen: Observations, shortest: int) -> Observations:
    """Return the quotes that are not held out.

    Raises
    ------
    ValueError
        If there is none.
    """
    kept = seen.where(~seen.held_out & (seen.days >= shortest))
    if not kept.size:
        raise ValueError(f"of {seen.size} quotes none is to be fitted to, from {shortest} days on")
    return kept


def _least(
    misses: Callable[[NDArray[np.float64]], Values], start: Values, *, soft: float
) -> NDArray[np.float64]:
    found = least_squares(
        misses, start, loss="soft_l1", f_scale=soft, diff_step=1e-3, max_nfev=MOST_EVALUATIONS
    )
    numbers: NDArray[np.float64] = found.x
    return numbers


def _vix_fit(numbers: NDArray[np.float64]) -> VixSurfaceFit:
    names = [each.name for each in fields(VixSurfaceFit)]
    return VixSurfaceFit(**dict(zip(names, numbers.tolist(), strict=True)))


def _vix_misses(seen: Observations, history: History, fit: VixSurfaceFit) -> Values:
    modelled = vix_vols(
        seen.strike, forward=seen.forward, years=seen.years, vvix=history.vvix[seen.row], fit=fit
    )
    return np.log(modelled / seen.vol)


def _smile_fit(numbers: NDArray[np.float64]) -> SmileFit:
    rho, eta, wing = (_four(row) for row in numbers.reshape(3, 4))
    return SmileFit(rho=rho, eta=eta, wing=wing)


def _four(row: Values) -> Coefficients:
    constant, of_time, of_vix, of_skew = row.tolist()
    return constant, of_time, of_vix, of_skew


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Expiry:
    """The quotes of one SPX expiry, and the levels of its session."""

    levels: VolLevels
    years: float
    weight: float
    log_moneyness: Values
    vol: Values

    def misses(self, fit: SmileFit) -> Values:
        """Return weighted logarithms of modelled over recorded volatility."""
        shape = smile_shape(self.levels, self.years, fit)
        smile = fair_slice(term_variance(self.levels, self.years), shape)
        modelled = np.sqrt(smile.total_variance(self.log_moneyness) / self.years)
        return self.weight * np.log(modelled / self.vol)


def _expiries(seen: Observations, history: History) -> Iterator[_Expiry]:
    keys = pd.DataFrame({"row": seen.row, "years": seen.years})
    for at in keys.groupby(["row", "years"]).indices.values():
        rows = np.asarray(at)[np.argsort(seen.strike[np.asarray(at)])]
        spread = np.linspace(0, rows.size - 1, min(rows.size, STRIKES_AN_EXPIRY))
        quotes = seen.where(rows[spread.round().astype(np.int64)])
        row = int(quotes.row[0])
        yield _Expiry(
            levels=vol_levels(
                float(history.vix.close[row]),
                vix9d=known(history.vix9d[row]),
                vix3m=known(history.vix3m[row]),
                vvix=known(history.vvix[row]),
                skew=known(history.skew[row]),
            ),
            years=float(quotes.years[0]),
            weight=SHORT_WEIGHT if quotes.days[0] <= SHORT_DAYS else 1.0,
            log_moneyness=quotes.log_moneyness(),
            vol=quotes.vol,
        )
