"""The profile daily: next session's options, a credit as the aim, both shorts out of the range."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from vollib.black import black

import builders
from bot.core.model import OptionQuote, Right
from bot.core.rules import CondorRules, DailyRules
from bot.core.universe import ListedSeries, condor_series, fine_condor_contracts
from proposals import context, entries, strikes, verdict, with_rules
from strategies import condor

if TYPE_CHECKING:
    from bot.core.decide import Proposal
    from bot.core.model import MarketSnapshot

TOMORROW = dt.date(2026, 7, 21)
YEARS = (24.5 * 60) / 525_600  # 15:30 to 16:00 of the next session
EDR = 17.0 / math.sqrt(252)  # percent


def quoted(strike: float, right: Right) -> OptionQuote:
    vol = 1.4 * builders.spx_vol(strike, builders.SPX, YEARS * 4)
    value = black(right.value.lower(), builders.SPX, strike, YEARS, builders.RATE, vol)
    return OptionQuote(
        contract=builders.spxw(strike, right, TOMORROW),
        quote=builders.quote_around(value, builders.spx_tick, 0.01),
    )


def market() -> MarketSnapshot:
    made = builders.market()
    chain = tuple(
        quoted(float(strike), right) for strike in range(6050, 6555, 5) for right in Right
    )
    return replace(made, options=(*made.options, *chain))


def daily(*, snapshot: MarketSnapshot | None = None, **changes: object) -> Proposal:
    rules = with_rules(profile="daily", **changes)
    return condor.propose(context(market=snapshot or market(), rules=rules))


def mid(strike: float, right: Right) -> float:
    found = quoted(strike, right).quote
    return ((found.bid or 0.0) + (found.ask or 0.0)) / 2


def test_it_sells_what_expires_in_the_next_session() -> None:
    (entry,) = entries(daily())

    assert {leg.contract.expiry for leg in entry.legs} == {TOMORROW}
    assert {leg.contract.trading_class for leg in entry.legs} == {"SPXW"}


@pytest.mark.parametrize(
    ("tier", "target"), [("conservative", 0.70), ("balanced", 1.15), ("aggressive", 1.60)]
)
def test_credit_is_the_tiers_aim_and_no_richer_than_it_must_be(tier: str, target: float) -> None:
    proposal = daily(tiers=(tier,), vix_scaling="vixshield", vix_low=18.0)

    (entry,) = entries(proposal)
    assert float(-entry.mid) >= target - 0.005
    low, put, call, high = strikes(entry.legs)
    assert put <= builders.SPX * (1 - EDR / 100)
    assert call >= builders.SPX * (1 + EDR / 100)
    assert put - low == high - call == 15.0  # 0.2 % of 6300 on the grid is 12.6, so 15
    assert float(-entry.mid) >= 0.04 * 15


@pytest.mark.parametrize("target", [0.95, 1.55, 1.95, 2.55, 3.15, 3.75])
def test_no_pair_further_out_brings_the_aim(target: float) -> None:
    # every pair of shorts that brings the aim, by hand: the chosen one has the least nearer delta
    rules = DailyRules(
        conservative_credit=0.5, balanced_credit=target, aggressive_credit=5.0, edr_multiple=0.5
    )
    (entry,) = entries(daily(daily=rules))
    chain = context(market=market()).chain("SPXW", TOMORROW)
    assert chain is not None
    deltas = dict(zip(chain.contracts, abs(chain.delta), strict=True))

    def delta(strike: float, right: Right) -> float:
        return float(deltas[builders.spxw(strike, right, TOMORROW)])

    def credit(put: float, call: float) -> float:
        of_put = mid(put, Right.PUT) - mid(put - 15, Right.PUT)
        return of_put + mid(call, Right.CALL) - mid(call + 15, Right.CALL)

    puts = [put for put in range(6090, 6270, 5) if delta(put, Right.PUT) >= 0.05]
    calls = [call for call in range(6335, 6500, 5) if delta(call, Right.CALL) >= 0.05]
    rich = [
        (max(delta(put, Right.PUT), delta(call, Right.CALL)), credit(put, call), put, call)
        for put, call in itertools.product(puts, calls)
        if credit(put, call) >= target - 0.001
    ]
    _, put, call, _ = strikes(entry.legs)

    assert (put, call) == min(rich)[2:]


def test_shorts_stand_the_configured_number_of_ranges_out() -> None:
    rules = DailyRules(balanced_credit=0.75, edr_multiple=1.4)

    (entry,) = entries(daily(daily=rules, delta_floor=0.01))

    _, put, call, _ = strikes(entry.legs)
    assert put <= builders.SPX * (1 - 1.4 * EDR / 100)
    assert call >= builders.SPX * (1 + 1.4 * EDR / 100)


def test_a_market_calmer_than_its_vix_leaves_nothing_above_the_delta_floor() -> None:
    proposal = daily(delta_floor=0.14)

    assert not entries(proposal)


def test_a_credit_out_of_reach_is_no_trade() -> None:
    proposal = daily(daily=DailyRules(balanced_credit=12.0, aggressive_credit=12.0))

    assert not entries(proposal)
    assert not verdict(proposal, "STRIKES_QUOTED").passed


def test_an_unquoted_next_session_is_no_trade() -> None:
    proposal = daily(snapshot=builders.market())

    assert not entries(proposal)
    assert verdict(proposal, "EXPIRY_WINDOW").observed is None
    assert verdict(proposal, "EXPIRY_WINDOW").limit == "next session"


def test_an_unknown_level_or_range_is_no_trade() -> None:
    blind = builders.with_level(market(), "SPX", None)

    assert not entries(daily(snapshot=blind))
    rules = with_rules(profile="daily")
    assert not entries(condor.propose(context(market=market(), rules=rules, edr_pct=None)))


@pytest.mark.parametrize("kind", ["fomc", "cpi", "ppi"])
def test_it_never_goes_through_an_event_whatever_the_gate_says(kind: str) -> None:
    made = market()
    events = replace(made.events, **{kind: (TOMORROW, dt.date(2026, 12, 30))})

    proposal = daily(snapshot=replace(made, events=events), event_gate=False)

    assert not verdict(proposal, f"EVENT_{kind.upper()}").passed
    assert not entries(proposal)


def listed(expiry: dt.date, trading_class: str = "SPXW") -> ListedSeries:
    return ListedSeries(
        underlying="SPX",
        trading_class=trading_class,
        expiry=expiry,
        last_trade=expiry,
        strikes=tuple(map(float, range(6000, 6605, 5))),
    )


def test_the_series_to_quote_is_that_of_the_next_session() -> None:
    rules = CondorRules(profile="daily")
    series = [listed(builders.MAIN_EXPIRY), listed(TOMORROW, "SPX"), listed(TOMORROW)]

    assert condor_series(series, builders.SESSION, rules, tomorrow=TOMORROW) is series[2]
    assert condor_series(series[:2], builders.SESSION, rules, tomorrow=TOMORROW) is None


def test_every_strike_from_the_money_to_the_last_wing_is_quoted() -> None:
    chain = context(market=market()).chain("SPXW", TOMORROW)
    assert chain is not None
    (entry,) = entries(daily())

    wanted = fine_condor_contracts(chain, listed(TOMORROW), CondorRules(profile="daily"))

    assert {leg.contract for leg in entry.legs} <= set(wanted)
    assert len(wanted) <= 2 * 60
