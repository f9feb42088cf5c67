"""A project folder: its configuration, its ledger, and the desk of one session.

``config/`` holds ``steward.toml``, ``rules.toml`` and ``events.toml``; everything else that the
bot writes lies where ``steward.toml`` says, relative to the project folder.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bot.broker.market_data import MarketData
from bot.broker.session import Broker, connect
from bot.calendars import trading_days
from bot.clock import WallClock, at_new_york
from bot.config import load_events, load_rules, load_settings
from bot.core.errors import ConfigError
from bot.core.model import EventTable, Session
from bot.core.rules import Rules
from bot.core.sessions import TradingCalendar
from bot.desk import Desk
from bot.guard import DiskGuard, backup_faults
from bot.killswitch import KillSwitch
from bot.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from bot.ledger.store import Ledger

FIRST_DAY = dt.date(2004, 1, 2)
"""VX futures begin in 2004; nothing before it is played back."""

YEARS_AHEAD = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """Configuration of one project folder, loaded and validated."""

    folder: Path
    settings: Settings
    rules: Rules
    rules_sha256: str
    events: EventTable
    calendar: TradingCalendar

    @property
    def settings_path(self) -> Path:
        """File that holds the kill switch."""
        return settings_path(self.folder)

    def decide_at(self, session: Session) -> dt.datetime:
        """Return the UTC time at which `session` is decided."""
        schedule = self.settings.schedule
        half_day = self.calendar.day(session).half_day
        return at_new_york(session, schedule.decide_at_half_day if half_day else schedule.decide_at)


def settings_path(folder: Path) -> Path:
    """Return the settings file of a project folder."""
    return folder / "config" / "steward.toml"


def load_project(folder: Path) -> Project:
    """Load a project folder; every fault of all three files is listed at once.

    Raises
    ------
    ConfigError
        With one line for each fault.
    """
    faults: list[str] = []
    with _collecting(faults):
        settings = load_settings(settings_path(folder))
        faults += backup_faults(settings, settings_path(folder))
    with _collecting(faults):
        rules, sha256 = load_rules(folder / "config" / "rules.toml")
    with _collecting(faults):
        events = load_events(folder / "config" / "events.toml")
    if faults:
        raise ConfigError(tuple(faults))
    return Project(
        folder=folder,
        settings=settings,
        rules=rules,
        rules_sha256=sha256,
        events=events,
        calendar=load_calendar(),
    )


@contextlib.contextmanager
def _collecting(faults: list[str]) -> Iterator[None]:
    try:
        yield
    except ConfigError as error:
        faults.extend(error.faults)


def load_calendar() -> TradingCalendar:
    """Return the trading days that can matter: recorded history to four years from now."""
    last = WallClock().now().date().replace(month=12, day=31)
    return TradingCalendar(trading_days(FIRST_DAY, last.replace(year=last.year + YEARS_AHEAD)))


@contextlib.asynccontextmanager
async def connected(project: Project) -> AsyncIterator[Broker]:
    """Connect to the project's gateway; see ``bot.broker.session.connect``."""
    async with connect(project.settings.broker, project.calendar) as broker:
        yield broker


def make_desk(
    project: Project, *, broker: Broker, ledger: Ledger, session: Session, dry: bool
) -> Desk:
    """Return everything that the cycle of `session` works with."""
    return Desk(
        session=session,
        dry=dry,
        broker=broker,
        market=MarketData(broker),
        ledger=ledger,
        kill_switch=KillSwitch(project.settings_path),
        disk=DiskGuard(ledger=project.settings.ledger),
        calendar=project.calendar,
        rules=project.rules,
        rules_sha256=project.rules_sha256,
        events=project.events,
    )
