"""Book health: the quick ratio, and what it forbids (methodology, section 7).

Rules, with the exceptions:

- The *quick ratio* (acid test) holds what can be turned into money at once against what the
  book may have to pay. T-bills are cash. The VIX calls count at the bid, so a call that nobody
  bids for counts 0.
- A condor may have to pay its whole width. The credit received for it is cash already, and is
  not taken off twice.
- *Pending debits* are those of orders whose end is not proven, at the worst price they accept.
- Below the first bound there are no entries; below the second only what reduces risk is sent,
  and rolls like for like. A ratio that is unknown forbids entries, and nothing else.
- A book that owes nothing has no ratio, and passes: the ratio has no bound there. It passes
  only with assets that are known and not negative: a debit balance is a debt too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from bot.core.decision import Purpose, Signal, Verdict
from bot.core.model import MULTIPLIER
from bot.core.valuation import lot_value_usd, total_usd

if TYPE_CHECKING:
    from bot.core.book import Book
    from bot.core.decision import Observed, OrderIntent
    from bot.core.rules import HealthRules
    from bot.core.valuation import Quotes

NOTHING_OWED: Final = "nothing owed"
"""What the gates say of a book without obligations: its ratio has no bound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuickRatio:
    """What can be turned into money at once, beside what may have to be paid.

    Parameters
    ----------
    cash_usd
        Cash and T-bills; ``None`` when unknown.
    hedge_usd
        VIX calls at the bid; ``None`` when one of them is unknown.
    width_usd
        Gross spread width of the open condors.
    pending_usd
        Debits of orders whose end is not proven; ``None`` when unknown.
    assets_usd
        Cash and hedge; ``None`` when either is unknown.
    obligations_usd
        Width and pending debits; ``None`` when either is unknown.
    value
        Assets over obligations; ``None`` when unknown, or when nothing is owed.
    """

    cash_usd: Decimal | None
    hedge_usd: Decimal | None
    width_usd: Decimal
    pending_usd: Decimal | None
    assets_usd: Decimal | None = field(init=False)
    obligations_usd: Decimal | None = field(init=False)
    value: float | None = field(init=False)

    def __post_init__(self) -> None:
        assets = total_usd([self.cash_usd, self.hedge_usd])
        owed = total_usd([self.width_usd, self.pending_usd])
        value = None if assets is None or not owed else float(assets / owed)
        object.__setattr__(self, "assets_usd", assets)
        object.__setattr__(self, "obligations_usd", owed)
        object.__setattr__(self, "value", value)

    @property
    def unbounded(self) -> bool:
        """Whether nothing is owed and the assets are known and not negative."""
        assets = self.assets_usd
        return self.obligations_usd == 0 and assets is not None and assets >= 0

    def reaches(self, bound: float) -> bool | None:
        """Whether the ratio is at least `bound`; ``None`` when it is unknown."""
        if self.unbounded:
            return True
        return None if self.value is None else self.value >= bound


def quick_ratio(book: Book, quotes: Quotes) -> QuickRatio:
    """Return the acid test of a book.

    ``(cash + VIX calls at the bid) / (gross condor width in USD + pending debits)``

    Parameters
    ----------
    book
        Cash, condors, hedge lots and pending debits.
    quotes
        Live quotes of the hedge; a lot that is not quoted makes the ratio unknown.

    Notes
    -----
    The acid test of accounting, quick assets over current liabilities, with the worst case of
    the defined-risk positions as the liability. Dimensionless.
    """
    return QuickRatio(
        cash_usd=book.cash_usd,
        hedge_usd=total_usd(lot_value_usd(lot, quotes) for lot in book.lots),
        width_usd=Decimal(str(book.gross_width_usd())),
        pending_usd=book.pending_debits_usd,
    )


def pending_debit_usd(intent: OrderIntent, filled: int) -> Decimal:
    """Return what the rest of an order may still cost at the worst price it accepts.

    ``max(floor, 0) x (quantity - filled) x 100 USD``; an order for a credit costs nothing.

    Parameters
    ----------
    intent
        The order, whose end is not proven.
    filled
        Units of it that have filled.
    """
    rest = max(intent.quantity - filled, 0)
    return max(intent.ladder.floor, Decimal(0)) * rest * MULTIPLIER


def health_permits(purpose: Purpose, ratio: QuickRatio, rules: HealthRules) -> bool:
    """Whether a book of this ratio may send an order of `purpose`.

    Parameters
    ----------
    purpose
        What the order does to risk; a like-for-like roll counts as REDUCE.
    ratio
        The book's.
    rules
        The two bounds.
    """
    if purpose is Purpose.REDUCE:
        return True
    if ratio.reaches(rules.quick_ratio_reduce_only) is False:
        return False
    return purpose is Purpose.PROTECT or ratio.reaches(rules.quick_ratio_entries) is True


def health_verdicts(ratio: QuickRatio, rules: HealthRules) -> tuple[Verdict, ...]:
    """Return what the ratio says about hedge orders, and about entries."""
    bounds = {
        Purpose.PROTECT: rules.quick_ratio_reduce_only,
        Purpose.ADD: rules.quick_ratio_entries,
    }
    return tuple(
        Verdict(
            code="QUICK_RATIO",
            subject=purpose.value,
            observed=_observed(ratio),
            limit=bound,
            passed=health_permits(purpose, ratio, rules),
        )
        for purpose, bound in bounds.items()
    )


def health_signals(ratio: QuickRatio) -> tuple[Signal, ...]:
    """Return the figures of the ratio by name, for the ledger and the review; USD as floats."""
    figures = {
        "quick_cash_usd": ratio.cash_usd,
        "quick_hedge_usd": ratio.hedge_usd,
        "quick_width_usd": ratio.width_usd,
        "quick_pending_usd": ratio.pending_usd,
    }
    return (
        Signal(name="quick_ratio", value=_observed(ratio)),
        *(
            Signal(name=name, value=None if amount is None else float(amount))
            for name, amount in figures.items()
        ),
    )


def _observed(ratio: QuickRatio) -> Observed:
    return NOTHING_OWED if ratio.unbounded else ratio.value
