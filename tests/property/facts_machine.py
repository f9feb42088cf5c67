"""The state machine of the pure core: facts in any order and number, folded and reckoned anew.

Reports come as a venue gives them: late, again, out of order, corrected. A model that only knows
what was really traded says what must be held; the fold of all that was reported must agree,
forwards, backwards and with every report doubled, after every step.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING

import hypothesis.strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from line_market import EXPIRY
from line_plan import Kind, Wish, intents

from bot.core.fold import Fill, Holdings, IntentRecord, Settlement, cash_usd, fold
from bot.core.lifecycle import _RANK, IntentState, advance
from bot.core.model import MULTIPLIER, OptionContract

if TYPE_CHECKING:
    from bot.core.decision import OrderIntent

SESSION = dt.date(2026, 7, 20)
AT = dt.datetime(2026, 7, 20, 19, 30, tzinfo=dt.UTC)
PICK = st.integers(0, 31)
PRICES = st.integers(1, 400).map(lambda ticks: Decimal(ticks) / 20)


class Counts:
    """Steps that were made in this process."""

    steps = 0


class Facts(RuleBasedStateMachine):
    """Reports of fills, corrections and settlements, against what was really traded."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[IntentRecord] = []
        self.reports: list[Fill] = []
        self.settlements: list[Settlement] = []
        self.traded: Counter[OptionContract] = Counter()
        self.truth: dict[str, tuple[int, Decimal]] = {}
        self.revisions: Counter[str] = Counter()

    @initialize(
        opens=st.integers(1, 4), buys=st.integers(1, 4), slots=st.tuples(*[st.integers(0, 2)] * 2)
    )
    def commit(self, opens: int, buys: int, slots: tuple[int, int]) -> None:
        """A condor and a lot are meant to be opened."""
        wishes = [
            Wish(kind=Kind.OPEN, slot=slots[0], quantity=opens),
            Wish(kind=Kind.BUY, slot=slots[1], quantity=buys),
        ]
        made = intents(wishes, Holdings(), SESSION)
        self.records = [IntentRecord(intent=each, state=IntentState.SENT) for each in made]

    @rule(pick=PICK, leg=PICK, units=st.integers(1, 3), price=PRICES)
    def trade(self, pick: int, leg: int, units: int, price: Decimal) -> None:
        """A leg of an intent trades, and is reported."""
        intent = self.records[pick % len(self.records)].intent
        traded = intent.legs[leg % len(intent.legs)]
        family = f"f{len(self.truth):04d}"
        quantity = units * traded.ratio
        self.traded[traded.contract] += quantity
        self.truth[family] = (quantity, price)
        self._report(intent, family, traded.contract, quantity=quantity, price=price)
        self._check()

    def _report(
        self,
        intent: OrderIntent,
        family: str,
        contract: OptionContract,
        *,
        quantity: int,
        price: Decimal,
    ) -> None:
        self.revisions[family] += 1
        self.reports.append(
            Fill(
                family=family,
                revision=self.revisions[family],
                intent_id=intent.intent_id,
                order_ref=intent.intent_id[-20:],
                contract=contract,
                quantity=quantity,
                price=price,
                at=AT,
            )
        )

    @precondition(lambda self: bool(self.reports))
    @rule(pick=PICK)
    def replay(self, pick: int) -> None:
        """A report comes again."""
        self.reports.append(self.reports[pick % len(self.reports)])
        self._check()

    @precondition(lambda self: bool(self.reports))
    @rule(pick=PICK, price=PRICES)
    def correct(self, pick: int, price: Decimal) -> None:
        """An execution gets another price."""
        legs = [report for report in self.reports if report.contract is not None]
        old = legs[pick % len(legs)]
        intent = next(r.intent for r in self.records if r.intent.intent_id == old.intent_id)
        if old.contract is None:
            return
        self.truth[old.family] = (old.quantity, price)
        self._report(intent, old.family, old.contract, quantity=old.quantity, price=price)
        self._check()

    @precondition(lambda self: bool(self.reports))
    @rule(pick=PICK)
    def summarise(self, pick: int) -> None:
        """The whole of a combo is reported beside its legs; it moves nothing."""
        old = self.reports[pick % len(self.reports)]
        self.reports.append(
            dataclasses.replace(old, family=f"{old.family}.whole", contract=None, revision=1)
        )
        self._check()

    @precondition(lambda self: bool(+self.traded) or bool(-self.traded))
    @rule(pick=PICK, value=PRICES)
    def settle(self, pick: int, value: Decimal) -> None:
        """What is held of a structure in one contract expires."""
        held = [each for each in self._fold().by_structure() if each[1].expiry <= EXPIRY]
        if held:
            structure_id, contract, quantity = held[pick % len(held)]
            self.settlements.append(
                Settlement(
                    structure_id=structure_id,
                    contract=contract,
                    session=SESSION,
                    quantity=quantity,
                    value_points=value,
                )
            )
            self.traded[contract] -= quantity
        self._check()

    @rule(pick=PICK, state=st.sampled_from(IntentState))
    def hear(self, pick: int, state: IntentState) -> None:
        """A state is reported, whichever."""
        at = pick % len(self.records)
        before = self.records[at].state
        after = advance(before, state)
        self.records[at] = dataclasses.replace(self.records[at], state=after)
        assert _RANK[after] >= _RANK[before]
        assert after.is_final or not before.is_final
        assert advance(after, state) == after
        self._check()

    def _fold(self) -> Holdings:
        return fold(self.records, self.reports, self.settlements)

    def _check(self) -> None:
        Counts.steps += 1
        held = self._fold()
        wanted = {contract: quantity for contract, quantity in self.traded.items() if quantity}
        assert held.net_positions() == wanted
        cash = -sum(quantity * price for quantity, price in self.truth.values())
        cash += sum(each.quantity * each.value_points for each in self.settlements)
        assert cash_usd(self.reports, self.settlements) == cash * MULTIPLIER
        doubled = fold(self.records, [*self.reports, *self.reports], self.settlements)
        assert doubled.net_positions() == wanted
        backwards = fold(self.records, self.reports[::-1], self.settlements[::-1])
        assert backwards.net_positions() == wanted
        assert cash_usd(self.reports[::-1], self.settlements) == cash * MULTIPLIER
