"""What an order of a replay fills at, and how many units of it.

Rules, with the exceptions:

- The orders of a decision are executed in its order and cut as the bot cuts them: a sale to what
  its purchase filled, a condor to what the hedge covers then, a replacing condor to what repays its
  close (``bot.core.plan``).
- Every order fills in full at the mid and a stated share of the half-spread of each leg, whatever
  the share that the bot's own price ladder would concede; but not at a price beyond the worst that
  a rule allows: then it does not fill at all.
- New risk must fit the excess liquidity with the headroom of the rules: an iron condor ties up
  its gross width (Regulation T).
- Commissions are those of ``bot.surfaces.commissions``, each leg by its own premium.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from bot.core.decision import Action
from bot.core.model import MULTIPLIER
from bot.core.plan import executable_quantity, recut
from bot.core.risk import lasting_contracts, width_points
from bot.core.rules import Rules
from bot.core.valuation import leg_points
from bot.evidence.account import BOOKING
from bot.evidence.settings import ReplaySettings
from bot.evidence.structures import Filled
from bot.surfaces.commissions import option_commission

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bot.core.decision import OrderIntent
    from bot.core.model import OptionContract, Quote
    from bot.evidence.account import Account

    Quotes = Mapping[OptionContract, Quote]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Terms:
    """What orders of one session are filled by.

    Parameters
    ----------
    quotes
        Of every leg.
    spx
        SPX level that sizes a hedge unit.
    rules, settings
        Rules that decided; the share of the half-spread that is paid.
    """

    quotes: Quotes
    spx: float | None
    rules: Rules
    settings: ReplaySettings


def execute(
    account: Account, intents: Sequence[OrderIntent], terms: Terms
) -> Iterator[tuple[OrderIntent, Filled]]:
    """Fill and book each intent of a decision in its turn; yield what filled.

    Parameters
    ----------
    account
        What is held; it changes with each fill.
    intents
        In the order of the decision.
    terms
        What they are filled by.
    """
    units: dict[str, int] = {}
    paid: dict[str, Decimal] = {}
    for intent in intents:
        final = _final(account, intent, units=units, paid=paid, terms=terms)
        price = None if final is None else fill_price(final, terms.settings.spread_share)
        if final is None or price is None:
            continue
        fill = Filled(
            quantity=final.quantity,
            price=float(price),
            fees_usd=fees_usd(final, terms.quotes),
            scale=account.scale(final.structure_id),
        )
        BOOKING[final.action](account, final, fill)
        units[final.intent_id] = final.quantity
        paid[final.intent_id] = price * final.quantity * MULTIPLIER
        yield final, fill


def fill_price(intent: OrderIntent, share: float) -> Decimal | None:
    """Return the net debit of one unit: ``mid + share x (natural - mid)``, points.

    ``None`` where a rule allows no price so bad.
    """
    price = intent.mid + Decimal(str(share)) * (intent.natural - intent.mid)
    worst = intent.ladder.worst
    return None if worst is not None and price > worst else price


def fees_usd(intent: OrderIntent, quotes: Quotes) -> float:
    """Return the commissions of all units of an order, USD."""
    return sum(
        float(
            option_commission(
                leg.contract.underlying,
                intent.quantity,
                Decimal(str(round(leg_points(leg, quotes) or 0.0, 4))),
            )
        )
        for leg in intent.legs
    )


def _final(
    account: Account,
    intent: OrderIntent,
    *,
    units: Mapping[str, int],
    paid: Mapping[str, Decimal],
    terms: Terms,
) -> OrderIntent | None:
    """Return the order as it may be sent now; ``None`` if it may not."""
    asked = intent if terms.settings.hedge else replace(intent, needs_cover=False)
    quantity = executable_quantity(
        asked,
        filled=units,
        held=lasting_contracts(account.held_lots(), intent.session),
        gross_width_usd=account.gross_width_usd,
        spx=terms.spx,
        rules=terms.rules,
    )
    if not quantity:
        return None
    final = recut(replace(intent, quantity=quantity), paid.get(intent.after or "", Decimal(0)))
    return final if final is not None and _affordable(account, final, terms.rules) else None


def _affordable(account: Account, intent: OrderIntent, rules: Rules) -> bool:
    """Whether the margin of a new condor fits what is free with the headroom to spare."""
    if intent.action is not Action.OPEN_CONDOR:
        return True
    margin = width_points(intent.legs) * MULTIPLIER * intent.quantity
    free = account.cash_usd - account.gross_width_usd
    return margin <= free * (1 - rules.condor.margin_headroom)
