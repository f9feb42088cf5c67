"""All chains of one snapshot, priced together when the first of them is asked for.

One call of the kernel prices two hundred options as fast as twenty, so the chains of a snapshot are
never priced one by one. Nothing else is different from ``bot.core.chain`` and ``bot.core.carry``,
which say what a chain is.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

from bot.core.carry import SPX_CLASSES, at_carry, nearness
from bot.core.chain import PricedChain, parity_chain, price_series
from bot.core.series import Key, own_forward, quoted_series

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection

    from bot.core.model import MarketSnapshot, OptionQuote
    from bot.core.series import QuotedSeries


class Chains:
    """The chains of one snapshot.

    Parameters
    ----------
    snapshot
        Its quotes, VX curve, rate, calendar and levels.
    """

    def __init__(self, snapshot: MarketSnapshot) -> None:
        self._snapshot = snapshot
        self._by_parity: dict[Key, PricedChain | None] = {}

    def quoted(self, trading_classes: Collection[str]) -> list[Key]:
        """Return the series of `trading_classes` that have quotes, in no order."""
        return [key for key in self._quoted if key[0] in trading_classes]

    def own(self, trading_class: str, expiry: dt.date) -> PricedChain | None:
        """Return a chain priced at its own forward; see `bot.core.chain.price_chain`."""
        key = (trading_class, expiry)
        return self._priced[key] if key in self._own_forwards else None

    def held(self, trading_class: str, expiry: dt.date) -> PricedChain | None:
        """Return a chain, if need be at the carry of another one; see `bot.core.carry`."""
        return self._priced.get((trading_class, expiry))

    def by_parity(self, trading_class: str, expiry: dt.date) -> PricedChain | None:
        """Return a chain priced by the put-call parity of its own quotes."""
        key = (trading_class, expiry)
        if key not in self._by_parity:
            self._by_parity[key] = parity_chain(
                self._snapshot, trading_class=trading_class, expiry=expiry
            )
        return self._by_parity[key]

    @cached_property
    def _quoted(self) -> dict[Key, list[OptionQuote]]:
        """The quotes of each series."""
        options: dict[Key, list[OptionQuote]] = defaultdict(list)
        for option in self._snapshot.options:
            contract = option.contract
            options[contract.trading_class, contract.expiry].append(option)
        return options

    @cached_property
    def _series(self) -> dict[Key, QuotedSeries]:
        """Series with quotes and time left."""
        return quoted_series(self._snapshot, self._quoted)

    @cached_property
    def _own_forwards(self) -> dict[Key, float]:
        found = {key: own_forward(self._snapshot, series) for key, series in self._series.items()}
        return {key: forward for key, forward in found.items() if forward is not None}

    @cached_property
    def _priced(self) -> dict[Key, PricedChain]:
        """Every chain that has a forward of its own, or can be carried to one."""
        forwards = self._own_forwards | self._carried_forwards()
        chains = price_series([(self._series[key], forward) for key, forward in forwards.items()])
        return dict(zip(forwards, chains, strict=True))

    def _carried_forwards(self) -> dict[Key, float]:
        """Return the forwards of SPX series that have none, by the carry of the nearest one."""
        spot = self._snapshot.level("SPX")
        known = [key for key in self._own_forwards if key[0] in SPX_CLASSES]
        if spot is None or spot <= 0 or not known:
            return {}
        found: dict[Key, float] = {}
        for key, series in self._series.items():
            if key[0] in SPX_CLASSES and key not in self._own_forwards:
                nearest = min(known, key=nearness(key[1]))
                found[key] = at_carry(
                    spot,
                    forward=self._own_forwards[nearest],
                    over=self._series[nearest].years,
                    years=series.years,
                )
        return found
