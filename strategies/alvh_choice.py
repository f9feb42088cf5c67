"""Which VIX call a layer buys.

Only monthly VIX expiries that are not yet due for a roll are bought: inside the layer's window the
one nearest to its target, else the nearest to it. The strike is the two-sided one nearest to the
layer's delta, by Black-76 on the VX future of the same expiry. Where the VX future or the quotes
of an expiry are unknown, the next best expiry of the window serves. Where no VX future of them is
known, the forward is that which put-call parity finds in the options: unknown futures forbid new
condors, and they shall not keep protection from being bought. A contract that the same decision
sells is never bought.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.core.model import Right
from bot.core.sessions import is_monthly_vix_expiry
from bot.core.windows import in_window, preference
from strategies.alvh_orders import Choice

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Iterable

    from bot.core.chain import PricedChain
    from bot.core.model import OptionContract, Session
    from bot.core.rules import LayerRules
    from strategies.base import Context

VIX_CLASS: Final = "VIX"
"""Trading class of the monthly VIX options; VIXW are the weeklies."""

ANY_DELTA: Final = 1.0
"""Tolerance of the search by delta: the nearest two-sided strike, however far it is."""


def choose_contract(
    context: Context,
    expiries: Iterable[dt.date],
    *,
    delta: float,
    sold: Collection[OptionContract] = (),
) -> Choice | None:
    """Return the VIX call to be bought now, or ``None`` when none is quoted.

    Parameters
    ----------
    context
        Quotes and VX curve.
    expiries
        Those that the layer may buy, best first.
    delta
        Delta aimed at.
    sold
        Contracts that this decision sells.
    """
    for priced in (context.chain, context.parity_chain):
        for expiry in expiries:
            chain = priced(VIX_CLASS, expiry)
            choice = None if chain is None else _by_delta(chain, delta, sold)
            if choice is not None:
                return choice
    return None


def monthly_expiries(context: Context) -> tuple[dt.date, ...]:
    """Return the monthly expiries that are quoted and not in their last session."""
    following = context.calendar.next(context.session)
    return tuple(
        expiry
        for _, expiry in context.chains.quoted((VIX_CLASS,))
        if expiry > following and is_monthly_vix_expiry(expiry, context.calendar)
    )


def buyable_expiries(
    monthly: Iterable[dt.date], session: Session, rules: LayerRules
) -> tuple[dt.date, ...]:
    """Return `monthly` expiries beyond the roll, best first: those in the window, or else all.

    Best is what ``bot.core.windows`` prefers.
    """
    beyond = [expiry for expiry in monthly if (expiry - session).days > rules.roll_dte]
    inside = [expiry for expiry in beyond if in_window(expiry, session, rules)]
    return tuple(sorted(inside or beyond, key=lambda expiry: preference(expiry, session, rules)))


def _by_delta(chain: PricedChain, delta: float, sold: Collection[OptionContract]) -> Choice | None:
    index = chain.nearest_delta(Right.CALL, delta, tolerance=ANY_DELTA, without=sold)
    if index is None:
        return None
    return Choice(contract=chain.contracts[index], extrinsic_points=float(chain.extrinsic[index]))
