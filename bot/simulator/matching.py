"""Which fill an order gets now: the fill model applied to live orders, whole, partial or broken.

A broken combo is a fault that can be asked for (``FillSettings.loose_legs``): its first legs
trade, the others later or never. Nothing holds their prices meanwhile: the missing legs trade at
the price they were meant to have, or at the nearest that their market then allows, so the whole
may end up outside its limit. That is the risk of legging, shown as it is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.simulator.clearing import Clearing, Fill
from bot.simulator.fills import allocate, fill_debit, net_book
from bot.simulator.working import LooseFill

if TYPE_CHECKING:
    import datetime as dt
    from decimal import Decimal

    from bot.simulator.fills import FillSettings, NetBook
    from bot.simulator.instruments import Instruments
    from bot.simulator.working import WorkingOrder


class Matching:
    """Finds fills for orders; booking them is the exchange's matter.

    Parameters
    ----------
    instruments
        The listing, which quotes.
    clearing
        Numbers the fills.
    """

    def __init__(self, instruments: Instruments, clearing: Clearing) -> None:
        self._instruments = instruments
        self._clearing = clearing

    def fill(self, order: WorkingOrder, settings: FillSettings, now: dt.datetime) -> Fill | None:
        """Return the fill that `order` gets at `now` by the fill model, or ``None``."""
        book = self._book(order)
        if book is None:
            return None
        if order.loose is not None:
            due = order.remainder_due(settings, now)
            return self._missing_legs(order, order.loose, book=book, now=now) if due else None
        debit = fill_debit(book, order.resting(now), settings)
        units = order.units_allowed(settings, now)
        if debit is None or not units:
            return None
        fill = self._whole(order, units, prices=allocate(book, debit), now=now)
        broken = order.terms.combo and settings.loose_legs is not None
        return (
            self._first_legs(fill, range(len(fill.prices))[: settings.loose_legs])
            if broken
            else fill
        )

    def late_fill(self, order: WorkingOrder, now: dt.datetime) -> Fill | None:
        """Return a fill of all that remained of a cancelled order, inside the market of `now`.

        Of a broken combo it is the legs that are missing: what has traded does not trade again.
        """
        book = self._book(order)
        if book is None:
            return None
        if order.loose is not None:
            return self._missing_legs(order, order.loose, book=book, now=now)
        limit = order.resting(now).limit
        debit = book.natural if limit is None else max(min(limit, book.natural), book.best)
        return self._whole(order, order.remaining, prices=allocate(book, debit), now=now)

    def _book(self, order: WorkingOrder) -> NetBook | None:
        legs = order.terms.legs
        return net_book(legs, [self._instruments.quote(instrument) for instrument, _ in legs])

    def _whole(
        self, order: WorkingOrder, units: int, *, prices: tuple[Decimal, ...], now: dt.datetime
    ) -> Fill:
        return Fill(
            order=order,
            family=self._clearing.family(now),
            units=units,
            prices=prices,
            legs=range(len(prices)),
            completes=True,
            now=now,
        )

    def _first_legs(self, fill: Fill, done: range) -> Fill:
        """Return the part of `fill` that its first legs are; the order waits for the others."""
        fill.order.loose = LooseFill(
            family=fill.family, units=fill.units, prices=fill.prices, legs_done=len(done)
        )
        fill.order.last_fill_at = fill.now
        return replace(fill, legs=done, completes=False)

    def _missing_legs(
        self, order: WorkingOrder, loose: LooseFill, *, book: NetBook, now: dt.datetime
    ) -> Fill:
        order.loose = None
        missing = range(loose.legs_done, len(loose.prices))
        late = [min(max(loose.prices[i], book.legs[i].bid), book.legs[i].ask) for i in missing]
        return Fill(
            order=order,
            family=loose.family,
            units=loose.units,
            prices=(*loose.prices[: loose.legs_done], *late),
            legs=missing,
            completes=True,
            now=now,
        )
