"""Stages for `steward probe`: a market with a clear direction, a gateway with one quirk."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING, Any, Final

from harness import Stage, stage

from bot.probe.findings import Status
from bot.simulator.settings import GatewaySettings
from bot.simulator.synthetic import SyntheticMarket

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.probe.runner import Report
    from bot.project import Project
    from bot.simulator.quirks import Quirk


OUTWARD: Final = {Status.DIFFERS, Status.NOT_PERMITTED}


@contextlib.asynccontextmanager
async def scene(folder: Path, settings: GatewaySettings | None = None) -> AsyncIterator[Stage]:
    """Set up a market whose first session has a clear direction at the time of the decision."""
    market = SyntheticMarket(scenario="calm", seed=7, sessions=5)
    async with stage(folder, market=market, settings=settings) as found:
        found.project = with_broker(found.project, request_timeout_seconds=5.0)
        yield found


def with_broker(project: Project, **changes: Any) -> Project:
    """Return `project` with other settings of its connection."""
    broker = dataclasses.replace(project.settings.broker, **changes)
    return dataclasses.replace(
        project, settings=dataclasses.replace(project.settings, broker=broker)
    )


def with_quirk(quirk: Quirk) -> GatewaySettings:
    return GatewaySettings(quirks=frozenset({quirk}))


def nothing_is_left(found: Stage) -> bool:
    """Whether the venue has neither an open order nor a position."""
    return not found.gateway.world.exchange.open_orders() and not found.positions()


def outward(report: Report) -> dict[str, Status]:
    """Return what differs or is not permitted."""
    return {key: found.status for key, found in report.findings.items() if found.status in OUTWARD}
