"""The life of one order that cannot fill: what-if, sent, changed, cancelled, looked for.

Whatever happens on the way, an interruption included, the order is cancelled and the broker's
lists are read until it is in none of the open ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from bot.broker import orders
from bot.broker.orders import PROBE_PREFIX, WorkingOrder
from bot.core.book import TradingState
from bot.core.errors import GatewayUnavailableError, MarketDataError, StewardError
from bot.killswitch import KillSwitch
from bot.logs import get_logger
from bot.probe.assumptions import ORDERS
from bot.probe.bench import CLOSED, Bench, refusal_code
from bot.probe.findings import Finding, differs, holds, not_permitted, not_tested
from bot.probe.market import USUAL_LEVEL, condor_expiry
from bot.probe.offer import Offer, UnsafeOrderError, condor_legs, ensure_unfillable, make_offer

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.broker.facts import OrderFact, OrderSweep

log = get_logger(__name__)

READ_ONLY, OFF_TICK = 321, 110
OPEN_ORDER, ORDER_STATUS = 5, 3
LIMIT_FIELD, PERM_ID_FIELD = 16, 25
"""Where an openOrder has its limit price and its permId."""

PATIENCE_SECONDS: Final = 10.0
LOOK_SECONDS: Final = 0.5
SWEEPS: Final = 4
"""How often an order is cancelled and looked for until a person is called."""

ACKNOWLEDGED = frozenset({"PreSubmitted", "Submitted"})


class LeftBehindError(StewardError):
    """An order of the probe may still be open."""


@dataclass(slots=True)
class Trial:
    """One run of the order; `findings` fill up on the way, by the key of the assumption."""

    bench: Bench
    findings: dict[str, Finding] = field(default_factory=dict)

    async def run(self) -> dict[str, Finding]:
        """Run as far as it goes; what was not reached is not tested.

        Raises
        ------
        LeftBehindError
            If it cannot be shown that nothing is left open.
        GatewayUnavailableError
            If the connection is gone.
        """
        reason = self._obstacle()
        if reason is None:
            try:
                offer = await self._offer()
                reason = await self._tried(offer)
            except (UnsafeOrderError, MarketDataError) as fault:
                reason = str(fault)
        rest = not_tested(reason or "not reached")
        return {each.key: self.findings.get(each.key, rest) for each in ORDERS}

    def _obstacle(self) -> str | None:
        """Return why no order may be sent at this moment."""
        if not self.bench.is_open:
            return CLOSED
        reading = KillSwitch(self.bench.project.settings_path).read()
        if reading.state is not TradingState.ACTIVE:
            return f"the kill switch is {reading.state.value}"
        return None

    async def _offer(self) -> Offer:
        """Choose the condor and its price by quotes of this moment."""
        bench = self.bench
        series = await bench.market.with_own_strikes(await condor_expiry(bench))
        levels = {level.symbol: level.last for level in await bench.market.indexes()}
        spot = levels["SPX"] or await bench.close("SPX") or USUAL_LEVEL["SPX"]
        vix = levels["VIX"] or await bench.close("VIX") or USUAL_LEVEL["VIX"]
        days = (series.expiry - bench.session).days
        legs = condor_legs(series, spot, vix=vix, days=days)
        contracts = await bench.market.qualify([leg.contract for leg in legs])
        known = tuple(
            type(leg)(contract=contract, ratio=leg.ratio)
            for leg, contract in zip(legs, contracts, strict=True)
        )
        return make_offer(known, await bench.market.options(contracts), bench.broker.clock.now())

    async def _tried(self, offer: Offer) -> str | None:
        """Preview, then live the order; return why the rest was not reached, if so."""
        if not await self._previewed(offer):
            return "the order was refused"
        reason = self._obstacle()
        if reason is not None:
            return reason
        ensure_unfillable(offer.ticket, offer.worth_points)
        try:
            return await self._lived(offer)
        finally:
            await clear(self.bench)

    async def _previewed(self, offer: Offer) -> bool:
        """Ask for the margin; return whether an order like this is not refused."""
        first = len(self.bench.recorder.messages)
        try:
            margin = await orders.what_if(self.bench.broker, offer.ticket)
        except MarketDataError as refusal:
            self._refused(refusal_code(refusal), str(refusal))
            return False
        except GatewayUnavailableError as silence:
            if not self.bench.broker.client.isConnected():
                raise
            self.findings["what_if"] = differs(f"no margins: {silence}")
            return True
        self.findings["what_if"] = self._margins(margin.initial_margin_change_usd, first)
        return True

    def _margins(self, change: Decimal | None, first: int) -> Finding:
        """Judge the margins that the answer since message `first` brought."""
        if change is None:
            return differs("the answer had no initial margin")
        answers = [m for m in self.bench.recorder.gateway_since(first) if m.number == OPEN_ORDER]
        unset = "; an unset answer came first" if len(answers) > 1 else ""
        return holds(f"initial margin {change:+.2f} USD{unset}")

    def _refused(self, code: int, text: str) -> None:
        """Put a refusal down to the assumption that it breaks."""
        if code == READ_ONLY:
            self.findings["read_only_off"] = not_permitted(text)
            return
        self.findings["read_only_off"] = holds("it was refused for another reason")
        self.findings["combo_tick" if code == OFF_TICK else "combo_routing"] = differs(text)

    async def _lived(self, offer: Offer) -> str | None:
        """Send, change and cancel the order; return why the rest was not reached, if so."""
        bench, ticket = self.bench, offer.ticket
        first = len(bench.recorder.messages)
        working = orders.place(bench.broker, ticket)
        log.info("probe.sent", order_ref=ticket.order_ref, net_price=str(ticket.net_price))
        if not await self._until(lambda: self._acknowledged(working)):
            self._refused(
                bench.broker.refused.get(working.order_id, 0),
                f"no acknowledgement, {working.status_hint}: {'; '.join(working.messages)}",
            )
            return "the order was refused"
        bench.perm_ids.add(working.perm_id)
        route = bench.project.settings.broker.order_exchange
        self.findings["read_only_off"] = holds("orders are accepted")
        self.findings["combo_routing"] = holds(f"{route}: {working.status_hint}")
        self.findings["combo_tick"] = holds(f"{ticket.net_price} is accepted")
        self.findings["acknowledgement"] = self._order_of_messages(working, first)
        self.findings["modify"] = await self._changed(working, offer)
        swept = await orders.sweep(bench.broker)
        self._listed_open(working, swept)
        self.findings["cancel"] = await self._cancelled(working)
        self._listed_completed(working, await orders.sweep(bench.broker))
        return None

    def _acknowledged(self, working: WorkingOrder) -> bool:
        return working.perm_id > 0 and working.status_hint in ACKNOWLEDGED

    def _order_of_messages(self, working: WorkingOrder, first: int) -> Finding:
        kinds = [
            message.number
            for message in self.bench.recorder.gateway_since(first)
            if message.number in {OPEN_ORDER, ORDER_STATUS}
            and message.fields[1] == str(working.order_id)
        ]
        names = {OPEN_ORDER: "openOrder", ORDER_STATUS: "orderStatus"}
        text = ", ".join(names[kind] for kind in kinds)
        return holds(text) if kinds[:1] == [OPEN_ORDER] else differs(text)

    async def _changed(self, working: WorkingOrder, offer: Offer) -> Finding:
        """Ask for more, and wait until the gateway says so."""
        reason = self._obstacle()
        if reason is not None:
            return not_tested(reason)
        ensure_unfillable(offer.changed, offer.worth_points)
        first = len(self.bench.recorder.messages)
        perm_id = working.perm_id
        orders.reprice(self.bench.broker, working, offer.changed_price)

        def told() -> list[tuple[str, ...]]:
            return [
                message.fields
                for message in self.bench.recorder.gateway_since(first)
                if message.fields[:2] == (str(OPEN_ORDER), str(working.order_id))
                and Decimal(message.fields[LIMIT_FIELD]) == offer.changed_price
            ]

        if not await self._until(lambda: bool(told())):
            code = self.bench.broker.refused.get(working.order_id)
            return differs(f"{offer.changed_price} was not confirmed, error {code}")
        kept = told()[-1][PERM_ID_FIELD] == str(perm_id)
        text = f"{offer.ticket.net_price} became {offer.changed_price}"
        return holds(text) if kept else differs(f"{text} under another permId")

    def _listed_open(self, working: WorkingOrder, swept: OrderSweep) -> None:
        listed = [order for order in swept.orders if order.is_open and _is(order, working)]
        if not listed:
            self.findings["open_order"] = differs(f"permId {working.perm_id} is not listed")
            self.findings["client_id_kept"] = not_tested("the order is not among the open ones")
            return
        order, ours = listed[0], self.bench.project.settings.broker.client_id
        self.findings["open_order"] = _identified(order, working)
        text = f"client id {order.client_id}"
        self.findings["client_id_kept"] = (
            holds(text) if order.client_id == ours else differs(f"{text}, it was {ours}")
        )

    async def _cancelled(self, working: WorkingOrder) -> Finding:
        """Cancel once, and look whether that was enough."""
        orders.cancel(self.bench.broker, working)
        for _ in range(SWEEPS):
            swept = await orders.sweep(self.bench.broker)
            if not any(order.is_open and _is(order, working) for order in swept.orders):
                return holds("gone from the open orders")
            await self.bench.broker.clock.sleep(PATIENCE_SECONDS / SWEEPS)
        return differs(f"still open after {PATIENCE_SECONDS:g} s")

    def _listed_completed(self, working: WorkingOrder, swept: OrderSweep) -> None:
        listed = [order for order in swept.orders if not order.is_open and _is(order, working)]
        if any(order.is_open and _is(order, working) for order in swept.orders):
            self.findings["completed_order"] = not_tested("the order is still open")
        elif not listed:
            self.findings["completed_order"] = differs(f"permId {working.perm_id} is not listed")
        else:
            self.findings["completed_order"] = _identified(listed[0], working)

    async def _until(self, condition: Callable[[], bool]) -> bool:
        """Wait until `condition` holds, not for ever; return whether it does."""
        clock = self.bench.broker.clock
        for _ in range(round(PATIENCE_SECONDS / LOOK_SECONDS)):
            if condition():
                return True
            await clock.sleep(LOOK_SECONDS)
        return condition()


def _is(order: OrderFact, working: WorkingOrder) -> bool:
    """Whether a listed order is the one that was sent: by its permId, else by its reference."""
    return order.perm_id == working.perm_id or order.order_ref == working.ticket.order_ref


def _identified(order: OrderFact, working: WorkingOrder) -> Finding:
    text = f"orderRef {order.order_ref!r}, permId {order.perm_id}, {order.status}"
    same = (order.order_ref, order.perm_id) == (working.ticket.order_ref, working.perm_id)
    return holds(text) if same else differs(text)


async def clear(bench: Bench) -> None:
    """Cancel whatever a probe has left open, this one or a former one, and see it gone.

    Raises
    ------
    LeftBehindError
        If an order stays open, or the lists cannot be read.
    """
    try:
        for _ in range(SWEEPS):
            swept = await orders.sweep(bench.broker)
            left = [order for order in swept.orders if order.is_open and _is_probe(order, bench)]
            if not left:
                return
            for order in left:
                orders.cancel_listed(bench.broker, order)
            await bench.broker.clock.sleep(2.0)
    except (GatewayUnavailableError, MarketDataError, ConnectionError) as fault:
        raise LeftBehindError(f"{_LEFT_BEHIND} ({fault})") from fault
    permanent = ", ".join(str(order.perm_id) for order in left)
    raise LeftBehindError(f"{_LEFT_BEHIND}: permId {permanent}")


_LEFT_BEHIND: Final = (
    f"an order {PROBE_PREFIX}… may still be open; cancel it in TWS or the gateway (it is a DAY "
    "order, and its price is one that nobody pays)"
)


def _is_probe(order: OrderFact, bench: Bench) -> bool:
    return order.order_ref.startswith(PROBE_PREFIX) or order.perm_id in bench.perm_ids
