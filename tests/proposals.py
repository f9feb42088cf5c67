"""What the tests of strategies ask for, and how they read the answer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import builders
from bot.core.context import Context
from bot.core.decision import OrderIntent, Purpose, Verdict
from bot.core.hedge_rules import HedgeRules, PaceRules, ProfitRules, RollRules
from bot.core.rules import CondorRules, Rules
from strategies import alvh

if TYPE_CHECKING:
    import datetime as dt

    from bot.core.book import Book, HedgeLot, Layer, Leg
    from bot.core.decide import Proposal
    from bot.core.model import MarketSnapshot

BALANCED = "condor:balanced"


def context(
    book: Book | None = None,
    *,
    market: MarketSnapshot | None = None,
    rules: Rules | None = None,
    **signals: object,
) -> Context:
    """A context of the builders' market, balanced tier only; `signals` replaces computed ones."""
    made = Context.of(market or builders.market(), book or builders.book(), rules or with_rules())
    return replace(made, signals=replace(made.signals, **signals))


PLAIN_HEDGE = HedgeRules(
    pace=PaceRules(fast_sessions=1, sessions=1, slow_sessions=1),
    rolls=RollRules(extrinsic_gone=1.0, wait_sessions=0, early=False),
    profit=ProfitRules(share=0.0),
)
"""A hedge that is bought at once, rolled by its days only, and kept."""


def with_rules(**changes: object) -> Rules:
    """Default rules but for some of the condor's: the balanced tier only, a plain hedge."""
    return Rules(condor=replace(CondorRules(tiers=("balanced",)), **changes), hedge=PLAIN_HEDGE)


def at(session: dt.date) -> MarketSnapshot:
    """The builders' market with its date moved, so that other days to expiry are left."""
    return replace(builders.market(), session=session)


def hedge(
    *lots: HedgeLot, market: MarketSnapshot | None = None, in_flight: tuple[str, ...] = ()
) -> Proposal:
    """What the hedge proposes for a book of `lots`."""
    book = replace(builders.book(lots=lots), in_flight=in_flight)
    return alvh.propose(context(book, market=market))


def entries(proposal: Proposal) -> list[OrderIntent]:
    """Intents that add risk."""
    return [intent for intent in proposal.intents if intent.purpose is Purpose.ADD]


def exits(proposal: Proposal) -> list[OrderIntent]:
    """Intents that reduce risk."""
    return [intent for intent in proposal.intents if intent.purpose is Purpose.REDUCE]


def of_layer(proposal: Proposal, layer: Layer) -> list[OrderIntent]:
    """Intents of one layer."""
    return [intent for intent in proposal.intents if intent.layer is layer]


def verdict(proposal: Proposal, code: str) -> Verdict:
    """The only verdict of one gate."""
    (found,) = verdicts(proposal, code).values()
    return found


def verdicts(proposal: Proposal, code: str) -> dict[str, Verdict]:
    """The verdicts of one gate by subject."""
    return {each.subject: each for each in proposal.verdicts if each.code == code}


def strikes(legs: tuple[Leg, ...]) -> list[float]:
    """Strikes in the order of the legs."""
    return [leg.contract.strike for leg in legs]
