"""Requests that are on the wire at the same time."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@contextlib.asynccontextmanager
async def at_once() -> AsyncIterator[asyncio.TaskGroup]:
    """Run the tasks of a group together; the first one to fail ends the others and is raised.

    Raises
    ------
    Exception
        What the first task to fail has raised, as if it had been awaited alone.
    """
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None
