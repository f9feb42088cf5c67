"""A price ladder at the quotes of now, for an order whose turn comes minutes after its decision.

Rules, with the exceptions:

- The ladder is made as the decision made it: the same share of the half-spread, the same steps,
  the same worst price where a rule sets one. Only the quotes are new.
- New risk is never sold for less than the worst price that was decided: the credit rule and the
  caps were held against it. Where the mid of now is worse than that, or unknown, there is no
  ladder, and the order is not sent.
- Everything else follows the market. A profit that is taken keeps its worst price, and is at worst
  not taken today.
- Where nothing is quoted now, the hedge and what reduces risk keep the ladder of the decision:
  unknown stops neither. So does a hedge call for which nobody bids any more, sold or bought: the
  middle of nothing and a lone ask is no price, and to offer it would be to pay it.
- The mid and the natural price of the intent stay those of the decision: slippage is counted from
  there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.core.decision import Purpose
from bot.core.model import Feed
from bot.core.plan import OrderPrice, make_hedge_ladder, make_ladder, price_order

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from decimal import Decimal

    from bot.core.decision import OrderIntent, PriceLadder
    from bot.core.model import OptionContract, Quote
    from bot.core.rules import LadderRules


def live(quotes: Mapping[OptionContract, Quote]) -> Callable[[OptionContract], Quote | None]:
    """Return a look-up of the quotes that count: live, and neither crossed nor locked."""
    return {contract: quote for contract, quote in quotes.items() if _counts(quote)}.get


def _counts(quote: Quote) -> bool:
    one_sided = quote.bid is None or quote.ask is None
    return quote.feed is Feed.LIVE and (one_sided or quote.two_sided)


def repriced(
    intent: OrderIntent, quote: Callable[[OptionContract], Quote | None], rules: LadderRules
) -> OrderIntent | None:
    """Return `intent` with its ladder at the quotes of now; ``None`` if it adds risk too cheaply.

    Parameters
    ----------
    intent
        As it was decided, its ladder made by ``bot.core.plan``.
    quote
        Looks up the live quote of a contract, as it is now.
    rules
        Steps and seconds of the ladder.
    """
    price = _price(intent, quote)
    if intent.purpose is Purpose.ADD:
        return _within_the_floor(intent, price, rules)
    ladder = None if price is None else _ladder(intent, price, rules, worst=intent.ladder.worst)
    return intent if ladder is None else replace(intent, ladder=ladder)


def _price(
    intent: OrderIntent, quote: Callable[[OptionContract], Quote | None]
) -> OrderPrice | None:
    """Return the net price of one unit now; ``None`` where it is unknown, or nobody bids."""
    price = price_order(intent.legs, quote, abandon=intent.purpose is Purpose.REDUCE)
    return None if price is not None and _nobody_bids(intent, quote) else price


def _nobody_bids(intent: OrderIntent, quote: Callable[[OptionContract], Quote | None]) -> bool:
    """Whether the one side that says what a lone call is worth is missing."""
    (first, *others) = intent.legs
    if others or (first.ratio > 0 and intent.purpose is not Purpose.PROTECT):
        return False
    quoted = quote(first.contract)
    return quoted is None or not quoted.bid


def _within_the_floor(
    intent: OrderIntent, price: OrderPrice | None, rules: LadderRules
) -> OrderIntent | None:
    floor = intent.ladder.floor
    if price is None or price.mid > floor:
        return None
    ladder = _ladder(intent, price, rules, worst=floor)
    return None if ladder is None else replace(intent, ladder=ladder)


def _ladder(
    intent: OrderIntent, price: OrderPrice, rules: LadderRules, *, worst: Decimal | None
) -> PriceLadder | None:
    """Return the ladder at `price`; ``None`` where it is not known how the first was made."""
    made = intent.ladder
    if made.share is None:
        return None
    if made.beyond_mid:
        return make_hedge_ladder(price, intent.legs[0], rules)
    return make_ladder(price, intent.legs, rules, share=made.share, worst=worst)
