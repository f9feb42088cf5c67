"""What the monitor of conversions and reversals flags, and that it never trades."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

import builders
from bot.core.model import Feed, MarketSnapshot, OptionContract, OptionQuote, Quote, Right
from bot.core.parity import Arbitrage, ParityFlag
from bot.core.rules import ParityRules, Rules
from proposals import context, verdict
from strategies import decide, parity

STRIKE = 20.0
CALL = builders.vix_call(STRIKE, builders.NEAR_EXPIRY)
PUT = replace(CALL, right=Right.PUT)


def with_put(*, shift: float = 0.0, half: float = 0.03, feed: Feed = Feed.LIVE) -> MarketSnapshot:
    """The builders' market with one VIX put, `shift` points off parity with its call."""
    market = builders.market()
    call = market.quote(CALL)
    years = (builders.NEAR_EXPIRY - builders.SESSION).days / 365
    future = builders.VX[builders.NEAR_EXPIRY]
    middle = (call.mid or 0.0) if call else 0.0
    value = middle - math.exp(-builders.RATE * years) * (future - STRIKE) + shift
    quote = Quote(bid=value - half, ask=value + half, bid_size=30, ask_size=20, feed=feed)
    return with_sizes(builders.with_quote(market, PUT, quote))


def with_sizes(market: MarketSnapshot) -> MarketSnapshot:
    """The market with three contracts on each side of every future."""
    return replace(
        market,
        vx_curve=tuple(
            replace(future, quote=replace(future.quote, bid_size=3, ask_size=3))
            for future in market.vx_curve
        ),
    )


def flags(market: MarketSnapshot, rules: ParityRules | None = None) -> tuple[ParityFlag, ...]:
    return parity.propose(context(market=market, rules=Rules(parity=rules or ParityRules()))).parity


def test_quotes_in_parity_raise_no_flag() -> None:
    proposal = parity.propose(context(market=with_put()))

    assert proposal.parity == ()
    assert verdict(proposal, "PARITY").passed
    assert isinstance(verdict(proposal, "PARITY").observed, float)


@pytest.mark.parametrize(
    ("shift", "kind", "size"),
    [(-0.5, Arbitrage.CONVERSION, 20), (0.5, Arbitrage.REVERSAL, 30)],
)
def test_put_out_of_line_is_flagged_with_edge_and_size(
    shift: float, kind: Arbitrage, size: int
) -> None:
    (flag,) = flags(with_put(shift=shift))

    call = builders.market().quote(CALL)
    spread = (call.ask or 0.0) - (call.bid or 0.0) if call else 0.0
    # the put is 0.50 off; half the call's spread, 0.03 of the put and 0.05 of the future are paid;
    # the discount here counts whole days only
    assert (flag.expiry, flag.strike, flag.kind) == (builders.NEAR_EXPIRY, STRIKE, kind)
    assert flag.edge_points == pytest.approx(0.5 - spread / 2 - 0.03 - 0.05, abs=5e-4)
    assert flag.fees_points == pytest.approx(0.02525)
    assert flag.size == size


def test_flag_denies_the_verdict_and_blocks_no_order() -> None:
    market, book = with_put(shift=-0.5), builders.book()

    decision = decide(market, book, Rules())
    calm = decide(builders.market(), book, Rules())

    assert [flag.kind for flag in decision.parity] == [Arbitrage.CONVERSION]
    assert decision.intents == calm.intents


def test_edge_below_the_fees_is_no_flag() -> None:
    assert flags(with_put(shift=-0.5), ParityRules(option_fee_usd=30.0)) == ()


def test_monitor_never_trades() -> None:
    assert parity.propose(context(market=with_put(shift=-0.5))).intents == ()


def test_without_puts_the_monitor_knows_nothing() -> None:
    found = verdict(parity.propose(context()), "PARITY")

    assert found.observed is None
    assert not found.passed


@pytest.mark.parametrize("feed", [Feed.DELAYED, Feed.FROZEN])
def test_put_that_is_not_live_is_not_judged(feed: Feed) -> None:
    assert flags(with_put(shift=-0.5, feed=feed)) == ()


def test_future_that_is_not_live_is_not_judged() -> None:
    market = with_put(shift=-0.5)
    stale = tuple(
        replace(future, quote=replace(future.quote, feed=Feed.DELAYED))
        for future in market.vx_curve
    )

    assert flags(replace(market, vx_curve=stale)) == ()


def test_expiry_without_a_future_is_not_judged() -> None:
    market = with_put(shift=-0.5)
    others = tuple(each for each in market.vx_curve if each.expiry != builders.NEAR_EXPIRY)

    assert flags(replace(market, vx_curve=others)) == ()


def test_weekly_options_are_not_watched() -> None:
    def weekly(contract: OptionContract) -> OptionContract:
        return replace(contract, trading_class="VIXW")

    market = with_put(shift=-0.5)
    renamed = tuple(
        OptionQuote(contract=weekly(option.contract), quote=option.quote)
        if option.contract.underlying == "VIX"
        else option
        for option in market.options
    )

    assert flags(replace(market, options=renamed)) == ()


def test_strike_whose_put_is_not_quoted_on_both_sides_is_not_judged() -> None:
    market = builders.with_quote(with_put(), PUT, Quote(ask=0.05))

    found = verdict(parity.propose(context(market=market)), "PARITY")

    assert found.observed is None
