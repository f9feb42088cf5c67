"""Condors: where they are sold, and for how much."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest

import builders
from bot.core.book import Tier
from bot.core.decision import Action, Purpose, Verdict
from bot.core.model import Feed, Quote, Right
from bot.core.rules import LadderRules
from proposals import (
    BALANCED,
    context,
    strikes,
    verdict,
    with_rules,
)
from strategies import condor


def test_calm_market_sells_one_balanced_condor() -> None:
    proposal = condor.propose(context())

    (entry,) = proposal.intents
    gates = [each for each in proposal.verdicts if not each.subject.startswith("engine:")]
    assert all(each.passed for each in gates)
    assert entry.intent_id == "2026-07-20:condor:open_condor:balanced"
    assert entry.structure_id == "balanced-20260720"
    assert (entry.purpose, entry.action) == (Purpose.ADD, Action.OPEN_CONDOR)
    assert entry.tier is Tier.BALANCED
    assert entry.needs_cover
    assert [leg.ratio for leg in entry.legs] == [1, -1, -1, 1]
    assert [leg.contract.right.value for leg in entry.legs] == ["P", "P", "C", "C"]


def test_shorts_lie_at_their_deltas_and_wings_two_percent_of_the_forward_out() -> None:
    # vollib: the 5870 put has a delta of -0.0996, the 6660 call one of 0.0504
    (entry,) = condor.propose(context()).intents

    assert strikes(entry.legs) == [5745, 5870, 6660, 6785]


def test_expiry_is_the_one_nearest_to_the_target() -> None:
    proposal = condor.propose(context())

    assert proposal.intents[0].legs[0].contract.expiry == builders.MAIN_EXPIRY
    assert verdict(proposal, "EXPIRY_WINDOW").observed == 32


def test_of_two_expiries_equally_near_the_nearer_is_taken() -> None:
    rules = with_rules(dte_target=35, dte_minimum=25, dte_maximum=45)
    market = builders.market()
    later = dt.date(2026, 8, 27)  # 38 DTE, as far from 35 as 32
    moved = tuple(
        replace(
            option,
            contract=replace(option.contract, expiry=later, last_trade=later),
        )
        for option in market.options
        if option.contract.expiry == dt.date(2026, 8, 28)
    )

    both = context(market=replace(market, options=moved + market.options), rules=rules)

    assert verdict(condor.propose(both), "EXPIRY_WINDOW").observed == 32


def test_no_expiry_in_the_window_is_no_trade() -> None:
    proposal = condor.propose(context(rules=with_rules(dte_minimum=33, dte_maximum=38)))

    assert not proposal.intents
    assert not verdict(proposal, "EXPIRY_WINDOW").passed


def test_chain_without_live_quotes_is_no_trade() -> None:
    market = builders.with_feed(builders.market(), Feed.DELAYED)
    proposal = condor.propose(context(market=market))

    assert not proposal.intents
    assert not verdict(proposal, "CHAIN_UNKNOWN").passed
    assert not verdict(proposal, "STRIKES_QUOTED").passed


def test_chain_without_a_short_near_enough_is_no_trade() -> None:
    proposal = condor.propose(context(rules=with_rules(delta_tolerance=1e-6)))

    assert verdict(proposal, "CHAIN_UNKNOWN").passed
    assert verdict(proposal, "STRIKES_QUOTED").observed is None
    assert not proposal.intents


def test_max_loss_is_that_of_the_worst_price_accepted() -> None:
    (entry,) = condor.propose(context()).intents

    assert entry.ladder.floor == Decimal("-10.35")
    assert entry.max_loss_usd == pytest.approx((125 - 10.35) * 100)


def test_ladder_never_gives_up_the_least_credit() -> None:
    rules = replace(with_rules(minimum_credit_pct_of_width=0.084), ladder=LadderRules())
    (entry,) = condor.propose(context(rules=rules)).intents

    assert entry.mid == Decimal("-10.55")
    assert entry.ladder.floor == Decimal("-10.50")


def test_credit_below_its_share_of_the_width_is_no_trade() -> None:
    proposal = condor.propose(context(rules=with_rules(minimum_credit_pct_of_width=0.085)))

    assert not proposal.intents
    assert verdict(proposal, "MIN_CREDIT") == Verdict(
        code="MIN_CREDIT", subject=BALANCED, observed=10.55, limit=10.625, passed=False
    )


def test_credit_above_the_width_is_a_broken_quote() -> None:
    market = builders.with_quote(
        builders.market(), builders.spxw(5865, Right.PUT), Quote(bid=None, ask=0.05)
    )

    proposal = condor.propose(context(market=market, rules=with_rules(wing_pct_of_forward=0.0008)))

    assert verdict(proposal, "MIN_CREDIT").passed
    assert not verdict(proposal, "MAX_LOSS").passed
    assert not proposal.intents
