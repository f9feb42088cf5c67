"""Reads the market into one snapshot: levels, bars, breadth, VX curve, strikes that matter.

What cannot be read is left out of the snapshot, where every rule sees it as unknown.

Options are read in a few rounds (``strategies.reading``): where the wanted deltas are expected by
the smiles of the session before, then where the quotes say that they are, until nothing that the
decision would choose is unread. What is held is read always. Of the profile ``daily`` a net of
strikes is read, and then every strike between the money and the furthest wing.
"""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING, Final

from bot.core.candidates import (
    condor_candidates,
    fine_candidates,
    in_quote_order,
    threatened_condors,
)
from bot.core.chains import Chains
from bot.core.errors import LedgerError
from bot.core.regime import compute_signals
from bot.core.smile import Smiles, smiles_of
from bot.core.universe import parity_partners, shift_contracts, shift_series
from bot.levels import held_contracts, listed_series, own_strikes, read_levels
from bot.logs import get_logger
from strategies.reading_plan import LayerSeries, ReadingPlan, layer_deltas, wanted, without_market

if TYPE_CHECKING:
    from bot.core.model import MarketSnapshot, OptionContract, Quote
    from bot.core.universe import ListedSeries
    from bot.desk import Desk
    from bot.levels import Known

    Quotes = dict[OptionContract, Quote]

log = get_logger(__name__)

MOST_ROUNDS: Final = 6
"""Rounds of quotes after which a reading ends, whatever is still unread: quotes grow old.

The decision then chooses from what was read, and the log says that it is not the whole chain's.
"""


async def observe(desk: Desk) -> MarketSnapshot:
    """Read everything that one decision may know.

    Raises
    ------
    GatewayUnavailableError
        If the gateway stops answering. A refused instrument is merely unknown.
    """
    known = await read_levels(desk)
    plan, held, snapshot = _plan(desk, known), held_contracts(desk), known.levels
    asked = [*held, *parity_partners(held), *_daily_net(desk, known)]
    quotes: Quotes = {}
    for number in range(MOST_ROUNDS):
        asked += wanted(plan, snapshot)
        if number == 1:
            asked += _daily_strikes(desk, known, snapshot)
        unread = [contract for contract in dict.fromkeys(asked) if contract not in quotes]
        if not unread:
            break
        quotes |= await desk.market.options(unread)
        snapshot = with_quotes(known.levels, quotes, desk)
        if number == 0:
            later = await _later_contracts(desk, snapshot)
            plan = dataclasses.replace(plan, sold=tuple(dict.fromkeys((*plan.sold, *later))))
            asked += [contract for contracts in later.values() for contract in contracts]
    if left := sum(contract not in quotes for contract in wanted(plan, snapshot)):
        log.warning("options.unread", rounds=MOST_ROUNDS, left=left)
    _tell_of_no_market(desk, plan, snapshot)
    return snapshot


def with_quotes(snapshot: MarketSnapshot, quotes: Quotes, desk: Desk) -> MarketSnapshot:
    """Return `snapshot` with the quotes, in an order that does not depend on the asking."""
    return dataclasses.replace(snapshot, options=in_quote_order(quotes), taken_at=desk.now())


async def requote(desk: Desk, snapshot: MarketSnapshot) -> MarketSnapshot:
    """Return `snapshot` with fresh quotes of everything held now."""
    quotes = {option.contract: option.quote for option in snapshot.options}
    quotes |= await desk.market.options(held_contracts(desk))
    return with_quotes(snapshot, quotes, desk)


def _plan(desk: Desk, known: Known) -> ReadingPlan:
    """Return what is to be read, as far as it is known before the first quote."""
    notes, past = desk.ledger.hedge_notes(desk.session), desk.ledger.hedge_ledger(desk.session)
    sold = () if known.sold is None or desk.rules.condor.is_daily else (known.sold,)
    return ReadingPlan(
        sold=sold,
        bought=tuple(
            LayerSeries(series=series, deltas=layer_deltas(layer, notes, past, desk.rules.hedge))
            for layer, series in known.bought.items()
        ),
        signals=compute_signals(known.levels, desk.rules.signals),
        smiles=_smiles(desk),
        rules=desk.rules,
        held=tuple(held_contracts(desk)),
    )


def _tell_of_no_market(desk: Desk, plan: ReadingPlan, snapshot: MarketSnapshot) -> None:
    """Say which expiry cannot be priced; the decision then finds its chain unknown."""
    for series in without_market(plan, snapshot):
        name = f"{series.trading_class} {series.expiry}"
        text = f"{name}: no live two-sided market near the money; it is not priced"
        desk.ledger.incident("NO_MONEY_MARKET", session=desk.session, at=desk.now(), detail=text)
        log.warning("chain.no_money_market", series=name)


def _smiles(desk: Desk) -> Smiles:
    """Return the smiles of the session before; rules of thumb where the ledger has none.

    They only say where to look: what is wrong with them costs a round of quotes, no more.
    """
    with contextlib.suppress(LedgerError):
        before = desk.ledger.snapshot_before(desk.session)
        return Smiles() if before is None else smiles_of(before)
    return Smiles()


def _daily_net(desk: Desk, known: Known) -> tuple[OptionContract, ...]:
    rules = desk.rules.condor
    return condor_candidates(known.levels, known.sold, rules) if rules.is_daily else ()


def _daily_strikes(desk: Desk, known: Known, snapshot: MarketSnapshot) -> list[OptionContract]:
    if known.sold is None or not desk.rules.condor.is_daily:
        return []
    return fine_candidates(snapshot, known.sold, desk.rules.condor)


async def _later_contracts(
    desk: Desk, snapshot: MarketSnapshot
) -> dict[ListedSeries, list[OptionContract]]:
    """Return what threatened condors could be rolled into, by series; none while none is."""
    found: dict[ListedSeries, list[OptionContract]] = {}
    spot, rules = snapshot.level("SPX"), desk.rules.condor
    condors = desk.ledger.holdings().condors
    threatened = threatened_condors(
        snapshot, condors, chains=Chains(snapshot), calendar=desk.calendar, rules=rules
    )
    listed = await listed_series(desk, "SPX") if threatened else ()
    for condor, side in threatened:
        series = shift_series(listed, condor, desk.session, rules)
        if series is None or spot is None:
            continue
        series = await own_strikes(desk, series)
        contracts = found.setdefault(series, [])
        contracts += shift_contracts(series, condor, side, forward=spot, rules=rules)
    return found
