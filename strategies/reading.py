"""Which strikes to quote next, so that the choice is the one that the whole chain would make.

Quotes cost time behind the venue's limits. The strikes that have not been read are predicted
(``bot.core.smile``), the rules that will decide choose from the completed chain, and what they
choose is read, with its neighbours; then again with what has come, until nothing that is chosen is
unread. Rules, with the exceptions:

- The shorts of every tier are read, also of tiers that are not sold now, in the shape that the
  signals give them, each between its two neighbours: a quote may be a step of delta off the smile.
- A wing is read alone: it is chosen by width, and only one that is not offered moves it.
- The strikes nearest the forward are read with both rights: put-call parity of them is the forward,
  and it must be that of the whole chain.
- Of a VIX expiry the calls round the delta of its layer are read, one step of delta in and out too.
  A call that is held may be sold by the same decision, which then buys another one: what is nearest
  without those that are held is read as well.
- Of a VIX expiry call and put of the strikes nearest the money are read, for the parity monitor and
  for the forward where the VX future is not quoted.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Final

import numpy as np

from bot.core.book import Tier
from bot.core.chain import PARITY_STRIKES
from bot.core.model import Right
from bot.core.smile import completed
from strategies.condor_strikes import condor_legs, shaped_deltas, short_strike

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from bot.core.chain import PricedChain
    from bot.core.model import OptionContract
    from bot.core.regime import Signals
    from bot.core.rules import CondorRules, TierDeltas
    from bot.core.smile import Terms
    from bot.core.universe import ListedSeries

ANY_DELTA: Final = 1.0

LENIENCE: Final = 0.02
"""Delta by which a predicted short may miss the tolerance and is read all the same."""

SPX_SURE: Final = 0.001
VIX_SURE: Final = 0.015
"""Delta by which a strike is nearer than its neighbour, so that no quote reverses it."""


def tier_aims(signals: Signals, rules: CondorRules) -> tuple[TierDeltas, ...]:
    """Return the deltas of the shorts of every tier, as the signals shape them."""
    return tuple(dict.fromkeys(shaped_deltas(tier, signals, rules) for tier in Tier))


def first_condor_contracts(
    series: ListedSeries, terms: Terms, aims: Iterable[TierDeltas], rules: CondorRules
) -> tuple[OptionContract, ...]:
    """Return the first pass: the money, and a point of the smile where each short should be."""
    chain = completed(series, terms, None)
    shorts = [chain.contracts[index] for _, index in _shorts(chain, aims, rules)]
    return _unique(*_money(chain, PARITY_STRIKES), *shorts)


def condor_contracts(
    series: ListedSeries,
    terms: Terms,
    read: PricedChain,
    aims: Collection[TierDeltas],
    rules: CondorRules,
) -> tuple[OptionContract, ...]:
    """Return all that a choice of condors rests on, read or not.

    Parameters
    ----------
    series
        The expiry to be sold, with its listed strikes.
    terms
        Predicted.
    read
        What has been read of it.
    aims
        Absolute deltas of the shorts.
    rules
        Of the choice.
    """
    chain = completed(series, terms.as_read(read), read)
    wanted = list(_money(chain, PARITY_STRIKES))
    for target, index in _shorts(chain, aims, rules):
        wanted += _rivals(chain, index, target, sure=SPX_SURE)
    for deltas in aims:
        legs = condor_legs(chain, deltas, _lenient(rules))
        wanted += [leg.contract for leg in legs or () if leg.ratio > 0]
    return _unique(*wanted)


def hedge_contracts(  # noqa: PLR0913 - one expiry with all that its choice rests on
    series: ListedSeries,
    terms: Terms,
    read: PricedChain | None,
    deltas: Iterable[float],
    *,
    parity_strikes: int,
    held: Collection[OptionContract] = (),
) -> tuple[OptionContract, ...]:
    """Return all that the choice of a layer's call rests on, read or not.

    Parameters
    ----------
    series
        A VIX expiry, with its listed strikes.
    terms
        Predicted, with the VX future of the expiry as the forward where it is known.
    read
        What has been read of it, ``None`` for nothing.
    deltas
        Absolute deltas at which the layer may be bought.
    parity_strikes
        Strikes nearest the forward of which call and put are read.
    held
        Contracts that may be sold by the decision, which then buys none of them.
    """
    chain = completed(series, terms if read is None else terms.as_read(read), read)
    wanted = list(_money(chain, parity_strikes))
    if (nearest := chain.nearest_strike(Right.CALL, chain.forward)) is not None:
        wanted.append(chain.contracts[nearest])
    for delta, without in product(deltas, ((), held)):
        index = chain.nearest_delta(Right.CALL, delta, tolerance=ANY_DELTA, without=without)
        wanted += () if index is None else _rivals(chain, index, delta, sure=VIX_SURE)
    return _unique(*wanted)


def _shorts(
    chain: PricedChain, aims: Iterable[TierDeltas], rules: CondorRules
) -> Iterator[tuple[float, int]]:
    """Yield the delta aimed at and the position of each short, puts and calls of each aim."""
    for deltas in aims:
        for right, target in ((Right.PUT, deltas.put), (Right.CALL, deltas.call)):
            index = short_strike(chain, right, target=target, rules=_lenient(rules))
            if index is not None:
                yield target, index


def _lenient(rules: CondorRules) -> CondorRules:
    """Return the rules with room for the error of a prediction: a short may come to be allowed."""
    return replace(rules, delta_tolerance=rules.delta_tolerance + LENIENCE)


def _money(chain: PricedChain, count: int) -> Iterator[OptionContract]:
    """Yield call and put of the `count` listed strikes nearest the forward."""
    strikes = np.unique(chain.strike)
    nearest = strikes[np.argsort(np.abs(strikes - chain.forward), kind="stable")][:count]
    return (contract for contract in chain.contracts if contract.strike in nearest)


def _rivals(chain: PricedChain, chosen: int, target: float, *, sure: float) -> list[OptionContract]:
    """Return the option that is nearest to a delta, and the neighbours that could be nearer.

    A neighbour whose predicted delta is further off by more than `sure` cannot.
    """
    same = np.flatnonzero(chain.is_call == chain.is_call[chosen])
    at = int(np.searchsorted(same, chosen))
    beside = same[max(at - 1, 0) : at + 2]
    miss = np.abs(np.abs(chain.delta) - target)
    return [
        chain.contracts[index]
        for index in beside
        if index == chosen or not miss[index] > miss[chosen] + sure
    ]


def _unique(*contracts: OptionContract) -> tuple[OptionContract, ...]:
    return tuple(dict.fromkeys(contracts))
