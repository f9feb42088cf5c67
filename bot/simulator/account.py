"""The simulated account: cash, positions, and the figures the broker makes of them.

The rules, which are the broker's as far as it publishes them:

- The *average cost* of a position includes the commission: (price x multiplier + commission) a
  contract for a long one, less the commission for a short one. Closing a part leaves it alone.
- *Realized P&L* of a closing trade is what came in, after its commission, less the cost of what
  it closed. Opening trades have none. It counts by New York day.
- *Net liquidation* = cash + market value of options and shares + open profit of futures. Prices
  are mids; without a two-sided market the mid known before, then the last trade, then the
  cost: an account page always has a number, so it is no proof that a price was known.
- *Equity with loan value* leaves options out: a long one cannot be borrowed against, a short
  one is in the margin. *Available funds* are what the initial margin leaves of it, *excess
  liquidity* what the maintenance margin leaves.
- Cash of a trade in options settles on the next New York day.
- An expired position vanishes and its intrinsic value is booked as cash; no execution is told.

Simplified: profits, losses and commissions of a future reach the cash when it is closed, not
every evening; there is no interest, and one currency.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

from bot.simulator import ticks
from bot.simulator.hours import new_york_date
from bot.simulator.instruments import Instrument
from bot.simulator.margin import Holding, Requirement, intrinsic, requirement

if TYPE_CHECKING:
    import datetime as dt

    from bot.simulator.instruments import Instruments
    from bot.simulator.market import SimQuote

Changes: TypeAlias = Sequence[tuple[Instrument, int]]
"""Instruments with a signed number of contracts."""

PAPER_CASH = Decimal(1_000_000)
DAY_TRADING_LEVERAGE = 4
CURRENCY = "USD"
FULL_KEYS = ("AvailableFunds", "ExcessLiquidity", "InitMarginReq", "MaintMarginReq")
"""Shown a second time as the broker's "full" figures, which differ in the overnight only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionLine:
    """One position; ``avg_cost`` is USD a contract, commission included."""

    instrument: Instrument
    quantity: int
    avg_cost: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioLine:
    """One position with its market; closed ones stay at 0 until the New York day ends."""

    instrument: Instrument
    quantity: int
    market_price: Decimal
    market_value: Decimal
    avg_cost: Decimal
    unrealized_pnl: Decimal
    realized_pnl: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyPnl:
    """Profit of the New York day, open profit, and profit realized today, USD."""

    daily: Decimal
    unrealized: Decimal
    realized: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """A signed number of contracts at a price, with what it cost to trade."""

    instrument: Instrument
    quantity: int
    price: Decimal
    commission: Decimal = ticks.ZERO

    @property
    def value(self) -> Decimal:
        """USD paid for it (negative: received), without the commission."""
        return self.quantity * self.price * self.instrument.dollars_per_point


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Margin, and equity with loan value (USD), of the account as it is or might be."""

    requirement: Requirement
    equity: Decimal


@dataclass(slots=True)
class _Position:
    """Contracts held and what they cost in all, commissions included; both signed."""

    instrument: Instrument
    quantity: int = 0
    cost: Decimal = ticks.ZERO
    realized: Decimal = ticks.ZERO

    @property
    def avg_cost(self) -> Decimal:
        return self.cost / self.quantity if self.quantity else ticks.ZERO


class Account:
    """A margin account of one currency.

    Parameters
    ----------
    account_id
        As the broker names it: ``DU1234567``.
    instruments
        The venue's listing, which quotes what is held.
    cash
        USD to start with; the broker gives paper accounts a million.
    """

    def __init__(
        self, account_id: str, instruments: Instruments, *, cash: Decimal = PAPER_CASH
    ) -> None:
        self.account_id = account_id
        self._cash = cash
        self._instruments = instruments
        self._positions: dict[int, _Position] = {}
        self._marks: dict[int, Decimal] = {}
        self._today: dt.date | None = None
        self._realized = ticks.ZERO
        self._unsettled = ticks.ZERO
        self._opening_value = cash

    @property
    def cash(self) -> Decimal:
        """Cash, USD."""
        return self._cash

    def start_day(self, now: dt.datetime) -> None:
        """Begin a new New York day, if `now` lies in one: settle cash, reset daily figures."""
        today = new_york_date(now)
        if today == self._today:
            return
        self._today = today
        self._realized = self._unsettled = ticks.ZERO
        self._positions = {n: p for n, p in self._positions.items() if p.quantity}
        self._marks = {n: mark for n, mark in self._marks.items() if n in self._positions}
        for position in self._positions.values():
            position.realized = ticks.ZERO
        self._opening_value = self.net_liquidation()

    def trade(self, trade: Trade) -> Decimal | None:
        """Book `trade`; return the P&L it realized, or ``None`` when it closed nothing."""
        held = self._positions.setdefault(
            trade.instrument.con_id, _Position(instrument=trade.instrument)
        )
        paid = trade.value + trade.commission
        closes = _closed_quantity(held.quantity, trade.quantity)
        released = held.cost * closes / held.quantity if closes else ticks.ZERO
        spent_closing = paid * -closes / trade.quantity
        profit = -spent_closing - released
        held.cost += paid - spent_closing - released
        held.quantity += trade.quantity
        self._book_cash(trade.instrument, paid, profit)
        if not closes:
            return None
        held.realized += profit
        self._realized += profit
        return profit

    def correct(self, instrument: Instrument, quantity: int, change: Decimal) -> None:
        """Book that `quantity` contracts traded earlier cost `change` points more each."""
        paid = quantity * change * instrument.dollars_per_point
        held = self._positions[instrument.con_id]
        if held.quantity:
            held.cost += paid
        else:
            held.realized -= paid
            self._realized -= paid
        self._book_cash(instrument, paid, ticks.ZERO if held.quantity else -paid)

    def settle(self, instrument: Instrument, level: float) -> None:
        """Turn an expired position into cash at its final value."""
        held = self._positions[instrument.con_id]
        value = intrinsic(instrument, ticks.to_decimal(level))
        self.trade(Trade(instrument=instrument, quantity=-held.quantity, price=value))

    def quantity(self, instrument: Instrument) -> int:
        """Return the signed number of contracts held."""
        held = self._positions.get(instrument.con_id)
        return held.quantity if held else 0

    def position(self, instrument: Instrument) -> PositionLine:
        """Return the position in `instrument`, which may be 0."""
        held = self._positions.get(instrument.con_id, _Position(instrument=instrument))
        return _line(held)

    def positions(self) -> tuple[PositionLine, ...]:
        """Return all open positions, in the order in which they were opened."""
        return tuple(_line(held) for held in self._positions.values() if held.quantity)

    def portfolio(self) -> tuple[PortfolioLine, ...]:
        """Return every position held or closed today, with its market."""
        return tuple(self._portfolio_line(held) for held in self._positions.values())

    def net_liquidation(self) -> Decimal:
        """Return cash, options and shares at the mid, and the open profit of futures, USD."""
        return self._net(self._worth())

    def equity_with_loan(self) -> Decimal:
        """Return net liquidation without the options, USD."""
        worth = self._worth()
        return self._net(worth) - _value_of("OPT", worth)

    def _worth(self) -> list[tuple[_Position, Decimal]]:
        return [(held, self._value(held)) for held in self._positions.values()]

    def _net(self, worth: Sequence[tuple[_Position, Decimal]]) -> Decimal:
        return self._cash + sum((_liquidation(held, value) for held, value in worth), ticks.ZERO)

    def requirement(self) -> Requirement:
        """Return the margin of what is held."""
        return requirement(self._holdings(), self._instruments.level)

    def after(self, changes: Changes, spent: Decimal) -> Outcome:
        """Return margin and equity as they would be after `changes`.

        Parameters
        ----------
        changes
            Instruments with the signed number of contracts traded.
        spent
            USD that leaves equity with loan value: premiums paid less received, and fees.
        """
        return Outcome(
            requirement=requirement(self._holdings(changes), self._instruments.level),
            equity=self.equity_with_loan() - spent,
        )

    def _holdings(self, changes: Changes = ()) -> list[Holding]:
        quantities = {number: held.quantity for number, held in self._positions.items()}
        instruments = {number: held.instrument for number, held in self._positions.items()}
        for instrument, count in changes:
            quantities[instrument.con_id] = quantities.get(instrument.con_id, 0) + count
            instruments[instrument.con_id] = instrument
        return [
            Holding(instrument=instrument, quantity=count, price=self.mark(instrument))
            for instrument, count in zip(instruments.values(), quantities.values(), strict=True)
            if count
        ]

    def mark(self, instrument: Instrument) -> Decimal:
        """Return the price that values `instrument`, in points; see the module's rules."""
        quote = self._instruments.quote(instrument)
        mid = _mid(quote)
        if mid is not None:
            self._marks[instrument.con_id] = mid
        if instrument.con_id in self._marks:
            return self._marks[instrument.con_id]
        if quote is not None and quote.last is not None:
            return ticks.to_decimal(quote.last)
        return self.position(instrument).avg_cost / instrument.dollars_per_point

    def pnl(self) -> DailyPnl:
        """Return the profit of the day, the open profit, and what was realized today."""
        return DailyPnl(
            daily=self.net_liquidation() - self._opening_value,
            unrealized=sum((line.unrealized_pnl for line in self.portfolio()), ticks.ZERO),
            realized=self._realized,
        )

    def values(self, now: dt.datetime) -> dict[str, tuple[str, str]]:
        """Return the account page at `now`: (value, currency) by the broker's own key."""
        self.start_day(now)
        texts = {
            "AccountCode": self.account_id,
            "AccountReady": "true",
            "AccountType": "INDIVIDUAL",
            "Currency": CURRENCY,
            "DayTradesRemaining": "-1",
        }
        return {key: (text, "") for key, text in texts.items()} | {
            key: (f"{amount:.2f}", CURRENCY) for key, amount in self._amounts().items()
        }

    def _amounts(self) -> dict[str, Decimal]:
        worth = self._worth()
        net = self._net(worth)
        options, shares = (_value_of(kind, worth) for kind in ("OPT", "STK"))
        open_profit = sum((value - held.cost for held, value in worth), ticks.ZERO)
        equity, margin = net - options, self.requirement()
        available, excess = equity - margin.initial, equity - margin.maintenance
        amounts = {
            "NetLiquidation": net,
            "TotalCashValue": self._cash,
            "TotalCashBalance": self._cash,
            "CashBalance": self._cash,
            "SettledCash": self._cash - self._unsettled,
            "EquityWithLoanValue": equity,
            "AvailableFunds": available,
            "ExcessLiquidity": excess,
            "InitMarginReq": margin.initial,
            "MaintMarginReq": margin.maintenance,
            "BuyingPower": max(available * DAY_TRADING_LEVERAGE, ticks.ZERO),
            "GrossPositionValue": _gross_value(worth),
            "OptionMarketValue": options,
            "StockMarketValue": shares,
            "UnrealizedPnL": open_profit,
            "RealizedPnL": self._realized,
        }
        return amounts | {f"Full{key}": amounts[key] for key in FULL_KEYS}

    def _book_cash(self, instrument: Instrument, paid: Decimal, profit: Decimal) -> None:
        received = profit if instrument.sec_type == "FUT" else -paid
        self._cash += received
        if instrument.sec_type == "OPT":
            self._unsettled += received

    def _portfolio_line(self, held: _Position) -> PortfolioLine:
        mark = self.mark(held.instrument)
        value = held.quantity * mark * held.instrument.dollars_per_point
        return PortfolioLine(
            instrument=held.instrument,
            quantity=held.quantity,
            market_price=mark,
            market_value=value,
            avg_cost=held.avg_cost,
            unrealized_pnl=value - held.cost,
            realized_pnl=held.realized,
        )

    def _value(self, held: _Position) -> Decimal:
        if not held.quantity:
            return ticks.ZERO
        return held.quantity * self.mark(held.instrument) * held.instrument.dollars_per_point


def _liquidation(held: _Position, value: Decimal) -> Decimal:
    return value - held.cost if held.instrument.sec_type == "FUT" else value


def _value_of(sec_type: str, worth: Sequence[tuple[_Position, Decimal]]) -> Decimal:
    values = (value for held, value in worth if held.instrument.sec_type == sec_type)
    return sum(values, ticks.ZERO)


def _gross_value(worth: Sequence[tuple[_Position, Decimal]]) -> Decimal:
    values = (abs(value) for held, value in worth if held.instrument.sec_type != "FUT")
    return sum(values, ticks.ZERO)


def _line(held: _Position) -> PositionLine:
    return PositionLine(instrument=held.instrument, quantity=held.quantity, avg_cost=held.avg_cost)


def _closed_quantity(held: int, traded: int) -> int:
    """Return how many of the contracts held a trade closes, signed as they are."""
    if held * traded >= 0:
        return 0
    return max(held, -traded) if held < 0 else min(held, -traded)


def _mid(quote: SimQuote | None) -> Decimal | None:
    if quote is None or quote.bid is None or not quote.ask or not 0 <= quote.bid <= quote.ask:
        return None
    return ticks.to_decimal((quote.bid + quote.ask) / 2)
