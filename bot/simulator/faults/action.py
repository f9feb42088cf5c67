"""The base of what a fault does; the words and parameters are in the modules of actions.

``where`` says what a fault with an action may wait for; ``message`` narrows it to one message;
``of_order`` demands an order (placeOrder, cancelOrder, openOrder, orderStatus, execDetails,
commissionReport, or a phase).
"""

from __future__ import annotations

from typing import ClassVar, Final

from bot.core.rules import STRICT
from bot.simulator.faults.conditions import Where

ANYWHERE: Final = frozenset(Where)
MESSAGE: Final = frozenset({Where.RECEIVED, Where.SENT})
RECEIVED: Final = frozenset({Where.RECEIVED})
SENT: Final = frozenset({Where.SENT})


class Action:
    """Base of all actions."""

    __slots__ = ()
    __pydantic_config__: ClassVar = STRICT
    where: ClassVar[frozenset[Where]] = MESSAGE
    message: ClassVar[int | None] = None
    of_order: ClassVar[bool] = False


def positive(action: object, *names: str) -> None:
    """Make sure that the fields `names`, where they are set, are more than 0.

    Raises
    ------
    ValueError
        With the field that is not.
    """
    for name in names:
        value = getattr(action, name)
        if value is not None and value <= 0:
            raise ValueError(f"{name} is {value:g}, more than 0 is needed")
