"""What each code of a verdict asks, in words: the vocabulary of ``steward explain``.

A new code gets its words here; a test holds every code of the core and the strategies to it. The
words say what passes. For a rule about something held, to pass is to act.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.review.format import observed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.core.decision import Verdict

WORDS: Final[Mapping[str, str]] = {
    # the book and the bot
    "TRADING_STATE": "the kill switch lets orders of this purpose through",
    "LOCKED": "ledger and broker agree on what is held",
    "IN_FLIGHT": "the end of every earlier order is proven",
    "CLOCK_SKEW": "the clocks of machine and gateway agree within 2 s",
    "SESSION_DISPUTED": "calendar and broker agree on the session's hours",
    "ADOPTED_SHORT": "no short position outside of every cap of risk was adopted",
    "QUICK_RATIO": "cash and VIX calls over condor width and pending debits reach the bound",
    # what an entry must know
    "HISTORY_UNKNOWN": "every signal made from daily bars is known",
    "BREADTH_UNKNOWN": "breadth is known",
    "SPX_UNKNOWN": "the SPX level is known, so that the hedge can be sized",
    "VIX_UNKNOWN": "the VIX level is known",
    "VX_CURVE_UNKNOWN": "the first two VX futures are known, so that the hedge can be priced",
    # gates of an entry
    "VIX_TERM_STRUCTURE": "VIX/VIX3M is below the bound: no backwardation",
    "STRESS_REGIME": "the regime is not stress",
    "MACD_BREADTH": "the MACD histogram does not cross below 0 while breadth is down",
    "EVENT_FOMC": "no FOMC decision is due before the close of the next session",
    "EVENT_CPI": "no CPI release is due before the close of the next session",
    "EVENT_PPI": "no PPI release is due before the close of the next session",
    "VIX_SCALING": "the VIX level allows this tier",
    "LINE_UP": "the rules in force sell this tier",
    "TIER_ENTERED": "no condor of this tier was opened today",
    "EXPIRY_WINDOW": "an expiry lies within the window of days",
    "CHAIN_UNKNOWN": "the chain of that expiry can be priced",
    "STRIKES_QUOTED": "short strikes and wings are quoted where the rules want them",
    "MIN_CREDIT": "the credit at the mid is worth the width",
    "MAX_LOSS": "the credit is below the width, as in every sound market",
    "SESSION_RISK": "the max loss opened today stays within its share of NAV",
    "EXPIRY_RISK": "the max loss of this expiry stays within its share of NAV",
    "BOOK_RISK": "the max loss of all condors stays within its share of NAV",
    "JOINT_STRESS": "the worst cell of the stress grid with this condor stays within its share",
    "OPPOSITE_ORDER": "no other order of today trades one of its legs the other way",
    # the second engine
    "ENGINE_BUDGET": "realised hedge gains have left a budget, in USD",
    "ENGINE_VIX": "VIX is above the level from which it is elevated",
    "ENGINE_WAVE": "VIX, VIX/VIX3M and the MACD histogram of VIX say that the wave ebbs",
    "ENGINE_RISK": "the max loss of its condors stays within the budget",
    # what ends a condor, or moves it
    "FLATTEN": "the kill switch says that everything goes: it is closed",
    "TAKE_PROFIT": "the debit to close is at most this share of the credit: it is closed",
    "TIME_EXIT": "its days are used up: it is closed",
    "STOP": "the debit to close has reached this multiple of the credit: it is closed",
    "THREAT_DELTA": "a short strike's delta has reached the bound: it is threatened",
    "THREAT_EDR": "spot is within one expected daily range of a short strike: it is threatened",
    "SHIFT_ONCE": "it was not shifted before",
    "SHIFT_GATES": "every gate of an entry lets its successor through",
    "SHIFT_EXPIRY": "a later expiry of the window is quoted",
    "SHIFT_CREDIT": "the new credit pays for the close and the fees",
    "SHIFT_QUANTITY": "the whole condor may be sold anew",
    "EXIT_IN_FLIGHT": "no other order for it is on its way",
    "LAST_TRADE": "it may still be traded",
    "PRICE_UNKNOWN": "every leg that must be bought has an ask",
    # the hedge
    "HEDGE_UNITS": "the SPX level is known; the bound is the units that the condors need",
    "MINIMUM_HEDGE": "NAV is large enough for the smallest hedge to meet the drag target",
    "HEDGE_COVER": "the layers held cover the open condors, or a paced entry has its grace",
    "TEMPORAL_VEGA": "where the near layer gains, no longer layer lacks contracts",
    "RESTRIKING": "neither stress nor the VIX RSI forbids striking anew before the hard roll",
    "PROTECTION_ABANDONED": "no layer is left short in a decline without fear",
    "LAYER_TARGET": "the layer holds its contracts",
    "LAYER_QUOTE": "a call of the layer has a two-sided market",
    "LAYER_IN_FLIGHT": "no other order for the layer is on its way",
    "LAYER_PACE": "the goal of today is the whole target: nothing is spread over sessions",
    "LAYER_DELTA": "the delta that is bought is not below its least",
    "LAST_SESSION": "its last session is still to come",
    "LOT_QUOTE": "somebody is known to bid for it",
    "ROLL_DUE": "its days are used up: it is due",
    "ROLL_EXTRINSIC": "this share of the time value bought is gone, below cost: it is due",
    "ROLL_WAIT": "it is due and waits: in stress, in a calm rise, or for the cash press",
    "ROLL_EARLY": "its delta has drifted and the signals call its roll forward",
    "MONETISE": "it is worth this multiple of its cost: half of it is sold",
    "MONETISE_REST": "the wave is over: what was left of it is sold",
    "HEDGE_DRAG": "a year's net hedge cost over average NAV is within the bound",
    "HEDGE_PCF": "hedge premium outstanding over 90 sessions' condor credit is within the bound",
    "CASH_PRESS": "VIX options are not dear against what the VX future does: no cash press",
    "PARITY": "no conversion or reversal has an edge above its fees",
}
"""What must be so for a verdict to pass, by code."""


def words_of(code: str) -> str:
    """Return what the gate asks; of a code of an earlier version, that it is not known."""
    return WORDS.get(code, "a code that this version does not know")


def sentence(verdict: Verdict) -> str:
    """Return the verdict in one sentence: what is asked, what was seen, and the bound."""
    seen, bound = observed(verdict.observed), observed(verdict.limit)
    said = "passed" if verdict.passed else "not passed"
    return f"{words_of(verdict.code)}: {said}, seen {seen}, bound {bound}"
