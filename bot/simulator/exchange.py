"""The simulated venue: orders in, events out."""

from __future__ import annotations

from bot.simulator.orders import (
    ComboLeg,
    CommissionEvent,
    Event,
    ExecutionEvent,
    ExecutionQuery,
    MarginPreview,
    OrderError,
    OrderSnapshot,
    OrderStatus,
    OrderTicket,
    OrderUpdate,
    PositionEvent,
)

__all__ = [
    "ComboLeg",
    "CommissionEvent",
    "Event",
    "ExecutionEvent",
    "ExecutionQuery",
    "MarginPreview",
    "OrderError",
    "OrderSnapshot",
    "OrderStatus",
    "OrderTicket",
    "OrderUpdate",
    "PositionEvent",
]
