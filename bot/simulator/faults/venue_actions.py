"""Actions on orders, positions, quotes and hours. Seconds are simulated ones."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from bot.simulator.faults.action import ANYWHERE, RECEIVED, SENT, Action, positive
from bot.simulator.oddities import Oddity
from bot.simulator.wire import Request


class WhatIf(StrEnum):
    """What a what-if order is answered."""

    HANG = "hang"
    UNSET = "unset"
    UNSET_FIRST = "unset_first"
    REJECT = "reject"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerWhatIf(Action):
    """Answer what-if orders badly."""

    where: ClassVar = RECEIVED
    message: ClassVar = Request.PLACE_ORDER
    of_order: ClassVar = True
    how: WhatIf


@dataclass(frozen=True, slots=True, kw_only=True)
class NoFill(Action):
    """Let the order rest and never fill."""

    of_order: ClassVar = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PartialFill(Action):
    """Fill `units` of the order, the remainder `remainder` seconds later or never."""

    of_order: ClassVar = True
    units: int
    remainder: float | None = None

    def __post_init__(self) -> None:
        positive(self, "units", "remainder")


@dataclass(frozen=True, slots=True, kw_only=True)
class LegFill(Action):
    """Fill the first `legs` of a combo, the others `remainder` seconds later or never."""

    of_order: ClassVar = True
    legs: int
    remainder: float | None = None

    def __post_init__(self) -> None:
        positive(self, "legs", "remainder")


@dataclass(frozen=True, slots=True, kw_only=True)
class LateFill(Action):
    """Fill the order `seconds` after it was cancelled."""

    of_order: ClassVar = True
    seconds: float

    def __post_init__(self) -> None:
        positive(self, "seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class Correct(Action):
    """Correct the price of the order's last execution by `change` points, `seconds` later."""

    where: ClassVar = SENT
    of_order: ClassVar = True
    change: Decimal
    seconds: float = 0.0

    def __post_init__(self) -> None:
        if self.seconds < 0:
            raise ValueError(f"seconds is {self.seconds:g}, at least 0 is needed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expire(Action):
    """Settle positions in `contract` now, at the level of now; they vanish without a word."""

    where: ClassVar = ANYWHERE
    contract: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ManualTrade(Action):
    """Somebody trades `quantity` of `contract` by hand: order id -1, client 0, no reference."""

    where: ClassVar = ANYWHERE
    contract: str
    quantity: int

    def __post_init__(self) -> None:
        if self.quantity == 0:
            raise ValueError("quantity is 0, a number of contracts bought or sold (-) is needed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote(Action):
    """Tell quotes of `contract` oddly from now on, for `seconds` or to the end."""

    where: ClassVar = ANYWHERE
    how: Oddity
    contract: str = "*"
    seconds: float | None = None

    def __post_init__(self) -> None:
        positive(self, "seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyClose(Action):
    """Tell liquidHours of `date` that end `at` (New York); without a time: closed."""

    where: ClassVar = ANYWHERE
    date: dt.date
    at: dt.time | None = None
