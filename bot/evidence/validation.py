"""How wrong the market models are, where they can be held against recorded quotes, and where not.

- **Options** (`option_errors`): model less recorded mid, in points, in volatility points and in
  recorded half-spreads, by right, delta, maturity and stress. The SPX surface is scaled to the VIX
  of the session as in a replay; forwards are those of the record, so that an error is one of
  volatility and not of the future or of the dividend.
- **Spreads** (`spread_errors`): modelled half-spread over the recorded one.
- **Futures** (`curve_errors`): the model of the curve on every third session since 2004, from VIX
  and VIX3M, and from the VIX alone, as it stands in for settlements before 2004. Its weights were
  fitted to 2010-2026: 2004-2009 is out of sample.

``held out`` rows are quotes to which no parameter was fitted; read those.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from bot.core.pricing import price
from bot.evidence.history import known
from bot.evidence.listing import listed_on
from bot.evidence.market import HistoricMarket
from bot.evidence.observations import STRESSED_VIX, Observations
from bot.evidence.observed_files import chain_observations, vix_call_observations
from bot.evidence.quoting import DayQuotes
from bot.evidence.settings import ReplaySettings
from bot.evidence.vxth_check import SHEET, Replica, replicas
from bot.surfaces.levels import vol_levels
from bot.surfaces.listings import years_to_open
from bot.surfaces.quotes import SPREADS
from bot.surfaces.vix_surface import vix_vols
from bot.surfaces.vx_curve import vx_level

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from bot.evidence.history import History
    from bot.evidence.observations import Values
    from bot.surfaces.spx_surface import SpxSurface

CHAINS: Final = "option_chains"
MATURITIES: Final = {
    "SPX": ((2, 9), (10, 24), (25, 59), (60, 130)),
    "VIX": ((2, 19), (20, 49), (50, 79), (80, 149), (150, 260)),
}
"""First and last day to expiry of each group."""

DELTAS: Final = ((0.0, 0.03), (0.03, 0.07), (0.07, 0.20), (0.20, 0.35), (0.35, 0.60))
CURVE_DAYS: Final = ((1, 20), (21, 50), (51, 80), (81, 150), (151, 270))
ERAS: Final = ((2004, 2009), (2010, 2015), (2016, 2020), (2021, 2026))
CURVE_STEP: Final = 3
FIRST_CURVE_DAY: Final = np.datetime64("2004-03-26")

UNKNOWN: Final = (
    "VIX options beyond 50 days at a VIX above 20: no chain; mid and far rest on the surface.",
    "SPX chains at a VIX above 40: one session, 2020-03-20, to which nothing was fitted.",
    "Recorded spreads of VIX options beyond 50 days: one session, 2021-04-26.",
    "Before 2004 no VX futures and before 2006 no VIX options: modelled, and not to be traded.",
)
"""What no data covers, in words for the report."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Validation:
    """All tables of the models' errors.

    Parameters
    ----------
    options
        `option_table` of SPX and VIX.
    spreads
        `spread_table` of SPX and VIX.
    curve
        `curve_errors`.
    replicas
        VXTH beside the published index; empty where the sheet is not there.
    unknown
        What no data covers.
    """

    options: pd.DataFrame
    spreads: pd.DataFrame
    curve: pd.DataFrame
    replicas: tuple[Replica, ...]
    unknown: tuple[str, ...] = UNKNOWN


def validation(folder: Path, history: History) -> Validation | None:
    """Hold the models against the recorded data of a folder; ``None`` where there is none.

    Parameters
    ----------
    folder
        With ``option_chains/`` and the sheet of the VXTH index.
    history
        Of the same sessions.

    Raises
    ------
    RecordedDataError
        If the data are there and cannot be read.
    """
    if not (folder / CHAINS).is_dir() or not (folder / SHEET).is_file():
        return None
    quotes = [
        *(chain_observations(folder, history, name) for name in MATURITIES),
        vix_call_observations(folder, history),
    ]
    errors = pd.concat([option_errors(each, history) for each in quotes if each.size])
    return Validation(
        options=option_table(errors),
        spreads=spread_table(errors),
        curve=curve_errors(history),
        replicas=replicas(folder, history),
    )


def option_errors(seen: Observations, history: History) -> pd.DataFrame:
    """Return the model beside each recorded quote.

    Returns
    -------
    DataFrame
        ``underlying source session held_out stressed right days maturity delta group mid
        half_spread model_half_spread vol model_vol model_mid vol_points points half_spreads``:
        ``vol_points`` and ``points`` are model less recorded, ``half_spreads`` is ``points`` in
        recorded half-spreads (NaN where none was recorded).
    """
    vol = _Models(history).vols(seen)
    mid = price(seen.forward, seen.strike, seen.years, seen.discount, vol, seen.is_call)
    half = np.where(
        seen.underlying == "VIX",
        SPREADS["VIX"].half_spread(seen.mid, seen.vix),
        SPREADS["SPXW"].half_spread(seen.mid, seen.vix),
    )
    return pd.DataFrame(
        {
            "underlying": seen.underlying,
            "source": seen.source,
            "session": seen.session,
            "held_out": seen.held_out,
            "stressed": seen.vix >= STRESSED_VIX,
            "right": np.where(seen.is_call, "call", "put"),
            "days": seen.days,
            "maturity": _maturities(seen),
            "delta": seen.delta,
            "group": _groups(seen.delta, DELTAS, "{:.2f}-{:.2f}"),
            "mid": seen.mid,
            "half_spread": seen.half_spread,
            "model_half_spread": half,
            "vol": seen.vol,
            "model_vol": vol,
            "model_mid": mid,
            "vol_points": (vol - seen.vol) * 100,
            "points": mid - seen.mid,
            "half_spreads": (mid - seen.mid) / seen.half_spread,
        }
    )


def option_table(errors: pd.DataFrame) -> pd.DataFrame:
    """Return the errors by underlying, sample, stress, right, maturity and delta.

    Parameters
    ----------
    errors
        Of `option_errors`.

    Returns
    -------
    DataFrame
        ``n sessions vol_median vol_abs_median vol_abs_p90 points_median points_abs_median
        half_spreads_abs_median within_spread``: the last is the share of quotes whose model price
        lies between bid and ask.
    """
    keys = ["underlying", "held_out", "stressed", "right", "maturity", "group"]
    return _summed(errors, keys).reset_index()


def totals(errors: pd.DataFrame) -> pd.DataFrame:
    """Return the same figures by underlying, sample and stress only."""
    return _summed(errors, ["underlying", "held_out", "stressed"]).reset_index()


def _summed(errors: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    magnitudes = errors.assign(
        vol_abs=errors["vol_points"].abs(),
        points_abs=errors["points"].abs(),
        half_spreads_abs=errors["half_spreads"].abs(),
        inside=(errors["half_spreads"].abs() <= 1).where(errors["half_spreads"].notna()),
    )
    groups = magnitudes.groupby(keys, observed=True)
    return pd.DataFrame(
        {
            "n": groups.size(),
            "sessions": groups["session"].nunique(),
            "vol_median": groups["vol_points"].median(),
            "vol_abs_median": groups["vol_abs"].median(),
            "vol_abs_p90": groups["vol_abs"].quantile(0.9),
            "points_median": groups["points"].median(),
            "points_abs_median": groups["points_abs"].median(),
            "half_spreads_abs_median": groups["half_spreads_abs"].median(),
            "within_spread": groups["inside"].mean(),
        }
    )


def spread_table(errors: pd.DataFrame) -> pd.DataFrame:
    """Return recorded and modelled half-spreads by underlying, stress, maturity and delta.

    Returns
    -------
    DataFrame
        ``n recorded modelled ratio``: medians in points, and the median of modelled over recorded.
    """
    kept = errors[errors["half_spread"] > 0]
    kept = kept.assign(ratio=kept["model_half_spread"] / kept["half_spread"])
    groups = kept.groupby(["underlying", "stressed", "maturity", "group"], observed=True)
    return pd.DataFrame(
        {
            "n": groups.size(),
            "recorded": groups["half_spread"].median(),
            "modelled": groups["model_half_spread"].median(),
            "ratio": groups["ratio"].median(),
        }
    ).reset_index()


def curve_errors(history: History, *, step: int = CURVE_STEP) -> pd.DataFrame:
    """Return the errors of the VX model by era and days to settlement, percent.

    Parameters
    ----------
    history
        With VX settlements.
    step
        Every so-manyth session is looked at.

    Returns
    -------
    DataFrame
        ``era days n mean_pct rms_pct mean_alone_pct rms_alone_pct``: logarithm of model over
        settlement; *alone* is from the VIX alone, as before 2004.
    """
    starts = np.flatnonzero(history.sessions >= FIRST_CURVE_DAY)[::step]
    found = pd.DataFrame([each for at in starts for each in _curve_day(history, int(at))])
    found["era"] = _groups(found["year"].to_numpy(), ERAS, "{}-{}")
    found["days"] = _groups(found["days"].to_numpy(), CURVE_DAYS, "{}-{}")
    groups = found.dropna().groupby(["era", "days"], observed=True)
    squares = found.assign(both=found["both"] ** 2, alone=found["alone"] ** 2).dropna()
    rms = squares.groupby(["era", "days"], observed=True)[["both", "alone"]].mean() ** 0.5
    means = groups[["both", "alone"]].mean()
    return pd.DataFrame(
        {
            "n": groups.size(),
            "mean_pct": means["both"] * 100,
            "rms_pct": rms["both"] * 100,
            "mean_alone_pct": means["alone"] * 100,
            "rms_alone_pct": rms["alone"] * 100,
        }
    ).reset_index()


def _curve_day(history: History, at: int) -> list[dict[str, float]]:
    """Model over settlement of each future of a session, logarithms."""
    session, vix = history.session(at), float(history.vix.close[at])
    vix3m = known(history.vix3m[at])
    close = history.calendar.day(session).close
    return [
        {
            "year": session.year,
            "days": (expiry - session).days,
            "both": _log_ratio(vix, vix3m, years, settled) if vix3m else np.nan,
            "alone": _log_ratio(vix, None, years, settled),
        }
        for expiry, settled in history.vx(at).items()
        for years in (years_to_open(history.calendar, expiry, close),)
    ]


def _log_ratio(vix: float, vix3m: float | None, years: float, settled: float) -> float:
    return float(np.log(vx_level(vol_levels(vix, vix3m=vix3m), years) / settled))


class _Models:
    """The surfaces of a history, as a replay builds them."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._settings = ReplaySettings(literal_contracts=True)
        self._market = HistoricMarket(history, self._settings)
        self._surfaces: dict[int, SpxSurface] = {}

    def vols(self, seen: Observations) -> Values:
        """Return the modelled volatility of each quote, decimal; shape (n,)."""
        keys = pd.DataFrame({name: getattr(seen, name) for name in ("underlying", "row", "years")})
        found = np.empty(seen.size)
        for at in keys.groupby([*keys.columns]).indices.values():
            rows = np.asarray(at)
            found[rows] = self._expiry(seen.where(rows))
        return found

    def _expiry(self, seen: Observations) -> Values:
        row, years, forward = int(seen.row[0]), float(seen.years[0]), float(seen.forward[0])
        if seen.underlying[0] == "VIX":
            vvix = float(self._history.vvix[row])
            return vix_vols(seen.strike, forward=forward, years=years, vvix=vvix)
        if row not in self._surfaces:
            self._surfaces[row] = self._surface(row)
        variance = self._surfaces[row].slice(years).total_variance(seen.log_moneyness())
        return np.sqrt(variance / years)

    def _surface(self, row: int) -> SpxSurface:
        """Return the surface whose quotes give the VIX of the session."""
        session, calendar = self._history.session(row), self._history.calendar
        listed = listed_on(session, float(self._history.spx.close[row]), calendar)
        day = self._market.day(row)
        return DayQuotes(day, listed, calendar=calendar, settings=self._settings).surface


def _maturities(seen: Observations) -> NDArray[np.str_]:
    return np.where(
        seen.underlying == "VIX",
        _groups(seen.days, MATURITIES["VIX"], "{}-{}"),
        _groups(seen.days, MATURITIES["SPX"], "{}-{}"),
    )


def _groups(
    values: NDArray[np.float64], bounds: Sequence[tuple[float, float]], name: str
) -> NDArray[np.str_]:
    """Return the name of the group that each value lies in; what lies beyond is in the last."""
    names = np.array([name.format(*each) for each in bounds])
    starts = np.array([first for first, _ in bounds])
    return names[np.clip(np.searchsorted(starts, values, side="right") - 1, 0, names.size - 1)]
