"""The SPX surfaces of a history's sessions: the same for every replay of it, so found once.

A surface is scaled until its quotes give the VIX of its session. What it comes to depends on the
session and on the level to which SPX is rebased, on no rule and on no other assumption of a replay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.evidence.history import History
    from bot.evidence.market import MarketDay
    from bot.surfaces.spx_surface import Slice, SpxSurface


class DaySurface:
    """The calibrated surface of one session, with the smiles that were asked of it.

    Parameters
    ----------
    surface
        Scaled so that its quotes give the VIX of the session.
    """

    def __init__(self, surface: SpxSurface) -> None:
        self.surface = surface
        self._slices: dict[float, Slice] = {}

    def slices(self, years: Sequence[float]) -> list[Slice]:
        """Return the smiles of several expiries, each in so many `years` (> 0)."""
        missing = [each for each in years if each not in self._slices]
        if missing:
            self._slices |= zip(missing, self.surface.slices(missing), strict=True)
        return [self._slices[each] for each in years]


class Surfaces:
    """The surfaces that replays of one history have found; some 15 MB for thirty years.

    Parameters
    ----------
    history
        The history: those of another are not looked up here.
    """

    def __init__(self, history: History) -> None:
        self.history = history
        self._found: dict[tuple[int, float], DaySurface] = {}

    def of(self, day: MarketDay, find: Callable[[], SpxSurface]) -> DaySurface:
        """Return the surface of a session; `find` is asked the first time."""
        key = day.at, day.rebase
        if key not in self._found:
            self._found[key] = DaySurface(find())
        return self._found[key]
