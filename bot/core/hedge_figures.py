"""What one hedge lot, and one layer, is worth and how it lies, in figures of this session.

The *mark* is the bid, which is what a call would fetch; a call for which nobody bids is worth 0.
Delta and extrinsic value are by Black-76 on the VX future of the same expiry, at the mid.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.core.book import HedgeLot
from bot.core.decision import LayerFigures
from bot.core.model import MULTIPLIER
from bot.core.valuation import bid_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.core.book import HedgeSale, Layer
    from bot.core.chain import PricedChain
    from bot.core.model import Quote


@dataclass(frozen=True, slots=True, kw_only=True)
class LotFigures:
    """A lot with its figures; ``None`` is unknown.

    Parameters
    ----------
    lot
        What is held.
    sold
        Contracts of it that were sold at a profit.
    mark_points
        Bid of one contract.
    extrinsic_points
        Extrinsic value of one contract left at the mid; 0 where nobody bids.
    delta
        Of one contract.
    """

    lot: HedgeLot
    sold: int = 0
    mark_points: float | None = None
    extrinsic_points: float | None = None
    delta: float | None = None

    @property
    def covers(self) -> int:
        """Contracts of the target that it stands for: what is left of a lot stands for it all."""
        return self.lot.quantity + self.sold

    @property
    def mark_multiple(self) -> float | None:
        """Mark over cost."""
        cost = float(self.lot.cost_points)
        return None if self.mark_points is None or cost <= 0 else self.mark_points / cost

    @property
    def extrinsic_gone(self) -> float | None:
        """Share of the extrinsic value bought that is gone; negative when there is more of it."""
        bought = self.lot.extrinsic_points
        if bought is None or bought <= 0 or self.extrinsic_points is None:
            return None
        return 1 - self.extrinsic_points / bought


def lot_figures(
    lot: HedgeLot,
    *,
    quote: Quote | None,
    chain: PricedChain | None,
    sales: Iterable[HedgeSale],
) -> LotFigures:
    """Return the figures of a lot.

    Parameters
    ----------
    lot
        What is held.
    quote
        Live quote of its contract.
    chain
        Priced chain of its expiry.
    sales
        Monetising sales of the hedge, of any lot.
    """
    mark = bid_of(quote)
    delta = extrinsic = None
    if chain is not None and (index := chain.index_of(lot.contract)) is not None:
        delta, extrinsic = _known(chain.delta[index]), _known(chain.extrinsic[index])
    return LotFigures(
        lot=lot,
        sold=sum(sale.quantity for sale in sales if sale.lot_id == lot.lot_id),
        mark_points=mark,
        extrinsic_points=0.0 if mark == 0 else extrinsic,
        delta=delta,
    )


def layer_figures(
    layer: Layer, lots: Sequence[LotFigures], *, target: int, target_delta: float
) -> LayerFigures:
    """Return the state of a layer from the `lots` that protect beyond this session.

    What becomes of its rolls is left open.
    """
    cost = sum(float(each.lot.cost_points) * each.lot.quantity for each in lots) * MULTIPLIER
    mark = _total_usd(lots, [each.mark_points for each in lots])
    held = sum(each.lot.quantity for each in lots)
    delta = _total_usd(lots, [each.delta for each in lots])
    return LayerFigures(
        layer=layer,
        target=target,
        held=held,
        cost_usd=cost,
        extrinsic_bought_usd=_total_usd(lots, [each.lot.extrinsic_points for each in lots]),
        extrinsic_left_usd=_total_usd(lots, [each.extrinsic_points for each in lots]),
        mark_multiple=None if mark is None or cost <= 0 else mark / cost,
        delta=None if delta is None or not held else delta / MULTIPLIER / held,
        target_delta=target_delta,
    )


def _total_usd(lots: Sequence[LotFigures], points: Sequence[float | None]) -> float | None:
    """Sum an amount in points over all contracts, in USD; unknown if one of them is."""
    known = [value for value in points if value is not None]
    if len(known) < len(points):
        return None
    return sum(v * each.lot.quantity for v, each in zip(known, lots, strict=True)) * MULTIPLIER


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
